//! Chancery's own API, `/chancery/v1`: JSON, RFC 9457 problems, an OpenAPI document. The command line speaks it.

mod answer;
mod errors;
mod extract;
mod handlers;
mod map;
mod wire;

pub mod openapi;

use axum::Router;
use axum::routing::{get, post};

use crate::shared::Shared;

pub(crate) use errors::{fault, unknown_path};

/// The API's name.
pub(crate) const NAME: &str = "native";

/// The routes.
pub(crate) fn router() -> Router<Shared> {
    use handlers::{certificates, lifecycle, orders, records, revocations};
    Router::new()
        .route("/chancery/v1/openapi.json", get(openapi::document))
        .route(
            "/chancery/v1/certificates",
            get(certificates::list).post(certificates::issue),
        )
        .route(
            "/chancery/v1/certificates/import",
            post(certificates::import),
        )
        .route(
            "/chancery/v1/certificates/{id}",
            get(certificates::show).delete(lifecycle::delete),
        )
        .route("/chancery/v1/certificates/{id}/pem", get(certificates::pem))
        .route("/chancery/v1/certificates/{id}/der", get(certificates::der))
        .route(
            "/chancery/v1/certificates/{id}/chain",
            get(certificates::chain),
        )
        .route(
            "/chancery/v1/certificates/{id}/pkcs12",
            post(certificates::pkcs12),
        )
        .route(
            "/chancery/v1/certificates/{id}/renew",
            post(lifecycle::renew),
        )
        .route("/chancery/v1/certificates/{id}/hold", post(lifecycle::hold))
        .route(
            "/chancery/v1/certificates/{id}/release",
            post(lifecycle::release),
        )
        .route(
            "/chancery/v1/certificates/{id}/revoke",
            post(lifecycle::revoke),
        )
        .route(
            "/chancery/v1/certificates/{id}/purge",
            post(lifecycle::purge),
        )
        .route(
            "/chancery/v1/certificates/{id}/regenerate",
            post(orders::regenerate),
        )
        .route("/chancery/v1/orders", get(orders::list))
        .route("/chancery/v1/orders/{number}", get(orders::show))
        .route(
            "/chancery/v1/orders/{number}/approve",
            post(orders::approve),
        )
        .route("/chancery/v1/orders/{number}/reject", post(orders::reject))
        .route(
            "/chancery/v1/revocations",
            get(revocations::list).post(revocations::start),
        )
        .route("/chancery/v1/revocations/{number}", get(revocations::show))
        .route(
            "/chancery/v1/revocations/{number}/stop",
            post(revocations::stop),
        )
        .route(
            "/chancery/v1/revocations/{number}/resume",
            post(revocations::resume),
        )
        .route(
            "/chancery/v1/revocations/{number}/release",
            post(revocations::release),
        )
        .route("/chancery/v1/records", get(records::list))
        .route("/chancery/v1/records/{name}", get(records::show))
        .route("/chancery/v1/records/{name}/sign", post(records::sign))
        .merge(people_and_rules())
        .method_not_allowed_fallback(errors::wrong_method)
}

/// Those about users, domains, authorities, profiles and who is calling.
fn people_and_rules() -> Router<Shared> {
    use handlers::{accounts, audit, authorities, domains, users};
    Router::new()
        .route("/chancery/v1/users", get(users::list).post(users::add))
        .route(
            "/chancery/v1/users/{id}",
            get(users::show).patch(users::change).delete(users::remove),
        )
        .route(
            "/chancery/v1/users/{id}/api-key",
            post(users::new_api_key).delete(users::remove_api_key),
        )
        .route(
            "/chancery/v1/domains",
            get(domains::list).post(domains::add),
        )
        .route(
            "/chancery/v1/domains/{id}",
            get(domains::show)
                .patch(domains::change)
                .delete(domains::remove),
        )
        .merge(about_authorities())
        .route("/chancery/v1/profiles", get(authorities::profiles))
        .route("/chancery/v1/audit", get(audit::list))
        .route("/chancery/v1/tokens", post(accounts::new_token))
        .route(
            "/chancery/v1/tokens/current",
            axum::routing::delete(accounts::revoke_token),
        )
        .route("/chancery/v1/whoami", get(accounts::whoami))
}

/// Those about authorities.
fn about_authorities() -> Router<Shared> {
    use handlers::authorities;
    Router::new()
        .route(
            "/chancery/v1/authorities",
            get(authorities::list).post(authorities::add),
        )
        .route(
            "/chancery/v1/authorities/{name}",
            get(authorities::show).delete(authorities::withdraw),
        )
        .route("/chancery/v1/authorities/{name}/csr", get(authorities::csr))
        .route(
            "/chancery/v1/authorities/{name}/certificate",
            post(authorities::import),
        )
        .route(
            "/chancery/v1/authorities/{name}/retire",
            post(authorities::retire),
        )
        .route(
            "/chancery/v1/authorities/{name}/reinstate",
            post(authorities::reinstate),
        )
        .route(
            "/chancery/v1/authorities/{name}/rollover",
            post(authorities::rollover),
        )
        .route(
            "/chancery/v1/authorities/{name}/crl",
            post(authorities::import_crl),
        )
}
