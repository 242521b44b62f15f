//! The audit trail.

use axum::extract::State;

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Query};
use crate::apis::native::{map, wire};
use crate::shared::Shared;

#[utoipa::path(get, path = "/chancery/v1/audit", tag = "audit", params(wire::AuditQuery),
    responses((status = 200, description = "Done", body = wire::Audit)))]
/// Read the audit trail, newest first.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Query(query): Query<wire::AuditQuery>,
) -> Result<axum::Json<wire::Audit>, Fault> {
    let limit = map::page_size(query.limit)?;
    let mut page = shared
        .app
        .audit_trail(&caller, map::audit_filter(&query)?, limit + 1)
        .await?;
    Ok(axum::Json(wire::Audit {
        next: map::cut(&mut page, limit, |last| last.id),
        entries: page.iter().map(map::audit_entry).collect(),
    }))
}
