//! The certificate that was signed elsewhere for a request made here, with those of the authorities above it.

use std::sync::Arc;

use chancery_core::authority::{Standing, chain_to_root, is_plain_name};
use chancery_core::crl::read_crl;
use chancery_core::csr::Csr;
use chancery_core::key::{KeyId, PublicKey};
use chancery_core::name::Name;
use chancery_core::role::Right;
use chancery_core::x509::{self, Facts, KeyUsage};

use super::load::registration;
use super::{AuthorityEntry, Loaded, next_free};
use crate::error::Conflict;
use crate::issue::off_the_async_threads;
use crate::store::Step;
use crate::store::authorities::{AuthorityRequest, AuthorityStep, NewAuthority};
use crate::{App, Caller, Error};

/// What the audit trail calls it.
const ACTION: &str = "authority.import";
/// Most certificates that are looked at.
const MOST: usize = 16;

impl App {
    /// Gives an awaited authority its certificate, which is found among `certificates` (DER, in any order) by its key;
    /// those above it, up to the root, are found among the others and the authorities that are there, and become
    /// authorities without a key here. From then on it issues. Needs the right to change authorities.
    ///
    /// # Errors
    /// [`Error::Invalid`] says what is wrong with the certificates; [`Conflict::Authority`] if the authority has one.
    pub async fn import_authority(
        &self,
        caller: &Caller,
        name: &str,
        certificates: Vec<Vec<u8>>,
    ) -> Result<AuthorityEntry, Error> {
        self.require_everywhere(caller, Right::ChangeAuthorities, ACTION)
            .await?;
        let turn = self.authority_turn().await;
        let requests = self.store().authority_requests().await?;
        let names: Vec<String> = requests.iter().map(|one| one.name.clone()).collect();
        let Some(request) = requests.into_iter().find(|request| request.name == name) else {
            self.authority_named(name)?;
            return Err(Error::Conflict(Conflict::Authority));
        };
        if certificates.is_empty() || certificates.len() > MOST {
            return Err(Error::Invalid(format!("give 1 to {MOST} certificates")));
        }
        let (all, now, csr) = (self.loaded(), self.now(), request.csr.clone());
        let (certificate, chain) = off_the_async_threads(move || {
            let key = Csr::read(&csr).map_err(Error::internal)?.public_key;
            let certificate = of_key(&certificates, &key)?;
            // What is there goes before what is given.
            let mut at_hand: Vec<Vec<u8>> = all
                .iter()
                .map(|there| there.authority.certificate.clone())
                .collect();
            at_hand.extend(certificates);
            let chain = chain_to_root(&certificate, &at_hand, now)
                .map_err(|error| Error::Invalid(error.to_string()))?;
            Ok((certificate, chain))
        })
        .await?;
        self.check_standing(&certificate, &chain)?;
        let steps = self.import_steps(request, certificate, chain, &names)?;
        match self.commit_authority(caller, ACTION, name, steps, turn).await {
            Err(Error::Conflict(Conflict::Certificate)) => Err(Error::Invalid(
                "a certificate of the chain is in the list of certificates already, and is revoked, on hold or deleted there, or another one with its issuer and serial number is"
                    .to_owned(),
            )),
            other => other,
        }?;
        self.entry(name).await
    }

    /// What is wrong with bringing in a certificate for that key as one of the registry: it is for the key of an authority
    /// whose certificate is awaited, and whoever had it there could end it.
    pub(crate) async fn awaited_for(
        &self,
        keys: &[KeyId],
    ) -> Result<Option<(usize, String)>, Error> {
        for request in self.store().authority_requests().await? {
            let awaited = Csr::read(&request.csr)
                .map_err(Error::internal)?
                .public_key
                .key_id();
            if let Some(place) = keys.iter().position(|key| *key == awaited) {
                let text = format!(
                    "this is the awaited certificate of the authority {} of this server: it is nobody's to import but with `chancery authority import`",
                    request.name
                );
                return Ok(Some((place, text)));
            }
        }
        Ok(None)
    }

    /// Refuses a chain of which something is known here to be revoked: by the CRL of an authority whose key is kept
    /// elsewhere, or among the certificates.
    fn check_standing(&self, certificate: &[u8], chain: &[Vec<u8>]) -> Result<(), Error> {
        let all = self.loaded();
        let mut below = readable(certificate)?;
        for der in chain {
            let there = all.iter().find(|there| there.authority.certificate == *der);
            if let Some(there) = there {
                if let Standing::Revoked(_) = there.authority.standing {
                    let name = there.name();
                    return Err(Error::Invalid(format!("the authority {name} is revoked")));
                }
                let list = there
                    .published
                    .as_ref()
                    .and_then(|list| read_crl(&list.der).ok());
                if list
                    .is_some_and(|list| list.revoked.iter().any(|one| one.serial == below.serial))
                {
                    return Err(Error::Invalid(format!(
                        "the CRL that was imported for {} says that the certificate of {} is revoked",
                        there.name(),
                        below.subject.to_rfc4514()
                    )));
                }
            }
            below = readable(der)?;
        }
        Ok(())
    }

    /// The steps that add the authorities above which are not there yet, the root first, and then the authority itself.
    fn import_steps(
        &self,
        request: AuthorityRequest,
        certificate: Vec<u8>,
        chain: Vec<Vec<u8>>,
        requested: &[String],
    ) -> Result<Vec<Step>, Error> {
        let (all, now) = (self.loaded(), self.now());
        let mut steps = Vec::new();
        let mut taken = requested.to_vec();
        let mut parent: Option<String> = None;
        let mut signed_here = false;
        for der in chain.into_iter().rev() {
            let there = all.iter().find(|there| there.authority.certificate == der);
            if let Some(there) = there {
                (parent, signed_here) = (Some(there.name().to_owned()), there.signer.is_some());
                continue;
            }
            let name = name_for(&readable(&der)?.subject, &taken, &all);
            steps.push(Step::Authority(AuthorityStep::Add(NewAuthority {
                name: name.clone(),
                parent: parent.clone(),
                predecessor: None,
                certificate: der.clone(),
                sealed_key: None,
                created: now,
            })));
            if parent.is_some() {
                steps.push(registration(&name, &der, signed_here, now)?);
            }
            taken.push(name.clone());
            (parent, signed_here) = (Some(name), false);
        }
        let name = request.name;
        let below_another = parent.is_some();
        steps.push(Step::Authority(AuthorityStep::RemoveRequest(name.clone())));
        steps.push(Step::Authority(AuthorityStep::Add(NewAuthority {
            name: name.clone(),
            parent,
            predecessor: request.predecessor,
            certificate: certificate.clone(),
            sealed_key: Some(request.sealed_key),
            created: now,
        })));
        if below_another {
            steps.push(registration(&name, &certificate, signed_here, now)?);
        }
        Ok(steps)
    }
}

/// The certificate for the request's key.
fn of_key(certificates: &[Vec<u8>], key: &PublicKey) -> Result<Vec<u8>, Error> {
    for der in certificates {
        let facts = readable(der)?;
        if facts.public_key.spki_der() != key.spki_der() {
            continue;
        }
        if facts.subject.is_empty() {
            return Err(Error::Invalid(
                "the certificate has no subject: an authority must be named".to_owned(),
            ));
        }
        if facts
            .key_usage
            .is_some_and(|usage| !usage.contains(KeyUsage::CRL_SIGN))
        {
            return Err(Error::Invalid(
                "the certificate's key usage does not allow signing CRLs (cRLSign), which this server does with every authority's key"
                    .to_owned(),
            ));
        }
        return Ok(der.clone());
    }
    Err(Error::Invalid(
        "no certificate is for the key of this authority's request: give the one that was signed for it"
            .to_owned(),
    ))
}

fn readable(der: &[u8]) -> Result<Facts, Error> {
    x509::read_certificate(der)
        .map_err(|error| Error::Invalid(format!("a certificate cannot be read: {error}")))
}

/// A free name for an authority with that subject: of its common name the letters and digits.
fn name_for(subject: &Name, taken: &[String], all: &[Arc<Loaded>]) -> String {
    let mut base = String::new();
    for c in subject.common_name().unwrap_or_default().chars() {
        match c.to_ascii_lowercase() {
            c if c.is_ascii_alphanumeric() => base.push(c),
            _ if !base.is_empty() && !base.ends_with('-') => base.push('-'),
            _ => {}
        }
    }
    base.truncate(48);
    let trimmed = base.trim_end_matches('-').trim_end_matches("-chain");
    let base = match is_plain_name(trimmed) && trimmed != "chain" {
        true => trimmed,
        false => "authority",
    };
    let is_taken = |name: &str| {
        taken.iter().any(|one| one == name) || all.iter().any(|there| there.name() == name)
    };
    match is_taken(base) {
        true => next_free(base, is_taken),
        false => base.to_owned(),
    }
}
