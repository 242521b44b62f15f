//! Authorities and profiles.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chancery_app::AuthorityEntry;

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Id, Json};
use crate::apis::native::{answer, map, wire};
use crate::kit::media;
use crate::shared::Shared;

type Shown = Result<axum::Json<wire::Authority>, Fault>;

#[utoipa::path(get, path = "/chancery/v1/authorities", tag = "authorities",
    responses((status = 200, description = "Done", body = wire::AuthorityList)))]
/// List the authorities, and those whose certificates are awaited.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
) -> Result<axum::Json<wire::AuthorityList>, Fault> {
    let all = shared.app.authority_entries(&caller).await?;
    Ok(axum::Json(wire::AuthorityList {
        authorities: all.iter().map(map::authority).collect(),
    }))
}

#[utoipa::path(post, path = "/chancery/v1/authorities", tag = "authorities", request_body = wire::NewAuthority,
    responses((status = 201, description = "Made", body = wire::Authority)))]
/// Make an authority with a new key, or the request for its certificate.
pub(crate) async fn add(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Json(body): Json<wire::NewAuthority>,
) -> Result<Response, Fault> {
    let new = map::new_authority(body)?;
    Ok(made(&shared.app.add_authority(&caller, new).await?))
}

#[utoipa::path(get, path = "/chancery/v1/authorities/{name}", tag = "authorities", params(("name" = String, Path)),
    responses((status = 200, description = "Done", body = wire::Authority)))]
/// Show an authority.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
) -> Shown {
    shown(&shared.app.authority_entry(&caller, &name).await?)
}

#[utoipa::path(get, path = "/chancery/v1/authorities/{name}/csr", tag = "authorities", params(("name" = String, Path)),
    responses((status = 200, description = "Done", body = String, content_type = "application/x-pem-file")))]
/// Export the request of an authority whose certificate is awaited, as PEM.
pub(crate) async fn csr(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
) -> Result<Response, Fault> {
    let der = shared.app.authority_request(&caller, &name).await?;
    Ok(answer::file(media::PEM, map::request_pem(&der)))
}

#[utoipa::path(post, path = "/chancery/v1/authorities/{name}/certificate", tag = "authorities",
    request_body = wire::ImportAuthority, params(("name" = String, Path)),
    responses((status = 200, description = "Done", body = wire::Authority)))]
/// Import the certificate that was signed elsewhere for an authority's request.
pub(crate) async fn import(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
    Json(body): Json<wire::ImportAuthority>,
) -> Shown {
    let certificates = map::certificates(&body.certificates)?;
    let app = &shared.app;
    shown(&app.import_authority(&caller, &name, certificates).await?)
}

#[utoipa::path(delete, path = "/chancery/v1/authorities/{name}", tag = "authorities", params(("name" = String, Path)),
    responses((status = 204, description = "Done")))]
/// Take back the request of an authority whose certificate is awaited; its key is gone.
pub(crate) async fn withdraw(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
) -> Result<StatusCode, Fault> {
    let app = &shared.app;
    app.withdraw_authority_request(&caller, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/chancery/v1/authorities/{name}/retire", tag = "authorities", request_body = wire::Nothing,
    params(("name" = String, Path)),
    responses((status = 200, description = "Done", body = wire::Authority)))]
/// Let an authority issue no more; its CRL and OCSP answers go on.
pub(crate) async fn retire(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    shown(&shared.app.retire_authority(&caller, &name).await?)
}

#[utoipa::path(post, path = "/chancery/v1/authorities/{name}/reinstate", tag = "authorities",
    request_body = wire::Nothing, params(("name" = String, Path)),
    responses((status = 200, description = "Done", body = wire::Authority)))]
/// Let a retired or superseded authority issue again under its own name.
pub(crate) async fn reinstate(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    shown(&shared.app.reinstate_authority(&caller, &name).await?)
}

#[utoipa::path(post, path = "/chancery/v1/authorities/{name}/rollover", tag = "authorities",
    request_body = wire::Rollover, params(("name" = String, Path)),
    responses((status = 201, description = "Made: the successor", body = wire::Authority)))]
/// Make a successor with a new key; the old authority answers on for what it signed.
pub(crate) async fn rollover(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
    Json(body): Json<wire::Rollover>,
) -> Result<Response, Fault> {
    let how = map::rollover(body)?;
    let app = &shared.app;
    Ok(made(&app.roll_authority_over(&caller, &name, how).await?))
}

#[utoipa::path(post, path = "/chancery/v1/authorities/{name}/crl", tag = "authorities", request_body = wire::ImportCrl,
    params(("name" = String, Path)),
    responses((status = 200, description = "Done", body = wire::Authority)))]
/// Import the CRL of an authority that signs elsewhere; it is served as it is.
pub(crate) async fn import_crl(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
    Json(body): Json<wire::ImportCrl>,
) -> Shown {
    let crl = map::crl(&body.crl)?;
    shown(&shared.app.import_crl(&caller, &name, crl).await?)
}

fn shown(entry: &AuthorityEntry) -> Shown {
    Ok(axum::Json(map::authority(entry)))
}

fn made(entry: &AuthorityEntry) -> Response {
    let address = format!("/chancery/v1/authorities/{}", entry.name());
    answer::made(address, map::authority(entry))
}

#[utoipa::path(get, path = "/chancery/v1/profiles", tag = "authorities",
    responses((status = 200, description = "Done", body = wire::ProfileList)))]
/// List the profiles by which certificates are issued.
pub(crate) async fn profiles(
    State(shared): State<Shared>,
    Caller(caller): Caller,
) -> Result<axum::Json<wire::ProfileList>, Fault> {
    let all = shared.app.profiles(&caller);
    Ok(axum::Json(wire::ProfileList {
        profiles: all.iter().map(map::profile).collect(),
    }))
}
