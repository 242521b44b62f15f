//! Walks: the indexes along which certificates are met, chosen here for each filter, not guessed by the database.
//!
//! A listing is one walk along an index, or two, one after the other, that together meet the certificates in the
//! listing's order. Must not know what becomes of what is met.

use chancery_core::identity::CertificateNumber;
use chancery_core::key::KeyId;
use rusqlite::Connection;

use super::codes::{listed_states, wanted_expiry};
use super::query::Query;
use super::{lines, subjects};
use crate::search::{CertificateFilter, Order, StatusFilter, SubjectCondition};
use crate::store::StoreError;
use crate::store::certificates::IssuerKey;

/// Fewer certificates than this are looked at one by one, or sorted, rather than met along a wider index.
const FEW: i64 = 5_000;

/// So many certificates are compared with a text one by one before it is looked up.
const NEAR: i64 = 1_000;

/// How many certificates are expected to pass.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Expected {
    /// Some or many: whichever it is has to be found out.
    Unknown,
    /// More than [`super::listing::MOST_NUMBERS`].
    Many,
}

/// A way along which certificates are met in the listing's order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Walk {
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
    /// All that are neither deleted nor purged, by number.
    Listed,
    /// All after a number, by number.
    After(CertificateNumber),
    /// What the subject index finds for an expression, by number; it knows those up to a number.
    Subjects(String, CertificateNumber),
    /// What is found in the stretches of subjects, by number; they know those up to a number.
    Lines(CertificateNumber),
}

impl Walk {
    const fn source(&self) -> &'static str {
        match self {
            Walk::Issued => "FROM certificates AS c INDEXED BY certificates_issued",
            Walk::Owner => "FROM certificates AS c INDEXED BY certificates_by_owner",
            Walk::Domain => "FROM certificates AS c INDEXED BY certificates_by_domain",
            Walk::Keys => "FROM certificates AS c INDEXED BY certificates_by_key",
            Walk::State(_) => "FROM certificates AS c INDEXED BY certificates_by_state",
            Walk::Listed => "FROM certificates AS c INDEXED BY certificates_listed",
            Walk::After(_) | Walk::Lines(_) => "FROM certificates AS c NOT INDEXED",
            Walk::Subjects(..) => {
                "FROM subjects CROSS JOIN certificates AS c ON c.number = subjects.rowid"
            }
        }
    }
}

/// The walks that together meet every certificate that passes, each one once, one walk after the other.
pub(super) fn walks(
    connection: &Connection,
    filter: &CertificateFilter,
    expected: Expected,
) -> Result<Vec<Walk>, StoreError> {
    if filter.issuer.is_some() && filter.serial.is_some() {
        return Ok(vec![Walk::Issued]);
    }
    if filter.subject_key_id.is_some() {
        return Ok(vec![Walk::Keys]);
    }
    let by_key = matches!(filter.order, Order::SubjectKeyId(_));
    if let Some(walk) = narrow(filter) {
        let in_order = walk != Walk::Issued && !by_key;
        if (in_order && filter.subject.is_none()) || meets_few(connection, filter, &walk)? {
            return Ok(vec![walk]);
        }
    }
    if by_key {
        return Ok(vec![Walk::Keys]);
    }
    if let Some(condition) = &filter.subject {
        if let Order::Number(Some(after)) = filter.order
            && subjects::newest(connection)?.saturating_sub(after) <= NEAR
        {
            return Ok(vec![Walk::After(after)]);
        }
        let mut walks = looked_up(connection, condition, expected)?;
        if matches!(filter.order, Order::NumberDescending(_)) {
            walks.reverse();
        }
        return Ok(walks);
    }
    Ok(vec![by_standing(filter.status)])
}

/// The walks along all certificates of whose subject a condition may hold, the oldest first.
fn looked_up(
    connection: &Connection,
    condition: &SubjectCondition,
    expected: Expected,
) -> Result<Vec<Walk>, StoreError> {
    if expected == Expected::Unknown {
        let indexed = subjects::indexed_up_to(connection)?;
        if let Some(expression) = subjects::expression(connection, condition, indexed)? {
            return Ok(vec![
                Walk::Subjects(expression, indexed),
                Walk::After(indexed),
            ]);
        }
    }
    let known = lines::known_up_to(connection)?;
    Ok(vec![Walk::Lines(known), Walk::After(known)])
}

/// The walk along those of one owner, domain or issuer, if the filter names one.
pub(super) fn narrow(filter: &CertificateFilter) -> Option<Walk> {
    match (&filter.owner, &filter.domain, &filter.issuer) {
        (Some(_), _, _) => Some(Walk::Owner),
        (None, Some(_), _) => Some(Walk::Domain),
        (None, None, Some(_)) => Some(Walk::Issued),
        (None, None, None) => None,
    }
}

pub(super) fn by_standing(status: Option<StatusFilter>) -> Walk {
    match (status, listed_states(status)) {
        (Some(StatusFilter::Any), _) => Walk::After(0),
        (_, [state]) => Walk::State(*state),
        _ => Walk::Listed,
    }
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
pub(super) enum Stretch<'a> {
    /// Those with numbers above the first and below the second, by number.
    Numbers(CertificateNumber, CertificateNumber),
    /// Those with greater keys, by key and number.
    KeysAfter(Option<&'a KeyId>),
    /// Those with this key and a number above, by number.
    SameKeyAfter(&'a KeyId, CertificateNumber),
}

/// What is left of a walk after the place where the page starts.
pub(super) fn stretches<'a>(filter: &'a CertificateFilter, walk: &Walk) -> Vec<Stretch<'a>> {
    let (least, most) = match walk {
        Walk::After(number) => (*number, i64::MAX),
        Walk::Subjects(_, number) | Walk::Lines(number) => (0, number.saturating_add(1)),
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

/// The numbers on one stretch of one walk, with the subjects if they have to be looked at.
pub(super) fn query(filter: &CertificateFilter, walk: &Walk, stretch: Stretch<'_>) -> Query {
    let select = match filter.subject {
        Some(_) => "SELECT c.number, c.subject_line",
        None => "SELECT c.number",
    };
    selection(select, filter, walk, stretch).text(order(filter, walk))
}

/// What `select` selects on one stretch of one walk.
pub(super) fn selection(
    select: &'static str,
    filter: &CertificateFilter,
    walk: &Walk,
    stretch: Stretch<'_>,
) -> Query {
    let start = Query::new(select).text(walk.source()).text("WHERE TRUE");
    let walked = match walk {
        Walk::Subjects(expression, _) => start.with("AND subjects MATCH ?", expression.clone()),
        _ => start,
    };
    let standing = standing(walked, filter, walk);
    let met = issued(belonging(standing, filter), filter)
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
        );
    match (stretch, walk) {
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
    }
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
        // The words of the index, by which SQLite knows that it can be used.
        (Walk::Listed, None) => query.text("AND c.state < 4"),
        (Walk::Listed, status) => query
            .text("AND c.state < 4")
            .with_each("AND c.state IN", listed_states(status)),
        (_, Some(StatusFilter::Any)) => query,
        (_, status) => query.with_each("AND c.state IN", listed_states(status)),
    };
    match wanted_expiry(filter.status) {
        None => query,
        Some(true) => query.with("AND c.not_after < ?", filter.now.unix()),
        Some(false) => query.with("AND c.not_after >= ?", filter.now.unix()),
    }
}

/// Adds the conditions on owner and domain.
pub(super) fn belonging(query: Query, filter: &CertificateFilter) -> Query {
    in_domain(owned(query, filter), filter)
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
        for walk in walks(connection, filter, Expected::Unknown).unwrap() {
            for stretch in stretches(filter, &walk) {
                lines.extend(
                    query(filter, &walk, stretch)
                        .stretch(0, 50)
                        .plan(connection),
                );
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
        let listed = "SEARCH c USING COVERING INDEX certificates_listed (number>? AND number<?)";
        check(|_| {}, &[listed]);
        check(|f| f.order = Order::Number(Some(7)), &[listed]);
        check(|f| f.status = Some(StatusFilter::Active), &[by_state]);
        check(|f| f.status = Some(StatusFilter::Expired), &[listed]);
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
            &["SEARCH c USING INDEX certificates_listed (number>? AND number<?)"],
        );
    }

    #[test]
    fn texts_are_looked_up_in_the_subject_index() {
        // The number is FTS5's own: it goes along its row ids, up (64) or down (192), and nothing is sorted.
        let found = "SEARCH c USING INTEGER PRIMARY KEY (rowid=?)";
        let after = "SEARCH c USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)";
        for (order, want) in [
            (
                Order::Number(None),
                ["SCAN subjects VIRTUAL TABLE INDEX 64:M1><", found, after],
            ),
            (
                Order::NumberDescending(Some(7)),
                [after, "SCAN subjects VIRTUAL TABLE INDEX 192:M1><", found],
            ),
        ] {
            check(
                |f| {
                    f.subject = Some(SubjectCondition::Contains("joe".to_owned()));
                    f.order = order;
                },
                &want,
            );
        }
        // Close to the end, and with a text that is too short, subjects are compared one by one.
        check(
            |f| {
                f.subject = Some(SubjectCondition::Contains("joe".to_owned()));
                f.order = Order::Number(Some(FEW - NEAR));
            },
            &[after],
        );
        let (_directory, connection) = database();
        let short = CertificateFilter {
            subject: Some(SubjectCondition::Contains("jo".to_owned())),
            ..CertificateFilter::all(NOW)
        };
        assert_eq!(
            walks(&connection, &short, Expected::Unknown).unwrap(),
            [Walk::After(0), Walk::Lines(0)]
        );
    }

    #[test]
    fn totals_are_counted_along_an_index_alone() {
        let (_directory, connection) = database();
        let all = || CertificateFilter {
            order: Order::Number(None),
            ..CertificateFilter::all(NOW)
        };
        let (mut deleted, mut held, mut owned, mut in_domain) = (all(), all(), all(), all());
        deleted.status = Some(StatusFilter::Deleted);
        held.status = Some(StatusFilter::OnHold);
        owned.owner = Some(user_id("u1"));
        in_domain.domain = Some(domain_id("d1"));
        for (filter, index) in [
            (all(), "certificates_listed"),
            (deleted, "certificates_by_state"),
            (held, "certificates_by_state"),
            (owned, "certificates_by_owner"),
            (in_domain, "certificates_by_domain"),
        ] {
            let walk = walks(&connection, &filter, Expected::Unknown)
                .unwrap()
                .remove(0);
            let stretch = stretches(&filter, &walk).remove(0);
            let plan = selection("SELECT count(*)", &filter, &walk, stretch).plan(&connection);
            let along = format!("COVERING INDEX {index} ");
            assert!(plan.iter().any(|line| line.contains(&along)), "{plan:?}");
        }
    }
}
