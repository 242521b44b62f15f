//! The certificates within a bulk revocation's reach that it can move.

use chancery_core::identity::CertificateId;
use chancery_core::name::Name;
use chancery_core::revocation::Reason;
use chancery_core::time::Time;
use rusqlite::Connection;

use super::codes::{origin_of, outcome_code, state_of};
use super::columns::Columns;
use super::query::Query;
use crate::audit::{HOLD, Outcome};
use crate::authority::SUB_AUTHORITY;
use crate::bootstrap::SERVER_USER;
use crate::bulk_revocation::{BulkAction, BulkFilter};
use crate::store::StoreError;
use crate::store::bulk::{Movable, MovableSearch};

/// Certificates that a bulk revocation reaches and can move, in the order of their numbers, at most `limit`.
pub(super) fn movable(
    connection: &Connection,
    search: &MovableSearch,
    limit: usize,
) -> Result<Vec<Movable>, StoreError> {
    query(search, limit).rows(connection, |row| {
        let mut columns = Columns::of(row);
        Ok(Movable {
            number: columns.next()?,
            id: columns.parse(|octets: [u8; 12]| CertificateId::from_octets(&octets).ok())?,
            origin: columns.parse(origin_of)?,
            state: columns.parse_pair(state_of)?,
            not_after: Time::from_unix(columns.next()?),
            trail: columns.next()?,
        })
    })
}

/// Along the index of the rarest condition, whose columns tell state and end: what cannot be moved any more is passed over
/// without being read.
fn query(search: &MovableSearch, limit: usize) -> Query {
    let filter = &search.filter;
    let states: &[i64] = match search.action {
        BulkAction::Release(_) => &[2],
        BulkAction::Revoke(_) if filter.on_hold => &[2],
        BulkAction::Revoke(Reason::CertificateHold) => &[1],
        BulkAction::Revoke(_) => &[1, 2],
    };
    let index = match (&filter.owner, &filter.domain) {
        (Some(_), _) => "INDEXED BY certificates_by_owner",
        (None, Some(_)) => "INDEXED BY certificates_by_domain",
        (None, None) if states == [2] => "INDEXED BY certificates_by_state",
        (None, None) => "INDEXED BY certificates_listed",
    };
    let query = Query::new(
        "SELECT c.number, c.id, c.origin, c.state, c.reason, c.not_after, (SELECT coalesce(max(id), 0) FROM audit)
         FROM certificates AS c",
    )
    .text(index)
    .with("WHERE c.number > ?", search.after)
    .with("AND c.number <= ?", search.up_to)
    // The words of the index of what is listed, by which SQLite knows that it can be used.
    .text("AND c.state < 4")
    .with_each("AND c.state IN", states)
    .with("AND c.not_after >= ?", search.now.unix());
    let query = conditions(query, filter);
    let query = match search.action {
        BulkAction::Revoke(_) => query,
        BulkAction::Release(number) => held_by(query, number),
    };
    query.text("ORDER BY c.number").limit(limit)
}

/// Who put on hold what is on hold is told by the newest entry of the audit trail about a hold of it.
fn held_by(query: Query, number: i64) -> Query {
    query
        .with("AND ? =", number)
        .text("(SELECT a.detail ->> '$.revocation' FROM audit AS a INDEXED BY audit_by_certificate")
        .text("WHERE a.certificate = c.id")
        .with("AND a.action = ?", HOLD.to_owned())
        .with("AND a.outcome = ?", outcome_code(Outcome::Done))
        .text("ORDER BY a.id DESC LIMIT 1)")
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;
    use crate::store::tests::{NOW, domain_id, user_id};

    #[track_caller]
    fn check(change: impl FnOnce(&mut MovableSearch), want: &str) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        let mut search = MovableSearch {
            filter: BulkFilter::default(),
            action: BulkAction::Revoke(Reason::KeyCompromise),
            now: NOW,
            after: 7,
            up_to: 9,
        };
        change(&mut search);
        let plan = super::query(&search, 5).plan(&connection);
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
        check(
            |search| search.action = BulkAction::Release(1),
            "INDEX certificates_by_state (state=? AND number>? AND number<?)",
        );
        check(
            |search| search.action = BulkAction::Release(1),
            "SEARCH a USING INDEX audit_by_certificate (certificate=?)",
        );
    }
}
