//! A document of the open surface as it is sent: with its tag and times, whole, in part, or not at all.

use std::ops::Range;

use axum::extract::Request;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, EXPIRES,
    HeaderName, LAST_MODIFIED,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, IntoResponseParts, Response};
use chancery_core::time::Time;
use chancery_core::x509::fingerprint;

use super::conditional::{Selected, Wanted, wanted};
use super::octets::Octets;
use crate::kit::time::http_date;

/// What is sent.
pub(super) struct Document {
    pub(super) media_type: &'static str,
    /// Its strong entity tag, with its quotes.
    pub(super) tag: String,
    /// What caches may do with it.
    pub(super) cache: &'static str,
    /// When it was made; none if another document of the same address may bear that second too.
    pub(super) modified: Option<Time>,
    /// When there will be another at the latest.
    pub(super) expires: Option<Time>,
    pub(super) octets: Octets,
}

/// What a request says of how much it wants: its method and headers, without its body.
pub(super) struct Asked {
    method: Method,
    headers: HeaderMap,
}

impl Asked {
    pub(super) fn by(request: Request) -> Asked {
        let (parts, _) = request.into_parts();
        Asked {
            method: parts.method,
            headers: parts.headers,
        }
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

/// 304 for a thing of that length, of which it tells this. To HEAD the framework would tell a length of 0, which is not the
/// thing's (RFC 9110, section 8.6).
pub(super) fn not_modified(
    method: &Method,
    about: impl IntoResponseParts,
    length: u64,
) -> Response {
    let mut answer = (StatusCode::NOT_MODIFIED, about, ()).into_response();
    if *method == Method::HEAD {
        answer.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    answer
}

/// The tag of octets that are at hand: their fingerprint.
pub(super) fn tag_of(octets: &[u8]) -> String {
    format!("\"{}\"", hex::encode(fingerprint(octets)))
}

impl Document {
    /// As much of it as is asked for.
    pub(super) fn answer(self, asked: &Asked, now: Time) -> Response {
        let length = self.octets.length();
        let selected = Selected {
            tag: &self.tag,
            modified: self.modified,
            length,
        };
        let about = self.about();
        match wanted(&asked.method, &asked.headers, &selected, now) {
            Wanted::Nothing => not_modified(&asked.method, about, length),
            Wanted::Another => {
                // A cache that kept this would give it to those who set no condition.
                let about = [(ETAG, self.tag.as_str()), (CACHE_CONTROL, "no-store")];
                let text = "another one stands here by now: ask without conditions\n";
                (StatusCode::PRECONDITION_FAILED, about, text).into_response()
            }
            Wanted::Beyond => {
                let end = [(CONTENT_RANGE, format!("bytes */{length}"))];
                let text = format!("there are {length} octets here, counted from 0\n");
                (StatusCode::RANGE_NOT_SATISFIABLE, end, text).into_response()
            }
            Wanted::Whole => (about, self.sent(0..length)).into_response(),
            Wanted::Part(part) => {
                let (first, last) = part.into_inner();
                let range = format!("bytes {first}-{last}/{length}");
                let sent = self.sent(first..last + 1);
                (
                    StatusCode::PARTIAL_CONTENT,
                    about,
                    [(CONTENT_RANGE, range)],
                    sent,
                )
                    .into_response()
            }
        }
    }

    /// What is told of it with each answer, if it is sent or not (RFC 9110, section 15.4.5).
    fn about(&self) -> HeaderMap {
        let mut about = HeaderMap::new();
        let mut tell = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                about.insert(name, value);
            }
        };
        tell(ETAG, &self.tag);
        tell(CACHE_CONTROL, self.cache);
        tell(ACCEPT_RANGES, "bytes");
        if let Some(modified) = self.modified {
            tell(LAST_MODIFIED, &http_date(modified));
        }
        if let Some(expires) = self.expires {
            tell(EXPIRES, &http_date(expires));
        }
        about
    }

    /// These octets of it, with their kind and count. The answer to HEAD gets this too and drops the body unread.
    fn sent(self, part: Range<u64>) -> Response {
        let about = [
            (CONTENT_TYPE, self.media_type.to_owned()),
            (CONTENT_LENGTH, (part.end - part.start).to_string()),
        ];
        (about, self.octets.body(part)).into_response()
    }
}
