//! What went wrong, in the words of FortiAuthenticator and stock Tastypie: the one table from the engine's errors to status
//! and body. Faults of ours are logged here and told to nobody.

use axum::http::StatusCode;
use chancery_app::Error;
use chancery_core::certificate::Refusal;

use super::layout::Document;
use super::wire;
use crate::kit::body::BodyFault;
use crate::kit::class::Class;
use crate::kit::{log, text};

/// What Tastypie says when it says nothing.
const CANNED: &str = "Sorry, this request could not be processed. Please try again later.";

/// A fault to answer with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Which.
    pub(super) kind: Kind,
    /// What was wrong, and what to do.
    pub(super) text: String,
    /// Seconds after which to try again.
    pub(super) retry_after: Option<u64>,
}

/// The faults that are answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// 400: the data do not validate, or the certificate cannot be moved so.
    BadRequest,
    /// 401: who is asking is not known. Without a body.
    Unauthorized,
    /// 403: the caller lacks the right.
    Forbidden,
    /// 404: there is no such object. Without a body.
    NotFound,
    /// 404: there is no such place.
    Nowhere,
    /// 405, with the methods that are possible.
    MethodNotAllowed(&'static str),
    /// 409: somebody else changed it meanwhile.
    Changed,
    /// 413
    TooLarge,
    /// 429
    TooMany,
    /// 500
    Broken,
    /// 503
    Unavailable,
}

impl Kind {
    /// The HTTP status.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Kind::BadRequest => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound | Kind::Nowhere => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Changed => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl Fault {
    /// A fault with this text.
    pub(super) fn new(kind: Kind, text: impl Into<String>) -> Fault {
        Fault {
            kind,
            text: text::shortened(text.into(), text::END),
            retry_after: None,
        }
    }

    /// 400 for what cannot be understood.
    pub(super) fn bad(text: impl Into<String>) -> Fault {
        Fault::new(Kind::BadRequest, text)
    }

    /// 404 for an object.
    pub(super) fn not_found() -> Fault {
        Fault::new(Kind::NotFound, "")
    }

    /// The fault for an error of the engine. One of ours is logged.
    pub(super) fn of(error: &Error) -> Fault {
        log::internal(error);
        Fault {
            retry_after: error.retry_after().map(|wait| wait.as_secs()),
            ..Fault::new(kind(error), error.to_string())
        }
    }

    /// The fault's body, if it has one in JSON or XML.
    pub(super) fn document(&self) -> Option<Document> {
        match self.kind {
            Kind::Unauthorized | Kind::NotFound | Kind::MethodNotAllowed(_) => None,
            Kind::Nowhere | Kind::Broken => Some(wire::single("error_message", CANNED)),
            Kind::BadRequest
            | Kind::Forbidden
            | Kind::Changed
            | Kind::TooLarge
            | Kind::TooMany
            | Kind::Unavailable => Some(wire::single("error", &sanitised(&self.text))),
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Fault {
        Fault::of(&error)
    }
}

impl From<BodyFault> for Fault {
    fn from(fault: BodyFault) -> Fault {
        match fault {
            BodyFault::TooLarge(_) => Fault::new(Kind::TooLarge, fault.to_string()),
            BodyFault::Broken | BodyFault::Charset => Fault::bad(fault.to_string()),
        }
    }
}

/// The table.
fn kind(error: &Error) -> Kind {
    match (Class::of(error), error) {
        (_, Error::Refused(Refusal::Deleted | Refusal::Purged)) => Kind::NotFound,
        (_, Error::NoCertificate) => Kind::BadRequest,
        (_, Error::Changed) => Kind::Changed,
        // A disabled administrator is nobody to Tastypie.
        (Class::Unauthenticated | Class::Disabled, _) => Kind::Unauthorized,
        (Class::Forbidden, _) => Kind::Forbidden,
        (Class::Throttled, _) => Kind::TooMany,
        (Class::Missing, _) => Kind::NotFound,
        (Class::Refused | Class::Conflicting | Class::Unlocked, _) => Kind::BadRequest,
        (Class::Unavailable, _) => Kind::Unavailable,
        (Class::Internal, _) => Kind::Broken,
    }
}

/// As Tastypie does it: the text may land in somebody's page.
fn sanitised(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chancery_app::Conflict;
    use chancery_core::plan;
    use chancery_core::revocation::Reason;
    use chancery_core::workorder::OrderRefusal;

    use super::*;
    use crate::testing::joe;

    /// The body must be that, or the error's own words, or none.
    #[track_caller]
    fn check(error: Error, status: u16, body: Option<&str>) {
        let fault = Fault::of(&error);
        assert_eq!(fault.kind.status().as_u16(), status, "{error}");
        let said = fault.document().map(|document| document.json());
        let own = format!("{{\"error\": {:?}}}", error.to_string());
        let want = body.map(|body| if body == "own" { own } else { body.to_owned() });
        assert_eq!(said, want, "{error}");
    }

    #[test]
    fn who_asks_is_told_little() {
        check(Error::Unauthenticated, 401, None);
        check(Error::UserDisabled, 401, None);
        check(Error::Forbidden("certificate.hold"), 403, Some("own"));
        let wait = Error::Throttled(Duration::from_secs(3));
        assert_eq!(Fault::of(&wait).retry_after, Some(3));
        check(wait, 429, Some("own"));
    }

    #[test]
    fn what_is_gone_is_not_there() {
        check(Error::NotFound("certificate"), 404, None);
        check(Error::Refused(Refusal::Deleted), 404, None);
        check(Error::Refused(Refusal::Purged), 404, None);
    }

    #[test]
    fn what_cannot_be_is_told_why() {
        for error in [
            Error::Refused(Refusal::Pending),
            Error::Refused(Refusal::Active),
            Error::Refused(Refusal::OnHold),
            Error::Refused(Refusal::Revoked(Reason::KeyCompromise)),
            Error::Refused(Refusal::Expired),
            Error::Refused(Refusal::NotDeleted),
            Error::Policy(plan::Refusal::TooLong { max_days: 825 }),
            Error::Invalid("x".to_owned()),
            Error::InvalidItems(vec![(0, "x".to_owned())]),
            Error::Conflict(Conflict::KeyCompromised),
            Error::CertificateAttached(Box::new(joe())),
            Error::OrderOpen(7),
            Error::Locked,
            Error::NotLocked,
            Error::OrderRefused(OrderRefusal::SelfApproval),
            Error::NotManaged,
            Error::NoPrivateKey,
            Error::NoCertificate,
        ] {
            check(error, 400, Some("own"));
        }
        check(Error::Changed, 409, Some("own"));
        let odd = Error::Invalid("<a> & 'b' \"c\"".to_owned());
        check(odd, 400, Some(r#"{"error": "&lt;a&gt; &amp; 'b' \"c\""}"#));
    }

    #[test]
    fn faults_of_ours_tell_nothing() {
        check(Error::Busy, 503, Some("own"));
        check(Error::TimedOut, 503, Some("own"));
        let canned = format!("{{\"error_message\": {CANNED:?}}}");
        check(Error::internal("the disk is on fire"), 500, Some(&canned));
    }
}
