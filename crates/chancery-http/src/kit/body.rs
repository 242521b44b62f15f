//! Reading a request's body whole, within the limit and the time; and hearing out what nobody read.

use std::fmt;
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

use crate::kit::negotiate::says_utf8;

/// Why a body could not be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum BodyFault {
    /// Longer than this limit.
    TooLarge(usize),
    /// The connection broke, or the framing is wrong.
    Broken,
    /// Its Content-Type names a charset that is not read here.
    Charset,
}

/// Octets that nobody wants and that are read all the same, so that a client which sends before it listens hears the
/// answer: a connection that closes over unread octets loses it.
const PATIENCE: usize = 16 * 1024 * 1024;

/// The whole body, of at most `limit` octets.
pub(crate) async fn read(request: Request<Body>, limit: usize) -> Result<Bytes, BodyFault> {
    if announced(request.headers()).is_some_and(|length| length > limit) {
        return Err(BodyFault::TooLarge(limit));
    }
    let mut body = request.into_body();
    let mut kept = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyFault::Broken)?.into_data() else {
            continue;
        };
        if kept.len().saturating_add(data.len()) > limit {
            return Err(BodyFault::TooLarge(limit));
        }
        kept.extend_from_slice(&data);
    }
    Ok(kept.freeze())
}

/// The whole body, if it is not said to be text in something else than UTF-8: read as UTF-8 it would say another thing. In
/// ASCII all agree, and some clients' libraries name a charset of their own whatever they send.
pub(crate) async fn text(request: Request<Body>, limit: usize) -> Result<Bytes, BodyFault> {
    let is_utf8 = says_utf8(request.headers());
    let body = read(request, limit).await?;
    if is_utf8 || body.is_ascii() {
        Ok(body)
    } else {
        Err(BodyFault::Charset)
    }
}

impl fmt::Display for BodyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BodyFault::TooLarge(limit) => write!(f, "the body is larger than {limit} octets"),
            BodyFault::Broken => f.write_str("the body did not arrive whole"),
            BodyFault::Charset => f.write_str("the body must be in UTF-8"),
        }
    }
}

impl std::error::Error for BodyFault {}

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

#[cfg(test)]
mod tests {
    use axum::http::header::CONTENT_TYPE;

    use super::*;

    fn request(content_type: &str, body: &'static [u8]) -> Request<Body> {
        let request = Request::post("/").header(CONTENT_TYPE, content_type);
        request.body(Body::from(body)).unwrap()
    }

    #[tokio::test]
    async fn bodies_are_read_up_to_the_limit() {
        assert_eq!(read(request("a/b", b"12345"), 5).await.unwrap(), "12345");
        let error = read(request("a/b", b"123456"), 5).await.unwrap_err();
        assert_eq!(error, BodyFault::TooLarge(5));
        let mut announced = request("a/b", b"");
        announced.headers_mut().insert(CONTENT_LENGTH, 6.into());
        assert_eq!(read(announced, 5).await, Err(BodyFault::TooLarge(5)));
    }

    #[tokio::test]
    async fn text_of_another_charset_is_refused_unless_it_is_ascii() {
        let (ascii, latin, utf8) = (
            b"joe".as_slice(),
            b"j\xc3\xb6e".as_slice(),
            "jöe".as_bytes(),
        );
        for (content_type, body, read) in [
            ("application/json", utf8, true),
            ("text/plain; charset=\"UTF-8\"", utf8, true),
            ("text/plain; charset=ISO-8859-1", ascii, true),
            ("text/plain; charset=ISO-8859-1", latin, false),
            ("application/xml; charset=utf-16", utf8, false),
            ("nonsense", utf8, true),
        ] {
            let found = text(request(content_type, body), 10).await;
            assert_eq!(found.is_ok(), read, "{content_type}");
        }
    }

    #[tokio::test]
    async fn a_charset_that_is_said_twice_is_not_passed_over() {
        let latin = "text/xml; charset=ISO-8859-1";
        for (first, second, read) in [
            (latin, latin, false),
            ("text/xml", latin, false),
            (latin, "text/xml; charset=UTF-8", false),
            ("text/xml", "text/xml; charset=UTF-8", true),
        ] {
            let mut request = request(first, "jöe".as_bytes());
            let second = second.parse().unwrap();
            request.headers_mut().append(CONTENT_TYPE, second);
            assert_eq!(text(request, 10).await.is_ok(), read, "{first}");
        }
    }
}
