//! What went wrong, in AppViewX's words: status, `appStatusCode` and message, and the one table from the engine's errors
//! to them. Why the engine refused stands beside, in `tags`. Faults of ours are logged here and told to nobody.

use axum::http::StatusCode;
use chancery_app::Error;

use super::wire::Envelope;
use crate::kit::body::BodyFault;
use crate::kit::class::Class;
use crate::kit::{log, text};

/// An error to answer with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Which.
    pub(super) kind: Kind,
    /// What exactly was wrong, and what to do, if there is more to say than the documented message does.
    pub(super) why: Option<String>,
    /// Seconds after which to try again.
    pub(super) retry_after: Option<u64>,
}

/// The errors that are answered. Those up to [`Kind::Monitored`] are the rows of the source document's table, in its
/// order; README.md says whose words the others are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// 401: no credentials, or wrong ones.
    InvalidCredentials,
    /// 404: no such certificate, or none that the caller may see.
    NoRecords,
    /// 400: a certificate is not named, or not in a way that can be read.
    NoIdentifier,
    /// 400: an action that is none of the six.
    UnknownAction,
    /// 400: this field is missing, empty or of another type.
    Missing(&'static str),
    /// 417: a work order about the certificate is open.
    OpenOrder,
    /// 406: the certificate's state, its profile or its authority do not allow it.
    Unsupported,
    /// 417: the caller may look, and not touch.
    ReadGroup,
    /// 500: the certificate is only watched.
    Monitored,
    /// 400: the body cannot be read.
    Payload,
    /// 400: a value cannot be used.
    Invalid,
    /// 400: a log-in without name or password.
    EmptyCredentials,
    /// 401: a log-in with wrong ones.
    LogIn,
    /// 400: a wrong client id or secret.
    Client,
    /// 400: a source of CSRs that is none, or none of ours.
    CsrSource,
    /// 404: a group that is not there.
    NoGroup,
    /// 417: a group in which the caller creates nothing.
    CreateReadGroup,
    /// 404: an authority that is not there.
    NoAuthority,
    /// 417: nothing is signed yet.
    NoCertificate,
    /// 400: a format that is none of the twelve.
    Format,
    /// 417: a password that is too simple.
    Password,
    /// 417: the caller may not have the private key.
    KeyRestricted,
    /// 417: the server does not hold the private key.
    NoKey,
    /// 417: a decision that the work order does not allow, or not from this caller.
    Order,
    /// 409: something is there already, or was changed meanwhile.
    Conflict,
    /// 404: no such address.
    Nowhere,
    /// 405
    Method,
    /// 413
    TooLarge,
    /// 429
    TooMany,
    /// 500: a fault of ours.
    Internal,
    /// 503
    Unavailable,
}

impl Kind {
    /// The HTTP status.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Kind::NoIdentifier
            | Kind::UnknownAction
            | Kind::Missing(_)
            | Kind::Payload
            | Kind::Invalid
            | Kind::EmptyCredentials
            | Kind::Client
            | Kind::CsrSource
            | Kind::Format => StatusCode::BAD_REQUEST,
            Kind::InvalidCredentials | Kind::LogIn => StatusCode::UNAUTHORIZED,
            Kind::NoRecords | Kind::NoGroup | Kind::NoAuthority | Kind::Nowhere => {
                StatusCode::NOT_FOUND
            }
            Kind::Method => StatusCode::METHOD_NOT_ALLOWED,
            Kind::Unsupported => StatusCode::NOT_ACCEPTABLE,
            Kind::Conflict => StatusCode::CONFLICT,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::OpenOrder
            | Kind::ReadGroup
            | Kind::CreateReadGroup
            | Kind::NoCertificate
            | Kind::Password
            | Kind::KeyRestricted
            | Kind::NoKey
            | Kind::Order => StatusCode::EXPECTATION_FAILED,
            Kind::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Kind::Monitored | Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The `appStatusCode`.
    const fn code(self) -> &'static str {
        match self {
            Kind::InvalidCredentials | Kind::LogIn => "AVX_GW_003",
            Kind::NoRecords => "NO_RECORDS_FOUND",
            Kind::NoIdentifier | Kind::UnknownAction | Kind::Invalid | Kind::EmptyCredentials => {
                "INVALID_REQUEST"
            }
            Kind::Missing(_) => "MANDATORY_FIELD_MISSING",
            Kind::OpenOrder => "OPEN_WORK_ORDERS_FOUND",
            Kind::Unsupported => "CERT-VWF-0006",
            Kind::ReadGroup | Kind::CreateReadGroup => "READ_GROUP",
            Kind::Monitored => "CANNOT_PERFORM_OPERATION",
            Kind::Payload => "avx-common-028",
            Kind::Client => "ACCT_SA_001",
            Kind::CsrSource => "INVALID_CSR_GEN_SOURCE",
            Kind::NoGroup => "GROUP_NOT_FOUND",
            Kind::NoAuthority => "CERT-CA-0001",
            Kind::NoCertificate => "NOT_A_VALID_CERT",
            Kind::Format => "INVALID_FORMAT",
            Kind::Password => "PASSWORD_FORMAT_WRONG",
            Kind::KeyRestricted => "CERT-KEY-0006",
            Kind::NoKey => "CERT-HLST-0007",
            Kind::Order => "INVALID_WORK_ORDER",
            Kind::Conflict => "DUPLICATE_FOUND",
            Kind::Nowhere => "INVALID_URL",
            Kind::Method => "METHOD_NOT_ALLOWED",
            Kind::TooLarge => "PAYLOAD_TOO_LARGE",
            Kind::TooMany => "TOO_MANY_REQUESTS",
            Kind::Internal => "INTERNAL_SERVER_ERROR",
            Kind::Unavailable => "SERVICE_UNAVAILABLE",
        }
    }

    /// The message.
    fn message(self) -> String {
        let words = match self {
            Kind::Missing(field) => {
                return format!("Mandatory field is missing or invalid - {field}.");
            }
            Kind::InvalidCredentials => "Authentication failed, reason - Invalid Credentials.",
            Kind::NoRecords => "No matching records found.",
            Kind::NoIdentifier => "Please give valid common name and serial number or resourceId.",
            Kind::UnknownAction => "Please provide a valid action.",
            Kind::OpenOrder => OPEN_ORDER,
            Kind::Unsupported => UNSUPPORTED,
            Kind::ReadGroup => {
                "Group is assigned read permission, hence cannot perform any operation."
            }
            Kind::Monitored => MONITORED,
            Kind::Payload => "Invalid / Incorrect payload.",
            Kind::Invalid => "Invalid request.",
            Kind::EmptyCredentials => "Username or password cannot be null or empty",
            Kind::LogIn => "Login failed. Invalid credentials.",
            Kind::Client => "Invalid Request::[Invalid client Id or secret]",
            Kind::CsrSource => "Invalid csr generation source specified.",
            Kind::NoGroup => "Invalid group name specified.",
            Kind::CreateReadGroup => {
                "Group is given with read permission, so cannot perform any operation."
            }
            Kind::NoAuthority => "CA settings are not available.",
            Kind::NoCertificate => "Invalid certificate.",
            Kind::Format => "Please provide a valid format.",
            Kind::Password => PASSWORD,
            Kind::KeyRestricted => "Access to the private key is restricted by policy.",
            Kind::NoKey => "Private key is not available.",
            Kind::Order => "Work order cannot be updated.",
            Kind::Conflict => "Conflict with what is there.",
            Kind::Nowhere => "Invalid URL.",
            Kind::Method => "Method is not allowed.",
            Kind::TooLarge => "Payload is too large.",
            Kind::TooMany => "Too many requests.",
            Kind::Internal => "Internal server error.",
            Kind::Unavailable => "Service is not available.",
        };
        words.to_owned()
    }
}

const OPEN_ORDER: &str =
    "Since requested certificate's work order is in progress, cannot initiate another action.";
const UNSUPPORTED: &str = "Life cycle action is unsupported by CA or another work order is in progress or certificate \
     belongs to read group or is in Monitored status.";
const MONITORED: &str = "Cannot perform the specified action because it is not permitted for certificates in the \
     Monitored state.";
const PASSWORD: &str = "Password must have at least 8 characters with lower case, upper case, digit and special \
     character.";

impl Fault {
    /// An error of which there is no more to say.
    pub(super) const fn new(kind: Kind) -> Fault {
        Fault {
            kind,
            why: None,
            retry_after: None,
        }
    }

    /// An error with what exactly was wrong.
    pub(super) fn because(kind: Kind, why: impl Into<String>) -> Fault {
        Fault {
            why: Some(text::shortened(why.into(), text::END)),
            ..Fault::new(kind)
        }
    }

    /// 400 for a value that cannot be used.
    pub(super) fn invalid(why: impl Into<String>) -> Fault {
        Fault::because(Kind::Invalid, why)
    }

    /// 400 for a body that cannot be read.
    pub(super) fn payload(why: impl Into<String>) -> Fault {
        Fault::because(Kind::Payload, why)
    }

    /// The error for one of the engine. One of ours is logged.
    pub(super) fn of(error: &Error) -> Fault {
        log::internal(error);
        Fault {
            retry_after: error.retry_after().map(|wait| wait.as_secs()),
            ..match why(error) {
                Some(why) => Fault::because(kind(error), why),
                None => Fault::new(kind(error)),
            }
        }
    }

    /// The same error of another kind, if it is of this one: some addresses have their own words.
    pub(super) fn instead(self, of: Kind, kind: Kind) -> Fault {
        if self.kind == of {
            Fault { kind, ..self }
        } else {
            self
        }
    }

    /// What is answered.
    pub(super) fn envelope(self) -> Envelope<()> {
        Envelope::failed(self.kind.code(), self.kind.message(), self.why)
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
            BodyFault::TooLarge(_) => Fault::because(Kind::TooLarge, fault.to_string()),
            BodyFault::Broken | BodyFault::Charset => Fault::payload(fault.to_string()),
        }
    }
}

/// The table.
fn kind(error: &Error) -> Kind {
    match error {
        Error::Unauthenticated | Error::UserDisabled => Kind::InvalidCredentials,
        Error::Throttled(_) => Kind::TooMany,
        Error::Forbidden(_) => Kind::ReadGroup,
        Error::NotFound(_) => Kind::NoRecords,
        Error::OrderOpen(_) => Kind::OpenOrder,
        Error::NotManaged => Kind::Monitored,
        Error::Refused(_) | Error::Policy(_) | Error::NoPrivateKey => Kind::Unsupported,
        Error::OrderRefused(_) => Kind::Order,
        Error::NoCertificate => Kind::NoCertificate,
        Error::Invalid(_) | Error::InvalidItems(_) => Kind::Invalid,
        Error::Conflict(_)
        | Error::CertificateAttached(_)
        | Error::Locked
        | Error::NotLocked
        | Error::Changed => Kind::Conflict,
        Error::Busy | Error::TimedOut => Kind::Unavailable,
        Error::Internal(_) => Kind::Internal,
    }
}

/// What the engine has to say beyond the documented words.
fn why(error: &Error) -> Option<String> {
    match (Class::of(error), error) {
        (_, Error::NotFound(_) | Error::NotManaged) => None,
        (Class::Unauthenticated | Class::Disabled | Class::Forbidden | Class::Internal, _) => None,
        (
            Class::Throttled
            | Class::Missing
            | Class::Refused
            | Class::Conflicting
            | Class::Unlocked
            | Class::Unavailable,
            _,
        ) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use chancery_app::Conflict;
    use chancery_core::certificate::Refusal;
    use chancery_core::plan;
    use chancery_core::workorder::OrderRefusal;
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::joe;

    fn said(fault: Fault) -> (u16, Value) {
        let status = fault.kind.status().as_u16();
        (status, serde_json::to_value(fault.envelope()).unwrap())
    }

    #[track_caller]
    fn check(error: Error, status: u16, code: &str, why: bool) {
        let words = error.to_string();
        let (found, envelope) = said(Fault::of(&error));
        let tags = if why {
            json!({"reason": words})
        } else {
            json!({})
        };
        assert_eq!((found, &envelope["appStatusCode"]), (status, &json!(code)));
        assert_eq!(envelope["tags"], tags);
    }

    /// The table of the source document: status, code and message of every row, in its order.
    #[test]
    fn the_documents_rows_have_the_documents_words() {
        let document = include_str!("golden/02-status-codes.txt");
        let rows: Vec<(u16, &str, &str)> = document
            .lines()
            .map(|row| {
                let mut parts = row.splitn(3, " | ");
                let mut part = || parts.next().unwrap();
                (part().parse().unwrap(), part(), part())
            })
            .collect();
        let kinds = [
            Kind::InvalidCredentials,
            Kind::NoRecords,
            Kind::NoIdentifier,
            Kind::UnknownAction,
            Kind::Missing("action"),
            Kind::Missing("reason"),
            Kind::OpenOrder,
            Kind::Unsupported,
            Kind::ReadGroup,
            Kind::Monitored,
        ];
        assert_eq!(rows.len(), kinds.len());
        for (kind, (status, code, message)) in kinds.into_iter().zip(rows) {
            let want = json!({
                "response": null, "message": message, "appStatusCode": code, "tags": {}, "headers": null,
            });
            assert_eq!(said(Fault::new(kind)), (status, want));
        }
    }

    #[test]
    fn every_error_of_the_engine_has_its_row() {
        for (error, status, code, why) in [
            (Error::Unauthenticated, 401, "AVX_GW_003", false),
            (Error::UserDisabled, 401, "AVX_GW_003", false),
            (
                Error::Throttled(Duration::from_secs(3)),
                429,
                "TOO_MANY_REQUESTS",
                true,
            ),
            (Error::Forbidden("x"), 417, "READ_GROUP", false),
            (Error::NotFound("user"), 404, "NO_RECORDS_FOUND", false),
            (Error::OrderOpen(7), 417, "OPEN_WORK_ORDERS_FOUND", true),
            (Error::NotManaged, 500, "CANNOT_PERFORM_OPERATION", false),
            (Error::Refused(Refusal::Expired), 406, "CERT-VWF-0006", true),
            (
                Error::Policy(plan::Refusal::SubjectEmpty),
                406,
                "CERT-VWF-0006",
                true,
            ),
            (Error::NoPrivateKey, 406, "CERT-VWF-0006", true),
            (
                Error::OrderRefused(OrderRefusal::SelfApproval),
                417,
                "INVALID_WORK_ORDER",
                true,
            ),
            (Error::NoCertificate, 417, "NOT_A_VALID_CERT", true),
            (Error::Invalid("x".to_owned()), 400, "INVALID_REQUEST", true),
            (
                Error::InvalidItems(vec![(0, "x".to_owned())]),
                400,
                "INVALID_REQUEST",
                true,
            ),
            (
                Error::Conflict(Conflict::UserName),
                409,
                "DUPLICATE_FOUND",
                true,
            ),
            (
                Error::CertificateAttached(Box::new(joe())),
                409,
                "DUPLICATE_FOUND",
                true,
            ),
            (Error::Locked, 409, "DUPLICATE_FOUND", true),
            (Error::NotLocked, 409, "DUPLICATE_FOUND", true),
            (Error::Changed, 409, "DUPLICATE_FOUND", true),
            (Error::Busy, 503, "SERVICE_UNAVAILABLE", true),
            (Error::TimedOut, 503, "SERVICE_UNAVAILABLE", true),
            (
                Error::internal("the disk is on fire"),
                500,
                "INTERNAL_SERVER_ERROR",
                false,
            ),
        ] {
            check(error, status, code, why);
        }
    }

    #[test]
    fn what_passes_says_when_to_try_again() {
        let wait = |error| Fault::of(&error).retry_after;
        assert_eq!(wait(Error::Throttled(Duration::from_millis(1))), Some(1));
        assert_eq!(wait(Error::Busy), Some(1));
        assert_eq!(wait(Error::TimedOut), None);
    }
}
