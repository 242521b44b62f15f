//! Revoking for good, holding, and releasing.

use chancery_core::certificate::{Action, Certificate, Refusal, Status};
use chancery_core::revocation::Reason;

use crate::search::CertificateRef;
use crate::{App, Caller, Error};

impl App {
    /// Revokes a certificate for that reason; `CertificateHold` is [`App::hold`].
    pub async fn revoke(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        reason: Reason,
    ) -> Result<Certificate, Error> {
        if reason == Reason::CertificateHold {
            return self.hold(caller, which).await;
        }
        self.act(caller, which, Action::Revoke(reason)).await
    }

    /// Revokes a certificate for now.
    pub async fn hold(
        &self,
        caller: &Caller,
        which: &CertificateRef,
    ) -> Result<Certificate, Error> {
        self.act(caller, which, Action::Hold).await
    }

    /// Takes a certificate off hold.
    pub async fn release(
        &self,
        caller: &Caller,
        which: &CertificateRef,
    ) -> Result<Certificate, Error> {
        self.act(caller, which, Action::Release).await
    }

    /// Puts a certificate into a standing that a caller names, as APIs do that set a status: what is there already is
    /// no error. Pending and expired are nothing that anybody can set.
    pub async fn set_status(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        wanted: Status,
    ) -> Result<Certificate, Error> {
        let done = match wanted {
            Status::Active => self.release(caller, which).await,
            Status::OnHold => self.hold(caller, which).await,
            Status::Revoked(reason) => self.revoke(caller, which, reason).await,
            Status::Deleted => self.delete(caller, which).await,
            Status::Purged => self.purge(caller, which).await,
            Status::Pending | Status::Expired => {
                return Err(Error::Invalid(format!(
                    "no certificate can be made {}",
                    wanted.word()
                )));
            }
        };
        let there_already = matches!(
            (&done, wanted),
            (Err(Error::Refused(Refusal::Active)), Status::Active)
                | (Err(Error::Refused(Refusal::OnHold)), Status::OnHold)
        ) || matches!(
            (&done, wanted),
            (Err(Error::Refused(Refusal::Revoked(is))), Status::Revoked(wanted))
                if *is == wanted || wanted == Reason::Unspecified
        );
        if there_already {
            self.find(which).await
        } else {
            done
        }
    }
}
