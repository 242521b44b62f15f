//! A certificate's life: renew, hold, release, revoke, delete, purge.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chancery_core::certificate::Certificate;

use super::certificates::created;
use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Id, Json};
use crate::apis::native::{map, wire};
use crate::shared::Shared;

type Shown = Result<axum::Json<wire::Certificate>, Fault>;

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/renew", tag = "lifecycle", request_body = wire::Renew,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 201, description = "Done", body = wire::Certificate), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// Renew a certificate, with a CSR or with the key that the server holds.
pub(crate) async fn renew(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
    Json(body): Json<wire::Renew>,
) -> Result<Response, Fault> {
    let request = map::renew(body)?;
    let issued = shared
        .app
        .renew(&caller, &map::reference(&id), request)
        .await?;
    Ok(created(&shared, &issued))
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/hold", tag = "lifecycle", request_body = wire::Nothing,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// Revoke a certificate for now.
pub(crate) async fn hold(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    shown(
        &shared,
        &shared.app.hold(&caller, &map::reference(&id)).await?,
    )
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/release", tag = "lifecycle", request_body = wire::Nothing,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// Take a certificate off hold.
pub(crate) async fn release(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    shown(
        &shared,
        &shared.app.release(&caller, &map::reference(&id)).await?,
    )
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/revoke", tag = "lifecycle", request_body = wire::Revoke,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// Revoke a certificate for good (or for now, with the reason certificate-hold).
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
    Json(body): Json<wire::Revoke>,
) -> Shown {
    let reason = map::reason(&body.reason)?;
    shown(
        &shared,
        &shared
            .app
            .revoke(&caller, &map::reference(&id), reason)
            .await?,
    )
}

#[utoipa::path(delete, path = "/chancery/v1/certificates/{id}", tag = "lifecycle",
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 204, description = "Done"), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// Delete a certificate; a live one of ours is thereby revoked.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
) -> Result<StatusCode, Fault> {
    shared.app.delete(&caller, &map::reference(&id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/purge", tag = "lifecycle", request_body = wire::Nothing,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// Wipe the DER and private key of a deleted certificate for good.
pub(crate) async fn purge(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    shown(
        &shared,
        &shared.app.purge(&caller, &map::reference(&id)).await?,
    )
}

fn shown(shared: &Shared, certificate: &Certificate) -> Shown {
    Ok(axum::Json(map::certificate(certificate, shared.app.now())))
}
