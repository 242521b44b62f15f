//! Everything that needs no caller: CRLs and authorities' certificates. This file and `ocsp.rs` are the whole open surface.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use chancery_core::crl::{CrlContents, plan_crl};
use chancery_core::time::Time;

use crate::authority::Loaded;
use crate::issue::off_the_async_threads;
use crate::{App, Error};

/// A CRL as it is served.
#[derive(Clone, Debug)]
pub struct Crl {
    /// Its DER.
    pub der: Bytes,
    /// Its number.
    pub number: u64,
    /// When it was made.
    pub this_update: Time,
    /// When the next one is due at the latest.
    pub next_update: Time,
}

/// The newest CRL of each authority, and one maker at a time for each.
#[derive(Default)]
pub(crate) struct CrlCache {
    slots: Mutex<HashMap<i64, Arc<tokio::sync::Mutex<Option<Cached>>>>>,
}

struct Cached {
    crl: Crl,
    generation: u64,
}

impl App {
    /// The current CRL of an authority: made anew when something was revoked, held or released since, and when the last
    /// one has lived half its time.
    pub async fn crl(&self, authority: &str) -> Result<Crl, Error> {
        let loaded = self.authority_named(authority)?;
        let slot = self.0.crls.slot(loaded.authority.id);
        let mut cached = slot.lock_owned().await;
        // Read before the entries are: a change in between makes this CRL look old, never new.
        let generation = self
            .store()
            .revocation_generation(loaded.authority.id)
            .await?;
        let now = self.now();
        if let Some(there) = cached.as_ref()
            && there.generation == generation
            && now >= there.crl.this_update
            && now < half_way(&there.crl)
        {
            return Ok(there.crl.clone());
        }
        // On its own, so that a caller who hangs up neither stops it nor lets a second one start.
        let app = self.clone();
        let making = tokio::spawn(async move {
            let crl = app.make_crl(loaded, now).await?;
            *cached = Some(Cached {
                crl: crl.clone(),
                generation,
            });
            Ok(crl)
        });
        making.await.map_err(Error::internal)?
    }

    /// An authority's certificate, DER, and the chain from it up to the root.
    pub fn authority_chain(&self, authority: &str) -> Result<Vec<Vec<u8>>, Error> {
        Ok(self.authority_named(authority)?.chain.clone())
    }

    async fn make_crl(&self, loaded: Arc<Loaded>, now: Time) -> Result<Crl, Error> {
        let life = i64::from(self.0.config.issue.crl_hours) * 3600;
        // What was revoked stays on one list more after its end (RFC 5280, section 3.3).
        let since = now.plus_seconds(-life);
        let entries = self.store().revoked(loaded.authority.id, since).await?;
        let number = self.store().next_crl_number(loaded.authority.id).await?;
        let next_update = now.plus_seconds(life);
        off_the_async_threads(move || {
            let authority = &loaded.authority;
            let planned = plan_crl(CrlContents {
                issuer: authority.subject(),
                signature_algorithm: authority.signs_with(),
                this_update: now,
                next_update,
                number,
                authority_key_id: &authority.key_id(),
                entries: &entries,
            })
            .map_err(Error::internal)?;
            let signature = loaded.signer()?.sign(&planned)?;
            let der = planned.finish(&signature).map_err(Error::internal)?;
            Ok(Crl {
                der: Bytes::from(der),
                number,
                this_update: now,
                next_update,
            })
        })
        .await
    }
}

fn half_way(crl: &Crl) -> Time {
    let life = crl
        .next_update
        .unix()
        .saturating_sub(crl.this_update.unix());
    crl.this_update.plus_seconds(life / 2)
}

impl CrlCache {
    fn slot(&self, authority: i64) -> Arc<tokio::sync::Mutex<Option<Cached>>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(authority).or_default())
    }
}
