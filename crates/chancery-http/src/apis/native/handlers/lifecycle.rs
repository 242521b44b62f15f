//! A certificate's life: renew, hold, release, revoke, delete, purge.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chancery_core::certificate::Certificate;

use super::certificates::created;
use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Json, Which};
use crate::apis::native::{map, wire};
use crate::shared::Shared;

type Shown = Result<axum::Json<wire::Certificate>, Fault>;

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/renew", tag = "lifecycle", request_body = wire::Renew,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 201, description = "Done", body = wire::Certificate)))]
/// Renew a certificate, with a CSR or with the key that the server holds.
pub(crate) async fn renew(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
    Json(body): Json<wire::Renew>,
) -> Result<Response, Fault> {
    let request = map::renew(body)?;
    let issued = shared.app.renew(&caller, &which, request).await?;
    Ok(created(&shared, &issued))
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/hold", tag = "lifecycle", request_body = wire::Nothing,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate)))]
/// Revoke a certificate for now.
pub(crate) async fn hold(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    shown(&shared, &shared.app.hold(&caller, &which).await?)
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/release", tag = "lifecycle", request_body = wire::Nothing,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate)))]
/// Take a certificate off hold.
pub(crate) async fn release(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    shown(&shared, &shared.app.release(&caller, &which).await?)
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/revoke", tag = "lifecycle", request_body = wire::Revoke,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate)))]
/// Revoke a certificate for good (or for now, with the reason certificate-hold).
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
    Json(body): Json<wire::Revoke>,
) -> Shown {
    let reason = map::reason(&body.reason)?;
    shown(&shared, &shared.app.revoke(&caller, &which, reason).await?)
}

#[utoipa::path(delete, path = "/chancery/v1/certificates/{id}", tag = "lifecycle",
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 204, description = "Done")))]
/// Delete a certificate; a live one of ours is thereby revoked.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
) -> Result<StatusCode, Fault> {
    shared.app.delete(&caller, &which).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/purge", tag = "lifecycle", request_body = wire::Nothing,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate)))]
/// Wipe the DER and private key of a deleted certificate for good.
pub(crate) async fn purge(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    shown(&shared, &shared.app.purge(&caller, &which).await?)
}

fn shown(shared: &Shared, certificate: &Certificate) -> Shown {
    Ok(axum::Json(map::certificate(certificate, shared.app.now())))
}
