//! The proof that a certificate is never lost: a server is killed under load, started again, and asked for every
//! certificate whose answer had arrived whole. Must not know how the server keeps them.
//!
//! SIGKILL takes the process, not the machine: what the operating system had taken for writing survives. So this proves
//! that no answer runs ahead of its commit, not that the disk keeps what it acknowledged.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use clap::{Args, value_parser};
use http_body_util::Full;
use hyper::{Method, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::Error;
use crate::client::{Answer, Connection, Target};
use crate::csr::Requests;
use crate::output::{self, Report};
use crate::random::Random;
use crate::scratch::Scratch;
use crate::server::Server;
use crate::work::{CERTIFICATES, issue};

const CONNECTIONS: usize = 16;
/// The kill comes at random between these.
const SHORTEST_MS: u64 = 500;
const LONGEST_MS: u64 = 1_500;

/// What `kill9` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// The chancery program
    #[arg(long, value_name = "FILE", default_value = "target/release/chancery")]
    binary: PathBuf,
    /// Folder in which the temporary data directory is made; a memory file system there proves as much, but sooner
    #[arg(long, value_name = "DIRECTORY", default_value_os_t = std::env::temp_dir())]
    within: PathBuf,
    /// Times to kill
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u64).range(1..=1000))]
    rounds: u64,
    /// Print the totals as one line of JSON
    #[arg(long)]
    json: bool,
}

/// A certificate whose answer arrived whole.
struct Answered {
    id: String,
    pem: String,
}

/// Kills and looks, so many rounds; fails if one answered certificate is missing afterwards.
///
/// # Errors
/// The server does not start, or ends by itself.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    let scratch = Scratch::inside(&options.within)?;
    let data = scratch.path().join("data");
    let log = scratch.path().join("server.log");
    let start = || Server::start(&options.binary, &data, &log);
    let requests = Requests::begin()?;
    let numbers = Arc::new(AtomicU64::new(0));
    let mut random = Random::begin()?;
    let (mut all_answered, mut all_missing) = (0, 0);

    let mut server = start()?;
    for round in 1..=options.rounds {
        let life = SHORTEST_MS + random.below(LONGEST_MS - SHORTEST_MS);
        let target = server.target().await?;
        let load = tokio::spawn(load(target, requests, numbers.clone()));
        tokio::time::sleep(Duration::from_millis(life)).await;
        server.kill()?;
        let answered = load.await??;
        let count = answered.len();

        server = start()?;
        let found = find(&server.target().await?, answered).await?;
        let missing = count - found;
        let words = format!(
            "round {round}: killed after {life} ms; {count} answered, {found} found, {missing} missing; ready again in {} ms",
            server.start.as_millis()
        );
        output::round(options.json, words)?;
        all_answered += count;
        all_missing += missing;
    }
    server.stop()?;

    let mut report = Report::default();
    report.add("rounds", options.rounds);
    report.add("answered", all_answered);
    report.add("missing", all_missing);
    report.print(options.json)?;
    if all_answered == 0 {
        return Err("not one certificate was answered, so nothing is proven".into());
    }
    Ok(if all_missing == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Issues on all connections until the server is gone.
async fn load(
    target: Target,
    requests: Requests,
    numbers: Arc<AtomicU64>,
) -> Result<Vec<Answered>, Error> {
    let mut workers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        workers.spawn(issue_until_gone(target.clone(), requests, numbers.clone()));
    }
    let mut answered = Vec::new();
    while let Some(done) = workers.join_next().await {
        answered.extend(done??);
    }
    Ok(answered)
}

/// # Errors
/// The server answered with anything but a certificate.
async fn issue_until_gone(
    target: Target,
    requests: Requests,
    numbers: Arc<AtomicU64>,
) -> Result<Vec<Answered>, Error> {
    let mut answered = Vec::new();
    let Ok(mut connection) = Connection::open(&target).await else {
        return Ok(answered);
    };
    loop {
        let body = requests.body(numbers.fetch_add(1, Ordering::Relaxed))?;
        let Ok(answer) = connection.exchange(issue(&target, body)?).await else {
            return Ok(answered);
        };
        answered.push(certificate(&answer)?);
    }
}

fn certificate(answer: &Answer) -> Result<Answered, Error> {
    let json = answer.json()?;
    let member = |name| {
        let text = json.get(name).and_then(Value::as_str);
        text.map(String::from)
            .ok_or_else(|| format!("an answer has no {name:?}: {}", answer.excerpt()))
    };
    Ok(Answered {
        id: member("id")?,
        pem: member("certificate")?,
    })
}

/// How many of these the server knows, as they were answered.
async fn find(target: &Target, wanted: Vec<Answered>) -> Result<usize, Error> {
    let share = wanted.len().div_ceil(CONNECTIONS).max(1);
    let mut wanted = wanted.into_iter();
    let mut workers = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let part: Vec<Answered> = wanted.by_ref().take(share).collect();
        workers.spawn(find_each(target.clone(), part));
    }
    let mut found = 0;
    while let Some(done) = workers.join_next().await {
        found += done??;
    }
    Ok(found)
}

async fn find_each(target: Target, wanted: Vec<Answered>) -> Result<usize, Error> {
    let mut connection = Connection::open(&target).await?;
    let mut found = 0;
    for one in wanted {
        let path = format!("{CERTIFICATES}/{}", one.id);
        let request = target
            .request(Method::GET, &path)
            .body(Full::<Bytes>::default())?;
        let answer = connection.exchange(request).await?;
        if answer.status == StatusCode::NOT_FOUND {
            output::note(format_args!("missing: {}", one.id));
        } else if certificate(&answer)?.pem == one.pem {
            found += 1;
        } else {
            output::note(format_args!(
                "not the certificate that was answered: {}",
                one.id
            ));
        }
    }
    Ok(found)
}
