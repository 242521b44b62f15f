//! New authorities: signed here, by one above or by itself, or asked for elsewhere (an offline root).

use std::sync::Arc;

use chancery_core::authority::{is_plain_name, plan_authority_request};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::plan::Request;
use chancery_core::profile::{BasicConstraints, Profile};
use chancery_core::role::Right;
use chancery_core::serial::Serial;

use super::load::registration;
use super::{AUTHORITY, AuthorityEntry, Loaded, SUB_AUTHORITY, sealing_purpose};
use crate::error::Conflict;
use crate::issue::{end_after, off_the_async_threads, sign};
use crate::keys::software::{self, SoftwareKey};
use crate::keys::{PrivateKey, Signer};
use crate::store::Step;
use crate::store::authorities::{AuthorityRequest, AuthorityStep, NewAuthority as StoredNew};
use crate::turns::Turn;
use crate::{App, Caller, Error, random};

/// What the audit trail calls it.
const ADD: &str = "authority.add";
/// What the audit trail calls making a key and a request for an authority.
const REQUEST: &str = "authority.request";
/// Most days that a root can be asked to live: a hundred years.
const LONGEST_DAYS: u32 = 36_500;

/// An authority to be made.
#[derive(Clone, Debug)]
pub struct NewAuthority {
    /// Its unique name: it stands in addresses and file names.
    pub name: String,
    /// Its subject.
    pub subject: Name,
    /// The kind of its key, which is made here.
    pub key: KeyAlgorithm,
    /// Who signs its certificate.
    pub signed_by: SignedBy,
    /// Days that it lives; the profile's default, or what is left of the one above it, if left out. Nothing to an
    /// authority that is signed elsewhere.
    pub days: Option<u32>,
    /// How many authorities may follow under it; as the profile says if left out, for a root as many as it likes.
    pub path_length: Option<u8>,
}

/// Who signs an authority's certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SignedBy {
    /// The authority of that name.
    Authority(String),
    /// Its own key: it is a root.
    Itself,
    /// Somebody elsewhere: a request is made here, and the certificate imported.
    Elsewhere,
}

impl App {
    /// Makes an authority, or the request for one. Needs the right to change authorities.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name or a subject that cannot be; [`Conflict::Authority`] for a name that is taken;
    /// [`Error::NotFound`] if who is to sign is not there; [`Error::Policy`] if it issues nothing, or not this.
    pub async fn add_authority(
        &self,
        caller: &Caller,
        new: NewAuthority,
    ) -> Result<AuthorityEntry, Error> {
        let action = match new.signed_by {
            SignedBy::Elsewhere => REQUEST,
            SignedBy::Authority(_) | SignedBy::Itself => ADD,
        };
        self.require_everywhere(caller, Right::ChangeAuthorities, action)
            .await?;
        let turn = self.authority_turn().await;
        self.make_authority(caller, new, None, action, turn).await
    }

    /// Makes it in the place of another, if it is to succeed one.
    pub(super) async fn make_authority(
        &self,
        caller: &Caller,
        new: NewAuthority,
        predecessor: Option<&str>,
        action: &'static str,
        turn: Turn,
    ) -> Result<AuthorityEntry, Error> {
        self.check_name(&new.name).await?;
        new.subject
            .check_issuable()
            .map_err(|error| Error::Invalid(format!("subject: {error}")))?;
        let parent = match &new.signed_by {
            SignedBy::Authority(name) => Some(self.issuing_authority(name).await?),
            SignedBy::Itself | SignedBy::Elsewhere => None,
        };
        let name = new.name.clone();
        let steps = match new.signed_by {
            SignedBy::Elsewhere => self.asked_elsewhere(new, predecessor).await?,
            SignedBy::Authority(_) | SignedBy::Itself => {
                self.signed_here(new, parent, predecessor).await?
            }
        };
        self.commit_authority(caller, action, &name, steps, turn)
            .await?;
        self.entry(&name).await
    }

    async fn check_name(&self, name: &str) -> Result<(), Error> {
        // Such names are in use: `/ca/x-chain.pem` is the chain of `x`, and `ca/chain.pem` that of the issuing authority.
        if !is_plain_name(name) || name == "chain" || name.ends_with("-chain") {
            return Err(Error::Invalid(
                "name: take 1 to 64 lower-case letters, digits and hyphens, no hyphen first; not `chain` and nothing that ends in `-chain`, since files and addresses of chains are called so"
                    .to_owned(),
            ));
        }
        match self.entry(name).await {
            Ok(_) => Err(Error::Conflict(Conflict::Authority)),
            Err(Error::NotFound(AUTHORITY)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn asked_elsewhere(
        &self,
        new: NewAuthority,
        predecessor: Option<&str>,
    ) -> Result<Vec<Step>, Error> {
        let key = self.0.pool.take(new.key).await?;
        let sealed_key = self.seal(&new.name, &key)?;
        let (name, predecessor) = (new.name.clone(), predecessor.map(str::to_owned));
        let created = self.now();
        let BasicConstraints::Authority(path_length) =
            self.profile_for(&new, true)?.basic_constraints
        else {
            return Err(Error::internal("the profile of authorities is not one"));
        };
        let csr = off_the_async_threads(move || {
            let signer = SoftwareKey::from_pkcs8(&key)?;
            let planned = plan_authority_request(&new.subject, signer.public_key(), path_length)?;
            planned
                .finish(&signer.sign(&planned)?)
                .map_err(Error::internal)
        })
        .await?;
        Ok(vec![Step::Authority(AuthorityStep::AddRequest(
            AuthorityRequest {
                name,
                predecessor,
                created,
                sealed_key,
                csr,
            },
        ))])
    }

    async fn signed_here(
        &self,
        new: NewAuthority,
        parent: Option<Arc<Loaded>>,
        predecessor: Option<&str>,
    ) -> Result<Vec<Step>, Error> {
        let (now, serial) = (self.now(), Serial::from_random(random::octets()?));
        if let Some(parent) = &parent {
            parent.authority.check_signing(now)?;
        }
        let profile = self.profile_for(&new, parent.is_some())?;
        let key = self.0.pool.take(new.key).await?;
        let sealed_key = self.seal(&new.name, &key)?;
        let (name, above) = (new.name.clone(), parent.clone());
        let certificate = off_the_async_threads(move || {
            let asked = Request {
                subject: new.subject,
                names: Vec::new(),
                public_key: software::public_key_of(&key)?,
                not_before: None,
                not_after: new.days.map(|days| end_after(&profile, None, days, now)),
            };
            Ok(sign(asked, &profile, above.as_deref(), Some(key), serial, now)?.der)
        })
        .await?;
        let mut steps = Vec::new();
        if let Some(parent) = &parent {
            let still = AuthorityStep::ExpectSigning(parent.authority.id);
            steps.push(Step::Authority(still));
        }
        steps.push(Step::Authority(AuthorityStep::Add(StoredNew {
            name: name.clone(),
            parent: parent.as_ref().map(|parent| parent.name().to_owned()),
            predecessor: predecessor.map(str::to_owned),
            certificate: certificate.clone(),
            sealed_key: Some(sealed_key),
            created: now,
        })));
        if parent.is_some() {
            steps.push(registration(&name, &certificate, true, now)?);
        }
        Ok(steps)
    }

    /// The rules for an authority under another one, or for a root.
    fn profile_for(&self, new: &NewAuthority, below_another: bool) -> Result<Profile, Error> {
        if below_another {
            let mut profile = self.profile(SUB_AUTHORITY)?.clone();
            if new.path_length.is_some() {
                profile.basic_constraints = BasicConstraints::Authority(new.path_length);
            }
            return Ok(profile);
        }
        let days = self.0.config.authority.root_days;
        let mut profile = Profile::authority("root", days, new.path_length);
        profile.lifetime.max_days = days.max(LONGEST_DAYS);
        Ok(profile)
    }

    fn seal(&self, name: &str, key: &PrivateKey) -> Result<Vec<u8>, Error> {
        Ok(self.0.sealer.seal(&sealing_purpose(name), key.pkcs8())?)
    }
}
