//! Groups. Roles are the internal provider's groups; other providers have none.

use axum::extract::State;
use chancery_app::{Error, INTERNAL_PROVIDER};

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Place, Query};
use super::super::map::{group, listing, template};
use super::super::wire::List;
use crate::shared::Shared;

/// The groups of an identity provider.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    query: Query,
) -> Result<Answer, Fault> {
    let (names, descending) = listing::groups(&query)?;
    let through = place.provider.as_deref();
    let roles = if is_internal(&shared, &caller, &place).await? {
        group::named(&names, descending)
    } else {
        Vec::new()
    };
    let item = |role| group::item(role, place.provider_id(), through);
    Ok(Answer::list(List {
        kind: "GROUP",
        path: group::list_path(through),
        items: roles.into_iter().map(item).collect(),
    }))
}

/// One group.
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    let internal = is_internal(&shared, &caller, &place).await?;
    let role = group::role(place.id()).filter(|_| internal);
    let role = role.ok_or(Error::NotFound("group"))?;
    let item = group::item(role, place.provider_id(), place.provider.as_deref());
    Ok(Answer::item(item))
}

/// How a group looks.
pub(crate) async fn template(_caller: Caller, place: Place) -> Answer {
    Answer::item(template::group(place.provider.as_deref()))
}

/// Is the internal provider meant? One that is not there is an error.
async fn is_internal(shared: &Shared, caller: &Caller, place: &Place) -> Result<bool, Fault> {
    let provider = shared
        .app
        .identity_provider(&caller.0, place.provider_id())
        .await?;
    Ok(provider.id == INTERNAL_PROVIDER)
}
