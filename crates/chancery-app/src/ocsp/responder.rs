//! Who signs answers: a delegated responder (RFC 6960, section 4.2.2.2) with a short-lived certificate of its own, made
//! and renewed here, or the authority itself.
//!
//! A delegated responder's key is made here and lies sealed among the server's own secrets, not with certificates' keys:
//! nobody can export it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chancery_core::certificate::{Certificate, Status};
use chancery_core::identity::{DomainId, UserId};
use chancery_core::key::{KeyAlgorithm, KeyId, SignatureAlgorithm};
use chancery_core::name::{Name, attribute};
use chancery_core::plan::ToBeSigned;
use chancery_core::serial::{SERIAL_LEN, Serial};
use chancery_core::time::Time;

use crate::authority::Loaded;
use crate::bootstrap::{DEFAULT_DOMAIN, SERVER_USER};
use crate::config::OcspSigner;
use crate::issue::{IssueBy, IssueRequest, KeySource, Placement};
use crate::keys::software::SoftwareKey;
use crate::keys::{PrivateKey, Signer};
use crate::server_certificate::renewal_time;
use crate::store::{CertificateKey, IssuerKey, Step};
use crate::{App, Error};

/// The profile by which responders' certificates are issued.
const PROFILE: &str = "ocsp-responder";
/// Longest common name (RFC 5280, appendix A.1).
const LONGEST_COMMON_NAME: usize = 64;

/// The delegated responder of each authority.
#[derive(Default)]
pub(crate) struct Responders {
    slots: Mutex<HashMap<i64, Slot>>,
}

type Slot = Arc<tokio::sync::Mutex<Option<Known>>>;

/// A delegate, and the revocation generation at which its certificate was good.
struct Known {
    delegate: Arc<Delegate>,
    generation: u64,
}

/// A key with a certificate that lets it speak for its authority.
struct Delegate {
    key: SoftwareKey,
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
            Some(delegate) => delegate.key.public_key().key_id(),
            None => self.authority.authority.facts.public_key.key_id(),
        }
    }

    /// How it signs.
    pub(super) fn signs_with(&self) -> Result<SignatureAlgorithm, Error> {
        let key = self.signer()?.public_key().algorithm();
        key.signs_with()
            .ok_or_else(|| Error::internal("a responder's key is of a kind that does not sign"))
    }

    pub(super) fn sign(&self, planned: &dyn ToBeSigned) -> Result<Vec<u8>, Error> {
        Ok(self.signer()?.sign(planned)?)
    }

    /// The certificates that go with its answers.
    pub(super) fn certificates(&self) -> Vec<Vec<u8>> {
        let own = |delegate: &Arc<Delegate>| delegate.certificate.clone();
        self.delegate.iter().map(own).collect()
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
                let id = loaded.authority.id;
                let generation = self.store().revocation_generation(id).await?;
                self.responder(&loaded, generation).await?;
            }
        }
        Ok(())
    }

    /// Who signs the answers of an authority at that revocation generation. A delegate is looked at again after every
    /// change, as its own certificate may have been revoked; one that is no longer good is replaced.
    pub(super) async fn responder(
        &self,
        loaded: &Arc<Loaded>,
        generation: u64,
    ) -> Result<Responder, Error> {
        let by_itself =
            self.0.config.ocsp.signer == OcspSigner::Authority || loaded.authority.parent.is_none();
        let delegate = match by_itself {
            true => None,
            false => Some(self.delegate(loaded, generation).await?),
        };
        Ok(Responder {
            authority: Arc::clone(loaded),
            delegate,
        })
    }

    async fn delegate(
        &self,
        loaded: &Arc<Loaded>,
        generation: u64,
    ) -> Result<Arc<Delegate>, Error> {
        let slot = self.0.responders.slot(loaded.authority.id);
        let mut known = slot.lock().await;
        let now = self.now();
        if let Some(known) = known.as_ref()
            && known.generation == generation
            && now < known.delegate.renew_at
        {
            return Ok(Arc::clone(&known.delegate));
        }
        let stored = self.stored_delegate(loaded).await?;
        let delegate = match stored {
            Some(delegate) if now < delegate.renew_at => delegate,
            stored => match (self.make_delegate(loaded).await, stored) {
                (Ok(made), _) => made,
                // Not renewed, and still good: answers go on.
                (Err(error), Some(old)) if now < old.not_after => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        authority = loaded.authority.name,
                        "the OCSP responder's certificate was not renewed"
                    );
                    return Ok(Arc::new(old));
                }
                (Err(error), _) => return Err(error),
            },
        };
        let delegate = Arc::new(delegate);
        *known = Some(Known {
            delegate: Arc::clone(&delegate),
            generation,
        });
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
    async fn make_delegate(&self, loaded: &Loaded) -> Result<Delegate, Error> {
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
            issuer: IssueBy::Authority(authority.name.clone()),
            ..IssueRequest::new(KeySource::Make(algorithm))
        };
        let mut signed = self.sign_new(request, Vec::new()).await?;
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
    fn slot(&self, authority: i64) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(authority).or_default())
    }
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
        key,
        certificate: certificate.der.clone().ok_or(Error::NoCertificate)?,
        not_after: certificate.not_after,
        renew_at: renewal_time(certificate),
    })
}
