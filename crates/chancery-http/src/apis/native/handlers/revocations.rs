//! Revocations of many certificates and their releases: looking first, starting, following, stopping and going on.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chancery_app::BulkRevocation;

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Id, Json, Query};
use crate::apis::native::{answer, map, wire};
use crate::shared::Shared;

type Shown = Result<axum::Json<wire::Revocation>, Fault>;

/// Whose number stands in a path.
const WHOSE: &str = "the revocation's";

#[utoipa::path(post, path = "/chancery/v1/revocations", tag = "revocations", request_body = wire::NewRevocation,
    responses((status = 200, description = "A dry run: what would be revoked", body = wire::RevocationPreview), (status = 202, description = "Started", body = wire::Revocation)))]
/// Revoke every certificate that passes a filter, or tell what that would be. It goes on by itself, after a restart too.
pub(crate) async fn start(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Json(body): Json<wire::NewRevocation>,
) -> Result<Response, Fault> {
    let dry_run = body.dry_run;
    let request = map::new_revocation(body)?;
    if dry_run {
        let preview = shared.app.preview_bulk_revocation(&caller, request).await?;
        return Ok(axum::Json(map::preview(&preview, shared.app.now())).into_response());
    }
    let started = shared.app.start_bulk_revocation(&caller, request).await?;
    Ok(begun(&started))
}

#[utoipa::path(get, path = "/chancery/v1/revocations", tag = "revocations", params(wire::RevocationQuery),
    responses((status = 200, description = "Done", body = wire::RevocationList)))]
/// List revocations of many certificates, newest first, page by page.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Query(query): Query<wire::RevocationQuery>,
) -> Result<axum::Json<wire::RevocationList>, Fault> {
    let limit = map::page_size(query.limit)?;
    let page = shared
        .app
        .bulk_revocations(&caller, query.before, limit + 1);
    let mut page = page.await?;
    Ok(axum::Json(wire::RevocationList {
        next: map::cut(&mut page, limit, |last| last.number),
        revocations: page.iter().map(map::revocation).collect(),
    }))
}

#[utoipa::path(get, path = "/chancery/v1/revocations/{number}", tag = "revocations",
    params(("number" = i64, Path, description = "the revocation's number")),
    responses((status = 200, description = "Done", body = wire::Revocation)))]
/// Show how far a revocation of many certificates is.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(number): Id,
) -> Shown {
    let number = map::number(&number, WHOSE)?;
    let found = shared.app.bulk_revocation(&caller, number).await?;
    Ok(axum::Json(map::revocation(&found)))
}

#[utoipa::path(post, path = "/chancery/v1/revocations/{number}/stop", tag = "revocations", request_body = wire::Nothing,
    params(("number" = i64, Path, description = "the revocation's number")),
    responses((status = 200, description = "It revokes or releases nothing more, unless it was done before", body = wire::Revocation)))]
/// Stop a revocation of many certificates; what it has done stays so.
pub(crate) async fn stop(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(number): Id,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    let number = map::number(&number, WHOSE)?;
    let stopped = shared.app.stop_bulk_revocation(&caller, number).await?;
    Ok(axum::Json(map::revocation(&stopped)))
}

#[utoipa::path(post, path = "/chancery/v1/revocations/{number}/resume", tag = "revocations", request_body = wire::Nothing,
    params(("number" = i64, Path, description = "the revocation's number")),
    responses((status = 200, description = "It goes on", body = wire::Revocation)))]
/// Let a revocation of many certificates go on that was stopped.
pub(crate) async fn resume(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(number): Id,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    let number = map::number(&number, WHOSE)?;
    let resumed = shared.app.resume_bulk_revocation(&caller, number).await?;
    Ok(axum::Json(map::revocation(&resumed)))
}

#[utoipa::path(post, path = "/chancery/v1/revocations/{number}/release", tag = "revocations", request_body = wire::NewRelease,
    params(("number" = i64, Path, description = "the number of the revocation that put on hold")),
    responses((status = 200, description = "A dry run: what would be released", body = wire::RevocationPreview), (status = 202, description = "Started", body = wire::Revocation)))]
/// Release what a revocation of many certificates put on hold and nobody has changed since, or tell what that would be. It
/// is a revocation of its own, with a number of its own, and goes on by itself, after a restart too.
pub(crate) async fn release(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(number): Id,
    Json(body): Json<wire::NewRelease>,
) -> Result<Response, Fault> {
    let number = map::number(&number, WHOSE)?;
    if body.dry_run {
        let preview = shared.app.preview_bulk_release(&caller, number).await?;
        return Ok(axum::Json(map::preview(&preview, shared.app.now())).into_response());
    }
    let started = shared.app.start_bulk_release(&caller, number).await?;
    Ok(begun(&started))
}

fn begun(started: &BulkRevocation) -> Response {
    let address = format!("/chancery/v1/revocations/{}", started.number);
    answer::begun(address, map::revocation(started))
}
