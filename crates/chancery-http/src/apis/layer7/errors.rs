//! What went wrong, in restman's words: the one table from the engine's errors to status, Type and Detail of an
//! `l7:Error`. Faults of ours are logged here and told to nobody.

use axum::http::StatusCode;
use chancery_app::{Error, User};

use super::layout;
use crate::kit::body::BodyFault;
use crate::kit::class::Class;
use crate::kit::log;
use crate::kit::node::Node;
use crate::kit::text;

/// An error to answer with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    /// Which.
    pub(super) kind: Kind,
    /// What was wrong, and what to do.
    pub(super) detail: String,
    /// Seconds after which to try again.
    pub(super) retry_after: Option<u64>,
}

/// The errors that are answered. Only [`Kind::Update`] is told by the source document; the other words are ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// 400: a certificate is attached already.
    Update,
    /// 400
    BadRequest,
    /// 400 too: the documents know no 409, and clients print Type and Detail of a 400.
    Conflict,
    /// 401
    Unauthorized,
    /// 403
    Forbidden,
    /// 404
    NotFound,
    /// 405
    MethodNotAllowed,
    /// 413
    TooLarge,
    /// 429
    TooManyRequests,
    /// 500
    InternalError,
    /// 503
    Unavailable,
}

impl Kind {
    #[cfg(test)]
    const ALL: [Kind; 11] = [
        Kind::Update,
        Kind::BadRequest,
        Kind::Conflict,
        Kind::Unauthorized,
        Kind::Forbidden,
        Kind::NotFound,
        Kind::MethodNotAllowed,
        Kind::TooLarge,
        Kind::TooManyRequests,
        Kind::InternalError,
        Kind::Unavailable,
    ];

    /// The HTTP status.
    pub(super) const fn status(self) -> StatusCode {
        match self {
            Kind::Update | Kind::BadRequest | Kind::Conflict => StatusCode::BAD_REQUEST,
            Kind::Unauthorized => StatusCode::UNAUTHORIZED,
            Kind::Forbidden => StatusCode::FORBIDDEN,
            Kind::NotFound => StatusCode::NOT_FOUND,
            Kind::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Kind::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Kind::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
            Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What stands in `l7:Type`.
    const fn word(self) -> &'static str {
        match self {
            Kind::Update => "Update",
            Kind::BadRequest => "BadRequest",
            Kind::Conflict => "Conflict",
            Kind::Unauthorized => "Unauthorized",
            Kind::Forbidden => "Forbidden",
            Kind::NotFound => "NotFound",
            Kind::MethodNotAllowed => "MethodNotAllowed",
            Kind::TooLarge => "TooLarge",
            Kind::TooManyRequests => "TooManyRequests",
            Kind::InternalError => "InternalError",
            Kind::Unavailable => "Unavailable",
        }
    }
}

impl Fault {
    /// An error with that detail.
    pub(super) fn new(kind: Kind, detail: impl Into<String>) -> Fault {
        Fault {
            kind,
            detail: text::shortened(detail.into(), text::END),
            retry_after: None,
        }
    }

    /// 400 for what cannot be understood.
    pub(super) fn bad(detail: impl Into<String>) -> Fault {
        Fault::new(Kind::BadRequest, detail)
    }

    /// 404
    pub(super) fn not_found(detail: impl Into<String>) -> Fault {
        Fault::new(Kind::NotFound, detail)
    }

    /// The error for one of the engine. One of ours is logged.
    pub(super) fn of(error: &Error) -> Fault {
        log::internal(error);
        Fault {
            retry_after: error.retry_after().map(|wait| wait.as_secs()),
            ..Fault::new(kind(error), detail(error))
        }
    }

    /// The `l7:Error` of a request to that address, answered at that moment.
    pub(super) fn document(&self, uri: &str, stamp: &str) -> String {
        let node = Node::new("Error")
            .holding(Node::text("Type", self.kind.word()))
            .holding(Node::text("TimeStamp", stamp))
            .holding(Node::new("Link").with("rel", "self").with("uri", uri))
            .holding(Node::text("Detail", &self.detail));
        layout::document(node)
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
        (_, Error::CertificateAttached(_)) => Kind::Update,
        (Class::Unauthenticated, _) => Kind::Unauthorized,
        (Class::Disabled | Class::Forbidden, _) => Kind::Forbidden,
        (Class::Throttled, _) => Kind::TooManyRequests,
        (Class::Missing, _) => Kind::NotFound,
        (Class::Refused, _) => Kind::BadRequest,
        (Class::Conflicting | Class::Unlocked, _) => Kind::Conflict,
        (Class::Unavailable, _) => Kind::Unavailable,
        (Class::Internal, _) => Kind::InternalError,
    }
}

/// The document's own words where it has some.
fn detail(error: &Error) -> String {
    if let Error::CertificateAttached(user) = error {
        return format!(
            "this user is currently not allowed to generate a new cert: {} ({})",
            shown_name(user),
            user.name
        );
    }
    error.to_string()
}

/// How a user is shown to people: its display name, else its log-in name.
pub(super) fn shown_name(user: &User) -> &str {
    user.person.display_name.as_deref().unwrap_or(&user.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::joe;
    use chancery_app::{Conflict, Person};
    use chancery_core::certificate::Refusal;
    use chancery_core::identity::UserId;
    use chancery_core::plan;
    use chancery_core::workorder::OrderRefusal;
    use std::time::Duration;

    #[track_caller]
    fn check(error: Error, status: u16, word: &str, detail: &str) {
        let fault = Fault::of(&error);
        let found = (
            fault.kind.status().as_u16(),
            fault.kind.word(),
            fault.detail.as_str(),
        );
        assert_eq!(found, (status, word, detail));
    }

    #[track_caller]
    fn in_words(error: Error, status: u16, word: &str) {
        let words = error.to_string();
        check(error, status, word, &words);
    }

    fn john(display_name: Option<&str>) -> User {
        User {
            id: UserId::parse("05aaaff0669511e498030800200c9a66").unwrap(),
            name: "34049006".to_owned(),
            person: Person {
                display_name: display_name.map(str::to_owned),
                ..Person::default()
            },
            ..joe()
        }
    }

    #[test]
    fn a_second_certificate_is_refused_in_the_documents_words() {
        let attached = |name| Error::CertificateAttached(Box::new(john(name)));
        let words = "this user is currently not allowed to generate a new cert: ";
        check(
            attached(Some("John Doe")),
            400,
            "Update",
            &format!("{words}John Doe (34049006)"),
        );
        check(
            attached(None),
            400,
            "Update",
            &format!("{words}34049006 (34049006)"),
        );
    }

    #[test]
    fn callers_errors_are_said_in_the_engines_words() {
        in_words(Error::Unauthenticated, 401, "Unauthorized");
        in_words(Error::UserDisabled, 403, "Forbidden");
        in_words(Error::Forbidden("x"), 403, "Forbidden");
        in_words(Error::NotFound("user"), 404, "NotFound");
        in_words(Error::NoCertificate, 404, "NotFound");
        in_words(Error::Refused(Refusal::Expired), 400, "BadRequest");
        in_words(
            Error::Policy(plan::Refusal::SubjectEmpty),
            400,
            "BadRequest",
        );
        in_words(Error::Invalid("x".to_owned()), 400, "BadRequest");
        in_words(
            Error::InvalidItems(vec![(0, "x".to_owned())]),
            400,
            "BadRequest",
        );
        in_words(Error::OrderOpen(7), 400, "Conflict");
        in_words(Error::Locked, 400, "Conflict");
        in_words(Error::NotLocked, 400, "Conflict");
        in_words(
            Error::OrderRefused(OrderRefusal::SelfApproval),
            400,
            "BadRequest",
        );
        in_words(Error::NotManaged, 400, "BadRequest");
        in_words(Error::NoPrivateKey, 400, "BadRequest");
        in_words(Error::Conflict(Conflict::UserName), 400, "Conflict");
        in_words(
            Error::Conflict(Conflict::UserHasCertificates),
            400,
            "Conflict",
        );
        in_words(Error::Changed, 400, "Conflict");
    }

    #[test]
    fn what_passes_says_when_to_try_again_and_faults_of_ours_tell_nothing() {
        let wait = Error::Throttled(Duration::from_secs(3));
        assert_eq!(Fault::of(&wait).retry_after, Some(3));
        assert_eq!(Fault::of(&Error::Busy).retry_after, Some(1));
        in_words(wait, 429, "TooManyRequests");
        in_words(Error::Busy, 503, "Unavailable");
        in_words(Error::TimedOut, 503, "Unavailable");
        let broken = Error::internal("the disk is on fire");
        check(broken, 500, "InternalError", "internal error");
    }

    #[test]
    fn an_error_is_laid_out_as_the_document_shows() {
        let want = include_str!("golden/01-put-attached.response.http");
        let (_, want) = want.split_once("\n\n").unwrap();
        let fault = Fault::of(&Error::CertificateAttached(Box::new(john(Some(
            "John Doe",
        )))));
        let uri = "https://gateway.domain.com:8443/restman/1.0/users/05aaaff0669511e498030800200c9a66/certificate";
        let text = fault.document(uri, "2014-11-07T11:00:42.810+01:00");
        let (_, text) = text.split_once('\n').unwrap();
        assert_eq!(text, want);
    }

    #[test]
    fn every_kind_has_its_own_word() {
        let mut words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Kind::ALL.len());
        assert!(Kind::ALL.iter().all(|kind| kind.status().as_u16() >= 400));
    }
}
