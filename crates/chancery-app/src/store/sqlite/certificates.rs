//! Certificates: storing, moving from state to state, and reading back one by one.

use chancery_core::certificate::{Certificate, State};
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::key::KeyId;
use chancery_core::name::Name;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use chancery_core::x509;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::codes::{origin_code, origin_of, state_code, state_of};
use super::columns::Columns;
use crate::store::certificates::{CertificateKey, NewCertificate};
use crate::store::{Conflict, StoreError};

/// Stores a certificate and gives its number.
pub(super) fn add(
    connection: &Connection,
    new: &NewCertificate,
) -> Result<CertificateNumber, StoreError> {
    add_under(connection, new, new.authority)
}

/// Stores a certificate as one that this authority has signed, and gives its number.
pub(super) fn add_under(
    connection: &Connection,
    new: &NewCertificate,
    authority: Option<i64>,
) -> Result<CertificateNumber, StoreError> {
    if matches!(new.state, State::Deleted(_) | State::Purged(_)) {
        // Totals count what leaves the list by watching changes (see counting.rs).
        return Err(StoreError::Broken(
            "a certificate is deleted after it was stored, not before".into(),
        ));
    }
    let (state, reason) = state_code(new.state);
    connection
        .prepare_cached(
            "INSERT INTO certificates (id, name, origin, authority, issuer_key, serial, subject_line, subject_key_id,
                 not_before, not_after, owner, domain, profile, state, reason, revoked, state_since, created, replaces,
                 der, issuer_name, subject_name)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, (SELECT number FROM users WHERE id = ?11),
                 (SELECT number FROM domains WHERE id = ?12), ?13, ?14, ?15, ?16, ?17, ?17, ?18, ?19, ?20, ?21)",
        )?
        .execute(params![
            new.id.octets(),
            new.name,
            origin_code(new.origin),
            authority,
            new.issuer_key.0,
            new.serial.content(),
            new.subject_line,
            new.subject_key_id,
            new.not_before.unix(),
            new.not_after.unix(),
            new.owner.as_str(),
            new.domain.as_str(),
            new.profile,
            state,
            reason,
            reason.map(|_| new.created.unix()),
            new.created.unix(),
            new.replaces,
            new.der,
            new.names.as_ref().map(|names| names.issuer.der()),
            new.names.as_ref().map(|names| names.subject.der()),
        ])?;
    let number = connection.last_insert_rowid();
    if let Some(sealed) = &new.sealed_key {
        connection
            .prepare_cached("INSERT INTO private_keys (certificate, sealed) VALUES (?1, ?2)")?
            .execute(params![number, sealed])?;
    }
    if let Some(old) = new.replaces {
        connection
            .prepare_cached("UPDATE certificates SET replaced_by = ?2 WHERE number = ?1")?
            .execute(params![old, number])?;
    }
    if reason.is_some() {
        count_revocation_change(connection, number)?;
    }
    Ok(number)
}

/// Fails unless a certificate is in that state.
pub(super) fn expect_state(
    connection: &Connection,
    number: CertificateNumber,
    state: State,
) -> Result<(), StoreError> {
    let (state, reason) = state_code(state);
    let there = connection
        .prepare_cached(
            "SELECT 1 FROM certificates WHERE number = ?1 AND state = ?2 AND reason IS ?3",
        )?
        .exists(params![number, state, reason])?;
    if there {
        Ok(())
    } else {
        Err(StoreError::Stale)
    }
}

/// Fails if a certificate with that key was revoked because the key is compromised.
pub(super) fn expect_sound_key(connection: &Connection, key: &KeyId) -> Result<(), StoreError> {
    let compromised = connection
        .prepare_cached(
            "SELECT 1 FROM certificates INDEXED BY certificates_compromised
             WHERE subject_key_id = ?1 AND reason = 1",
        )?
        .exists([key])?;
    if compromised {
        return Err(StoreError::Conflict(Conflict::KeyCompromised));
    }
    Ok(())
}

/// Moves a certificate from one state to another.
pub(super) fn change_state(
    connection: &Connection,
    number: CertificateNumber,
    from: State,
    to: State,
    at: Time,
) -> Result<(), StoreError> {
    let (old_state, old_reason) = state_code(from);
    let (new_state, new_reason) = state_code(to);
    let changed = connection
        .prepare_cached(
            "UPDATE certificates
             SET state = ?4, reason = ?5, state_since = ?6,
                 revoked = CASE WHEN ?5 IS NULL THEN NULL ELSE coalesce(revoked, ?6) END
             WHERE number = ?1 AND state = ?2 AND reason IS ?3",
        )?
        .execute(params![
            number,
            old_state,
            old_reason,
            new_state,
            new_reason,
            at.unix()
        ])?;
    if changed == 0 {
        let there = connection
            .prepare_cached("SELECT 1 FROM certificates WHERE number = ?1")?
            .exists([number])?;
        return Err(if there {
            StoreError::Stale
        } else {
            StoreError::Missing
        });
    }
    if from.revocation() != to.revocation() {
        count_revocation_change(connection, number)?;
    }
    if matches!(to, State::Purged(_)) {
        wipe(connection, number)?;
    }
    Ok(())
}

/// Counts and notes that the revocation data of the authority that signed a certificate changed, if one of ours did. All
/// that makes a certificate revoked, held or released must come through here.
pub(super) fn count_revocation_change(
    connection: &Connection,
    number: CertificateNumber,
) -> Result<(), StoreError> {
    let counted = connection
        .prepare_cached(
            "UPDATE authorities SET revocations = revocations + 1
             WHERE number = (SELECT coalesce(authority, (SELECT parent FROM authorities WHERE certificate = ?1))
                 FROM certificates WHERE number = ?1)
             RETURNING number, revocations",
        )?
        .query_row([number], |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })
        .optional()?;
    if let Some((authority, generation)) = counted {
        connection
            .prepare_cached(
                "INSERT INTO revocation_changes (authority, generation, certificate, bucket)
                 SELECT ?1, ?2, number, substr('00' || hex(serial), -4) FROM certificates WHERE number = ?3",
            )?
            .execute([authority, generation, number])?;
    }
    Ok(())
}

/// Removes DER and private key; the names, which were read from the DER, stay.
fn wipe(connection: &Connection, number: CertificateNumber) -> Result<(), StoreError> {
    let der: Option<Vec<u8>> = connection
        .prepare_cached("SELECT der FROM certificates WHERE number = ?1")?
        .query_row([number], |row| row.get(0))?;
    if let Some(der) = der {
        let facts =
            x509::read_certificate(&der).map_err(|error| StoreError::Broken(error.into()))?;
        connection
            .prepare_cached("UPDATE certificates SET issuer_name = ?2, subject_name = ?3, der = NULL WHERE number = ?1")?
            .execute(params![number, facts.issuer.der(), facts.subject.der()])?;
    }
    connection
        .prepare_cached("DELETE FROM private_keys WHERE certificate = ?1")?
        .execute([number])?;
    Ok(())
}

/// One certificate, whatever its state.
pub(super) fn find(
    connection: &Connection,
    key: &CertificateKey,
) -> Result<Option<Certificate>, StoreError> {
    match key {
        CertificateKey::Number(number) => first(connection, "c.number = ?1", [number]),
        CertificateKey::Id(id) => first(connection, "c.id = ?1", [id.octets()]),
        CertificateKey::Name(name) => first(connection, "c.name = ?1", [name]),
        CertificateKey::Issued(issuer, serial) => first(
            connection,
            "c.issuer_key = ?1 AND c.serial = ?2",
            params![issuer.0, serial.content()],
        ),
    }
}

/// The certificates with those numbers, in that order.
pub(super) fn with_numbers(
    connection: &Connection,
    numbers: &[CertificateNumber],
) -> Result<Vec<Certificate>, StoreError> {
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        found.extend(first(connection, "c.number = ?1", [number])?);
    }
    Ok(found)
}

/// The sealed private key of a certificate.
pub(super) fn private_key(
    connection: &Connection,
    certificate: CertificateNumber,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT sealed FROM private_keys WHERE certificate = ?1")?;
    Ok(statement
        .query_row([certificate], |row| row.get(0))
        .optional()?)
}

const SELECT: &str = "
    SELECT c.number, c.id, c.name, c.origin, (SELECT name FROM authorities WHERE number = c.authority),
        c.issuer_name, c.subject_name, c.der, c.serial, c.subject_key_id, c.not_before, c.not_after,
        (SELECT id FROM users WHERE number = c.owner), (SELECT id FROM domains WHERE number = c.domain),
        c.profile, c.state, c.reason, c.state_since, c.created,
        EXISTS (SELECT 1 FROM private_keys WHERE certificate = c.number),
        (SELECT id FROM certificates WHERE number = c.replaces),
        (SELECT id FROM certificates WHERE number = c.replaced_by)
    FROM certificates AS c WHERE ";

/// The certificate that meets a condition on unique columns.
fn first(
    connection: &Connection,
    condition: &'static str,
    params: impl Params,
) -> Result<Option<Certificate>, StoreError> {
    let mut statement = connection.prepare_cached(&[SELECT, condition].concat())?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}

/// A row of [`SELECT`].
fn read(row: &Row<'_>) -> Result<Certificate, StoreError> {
    let mut columns = Columns::of(row);
    let number = columns.next()?;
    let id = columns.parse(|octets: [u8; 12]| CertificateId::from_octets(&octets).ok())?;
    let name = columns.next()?;
    let origin = columns.parse(origin_of)?;
    let authority = columns.next()?;
    let kept_names = (columns.next()?, columns.next()?);
    let der: Option<Vec<u8>> = columns.next()?;
    let (issuer, subject) = names(der.as_deref(), kept_names)?;
    Ok(Certificate {
        number,
        id,
        name,
        origin,
        authority,
        der,
        issuer,
        subject,
        serial: columns.parse(|octets: Vec<u8>| Serial::from_content(&octets).ok())?,
        subject_key_id: columns.next()?,
        not_before: Time::from_unix(columns.next()?),
        not_after: Time::from_unix(columns.next()?),
        owner: columns.parse(|id: String| UserId::parse(&id).ok())?,
        domain: columns.parse(|id: String| DomainId::parse(&id).ok())?,
        profile: columns.next()?,
        state: columns.parse_pair(state_of)?,
        state_since: Time::from_unix(columns.next()?),
        created: Time::from_unix(columns.next()?),
        has_private_key: columns.next()?,
        replaces: columns.parse(optional_id)?,
        replaced_by: columns.parse(optional_id)?,
    })
}

/// Issuer and subject: what the DER says, and without it what was kept of them.
fn names(
    der: Option<&[u8]>,
    kept: (Option<Vec<u8>>, Option<Vec<u8>>),
) -> Result<(Name, Name), StoreError> {
    match (der, kept) {
        (Some(der), _) => {
            let facts =
                x509::read_certificate(der).map_err(|error| StoreError::Broken(error.into()))?;
            Ok((facts.issuer, facts.subject))
        }
        (None, (Some(issuer), Some(subject))) => {
            let read = |name: &[u8]| {
                Name::from_der(name).map_err(|error| StoreError::Broken(error.into()))
            };
            Ok((read(&issuer)?, read(&subject)?))
        }
        (None, _) => Err(StoreError::Broken(
            "the database is damaged: a certificate has neither DER nor names".into(),
        )),
    }
}

/// No id, or one that is none at all.
pub(super) fn optional_id(octets: Option<[u8; 12]>) -> Option<Option<CertificateId>> {
    octets
        .map(|octets| CertificateId::from_octets(&octets).ok())
        .map_or(Some(None), |id| id.map(Some))
}
