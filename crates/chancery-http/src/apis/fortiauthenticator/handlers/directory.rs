//! What a client finds without a key: the directory, and that there is nothing else.

use axum::http::Method;

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::map::schema;
use super::super::wire::response;

/// The resources.
pub(crate) async fn list() -> Answer {
    Answer::ok(response(&schema::directory()))
}

/// Any other path of this API.
pub(crate) async fn unknown() -> Fault {
    Fault::new(Kind::Nowhere, "")
}

/// A method that a path does not have. OPTIONS asks for nothing but the list.
pub(crate) async fn wrong_method(method: Method, methods: &'static str) -> Result<Answer, Fault> {
    if method == Method::OPTIONS {
        Ok(Answer::methods(methods))
    } else {
        Err(Fault::new(Kind::MethodNotAllowed(methods), ""))
    }
}
