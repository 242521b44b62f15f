//! Identity providers.

use axum::extract::State;
use axum::http::StatusCode;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Place, Query, Sent};
use super::super::map::{listing, provider, template};
use super::super::wire::List;
use super::super::wire::provider::AskedProvider;
use crate::shared::Shared;

/// The identity providers, by name.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let found = match listing::providers(&query)? {
        Some(filter) => shared.app.identity_providers(&caller.0, filter).await?,
        None => Vec::new(),
    };
    Ok(Answer::list(List {
        kind: "ID_PROVIDER_CONFIG",
        path: "identityProviders".to_owned(),
        items: found.iter().map(provider::item).collect(),
    }))
}

/// Make an identity provider.
pub(crate) async fn add(
    State(shared): State<Shared>,
    caller: Caller,
    Sent(asked): Sent<AskedProvider>,
) -> Result<Answer, Fault> {
    let text = provider::text(asked);
    let made = shared.app.add_identity_provider(&caller.0, text).await?;
    Ok(Answer::put(provider::item(&made), true))
}

/// One identity provider.
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    let found = shared
        .app
        .identity_provider(&caller.0, place.provider_id())
        .await?;
    Ok(Answer::item(provider::item(&found)))
}

/// Replace an identity provider, or make it with that id.
pub(crate) async fn put(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    Sent(asked): Sent<AskedProvider>,
) -> Result<Answer, Fault> {
    let text = provider::text(asked);
    let (stored, made) = shared
        .app
        .put_identity_provider(&caller.0, place.provider_id(), text)
        .await?;
    Ok(Answer::put(provider::item(&stored), made))
}

/// Remove an identity provider that has no users.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    shared
        .app
        .remove_identity_provider(&caller.0, place.provider_id())
        .await?;
    Ok(Answer::blank(StatusCode::NO_CONTENT))
}

/// How an identity provider looks.
pub(crate) async fn template(_caller: Caller) -> Answer {
    Answer::item(template::provider())
}
