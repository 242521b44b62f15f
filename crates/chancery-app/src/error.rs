//! What can go wrong, in the kinds that a door must tell apart. No status codes: those are each API's words.

use std::fmt;
use std::time::Duration;

use chancery_core::{certificate, plan, workorder};

use crate::keys::KeyFault;
use crate::store::StoreError;
use crate::users::User;

pub use crate::store::Conflict;

/// Why a use case was not done. Nothing was changed then, [`Error::TimedOut`] apart.
#[derive(Debug)]
pub enum Error {
    /// Nobody proved who is asking: no credential, or a wrong one.
    Unauthenticated,
    /// Too many wrong attempts wait; try again after that time.
    Throttled(Duration),
    /// The user is who it says, and disabled (or its domain is), or its account has ended.
    UserDisabled,
    /// The caller has no right to do this. The text names the right's object, never what lies behind it.
    Forbidden(&'static str),
    /// There is no such thing (`certificate`, `user`, ...).
    NotFound(&'static str),
    /// The certificate's state does not allow it.
    Refused(certificate::Refusal),
    /// The profile or the authority does not allow it.
    Policy(plan::Refusal),
    /// What was given cannot be understood; the text says what was wrong and what to do.
    Invalid(String),
    /// One or more of several things given cannot be understood: each bad one's place (from 0) and what was wrong.
    InvalidItems(Vec<(usize, String)>),
    /// Something is there already, or still in use.
    Conflict(Conflict),
    /// A certificate is attached to this user already: it must be detached before another can be.
    CertificateAttached(Box<User>),
    /// A work order about the certificate is open: that one must end first.
    OrderOpen(i64),
    /// The work order's state, or who asks, does not allow it.
    OrderRefused(workorder::OrderRefusal),
    /// The certificate is only watched: it was neither issued here nor imported with its key, so no order is taken for it.
    NotManaged,
    /// The server does not hold that certificate's private key, so it cannot do this.
    NoPrivateKey,
    /// The certificate has no DER: it is pending or purged.
    NoCertificate,
    /// Another client holds the configuration lock.
    Locked,
    /// Nobody holds the configuration lock: it must be taken first.
    NotLocked,
    /// Somebody else changed it while this was decided: decide again.
    Changed,
    /// Too much waits already: try again.
    Busy,
    /// It took too long. Whether it was done is not known: look before trying again.
    TimedOut,
    /// A fault of ours. The text is for the log and never leaves.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// A fault of ours.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Internal(cause.into())
    }

    /// How long to wait before asking again is of use, at least a second; none where waiting mends nothing, or where what
    /// was asked may have been done.
    pub fn retry_after(&self) -> Option<Duration> {
        const SHORTEST: Duration = Duration::from_secs(1);
        match self {
            Error::Throttled(wait) => Some((*wait).max(SHORTEST)),
            Error::Busy => Some(SHORTEST),
            Error::Unauthenticated
            | Error::UserDisabled
            | Error::Forbidden(_)
            | Error::NotFound(_)
            | Error::Refused(_)
            | Error::Policy(_)
            | Error::Invalid(_)
            | Error::InvalidItems(_)
            | Error::Conflict(_)
            | Error::CertificateAttached(_)
            | Error::OrderOpen(_)
            | Error::OrderRefused(_)
            | Error::NotManaged
            | Error::NoPrivateKey
            | Error::NoCertificate
            | Error::Locked
            | Error::NotLocked
            | Error::Changed
            | Error::TimedOut
            | Error::Internal(_) => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Unauthenticated => f.write_str("credentials are missing or wrong"),
            Error::Throttled(wait) => {
                write!(
                    f,
                    "too many wrong attempts: try again in {} seconds",
                    wait.as_secs().max(1)
                )
            }
            Error::UserDisabled => f.write_str("the user is disabled, or its account has ended"),
            Error::Forbidden(what) => write!(f, "no right to do this: {what}"),
            Error::NotFound(what) => write!(f, "there is no such {what}"),
            Error::Refused(refusal) => refusal.fmt(f),
            Error::Policy(refusal) => refusal.fmt(f),
            Error::Invalid(text) => f.write_str(text),
            Error::InvalidItems(items) => {
                for (at, (place, text)) in items.iter().enumerate() {
                    let separator = if at == 0 { "" } else { "; " };
                    write!(f, "{separator}item {}: {text}", place.saturating_add(1))?;
                }
                Ok(())
            }
            Error::Conflict(conflict) => conflict.fmt(f),
            Error::CertificateAttached(user) => write!(
                f,
                "a certificate is attached to the user {} already: detach it first",
                user.id
            ),
            Error::OrderOpen(number) => write!(
                f,
                "work order {number} about this certificate is open: it must be done or rejected first"
            ),
            Error::OrderRefused(refusal) => refusal.fmt(f),
            Error::NotManaged => f.write_str(
                "the certificate is only watched: it was neither issued here nor imported with its key",
            ),
            Error::NoPrivateKey => {
                f.write_str("the server does not hold this certificate's private key")
            }
            Error::NoCertificate => f.write_str("there is no certificate yet, or no longer"),
            Error::Locked => f.write_str("the configuration is locked by somebody else"),
            Error::NotLocked => {
                f.write_str("the configuration is not locked: take the lock first")
            }
            Error::Changed => f.write_str("it changed meanwhile: look at it again"),
            Error::TimedOut => f.write_str(
                "it took too long, and may have been done all the same: look before trying again",
            ),
            Error::Busy => f.write_str("the server is busy: try again"),
            Error::Internal(_) => f.write_str("internal error"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Internal(cause) => Some(cause.as_ref()),
            _ => None,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Error {
        match error {
            StoreError::Conflict(conflict) => Error::Conflict(conflict),
            StoreError::OrderOpen(number) => Error::OrderOpen(number),
            StoreError::Busy => Error::Busy,
            StoreError::Full(_) => Error::Invalid(error.to_string()),
            StoreError::Missing => Error::NotFound("object"),
            StoreError::Stale => Error::Changed,
            StoreError::Locked => Error::Locked,
            StoreError::NotLocked => Error::NotLocked,
            StoreError::Policy(refusal) => refusal.into(),
            StoreError::Broken(_) => Error::internal(error),
        }
    }
}

impl From<KeyFault> for Error {
    fn from(fault: KeyFault) -> Error {
        Error::internal(fault)
    }
}

impl From<certificate::Refusal> for Error {
    fn from(refusal: certificate::Refusal) -> Error {
        Error::Refused(refusal)
    }
}

impl From<plan::Refusal> for Error {
    /// A broken lint is a fault of ours; every other refusal is the profile's word to the caller.
    fn from(refusal: plan::Refusal) -> Error {
        match refusal {
            plan::Refusal::Lint(_) => Error::internal(refusal),
            refusal => Error::Policy(refusal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_waiting_for_others_is_worth_a_second_try() {
        for (error, want) in [
            (Error::Throttled(Duration::ZERO), Some(1000)),
            (Error::Throttled(Duration::from_millis(3500)), Some(3500)),
            (Error::Busy, Some(1000)),
            (Error::TimedOut, None),
            (Error::Changed, None),
            (Error::Unauthenticated, None),
        ] {
            let want = want.map(Duration::from_millis);
            assert_eq!(error.retry_after(), want, "{error:?}");
        }
    }
}
