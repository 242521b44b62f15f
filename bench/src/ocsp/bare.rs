//! What this machine could do at best for OCSP, measured in the same run: a bare HTTP server that answers each POST with
//! the same octets, asked by the same generator, and signatures on one core.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::Error;

/// Octets of an answer, about what an OCSP answer with its responder's certificate takes.
const ANSWER: usize = 1_000;
/// Octets that are signed: as many as an answer has before its signature.
const SIGNED: usize = 200;

/// A bare HTTP server on threads of its own, as another process would have them; ends when dropped.
pub(super) struct Bare {
    pub(super) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Bare {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// No port or no threads.
    pub(super) async fn start() -> Result<Self, Error> {
        let listener = TcpListener::bind("127.0.0.1:0").await?.into_std()?;
        let address = listener.local_addr()?;
        let runtime = Runtime::new()?;
        runtime.spawn(async move {
            if let Ok(listener) = TcpListener::from_std(listener) {
                serve(listener).await;
            }
        });
        Ok(Self {
            address,
            runtime: Some(runtime),
        })
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Waiting for its threads is not allowed where this is dropped.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // Only makes it slower, should it fail.
        let _delayed = stream.set_nodelay(true);
        let connection =
            http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(connection);
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    static BODY: [u8; ANSWER] = [0x5a; ANSWER];
    // A body that does not arrive whole closes the connection, which the generator counts.
    let _body = request.into_body().collect().await;
    let mut response = Response::new(Full::new(Bytes::from_static(&BODY)));
    response.headers_mut().insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/ocsp-response"),
    );
    Ok(response)
}

/// P-256 signatures a second, on one core.
///
/// # Errors
/// No key could be made.
pub(super) fn signatures(time: Duration) -> Result<f64, Error> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
    let (message, random) = ([0x5a; SIGNED], SystemRandom::new());
    let (start, mut signed) = (Instant::now(), 0_u32);
    while start.elapsed() < time {
        key.sign(&random, &message)?;
        signed += 1;
    }
    Ok(f64::from(signed) / start.elapsed().as_secs_f64())
}
