//! Certificates for what is measured to work on: issued by the server itself, on many connections, as fast as it can.
//! Must not know what becomes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chancery_core::serial::Serial;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::Error;
use crate::client::{Connection, Target};
use crate::csr::Requests;
use crate::output;
use crate::work;

const CONNECTIONS: u64 = 16;

/// A certificate as the server answered it.
pub(crate) struct Issued {
    /// By which the native API knows it.
    pub(crate) id: String,
    /// Content octets of its serial number's INTEGER.
    pub(crate) serial: Vec<u8>,
}

/// Issues so many certificates.
///
/// # Errors
/// The server issues none.
pub(crate) async fn issue(target: &Target, count: u64) -> Result<Vec<Issued>, Error> {
    if count > 0 {
        output::note(format_args!("issuing {count} certificates"));
    }
    let requests = Requests::begin()?;
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = JoinSet::new();
    for _ in 0..CONNECTIONS.min(count) {
        let (target, next) = (target.clone(), next.clone());
        workers.spawn(async move {
            let mut connection = Connection::open(&target).await?;
            let mut issued = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok::<_, Error>(issued);
                }
                let request = work::issue(&target, requests.body(number)?)?;
                issued.push(Issued::read(&connection.exchange(request).await?.json()?)?);
            }
        });
    }
    let mut issued = Vec::new();
    while let Some(done) = workers.join_next().await {
        issued.extend(done??);
    }
    Ok(issued)
}

impl Issued {
    fn read(json: &Value) -> Result<Self, Error> {
        let member = |name| {
            let text = json.get(name).and_then(Value::as_str);
            text.ok_or_else(|| format!("an answer has no {name:?}: {json}"))
        };
        let serial = Serial::parse_hex(member("serial")?)
            .map_err(|error| format!("an answer has no serial number: {error:?}"))?;
        Ok(Self {
            id: member("id")?.to_owned(),
            serial: serial.content().to_vec(),
        })
    }
}
