//! Certificates: list, issue, import, show, export.

use axum::extract::State;
use axum::response::Response;
use chancery_app::{CertificateRef, Error, Issued};
use secrecy::SecretString;

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Json, Query, Which};
use crate::apis::native::{answer, map, wire};
use crate::kit::media;
use crate::shared::Shared;

#[utoipa::path(get, path = "/chancery/v1/certificates", tag = "certificates", params(wire::CertificateQuery),
    responses((status = 200, description = "Done", body = wire::CertificateList)))]
/// List certificates, page by page.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Query(query): Query<wire::CertificateQuery>,
) -> Result<axum::Json<wire::CertificateList>, Fault> {
    let now = shared.app.now();
    let (filter, limit) = map::filter(query, now)?;
    let mut page = shared.app.certificates(&caller, filter, limit + 1).await?;
    Ok(axum::Json(wire::CertificateList {
        next: map::cut(&mut page, limit, |last| last.number.to_string()),
        certificates: page.iter().map(|one| map::certificate(one, now)).collect(),
    }))
}

#[utoipa::path(post, path = "/chancery/v1/certificates", tag = "certificates", request_body = wire::Issue,
    responses((status = 201, description = "Done", body = wire::Certificate)))]
/// Issue a certificate from a CSR, or with a key made and kept by the server.
pub(crate) async fn issue(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Json(body): Json<wire::Issue>,
) -> Result<Response, Fault> {
    let request = map::issue(body)?;
    let issued = shared.app.issue(&caller, request).await?;
    Ok(created(&shared, &issued))
}

/// The answer to whatever made a certificate.
pub(super) fn created(shared: &Shared, issued: &Issued) -> Response {
    let certificate = &issued.certificate;
    let body = map::whole(
        certificate,
        &shared.app.chain(certificate),
        shared.app.now(),
    );
    let address = format!("/chancery/v1/certificates/{}", certificate.id);
    answer::made(address, body)
}

#[utoipa::path(post, path = "/chancery/v1/certificates/import", tag = "certificates", request_body = wire::Import,
    responses((status = 200, description = "Done", body = wire::ImportAnswer)))]
/// Bring in certificates from elsewhere, all or none.
pub(crate) async fn import(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Json(body): Json<wire::Import>,
) -> Result<axum::Json<wire::ImportAnswer>, Fault> {
    let items = map::import(body)?;
    let imported = shared.app.import(&caller, items).await?;
    let known = imported.iter().filter(|one| one.known).count();
    let now = shared.app.now();
    Ok(axum::Json(wire::ImportAnswer {
        imported: imported.len().saturating_sub(known),
        known,
        certificates: imported
            .iter()
            .map(|one| map::certificate(&one.certificate, now))
            .collect(),
    }))
}

#[utoipa::path(get, path = "/chancery/v1/certificates/{id}", tag = "certificates",
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = wire::Certificate)))]
/// Show a certificate.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
) -> Result<axum::Json<wire::Certificate>, Fault> {
    let certificate = shared.app.certificate(&caller, &which).await?;
    Ok(axum::Json(map::whole(
        &certificate,
        &shared.app.chain(&certificate),
        shared.app.now(),
    )))
}

#[utoipa::path(get, path = "/chancery/v1/certificates/{id}/pem", tag = "certificates",
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = String, content_type = "application/x-pem-file")))]
/// Export a certificate as PEM.
pub(crate) async fn pem(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
) -> Result<Response, Fault> {
    let (der, _) = exported(&shared, &caller, &which).await?;
    Ok(answer::file(media::PEM, map::certificate_pem(&der)))
}

#[utoipa::path(get, path = "/chancery/v1/certificates/{id}/der", tag = "certificates",
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = Vec<u8>, content_type = "application/pkix-cert")))]
/// Export a certificate as DER.
pub(crate) async fn der(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
) -> Result<Response, Fault> {
    let (der, _) = exported(&shared, &caller, &which).await?;
    Ok(answer::file(media::CERTIFICATE, der))
}

#[utoipa::path(get, path = "/chancery/v1/certificates/{id}/chain", tag = "certificates",
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = String, content_type = "application/x-pem-file")))]
/// Export a certificate and those of the authorities above it as PEM, the root last.
pub(crate) async fn chain(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
) -> Result<Response, Fault> {
    let (der, above) = exported(&shared, &caller, &which).await?;
    let text: String = std::iter::once(&der)
        .chain(&above)
        .map(|der| map::certificate_pem(der))
        .collect();
    Ok(answer::file(media::PEM, text))
}

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/pkcs12", tag = "certificates", request_body = wire::Pkcs12,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 200, description = "Done", body = Vec<u8>, content_type = "application/x-pkcs12")))]
/// Export a certificate, its chain and its private key as PKCS#12.
pub(crate) async fn pkcs12(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
    Json(body): Json<wire::Pkcs12>,
) -> Result<Response, Fault> {
    let file = shared
        .app
        .export_pkcs12(
            &caller,
            &which,
            SecretString::from(body.password),
            body.name,
        )
        .await?;
    Ok(answer::file("application/x-pkcs12", file))
}

async fn exported(
    shared: &Shared,
    caller: &chancery_app::Caller,
    which: &CertificateRef,
) -> Result<(Vec<u8>, Vec<Vec<u8>>), Fault> {
    let certificate = shared.app.certificate(caller, which).await?;
    let chain = shared.app.chain(&certificate);
    Ok((certificate.der.ok_or(Error::NoCertificate)?, chain))
}
