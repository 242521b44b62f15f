//! What was verified a moment ago, so that it need not be verified again: in memory, for a short time, bounded.
//!
//! A secret is never kept, only an HMAC-SHA-256 of it under a key that is drawn at each start: who reads the memory
//! later finds nothing to guess at without that key.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use aws_lc_rs::hmac;

/// Values by the parts (kind, user, secret) that proved them.
pub(super) struct Remembered<T> {
    key: hmac::Key,
    life: Duration,
    kept: Mutex<Kept<T>>,
}

/// How often everything had been forgotten. Taken before something is looked up to be verified, and shown when the
/// outcome is to be remembered: what was forgotten in between was perhaps verified against what is no longer so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Epoch(u64);

/// Most values at one time.
const CAPACITY: usize = 10_000;

type Digest = [u8; 32];

struct Kept<T> {
    epoch: Epoch,
    values: HashMap<Digest, (T, Instant)>,
}

impl<T: Clone> Remembered<T> {
    /// Nothing yet. `key` is random; each value is remembered for `life`, none if that is zero.
    pub(super) fn new(key: [u8; 32], life: Duration) -> Remembered<T> {
        let kept = Mutex::new(Kept {
            epoch: Epoch(0),
            values: HashMap::new(),
        });
        Remembered {
            key: hmac::Key::new(hmac::HMAC_SHA256, &key),
            life,
            kept,
        }
    }

    /// The epoch now.
    pub(super) fn epoch(&self) -> Epoch {
        self.lock().epoch
    }

    /// What the parts proved, if that is still remembered.
    pub(super) fn recall(&self, parts: &[&[u8]]) -> Option<T> {
        self.recall_at(parts, Instant::now())
    }

    fn recall_at(&self, parts: &[&[u8]], now: Instant) -> Option<T> {
        let digest = self.digest(parts)?;
        let kept = self.lock();
        let (value, end) = kept.values.get(&digest)?;
        (now < *end).then(|| value.clone())
    }

    /// Remembers what the parts proved, unless all was forgotten since `epoch`.
    pub(super) fn remember(&self, epoch: Epoch, parts: &[&[u8]], value: T) {
        self.remember_at(epoch, parts, value, Instant::now());
    }

    fn remember_at(&self, epoch: Epoch, parts: &[&[u8]], value: T, now: Instant) {
        let (Some(digest), Some(end)) = (self.digest(parts), now.checked_add(self.life)) else {
            return;
        };
        let mut kept = self.lock();
        if kept.epoch != epoch || self.life.is_zero() {
            return;
        }
        if kept.values.len() >= CAPACITY && !kept.values.contains_key(&digest) {
            kept.values.retain(|_, (_, end)| now < *end);
            if kept.values.len() >= CAPACITY
                && let Some(any) = kept.values.keys().next().copied()
            {
                kept.values.remove(&any);
            }
        }
        kept.values.insert(digest, (value, end));
    }

    /// Forgets everything: users, rights or secrets have changed.
    pub(super) fn forget_all(&self) {
        let mut kept = self.lock();
        kept.epoch = Epoch(kept.epoch.0.wrapping_add(1));
        kept.values.clear();
    }

    /// Each part is preceded by its length, so that no two lists of parts read alike.
    fn digest(&self, parts: &[&[u8]]) -> Option<Digest> {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().ok()
    }

    fn lock(&self) -> MutexGuard<'_, Kept<T>> {
        // Each step leaves the map whole, so what a panicking thread left can be used.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(60);

    fn remembered() -> Remembered<u32> {
        Remembered::new([7; 32], LIFE)
    }

    #[test]
    fn what_was_verified_is_recalled_by_the_same_parts_only() {
        let remembered = remembered();
        let parts: [&[u8]; 3] = [b"password", b"anna", b"secret"];
        remembered.remember(remembered.epoch(), &parts, 1);
        assert_eq!(remembered.recall(&parts), Some(1));
        let others: [&[&[u8]]; 8] = [
            &[b"api-key", b"anna", b"secret"],
            &[b"password", b"ann", b"asecret"],
            &[b"password", b"annas", b"ecret"],
            &[b"password", b"anna", b"Secret"],
            &[b"password", b"anna", b""],
            &[b"password", b"anna"],
            &[b"password", b"anna", b"secret", b""],
            &[],
        ];
        for other in others {
            assert_eq!(remembered.recall(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_later_value_takes_the_place_of_an_earlier_one() {
        let remembered = remembered();
        for value in [1, 2] {
            remembered.remember(remembered.epoch(), &[b"x"], value);
            assert_eq!(remembered.recall(&[b"x"]), Some(value));
        }
        assert_eq!(remembered.lock().values.len(), 1);
    }

    #[test]
    fn it_is_forgotten_after_its_life() {
        let (remembered, now) = (remembered(), Instant::now());
        remembered.remember_at(remembered.epoch(), &[b"x"], 1, now);
        let moment = Duration::from_millis(1);
        assert_eq!(remembered.recall_at(&[b"x"], now + LIFE - moment), Some(1));
        assert_eq!(remembered.recall_at(&[b"x"], now + LIFE), None);
    }

    #[test]
    fn with_no_life_nothing_is_remembered() {
        let remembered = Remembered::new([7; 32], Duration::ZERO);
        remembered.remember(remembered.epoch(), &[b"x"], 1);
        assert!(remembered.lock().values.is_empty());
    }

    #[test]
    fn forgetting_takes_all_and_what_was_being_verified() {
        let remembered = remembered();
        let before = remembered.epoch();
        remembered.remember(before, &[b"x"], 1);
        remembered.forget_all();
        assert_eq!(remembered.recall(&[b"x"]), None);
        remembered.remember(before, &[b"x"], 1);
        assert_eq!(
            remembered.recall(&[b"x"]),
            None,
            "verified against what is no longer so"
        );
        remembered.remember(remembered.epoch(), &[b"x"], 2);
        assert_eq!(remembered.recall(&[b"x"]), Some(2));
    }

    #[test]
    fn it_stays_within_its_capacity_and_drops_the_expired_first() {
        let (remembered, now) = (remembered(), Instant::now());
        let epoch = remembered.epoch();
        let later = now + LIFE;
        remembered.remember_at(epoch, &[b"fresh"], 1, later);
        for number in 1..CAPACITY {
            remembered.remember_at(epoch, &[&number.to_be_bytes()], 2, now);
        }
        assert_eq!(remembered.lock().values.len(), CAPACITY);
        remembered.remember_at(epoch, &[b"newest"], 3, later);
        assert_eq!(
            remembered.lock().values.len(),
            2,
            "the expired ones are gone"
        );
        assert_eq!(remembered.recall_at(&[b"fresh"], later), Some(1));

        let last = CAPACITY + 50;
        for number in 0..=last {
            remembered.remember_at(epoch, &[&number.to_be_bytes()], 4, later);
            assert!(remembered.lock().values.len() <= CAPACITY);
        }
        assert_eq!(remembered.recall_at(&[&last.to_be_bytes()], later), Some(4));
    }

    #[test]
    fn another_start_has_another_key() {
        let [first, second] = [[1; 32], [2; 32]]
            .map(|key| Remembered::<u32>::new(key, LIFE).digest(&[b"x"]).unwrap());
        assert_ne!(first, second);
    }
}
