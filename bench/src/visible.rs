//! How soon a revocation is seen: from asking for it until OCSP says so. Half of the questions carry a nonce; the others
//! have been asked before the revocation, so that an answer which was kept is there to be given wrongly.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, value_parser};

use crate::Error;
use crate::beside::Beside;
use crate::client::{Connection, Target};
use crate::histogram::Histogram;
use crate::ocsp::request::{Issuer, Status, status};
use crate::output::Report;
use crate::own::{Own, OwnOptions};
use crate::plain::{Plain, post};
use crate::revoke::revoke;
use crate::stock::{self, Issued};

/// What is not seen by then is counted as never seen.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `visible` takes.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    own: OwnOptions,
    /// Certificates that are revoked before; rows are added to the database if there are fewer
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u64).range(0..=9_000_000))]
    revoked: u64,
    /// Revocations to measure, one after the other
    #[arg(long, default_value_t = 2_000, value_parser = value_parser!(u64).range(1..=100_000))]
    count: u64,
    /// Connections that issue certificates meanwhile
    #[arg(long, default_value_t = 0, value_parser = value_parser!(u64).range(0..=256))]
    issuing: u64,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Revokes and asks, and prints how long it took. Fails if one revocation was never seen.
///
/// # Errors
/// The server does not start, or does not revoke or answer.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    let own = Own::filled(&options.own, options.revoked, true).await?;
    let target = own.server.target().await?;
    let file = own.data().join(format!("ca/{}.pem", options.own.authority));
    let issuer = Issuer::read(&file)?;
    let address = Target::open_port(own.server.http()).await?.address();
    let issued = stock::issue(&target, options.count).await?;
    let beside = Beside::start(&target, options.issuing).await?;
    let begun = beside.mark();
    let mut watch = Watch {
        revoking: Connection::open(&target).await?,
        asking: Plain::open(address).await?,
        target,
        address,
        issuer,
        seen: Seen::new(),
    };
    for (place, certificate) in issued.iter().enumerate() {
        watch.revoke_and_look(certificate, place % 2 == 0).await?;
    }
    let rate = beside.rate_since(begun);
    beside.stop().await?;
    own.server.stop()?;

    let seen = watch.seen;
    let never = seen.never;
    seen.report(rate).print(options.json)?;
    Ok(if never == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One connection that revokes and one that asks.
struct Watch {
    target: Target,
    revoking: Connection,
    asking: Plain,
    address: SocketAddr,
    issuer: Issuer,
    seen: Seen,
}

impl Watch {
    async fn revoke_and_look(&mut self, certificate: &Issued, nonce: bool) -> Result<(), Error> {
        let body = self.issuer.request(&certificate.serial, nonce);
        let host = self.address.to_string();
        let request = post(&host, "/ocsp", "application/ocsp-request", &body);
        if self.ask(&request, certificate).await? != Some(Status::Good) {
            return Err("a certificate is not good before it is revoked".into());
        }
        let begun = Instant::now();
        let answer = revoke(&self.target, &mut self.revoking, certificate).await?;
        if !answer.status.is_success() {
            return Err(format!("{}: {}", answer.status, answer.excerpt()).into());
        }
        let answered = Instant::now();
        self.seen.revoked.add(answered - begun);
        let mut asked = 0;
        while begun.elapsed() < PATIENCE {
            if self.ask(&request, certificate).await? == Some(Status::Revoked) {
                self.seen.visible.add(begun.elapsed());
                self.seen.after.add(answered.elapsed());
                self.seen.late += asked;
                return Ok(());
            }
            asked += 1;
        }
        self.seen.never += 1;
        Ok(())
    }

    async fn ask(&mut self, request: &[u8], certificate: &Issued) -> Result<Option<Status>, Error> {
        let answer = self.asking.exchange(request).await?;
        Ok(status(answer.body, &certificate.serial))
    }
}

/// What was seen.
struct Seen {
    /// From asking for a revocation to its answer.
    revoked: Histogram,
    /// From asking for it to the first OCSP answer that shows it.
    visible: Histogram,
    /// From its answer to that.
    after: Histogram,
    /// OCSP answers to questions asked after a revocation's answer that did not show it.
    late: u64,
    /// Revocations never seen.
    never: u64,
}

impl Seen {
    fn new() -> Self {
        Self {
            revoked: Histogram::new(),
            visible: Histogram::new(),
            after: Histogram::new(),
            late: 0,
            never: 0,
        }
    }

    fn report(&self, issuing: f64) -> Report {
        let mut report = Report::default();
        report.add("revocations", self.revoked.count());
        report.add_time("visible_p50_ms", self.visible.percentile(50.0));
        report.add_time("visible_p99_ms", self.visible.percentile(99.0));
        report.add_time("visible_max_ms", self.visible.max());
        report.add_time("revoke_p50_ms", self.revoked.percentile(50.0));
        report.add_time("revoke_p99_ms", self.revoked.percentile(99.0));
        report.add_time("from_answer_p50_ms", self.after.percentile(50.0));
        report.add_time("from_answer_p99_ms", self.after.percentile(99.0));
        report.add("late_answers", self.late);
        report.add("never_seen", self.never);
        report.add("issued_meanwhile_per_second", issuing.round());
        report
    }
}
