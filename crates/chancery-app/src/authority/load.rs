//! Authorities from the store: at the start, and anew after each change.

use std::sync::{Arc, PoisonError};

use chancery_core::authority::{Authority, Standing};
use chancery_core::certificate::{Origin, State};
use chancery_core::csr::Csr;
use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::ocsp::IssuerHashes;
use chancery_core::revocation::Reason;
use chancery_core::time::Time;
use chancery_core::x509::{self, pem};

use super::{AwaitedAuthority, Loaded, PublishedCrl, SUB_AUTHORITY, newest, sealing_purpose};
use crate::addresses::PublicUrl;
use crate::bootstrap::{DEFAULT_DOMAIN, SERVER_USER};
use crate::issue::readable_name;
use crate::keys::seal::Sealer;
use crate::keys::software::SoftwareKey;
use crate::keys::{PrivateKey, Signer};
use crate::store::authorities::{AuthorityRequest, AuthorityStep, StoredAuthority};
use crate::store::certificates::{IssuerKey, NewCertificate};
use crate::store::{Step, Store};
use crate::{App, Error, random};

/// Every authority of the store; keys and CRLs that were opened `before` are not opened again.
pub(crate) async fn load_authorities(
    store: &dyn Store,
    sealer: &Sealer,
    public_url: &PublicUrl,
    before: &[Arc<Loaded>],
) -> Result<Vec<Arc<Loaded>>, Error> {
    let all = store.authorities().await?;
    let mut loaded = Vec::with_capacity(all.len());
    for stored in &all {
        let before = before.iter().find(|there| there.authority.id == stored.id);
        let signer = match before {
            Some(before) => before.signer.clone(),
            None => open_signer(stored, sealer)?,
        };
        let published = match (
            &stored.crl,
            before.and_then(|before| before.published.as_ref()),
        ) {
            (Some(der), Some(there)) if there.der == *der => Some(Arc::clone(there)),
            (Some(der), _) => Some(Arc::new(PublishedCrl::read(der)?)),
            (None, _) => None,
        };
        let authority = authority_of(stored, &all, signer.as_deref())?;
        let mut addresses = public_url.addresses(&authority.name, authority.parent.is_none());
        // A root's CRL tells of the few authorities that it signed, and its key may be kept elsewhere.
        if signer.is_some() && authority.parent.is_some() {
            addresses.ocsp.push(public_url.ocsp());
        }
        loaded.push(Arc::new(Loaded {
            hashes: IssuerHashes::of(&authority),
            issuer_key: IssuerKey::of(authority.subject()),
            authority,
            addresses,
            chain: chain_of(stored, &all)
                .map(|above| above.certificate.clone())
                .collect(),
            published,
            retired: stored.retired,
            successor: stored.successor.clone(),
            registered: stored.registered,
            generation: stored.generation,
            signer,
        }));
    }
    Ok(loaded)
}

fn open_signer(
    stored: &StoredAuthority,
    sealer: &Sealer,
) -> Result<Option<Arc<dyn Signer>>, Error> {
    let Some(sealed) = &stored.sealed_key else {
        return Ok(None);
    };
    let opened = PrivateKey::from_pkcs8(sealer.open(&sealing_purpose(&stored.name), sealed)?);
    Ok(Some(Arc::new(SoftwareKey::from_pkcs8(&opened)?)))
}

fn authority_of(
    stored: &StoredAuthority,
    all: &[StoredAuthority],
    signer: Option<&dyn Signer>,
) -> Result<Authority, Error> {
    let mut authority = Authority::new(
        stored.id,
        stored.name.clone(),
        stored.certificate.clone(),
        stored.parent.clone(),
    )
    .map_err(|error| Error::internal(error.0))?;
    if signer.is_some_and(|key| key.public_key().key_id() != authority.facts.public_key.key_id()) {
        return Err(Error::internal(format!(
            "the key of the authority {} is not its certificate's",
            stored.name
        )));
    }
    authority.standing = match revocation(stored, all) {
        Some(reason) => Standing::Revoked(reason),
        None if signer.is_none() => Standing::KeyElsewhere,
        None if stored.retired => Standing::Retired,
        None => Standing::Active,
    };
    Ok(authority)
}

/// Why the certificate of an authority does not hold, or that of one above it.
fn revocation(stored: &StoredAuthority, all: &[StoredAuthority]) -> Option<Reason> {
    chain_of(stored, all).find_map(|one| match one.registered {
        // A deletion of what the key elsewhere has signed tells nobody anything, but somebody wanted it gone.
        Some((_, State::Deleted(None) | State::Purged(None))) => Some(Reason::CessationOfOperation),
        Some((_, state)) => state.revocation(),
        None => None,
    })
}

/// An authority and those above it, up to the root.
fn chain_of<'a>(
    authority: &'a StoredAuthority,
    all: &'a [StoredAuthority],
) -> impl Iterator<Item = &'a StoredAuthority> {
    let above = |below: &&StoredAuthority| {
        let parent = below.parent.as_ref()?;
        all.iter().find(|one| one.name == *parent)
    };
    // No chain is longer than there are authorities, so a circle of parents would end too.
    std::iter::successors(Some(authority), above).take(all.len())
}

/// What is told of a request.
pub(super) fn awaited(request: &AuthorityRequest) -> Result<AwaitedAuthority, Error> {
    let csr = Csr::read(&request.csr).map_err(Error::internal)?;
    Ok(AwaitedAuthority {
        name: request.name.clone(),
        key: csr.public_key.algorithm(),
        subject: csr.subject,
        predecessor: request.predecessor.clone(),
        created: request.created,
        csr: request.csr.clone(),
    })
}

/// The step that stores an authority's own certificate (DER) among the certificates. `here`: was it signed with a key
/// that is here, so that our CRL and OCSP tell of it?
pub(super) fn registration(
    authority: &str,
    der: &[u8],
    here: bool,
    now: Time,
) -> Result<Step, Error> {
    let facts = x509::read_certificate(der).map_err(Error::internal)?;
    let id = CertificateId::new(now, random::octets()?);
    let certificate = NewCertificate {
        id,
        name: readable_name(&facts.subject, None, &id),
        origin: match here {
            true => Origin::Issued,
            false => Origin::Imported,
        },
        authority: None,
        der: Some(der.to_vec()),
        names: None,
        issuer_key: IssuerKey::of(&facts.issuer),
        serial: facts.serial,
        subject_line: facts.subject.to_openssl_oneline(),
        subject_key_id: facts.public_key.key_id(),
        not_before: facts.not_before,
        not_after: facts.not_after,
        owner: UserId::parse(SERVER_USER).map_err(Error::internal)?,
        domain: DomainId::parse(DEFAULT_DOMAIN).map_err(Error::internal)?,
        profile: Some(SUB_AUTHORITY.to_owned()),
        state: State::Active,
        created: now,
        sealed_key: None,
        replaces: None,
    };
    Ok(Step::Authority(AuthorityStep::Register {
        authority: authority.to_owned(),
        certificate: Box::new(certificate),
    }))
}

impl App {
    /// Takes up what the store says of authorities.
    pub(super) async fn reload_authorities(&self) -> Result<(), Error> {
        // One after the other, so that nobody puts an older reading in the place of a newer one.
        let _one = self.0.authorities_anew.lock().await;
        let before = self.loaded();
        let inner = &self.0;
        let fresh =
            load_authorities(self.store(), &inner.sealer, &inner.public_url, &before).await?;
        *inner
            .authorities
            .write()
            .unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// Stores the authorities' own certificates among the certificates where they are missing: at the first start, and
    /// in data that an older version wrote.
    pub(crate) async fn register_authorities(&self) -> Result<(), Error> {
        let all = self.loaded();
        let mut steps = Vec::new();
        for loaded in &all {
            if let (Some(parent), None) = (&loaded.authority.parent, loaded.registered) {
                let here = self.authority_named(parent)?.signer.is_some();
                let der = &loaded.authority.certificate;
                steps.push(registration(loaded.name(), der, here, self.now())?);
            }
        }
        if steps.is_empty() {
            return Ok(());
        }
        self.store().commit(steps).await?;
        self.reload_authorities().await
    }

    /// The authorities' certificates as PEM: `ca/NAME.pem` each, and `ca/chain.pem` from the issuing one to the root.
    pub(crate) fn write_authority_files(&self) -> Result<(), Error> {
        let all = self.loaded();
        for loaded in &all {
            let own = pem::encode("CERTIFICATE", &loaded.authority.certificate);
            let file = format!("ca/{}.pem", loaded.name());
            self.0.data.write(&file, own.as_bytes(), 0o644)?;
        }
        let issuing = newest(&all, &self.0.config.issue.authority)?;
        let chain: String = issuing
            .chain
            .iter()
            .map(|der| pem::encode("CERTIFICATE", der))
            .collect();
        self.0.data.write("ca/chain.pem", chain.as_bytes(), 0o644)
    }
}
