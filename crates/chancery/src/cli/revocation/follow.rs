//! Watching a revocation of many certificates, or the release of one, until it ends. The server does not need the watcher:
//! Ctrl-C, a lost network and a restart of the server change nothing about it.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::HumanCount;
use serde_json::Value;

use crate::cli::address::Resource;
use crate::cli::client::Client;
use crate::cli::failure::{Failure, Kind};
use crate::cli::interrupt::{StopFlag, on_interrupt};
use crate::cli::object::text;
use crate::cli::progress::{Progress, Telling};

/// How often the server is asked.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long a server may be away before that is given up.
const PATIENCE: Duration = Duration::from_secs(300);
/// How revoked certificates are counted.
const REVOKED: Telling = Telling {
    bar: "{elapsed_precise} [{bar:30}] {human_pos} of {human_len} revoked, {eta} left",
    line: |revoked, total, _| format!("{} of {} revoked", HumanCount(revoked), HumanCount(total)),
};

/// How released certificates are counted.
const RELEASED: Telling = Telling {
    bar: "{elapsed_precise} [{bar:30}] {human_pos} of {human_len} released, {eta} left",
    line: |released, total, _| {
        format!("{} of {} released", HumanCount(released), HumanCount(total))
    },
};

/// A watch that Ctrl-C ends from the moment on at which it begins.
pub(super) struct Watch {
    stop: StopFlag,
}

impl Watch {
    /// Listens for Ctrl-C from now on.
    pub(super) fn begin() -> Result<Watch, Failure> {
        let stop = StopFlag::default();
        let raised = stop.clone();
        on_interrupt(move || raised.raise()).map_err(|error| {
            let detail = format!("Ctrl-C cannot be listened for: {error}");
            Failure::new(Kind::Refused, detail)
        })?;
        Ok(Watch { stop })
    }

    /// The revocation as it is once it runs no more.
    pub(super) fn to_the_end(&self, client: &Client, begun: &Value) -> Result<Value, Failure> {
        let number = text(begun, "number");
        let resource = Resource::new(&["revocations", &number]);
        let total = count(begun, "total");
        let counted = super::counted(begun);
        let telling = match counted {
            "released" => RELEASED,
            _ => REVOKED,
        };
        let mut progress = Progress::new(total, telling, io::stderr().is_terminal());
        let mut now = begun.clone();
        let mut away_since: Option<Instant> = None;
        while text(&now, "state") == "running" {
            progress.at(count(&now, counted), String::new);
            self.stop.wait(INTERVAL);
            if self.stop.is_raised() {
                drop(progress);
                return Err(left_running(&number));
            }
            match client.read(&resource) {
                Ok(read) => {
                    now = read;
                    away_since = None;
                }
                Err(failure) if failure.kind == Kind::Unavailable => {
                    if away_since.is_none() {
                        progress.note(&format!("{}: asking again", failure.detail));
                    }
                    if away_since.get_or_insert_with(Instant::now).elapsed() > PATIENCE {
                        return Err(failure);
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        Ok(now)
    }
}

fn left_running(number: &str) -> Failure {
    let detail = format!("no longer watched: the server goes on with revocation {number}");
    Failure::new(Kind::Interrupted, detail).hint(format!(
        "`chancery revocation stop {number}` stops it, `chancery revocation follow {number}` watches again"
    ))
}

fn count(one: &Value, member: &str) -> u64 {
    one.get(member).and_then(Value::as_u64).unwrap_or(0)
}
