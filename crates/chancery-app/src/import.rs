//! Bringing in certificates from elsewhere: all of a request's or none.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chancery_core::certificate::{Certificate, Origin, State};
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::role::Right;
use chancery_core::serial::Serial;
use chancery_core::x509::{self, Facts};
use zeroize::Zeroizing;

use crate::audit::NewAuditEntry;
use crate::authority::Loaded;
use crate::error::Conflict;
use crate::issue::{checked_name, new_step, off_the_async_threads, readable_name, sealing_purpose};
use crate::keys::{PrivateKey, software};
use crate::store::Step;
use crate::store::certificates::{CertificateKey, IssuerKey};
use crate::{App, Caller, Error, random};

/// A certificate to bring in.
pub struct ImportItem {
    /// The certificate's DER.
    pub der: Vec<u8>,
    /// The user to whom it will belong; the caller if left out.
    pub owner: Option<UserId>,
    /// The standing in which it starts.
    pub status: ImportedStatus,
    /// Its private key, PKCS#8 DER, to be kept sealed.
    pub private_key: Option<Zeroizing<Vec<u8>>>,
    /// Its unique readable name; made from the subject if left out.
    pub name: Option<String>,
}

/// The standing in which an imported certificate starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ImportedStatus {
    /// Active (expired, if its validity is over).
    Active,
    /// On hold.
    OnHold,
}

/// A certificate brought in.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The certificate.
    pub certificate: Certificate,
    /// Was the same certificate of the same owner there already?
    pub known: bool,
}

/// What the audit trail calls it.
pub(crate) const IMPORT: &str = "certificate.import";
/// Most certificates of one request.
const MOST_ITEMS: usize = 1000;

/// An item read, with everything that its storing needs.
pub(crate) struct Read {
    facts: Facts,
    der: Vec<u8>,
    private_key: Option<PrivateKey>,
    name: Option<String>,
    /// The authority of ours that signed it.
    authority: Option<(i64, String)>,
}

impl ImportItem {
    /// A certificate, and nothing else said.
    pub fn new(der: Vec<u8>) -> ImportItem {
        ImportItem {
            der,
            owner: None,
            status: ImportedStatus::Active,
            private_key: None,
            name: None,
        }
    }
}

impl fmt::Debug for ImportItem {
    /// Without the private key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportItem")
            .field("owner", &self.owner)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Read {
    /// What no two certificates share.
    pub(crate) fn key(&self) -> (IssuerKey, Serial) {
        (IssuerKey::of(&self.facts.issuer), self.facts.serial.clone())
    }
}

/// What an import comes to, as far as it was read.
#[derive(Default)]
struct Batch {
    imported: Vec<Imported>,
    /// Where among them a certificate stands, so that one which comes twice is known the second time.
    places: HashMap<(IssuerKey, Serial), usize>,
    steps: Vec<Step>,
}

impl Batch {
    fn add(&mut self, key: (IssuerKey, Serial), certificate: Certificate, steps: [Step; 2]) {
        self.places.insert(key, self.imported.len());
        self.steps.extend(steps);
        self.imported.push(Imported {
            certificate,
            known: false,
        });
    }

    /// What was imported, each with its number: those that are new have the given ones, in their order.
    fn numbered(self, numbers: Vec<CertificateNumber>) -> Vec<Imported> {
        let mut imported = self.imported;
        let new = imported.iter().filter(|one| !one.known);
        let given: HashMap<_, _> = new.map(|one| one.certificate.id).zip(numbers).collect();
        for one in &mut imported {
            if let Some(number) = given.get(&one.certificate.id) {
                one.certificate.number = *number;
            }
        }
        imported
    }
}

/// The certificate that is there, if it is the one that was read, with the same owner.
pub(crate) fn same(there: Certificate, read: &Read, owner: &UserId) -> Result<Certificate, Error> {
    let same = there.der.as_ref() == Some(&read.der)
        && there.owner == *owner
        && !matches!(there.state, State::Deleted(_) | State::Purged(_));
    if same {
        Ok(there)
    } else {
        Err(Error::Conflict(Conflict::Certificate))
    }
}

impl App {
    /// Imports certificates, all or none. The caller needs the right to issue for each owner. A certificate that is
    /// there already, byte for byte and with the same owner, is given back as known, and its private key kept if none
    /// was; with other octets or another owner it is a conflict. What an authority of ours signed counts as issued by
    /// it, and is for those to import who may issue everywhere; the authorities' own certificates are nobody's.
    ///
    /// # Errors
    /// [`Error::InvalidItems`] names every one that cannot be read.
    pub async fn import(
        &self,
        caller: &Caller,
        items: Vec<ImportItem>,
    ) -> Result<Vec<Imported>, Error> {
        if items.is_empty() || items.len() > MOST_ITEMS {
            return Err(Error::Invalid(format!(
                "give 1 to {MOST_ITEMS} certificates"
            )));
        }
        let mut owners = Vec::with_capacity(items.len());
        for item in &items {
            let owner = item.owner.clone();
            owners.push(self.owner_of_new(caller, owner, IMPORT).await?);
        }
        let authorities = self.loaded();
        let statuses: Vec<ImportedStatus> = items.iter().map(|item| item.status).collect();
        let read = off_the_async_threads(move || read_all(items, &authorities)).await?;
        let keys: Vec<_> = read
            .iter()
            .map(|one| one.facts.public_key.key_id())
            .collect();
        if let Some(awaited) = self.awaited_for(&keys).await? {
            return Err(Error::InvalidItems(vec![awaited]));
        }
        let mut batch = Batch::default();
        for ((read, status), (owner, domain)) in read.into_iter().zip(statuses).zip(owners) {
            let key = read.key();
            let there = match batch
                .places
                .get(&key)
                .and_then(|at| batch.imported.get(*at))
            {
                Some(earlier) => Some(earlier.certificate.clone()),
                None => self.issued(key.clone()).await?,
            };
            if let Some(there) = there {
                let mut certificate = same(there, &read, &owner)?;
                batch
                    .steps
                    .extend(self.late_key(caller, &read, &mut certificate)?);
                batch.places.insert(key, batch.imported.len());
                batch.imported.push(Imported {
                    certificate,
                    known: true,
                });
                continue;
            }
            let (certificate, steps) = self
                .brought_in(caller, read, status, (owner, domain), None)
                .await?;
            batch.add(key, certificate, steps);
        }
        let numbers = match batch.steps.is_empty() {
            true => Vec::new(),
            false => {
                self.store()
                    .commit(std::mem::take(&mut batch.steps))
                    .await?
            }
        };
        Ok(batch.numbered(numbers))
    }

    /// The steps that keep the private key which comes later than its certificate; none if there is nothing to keep.
    fn late_key(
        &self,
        caller: &Caller,
        read: &Read,
        certificate: &mut Certificate,
    ) -> Result<Vec<Step>, Error> {
        let stored = certificate.number != 0;
        let Some(key) = read
            .private_key
            .as_ref()
            .filter(|_| stored && !certificate.has_private_key)
        else {
            return Ok(Vec::new());
        };
        certificate.has_private_key = true;
        let sealed = self
            .0
            .sealer
            .seal(&sealing_purpose(&certificate.id), key.pkcs8())?;
        let entry = NewAuditEntry {
            certificate: Some(certificate.id),
            ..self.audit_entry(Some(caller), "certificate.import-private-key")
        };
        Ok(vec![
            Step::ExpectState(certificate.number, certificate.state),
            Step::KeepPrivateKey(certificate.number, sealed),
            Step::Audit(entry),
        ])
    }

    pub(crate) async fn issued(
        &self,
        (issuer, serial): (IssuerKey, Serial),
    ) -> Result<Option<Certificate>, Error> {
        Ok(self
            .store()
            .certificate(CertificateKey::Issued(issuer, serial))
            .await?)
    }

    /// Reads a certificate that nobody holds the key of here, by the rules of an import.
    pub(crate) async fn read_foreign(&self, der: Vec<u8>) -> Result<Read, Error> {
        let item = ImportItem::new(der);
        let authorities = self.loaded();
        let read =
            off_the_async_threads(move || read_one(item, &authorities).map_err(Error::Invalid))
                .await?;
        match self.awaited_for(&[read.facts.public_key.key_id()]).await? {
            Some((_, text)) => Err(Error::Invalid(text)),
            None => Ok(read),
        }
    }

    /// The certificate that a read one becomes, and the steps that store it and tell of it, and of an object if one is
    /// named. What an authority of ours signed is for those to bring in who may issue everywhere: it will stand on a CRL
    /// of ours when it is revoked.
    pub(crate) async fn brought_in(
        &self,
        caller: &Caller,
        read: Read,
        status: ImportedStatus,
        owner: (UserId, DomainId),
        object: Option<String>,
    ) -> Result<(Certificate, [Step; 2]), Error> {
        if read.authority.is_some() {
            self.require_everywhere(caller, Right::IssueCertificates, IMPORT)
                .await?;
        }
        let (certificate, step) = self.new_import(read, status, owner)?;
        let entry = NewAuditEntry {
            certificate: Some(certificate.id),
            object,
            ..self.audit_entry(Some(caller), IMPORT)
        };
        Ok((certificate, [step, Step::Audit(entry)]))
    }

    /// The certificate that a read one becomes, and the step that stores it.
    fn new_import(
        &self,
        read: Read,
        status: ImportedStatus,
        (owner, domain): (UserId, DomainId),
    ) -> Result<(Certificate, Step), Error> {
        let now = self.now();
        let id = CertificateId::new(now, random::octets()?);
        let sealed_key = match &read.private_key {
            Some(key) => Some(self.0.sealer.seal(&sealing_purpose(&id), key.pkcs8())?),
            None => None,
        };
        let facts = read.facts;
        let certificate = Certificate {
            number: 0,
            id,
            name: match read.name {
                Some(name) => name,
                None => readable_name(&facts.subject, None, &id),
            },
            origin: if read.authority.is_some() {
                Origin::Issued
            } else {
                Origin::Imported
            },
            authority: read.authority.as_ref().map(|(_, name)| name.clone()),
            der: Some(read.der),
            subject_key_id: facts.public_key.key_id(),
            issuer: facts.issuer,
            subject: facts.subject,
            serial: facts.serial,
            not_before: facts.not_before,
            not_after: facts.not_after,
            owner,
            domain,
            profile: None,
            state: match status {
                ImportedStatus::Active => State::Active,
                ImportedStatus::OnHold => State::OnHold,
            },
            state_since: now,
            created: now,
            has_private_key: sealed_key.is_some(),
            replaces: None,
            replaced_by: None,
        };
        let step = new_step(
            &certificate,
            read.authority.map(|(id, _)| id),
            sealed_key,
            None,
        );
        Ok((certificate, step))
    }
}

fn read_all(items: Vec<ImportItem>, authorities: &[Arc<Loaded>]) -> Result<Vec<Read>, Error> {
    let mut read = Vec::with_capacity(items.len());
    let mut bad = Vec::new();
    for (place, item) in items.into_iter().enumerate() {
        match read_one(item, authorities) {
            Ok(one) => read.push(one),
            Err(text) => bad.push((place, text)),
        }
    }
    if bad.is_empty() {
        Ok(read)
    } else {
        Err(Error::InvalidItems(bad))
    }
}

/// Reads an item; the text of an error says what was wrong.
fn read_one(item: ImportItem, authorities: &[Arc<Loaded>]) -> Result<Read, String> {
    let name = item.name.map(checked_name).transpose();
    let name = name.map_err(|error| error.to_string())?;
    let facts = x509::read_certificate(&item.der).map_err(|error| error.to_string())?;
    let private_key = match item.private_key {
        Some(der) => Some(software::from_foreign_pkcs8(&der).map_err(|fault| fault.to_string())?),
        None => None,
    };
    if let Some(key) = &private_key {
        let public = software::public_key_of(key).map_err(|fault| fault.to_string())?;
        if public.key_id() != facts.public_key.key_id() {
            return Err("the private key is not this certificate's".to_owned());
        }
    }
    let own_key = |loaded: &&Arc<Loaded>| {
        loaded.authority.facts.public_key.key_id() == facts.public_key.key_id()
    };
    if let Some(loaded) = authorities.iter().find(own_key) {
        return Err(format!(
            "this is a certificate of the authority {} of this server: it is nobody's to import",
            loaded.authority.name
        ));
    }
    // Of what is signed elsewhere, our CRLs and OCSP answers tell nothing.
    let signer = authorities.iter().find(|loaded| {
        loaded.signer().is_ok()
            && loaded.authority.subject().matches(&facts.issuer)
            && x509::verify_certificate(&item.der, &loaded.authority.facts.public_key)
    });
    let authority = signer.map(|loaded| (loaded.authority.id, loaded.authority.name.clone()));
    Ok(Read {
        facts,
        der: item.der,
        private_key,
        name,
        authority,
    })
}
