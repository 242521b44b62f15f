//! Parse, call the engine, render: one file a resource. Here stands what is no resource.

pub(super) mod certificates;
pub(super) mod elements;
pub(super) mod lock;
pub(super) mod management;
pub(super) mod system;
pub(super) mod tokens;

use axum::http::{Method, StatusCode, Uri};

use super::errors::Fault;

/// Any other path of a version.
pub(super) async fn nowhere(uri: Uri) -> Fault {
    Fault::new(
        StatusCode::NOT_FOUND,
        format!("there is nothing at {}", uri.path()),
    )
}

/// A method that a path does not have.
pub(super) async fn wrong_method(method: Method) -> Fault {
    Fault::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!("{method} is not possible here: the Allow header lists what is"),
    )
}

/// Any path, without TLS.
pub(super) async fn in_the_clear() -> Fault {
    Fault::clear_text()
}
