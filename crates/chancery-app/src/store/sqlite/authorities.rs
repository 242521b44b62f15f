//! Authorities as rows: adding them, and what becomes of them.

use chancery_core::certificate::State;
use chancery_core::identity::{CertificateId, CertificateNumber};
use chancery_core::plan::Refusal;
use chancery_core::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::certificates;
use super::codes::state_of;
use super::columns::Columns;
use super::conflict::changed_one;
use crate::store::authorities::{AuthorityRequest, AuthorityStep, NewAuthority, StoredAuthority};
use crate::store::certificates::{CertificateKey, NewCertificate};
use crate::store::{Conflict, StoreError};

/// Every authority, in the order of making, as all were at one moment.
pub(super) fn all(connection: &Connection) -> Result<Vec<StoredAuthority>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT a.number, a.name, (SELECT name FROM authorities WHERE number = a.parent), a.der, a.sealed_key,
             a.revocations, a.retired IS NOT NULL, (SELECT name FROM authorities WHERE number = a.successor),
             (SELECT der FROM imported_crls WHERE authority = a.number), c.id, c.state, c.reason
         FROM authorities AS a LEFT JOIN certificates AS c ON c.number = a.certificate ORDER BY a.number",
    )?;
    let mut rows = statement.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let mut columns = Columns::of(row);
        all.push(StoredAuthority {
            id: columns.next()?,
            name: columns.next()?,
            parent: columns.next()?,
            certificate: columns.next()?,
            sealed_key: columns.next()?,
            generation: columns.parse(|count: i64| u64::try_from(count).ok())?,
            retired: columns.next()?,
            successor: columns.next()?,
            crl: columns.next()?,
            registered: match columns.next::<Option<[u8; 12]>>()? {
                Some(octets) => {
                    let id = CertificateId::from_octets(&octets)
                        .map_err(|error| StoreError::Broken(error.into()))?;
                    Some((id, columns.parse_pair(state_of)?))
                }
                None => None,
            },
        });
    }
    Ok(all)
}

/// Every request, by name.
pub(super) fn requests(connection: &Connection) -> Result<Vec<AuthorityRequest>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, (SELECT name FROM authorities WHERE number = r.predecessor), created, sealed_key, csr
         FROM authority_requests AS r ORDER BY name",
    )?;
    let found = statement.query_map([], |row| {
        Ok(AuthorityRequest {
            name: row.get(0)?,
            predecessor: row.get(1)?,
            created: Time::from_unix(row.get(2)?),
            sealed_key: row.get(3)?,
            csr: row.get(4)?,
        })
    })?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

/// Does one step, and gives the number of the certificate that it added.
pub(super) fn perform(
    connection: &Connection,
    step: &AuthorityStep,
) -> Result<Option<CertificateNumber>, StoreError> {
    let rows = match step {
        AuthorityStep::Add(new) => return add(connection, new).map(|()| None),
        AuthorityStep::ExpectSigning(number) => {
            return expect_signing(connection, *number).map(|()| None);
        }
        AuthorityStep::Register {
            authority,
            certificate,
        } => return register(connection, authority, certificate).map(Some),
        AuthorityStep::AddRequest(new) => return add_request(connection, new).map(|()| None),
        AuthorityStep::Retire(number, at) => connection
            .prepare_cached(
                "UPDATE authorities SET retired = ?2 WHERE number = ?1 AND retired IS NULL",
            )?
            .execute(params![number, at.unix()])?,
        AuthorityStep::Reinstate(number) => connection
            .prepare_cached(
                "UPDATE authorities SET retired = NULL, successor = NULL WHERE number = ?1",
            )?
            .execute([number])?,
        AuthorityStep::RemoveRequest(name) => connection
            .prepare_cached("DELETE FROM authority_requests WHERE name = ?1")?
            .execute([name])?,
        AuthorityStep::KeepCrl(authority, der) => connection
            .prepare_cached(
                "INSERT OR REPLACE INTO imported_crls (authority, der) VALUES (?1, ?2)",
            )?
            .execute(params![authority, der])?,
    };
    changed_one(rows, StoreError::Stale).map(|()| None)
}

/// Adds an authority, which issues in the place of its predecessor from then on; its parent must be there.
fn add(connection: &Connection, new: &NewAuthority) -> Result<(), StoreError> {
    let predecessor = free_to_be_made(connection, &new.name, new.predecessor.as_deref())?;
    let parent = match &new.parent {
        Some(name) => Some(number_of(connection, name)?),
        None => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO authorities (name, parent, created, sealed_key, der) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![new.name, parent, new.created.unix(), new.sealed_key, new.certificate])?;
    connection
        .prepare_cached("UPDATE authorities SET successor = ?2 WHERE number = ?1")?
        .execute(params![predecessor, connection.last_insert_rowid()])?;
    Ok(())
}

/// Fails unless an authority of that name can be made in the place of its predecessor, whose number it gives. Of several who
/// ask at once one has its way, whichever server each of them asked.
fn free_to_be_made(
    connection: &Connection,
    name: &str,
    predecessor: Option<&str>,
) -> Result<Option<i64>, StoreError> {
    let predecessor = match predecessor {
        Some(name) => Some(without_successor(connection, name)?),
        None => None,
    };
    let is_taken = connection
        .prepare_cached(
            "SELECT 1 FROM authorities WHERE name = ?1
             UNION ALL SELECT 1 FROM authority_requests WHERE name = ?1",
        )?
        .exists([name])?;
    if is_taken {
        return Err(StoreError::Conflict(Conflict::Authority));
    }
    Ok(predecessor)
}

/// The number of an authority that has no successor and awaits none.
fn without_successor(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    let (number, successor, awaited): (i64, Option<String>, Option<String>) = connection
        .prepare_cached(
            "SELECT number, (SELECT name FROM authorities WHERE number = a.successor),
                 (SELECT name FROM authority_requests WHERE predecessor = a.number)
             FROM authorities AS a WHERE name = ?1",
        )?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?
        .ok_or(StoreError::Missing)?;
    match (successor, awaited) {
        (Some(successor), _) => Err(StoreError::Conflict(Conflict::AuthoritySucceeded(
            successor,
        ))),
        (None, Some(awaited)) => Err(StoreError::Conflict(Conflict::AuthorityAwaited(awaited))),
        (None, None) => Ok(number),
    }
}

/// Fails unless an authority may still sign. Of those above it only the certificates count: one that was retired goes on to
/// vouch for it.
fn expect_signing(connection: &Connection, number: i64) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT a.retired IS NOT NULL, c.state IS NOT 1 AND a.certificate IS NOT NULL, a.parent
         FROM authorities AS a LEFT JOIN certificates AS c ON c.number = a.certificate WHERE a.number = ?1",
    )?;
    let mut next = Some(number);
    while let Some(this) = next {
        let (is_retired, is_revoked, parent): (bool, bool, Option<i64>) = statement
            .query_row([this], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?
            .ok_or(StoreError::Missing)?;
        if is_revoked {
            return Err(StoreError::Policy(Refusal::AuthorityRevoked));
        }
        if is_retired && this == number {
            return Err(StoreError::Policy(Refusal::AuthorityRetired));
        }
        next = parent;
    }
    Ok(())
}

fn register(
    connection: &Connection,
    authority: &str,
    certificate: &NewCertificate,
) -> Result<CertificateNumber, StoreError> {
    let (number, parent, registered): (i64, Option<i64>, Option<i64>) = connection
        .prepare_cached("SELECT number, parent, certificate FROM authorities WHERE name = ?1")?
        .query_row([authority], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?
        .ok_or(StoreError::Missing)?;
    if registered.is_some() {
        return Err(StoreError::Stale);
    }
    let parent = parent.ok_or(StoreError::Missing)?;
    let stored = match there_already(connection, certificate)? {
        Some(number) => number,
        None => certificates::add_under(connection, certificate, Some(parent))?,
    };
    connection
        .prepare_cached("UPDATE authorities SET certificate = ?2 WHERE number = ?1")?
        .execute(params![number, stored])?;
    Ok(stored)
}

/// The same certificate, if it was brought in before it was known to be an authority's and is active: from now on it is
/// held to be one.
fn there_already(
    connection: &Connection,
    certificate: &NewCertificate,
) -> Result<Option<CertificateNumber>, StoreError> {
    let key = CertificateKey::Issued(certificate.issuer_key, certificate.serial.clone());
    let Some(there) = certificates::find(connection, &key)? else {
        return Ok(None);
    };
    if there.der != certificate.der || there.state != State::Active {
        return Err(StoreError::Conflict(Conflict::Certificate));
    }
    connection
        .prepare_cached("UPDATE certificates SET profile = ?2 WHERE number = ?1")?
        .execute(params![there.number, certificate.profile])?;
    Ok(Some(there.number))
}

fn add_request(connection: &Connection, new: &AuthorityRequest) -> Result<(), StoreError> {
    let predecessor = free_to_be_made(connection, &new.name, new.predecessor.as_deref())?;
    connection
        .prepare_cached(
            "INSERT INTO authority_requests (name, predecessor, created, sealed_key, csr) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![new.name, predecessor, new.created.unix(), new.sealed_key, new.csr])?;
    Ok(())
}

fn number_of(connection: &Connection, name: &str) -> Result<i64, StoreError> {
    connection
        .prepare_cached("SELECT number FROM authorities WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::Missing)
}
