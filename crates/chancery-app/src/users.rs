//! Users and domains: who certificates belong to, and who may do what.

use chancery_core::identity::{DomainId, UserId};
use chancery_core::role::{Reach, Right, Role};
use chancery_core::time::Time;
use secrecy::SecretString;

use crate::accounts::hash_of;
use crate::audit::NewAuditEntry;
use crate::store::{Step, StoredUser, UserKey};
use crate::{App, Caller, Error, random};

/// A user, as told to those who may read it. What proves it stays in the store.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct User {
    /// Its id, unique everywhere.
    pub id: UserId,
    /// Its log-in name, unique everywhere.
    pub name: String,
    /// The domain to which it belongs.
    pub domain: DomainId,
    /// Its roles, sorted, none twice.
    pub roles: Vec<Role>,
    /// May it do anything at all?
    pub disabled: bool,
    /// Does it have a password?
    pub has_password: bool,
    /// Does it have an API key?
    pub has_api_key: bool,
    /// When it was made.
    pub created: Time,
}

/// A domain: users and certificates that are administered together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Domain {
    /// Its id, unique everywhere.
    pub id: DomainId,
    /// Its name, for people.
    pub name: String,
    /// Are all its users disabled?
    pub disabled: bool,
    /// When it was made.
    pub created: Time,
}

/// A user to be made.
#[derive(Debug)]
pub struct NewUser {
    /// Its id; made from random digits if left out.
    pub id: Option<UserId>,
    /// Its log-in name.
    pub name: String,
    /// Its domain; the caller's if left out.
    pub domain: Option<DomainId>,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Its password, if it gets one.
    pub password: Option<SecretString>,
}

/// What to change of a user. What is left out stays.
#[derive(Debug, Default)]
pub struct UserChange {
    /// Another log-in name.
    pub name: Option<String>,
    /// Other roles.
    pub roles: Option<Vec<Role>>,
    /// Whether it is disabled.
    pub disabled: Option<bool>,
    /// Another password. Ends every token of the user.
    pub password: Option<SecretString>,
    /// Another domain.
    pub domain: Option<DomainId>,
}

/// A domain to be made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewDomain {
    /// Its id.
    pub id: DomainId,
    /// Its name, for people; the id if left out.
    pub name: Option<String>,
}

/// What to change of a domain. What is left out stays.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct DomainChange {
    /// Another name.
    pub name: Option<String>,
    /// Whether it, and thereby all its users, is disabled.
    pub disabled: Option<bool>,
}

/// Most users or domains of one page.
const LARGEST_PAGE: usize = 1000;
/// Characters of an API key.
const API_KEY_LENGTH: usize = 40;

impl App {
    /// One user; needs the right to read it.
    pub async fn user(&self, caller: &Caller, id: &UserId) -> Result<User, Error> {
        if *id == caller.user.id {
            return Ok(self.stored_user(id).await?.user);
        }
        let stored = match self.stored_user(id).await {
            Ok(stored) => stored,
            Err(Error::NotFound(what)) => {
                self.require(
                    caller,
                    Right::ReadUsers,
                    "user.read",
                    id,
                    &caller.user.domain,
                )
                .await?;
                return Err(Error::NotFound(what));
            }
            Err(error) => return Err(error),
        };
        self.require(
            caller,
            Right::ReadUsers,
            "user.read",
            id,
            &stored.user.domain,
        )
        .await?;
        Ok(stored.user)
    }

    /// Users in the order of their ids: of one domain or of all that the caller may read.
    pub async fn users(
        &self,
        caller: &Caller,
        domain: Option<DomainId>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<User>, Error> {
        let own = &caller.user.domain;
        let domain = match caller.reach(Right::ReadUsers) {
            Reach::Everywhere => domain,
            Reach::Domain if domain.as_ref().is_none_or(|domain| domain == own) => {
                Some(own.clone())
            }
            Reach::Own if domain.as_ref().is_none_or(|domain| domain == own) => {
                return Ok(vec![self.stored_user(&caller.user.id).await?.user]);
            }
            Reach::Domain | Reach::Own | Reach::Nothing => {
                self.refuse(caller, "user.list", None, None).await?;
                None
            }
        };
        Ok(self
            .store()
            .users(domain, after, limit.clamp(1, LARGEST_PAGE))
            .await?)
    }

    /// Makes a user. Roles that reach beyond a domain are an administrator's to give. A domain that is not there yet is
    /// made with it, for who may make domains.
    pub async fn add_user(&self, caller: &Caller, new: NewUser) -> Result<User, Error> {
        let domain = new.domain.unwrap_or_else(|| caller.user.domain.clone());
        let id = match new.id {
            Some(id) => id,
            None => random_user_id()?,
        };
        self.require(caller, Right::ChangeUsers, "user.add", &id, &domain)
            .await?;
        let roles = self.grantable(caller, new.roles, &id).await?;
        let password = match new.password {
            Some(password) => Some(self.0.accounts.passwords.hash(&password).await?),
            None => None,
        };
        let user = User {
            id,
            name: checked_user_name(new.name)?,
            domain,
            roles,
            disabled: false,
            has_password: password.is_some(),
            has_api_key: false,
            created: self.now(),
        };
        let mut steps = self.missing_domain(caller, &user.domain).await?;
        let entry = NewAuditEntry {
            object: Some(user.id.to_string()),
            ..self.audit_entry(Some(caller), "user.add")
        };
        let stored = StoredUser {
            user: user.clone(),
            password,
            api_key: None,
        };
        steps.extend([Step::AddUser(stored), Step::Audit(entry)]);
        self.store().commit(steps).await?;
        Ok(user)
    }

    /// Changes a user. Anybody may change the own password; all else needs the right to change users.
    pub async fn change_user(
        &self,
        caller: &Caller,
        id: &UserId,
        change: UserChange,
    ) -> Result<User, Error> {
        let only_password = change.name.is_none()
            && change.roles.is_none()
            && change.disabled.is_none()
            && change.domain.is_none();
        let mut stored = self
            .user_to_change(caller, id, "user.change", only_password)
            .await?;
        let mut steps = Vec::new();
        if let Some(name) = change.name {
            stored.user.name = checked_user_name(name)?;
        }
        if let Some(roles) = change.roles {
            stored.user.roles = self.grantable(caller, roles, id).await?;
        }
        if let Some(domain) = change.domain {
            self.require(caller, Right::ChangeUsers, "user.change", id, &domain)
                .await?;
            stored.user.domain = domain;
        }
        if let Some(disabled) = change.disabled {
            if disabled && *id == caller.user.id {
                return Err(Error::Invalid("nobody can disable themselves".to_owned()));
            }
            stored.user.disabled = disabled;
        }
        if let Some(password) = change.password {
            stored.password = Some(self.0.accounts.passwords.hash(&password).await?);
            stored.user.has_password = true;
            steps.push(Step::RemoveTokensOf(id.clone()));
        }
        self.keep_user(caller, stored, "user.change", steps).await
    }

    /// Gives a user a new random API key, in the place of the old one. It is told this once.
    pub async fn new_api_key(&self, caller: &Caller, id: &UserId) -> Result<SecretString, Error> {
        let mut stored = self
            .user_to_change(caller, id, "user.api-key", true)
            .await?;
        let key = SecretString::from(random::text(API_KEY_LENGTH)?);
        stored.api_key = Some(hash_of(&key));
        stored.user.has_api_key = true;
        self.keep_user(caller, stored, "user.api-key", Vec::new())
            .await?;
        Ok(key)
    }

    /// Takes a user's API key away.
    pub async fn remove_api_key(&self, caller: &Caller, id: &UserId) -> Result<User, Error> {
        let mut stored = self
            .user_to_change(caller, id, "user.api-key", true)
            .await?;
        stored.api_key = None;
        stored.user.has_api_key = false;
        self.keep_user(caller, stored, "user.remove-api-key", Vec::new())
            .await
    }

    /// Removes a user to whom no certificate belongs.
    pub async fn remove_user(&self, caller: &Caller, id: &UserId) -> Result<(), Error> {
        let stored = self
            .user_to_change(caller, id, "user.remove", false)
            .await?;
        if stored.user.id == caller.user.id {
            return Err(Error::Invalid("nobody can remove themselves".to_owned()));
        }
        let entry = NewAuditEntry {
            object: Some(id.to_string()),
            ..self.audit_entry(Some(caller), "user.remove")
        };
        let steps = vec![
            Step::RemoveTokensOf(id.clone()),
            Step::RemoveUser(id.clone()),
            Step::Audit(entry),
        ];
        self.store().commit(steps).await?;
        self.0.accounts.forget_verified();
        Ok(())
    }

    /// A user that the caller may change; oneself too where `own` says so. Nobody changes who reaches farther.
    async fn user_to_change(
        &self,
        caller: &Caller,
        id: &UserId,
        action: &'static str,
        own: bool,
    ) -> Result<StoredUser, Error> {
        let stored = match self.stored_user(id).await {
            Err(Error::NotFound(what)) => {
                self.require(caller, Right::ChangeUsers, action, id, &caller.user.domain)
                    .await?;
                return Err(Error::NotFound(what));
            }
            other => other?,
        };
        if !(own && *id == caller.user.id) {
            self.require(caller, Right::ChangeUsers, action, id, &stored.user.domain)
                .await?;
            self.grantable(caller, stored.user.roles.clone(), id)
                .await?;
        }
        Ok(stored)
    }

    async fn keep_user(
        &self,
        caller: &Caller,
        stored: StoredUser,
        action: &'static str,
        mut steps: Vec<Step>,
    ) -> Result<User, Error> {
        let user = stored.user.clone();
        let entry = NewAuditEntry {
            object: Some(user.id.to_string()),
            ..self.audit_entry(Some(caller), action)
        };
        steps.extend([Step::ChangeUser(stored), Step::Audit(entry)]);
        self.store().commit(steps).await?;
        self.0.accounts.forget_verified();
        Ok(user)
    }

    /// The roles, sorted, if the caller may give them: those that reach beyond a domain are an administrator's to give.
    async fn grantable(
        &self,
        caller: &Caller,
        mut roles: Vec<Role>,
        user: &UserId,
    ) -> Result<Vec<Role>, Error> {
        let within = |role: &Role| matches!(role, Role::DomainAdministrator | Role::SelfService);
        if !roles.iter().all(within) && caller.reach(Right::ChangeDomains) != Reach::Everywhere {
            self.refuse(caller, "user.grant", None, Some(user.to_string()))
                .await?;
        }
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }

    async fn stored_user(&self, id: &UserId) -> Result<StoredUser, Error> {
        self.store()
            .user(UserKey::Id(id.clone()))
            .await?
            .ok_or(Error::NotFound("user"))
    }
}

/// A log-in name: 1 to 128 visible characters without white space and colons (Basic authentication ends it there).
fn checked_user_name(name: String) -> Result<String, Error> {
    let fits = (1..=128).contains(&name.len())
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || c == ':');
    if fits {
        return Ok(name);
    }
    Err(Error::Invalid(
        "a user's name has 1 to 128 characters without spaces and colons".to_owned(),
    ))
}

/// Twelve random digits, as the ids of the HP Keystone document.
fn random_user_id() -> Result<UserId, Error> {
    let number = u64::from_be_bytes(random::octets()?) % 1_000_000_000_000;
    UserId::parse(&format!("{number:012}")).map_err(Error::internal)
}
