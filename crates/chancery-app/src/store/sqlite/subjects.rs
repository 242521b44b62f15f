//! Text search in subjects: an index of every run of three characters, filled in batches behind the certificates.
//!
//! Indexing each subject as it is stored would halve the speed of storing. So the index knows the certificates up to a
//! number, and a search scans those after it; the writer lets the index catch up when it has nothing else to do, and
//! when it is so far behind that the scan would take long.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::StoreError;

/// Certificates that are indexed at once: some tens of milliseconds of the writer's time.
const BATCH: i64 = 1_000;

/// So many certificates may wait for the index however busy the writer is: a scan of them takes some milliseconds.
const FAR: i64 = 20_000;

/// Longest text that is searched for, in octets. Longer ones are in no subject, and SQLite refuses their patterns.
pub(super) const LONGEST_TEXT: usize = 16 * 1024;

/// Most runs of a text that are thought of, spread over it if it has more.
const MOST_RUNS: usize = 64;

/// Runs of a text that are looked up, the rarest: nearly every subject has some runs of a whole name, and going through
/// a million of them takes long. What the others would exclude, the comparison with the text does.
const LOOKED_UP: usize = 6;

/// The newest certificates among which runs are counted to find the rarest.
const SAMPLE: i64 = 500;

/// How far the index has come. Only the writer changes it.
pub(super) struct SubjectIndex {
    indexed: i64,
    newest: i64,
    broken: bool,
}

impl SubjectIndex {
    /// Reads how far it has come.
    pub(super) fn open(connection: &Connection) -> Result<SubjectIndex, StoreError> {
        Ok(SubjectIndex {
            indexed: indexed_up_to(connection)?,
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
        self.indexed < self.newest && !self.broken
    }

    /// Is there so much to index that searches suffer?
    pub(super) fn is_far_behind(&self) -> bool {
        self.is_behind() && self.newest - self.indexed > FAR
    }

    /// Indexes one batch, in a transaction of its own. After an error it is not tried again before the next start.
    pub(super) fn catch_up(&mut self, connection: &Connection) -> Result<(), StoreError> {
        match index_batch(connection, self.indexed) {
            Ok(indexed) => {
                self.indexed = indexed;
                Ok(())
            }
            Err(error) => {
                self.broken = true;
                Err(error)
            }
        }
    }
}

/// The number up to which the index knows every certificate.
pub(super) fn indexed_up_to(connection: &Connection) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT upto FROM subjects_indexed")?
        .query_row([], |row| row.get(0))?)
}

/// Can the index help with a text? Not with one of less than three characters.
pub(super) fn can_find(text: &str) -> bool {
    !runs(text).is_empty()
}

/// What to look up in the index, which knows the certificates up to `indexed`, for a text. Each run is looked up by
/// itself, since the index keeps no positions.
pub(super) fn expression(
    connection: &Connection,
    text: &str,
    indexed: i64,
) -> Result<String, StoreError> {
    let mut runs = runs(text);
    if runs.len() > 1 {
        let mut count = connection.prepare_cached(
            "SELECT count(*) FROM subjects WHERE subjects MATCH ?1 AND rowid > ?2",
        )?;
        let mut counted: Vec<(i64, String)> = Vec::with_capacity(runs.len());
        for run in runs {
            counted.push((
                count.query_row(params![run, indexed - SAMPLE], |row| row.get(0))?,
                run,
            ));
        }
        counted.sort_unstable();
        runs = counted
            .into_iter()
            .take(LOOKED_UP)
            .map(|(_, run)| run)
            .collect();
    }
    Ok(runs.join(" AND "))
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

/// The LIKE pattern for what contains a text, with `\` for its escape character.
pub(super) fn pattern(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

fn newest(connection: &Connection) -> Result<i64, StoreError> {
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
    use crate::store::sqlite::{SqliteStore, schema};
    use crate::store::tests::listings::{check_all, fill};
    use crate::store::tests::{NOW, add, certificate, settle};
    use crate::store::{NewCertificate, Store};

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
            ("abc", vec!["\"abc\""]),
            ("abcd", vec!["\"abc\"", "\"bcd\""]),
            (
                "abcdefghijkl1x",
                vec![
                    "\"l1x\"", "\"kl1\"", "\"abc\"", "\"bcd\"", "\"cde\"", "\"def\"",
                ],
            ),
        ] {
            assert_eq!(
                expression(&connection, text, 2 * SAMPLE).unwrap(),
                want.join(" AND ")
            );
        }
    }

    #[test]
    fn patterns_take_wildcards_literally() {
        for (text, want) in [("joe", "%joe%"), ("100%_\\", "%100\\%\\_\\\\%")] {
            assert_eq!(pattern(text), want);
        }
    }

    /// The whole suite of listings with nothing indexed, something, and all.
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
        for (text, want) in [("needle2000", 1), ("NEEDLE", 50), ("needless", 0)] {
            for order in [Order::Number(None), Order::NumberDescending(None)] {
                let subject_contains = Some(text.to_owned());
                let filter = CertificateFilter {
                    subject_contains,
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
