//! How an answer leaves, and what every request must satisfy before it reaches a handler: a version that is spoken, and a
//! client that takes XML.

use axum::extract::Request;
use axum::http::header::{
    CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER, UPGRADE, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chancery_app::Error;

use super::VERSIONS;
use super::errors::Fault;
use super::wire::Envelope;
use crate::kit::media;
use crate::kit::negotiate::{Representation, accepts};
use crate::kit::node::Node;

/// The only path that names no version.
const VERSIONLESS: &str = "/rest/api/supportedversions";

/// What a handler has to say.
pub(super) struct Answer {
    status: StatusCode,
    said: Option<Envelope>,
}

impl Answer {
    /// 200 with this.
    pub(super) fn ok(data: impl IntoIterator<Item = Node>) -> Answer {
        Answer::envelope(Envelope::saying(data))
    }

    /// 200 with that envelope.
    pub(super) fn envelope(envelope: Envelope) -> Answer {
        Answer {
            status: StatusCode::OK,
            said: Some(envelope),
        }
    }

    /// 202 with the address at which to look for the outcome.
    pub(super) fn accepted(link: String) -> Answer {
        let envelope = Envelope {
            links: vec![link],
            ..Envelope::default()
        };
        Answer {
            status: StatusCode::ACCEPTED,
            said: Some(envelope),
        }
    }

    /// 204
    pub(super) fn nothing() -> Answer {
        Answer {
            status: StatusCode::NO_CONTENT,
            said: None,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self.said {
            Some(envelope) => (self.status, XML, envelope.document()).into_response(),
            None => self.status.into_response(),
        }
    }
}

const XML: [(HeaderName, &str); 1] = [(CONTENT_TYPE, media::XML)];

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let text = Envelope::error(&self.text).document();
        let mut response = (self.status, XML, text).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // Basic gets a token, which then is the Bearer's.
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"SBC\", Bearer realm=\"SBC\""),
            );
        }
        if self.status == StatusCode::UPGRADE_REQUIRED {
            // RFC 9110, section 15.5.22.
            headers.insert(UPGRADE, HeaderValue::from_static("TLS/1.2, HTTP/1.1"));
            headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        }
        response
    }
}

/// An error of the engine in this API's words, for what goes wrong around the handlers.
pub(crate) fn fault(error: &Error, _headers: &HeaderMap) -> Response {
    Fault::of(error).into_response()
}

/// Refuses versions that are not spoken, and clients that take no XML; lets all others through.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    match check(request.uri().path(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(fault) => fault.into_response(),
    }
}

fn check(path: &str, headers: &HeaderMap) -> Result<(), Fault> {
    let version = path.split('/').nth(2).unwrap_or_default();
    if !VERSIONS.contains(&version) && path != VERSIONLESS {
        return Err(Fault::version());
    }
    if accepts(headers, Representation::Xml) {
        return Ok(());
    }
    Err(Fault::new(
        StatusCode::NOT_ACCEPTABLE,
        "answers are application/xml, which the Accept header does not take",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::header::ACCEPT;

    #[test]
    fn versions_come_before_representations() {
        let status = |path: &str, accept: &str| {
            let headers = HeaderMap::from_iter([(ACCEPT, accept.parse().unwrap())]);
            check(path, &headers).map_err(|fault| fault.status.as_u16())
        };
        for path in [
            "/rest/v1.0/x",
            "/rest/v1.1/x",
            "/rest/v1.2",
            "/rest/api/supportedversions",
        ] {
            assert_eq!(status(path, "application/xml"), Ok(()));
            assert_eq!(status(path, "application/json"), Err(406));
        }
        for path in [
            "/rest",
            "/rest/",
            "/rest/v1.3/x",
            "/rest/V1.2/x",
            "/rest/v1.2%20/x",
            "/rest/api/auth/token",
        ] {
            assert_eq!(status(path, "application/json"), Err(404), "{path}");
        }
    }
}
