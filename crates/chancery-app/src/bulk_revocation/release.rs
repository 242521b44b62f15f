//! Releasing what one bulk revocation put on hold and nobody has moved since, by a bulk revocation of its own.

use chancery_core::revocation::Reason;

use super::{BulkAction, BulkPreview, BulkRevocation, BulkState, MovableSearch, may_change_all};
use crate::audit::NewAuditEntry;
use crate::turns::ATTEMPTS;
use crate::{App, Caller, Error};

impl App {
    /// What [`App::start_bulk_release`] would release now. Changes nothing.
    ///
    /// # Errors
    /// As [`App::start_bulk_release`], but that nothing is left is no error.
    pub async fn preview_bulk_release(
        &self,
        caller: &Caller,
        number: i64,
    ) -> Result<BulkPreview, Error> {
        let search = self.held_by(caller, number, "revocation.preview").await?;
        self.preview(&search).await
    }

    /// Starts to release every certificate that this bulk revocation put on hold and that nobody has released, revoked or
    /// held anew since; one that has expired is left alone. Needs the right to change all that it reaches. It goes on by
    /// itself, after a restart too.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Forbidden`]; [`Error::Invalid`] if it did not put on hold, if it or another
    /// release of it runs, or if nothing is left.
    pub async fn start_bulk_release(
        &self,
        caller: &Caller,
        number: i64,
    ) -> Result<BulkRevocation, Error> {
        const ACTION: &str = "revocation.release";
        for _ in 0..ATTEMPTS {
            let search = self.held_by(caller, number, ACTION).await?;
            let total = self.count_movable(&search).await?.total;
            if total == 0 {
                return Err(Error::Invalid(format!(
                    "nothing is left on hold by the revocation {number}: what it held was released, revoked, deleted or held anew since, or has expired"
                )));
            }
            let told = NewAuditEntry {
                detail: format!("{{\"v\":1,\"releases\":{number},\"total\":{total}}}"),
                ..self.audit_entry(Some(caller), ACTION)
            };
            match self.begin(caller, search, total, told).await {
                // One of its family runs by now: the next round says which.
                Err(Error::Changed) => {}
                begun => return begun,
            }
        }
        Err(Error::Busy)
    }

    /// The search for what a bulk revocation put on hold, once it runs no more.
    async fn held_by(
        &self,
        caller: &Caller,
        number: i64,
        action: &'static str,
    ) -> Result<MovableSearch, Error> {
        let held = self.stored_bulk_revocation(number).await?;
        if !may_change_all(&caller.user, &held.filter) {
            self.refuse(caller, action, None, Some(number.to_string()))
                .await?;
        }
        match held.action {
            BulkAction::Revoke(Reason::CertificateHold) => {}
            BulkAction::Revoke(reason) => {
                return Err(Error::Invalid(format!(
                    "the revocation {number} was for good, reason {}: only a hold can be released",
                    reason.word()
                )));
            }
            BulkAction::Release(of) => {
                return Err(Error::Invalid(format!(
                    "the revocation {number} is itself the release of {of}, and put nothing on hold"
                )));
            }
        }
        self.expect_none_runs(number).await?;
        Ok(MovableSearch {
            filter: held.filter,
            action: BulkAction::Release(number),
            now: self.now(),
            after: 0,
            up_to: held.up_to,
        })
    }

    /// Refuses while a bulk revocation or a release of it runs: the store would not let a second one of them run.
    pub(super) async fn expect_none_runs(&self, family: i64) -> Result<(), Error> {
        for number in self.store().running_bulk_revocations().await? {
            let one = self.stored_bulk_revocation(number).await?;
            if one.family() == family && one.state == BulkState::Running {
                let what = match one.action {
                    BulkAction::Revoke(_) => "",
                    BulkAction::Release(_) => ", which releases what it held,",
                };
                return Err(Error::Invalid(format!(
                    "the revocation {number}{what} runs: stop it first, or wait for its end"
                )));
            }
        }
        Ok(())
    }
}
