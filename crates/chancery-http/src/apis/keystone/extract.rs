//! What a request brings: caller, body, query, path and the address under which it reached us. Whatever is wrong with
//! these, it is said in this API's words.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Path, Request};
use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::Authority;
use bytes::Bytes;
use chancery_app::{CertificateRef, Credential, Via};
use percent_encoding::percent_decode_str;

use super::errors::{Fault, Kind};
use super::wire::{self, Readable};
use super::{NAME, map};
use crate::kit::body::{self, BodyFault};
use crate::kit::negotiate::{Representation, content_type};
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
pub(super) struct Query(Vec<(String, String)>);

/// The certificate that the path names by issuer and serial number.
pub(super) struct Which(pub(super) CertificateRef);

/// A path's only variable part, decoded.
pub(super) struct Segment(pub(super) String);

/// The address of this API as the caller knows it: `https://HOST/v2.0/`.
pub(super) struct BaseUrl(pub(super) String);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Caller, Fault> {
        let mut values = parts.headers.get_all("x-auth-token").iter();
        let (Some(value), None) = (values.next(), values.next()) else {
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
            .authenticate(Credential::Token(token.to_owned().into()), via(parts))
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
        Ok(Stranger(via(parts)))
    }
}

fn via(parts: &Parts) -> Via {
    let address = parts
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|info| info.0.ip());
    Via { api: NAME, address }
}

impl<T: Readable> FromRequest<Shared> for Spoken<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<Spoken<T>, Fault> {
        let media_type = content_type(request.headers());
        let limit = usize::try_from(shared.config.server.max_body).unwrap_or(usize::MAX);
        let body = body::read(request, limit)
            .await
            .map_err(|fault| match fault {
                BodyFault::TooLarge => Fault::new(
                    Kind::OverLimit,
                    format!("the body is larger than {limit} octets"),
                ),
                BodyFault::Broken => Fault::bad("the body did not arrive whole"),
            })?;
        if media_type
            .as_ref()
            .is_some_and(|media_type| !media_type.is_utf8())
        {
            return Err(Fault::bad("the body must be in UTF-8"));
        }
        let said = media_type.and_then(|media_type| media_type.representation());
        match said.unwrap_or_else(|| looks_like(&body)) {
            Representation::Xml => wire::read_xml(&body).map(Spoken).map_err(Fault::bad),
            Representation::Json => wire::read_json(&body).map(Spoken).map_err(Fault::bad),
        }
    }
}

/// What a body is that does not say so, as curl sends it without a Content-Type of its own.
fn looks_like(body: &Bytes) -> Representation {
    let first = body.iter().find(|octet| !octet.is_ascii_whitespace());
    if first == Some(&b'<') {
        Representation::Xml
    } else {
        Representation::Json
    }
}

impl FromRequestParts<Shared> for Query {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Query, Fault> {
        Query::read(parts.uri.query().unwrap_or_default())
    }
}

impl Query {
    /// Reads `a=b&c=d`, percent-encoded UTF-8 with `+` for a space.
    pub(super) fn read(text: &str) -> Result<Query, Fault> {
        let decoded = |text: &str| match percent_decode_str(&text.replace('+', " ")).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(Fault::bad("the query is not in UTF-8")),
        };
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decoded(name)?, decoded(value)?))
        });
        pairs.collect::<Result<_, Fault>>().map(Query)
    }

    /// The value of a parameter that may stand there once.
    pub(super) fn value(&self, name: &str) -> Result<Option<&str>, Fault> {
        let mut values = self
            .0
            .iter()
            .filter(|(known, _)| known == name)
            .map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(Fault::bad(format!("{name} is given twice"))),
        }
    }
}

impl FromRequestParts<Shared> for Which {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Which, Fault> {
        let path = Path::<(String, String)>::from_request_parts(parts, shared).await;
        let Ok(Path((issuer, serial))) = path else {
            return Err(Fault::bad("the path is not in UTF-8"));
        };
        map::issued(&issuer, &serial).map(Which)
    }
}

impl FromRequestParts<Shared> for Segment {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Segment, Fault> {
        let path = Path::<String>::from_request_parts(parts, shared).await;
        let Ok(Path(segment)) = path else {
            return Err(Fault::bad("the path is not in UTF-8"));
        };
        Ok(Segment(segment))
    }
}

impl FromRequestParts<Shared> for BaseUrl {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<BaseUrl, Fault> {
        if let Some(url) = &shared.config.keystone.public_url {
            return Ok(BaseUrl(url.clone()));
        }
        let header = || {
            parts
                .headers
                .get(HOST)
                .and_then(|value| value.to_str().ok())
        };
        let host = parts.uri.authority().map(Authority::as_str).or_else(header);
        let Some(host) = host.filter(|host| is_host(host)) else {
            return Err(Fault::bad("the request's Host header names no host"));
        };
        Ok(BaseUrl(format!("https://{host}/v2.0/")))
    }
}

/// Name or address, and perhaps a port: nothing that could mean something else inside a URL.
fn is_host(text: &str) -> bool {
    text.parse::<Authority>()
        .is_ok_and(|authority| !authority.host().is_empty())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        let text = "issuerName=CN=Joe%20Test,+O=H%26P&limit=5&&flag&a=1&a=2&%6Darker=x";
        let query = Query::read(text).map_err(drop).unwrap();
        assert_eq!(query.value("issuerName"), Ok(Some("CN=Joe Test, O=H&P")));
        assert_eq!(query.value("limit"), Ok(Some("5")));
        assert_eq!(query.value("flag"), Ok(Some("")));
        assert_eq!(query.value("marker"), Ok(Some("x")));
        assert_eq!(query.value("absent"), Ok(None));
        assert_eq!(query.value("a").unwrap_err().kind, Kind::BadRequest);
        assert_eq!(
            Query::read("a=%ff").map(drop).unwrap_err().kind,
            Kind::BadRequest
        );
    }

    #[test]
    fn only_hosts_stand_in_urls() {
        for host in [
            "localhost",
            "localhost:8443",
            "127.0.0.1:8443",
            "[::1]:8443",
            "ca_1.example",
        ] {
            assert!(is_host(host), "{host}");
        }
        for host in ["", ":8443", "a@b", "a/b", "a?b", "a b", "a\"b", "a:b:c"] {
            assert!(!is_host(host), "{host}");
        }
    }
}
