//! Bringing in certificates from elsewhere: all of a request's or none.

use chancery_core::certificate::{Certificate, Origin, State};
use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::role::Right;
use chancery_core::x509::{self, Facts};

use crate::audit::NewAuditEntry;
use crate::authority::Loaded;
use crate::error::Conflict;
use crate::issue::{new_step, off_the_async_threads, readable_name, sealing_purpose};
use crate::keys::{PrivateKey, software};
use crate::search::CertificateRef;
use crate::store::Step;
use crate::{App, Caller, Error, random};
use std::sync::Arc;

/// One certificate to bring in.
#[derive(Debug)]
pub struct ImportItem {
    /// The certificate's DER.
    pub der: Vec<u8>,
    /// The user to whom it will belong; the caller if left out.
    pub owner: Option<UserId>,
    /// The standing in which it starts.
    pub status: ImportedStatus,
    /// Its private key, PKCS#8 DER, to be kept sealed.
    pub private_key: Option<zeroize::Zeroizing<Vec<u8>>>,
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

/// Most certificates of one request.
const MOST_ITEMS: usize = 1000;

/// An item read, with everything that its storing needs.
struct Read {
    facts: Facts,
    der: Vec<u8>,
    private_key: Option<PrivateKey>,
    authority: Option<(i64, String)>,
}

impl App {
    /// Imports certificates, all or none. The caller needs the right to issue for each owner. A certificate that is
    /// there already, byte for byte and with the same owner, is given back as known; with other octets or another owner
    /// it is a conflict. What an authority of ours signed counts as issued by it.
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
            let (owner, domain) = self.owner_of_new(caller, item.owner.clone()).await?;
            self.require(
                caller,
                Right::IssueCertificates,
                "certificate.import",
                &owner,
                &domain,
            )
            .await?;
            owners.push((owner, domain));
        }
        let authorities = self.loaded();
        let statuses: Vec<ImportedStatus> = items.iter().map(|item| item.status).collect();
        let read = off_the_async_threads(move || read_all(items, &authorities)).await?;
        let mut imported: Vec<Imported> = Vec::with_capacity(read.len());
        let mut steps = Vec::new();
        for ((read, status), (owner, domain)) in read.into_iter().zip(statuses).zip(owners) {
            if let Some(known) = self.known(&read, &owner, &imported).await? {
                imported.push(Imported {
                    certificate: known,
                    known: true,
                });
                continue;
            }
            let (certificate, step) = self.new_import(read, status, owner, domain)?;
            let entry = NewAuditEntry {
                certificate: Some(certificate.id),
                ..self.audit_entry(Some(caller), "certificate.import")
            };
            steps.extend([step, Step::Audit(entry)]);
            imported.push(Imported {
                certificate,
                known: false,
            });
        }
        if steps.is_empty() {
            return Ok(imported);
        }
        let mut numbers = self.store().commit(steps).await?.into_iter();
        for new in imported.iter_mut().filter(|imported| !imported.known) {
            new.certificate.number = numbers.next().unwrap_or_default();
        }
        Ok(imported)
    }

    /// The same certificate, if it is in the store or earlier in this import; a conflict if it differs.
    async fn known(
        &self,
        read: &Read,
        owner: &UserId,
        earlier: &[Imported],
    ) -> Result<Option<Certificate>, Error> {
        let facts = &read.facts;
        let same_issue =
            |c: &Certificate| c.serial == facts.serial && c.issuer.matches(&facts.issuer);
        let there = match earlier
            .iter()
            .map(|imported| &imported.certificate)
            .find(|c| same_issue(c))
        {
            Some(certificate) => certificate.clone(),
            None => {
                let which = CertificateRef::Issued(facts.issuer.clone(), facts.serial.clone());
                match self.find(&which).await {
                    Ok(certificate) => certificate,
                    Err(Error::NotFound(_)) => return Ok(None),
                    Err(error) => return Err(error),
                }
            }
        };
        let same = there.der.as_ref() == Some(&read.der)
            && there.owner == *owner
            && !matches!(there.state, State::Deleted(_) | State::Purged(_));
        if same {
            Ok(Some(there))
        } else {
            Err(Error::Conflict(Conflict::Certificate))
        }
    }

    fn new_import(
        &self,
        read: Read,
        status: ImportedStatus,
        owner: UserId,
        domain: DomainId,
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
            name: readable_name(&facts.subject, None, &id),
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

fn read_one(item: ImportItem, authorities: &[Arc<Loaded>]) -> Result<Read, String> {
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
    let signer = authorities.iter().find(|loaded| {
        loaded.authority.subject().matches(&facts.issuer)
            && x509::verify_certificate(&item.der, &loaded.authority.facts.public_key)
    });
    let authority = signer.map(|loaded| (loaded.authority.id, loaded.authority.name.clone()));
    Ok(Read {
        facts,
        der: item.der,
        private_key,
        authority,
    })
}
