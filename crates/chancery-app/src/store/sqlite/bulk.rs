//! Bulk revocations: storing, taking on, reading back, and finding the certificates within their reach.

use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::name::Name;
use chancery_core::revocation::Reason;
use chancery_core::time::Time;
use rusqlite::{Connection, Row, params};

use super::audit;
use super::codes::{origin_of, state_of};
use super::columns::Columns;
use super::conflict::changed_one;
use super::query::Query;
use crate::audit::NewAuditEntry;
use crate::authority::SUB_AUTHORITY;
use crate::bootstrap::SERVER_USER;
use crate::bulk_revocation::{BulkFilter, BulkRevocation, BulkState};
use crate::store::StoreError;
use crate::store::bulk::{BulkReach, BulkStep, NewBulkRevocation, Revocable, RevocableSearch};

/// Does a step; the number of what it added, if it did.
pub(super) fn perform(connection: &Connection, step: &BulkStep) -> Result<Option<i64>, StoreError> {
    match step {
        BulkStep::Add(new) => return add(connection, new).map(Some),
        BulkStep::Turn {
            number,
            from,
            to,
            at,
            responsible,
            because,
        } => {
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
            revoked,
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
                    stored_count(*revoked),
                    at.unix(),
                    state_code(state),
                ])?;
            changed_one(changed, StoreError::Stale)?;
        }
    }
    Ok(None)
}

fn add(connection: &Connection, new: &NewBulkRevocation) -> Result<i64, StoreError> {
    let filter = &new.filter;
    connection
        .prepare_cached(
            "INSERT INTO bulk_revocations (reason, authority, profile, owner, domain, subject, issued_after, issued_before,
                 on_hold, up_to, total, asked_by, asked_at, changed_at, responsible)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?13, ?12)",
        )?
        .execute(params![
            new.reason.code(),
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
        ])?;
    let number = connection.last_insert_rowid();
    let told = NewAuditEntry {
        object: Some(number.to_string()),
        ..new.told.clone()
    };
    audit::add(connection, &told)?;
    Ok(number)
}

/// Certificates that a bulk revocation reaches and that can be revoked, in the order of their numbers, at most `limit`.
pub(super) fn revocable(
    connection: &Connection,
    search: &RevocableSearch,
    limit: usize,
) -> Result<Vec<Revocable>, StoreError> {
    revocable_query(search, limit).rows(connection, |row| {
        let mut columns = Columns::of(row);
        Ok(Revocable {
            number: columns.next()?,
            id: columns.parse(|octets: [u8; 12]| CertificateId::from_octets(&octets).ok())?,
            origin: columns.parse(origin_of)?,
            state: columns.parse_pair(state_of)?,
            not_after: Time::from_unix(columns.next()?),
        })
    })
}

/// Along the index of the rarest condition, whose columns tell state and end: what cannot be revoked any more is passed
/// over without being read.
fn revocable_query(search: &RevocableSearch, limit: usize) -> Query {
    let filter = &search.filter;
    let states: &[i64] = match (filter.on_hold, search.reason) {
        (true, _) => &[2],
        (false, Reason::CertificateHold) => &[1],
        (false, _) => &[1, 2],
    };
    let index = match (&filter.owner, &filter.domain) {
        (Some(_), _) => "INDEXED BY certificates_by_owner",
        (None, Some(_)) => "INDEXED BY certificates_by_domain",
        (None, None) if filter.on_hold => "INDEXED BY certificates_by_state",
        (None, None) => "INDEXED BY certificates_listed",
    };
    let query = Query::new(
        "SELECT c.number, c.id, c.origin, c.state, c.reason, c.not_after FROM certificates AS c",
    )
    .text(index)
    .with("WHERE c.number > ?", search.after)
    .with("AND c.number <= ?", search.up_to)
    // The words of the index of what is listed, by which SQLite knows that it can be used.
    .text("AND c.state < 4")
    .with_each("AND c.state IN", states)
    .with("AND c.not_after >= ?", search.now.unix());
    conditions(query, filter)
        .text("ORDER BY c.number")
        .limit(limit)
}

/// Authorities' own certificates are never revoked in bulk, and the server's own ones only if their owner is named.
fn conditions(query: Query, filter: &BulkFilter) -> Query {
    let query = query
        .with("AND c.profile IS NOT ?", SUB_AUTHORITY.to_owned())
        .with_some(
            "AND c.owner = (SELECT number FROM users WHERE id = ?)",
            filter.owner.as_ref().map(|id| id.as_str().to_owned()),
        )
        .with_some(
            "AND c.domain = (SELECT number FROM domains WHERE id = ?)",
            filter.domain.as_ref().map(|id| id.as_str().to_owned()),
        )
        .with_some(
            "AND c.authority = (SELECT number FROM authorities WHERE name = ?)",
            filter.authority.clone(),
        )
        .with_some("AND c.profile = ?", filter.profile.clone())
        .with_some("AND c.created >= ?", filter.issued_after.map(Time::unix))
        .with_some("AND c.created < ?", filter.issued_before.map(Time::unix))
        .with_some(
            "AND instr(lower(c.subject_line), ?) > 0",
            filter
                .subject
                .as_ref()
                .map(|text| Name::openssl_oneline_part(text).to_ascii_lowercase()),
        );
    match filter.owner {
        Some(_) => query,
        None => query.with(
            "AND c.owner IS NOT (SELECT number FROM users WHERE id = ?)",
            SERVER_USER.to_owned(),
        ),
    }
}

/// The greatest number that a certificate has; 0 if there is none.
pub(super) fn newest(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT coalesce(max(number), 0) FROM certificates")?
        .query_row([], |row| row.get(0))?)
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
        asked_by, asked_at, state, cursor, revoked, changed_at, responsible, stopped_because
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
        reason,
        filter,
        up_to: columns.next()?,
        total: count(&mut columns)?,
        asked_by: columns.parse(|id: String| UserId::parse(&id).ok())?,
        asked_at: Time::from_unix(columns.next()?),
        state: columns.parse(state_with_code)?,
        cursor: columns.next()?,
        revoked: count(&mut columns)?,
        changed_at: Time::from_unix(columns.next()?),
        responsible: columns.parse(|id: String| UserId::parse(&id).ok())?,
        stopped_because: columns.next()?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;
    use crate::store::tests::{NOW, domain_id, user_id};

    #[track_caller]
    fn check(change: impl FnOnce(&mut RevocableSearch), want: &str) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        let mut search = RevocableSearch {
            filter: BulkFilter::default(),
            reason: Reason::KeyCompromise,
            now: NOW,
            after: 7,
            up_to: 9,
        };
        change(&mut search);
        let plan = revocable_query(&search, 5).plan(&connection);
        assert!(plan.iter().any(|line| line.contains(want)), "{plan:?}");
        assert!(!plan.iter().any(|line| line.contains("B-TREE")), "{plan:?}");
    }

    /// However many certificates there are, a batch is found along an index from where the last one ended.
    #[test]
    fn batches_are_found_along_an_index() {
        check(
            |search| search.filter.authority = Some("issuing".to_owned()),
            "INDEX certificates_listed (number>? AND number<?)",
        );
        check(
            |search| search.filter.owner = Some(user_id("u1")),
            "INDEX certificates_by_owner (owner=? AND number>? AND number<?)",
        );
        check(
            |search| search.filter.domain = Some(domain_id("d1")),
            "INDEX certificates_by_domain (domain=? AND number>? AND number<?)",
        );
        check(
            |search| search.filter.on_hold = true,
            "INDEX certificates_by_state (state=? AND number>? AND number<?)",
        );
    }
}
