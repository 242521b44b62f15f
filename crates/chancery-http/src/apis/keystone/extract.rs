//! What a request brings: caller, body, query, path and the address under which it reached us. Whatever is wrong with
//! these, it is said in this API's words.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use chancery_app::{CertificateRef, Credential, Via};

use super::errors::{Fault, Kind};
use super::wire::{self, Readable};
use super::{NAME, map};
use crate::kit::address::{self, via};
use crate::kit::body::{self, BodyFault};
use crate::kit::header::single;
use crate::kit::negotiate::{Representation, content_type, says_utf8};
use crate::kit::query;
use crate::shared::Shared;

/// Who asks, by the token in X-Auth-Token.
pub(super) struct Caller {
    /// The proof.
    pub(super) who: chancery_app::Caller,
    /// The token's text.
    pub(super) token: String,
}

/// From where somebody asks who has still to prove who it is.
pub(super) struct Stranger(pub(super) Via);

/// A body in JSON or XML.
pub(super) struct Spoken<T>(pub(super) T);

/// The parameters after the question mark. Unknown ones are passed over.
pub(super) struct Query(query::Query);

/// The certificate that the path names by issuer and serial number.
pub(super) struct Which(pub(super) CertificateRef);

/// A path's only variable part, decoded.
pub(super) struct Segment(pub(super) String);

/// The address of this API as the caller knows it: `https://HOST/v2.0/`.
pub(super) struct BaseUrl(pub(super) String);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Caller, Fault> {
        let Some(value) = single(&parts.headers, "x-auth-token") else {
            return Err(Fault::new(
                Kind::Unauthorized,
                "send one token in the X-Auth-Token header",
            ));
        };
        let Ok(token) = value.to_str() else {
            return Err(chancery_app::Error::Unauthenticated.into());
        };
        let who = shared
            .app
            .authenticate(Credential::Token(token.to_owned().into()), via(NAME, parts))
            .await?;
        Ok(Caller {
            who,
            token: token.to_owned(),
        })
    }
}

impl FromRequestParts<Shared> for Stranger {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Stranger, Fault> {
        Ok(Stranger(via(NAME, parts)))
    }
}

impl<T: Readable> FromRequest<Shared> for Spoken<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<Spoken<T>, Fault> {
        let media_type = content_type(request.headers());
        let is_utf8 = says_utf8(request.headers());
        let body = body::read(request, shared.largest_body()).await?;
        // Stricter than the other APIs: of another charset not even ASCII is read.
        if !is_utf8 {
            return Err(BodyFault::Charset.into());
        }
        let said = media_type.and_then(|media_type| media_type.representation());
        match said.unwrap_or_else(|| Representation::looked_at(&body)) {
            Representation::Xml => wire::read_xml(&body).map(Spoken).map_err(Fault::bad),
            Representation::Json => wire::read_json(&body).map(Spoken).map_err(Fault::bad),
        }
    }
}

impl FromRequestParts<Shared> for Query {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Query, Fault> {
        Query::read(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    pub(super) fn read(text: &str) -> Result<Query, Fault> {
        Ok(Query(query::Query::read(text)?))
    }

    /// The value of a parameter that may stand there once.
    pub(super) fn value(&self, name: &str) -> Result<Option<&str>, Fault> {
        Ok(self.0.value(name)?)
    }
}

impl FromRequestParts<Shared> for Which {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Which, Fault> {
        let (issuer, serial): (String, String) = address::named(parts).await?;
        map::issued(&issuer, &serial).map(Which)
    }
}

impl FromRequestParts<Shared> for Segment {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Segment, Fault> {
        Ok(Segment(address::named(parts).await?))
    }
}

impl FromRequestParts<Shared> for BaseUrl {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<BaseUrl, Fault> {
        if let Some(url) = &shared.config.keystone.public_url {
            return Ok(BaseUrl(url.clone()));
        }
        let Some(host) = address::host(parts) else {
            return Err(Fault::bad("the request's Host header names no host"));
        };
        Ok(BaseUrl(format!("https://{host}/v2.0/")))
    }
}
