//! The engine's errors in the words of the open surface: a status and a line of text.

use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use chancery_app::Error;
use chancery_core::ocsp::OcspError;

use crate::kit::class::Class;

/// An error as relying parties see it.
pub(crate) fn fault(error: &Error, _: &HeaderMap) -> Response {
    crate::kit::log::internal(error);
    let status = match (Class::of(error), error) {
        (_, Error::NotFound(_)) => StatusCode::NOT_FOUND,
        (_, Error::Invalid(_) | Error::InvalidItems(_)) => StatusCode::BAD_REQUEST,
        (_, Error::TimedOut) => StatusCode::GATEWAY_TIMEOUT,
        (Class::Throttled | Class::Unavailable, _) => StatusCode::SERVICE_UNAVAILABLE,
        // Nothing here asks who is calling or changes anything: whatever of these comes is a fault of ours.
        (
            Class::Unauthenticated
            | Class::Disabled
            | Class::Forbidden
            | Class::Missing
            | Class::Refused
            | Class::Conflicting
            | Class::Unlocked
            | Class::Internal,
            _,
        ) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("{error}\n")).into_response()
}

/// An address that is there, with a method that it does not have.
pub(super) async fn wrong_method(method: Method) -> Response {
    let text = format!("this address does not take {method}\n");
    (StatusCode::METHOD_NOT_ALLOWED, text).into_response()
}

/// An error as OCSP clients see it.
pub(super) fn ocsp_error(error: &Error) -> OcspError {
    match Class::of(error) {
        Class::Throttled | Class::Unavailable => OcspError::TryLater,
        // Whatever is wrong with a request is answered before.
        Class::Unauthenticated
        | Class::Disabled
        | Class::Forbidden
        | Class::Missing
        | Class::Refused
        | Class::Conflicting
        | Class::Unlocked
        | Class::Internal => OcspError::InternalError,
    }
}
