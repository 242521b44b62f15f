//! What went wrong, in the device's words: the one table from the engine's errors to status and message. Faults of ours
//! are logged here and told to nobody.

use axum::http::StatusCode;
use chancery_app::{Conflict, Error};

use crate::kit::body::BodyFault;
use crate::kit::class::Class;
use crate::kit::{log, text};

/// A fault to answer with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Its status.
    pub(super) status: StatusCode,
    /// What was wrong, and what to do.
    pub(super) text: String,
    /// Seconds after which to try again.
    pub(super) retry_after: Option<u64>,
}

/// The documents' own words.
const UNAUTHORIZED: &str = "Client not authorized.";
const UNSUPPORTED_VERSION: &str = "Unsupported versionId in URI";
const LOCKED: &str = "Resource locked by another user";
const NOT_LOCKED: &str = "User does not have the lock";
const CLEAR_TEXT: &str = "Client must connect with HTTPS.";
/// Most characters of an error at each end, where the text is longer.
const END: usize = 1_000;
/// Ours, where the documents only say what the status means.
const FORBIDDEN: &str = "This request requires administrator privileges.";

impl Fault {
    /// A fault of that status and text.
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Fault {
        Fault {
            status,
            text: text::shortened(text.into(), END),
            retry_after: None,
        }
    }

    /// 400 for what cannot be understood.
    pub(super) fn bad(text: impl Into<String>) -> Fault {
        Fault::new(StatusCode::BAD_REQUEST, text)
    }

    /// 404 for a version that is not spoken.
    pub(super) fn version() -> Fault {
        Fault::new(StatusCode::NOT_FOUND, UNSUPPORTED_VERSION)
    }

    /// 426 for whoever comes without TLS.
    pub(super) fn clear_text() -> Fault {
        Fault::new(StatusCode::UPGRADE_REQUIRED, CLEAR_TEXT)
    }

    /// The fault for an error of the engine. One of ours is logged.
    pub(super) fn of(error: &Error) -> Fault {
        log::internal(error);
        let (status, text) = answer(error);
        Fault {
            retry_after: error.retry_after().map(|wait| wait.as_secs()),
            ..Fault::new(status, text)
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
            BodyFault::TooLarge(_) => Fault::new(StatusCode::PAYLOAD_TOO_LARGE, fault.to_string()),
            BodyFault::Broken | BodyFault::Charset => Fault::bad(fault.to_string()),
        }
    }
}

/// The table.
fn answer(error: &Error) -> (StatusCode, String) {
    let (status, words) = match (Class::of(error), error) {
        (_, Error::Conflict(Conflict::RecordHasCertificate | Conflict::Certificate)) => {
            (StatusCode::BAD_REQUEST, None)
        }
        (_, Error::NotLocked) => (StatusCode::LOCKED, Some(NOT_LOCKED)),
        (Class::Unauthenticated, _) => (StatusCode::UNAUTHORIZED, Some(UNAUTHORIZED)),
        (Class::Forbidden, _) => (StatusCode::FORBIDDEN, Some(FORBIDDEN)),
        (Class::Disabled, _) => (StatusCode::FORBIDDEN, None),
        (Class::Throttled, _) => (StatusCode::TOO_MANY_REQUESTS, None),
        (Class::Missing, _) => (StatusCode::NOT_FOUND, None),
        (Class::Refused, _) => (StatusCode::BAD_REQUEST, None),
        (Class::Conflicting, _) => (StatusCode::CONFLICT, None),
        (Class::Unlocked, _) => (StatusCode::LOCKED, Some(LOCKED)),
        (Class::Unavailable, _) => (StatusCode::SERVICE_UNAVAILABLE, None),
        (Class::Internal, _) => (StatusCode::INTERNAL_SERVER_ERROR, None),
    };
    (
        status,
        words.map_or_else(|| error.to_string(), str::to_owned),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use chancery_core::certificate::Refusal;
    use chancery_core::plan;
    use chancery_core::workorder::OrderRefusal;

    #[track_caller]
    fn check(error: Error, status: u16, text: &str) {
        let fault = Fault::of(&error);
        assert_eq!((fault.status.as_u16(), fault.text.as_str()), (status, text));
    }

    #[track_caller]
    fn in_the_engines_words(error: Error, status: u16) {
        let words = error.to_string();
        check(error, status, &words);
    }

    #[test]
    fn what_a_client_sent_is_not_told_back_whole() {
        let told = Fault::bad(format!("{:?} is wrong", "ü".repeat(900_000))).text;
        assert!(told.starts_with("\"üü") && told.ends_with("ü\" is wrong"));
        assert!(told.chars().count() < 2100);
        let short = "ü".repeat(2000);
        assert_eq!(Fault::bad(short.clone()).text, short);
    }

    #[test]
    fn the_documents_words_are_said() {
        check(Error::Unauthenticated, 401, "Client not authorized.");
        check(Error::Locked, 423, "Resource locked by another user");
        check(Error::NotLocked, 423, "User does not have the lock");
        check(
            Error::Forbidden("configuration.edit"),
            403,
            "This request requires administrator privileges.",
        );
    }

    #[test]
    fn callers_errors_are_said_in_the_engines_words() {
        for (error, status) in [
            (Error::UserDisabled, 403),
            (Error::NotFound("certificate record"), 404),
            (Error::NoCertificate, 404),
            (Error::Refused(Refusal::Expired), 400),
            (Error::Policy(plan::Refusal::SubjectEmpty), 400),
            (Error::Invalid("x".to_owned()), 400),
            (Error::InvalidItems(vec![(0, "x".to_owned())]), 400),
            (Error::OrderRefused(OrderRefusal::SelfApproval), 400),
            (Error::NotManaged, 400),
            (Error::NoPrivateKey, 400),
            (Error::Conflict(Conflict::RecordHasCertificate), 400),
            (Error::Conflict(Conflict::Element), 409),
            (Error::Conflict(Conflict::Certificate), 400),
            (Error::OrderOpen(7), 409),
            (Error::Changed, 409),
        ] {
            in_the_engines_words(error, status);
        }
    }

    #[test]
    fn what_passes_says_when_to_try_again_and_faults_of_ours_tell_nothing() {
        let wait = Error::Throttled(Duration::from_secs(3));
        assert_eq!(Fault::of(&wait).retry_after, Some(3));
        assert_eq!(Fault::of(&Error::Busy).retry_after, Some(1));
        assert_eq!(Fault::of(&Error::TimedOut).retry_after, None);
        in_the_engines_words(wait, 429);
        in_the_engines_words(Error::Busy, 503);
        in_the_engines_words(Error::TimedOut, 503);
        check(
            Error::internal("the disk is on fire"),
            500,
            "internal error",
        );
    }
}
