//! How an answer leaves: in the envelope that everything but a downloaded file has.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use chancery_app::Error;
use serde::Serialize;

use super::errors::Fault;
use super::wire::Envelope;
use crate::kit::media;

/// An answer: a status and an envelope, as JSON.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: String,
}

/// A file, as it is.
#[derive(Debug)]
pub(super) struct File(pub(super) Vec<u8>);

impl Answer {
    /// An envelope with that status.
    ///
    /// # Errors
    /// None that can happen: what is said is always plain.
    pub(super) fn new<T: Serialize>(
        status: StatusCode,
        envelope: &Envelope<T>,
    ) -> Result<Answer, Fault> {
        let body = serde_json::to_string(envelope).map_err(Error::internal)?;
        Ok(Answer { status, body })
    }

    /// 200 with that response and that message.
    pub(super) fn ok<T: Serialize>(response: T, message: Option<String>) -> Result<Answer, Fault> {
        Answer::new(StatusCode::OK, &Envelope::said(response, message))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let json = [(CONTENT_TYPE, media::JSON)];
        (self.status, json, self.body).into_response()
    }
}

impl IntoResponse for File {
    fn into_response(self) -> Response {
        ([(CONTENT_TYPE, "application/octet-stream")], self.0).into_response()
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let retry_after = self.retry_after;
        // An envelope of texts always prints; an empty body is the least evil if it does not.
        let body = serde_json::to_string(&self.envelope()).unwrap_or_default();
        let mut response = Answer { status, body }.into_response();
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An error of the engine in this API's words, for what goes wrong before or around the handlers.
pub(crate) fn fault(error: &Error, _headers: &HeaderMap) -> Response {
    Fault::of(error).into_response()
}
