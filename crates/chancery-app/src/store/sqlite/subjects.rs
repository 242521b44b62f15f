//! Text search in subjects: an index of every run of three characters, filled in batches behind the certificates, and
//! behind it the stretches of lines.rs.
//!
//! The index serves texts of which some run is in few subjects; the stretches serve the others. Indexing each subject as
//! it is stored would halve the speed of storing. So the index knows the certificates up to a number, and a search scans
//! those after it; the writer lets the index catch up when it has nothing else to do, and when it is so far behind that
//! the scan would take long.

use rusqlite::{Connection, OptionalExtension, params};

use super::lines;
use crate::search::SubjectCondition;
use crate::store::StoreError;

/// Certificates that are indexed at once: some tens of milliseconds of the writer's time.
const BATCH: i64 = 1_000;

/// So many certificates may wait for the index however busy the writer is: a scan of them takes some milliseconds.
const FAR: i64 = 20_000;

/// Longest text that is searched for, in octets. Longer ones are in no subject.
pub(super) const LONGEST_TEXT: usize = 16 * 1024;

/// Most runs of a text that are thought of, spread over it if it has more.
const MOST_RUNS: usize = 64;

/// Most texts that are looked up together: one look through all subjects finds any number of them.
const MOST_TEXTS: usize = 6;

/// Runs of a text that are looked up, the rarest: nearly every subject has some runs of a whole name, and going through
/// a million of them takes long. What the others would exclude, the comparison with the text does.
const LOOKED_UP: usize = 6;

/// A run in so many subjects or more is of no use: looking through the stretches of lines.rs is quicker than going along
/// the index.
const FREQUENT: i64 = 5_000;

/// So many certificates or more are of no use: looking through all stretches is quicker than reading that many.
const MANY: i64 = 300;

/// The newest certificates among which runs are counted to find the rarest.
const SAMPLE: i64 = 500;

/// How far the index has come. Only the writer changes it.
pub(super) struct SubjectIndex {
    indexed: i64,
    /// The number up to which there are stretches of lines. They follow the index, as long as there is a full one to write.
    in_lines: i64,
    newest: i64,
    broken: bool,
}

impl SubjectIndex {
    /// Reads how far it has come.
    pub(super) fn open(connection: &Connection) -> Result<SubjectIndex, StoreError> {
        Ok(SubjectIndex {
            indexed: indexed_up_to(connection)?,
            in_lines: lines::known_up_to(connection)?,
            newest: newest(connection)?,
            broken: false,
        })
    }

    /// To be told of every commit.
    pub(super) fn saw_commit(&mut self, connection: &Connection) {
        // If this fails, the next commit will tell as much.
        self.newest = newest(connection).unwrap_or(self.newest);
    }

    /// Is there something to index?
    pub(super) fn is_behind(&self) -> bool {
        (self.indexed < self.newest || self.lacks_lines()) && !self.broken
    }

    /// Is there so much to index that searches suffer?
    pub(super) fn is_far_behind(&self) -> bool {
        self.is_behind() && self.newest - self.indexed.min(self.in_lines) > FAR
    }

    /// Indexes one batch or writes one stretch, in a transaction of its own. After an error it is not tried again before
    /// the next start.
    pub(super) fn catch_up(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let done = if self.lacks_lines() {
            let last = self.in_lines.saturating_add(lines::STRETCH);
            lines::write(connection, self.in_lines, last).map(|()| self.in_lines = last)
        } else {
            index_batch(connection, self.indexed).map(|indexed| self.indexed = indexed)
        };
        self.broken = done.is_err();
        done
    }

    fn lacks_lines(&self) -> bool {
        self.indexed - self.in_lines >= lines::STRETCH
    }
}

/// The number up to which the index knows every certificate.
pub(super) fn indexed_up_to(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT upto FROM subjects_indexed")?
        .query_row([], |row| row.get(0))?)
}

/// What to look up in the index, which knows the certificates up to `indexed`, so that it finds every subject of which
/// a condition may hold, and few others. None if it would find too many, or cannot help: with texts of less than three
/// characters.
pub(super) fn expression(
    connection: &Connection,
    condition: &SubjectCondition,
    indexed: i64,
) -> Result<Option<String>, StoreError> {
    let texts = condition.texts();
    if texts.len() > MOST_TEXTS {
        return Ok(None);
    }
    let mut expressions = Vec::with_capacity(texts.len());
    for text in texts {
        let mut runs = runs(text);
        if runs.len() > 1 {
            runs = rarest(connection, runs, indexed)?;
        }
        if !any_is_rare(connection, &runs)? {
            return Ok(None);
        }
        expressions.push(format!("({})", runs.join(" AND ")));
    }
    let expression = expressions.join(" OR ");
    let few = found(connection, &expression, MANY)? < MANY;
    Ok(few.then_some(expression))
}

/// The runs to look up, the rarest first, going by the newest certificates. Each run is looked up by itself, since the
/// index keeps no positions.
fn rarest(
    connection: &Connection,
    runs: Vec<String>,
    indexed: i64,
) -> Result<Vec<String>, StoreError> {
    let mut count = connection
        .prepare_cached("SELECT count(*) FROM subjects WHERE subjects MATCH ?1 AND rowid > ?2")?;
    let mut counted: Vec<(i64, String)> = Vec::with_capacity(runs.len());
    for run in runs {
        let seen = count.query_row(params![run, indexed - SAMPLE], |row| row.get(0))?;
        counted.push((seen, run));
    }
    counted.sort_unstable();
    counted.dedup();
    let rarest = counted.into_iter().take(LOOKED_UP);
    Ok(rarest.map(|(_, run)| run).collect())
}

/// Is one of the runs in few subjects?
fn any_is_rare(connection: &Connection, runs: &[String]) -> Result<bool, StoreError> {
    for run in runs {
        if found(connection, run, FREQUENT)? < FREQUENT {
            return Ok(true);
        }
    }
    Ok(false)
}

/// How many certificates the index finds for an expression, counted up to `most`.
fn found(connection: &Connection, expression: &str, most: i64) -> Result<i64, StoreError> {
    let mut count = connection.prepare_cached(
        "SELECT count(*) FROM (SELECT 1 FROM subjects WHERE subjects MATCH ?1 LIMIT ?2)",
    )?;
    Ok(count.query_row(params![expression, most], |row| row.get(0))?)
}

/// Runs of three characters of a text, each as FTS5 quotes a string.
fn runs(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let step = chars.len() / MOST_RUNS + 1;
    let runs = chars
        .windows(3)
        .step_by(step)
        .filter(|run| !run.contains(&'\0'));
    runs.map(|run| {
        format!(
            "\"{}\"",
            run.iter().collect::<String>().replace('"', "\"\"")
        )
    })
    .collect()
}

/// The newest certificate's number; 0 without any.
pub(super) fn newest(connection: &Connection) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached("SELECT max(number) FROM certificates")?;
    Ok(statement
        .query_row([], |row| row.get::<_, Option<i64>>(0))?
        .unwrap_or(0))
}

/// Gives the number up to which the index then reaches.
fn index_batch(connection: &Connection, indexed: i64) -> Result<i64, StoreError> {
    let transaction = connection.unchecked_transaction()?;
    let last: Option<i64> = transaction
        .prepare_cached(
            "SELECT number FROM certificates WHERE number > ?1 ORDER BY number LIMIT 1 OFFSET ?2",
        )?
        .query_row([indexed, BATCH - 1], |row| row.get(0))
        .optional()?;
    let last = match last {
        Some(last) => last,
        None => newest(&transaction)?,
    };
    transaction
        .prepare_cached(
            "INSERT INTO subjects (rowid, subject_line)
             SELECT number, subject_line FROM certificates WHERE number > ?1 AND number <= ?2 ORDER BY number",
        )?
        .execute([indexed, last])?;
    transaction
        .prepare_cached("UPDATE subjects_indexed SET upto = ?1")?
        .execute([last])?;
    transaction.commit()?;
    Ok(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::search::{CertificateFilter, Order};
    use crate::store::Store;
    use crate::store::certificates::NewCertificate;
    use crate::store::sqlite::{SqliteStore, schema};
    use crate::store::tests::listings::{check_all, fill};
    use crate::store::tests::{NOW, add, certificate, settle};

    #[test]
    fn texts_are_cut_into_runs_of_three() {
        for (text, want) in [
            ("", &[][..]),
            ("jo", &[]),
            ("joe", &["\"joe\""]),
            ("a\"bc", &["\"a\"\"b\"", "\"\"\"bc\""]),
            ("J\u{f6}rg", &["\"J\u{f6}r\"", "\"\u{f6}rg\""]),
            ("a\0b", &[]),
        ] {
            assert_eq!(runs(text), want, "{text:?}");
        }
        assert!(runs(&"0123456789".repeat(1_000)).len() <= MOST_RUNS);
    }

    #[test]
    fn the_rarest_runs_are_looked_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        connection
            .execute(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                 INSERT INTO subjects (rowid, subject_line)
                 SELECT n, iif(n % 100 = 7, 'abcdefghijkl1', 'abcdefghijkl') FROM n",
                [2 * SAMPLE],
            )
            .unwrap();
        for (text, want) in [
            ("abcd", vec!["\"abc\"", "\"bcd\""]),
            (
                "abcdefghijkl1x",
                vec![
                    "\"l1x\"", "\"kl1\"", "\"abc\"", "\"bcd\"", "\"cde\"", "\"def\"",
                ],
            ),
        ] {
            assert_eq!(rarest(&connection, runs(text), 2 * SAMPLE).unwrap(), want);
        }
    }

    #[test]
    fn frequent_runs_are_not_looked_up() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        connection
            .execute(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
                 INSERT INTO subjects (rowid, subject_line)
                 SELECT n, iif(n % 100 = 7, 'abcdefghi', 'abcdef') FROM n",
                [FREQUENT],
            )
            .unwrap();
        let text = |text: &str| text.to_owned();
        for (condition, want) in [
            (SubjectCondition::Contains(text("abc")), false),
            (
                SubjectCondition::ContainsIgnoringCase(text("abcdef")),
                false,
            ),
            (
                SubjectCondition::ContainsIgnoringCase(text("abcdefg")),
                true,
            ),
            (SubjectCondition::IsIgnoringCase(text("ghi")), true),
            (SubjectCondition::IsIgnoringCase(text("gh")), false),
            (
                SubjectCondition::IsOneOf(vec![text("ghi"), text("hij")]),
                true,
            ),
            (
                SubjectCondition::IsOneOf(vec![text("ghi"), text("abc")]),
                false,
            ),
        ] {
            let got = expression(&connection, &condition, FREQUENT).unwrap();
            assert_eq!(got.is_some(), want, "{condition:?}");
        }
    }

    /// The whole suite of listings with something indexed and in stretches, and with all indexed.
    #[tokio::test]
    async fn searches_are_right_however_far_the_index_has_come() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let store = SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        settle(&store).await;
        let mut seen = fill(&store, 0..40).await;
        drop(store);
        let connection = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        assert_eq!(index_batch(&connection, 0).unwrap(), 40);
        for (known, last) in [(0, 10), (10, 11), (11, 25)] {
            lines::write(&connection, known, last).unwrap();
        }
        drop(connection);
        let store = SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        seen.extend(fill(&store, 40..80).await);
        check_all(&store, &seen).await;
        caught_up(&path, 80).await;
        check_all(&store, &seen).await;
    }

    /// Waits until the idle writer has indexed so many certificates.
    async fn caught_up(path: &std::path::Path, want: i64) {
        let reader = schema::open_reader(path).unwrap();
        for _ in 0..1_000 {
            if indexed_up_to(&reader).unwrap() == want {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the index did not catch up");
    }

    #[tokio::test]
    async fn an_idle_writer_indexes_batch_by_batch() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let store = SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        settle(&store).await;
        let count = u32::try_from(2 * BATCH + 1).unwrap();
        let subject = |n| NewCertificate {
            subject_line: format!("/CN=needle{n}"),
            ..certificate(n)
        };
        store
            .commit((0..count).map(|n| add(subject(n))).collect())
            .await
            .unwrap();
        caught_up(&path, i64::from(count)).await;
        let reader = schema::open_reader(&path).unwrap();
        while lines::known_up_to(&reader).unwrap() < 2 * BATCH {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        // Far from the end, so that neither the index nor the stretches are passed by. Number n has needle n - 1.
        for (text, order, want) in [
            ("needle1", Order::Number(Some(500)), [1001, 1002, 1003]),
            ("needle19", Order::Number(Some(500)), [1901, 1902, 1903]),
            ("ne", Order::Number(Some(999)), [1000, 1001, 1002]),
            ("ne", Order::NumberDescending(Some(1001)), [1000, 999, 998]),
            (
                "99",
                Order::NumberDescending(Some(1990)),
                [1900, 1800, 1700],
            ),
        ] {
            let filter = CertificateFilter {
                subject: Some(SubjectCondition::Contains(text.to_owned())),
                order,
                ..CertificateFilter::all(NOW)
            };
            let page = store.certificates(filter.clone(), 3).await.unwrap();
            let got: Vec<i64> = page.iter().map(|certificate| certificate.number).collect();
            assert_eq!(got, want, "{text}");
            let window = store.window(filter, 1, 2).await.unwrap();
            assert_eq!(window.certificates, page[1..], "{text}");
        }
        for (text, want) in [("needle2000", 1), ("NEEDLE", 50), ("needless", 0)] {
            for order in [Order::Number(None), Order::NumberDescending(None)] {
                let filter = CertificateFilter {
                    subject: Some(SubjectCondition::ContainsIgnoringCase(text.to_owned())),
                    order,
                    ..CertificateFilter::all(NOW)
                };
                assert_eq!(
                    store.certificates(filter, 50).await.unwrap().len(),
                    want,
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn a_broken_index_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let connection =
            schema::open_writer(&directory.path().join("a.db"), &StoreConfig::default()).unwrap();
        let mut index = SubjectIndex {
            indexed: 0,
            in_lines: 0,
            newest: FAR + 1,
            broken: false,
        };
        assert!(index.is_far_behind());
        connection.execute_batch("DROP TABLE subjects").unwrap();
        index.catch_up(&connection).unwrap_err();
        assert!(!index.is_behind() && !index.is_far_behind());
        assert!(connection.is_autocommit());
    }
}
