//! Making a list: its entries read by pages, its number taken, and all of it signed.
//!
//! A complete list takes its number after its entries were read, a delta before: so what a delta with a greater number
//! says is never older than what the complete list says, and clients may put the one on top of the other (RFC 5280,
//! section 5.2.4).

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;

use chancery_core::crl::{CrlHead, CrlKind, CrlLinks, CrlStream, Scope};
use chancery_core::digest;
use chancery_core::time::Time;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::draft::Draft;
use super::folder;
use super::slots::{Facts, Key, List, Slot};
use crate::authority::Loaded;
use crate::issue::off_the_async_threads;
use crate::store::crls::{CrlBase, NewCrlBase};
use crate::{App, Error};

/// Entries that are read at once: other readers of the store wait for some milliseconds.
const PAGE: usize = 16_384;
/// Pages of a long list that are read side by side: a list should not wait for its turn behind all that is issued meanwhile.
const SIDE_BY_SIDE: usize = 2;
/// Into how many parts the life of a complete list is cut: lists made in the same one have one base among them.
const BASES_IN_A_LIFE: i64 = 48;
/// Octets beyond which operators are told to cut a list.
const LARGE: u64 = 10_000_000;

/// A list as it is to be.
#[derive(Clone)]
pub(super) struct Wanted {
    pub(super) loaded: Arc<Loaded>,
    pub(super) scope: Scope,
    pub(super) kind: CrlKind,
    scope_names: Vec<String>,
    /// Where a complete list says that its delta is.
    freshest: Vec<String>,
    /// For how many seconds it is valid.
    life: i64,
    /// A digest of all that a list says beside its entries and its time: another configuration makes another.
    pub(super) made_for: [u8; 32],
}

/// What a list says beside its entries.
struct About {
    number: u64,
    generation: u64,
    this_update: Time,
    /// The number of the list that a delta builds on.
    base: Option<u64>,
}

impl Wanted {
    pub(super) fn key(&self) -> Key {
        Key {
            authority: self.loaded.authority.id,
            scope: self.scope,
            kind: self.kind,
        }
    }

    /// The name of its file.
    pub(super) fn file_name(&self) -> String {
        folder::file_name(&self.loaded.authority.name, self.scope, self.kind)
    }
}

impl App {
    /// A list of an authority whose key is here.
    pub(super) fn wanted(&self, loaded: Arc<Loaded>, scope: Scope, kind: CrlKind) -> Wanted {
        let (url, name) = (&self.0.public_url, &loaded.authority.name);
        let scope_names = url.scope_names(name, scope);
        let config = &self.0.config.crl;
        let (freshest, hours) = match kind {
            CrlKind::Complete => (vec![url.delta(name, scope)], config.hours),
            CrlKind::Delta => (Vec::new(), config.delta_hours),
        };
        let told = [&scope_names[..], &freshest[..], &[hours.to_string()]].concat();
        let made_for = digest::sha256(&[
            loaded.authority.key_id().as_ref(),
            told.join("\n").as_bytes(),
        ]);
        Wanted {
            loaded,
            scope,
            kind,
            scope_names,
            freshest,
            life: i64::from(hours) * 3600,
            made_for,
        }
    }

    /// Makes a list and puts it in its place. Its slot's turn to be made must be the caller's.
    pub(super) async fn make_crl(&self, wanted: &Wanted, slot: &Slot) -> Result<List, Error> {
        match wanted.kind {
            CrlKind::Complete => self.make_complete(wanted, slot).await,
            CrlKind::Delta => self.make_delta(wanted, slot).await,
        }
    }

    async fn make_complete(&self, wanted: &Wanted, slot: &Slot) -> Result<List, Error> {
        let (begun, this_update) = (Instant::now(), self.now());
        let authority = wanted.loaded.authority.id;
        // Read before the entries are: a change in between makes this list look old, never new.
        let generation = self.store().revocation_generation(authority).await?;
        // What was revoked stays on one list more after its end (RFC 5280, section 3.3).
        let since = this_update.plus_seconds(-wanted.life);
        let draft = self.0.crls.folder.draft(&wanted.file_name());
        let draft = self.fill(draft, authority, wanted.scope, since).await?;
        let base = NewCrlBase {
            scope: wanted.scope,
            generation,
            this_update,
            next_update: this_update.plus_seconds(wanted.life),
            unless_since: this_update.plus_seconds(-(wanted.life / BASES_IN_A_LIFE)),
        };
        let about = About {
            number: self.store().add_crl_base(authority, base).await?,
            generation,
            this_update,
            base: None,
        };
        self.publish(wanted, slot, draft, about, begun).await
    }

    /// The draft with all entries of a scope that have not expired before `since`.
    async fn fill(
        &self,
        mut draft: Draft,
        authority: i64,
        scope: Scope,
        since: Time,
    ) -> Result<Draft, Error> {
        let (start, last) = scope.buckets().into_inner();
        let first = self
            .store()
            .crl_entries(authority, start..=last, since, PAGE);
        let first = first.await?;
        draft = off_the_async_threads(move || draft.push(first.entries)).await?;
        let Some(next) = first.next else {
            return Ok(draft);
        };
        // Serial numbers are random: as many buckets again hold about as many entries.
        let width = next.saturating_sub(start).max(1);
        let parts = (next..=last)
            .step_by(usize::from(width))
            .map(|from| from..=last.min(from.saturating_add(width - 1)));
        let mut pages = stream::iter(parts)
            .map(|part| self.clone().entries_in(authority, part, since))
            .buffered(SIDE_BY_SIDE);
        while let Some(entries) = pages.try_next().await? {
            draft = off_the_async_threads(move || draft.push(entries)).await?;
        }
        Ok(draft)
    }

    /// All entries in these buckets.
    async fn entries_in(
        self,
        authority: i64,
        buckets: RangeInclusive<u16>,
        since: Time,
    ) -> Result<Vec<u8>, Error> {
        let (mut next, last) = buckets.into_inner();
        let mut entries = Vec::new();
        loop {
            let page = self
                .store()
                .crl_entries(authority, next..=last, since, PAGE);
            let page = page.await?;
            entries.extend(page.entries);
            let Some(bucket) = page.next else {
                return Ok(entries);
            };
            next = bucket;
        }
    }

    async fn make_delta(&self, wanted: &Wanted, slot: &Slot) -> Result<List, Error> {
        let (begun, this_update) = (Instant::now(), self.now());
        let authority = wanted.loaded.authority.id;
        let base = self.base_of(wanted, this_update).await?;
        let generation = self.store().revocation_generation(authority).await?;
        let number = self.store().next_crl_number(authority).await?;
        let changed = self
            .store()
            .changed_since(authority, wanted.scope.buckets(), base.generation)
            .await?;
        let mut draft = self.0.crls.folder.draft(&wanted.file_name());
        for certificates in changed.chunks(PAGE) {
            let entries = self.store().delta_entries(certificates.to_vec()).await?;
            draft = off_the_async_threads(move || draft.push(entries)).await?;
        }
        let about = About {
            number,
            generation,
            this_update,
            base: Some(base.number),
        };
        self.publish(wanted, slot, draft, about, begun).await
    }

    /// What a delta builds on; where there is nothing yet, a complete list is made.
    async fn base_of(&self, delta: &Wanted, at: Time) -> Result<CrlBase, Error> {
        let authority = delta.loaded.authority.id;
        let known = || self.store().crl_base(authority, delta.scope, at);
        if let Some(base) = known().await? {
            return Ok(base);
        }
        let complete = self.wanted(Arc::clone(&delta.loaded), delta.scope, CrlKind::Complete);
        let slot = self.0.crls.slot(complete.key());
        let _making = slot.making().await;
        if let Some(base) = known().await? {
            return Ok(base);
        }
        self.make_complete(&complete, &slot).await?;
        known()
            .await?
            .ok_or_else(|| Error::internal("a complete CRL is no base right after it was made"))
    }

    /// Signs a list and puts it in its place.
    async fn publish(
        &self,
        wanted: &Wanted,
        slot: &Slot,
        draft: Draft,
        about: About,
        begun: Instant,
    ) -> Result<List, Error> {
        let (app, of) = (self.clone(), wanted.clone());
        let list = off_the_async_threads(move || app.sign_list(&of, draft, &about, begun)).await?;
        self.0.crls.publish(slot, list.clone());
        let (name, octets) = (&wanted.loaded.authority.name, list.facts.length);
        if octets > LARGE
            && wanted.scope == Scope::Whole
            && self.0.config.crl.shards == 1
            && self
                .0
                .crls
                .is_large_for_the_first_time(wanted.loaded.authority.id)
        {
            tracing::warn!(
                authority = name,
                octets,
                "a CRL has outgrown 10 MB: set crl.shards, so that certificates issued from now on name a part of it"
            );
        }
        tracing::debug!(authority = name, scope = ?wanted.scope, kind = ?wanted.kind, number = list.facts.number,
            octets, took = ?list.facts.took, "a CRL was made");
        Ok(list)
    }

    fn sign_list(
        &self,
        wanted: &Wanted,
        draft: Draft,
        about: &About,
        begun: Instant,
    ) -> Result<List, Error> {
        let authority = &wanted.loaded.authority;
        let next_update = about.this_update.plus_seconds(wanted.life);
        let head = CrlHead {
            issuer: authority.subject(),
            signature_algorithm: authority.signs_with(),
            this_update: about.this_update,
            next_update,
            number: about.number,
            authority_key_id: &authority.key_id(),
            scope_names: &wanted.scope_names,
            links: match about.base {
                Some(base) => CrlLinks::Delta { base },
                None => CrlLinks::Complete {
                    freshest: &wanted.freshest,
                },
            },
        };
        let mut stream = CrlStream::begin(&head, draft.length()).map_err(Error::internal)?;
        draft.each(|entries| stream.update(entries))?;
        let planned = stream.end().map_err(Error::internal)?;
        let signature = wanted.loaded.signer()?.sign(&planned)?;
        let signed = planned.finish(&signature).map_err(Error::internal)?;
        let facts = Facts {
            number: about.number,
            generation: about.generation,
            this_update: about.this_update,
            next_update,
            took: begun.elapsed(),
            made_for: wanted.made_for,
            length: signed.front.len() as u64 + draft.length() + signed.tail.len() as u64,
        };
        let place = draft.finish(&signed, &facts, self.0.crls.has_room(facts.length))?;
        Ok(List {
            facts,
            place,
            made: Some(Instant::now()),
        })
    }
}
