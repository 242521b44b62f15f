//! A large database, made from one certificate: its row again and again, each time with another number, id, name, serial
//! number, subject and subject key identifier, in the columns and in the DER. The signatures of such rows do not hold.
//!
//! Knows how the server stores certificates: their table, whose columns it asks for, so that those added later are copied
//! with the rest, and what counts their revocations. Must not know what the other tables hold.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chancery_core::x509::read_certificate;
use clap::{Args, value_parser};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::Error;
use crate::output::{self, Report, rounded};
use crate::random::Random;

/// A server does not go away while one waits.
const PATIENCE: Duration = Duration::from_millis(100);
/// Rows of one transaction.
const BATCH: u64 = 10_000;
/// So many last octets of id, serial number and key identifier differ.
const VARIED: usize = 8;
/// So many last letters of the common name become the digits of a row's number.
const DIGITS: usize = 7;
const MOST: u64 = 10_u64.pow(DIGITS as u32) - 1;

/// What `fill` takes.
#[derive(Args)]
#[command(
    after_help = "Danger: the rows that this makes are no real certificates. Their signatures do not verify and all share one key. \
                  Use it on a database that is there to be measured, never on one that anybody relies on."
)]
pub(crate) struct Options {
    #[command(flatten)]
    filling: Filling,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// What to add, and where.
#[derive(Args)]
pub(crate) struct Filling {
    /// The database file of a server that is not running
    #[arg(long, value_name = "FILE")]
    pub(crate) database: PathBuf,
    /// Rows to add
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=MOST))]
    pub(crate) count: u64,
    /// Number of the certificate to copy; without it, the newest active one that `load issue` made
    #[arg(long, value_name = "NUMBER")]
    pub(crate) like: Option<i64>,
    /// Add them as revoked (superseded) since they were made
    #[arg(long)]
    pub(crate) revoked: bool,
}

/// Adds the rows.
///
/// # Errors
/// The database is in use or has no certificate that can be copied.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    let json = options.json;
    tokio::task::spawn_blocking(move || fill(&options.filling))
        .await??
        .print(json)?;
    Ok(ExitCode::SUCCESS)
}

/// Adds the rows, and tells how long it took.
///
/// # Errors
/// The database is in use or has no certificate that can be copied.
pub(crate) fn fill(options: &Filling) -> Result<Report, Error> {
    let mut database = open(options)?;
    let original = Original::read(&database, options.like)?;
    let begun = Instant::now();
    add_rows(&mut database, &original, options)?;
    if options.revoked {
        count_revocation(&database, original.number)?;
    }
    database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let elapsed = begun.elapsed().as_secs_f64();
    let mut report = Report::default();
    report.add("rows", options.count);
    report.add("seconds", rounded(elapsed, 1));
    report.add(
        "rows_per_second",
        rounded(options.count as f64 / elapsed, 0),
    );
    Ok(report)
}

/// Opens the database for this program alone.
fn open(options: &Filling) -> Result<Connection, Error> {
    let named = |error| format!("{}: {error}", options.database.display());
    let database =
        Connection::open_with_flags(&options.database, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(named)?;
    database.busy_timeout(PATIENCE)?;
    // Not durable row by row: if the machine stops meanwhile, the database is filled anew.
    database
        .execute_batch(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
             PRAGMA wal_autocheckpoint = 20000; PRAGMA cache_size = -262144;
             BEGIN IMMEDIATE; COMMIT;",
        )
        .map_err(|error| format!("{}; is the server still running?", named(error)))?;
    Ok(database)
}

fn add_rows(
    database: &mut Connection,
    original: &Original,
    options: &Filling,
) -> Result<(), Error> {
    let count = options.count;
    let statement = statement(database, options.revoked)?;
    let mut random = Random::begin()?;
    original.copy(1, &mut random).check()?;
    let mut added = 0;
    while added < count {
        let transaction = database.transaction()?;
        let mut insert = transaction.prepare_cached(&statement)?;
        let end = count.min(added + BATCH);
        for row in added..end {
            let copy = original.copy(row + 1, &mut random);
            insert.execute(params![
                original.number,
                copy.id,
                copy.name,
                copy.serial,
                copy.subject_line,
                copy.subject_key_id,
                copy.der
            ])?;
        }
        drop(insert);
        transaction.commit()?;
        added = end;
        if added % (10 * BATCH) == 0 {
            output::note(format_args!("{added} rows"));
        }
    }
    Ok(())
}

/// Lets the server see that its CRLs are old. All copies count as one change, that of the last: they stand for
/// certificates that were revoked long ago, of which delta CRLs tell no more.
fn count_revocation(database: &Connection, original: i64) -> Result<(), Error> {
    database.execute(
        "UPDATE authorities SET revocations = revocations + 1
         WHERE number = (SELECT authority FROM certificates WHERE number = ?1)",
        [original],
    )?;
    database.execute(
        "INSERT INTO revocation_changes (authority, generation, certificate, bucket)
         SELECT a.number, a.revocations, c.number, substr('00' || hex(c.serial), -4)
         FROM authorities AS a, (SELECT number, serial FROM certificates ORDER BY number DESC LIMIT 1) AS c
         WHERE a.number = (SELECT authority FROM certificates WHERE number = ?1)",
        [original],
    )?;
    Ok(())
}

/// Inserts a copy of row ?1 with ?2 and on in place of what must differ. Columns are asked for: there may be new ones.
fn statement(database: &Connection, revoked: bool) -> Result<String, Error> {
    const DIFFERENT: [(&str, &str); 6] = [
        ("id", "?2"),
        ("name", "?3"),
        ("serial", "?4"),
        ("subject_line", "?5"),
        ("subject_key_id", "?6"),
        ("der", "?7"),
    ];
    /// Reason 4: superseded. One that is told makes a CRL larger.
    const REVOKED: [(&str, &str); 3] = [("state", "3"), ("reason", "4"), ("revoked", "created")];
    const LEFT_OUT: [&str; 3] = ["number", "replaces", "replaced_by"];
    let mut table = database.prepare("SELECT name FROM pragma_table_info('certificates')")?;
    let names: Vec<String> = table
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut replaced = DIFFERENT.to_vec();
    if revoked {
        replaced.extend(REVOKED);
    }
    if let Some((column, _)) = replaced
        .iter()
        .find(|(column, _)| !names.iter().any(|name| name == column))
    {
        return Err(format!("the table of certificates has no column {column}").into());
    }
    let copied: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|name| !LEFT_OUT.contains(name))
        .collect();
    let values: Vec<&str> = copied
        .iter()
        .map(|name| {
            replaced
                .iter()
                .find(|(column, _)| column == name)
                .map_or(*name, |(_, value)| *value)
        })
        .collect();
    let (columns, values) = (copied.join(", "), values.join(", "));
    Ok(format!(
        "INSERT INTO certificates ({columns}) SELECT {values} FROM certificates WHERE number = ?1"
    ))
}

/// The row that is copied, and where in its DER a copy differs.
struct Original {
    number: i64,
    id: Vec<u8>,
    serial: Vec<u8>,
    subject_line: String,
    subject_key_id: Vec<u8>,
    der: Vec<u8>,
    common_name: String,
    serial_places: Vec<usize>,
    key_id_places: Vec<usize>,
    name_places: Vec<usize>,
}

impl Original {
    /// Reads the certificate with this number, or the newest active one whose subject is as [`crate::csr`] makes them.
    fn read(database: &Connection, number: Option<i64>) -> Result<Self, Error> {
        let which = match number {
            Some(_) => "number = ?1",
            None => "?1 IS NULL AND state = 1 AND subject_line LIKE '%/CN=bench-%'",
        };
        let sql = format!(
            "SELECT number, id, serial, subject_line, subject_key_id, der
             FROM certificates WHERE der IS NOT NULL AND {which} ORDER BY number DESC LIMIT 1"
        );
        let row = database.query_row(&sql, [number], |row| {
            Ok(Self {
                number: row.get(0)?,
                id: row.get(1)?,
                serial: row.get(2)?,
                subject_line: row.get(3)?,
                subject_key_id: row.get(4)?,
                der: row.get(5)?,
                common_name: String::new(),
                serial_places: Vec::new(),
                key_id_places: Vec::new(),
                name_places: Vec::new(),
            })
        });
        let missing = "there is no such certificate to copy; issue one first, as with: chancery-bench load --requests 1 issue";
        row.optional()?.ok_or(missing)?.locate()
    }

    /// Finds what differs in the DER.
    fn locate(mut self) -> Result<Self, Error> {
        let facts = read_certificate(&self.der)
            .map_err(|error| format!("certificate {}: {error:?}", self.number))?;
        self.common_name = facts.subject.common_name().unwrap_or_default().to_owned();
        self.serial_places = tails(&self.der, &self.serial, VARIED)?;
        self.key_id_places = tails(&self.der, &self.subject_key_id, VARIED)?;
        self.name_places = tails(&self.der, self.common_name.as_bytes(), DIGITS)?;
        if self.id.len() < VARIED || !self.subject_line.contains(&self.common_name) {
            return Err(format!(
                "certificate {} is not stored as this program expects",
                self.number
            )
            .into());
        }
        Ok(self)
    }

    /// The copy with this number, which its subject shows.
    fn copy(&self, number: u64, random: &mut Random) -> Copy {
        let digits = format!("{number:0DIGITS$}");
        let kept = self.common_name.len() - DIGITS;
        let common_name = format!(
            "{}{digits}",
            self.common_name.get(..kept).unwrap_or_default()
        );
        let [id, serial, key_id] =
            [random.next(), random.next(), random.next()].map(u64::to_be_bytes);
        let mut der = self.der.clone();
        for (places, value) in [
            (&self.serial_places, serial.as_slice()),
            (&self.key_id_places, key_id.as_slice()),
            (&self.name_places, digits.as_bytes()),
        ] {
            for place in places {
                overwrite(&mut der, *place, value);
            }
        }
        Copy {
            id: with_tail(&self.id, &id),
            name: format!("{common_name}-{:08x}", random.next() >> 32),
            serial: with_tail(&self.serial, &serial),
            subject_line: self.subject_line.replace(&self.common_name, &common_name),
            subject_key_id: with_tail(&self.subject_key_id, &key_id),
            der,
        }
    }
}

/// What a copy does not share with the original.
struct Copy {
    id: Vec<u8>,
    name: String,
    serial: Vec<u8>,
    subject_line: String,
    subject_key_id: Vec<u8>,
    der: Vec<u8>,
}

impl Copy {
    /// Does its DER say what its columns say?
    fn check(&self) -> Result<(), Error> {
        let facts = read_certificate(&self.der)
            .map_err(|error| format!("a copy cannot be read: {error:?}"))?;
        let same = facts.serial.content() == self.serial
            && facts.subject.to_openssl_oneline() == self.subject_line
            && facts
                .subject_key_id
                .is_none_or(|id| id == self.subject_key_id);
        same.then_some(())
            .ok_or_else(|| "this certificate cannot be copied: take another one with --like".into())
    }
}

/// Where in `der` the last `length` octets of each occurrence of `value` stand.
fn tails(der: &[u8], value: &[u8], length: usize) -> Result<Vec<usize>, Error> {
    if value.len() < length {
        return Err(format!(
            "serial number and key identifier must have {VARIED} octets, the common name {DIGITS}: take another certificate"
        )
        .into());
    }
    let found = der
        .windows(value.len())
        .enumerate()
        .filter(|(_, window)| *window == value);
    Ok(found.map(|(at, _)| at + value.len() - length).collect())
}

fn with_tail(value: &[u8], tail: &[u8]) -> Vec<u8> {
    let mut varied = value.to_vec();
    overwrite(&mut varied, value.len() - tail.len(), tail);
    varied
}

fn overwrite(octets: &mut [u8], at: usize, value: &[u8]) {
    if let Some(part) = octets.get_mut(at..at + value.len()) {
        part.copy_from_slice(value);
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::scratch::Scratch;

    /// A certificate that openssl made.
    fn certificate(folder: &Path) -> Vec<u8> {
        let file = folder.join("certificate.der");
        let made = Command::new("openssl")
            .args([
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-outform",
                "DER",
            ])
            .args([
                "-subj",
                "/O=Bench/CN=bench-ab-0000007",
                "-addext",
                "subjectAltName=DNS:bench-ab-0000007",
            ])
            .arg("-keyout")
            .arg(folder.join("key.pem"))
            .arg("-out")
            .arg(&file)
            .output()
            .unwrap();
        assert!(made.status.success());
        fs::read(file).unwrap()
    }

    /// A database as the server's own migrations make it, with one certificate.
    fn database(folder: &Path) -> PathBuf {
        let file = folder.join("chancery.db");
        let database = Connection::open(&file).unwrap();
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../crates/chancery-app/src/store/sqlite/migrations");
        let mut steps: Vec<PathBuf> = fs::read_dir(migrations)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        steps.sort();
        for step in steps {
            database
                .execute_batch(&fs::read_to_string(step).unwrap())
                .unwrap();
        }
        let der = certificate(folder);
        let facts = read_certificate(&der).unwrap();
        database
            .execute_batch(
                "INSERT INTO authorities (name, created, der) VALUES ('issuing', 1, x'00');
                 INSERT INTO domains (id, name, disabled, created) VALUES ('d', 'd', 0, 0);
                 INSERT INTO users (id, name, domain, roles, disabled, created) VALUES ('u', 'u', 1, 0, 0, 0);",
            )
            .unwrap();
        database
            .execute(
                "INSERT INTO certificates (id, name, origin, authority, issuer_key, serial, subject_line, subject_key_id,
                     not_before, not_after, owner, domain, state, state_since, created, der)
                 VALUES (?1, 'first', 1, 1, ?1, ?2, ?3, ?4, 1, 2, 1, 1, 1, 1, 1, ?5)",
                params![
                    [7_u8; 12],
                    facts.serial.content(),
                    facts.subject.to_openssl_oneline(),
                    facts.subject_key_id.unwrap(),
                    der
                ],
            )
            .unwrap();
        file
    }

    fn options(database: PathBuf, like: Option<i64>) -> Filling {
        Filling {
            database,
            count: 25,
            like,
            revoked: false,
        }
    }

    #[test]
    fn every_row_differs_and_says_what_its_der_says() {
        let folder = Scratch::inside(&std::env::temp_dir()).unwrap();
        let file = database(folder.path());
        fill(&options(file.clone(), None)).unwrap();
        fill(&options(file.clone(), Some(1))).unwrap();

        let database = Connection::open(&file).unwrap();
        let mut rows = database
            .prepare("SELECT number, id, name, serial, subject_line, subject_key_id, der, not_after FROM certificates")
            .unwrap();
        let mut numbers = Vec::new();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let copy = Copy {
                id: row.get(1).unwrap(),
                name: row.get(2).unwrap(),
                serial: row.get(3).unwrap(),
                subject_line: row.get(4).unwrap(),
                subject_key_id: row.get(5).unwrap(),
                der: row.get(6).unwrap(),
            };
            copy.check().unwrap();
            let names = format!("{:?}", read_certificate(&copy.der).unwrap().names);
            assert!(
                names.contains(copy.subject_line.strip_prefix("/O=Bench/CN=").unwrap()),
                "{names}"
            );
            assert_eq!(row.get::<_, i64>(7).unwrap(), 2);
            numbers.push(row.get::<_, i64>(0).unwrap());
        }
        assert_eq!(numbers, (1..=51).collect::<Vec<_>>());
    }

    #[test]
    fn revoked_rows_count_as_one_change() {
        let folder = Scratch::inside(&std::env::temp_dir()).unwrap();
        let file = database(folder.path());
        let revoked = Filling {
            revoked: true,
            ..options(file.clone(), None)
        };
        fill(&revoked).unwrap();
        let database = Connection::open(&file).unwrap();
        let figures = |sql: &str| {
            database
                .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
                .unwrap()
        };
        let certificates: (i64, i64) =
            figures("SELECT count(*), sum(state = 3 AND reason = 4) FROM certificates");
        assert_eq!(certificates, (26, 25));
        let changes: (i64, i64) = figures("SELECT generation, certificate FROM revocation_changes");
        assert_eq!(changes, (1, 26));
    }

    #[test]
    fn a_database_in_use_is_refused() {
        let folder = Scratch::inside(&std::env::temp_dir()).unwrap();
        let file = database(folder.path());
        let server = Connection::open(&file).unwrap();
        server
            .execute_batch("PRAGMA journal_mode = WAL; SELECT count(*) FROM users;")
            .unwrap();
        let words = fill(&options(file, None)).err().unwrap().to_string();
        assert!(words.contains("still running"), "{words}");
    }

    #[test]
    fn a_certificate_that_is_not_there_is_refused() {
        let folder = Scratch::inside(&std::env::temp_dir()).unwrap();
        let words = fill(&options(database(folder.path()), Some(99)))
            .err()
            .unwrap()
            .to_string();
        assert!(words.contains("issue one first"), "{words}");
    }
}
