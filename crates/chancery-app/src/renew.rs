//! Renewing: a new certificate in the place of an old one, with the old key or with a new one.

use std::sync::Arc;

use chancery_core::certificate::{Action, Certificate, Origin, Refusal, State};
use chancery_core::csr::Csr;
use chancery_core::name::Name;
use chancery_core::plan::Request;
use chancery_core::profile::Profile;
use chancery_core::revocation::Reason;
use chancery_core::role::Right;
use chancery_core::san::GeneralName;
use chancery_core::serial::Serial;
use chancery_core::x509;

use crate::authority::Loaded;
use crate::issue::{
    Placement, Signed, checked_name, end_after, holds, off_the_async_threads, sealing_purpose, sign,
};
use crate::keys::{PrivateKey, software};
use crate::search::CertificateRef;
use crate::store::Step;
use crate::{App, Caller, Error, Issued, random};

/// What the audit trail calls it.
const ACTION: &str = "certificate.renew";

/// How to renew.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RenewRequest {
    /// A PKCS#10 request, DER, with the new key; its subject must match the old certificate's (RFC 5280, section 7.1).
    /// Without it the old key is used again, which the server must hold.
    pub csr: Option<Vec<u8>>,
    /// Days of validity; the profile's default if left out.
    pub days: Option<u32>,
    /// Revoke the old certificate (superseded) in the same transaction?
    pub revoke_old: bool,
    /// The new certificate's readable name; made from the old one's if left out.
    pub name: Option<String>,
}

/// How often a renewal is decided anew when somebody else moved the old certificate meanwhile.
const ATTEMPTS: usize = 4;

impl App {
    /// Renews a certificate: same subject, alternative names, profile and owner. What was not signed by an authority of
    /// ours is signed by the configured one, if the caller could have it issued. Only what is active, or was so to its
    /// end, is renewed.
    pub async fn renew(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        request: RenewRequest,
    ) -> Result<Issued, Error> {
        let name = request.name.clone().map(checked_name).transpose()?;
        for _ in 0..ATTEMPTS {
            let old = self.find(which).await?;
            self.require_for(caller, Right::IssueCertificates, ACTION, &old)
                .await?;
            renewable(old.state)?;
            let mut more = vec![Step::ExpectState(old.number, old.state)];
            if request.revoke_old && !old.is_expired(self.now()) {
                let superseded = Action::Revoke(Reason::Superseded);
                more.extend(self.movement(Some(caller), &old, superseded)?.1);
            }
            let signed = self.sign_renewal(caller, &old, &request).await;
            let signed = self.audited(caller, ACTION, signed).await?;
            let placement = Placement {
                owner: old.owner.clone(),
                domain: old.domain.clone(),
                name: name.clone(),
                replaces: Some(old),
                on_hold: false,
            };
            match self
                .place(Some(caller), signed, placement, ACTION, &[], more)
                .await
            {
                Err(Error::Changed) => {}
                // A renewal gives no key away: only an export does, by a right of its own.
                done => {
                    return done.map(|issued| Issued {
                        private_key: None,
                        ..issued
                    });
                }
            }
        }
        Err(Error::Busy)
    }

    async fn sign_renewal(
        &self,
        caller: &Caller,
        old: &Certificate,
        request: &RenewRequest,
    ) -> Result<Signed, Error> {
        let profile = self.profile_of_renewal(caller, old).await?;
        let issuer = self.authority_of_renewal(old).await?;
        let der = old.der.clone().ok_or(Error::NoCertificate)?;
        let key = match &request.csr {
            Some(csr) => RenewalKey::Csr(csr.clone()),
            None => RenewalKey::Held(self.open_private_key(old).await?),
        };
        let (days, subject, kept) = (request.days, old.subject.clone(), self.kept_names(caller));
        let (now, serial) = (self.now(), Serial::from_random(random::octets()?));
        off_the_async_threads(move || {
            let names = x509::read_certificate(&der).map_err(Error::internal)?.names;
            let (public_key, private_key) = match key {
                RenewalKey::Held(key) => (software::public_key_of(&key)?, Some(key)),
                RenewalKey::Csr(der) => {
                    let csr = Csr::read(&der)
                        .map_err(|error| Error::Invalid(format!("the CSR: {error}")))?;
                    check_csr(&csr, &subject, &names)?;
                    (csr.public_key, None)
                }
            };
            let asked = Request {
                subject,
                names,
                public_key,
                not_before: None,
                not_after: days.map(|days| end_after(&profile, None, days, now)),
            };
            if holds(&asked.subject, &asked.names, &kept) {
                return Err(Error::Forbidden(ACTION));
            }
            sign(asked, &profile, Some(&issuer), private_key, serial, now)
        })
        .await
    }

    /// The authority that issues in the place of the one that signed the old certificate; for one of another's, the
    /// configured one.
    pub(crate) async fn authority_of_renewal(
        &self,
        old: &Certificate,
    ) -> Result<Arc<Loaded>, Error> {
        self.issuing_authority(match (&old.authority, old.origin) {
            (Some(name), Origin::Issued) => name,
            _ => &self.0.config.issue.authority,
        })
        .await
    }

    /// The profile of the old certificate; for one that came without, the one that the caller would get.
    pub(crate) async fn profile_of_renewal(
        &self,
        caller: &Caller,
        old: &Certificate,
    ) -> Result<Profile, Error> {
        let usual = self.usual_profile(caller);
        let profile = self.profile(old.profile.as_deref().unwrap_or(usual))?;
        if profile.speaks_for_its_authority() {
            self.require_everywhere(caller, Right::ChangeAuthorities, ACTION)
                .await?;
        }
        let foreign = old.origin != Origin::Issued;
        if caller.issues_for_itself_alone() && foreign && !profile.self_service {
            self.refuse(caller, ACTION, Some(old.id), None).await?;
        }
        Ok(profile.clone())
    }

    /// The private key of a certificate, opened.
    pub(crate) async fn open_private_key(
        &self,
        certificate: &Certificate,
    ) -> Result<PrivateKey, Error> {
        let sealed = self
            .store()
            .private_key(certificate.number)
            .await?
            .ok_or(Error::NoPrivateKey)?;
        let opened = self
            .0
            .sealer
            .open(&sealing_purpose(&certificate.id), &sealed)?;
        Ok(PrivateKey::from_pkcs8(opened))
    }
}

enum RenewalKey {
    Held(PrivateKey),
    Csr(Vec<u8>),
}

/// Is a certificate in that state renewed?
pub(crate) fn renewable(state: State) -> Result<(), Refusal> {
    match state {
        State::Active => Ok(()),
        State::OnHold => Err(Refusal::OnHold),
        State::Pending => Err(Refusal::Pending),
        State::Revoked(reason) => Err(Refusal::Revoked(reason)),
        State::Deleted(_) => Err(Refusal::Deleted),
        State::Purged(_) => Err(Refusal::Purged),
    }
}

/// A renewal's CSR names whom the old certificate names, and asks for no alternative name that it lacks.
pub(crate) fn check_csr(csr: &Csr, subject: &Name, names: &[GeneralName]) -> Result<(), Error> {
    if !csr.subject.matches(subject) {
        return Err(Error::Invalid(format!(
            "the CSR's subject {:?} does not match the certificate's {:?}",
            csr.subject.to_rfc4514(),
            subject.to_rfc4514()
        )));
    }
    match csr.names.iter().find(|name| !names.contains(name)) {
        Some(name) => Err(Error::Invalid(format!(
            "the CSR asks for {name}, which the certificate does not have: issue a new one instead"
        ))),
        None => Ok(()),
    }
}
