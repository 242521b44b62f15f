//! The HP Cloud Keystone extension HP-IDM (user certificates), with as much of Keystone's Identity API v2.0 around it as
//! a stock client needs to log in and find it. README.md names the source documents and says where we differ.

mod answer;
mod errors;
mod extract;
mod handlers;
#[cfg(any(test, fuzzing))]
mod hostile;
mod layout;
mod map;
mod wire;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{any, get, post, put};

use crate::shared::Shared;

pub(crate) use answer::fault;
#[cfg(any(test, fuzzing))]
pub(crate) use hostile::read_everything;

/// The API's name in metrics and in the audit trail.
pub(crate) const NAME: &str = "keystone";

/// The route table.
pub(crate) fn router() -> Router<Shared> {
    use handlers::{certificates, discovery, tenants, tokens};
    Router::new()
        .route("/", get(discovery::versions))
        .route("/v2.0", get(discovery::version))
        .route("/v2.0/", get(discovery::version))
        .route("/v2.0/extensions", get(discovery::extensions))
        .route("/v2.0/extensions/{alias}", get(discovery::extension))
        .route("/v2.0/tokens", post(tokens::create))
        .route(
            "/v2.0/tokens/{token}",
            get(tokens::validate)
                .head(tokens::check)
                .delete(tokens::revoke),
        )
        .route(
            "/v2.0/HP-IDM/v1.0/tokens/{token}",
            post(tokens::refresh).delete(tokens::revoke),
        )
        .route("/v2.0/tenants", get(tenants::list))
        .route("/v2.0/tenants/", get(tenants::list))
        .route(
            "/v2.0/HP-IDM/v1.0/certificates",
            get(certificates::list)
                .put(certificates::import)
                .post(certificates::create),
        )
        .route(
            "/v2.0/HP-IDM/v1.0/certificates/{issuerName}/{serialNumber}",
            put(certificates::update)
                .get(certificates::show)
                .delete(certificates::delete),
        )
        .route("/v2.0/{*unknown}", any(discovery::unknown))
        .method_not_allowed_fallback(discovery::wrong_method)
        .layer(from_fn(answer::speak))
}
