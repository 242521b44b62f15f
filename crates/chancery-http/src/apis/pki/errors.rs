//! The engine's errors in the words of the open surface: a status and a line of text.

use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chancery_app::Error;
use chancery_core::ocsp::OcspError;

/// An error as relying parties see it.
pub(crate) fn fault(error: &Error, _: &HeaderMap) -> Response {
    crate::kit::log::internal(error);
    let status = match error {
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Busy | Error::Throttled(_) => StatusCode::SERVICE_UNAVAILABLE,
        Error::TimedOut => StatusCode::GATEWAY_TIMEOUT,
        Error::Invalid(_) | Error::InvalidItems(_) => StatusCode::BAD_REQUEST,
        // Nothing here asks who is calling or changes anything: whatever of these comes is a fault of ours.
        Error::Unauthenticated
        | Error::UserDisabled
        | Error::Forbidden(_)
        | Error::Refused(_)
        | Error::Policy(_)
        | Error::Conflict(_)
        | Error::CertificateAttached(_)
        | Error::Changed
        | Error::OrderOpen(_)
        | Error::Locked
        | Error::NotLocked
        | Error::OrderRefused(_)
        | Error::NotManaged
        | Error::NoPrivateKey
        | Error::NoCertificate
        | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (status, format!("{error}\n")).into_response()
}

/// An error as OCSP clients see it.
pub(super) fn ocsp_error(error: &Error) -> OcspError {
    match error {
        Error::Busy | Error::Throttled(_) | Error::TimedOut => OcspError::TryLater,
        // Whatever is wrong with a request is answered before.
        Error::NotFound(_)
        | Error::Invalid(_)
        | Error::InvalidItems(_)
        | Error::Unauthenticated
        | Error::UserDisabled
        | Error::Forbidden(_)
        | Error::Refused(_)
        | Error::Policy(_)
        | Error::Conflict(_)
        | Error::CertificateAttached(_)
        | Error::Changed
        | Error::OrderOpen(_)
        | Error::OrderRefused(_)
        | Error::NotManaged
        | Error::Locked
        | Error::NotLocked
        | Error::NoPrivateKey
        | Error::NoCertificate
        | Error::Internal(_) => OcspError::InternalError,
    }
}
