//! What an error of the engine is to who asked: the classes that an API must tell apart to choose a status. The statuses and
//! the words are each API's own.

use chancery_app::Error;

/// A class of errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// Who asks is not known.
    Unauthenticated,
    /// Who asks is known, and disabled.
    Disabled,
    /// Who asks has no right to it.
    Forbidden,
    /// Who asks has tried too often.
    Throttled,
    /// What was asked for is not there.
    Missing,
    /// It cannot be done as it was asked for, now or later.
    Refused,
    /// What is there already, or happens meanwhile, stands against it.
    Conflicting,
    /// The configuration lock is somebody else's, or nobody's.
    Unlocked,
    /// The server cannot now, or could not in time.
    Unavailable,
    /// A fault of ours.
    Internal,
}

impl Class {
    /// The table. Every kind of error is named: one that is forgotten would turn a fault of ours into a client's, or the
    /// reverse.
    pub(crate) const fn of(error: &Error) -> Class {
        match error {
            Error::Unauthenticated => Class::Unauthenticated,
            Error::UserDisabled => Class::Disabled,
            Error::Forbidden(_) => Class::Forbidden,
            Error::Throttled(_) => Class::Throttled,
            Error::NotFound(_) | Error::NoCertificate => Class::Missing,
            Error::Refused(_)
            | Error::Policy(_)
            | Error::Invalid(_)
            | Error::InvalidItems(_)
            | Error::OrderRefused(_)
            | Error::NotManaged
            | Error::NoPrivateKey => Class::Refused,
            Error::Conflict(_)
            | Error::CertificateAttached(_)
            | Error::OrderOpen(_)
            | Error::Changed => Class::Conflicting,
            Error::Locked | Error::NotLocked => Class::Unlocked,
            Error::Busy | Error::TimedOut => Class::Unavailable,
            Error::Internal(_) => Class::Internal,
        }
    }
}
