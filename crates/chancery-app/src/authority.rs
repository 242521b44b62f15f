//! The authorities at work: their certificates, keys and addresses, and which of them signs under a name.

mod add;
mod crl;
mod ends;
mod first;
mod import;
mod load;
mod retire;
mod rollover;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError};

use chancery_core::authority::{Authority, Standing};
use chancery_core::certificate::State;
use chancery_core::identity::CertificateId;
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::ocsp::IssuerHashes;
use chancery_core::plan::Addresses;
use chancery_core::role::{Reach, Right};
use chancery_core::time::Time;

use crate::audit::NewAuditEntry;
use crate::keys::Signer;
use crate::store::Step;
use crate::store::certificates::IssuerKey;
use crate::turns::Turn;
use crate::{App, Caller, Error};

pub use add::{NewAuthority, SignedBy};
pub use rollover::Rollover;

pub(crate) use crl::PublishedCrl;
pub(crate) use first::{FirstAuthority, first_authorities};
pub(crate) use load::load_authorities;

/// The profile of authorities under another one.
pub(crate) const SUB_AUTHORITY: &str = "sub-authority";
/// What [`Error::NotFound`] calls an authority.
const AUTHORITY: &str = "authority";

/// An authority at work.
pub(crate) struct Loaded {
    pub(crate) authority: Authority,
    /// What its certificates say about where to find its CRL, its certificate and its OCSP responder.
    pub(crate) addresses: Addresses,
    /// By what OCSP clients name it.
    pub(crate) hashes: IssuerHashes,
    /// By what the store finds its certificates.
    pub(crate) issuer_key: IssuerKey,
    /// Certificates from its own up to the root, DER.
    pub(crate) chain: Vec<Vec<u8>>,
    /// The CRL that was imported for it, if its key is kept elsewhere.
    pub(crate) published: Option<Arc<PublishedCrl>>,
    /// Was it retired?
    retired: bool,
    /// Who issues in its place.
    successor: Option<String>,
    /// Its own certificate among the certificates; none for a root.
    registered: Option<(CertificateId, State)>,
    /// Its revocation counter when all this was read.
    generation: u64,
    signer: Option<Arc<dyn Signer>>,
}

/// An authority, or what may become one.
#[derive(Clone, Debug)]
pub enum AuthorityEntry {
    /// It has its certificate.
    There(Box<AuthorityView>),
    /// Its certificate is awaited.
    Awaited(AwaitedAuthority),
}

/// What is told of an authority.
#[derive(Clone, Debug)]
pub struct AuthorityView {
    /// The authority with its certificate.
    pub authority: Authority,
    /// How it stands.
    pub state: AuthorityState,
    /// Is its private key here?
    pub key_here: bool,
    /// Who issues in its place.
    pub successor: Option<String>,
    /// The id of its own certificate among the certificates; none for a root.
    pub certificate_id: Option<CertificateId>,
    /// Certificates from its own up to the root, DER.
    pub chain: Vec<Vec<u8>>,
    /// Where its CRL is.
    pub crl_url: String,
    /// Where its certificate is.
    pub certificate_url: String,
}

/// What is told of an authority whose certificate is awaited.
#[derive(Clone, Debug)]
pub struct AwaitedAuthority {
    /// Its name.
    pub name: String,
    /// The subject that its request asks for.
    pub subject: Name,
    /// Its key.
    pub key: KeyAlgorithm,
    /// Whom it will succeed.
    pub predecessor: Option<String>,
    /// When the request was made.
    pub created: Time,
    /// The request: PKCS#10 DER.
    pub csr: Vec<u8>,
}

/// How an authority stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AuthorityState {
    /// It issues, or would if its key were here.
    Active,
    /// It issues no more.
    Retired,
    /// Another one issues in its place.
    Superseded,
    /// Its certificate is revoked or on hold, or that of one above it.
    Revoked,
    /// Its certificate has expired.
    Expired,
}

impl AuthorityState {
    /// The word for command line and native API.
    pub const fn word(self) -> &'static str {
        match self {
            AuthorityState::Active => "active",
            AuthorityState::Retired => "retired",
            AuthorityState::Superseded => "superseded",
            AuthorityState::Revoked => "revoked",
            AuthorityState::Expired => "expired",
        }
    }
}

impl Loaded {
    /// Its key; an error if it is kept elsewhere.
    pub(crate) fn signer(&self) -> Result<&dyn Signer, Error> {
        self.signer
            .as_deref()
            .ok_or_else(|| Error::internal("this authority's private key is not held here"))
    }

    fn name(&self) -> &str {
        &self.authority.name
    }

    fn state(&self, now: Time) -> AuthorityState {
        match self.authority.standing {
            Standing::Revoked(_) => AuthorityState::Revoked,
            _ if now > self.authority.not_after() => AuthorityState::Expired,
            _ if self.successor.is_some() => AuthorityState::Superseded,
            _ if self.retired => AuthorityState::Retired,
            _ => AuthorityState::Active,
        }
    }
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loaded({})", self.authority.name)
    }
}

impl App {
    /// Every authority that has its certificate; needs the right to read certificates in some measure: what authorities
    /// there are is public.
    ///
    /// # Errors
    /// [`Error::Forbidden`] without any such right.
    pub async fn authorities(&self, caller: &Caller) -> Result<Vec<AuthorityView>, Error> {
        if caller.reach(Right::ReadCertificates) == Reach::Nothing {
            self.refuse(caller, "authority.list", None, None).await?;
        }
        self.refresh_authorities().await?;
        Ok(self
            .loaded()
            .iter()
            .map(|loaded| self.view(loaded))
            .collect())
    }

    /// Every authority, and then those whose certificates are awaited.
    ///
    /// # Errors
    /// As [`App::authorities`].
    pub async fn authority_entries(&self, caller: &Caller) -> Result<Vec<AuthorityEntry>, Error> {
        let there = self.authorities(caller).await?;
        let mut entries: Vec<AuthorityEntry> = there
            .into_iter()
            .map(|view| AuthorityEntry::There(Box::new(view)))
            .collect();
        for request in self.store().authority_requests().await? {
            entries.push(AuthorityEntry::Awaited(load::awaited(&request)?));
        }
        Ok(entries)
    }

    /// One of [`App::authority_entries`], by its name.
    ///
    /// # Errors
    /// As [`App::authorities`], and [`Error::NotFound`].
    pub async fn authority_entry(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<AuthorityEntry, Error> {
        let all = self.authority_entries(caller).await?;
        all.into_iter()
            .find(|entry| entry.name() == name)
            .ok_or(Error::NotFound(AUTHORITY))
    }

    /// The PKCS#10 request (DER) of an authority whose certificate is awaited.
    ///
    /// # Errors
    /// As [`App::authorities`], and [`Error::NotFound`], also if it has its certificate.
    pub async fn authority_request(&self, caller: &Caller, name: &str) -> Result<Vec<u8>, Error> {
        match self.authority_entry(caller, name).await? {
            AuthorityEntry::Awaited(awaited) => Ok(awaited.csr),
            AuthorityEntry::There(_) => Err(Error::NotFound(
                "request: the authority has its certificate",
            )),
        }
    }

    fn view(&self, loaded: &Loaded) -> AuthorityView {
        AuthorityView {
            authority: loaded.authority.clone(),
            state: loaded.state(self.now()),
            key_here: loaded.signer.is_some(),
            successor: loaded.successor.clone(),
            certificate_id: loaded.registered.map(|(id, _)| id),
            chain: loaded.chain.clone(),
            crl_url: self.0.public_url.crl(loaded.name()),
            certificate_url: self.0.public_url.certificate(loaded.name()),
        }
    }

    /// Every authority at work.
    pub(crate) fn loaded(&self) -> Vec<Arc<Loaded>> {
        // A poisoned lock still holds a whole list: it is only ever replaced as one value.
        self.0
            .authorities
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The authority of that name itself, whoever issues in its place.
    pub(crate) fn authority_named(&self, name: &str) -> Result<Arc<Loaded>, Error> {
        named(&self.loaded(), name)
    }

    /// The authority that signs for who asks for that name: its newest successor. Its standing is as of now.
    pub(crate) async fn issuing_authority(&self, name: &str) -> Result<Arc<Loaded>, Error> {
        self.refresh_authorities().await?;
        newest(&self.loaded(), name)
    }

    /// The authority of that name itself, with its standing as of now: for what was promised in its name.
    pub(crate) async fn promising_authority(&self, name: &str) -> Result<Arc<Loaded>, Error> {
        self.refresh_authorities().await?;
        self.authority_named(name)
    }

    /// Do both names lead to the same authority at issuance? Not if one is no authority's.
    pub(crate) fn issues_the_same(&self, one: &str, other: &str) -> bool {
        let all = self.loaded();
        match (newest(&all, one), newest(&all, other)) {
            (Ok(one), Ok(other)) => one.name() == other.name(),
            _ => false,
        }
    }

    /// Reads the authorities anew if the certificate of one may have been revoked, held or released since: they stand
    /// among the certificates of those above them.
    async fn refresh_authorities(&self) -> Result<(), Error> {
        let all = self.loaded();
        let has_children = |above: &Loaded| {
            all.iter()
                .any(|below| below.authority.parent.as_deref() == Some(above.name()))
        };
        for above in all.iter().filter(|above| has_children(above)) {
            let id = above.authority.id;
            if self.store().revocation_generation(id).await? != above.generation {
                return self.reload_authorities().await;
            }
        }
        Ok(())
    }

    /// Waits until nobody else changes authorities. The turn ends with the change, even if its caller is gone by then.
    async fn authority_turn(&self) -> Turn {
        self.0.turns.take("authorities", "all").await
    }

    /// Commits a change to authorities with its audit entry, and takes it up at once.
    async fn commit_authority(
        &self,
        caller: &Caller,
        action: &'static str,
        name: &str,
        mut steps: Vec<Step>,
        turn: Turn,
    ) -> Result<(), Error> {
        steps.push(Step::Audit(NewAuditEntry {
            object: Some(name.to_owned()),
            ..self.audit_entry(Some(caller), action)
        }));
        // On its own: a caller who hangs up must not leave one thing in the store and another in memory.
        let app = self.clone();
        let done = tokio::spawn(async move {
            let committed = app.store().commit(steps).await;
            // What refused it may be another server's, and news to this one.
            app.reload_authorities().await?;
            committed?;
            app.follow_up().await;
            drop(turn);
            Ok(())
        });
        done.await.map_err(Error::internal)?
    }

    /// What comes after a change that is made, whether or not this succeeds.
    async fn follow_up(&self) {
        if let Err(error) = self.write_authority_files() {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the files of the authorities were not written: the next start writes them"
            );
        }
        // Answers make up what is missing.
        if let Err(error) = self.renew_responders().await {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "OCSP responders were not looked after"
            );
        }
    }

    async fn entry(&self, name: &str) -> Result<AuthorityEntry, Error> {
        if let Ok(loaded) = self.authority_named(name) {
            return Ok(AuthorityEntry::There(Box::new(self.view(&loaded))));
        }
        let requests = self.store().authority_requests().await?;
        let request = requests.iter().find(|request| request.name == name);
        let request = request.ok_or(Error::NotFound(AUTHORITY))?;
        Ok(AuthorityEntry::Awaited(load::awaited(request)?))
    }
}

impl AuthorityEntry {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            AuthorityEntry::There(view) => &view.authority.name,
            AuthorityEntry::Awaited(awaited) => &awaited.name,
        }
    }
}

fn named(all: &[Arc<Loaded>], name: &str) -> Result<Arc<Loaded>, Error> {
    let found = all.iter().find(|loaded| loaded.name() == name);
    found.cloned().ok_or(Error::NotFound(AUTHORITY))
}

/// The newest successor of the authority of that name; itself, if it has none.
fn newest(all: &[Arc<Loaded>], name: &str) -> Result<Arc<Loaded>, Error> {
    let mut loaded = named(all, name)?;
    // No succession is longer than there are authorities, so a circle would end too.
    for _ in 0..all.len() {
        let Some(successor) = &loaded.successor else {
            break;
        };
        loaded = named(all, successor)?;
    }
    Ok(loaded)
}

/// The first of `BASE-2`, `BASE-3` and so on that is not taken.
fn next_free(base: &str, taken: impl Fn(&str) -> bool) -> String {
    (2..)
        .map(|number: u32| format!("{base}-{number}"))
        .find(|name| !taken(name))
        .unwrap_or_default()
}

/// What an authority's sealed private key is bound to.
pub(crate) fn sealing_purpose(name: &str) -> String {
    format!("authority:{name}")
}
