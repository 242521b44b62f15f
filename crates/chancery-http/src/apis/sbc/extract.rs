//! What a request brings: caller, body, query, and the address under which it reached us. Whatever is wrong with these, it
//! is said in this API's words.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use chancery_app::{Credential, Error};
use secrecy::SecretString;

use super::NAME;
use super::errors::Fault;
use super::wire;
use crate::kit::address::{self, via};
use crate::kit::authorization::{self, Authorization};
use crate::kit::body;
use crate::kit::negotiate::{MediaType, Representation, content_type};
use crate::kit::query;
use crate::kit::xml::Readable;
use crate::shared::Shared;

/// Who asks, by a token.
pub(super) struct Caller {
    /// The proof.
    pub(super) who: chancery_app::Caller,
    /// The token, to which the lock belongs.
    pub(super) token: SecretString,
}

/// Who asks for a token, by name and password.
pub(super) struct Knocking(pub(super) chancery_app::Caller);

/// The token that is to be renewed, if a form names one.
pub(super) struct OldToken(pub(super) Option<SecretString>);

/// A body in XML, whatever its Content-Type says.
pub(super) struct Sent<T>(pub(super) T);

/// The parameters after the question mark. Unknown ones are passed over.
pub(super) struct Query(query::Query);

/// The operation that the path names.
pub(super) struct OperationId(pub(super) String);

/// Where this version of the API stands, as the caller knows it: `https://HOST/rest/v1.2`.
pub(super) struct Here(pub(super) String);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Caller, Fault> {
        let Some(Authorization::Bearer(token)) = authorization::read(&parts.headers) else {
            return Err(Error::Unauthenticated.into());
        };
        let token = SecretString::from(token);
        let credential = Credential::Token(token.clone());
        let who = shared
            .app
            .authenticate(credential, via(NAME, parts))
            .await?;
        Ok(Caller { who, token })
    }
}

impl FromRequestParts<Shared> for Knocking {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Knocking, Fault> {
        let Some(Authorization::Basic(user, password)) = authorization::read(&parts.headers) else {
            return Err(Error::Unauthenticated.into());
        };
        let credential = Credential::Password(user, password.into());
        let who = shared
            .app
            .authenticate(credential, via(NAME, parts))
            .await?;
        Ok(Knocking(who))
    }
}

impl FromRequest<Shared> for OldToken {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<OldToken, Fault> {
        let media_type = content_type(request.headers());
        let body = body::text(request, shared.largest_body()).await?;
        OldToken::read(media_type.as_ref(), &body)
    }
}

impl OldToken {
    /// Reads a form: the value of its only parameter, whatever that is called, or the only word in it. What says that it is
    /// something else is passed over.
    pub(super) fn read(media_type: Option<&MediaType>, body: &[u8]) -> Result<OldToken, Fault> {
        if media_type.is_some_and(|it| it.essence != "application/x-www-form-urlencoded") {
            return Ok(OldToken(None));
        }
        let wrong = || Fault::bad("the form must hold the current token, and nothing else");
        let text = std::str::from_utf8(body).map_err(|_| wrong())?.trim();
        let form = query::Query::read(text).map_err(|_| wrong())?;
        let mut pairs = form.pairs();
        let token = match (pairs.next(), pairs.next()) {
            (None, _) => return Ok(OldToken(None)),
            (Some((word, "")), None) => word,
            (Some((_, value)), None) => value,
            (Some(_), Some(_)) => return Err(wrong()),
        };
        Ok(OldToken(Some(token.to_owned().into())))
    }
}

impl<T: Readable> FromRequest<Shared> for Sent<T> {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<Sent<T>, Fault> {
        let media_type = content_type(request.headers());
        let body = body::text(request, shared.largest_body()).await?;
        Sent::read(media_type.as_ref(), &body)
    }
}

impl<T: Readable> Sent<T> {
    /// Reads a body that came under this Content-Type, which counts only where the body is no XML: clients leave it out,
    /// or send what their tool sends by itself.
    pub(super) fn read(media_type: Option<&MediaType>, body: &[u8]) -> Result<Sent<T>, Fault> {
        let other = media_type.filter(|it| it.representation() != Some(Representation::Xml));
        let is_xml = Representation::looked_at(body) == Representation::Xml;
        if let Some(other) = other.filter(|_| !is_xml && !body.is_empty()) {
            return Err(Fault::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                format!("{} is not read: send application/xml", other.essence),
            ));
        }
        if body.is_empty() {
            return Err(Fault::bad(format!("send <{}> in the body", T::ROOT)));
        }
        wire::read(body).map(Sent).map_err(Fault::bad)
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

    /// The value of a parameter that may stand there once; an empty one is none.
    pub(super) fn value(&self, name: &str) -> Result<Option<&str>, Fault> {
        Ok(self.0.value(name)?.filter(|value| !value.is_empty()))
    }

    /// The value of a parameter that must stand there.
    pub(super) fn required(&self, name: &str) -> Result<&str, Fault> {
        self.value(name)?
            .ok_or_else(|| Fault::bad(format!("the parameter {name} is required")))
    }

    /// A parameter that is `true` or `false`, and false if it is not there.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Fault> {
        match self.value(name)? {
            Some(text) => wire::flag(name, text).map_err(Fault::bad),
            None => Ok(false),
        }
    }

    /// A parameter that is a whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u32>, Fault> {
        let read = |text: &str| {
            text.parse()
                .map_err(|_| Fault::bad(format!("{name} must be a whole number")))
        };
        self.value(name)?.map(read).transpose()
    }
}

impl FromRequestParts<Shared> for OperationId {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<OperationId, Fault> {
        let (_version, id): (String, String) = address::named(parts).await?;
        Ok(OperationId(id))
    }
}

impl FromRequestParts<Shared> for Here {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Here, Fault> {
        let Some(host) = address::host(parts) else {
            return Err(Fault::bad("the request's Host header names no host"));
        };
        let version = parts.uri.path().split('/').nth(2).unwrap_or_default();
        Ok(Here(format!("https://{host}/rest/{version}")))
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::super::wire::element;
    use super::*;

    #[test]
    fn a_token_is_found_in_a_form_under_any_name() {
        let read = |body: &[u8]| {
            let OldToken(token) = OldToken::read(None, body).ok()?;
            Some(token.map(|token| token.expose_secret().to_owned()))
        };
        for body in ["token=abc", "accessToken=abc", "abc", "abc\r\n", "a%62c="] {
            assert_eq!(
                read(body.as_bytes()),
                Some(Some("abc".to_owned())),
                "{body}"
            );
        }
        for body in ["", " ", "&"] {
            assert_eq!(read(body.as_bytes()), Some(None), "{body}");
        }
        for body in [&b"token=a&token=b"[..], b"a&b", b"\xff", b"token=%ff"] {
            assert_eq!(read(body), None, "{body:?}");
        }
        for (essence, is_read) in [
            ("application/x-www-form-urlencoded", true),
            ("application/xml", false),
            ("application/json", false),
        ] {
            let media_type = MediaType {
                essence: essence.to_owned(),
                charset: None,
            };
            let token = OldToken::read(Some(&media_type), b"{}").ok().unwrap().0;
            assert_eq!(token.is_some(), is_read, "{essence}");
        }
    }

    #[test]
    fn the_content_type_counts_where_the_body_is_no_xml() {
        let status = |essence: Option<&str>, body: &str| {
            let media_type = essence.map(|essence| MediaType {
                essence: essence.to_owned(),
                charset: None,
            });
            let read = Sent::<element::Sent>::read(media_type.as_ref(), body.as_bytes());
            read.map_or_else(|fault| fault.status.as_u16(), |_| 200)
        };
        let good = "\n<configElement><elementType>a</elementType></configElement>";
        let form = Some("application/x-www-form-urlencoded");
        for essence in [
            None,
            form,
            Some("application/xml"),
            Some("application/json"),
        ] {
            assert_eq!(status(essence, good), 200, "{essence:?}");
            assert_eq!(status(essence, ""), 400, "{essence:?}");
            assert_eq!(status(essence, "<a>"), 400, "{essence:?}");
        }
        for (essence, want) in [
            (None, 400),
            (form, 415),
            (Some("text/xml"), 400),
            (Some("application/json"), 415),
        ] {
            assert_eq!(status(essence, "{}"), want, "{essence:?}");
        }
    }

    #[test]
    fn parameters_are_read() {
        let query = Query::read("a=&b=true&c=7&d=x&e=1&e=2").unwrap();
        assert_eq!(query.value("a"), Ok(None));
        assert!(query.required("a").is_err());
        assert_eq!(query.required("d"), Ok("x"));
        assert_eq!((query.flag("b"), query.flag("z")), (Ok(true), Ok(false)));
        assert!(query.flag("d").is_err());
        assert_eq!(query.number("c"), Ok(Some(7)));
        assert!(query.number("d").is_err());
        assert!(query.value("e").is_err());
    }
}
