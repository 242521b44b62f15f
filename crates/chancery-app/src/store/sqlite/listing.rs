//! Listings: each filter is answered along an index that is chosen here, not guessed by the database.
//!
//! A listing is one walk along an index, or several whose findings are merged. A walk gives keys (subject key id and
//! number) in the listing's order, at most a page of them; the certificates of the page are then read one by one.

use chancery_core::certificate::Certificate;
use chancery_core::identity::CertificateNumber;
use chancery_core::key::KeyId;
use rusqlite::Connection;

use super::codes::{listed_states, wanted_expiry};
use super::query::Query;
use super::{certificates, subjects};
use crate::search::{CertificateFilter, Order, StatusFilter};
use crate::store::{IssuerKey, StoreError};

/// Fewer certificates than this are looked at one by one, or sorted, rather than met along a wider index.
const FEW: i64 = 5_000;

/// Where a certificate stands in a listing: by its key id (empty where that does not matter), then by its number.
type Key = (Vec<u8>, CertificateNumber);

/// The certificates that pass `filter`, in its order, at most `limit`.
pub(super) fn page(
    connection: &Connection,
    filter: &CertificateFilter,
    limit: usize,
) -> Result<Vec<Certificate>, StoreError> {
    let text = filter.subject_contains.as_deref().unwrap_or_default();
    if text.len() > subjects::LONGEST_TEXT {
        return Ok(Vec::new());
    }
    let mut keys: Vec<Key> = Vec::new();
    for walk in walks(connection, filter)? {
        for stretch in stretches(filter, &walk) {
            let query = query(filter, &walk, stretch, limit);
            keys.extend(query.rows(connection, |row| Ok((row.get(0)?, row.get(1)?)))?);
        }
    }
    keys.sort_unstable();
    if matches!(filter.order, Order::NumberDescending(_)) {
        keys.reverse();
    }
    keys.truncate(limit);
    let numbers: Vec<CertificateNumber> = keys.into_iter().map(|(_, number)| number).collect();
    certificates::with_numbers(connection, &numbers)
}

/// A way along which certificates are met in the listing's order.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Walk {
    /// Those of the filter's issuer, or the one with its serial number; in no useful order.
    Issued,
    /// Those of the filter's owner, by number.
    Owner,
    /// Those of the filter's domain, by number.
    Domain,
    /// All, by key and number.
    Keys,
    /// Those in a state, by number.
    State(i64),
    /// All after a number, by number.
    After(CertificateNumber),
    /// What the subject index finds for an expression, by number; it knows those up to a number.
    Subjects(String, CertificateNumber),
}

impl Walk {
    const fn source(&self) -> &'static str {
        match self {
            Walk::Issued => "FROM certificates AS c INDEXED BY certificates_issued",
            Walk::Owner => "FROM certificates AS c INDEXED BY certificates_by_owner",
            Walk::Domain => "FROM certificates AS c INDEXED BY certificates_by_domain",
            Walk::Keys => "FROM certificates AS c INDEXED BY certificates_by_key",
            Walk::State(_) => "FROM certificates AS c INDEXED BY certificates_by_state",
            Walk::After(_) => "FROM certificates AS c NOT INDEXED",
            Walk::Subjects(..) => {
                "FROM subjects CROSS JOIN certificates AS c ON c.number = subjects.rowid"
            }
        }
    }
}

/// The walks that together meet every certificate that passes, each one once.
fn walks(connection: &Connection, filter: &CertificateFilter) -> Result<Vec<Walk>, StoreError> {
    if filter.issuer.is_some() && filter.serial.is_some() {
        return Ok(vec![Walk::Issued]);
    }
    if filter.subject_key_id.is_some() {
        return Ok(vec![Walk::Keys]);
    }
    let by_key = matches!(filter.order, Order::SubjectKeyId(_));
    let searched = filter
        .subject_contains
        .as_deref()
        .filter(|text| subjects::can_find(text));
    let narrow = match (&filter.owner, &filter.domain, &filter.issuer) {
        (Some(_), _, _) => Some(Walk::Owner),
        (None, Some(_), _) => Some(Walk::Domain),
        (None, None, Some(_)) => Some(Walk::Issued),
        (None, None, None) => None,
    };
    if let Some(walk) = narrow {
        let in_order = walk != Walk::Issued && !by_key;
        if (in_order && searched.is_none()) || meets_few(connection, filter, &walk)? {
            return Ok(vec![walk]);
        }
    }
    if by_key {
        return Ok(vec![Walk::Keys]);
    }
    if let Some(text) = searched {
        let indexed = subjects::indexed_up_to(connection)?;
        let expression = subjects::expression(connection, text, indexed)?;
        return Ok(vec![
            Walk::Subjects(expression, indexed),
            Walk::After(indexed),
        ]);
    }
    if filter.status == Some(StatusFilter::Any) {
        return Ok(vec![Walk::After(0)]);
    }
    Ok(listed_states(filter.status)
        .iter()
        .copied()
        .map(Walk::State)
        .collect())
}

/// Is it quicker to look at everything on this walk than to go along a wider one?
fn meets_few(
    connection: &Connection,
    filter: &CertificateFilter,
    walk: &Walk,
) -> Result<bool, StoreError> {
    let start = Query::new("SELECT count(*) FROM (SELECT 1")
        .text(walk.source())
        .text("WHERE TRUE");
    let met = match walk {
        Walk::Owner => owned(start, filter),
        Walk::Domain => in_domain(start, filter),
        _ => issued(start, filter),
    };
    let counted = met
        .with("LIMIT ?)", FEW)
        .rows(connection, |row| Ok(row.get::<_, i64>(0)?))?;
    Ok(counted.first().is_none_or(|count| *count < FEW))
}

/// A part of a walk, as SQLite can go to its start and along it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stretch<'a> {
    /// Those with numbers above the first and below the second, by number.
    Numbers(CertificateNumber, CertificateNumber),
    /// Those with greater keys, by key and number.
    KeysAfter(Option<&'a KeyId>),
    /// Those with this key and a number above, by number.
    SameKeyAfter(&'a KeyId, CertificateNumber),
}

/// What is left of a walk after the place where the page starts.
fn stretches<'a>(filter: &'a CertificateFilter, walk: &Walk) -> Vec<Stretch<'a>> {
    let (least, most) = match walk {
        Walk::After(number) => (*number, i64::MAX),
        Walk::Subjects(_, number) => (0, number.saturating_add(1)),
        _ => (0, i64::MAX),
    };
    match &filter.order {
        Order::Number(after) => vec![Stretch::Numbers(
            after.map_or(least, |number| number.max(least)),
            most,
        )],
        Order::NumberDescending(before) => {
            vec![Stretch::Numbers(
                least,
                before.map_or(most, |number| number.min(most)),
            )]
        }
        Order::SubjectKeyId(None) => vec![Stretch::KeysAfter(None)],
        Order::SubjectKeyId(Some((key, None))) => vec![Stretch::KeysAfter(Some(key))],
        Order::SubjectKeyId(Some((key, Some(number)))) => {
            vec![
                Stretch::SameKeyAfter(key, *number),
                Stretch::KeysAfter(Some(key)),
            ]
        }
    }
}

/// The keys on one stretch of one walk.
fn query(filter: &CertificateFilter, walk: &Walk, stretch: Stretch<'_>, limit: usize) -> Query {
    let key = match stretch {
        Stretch::Numbers(..) => "SELECT x'', c.number",
        Stretch::KeysAfter(_) | Stretch::SameKeyAfter(..) => "SELECT c.subject_key_id, c.number",
    };
    let start = Query::new(key).text(walk.source()).text("WHERE TRUE");
    let walked = match walk {
        Walk::Subjects(expression, _) => start.with("AND subjects MATCH ?", expression.clone()),
        _ => start,
    };
    let standing = standing(walked, filter, walk);
    let met = issued(in_domain(owned(standing, filter), filter), filter)
        .with_some(
            "AND c.serial = ?",
            filter
                .serial
                .as_ref()
                .map(|serial| serial.content().to_vec()),
        )
        .with_some(
            "AND c.subject_key_id = ?",
            filter.subject_key_id.map(|key| key.to_vec()),
        )
        .with_some(
            "AND c.subject_line LIKE ? ESCAPE '\\'",
            filter.subject_contains.as_deref().map(subjects::pattern),
        );
    let placed = match (stretch, walk) {
        (Stretch::Numbers(above, below), Walk::Subjects(..)) => met
            .with("AND subjects.rowid > ?", above)
            .with("AND subjects.rowid < ?", below),
        (Stretch::Numbers(above, below), _) => met
            .with("AND c.number > ?", above)
            .with("AND c.number < ?", below),
        (Stretch::KeysAfter(key), _) => {
            met.with_some("AND c.subject_key_id > ?", key.map(|key| key.to_vec()))
        }
        (Stretch::SameKeyAfter(key, number), _) => met
            .with("AND c.subject_key_id = ?", key.to_vec())
            .with("AND c.number > ?", number),
    };
    placed.text(order(filter, walk)).limit(limit)
}

const fn order(filter: &CertificateFilter, walk: &Walk) -> &'static str {
    match (&filter.order, walk) {
        (Order::Number(_), Walk::Subjects(..)) => "ORDER BY subjects.rowid",
        (Order::Number(_), _) => "ORDER BY c.number",
        (Order::NumberDescending(_), Walk::Subjects(..)) => "ORDER BY subjects.rowid DESC",
        (Order::NumberDescending(_), _) => "ORDER BY c.number DESC",
        (Order::SubjectKeyId(_), _) => "ORDER BY c.subject_key_id, c.number",
    }
}

fn standing(query: Query, filter: &CertificateFilter, walk: &Walk) -> Query {
    let query = match (walk, filter.status) {
        (Walk::State(state), _) => query.with("AND c.state = ?", *state),
        (_, Some(StatusFilter::Any)) => query,
        (_, status) => query.with_each("AND c.state IN", listed_states(status)),
    };
    match wanted_expiry(filter.status) {
        None => query,
        Some(true) => query.with("AND c.not_after < ?", filter.now.unix()),
        Some(false) => query.with("AND c.not_after >= ?", filter.now.unix()),
    }
}

fn owned(query: Query, filter: &CertificateFilter) -> Query {
    query.with_some(
        "AND c.owner = (SELECT number FROM users WHERE id = ?)",
        filter.owner.as_ref().map(|id| id.as_str().to_owned()),
    )
}

fn in_domain(query: Query, filter: &CertificateFilter) -> Query {
    query.with_some(
        "AND c.domain = (SELECT number FROM domains WHERE id = ?)",
        filter.domain.as_ref().map(|id| id.as_str().to_owned()),
    )
}

fn issued(query: Query, filter: &CertificateFilter) -> Query {
    query.with_some(
        "AND c.issuer_key = ?",
        filter
            .issuer
            .as_ref()
            .map(|name| IssuerKey::of(name).0.to_vec()),
    )
}

#[cfg(test)]
mod tests {
    use chancery_core::name::Name;

    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;
    use crate::store::tests::{NOW, domain_id, issuer, serial, user_id};

    /// A database in which `u1` and `d1` have many certificates, and `u2` and `d2` none.
    fn database() -> (tempfile::TempDir, Connection) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        connection
            .execute_batch(
                "INSERT INTO domains (id, name, disabled, created) VALUES ('d1', 'D', 0, 0), ('d2', 'D', 0, 0);
                 INSERT INTO users (id, name, domain, roles, disabled, created)
                 VALUES ('u1', 'joe', 1, 0, 0, 0), ('u2', 'ann', 2, 0, 0, 0)",
            )
            .unwrap();
        connection
            .execute(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                 INSERT INTO certificates (id, name, origin, issuer_key, serial, subject_line, subject_key_id,
                     not_before, not_after, owner, domain, state, state_since, created, der)
                 SELECT CAST(n AS BLOB), n, 1, ?2, CAST(n AS BLOB), '/CN=joe', CAST(n AS BLOB), 0, 0, 1, 1, 1, 0, 0, x'00' FROM n",
                rusqlite::params![FEW, IssuerKey::of(&issuer()).0],
            )
            .unwrap();
        (directory, connection)
    }

    /// How SQLite goes about a listing: the lines about certificates and subjects, of each stretch of each walk.
    fn plan(connection: &Connection, filter: &CertificateFilter) -> Vec<String> {
        let mut lines = Vec::new();
        for walk in walks(connection, filter).unwrap() {
            for stretch in stretches(filter, &walk) {
                lines.extend(query(filter, &walk, stretch, 50).plan(connection));
            }
        }
        lines.retain(|line| {
            !line.contains("SCALAR SUBQUERY")
                && !line.contains("users")
                && !line.contains("domains")
        });
        lines
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut CertificateFilter), want: &[&str]) {
        let (_directory, connection) = database();
        let mut filter = CertificateFilter::all(NOW);
        change(&mut filter);
        assert_eq!(plan(&connection, &filter), want);
    }

    const SORT: &str = "USE TEMP B-TREE FOR ORDER BY";

    #[test]
    fn listings_by_number_read_an_index_alone_and_sort_nothing() {
        let by_state = "SEARCH c USING COVERING INDEX certificates_by_state (state=? AND number>? AND number<?)";
        check(|_| {}, &[by_state; 4]);
        check(|f| f.order = Order::Number(Some(7)), &[by_state; 4]);
        check(|f| f.status = Some(StatusFilter::Active), &[by_state]);
        check(|f| f.status = Some(StatusFilter::Expired), &[by_state; 2]);
        let by_number = "SEARCH c USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
        check(|f| f.status = Some(StatusFilter::Any), &[by_number]);
        let by_owner = "SEARCH c USING COVERING INDEX certificates_by_owner (owner=? AND number>? AND number<?)";
        for owner in ["u1", "u2"] {
            for status in [None, Some(StatusFilter::Active), Some(StatusFilter::Any)] {
                check(
                    |f| {
                        f.owner = Some(user_id(owner));
                        f.status = status;
                    },
                    &[by_owner],
                );
            }
        }
        check(
            |f| f.domain = Some(domain_id("d1")),
            &[&by_owner.replace("owner", "domain")],
        );
    }

    #[test]
    fn few_certificates_are_sorted_by_key_without_reading_them() {
        let after = Order::SubjectKeyId(Some(([1; 20], Some(7))));
        let of_owner = "SEARCH c USING COVERING INDEX certificates_by_owner (owner=? AND number>?)";
        let of_domain = of_owner.replace("owner", "domain");
        check(
            |f| {
                f.owner = Some(user_id("u2"));
                f.order = after.clone();
            },
            &[
                of_owner,
                "SEARCH c USING COVERING INDEX certificates_by_owner (owner=?)",
                SORT,
            ],
        );
        check(
            |f| {
                f.domain = Some(domain_id("d2"));
                f.order = after.clone();
            },
            &[
                &of_domain,
                "SEARCH c USING COVERING INDEX certificates_by_domain (domain=?)",
                SORT,
            ],
        );
    }

    #[test]
    fn many_certificates_are_met_in_the_order_of_their_keys() {
        let after = Order::SubjectKeyId(Some(([1; 20], Some(7))));
        let along = [
            "SEARCH c USING COVERING INDEX certificates_by_key (subject_key_id=? AND number>?)",
            "SEARCH c USING COVERING INDEX certificates_by_key (subject_key_id>?)",
        ];
        check(|f| f.order = after.clone(), &along);
        for (owner, domain) in [(Some("u1"), None), (None, Some("d1"))] {
            check(
                |f| {
                    f.owner = owner.map(user_id);
                    f.domain = domain.map(domain_id);
                    f.order = after.clone();
                },
                &along,
            );
        }
        check(
            |f| f.subject_key_id = Some([1; 20]),
            &[
                "SEARCH c USING COVERING INDEX certificates_by_key (subject_key_id=? AND number>? AND number<?)",
            ],
        );
    }

    #[test]
    fn issuers_are_looked_up_or_passed_by() {
        check(
            |f| {
                f.issuer = Some(issuer());
                f.serial = Some(serial(1));
            },
            &[
                "SEARCH c USING INDEX certificates_issued (issuer_key=? AND serial=? AND rowid>? AND rowid<?)",
            ],
        );
        check(
            |f| f.issuer = Some(Name::parse("CN=Another").unwrap()),
            &[
                "SEARCH c USING INDEX certificates_issued (issuer_key=?)",
                SORT,
            ],
        );
        check(
            |f| f.issuer = Some(issuer()),
            &["SEARCH c USING INDEX certificates_by_state (state=? AND number>? AND number<?)"; 4],
        );
    }

    #[test]
    fn texts_are_looked_up_in_the_subject_index() {
        // The number is FTS5's own: it goes along its row ids, up (64) or down (192), and nothing is sorted.
        for (order, along) in [
            (
                Order::Number(Some(7)),
                "SCAN subjects VIRTUAL TABLE INDEX 64:M1><",
            ),
            (
                Order::NumberDescending(Some(7)),
                "SCAN subjects VIRTUAL TABLE INDEX 192:M1><",
            ),
        ] {
            check(
                |f| {
                    f.subject_contains = Some("joe".to_owned());
                    f.order = order;
                },
                &[
                    along,
                    "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)",
                    "SEARCH c USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)",
                ],
            );
        }
        let by_state =
            "SEARCH c USING INDEX certificates_by_state (state=? AND number>? AND number<?)";
        check(
            |f| f.subject_contains = Some("jo".to_owned()),
            &[by_state; 4],
        );
    }
}
