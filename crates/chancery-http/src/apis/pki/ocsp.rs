//! OCSP over HTTP: POST, and GET with the request in the path (RFC 6960, appendix A; RFC 5019, sections 5 and 6).

use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, LAST_MODIFIED};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use chancery_app::{Error, Freshness, OcspAnswer};
use chancery_core::ocsp::{LARGEST_REQUEST, OcspError};
use percent_encoding::percent_decode_str;

use super::conditional::is_known;
use super::document::{not_modified, tag_of};
use super::errors::ocsp_error;
use crate::kit::time::http_date;
use crate::kit::{body, log, negotiate};
use crate::shared::Shared;

/// The media type of requests.
const REQUEST: &str = "application/ocsp-request";
/// The media type of answers.
const ANSWER: &str = "application/ocsp-response";
/// What is said of an address without a request.
pub(super) const NO_REQUEST: Error =
    Error::NotFound("request: post it to /ocsp, or get /ocsp/ with its base64");
/// Where the path of a GET's request begins.
const PREFIX: &str = "/ocsp/";
/// Base64 as RFC 4648 has it, with its padding, a part of it or none.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// `POST /ocsp` with the request as body.
pub(super) async fn post(State(shared): State<Shared>, request: Request) -> Response {
    let kind = negotiate::content_type(request.headers());
    let is_named = request.headers().contains_key(CONTENT_TYPE);
    if is_named && kind.is_none_or(|kind| kind.essence != REQUEST) {
        let text = format!("send {REQUEST}\n");
        return (StatusCode::UNSUPPORTED_MEDIA_TYPE, text).into_response();
    }
    match body::read(request, LARGEST_REQUEST).await {
        // Caches do not keep what is posted: nothing is said of freshness.
        Ok(octets) => unkept(answer(&shared, &octets).await),
        Err(_) => unkept(OcspAnswer::refusal(OcspError::MalformedRequest)),
    }
}

/// `GET /ocsp/{request}`: base64, then percent-encoded.
pub(super) async fn get(State(shared): State<Shared>, request: Request) -> Response {
    // The path as it was sent: what is decoded before may have lost a slash.
    let path = request.uri().path();
    let Some(octets) = path.strip_prefix(PREFIX).and_then(decoded) else {
        return unkept(OcspAnswer::refusal(OcspError::MalformedRequest));
    };
    let answer = answer(&shared, &octets).await;
    match answer.freshness {
        Some(freshness) => kept(answer, freshness, request.method(), request.headers()),
        None => unkept(answer),
    }
}

/// The request in a path. Some clients send the base64 as it is; some of what stands between turns `+` into a space.
pub(crate) fn decoded(path: &str) -> Option<Vec<u8>> {
    let mut base64: Vec<u8> = percent_decode_str(path).collect();
    for octet in &mut base64 {
        if *octet == b' ' {
            *octet = b'+';
        }
    }
    BASE64.decode(base64).ok()
}

async fn answer(shared: &Shared, octets: &[u8]) -> OcspAnswer {
    shared.app.ocsp(octets).await.unwrap_or_else(|error| {
        log::internal(&error);
        OcspAnswer::refusal(ocsp_error(&error))
    })
}

/// What caches may keep, and check again later (RFC 5019, section 6.2).
fn kept(
    answer: OcspAnswer,
    freshness: Freshness,
    method: &Method,
    headers: &HeaderMap,
) -> Response {
    let tag = tag_of(&answer.der);
    let cache = format!(
        "max-age={}, public, no-transform, must-revalidate",
        freshness.max_age
    );
    let about = [
        (ETAG, tag.clone()),
        (LAST_MODIFIED, http_date(freshness.this_update)),
        (EXPIRES, http_date(freshness.next_update)),
        (CACHE_CONTROL, cache),
    ];
    if is_known(headers, &tag) {
        return not_modified(method, about, answer.der.len() as u64);
    }
    (about, [(CONTENT_TYPE, ANSWER)], answer.der).into_response()
}

/// What answers one client only.
fn unkept(answer: OcspAnswer) -> Response {
    let about = [(CONTENT_TYPE, ANSWER), (CACHE_CONTROL, "no-store")];
    (about, answer.der).into_response()
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn requests_in_paths_are_read_however_they_are_encoded() {
        let octets = Some(vec![0xfb, 0xff, 0xfe, 0x01]);
        for path in [
            "%2B%2F%2F%2BAQ%3D%3D",
            "%2b%2f%2f%2bAQ%3d%3d",
            "+//+AQ==",
            "+//+AQ",
            "%20//%20AQ==",
        ] {
            assert_eq!(decoded(path), octets, "{path}");
        }
        for path in [
            "%", "%2", "%zz", "A", "A===", "-__-AQ==", "AQ==AQ", "%00", "\u{e4}",
        ] {
            assert_eq!(decoded(path), None, "{path}");
        }
    }
}
