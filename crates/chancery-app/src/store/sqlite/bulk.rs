//! Bulk revocations: storing, taking on, and reading back.

use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::revocation::Reason;
use chancery_core::time::Time;
use rusqlite::{Connection, Row, params};

use super::audit;
use super::codes::outcome_code;
use super::columns::Columns;
use super::conflict::changed_one;
use super::query::Query;
use crate::audit::{HOLD, NewAuditEntry, Outcome};
use crate::bulk_revocation::{BulkAction, BulkFilter, BulkRevocation, BulkState};
use crate::store::StoreError;
use crate::store::bulk::{BulkReach, BulkStep, NewBulkRevocation};

/// Does a step; the number of what it added, if it did.
pub(super) fn perform(connection: &Connection, step: &BulkStep) -> Result<Option<i64>, StoreError> {
    match step {
        BulkStep::Add(new) => return add(connection, new).map(Some),
        BulkStep::Switch {
            number,
            from,
            to,
            at,
            responsible,
            because,
        } => {
            if *to == BulkState::Running {
                expect_none_runs(connection, *number)?;
            }
            let changed = connection
                .prepare_cached(
                    "UPDATE bulk_revocations
                     SET state = ?3, changed_at = ?4, responsible = coalesce(?5, responsible), stopped_because = ?6
                     WHERE number = ?1 AND state = ?2",
                )?
                .execute(params![
                    number,
                    state_code(*from),
                    state_code(*to),
                    at.unix(),
                    responsible.as_ref().map(UserId::as_str),
                    because,
                ])?;
            changed_one(changed, StoreError::Stale)?;
        }
        BulkStep::Advance {
            number,
            from,
            to,
            moved,
            at,
            ended,
        } => {
            let state = match ended {
                true => BulkState::Done,
                false => BulkState::Running,
            };
            let changed = connection
                .prepare_cached(
                    "UPDATE bulk_revocations SET cursor = ?3, revoked = revoked + ?4, changed_at = ?5, state = ?6
                     WHERE number = ?1 AND state = 0 AND cursor = ?2",
                )?
                .execute(params![
                    number,
                    from,
                    to,
                    stored_count(*moved),
                    at.unix(),
                    state_code(state),
                ])?;
            changed_one(changed, StoreError::Stale)?;
        }
        BulkStep::ExpectNoHoldSince { certificate, entry } => {
            expect_no_hold_since(connection, certificate, *entry)?;
        }
    }
    Ok(None)
}

/// Of a bulk revocation and all that release it at most one runs. Fails if one of `number`'s family does.
fn expect_none_runs(connection: &Connection, number: i64) -> Result<(), StoreError> {
    let runs = connection
        .prepare_cached(
            "SELECT 1 FROM bulk_revocations WHERE state = 0 AND coalesce(releases, number)
                 = (SELECT coalesce(releases, number) FROM bulk_revocations WHERE number = ?1)",
        )?
        .exists([number])?;
    if runs { Err(StoreError::Stale) } else { Ok(()) }
}

fn expect_no_hold_since(
    connection: &Connection,
    certificate: &CertificateId,
    entry: i64,
) -> Result<(), StoreError> {
    let held = connection
        .prepare_cached(
            "SELECT 1 FROM audit INDEXED BY audit_by_certificate
             WHERE certificate = ?1 AND id > ?2 AND action = ?3 AND outcome = ?4",
        )?
        .exists(params![
            certificate.octets(),
            entry,
            HOLD,
            outcome_code(Outcome::Done)
        ])?;
    if held { Err(StoreError::Stale) } else { Ok(()) }
}

fn add(connection: &Connection, new: &NewBulkRevocation) -> Result<i64, StoreError> {
    let filter = &new.filter;
    if let Some(number) = new.action.releases() {
        expect_none_runs(connection, number)?;
    }
    connection
        .prepare_cached(
            "INSERT INTO bulk_revocations (reason, authority, profile, owner, domain, subject, issued_after, issued_before,
                 on_hold, up_to, total, asked_by, asked_at, changed_at, responsible, releases)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?12, ?14)",
        )?
        .execute(params![
            // What is lifted is a hold.
            new.action.reason().unwrap_or(Reason::CertificateHold).code(),
            filter.authority,
            filter.profile,
            filter.owner.as_ref().map(UserId::as_str),
            filter.domain.as_ref().map(DomainId::as_str),
            filter.subject,
            filter.issued_after.map(Time::unix),
            filter.issued_before.map(Time::unix),
            filter.on_hold,
            new.up_to,
            stored_count(new.total),
            new.asked_by.as_str(),
            new.asked_at.unix(),
            new.action.releases(),
        ])?;
    let number = connection.last_insert_rowid();
    let told = NewAuditEntry {
        object: Some(number.to_string()),
        ..new.told.clone()
    };
    audit::add(connection, &told)?;
    Ok(number)
}

/// One bulk revocation.
pub(super) fn find(
    connection: &Connection,
    number: i64,
) -> Result<Option<BulkRevocation>, StoreError> {
    let found = Query::new(SELECT)
        .with("WHERE number = ?", number)
        .rows(connection, read)?;
    Ok(found.into_iter().next())
}

/// Bulk revocations within a reach, newest first, with numbers below `before`.
pub(super) fn page(
    connection: &Connection,
    reach: &BulkReach,
    before: Option<i64>,
    limit: usize,
) -> Result<Vec<BulkRevocation>, StoreError> {
    let query = Query::new(SELECT).with("WHERE number < ?", before.unwrap_or(i64::MAX));
    let query = match reach {
        BulkReach::All => query,
        BulkReach::DomainOr(domain, user) => query
            .with("AND (domain = ?", domain.as_str().to_owned())
            .with("OR asked_by = ?)", user.as_str().to_owned()),
        BulkReach::AskedBy(user) => query.with("AND asked_by = ?", user.as_str().to_owned()),
    };
    query
        .text("ORDER BY number DESC")
        .limit(limit)
        .rows(connection, read)
}

/// The numbers of those that run, oldest first.
pub(super) fn running(connection: &Connection) -> Result<Vec<i64>, StoreError> {
    Query::new("SELECT number FROM bulk_revocations WHERE state = 0 ORDER BY number")
        .rows(connection, |row| Ok(row.get(0)?))
}

const SELECT: &str = "
    SELECT number, reason, authority, profile, owner, domain, subject, issued_after, issued_before, on_hold, up_to, total,
        asked_by, asked_at, state, cursor, revoked, changed_at, responsible, stopped_because, releases
    FROM bulk_revocations";

/// A row of [`SELECT`].
fn read(row: &Row<'_>) -> Result<BulkRevocation, StoreError> {
    let mut columns = Columns::of(row);
    let number = columns.next()?;
    let reason = columns.parse(Reason::from_code)?;
    let filter = BulkFilter {
        authority: columns.next()?,
        profile: columns.next()?,
        owner: columns
            .parse(|id: Option<String>| id.map(|id| UserId::parse(&id)).transpose().ok())?,
        domain: columns
            .parse(|id: Option<String>| id.map(|id| DomainId::parse(&id)).transpose().ok())?,
        subject: columns.next()?,
        issued_after: time(&mut columns)?,
        issued_before: time(&mut columns)?,
        on_hold: columns.next()?,
    };
    Ok(BulkRevocation {
        number,
        filter,
        up_to: columns.next()?,
        total: count(&mut columns)?,
        asked_by: columns.parse(|id: String| UserId::parse(&id).ok())?,
        asked_at: Time::from_unix(columns.next()?),
        state: columns.parse(state_with_code)?,
        cursor: columns.next()?,
        moved: count(&mut columns)?,
        changed_at: Time::from_unix(columns.next()?),
        responsible: columns.parse(|id: String| UserId::parse(&id).ok())?,
        stopped_because: columns.next()?,
        action: match columns.next()? {
            Some(releases) => BulkAction::Release(releases),
            None => BulkAction::Revoke(reason),
        },
    })
}

fn time(columns: &mut Columns<'_>) -> Result<Option<Time>, StoreError> {
    Ok(columns.next::<Option<i64>>()?.map(Time::from_unix))
}

fn count(columns: &mut Columns<'_>) -> Result<u64, StoreError> {
    columns.parse(|count: i64| u64::try_from(count).ok())
}

fn stored_count(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

const fn state_code(state: BulkState) -> i64 {
    match state {
        BulkState::Running => 0,
        BulkState::Stopped => 1,
        BulkState::Done => 2,
    }
}

fn state_with_code(code: i64) -> Option<BulkState> {
    BulkState::ALL
        .into_iter()
        .find(|state| state_code(*state) == code)
}
