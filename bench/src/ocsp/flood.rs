//! Many connections that ask about certificates, each its next question as soon as the last was answered.
//! Must not know who answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::timeout_at;

use super::request::{Issuer, NONCE, find, is_successful};
use crate::Error;
use crate::plain::{Plain, post};
use crate::random::Random;
use crate::tally::{Outcome, Tally};

/// An answer still missing so long after the end counts as an error.
const GRACE: Duration = Duration::from_secs(5);

/// The questions, and how to reach who answers them.
#[derive(Clone)]
pub(super) struct Flood {
    address: SocketAddr,
    /// Whole HTTP requests.
    requests: Arc<Vec<Vec<u8>>>,
    /// Does each end in the place for a nonce?
    nonce: bool,
    /// Must answers be OCSP's? Those of the bare server are not.
    is_judged: bool,
    /// Does each request need a connection of its own?
    reconnects: bool,
}

impl Flood {
    /// Asks at `path` of `address` about certificates of this issuer.
    pub(super) fn new(
        address: SocketAddr,
        path: &str,
        issuer: &Issuer,
        serials: &[Vec<u8>],
        nonce: bool,
    ) -> Self {
        let host = address.to_string();
        let requests = serials.iter().map(|serial| {
            let body = issuer.request(serial, nonce);
            post(&host, path, "application/ocsp-request", &body)
        });
        Self {
            address,
            requests: Arc::new(requests.collect()),
            nonce,
            is_judged: true,
            reconnects: false,
        }
    }

    /// The same questions to a server that does not understand them.
    pub(super) fn to_bare(&self, address: SocketAddr) -> Self {
        Self {
            address,
            is_judged: false,
            ..self.clone()
        }
    }

    /// To a server that closes each connection after one answer.
    pub(super) fn reconnecting(self) -> Self {
        Self {
            reconnects: true,
            ..self
        }
    }

    /// Asks each question once, so that answers which can be kept are.
    ///
    /// # Errors
    /// The first question that is not answered.
    pub(super) async fn warm(&self) -> Result<(), Error> {
        let mut connection = Plain::open(self.address).await?;
        for request in self.requests.iter() {
            self.ask(&mut connection, request).await?;
        }
        Ok(())
    }

    /// Asks on so many connections for so long. They are opened before the clock starts.
    ///
    /// # Errors
    /// A connection cannot be opened.
    pub(super) async fn run(&self, connections: u64, time: Duration) -> Result<Outcome, Error> {
        let mut open = Vec::new();
        for _ in 0..connections {
            open.push(match self.reconnects {
                true => None,
                false => Some(Plain::open(self.address).await?),
            });
        }
        let start = Instant::now();
        let mut workers = JoinSet::new();
        for connection in open {
            let random = Random::begin()?;
            workers.spawn(self.clone().worker(connection, random, start + time));
        }
        let mut tally = Tally::new();
        while let Some(done) = workers.join_next().await {
            tally.merge(done?);
        }
        let elapsed = start.elapsed();
        Ok(Outcome { tally, elapsed })
    }

    /// Asks until the end; without a connection, or after one broke, on a new one.
    async fn worker(
        self,
        mut connection: Option<Plain>,
        mut random: Random,
        end: Instant,
    ) -> Tally {
        let mut tally = Tally::new();
        let mut request = Vec::new();
        while Instant::now() < end {
            let at = random.below(self.requests.len() as u64) as usize;
            let Some(prepared) = self.requests.get(at) else {
                break;
            };
            request.clone_from(prepared);
            if self.nonce {
                write_nonce(&mut request, &mut random);
            }
            let begun = Instant::now();
            let asked = async {
                let mut open = match connection.take() {
                    Some(open) => open,
                    None => Plain::open(self.address).await?,
                };
                let length = self.ask(&mut open, &request).await?;
                Ok::<_, Error>((open, length))
            };
            match timeout_at((end + GRACE).into(), asked).await {
                Ok(Ok((open, length))) => {
                    tally.latencies.add(begun.elapsed());
                    tally.bytes += length as u64;
                    connection = Some(open).filter(|_| !self.reconnects);
                }
                Ok(Err(broken)) => tally.error("bad answer".into(), || broken.to_string()),
                Err(_) => tally.error("no answer".into(), String::new),
            }
        }
        tally
    }

    /// Asks one question and looks at the answer: its length if it is one.
    async fn ask(&self, connection: &mut Plain, request: &[u8]) -> Result<usize, Error> {
        let answer = connection.exchange(request).await?;
        if answer.status != 200 {
            return Err(format!("status {}", answer.status).into());
        }
        if self.is_judged {
            if !is_successful(answer.body) {
                return Err(format!("an error of the protocol: {:02x?}", answer.body).into());
            }
            if self.nonce && find(answer.body, nonce_of(request)).is_none() {
                return Err("an answer does not repeat its nonce".into());
            }
        }
        Ok(answer.body.len())
    }
}

fn nonce_of(request: &[u8]) -> &[u8] {
    let start = request.len().saturating_sub(NONCE);
    request.get(start..).unwrap_or_default()
}

fn write_nonce(request: &mut [u8], random: &mut Random) {
    let start = request.len().saturating_sub(NONCE);
    for part in request.get_mut(start..).unwrap_or_default().chunks_mut(8) {
        part.copy_from_slice(&random.next().to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ocsp::bare::Bare;
    use crate::ocsp::openssl::Openssl;
    use crate::ocsp::request::{Status, status};
    use crate::scratch::Scratch;

    const MOMENT: Duration = Duration::from_millis(100);

    fn responder(folder: &Path) -> (Openssl, Issuer) {
        let responder = Openssl::start(folder, &[vec![5], vec![0, 0xab]]).unwrap();
        let issuer = Issuer::read(&responder.authority).unwrap();
        (responder, issuer)
    }

    #[tokio::test]
    async fn openssl_answers_with_the_nonce_and_without() {
        let folder = Scratch::inside(&std::env::temp_dir()).unwrap();
        let (responder, issuer) = responder(folder.path());
        for nonce in [true, false] {
            let serials = [vec![5], vec![0, 0xab]];
            let flood = Flood::new(responder.address, "/", &issuer, &serials, nonce);
            let outcome = flood.reconnecting().run(2, MOMENT).await.unwrap();
            assert!(outcome.tally.latencies.count() > 1);
            assert_eq!(outcome.tally.errors(), 0);
        }
    }

    #[tokio::test]
    async fn openssl_tells_the_status() {
        let folder = Scratch::inside(&std::env::temp_dir()).unwrap();
        let (responder, issuer) = responder(folder.path());
        for (serial, want) in [(&[0, 0xab][..], Status::Good), (&[6], Status::Unknown)] {
            let body = issuer.request(serial, false);
            let request = post("localhost", "/", "application/ocsp-request", &body);
            let mut connection = Plain::open(responder.address).await.unwrap();
            let answer = connection.exchange(&request).await.unwrap();
            assert_eq!(status(answer.body, serial), Some(want));
        }
    }

    #[tokio::test]
    async fn what_is_no_ocsp_answer_is_an_error_unless_none_is_wanted() {
        let folder = Scratch::inside(&std::env::temp_dir()).unwrap();
        let (_responder, issuer) = responder(folder.path());
        let bare = Bare::start().await.unwrap();
        let flood = Flood::new(bare.address, "/", &issuer, &[vec![5]], true);
        let judged = flood.run(2, MOMENT).await.unwrap().tally;
        assert!(judged.latencies.count() == 0 && judged.errors() > 0);
        assert!(flood.warm().await.is_err());
        let bare = flood.to_bare(bare.address).run(2, MOMENT).await.unwrap();
        assert!(bare.tally.latencies.count() > 1);
        assert_eq!(bare.tally.errors(), 0);
    }
}
