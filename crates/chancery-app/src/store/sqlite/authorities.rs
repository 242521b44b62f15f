//! Authorities, their CRL numbers, and what their CRLs say.

use chancery_core::crl::CrlEntry;
use chancery_core::ocsp::CertStatus;
use chancery_core::revocation::Reason;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::Columns;
use super::query::Query;
use crate::store::{IssuerKey, NewAuthority, StoreError, StoredAuthority};

/// Adds an authority; its parent must be there.
pub(super) fn add(connection: &Connection, new: &NewAuthority) -> Result<(), StoreError> {
    let parent: Option<i64> = match &new.parent {
        Some(name) => Some(number_of(connection, name)?.ok_or(StoreError::Missing)?),
        None => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO authorities (name, parent, created, sealed_key, der) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![new.name, parent, new.created.unix(), new.sealed_key, new.certificate])?;
    Ok(())
}

/// Every authority, in the order of making.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredAuthority>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT a.number, a.name, (SELECT name FROM authorities WHERE number = a.parent), a.der, a.sealed_key
         FROM authorities AS a ORDER BY a.number",
    )?;
    let found = statement.query_map([], |row| {
        Ok(StoredAuthority {
            id: row.get(0)?,
            name: row.get(1)?,
            parent: row.get(2)?,
            certificate: row.get(3)?,
            sealed_key: row.get(4)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Takes the next CRL number of an authority.
pub(super) fn next_crl_number(connection: &Connection, authority: i64) -> Result<u64, StoreError> {
    let mut statement = connection.prepare_cached(
        "UPDATE authorities SET crl_number = crl_number + 1 WHERE number = ?1 RETURNING crl_number",
    )?;
    counter(
        statement
            .query_row([authority], |row| row.get(0))
            .optional()?,
    )
}

/// The counter that grows whenever the revocation data of an authority change.
pub(super) fn revocation_generation(
    connection: &Connection,
    authority: i64,
) -> Result<u64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT revocations FROM authorities WHERE number = ?1")?;
    counter(
        statement
            .query_row([authority], |row| row.get(0))
            .optional()?,
    )
}

/// Every revoked or held certificate of an authority that has not expired before `unexpired_at`, by number.
pub(super) fn revoked(
    connection: &Connection,
    authority: i64,
    unexpired_at: Time,
) -> Result<Vec<CrlEntry>, StoreError> {
    revoked_query(authority, unexpired_at).rows(connection, |row| {
        let mut columns = Columns::of(row);
        Ok(CrlEntry {
            serial: columns.parse(|octets: Vec<u8>| Serial::from_content(&octets).ok())?,
            revoked: Time::from_unix(columns.next()?),
            reason: columns.parse(Reason::from_code)?,
        })
    })
}

/// What is known of a certificate that an authority has signed.
pub(super) fn status(
    connection: &Connection,
    authority: i64,
    issuer: IssuerKey,
    serial: &Serial,
) -> Result<CertStatus, StoreError> {
    let mut found = status_query(authority, issuer, serial).rows(connection, |row| {
        let mut columns = Columns::of(row);
        columns.parse_pair(|at: Option<i64>, reason: Option<u8>| match (at, reason) {
            (None, None) => Some(CertStatus::Good),
            (Some(at), Some(reason)) => Some(CertStatus::Revoked {
                at: Time::from_unix(at),
                reason: Reason::from_code(reason)?,
            }),
            _ => None,
        })
    })?;
    Ok(found.pop().unwrap_or(CertStatus::Unknown))
}

fn status_query(authority: i64, issuer: IssuerKey, serial: &Serial) -> Query {
    Query::new("SELECT revoked, reason FROM certificates")
        .with("WHERE issuer_key = ?", issuer.0.to_vec())
        .with("AND serial = ?", serial.content().to_vec())
        .with("AND authority = ?", authority)
}

fn revoked_query(authority: i64, unexpired_at: Time) -> Query {
    Query::new("SELECT serial, revoked, reason FROM certificates INDEXED BY certificates_revoked")
        .with("WHERE authority = ? AND reason IS NOT NULL", authority)
        .with("AND not_after >= ? ORDER BY number", unexpired_at.unix())
}

/// A column that counts up from 0, if the row is there.
fn counter(value: Option<i64>) -> Result<u64, StoreError> {
    let value = value.ok_or(StoreError::Missing)?;
    u64::try_from(value).map_err(|error| StoreError::Broken(error.into()))
}

fn number_of(connection: &Connection, name: &str) -> Result<Option<i64>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT number FROM authorities WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;
    use crate::store::tests::NOW;

    #[test]
    fn crls_and_statuses_are_read_by_their_indexes() {
        let directory = tempfile::tempdir().unwrap();
        let connection =
            schema::open_writer(&directory.path().join("a.db"), &StoreConfig::default()).unwrap();
        let plan = revoked_query(1, NOW).plan(&connection);
        assert_eq!(
            plan,
            ["SEARCH certificates USING COVERING INDEX certificates_revoked (authority=?)"]
        );
        let serial = Serial::from_content(&[1]).unwrap();
        let plan = status_query(1, IssuerKey([0; 16]), &serial).plan(&connection);
        assert_eq!(
            plan,
            ["SEARCH certificates USING INDEX certificates_issued (issuer_key=? AND serial=?)"]
        );
    }
}
