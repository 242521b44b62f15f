//! Load: so many connections, each sending its next request when the last was answered, until time or requests are up.
//! Must not know what the requests are.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use clap::value_parser;
use tokio::task::JoinSet;
use tokio::time::timeout_at;

use crate::client::{Connection, Target, TargetOptions};
use crate::random::Random;
use crate::tally::{Outcome, Tally};
use crate::work::{Mode, Work};
use crate::{Error, ceiling};

/// An answer still missing so long after the end counts as an error.
const GRACE: Duration = Duration::from_secs(10);

/// What `load` takes.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    target: TargetOptions,
    /// Connections, each with one request under way at a time
    #[arg(long, default_value_t = 64, value_parser = value_parser!(u64).range(1..=4096))]
    connections: u64,
    /// Seconds until the end, at most five minutes
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..=300))]
    seconds: u64,
    /// Requests until the end, if that comes first
    #[arg(long)]
    requests: Option<u64>,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    mode: Mode,
}

/// Puts the server under load and prints rate and latencies. Fails if not one request succeeded.
///
/// # Errors
/// The load could not be prepared, or no connection be opened.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    let target = Target::new(&options.target).await?;
    let ceilings = match &options.mode {
        Mode::Issue(wanted) => ceiling::measure(wanted, options.connections).await?,
        _ => None,
    };
    let work = Work::prepare(&options.mode, &target, options.requests, options.seconds).await?;
    let outcome = drive(&target, work, &options).await?;
    let succeeded = outcome.tally.latencies.count() > 0;
    let mut report = outcome.report(options.connections);
    if let Some(ceilings) = ceilings {
        ceilings.report(outcome.rate(), &mut report);
    }
    report.print(options.json)?;
    Ok(if succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Opens all connections, starts the clock, and waits until all are done.
async fn drive(target: &Target, work: Work, options: &Options) -> Result<Outcome, Error> {
    let mut connections = Vec::new();
    for _ in 0..options.connections {
        connections.push(Connection::open(target).await?);
    }
    let start = Instant::now();
    let bounds = Arc::new(Bounds {
        next: AtomicU64::new(0),
        requests: options.requests.unwrap_or(u64::MAX),
        end: start + Duration::from_secs(options.seconds),
    });
    let work = Arc::new(work);
    let mut workers = JoinSet::new();
    for connection in connections {
        let worker = Worker {
            target: target.clone(),
            connection,
            work: work.clone(),
            bounds: bounds.clone(),
            random: Random::begin()?,
            tally: Tally::new(),
        };
        workers.spawn(worker.run());
    }
    let mut tally = Tally::new();
    while let Some(done) = workers.join_next().await {
        tally.merge(done??);
    }
    let elapsed = start.elapsed();
    Ok(Outcome { tally, elapsed })
}

/// When to stop, shared by all workers.
struct Bounds {
    next: AtomicU64,
    requests: u64,
    end: Instant,
}

impl Bounds {
    /// The number of the next request; none when time or requests are up.
    fn next(&self) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        (number < self.requests && Instant::now() < self.end).then_some(number)
    }
}

/// One connection and what came of it.
struct Worker {
    target: Target,
    connection: Connection,
    work: Arc<Work>,
    bounds: Arc<Bounds>,
    random: Random,
    tally: Tally,
}

impl Worker {
    async fn run(mut self) -> Result<Tally, Error> {
        while let Some(number) = self.bounds.next() {
            let Some(request) = self.work.request(number, &self.target, &mut self.random)? else {
                break;
            };
            let begun = Instant::now();
            let last = (self.bounds.end + GRACE).into();
            match timeout_at(last, self.connection.exchange(request)).await {
                Ok(Ok(answer)) if answer.status.is_success() => {
                    self.tally.latencies.add(begun.elapsed());
                    self.tally.bytes += answer.body.len() as u64;
                }
                Ok(Ok(answer)) => {
                    let kind = format!("status {}", answer.status.as_u16());
                    self.tally.error(kind, || answer.excerpt());
                }
                Ok(Err(broken)) => {
                    self.tally.error("connection".into(), || broken.to_string());
                    if !self.reconnect().await {
                        break;
                    }
                }
                Err(_) => {
                    self.tally.error("no answer".into(), String::new);
                    break;
                }
            }
        }
        Ok(self.tally)
    }

    /// Opens the connection anew; false if the server does not let us.
    async fn reconnect(&mut self) -> bool {
        match Connection::open(&self.target).await {
            Ok(connection) => self.connection = connection,
            Err(refused) => {
                self.tally
                    .error("reconnection".into(), || refused.to_string());
                return false;
            }
        }
        true
    }
}
