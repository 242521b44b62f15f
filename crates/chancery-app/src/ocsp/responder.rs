//! Who signs answers: a delegated responder (RFC 6960, section 4.2.2.2) with a short-lived certificate of its own, made
//! and renewed here, or the authority itself.
//!
//! A delegated responder's key is made here and lies sealed among the server's own secrets, not with certificates' keys:
//! nobody can export it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use chancery_core::certificate::{Certificate, Status};
use chancery_core::identity::{DomainId, UserId};
use chancery_core::key::{KeyAlgorithm, KeyId, SignatureAlgorithm};
use chancery_core::name::{Name, attribute};
use chancery_core::plan::ToBeSigned;
use chancery_core::serial::{SERIAL_LEN, Serial};
use chancery_core::time::Time;
use tokio::sync::OwnedMutexGuard;

use crate::authority::Loaded;
use crate::bootstrap::{DEFAULT_DOMAIN, SERVER_USER};
use crate::config::OcspSigner;
use crate::issue::{IssueRequest, KeySource, Placement};
use crate::keys::software::SoftwareKey;
use crate::keys::{PrivateKey, Signer};
use crate::server_certificate::renewal_time;
use crate::store::Step;
use crate::store::certificates::{CertificateKey, IssuerKey};
use crate::{App, Error};

/// The profile by which responders' certificates are issued.
const PROFILE: &str = "ocsp-responder";
/// Longest common name (RFC 5280, appendix A.1).
const LONGEST_COMMON_NAME: usize = 64;

/// Seconds after which a delegate that could not be renewed is tried again, while the one there is still good.
const NEXT_RENEWAL: i64 = 60;
/// And while there is none, and so no answer.
const NEXT_MAKING: i64 = 5;

/// The delegated responder of each authority.
#[derive(Default)]
pub(crate) struct Responders {
    slots: RwLock<HashMap<i64, Arc<Slot>>>,
}

/// The place of one authority's delegate.
#[derive(Default)]
struct Slot {
    known: RwLock<Option<Known>>,
    /// Held while a delegate is looked for or made; says when the last attempt failed, and for how many seconds to rest.
    making: Arc<tokio::sync::Mutex<Option<(Time, i64)>>>,
}

/// A delegate, and a revocation generation in which its certificate was good.
struct Known {
    delegate: Arc<Delegate>,
    generation: u64,
}

/// A key with a certificate that lets it speak for its authority.
struct Delegate {
    key: SoftwareKey,
    key_id: KeyId,
    serial: Serial,
    certificate: Vec<u8>,
    not_after: Time,
    renew_at: Time,
}

/// Who signs the answers of one authority.
pub(super) struct Responder {
    authority: Arc<Loaded>,
    /// None if the authority signs itself.
    delegate: Option<Arc<Delegate>>,
}

impl Responder {
    fn signer(&self) -> Result<&dyn Signer, Error> {
        match &self.delegate {
            Some(delegate) => Ok(&delegate.key),
            None => self.authority.signer(),
        }
    }

    /// SHA-1 of its public key.
    pub(super) fn key_id(&self) -> KeyId {
        match &self.delegate {
            Some(delegate) => delegate.key_id,
            None => self.authority.authority.facts.public_key.key_id(),
        }
    }

    /// What kind of key it has.
    fn key(&self) -> Result<KeyAlgorithm, Error> {
        Ok(self.signer()?.public_key().algorithm())
    }

    /// Does it sign in some tens of microseconds, or in a millisecond and more?
    pub(super) fn is_quick(&self) -> Result<bool, Error> {
        Ok(match self.key()? {
            KeyAlgorithm::P256 | KeyAlgorithm::P384 | KeyAlgorithm::Ed25519 => true,
            KeyAlgorithm::P521 | KeyAlgorithm::Rsa(_) | KeyAlgorithm::Other(_) => false,
        })
    }

    /// How it signs.
    pub(super) fn signs_with(&self) -> Result<SignatureAlgorithm, Error> {
        self.key()?
            .signs_with()
            .ok_or_else(|| Error::internal("a responder's key is of a kind that does not sign"))
    }

    pub(super) fn sign(&self, planned: &dyn ToBeSigned) -> Result<Vec<u8>, Error> {
        Ok(self.signer()?.sign(planned)?)
    }

    /// The certificate that goes with its answers.
    pub(super) fn certificate(&self) -> Option<&[u8]> {
        self.delegate
            .as_ref()
            .map(|delegate| delegate.certificate.as_slice())
    }

    /// The serial number of that certificate: when it changes, what was signed with its key is not good any more.
    pub(super) fn serial(&self) -> Option<&Serial> {
        self.delegate.as_ref().map(|delegate| &delegate.serial)
    }

    /// The last second at which its answers can be checked.
    pub(super) fn not_after(&self) -> Time {
        let end = self.authority.authority.not_after();
        let own = self.delegate.as_ref().map(|delegate| delegate.not_after);
        own.map_or(end, |own| own.min(end))
    }
}

impl App {
    /// Sees to it that every delegated responder is there and not due for renewal.
    pub(crate) async fn renew_responders(&self) -> Result<(), Error> {
        for loaded in self.loaded() {
            if loaded.signer().is_ok() && self.now() < loaded.authority.not_after() {
                self.responder(&loaded).await?;
            }
        }
        Ok(())
    }

    /// Who signs the answers of an authority. A delegate is looked at again when its own certificate changed; one that is
    /// no longer good is replaced, one that is due for renewal signs while its successor is made.
    pub(super) async fn responder(&self, loaded: &Arc<Loaded>) -> Result<Responder, Error> {
        let by_itself =
            self.0.config.ocsp.signer == OcspSigner::Authority || loaded.authority.parent.is_none();
        let delegate = match by_itself {
            true => None,
            false => Some(self.delegate(loaded).await?),
        };
        Ok(Responder {
            authority: Arc::clone(loaded),
            delegate,
        })
    }

    async fn delegate(&self, loaded: &Arc<Loaded>) -> Result<Arc<Delegate>, Error> {
        let slot = self.0.responders.slot(loaded.authority.id);
        let Some(good) = self.good_delegate(&slot, loaded) else {
            let making = Arc::clone(&slot.making).lock_owned().await;
            // Whoever held the place before may have made it.
            return match self.good_delegate(&slot, loaded) {
                Some(made) => Ok(made),
                None => self.replace_delegate(&slot, loaded, making).await,
            };
        };
        // If the place is held, its successor is in the making.
        if self.now() >= good.renew_at
            && let Ok(making) = Arc::clone(&slot.making).try_lock_owned()
            && !rests(*making, self.now())
        {
            let (app, loaded) = (self.clone(), Arc::clone(loaded));
            tokio::spawn(async move { app.replace_delegate(&slot, &loaded, making).await });
        }
        Ok(good)
    }

    /// The delegate that is known, if its certificate has neither changed nor ended.
    fn good_delegate(&self, slot: &Slot, loaded: &Loaded) -> Option<Arc<Delegate>> {
        let known = slot.known.read().unwrap_or_else(PoisonError::into_inner);
        let known = known.as_ref()?;
        let serial = std::iter::once(&known.delegate.serial);
        let changes = self.store().revocations();
        changes.unchanged_since(known.generation, loaded.authority.id, serial)?;
        (self.now() < known.delegate.not_after).then(|| Arc::clone(&known.delegate))
    }

    /// Takes the delegate that is stored, or makes a new one if that is gone or due. What could not be made is not tried
    /// again at once.
    async fn replace_delegate(
        &self,
        slot: &Slot,
        loaded: &Arc<Loaded>,
        mut making: OwnedMutexGuard<Option<(Time, i64)>>,
    ) -> Result<Arc<Delegate>, Error> {
        let now = self.now();
        let generation = self.store().revocations().generation(loaded.authority.id);
        let (delegate, failure) = match self.stored_delegate(loaded).await? {
            Some(delegate) if now < delegate.renew_at || rests(*making, now) => (delegate, None),
            None if rests(*making, now) => return Err(Error::Busy),
            stored => match (self.make_delegate(loaded).await, stored) {
                (Ok(made), _) => (made, None),
                // Not renewed, and still good: answers go on.
                (Err(error), Some(old)) => (old, Some(error)),
                (Err(error), None) => {
                    *making = Some((now, NEXT_MAKING));
                    return Err(error);
                }
            },
        };
        if let Some(error) = failure {
            *making = Some((now, NEXT_RENEWAL));
            tracing::error!(
                error = &error as &dyn std::error::Error,
                authority = loaded.authority.name,
                "the OCSP responder's certificate was not renewed"
            );
        }
        let delegate = Arc::new(delegate);
        slot.know(&delegate, generation);
        Ok(delegate)
    }

    /// The delegate that was made last, if its certificate is good.
    async fn stored_delegate(&self, loaded: &Loaded) -> Result<Option<Delegate>, Error> {
        let name = secret_name(loaded);
        let Some(secret) = self.store().secret(name.clone().into()).await? else {
            return Ok(None);
        };
        let Some((serial, sealed)) = secret.split_at_checked(SERIAL_LEN) else {
            return Err(Error::internal("an OCSP responder's secret is damaged"));
        };
        let serial = Serial::from_content(serial).map_err(Error::internal)?;
        let key = CertificateKey::Issued(IssuerKey::of(loaded.authority.subject()), serial);
        let Some(certificate) = self.store().certificate(key).await? else {
            return Ok(None);
        };
        if certificate.status(self.now()) != Status::Active {
            return Ok(None);
        }
        let opened = PrivateKey::from_pkcs8(self.0.sealer.open(&name, sealed)?);
        Ok(Some(delegate_of(&certificate, &opened)?))
    }

    /// Issues a delegate's certificate, and keeps its key in the same commit.
    async fn make_delegate(&self, loaded: &Arc<Loaded>) -> Result<Delegate, Error> {
        let authority = &loaded.authority;
        let mut common_name = format!("OCSP responder of {}", authority.name);
        common_name.truncate(LONGEST_COMMON_NAME);
        let subject = Name::build()
            .push(attribute::COMMON_NAME, &common_name)
            .finish()
            .map_err(Error::internal)?;
        // Of the authority's kind, which its relying parties can check, but never slower than need be.
        let algorithm = match authority.facts.public_key.algorithm() {
            KeyAlgorithm::Rsa(_) => KeyAlgorithm::Rsa(2048),
            other => other,
        };
        let request = IssueRequest {
            subject: Some(subject),
            profile: Some(PROFILE.to_owned()),
            ..IssueRequest::new(KeySource::Make(algorithm))
        };
        let mut signed = self
            .sign_by(request, Some(Arc::clone(loaded)), Vec::new())
            .await?;
        let key = signed.private_key.take().ok_or(Error::NoPrivateKey)?;
        let name = secret_name(loaded);
        let mut secret = signed.planned.serial.content().to_vec();
        secret.extend(self.0.sealer.seal(&name, key.pkcs8())?);
        let placement = Placement {
            owner: UserId::parse(SERVER_USER).map_err(Error::internal)?,
            domain: DomainId::parse(DEFAULT_DOMAIN).map_err(Error::internal)?,
            name: None,
            replaces: None,
            on_hold: false,
        };
        let keep = vec![Step::KeepSecret(name.into(), secret)];
        let issued = self
            .place(None, signed, placement, "certificate.issue", &[], keep)
            .await?;
        delegate_of(&issued.certificate, &key)
    }
}

impl Responders {
    fn slot(&self, authority: i64) -> Arc<Slot> {
        let slots = self.slots.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&authority) {
            return Arc::clone(slot);
        }
        drop(slots);
        let mut slots = self.slots.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(authority).or_default())
    }
}

impl Slot {
    /// Remembers that a delegate was good in a generation.
    fn know(&self, delegate: &Arc<Delegate>, generation: u64) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Known {
            delegate: Arc::clone(delegate),
            generation,
        });
    }
}

/// Is it too early to try again, so many seconds after the last failure? A clock that went back does not make it so.
fn rests(failed: Option<(Time, i64)>, now: Time) -> bool {
    failed.is_some_and(|(at, rest)| at <= now && now < at.plus_seconds(rest))
}

/// Under which name a delegate's serial number and sealed key are kept, and what the key is bound to.
fn secret_name(loaded: &Loaded) -> String {
    format!("ocsp-responder:{}", loaded.authority.name)
}

fn delegate_of(certificate: &Certificate, key: &PrivateKey) -> Result<Delegate, Error> {
    let key = SoftwareKey::from_pkcs8(key)?;
    if key.public_key().key_id() != certificate.subject_key_id {
        return Err(Error::internal(
            "an OCSP responder's key is not its certificate's",
        ));
    }
    Ok(Delegate {
        key_id: certificate.subject_key_id,
        serial: certificate.serial.clone(),
        key,
        certificate: certificate.der.clone().ok_or(Error::NoCertificate)?,
        not_after: certificate.not_after,
        renew_at: renewal_time(certificate),
    })
}
