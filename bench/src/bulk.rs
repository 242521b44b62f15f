//! Revoking many certificates by one request: how long that takes, and what others notice of it meanwhile.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use bytes::Bytes;
use clap::{Args, value_parser};
use http_body_util::Full;
use hyper::Method;
use hyper::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::beside::Beside;
use crate::client::{Connection, Target};
use crate::histogram::Histogram;
use crate::ocsp::request::Issuer;
use crate::output::{self, Report, rounded};
use crate::own::{Own, OwnOptions};
use crate::plain::{Plain, post};
use crate::{Error, database};

/// The native API's path of revocations of many.
const REVOCATIONS: &str = "/chancery/v1/revocations";
/// How often OCSP is asked meanwhile.
const ASK: Duration = Duration::from_millis(20);
/// After so many questions the job is looked at.
const LOOK: u32 = 10;
/// A job that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(1_200);

/// What `bulk` takes.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    own: OwnOptions,
    /// Certificates to revoke; rows are added to the database if there are fewer. All of the authority's that are active
    /// are revoked: do not keep the data
    #[arg(long, default_value_t = 1_000_000, value_parser = value_parser!(u64).range(1..=9_000_000))]
    count: u64,
    /// Connections that issue certificates meanwhile; the rate alone is measured before
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u64).range(0..=256))]
    issuing: u64,
    /// Seconds for which the rate of issuance alone is measured
    #[arg(long, default_value_t = 5, value_parser = value_parser!(u64).range(1..=60))]
    seconds: u64,
    /// Print one line of JSON
    #[arg(long)]
    json: bool,
}

/// Revokes all that the authority has issued, and prints how long it took. Fails if fewer were revoked than were there.
///
/// # Errors
/// The server does not start, its database cannot be filled, or the job does not end.
pub(crate) async fn run(options: Options) -> Result<ExitCode, Error> {
    let own = Own::filled(&options.own, options.count, false).await?;
    let authority = &options.own.authority;
    let jobs = Jobs {
        target: own.server.target().await?,
        filter: json!({ "authority": authority, "reason": "superseded" }),
    };
    let mut others = Others::new(&own, authority).await?;
    let beside = Beside::start(&jobs.target, options.issuing).await?;
    let alone = beside.rate_for(Duration::from_secs(options.seconds)).await;
    let mut report = Report::default();
    let up_to = jobs.preview(&mut report).await?;

    let (begun, mark) = (Instant::now(), beside.mark());
    let mut job = jobs.start(up_to).await?;
    while member(&job, "state")? == "running" {
        if begun.elapsed() > PATIENCE {
            return Err(format!("the job does not end: {job}").into());
        }
        for _ in 0..LOOK {
            others.ask().await?;
            tokio::time::sleep(ASK).await;
        }
        job = jobs.look(&job).await?;
    }
    let (elapsed, meanwhile) = (begun.elapsed(), beside.rate_since(mark));
    beside.stop().await?;
    own.server.stop()?;

    let (total, revoked) = (number(&job, "total")?, number(&job, "revoked")?);
    report.add("total", total);
    report.add("revoked", revoked);
    report.add("seconds", rounded(elapsed.as_secs_f64(), 1));
    let rate = revoked as f64 / elapsed.as_secs_f64();
    report.add("revoked_per_second", rounded(rate, 0));
    report.add("issued_alone_per_second", rounded(alone, 0));
    report.add("issued_meanwhile_per_second", rounded(meanwhile, 0));
    report.add("share_meanwhile", rounded(meanwhile / alone, 3));
    report.add_time("ocsp_p50_ms", others.latencies.percentile(50.0));
    report.add_time("ocsp_p99_ms", others.latencies.percentile(99.0));
    report.add_time("ocsp_max_ms", others.latencies.max());
    report.print(options.json)?;
    Ok(if revoked < total {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The API of revocations of many, and which are meant.
struct Jobs {
    target: Target,
    filter: Value,
}

impl Jobs {
    /// A dry run: the greatest number of what it told of.
    async fn preview(&self, report: &mut Report) -> Result<u64, Error> {
        let mut wanted = self.filter.clone();
        put(&mut wanted, "dry_run", true);
        let begun = Instant::now();
        let preview = self.send(Method::POST, REVOCATIONS, &wanted).await?;
        report.add_time("dry_run_ms", begun.elapsed());
        number(&preview, "up_to")
    }

    async fn start(&self, up_to: u64) -> Result<Value, Error> {
        let mut wanted = self.filter.clone();
        put(&mut wanted, "up_to", up_to);
        output::note("revoking");
        self.send(Method::POST, REVOCATIONS, &wanted).await
    }

    async fn look(&self, job: &Value) -> Result<Value, Error> {
        let path = format!("{REVOCATIONS}/{}", number(job, "number")?);
        let job = self.send(Method::GET, &path, &Value::Null).await?;
        Ok(job)
    }

    async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, Error> {
        let mut connection = Connection::open(&self.target).await?;
        let request = self.target.request(method, path);
        let request = match body {
            Value::Null => request.body(Full::default())?,
            body => request
                .header(CONTENT_TYPE, "application/json")
                .body(Full::new(Bytes::from(body.to_string())))?,
        };
        connection.exchange(request).await?.json()
    }
}

/// Somebody who asks about one certificate again and again, by a new question each time.
struct Others {
    connection: Plain,
    request: Vec<u8>,
    latencies: Histogram,
}

impl Others {
    async fn new(own: &Own, authority: &str) -> Result<Self, Error> {
        let issuer = Issuer::read(&own.data().join(format!("ca/{authority}.pem")))?;
        let serials = database::serials(own.data(), authority, 1)?;
        let serial = serials.first().ok_or("there is no certificate")?;
        let address = Target::open_port(own.server.http()).await?.address();
        let body = issuer.request(serial, true);
        Ok(Self {
            connection: Plain::open(address).await?,
            request: post(
                &address.to_string(),
                "/ocsp",
                "application/ocsp-request",
                &body,
            ),
            latencies: Histogram::new(),
        })
    }

    async fn ask(&mut self) -> Result<(), Error> {
        let begun = Instant::now();
        self.connection.exchange(&self.request).await?;
        self.latencies.add(begun.elapsed());
        Ok(())
    }
}

fn put(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}

fn member<'a>(json: &'a Value, name: &str) -> Result<&'a str, Error> {
    let text = json.get(name).and_then(Value::as_str);
    Ok(text.ok_or_else(|| format!("an answer has no {name:?}: {json}"))?)
}

fn number(json: &Value, name: &str) -> Result<u64, Error> {
    let number = json.get(name).and_then(Value::as_u64);
    Ok(number.ok_or_else(|| format!("an answer has no {name:?}: {json}"))?)
}
