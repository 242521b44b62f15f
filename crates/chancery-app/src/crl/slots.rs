//! The newest list of each kind: what is known of it, where it lies, and one maker at a time.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chancery_core::crl::{CrlKind, Scope, Shards};
use chancery_core::time::Time;
use tokio::sync::{Notify, OwnedMutexGuard};

use super::folder::Folder;
use super::make::Wanted;
use super::{Body, Crl};
use crate::Error;

/// Octets of all lists in memory: beyond, small ones lie in files too.
const MOST_IN_MEMORY: u64 = 64 << 20;

/// Every list, and where they are kept.
pub(crate) struct Crls {
    pub(super) folder: Folder,
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
    layouts: HashSet<Shards>,
    in_memory: AtomicU64,
    /// Told when a slow list is due.
    pub(crate) due: Notify,
    /// Authorities whose lists were said to be large.
    said_to_be_large: Mutex<HashSet<i64>>,
}

/// Which list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Key {
    pub(super) authority: i64,
    pub(super) scope: Scope,
    pub(super) kind: CrlKind,
}

/// The place of one list.
#[derive(Default)]
pub(super) struct Slot {
    making: Arc<tokio::sync::Mutex<()>>,
    list: Mutex<Option<List>>,
    asked: AtomicBool,
}

/// A list that was made.
#[derive(Clone, Debug)]
pub(super) struct List {
    pub(super) facts: Facts,
    pub(super) place: Place,
    /// When it was made, if that was in this process.
    pub(super) made: Option<Instant>,
}

/// What is known of a list.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Facts {
    pub(super) number: u64,
    /// It tells of every change up to this one, maybe of later ones too.
    pub(super) generation: u64,
    pub(super) this_update: Time,
    pub(super) next_update: Time,
    /// How long it took to make.
    pub(super) took: Duration,
    /// See [`Wanted::made_for`].
    pub(super) made_for: [u8; 32],
    /// Octets of its DER.
    pub(super) length: u64,
}

/// Where its DER is.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Memory(Bytes),
    File,
}

impl Crls {
    /// In a data directory, with no list yet; certificates name shards of these layouts.
    pub(crate) fn open(data: &Path, layouts: Vec<Shards>) -> Result<Crls, Error> {
        Ok(Crls {
            folder: Folder::open(data).map_err(Error::internal)?,
            slots: Mutex::default(),
            layouts: layouts.into_iter().filter(|n| *n != Shards::ONE).collect(),
            in_memory: AtomicU64::new(0),
            due: Notify::new(),
            said_to_be_large: Mutex::default(),
        })
    }

    /// Puts a list of a former process in its place.
    pub(super) fn found(&self, key: Key, facts: Facts) {
        let list = List {
            facts,
            place: Place::File,
            made: None,
        };
        locked(&self.slot(key).list).get_or_insert(list);
    }

    /// Does any certificate name shards of that layout?
    pub(super) fn has_layout(&self, shards: Shards) -> bool {
        self.layouts.contains(&shards)
    }

    pub(super) fn slot(&self, key: Key) -> Arc<Slot> {
        Arc::clone(locked(&self.slots).entry(key).or_default())
    }

    pub(super) fn slots_of(&self, authority: i64) -> Vec<(Key, Arc<Slot>)> {
        let slots = locked(&self.slots);
        let own = slots.iter().filter(|(key, _)| key.authority == authority);
        own.map(|(key, slot)| (*key, Arc::clone(slot))).collect()
    }

    /// Is there room for another list in memory?
    pub(super) fn has_room(&self, octets: u64) -> bool {
        self.in_memory.load(Ordering::Relaxed) + octets <= MOST_IN_MEMORY
    }

    /// Puts a list in the place of the one before.
    pub(super) fn publish(&self, slot: &Slot, list: List) {
        self.in_memory
            .fetch_add(list.place.in_memory(), Ordering::Relaxed);
        self.replace(slot, Some(list));
        slot.asked.store(false, Ordering::Relaxed);
    }

    fn replace(&self, slot: &Slot, list: Option<List>) {
        let before = std::mem::replace(&mut *locked(&slot.list), list);
        let freed = before.map_or(0, |list| list.place.in_memory());
        self.in_memory.fetch_sub(freed, Ordering::Relaxed);
    }

    /// The list as it is served. None if its file is gone.
    pub(super) fn serve(&self, wanted: &Wanted, list: &List) -> Option<Crl> {
        let facts = &list.facts;
        if let Place::Memory(der) = &list.place {
            let (from, to) = (facts.this_update, facts.next_update);
            return Some(Crl::in_memory(facts.number, from, to, der.clone()));
        }
        // Another may have taken its place meanwhile: the file itself says what it is.
        let (file, start, facts) = self.folder.open_list(&wanted.file_name())?;
        Some(Crl {
            number: facts.number,
            this_update: facts.this_update,
            next_update: facts.next_update,
            length: facts.length,
            body: Body::File(Arc::new(file), start),
        })
    }

    /// Forgets lists that are over and that nobody asked for, and the files of lists that are over.
    pub(super) fn sweep(&self, now: Time) {
        locked(&self.slots).retain(|_, slot| {
            // Who holds it may make its list: another in a second place would be made at once, in the same file.
            if Arc::strong_count(slot) > 1 {
                return true;
            }
            let is_over = slot
                .list()
                .is_some_and(|list| now >= list.facts.next_update);
            let goes = is_over && !slot.was_asked();
            if goes {
                self.replace(slot, None);
            }
            !goes
        });
        self.folder.sweep(now);
    }

    /// True once for each authority.
    pub(super) fn is_large_for_the_first_time(&self, authority: i64) -> bool {
        locked(&self.said_to_be_large).insert(authority)
    }
}

impl Slot {
    /// Lets one maker through at a time.
    pub(super) async fn making(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.making).lock_owned().await
    }

    pub(super) fn list(&self) -> Option<List> {
        locked(&self.list).clone()
    }

    /// Notes that its list was asked for.
    pub(super) fn asked(&self) {
        self.asked.store(true, Ordering::Relaxed);
    }

    /// Makes its list look otherwise.
    #[cfg(test)]
    pub(super) fn pretend(&self, change: impl FnOnce(&mut List)) {
        locked(&self.list).as_mut().map(change).unwrap();
    }

    /// Was its list asked for since it was made?
    pub(super) fn was_asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }
}

impl List {
    /// How long ago it was made; without end for one of a process before.
    pub(super) fn age(&self) -> Duration {
        self.made.map_or(Duration::MAX, |made| made.elapsed())
    }
}

impl Place {
    fn in_memory(&self) -> u64 {
        match self {
            Place::Memory(der) => der.len() as u64,
            Place::File => 0,
        }
    }
}

/// What these locks guard is whole at every moment, so a panic elsewhere does not spoil it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
