//! Reading a request's body whole, within the limit and the time; and hearing out what nobody read.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_LENGTH, EXPECT};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

/// Why a body could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BodyFault {
    /// Longer than the limit.
    TooLarge,
    /// The connection broke, or the framing is wrong.
    Broken,
}

/// Octets that nobody wants and that are read all the same, so that a client which sends before it listens hears the
/// answer: a connection that closes over unread octets loses it.
const PATIENCE: usize = 16 * 1024 * 1024;

/// The whole body, of at most `limit` octets.
pub(crate) async fn read(request: Request<Body>, limit: usize) -> Result<Bytes, BodyFault> {
    if announced(request.headers()).is_some_and(|length| length > limit) {
        return Err(BodyFault::TooLarge);
    }
    let mut body = request.into_body();
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyFault::Broken)?.into_data() else {
            continue;
        };
        if kept.len().saturating_add(data.len()) > limit {
            return Err(BodyFault::TooLarge);
        }
        kept.extend_from_slice(&data);
    }
    Ok(kept.freeze())
}

/// A body lent to a handler: what it leaves unread can still be heard out.
#[derive(Clone)]
pub(crate) struct Lent(Arc<Mutex<Body>>);

impl Lent {
    pub(crate) fn new(body: Body) -> Lent {
        Lent(Arc::new(Mutex::new(body)))
    }

    /// Reads and drops what is left, up to what patience bears. Who asks before it sends (`Expect`), and who announces
    /// more than that, is not waited for.
    pub(crate) async fn hear_out(mut self, headers: &HeaderMap) {
        let asks_first = headers.contains_key(EXPECT);
        if asks_first || announced(headers).is_some_and(|length| length > PATIENCE) {
            return;
        }
        let mut heard: usize = 0;
        while heard <= PATIENCE
            && let Some(Ok(frame)) = self.frame().await
        {
            heard = heard.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        }
    }
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        body.size_hint()
    }
}

/// The length that the headers announce.
fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
