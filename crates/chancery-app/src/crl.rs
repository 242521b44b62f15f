//! CRLs at work: which list answers now, and when it is made anew.
//!
//! A list is made when it is asked for and old, so that the next one after a revocation shows it; one that takes long to
//! make is made beside requests, which meanwhile get the last one. Open to everybody, like [`crate::public`]. See
//! `docs/decisions/0015`.

mod draft;
mod folder;
mod make;
mod slots;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chancery_core::crl::{CrlKind, Scope};
use chancery_core::time::Time;

use crate::authority::Loaded;
use crate::issue::off_the_async_threads;
use crate::{App, Error};

pub(crate) use slots::Crls;

use make::Wanted;
use slots::{Facts, Key, Slot};

/// What takes longer to make is made beside requests, which meanwhile get the list before,
const SLOW: Duration = Duration::from_millis(50);
/// unless it is no longer than so many octets: then it was the disk that was slow, or the moment.
const QUICK: u64 = 1 << 20;
/// A slow list rests for so many times its making after each.
const REST: u32 = 20;

/// A CRL as it is served. It stays the same while it is read, whatever is published meanwhile.
#[derive(Clone, Debug)]
pub struct Crl {
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub this_update: Time,
    /// When the next one is due at the latest.
    pub next_update: Time,
    /// Octets of its DER.
    pub length: u64,
    body: Body,
}

/// Where its DER is.
#[derive(Clone, Debug)]
enum Body {
    Memory(Bytes),
    /// In a file, from there on.
    File(Arc<File>, u64),
}

impl Crl {
    /// A list that lies in memory.
    pub(crate) fn in_memory(number: u64, this_update: Time, next_update: Time, der: Bytes) -> Crl {
        Crl {
            number,
            this_update,
            next_update,
            length: der.len() as u64,
            body: Body::Memory(der),
        }
    }

    /// Its whole DER, if it lies in memory: up to 256 KiB, or what was imported.
    pub fn small(&self) -> Option<Bytes> {
        match &self.body {
            Body::Memory(der) => Some(der.clone()),
            Body::File(..) => None,
        }
    }

    /// So many octets of its DER from there on, fewer at its end.
    pub async fn read_at(&self, offset: u64, length: usize) -> Result<Bytes, Error> {
        let left = usize::try_from(self.length.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = length.min(left);
        match &self.body {
            Body::Memory(der) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(der.len());
                Ok(der.slice(start..start + length))
            }
            Body::File(file, start) => {
                let (file, place) = (Arc::clone(file), start + offset);
                off_the_async_threads(move || {
                    let mut octets = vec![0; length];
                    file.read_exact_at(&mut octets, place)
                        .map_err(Error::internal)?;
                    Ok(Bytes::from(octets))
                })
                .await
            }
        }
    }
}

/// What becomes of a list when it is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum ListState {
    /// It tells of every change that it must, and has not lived half of its time.
    Fresh,
    /// Another is due, and it is valid until then.
    Due,
    /// It must not be given to anybody any more.
    Void,
}

fn is_slow(facts: &Facts) -> bool {
    facts.took >= SLOW && facts.length > QUICK
}

fn half_way(facts: &Facts) -> Time {
    let life = facts.next_update.unix() - facts.this_update.unix();
    facts.this_update.plus_seconds(life / 2)
}

impl App {
    /// The current CRL of an authority: of all its certificates or of one shard; a delta is one to every complete list of
    /// that scope that is still valid.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an authority that is not here or whose key is not and whose CRL was not imported, and for
    /// shards that no certificate names.
    pub async fn crl(&self, authority: &str, scope: Scope, kind: CrlKind) -> Result<Crl, Error> {
        let loaded = self.authority_named(authority)?;
        if loaded.signer().is_err() {
            return imported(&loaded, scope, kind);
        }
        if let Scope::Shard(shard) = scope
            && !self.0.crls.has_layout(shard.of())
        {
            return Err(Error::NotFound(
                "list: crl.shards never was that number, so no certificate names it",
            ));
        }
        let wanted = self.wanted(loaded, scope, kind);
        let slot = self.0.crls.slot(wanted.key());
        slot.asked();
        let authority = wanted.loaded.authority.id;
        let generation = self.store().revocation_generation(authority).await?;
        if let Some(crl) = self.answer(&wanted, &slot, generation).await? {
            return Ok(crl);
        }
        self.make_if_due(wanted, &slot, generation).await
    }

    /// What becomes of a list for who asked for it at that generation? What changed later need not be on it.
    async fn list_state(
        &self,
        wanted: &Wanted,
        facts: &Facts,
        asked_at: u64,
    ) -> Result<ListState, Error> {
        let now = self.now();
        let authority = wanted.loaded.authority.id;
        let generation = self.store().revocation_generation(authority).await?;
        // Made in the future, or of a later generation than there is: the clock or the database was put back.
        if facts.made_for != wanted.made_for
            || facts.generation > generation
            || now < facts.this_update
            || now >= facts.next_update
        {
            return Ok(ListState::Void);
        }
        if facts.generation >= asked_at
            && now < half_way(facts)
            && !self.is_overtaken(wanted, facts)
        {
            return Ok(ListState::Fresh);
        }
        Ok(ListState::Due)
    }

    /// Has a complete list a greater number than this delta? It may have been made while things changed and tell of less,
    /// and clients that hold it pass the delta over (RFC 5280, section 5.2.4).
    fn is_overtaken(&self, wanted: &Wanted, facts: &Facts) -> bool {
        let complete = Key {
            kind: CrlKind::Complete,
            ..wanted.key()
        };
        wanted.kind == CrlKind::Delta
            && self
                .0
                .crls
                .slot(complete)
                .list()
                .is_some_and(|complete| complete.facts.number > facts.number)
    }

    /// The list that answers at this moment, if there is one, to who asked at that generation.
    async fn answer(
        &self,
        wanted: &Wanted,
        slot: &Slot,
        asked_at: u64,
    ) -> Result<Option<Crl>, Error> {
        let Some(list) = slot.list() else {
            return Ok(None);
        };
        match self.list_state(wanted, &list.facts, asked_at).await? {
            ListState::Fresh => {}
            ListState::Due if is_slow(&list.facts) => self.0.crls.due.notify_one(),
            ListState::Due | ListState::Void => return Ok(None),
        }
        Ok(self.0.crls.serve(wanted, &list))
    }

    /// The list of a slot, made by whoever comes first and shared by all who wait.
    async fn make_if_due(
        &self,
        wanted: Wanted,
        slot: &Arc<Slot>,
        asked_at: u64,
    ) -> Result<Crl, Error> {
        let making = slot.making().await;
        if let Some(crl) = self.answer(&wanted, slot, asked_at).await? {
            return Ok(crl);
        }
        // On its own, so that a caller who hangs up neither stops it nor lets a second one start.
        let (app, slot) = (self.clone(), Arc::clone(slot));
        let made = tokio::spawn(async move {
            let made = app.make_crl(&wanted, &slot).await;
            drop(making);
            match made {
                Ok(list) => app
                    .0
                    .crls
                    .serve(&wanted, &list)
                    .ok_or_else(|| Error::internal("a CRL was gone as soon as it was made")),
                Err(error) => {
                    app.answer_all_the_same(&wanted, &slot, asked_at, error)
                        .await
                }
            }
        });
        made.await.map_err(Error::internal)?
    }

    /// The last list, if it is valid still, where another cannot be made (a full disk): clients must have one.
    async fn answer_all_the_same(
        &self,
        wanted: &Wanted,
        slot: &Slot,
        asked_at: u64,
        error: Error,
    ) -> Result<Crl, Error> {
        let Some(list) = slot.list() else {
            return Err(error);
        };
        if self.list_state(wanted, &list.facts, asked_at).await? == ListState::Void {
            return Err(error);
        }
        let Some(crl) = self.0.crls.serve(wanted, &list) else {
            return Err(error);
        };
        tracing::error!(
            error = &error as &dyn std::error::Error,
            authority = wanted.loaded.authority.name,
            "a CRL could not be made: the last one is served while it is valid"
        );
        Ok(crl)
    }

    /// Takes on the lists that a former process left.
    pub(crate) fn find_crls(&self) {
        for found in self.0.crls.folder.found() {
            if let Ok(loaded) = self.authority_named(&found.authority) {
                let key = Key {
                    authority: loaded.authority.id,
                    scope: found.scope,
                    kind: found.kind,
                };
                self.0.crls.found(key, found.facts);
            }
        }
    }

    /// Makes what is due without being asked: the whole list of each authority, and every list that was asked for since it
    /// was made, before they are over; slow ones also after changes, each with a rest. Gives for how long the slowest of
    /// them kept the machine busy.
    pub(crate) async fn look_after_crls(&self) -> Duration {
        let mut busy = Duration::ZERO;
        for loaded in self.loaded() {
            if loaded.signer().is_err() || self.now() >= loaded.authority.not_after() {
                continue;
            }
            let id = loaded.authority.id;
            self.0.crls.slot(Key {
                authority: id,
                scope: Scope::Whole,
                kind: CrlKind::Complete,
            });
            for (key, slot) in self.0.crls.slots_of(id) {
                let wanted = self.wanted(Arc::clone(&loaded), key.scope, key.kind);
                match self.look_after_crl(&wanted, &slot).await {
                    Ok(took) => busy = busy.max(took),
                    Err(error) => tracing::error!(
                        error = &error as &dyn std::error::Error,
                        authority = loaded.authority.name,
                        "a CRL could not be made ahead"
                    ),
                }
            }
        }
        busy
    }

    /// Makes a list if it is due; how long that took.
    async fn look_after_crl(&self, wanted: &Wanted, slot: &Slot) -> Result<Duration, Error> {
        if !self.is_due_by_itself(wanted, slot).await? {
            return Ok(Duration::ZERO);
        }
        let _making = slot.making().await;
        // Whoever asked for it may have made it meanwhile.
        if !self.is_due_by_itself(wanted, slot).await? {
            return Ok(Duration::ZERO);
        }
        Ok(self.make_crl(wanted, slot).await?.facts.took)
    }

    async fn is_due_by_itself(&self, wanted: &Wanted, slot: &Slot) -> Result<bool, Error> {
        let is_kept =
            (wanted.scope, wanted.kind) == (Scope::Whole, CrlKind::Complete) || slot.was_asked();
        let Some(list) = slot.list() else {
            return Ok(is_kept);
        };
        let facts = &list.facts;
        let authority = wanted.loaded.authority.id;
        let generation = self.store().revocation_generation(authority).await?;
        Ok(match self.list_state(wanted, facts, generation).await? {
            ListState::Fresh => false,
            ListState::Due if self.now() >= half_way(facts) => is_kept,
            // Quick ones are made when they are asked for.
            ListState::Due => is_kept && is_slow(facts) && list.age() >= facts.took * REST,
            ListState::Void => is_kept,
        })
    }

    /// Forgets lists that are over and were not asked for since they were made, with their files.
    pub(crate) async fn sweep_crls(&self) -> Result<(), Error> {
        let (app, now) = (self.clone(), self.now());
        off_the_async_threads(move || {
            app.0.crls.sweep(now);
            Ok(())
        })
        .await?;
        while self.store().forget_crl_bases(now).await? {}
        Ok(())
    }
}

/// The CRL of an authority whose key is kept elsewhere.
fn imported(loaded: &Loaded, scope: Scope, kind: CrlKind) -> Result<Crl, Error> {
    if (scope, kind) != (Scope::Whole, CrlKind::Complete) {
        return Err(Error::NotFound(
            "list: the authority's key is kept elsewhere, so there is only the CRL that was imported",
        ));
    }
    let published = loaded.published.as_ref().ok_or(Error::NotFound(
        "list: the authority's key is kept elsewhere, and no CRL of it was imported",
    ))?;
    Ok(Crl::in_memory(
        published.number,
        published.this_update,
        published.next_update,
        published.der.clone(),
    ))
}
