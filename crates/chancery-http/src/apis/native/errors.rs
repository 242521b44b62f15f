//! The engine's errors in this API's words: RFC 9457 problems.

use axum::Json;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use chancery_app::Error;
use chancery_core::workorder::OrderRefusal;

use super::wire::Problem;
use crate::kit::body::BodyFault;
use crate::kit::text;

/// The media type of problems (RFC 9457).
pub(super) const PROBLEM: &str = "application/problem+json";

/// Something went wrong: a status, a kind and what to tell.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    kind: &'static str,
    detail: String,
    retry_after: Option<u64>,
}

impl Fault {
    /// What was sent cannot be understood.
    pub(crate) fn invalid(detail: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, "invalid", detail)
    }

    pub(crate) fn not_json() -> Fault {
        let detail = "send JSON with Content-Type: application/json";
        Fault::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            detail,
        )
    }

    fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Fault {
        Fault {
            status,
            kind,
            detail: text::shortened(detail.into(), text::END),
            retry_after: None,
        }
    }
}

/// The table: every kind of error, its status and its kind's word.
impl From<&Error> for Fault {
    fn from(error: &Error) -> Fault {
        let (status, kind) = match error {
            Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Error::Throttled(_) => (StatusCode::TOO_MANY_REQUESTS, "throttled"),
            Error::UserDisabled => (StatusCode::FORBIDDEN, "user-disabled"),
            Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Error::NotFound(_) => (StatusCode::NOT_FOUND, "not-found"),
            Error::Refused(_) => (StatusCode::CONFLICT, "refused"),
            Error::Policy(_) => (StatusCode::UNPROCESSABLE_ENTITY, "policy"),
            Error::Invalid(_) | Error::InvalidItems(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
            Error::CertificateAttached(_) => (StatusCode::CONFLICT, "conflict"),
            Error::OrderOpen(_) => (StatusCode::CONFLICT, "order-open"),
            Error::Locked => (StatusCode::LOCKED, "locked"),
            Error::NotLocked => (StatusCode::LOCKED, "not-locked"),
            Error::OrderRefused(OrderRefusal::SelfApproval) => (StatusCode::FORBIDDEN, "forbidden"),
            Error::OrderRefused(
                OrderRefusal::NotApproved
                | OrderRefusal::AlreadyApproved
                | OrderRefusal::NotBegun
                | OrderRefusal::Ended(_),
            ) => (StatusCode::CONFLICT, "refused"),
            Error::NotManaged => (StatusCode::CONFLICT, "not-managed"),
            Error::NoPrivateKey => (StatusCode::CONFLICT, "no-private-key"),
            Error::NoCertificate => (StatusCode::CONFLICT, "no-certificate"),
            Error::Changed => (StatusCode::CONFLICT, "changed"),
            Error::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy"),
            Error::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "timed-out"),
            Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        Fault {
            retry_after: error.retry_after().map(|wait| wait.as_secs()),
            ..Fault::new(status, kind, error.to_string())
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        crate::kit::log::internal(&error);
        Fault::from(&error)
    }
}

impl From<BodyFault> for Fault {
    fn from(fault: BodyFault) -> Fault {
        match fault {
            BodyFault::TooLarge(_) => Fault::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "too-large",
                "the request's body is too large",
            ),
            BodyFault::Broken => Fault::invalid("the request's body did not arrive whole"),
            BodyFault::Charset => Fault::invalid(fault.to_string()),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let problem = Problem {
            kind: format!("urn:chancery:problem:{}", self.kind),
            title: self.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: self.status.as_u16(),
            detail: self.detail,
        };
        let mut response = (self.status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(
                WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"Chancery\", charset=\"UTF-8\""),
            );
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// An error met before or behind the handlers.
pub(crate) fn fault(error: &Error, _: &HeaderMap) -> Response {
    crate::kit::log::internal(error);
    Fault::from(error).into_response()
}

/// A path that no API has.
pub(crate) fn unknown_path(uri: &Uri) -> Response {
    Fault::new(
        StatusCode::NOT_FOUND,
        "not-found",
        format!("nothing stands at {}", uri.path()),
    )
    .into_response()
}

/// A path of this API with a method that it does not have.
pub(super) async fn wrong_method(method: Method) -> Response {
    let detail = format!("this address does not take {method}");
    Fault::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::joe;
    use chancery_app::Conflict;
    use std::time::Duration;

    fn check(error: Error, status: u16, kind: &str) {
        let fault = Fault::from(&error);
        assert_eq!(
            (fault.status.as_u16(), fault.kind),
            (status, kind),
            "{error}"
        );
    }

    #[test]
    fn every_kind_of_error_has_its_row() {
        check(Error::Unauthenticated, 401, "unauthenticated");
        check(Error::Throttled(Duration::ZERO), 429, "throttled");
        check(Error::UserDisabled, 403, "user-disabled");
        check(Error::Forbidden("x"), 403, "forbidden");
        check(Error::NotFound("x"), 404, "not-found");
        check(
            Error::Refused(chancery_core::certificate::Refusal::Deleted),
            409,
            "refused",
        );
        check(
            Error::Policy(chancery_core::plan::Refusal::SubjectEmpty),
            422,
            "policy",
        );
        check(Error::Invalid("x".into()), 400, "invalid");
        check(Error::InvalidItems(vec![(0, "x".into())]), 400, "invalid");
        check(Error::Conflict(Conflict::Certificate), 409, "conflict");
        check(Error::CertificateAttached(Box::new(joe())), 409, "conflict");
        check(Error::OrderOpen(7), 409, "order-open");
        check(Error::Locked, 423, "locked");
        check(Error::NotLocked, 423, "not-locked");
        check(
            Error::OrderRefused(OrderRefusal::SelfApproval),
            403,
            "forbidden",
        );
        check(
            Error::OrderRefused(OrderRefusal::AlreadyApproved),
            409,
            "refused",
        );
        check(Error::NotManaged, 409, "not-managed");
        check(Error::NoPrivateKey, 409, "no-private-key");
        check(Error::NoCertificate, 409, "no-certificate");
        check(Error::Changed, 409, "changed");
        check(Error::Busy, 503, "busy");
        check(Error::TimedOut, 504, "timed-out");
        check(Error::internal("secret cause"), 500, "internal");
    }

    #[test]
    fn what_failed_inside_never_leaves() {
        let fault = Fault::from(&Error::internal("secret cause"));
        assert!(!fault.detail.contains("secret cause"));
    }
}
