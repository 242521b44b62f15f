//! The authorities at work: their certificates, keys and addresses.

use std::sync::Arc;

use chancery_core::authority::Authority;
use chancery_core::ocsp::IssuerHashes;
use chancery_core::plan::Addresses;
use chancery_core::role::Right;

use crate::keys::Signer;
use crate::store::StoredAuthority;
use crate::{App, Caller, Error};

/// An authority at work.
pub(crate) struct Loaded {
    pub(crate) authority: Authority,
    /// What its certificates say about where to find its CRL, its certificate and its OCSP responder.
    pub(crate) addresses: Addresses,
    /// By what OCSP clients name it.
    pub(crate) hashes: IssuerHashes,
    /// Certificates from its own up to the root, DER.
    pub(crate) chain: Vec<Vec<u8>>,
    signer: Option<Arc<dyn Signer>>,
}

/// What is told of an authority.
#[derive(Clone, Debug)]
pub struct AuthorityView {
    /// The authority with its certificate.
    pub authority: Authority,
    /// Certificates from its own up to the root, DER.
    pub chain: Vec<Vec<u8>>,
    /// Where its CRL is.
    pub crl_url: String,
    /// Where its certificate is.
    pub certificate_url: String,
}

impl Loaded {
    pub(crate) fn new(
        authority: Authority,
        signer: Option<Arc<dyn Signer>>,
        chain: Vec<Vec<u8>>,
        public_url: &str,
    ) -> Loaded {
        let mut addresses = addresses(public_url, &authority.name);
        if signer.is_some() && authority.parent.is_some() {
            addresses.ocsp.push(format!("{public_url}/ocsp"));
        }
        Loaded {
            hashes: IssuerHashes::of(&authority),
            authority,
            addresses,
            chain,
            signer,
        }
    }

    /// Its key; an error if it is kept elsewhere.
    pub(crate) fn signer(&self) -> Result<&dyn Signer, Error> {
        self.signer
            .as_deref()
            .ok_or_else(|| Error::internal("this authority's private key is not held here"))
    }
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loaded({})", self.authority.name)
    }
}

/// Where relying parties find what belongs to the authority of that name, OCSP aside: a root signs authorities, whose few
/// certificates its CRL tells of, and its key may be kept elsewhere.
pub(crate) fn addresses(public_url: &str, name: &str) -> Addresses {
    Addresses {
        crl: vec![crl_url(public_url, name)],
        certificate: vec![certificate_url(public_url, name)],
        ocsp: Vec::new(),
    }
}

fn crl_url(public_url: &str, name: &str) -> String {
    format!("{public_url}/crl/{name}.crl")
}

fn certificate_url(public_url: &str, name: &str) -> String {
    format!("{public_url}/ca/{name}.cer")
}

impl App {
    /// Every authority; needs the right to read certificates in some measure: what authorities there are is public.
    pub async fn authorities(&self, caller: &Caller) -> Result<Vec<AuthorityView>, Error> {
        if caller.reach(Right::ReadCertificates) == chancery_core::role::Reach::Nothing {
            self.refuse(caller, "authority.list", None, None).await?;
        }
        Ok(self
            .loaded()
            .iter()
            .map(|loaded| self.view(loaded))
            .collect())
    }

    /// One authority by its name.
    pub async fn authority(&self, caller: &Caller, name: &str) -> Result<AuthorityView, Error> {
        let all = self.authorities(caller).await?;
        all.into_iter()
            .find(|view| view.authority.name == name)
            .ok_or(Error::NotFound("authority"))
    }

    fn view(&self, loaded: &Loaded) -> AuthorityView {
        AuthorityView {
            authority: loaded.authority.clone(),
            chain: loaded.chain.clone(),
            crl_url: crl_url(&self.0.public_url, &loaded.authority.name),
            certificate_url: certificate_url(&self.0.public_url, &loaded.authority.name),
        }
    }

    /// Every authority at work.
    pub(crate) fn loaded(&self) -> Vec<Arc<Loaded>> {
        // A poisoned lock still holds a whole list: it is only ever replaced as one value.
        self.0
            .authorities
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    /// The authority of that name.
    pub(crate) fn authority_named(&self, name: &str) -> Result<Arc<Loaded>, Error> {
        self.loaded()
            .into_iter()
            .find(|loaded| loaded.authority.name == name)
            .ok_or(Error::NotFound("authority"))
    }
}

/// The certificates from an authority's own up to the root.
pub(crate) fn chain_of(authority: &StoredAuthority, all: &[StoredAuthority]) -> Vec<Vec<u8>> {
    let mut chain = vec![authority.certificate.clone()];
    let mut parent = authority.parent.clone();
    // No chain is longer than there are authorities, so a circle of parents ends too.
    while let Some(above) = parent
        .as_ref()
        .and_then(|name| all.iter().find(|a| a.name == *name))
        && chain.len() < all.len()
    {
        chain.push(above.certificate.clone());
        parent = above.parent.clone();
    }
    chain
}
