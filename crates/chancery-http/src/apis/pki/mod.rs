//! The open surface: OCSP (RFC 6960), CRLs and authorities' certificates (RFC 5280, sections 4.2.1.13 and 4.2.2.1), and the
//! probes. Needs no caller.

mod authority;
pub(crate) mod conditional;
mod crl;
mod document;
mod errors;
pub(crate) mod ocsp;
mod octets;

use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::shared::Shared;

pub(crate) use errors::fault;

/// The API's name.
pub(crate) const NAME: &str = "pki";

/// The routes.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/ocsp", post(ocsp::post))
        .route("/ocsp/{*request}", get(ocsp::get))
        .route("/crl/{file}", get(crl::whole))
        .route("/crl/{name}/{file}", get(crl::delta))
        .route("/crl/{name}/{shards}/{file}", get(crl::shard))
        .route("/ca/{file}", get(authority::certificate))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .method_not_allowed_fallback(errors::wrong_method)
}

/// Says that nothing is at an address, if it is one of those under which this API keeps things.
pub(crate) fn nothing_at(path: &str) -> Option<Response> {
    let error = match path.split('/').nth(1)? {
        "ocsp" => ocsp::NO_REQUEST,
        "crl" => crl::NO_LIST,
        "ca" => authority::NO_FILE,
        _ => return None,
    };
    Some(fault(&error, &HeaderMap::new()))
}

/// The process runs.
async fn alive() -> &'static str {
    "ok\n"
}

/// The database answers.
async fn ready(State(shared): State<Shared>) -> Response {
    match shared.app.ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, "not ready\n").into_response(),
    }
}

async fn metrics(State(shared): State<Shared>) -> Response {
    let text = shared.metrics.text(shared.app.writer_stats());
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(CONTENT_TYPE, kind)], text).into_response()
}
