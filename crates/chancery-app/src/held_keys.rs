//! Certificates whose private keys the server holds: listing them, and asking another authority to certify such a key.

use chancery_core::certificate::{Certificate, Refusal, State};
use chancery_core::csr;
use chancery_core::name::Name;
use chancery_core::role::Right;
use chancery_core::san::GeneralName;
use chancery_core::x509;

use crate::audit::NewAuditEntry;
use crate::issue::{issuable, off_the_async_threads};
use crate::keys::Signer;
use crate::keys::software::SoftwareKey;
use crate::search::CertificateRef;
use crate::store::Step;
use crate::{App, Caller, Error};

/// What a certification request with a held key asks for; the certificate's own where something is left out.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct HeldKeyRequest {
    /// Whom to name.
    pub subject: Option<Name>,
    /// Alternative names.
    pub names: Option<Vec<GeneralName>>,
}

/// Most certificates of one answer.
const LARGEST_LISTING: usize = 10_000;
/// What the audit trail calls making a request.
const ACTION: &str = "certificate.request";

impl App {
    /// Certificates whose private keys the server holds and that are not deleted, in the order of their names, at most
    /// `limit` (and 10,000); only those with one of `names` unless that is empty. A caller whose right does not reach
    /// everywhere gets what it reaches.
    pub async fn held_keys(
        &self,
        caller: &Caller,
        names: &[String],
        limit: usize,
    ) -> Result<Vec<Certificate>, Error> {
        let (owner, domain) = self
            .certificates_in_reach(caller, "certificate.list")
            .await?;
        let mut held = self
            .store()
            .held_keys(
                names.to_vec(),
                owner,
                domain,
                limit.clamp(1, LARGEST_LISTING),
            )
            .await?;
        // The server's own stand in a domain, and are for those alone who reach everywhere.
        held.retain(|one| caller.may(Right::ReadCertificates, &one.owner, &one.domain));
        Ok(held)
    }

    /// A PKCS#10 request (DER) for a held key, signed with it, to take to another authority. Needs the right to issue for
    /// the certificate's owner.
    ///
    /// # Errors
    /// [`Error::Policy`] for a subject or names that nobody could be issued; [`Error::NoPrivateKey`].
    pub async fn request_with_held_key(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        wish: HeldKeyRequest,
    ) -> Result<Vec<u8>, Error> {
        let certificate = self.find(which).await?;
        self.require_for(caller, Right::IssueCertificates, ACTION, &certificate)
            .await?;
        match certificate.state {
            State::Deleted(_) => return Err(Refusal::Deleted.into()),
            State::Purged(_) => return Err(Refusal::Purged.into()),
            State::Pending | State::Active | State::OnHold | State::Revoked(_) => {}
        }
        let key = self.open_private_key(&certificate).await?;
        let der = certificate.der.ok_or(Error::NoCertificate)?;
        let subject = wish
            .subject
            .unwrap_or_else(|| issuable(certificate.subject));
        let request = off_the_async_threads(move || {
            let names = match wish.names {
                Some(names) => names,
                None => {
                    let facts = x509::read_certificate(&der).map_err(Error::internal)?;
                    facts.names
                }
            };
            let key = SoftwareKey::from_pkcs8(&key)?;
            let planned = csr::plan_request(&subject, &names, key.public_key())?;
            planned
                .finish(&key.sign(&planned)?)
                .map_err(Error::internal)
        })
        .await?;
        let entry = NewAuditEntry {
            certificate: Some(certificate.id),
            ..self.audit_entry(Some(caller), ACTION)
        };
        self.store().commit(vec![Step::Audit(entry)]).await?;
        Ok(request)
    }
}

#[cfg(test)]
mod tests;
