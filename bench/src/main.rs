//! The measuring programs of Chancery: load on a running server, OCSP, CRLs and revocations on servers of their own, proof
//! that no answered certificate is lost, start-up, and large databases to try all that on. Prints figures and ratios; judges
//! nothing but what is lost.
//!
//! Knows the product from outside alone: its APIs, its open port, its command line, and, for `fill` and what builds on it,
//! its table of certificates.

mod beside;
mod bulk;
mod ceiling;
mod client;
mod crl;
mod csr;
mod database;
mod fill;
mod histogram;
mod kill9;
mod load;
mod ocsp;
mod output;
mod own;
mod plain;
mod process;
mod random;
mod revoke;
mod scratch;
mod server;
mod startup;
mod stock;
mod tally;
mod visible;
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
    /// Adds copies of one certificate to the database of a stopped server, to measure on
    Fill(fill::Options),
    /// Kills a server under load again and again and looks for certificates that were answered and are gone
    Kill9(kill9::Options),
    /// Asks for the status of certificates by OCSP and prints rate and latencies, beside ceilings and `openssl ocsp`
    Ocsp(Box<ocsp::Options>),
    /// Measures how soon OCSP shows a revocation
    Visible(visible::Options),
    /// Measures single revocations on a server that has revoked many
    Revoke(revoke::Options),
    /// Measures the revocation of many certificates by one request
    Bulk(bulk::Options),
    /// Measures the making of a large CRL, alone and beside issuance
    Crl(crl::Options),
    /// Starts a server some times and prints how long it takes and what memory it holds
    Startup(startup::Options),
}

#[tokio::main]
async fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Load(options) => load::run(*options).await,
        Command::Fill(options) => fill::run(options).await,
        Command::Kill9(options) => kill9::run(options).await,
        Command::Ocsp(options) => ocsp::run(*options).await,
        Command::Visible(options) => visible::run(options).await,
        Command::Revoke(options) => revoke::run(options).await,
        Command::Bulk(options) => bulk::run(options).await,
        Command::Crl(options) => crl::run(options).await,
        Command::Startup(options) => startup::run(options).await,
    };
    done.unwrap_or_else(|error| {
        output::note(error);
        ExitCode::from(2)
    })
}
