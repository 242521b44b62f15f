//! Reading a request's body whole, within the limit and the time.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;

/// Why a body could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BodyFault {
    /// Longer than the limit.
    TooLarge,
    /// The connection broke, or the framing is wrong.
    Broken,
}

/// Octets beyond the limit that are read and dropped, so that a client which sends before it listens hears the answer.
const PATIENCE: usize = 16 * 1024 * 1024;

/// The whole body, of at most `limit` octets.
pub(crate) async fn read(request: Request<Body>, limit: usize) -> Result<Bytes, BodyFault> {
    let announced = request.headers().get(CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    // Who asks before it sends is told at once, and so is who announces more than anybody waits for.
    let waits = request.headers().contains_key(EXPECT);
    let bound = if waits {
        limit
    } else {
        limit.saturating_add(PATIENCE)
    };
    if announced.is_some_and(|length| length > bound) {
        return Err(BodyFault::TooLarge);
    }
    let mut body = request.into_body();
    let mut kept = BytesMut::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyFault::Broken)?.into_data() else {
            continue;
        };
        length = length.saturating_add(data.len());
        if length > limit.saturating_add(PATIENCE) {
            break;
        }
        if length <= limit {
            kept.extend_from_slice(&data);
        }
    }
    if length > limit {
        Err(BodyFault::TooLarge)
    } else {
        Ok(kept.freeze())
    }
}
