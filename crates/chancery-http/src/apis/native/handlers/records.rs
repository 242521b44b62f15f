//! Certificate records: looking at them, and signing their requests.

use axum::extract::State;
use axum::response::Response;

use super::certificates::created;
use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Id, Json, Query};
use crate::apis::native::{map, wire};
use crate::shared::Shared;

#[utoipa::path(get, path = "/chancery/v1/records", tag = "records", params(wire::ListQuery),
    responses((status = 200, description = "Done", body = wire::RecordList)))]
/// List certificate records by name, page by page: as edited while somebody edits them, else as saved.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Query(query): Query<wire::ListQuery>,
) -> Result<axum::Json<wire::RecordList>, Fault> {
    let limit = map::page_size(query.limit)?;
    let mut page = shared
        .app
        .certificate_records(&caller, query.after, limit + 1)
        .await?;
    Ok(axum::Json(wire::RecordList {
        next: map::cut(&mut page, limit, |last| last.name.clone()),
        records: page.iter().map(map::record).collect(),
    }))
}

#[utoipa::path(get, path = "/chancery/v1/records/{name}", tag = "records", params(("name" = String, Path)),
    responses((status = 200, description = "Done", body = wire::Record)))]
/// Show a certificate record, with its request and its certificate.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
) -> Result<axum::Json<wire::Record>, Fault> {
    let record = shared.app.certificate_record(&caller, &name).await?;
    Ok(axum::Json(map::whole_record(&record)))
}

#[utoipa::path(post, path = "/chancery/v1/records/{name}/sign", tag = "records", request_body = wire::SignRecord,
    params(("name" = String, Path)),
    responses((status = 201, description = "Signed: the certificate, to be imported into the record", body = wire::Certificate)))]
/// Have an authority here sign the request of a certificate record.
pub(crate) async fn sign(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
    Json(body): Json<wire::SignRecord>,
) -> Result<Response, Fault> {
    let signing = map::signing(body);
    let issued = shared
        .app
        .sign_record_request(&caller, &name, signing)
        .await?;
    Ok(created(&shared, &issued))
}
