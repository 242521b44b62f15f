//! User certificates: the operations of the source document.

use axum::extract::State;
use chancery_app::CertificateRef;
use chancery_core::certificate::{Certificate, State as Standing};
use serde::Serialize;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Overridden, Parted, Query, Wanted, Which};
use super::super::map::certificate::{certificate, pem};
use super::super::map::listing::listing;
use super::super::map::renewal::{self, renewal};
use super::super::map::schema::{self, Resource};
use super::super::map::{Move, wanted};
use super::super::wire::{Change, List, object, response};
use crate::shared::Shared;

/// Get all user certificates.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let now = shared.app.now();
    let write = |one: &Certificate| certificate(one, now);
    page(&shared, &caller, &query, "/api/v1/usercerts/", write).await
}

/// Get all user certificates in PEM format.
pub(crate) async fn list_pem(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    page(&shared, &caller, &query, "/api/v1/usercerts/pem/", pem).await
}

async fn page<T: Serialize>(
    shared: &Shared,
    caller: &Caller,
    query: &Query,
    path: &str,
    write: impl Fn(&Certificate) -> T,
) -> Result<Answer, Fault> {
    let asked = listing(&query.0, Resource::UserCerts, shared.app.now())?;
    let window = shared
        .app
        .certificate_window(
            &caller.0,
            asked.filter.clone(),
            asked.offset,
            asked.at_most(),
        )
        .await?;
    Ok(Answer::ok(response(&List {
        meta: asked.meta(path, &query.0, window.total),
        objects: window.certificates.iter().map(write).collect(),
    })))
}

/// What the resource is.
pub(crate) async fn schema(_caller: Caller) -> Answer {
    Answer::ok(response(&schema::schema(Resource::UserCerts)))
}

/// Get a specific user certificate. What was deleted is gone.
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    Which(which): Which,
) -> Result<Answer, Fault> {
    let found = shared.app.certificate(&caller.0, &which).await?;
    if matches!(found.state, Standing::Deleted(_) | Standing::Purged(_)) {
        return Err(Fault::not_found());
    }
    Ok(Answer::ok(object(&certificate(&found, shared.app.now()))))
}

/// Revoke, hold or un-revoke a user certificate.
pub(crate) async fn change(
    State(shared): State<Shared>,
    caller: Caller,
    Which(which): Which,
    Wanted(change): Wanted,
) -> Result<Answer, Fault> {
    changed(&shared, &caller, &which, &change).await
}

/// The same, by a POST that says that it is a PATCH.
pub(crate) async fn change_by_post(
    _overridden: Overridden,
    State(shared): State<Shared>,
    caller: Caller,
    Which(which): Which,
    Wanted(change): Wanted,
) -> Result<Answer, Fault> {
    changed(&shared, &caller, &which, &change).await
}

async fn changed(
    shared: &Shared,
    caller: &Caller,
    which: &CertificateRef,
    change: &Change,
) -> Result<Answer, Fault> {
    let done = match wanted(change)? {
        Move::Revoke(reason) => shared.app.revoke(&caller.0, which, reason).await,
        Move::Release => shared.app.release(&caller.0, which).await,
    };
    let now = shared.app.now();
    Ok(Answer::accepted(object(&certificate(&done?, now))))
}

/// Renew a user certificate.
pub(crate) async fn renew(
    State(shared): State<Shared>,
    caller: Caller,
    Parted(form): Parted,
) -> Result<Answer, Fault> {
    let asked = renewal(&form)?;
    let renewed = shared
        .app
        .renew(&caller.0, &asked.which, asked.request)
        .await
        .map_err(renewal::refused)?;
    Ok(Answer::ok(object(&pem(&renewed.certificate))))
}
