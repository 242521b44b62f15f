//! Users, of one identity provider or of any.

use axum::extract::State;
use axum::http::StatusCode;
use chancery_app::{Error, User, UserChange};
use chancery_core::identity::UserId;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Place, Query, Raw, Sent};
use super::super::map::{listing, template, user};
use super::super::wire::user::AskedUser;
use super::super::wire::{Item, List};
use crate::shared::Shared;

/// Most users of a list.
const MOST: usize = 10_000;

/// The users of an identity provider: of the internal one, if the path names none.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    query: Query,
) -> Result<Answer, Fault> {
    let filter = listing::users(&query)?;
    let found = shared
        .app
        .provided_users(&caller.0, place.provider_id(), filter, MOST)
        .await?;
    let through = place.provider.as_deref();
    let item = |one: &User| user::item(one, place.provider_id(), through);
    Ok(Answer::list(List {
        kind: "USER",
        path: user::list_path(through),
        items: found.iter().map(item).collect(),
    }))
}

/// Make a user, with a random id as gateways have them.
pub(crate) async fn add(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    Sent(asked): Sent<AskedUser>,
) -> Result<Answer, Fault> {
    let id = UserId::parse(&shared.app.new_id()?).map_err(Error::internal)?;
    let (made, provider) = shared
        .app
        .add_provided_user(&caller.0, place.provider.as_deref(), user::new(id, asked)?)
        .await?;
    Ok(Answer::put(item(&made, &provider, &place), true))
}

/// One user.
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    let (found, provider) = found(&shared, &caller, &place).await?;
    Ok(Answer::item(item(&found, &provider, &place)))
}

/// Replace what is told of a user.
pub(crate) async fn change(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    Sent(asked): Sent<AskedUser>,
) -> Result<Answer, Fault> {
    let (before, provider) = found(&shared, &caller, &place).await?;
    let change = user::change(&before, asked)?;
    let changed = shared
        .app
        .change_user(&caller.0, &before.id, change)
        .await?;
    Ok(Answer::item(item(&changed, &provider, &place)))
}

/// Remove a user to whom no certificate belongs.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    let (found, _) = found(&shared, &caller, &place).await?;
    shared.app.remove_user(&caller.0, &found.id).await?;
    Ok(Answer::blank(StatusCode::NO_CONTENT))
}

/// Set a user's password.
pub(crate) async fn set_password(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    query: Query,
    Raw(body): Raw,
) -> Result<Answer, Fault> {
    let password = user::password(query.value("format")?, &body)?;
    let (found, provider) = found(&shared, &caller, &place).await?;
    let change = UserChange {
        password: Some(password),
        ..UserChange::default()
    };
    let changed = shared.app.change_user(&caller.0, &found.id, change).await?;
    Ok(Answer::item(item(&changed, &provider, &place)))
}

/// How a user looks.
pub(crate) async fn template(_caller: Caller, place: Place) -> Answer {
    Answer::item(template::user(place.provider.as_deref()))
}

/// The user that the path names, and its identity provider.
async fn found(shared: &Shared, caller: &Caller, place: &Place) -> Result<(User, String), Fault> {
    let (user, through) = (place.user()?, place.provider.as_deref());
    Ok(shared.app.provided_user(&caller.0, &user, through).await?)
}

fn item(found: &User, provider: &str, place: &Place) -> Item {
    user::item(found, provider, place.provider.as_deref())
}
