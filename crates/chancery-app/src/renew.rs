//! Renewing: a new certificate in the place of an old one, with the old key or with a new one.

use chancery_core::certificate::{Action, Certificate, Origin, Refusal, State};
use chancery_core::csr::Csr;
use chancery_core::name::Name;
use chancery_core::plan::{Issuer, Planned, Request, plan};
use chancery_core::revocation::Reason;
use chancery_core::role::Right;
use chancery_core::serial::Serial;
use chancery_core::x509;

use crate::issue::{Placement, SharedAuthority, Signed, off_the_async_threads, sealing_purpose};
use crate::keys::PrivateKey;
use crate::keys::software;
use crate::search::CertificateRef;
use crate::{App, Caller, Error, Issued, random};

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

impl App {
    /// Renews a certificate: same subject, alternative names, profile and owner. What was not signed by an authority of
    /// ours is signed by the configured one.
    pub async fn renew(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        request: RenewRequest,
    ) -> Result<Issued, Error> {
        let old = self.find(which).await?;
        self.require_for(caller, Right::IssueCertificates, "certificate.renew", &old)
            .await?;
        match old.state {
            State::Active | State::OnHold | State::Revoked(Reason::Superseded) => {}
            State::Pending => return Err(Refusal::Pending.into()),
            State::Revoked(reason) => return Err(Refusal::Revoked(reason).into()),
            State::Deleted(_) => return Err(Refusal::Deleted.into()),
            State::Purged(_) => return Err(Refusal::Purged.into()),
        }
        let more = if request.revoke_old
            && !matches!(old.state, State::Revoked(_))
            && !old.is_expired(self.now())
        {
            self.movement(
                caller,
                &old,
                Action::Revoke(Reason::Superseded),
                "certificate.revoke",
            )?
            .1
        } else {
            Vec::new()
        };
        let signed = self.sign_renewal(&old, &request).await?;
        let placement = Placement {
            owner: old.owner.clone(),
            domain: old.domain.clone(),
            name: request.name,
            replaces: Some(old),
        };
        self.place(Some(caller), signed, placement, "certificate.renew", more)
            .await
    }

    async fn sign_renewal(
        &self,
        old: &Certificate,
        request: &RenewRequest,
    ) -> Result<Signed, Error> {
        let profile_name = old
            .profile
            .as_deref()
            .unwrap_or(&self.0.config.issue.profile);
        let profile = self.profile(profile_name)?.clone();
        let issuer = self.authority_named(match (&old.authority, old.origin) {
            (Some(name), Origin::Issued) => name,
            _ => &self.0.config.issue.authority,
        })?;
        let der = old.der.clone().ok_or(Error::NoCertificate)?;
        let key = match &request.csr {
            Some(csr) => RenewalKey::Csr(csr.clone()),
            None => RenewalKey::Held(self.open_private_key(old).await?),
        };
        let (days, subject) = (request.days, old.subject.clone());
        let (now, serial) = (self.now(), Serial::from_random(random::octets()?));
        off_the_async_threads(move || {
            let facts = x509::read_certificate(&der).map_err(Error::internal)?;
            let (public_key, names, private_key) = match key {
                RenewalKey::Held(key) => (software::public_key_of(&key)?, facts.names, Some(key)),
                RenewalKey::Csr(der) => {
                    let csr = Csr::read(&der)
                        .map_err(|error| Error::Invalid(format!("the CSR: {error}")))?;
                    check_subject(&csr.subject, &subject)?;
                    let names = if csr.names.is_empty() {
                        facts.names
                    } else {
                        csr.names
                    };
                    (csr.public_key, names, None)
                }
            };
            let start = now.plus_seconds(-i64::from(profile.lifetime.backdate_seconds));
            let asked = Request {
                subject,
                names,
                public_key,
                not_before: None,
                not_after: days.map(|days| start.plus_days(i64::from(days))),
            };
            let by = Issuer::Authority(&issuer.authority, &issuer.addresses);
            let planned = plan(asked, &profile, by, serial, now)?;
            finish(planned, &issuer, profile.name, private_key)
        })
        .await
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

fn check_subject(csr: &Name, old: &Name) -> Result<(), Error> {
    if csr.matches(old) {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "the CSR's subject {:?} does not match the certificate's {:?}",
        csr.to_rfc4514(),
        old.to_rfc4514()
    )))
}

fn finish(
    planned: Planned,
    issuer: &SharedAuthority,
    profile: String,
    private_key: Option<PrivateKey>,
) -> Result<Signed, Error> {
    let der = planned
        .finish(&issuer.signer()?.sign(&planned)?)
        .map_err(Error::internal)?;
    let authority = Some((issuer.authority.id, issuer.authority.name.clone()));
    Ok(Signed {
        planned,
        der,
        origin: Origin::Issued,
        authority,
        profile,
        private_key,
    })
}
