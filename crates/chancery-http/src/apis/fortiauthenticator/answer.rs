//! How an answer leaves: as JSON or XML, whichever the query's `format` or the Accept header asks for.
//!
//! Handlers say what they say without knowing in which of the two; [`speak`] writes it down.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_TYPE, RETRY_AFTER, VARY, WWW_AUTHENTICATE,
    X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chancery_app::Error;

use super::errors::{Fault, Kind};
use super::layout::Document;
use crate::kit::media;
use crate::kit::negotiate::{Representation, accepted};
use crate::kit::query::Query;

/// How Tastypie asks who is calling.
const CHALLENGE: &str = "Basic Realm=\"FortiAuthenticator\"";
/// The media type of what has no representation.
const NEITHER: &str = "text/html; charset=utf-8";

/// What a handler has to say.
pub(super) struct Answer {
    status: StatusCode,
    said: Said,
}

/// What is said, on its way to [`speak`].
#[derive(Clone)]
enum Said {
    Document(Arc<Document>),
    Methods(&'static str),
    Fault(Fault),
}

impl Answer {
    /// A document with the status 200.
    pub(super) fn ok(document: Document) -> Answer {
        Answer {
            status: StatusCode::OK,
            said: Said::Document(Arc::new(document)),
        }
    }

    /// A document with the status 202: it was changed.
    pub(super) fn accepted(document: Document) -> Answer {
        Answer {
            status: StatusCode::ACCEPTED,
            ..Answer::ok(document)
        }
    }

    /// 200 with the methods that a path has.
    pub(super) fn methods(methods: &'static str) -> Answer {
        Answer {
            status: StatusCode::OK,
            said: Said::Methods(methods),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self.said);
        response
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        Answer {
            status: self.kind.status(),
            said: Said::Fault(self),
        }
        .into_response()
    }
}

/// Writes down what the handler, or an extractor before it, has said.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let representation = representation(request.uri().query(), request.headers());
    let response = next.run(request).await;
    written(response, representation)
}

/// An error of the engine in this API's words, for what goes wrong before or around the handlers.
pub(crate) fn fault(error: &Error, headers: &HeaderMap) -> Response {
    written(
        Fault::of(error).into_response(),
        representation(None, headers),
    )
}

/// What `format` names, else what Accept prefers, else JSON. Other formats count for nothing.
fn representation(query: Option<&str>, headers: &HeaderMap) -> Representation {
    let query = query.and_then(|query| Query::read(query).ok());
    let format = query
        .as_ref()
        .and_then(|query| query.values("format").last());
    match format {
        Some("json") => Representation::Json,
        Some("xml") => Representation::Xml,
        _ => accepted(headers).unwrap_or(Representation::Json),
    }
}

fn written(mut response: Response, representation: Representation) -> Response {
    let Some(said) = response.extensions_mut().remove::<Said>() else {
        return response;
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(CONTENT_LANGUAGE, HeaderValue::from_static("en"));
    headers.insert(VARY, HeaderValue::from_static("Accept"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN"));
    let document = match said {
        Said::Document(document) => Some(document),
        Said::Methods(methods) => {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
            return with_body(response, NEITHER, methods.to_owned());
        }
        Said::Fault(fault) => {
            if let Some(seconds) = fault.retry_after {
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            if fault.kind == Kind::Unauthorized {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
            }
            if let Kind::MethodNotAllowed(methods) = fault.kind {
                headers.insert(ALLOW, HeaderValue::from_static(methods));
                return with_body(response, NEITHER, methods.to_owned());
            }
            fault.document().map(Arc::new)
        }
    };
    match (document, representation) {
        (None, _) => with_body(response, NEITHER, String::new()),
        (Some(document), Representation::Json) => with_body(response, media::JSON, document.json()),
        (Some(document), Representation::Xml) => {
            with_body(response, "application/xml; charset=utf-8", document.xml())
        }
    }
}

fn with_body(mut response: Response, media_type: &'static str, body: String) -> Response {
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    *response.body_mut() = Body::from(body);
    response
}

#[cfg(test)]
mod tests {
    use axum::http::header::ACCEPT;

    use super::*;

    #[test]
    fn format_wins_over_accept() {
        let firefox = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (query, accept, xml) in [
            (None, "*/*", false),
            (None, "text/html", false),
            (None, "nonsense", false),
            (None, "application/xml", true),
            (None, firefox, true),
            (Some("format=json"), "application/xml", false),
            (Some("a=b&format=xml"), "application/json", true),
            (Some("format=json&format=xml"), "*/*", true),
            (Some("format=yaml"), "application/xml", true),
            (Some("format=yaml"), "*/*", false),
            (Some("format=%ff"), "*/*", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            let is_xml = representation(query, &headers) == Representation::Xml;
            assert_eq!(is_xml, xml, "{query:?} {accept}");
        }
    }
}
