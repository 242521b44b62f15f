//! A record's key, the request made with it, and the certificate that comes back. The key is made here, rests sealed, and
//! leaves through no API.

use chancery_core::certificate::Status;
use chancery_core::key::{KeyAlgorithm, PublicKey};
use chancery_core::plan::Refusal;
use chancery_core::record::{self, RecordRequest};
use chancery_core::x509::{self, Facts, pem};
use secrecy::SecretString;

use super::{CERTIFICATE_RECORD, Element};
use crate::attach::good;
use crate::audit::NewAuditEntry;
use crate::error::Conflict;
use crate::import::{ImportedStatus, same};
use crate::issue::off_the_async_threads;
use crate::keys::software::{self, SoftwareKey};
use crate::keys::{PrivateKey, Signer};
use crate::store::certificates::IssuerKey;
use crate::store::records::{Holding, NewRecordKey, RecordKey, RecordStep, StoredElement};
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::{App, Caller, Error, random};

/// What the audit trail calls making a request.
const REQUEST: &str = "record.request";
/// What the audit trail calls importing a certificate into a record.
const IMPORT: &str = "record.import";

impl App {
    /// A request (PEM) for the certificate of a record in the edited configuration; `read` says what to ask for. The key
    /// of the record is kept if it is of the kind asked for and `regenerate` does not say otherwise, and then the request
    /// too, if it asks for just that. With a new key the record holds no certificate any more.
    ///
    /// # Errors
    /// [`Error::Locked`] or [`Error::NotLocked`] without the lock; [`Error::NotFound`] of the record; what `read` says;
    /// [`Error::Policy`] for keys that are not made here, and for what nobody could be issued.
    pub async fn generate_record_request(
        &self,
        caller: &Caller,
        token: &SecretString,
        record: &str,
        regenerate: bool,
        read: impl Fn(&Element) -> Result<RecordRequest, Error> + Send + Sync,
    ) -> Result<String, Error> {
        let _turn = self
            .turn_to_edit(caller, token, CERTIFICATE_RECORD, record, REQUEST)
            .await?;
        for _ in 0..ATTEMPTS {
            self.require_lock(caller, token, REQUEST).await?;
            let stored = self.stored_record(record).await?;
            let request = read(&stored.element)?;
            if !KeyAlgorithm::MADE.contains(&request.key) {
                return Err(Refusal::KeyNotAllowed(request.key).into());
            }
            let (csr, holds) = self.requested(&stored, request, regenerate).await?;
            let text = pem::encode("CERTIFICATE REQUEST", &csr);
            let Some(holds) = holds else {
                return Ok(text);
            };
            match self
                .commit_holding(caller, token, stored, holds, REQUEST, Vec::new())
                .await
            {
                Ok(()) => return Ok(text),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// The request, and what the record is then to hold; nothing if it holds that already.
    async fn requested(
        &self,
        stored: &StoredElement,
        request: RecordRequest,
        regenerate: bool,
    ) -> Result<(Vec<u8>, Option<Holding>), Error> {
        let kept = stored.key.as_ref().filter(|key| {
            let public = PublicKey::from_spki_der(&key.public);
            !regenerate && public.is_ok_and(|public| public.algorithm() == request.key)
        });
        let Some(kept) = kept else {
            let key = self.0.pool.take(request.key).await?;
            let new = self.new_record_key(&key)?;
            let csr = off_the_async_threads(move || signed(&key, &request, None)).await?;
            return Ok((
                csr.clone(),
                Some(Holding::Request(RecordKey::New(new), csr)),
            ));
        };
        let opened = self.0.sealer.open(&purpose(&kept.id), &kept.sealed)?;
        let (key, before) = (PrivateKey::from_pkcs8(opened), kept.csr.clone());
        let csr = off_the_async_threads(move || signed(&key, &request, Some(before))).await?;
        let holds = (csr != kept.csr).then(|| Holding::Request(RecordKey::Kept, csr.clone()));
        Ok((csr, holds))
    }

    fn new_record_key(&self, key: &PrivateKey) -> Result<NewRecordKey, Error> {
        let id = random::octets()?;
        Ok(NewRecordKey {
            id,
            public: software::public_key_of(key)?.spki_der().to_vec(),
            sealed: self.0.sealer.seal(&purpose(&id), key.pkcs8())?,
        })
    }

    /// Puts a certificate (DER) into a record of the edited configuration: of those given, the one for the record's key,
    /// which enters the registry as [`App::import`] would have it, if it is not there; for a record without a key, the
    /// one that is given. On any error the record stays as it was.
    ///
    /// # Errors
    /// [`Error::Locked`] or [`Error::NotLocked`] without the lock; [`Error::NotFound`] of the record;
    /// [`Conflict::RecordHasCertificate`] unless `overwrite`; [`Error::Invalid`] if none is for the key;
    /// [`Error::Refused`] for one that is not good.
    pub async fn import_into_record(
        &self,
        caller: &Caller,
        token: &SecretString,
        record: &str,
        certificates: Vec<Vec<u8>>,
        overwrite: bool,
    ) -> Result<(), Error> {
        let _turn = self
            .turn_to_edit(caller, token, CERTIFICATE_RECORD, record, IMPORT)
            .await?;
        for _ in 0..ATTEMPTS {
            self.require_lock(caller, token, IMPORT).await?;
            let stored = self.stored_record(record).await?;
            if stored.der.is_some() && !overwrite {
                return Err(Error::Conflict(Conflict::RecordHasCertificate));
            }
            let (holds, steps) = match &stored.key {
                Some(key) => {
                    let der = the_keys(&key.public, &certificates)?;
                    self.registered(caller, der).await?
                }
                None => {
                    let der = the_only(&certificates)?;
                    good(self.standing(&der).await?)?;
                    (Holding::Trusted(der), Vec::new())
                }
            };
            match self
                .commit_holding(caller, token, stored, holds, IMPORT, steps)
                .await
            {
                Ok(()) => return Ok(()),
                // Somebody imported or moved the certificate, or changed the record, in between.
                Err(StoreError::Stale | StoreError::Conflict(Conflict::Certificate)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// The certificate as one of the registry, with the steps that store it or expect it as it is.
    async fn registered(
        &self,
        caller: &Caller,
        der: Vec<u8>,
    ) -> Result<(Holding, Vec<Step>), Error> {
        let read = self.read_foreign(der).await?;
        let (certificate, steps) = match self.issued(read.key()).await? {
            Some(there) => {
                good(there.status(self.now()))?;
                // Whoever may configure may issue everywhere: whose it is makes no difference.
                let owner = there.owner.clone();
                let certificate = same(there, &read, &owner)?;
                let expected = Step::ExpectState(certificate.number, certificate.state);
                (certificate, vec![expected])
            }
            None => {
                let owner = (caller.user.id.clone(), caller.user.domain.clone());
                let (certificate, steps) = self
                    .brought_in(caller, read, ImportedStatus::Active, owner, None)
                    .await?;
                good(certificate.status(self.now()))?;
                (certificate, steps.into())
            }
        };
        Ok((Holding::Certificate(certificate.id), steps))
    }

    /// How a certificate stands that a record holds without a key: as the registry has it if it is there, else by its time.
    pub(super) async fn standing(&self, der: &[u8]) -> Result<Status, Error> {
        let facts = readable(der)?;
        let now = self.now();
        let there = self
            .issued((IssuerKey::of(&facts.issuer), facts.serial))
            .await?
            .filter(|there| there.der.as_deref() == Some(der));
        Ok(match there {
            Some(there) => there.status(now),
            None if facts.not_after < now => Status::Expired,
            None => Status::Active,
        })
    }

    async fn commit_holding(
        &self,
        caller: &Caller,
        token: &SecretString,
        stored: StoredElement,
        holds: Holding,
        action: &'static str,
        more: Vec<Step>,
    ) -> Result<(), StoreError> {
        let entry = NewAuditEntry {
            certificate: match holds {
                Holding::Certificate(id) => Some(id),
                Holding::Same | Holding::Request(..) | Holding::Trusted(_) => None,
            },
            object: Some(format!("{CERTIFICATE_RECORD}/{}", stored.element.key)),
            ..self.audit_entry(Some(caller), action)
        };
        let change = RecordStep::ChangeElement {
            from: stored.version,
            element: stored.element,
            holds,
        };
        let mut steps = vec![self.expect_lock(token)];
        steps.extend(more);
        steps.extend([Step::Records(change), Step::Audit(entry)]);
        self.store().commit(steps).await.map(|_| ())
    }
}

/// What a record's sealed key is bound to.
fn purpose(id: &[u8; 12]) -> String {
    format!("{CERTIFICATE_RECORD}:{}", hex::encode(id))
}

/// The request, signed with the key; the one from before if it asks for the same.
fn signed(
    key: &PrivateKey,
    request: &RecordRequest,
    before: Option<Vec<u8>>,
) -> Result<Vec<u8>, Error> {
    let key = SoftwareKey::from_pkcs8(key)?;
    let planned = record::plan_record_request(request, key.public_key())?;
    match before {
        Some(before) if planned.is_in(&before) => Ok(before),
        _ => planned
            .finish(&key.sign(&planned)?)
            .map_err(Error::internal),
    }
}

/// Of several certificates the one for a key.
fn the_keys(public: &[u8], certificates: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    let public = PublicKey::from_spki_der(public).map_err(Error::internal)?;
    let mut read = Vec::with_capacity(certificates.len());
    for der in certificates {
        read.push((readable(der)?, der));
    }
    let found = record::certificate_for(&public, read.iter().map(|(facts, _)| facts));
    found
        .and_then(|at| read.get(at))
        .map(|(_, der)| (*der).clone())
        .ok_or_else(|| {
            Error::Invalid(
                "no certificate is for the record's key: import the one that was issued for its request"
                    .to_owned(),
            )
        })
}

/// The only certificate, which must be one.
fn the_only(certificates: &[Vec<u8>]) -> Result<Vec<u8>, Error> {
    match certificates {
        [der] => Ok(der.clone()),
        _ => Err(Error::Invalid(
            "a record without a request takes exactly one certificate".to_owned(),
        )),
    }
}

fn readable(der: &[u8]) -> Result<Facts, Error> {
    x509::read_certificate(der)
        .map_err(|error| Error::Invalid(format!("the certificate cannot be read: {error}")))
}
