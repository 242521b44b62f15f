//! Users and domains: who certificates belong to, and who may do what.

use chancery_core::identity::{DomainId, UserId};
use chancery_core::role::{Reach, Right, Role};
use chancery_core::time::Time;
use secrecy::SecretString;

use crate::audit::NewAuditEntry;
use crate::error::Conflict;
use crate::store::{Step, StoredUser, UserKey};
use crate::user_change::outranks;
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

/// Most users of one page. One more is given, so that whoever pages can tell whether there is another page.
const LARGEST_PAGE: usize = 1000;

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
                let own = self.stored_user(&caller.user.id).await?.user;
                return Ok(if after.is_some() {
                    Vec::new()
                } else {
                    vec![own]
                });
            }
            Reach::Domain | Reach::Own | Reach::Nothing => {
                self.refuse(caller, "user.list", None, None).await?;
                None
            }
        };
        Ok(self
            .store()
            .users(domain, after, limit.clamp(1, LARGEST_PAGE + 1))
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
        let name = checked_user_name(new.name)?;
        self.unmistakable(&id, &name).await?;
        let password = match new.password {
            Some(password) => Some(self.0.accounts.passwords.hash(&password).await?),
            None => None,
        };
        let user = User {
            id,
            name,
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
        self.commit_accounts(steps).await?;
        Ok(user)
    }

    /// Refuses a name that is another user's id, and an id that is another's name: who logs in by either is one user.
    pub(crate) async fn unmistakable(&self, id: &UserId, name: &str) -> Result<(), Error> {
        let as_id = UserId::parse(name).ok().filter(|other| other != id);
        if let Some(other) = as_id
            && self.store().user(UserKey::Id(other)).await?.is_some()
        {
            return Err(Error::Conflict(Conflict::UserName));
        }
        let named = self.store().user(UserKey::Name(id.to_string())).await?;
        if named.is_some_and(|other| other.user.id != *id) {
            return Err(Error::Conflict(Conflict::UserId));
        }
        Ok(())
    }

    /// The roles, sorted, if the caller may give them: those that reach beyond a domain are an administrator's to give.
    pub(crate) async fn grantable(
        &self,
        caller: &Caller,
        mut roles: Vec<Role>,
        user: &UserId,
    ) -> Result<Vec<Role>, Error> {
        if outranks(caller, &roles) {
            self.refuse(caller, "user.grant", None, Some(user.to_string()))
                .await?;
        }
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }

    pub(crate) async fn stored_user(&self, id: &UserId) -> Result<StoredUser, Error> {
        self.store()
            .user(UserKey::Id(id.clone()))
            .await?
            .ok_or(Error::NotFound("user"))
    }
}

/// A log-in name: 1 to 128 visible characters without white space and colons (Basic authentication ends it there).
pub(crate) fn checked_user_name(name: String) -> Result<String, Error> {
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
