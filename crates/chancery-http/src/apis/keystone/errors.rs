//! What went wrong, in Keystone's words (Identity API v2.0, fault.xsd): the one table from the engine's errors to status
//! and fault element. Faults of ours are logged here and told to nobody.

use axum::http::StatusCode;
use chancery_app::Error;
use chancery_core::certificate::Refusal;

use super::wire::fault::Body;
use crate::kit::body::BodyFault;
use crate::kit::class::Class;
use crate::kit::{log, text};

/// A fault to answer with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Which.
    pub(super) kind: Kind,
    /// What was wrong, and what to do.
    pub(super) details: String,
    /// Seconds after which to try again.
    pub(super) retry_after: Option<u64>,
}

/// The faults that are answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// 400
    BadRequest,
    /// 401: who is asking is not known, or lacks the privilege.
    Unauthorized,
    /// 403
    UserDisabled,
    /// 404
    ItemNotFound,
    /// 405. The schema has no element for it: its catch-all.
    MethodNotAllowed,
    /// 409. The schema's only element for a conflict speaks of tenants.
    Conflict,
    /// 413
    OverLimit,
    /// 500
    IdentityFault,
    /// 503
    ServiceUnavailable,
}

impl Kind {
    #[cfg(test)]
    const ALL: [Kind; 9] = [
        Kind::BadRequest,
        Kind::Unauthorized,
        Kind::UserDisabled,
        Kind::ItemNotFound,
        Kind::MethodNotAllowed,
        Kind::Conflict,
        Kind::OverLimit,
        Kind::IdentityFault,
        Kind::ServiceUnavailable,
    ];

    /// The HTTP status.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Kind::BadRequest => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::UserDisabled => StatusCode::FORBIDDEN,
            Kind::ItemNotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::OverLimit => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::IdentityFault => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The fault's element or member, and its message.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Kind::BadRequest => ("badRequest", "BAD_REQUEST"),
            Kind::Unauthorized => ("unauthorized", "UNAUTHORIZED"),
            Kind::UserDisabled => ("userDisabled", "FORBIDDEN"),
            Kind::ItemNotFound => ("itemNotFound", "NOT_FOUND"),
            Kind::MethodNotAllowed => ("identityFault", "METHOD_NOT_ALLOWED"),
            Kind::Conflict => ("tenantConflict", "CONFLICT"),
            Kind::OverLimit => ("overLimit", "REQUEST_ENTITY_TOO_LARGE"),
            Kind::IdentityFault => ("identityFault", "INTERNAL_SERVER_ERROR"),
            Kind::ServiceUnavailable => ("serviceUnavailable", "SERVICE_UNAVAILABLE"),
        }
    }
}

impl Fault {
    /// A fault with these details.
    pub(super) fn new(kind: Kind, details: impl Into<String>) -> Fault {
        Fault {
            kind,
            details: text::shortened(details.into(), text::END),
            retry_after: None,
        }
    }

    /// 400 for what cannot be understood.
    pub(super) fn bad(details: impl Into<String>) -> Fault {
        Fault::new(Kind::BadRequest, details)
    }

    /// The fault for an error of the engine. One of ours is logged.
    pub(super) fn of(error: &Error) -> Fault {
        log::internal(error);
        Fault {
            retry_after: error.retry_after().map(|wait| wait.as_secs()),
            ..Fault::new(kind(error), details(error))
        }
    }

    /// The fault as JSON.
    pub(super) fn json(&self) -> String {
        self.body().json()
    }

    /// The fault as XML.
    pub(super) fn xml(&self) -> String {
        self.body().xml()
    }

    fn body(&self) -> Body<'_> {
        let (element, message) = self.kind.words();
        Body {
            element,
            code: self.kind.status().as_u16(),
            message,
            details: &self.details,
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
            BodyFault::TooLarge(_) => Fault::new(Kind::OverLimit, fault.to_string()),
            BodyFault::Broken | BodyFault::Charset => Fault::bad(fault.to_string()),
        }
    }
}

/// The table. 401 is said to who lacks a privilege, and 403 to disabled users only, as the document has it.
fn kind(error: &Error) -> Kind {
    match (Class::of(error), error) {
        (_, Error::Refused(Refusal::Pending | Refusal::Deleted | Refusal::Purged)) => {
            Kind::ItemNotFound
        }
        (Class::Unauthenticated | Class::Forbidden, _) => Kind::Unauthorized,
        (Class::Disabled, _) => Kind::UserDisabled,
        (Class::Throttled, _) => Kind::OverLimit,
        (Class::Missing, _) => Kind::ItemNotFound,
        (Class::Refused, _) => Kind::BadRequest,
        (Class::Conflicting | Class::Unlocked, _) => Kind::Conflict,
        (Class::Unavailable, _) => Kind::ServiceUnavailable,
        (Class::Internal, _) => Kind::IdentityFault,
    }
}

/// The document's own words where it has some.
fn details(error: &Error) -> String {
    let words = match (Class::of(error), error) {
        (_, Error::Busy) => "The server is unavailable to process the request.",
        (Class::Unauthenticated, _) => "Invalid credentials",
        (Class::Forbidden, _) => {
            "The caller does not have the privilege required to perform the operation."
        }
        (Class::Disabled, _) => "Disabled or suspended user making the request",
        (Class::Internal, _) => "The server encountered a problem while processing the request.",
        (
            Class::Throttled
            | Class::Missing
            | Class::Refused
            | Class::Conflicting
            | Class::Unlocked
            | Class::Unavailable,
            _,
        ) => return error.to_string(),
    };
    words.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::joe;
    use chancery_app::Conflict;
    use chancery_core::plan;
    use chancery_core::workorder::OrderRefusal;
    use std::time::Duration;

    #[track_caller]
    fn check(error: Error, status: u16, element: &str, details: &str) {
        let fault = Fault::of(&error);
        assert_eq!(
            (
                fault.kind.status().as_u16(),
                fault.kind.words().0,
                fault.details.as_str()
            ),
            (status, element, details)
        );
    }

    #[test]
    fn who_may_not_is_told_apart_from_who_is_disabled() {
        let lacking = "The caller does not have the privilege required to perform the operation.";
        let disabled = "Disabled or suspended user making the request";
        let wait = Error::Throttled(Duration::from_secs(3));
        assert_eq!(Fault::of(&wait).retry_after, Some(3));
        check(
            Error::Unauthenticated,
            401,
            "unauthorized",
            "Invalid credentials",
        );
        check(Error::Forbidden("x"), 401, "unauthorized", lacking);
        check(Error::UserDisabled, 403, "userDisabled", disabled);
        check(
            wait,
            413,
            "overLimit",
            "too many wrong attempts: try again in 3 seconds",
        );
    }

    #[test]
    fn what_is_not_there_or_cannot_be_is_said_in_the_engines_words() {
        let in_words = |error: Error, status: u16, element: &str| {
            let words = error.to_string();
            check(error, status, element, &words);
        };
        in_words(Error::NotFound("certificate"), 404, "itemNotFound");
        in_words(Error::NoCertificate, 404, "itemNotFound");
        in_words(Error::Refused(Refusal::Pending), 404, "itemNotFound");
        in_words(Error::Refused(Refusal::Deleted), 404, "itemNotFound");
        in_words(Error::Refused(Refusal::Expired), 400, "badRequest");
        in_words(
            Error::Policy(plan::Refusal::SubjectEmpty),
            400,
            "badRequest",
        );
        in_words(Error::Invalid("x".to_owned()), 400, "badRequest");
        in_words(Error::OrderOpen(7), 409, "tenantConflict");
        in_words(Error::Locked, 409, "tenantConflict");
        in_words(Error::NotLocked, 409, "tenantConflict");
        in_words(
            Error::OrderRefused(OrderRefusal::SelfApproval),
            400,
            "badRequest",
        );
        in_words(Error::NotManaged, 400, "badRequest");
        in_words(Error::NoPrivateKey, 400, "badRequest");
        in_words(
            Error::Conflict(Conflict::Certificate),
            409,
            "tenantConflict",
        );
        in_words(
            Error::CertificateAttached(Box::new(joe())),
            409,
            "tenantConflict",
        );
        let items = Error::InvalidItems(vec![(0, "x".to_owned()), (4, "y".to_owned())]);
        check(items, 400, "badRequest", "item 1: x; item 5: y");
    }

    #[test]
    fn faults_of_ours_tell_nothing() {
        let busy = "The server is unavailable to process the request.";
        let broken = "The server encountered a problem while processing the request.";
        check(Error::Busy, 503, "serviceUnavailable", busy);
        check(
            Error::internal("the disk is on fire"),
            500,
            "identityFault",
            broken,
        );
    }

    #[test]
    fn every_kind_of_fault_says_its_own_status() {
        for kind in Kind::ALL {
            let code = kind.status().as_u16();
            let fault = Fault::new(kind, "a < b");
            let json: serde_json::Value = serde_json::from_str(&fault.json()).unwrap();
            let (element, body) = json.as_object().unwrap().iter().next().unwrap();
            assert_eq!(body["code"], code);
            assert_eq!(body["details"], "a < b");
            let xml = fault.xml();
            let document = roxmltree::Document::parse(&xml).unwrap();
            let root = document.root_element();
            assert_eq!(root.tag_name().name(), element);
            assert_eq!(root.attribute("code"), Some(code.to_string().as_str()));
            assert_eq!(
                root.last_element_child().and_then(|details| details.text()),
                Some("a < b")
            );
        }
    }
}
