//! Retiring an authority, letting it issue again, and taking back the request for one. A retired one's CRL, OCSP answers and
//! certificate stay where they are.

use std::sync::Arc;

use chancery_core::role::Right;

use super::{AuthorityEntry, Loaded};
use crate::error::Conflict;
use crate::store::Step;
use crate::store::authorities::AuthorityStep;
use crate::{App, Caller, Error};

impl App {
    /// Lets an authority issue no more. Needs the right to change authorities.
    ///
    /// # Errors
    /// [`Conflict::AuthorityRetired`] if it is retired.
    pub async fn retire_authority(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<AuthorityEntry, Error> {
        const ACTION: &str = "authority.retire";
        self.require_everywhere(caller, Right::ChangeAuthorities, ACTION)
            .await?;
        let turn = self.authority_turn().await;
        let loaded = self.certified(name).await?;
        if loaded.retired {
            return Err(Error::Conflict(Conflict::AuthorityRetired));
        }
        let step = AuthorityStep::Retire(loaded.authority.id, self.now());
        self.commit_authority(caller, ACTION, name, vec![Step::Authority(step)], turn)
            .await?;
        self.entry(name).await
    }

    /// Lets an authority issue again under its own name, after it was retired or superseded. Needs the right to change
    /// authorities.
    ///
    /// # Errors
    /// [`Conflict::AuthorityActive`] if it is neither.
    pub async fn reinstate_authority(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<AuthorityEntry, Error> {
        const ACTION: &str = "authority.reinstate";
        self.require_everywhere(caller, Right::ChangeAuthorities, ACTION)
            .await?;
        let turn = self.authority_turn().await;
        let loaded = self.certified(name).await?;
        if !loaded.retired && loaded.successor.is_none() {
            return Err(Error::Conflict(Conflict::AuthorityActive));
        }
        let step = AuthorityStep::Reinstate(loaded.authority.id);
        self.commit_authority(caller, ACTION, name, vec![Step::Authority(step)], turn)
            .await?;
        self.entry(name).await
    }

    /// Takes back the request for an authority's certificate; its key is gone, and its name free. Needs the right to change
    /// authorities.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an authority that has its certificate.
    pub async fn withdraw_authority_request(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<(), Error> {
        const ACTION: &str = "authority.withdraw";
        self.require_everywhere(caller, Right::ChangeAuthorities, ACTION)
            .await?;
        let turn = self.authority_turn().await;
        if let AuthorityEntry::There(_) = self.entry(name).await? {
            return Err(Error::Invalid(
                "the authority has its certificate, and answers for what it signs: retire it"
                    .to_owned(),
            ));
        }
        let step = AuthorityStep::RemoveRequest(name.to_owned());
        self.commit_authority(caller, ACTION, name, vec![Step::Authority(step)], turn)
            .await
    }

    /// The authority of that name, which must have its certificate.
    pub(super) async fn certified(&self, name: &str) -> Result<Arc<Loaded>, Error> {
        match self.entry(name).await? {
            AuthorityEntry::There(_) => self.promising_authority(name).await,
            AuthorityEntry::Awaited(awaited) => {
                Err(Error::Conflict(Conflict::AuthorityAwaited(awaited.name)))
            }
        }
    }
}
