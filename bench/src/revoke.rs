//! Single revocations, on a server that has revoked many before: how long each takes.
//! Must not know how relying parties learn of them.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use http_body_util::Full;
use hyper::Method;
use hyper::header::CONTENT_TYPE;
use tokio::task::JoinSet;

use crate::client::{Answer, Connection, Target};
use crate::own::{Own, OwnOptions};
use crate::stock::{self, Issued};
use crate::tally::{Outcome, Tally};
use crate::work::CERTIFICATES;
use crate::{Error, database};

/// What `revoke` takes.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    own: OwnOptions,
    /// Certificates that are revoked before; rows are added to the database if there are fewer
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(0..=9_000_000))]
    revoked: u64,
    /// Revocations to measure
    #[arg(long, default_value_t = 2_000, value_parser = value_parser!(u64).range(1..=100_000))]
    count: u64,
    /// Connections, each with one revocation under way at a time
    #[arg(long, default_value_t = 1, value_parser = value_parser!(u64).range(1..=256))]
    connections: u64,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Revokes, and prints rate and latencies. Fails if not one certificate was revoked.
///
/// # Errors
/// The server does not start, or its database cannot be filled.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    let own = Own::filled(&options.own, options.revoked, true).await?;
    let target = own.server.target().await?;
    let issued = stock::issue(&target, options.count).await?;
    let before = database::count(own.data(), &options.own.authority, true)?;
    let outcome = revoke_all(&target, issued, options.connections).await?;
    let succeeded = outcome.tally.latencies.count() > 0;
    let mut report = outcome.report(options.connections);
    report.add("revoked_before", before);
    report.print(options.json)?;
    own.server.stop()?;
    Ok(if succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Revokes one certificate, for a changed affiliation.
///
/// # Errors
/// The connection broke; it is of no more use.
pub(crate) async fn revoke(
    target: &Target,
    connection: &mut Connection,
    certificate: &Issued,
) -> Result<Answer, Error> {
    let path = format!("{CERTIFICATES}/{}/revoke", certificate.id);
    let request = target
        .request(Method::POST, &path)
        .header(CONTENT_TYPE, "application/json")
        .body(Full::from(r#"{"reason":"affiliation-changed"}"#))?;
    Ok(connection.exchange(request).await?)
}

async fn revoke_all(
    target: &Target,
    certificates: Vec<Issued>,
    connections: u64,
) -> Result<Outcome, Error> {
    let share = certificates.len().div_ceil(connections as usize).max(1);
    let mut rest = certificates.into_iter();
    let mut open = Vec::new();
    for _ in 0..connections {
        let part: Vec<Issued> = rest.by_ref().take(share).collect();
        open.push((Connection::open(target).await?, part));
    }
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for (connection, part) in open {
        workers.spawn(revoke_each(target.clone(), connection, part));
    }
    let mut tally = Tally::new();
    while let Some(done) = workers.join_next().await {
        tally.merge(done??);
    }
    let elapsed = start.elapsed().max(Duration::from_nanos(1));
    Ok(Outcome { tally, elapsed })
}

async fn revoke_each(
    target: Target,
    mut connection: Connection,
    certificates: Vec<Issued>,
) -> Result<Tally, Error> {
    let mut tally = Tally::new();
    for certificate in certificates {
        let begun = Instant::now();
        let answer = revoke(&target, &mut connection, &certificate).await?;
        if answer.status.is_success() {
            tally.latencies.add(begun.elapsed());
            tally.bytes += answer.body.len() as u64;
        } else {
            let kind = format!("status {}", answer.status.as_u16());
            tally.error(kind, || answer.excerpt());
        }
    }
    Ok(tally)
}
