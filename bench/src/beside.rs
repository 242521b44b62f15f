//! Issuance that goes on beside what is measured: so many connections that issue one certificate after the other until
//! they are stopped. Its requests are made as it goes, so its rate is to be compared with itself alone.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::Error;
use crate::client::{Connection, Target};
use crate::csr::Requests;
use crate::work;

/// Issuance under way; stops when dropped.
pub(crate) struct Beside {
    shared: Arc<Shared>,
    workers: JoinSet<Result<(), Error>>,
}

#[derive(Default)]
struct Shared {
    next: AtomicU64,
    issued: AtomicU64,
    is_over: AtomicBool,
}

/// A moment, and how many certificates had been issued by then.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    at: Instant,
    issued: u64,
}

impl Beside {
    /// Begins to issue on so many connections.
    ///
    /// # Errors
    /// A connection cannot be opened.
    pub(crate) async fn start(target: &Target, connections: u64) -> Result<Self, Error> {
        let requests = Requests::begin()?;
        let shared = Arc::new(Shared::default());
        let mut workers = JoinSet::new();
        for _ in 0..connections {
            let connection = Connection::open(target).await?;
            workers.spawn(shared.clone().issue(target.clone(), connection, requests));
        }
        Ok(Self { shared, workers })
    }

    /// Now.
    pub(crate) fn mark(&self) -> Mark {
        Mark {
            at: Instant::now(),
            issued: self.shared.issued.load(Ordering::Relaxed),
        }
    }

    /// Certificates a second from then to now.
    pub(crate) fn rate_since(&self, then: Mark) -> f64 {
        let now = self.mark();
        (now.issued - then.issued) as f64 / (now.at - then.at).as_secs_f64()
    }

    /// Certificates a second for so long from now.
    pub(crate) async fn rate_for(&self, time: Duration) -> f64 {
        let mark = self.mark();
        tokio::time::sleep(time).await;
        self.rate_since(mark)
    }

    /// Ends it.
    ///
    /// # Errors
    /// What went wrong meanwhile.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        while let Some(done) = self.workers.join_next().await {
            done??;
        }
        Ok(())
    }
}

impl Shared {
    async fn issue(
        self: Arc<Self>,
        target: Target,
        mut connection: Connection,
        requests: Requests,
    ) -> Result<(), Error> {
        while !self.is_over.load(Ordering::Relaxed) {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let request = work::issue(&target, requests.body(number)?)?;
            // A busy server may refuse one; it is not counted.
            if connection.exchange(request).await?.status.is_success() {
                self.issued.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    }
}
