//! Identity providers: where other products say that their users come from. Each but the internal one owns the domain
//! that has its id, made and removed with it.

use chancery_core::identity::{DomainId, UserId};
use chancery_core::role::Right;
use chancery_core::time::Time;

use crate::bootstrap::SERVER_USER;
use crate::property::{
    PropertyValue, TrustFilter, check_id, check_name, check_properties, new_id, next_version,
};
use crate::store::trust::TrustStep;
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::users::{NewUser, User, UserFilter};
use crate::{App, Caller, Error};

/// The id of the identity provider that is always there. It stands for every user whose domain belongs to no other one,
/// and cannot be changed or removed.
pub const INTERNAL_PROVIDER: &str = "0000000000000000fffffffffffffffe";

/// An identity provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct IdentityProvider {
    /// Its id: 32 lower-case hexadecimal digits.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// `Internal`, `Federated`, `LDAP` and whatever else the products that keep it here call its kind.
    pub kind: String,
    /// 0 when made; each change adds one.
    pub version: u32,
    /// What else is known of it, in the order given.
    pub properties: Vec<(String, PropertyValue)>,
    /// The ids of trusted certificates that it refers to, in the order given.
    pub certificates: Vec<String>,
    /// When it was made; 1970 for the internal one, which nobody made.
    pub created: Time,
}

/// An identity provider as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProviderText {
    /// Its name: 1 to 128 characters.
    pub name: String,
    /// Its kind: 1 to 128 characters.
    pub kind: String,
    /// Its properties: at most 64, no key twice, keys of 1 to 128 characters.
    pub properties: Vec<(String, PropertyValue)>,
    /// The ids of trusted certificates: at most 100, each there, none twice.
    pub certificates: Vec<String>,
    /// The version from which this was made. Where a newer one is stored it is refused; left out, it is not looked at.
    pub version: Option<u32>,
}

/// Most certificates of one provider.
const MOST_CERTIFICATES: usize = 100;

impl IdentityProvider {
    /// The domain to which its users belong; none for the internal one, whose users are those of all other domains.
    pub fn domain(&self) -> Option<DomainId> {
        DomainId::parse(&self.id)
            .ok()
            .filter(|_| self.id != INTERNAL_PROVIDER)
    }

    fn internal() -> IdentityProvider {
        IdentityProvider {
            id: INTERNAL_PROVIDER.to_owned(),
            name: "Internal Identity Provider".to_owned(),
            kind: "Internal".to_owned(),
            version: 0,
            properties: Vec::new(),
            certificates: Vec::new(),
            created: Time::from_unix(0),
        }
    }
}

impl App {
    /// Identity providers that pass `filter`, by name, the internal one among them; needs the right to read users in
    /// some measure.
    pub async fn identity_providers(
        &self,
        caller: &Caller,
        filter: TrustFilter,
    ) -> Result<Vec<IdentityProvider>, Error> {
        self.require_to_read_providers(caller, None).await?;
        let mut found = self.store().identity_providers(filter.clone()).await?;
        let internal = IdentityProvider::internal();
        let passes = |wanted: &[String], it| wanted.is_empty() || wanted.contains(it);
        if passes(&filter.names, &internal.name) && passes(&filter.kinds, &internal.kind) {
            let before = |other: &IdentityProvider| {
                let smaller = (&other.name, &other.id) < (&internal.name, &internal.id);
                smaller != filter.descending
            };
            found.insert(found.partition_point(before), internal);
        }
        Ok(found)
    }

    /// One identity provider.
    pub async fn identity_provider(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<IdentityProvider, Error> {
        self.require_to_read_providers(caller, Some(id)).await?;
        if id == INTERNAL_PROVIDER {
            return Ok(IdentityProvider::internal());
        }
        let found = self.store().identity_provider(id.to_owned()).await?;
        found.ok_or(Error::NotFound(PROVIDER))
    }

    /// Makes an identity provider with a random id.
    pub async fn add_identity_provider(
        &self,
        caller: &Caller,
        text: ProviderText,
    ) -> Result<IdentityProvider, Error> {
        let made = self.put_identity_provider(caller, &new_id()?, text).await?;
        Ok(made.0)
    }

    /// Replaces an identity provider, or makes it with that id; also says whether it was made.
    ///
    /// # Errors
    /// [`Error::Changed`] if a newer version than the text's is stored.
    pub async fn put_identity_provider(
        &self,
        caller: &Caller,
        id: &str,
        text: ProviderText,
    ) -> Result<(IdentityProvider, bool), Error> {
        self.require_to_change_provider(caller, id, "identity-provider.change")
            .await?;
        check_id(id)?;
        check(&text)?;
        let _turn = self.0.turns.take("identity provider", id).await;
        for _ in 0..ATTEMPTS {
            let stored = self.store().identity_provider(id.to_owned()).await?;
            let provider = IdentityProvider {
                id: id.to_owned(),
                name: text.name.clone(),
                kind: text.kind.clone(),
                version: next_version(stored.as_ref().map(|it| it.version), text.version)?,
                properties: text.properties.clone(),
                certificates: text.certificates.clone(),
                created: stored.as_ref().map_or_else(|| self.now(), |it| it.created),
            };
            let (made, action) = match stored {
                None => (true, "identity-provider.add"),
                Some(_) => (false, "identity-provider.change"),
            };
            let step = Step::Trust(TrustStep::PutProvider(provider.clone()));
            match self.commit_kept(caller, step, id, action).await {
                Ok(()) => return Ok((provider, made)),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// Removes an identity provider and its domain, which must have no users and no certificates.
    pub async fn remove_identity_provider(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        const ACTION: &str = "identity-provider.remove";
        self.require_to_change_provider(caller, id, ACTION).await?;
        let step = Step::Trust(TrustStep::RemoveProvider(id.to_owned()));
        match self.commit_kept(caller, step, id, ACTION).await {
            Err(StoreError::Missing) => Err(Error::NotFound(PROVIDER)),
            done => Ok(done?),
        }
    }

    /// A user with the id of the identity provider that it comes from, which must be `through` if one is named. The
    /// server's own user comes from none, and is not found.
    pub async fn provided_user(
        &self,
        caller: &Caller,
        id: &UserId,
        through: Option<&str>,
    ) -> Result<(User, String), Error> {
        let user = self.user(caller, id).await?;
        let provider = self.provider_of(&user.domain).await?;
        if is_the_servers(&user) || through.is_some_and(|id| id != provider) {
            return Err(Error::NotFound("user"));
        }
        Ok((user, provider))
    }

    /// Users that come from an identity provider and pass `filter`, as from [`App::users_matching`]; the filter's domain is
    /// not looked at. The server's own user is not among them.
    pub async fn provided_users(
        &self,
        caller: &Caller,
        provider: &str,
        filter: UserFilter,
        limit: usize,
    ) -> Result<Vec<User>, Error> {
        let domain = self.identity_provider(caller, provider).await?.domain();
        let filter = UserFilter {
            not_of_providers: domain.is_none(),
            domain,
            ..filter
        };
        let mut users = self.users_matching(caller, filter, limit).await?;
        users.retain(|user| !is_the_servers(user));
        Ok(users)
    }

    /// Makes a user that comes from `through`, or from that of the caller's domain if none is named, and gives the id of
    /// the identity provider with it. The new user's own domain is not looked at.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the internal one is named by somebody whose domain is another one's.
    pub async fn add_provided_user(
        &self,
        caller: &Caller,
        through: Option<&str>,
        new: NewUser,
    ) -> Result<(User, String), Error> {
        let named = match through {
            None => None,
            Some(id) => self.identity_provider(caller, id).await?.domain(),
        };
        let domain = named.unwrap_or_else(|| caller.user.domain.clone());
        let provider = self.provider_of(&domain).await?;
        if through.is_some_and(|id| id != provider) {
            return Err(Error::Invalid(format!(
                "users of the own domain come from another identity provider: name {provider}"
            )));
        }
        let domain = Some(domain);
        let user = self.add_user(caller, NewUser { domain, ..new }).await?;
        Ok((user, provider))
    }

    /// The id of the identity provider from which the users of a domain come.
    async fn provider_of(&self, domain: &DomainId) -> Result<String, Error> {
        let id = domain.as_str().to_owned();
        let found = self.store().identity_provider(id).await?;
        Ok(found.map_or_else(|| INTERNAL_PROVIDER.to_owned(), |provider| provider.id))
    }

    async fn require_to_read_providers(
        &self,
        caller: &Caller,
        id: Option<&str>,
    ) -> Result<(), Error> {
        let action = id.map_or("identity-provider.list", |_| "identity-provider.read");
        self.require_somewhere(caller, Right::ReadUsers, action, id)
            .await
    }

    async fn require_to_change_provider(
        &self,
        caller: &Caller,
        id: &str,
        action: &'static str,
    ) -> Result<(), Error> {
        self.require_everywhere(caller, Right::ChangeDomains, action)
            .await?;
        if id == INTERNAL_PROVIDER {
            return Err(Error::Invalid(
                "the internal identity provider cannot be changed or removed".to_owned(),
            ));
        }
        Ok(())
    }
}

/// What [`Error::NotFound`] calls it.
const PROVIDER: &str = "identity provider";

fn is_the_servers(user: &User) -> bool {
    user.id.as_str() == SERVER_USER
}

fn check(text: &ProviderText) -> Result<(), Error> {
    check_name("an identity provider's name", &text.name)?;
    check_name("an identity provider's kind", &text.kind)?;
    check_properties(&text.properties)?;
    if text.certificates.len() > MOST_CERTIFICATES {
        return Err(Error::Invalid(format!(
            "an identity provider has at most {MOST_CERTIFICATES} certificates"
        )));
    }
    let mut certificates: Vec<&String> = text.certificates.iter().collect();
    certificates.sort_unstable();
    certificates.dedup();
    if certificates.len() < text.certificates.len() {
        return Err(Error::Invalid(
            "an identity provider names a certificate twice".to_owned(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
