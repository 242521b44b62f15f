//! The management API of the Layer7 API Gateway (restman): users and their certificates, groups, identity providers,
//! trusted certificates and private keys. README.md names the source document and says where we differ.

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
pub(crate) const NAME: &str = "layer7";

/// The route table, with everything else under the API's root: the same paths with a slash at their end, and nothing.
pub(crate) fn router() -> Router<Shared> {
    resources()
        .route("/restman/1.0", any(handlers::otherwise))
        .route("/restman/1.0/", any(handlers::otherwise))
        .route("/restman/1.0/{*unknown}", any(handlers::otherwise))
        .layer(from_fn(answer::speak))
}

fn resources() -> Router<Shared> {
    users()
        .merge(groups_and_providers())
        .merge(certificates_and_keys())
        .method_not_allowed_fallback(handlers::wrong_method)
}

fn users() -> Router<Shared> {
    use handlers::{user_certificates, users};
    let list = || get(users::list).post(users::add);
    let one = || get(users::show).put(users::change).delete(users::remove);
    let certificate = || {
        get(user_certificates::show)
            .put(user_certificates::attach)
            .delete(user_certificates::detach)
    };
    Router::new()
        .route("/restman/1.0/users", list())
        .route("/restman/1.0/users/template", get(users::template))
        .route("/restman/1.0/users/{id}", one())
        .route("/restman/1.0/users/{id}/password", put(users::set_password))
        .route("/restman/1.0/users/{id}/certificate", certificate())
        .route("/restman/1.0/identityProviders/{providerId}/users", list())
        .route(
            "/restman/1.0/identityProviders/{providerId}/users/template",
            get(users::template),
        )
        .route(
            "/restman/1.0/identityProviders/{providerId}/users/{id}",
            one(),
        )
        .route(
            "/restman/1.0/identityProviders/{providerId}/users/{id}/password",
            put(users::set_password),
        )
        .route(
            "/restman/1.0/identityProviders/{providerId}/users/{id}/certificate",
            certificate(),
        )
}

fn groups_and_providers() -> Router<Shared> {
    use handlers::{groups, identity_providers};
    Router::new()
        .route("/restman/1.0/groups", get(groups::list))
        .route("/restman/1.0/groups/template", get(groups::template))
        .route("/restman/1.0/groups/{id}", get(groups::show))
        .route(
            "/restman/1.0/identityProviders/{providerId}/groups",
            get(groups::list),
        )
        .route(
            "/restman/1.0/identityProviders/{providerId}/groups/template",
            get(groups::template),
        )
        .route(
            "/restman/1.0/identityProviders/{providerId}/groups/{id}",
            get(groups::show),
        )
        .route(
            "/restman/1.0/identityProviders",
            get(identity_providers::list).post(identity_providers::add),
        )
        .route(
            "/restman/1.0/identityProviders/template",
            get(identity_providers::template),
        )
        .route(
            "/restman/1.0/identityProviders/{providerId}",
            get(identity_providers::show)
                .put(identity_providers::put)
                .delete(identity_providers::remove),
        )
}

fn certificates_and_keys() -> Router<Shared> {
    use handlers::{home, private_keys, trusted_certificates};
    Router::new()
        .route(
            "/restman/1.0/trustedCertificates",
            get(trusted_certificates::list).post(trusted_certificates::add),
        )
        .route(
            "/restman/1.0/trustedCertificates/template",
            get(trusted_certificates::template),
        )
        .route(
            "/restman/1.0/trustedCertificates/{id}",
            get(trusted_certificates::show)
                .put(trusted_certificates::put)
                .delete(trusted_certificates::remove),
        )
        .route("/restman/1.0/privateKeys", get(private_keys::list))
        .route(
            "/restman/1.0/privateKeys/template/privatekeyimportcontext",
            get(private_keys::import_template),
        )
        .route(
            "/restman/1.0/privateKeys/template/privatekeyexportcontext",
            get(private_keys::export_template),
        )
        .route("/restman/1.0/privateKeys/{id}", get(private_keys::show))
        .route(
            "/restman/1.0/privateKeys/{id}/generateCSR",
            get(private_keys::generate_csr),
        )
        .route(
            "/restman/1.0/privateKeys/{id}/signCert",
            put(private_keys::sign_certificate),
        )
        .route(
            "/restman/1.0/privateKeys/{id}/export",
            put(private_keys::export),
        )
        .route(
            "/restman/1.0/privateKeys/{id}/import",
            post(private_keys::import),
        )
        .route("/restman/1.0/doc/home.html", get(home::page))
}
