//! Trusted certificates.

use axum::extract::State;
use axum::http::StatusCode;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Place, Query, Sent};
use super::super::map::{listing, template, trusted};
use super::super::wire::List;
use super::super::wire::trusted::AskedTrusted;
use crate::shared::Shared;

/// The trusted certificates, by name.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let found = match listing::trusted(&query)? {
        Some(filter) => shared.app.trusted_certificates(&caller.0, filter).await?,
        None => Vec::new(),
    };
    Ok(Answer::list(List {
        kind: "TRUSTED_CERT",
        path: "trustedCertificates".to_owned(),
        items: found.iter().map(trusted::item).collect(),
    }))
}

/// Make a trusted certificate.
pub(crate) async fn add(
    State(shared): State<Shared>,
    caller: Caller,
    Sent(asked): Sent<AskedTrusted>,
) -> Result<Answer, Fault> {
    let text = trusted::text(asked);
    let made = shared.app.add_trusted_certificate(&caller.0, text).await?;
    Ok(Answer::put(trusted::item(&made), true))
}

/// One trusted certificate.
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    let found = shared
        .app
        .trusted_certificate(&caller.0, place.id())
        .await?;
    Ok(Answer::item(trusted::item(&found)))
}

/// Replace a trusted certificate, or make it with that id.
pub(crate) async fn put(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
    Sent(asked): Sent<AskedTrusted>,
) -> Result<Answer, Fault> {
    let text = trusted::text(asked);
    let (stored, made) = shared
        .app
        .put_trusted_certificate(&caller.0, place.id(), text)
        .await?;
    Ok(Answer::put(trusted::item(&stored), made))
}

/// Remove a trusted certificate that no identity provider refers to.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    caller: Caller,
    place: Place,
) -> Result<Answer, Fault> {
    shared
        .app
        .remove_trusted_certificate(&caller.0, place.id())
        .await?;
    Ok(Answer::blank(StatusCode::NO_CONTENT))
}

/// How a trusted certificate looks.
pub(crate) async fn template(_caller: Caller) -> Answer {
    Answer::item(template::trusted())
}
