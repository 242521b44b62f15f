//! Guessing secrets is made slow, and nobody is locked out by others who guess.
//!
//! Wrong attempts are counted by user and by address. After some that are free, the answer to a wrong one is held back,
//! longer each time; and where recent attempts were wrong, only a few may be made at once. The answer to a right one is
//! never held back. A user who was right from an address before has a lane of its own there: whoever guesses at its name
//! from elsewhere does not stand in its way.
//!
//! In memory and bounded. Knows nothing of what is attempted.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chancery_core::digest;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Counts wrong attempts, and makes those who make them wait.
pub(super) struct Slowdown(Arc<Shared>);

/// One attempt, from before it is checked until its outcome is known. Dropped without an outcome, it counts as none.
pub(super) struct Attempt {
    shared: Arc<Shared>,
    user: Place,
    /// None if the address is not known, or if the user was right from it before.
    address: Option<Place>,
    pair: Option<(UserHash, IpAddr)>,
}

/// Attempts at one user that may be made at once, if recent ones were wrong.
const AT_ONE_USER: usize = 4;
/// Attempts from one address that may be made at once, if recent ones were wrong.
const FROM_ONE_ADDRESS: usize = 16;
/// Attempts that may wait in one lane.
const WAITING: usize = 64;
/// So long after the last wrong attempt all is forgotten.
const FADE: Duration = Duration::from_secs(15 * 60);
/// How long the first answer that is not free is held back; each later one twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(100);
/// Most lanes of one sort.
const CAPACITY: usize = 10_000;

/// SHA-256 of a user's name: of one size, whatever name is tried.
type UserHash = [u8; 32];

struct Shared {
    free_attempts: u32,
    slowest: Duration,
    users: Lanes<UserHash>,
    addresses: Lanes<IpAddr>,
    /// Users at the addresses from which they were right.
    known: Lanes<(UserHash, IpAddr)>,
}

/// The lanes of one sort. Those longest out of use make way for new ones.
struct Lanes<K> {
    width: usize,
    lanes: Mutex<HashMap<K, Arc<Lane>>>,
}

/// Where attempts that are counted together stand in line.
struct Lane {
    /// How many attempts may be made at once, if recent ones were wrong.
    width: usize,
    slots: Arc<Semaphore>,
    line: Semaphore,
    tally: Mutex<Tally>,
}

struct Tally {
    failures: u32,
    failed: Instant,
    used: Instant,
}

/// An attempt's place in a lane; the slot is none if there was no need to wait for one.
struct Place {
    lane: Arc<Lane>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Slowdown {
    /// With that many wrong attempts free, and answers held back for `slowest` at most.
    pub(super) fn new(free_attempts: u32, slowest: Duration) -> Slowdown {
        Slowdown(Arc::new(Shared {
            free_attempts,
            slowest,
            users: Lanes::new(AT_ONE_USER),
            addresses: Lanes::new(FROM_ONE_ADDRESS),
            known: Lanes::new(AT_ONE_USER),
        }))
    }

    /// Waits until an attempt at `user` from `address` may be made.
    ///
    /// # Errors
    /// Too many wait already: when to try again.
    pub(super) async fn enter(
        &self,
        user: &str,
        address: Option<IpAddr>,
    ) -> Result<Attempt, Duration> {
        let shared = &self.0;
        let user = hash_of(user);
        let pair = address.map(|address| (user, network(address)));
        if let Some(pair) = &pair
            && let Some(lane) = shared.known.find(pair)
        {
            let user = shared.enter(lane).await?;
            return Ok(Attempt {
                shared: Arc::clone(shared),
                user,
                address: None,
                pair: Some(*pair),
            });
        }
        // The address first: so one address takes a part of a user's line at most, and not all of it.
        let address = match pair {
            Some((_, address)) => Some(shared.enter(shared.addresses.lane(address)).await?),
            None => None,
        };
        let user = shared.enter(shared.users.lane(user)).await?;
        Ok(Attempt {
            shared: Arc::clone(shared),
            user,
            address,
            pair,
        })
    }
}

impl Attempt {
    /// It was right: the user's wrong attempts are forgotten, and the user is known at this address.
    pub(super) fn succeeded(self) {
        // Not the address's: whoever has one account could guess at all the others.
        self.user.lane.tally().failures = 0;
        if let Some(pair) = self.pair {
            self.shared.known.lane(pair);
        }
    }

    /// It was wrong: counts it, and waits for as long as the answer is to be held back.
    pub(super) async fn failed(self) {
        let now = Instant::now();
        let places = [Some(&self.user), self.address.as_ref()];
        let failures = places
            .into_iter()
            .flatten()
            .map(|place| place.lane.tally().count(now))
            .max();
        let delay = self.shared.delay(failures.unwrap_or_default());
        if delay.is_zero() {
            return;
        }
        // A task of its own keeps the slots taken: who hangs up to try again at once gains nothing.
        let held = tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            drop(self);
        });
        if held.await.is_err() {
            tracing::warn!("the answer to a wrong attempt was not held back");
        }
    }
}

impl Shared {
    async fn enter(&self, lane: Arc<Lane>) -> Result<Place, Duration> {
        let now = Instant::now();
        lane.tally().used = now;
        let failures = lane.tally().recent(now);
        if let Ok(slot) = Arc::clone(&lane.slots).try_acquire_owned() {
            return Ok(Place {
                lane,
                _slot: Some(slot),
            });
        }
        if failures == 0 {
            return Ok(Place { lane, _slot: None });
        }
        let slot = {
            // About as long as the whole line takes.
            let rounds = u32::try_from(WAITING / lane.width).unwrap_or(u32::MAX);
            let full = |_| {
                self.delay(failures)
                    .saturating_mul(rounds)
                    .max(Duration::from_secs(1))
            };
            let _place = lane.line.try_acquire().map_err(full)?;
            Arc::clone(&lane.slots).acquire_owned().await.ok()
        };
        Ok(Place { lane, _slot: slot })
    }

    /// How long the answer is held back after so many failures.
    fn delay(&self, failures: u32) -> Duration {
        match failures.saturating_sub(self.free_attempts) {
            0 => Duration::ZERO,
            counted => FIRST_DELAY
                .saturating_mul(1 << (counted - 1).min(20))
                .min(self.slowest),
        }
    }
}

impl<K: Eq + Hash> Lanes<K> {
    fn new(width: usize) -> Lanes<K> {
        Lanes {
            width,
            lanes: Mutex::default(),
        }
    }

    fn find(&self, key: &K) -> Option<Arc<Lane>> {
        self.lock().get(key).cloned()
    }

    /// The lane of that key, made if there is none.
    fn lane(&self, key: K) -> Arc<Lane> {
        let mut lanes = self.lock();
        if lanes.len() >= CAPACITY && !lanes.contains_key(&key) {
            make_room(&mut lanes);
        }
        Arc::clone(
            lanes
                .entry(key)
                .or_insert_with(|| Arc::new(Lane::new(self.width))),
        )
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<K, Arc<Lane>>> {
        // Each step leaves the map whole, so what a panicking thread left can be used.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Drops the eighth of the lanes that was longest out of use: many at once, so that room is rarely made. Lanes in use
/// stay, which the server's limit on open connections bounds.
fn make_room<K>(lanes: &mut HashMap<K, Arc<Lane>>) {
    let idle = |lane: &Arc<Lane>| Arc::strong_count(lane) == 1;
    let mut uses: Vec<Instant> = lanes
        .values()
        .filter(|lane| idle(lane))
        .map(|lane| lane.tally().used)
        .collect();
    uses.sort_unstable();
    if let Some(latest) = uses.get(uses.len() / 8) {
        lanes.retain(|_, lane| !idle(lane) || lane.tally().used > *latest);
    }
}

impl Lane {
    fn new(width: usize) -> Lane {
        let now = Instant::now();
        Lane {
            width,
            slots: Arc::new(Semaphore::new(width)),
            line: Semaphore::new(WAITING),
            tally: Mutex::new(Tally {
                failures: 0,
                failed: now,
                used: now,
            }),
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    /// Failures that have not faded.
    fn recent(&self, now: Instant) -> u32 {
        if now.saturating_duration_since(self.failed) < FADE {
            self.failures
        } else {
            0
        }
    }

    /// Counts a failure; how many there are now.
    fn count(&mut self, now: Instant) -> u32 {
        self.failures = self.recent(now).saturating_add(1);
        self.failed = now;
        self.failures
    }
}

fn hash_of(user: &str) -> UserHash {
    digest::sha256(&[user.as_bytes()])
}

/// What one client has: an IPv4 address, or a /64 of IPv6, in which it may choose 2^64 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use std::future::{Future, poll_fn};
    use std::pin::pin;
    use std::task::Poll;

    use tokio::task::JoinHandle;

    use super::*;

    const SLOWEST: Duration = Duration::from_millis(50);

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    /// The future's outcome if it does not have to wait, else it is dropped. The tests' tasks share one thread: nothing
    /// else runs meanwhile.
    async fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        poll_fn(|context| match future.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
            Poll::Pending => Poll::Ready(None),
        })
        .await
    }

    async fn enter(slowdown: &Slowdown, user: &str, from: &str) -> Attempt {
        at_once(slowdown.enter(user, address(from)))
            .await
            .expect("it waits")
            .expect("the line is full")
    }

    async fn waits(slowdown: &Slowdown, user: &str, from: &str) -> bool {
        at_once(slowdown.enter(user, address(from))).await.is_none()
    }

    /// Makes a wrong attempt; is its answer held back?
    async fn is_held_back(slowdown: &Slowdown, user: &str, from: &str) -> bool {
        at_once(enter(slowdown, user, from).await.failed())
            .await
            .is_none()
    }

    fn blame(lane: &Lane, times: u32) {
        for _ in 0..times {
            lane.tally().count(Instant::now());
        }
    }

    async fn until(holds: impl Fn() -> bool) {
        let start = Instant::now();
        while !holds() {
            assert!(
                start.elapsed() < Duration::from_secs(10),
                "it does not come to that"
            );
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn the_delay_doubles_up_to_the_slowest() {
        let slowdown = Slowdown::new(5, Duration::from_millis(2000));
        let failures = [0, 1, 5, 6, 7, 8, 9, 10, 11, 1000, u32::MAX];
        let delays = failures.map(|failures| slowdown.0.delay(failures).as_millis());
        assert_eq!(
            delays,
            [0, 0, 0, 100, 200, 400, 800, 1600, 2000, 2000, 2000]
        );
        assert_eq!(Slowdown::new(1, Duration::ZERO).0.delay(9), Duration::ZERO);
    }

    #[test]
    fn failures_fade() {
        let now = Instant::now();
        let mut tally = Tally {
            failures: 0,
            failed: now,
            used: now,
        };
        assert_eq!(
            (tally.recent(now), tally.count(now), tally.count(now)),
            (0, 1, 2)
        );
        let moment = Duration::from_millis(1);
        assert_eq!(tally.recent(now + FADE - moment), 2);
        assert_eq!(tally.recent(now + FADE), 0);
        assert_eq!(tally.count(now + FADE), 1);
    }

    #[tokio::test]
    async fn a_wrong_answer_is_held_back_for_as_long_as_it_should() {
        let slowdown = Slowdown::new(1, SLOWEST);
        blame(&slowdown.0.users.lane(hash_of("anna")), 1);
        let attempt = enter(&slowdown, "anna", "192.0.2.1").await;
        let start = Instant::now();
        attempt.failed().await;
        assert!(start.elapsed() >= SLOWEST);
    }

    #[tokio::test]
    async fn wrong_ones_count_by_user_and_by_address() {
        let slowdown = Slowdown::new(2, SLOWEST);
        for _ in 0..2 {
            assert!(
                !is_held_back(&slowdown, "anna", "192.0.2.1").await,
                "the first ones are free"
            );
        }
        assert!(is_held_back(&slowdown, "anna", "192.0.2.1").await);
        assert!(
            is_held_back(&slowdown, "anna", "192.0.2.2").await,
            "at one user, from anywhere"
        );
        assert!(
            is_held_back(&slowdown, "otto", "192.0.2.1").await,
            "from one address, at anybody"
        );
        assert!(!is_held_back(&slowdown, "otto", "192.0.2.3").await);
    }

    #[tokio::test]
    async fn a_right_one_clears_the_user_and_not_the_address() {
        let slowdown = Slowdown::new(1, SLOWEST);
        for _ in 0..2 {
            is_held_back(&slowdown, "anna", "192.0.2.1").await;
        }
        enter(&slowdown, "anna", "192.0.2.2").await.succeeded();
        assert!(!is_held_back(&slowdown, "anna", "192.0.2.3").await);
        assert!(is_held_back(&slowdown, "otto", "192.0.2.1").await);
    }

    #[tokio::test]
    async fn few_may_try_at_once_where_others_were_wrong() {
        let one_user: fn(usize) -> (String, String) =
            |number| ("anna".to_owned(), format!("192.0.2.{number}"));
        let one_address: fn(usize) -> (String, String) =
            |number| (format!("user{number}"), "192.0.2.1".to_owned());
        for (most, attempt) in [(AT_ONE_USER, one_user), (FROM_ONE_ADDRESS, one_address)] {
            let slowdown = Slowdown::new(100, SLOWEST);
            let (user, from) = attempt(0);
            assert!(!is_held_back(&slowdown, &user, &from).await);
            let mut entered = Vec::new();
            for number in 1..=most {
                let (user, from) = attempt(number);
                entered.push(enter(&slowdown, &user, &from).await);
            }
            let (user, from) = attempt(most + 1);
            assert!(waits(&slowdown, &user, &from).await);
            // Whatever the outcome of one, the next may try.
            entered.pop();
            enter(&slowdown, &user, &from).await;
        }
    }

    #[tokio::test]
    async fn nobody_waits_where_nobody_was_wrong() {
        let slowdown = Slowdown::new(1, SLOWEST);
        let mut entered = Vec::new();
        for _ in 0..3 * WAITING {
            entered.push(enter(&slowdown, "anna", "192.0.2.1").await);
        }
    }

    #[tokio::test]
    async fn hanging_up_does_not_free_the_slot() {
        let slowdown = Slowdown::new(1, SLOWEST);
        blame(&slowdown.0.users.lane(hash_of("anna")), 1);
        for number in 0..AT_ONE_USER {
            assert!(is_held_back(&slowdown, "anna", &format!("192.0.2.{number}")).await);
        }
        assert!(waits(&slowdown, "anna", "192.0.2.9").await);
        let start = Instant::now();
        let entered = tokio::time::timeout(
            Duration::from_secs(10),
            slowdown.enter("anna", address("192.0.2.9")),
        )
        .await;
        assert!(entered.unwrap().is_ok());
        assert!(
            start.elapsed() >= SLOWEST / 2,
            "the slots were free too soon"
        );
    }

    #[tokio::test]
    async fn a_full_line_is_told_when_to_come_back() {
        let slowdown = Arc::new(Slowdown::new(1, Duration::from_secs(2)));
        let lane = slowdown.0.users.lane(hash_of("anna"));
        blame(&lane, 8);
        let mut entered = Vec::new();
        for _ in 0..AT_ONE_USER {
            entered.push(slowdown.enter("anna", None).await.unwrap());
        }
        let wait =
            |slowdown: Arc<Slowdown>| async move { slowdown.enter("anna", None).await.map(drop) };
        let waiting: Vec<JoinHandle<_>> = (0..WAITING)
            .map(|_| tokio::spawn(wait(Arc::clone(&slowdown))))
            .collect();
        until(|| lane.line.available_permits() == 0).await;
        assert_eq!(
            slowdown.enter("anna", None).await.err(),
            Some(Duration::from_secs(32))
        );
        // All who wait come to their turn.
        drop(entered);
        for one in waiting {
            assert_eq!(one.await.unwrap(), Ok(()));
        }
    }

    #[tokio::test]
    async fn guessing_from_elsewhere_does_not_lock_a_known_user_out() {
        let slowdown = Slowdown::new(1, SLOWEST);
        enter(&slowdown, "anna", "192.0.2.1").await.succeeded();
        // Guesses from many addresses take all that may be made at once.
        blame(&slowdown.0.users.lane(hash_of("anna")), 9);
        let mut guesses = Vec::new();
        for number in 1..=AT_ONE_USER {
            guesses.push(enter(&slowdown, "anna", &format!("198.51.100.{number}")).await);
        }
        assert!(
            waits(&slowdown, "anna", "203.0.113.1").await,
            "elsewhere it stands in line"
        );
        enter(&slowdown, "anna", "192.0.2.1").await.succeeded();
        // At a known address too, wrong ones are counted, by themselves.
        assert!(!is_held_back(&slowdown, "anna", "192.0.2.1").await);
        assert!(is_held_back(&slowdown, "anna", "192.0.2.1").await);
        assert!(!is_held_back(&slowdown, "otto", "192.0.2.1").await);
    }

    #[tokio::test]
    async fn one_address_cannot_fill_a_users_line() {
        let slowdown = Arc::new(Slowdown::new(1, Duration::from_secs(60)));
        let users_lane = slowdown.0.users.lane(hash_of("anna"));
        let address_lane = slowdown.0.addresses.lane(address("198.51.100.1").unwrap());
        for lane in [&users_lane, &address_lane] {
            blame(lane, 20);
        }
        let guess = |slowdown: Arc<Slowdown>| async move {
            if let Ok(attempt) = slowdown.enter("anna", address("198.51.100.1")).await {
                attempt.failed().await;
            }
        };
        let guesses: Vec<JoinHandle<()>> = (0..200)
            .map(|_| tokio::spawn(guess(Arc::clone(&slowdown))))
            .collect();
        until(|| address_lane.line.available_permits() == 0).await;
        assert_eq!(
            WAITING - users_lane.line.available_permits(),
            FROM_ONE_ADDRESS - AT_ONE_USER
        );
        for guess in guesses {
            guess.abort();
        }
    }

    #[test]
    fn ipv6_counts_by_network() {
        for (text, wanted) in [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(Some(network(address(text).unwrap())), address(wanted));
        }
    }

    #[test]
    fn many_names_do_not_grow_the_memory() {
        let lanes = Lanes::new(1);
        let (first, in_use) = (0, lanes.lane(1));
        drop(lanes.lane(first));
        for number in 2..CAPACITY + 10 {
            lanes.lane(number);
            assert!(lanes.lock().len() <= CAPACITY);
        }
        assert!(
            lanes.find(&first).is_none(),
            "the one longest out of use is gone"
        );
        assert!(
            Arc::ptr_eq(&lanes.find(&1).unwrap(), &in_use),
            "one in use stays"
        );
        assert!(lanes.find(&(CAPACITY + 9)).is_some());
        assert!(lanes.lock().len() > CAPACITY / 2);
    }
}
