//! The certificate that is attached to a user: attaching, telling, and detaching with what that means to relying parties.

use chancery_core::certificate::{Action, Certificate, Origin, Refusal, Status};
use chancery_core::identity::UserId;
use chancery_core::revocation::Reason;
use chancery_core::role::Right;

use crate::audit::NewAuditEntry;
use crate::bootstrap::SERVER_USER;
use crate::error::Conflict;
use crate::import::{ImportedStatus, Read, same};
use crate::search::CertificateRef;
use crate::store::accounts::StoredUser;
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::users::User;
use crate::{App, Caller, Error};

/// What the audit trail calls attaching, and what a missing right to it is called.
const ATTACH: &str = "certificate.attach";
/// The same of detaching.
const DETACH: &str = "certificate.detach";

impl App {
    /// A user with the certificate that is attached to it. One that was deleted through whatever API is attached no longer;
    /// a revoked or expired one is until it is detached.
    pub async fn attached_certificate(
        &self,
        caller: &Caller,
        user: &UserId,
    ) -> Result<(User, Option<Certificate>), Error> {
        const ACTION: &str = "certificate.read";
        let user = self
            .user_for(caller, user, Right::ReadCertificates, ACTION)
            .await?
            .user;
        let Some(id) = user.certificate else {
            return Ok((user, None));
        };
        let certificate = self.find(&CertificateRef::Id(id)).await?;
        self.require_for(caller, Right::ReadCertificates, ACTION, &certificate)
            .await?;
        Ok((user, Some(certificate)))
    }

    /// Attaches a certificate (DER) to a user to whom none is attached. One that is here already must be the user's, active
    /// and not expired; one that is not is imported for the user in the same commit, by the rules of [`App::import`].
    ///
    /// # Errors
    /// [`Error::CertificateAttached`] while one is attached; [`Error::Refused`] for one that is not good;
    /// [`Conflict::Certificate`] for another user's, or one that was deleted.
    pub async fn attach_certificate(
        &self,
        caller: &Caller,
        user: &UserId,
        der: Vec<u8>,
    ) -> Result<(User, Certificate), Error> {
        for _ in 0..ATTEMPTS {
            let before = self
                .user_for(caller, user, Right::IssueCertificates, ATTACH)
                .await?
                .user;
            let read = self.read_foreign(der.clone()).await?;
            if before.certificate.is_some() {
                return Err(Error::CertificateAttached(Box::new(before)));
            }
            let (certificate, steps) = self.attachment(caller, &before, read).await?;
            match self.commit_accounts(steps).await {
                Ok(()) => {
                    let certificate = self.find(&CertificateRef::Id(certificate.id)).await?;
                    let after = User {
                        certificate: Some(certificate.id),
                        ..before
                    };
                    return Ok((after, certificate));
                }
                // Somebody attached or imported one in between.
                Err(StoreError::Stale | StoreError::Conflict(Conflict::Certificate)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// Detaches a user's certificate. What was issued or made here is thereby revoked (cessation of operation) if it is
    /// live; what came from elsewhere stays as it is.
    ///
    /// # Errors
    /// [`Error::NotFound`] of a certificate if none is attached.
    pub async fn detach_certificate(&self, caller: &Caller, user: &UserId) -> Result<User, Error> {
        for _ in 0..ATTEMPTS {
            let before = self
                .user_for(caller, user, Right::ChangeCertificates, DETACH)
                .await?
                .user;
            let id = before.certificate.ok_or(Error::NotFound("certificate"))?;
            let certificate = self.find(&CertificateRef::Id(id)).await?;
            self.require_for(caller, Right::ChangeCertificates, DETACH, &certificate)
                .await?;
            let mut steps = self.ended(caller, &certificate)?;
            steps.extend([
                Step::Detach {
                    user: before.id.clone(),
                    certificate: id,
                },
                self.told(caller, DETACH, &certificate, &before.id),
            ]);
            match self.commit_accounts(steps).await {
                Ok(()) => {
                    return Ok(User {
                        certificate: None,
                        ..before
                    });
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// The certificate to attach, and all steps that do it.
    async fn attachment(
        &self,
        caller: &Caller,
        user: &User,
        read: Read,
    ) -> Result<(Certificate, Vec<Step>), Error> {
        let (certificate, mut steps) = match self.issued(read.key()).await? {
            Some(there) => {
                let certificate = same(there, &read, &user.id)?;
                let expected = Step::ExpectState(certificate.number, certificate.state);
                (certificate, vec![expected])
            }
            None => {
                let owner = (user.id.clone(), user.domain.clone());
                let (status, object) = (ImportedStatus::Active, Some(user.id.to_string()));
                let (certificate, steps) =
                    self.brought_in(caller, read, status, owner, object).await?;
                (certificate, steps.into())
            }
        };
        good(certificate.status(self.now()))?;
        steps.extend([
            Step::Attach {
                user: user.id.clone(),
                certificate: certificate.id,
            },
            self.told(caller, ATTACH, &certificate, &user.id),
        ]);
        Ok((certificate, steps))
    }

    /// The steps that end a certificate which is detached: none for one that came from elsewhere or has ended already.
    fn ended(&self, caller: &Caller, certificate: &Certificate) -> Result<Vec<Step>, Error> {
        let live = matches!(
            certificate.status(self.now()),
            Status::Active | Status::OnHold
        );
        if !live || certificate.origin == Origin::Imported {
            return Ok(Vec::new());
        }
        let end = Action::Revoke(Reason::CessationOfOperation);
        Ok(self.movement(Some(caller), certificate, end)?.1)
    }

    /// A user for whom the caller may use that right, and who is not above it if it is to be changed: what is attached to an
    /// account is what others take for it. The server's own is none: it shows its certificates itself.
    async fn user_for(
        &self,
        caller: &Caller,
        id: &UserId,
        right: Right,
        action: &'static str,
    ) -> Result<StoredUser, Error> {
        let stored = self.user_in_reach(caller, id, right, action).await?;
        if id.as_str() == SERVER_USER {
            return Err(Error::NotFound("user"));
        }
        let changes = right != Right::ReadCertificates && *id != caller.user.id;
        if changes && caller.is_below(&stored.user.roles) {
            self.refuse(caller, action, None, Some(id.to_string()))
                .await?;
        }
        Ok(stored)
    }

    fn told(
        &self,
        caller: &Caller,
        action: &'static str,
        certificate: &Certificate,
        user: &UserId,
    ) -> Step {
        Step::Audit(NewAuditEntry {
            certificate: Some(certificate.id),
            object: Some(user.to_string()),
            ..self.audit_entry(Some(caller), action)
        })
    }
}

/// Is a certificate of that standing attached?
pub(crate) fn good(status: Status) -> Result<(), Refusal> {
    match status {
        Status::Active => Ok(()),
        Status::OnHold => Err(Refusal::OnHold),
        Status::Revoked(reason) => Err(Refusal::Revoked(reason)),
        Status::Expired => Err(Refusal::Expired),
        Status::Pending => Err(Refusal::Pending),
        Status::Deleted => Err(Refusal::Deleted),
        Status::Purged => Err(Refusal::Purged),
    }
}

#[cfg(test)]
mod tests;
