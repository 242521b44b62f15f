//! The configuration lock: taking, giving back, and carrying over to a renewed token.

use chancery_core::role::{Reach, Right};
use secrecy::SecretString;

use crate::accounts::{fresh_token, hash_of};
use crate::store::accounts::StoredToken;
use crate::store::records::{LockHolder, RecordStep};
use crate::store::{Step, StoreError};
use crate::turns::Turn;
use crate::{App, Caller, Error, NewToken, TokenStyle};

/// What the audit trail calls taking the lock.
const LOCK: &str = "configuration.lock";

impl App {
    /// Takes the configuration lock for a token of the caller's, until the token ends; nothing happens if the token holds
    /// it already. Needs the right to issue certificates everywhere.
    ///
    /// # Errors
    /// [`Error::Locked`] while another token holds it, also of the same user; [`Error::Unauthenticated`] for a token that
    /// is not the caller's, or has ended.
    pub async fn lock_configuration(
        &self,
        caller: &Caller,
        token: &SecretString,
    ) -> Result<(), Error> {
        self.may_configure(caller, LOCK).await?;
        let stored = self.own_token(caller, token).await?;
        let steps = vec![
            Step::ExpectToken(stored.hash),
            Step::Records(RecordStep::TakeLock(self.holder(token))),
            Step::Audit(self.audit_entry(Some(caller), LOCK)),
        ];
        match self.store().commit(steps).await {
            // It was ended in between.
            Err(StoreError::Missing) => Err(Error::Unauthenticated),
            Err(error) => Err(error.into()),
            Ok(_) => Ok(()),
        }
    }

    /// Gives the lock back. What was edited and not saved is dropped.
    ///
    /// # Errors
    /// [`Error::Locked`] if another token holds it, [`Error::NotLocked`] if none does.
    pub async fn unlock_configuration(
        &self,
        caller: &Caller,
        token: &SecretString,
    ) -> Result<(), Error> {
        const UNLOCK: &str = "configuration.unlock";
        self.may_configure(caller, UNLOCK).await?;
        let release = RecordStep::ReleaseLock(self.holder(token));
        let entry = self.audit_entry(Some(caller), UNLOCK);
        self.store()
            .commit(vec![Step::Records(release), Step::Audit(entry)])
            .await?;
        Ok(())
    }

    /// Makes a token in the place of one of the caller's that still holds, and which thereby ends; if it held the lock,
    /// the new one does, unless the caller may not configure any more. A caller who showed a token gets one that ends
    /// with it.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] if the old token is not the caller's, or has ended.
    pub async fn renew_lock_token(
        &self,
        caller: &Caller,
        old: &SecretString,
        style: TokenStyle,
    ) -> Result<NewToken, Error> {
        let stored = self.own_token(caller, old).await?;
        let expires = self.end_of_new(caller, style);
        let (token, new) = fresh_token(caller, style, stored.scope, expires)?;
        let hash = token.hash;
        // Two renewals of one token at once: the second finds it gone.
        let mut steps = vec![Step::ExpectToken(stored.hash), Step::AddToken(token)];
        if caller.reach(Right::IssueCertificates) == Reach::Everywhere {
            let pass = RecordStep::PassLock(self.holder(old), hash);
            steps.push(Step::Records(pass));
        }
        steps.extend([
            Step::RemoveToken(stored.hash),
            Step::Audit(self.audit_entry(Some(caller), "token.refresh")),
        ]);
        match self.commit_accounts(steps).await {
            Ok(()) => Ok(new),
            Err(StoreError::Missing) => Err(Error::Unauthenticated),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses whoever may not change the configuration or does not hold the lock, before anything else is looked at.
    pub(super) async fn require_lock(
        &self,
        caller: &Caller,
        token: &SecretString,
        action: &'static str,
    ) -> Result<(), Error> {
        self.may_configure(caller, action).await?;
        match self.store().lock_holder(self.now()).await? {
            Some(hash) if hash == hash_of(token) => Ok(()),
            Some(_) => Err(Error::Locked),
            None => Err(Error::NotLocked),
        }
    }

    /// The turn to edit an element, for whoever holds the lock: others are refused before they wait for one.
    pub(super) async fn turn_to_edit(
        &self,
        caller: &Caller,
        token: &SecretString,
        kind: &str,
        key: &str,
        action: &'static str,
    ) -> Result<Turn, Error> {
        self.require_lock(caller, token, action).await?;
        let element = format!("{kind}/{key}");
        Ok(self.0.turns.take("element", &element).await)
    }

    /// The step that fails unless the token holds the lock.
    pub(super) fn expect_lock(&self, token: &SecretString) -> Step {
        Step::Records(RecordStep::ExpectLock(self.holder(token)))
    }

    fn holder(&self, token: &SecretString) -> LockHolder {
        LockHolder {
            token: hash_of(token),
            at: self.now(),
        }
    }

    async fn own_token(&self, caller: &Caller, token: &SecretString) -> Result<StoredToken, Error> {
        let stored = self.store().token(hash_of(token)).await?;
        stored
            .filter(|stored| stored.user == caller.user.id && stored.expires >= self.now())
            .ok_or(Error::Unauthenticated)
    }
}
