//! The open surface: OCSP (RFC 6960), CRLs and authorities' certificates (RFC 5280, sections 4.2.1.13 and 4.2.2.1; media types of RFC
//! 2585), and the probes. Needs no caller.

mod errors;
pub(crate) mod ocsp;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_TYPE, ETAG, EXPIRES, IF_NONE_MATCH, LAST_MODIFIED,
};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use chancery_core::x509::pem;

use crate::kit::time::http_date;
use crate::shared::Shared;

pub(crate) use errors::fault;

/// The API's name.
pub(crate) const NAME: &str = "pki";

/// The routes.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/ocsp", post(ocsp::post))
        .route("/ocsp/{*request}", get(ocsp::get))
        .route("/crl/{file}", get(crl))
        .route("/ca/{file}", get(certificate))
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

async fn crl(
    State(shared): State<Shared>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (name, as_pem) = match file.rsplit_once('.') {
        Some((name, "crl")) => (name, false),
        Some((name, "pem")) => (name, true),
        _ => return not_found(&headers),
    };
    let crl = match shared.app.crl(name).await {
        Ok(crl) => crl,
        Err(error) => return fault(&error, &headers),
    };
    let tag = format!("\"{}\"", crl.number);
    // Revocation must show at once: caches may keep the list, but ask each time whether it changed.
    let about = [
        (ETAG, tag.clone()),
        (LAST_MODIFIED, http_date(crl.this_update)),
        (EXPIRES, http_date(crl.next_update)),
        (CACHE_CONTROL, "public, no-cache".to_owned()),
    ];
    if is_known(&headers, &tag) {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    if as_pem {
        let text = pem::encode("X509 CRL", &crl.der);
        return (about, [(CONTENT_TYPE, "application/x-pem-file")], text).into_response();
    }
    (about, [(CONTENT_TYPE, "application/pkix-crl")], crl.der).into_response()
}

/// Does the caller hold the answer with that tag already (RFC 9110, section 13.1.2)?
fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let asked = headers.get_all(IF_NONE_MATCH).iter();
    let mut tags = asked
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    tags.any(|asked| asked == "*" || asked.strip_prefix("W/").unwrap_or(asked) == tag)
}

/// `NAME.cer` is the authority's certificate as DER, `NAME.pem` as PEM, `NAME-chain.pem` with those above it.
async fn certificate(
    State(shared): State<Shared>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    let (name, form) = match file.rsplit_once('.') {
        Some((name, "cer")) => (name, Form::Der),
        Some((name, "pem")) => match name.strip_suffix("-chain") {
            Some(name) => (name, Form::Chain),
            None => (name, Form::Pem),
        },
        _ => return not_found(&headers),
    };
    let chain = match shared.app.authority_chain(name) {
        Ok(chain) => chain,
        Err(error) => return fault(&error, &headers),
    };
    let pem_of = |der: &Vec<u8>| pem::encode("CERTIFICATE", der);
    let first = chain.first().cloned().unwrap_or_default();
    let (kind, body) = match form {
        Form::Der => ("application/pkix-cert", first),
        Form::Pem => ("application/x-pem-file", pem_of(&first).into_bytes()),
        Form::Chain => (
            "application/x-pem-file",
            chain.iter().map(pem_of).collect::<String>().into_bytes(),
        ),
    };
    (
        [
            (CONTENT_TYPE, kind),
            (CACHE_CONTROL, "public, max-age=3600"),
        ],
        body,
    )
        .into_response()
}

enum Form {
    Der,
    Pem,
    Chain,
}

fn not_found(headers: &HeaderMap) -> Response {
    fault(
        &chancery_app::Error::NotFound("file: ask for NAME.crl, NAME.cer or NAME.pem"),
        headers,
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditional_requests_are_understood() {
        for (asked, known) in [
            ("\"5\"", true),
            ("W/\"5\"", true),
            ("\"4\", \"5\"", true),
            ("*", true),
            ("\"4\"", false),
            ("5", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, asked.parse().unwrap());
            assert_eq!(is_known(&headers, "\"5\""), known, "{asked}");
        }
        assert!(!is_known(&HeaderMap::new(), "\"5\""));
    }
}
