//! A server of our own to measure on: a new one in a temporary folder, or one on data that are there; filled if wanted.
//! Must not know what is measured on it.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::Error;
use crate::database;
use crate::fill::{self, Filling};
use crate::output;
use crate::scratch::Scratch;
use crate::server::Server;
use crate::stock;

/// Which program is measured, and on which data.
#[derive(Args)]
pub(crate) struct OwnOptions {
    /// The chancery program
    #[arg(long, value_name = "FILE", default_value = "target/release/chancery")]
    binary: PathBuf,
    /// Its configuration file, such as one with shards; all defaults without it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A data directory on which no server runs, made if it is not there; without it, a temporary one
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) data: Option<PathBuf>,
    /// The issuing authority
    #[arg(long, default_value = "issuing")]
    pub(crate) authority: String,
}

/// A running server and its data.
pub(crate) struct Own {
    // Ends before its folder goes.
    pub(crate) server: Server,
    data: PathBuf,
    scratch: Scratch,
}

impl Own {
    /// Starts the program.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn start(options: &OwnOptions) -> Result<Self, Error> {
        let scratch = Scratch::inside(&std::env::temp_dir())?;
        let data = options.data.clone();
        let data = data.unwrap_or_else(|| scratch.path().join("data"));
        Ok(Self {
            server: start(options, &data, &scratch)?,
            data,
            scratch,
        })
    }

    /// Starts the program on data with at least `count` certificates that are revoked, or that are active, adding copies
    /// of one that it issues (see [`crate::fill`]) where there are fewer; and waits until it is at rest.
    ///
    /// # Errors
    /// It does not start, or its database cannot be filled.
    pub(crate) async fn filled(
        options: &OwnOptions,
        count: u64,
        revoked: bool,
    ) -> Result<Self, Error> {
        let mut own = Self::start(options)?;
        let there = database::count(&own.data, &options.authority, revoked)?;
        if there < count {
            stock::issue(&own.server.target().await?, 1).await?;
            own.server.stop()?;
            output::note(format_args!("filling: {} rows", count - there));
            fill::fill(&Filling {
                database: own.data.join(database::FILE),
                count: count - there,
                like: None,
                revoked,
            })?;
            own.server = start(options, &own.data, &own.scratch)?;
        }
        output::note("waiting for the server to come to rest");
        own.server.process().at_rest().await?;
        Ok(own)
    }

    /// Its data directory.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }
}

fn start(options: &OwnOptions, data: &Path, scratch: &Scratch) -> Result<Server, Error> {
    let log = scratch.path().join("server.log");
    Server::configured(&options.binary, options.config.as_deref(), data, &log)
}
