//! Totals of listings, beside the pages for which they are asked.
//!
//! Certificates are never taken out of the database, and their subjects, owners and domains never change (the database
//! sees to that); none is deleted when it is stored. So how many certificates up to a number meet such conditions is
//! settled for ever, and what leaves the list is written down, one after the other, in `removed`. A total once counted is
//! kept with the two places up to which it holds; when it is asked for again, only what came and what left since is
//! looked at. Nothing is ever estimated.
//!
//! Totals are kept in memory alone, a few, and shared by all readers. A listing of one standing, key or issuer is counted
//! anew each time: a certificate expires, and is held and released, without a trace.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use chancery_core::identity::{CertificateNumber, DomainId, UserId};
use rusqlite::Connection;

use super::lines;
use super::listing::{self, MOST_NUMBERS, Passed};
use super::query::Query;
use super::walks::{Expected, belonging};
use crate::search::{CertificateFilter, Order, StatusFilter, SubjectCondition, Window};
use crate::store::StoreError;

/// Totals that are kept.
const KEPT: usize = 256;

/// Most octets of the texts of a condition whose total is kept.
const LONGEST_KEPT: usize = 2 * 1024;

/// When more have left the list, all is counted anew rather than these looked at one by one.
const MOST_LEFT: i64 = 20_000;

/// The totals that were counted before, the least used of which make room.
#[derive(Default)]
pub(super) struct Totals(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    totals: HashMap<Conditions, Use>,
    uses: u64,
}

struct Use {
    total: Total,
    /// How many uses of any total there had been.
    last: u64,
}

/// What a total is kept for: all that certificates which are neither deleted nor purged must meet.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Conditions {
    owner: Option<UserId>,
    domain: Option<DomainId>,
    subject: Option<SubjectCondition>,
}

/// What passes, and how far that goes.
#[derive(Clone)]
struct Total {
    passed: Arc<Passed>,
    upto: Mark,
}

/// How far something goes: the newest certificate, and the newest that left the list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Mark {
    certificate: i64,
    removal: i64,
}

impl Totals {
    /// A stretch of a listing with its total, both of one snapshot: the transaction must not have read anything yet.
    pub(super) fn window(
        &self,
        connection: &Connection,
        filter: &CertificateFilter,
        offset: u64,
        limit: usize,
    ) -> Result<Window, StoreError> {
        let Some(filter) = listing::plain(filter) else {
            return Ok(Window {
                certificates: Vec::new(),
                total: 0,
            });
        };
        let passed = self.passed(connection, &filter)?;
        let certificates = match (&passed.numbers, usize::try_from(offset)) {
            _ if offset >= passed.count => Vec::new(),
            (Some(numbers), Ok(offset)) if !matches!(filter.order, Order::SubjectKeyId(_)) => {
                listing::page_of(connection, numbers, &filter.order, offset, limit)?
            }
            (None, _) => listing::page_after(connection, &filter, offset, limit, Expected::Many)?,
            _ => listing::page_after(connection, &filter, offset, limit, Expected::Unknown)?,
        };
        Ok(Window {
            certificates,
            total: passed.count,
        })
    }

    /// All that passes, wherever the filter's order starts.
    fn passed(
        &self,
        connection: &Connection,
        filter: &CertificateFilter,
    ) -> Result<Arc<Passed>, StoreError> {
        let whole = CertificateFilter {
            order: Order::Number(None),
            ..filter.clone()
        };
        let Some(conditions) = Conditions::of(filter) else {
            return Ok(Arc::new(listing::count(connection, &whole)?));
        };
        // Looked up before the snapshot is taken, which is when something is read for the first time: so what is kept is
        // never newer than the snapshot.
        let known = self.known(&conditions);
        let upto = Mark::of(connection)?;
        let passed = match known.and_then(|known| Some((known.upto.left_until(upto)?, known))) {
            Some((_, known)) if known.upto == upto => return Ok(known.passed),
            Some((left, known)) if left <= MOST_LEFT => brought_up(connection, &whole, &known)?,
            _ => listing::count(connection, &whole)?,
        };
        let passed = Arc::new(passed);
        let total = Total {
            passed: Arc::clone(&passed),
            upto,
        };
        self.keep(conditions, total);
        Ok(passed)
    }

    fn known(&self, conditions: &Conditions) -> Option<Total> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses += 1;
        let uses = kept.uses;
        let known = kept.totals.get_mut(conditions)?;
        known.last = uses;
        Some(known.total.clone())
    }

    fn keep(&self, conditions: Conditions, total: Total) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = kept.uses;
        if let Some(known) = kept.totals.get_mut(&conditions) {
            // Another reader may have come farther meanwhile.
            if known.total.upto.left_until(total.upto).is_some() {
                known.total = total;
            }
            return;
        }
        if kept.totals.len() >= KEPT {
            let oldest = kept.totals.iter().min_by_key(|(_, known)| known.last);
            if let Some(oldest) = oldest.map(|(conditions, _)| conditions.clone()) {
                kept.totals.remove(&oldest);
            }
        }
        kept.totals.insert(conditions, Use { total, last });
    }
}

impl Conditions {
    /// None if the total cannot be kept.
    fn of(filter: &CertificateFilter) -> Option<Conditions> {
        let CertificateFilter {
            owner,
            domain,
            issuer: None,
            serial: None,
            subject_key_id: None,
            subject,
            status: None,
            now: _,
            order: _,
        } = filter
        else {
            return None;
        };
        let texts = subject.as_ref().map_or(&[][..], SubjectCondition::texts);
        let long: usize = texts
            .iter()
            .map(|text| text.len() + size_of::<String>())
            .sum();
        (long <= LONGEST_KEPT).then(|| Conditions {
            owner: owner.clone(),
            domain: domain.clone(),
            subject: subject.clone(),
        })
    }
}

impl Mark {
    /// How far the database goes.
    fn of(connection: &Connection) -> Result<Mark, StoreError> {
        Ok(connection
            .prepare_cached(
                "SELECT coalesce((SELECT max(number) FROM certificates), 0), coalesce((SELECT max(seq) FROM removed), 0)",
            )?
            .query_row([], |row| {
                Ok(Mark {
                    certificate: row.get(0)?,
                    removal: row.get(1)?,
                })
            })?)
    }

    /// How many left the list until a later mark; none if that is not later.
    fn left_until(self, later: Mark) -> Option<i64> {
        (self.certificate <= later.certificate && self.removal <= later.removal)
            .then(|| later.removal - self.removal)
    }
}

/// What passes now, by what passed and what came and left since.
fn brought_up(
    connection: &Connection,
    filter: &CertificateFilter,
    known: &Total,
) -> Result<Passed, StoreError> {
    // Whatever became of them: those that left again are among those that left.
    let came = listing::count(
        connection,
        &CertificateFilter {
            status: Some(StatusFilter::Any),
            order: Order::Number(Some(known.upto.certificate)),
            ..filter.clone()
        },
    )?;
    let left = left_since(connection, filter, known.upto)?;
    let count = (known.passed.count + came.count).saturating_sub(left.len() as u64);
    let numbers = match (&known.passed.numbers, came.numbers) {
        (Some(known), Some(came)) if known.len() + came.len() <= MOST_NUMBERS => {
            let mut numbers = [known.as_slice(), &came].concat();
            numbers.retain(|number| !left.contains(number));
            Some(numbers)
        }
        _ => None,
    };
    Ok(Passed { count, numbers })
}

/// The certificates that left the list since and meet the conditions, new ones too.
fn left_since(
    connection: &Connection,
    filter: &CertificateFilter,
    since: Mark,
) -> Result<HashSet<CertificateNumber>, StoreError> {
    let start = Query::new(
        "SELECT c.number, c.subject_line FROM removed CROSS JOIN certificates AS c ON c.number = removed.certificate",
    )
    .with("WHERE removed.seq > ?", since.removal);
    let mut left = HashSet::new();
    belonging(start, filter).each(connection, |row| {
        let holds = match &filter.subject {
            Some(condition) => condition.holds(lines::text(row.get_ref(1)?)?),
            None => true,
        };
        if holds {
            left.insert(row.get(0)?);
        }
        Ok(true)
    })?;
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;

    fn total(count: u64, certificate: i64, removal: i64) -> Total {
        Total {
            passed: Arc::new(Passed {
                count,
                numbers: None,
            }),
            upto: Mark {
                certificate,
                removal,
            },
        }
    }

    fn conditions(text: &str) -> Conditions {
        Conditions {
            owner: None,
            domain: None,
            subject: Some(SubjectCondition::Contains(text.to_owned())),
        }
    }

    #[test]
    fn the_least_used_totals_make_room() {
        let totals = Totals::default();
        for n in 0..KEPT {
            let conditions = conditions(&n.to_string());
            assert!(totals.known(&conditions).is_none());
            totals.keep(conditions, total(n as u64, 1, 0));
        }
        assert!(totals.known(&conditions("0")).is_some());
        totals.keep(conditions("new"), total(7, 1, 0));
        assert_eq!(totals.0.lock().unwrap().totals.len(), KEPT);
        let count = |text: &str| Some(totals.known(&conditions(text))?.passed.count);
        assert_eq!(
            (count("new"), count("0"), count("1"), count("2")),
            (Some(7), Some(0), None, Some(2))
        );
    }

    #[test]
    fn a_kept_total_only_moves_forward() {
        let totals = Totals::default();
        for (kept, want) in [
            (total(5, 10, 2), 5),
            (total(4, 9, 2), 5),
            (total(6, 10, 1), 5),
            (total(7, 9, 3), 5),
            (total(8, 11, 2), 8),
            (total(7, 11, 3), 7),
        ] {
            totals.keep(conditions("a"), kept);
            let known = totals.known(&conditions("a")).unwrap();
            assert_eq!(known.passed.count, want);
        }
    }

    #[test]
    fn totals_of_long_texts_and_of_standings_are_not_kept() {
        let all = || CertificateFilter::all(chancery_core::time::Time::from_unix(0));
        let with = |subject| CertificateFilter {
            subject: Some(subject),
            ..all()
        };
        let standing = CertificateFilter {
            status: Some(StatusFilter::Active),
            ..all()
        };
        for (filter, want) in [
            (all(), true),
            (with(SubjectCondition::Contains("x".repeat(1_000))), true),
            (with(SubjectCondition::Contains("x".repeat(3_000))), false),
            (
                with(SubjectCondition::IsOneOf(vec![String::new(); 100])),
                false,
            ),
            (standing, false),
        ] {
            assert_eq!(Conditions::of(&filter).is_some(), want, "{filter:?}");
        }
    }

    /// Reader and writer take turns: what is counted is always what a plain count gives, whatever was counted before.
    #[test]
    fn totals_go_on_from_where_they_stood() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let writer = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        writer
            .execute_batch(
                "INSERT INTO domains (id, name, disabled, created) VALUES ('d1', 'D', 0, 0), ('d2', 'D', 0, 0);
                 INSERT INTO users (id, name, domain, roles, disabled, created)
                 VALUES ('u1', 'joe', 1, 0, 0, 0), ('u2', 'ann', 2, 0, 0, 0)",
            )
            .unwrap();
        let mut added = 0_i64;
        let mut add = |count: i64| {
            for n in added..added + count {
                let key = n.to_be_bytes();
                writer
                    .execute(
                        "INSERT INTO certificates (id, name, origin, issuer_key, serial, subject_line, subject_key_id,
                             not_before, not_after, owner, domain, state, state_since, created, der)
                         VALUES (?1, ?2, 1, ?1, ?1, ?3, ?1, 0, 0, ?4, ?4, 1, 0, 0, x'00')",
                        rusqlite::params![key, n.to_string(), format!("/CN=joe{n}"), 1 + n % 2],
                    )
                    .unwrap_or_else(|error| panic!("{n}: {error}"));
            }
            added += count;
        };
        let reader = schema::open_reader(&path).unwrap();
        let totals = Totals::default();
        let check = || {
            for owner in [None, Some("u1"), Some("u9")] {
                for (text, pattern) in [
                    ("", "%"),
                    ("JOE", "%joe%"),
                    ("7", "%7%"),
                    ("e1", "%e1%"),
                    ("ann", "%ann%"),
                ] {
                    let filter = CertificateFilter {
                        owner: owner.map(|id| UserId::parse(id).unwrap()),
                        subject: Some(SubjectCondition::ContainsIgnoringCase(text.to_owned())),
                        ..CertificateFilter::all(chancery_core::time::Time::from_unix(0))
                    };
                    let want: i64 = writer
                        .query_row(
                            "SELECT count(*) FROM certificates WHERE state < 4 AND subject_line LIKE ?1
                             AND (?2 IS NULL OR owner = (SELECT number FROM users WHERE id = ?2))",
                            rusqlite::params![pattern, owner],
                            |row| row.get(0),
                        )
                        .unwrap();
                    reader.execute_batch("BEGIN").unwrap();
                    let got = totals.window(&reader, &filter, 0, 0).unwrap().total;
                    reader.execute_batch("ROLLBACK").unwrap();
                    assert_eq!(got, want.unsigned_abs(), "{text:?} of {owner:?}");
                }
            }
        };
        let remove = |sql: &str| writer.execute(sql, []).unwrap();
        check();
        add(30);
        check();
        remove("UPDATE certificates SET state = 4 WHERE number % 7 = 0 AND state < 4");
        check();
        add(1_500);
        remove(
            "UPDATE certificates SET state = 5, issuer_name = x'', subject_name = x'' WHERE number % 14 = 0",
        );
        check();
        remove(
            "UPDATE certificates SET state = 4 WHERE number > 1000 AND number % 3 = 0 AND state < 4",
        );
        check();
        check();
    }
    /// A database of the first version, with an active certificate and a deleted one.
    const FIRST: &str = "INSERT INTO domains (id, name, disabled, created) VALUES ('d1', 'D', 0, 0);
        INSERT INTO users (id, name, domain, roles, disabled, created) VALUES ('u1', 'joe', 1, 0, 0, 0);
        INSERT INTO certificates (id, name, origin, issuer_key, serial, subject_line, subject_key_id, not_before,
            not_after, owner, domain, state, state_since, created, der)
        VALUES (x'01', 'a', 1, x'00', x'01', '/CN=joe', x'01', 0, 0, 1, 1, 1, 0, 0, x'00'),
               (x'02', 'b', 1, x'00', x'02', '/CN=ann', x'02', 0, 0, 1, 1, 4, 0, 0, x'00')";

    #[test]
    fn what_totals_rest_on_is_kept_by_the_database_itself() {
        let connection = Connection::open_in_memory().unwrap();
        for sql in [
            include_str!("migrations/0001_first.sql"),
            FIRST,
            include_str!("migrations/0002_search.sql"),
        ] {
            connection.execute_batch(sql).unwrap();
        }
        let removed = || {
            let mut statement = connection
                .prepare("SELECT certificate FROM removed ORDER BY seq")
                .unwrap();
            let rows = statement.query_map([], |row| row.get::<_, i64>(0)).unwrap();
            rows.collect::<Result<Vec<_>, _>>().unwrap()
        };
        assert_eq!(removed(), [2]);
        for sql in [
            "UPDATE certificates SET subject_line = '/CN=x' WHERE number = 1",
            "UPDATE certificates SET owner = 2 WHERE number = 1",
            "UPDATE certificates SET domain = 2 WHERE number = 1",
            "UPDATE certificates SET state = 1 WHERE number = 2",
            "DELETE FROM removed",
            "UPDATE removed SET certificate = 1",
        ] {
            let error = connection.execute_batch(sql).expect_err(sql);
            assert_eq!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::ConstraintViolation),
                "{sql}: {error}"
            );
        }
        for sql in [
            "UPDATE certificates SET state = 4 WHERE number = 1",
            "UPDATE certificates SET state = 5, issuer_name = x'', subject_name = x'' WHERE number = 1",
        ] {
            connection.execute_batch(sql).unwrap();
            assert_eq!(removed(), [2, 1], "{sql}");
        }
    }
}
