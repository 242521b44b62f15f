//! CRLs of authorities whose keys are kept elsewhere: imported, and then served as they came.

use std::sync::Arc;

use bytes::Bytes;
use chancery_core::certificate::{Action, State};
use chancery_core::crl::{CrlFacts, read_crl, verify_crl};
use chancery_core::revocation::Reason;
use chancery_core::role::Right;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use super::{AuthorityEntry, Loaded};
use crate::issue::off_the_async_threads;
use crate::search::CertificateRef;
use crate::store::Step;
use crate::store::authorities::AuthorityStep;
use crate::{App, Caller, Error};

/// What the audit trail calls it.
const ACTION: &str = "authority.import-crl";
/// Seconds by which clocks of others may be ahead.
const PATIENCE: i64 = 300;

/// A CRL that was imported.
#[derive(Debug)]
pub(crate) struct PublishedCrl {
    pub(crate) der: Bytes,
    pub(crate) number: u64,
    pub(crate) this_update: Time,
    pub(crate) next_update: Time,
}

impl PublishedCrl {
    /// As it was kept.
    pub(super) fn read(der: &[u8]) -> Result<PublishedCrl, Error> {
        let facts = read_crl(der)
            .map_err(|_| Error::internal("an imported CRL cannot be read any more"))?;
        published(der, &facts)
    }
}

impl App {
    /// Takes in the newest CRL (DER) of an authority whose key is kept elsewhere, and serves it from then on; what it says
    /// of authorities here is done to their certificates too. Needs the right to change authorities.
    ///
    /// # Errors
    /// [`Error::Invalid`]: another's list, one with a wrong signature, an older one, one that is over, or not a whole list.
    pub async fn import_crl(
        &self,
        caller: &Caller,
        name: &str,
        der: Vec<u8>,
    ) -> Result<AuthorityEntry, Error> {
        self.require_everywhere(caller, Right::ChangeAuthorities, ACTION)
            .await?;
        let turn = self.authority_turn().await;
        let loaded = self.certified(name).await?;
        if loaded.signer.is_some() {
            return Err(Error::Invalid(
                "this server has the key of the authority, and signs its CRL itself".to_owned(),
            ));
        }
        let (authority, now, list) = (Arc::clone(&loaded), self.now(), der.clone());
        let facts = off_the_async_threads(move || checked(&authority, &list, now)).await?;
        let mut steps = self.told_by(caller, &loaded, &facts).await?;
        let keep = AuthorityStep::KeepCrl(loaded.authority.id, der);
        steps.push(Step::Authority(keep));
        self.commit_authority(caller, ACTION, name, steps, turn)
            .await?;
        self.entry(name).await
    }

    /// What a list says of the certificates of authorities here, as moves of those.
    async fn told_by(
        &self,
        caller: &Caller,
        by: &Loaded,
        facts: &CrlFacts,
    ) -> Result<Vec<Step>, Error> {
        let mut steps = Vec::new();
        let before = by
            .published
            .as_ref()
            .and_then(|list| read_crl(&list.der).ok());
        // A hold that somebody else set here is not the list's to end.
        let held_by_list = |serial: &Serial| {
            let entries = before.iter().flat_map(|list| &list.revoked);
            let mut held = entries.filter(|entry| entry.reason == Reason::CertificateHold);
            held.any(|entry| entry.serial == *serial)
        };
        for below in self.loaded() {
            let (true, Some((id, state))) = (
                below.authority.parent.as_deref() == Some(by.name()),
                below.registered,
            ) else {
                continue;
            };
            let serial = &below.authority.facts.serial;
            let entry = facts.revoked.iter().find(|entry| entry.serial == *serial);
            let action = match (entry.map(|entry| entry.reason), state) {
                (Some(Reason::CertificateHold), State::Active) => Action::Hold,
                (Some(Reason::CertificateHold), _) => continue,
                (Some(reason), State::Active | State::OnHold) => Action::Revoke(reason),
                (None, State::OnHold) if held_by_list(serial) => Action::Release,
                (Some(_) | None, _) => continue,
            };
            let certificate = self.find(&CertificateRef::Id(id)).await?;
            match self.movement(Some(caller), &certificate, action) {
                Ok((_, moves)) => steps.extend(moves),
                // It has expired: its revocation would tell nobody anything.
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(steps)
    }
}

/// The list, if it is the authority's newest, whole and not over.
fn checked(loaded: &Loaded, der: &[u8], now: Time) -> Result<CrlFacts, Error> {
    let refused = |text: &str| Err(Error::Invalid(format!("the CRL: {text}")));
    let Ok(facts) = read_crl(der) else {
        return refused("not the DER or PEM of exactly one list");
    };
    if !facts.issuer.matches(loaded.authority.subject()) {
        return refused("another authority's");
    }
    if !verify_crl(der, &loaded.authority.facts.public_key) {
        return refused("its signature does not hold under the authority's key");
    }
    if facts.delta_base.is_some() || facts.issuing_point.is_some() || !facts.is_understood {
        return refused("give the complete list, not a delta or a part");
    }
    let list = published(der, &facts)?;
    if list.this_update > now.plus_seconds(PATIENCE) {
        return refused("it is of the future: look at the clocks");
    }
    if list.next_update <= now {
        return refused("it is over: make a new one");
    }
    match &loaded.published {
        Some(there) if list.number <= there.number => refused(&format!(
            "its number is {}, and number {} is here already",
            list.number, there.number
        )),
        _ => Ok(facts),
    }
}

/// The list with what is told of it, which it must say.
fn published(der: &[u8], facts: &CrlFacts) -> Result<PublishedCrl, Error> {
    let (Some(number), Some(next_update)) = (facts.number, facts.next_update) else {
        return Err(Error::Invalid(
            "the CRL: it has no number of up to 64 bits or no nextUpdate, which every list must have (RFC 5280, sections 5.1.2.5 and 5.2.3)"
                .to_owned(),
        ));
    };
    Ok(PublishedCrl {
        der: Bytes::copy_from_slice(der),
        number,
        this_update: facts.this_update,
        next_update,
    })
}
