//! What a request brings: caller, query and body. Whatever is wrong with these, it is said in this API's words.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use chancery_app::{Credential, Error, Via};
use secrecy::SecretString;
use serde_json::Value;

use super::errors::Fault;
use super::{NAME, wire};
use crate::kit::address::via;
use crate::kit::authorization::{self, Authorization};
use crate::kit::body;
use crate::kit::header;
use crate::kit::query;
use crate::shared::Shared;

/// The headers by which one can prove who one is.
const PROOFS: [&str; 5] = [
    "sessionid",
    "token",
    "username",
    "password",
    "authorization",
];

/// Who asks, by any of the ways that the documents know.
pub(super) struct Caller(pub(super) chancery_app::Caller);

/// Somebody who has still to prove who it is, with what the headers say.
pub(super) struct Stranger {
    pub(super) headers: HeaderMap,
    pub(super) via: Via,
}

/// The parameters after the question mark. Unknown ones are passed over, `gwsource` and `gwkey` among them.
pub(super) struct Query(query::Query);

/// A body in JSON, whatever its Content-Type says.
pub(super) struct Json(pub(super) Value);

impl FromRequestParts<Shared> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Caller, Fault> {
        let credential = credential(&parts.headers).ok_or(Error::Unauthenticated)?;
        let via = via(NAME, parts);
        Ok(Caller(shared.app.authenticate(credential, via).await?))
    }
}

/// The first that is there of: a session, a service account's token, name and password, a bearer token. None if one of
/// these headers stands there twice or is no text: the next one might be somebody else's.
pub(super) fn credential(headers: &HeaderMap) -> Option<Credential> {
    let unclear = |name| headers.contains_key(name) && single(headers, name).is_none();
    if PROOFS.into_iter().any(unclear) {
        return None;
    }
    if let Some(session) = header(headers, "sessionid") {
        return Some(Credential::Token(token_of_session(session).into()));
    }
    if let Some(token) = header(headers, "token") {
        return Some(Credential::Token(token.to_owned().into()));
    }
    if let Some((name, password)) = name_and_password(headers) {
        return Some(Credential::PasswordOrApiKey(name, password));
    }
    match authorization::read(headers) {
        Some(Authorization::Bearer(token)) => Some(Credential::Token(token.into())),
        Some(Authorization::Basic(..)) | None => None,
    }
}

/// `username` (or `userName`) and `password`, neither of them empty.
pub(super) fn name_and_password(headers: &HeaderMap) -> Option<(String, SecretString)> {
    let name = header(headers, "username")?;
    let password = header(headers, "password")?;
    Some((name.to_owned(), password.to_owned().into()))
}

/// The id and secret of a service account: by Basic authentication, or in two headers as older clients send them.
pub(super) fn client(headers: &HeaderMap) -> Option<(String, SecretString)> {
    if let Some(Authorization::Basic(id, secret)) = authorization::read(headers) {
        return Some((id, secret.into()));
    }
    let id = header(headers, "client_id")?;
    let secret = header(headers, "client_secret")?;
    Some((id.to_owned(), secret.to_owned().into()))
}

/// A header that stands there once, in UTF-8, and not empty.
fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    single(headers, name).filter(|text| !text.is_empty())
}

/// A header that stands there once, in UTF-8.
fn single<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    std::str::from_utf8(header::single(headers, name)?.as_bytes()).ok()
}

/// A session's id is a token of 32 digits, printed as a UUID.
pub(super) fn session_of_token(token: &str) -> String {
    let mut session = String::with_capacity(36);
    for (place, digit) in token.chars().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            session.push('-');
        }
        session.push(digit);
    }
    session
}

fn token_of_session(session: &str) -> String {
    let digits: String = session.chars().filter(|c| *c != '-').collect();
    if session_of_token(&digits) == session {
        digits
    } else {
        session.to_owned()
    }
}

impl FromRequestParts<Shared> for Stranger {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Stranger, Fault> {
        Ok(Stranger {
            headers: parts.headers.clone(),
            via: via(NAME, parts),
        })
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

    /// A parameter that is not empty.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Fault> {
        let value = self.0.value(name)?.filter(|text| !text.is_empty());
        Ok(value.map(str::to_owned))
    }

    /// A parameter that is true or false.
    pub(super) fn flag(&self, name: &str, otherwise: bool) -> Result<bool, Fault> {
        match self
            .text(name)?
            .map(|text| text.to_ascii_lowercase())
            .as_deref()
        {
            None => Ok(otherwise),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(_) => Err(Fault::invalid(format!("{name} must be true or false"))),
        }
    }

    /// A parameter that is a number.
    pub(super) fn number(&self, name: &str, otherwise: u64) -> Result<u64, Fault> {
        match self.text(name)? {
            None => Ok(otherwise),
            Some(text) => text
                .parse()
                .map_err(|_| Fault::invalid(format!("{name} must be a number"))),
        }
    }
}

impl FromRequest<Shared> for Json {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<Json, Fault> {
        let body = body::text(request, shared.largest_body()).await?;
        wire::read(&body).map(Json).map_err(Fault::payload)
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn headers(list: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[track_caller]
    fn check(list: &[(&'static str, &str)], want: &str) {
        let found = match credential(&headers(list)) {
            Some(Credential::Token(token)) => format!("token {}", token.expose_secret()),
            Some(Credential::PasswordOrApiKey(name, secret)) => {
                format!("user {name} {}", secret.expose_secret())
            }
            Some(_) => "another".to_owned(),
            None => "none".to_owned(),
        };
        assert_eq!(found, want, "{list:?}");
    }

    #[test]
    fn every_way_to_prove_oneself_is_read() {
        let session = "00112233-4455-6677-8899-aabbccddeeff";
        let digits = "00112233445566778899aabbccddeeff";
        assert_eq!(session_of_token(digits), session);
        check(&[("sessionid", session)], &format!("token {digits}"));
        check(&[("sessionid", "a-b")], "token a-b");
        check(&[("token", session)], &format!("token {session}"));
        check(&[("username", "joe"), ("password", "p")], "user joe p");
        check(&[("authorization", "Bearer t")], "token t");
        check(
            &[("sessionid", ""), ("username", "joe"), ("password", "p")],
            "user joe p",
        );
        check(
            &[("sessionid", "s"), ("username", "joe"), ("password", "p")],
            "token s",
        );
        for nothing in [
            &[][..],
            &[("username", "joe")],
            &[("username", "joe"), ("password", "")],
            &[("sessionid", "a"), ("sessionid", "b")],
            &[("authorization", "Basic YTpi")],
        ] {
            check(nothing, "none");
        }
    }

    #[test]
    fn a_doubled_proof_does_not_give_way_to_another() {
        let joe = [("username", "joe"), ("password", "p")];
        for name in PROOFS {
            let mut list = joe.to_vec();
            list.extend([(name, "a"), (name, "b")]);
            check(&list, "none");
        }
    }

    #[test]
    fn clients_of_both_guides_are_read() {
        let of = |list: &[(&'static str, &str)]| {
            client(&headers(list)).map(|(id, secret)| (id, secret.expose_secret().to_owned()))
        };
        let want = Some(("a".to_owned(), "b".to_owned()));
        assert_eq!(of(&[("authorization", "Basic YTpi")]), want);
        assert_eq!(of(&[("client_id", "a"), ("client_secret", "b")]), want);
        assert_eq!(of(&[("client_id", "a")]), None);
    }

    #[test]
    fn parameters_have_their_types() {
        let query = Query::read("gwsource=x&isSync=TRUE&ttl=30&autoApproval=&a=1&a=2").unwrap();
        assert_eq!(query.flag("isSync", false), Ok(true));
        assert_eq!(query.flag("autoApproval", true), Ok(true));
        assert_eq!(query.number("ttl", 300), Ok(30));
        assert_eq!(query.number("absent", 300), Ok(300));
        assert!(query.flag("ttl", false).is_err() && query.number("isSync", 1).is_err());
        assert!(query.text("a").is_err() && Query::read("a=%ff").is_err());
    }
}
