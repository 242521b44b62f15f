//! The REST management API of the Oracle (Acme Packet) Session Border Controller: certificate records whose keys are made
//! here and never leave, under a configuration lock. README.md names the source document and says where we differ.

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
pub(crate) const NAME: &str = "sbc";

/// The versions that are spoken, which do not differ here; the last is the latest.
const VERSIONS: [&str; 3] = ["v1.0", "v1.1", "v1.2"];

/// The route table.
pub(crate) fn router() -> Router<Shared> {
    use handlers::{certificates, elements, lock, management, system, tokens};
    Router::new()
        .route("/rest/api/supportedversions", get(system::versions))
        .route(
            "/rest/{version}/auth/token",
            post(tokens::create).get(tokens::look),
        )
        .route("/rest/{version}/configuration/lock", post(lock::take))
        .route("/rest/{version}/configuration/unlock", post(lock::release))
        .route(
            "/rest/{version}/configuration/configElements",
            get(elements::list)
                .post(elements::add)
                .put(elements::change)
                .delete(elements::remove),
        )
        .route(
            "/rest/{version}/configuration/elementTypes/template",
            get(elements::template),
        )
        .route(
            "/rest/{version}/configuration/elementTypes/metadata",
            get(elements::metadata),
        )
        .route(
            "/rest/{version}/configuration/certificates/generateRequest",
            put(certificates::generate_request),
        )
        .route(
            "/rest/{version}/configuration/certificates/import",
            put(certificates::import),
        )
        .route(
            "/rest/{version}/configuration/management",
            put(management::act).post(management::act),
        )
        .route(
            "/rest/{version}/configuration/management/operations/{id}",
            get(management::state),
        )
        .route("/rest/{version}/system/status", get(system::status))
        .route("/rest", any(handlers::nowhere))
        .route("/rest/", any(handlers::nowhere))
        .route("/rest/{version}", any(handlers::nowhere))
        .route("/rest/{version}/", any(handlers::nowhere))
        .route("/rest/{version}/{*unknown}", any(handlers::nowhere))
        .method_not_allowed_fallback(handlers::wrong_method)
        .layer(from_fn(answer::guard))
}

/// What stands at the same addresses in the clear: the word that TLS is needed.
pub(crate) fn clear_text() -> Router<Shared> {
    Router::new()
        .route("/rest", any(handlers::in_the_clear))
        .route("/rest/", any(handlers::in_the_clear))
        .route("/rest/{*unknown}", any(handlers::in_the_clear))
}
