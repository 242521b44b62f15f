//! How an answer leaves that is more than JSON with the status 200.

use axum::Json;
use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// What was made, 201, and where it stands.
pub(super) fn made(address: String, body: impl Serialize) -> Response {
    placed(StatusCode::CREATED, address, body)
}

/// What was asked for and goes on by itself, 202, and where to follow it.
pub(super) fn begun(address: String, body: impl Serialize) -> Response {
    placed(StatusCode::ACCEPTED, address, body)
}

/// A file, as it is.
pub(super) fn file(media_type: &'static str, content: impl Into<Body>) -> Response {
    ([(CONTENT_TYPE, media_type)], content.into()).into_response()
}

fn placed(status: StatusCode, address: String, body: impl Serialize) -> Response {
    (status, [(LOCATION, address)], Json(body)).into_response()
}
