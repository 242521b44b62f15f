//! Proving who is calling: passwords, API keys and tokens.

mod password;
mod remember;
mod slowdown;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use chancery_core::digest;
use chancery_core::identity::DomainId;
use chancery_core::role::Right;
use chancery_core::time::Time;
use secrecy::{ExposeSecret, SecretString};

use crate::audit::NewAuditEntry;
use crate::config::AccountsConfig;
use crate::store::Step;
use crate::store::accounts::{StoredToken, StoredUser, UserKey};
use crate::users::User;
use crate::{App, Caller, Error, random};

pub(crate) use password::Passwords;

/// What a caller shows.
#[derive(Debug)]
pub enum Credential {
    /// A log-in name (or user id) with the password.
    Password(String, SecretString),
    /// A log-in name (or user id) with the API key.
    ApiKey(String, SecretString),
    /// A log-in name (or user id) with the password or the API key.
    PasswordOrApiKey(String, SecretString),
    /// A token.
    Token(SecretString),
}

/// Through which door a caller comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Via {
    /// The API's name, for the audit trail.
    pub api: &'static str,
    /// The caller's address.
    pub address: Option<IpAddr>,
}

/// How an API's tokens look and live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenStyle {
    /// What stands before the random part.
    pub prefix: &'static str,
    /// Random octets, printed as twice as many hexadecimal digits; at least 12.
    pub octets: usize,
    /// Seconds to live.
    pub life: u32,
}

/// A token just made. Its text is told this once; only its hash is kept.
#[derive(Debug)]
pub struct NewToken {
    /// The token.
    pub text: SecretString,
    /// The last second at which it is good.
    pub expires: Time,
    /// The domain that it is scoped to.
    pub scope: Option<DomainId>,
}

/// What the engine keeps in memory about log-in.
pub(crate) struct Accounts {
    pub(crate) passwords: Passwords,
    remembered: remember::Remembered<Known>,
    slowdown: slowdown::Slowdown,
}

/// What is remembered of a verified credential.
#[derive(Clone)]
struct Known {
    user: Arc<User>,
    /// For tokens: when it ends, and its scope.
    token: Option<(Time, Option<DomainId>)>,
}

impl Accounts {
    pub(crate) fn new(config: &AccountsConfig) -> Result<Accounts, Error> {
        Ok(Accounts {
            passwords: Passwords::new()?,
            remembered: remember::Remembered::new(
                random::octets()?,
                Duration::from_secs(u64::from(config.remember_seconds)),
            ),
            slowdown: slowdown::Slowdown::new(
                config.free_attempts,
                Duration::from_millis(u64::from(config.slowest_ms)),
            ),
        })
    }

    /// Forgets every verified credential: something about users or tokens changed.
    pub(crate) fn forget_verified(&self) {
        self.remembered.forget_all();
    }
}

impl App {
    /// Proves who is calling. A verified credential is remembered for a short time under a keyed hash, so that Basic
    /// authentication does not pay for argon2 on each request; wrong ones are slowed.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], [`Error::UserDisabled`] (only to who proved to be that user), [`Error::Throttled`].
    pub async fn authenticate(&self, credential: Credential, via: Via) -> Result<Caller, Error> {
        let (kind, name, secret) = match &credential {
            Credential::Password(name, secret) => ("password", name.as_str(), secret),
            Credential::ApiKey(name, secret) => ("api-key", name.as_str(), secret),
            Credential::PasswordOrApiKey(name, secret) => ("either", name.as_str(), secret),
            Credential::Token(secret) => ("token", "", secret),
        };
        let parts = [
            kind.as_bytes(),
            name.as_bytes(),
            secret.expose_secret().as_bytes(),
        ];
        let remembered = &self.0.accounts.remembered;
        let known = match remembered.recall(&parts) {
            Some(known) => known,
            None => {
                let epoch = remembered.epoch();
                let known = self.verify(&credential, via).await?;
                remembered.remember(epoch, &parts, known.clone());
                known
            }
        };
        let by_token = known.token.map(|(expires, _)| expires);
        if by_token.is_some_and(|expires| expires < self.now()) {
            return Err(Error::Unauthenticated);
        }
        self.not_over(&known.user)?;
        Ok(Caller {
            user: known.user,
            api: via.api,
            by_token,
        })
    }

    async fn verify(&self, credential: &Credential, via: Via) -> Result<Known, Error> {
        let known = match credential {
            // A token is random: guessing it needs no slowing, and an expired one is no attack.
            Credential::Token(text) => self.verify_token(text).await?,
            Credential::Password(name, secret) => {
                self.verify_slowed(name, secret, (true, false), via).await?
            }
            Credential::ApiKey(name, secret) => {
                self.verify_slowed(name, secret, (false, true), via).await?
            }
            Credential::PasswordOrApiKey(name, secret) => {
                self.verify_slowed(name, secret, (true, true), via).await?
            }
        };
        self.enabled(&known.user).await?;
        Ok(known)
    }

    /// Refuses a user to whom no proof of being that user would help.
    pub(crate) async fn may_log_in(&self, user: &User) -> Result<(), Error> {
        self.not_over(user)?;
        self.enabled(user).await
    }

    /// Refuses a user that is disabled, or whose domain is.
    async fn enabled(&self, user: &User) -> Result<(), Error> {
        let domain = self.store().domain(user.domain.clone()).await?;
        if user.disabled || domain.is_none_or(|domain| domain.disabled) {
            return Err(Error::UserDisabled);
        }
        Ok(())
    }

    /// Refuses a user whose account has ended: time ends what is remembered, too.
    fn not_over(&self, user: &User) -> Result<(), Error> {
        if user.expires.is_some_and(|end| end < self.now()) {
            return Err(Error::UserDisabled);
        }
        Ok(())
    }

    async fn verify_slowed(
        &self,
        name: &str,
        secret: &SecretString,
        kinds: (bool, bool),
        via: Via,
    ) -> Result<Known, Error> {
        let attempt = self
            .0
            .accounts
            .slowdown
            .enter(name, via.address)
            .await
            .map_err(Error::Throttled)?;
        match self.verify_secret(name, secret, kinds).await {
            Ok(user) => {
                attempt.succeeded();
                Ok(Known {
                    user: Arc::new(user),
                    token: None,
                })
            }
            Err(Error::Unauthenticated) => {
                tracing::warn!(user = name, address = ?via.address, api = via.api, "wrong credentials");
                attempt.failed().await;
                Err(Error::Unauthenticated)
            }
            Err(error) => Err(error),
        }
    }

    /// The user of that name (or id), if the secret is its API key or password, as far as each kind counts.
    async fn verify_secret(
        &self,
        name: &str,
        secret: &SecretString,
        (password, api_key): (bool, bool),
    ) -> Result<User, Error> {
        let stored = self.user_by_name_or_id(name).await?;
        if api_key
            && let Some(stored) = &stored
            && stored
                .api_key
                .is_some_and(|hash| same_hash(&hash, &hash_of(secret)))
        {
            return Ok(stored.user.clone());
        }
        // Somebody who is not there, or has no password, costs as much time as somebody who is.
        let hash = stored.as_ref().and_then(|stored| stored.password.clone());
        if password && self.0.accounts.passwords.verify(secret, hash).await? {
            return stored
                .map(|stored| stored.user)
                .ok_or(Error::Unauthenticated);
        }
        Err(Error::Unauthenticated)
    }

    async fn user_by_name_or_id(&self, name: &str) -> Result<Option<StoredUser>, Error> {
        if let Some(stored) = self.store().user(UserKey::Name(name.to_owned())).await? {
            return Ok(Some(stored));
        }
        match chancery_core::identity::UserId::parse(name) {
            Ok(id) => Ok(self.store().user(UserKey::Id(id)).await?),
            Err(_) => Ok(None),
        }
    }

    async fn verify_token(&self, text: &SecretString) -> Result<Known, Error> {
        let token = self
            .store()
            .token(hash_of(text))
            .await?
            .ok_or(Error::Unauthenticated)?;
        if token.expires < self.now() {
            return Err(Error::Unauthenticated);
        }
        let stored = self
            .store()
            .user(UserKey::Id(token.user))
            .await?
            .ok_or(Error::Unauthenticated)?;
        Ok(Known {
            user: Arc::new(stored.user),
            token: Some((token.expires, token.scope)),
        })
    }

    /// Makes a token for the caller, scoped to a domain if given. A scope needs to be the caller's own domain, or the
    /// caller's right to read certificates to reach everywhere. A caller who showed a token gets one that ends with it.
    pub async fn new_token(
        &self,
        caller: &Caller,
        style: TokenStyle,
        scope: Option<DomainId>,
    ) -> Result<NewToken, Error> {
        if let Some(domain) = &scope
            && *domain != caller.user.domain
        {
            self.require_everywhere(caller, Right::ReadCertificates, "token.create")
                .await?;
            self.store()
                .domain(domain.clone())
                .await?
                .ok_or(Error::NotFound("domain"))?;
        }
        let expires = self.end_of_new(caller, style);
        self.make_token(caller, style, scope, expires, "token.create")
            .await
    }

    /// When a new token of the caller's ends: a caller who showed a token gets none that outlives it.
    pub(crate) fn end_of_new(&self, caller: &Caller, style: TokenStyle) -> Time {
        let whole_life = self.now().plus_seconds(i64::from(style.life));
        caller
            .by_token
            .map_or(whole_life, |end| end.min(whole_life))
    }

    /// Makes a token of full life in the place of one that still holds, for APIs whose tokens can be refreshed.
    pub async fn refresh_token(
        &self,
        caller: &Caller,
        style: TokenStyle,
        scope: Option<DomainId>,
    ) -> Result<NewToken, Error> {
        let expires = self.now().plus_seconds(i64::from(style.life));
        self.make_token(caller, style, scope, expires, "token.refresh")
            .await
    }

    async fn make_token(
        &self,
        caller: &Caller,
        style: TokenStyle,
        scope: Option<DomainId>,
        expires: Time,
        action: &'static str,
    ) -> Result<NewToken, Error> {
        let (token, new) = fresh_token(caller, style, scope, expires)?;
        let entry = self.audit_entry(Some(caller), action);
        self.store()
            .commit(vec![Step::AddToken(token), Step::Audit(entry)])
            .await?;
        Ok(new)
    }

    /// Makes the token worthless at once. The caller must be the token's user, or an administrator.
    pub async fn revoke_token(&self, caller: &Caller, token: &SecretString) -> Result<(), Error> {
        let hash = hash_of(token);
        let stored = self
            .store()
            .token(hash)
            .await?
            .ok_or(Error::NotFound("token"))?;
        if stored.user != caller.user.id {
            self.require_everywhere(caller, Right::ChangeDomains, "token.revoke")
                .await?;
        }
        let entry = NewAuditEntry {
            object: Some(stored.user.to_string()),
            ..self.audit_entry(Some(caller), "token.revoke")
        };
        self.commit_accounts(vec![Step::RemoveToken(hash), Step::Audit(entry)])
            .await?;
        Ok(())
    }

    /// Whose token that is, its end and scope, if it is good. For APIs that validate tokens of others: the caller must
    /// be the token's user, or an administrator. A token whose user could not use it is not good.
    pub async fn inspect_token(
        &self,
        caller: &Caller,
        token: &SecretString,
    ) -> Result<(Arc<User>, Time, Option<DomainId>), Error> {
        let known = match self.verify_token(token).await {
            Err(Error::Unauthenticated) => return Err(Error::NotFound("token")),
            other => other?,
        };
        if known.user.id != caller.user.id {
            self.require_everywhere(caller, Right::ChangeDomains, "token.inspect")
                .await?;
        }
        match self.may_log_in(&known.user).await {
            Err(Error::UserDisabled) => return Err(Error::NotFound("token")),
            other => other?,
        }
        let (expires, scope) = known.token.ok_or(Error::NotFound("token"))?;
        Ok((known.user, expires, scope))
    }
}

/// A token for the caller, as stored and as told; nothing is stored yet.
pub(crate) fn fresh_token(
    caller: &Caller,
    style: TokenStyle,
    scope: Option<DomainId>,
    expires: Time,
) -> Result<(StoredToken, NewToken), Error> {
    let random = random::octets::<32>()?;
    let digits = hex::encode(random.get(..style.octets.clamp(12, 32)).unwrap_or(&random));
    let text = SecretString::from(format!("{}{digits}", style.prefix));
    let token = StoredToken {
        hash: hash_of(&text),
        user: caller.user.id.clone(),
        scope: scope.clone(),
        expires,
    };
    let new = NewToken {
        text,
        expires,
        scope,
    };
    Ok((token, new))
}

/// SHA-256 of a random secret: enough for what cannot be guessed.
pub(crate) fn hash_of(secret: &SecretString) -> [u8; 32] {
    digest::sha256(&[secret.expose_secret().as_bytes()])
}

fn same_hash(a: &[u8; 32], b: &[u8; 32]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(a, b).is_ok()
}
