//! What relying parties are told of single certificates.

use chancery_core::ocsp::CertStatus;
use chancery_core::revocation::Reason;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store::StoreError;
use crate::store::certificates::IssuerKey;

/// A point read. Pending certificates (state 0) have a serial number but are not issued.
const STATUS: &str = "SELECT revoked, reason FROM certificates
    WHERE issuer_key = ?1 AND serial = ?2 AND authority = ?3 AND state <> 0";

/// What is known of a certificate that an authority has signed.
pub(super) fn status(
    connection: &Connection,
    authority: i64,
    issuer: IssuerKey,
    serial: &Serial,
) -> Result<CertStatus, StoreError> {
    let found = connection
        .prepare_cached(STATUS)?
        .query_row(params![issuer.0, serial.content(), authority], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    match found {
        None => Ok(CertStatus::Unknown),
        Some((None, None)) => Ok(CertStatus::Good),
        Some((at, reason)) => revoked(at, reason)
            .ok_or_else(|| StoreError::Broken("the database is damaged: a revocation".into())),
    }
}

fn revoked(at: Option<i64>, reason: Option<u8>) -> Option<CertStatus> {
    Some(CertStatus::Revoked {
        at: Time::from_unix(at?),
        reason: Reason::from_code(reason?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;

    #[test]
    fn statuses_are_read_by_their_index() {
        let directory = tempfile::tempdir().unwrap();
        let connection =
            schema::open_writer(&directory.path().join("a.db"), &StoreConfig::default()).unwrap();
        let plan: String = connection
            .query_row(
                &format!("EXPLAIN QUERY PLAN {STATUS}"),
                params![[0_u8; 16], [1_u8], 1],
                |row| row.get(3),
            )
            .unwrap();
        assert_eq!(
            plan,
            "SEARCH certificates USING INDEX certificates_issued (issuer_key=? AND serial=?)"
        );
    }
}
