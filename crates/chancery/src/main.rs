//! Chancery: a certificate authority that answers in many management APIs, and its command line, in one program.
//!
//! `chancery serve` composes the server; every other command is a client of the native API and knows nothing of the
//! engine. Must not know how anything is stored or signed.

mod cli;
mod config;
mod serve;

use std::process::ExitCode;

fn main() -> ExitCode {
    // The server's listeners and the client use whatever is installed here; it fails only if something already is.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run()
}
