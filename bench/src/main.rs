//! The measuring programs of Chancery: load on a running server, proof that no answered certificate is lost, start-up,
//! and large databases to try listings on. Prints figures and ratios; judges nothing but lost certificates.
//!
//! Knows the product from outside alone: its native API, its command line, and, for `fill`, its table of certificates.

mod ceiling;
mod client;
mod csr;
mod fill;
mod histogram;
mod kill9;
mod load;
mod output;
mod random;
mod scratch;
mod server;
mod startup;
mod work;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, in words for whoever runs the program.
type Error = Box<dyn std::error::Error + Send + Sync>;

/// Measures Chancery from outside; bench/README.md says how to read the figures.
#[derive(Parser)]
#[command(name = "chancery-bench", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Drives a running server over HTTP keep-alive connections and prints rate and latencies
    Load(Box<load::Options>),
    /// Adds copies of one certificate to the database of a stopped server, to try listings on
    Fill(fill::Options),
    /// Kills a server under load again and again and looks for certificates that were answered and are gone
    Kill9(kill9::Options),
    /// Starts a server some times and prints how long it takes and what memory it holds
    Startup(startup::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Load(options) => load::run(*options).await,
        Command::Fill(options) => fill::run(options).await,
        Command::Kill9(options) => kill9::run(options).await,
        Command::Startup(options) => startup::run(options).await,
    };
    done.unwrap_or_else(|error| {
        output::note(error);
        ExitCode::from(2)
    })
}
