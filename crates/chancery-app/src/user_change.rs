//! Changing and removing users, and what proves who they are.

use chancery_core::identity::UserId;
use chancery_core::role::{Right, Role};
use chancery_core::time::Time;
use secrecy::SecretString;

use crate::accounts::hash_of;
use crate::audit::NewAuditEntry;
use crate::bootstrap::SERVER_USER;
use crate::store::accounts::StoredUser;
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::users::{Person, User, UserChange, checked_user_name};
use crate::{App, Caller, Error, random};

/// Characters of an API key.
const API_KEY_LENGTH: usize = 40;

/// What a change does to a user beside its row.
struct Change<'a> {
    action: &'static str,
    /// May somebody make it on oneself without the right to change users?
    own: bool,
    /// What the audit trail tells of it, as JSON.
    detail: String,
    /// Does it end the user's tokens?
    ends_tokens: bool,
    edit: &'a (dyn Fn(&mut StoredUser) + Sync),
}

impl App {
    /// Changes a user. Anybody may change their own password, showing the password or API key and not a token alone; all
    /// else needs the right to change users.
    pub async fn change_user(
        &self,
        caller: &Caller,
        id: &UserId,
        change: UserChange,
    ) -> Result<User, Error> {
        let only_password = change.name.is_none()
            && change.roles.is_none()
            && change.disabled.is_none()
            && change.domain.is_none()
            && change.person.is_none()
            && change.person_members.is_empty()
            && change.expires.is_none();
        let name = change.name.map(checked_user_name).transpose()?;
        let person = change.person.map(Person::checked).transpose()?;
        let members = change.person_members.checked()?;
        let roles = match change.roles {
            Some(roles) => Some(self.grantable(caller, roles, id).await?),
            None => None,
        };
        if let Some(domain) = &change.domain {
            self.require(caller, Right::ChangeUsers, "user.change", id, domain)
                .await?;
        }
        if change.disabled == Some(true) && *id == caller.user.id {
            return Err(Error::Invalid("nobody can disable themselves".to_owned()));
        }
        // Hashed before the user is read: it takes long, and what is read must not grow old meanwhile.
        let password = match &change.password {
            Some(password) => Some(self.0.accounts.passwords.hash(password).await?),
            None => None,
        };
        let detail = serde_json::json!({
            "v": 1,
            "name": name,
            "domain": change.domain.as_ref().map(ToString::to_string),
            "roles": roles.as_ref().map(|roles| roles.iter().map(|role| role.word()).collect::<Vec<_>>()),
            "disabled": change.disabled,
            "password": password.is_some(),
            "person": person.is_some() || !members.is_empty(),
            "expires": change.expires.map(|end| end.map(Time::unix)),
        });
        let edit = |stored: &mut StoredUser| {
            let user = &mut stored.user;
            user.name = name.clone().unwrap_or_else(|| user.name.clone());
            user.roles = roles.clone().unwrap_or_else(|| user.roles.clone());
            user.domain = change.domain.clone().unwrap_or_else(|| user.domain.clone());
            user.disabled = change.disabled.unwrap_or(user.disabled);
            user.person = person.clone().unwrap_or_else(|| user.person.clone());
            members.apply(&mut user.person);
            user.expires = change.expires.unwrap_or(user.expires);
            if let Some(password) = &password {
                stored.password = Some(password.clone());
                user.has_password = true;
            }
        };
        let change = Change {
            action: "user.change",
            own: only_password,
            detail: detail.to_string(),
            ends_tokens: password.is_some(),
            edit: &edit,
        };
        self.edit_user(caller, id, change).await
    }

    /// Gives a user a new random API key, in the place of the old one. It is told this once; tokens end.
    pub async fn new_api_key(&self, caller: &Caller, id: &UserId) -> Result<SecretString, Error> {
        let key = SecretString::from(random::text(API_KEY_LENGTH)?);
        let hash = hash_of(&key);
        self.change_api_key(caller, id, "user.api-key", Some(hash))
            .await?;
        Ok(key)
    }

    /// Takes a user's API key away; tokens end.
    pub async fn remove_api_key(&self, caller: &Caller, id: &UserId) -> Result<User, Error> {
        self.change_api_key(caller, id, "user.remove-api-key", None)
            .await
    }

    async fn change_api_key(
        &self,
        caller: &Caller,
        id: &UserId,
        action: &'static str,
        hash: Option<[u8; 32]>,
    ) -> Result<User, Error> {
        let edit = |stored: &mut StoredUser| {
            stored.api_key = hash;
            stored.user.has_api_key = hash.is_some();
        };
        let change = Change {
            action,
            own: true,
            detail: "{\"v\":1}".to_owned(),
            ends_tokens: true,
            edit: &edit,
        };
        self.edit_user(caller, id, change).await
    }

    /// Removes a user to whom no certificate belongs.
    pub async fn remove_user(&self, caller: &Caller, id: &UserId) -> Result<(), Error> {
        for _ in 0..ATTEMPTS {
            let before = self
                .user_to_change(caller, id, "user.remove", false)
                .await?;
            if *id == caller.user.id {
                return Err(Error::Invalid("nobody can remove themselves".to_owned()));
            }
            let entry = NewAuditEntry {
                object: Some(id.to_string()),
                ..self.audit_entry(Some(caller), "user.remove")
            };
            let mut steps = vec![
                // It may have risen above the caller meanwhile.
                Step::ExpectUser(before.clone()),
                Step::RemoveTokensOf(id.clone()),
                Step::RemoveUser(id.clone()),
                Step::Audit(entry),
            ];
            if keeps_the_server_administered(&before) {
                steps.push(Step::ExpectAdministrator);
            }
            match self.commit_accounts(steps).await {
                Err(StoreError::Stale) => {}
                done => return Ok(done?),
            }
        }
        Err(Error::Busy)
    }

    /// Reads a user, edits it, and commits it if it is still as it was read; otherwise once more.
    async fn edit_user(
        &self,
        caller: &Caller,
        id: &UserId,
        change: Change<'_>,
    ) -> Result<User, Error> {
        // Who may not is refused before it waits for a turn.
        self.user_to_change(caller, id, change.action, change.own)
            .await?;
        let _turn = self.0.turns.take("user", id.as_str()).await;
        for _ in 0..ATTEMPTS {
            let before = self
                .user_to_change(caller, id, change.action, change.own)
                .await?;
            let mut after = before.clone();
            (change.edit)(&mut after);
            let entry = NewAuditEntry {
                object: Some(id.to_string()),
                detail: change.detail.clone(),
                ..self.audit_entry(Some(caller), change.action)
            };
            let mut steps = vec![
                Step::ExpectUser(before.clone()),
                Step::ChangeUser(after.clone()),
                Step::Audit(entry),
            ];
            if change.ends_tokens {
                steps.push(Step::RemoveTokensOf(id.clone()));
            }
            if loses_an_administrator(&before, &after) {
                steps.push(Step::ExpectAdministrator);
            }
            match self.commit_accounts(steps).await {
                Ok(()) => return Ok(after.user),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// A user that the caller may change; oneself too where `own` says so. Nobody changes who reaches farther, and
    /// nobody the server's own user.
    async fn user_to_change(
        &self,
        caller: &Caller,
        id: &UserId,
        action: &'static str,
        own: bool,
    ) -> Result<StoredUser, Error> {
        if own && *id == caller.user.id {
            if caller.by_token.is_some() {
                return Err(Error::Invalid(
                    "a token alone cannot change what proves its user: show the password or the API key"
                        .to_owned(),
                ));
            }
            return self.stored_user(id).await;
        }
        let stored = self
            .user_in_reach(caller, id, Right::ChangeUsers, action)
            .await?;
        if id.as_str() == SERVER_USER {
            self.refuse(caller, action, None, Some(id.to_string()))
                .await?;
        }
        self.grantable(caller, stored.user.roles.clone(), id)
            .await?;
        Ok(stored)
    }

    /// Commits a change of users, domains or tokens, and forgets what was verified before it, even if the caller has
    /// gone meanwhile.
    pub(crate) async fn commit_accounts(&self, steps: Vec<Step>) -> Result<(), StoreError> {
        let app = self.clone();
        let work = tokio::spawn(async move {
            let done = app.store().commit(steps).await;
            app.0.accounts.forget_verified();
            done.map(|_| ())
        });
        work.await
            .map_err(|error| StoreError::Broken(error.into()))?
    }
}

/// Is it an administrator who can log in, and can so for ever? One such must stay, or nobody could ever make another.
fn keeps_the_server_administered(stored: &StoredUser) -> bool {
    let user = &stored.user;
    let can_log_in = stored.password.is_some() || stored.api_key.is_some();
    user.roles.contains(&Role::Administrator)
        && !user.disabled
        && user.expires.is_none()
        && can_log_in
}

/// Does a change take such an administrator away? Another domain may, as it may be disabled.
fn loses_an_administrator(before: &StoredUser, after: &StoredUser) -> bool {
    let stays = keeps_the_server_administered(after) && before.user.domain == after.user.domain;
    keeps_the_server_administered(before) && !stays
}
