//! OCSP over keep-alive connections: rate and latencies, as shares of what the machine could do, and beside `openssl ocsp`.

mod bare;
mod flood;
mod openssl;
pub(crate) mod request;

use std::net::SocketAddr;
use std::num::NonZero;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum, value_parser};
use hyper::Uri;

use crate::client::Target;
use crate::output::{self, Report, rounded};
use crate::own::{Own, OwnOptions};
use crate::scratch::Scratch;
use crate::{Error, database, stock};

use bare::Bare;
use flood::Flood;
use openssl::Openssl;
use request::Issuer;

const SIGNING_TIME: Duration = Duration::from_secs(1);
const BARE_TIME: Duration = Duration::from_secs(2);
const OPENSSL_TIME: Duration = Duration::from_secs(2);
/// Connections to openssl, which serves them one after the other: enough that it never waits.
const OPENSSL_CONNECTIONS: u64 = 4;

/// What `ocsp` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// The open port of a running server, http://HOST:PORT; without it, one is started
    #[arg(long, requires = "data")]
    url: Option<Uri>,
    #[command(flatten)]
    own: OwnOptions,
    /// Certificates to ask about, at random
    #[arg(long, default_value_t = 2_000, value_parser = value_parser!(u32).range(1..=20_000))]
    certificates: u32,
    /// Connections, each with one request under way at a time
    #[arg(long, default_value_t = 32, value_parser = value_parser!(u64).range(1..=1024))]
    connections: u64,
    /// Seconds to ask, at most five minutes
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u64).range(1..=300))]
    seconds: u64,
    /// Measure the server alone: neither the ceilings nor openssl
    #[arg(long)]
    alone: bool,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
    /// What to ask for
    #[arg(value_enum)]
    mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// A random nonce in each request, so that each answer must be signed
    Live,
    /// No nonces, so that answers can be signed once and given again
    Kept,
}

/// Asks, and prints rate, latencies and shares. Fails if not one question was answered.
///
/// # Errors
/// The server cannot be reached or started, or there are no certificates to ask about.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    let asked = Asked::find(&options).await?;
    let (serials, issuer) = (&asked.serials, &asked.issuer);
    let nonce = options.mode == Mode::Live;
    let flood = Flood::new(asked.address, "/ocsp", issuer, serials, nonce);
    flood.warm().await?;
    let comparison = match options.alone {
        true => None,
        false => Some(Comparison::measure(&flood, &options, serials).await?),
    };
    output::note("asking");
    let time = Duration::from_secs(options.seconds);
    let outcome = flood.run(options.connections, time).await?;

    let succeeded = outcome.tally.latencies.count() > 0;
    let mut report = outcome.report(options.connections);
    report.add("certificates", serials.len() as u64);
    if let Some(comparison) = comparison {
        comparison.report(outcome.rate(), nonce, &mut report);
    }
    report.print(options.json)?;
    Ok(if succeeded {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Who is asked, about what.
struct Asked {
    address: SocketAddr,
    issuer: Issuer,
    serials: Vec<Vec<u8>>,
    /// The server, if it is our own.
    _own: Option<Own>,
}

impl Asked {
    /// Finds certificates of the running server, or starts one and issues those that are not there yet.
    async fn find(options: &Options) -> Result<Self, Error> {
        let (count, authority) = (options.certificates as usize, &options.own.authority);
        let (own, url, data) = match (&options.url, &options.own.data) {
            (Some(url), Some(data)) => (None, url.clone(), data.clone()),
            _ => {
                let own = Own::start(&options.own)?;
                let there = database::serials(own.data(), authority, count)?.len();
                stock::issue(&own.server.target().await?, (count - there) as u64).await?;
                let (url, data) = (own.server.http().clone(), own.data().to_owned());
                (Some(own), url, data)
            }
        };
        let serials = database::serials(&data, authority, count)?;
        if serials.is_empty() {
            return Err("there are no certificates to ask about: issue some, as with: chancery-bench load issue".into());
        }
        Ok(Self {
            address: Target::open_port(&url).await?.address(),
            issuer: Issuer::read(&data.join(format!("ca/{authority}.pem")))?,
            serials,
            _own: own,
        })
    }
}

/// What the rate is compared with, each a second.
struct Comparison {
    bare: f64,
    /// On one core.
    signatures: f64,
    openssl: f64,
}

impl Comparison {
    async fn measure(flood: &Flood, options: &Options, serials: &[Vec<u8>]) -> Result<Self, Error> {
        output::note("measuring the ceilings");
        let server = Bare::start().await?;
        let bare = flood.to_bare(server.address);
        let bare = bare.run(options.connections, BARE_TIME).await?.rate();
        drop(server);
        let signing = tokio::task::spawn_blocking(|| bare::signatures(SIGNING_TIME));
        let signatures = signing.await??;
        output::note("asking openssl ocsp");
        let folder = Scratch::inside(&std::env::temp_dir())?;
        let responder = Openssl::start(folder.path(), serials)?;
        let issuer = Issuer::read(&responder.authority)?;
        let nonce = options.mode == Mode::Live;
        let flood = Flood::new(responder.address, "/", &issuer, serials, nonce).reconnecting();
        let openssl = flood.run(OPENSSL_CONNECTIONS, OPENSSL_TIME).await?;
        openssl.tally.note_errors();
        Ok(Self {
            bare,
            signatures,
            openssl: openssl.rate(),
        })
    }

    fn report(&self, rate: f64, nonce: bool, report: &mut Report) {
        let cores = thread::available_parallelism().map_or(1, NonZero::get) as f64;
        report.add("bare_http_per_second", rounded(self.bare, 0));
        report.add("share_of_bare_http", rounded(rate / self.bare, 3));
        if nonce {
            let all_cores = self.signatures * cores;
            // What an exchange and a signature take together, on all cores.
            let both = 1.0 / (1.0 / self.bare + 1.0 / all_cores);
            report.add("signatures_per_core_second", rounded(self.signatures, 0));
            report.add("share_of_signing_ceiling", rounded(rate / all_cores, 3));
            report.add("share_of_http_and_signing", rounded(rate / both, 3));
        }
        report.add("openssl_ocsp_per_second", rounded(self.openssl, 0));
        report.add("times_openssl_ocsp", rounded(rate / self.openssl, 1));
    }
}
