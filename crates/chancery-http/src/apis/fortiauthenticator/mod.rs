//! FortiAuthenticator's user certificates (`/api/v1/usercerts/`), with as much of its REST API around them as a generic
//! Tastypie client expects. README.md names the source document and says where we differ.

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
use axum::routing::{MethodRouter, any, get, post};

use crate::shared::Shared;

pub(crate) use answer::fault;
#[cfg(any(test, fuzzing))]
pub(crate) use hostile::read_everything;

/// The API's name in metrics and in the audit trail.
pub(crate) const NAME: &str = "fortiauthenticator";

/// The route table. Every path stands in it twice: nothing is redirected, as clients lose a body on the way.
pub(crate) fn router() -> Router<Shared> {
    use handlers::{certificates, directory, scep, system};
    let one = || {
        get(certificates::show)
            .patch(certificates::change)
            .post(certificates::change_by_post)
    };
    Router::new()
        .route("/api/v1/", reads(directory::list))
        .route("/api/v1", reads(directory::list))
        .route("/api/v1/usercerts/", reads(certificates::list))
        .route("/api/v1/usercerts", reads(certificates::list))
        .route("/api/v1/usercerts/schema/", reads(certificates::schema))
        .route("/api/v1/usercerts/schema", reads(certificates::schema))
        .route("/api/v1/usercerts/pem/", reads(certificates::list_pem))
        .route("/api/v1/usercerts/pem", reads(certificates::list_pem))
        .route(
            "/api/v1/usercerts/renew/",
            only("POST", post(certificates::renew)),
        )
        .route(
            "/api/v1/usercerts/renew",
            only("POST", post(certificates::renew)),
        )
        .route("/api/v1/usercerts/{id}/", only("GET,PATCH", one()))
        .route("/api/v1/usercerts/{id}", only("GET,PATCH", one()))
        .route("/api/v1/scepreqs/", reads(scep::list))
        .route("/api/v1/scepreqs", reads(scep::list))
        .route("/api/v1/scepreqs/schema/", reads(scep::schema))
        .route("/api/v1/scepreqs/schema", reads(scep::schema))
        .route(
            "/api/v1/scepreqs/{id}/",
            only("GET,DELETE", get(scep::one).delete(scep::one)),
        )
        .route(
            "/api/v1/scepreqs/{id}",
            only("GET,DELETE", get(scep::one).delete(scep::one)),
        )
        .route("/api/v1/systeminfo/", reads(system::show))
        .route("/api/v1/systeminfo", reads(system::show))
        .route("/api/v1/systeminfo/schema/", reads(system::schema))
        .route("/api/v1/systeminfo/schema", reads(system::schema))
        .route("/api/v1/{*unknown}", any(directory::unknown))
        .layer(from_fn(answer::speak))
}

/// A path that is only read.
fn reads<H, T>(handler: H) -> MethodRouter<Shared>
where
    H: axum::handler::Handler<T, Shared>,
    T: 'static,
{
    only("GET", get(handler))
}

/// A path with those methods; every other one is told which they are.
fn only(methods: &'static str, routes: MethodRouter<Shared>) -> MethodRouter<Shared> {
    routes.fallback(move |method| handlers::directory::wrong_method(method, methods))
}
