//! AppViewX CERT+ (`/avxapi/...`): the actions on certificates with their work orders and approvals, and as much around
//! them as its clients use. README.md names the source document and says where we differ.

mod answer;
mod errors;
mod extract;
mod handlers;
#[cfg(any(test, fuzzing))]
mod hostile;
mod map;
mod wire;

use axum::Router;
use axum::routing::{any, delete, get, post, put};

use crate::shared::Shared;

pub(crate) use answer::fault;
#[cfg(any(test, fuzzing))]
pub(crate) use hostile::read_everything;

/// The API's name in metrics and in the audit trail.
pub(crate) const NAME: &str = "appviewx";

/// The route table.
pub(crate) fn router() -> Router<Shared> {
    use handlers::{actions, certificates, downloads, login, orders};
    Router::new()
        .route("/avxapi/login", post(login::log_in))
        .route("/avxapi/acctmgmt-perform-login", post(login::log_in))
        .route(
            "/avxapi/acctmgmt-get-service-token",
            post(login::service_token),
        )
        .route("/avxapi/certificate/action", put(actions::action))
        .route("/avxapi/certificate/renew", put(actions::renew))
        .route("/avxapi/certificate/regenerate", put(actions::regenerate))
        .route("/avxapi/certificate/reissue", put(actions::reissue))
        .route("/avxapi/certificate/revoke", put(actions::revoke))
        .route("/avxapi/certificate/search", post(certificates::search))
        .route("/avxapi/certificate/create", post(certificates::create))
        .route("/avxapi/certificate/delete", delete(certificates::remove))
        .route("/avxapi/certificate/download", get(downloads::pem))
        .route(
            "/avxapi/certificate/download/format",
            post(downloads::in_format),
        )
        .route(
            "/avxapi/certificate/download/content",
            get(downloads::content),
        )
        .route(
            "/avxapi/certificate/privatekey/download",
            post(downloads::private_key),
        )
        .route("/avxapi/certificate/workorder/update", post(orders::update))
        .route(
            "/avxapi/visualworkflow-request-logs",
            get(orders::request_logs),
        )
        .route("/avxapi/{*unknown}", any(handlers::unknown))
        .method_not_allowed_fallback(handlers::wrong_method)
}
