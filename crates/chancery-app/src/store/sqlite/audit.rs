//! The audit trail: written in the transaction of what it tells of, read newest first.

use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::time::Time;
use rusqlite::{Connection, Row, params};

use super::codes::{outcome_code, outcome_of};
use super::columns::Columns;
use super::query::Query;
use crate::audit::{AuditEntry, AuditFilter, NewAuditEntry};
use crate::store::StoreError;

/// Adds an entry.
pub(super) fn add(connection: &Connection, entry: &NewAuditEntry) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, actor, domain, api, action, certificate, object, outcome, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(params![
            entry.at.unix(),
            entry.actor.as_ref().map(UserId::as_str),
            entry.domain.as_ref().map(DomainId::as_str),
            entry.api,
            entry.action,
            entry.certificate.as_ref().map(CertificateId::octets),
            entry.object,
            outcome_code(entry.outcome),
            entry.detail,
        ])?;
    Ok(())
}

/// Entries that pass `filter`, newest first.
pub(super) fn page(
    connection: &Connection,
    filter: &AuditFilter,
    limit: usize,
) -> Result<Vec<AuditEntry>, StoreError> {
    page_query(filter, limit).rows(connection, read)
}

/// Along the index of the rarest condition.
fn page_query(filter: &AuditFilter, limit: usize) -> Query {
    let index = match (&filter.certificate, &filter.actor) {
        (Some(_), _) => "INDEXED BY audit_by_certificate",
        (None, Some(_)) => "INDEXED BY audit_by_actor",
        (None, None) => "NOT INDEXED",
    };
    Query::new("SELECT id, at, actor, domain, api, action, certificate, object, outcome, detail FROM audit")
        .text(index)
        .with("WHERE id < ?", filter.before.unwrap_or(i64::MAX))
        .with_some("AND certificate = ?", filter.certificate.map(|id| id.octets().to_vec()))
        .with_some("AND actor = ?", filter.actor.as_ref().map(|id| id.as_str().to_owned()))
        .text("ORDER BY id DESC")
        .limit(limit)
}

fn read(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    let mut columns = Columns::of(row);
    Ok(AuditEntry {
        id: columns.next()?,
        at: Time::from_unix(columns.next()?),
        actor: columns
            .parse(|id: Option<String>| id.map(|id| UserId::parse(&id)).transpose().ok())?,
        domain: columns
            .parse(|id: Option<String>| id.map(|id| DomainId::parse(&id)).transpose().ok())?,
        api: columns.next()?,
        action: columns.next()?,
        certificate: columns.parse(|id: Option<[u8; 12]>| {
            id.map(|id| CertificateId::from_octets(&id))
                .transpose()
                .ok()
        })?,
        object: columns.next()?,
        outcome: columns.parse(outcome_of)?,
        detail: columns.next()?,
    })
}
