//! What a request brings: caller, query, path and body. Whatever is wrong with these, it is said in this API's words.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use chancery_app::{CertificateRef, Credential, Error};
use chancery_core::identity::CertificateNumber;

use super::NAME;
use super::errors::{Fault, Kind};
use super::wire::Change;
use crate::kit::address::via;
use crate::kit::authorization::{self, Authorization};
use crate::kit::body;
use crate::kit::header::single;
use crate::kit::multipart::{Form, FormFault};
use crate::kit::query;
use crate::shared::Shared;

/// Who asks, by name and API key. A log-in password is none.
pub(super) struct Caller(pub(super) chancery_app::Caller);

/// The parameters after the question mark.
pub(super) struct Query(pub(super) query::Query);

/// The certificate that the path names by its number.
pub(super) struct Which(pub(super) CertificateRef);

/// A body that asks for a change.
pub(super) struct Wanted(pub(super) Change);

/// A form of several parts.
pub(super) struct Parted(pub(super) Form);

/// A POST that says that it is a PATCH (`X-HTTP-Method-Override`), for clients that know no PATCH.
pub(super) struct Overridden;

impl FromRequestParts<Shared> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Caller, Fault> {
        let Some(Authorization::Basic(user, key)) = authorization::read(&parts.headers) else {
            return Err(Error::Unauthenticated.into());
        };
        let credential = Credential::ApiKey(user, key.into());
        let caller = shared
            .app
            .authenticate(credential, via(NAME, parts))
            .await?;
        Ok(Caller(caller))
    }
}

impl FromRequestParts<Shared> for Query {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Query, Fault> {
        let text = parts.uri.query().unwrap_or_default();
        Ok(Query(query::Query::read(text)?))
    }
}

impl FromRequestParts<Shared> for Which {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared) -> Result<Which, Fault> {
        let path = Path::<String>::from_request_parts(parts, shared).await;
        let id = path.map(|Path(id)| id).unwrap_or_default();
        number(&id).map(CertificateRef::Number).map(Which)
    }
}

/// What is no number is no place of this API; a number that is too large is one that no certificate has.
pub(super) fn number(id: &str) -> Result<CertificateNumber, Fault> {
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Fault::new(Kind::Nowhere, ""));
    }
    id.parse().map_err(|_| Fault::not_found())
}

impl FromRequest<Shared> for Wanted {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<Wanted, Fault> {
        let body = body::text(request, shared.largest_body()).await?;
        Change::read(&body).map(Wanted).map_err(Fault::bad)
    }
}

impl FromRequest<Shared> for Parted {
    type Rejection = Fault;

    async fn from_request(request: Request, shared: &Shared) -> Result<Parted, Fault> {
        let header = single(request.headers(), CONTENT_TYPE.as_str());
        let content_type = header.and_then(|value| value.to_str().ok());
        let content_type = content_type.unwrap_or_default().to_owned();
        let body = body::read(request, shared.largest_body()).await?;
        Ok(Parted(Form::read(&content_type, body)?))
    }
}

impl From<FormFault> for Fault {
    fn from(fault: FormFault) -> Fault {
        Fault::bad(fault.to_string())
    }
}

impl FromRequestParts<Shared> for Overridden {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _shared: &Shared) -> Result<Overridden, Fault> {
        let said = single(&parts.headers, "x-http-method-override");
        if said.is_some_and(|method| method.as_bytes().eq_ignore_ascii_case(b"patch")) {
            Ok(Overridden)
        } else {
            Err(Fault::new(Kind::MethodNotAllowed("GET,PATCH"), ""))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read() {
        assert_eq!(number("1"), Ok(1));
        assert_eq!(number("0017"), Ok(17));
        for id in ["99999999999999999999", "9223372036854775808"] {
            assert_eq!(number(id), Err(Fault::not_found()), "{id}");
        }
        for id in ["", "x", "1x", "-1", "+1", "1.0", " 1", "\u{661}"] {
            assert_eq!(
                number(id).map_err(|fault| fault.kind),
                Err(Kind::Nowhere),
                "{id}"
            );
        }
    }
}
