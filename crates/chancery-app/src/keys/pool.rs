//! Making private keys without holding anybody up: RSA keys on threads of their own, some kept ready beforehand.
//!
//! An RSA-2048 key costs a tenth of a second of CPU, and no two the same. So a bounded number of threads makes them:
//! first what requests wait for, in the order of their coming, and only then what is kept ready. Keys of other kinds
//! are so cheap that any blocking thread makes them at once.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use chancery_core::key::KeyAlgorithm;
use tokio::sync::oneshot;

use super::software;
use super::{KeyFault, PrivateKey};
use crate::config::KeyPoolConfig;
use crate::error::Error;

/// Makes private keys. Its threads end with it, each after the key at hand; keys that nobody took are wiped.
pub(crate) struct KeyPool(Arc<Workshop>);

/// Why no key was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PoolError {
    /// As many requests wait for an RSA key as may.
    Busy,
    /// The key could not be made.
    Fault(KeyFault),
}

/// The kind that is kept ready.
const KEPT_READY: KeyAlgorithm = KeyAlgorithm::Rsa(2048);

const THREAD_FAILED: KeyFault = KeyFault("the thread that made the key failed");

type Made = Result<PrivateKey, KeyFault>;
type Make = Box<dyn Fn(KeyAlgorithm) -> Made + Send + Sync>;

/// What the threads share.
struct Workshop {
    state: Mutex<State>,
    /// Something in the state changed that gives a thread work, or none any more.
    changed: Condvar,
    config: KeyPoolConfig,
    make: Make,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Order>,
    ready: Vec<PrivateKey>,
    /// Keys to be kept ready that threads are making now.
    in_the_making: usize,
    warm: bool,
    closed: bool,
}

struct Order {
    algorithm: KeyAlgorithm,
    answer: oneshot::Sender<Made>,
}

enum Job {
    Order(Order),
    Refill,
}

impl KeyPool {
    /// Starts the threads, which wait until they are needed: nothing is made before [`KeyPool::warm`] or a request.
    pub(crate) fn new(config: &KeyPoolConfig) -> io::Result<KeyPool> {
        KeyPool::making(config, Box::new(software::generate))
    }

    fn making(config: &KeyPoolConfig, make: Make) -> io::Result<KeyPool> {
        let workshop = Workshop {
            state: Mutex::default(),
            changed: Condvar::new(),
            config: config.clone(),
            make,
        };
        // A pool from the first moment, so that a thread that does not start ends the others.
        let pool = KeyPool(Arc::new(workshop));
        for number in 1..=config.threads {
            let workshop = Arc::clone(&pool.0);
            thread::Builder::new()
                .name(format!("rsa-keys-{number}"))
                .spawn(move || workshop.work())?;
        }
        Ok(pool)
    }

    /// From now on keeps RSA-2048 keys ready.
    pub(crate) fn warm(&self) {
        self.0.lock().warm = true;
        self.0.changed.notify_all();
    }

    /// A new key. A request that is given up leaves its place, and its key if that is made already, to others.
    pub(crate) async fn take(&self, algorithm: KeyAlgorithm) -> Result<PrivateKey, PoolError> {
        let made = if matches!(algorithm, KeyAlgorithm::Rsa(_)) {
            match self.0.order(algorithm)? {
                Ordered::Ready(key) => return Ok(key),
                Ordered::Waiting(mut waiting) => (&mut waiting.answer).await.ok(),
            }
        } else {
            let workshop = Arc::clone(&self.0);
            tokio::task::spawn_blocking(move || (workshop.make)(algorithm))
                .await
                .ok()
        };
        made.unwrap_or(Err(THREAD_FAILED)).map_err(PoolError::Fault)
    }
}

impl Drop for KeyPool {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

enum Ordered<'a> {
    Ready(PrivateKey),
    Waiting(Waiting<'a>),
}

struct Waiting<'a> {
    workshop: &'a Workshop,
    algorithm: KeyAlgorithm,
    answer: oneshot::Receiver<Made>,
}

impl Drop for Waiting<'_> {
    /// The key may have come just before the request was given up.
    fn drop(&mut self) {
        self.answer.close();
        if let Ok(Ok(unwanted)) = self.answer.try_recv() {
            self.workshop
                .lock()
                .keep(&self.workshop.config, self.algorithm, unwanted);
        }
    }
}

impl Workshop {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No step of ours leaves the state half changed, so what a panicking thread left is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, algorithm: KeyAlgorithm) -> Result<Ordered<'_>, PoolError> {
        let mut state = self.lock();
        if algorithm == KEPT_READY
            && let Some(key) = state.ready.pop()
        {
            self.changed.notify_one();
            return Ok(Ordered::Ready(key));
        }
        let queue = self.config.queue as usize;
        if state.waiting.len() >= queue {
            state.waiting.retain(|order| !order.answer.is_closed());
        }
        if state.waiting.len() >= queue {
            return Err(PoolError::Busy);
        }
        let (sender, answer) = oneshot::channel();
        state.waiting.push_back(Order {
            algorithm,
            answer: sender,
        });
        self.changed.notify_one();
        Ok(Ordered::Waiting(Waiting {
            workshop: self,
            algorithm,
            answer,
        }))
    }

    /// One thread's life.
    fn work(&self) {
        while let Some(job) = self.next_job() {
            match job {
                Job::Order(order) => {
                    let made = (self.make)(order.algorithm);
                    if let Err(Ok(unwanted)) = order.answer.send(made) {
                        self.lock().keep(&self.config, order.algorithm, unwanted);
                    }
                }
                Job::Refill => {
                    let made = (self.make)(KEPT_READY);
                    let mut state = self.lock();
                    state.in_the_making -= 1;
                    match made {
                        Ok(key) => state.keep(&self.config, KEPT_READY, key),
                        Err(fault) => {
                            tracing::error!(%fault, "an RSA key could not be made: none are kept ready any more");
                            state.warm = false;
                        }
                    }
                }
            }
        }
    }

    /// Waits for something to do; none when the pool is gone.
    fn next_job(&self) -> Option<Job> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return None;
            }
            if let Some(order) = state.waiting.pop_front() {
                if order.answer.is_closed() {
                    continue;
                }
                return Some(Job::Order(order));
            }
            if state.warm && state.ready.len() + state.in_the_making < self.config.ready as usize {
                state.in_the_making += 1;
                return Some(Job::Refill);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl State {
    /// Gives a key that nobody asked for, or that nobody wants any more, to the first who waits for one of its kind;
    /// else keeps it ready, if there is room.
    fn keep(&mut self, config: &KeyPoolConfig, algorithm: KeyAlgorithm, mut key: PrivateKey) {
        let wanted = |order: &Order| order.algorithm == algorithm;
        while let Some(order) = self
            .waiting
            .iter()
            .position(wanted)
            .and_then(|at| self.waiting.remove(at))
        {
            match order.answer.send(Ok(key)) {
                Err(Ok(unwanted)) => key = unwanted,
                _ => return,
            }
        }
        if algorithm == KEPT_READY && self.ready.len() < config.ready as usize {
            self.ready.push(key);
        }
    }
}

impl From<PoolError> for Error {
    fn from(error: PoolError) -> Error {
        match error {
            PoolError::Busy => Error::Busy,
            PoolError::Fault(fault) => Error::internal(fault),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::{Duration, Instant};

    use zeroize::Zeroizing;

    use super::*;

    const RSA_2048: KeyAlgorithm = KeyAlgorithm::Rsa(2048);
    const RSA_3072: KeyAlgorithm = KeyAlgorithm::Rsa(3072);
    const RSA_4096: KeyAlgorithm = KeyAlgorithm::Rsa(4096);

    fn config(ready: u32, queue: u32) -> KeyPoolConfig {
        KeyPoolConfig {
            ready,
            threads: 1,
            queue,
        }
    }

    /// A pool with one thread that makes the key `n` only when told to.
    struct Bench {
        pool: Arc<KeyPool>,
        /// What the thread has begun.
        begun: mpsc::Receiver<KeyAlgorithm>,
        finish: mpsc::Sender<u8>,
    }

    impl Bench {
        fn new(config: &KeyPoolConfig) -> Bench {
            let (begin, begun) = mpsc::channel();
            let (finish, finished) = mpsc::channel();
            let channels = Mutex::new((begin, finished));
            let make = move |algorithm| {
                let (begin, finished) = &*channels.lock().unwrap();
                begin.send(algorithm).unwrap();
                let number: u8 = finished.recv().map_err(|_| KeyFault("the test is over"))?;
                if number == 0 {
                    return Err(KeyFault("told to fail"));
                }
                Ok(PrivateKey::from_pkcs8(Zeroizing::new(vec![number])))
            };
            let pool = KeyPool::making(config, Box::new(make)).unwrap();
            Bench {
                pool: Arc::new(pool),
                begun,
                finish,
            }
        }

        /// A request that waits; returns only when it stands in the queue or is being served.
        async fn ask(
            &self,
            algorithm: KeyAlgorithm,
        ) -> tokio::task::JoinHandle<Result<u8, PoolError>> {
            let pool = Arc::clone(&self.pool);
            let (asked, now) = oneshot::channel();
            let request = tokio::spawn(async move {
                let mut take = Box::pin(pool.take(algorithm));
                let first = std::future::poll_fn(|context| {
                    std::task::Poll::Ready(take.as_mut().poll(context))
                })
                .await;
                asked.send(()).unwrap();
                let key = match first {
                    std::task::Poll::Ready(key) => key?,
                    std::task::Poll::Pending => take.await?,
                };
                Ok(key.pkcs8()[0])
            });
            now.await.unwrap();
            request
        }

        fn next_begun(&self) -> KeyAlgorithm {
            self.begun.recv_timeout(Duration::from_secs(10)).unwrap()
        }

        async fn until(&self, holds: impl Fn(&State) -> bool) {
            let start = Instant::now();
            while !holds(&self.pool.0.lock()) {
                assert!(
                    start.elapsed() < Duration::from_secs(10),
                    "it does not come to that"
                );
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }

    #[tokio::test]
    async fn keys_of_every_kind_are_made() {
        let pool = KeyPool::new(&config(0, 4)).unwrap();
        for algorithm in [
            RSA_2048,
            RSA_3072,
            KeyAlgorithm::P256,
            KeyAlgorithm::P384,
            KeyAlgorithm::P521,
            KeyAlgorithm::Ed25519,
        ] {
            let key = pool.take(algorithm).await.unwrap();
            assert_eq!(
                software::public_key_of(&key).unwrap().algorithm(),
                algorithm
            );
        }
        let refused = pool.take(KeyAlgorithm::Rsa(1024)).await.unwrap_err();
        assert!(matches!(refused, PoolError::Fault(_)));
    }

    #[tokio::test]
    async fn nothing_is_kept_ready_before_it_is_warmed() {
        let bench = Bench::new(&config(2, 4));
        assert!(bench.begun.recv_timeout(Duration::from_millis(50)).is_err());
        bench.pool.warm();
        for number in [1, 2] {
            assert_eq!(bench.next_begun(), RSA_2048);
            bench.finish.send(number).unwrap();
        }
        bench.until(|state| state.ready.len() == 2).await;
        assert!(
            bench.begun.recv_timeout(Duration::from_millis(50)).is_err(),
            "more than 2 are made"
        );
        // Taking one has another made.
        bench.ask(RSA_2048).await.await.unwrap().unwrap();
        assert_eq!(bench.next_begun(), RSA_2048);
    }

    #[tokio::test]
    async fn requests_are_served_in_order_and_before_what_is_kept_ready() {
        let bench = Bench::new(&config(8, 8));
        let first = bench.ask(RSA_4096).await;
        assert_eq!(bench.next_begun(), RSA_4096);
        bench.pool.warm();
        let second = bench.ask(RSA_3072).await;
        let third = bench.ask(RSA_2048).await;
        let fourth = bench.ask(RSA_3072).await;
        bench.finish.send(1).unwrap();
        for (number, algorithm) in [(2, RSA_3072), (3, RSA_2048), (4, RSA_3072)] {
            assert_eq!(bench.next_begun(), algorithm);
            bench.finish.send(number).unwrap();
        }
        for (request, number) in [(first, 1), (second, 2), (third, 3), (fourth, 4)] {
            assert_eq!(request.await.unwrap(), Ok(number));
        }
        assert_eq!(bench.next_begun(), RSA_2048, "now what is kept ready");
    }

    #[tokio::test]
    async fn a_key_in_the_making_goes_to_who_came_meanwhile() {
        let bench = Bench::new(&config(1, 8));
        bench.pool.warm();
        assert_eq!(bench.next_begun(), RSA_2048);
        let other = bench.ask(RSA_3072).await;
        let request = bench.ask(RSA_2048).await;
        bench.finish.send(1).unwrap();
        assert_eq!(request.await.unwrap(), Ok(1));
        assert_eq!(bench.next_begun(), RSA_3072);
        bench.finish.send(2).unwrap();
        assert_eq!(other.await.unwrap(), Ok(2));
    }

    #[tokio::test]
    async fn more_than_the_queue_holds_are_told_so() {
        let bench = Bench::new(&config(0, 2));
        let served = bench.ask(RSA_2048).await;
        bench.next_begun();
        let waiting = [bench.ask(RSA_2048).await, bench.ask(RSA_4096).await];
        assert_eq!(
            bench.ask(RSA_2048).await.await.unwrap(),
            Err(PoolError::Busy)
        );
        // Who gives up makes room.
        waiting[0].abort();
        bench
            .until(|state| state.waiting.iter().any(|order| order.answer.is_closed()))
            .await;
        let next = bench.ask(RSA_3072).await;
        for number in [1, 2, 3] {
            bench.finish.send(number).unwrap();
        }
        let [_, last] = waiting;
        for (request, number) in [(served, 1), (last, 2), (next, 3)] {
            assert_eq!(request.await.unwrap(), Ok(number));
        }
    }

    #[tokio::test]
    async fn a_request_given_up_loses_no_key() {
        let bench = Bench::new(&config(1, 4));
        let given_up = bench.ask(RSA_2048).await;
        bench.next_begun();
        given_up.abort();
        assert!(given_up.await.unwrap_err().is_cancelled());
        bench.finish.send(1).unwrap();
        bench.until(|state| state.ready.len() == 1).await;
        assert_eq!(bench.ask(RSA_2048).await.await.unwrap(), Ok(1));
    }

    #[tokio::test]
    async fn a_key_that_comes_as_the_request_is_given_up_is_not_lost() {
        let bench = Bench::new(&config(1, 4));
        let Ok(Ordered::Waiting(waiting)) = bench.pool.0.order(RSA_2048) else {
            panic!("none is ready")
        };
        let Ok(Ordered::Waiting(next)) = bench.pool.0.order(RSA_4096) else {
            panic!("none is ready")
        };
        bench.finish.send(1).unwrap();
        assert_eq!(
            (bench.next_begun(), bench.next_begun()),
            (RSA_2048, RSA_4096)
        );
        drop(waiting);
        assert_eq!(bench.pool.0.lock().ready.len(), 1);
        drop(next);
    }

    #[tokio::test]
    async fn a_fault_is_told_and_does_not_end_the_pool() {
        let bench = Bench::new(&config(1, 4));
        bench.pool.warm();
        bench.finish.send(0).unwrap();
        bench
            .until(|state| !state.warm && state.in_the_making == 0)
            .await;
        for (number, answer) in [
            (0, Err(PoolError::Fault(KeyFault("told to fail")))),
            (1, Ok(1)),
        ] {
            bench.finish.send(number).unwrap();
            assert_eq!(bench.ask(RSA_2048).await.await.unwrap(), answer);
        }
    }

    #[tokio::test]
    async fn the_threads_end_with_the_pool() {
        let pool = KeyPool::new(&KeyPoolConfig {
            ready: 0,
            threads: 3,
            queue: 1,
        })
        .unwrap();
        let workshop = Arc::downgrade(&pool.0);
        assert_eq!(workshop.strong_count(), 4);
        drop(pool);
        let start = Instant::now();
        while workshop.strong_count() > 0 {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "a thread lives on"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}
