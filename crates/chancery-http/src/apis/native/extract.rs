//! This API's caller and body: what is wrong with them is told in its words too.

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use chancery_app::{CertificateRef, Credential, Error};
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::errors::Fault;
use super::{NAME, map};
use crate::kit::address::via;
use crate::kit::authorization::{self, Authorization};
use crate::kit::negotiate::content_type;
use crate::kit::{body, media};
use crate::shared::Shared;

/// Who is calling: Basic with API key or password, or a bearer token.
pub(super) struct Caller(pub(super) chancery_app::Caller);

/// A JSON body.
pub(super) struct Json<T>(pub(super) T);

/// The certificate that the path names: 24 hexadecimal digits are an id, other digits a number, all else a name.
pub(super) struct Which(pub(super) CertificateRef);

/// A path's one variable part.
pub(super) struct Id(pub(super) String);

/// A query string; names that this API does not know are refused.
pub(super) struct Query<T>(pub(super) T);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Caller, Fault> {
        let credential = match authorization::read(&parts.headers) {
            Some(Authorization::Basic(user, secret)) => {
                Credential::PasswordOrApiKey(user, SecretString::from(secret))
            }
            Some(Authorization::Bearer(token)) => Credential::Token(SecretString::from(token)),
            None => return Err(Error::Unauthenticated.into()),
        };
        let caller = shared
            .app
            .authenticate(credential, via(NAME, parts))
            .await?;
        Ok(Caller(caller))
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Fault;

    /// Reads JSON; an empty body counts as `{}`. Without a Content-Type it is taken for JSON too.
    async fn from_request(request: Request<Body>, shared: &Shared) -> Result<Json<T>, Fault> {
        if !is_json(request.headers()) {
            return Err(Fault::not_json());
        }
        let octets = body::text(request, shared.largest_body()).await?;
        // serde would take an array for an object without names.
        if octets
            .trim_ascii()
            .first()
            .is_some_and(|first| *first != b'{')
        {
            return Err(Fault::invalid("the JSON: send one object"));
        }
        let text: &[u8] = if octets.trim_ascii().is_empty() {
            b"{}"
        } else {
            &octets
        };
        serde_json::from_slice(text)
            .map(Json)
            .map_err(|error| Fault::invalid(format!("the JSON: {error}")))
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = content_type(headers).map(|media_type| media_type.essence);
    let is_json = |kind: String| {
        kind == media::JSON || (kind.starts_with("application/") && kind.ends_with("+json"))
    };
    kind.map_or(!headers.contains_key(CONTENT_TYPE), is_json)
}

impl FromRequestParts<Shared> for Id {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Id, Fault> {
        let Path(id) = Path::<String>::from_request_parts(parts, shared)
            .await
            .map_err(|_| Fault::invalid("the path is not UTF-8"))?;
        Ok(Id(id))
    }
}

impl FromRequestParts<Shared> for Which {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Which, Fault> {
        let Id(id) = Id::from_request_parts(parts, shared).await?;
        Ok(Which(map::reference(&id)))
    }
}

impl<T: DeserializeOwned> FromRequestParts<Shared> for Query<T> {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Query<T>, Fault> {
        let query = parts.uri.query().unwrap_or_default();
        if percent_encoding::percent_decode_str(query)
            .decode_utf8()
            .is_err()
        {
            return Err(Fault::invalid("the query is not UTF-8"));
        }
        axum::extract::Query::<T>::from_request_parts(parts, shared)
            .await
            .map(|query| Query(query.0))
            .map_err(|rejection| Fault::invalid(format!("the query: {}", rejection.body_text())))
    }
}
