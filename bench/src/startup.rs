//! Start-up: how long until the server answers, and what memory it holds before anyone asks for anything.
//! Must not know what the server does meanwhile.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Args, value_parser};

use crate::Error;
use crate::histogram::Histogram;
use crate::output::{self, Report, rounded};
use crate::process::mebibytes;
use crate::scratch::Scratch;
use crate::server::Server;

/// After the ready line, so that what is done once in the background is over.
const SETTLE: Duration = Duration::from_secs(1);

/// What `startup` takes.
#[derive(Args)]
pub(crate) struct Options {
    /// The chancery program
    #[arg(long, value_name = "FILE", default_value = "target/release/chancery")]
    binary: PathBuf,
    /// A data directory on which no server runs; without it, an empty one that is made first and removed afterwards
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
    /// Starts to measure
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=100))]
    times: u64,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Starts the server, looks at it, stops it, so many times. On a new directory one start more comes first, apart: it makes
/// the authorities.
///
/// # Errors
/// The server does not start or stop.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    tokio::task::spawn_blocking(move || measure(&options)).await?
}

fn measure(options: &Options) -> Result<ExitCode, Error> {
    let scratch = Scratch::inside(&std::env::temp_dir())?;
    let log = scratch.path().join("server.log");
    let mut report = Report::default();
    let data = match options.data.clone() {
        Some(data) => data,
        None => {
            let data = scratch.path().join("data");
            let first = Server::start(&options.binary, &data, &log)?;
            report.add_time("first_start_ms", first.start);
            first.stop()?;
            data
        }
    };
    let mut starts = Histogram::new();
    let mut largest = 0;
    for time in 1..=options.times {
        let server = Server::start(&options.binary, &data, &log)?;
        thread::sleep(SETTLE);
        let resident = server.process().resident()?;
        let words = format!(
            "start {time}: {:.1} ms, {:.1} MiB resident",
            server.start.as_secs_f64() * 1e3,
            mebibytes(resident)
        );
        output::round(options.json, words)?;
        starts.add(server.start);
        largest = largest.max(resident);
        server.stop()?;
    }
    report.add("starts", starts.count());
    report.add_time("mean_start_ms", starts.mean());
    report.add_time("p50_start_ms", starts.percentile(50.0));
    report.add_time("max_start_ms", starts.max());
    report.add("max_resident_mib", rounded(mebibytes(largest), 1));
    report.print(options.json)?;
    Ok(ExitCode::SUCCESS)
}
