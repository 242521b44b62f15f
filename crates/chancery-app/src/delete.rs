//! Deleting a certificate (a tombstone stays), and purging what a deletion left.

use chancery_core::certificate::{Action, Certificate};

use crate::search::CertificateRef;
use crate::{App, Caller, Error};

impl App {
    /// Removes a certificate from sight. A live one of ours is thereby revoked: relying parties hear of it.
    pub async fn delete(
        &self,
        caller: &Caller,
        which: &CertificateRef,
    ) -> Result<Certificate, Error> {
        self.act(caller, which, Action::Delete).await
    }

    /// Wipes DER and private key of a deleted certificate for good; the facts of its revocation stay.
    pub async fn purge(
        &self,
        caller: &Caller,
        which: &CertificateRef,
    ) -> Result<Certificate, Error> {
        self.act(caller, which, Action::Purge).await
    }
}
