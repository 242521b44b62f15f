//! Parse, call the engine, render: one file a resource. Here stands what is no resource.

pub(super) mod groups;
pub(super) mod home;
pub(super) mod identity_providers;
pub(super) mod private_keys;
pub(super) mod trusted_certificates;
pub(super) mod user_certificates;
pub(super) mod users;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;

use super::errors::{Fault, Kind};
use crate::shared::Shared;

/// Any other path of this API: one with slashes at its end is the path without them, as scripts write them; at every
/// other one nothing stands.
pub(super) async fn otherwise(State(shared): State<Shared>, request: Request) -> Response {
    if let Some(uri) = without_slashes(request.uri()) {
        let (mut parts, body) = request.into_parts();
        parts.uri = uri;
        let request = Request::from_parts(parts, body);
        let resources = super::resources().fallback(nowhere).with_state(shared);
        return match TowerToHyperService::new(resources).call(request).await {
            Ok(response) => response.map(Body::new),
            Err(never) => match never {},
        };
    }
    nowhere(request.uri().clone()).await.into_response()
}

fn without_slashes(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let trimmed = path.trim_end_matches('/');
    if trimmed == path {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}"));
    format!("{trimmed}{}", query.unwrap_or_default())
        .parse()
        .ok()
}

async fn nowhere(uri: Uri) -> Fault {
    Fault::not_found(format!("there is nothing at {}", uri.path()))
}

/// A method that a path does not have.
pub(super) async fn wrong_method(method: Method) -> Fault {
    Fault::new(
        Kind::MethodNotAllowed,
        format!("{method} is not possible here: the Allow header lists what is"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_end_do_not_count() {
        let check = |text: &str| {
            let uri: Uri = text.parse().unwrap();
            without_slashes(&uri).map(|uri| uri.to_string())
        };
        assert_eq!(check("/restman/1.0/users"), None);
        assert_eq!(
            check("/restman/1.0/users/").as_deref(),
            Some("/restman/1.0/users")
        );
        assert_eq!(
            check("/restman/1.0/users//?login=a/").as_deref(),
            Some("/restman/1.0/users?login=a/")
        );
    }
}
