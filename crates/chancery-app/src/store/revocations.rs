//! What changed of late in revocation data, in memory: so that what was made from them can be known to hold still,
//! without reading them again. Every [`Store`](super::Store) tells it of its commits; it must know no database.
//!
//! Whoever makes something from revocation data asks for the [generation](RevocationWatch::generation) first, reads then,
//! and asks later whether anything [changed since](RevocationWatch::unchanged_since). A store tells of a change twice:
//! before its commit, since others can see it before the store itself has heard that it is done, and after it. In
//! between, nothing made from what changes is held to be true.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use chancery_core::serial::Serial;

/// Half as many serial numbers as are remembered of each authority, with the generation in which they changed last: a
/// few seconds' worth of the quickest bulk revocation, in 2 MiB at most.
const HALF_OF_MEMORY: usize = 16_384;

/// The revocation generation of every authority, and what changed in the latest of them.
#[derive(Default)]
pub(crate) struct RevocationWatch(RwLock<HashMap<i64, Watched>>);

/// What changes, or has changed, of one authority in one commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct RevocationChange {
    pub(crate) authority: i64,
    /// The authority's generation after it.
    pub(crate) generation: u64,
    /// Which certificates; none if there are too many to name.
    pub(crate) serials: Option<Vec<Serial>>,
}

/// One authority.
#[derive(Default)]
struct Watched {
    generation: u64,
    /// Which certificates changed before is forgotten.
    remembered_from: u64,
    /// The generation in which each changed last. When the first map is full, it takes the place of the second.
    changed: [HashMap<Serial, u64>; 2],
    changing: Changing,
}

/// What a commit that has not ended may change.
#[derive(Default)]
enum Changing {
    #[default]
    Nothing,
    These(HashSet<Serial>),
    Anything,
}

impl RevocationWatch {
    /// A watch over a database with these generations.
    pub(crate) fn new(generations: impl IntoIterator<Item = (i64, u64)>) -> RevocationWatch {
        let watched = |(authority, generation)| {
            let watched = Watched {
                generation,
                remembered_from: generation,
                ..Watched::default()
            };
            (authority, watched)
        };
        RevocationWatch(RwLock::new(generations.into_iter().map(watched).collect()))
    }

    /// The counter that grows whenever the revocation data of an authority change; 0 before they ever did. What is read
    /// after this has answered shows every change up to it.
    pub(crate) fn generation(&self, authority: i64) -> u64 {
        self.read()
            .get(&authority)
            .map_or(0, |watched| watched.generation)
    }

    /// The present generation, if none of these certificates has changed since that one, for all that is known. What was
    /// made of them then is then as good as if it were made now.
    pub(crate) fn unchanged_since<'a>(
        &self,
        generation: u64,
        authority: i64,
        mut serials: impl Iterator<Item = &'a Serial>,
    ) -> Option<u64> {
        let all = self.read();
        let Some(watched) = all.get(&authority) else {
            return (generation == 0).then_some(0);
        };
        serials
            .all(|serial| watched.is_unchanged(serial, generation))
            .then_some(watched.generation)
    }

    /// To be told before a commit. Whatever comes of it, [`RevocationWatch::ended`] is to be told of the same changes.
    pub(crate) fn begins(&self, changes: &[RevocationChange]) {
        let mut all = self.write();
        for change in changes {
            let watched = all.entry(change.authority).or_default();
            watched.changing = match &change.serials {
                Some(serials) => Changing::These(serials.iter().cloned().collect()),
                None => Changing::Anything,
            };
        }
    }

    /// To be told after a commit, and before anybody is told of what it did.
    pub(crate) fn ended(&self, changes: Vec<RevocationChange>, durable: bool) {
        let mut all = self.write();
        for change in changes {
            let watched = all.entry(change.authority).or_default();
            if durable {
                watched.remember(change.generation, change.serials);
            }
            watched.changing = Changing::Nothing;
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, HashMap<i64, Watched>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, HashMap<i64, Watched>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn is_unchanged(&self, serial: &Serial, since: u64) -> bool {
        let is_changing = match &self.changing {
            Changing::Nothing => false,
            Changing::These(serials) => serials.contains(serial),
            Changing::Anything => true,
        };
        let is_later = |changes: &HashMap<Serial, u64>| {
            changes.get(serial).is_some_and(|changed| *changed > since)
        };
        !is_changing
            && (since == self.generation
                || (since >= self.remembered_from && !self.changed.iter().any(is_later)))
    }

    fn remember(&mut self, generation: u64, serials: Option<Vec<Serial>>) {
        match serials {
            Some(serials) => {
                for serial in serials {
                    self.make_room();
                    let [latest, _] = &mut self.changed;
                    latest.insert(serial, generation);
                }
            }
            None => {
                self.changed = Default::default();
                self.remembered_from = generation;
            }
        }
        self.generation = generation;
    }

    /// Forgets the older half if the memory is full. What changed up to the present generation is in it or in the other
    /// half, so from the latest generation of the older half on everything is remembered.
    fn make_room(&mut self) {
        let [latest, older] = &mut self.changed;
        if latest.len() >= HALF_OF_MEMORY {
            let forgotten = older.values().max();
            self.remembered_from = forgotten.map_or(self.remembered_from, |last| *last);
            *older = std::mem::take(latest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::iter::once;

    use super::*;

    fn serial(number: u32) -> Serial {
        Serial::from_magnitude(&number.to_be_bytes())
    }

    fn change(authority: i64, generation: u64, serials: &[u32]) -> RevocationChange {
        RevocationChange {
            authority,
            generation,
            serials: Some(serials.iter().copied().map(serial).collect()),
        }
    }

    fn commit(watch: &RevocationWatch, change: RevocationChange) {
        watch.begins(std::slice::from_ref(&change));
        watch.ended(vec![change], true);
    }

    fn check(watch: &RevocationWatch, since: u64, authority: i64, number: u32, now: Option<u64>) {
        let told = watch.unchanged_since(since, authority, once(&serial(number)));
        assert_eq!(told, now, "{number} of {authority} since {since}");
    }

    #[test]
    fn a_change_ends_what_was_made_before() {
        let watch = RevocationWatch::new([(1, 7)]);
        check(&watch, 7, 1, 5, Some(7));
        // What was before the start is not known.
        check(&watch, 6, 1, 5, None);
        commit(&watch, change(1, 8, &[5]));
        assert_eq!(watch.generation(1), 8);
        check(&watch, 7, 1, 5, None);
        check(&watch, 8, 1, 5, Some(8));
        check(&watch, 7, 1, 6, Some(8));
        check(&watch, 0, 2, 5, Some(0));
        commit(&watch, change(2, 1, &[5]));
        check(&watch, 0, 2, 5, None);
        check(&watch, 0, 2, 6, Some(1));
    }

    /// Between the commit and the word of it, others can read the new state.
    #[test]
    fn what_is_being_committed_is_not_held_to_be_true() {
        let watch = RevocationWatch::new([(1, 7)]);
        for (durable, now, unchanged) in [(false, 7, Some(7)), (true, 8, None)] {
            let change = change(1, 8, &[5]);
            watch.begins(std::slice::from_ref(&change));
            check(&watch, 7, 1, 5, None);
            check(&watch, 7, 1, 6, Some(7));
            watch.ended(vec![change], durable);
            assert_eq!(watch.generation(1), now);
            check(&watch, 7, 1, 5, unchanged);
        }
        let any = RevocationChange {
            serials: None,
            ..change(1, 20_000, &[])
        };
        watch.begins(std::slice::from_ref(&any));
        check(&watch, 8, 1, 6, None);
        watch.ended(vec![any], true);
        check(&watch, 8, 1, 6, None);
        check(&watch, 20_000, 1, 6, Some(20_000));
    }

    #[test]
    fn memory_has_an_end_and_forgets_nothing_silently() {
        let watch = RevocationWatch::new([(1, 0)]);
        let most = u32::try_from(2 * HALF_OF_MEMORY).unwrap();
        for number in 0..2 * most {
            commit(&watch, change(1, u64::from(number) + 1, &[number]));
        }
        let all = watch.read();
        let held: usize = all[&1].changed.iter().map(HashMap::len).sum();
        assert!(held <= 2 * HALF_OF_MEMORY);
        drop(all);
        check(&watch, 0, 1, 1, None);
        check(
            &watch,
            u64::from(2 * most) - 1,
            1,
            1,
            Some(u64::from(2 * most)),
        );
    }

    /// A source of numbers that look random and are the same in every run (xorshift).
    struct Dice(u64);

    impl Dice {
        fn below(&mut self, end: u32) -> u32 {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            u32::try_from(self.0 % u64::from(end)).unwrap()
        }
    }

    /// Whatever happens in whatever order, nothing that changed is held to be unchanged; and what did not change is known
    /// to be the same, as long as no change was too large to be named.
    #[test]
    fn nothing_that_changed_is_held_to_be_unchanged() {
        for seed in 1..200 {
            let mut dice = Dice(seed * 0x9e37_79b9);
            let watch = RevocationWatch::new([(1, 0)]);
            let (mut generation, mut of_all) = (0, 0);
            let mut changed: HashMap<u32, u64> = HashMap::new();
            for _ in 0..60 {
                match dice.below(12) {
                    0 => {
                        generation += 10_000;
                        of_all = generation;
                        let any = RevocationChange {
                            serials: None,
                            ..change(1, generation, &[])
                        };
                        commit(&watch, any);
                    }
                    1..5 => {
                        let serials: Vec<u32> =
                            (0..=dice.below(3)).map(|_| dice.below(6)).collect();
                        let grown = generation + u64::try_from(serials.len()).unwrap();
                        let change = change(1, grown, &serials);
                        let durable = dice.below(3) > 0;
                        watch.begins(std::slice::from_ref(&change));
                        watch.ended(vec![change], durable);
                        if durable {
                            generation = grown;
                            changed.extend(serials.into_iter().map(|serial| (serial, grown)));
                        }
                    }
                    _ => {
                        let since = generation.saturating_sub(dice.below(5).into());
                        let number = dice.below(6);
                        let last = changed.get(&number).copied().unwrap_or(0).max(of_all);
                        check(
                            &watch,
                            since,
                            1,
                            number,
                            (since >= last).then_some(generation),
                        );
                    }
                }
            }
        }
    }
}
