//! Certificates whose sealed private keys are kept here.

use chancery_core::certificate::Certificate;
use chancery_core::identity::{CertificateNumber, DomainId, UserId};
use rusqlite::{Connection, params};

use super::certificates;
use super::conflict::changed_one;
use super::query::Query;
use super::users::json_list;
use crate::store::StoreError;

/// Keeps the private key of a certificate of which none is kept.
pub(super) fn keep(
    connection: &Connection,
    certificate: CertificateNumber,
    sealed: &[u8],
) -> Result<(), StoreError> {
    let kept = connection
        .prepare_cached(
            "INSERT INTO private_keys (certificate, sealed) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![certificate, sealed])?;
    changed_one(kept, StoreError::Stale)
}

/// Certificates with kept private keys that are neither deleted nor purged, in the order of their names.
pub(super) fn list(
    connection: &Connection,
    names: &[String],
    owner: Option<&UserId>,
    domain: Option<&DomainId>,
    limit: usize,
) -> Result<Vec<Certificate>, StoreError> {
    // From the kept keys: far fewer than certificates.
    let numbers = Query::new(
        "SELECT c.number FROM private_keys AS p CROSS JOIN certificates AS c ON c.number = p.certificate
         WHERE c.state < 4",
    )
    .with_some(
        "AND c.name IN (SELECT value FROM json_each(?))",
        json_list(names),
    )
    .with_some(
        "AND c.owner = (SELECT number FROM users WHERE id = ?)",
        owner.map(|id| id.as_str().to_owned()),
    )
    .with_some(
        "AND c.domain = (SELECT number FROM domains WHERE id = ?)",
        domain.map(|id| id.as_str().to_owned()),
    )
    .text("ORDER BY c.name")
    .limit(limit)
    .rows(connection, |row| Ok(row.get(0)?))?;
    certificates::with_numbers(connection, &numbers)
}
