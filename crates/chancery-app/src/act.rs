//! Changing a certificate's state: the one way there, for every API.

use chancery_core::certificate::{Action, Certificate};
use chancery_core::revocation::Reason;
use chancery_core::role::Right;

use crate::audit::{HOLD, NewAuditEntry};
use crate::search::CertificateRef;
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::{App, Caller, Error};

impl App {
    /// Does `action` to a certificate: reads it, asks the core's table, and commits the move with its audit entry,
    /// provided that the state is still the one that was read; otherwise it decides anew. If that ends a pending record,
    /// the same commit rejects the order that nobody has approved yet.
    pub(crate) async fn act(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        action: Action,
    ) -> Result<Certificate, Error> {
        let right = match action {
            Action::Purge => Right::PurgeCertificates,
            _ => Right::ChangeCertificates,
        };
        for _ in 0..ATTEMPTS {
            let before = self.find(which).await?;
            self.require_for(caller, right, audit_word(action), &before)
                .await?;
            let (after, mut steps) = self.movement(Some(caller), &before, action)?;
            let undecided = self.undecided_order(&before).await?;
            if let Some(order) = &undecided {
                steps.extend(self.rejected(caller, order, "its pending record was deleted")?);
            }
            match self.store().commit(steps).await {
                Ok(_) => {
                    if let Some(order) = undecided {
                        self.0.orders.ended(order.number);
                    }
                    return Ok(after);
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// The certificate after `action`, and the steps that take it there with their audit entry; done by the server itself
    /// without a caller.
    pub(crate) fn movement(
        &self,
        caller: Option<&Caller>,
        before: &Certificate,
        action: Action,
    ) -> Result<(Certificate, Vec<Step>), Error> {
        let now = self.now();
        let to = before.state.after(action, before.circumstances(now))?;
        let mut after = Certificate {
            state: to,
            state_since: now,
            ..before.clone()
        };
        if action == Action::Purge {
            after.der = None;
            after.has_private_key = false;
        }
        let detail = match to.revocation() {
            Some(reason) => format!("{{\"v\":1,\"reason\":\"{reason}\"}}"),
            None => "{\"v\":1}".to_owned(),
        };
        let entry = NewAuditEntry {
            certificate: Some(before.id),
            detail,
            ..self.audit_entry(caller, audit_word(action))
        };
        let step = Step::Move {
            certificate: before.number,
            from: before.state,
            to,
            at: now,
        };
        Ok((after, vec![step, Step::Audit(entry)]))
    }
}

/// What the audit trail calls an action.
pub(crate) const fn audit_word(action: Action) -> &'static str {
    match action {
        Action::Activate => "certificate.issue",
        Action::Hold | Action::Revoke(Reason::CertificateHold) => HOLD,
        Action::Release => "certificate.release",
        Action::Revoke(_) => "certificate.revoke",
        Action::Delete => "certificate.delete",
        Action::Purge => "certificate.purge",
    }
}
