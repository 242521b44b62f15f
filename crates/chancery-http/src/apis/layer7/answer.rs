//! How an answer leaves: as the XML of restman, with the address and the time of the request written into it.
//!
//! Handlers say what they say without knowing under which host they were reached; [`speak`] writes it down.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chancery_app::{Clock, Error};

use super::errors::Fault;
use super::wire::{Document, Item, List};
use crate::kit::address::host;
use crate::kit::media;
use crate::kit::time::rfc3339;

/// What a client that shows no credentials is asked for: the gateway's own default realm.
const CHALLENGE: &str = "Basic realm=\"L7SSGBasicRealm\"";

/// Where the API stands.
const ROOT: &str = "/restman/1.0/";

/// What a handler has to say.
pub(super) struct Answer {
    status: StatusCode,
    said: Option<Said>,
}

/// What is said, on its way to [`speak`].
#[derive(Clone)]
enum Said {
    Document(Arc<Document>),
    Text(&'static str, Arc<String>),
    Fault(Fault),
}

impl Answer {
    /// An item, 200.
    pub(super) fn item(item: Item) -> Answer {
        Answer::document(StatusCode::OK, Document::Item(item))
    }

    /// An item that was made, 201 with its address in Location; one that was there, 200.
    pub(super) fn put(item: Item, made: bool) -> Answer {
        let status = if made {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        Answer::document(status, Document::Item(item))
    }

    /// A list, 200.
    pub(super) fn list(list: List) -> Answer {
        Answer::document(StatusCode::OK, Document::List(list))
    }

    /// A text of that media type, 200.
    pub(super) fn text(media_type: &'static str, text: String) -> Answer {
        Answer {
            status: StatusCode::OK,
            said: Some(Said::Text(media_type, Arc::new(text))),
        }
    }

    /// A status without a body.
    pub(super) fn blank(status: StatusCode) -> Answer {
        Answer { status, said: None }
    }

    fn document(status: StatusCode, document: Document) -> Answer {
        Answer {
            status,
            said: Some(Said::Document(Arc::new(document))),
        }
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        if let Some(said) = self.said {
            response.extensions_mut().insert(said);
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
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let Some(origin) = origin(&parts) else {
        let fault = Fault::bad("the request's Host header names no host");
        return written(fault.into_response(), "", &path);
    };
    let response = next.run(Request::from_parts(parts, body)).await;
    written(response, &origin, &path)
}

/// An error of the engine in this API's words, for what goes wrong around the handlers, where the path is not known.
pub(crate) fn fault(error: &Error, headers: &HeaderMap) -> Response {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.headers = headers.clone();
    let origin = origin(&parts).unwrap_or_default();
    written(Fault::of(error).into_response(), &origin, ROOT)
}

/// `https://HOST`, as the caller knows it.
fn origin(parts: &Parts) -> Option<String> {
    host(parts).map(|host| format!("https://{host}"))
}

fn written(mut response: Response, origin: &str, path: &str) -> Response {
    let Some(said) = response.extensions_mut().remove::<Said>() else {
        return response;
    };
    // It says when the answer was written, and decides nothing.
    let stamp = time_stamp();
    let base = format!("{origin}{ROOT}");
    let headers = response.headers_mut();
    let media_type = match &said {
        Said::Text(media_type, _) => media_type,
        Said::Document(_) | Said::Fault(_) => media::XML,
    };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    // A router that answered within a handler has counted the empty body.
    headers.remove(CONTENT_LENGTH);
    let text = match said {
        Said::Text(_, text) => text.to_string(),
        Said::Fault(fault) => {
            if fault.kind.status() == StatusCode::UNAUTHORIZED {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
            }
            if let Some(seconds) = fault.retry_after {
                headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            fault.document(&format!("{origin}{path}"), &stamp)
        }
        Said::Document(document) => {
            let text = document.xml(&base, &stamp);
            if response.status() == StatusCode::CREATED
                && let Ok(address) = HeaderValue::from_str(&document.address(&base))
            {
                response.headers_mut().insert(LOCATION, address);
            }
            text
        }
    };
    *response.body_mut() = Body::from(text);
    response
}

/// `2017-11-09T21:20:39.000Z`: milliseconds are always shown, and here always zero.
fn time_stamp() -> String {
    let seconds = rfc3339(Clock::System.now());
    format!("{}.000Z", seconds.trim_end_matches('Z'))
}
