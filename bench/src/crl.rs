//! A large CRL: how long the server takes to make a new one after a change, what memory that takes, and how much issuance
//! goes on meanwhile. Seen from outside: by the ETag of the list, which changes with its number.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Args, value_parser};
use http_body_util::Full;
use hyper::header::ETAG;
use hyper::{Method, StatusCode};

use crate::beside::Beside;
use crate::client::{Answer, Connection, Target};
use crate::output::{self, Report, rounded};
use crate::own::{Own, OwnOptions};
use crate::process::{Process, mebibytes};
use crate::revoke::revoke;
use crate::stock::{self, Issued};
use crate::{Error, database};

/// How often the list is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// A list that is not there by then never will be.
const PATIENCE: Duration = Duration::from_secs(600);
/// The server makes a costly list at most once in 20 times as long as that takes: this is a little more.
const REST: u32 = 22;
/// A rest that is not asked for lasts no longer.
const LONGEST_REST: Duration = Duration::from_secs(120);
/// Certificates issued for each shard, so that at least two fall into the one that is looked at.
const FOR_EACH_SHARD: u64 = 16;
/// More shards than this are not measured: too many certificates would be issued for it.
const MOST_SHARDS: u64 = 1_024;

/// What `crl` takes.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    own: OwnOptions,
    /// Certificates that are revoked; rows are added to the database if there are fewer
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(0..=9_000_000))]
    revoked: u64,
    /// The list: `whole`, or `N/I` for shard I of N
    #[arg(long, default_value = "whole", value_parser = scope)]
    list: Scope,
    /// Connections that issue certificates during the second making
    #[arg(long, default_value_t = 32, value_parser = value_parser!(u64).range(1..=256))]
    issuing: u64,
    /// Seconds for which the rate of issuance alone is measured
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Seconds to rest before each making, since the server makes costly lists seldom: 22 times what a making takes
    #[arg(long, default_value_t = 60, value_parser = value_parser!(u64).range(0..=600))]
    rest: u64,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// What the list covers.
#[derive(Clone, Copy)]
enum Scope {
    Whole,
    Shard { of: u64, index: u64 },
}

fn scope(text: &str) -> Result<Scope, Error> {
    if text == "whole" {
        return Ok(Scope::Whole);
    }
    let (of, index) = text.split_once('/').ok_or("a list is `whole` or `N/I`")?;
    let (of, index): (u64, u64) = (of.parse()?, index.parse()?);
    if index >= of || of > MOST_SHARDS {
        return Err(format!("there is no such shard, or of more than {MOST_SHARDS}").into());
    }
    Ok(Scope::Shard { of, index })
}

impl Scope {
    /// So many certificates, of which two at least fall into it.
    fn needed(self) -> u64 {
        match self {
            Self::Whole => 2,
            Self::Shard { of, .. } => of * FOR_EACH_SHARD,
        }
    }

    /// Shards are cut by the last two octets of serial numbers.
    fn covers(self, certificate: &Issued) -> bool {
        let last = match certificate.serial.as_slice() {
            [.., high, low] => u64::from(u16::from_be_bytes([*high, *low])),
            [low] => u64::from(*low),
            [] => 0,
        };
        match self {
            Self::Whole => true,
            Self::Shard { of, index } => last * of / 65_536 == index,
        }
    }
}

/// Has the list made twice, alone and beside issuance, and prints what that took.
///
/// # Errors
/// The server does not start or gives no list, or its database cannot be filled.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    let own = Own::filled(&options.own, options.revoked, true).await?;
    let target = own.server.target().await?;
    let authority = &options.own.authority;
    let path = match options.list {
        Scope::Whole => format!("/crl/{authority}.crl"),
        Scope::Shard { of, index } => format!("/crl/{authority}/{of}/{index}.crl"),
    };
    let list = List {
        path,
        open: Target::open_port(own.server.http()).await?,
        target,
    };
    let spare = stock::issue(&list.target, options.list.needed()).await?;
    let mut spare = spare.into_iter().filter(|one| options.list.covers(one));
    let mut report = Report::default();
    report.add("revoked", database::count(own.data(), authority, true)?);
    list.first(&mut report).await?;

    let (process, rest) = (own.server.process(), Duration::from_secs(options.rest));
    process.at_rest().await?;
    wait(rest).await;
    let alone = list.make(process, spare.next()).await?;
    report.add_time("make_ms", alone.time);
    report.add("make_more_memory_mib", rounded(mebibytes(alone.memory), 1));

    let needed = alone.time * REST;
    if needed > rest {
        output::note("the server may have rested too, within the time of making: raise --rest");
    }
    wait(rest.max(needed).min(LONGEST_REST)).await;
    let beside = Beside::start(&list.target, options.issuing).await?;
    // The first second is not counted: connections, caches and the log warm up.
    let _warm = beside.rate_for(Duration::from_secs(1)).await;
    let before = beside.rate_for(Duration::from_secs(options.seconds)).await;
    let mark = beside.mark();
    let busy = list.make(process, spare.next()).await?;
    let meanwhile = beside.rate_since(mark);
    beside.stop().await?;
    own.server.stop()?;
    report.add_time("make_beside_issuance_ms", busy.time);
    report.add(
        "make_beside_issuance_more_memory_mib",
        rounded(mebibytes(busy.memory), 1),
    );
    report.add("issued_alone_per_second", rounded(before, 0));
    report.add("issued_meanwhile_per_second", rounded(meanwhile, 0));
    report.add("share_meanwhile", rounded(meanwhile / before, 3));
    report.print(options.json)?;
    Ok(ExitCode::SUCCESS)
}

/// Rests, so that a change is followed by a list at once.
async fn wait(rest: Duration) {
    output::note(format_args!("resting for {} s", rest.as_secs()));
    tokio::time::sleep(rest).await;
}

/// A list, and how it is reached.
struct List {
    path: String,
    open: Target,
    target: Target,
}

/// What a making took.
struct Making {
    /// From the answer of a revocation to the first look at a list with another number.
    time: Duration,
    /// Bytes by which the most resident memory meanwhile exceeded what was resident before.
    memory: u64,
}

impl List {
    /// Gets the list twice, the first time perhaps waiting for its making, and tells how large it is.
    async fn first(&self, report: &mut Report) -> Result<(), Error> {
        let begun = Instant::now();
        self.get(Method::GET).await?;
        let first = begun.elapsed();
        let begun = Instant::now();
        let size = self.get(Method::GET).await?.body.len();
        let again = begun.elapsed();
        report.add("list_mib", rounded(mebibytes(size as u64), 2));
        report.add_time("first_get_ms", first);
        report.add_time("next_get_ms", again);
        Ok(())
    }

    /// Revokes a certificate and looks at the list until it is another one.
    async fn make(&self, process: Process, spare: Option<Issued>) -> Result<Making, Error> {
        let certificate = spare.ok_or("there is no certificate left to revoke")?;
        let before = self.tag().await?;
        let resident = process.resident()?;
        process.forget_peak()?;
        let mut connection = Connection::open(&self.target).await?;
        let answer = revoke(&self.target, &mut connection, &certificate).await?;
        if !answer.status.is_success() {
            return Err(format!("{}: {}", answer.status, answer.excerpt()).into());
        }
        output::note("waiting for the next list");
        let begun = Instant::now();
        while self.tag().await? == before {
            if begun.elapsed() > PATIENCE {
                return Err("no new list was made".into());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(Making {
            time: begun.elapsed(),
            memory: process.peak()?.saturating_sub(resident),
        })
    }

    /// The list's ETag.
    async fn tag(&self) -> Result<Vec<u8>, Error> {
        let answer = self.get(Method::HEAD).await?;
        let tag = answer.headers.get(ETAG);
        Ok(tag.ok_or("the list has no ETag")?.as_bytes().to_vec())
    }

    async fn get(&self, method: Method) -> Result<Answer, Error> {
        let mut connection = Connection::open(&self.open).await?;
        let request = self.open.request(method, &self.path);
        let answer = connection.exchange(request.body(Full::default())?).await?;
        if answer.status != StatusCode::OK {
            return Err(format!("{}: {} {}", self.path, answer.status, answer.excerpt()).into());
        }
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_serial_numbers_by_their_last_octets() {
        for (list, serial, want) in [
            ("whole", &[1_u8, 2, 3][..], true),
            ("16/3", &[9, 0x30, 0], true),
            ("16/3", &[9, 0x3f, 0xff], true),
            ("16/3", &[9, 0x40, 0], false),
            ("2/0", &[0xff], true),
        ] {
            let issued = Issued {
                id: String::new(),
                serial: serial.to_vec(),
            };
            assert_eq!(scope(list).unwrap().covers(&issued), want, "{list}");
        }
        for list in ["16/16", "16", "2048/1", "a/b"] {
            assert!(scope(list).is_err(), "{list}");
        }
    }
}
