//! Users and domains: who certificates belong to, and who may do what.

use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::role::{Reach, Right, Role};
use chancery_core::time::Time;
use secrecy::SecretString;

use crate::audit::NewAuditEntry;
use crate::store::Step;
use crate::store::accounts::{StoredUser, UserKey};
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
    /// Whom it stands for.
    pub person: Person,
    /// The last second of the account: after it nothing proves the user any more. None if it does not end.
    pub expires: Option<Time>,
    /// The certificate that is attached to it, if that is neither deleted nor purged.
    pub certificate: Option<CertificateId>,
}

/// What is told of the person (or thing) behind a user: for people to read, nothing rests on it. Each at most 128
/// characters without control characters; an empty text is none.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Person {
    /// What to call it.
    pub display_name: Option<String>,
    /// Its first name.
    pub first_name: Option<String>,
    /// Its last name.
    pub last_name: Option<String>,
    /// Its e-mail address, in whatever form.
    pub email: Option<String>,
    /// The distinguished name that its certificates have or should have, as it was given.
    pub subject_dn: Option<String>,
}

/// Which users to list, and in what order. All conditions hold together.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct UserFilter {
    /// Only those of this domain.
    pub domain: Option<DomainId>,
    /// Only those whose domain belongs to no identity provider.
    pub not_of_providers: bool,
    /// Only those with one of these log-in names; empty if the name does not matter.
    pub names: Vec<String>,
    /// The order.
    pub order: UserOrder,
}

/// The order of a listing of users.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum UserOrder {
    /// By id.
    #[default]
    Id,
    /// By log-in name, octet by octet.
    Name,
    /// By log-in name, the last one first.
    NameDescending,
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
    /// Whom it stands for.
    pub person: Person,
    /// The last second of the account, if it ends.
    pub expires: Option<Time>,
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
    /// Another person: all of it.
    pub person: Option<Person>,
    /// Single members of the person, after `person`.
    pub person_members: PersonChange,
    /// Another end of the account, or none.
    pub expires: Option<Option<Time>>,
}

/// What to change of a [`Person`]. What is left out stays; what is given as none goes.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct PersonChange {
    /// Another display name.
    pub display_name: Option<Option<String>>,
    /// Another first name.
    pub first_name: Option<Option<String>>,
    /// Another last name.
    pub last_name: Option<Option<String>>,
    /// Another e-mail address.
    pub email: Option<Option<String>>,
    /// Another distinguished name.
    pub subject_dn: Option<Option<String>>,
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
/// Most users of one answer without pages.
const LARGEST_LISTING: usize = 10_000;

impl Person {
    /// The person, if each member is fit to be kept.
    pub(crate) fn checked(self) -> Result<Person, Error> {
        Ok(Person {
            display_name: checked_text("display name", self.display_name)?,
            first_name: checked_text("first name", self.first_name)?,
            last_name: checked_text("last name", self.last_name)?,
            email: checked_text("e-mail address", self.email)?,
            subject_dn: checked_text("subject", self.subject_dn)?,
        })
    }
}

impl PersonChange {
    /// Does it change nothing?
    pub(crate) fn is_empty(&self) -> bool {
        *self == PersonChange::default()
    }

    /// The change, if each member is fit to be kept.
    pub(crate) fn checked(self) -> Result<PersonChange, Error> {
        let checked = |what, member: Option<Option<String>>| {
            member.map(|text| checked_text(what, text)).transpose()
        };
        Ok(PersonChange {
            display_name: checked("display name", self.display_name)?,
            first_name: checked("first name", self.first_name)?,
            last_name: checked("last name", self.last_name)?,
            email: checked("e-mail address", self.email)?,
            subject_dn: checked("subject", self.subject_dn)?,
        })
    }

    /// Changes a person.
    pub(crate) fn apply(&self, person: &mut Person) {
        let members = [
            (&self.display_name, &mut person.display_name),
            (&self.first_name, &mut person.first_name),
            (&self.last_name, &mut person.last_name),
            (&self.email, &mut person.email),
            (&self.subject_dn, &mut person.subject_dn),
        ];
        for (change, member) in members {
            if let Some(text) = change {
                member.clone_from(text);
            }
        }
    }
}

impl App {
    /// One user; needs the right to read it.
    pub async fn user(&self, caller: &Caller, id: &UserId) -> Result<User, Error> {
        if *id == caller.user.id {
            return Ok(self.stored_user(id).await?.user);
        }
        let stored = self
            .user_in_reach(caller, id, Right::ReadUsers, "user.read")
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
        let (domain, only) = self.users_in_reach(caller, domain).await?;
        if let Some(own) = only {
            return match after {
                Some(_) => Ok(Vec::new()),
                None => Ok(vec![self.stored_user(&own).await?.user]),
            };
        }
        Ok(self
            .store()
            .users(domain, after, limit.clamp(1, LARGEST_PAGE + 1))
            .await?)
    }

    /// Users that pass a filter, at most `limit` (and 10,000) in one answer, for APIs that know no pages. A
    /// caller whose right does not reach everywhere gets what it reaches, as from [`App::users`].
    pub async fn users_matching(
        &self,
        caller: &Caller,
        mut filter: UserFilter,
        limit: usize,
    ) -> Result<Vec<User>, Error> {
        let only;
        (filter.domain, only) = self.users_in_reach(caller, filter.domain).await?;
        Ok(self
            .store()
            .users_matching(filter, only, limit.clamp(1, LARGEST_LISTING))
            .await?)
    }

    /// The domain, and the one user if it is that alone, to which a listing is held by what the caller may read. A domain
    /// beyond that is refused.
    async fn users_in_reach(
        &self,
        caller: &Caller,
        domain: Option<DomainId>,
    ) -> Result<(Option<DomainId>, Option<UserId>), Error> {
        let own = &caller.user.domain;
        let within = domain.as_ref().is_none_or(|domain| domain == own);
        match caller.reach(Right::ReadUsers) {
            Reach::Everywhere => Ok((domain, None)),
            Reach::Domain if within => Ok((Some(own.clone()), None)),
            Reach::Own if within => Ok((None, Some(caller.user.id.clone()))),
            Reach::Domain | Reach::Own | Reach::Nothing => {
                self.refuse(caller, "user.list", None, None).await?;
                Err(Error::Forbidden("user.list"))
            }
        }
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
        let person = new.person.checked()?;
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
            person,
            expires: new.expires,
            certificate: None,
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

    /// The roles, sorted, if the caller may give them: those that reach beyond a domain are an administrator's to give.
    pub(crate) async fn grantable(
        &self,
        caller: &Caller,
        mut roles: Vec<Role>,
        user: &UserId,
    ) -> Result<Vec<Role>, Error> {
        if caller.is_below(&roles) {
            self.refuse(caller, "user.grant", None, Some(user.to_string()))
                .await?;
        }
        roles.sort_unstable();
        roles.dedup();
        Ok(roles)
    }

    /// A user on whom the caller may use that right. Whether one is there is nobody's business who may not.
    pub(crate) async fn user_in_reach(
        &self,
        caller: &Caller,
        id: &UserId,
        right: Right,
        action: &'static str,
    ) -> Result<StoredUser, Error> {
        let stored = self.store().user(UserKey::Id(id.clone())).await?;
        let domain = match &stored {
            Some(stored) => &stored.user.domain,
            None => &caller.user.domain,
        };
        self.require(caller, right, action, id, domain).await?;
        stored.ok_or(Error::NotFound("user"))
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

/// Longest member of a [`Person`], in characters.
const LONGEST_TEXT: usize = 128;

/// A member of a person; an empty one is none.
fn checked_text(what: &str, text: Option<String>) -> Result<Option<String>, Error> {
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if text.chars().count() > LONGEST_TEXT || text.chars().any(char::is_control) {
        return Err(Error::Invalid(format!(
            "the {what} has more than {LONGEST_TEXT} characters, or control characters"
        )));
    }
    Ok(Some(text))
}

/// Twelve random digits, as the ids of the HP Keystone document.
fn random_user_id() -> Result<UserId, Error> {
    let number = u64::from_be_bytes(random::octets()?) % 1_000_000_000_000;
    UserId::parse(&format!("{number:012}")).map_err(Error::internal)
}

#[cfg(test)]
mod tests;
