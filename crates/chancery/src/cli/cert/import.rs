//! Bulk import: batches of certificates, of which each is in or out as a whole. What is in stays in whatever happens
//! afterwards, and what is known already is counted and not taken twice, so the same command again goes on where it
//! stopped.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::{Duration, Instant};

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use indicatif::HumanBytes;
use serde_json::{Value, json};

use super::bundle::{self, Certificates, Found, Source};
use crate::cli::Context;
use crate::cli::address::Resource;
use crate::cli::client::Client;
use crate::cli::failure::{Failure, Kind};
use crate::cli::interrupt::{StopFlag, on_interrupt};
use crate::cli::object;
use crate::cli::output;
use crate::cli::progress::{Progress, Telling};

pub(super) const EXAMPLES: &str = "\
Folders are searched to their depths for *.pem, *.crt, *.cer and *.der; a file that is named
is read whatever it is called. A PEM bundle may hold any number of certificates. Private
keys beside them are not sent.

A certificate that the server has already is counted as known. Ctrl-C lets the running batch
finish and stops; the same command again goes on from there. Certificates that are refused
are told with their file, and the others go in all the same (exit code 1 at the end).

Examples:
  chancery cert import old-ca.pem
  chancery cert import /etc/ssl/exported bundle.pem --owner 000000003002
  chancery cert import joe.crt --private-key joe.key";

/// Certificates in a batch: one transaction of the server's.
const BATCH: usize = 100;
/// Octets after which a batch is full, however few they are.
const BATCH_OCTETS: usize = 512 * 1024;
/// How often a busy server is asked before giving up, and within which bounds its word is taken for how long to wait.
const ATTEMPTS: u32 = 10;
const SHORTEST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// How octets that were read are counted.
const OCTETS: Telling = Telling {
    bar: "{elapsed_precise} [{bar:30}] {bytes} of {total_bytes}, {eta} left: {msg}",
    line: |read, total, tally| format!("{} of {}: {tally}", HumanBytes(read), HumanBytes(total)),
};

/// What to import.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    /// Files and folders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Whose they are, by user id [default: you]
    #[arg(long, value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    owner: Option<String>,

    /// The private key of the one certificate in PATH, PEM PKCS#8; the server keeps it sealed
    #[arg(long, value_name = "FILE")]
    private_key: Option<PathBuf>,
}

/// Imports.
pub(super) fn run(args: ImportArgs, context: &Context) -> Result<(), Failure> {
    if let Some(key) = &args.private_key {
        return with_key(&args, key, context);
    }
    let client = context.client()?;
    let stop = StopFlag::default();
    listen(&stop)?;
    let (sources, unreadable) = bundle::sources(&args.paths);
    let total = sources.iter().map(|source| source.size).sum();
    let mut import = Import {
        client: &client,
        owner: args.owner.as_deref(),
        progress: Progress::new(total, OCTETS, io::stderr().is_terminal()),
        stop,
        batch: Vec::new(),
        tally: Tally::default(),
    };
    for (path, error) in unreadable {
        import.failed(&path, None, &error.to_string());
    }
    let done = import.all(&sources);
    let Import {
        tally,
        stop,
        progress,
        ..
    } = import;
    drop(progress);
    let stopped = stop.is_raised();
    tally.print(done.is_ok() && !stopped, context)?;
    done?;
    if stopped {
        return Err(Failure::new(Kind::Interrupted, "stopped by Ctrl-C").hint(RESUME));
    }
    if tally.failed > 0 {
        let detail = format!("{} could not be imported", tally.failed);
        return Err(Failure::new(Kind::Refused, detail));
    }
    Ok(())
}

const RESUME: &str = "what was imported stays; the same command again goes on from there";

/// The first Ctrl-C asks to stop; another, once there was time to read that, does not wait. Not even that loses
/// anything: a batch is in or not.
fn listen(stop: &StopFlag) -> Result<(), Failure> {
    const TIME_TO_READ: Duration = Duration::from_secs(1);
    let stop = stop.clone();
    let mut asked: Option<Instant> = None;
    let heard = move || {
        stop.raise();
        match asked {
            None => {
                asked = Some(Instant::now());
                output::note("finishing the running batch; Ctrl-C again stops at once");
            }
            // Some programs that start others pass one Ctrl-C on twice.
            Some(at) if at.elapsed() < TIME_TO_READ => {}
            Some(_) => std::process::exit(Kind::Interrupted.code().into()),
        }
    };
    on_interrupt(heard).map_err(|error| {
        let detail = format!("Ctrl-C cannot be listened for: {error}");
        Failure::new(Kind::Refused, detail)
    })
}

/// A certificate on its way, and where it was found.
struct Item {
    found: Found,
    path: Rc<Path>,
    /// Octets of all files up to its end.
    position: u64,
}

/// What came of it so far.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct Tally {
    imported: u64,
    known: u64,
    failed: u64,
}

struct Import<'a> {
    client: &'a Client,
    owner: Option<&'a str>,
    progress: Progress,
    stop: StopFlag,
    batch: Vec<Item>,
    tally: Tally,
}

impl Import<'_> {
    /// Goes through the files until they or the patience of who pressed Ctrl-C end.
    fn all(&mut self, sources: &[Source]) -> Result<(), Failure> {
        let mut before = 0;
        for source in sources {
            if self.stop.is_raised() {
                return Ok(());
            }
            self.file(source, before)?;
            before += source.size;
        }
        self.flush()
    }

    fn file(&mut self, source: &Source, before: u64) -> Result<(), Failure> {
        let path: Rc<Path> = Rc::from(source.path.as_path());
        let mut certificates = match Certificates::open(&path) {
            Ok(certificates) => certificates,
            Err(error) => {
                self.failed(&path, None, &error.to_string());
                return Ok(());
            }
        };
        let mut any = false;
        while let Some(next) = certificates.next() {
            any = true;
            match next {
                Ok(found) => {
                    let position = before + certificates.position();
                    self.batch.push(Item {
                        found,
                        path: Rc::clone(&path),
                        position,
                    });
                }
                Err((ordinal, what)) => self.failed(&path, Some(ordinal), &what),
            }
            let octets: usize = self.batch.iter().map(|item| item.found.pem.len()).sum();
            if self.batch.len() >= BATCH || octets >= BATCH_OCTETS {
                self.flush()?;
            }
            if self.stop.is_raised() {
                return Ok(());
            }
        }
        if !any && source.named {
            self.failed(&path, None, "holds no certificate");
        }
        Ok(())
    }

    /// Sends the batch, unless asked to stop before.
    fn flush(&mut self) -> Result<(), Failure> {
        if self.stop.is_raised() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.send(&batch)?;
        if let Some(last) = batch.last() {
            let tally = &self.tally;
            self.progress.at(last.position, || tally.to_string());
        }
        Ok(())
    }

    /// Sends certificates; those that the server refuses are found by halving, and told.
    fn send(&mut self, items: &[Item]) -> Result<(), Failure> {
        let Some(first) = items.first() else {
            return Ok(());
        };
        match self.request(items) {
            Ok(answer) => {
                let count = |member| answer.get(member).and_then(Value::as_u64).unwrap_or(0);
                self.tally.imported += count("imported");
                self.tally.known += count("known");
                Ok(())
            }
            Err(failure) if failure.kind != Kind::Refused || failure.retry_after.is_some() => {
                let hint = failure
                    .hint
                    .as_deref()
                    .map_or(RESUME.to_owned(), |hint| format!("{hint}; {RESUME}"));
                Err(failure.hint(hint))
            }
            Err(failure) if items.len() == 1 => {
                self.failed(&first.path, Some(first.found.ordinal), &failure.detail);
                Ok(())
            }
            Err(_) => {
                let (left, right) = items.split_at(items.len() / 2);
                self.send(left)?;
                self.send(right)
            }
        }
    }

    /// One request, repeated while the server says that it is busy.
    fn request(&self, items: &[Item]) -> Result<Value, Failure> {
        let bundle: String = items.iter().map(|item| item.found.pem.as_str()).collect();
        let asked = object::of([
            ("certificates", Some(bundle.into())),
            ("owner", self.owner.map(Value::from)),
        ]);
        let resource = Resource::new(&["certificates", "import"]);
        for _ in 1..ATTEMPTS {
            let done = self.client.post(&resource, &asked);
            let busy = done.as_ref().err().and_then(|failure| failure.retry_after);
            let Some(wait) = busy.filter(|_| !self.stop.is_raised()) else {
                return done;
            };
            self.stop.wait(wait.clamp(SHORTEST_WAIT, LONGEST_WAIT));
        }
        self.client.post(&resource, &asked)
    }

    fn failed(&mut self, path: &Path, ordinal: Option<u64>, what: &str) {
        self.tally.failed += 1;
        let path = path.display();
        let place = ordinal.map_or(path.to_string(), |ordinal| {
            format!("{path}: certificate {ordinal}")
        });
        self.progress.note(&format!("chancery: {place}: {what}"));
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Tally {
            imported,
            known,
            failed,
        } = self;
        write!(
            f,
            "{imported} imported, {known} known already, {failed} failed"
        )
    }
}

impl Tally {
    fn print(&self, complete: bool, context: &Context) -> Result<(), Failure> {
        if context.json() {
            let Tally {
                imported,
                known,
                failed,
            } = self;
            return output::json(&json!({
                "imported": imported, "known": known, "failed": failed, "complete": complete,
            }));
        }
        output::line(&self.to_string())
    }
}

/// One certificate with its private key, in one request.
fn with_key(args: &ImportArgs, key: &Path, context: &Context) -> Result<(), Failure> {
    let [path] = args.paths.as_slice() else {
        return Err(Failure::usage(
            "--private-key goes with one file of one certificate",
        ));
    };
    let failed = |what: String| Failure::new(Kind::Refused, format!("{}: {what}", path.display()));
    let open = Certificates::open(path).map_err(|error| failed(error.to_string()))?;
    let found = open
        .collect::<Result<Vec<Found>, _>>()
        .map_err(|(_, what)| failed(what))?;
    let [one] = found.as_slice() else {
        let detail = format!("one certificate is expected, {} are there", found.len());
        return Err(failed(detail));
    };
    let key = String::from_utf8(context.input().file(key, "--private-key -")?)
        .map_err(|_| Failure::usage("the private key is not PEM"))?;
    let asked = object::of([
        ("certificates", Some(one.pem.as_str().into())),
        ("private_key", Some(key.into())),
        ("owner", args.owner.as_deref().map(Value::from)),
    ]);
    let resource = Resource::new(&["certificates", "import"]);
    let answer = context.client()?.post(&resource, &asked)?;
    let count = |member| answer.get(member).and_then(Value::as_u64).unwrap_or(0);
    let tally = Tally {
        imported: count("imported"),
        known: count("known"),
        failed: 0,
    };
    tally.print(true, context)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::fs;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;
    use crate::cli::canned;

    /// Takes in what it does not know, all or nothing; refuses what holds `BAD`, and says twice that it is busy.
    fn server() -> Client {
        let (known, busy) = (Mutex::new(HashSet::new()), AtomicU32::new(2));
        canned::client(move |method, path, asked| {
            assert_eq!((method, path), ("POST", "/chancery/v1/certificates/import"));
            if busy
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                    left.checked_sub(1)
                })
                .is_ok()
            {
                let problem = json!({"type": "urn:chancery:problem:busy", "detail": "busy"});
                return (503, problem);
            }
            let bundle = asked["certificates"].as_str().expect("a bundle").to_owned();
            if bundle.contains("BAD") {
                let problem = json!({"type": "urn:chancery:problem:invalid", "detail": "bad"});
                return (400, problem);
            }
            let mut known = known.lock().expect("a lock");
            let all = bundle.lines().filter(|line| !line.starts_with('-'));
            let fresh: Vec<bool> = all.map(|line| known.insert(line.to_owned())).collect();
            let imported = fresh.iter().filter(|fresh| **fresh).count();
            (
                200,
                json!({"imported": imported, "known": fresh.len() - imported}),
            )
        })
    }

    fn import<'a>(client: &'a Client, stop: &StopFlag) -> Import<'a> {
        Import {
            client,
            owner: None,
            progress: Progress::new(0, OCTETS, false),
            stop: stop.clone(),
            batch: Vec::new(),
            tally: Tally::default(),
        }
    }

    fn sources(folder: &Path) -> Vec<Source> {
        let block = |text: String| {
            format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n")
        };
        let bundle = (0..250).map(|index| match index {
            7 | 199 => block(format!("BAD{index}")),
            _ => block(format!("GOOD{index}")),
        });
        fs::write(folder.join("bundle.pem"), bundle.collect::<String>()).expect("a file");
        fs::write(folder.join("key.pem"), "-----BEGIN PRIVATE KEY-----\n").expect("a file");
        fs::write(folder.join("one.crt"), block("LAST".into())).expect("a file");
        bundle::sources(&[folder.to_owned()]).0
    }

    #[test]
    fn bad_certificates_are_singled_out_and_a_second_run_knows_the_rest() {
        let folder = tempfile::tempdir().expect("a folder");
        let sources = sources(folder.path());
        let client = server();
        for (imported, known) in [(249, 0), (0, 249)] {
            let mut import = import(&client, &StopFlag::default());
            import.all(&sources).expect("done");
            assert_eq!(
                import.tally,
                Tally {
                    imported,
                    known,
                    failed: 2
                }
            );
        }
    }

    #[test]
    fn a_stopped_import_sends_nothing_more_and_goes_on_later() {
        let folder = tempfile::tempdir().expect("a folder");
        let sources = sources(folder.path());
        let client = server();
        let stop = StopFlag::default();
        let mut first = import(&client, &stop);
        let last = sources.last().expect("a file");
        first.file(last, 0).expect("read");
        stop.raise();
        first.flush().expect("nothing done");
        assert_eq!(first.tally, Tally::default());
        let mut second = import(&client, &StopFlag::default());
        second.all(&sources).expect("done");
        assert_eq!(second.tally.imported, 249);
    }

    #[test]
    fn a_fault_of_the_server_ends_the_import() {
        let folder = tempfile::tempdir().expect("a folder");
        let sources = sources(folder.path());
        let client = canned::client(|_, _, _| (500, json!({"detail": "broken"})));
        let mut import = import(&client, &StopFlag::default());
        let failure = import.all(&sources).expect_err("a fault");
        assert_eq!(failure.kind, Kind::Unavailable);
        assert!(
            failure
                .hint
                .is_some_and(|hint| hint.contains("goes on from there"))
        );
        assert_eq!(import.tally, Tally::default());
    }

    #[test]
    fn a_named_file_without_a_certificate_is_a_failure() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key.pem");
        fs::write(&path, "-----BEGIN PRIVATE KEY-----\n").expect("a file");
        let client = server();
        for (path, failed) in [(path.as_path(), 1), (folder.path(), 0)] {
            let mut import = import(&client, &StopFlag::default());
            import
                .all(&bundle::sources(&[path.to_owned()]).0)
                .expect("done");
            assert_eq!(import.tally.failed, failed, "{}", path.display());
        }
    }
}
