//! Stopping a bulk revocation, and letting it go on.

use super::{BulkRevocation, BulkState, may_change_all};
use crate::audit::NewAuditEntry;
use crate::store::bulk::BulkStep;
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::{App, Caller, Error};

impl App {
    /// Stops one: when this has answered, it moves nothing more. What it has moved stays so. One that is stopped or
    /// done is left as it is. Needs the right to change all that it reaches, unless the caller asked for it.
    pub async fn stop_bulk_revocation(
        &self,
        caller: &Caller,
        number: i64,
    ) -> Result<BulkRevocation, Error> {
        self.switch(caller, number, BulkState::Stopped).await
    }

    /// Lets one go on that was stopped, from now on by the caller's right. One that runs is left as it is. Needs the right
    /// to change all that it reaches.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it is done, or while another one of its family runs.
    pub async fn resume_bulk_revocation(
        &self,
        caller: &Caller,
        number: i64,
    ) -> Result<BulkRevocation, Error> {
        let found = self.switch(caller, number, BulkState::Running).await?;
        self.0.bulk.started.notify_one();
        Ok(found)
    }

    async fn switch(
        &self,
        caller: &Caller,
        number: i64,
        to: BulkState,
    ) -> Result<BulkRevocation, Error> {
        let stops = to == BulkState::Stopped;
        let action = if stops {
            "revocation.stop"
        } else {
            "revocation.resume"
        };
        for _ in 0..ATTEMPTS {
            let found = self.stored_bulk_revocation(number).await?;
            let own = stops && found.asked_by == caller.user.id;
            if !own && !may_change_all(&caller.user, &found.filter) {
                self.refuse(caller, action, None, Some(number.to_string()))
                    .await?;
            }
            match found.state {
                BulkState::Done if !stops => {
                    return Err(Error::Invalid(format!(
                        "the revocation {number} is done: start another one for what came since"
                    )));
                }
                BulkState::Done => return Ok(found),
                from if from == to => return Ok(found),
                from => {
                    if !stops {
                        self.expect_none_runs(found.family()).await?;
                    }
                    let entry = NewAuditEntry {
                        object: Some(number.to_string()),
                        ..self.audit_entry(Some(caller), action)
                    };
                    let switch = BulkStep::Switch {
                        number,
                        from,
                        to,
                        at: entry.at,
                        responsible: (!stops).then(|| caller.user.id.clone()),
                        because: None,
                    };
                    let steps = vec![Step::Bulk(switch), Step::Audit(entry)];
                    match self.store().commit(steps).await {
                        Ok(_) => return self.stored_bulk_revocation(number).await,
                        Err(StoreError::Stale) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Err(Error::Busy)
    }
}
