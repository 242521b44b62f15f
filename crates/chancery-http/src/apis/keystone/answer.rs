//! How an answer leaves: in the representation that the caller reads, with the headers that the document shows.
//!
//! Handlers say what they say without knowing in which representation; [`speak`] writes it down.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, EXPIRES, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chancery_app::Error;

use super::errors::Fault;
use super::wire::Document;
use crate::kit::media;
use crate::kit::negotiate::{Representation, accepted, content_type};

/// What a handler has to say.
pub(super) struct Answer {
    status: StatusCode,
    document: Option<Document>,
}

/// What is said, on its way to [`speak`].
#[derive(Clone)]
enum Said {
    Document(Arc<Document>),
    Fault(Fault),
}

impl Answer {
    /// A document with the status 200.
    pub(super) fn ok(document: Document) -> Answer {
        Answer {
            status: StatusCode::OK,
            document: Some(document),
        }
    }

    /// A document with another status.
    pub(super) fn with_status(status: StatusCode, document: Document) -> Answer {
        Answer {
            status,
            document: Some(document),
        }
    }

    /// 204 without a body.
    pub(super) fn nothing() -> Answer {
        Answer {
            status: StatusCode::NO_CONTENT,
            document: None,
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(document) = self.document {
            response
                .extensions_mut()
                .insert(Said::Document(Arc::new(document)));
        }
        response
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(Said::Fault(self));
        response
    }
}

/// Writes down what the handler, or an extractor before it, has said.
pub(super) async fn speak(request: Request, next: Next) -> Response {
    let representation = representation(request.headers());
    let response = next.run(request).await;
    written(response, representation)
}

/// An error of the engine in this API's words, for what goes wrong before or around the handlers.
pub(crate) fn fault(error: &Error, headers: &HeaderMap) -> Response {
    written(Fault::of(error).into_response(), representation(headers))
}

/// What the caller says that it reads, else what it writes, else JSON.
fn representation(headers: &HeaderMap) -> Representation {
    let spoken = || content_type(headers).and_then(|media_type| media_type.representation());
    accepted(headers)
        .or_else(spoken)
        .unwrap_or(Representation::Json)
}

fn written(mut response: Response, representation: Representation) -> Response {
    let said = response.extensions_mut().remove::<Said>();
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(EXPIRES, HeaderValue::from_static("-1"));
    let Some(said) = said else { return response };
    let media_type = match representation {
        Representation::Json => media::JSON,
        Representation::Xml => media::XML,
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    if let Said::Fault(fault) = &said {
        if fault.kind.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Keystone"));
        }
        if let Some(seconds) = fault.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    *response.body_mut() = Body::from(match (said, representation) {
        (Said::Document(document), Representation::Json) => document.json(),
        (Said::Document(document), Representation::Xml) => document.xml(),
        (Said::Fault(fault), Representation::Json) => fault.json(),
        (Said::Fault(fault), Representation::Xml) => fault.xml(),
    });
    response
}
