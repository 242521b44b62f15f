//! What a request brings: caller, body, query and what its path names. Whatever is wrong with these, it is said in this
//! API's words.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use bytes::Bytes;
use chancery_app::{Credential, Error, INTERNAL_PROVIDER};
use chancery_core::identity::UserId;
use secrecy::SecretString;

use super::NAME;
use super::errors::Fault;
use super::wire;
use crate::kit::address::{self, via};
use crate::kit::authorization::{self, Authorization};
use crate::kit::body;
use crate::kit::query;
use crate::kit::xml::Readable;
use crate::shared::Shared;

/// Who asks, by log-in name and password.
pub(super) struct Caller(pub(super) chancery_app::Caller);

/// A body as it came, whatever its Content-Type says.
pub(super) struct Raw(pub(super) Bytes);

/// A body in XML, whatever its Content-Type says.
pub(super) struct Sent<T>(pub(super) T);

/// The parameters after the question mark.
pub(super) struct Query(query::Query);

/// What a path names: perhaps an identity provider, perhaps a thing.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Place {
    /// The identity provider's id, if the path goes through one.
    pub(super) provider: Option<String>,
    /// The thing's id.
    id: String,
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Caller, Fault> {
        let Some(Authorization::Basic(user, password)) = authorization::read(&parts.headers) else {
            return Err(Error::Unauthenticated.into());
        };
        let credential = Credential::Password(user, SecretString::from(password));
        let via = via(NAME, parts);
        Ok(Caller(shared.app.authenticate(credential, via).await?))
    }
}

impl FromRequest<Shared> for Raw {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<Raw, Fault> {
        Ok(Raw(body::text(request, shared.largest_body()).await?))
    }
}

impl<T: Readable> FromRequest<Shared> for Sent<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<Sent<T>, Fault> {
        let Raw(body) = Raw::from_request(request, shared).await?;
        wire::read(&body).map(Sent).map_err(Fault::bad)
    }
}

impl FromRequestParts<Shared> for Query {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Query, Fault> {
        Query::read(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    /// Reads what stands after the question mark.
    pub(super) fn read(text: &str) -> Result<Query, Fault> {
        Ok(Query(query::Query::read(text)?))
    }

    /// The value of a parameter that may stand there once.
    pub(super) fn value(&self, name: &str) -> Result<Option<&str>, Fault> {
        Ok(self.0.value(name)?)
    }

    /// Every value of a parameter.
    pub(super) fn values(&self, name: &str) -> Vec<String> {
        self.0.values(name).map(str::to_owned).collect()
    }

    /// The first parameter that is none of these.
    pub(super) fn other_than(&self, known: &[&str]) -> Option<&str> {
        self.0
            .pairs()
            .map(|(name, _)| name)
            .find(|name| !known.contains(name))
    }
}

impl FromRequestParts<Shared> for Place {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Place, Fault> {
        let named: Vec<(String, String)> = address::named(parts).await?;
        let mut place = Place::default();
        for (name, value) in named {
            match name.as_str() {
                "providerId" => place.provider = Some(value),
                "id" => place.id = value,
                _ => {}
            }
        }
        Ok(place)
    }
}

impl Place {
    /// The thing's id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The identity provider that is meant: the internal one unless the path names another.
    pub(super) fn provider_id(&self) -> &str {
        self.provider.as_deref().unwrap_or(INTERNAL_PROVIDER)
    }

    /// The user that is meant.
    pub(super) fn user(&self) -> Result<UserId, Fault> {
        UserId::parse(&self.id).map_err(|_| Error::NotFound("user").into())
    }
}
