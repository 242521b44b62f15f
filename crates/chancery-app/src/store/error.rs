//! Why the store did not do what it was asked.

use std::fmt;

use chancery_core::plan::Refusal;

/// Why the store did not do what it was asked.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// Something is there already, or still in use.
    Conflict(Conflict),
    /// A certificate or user is no longer as it was read: read it again and decide again.
    Stale,
    /// What should be changed is not there.
    Missing,
    /// A work order about the certificate is open: its number.
    OrderOpen(i64),
    /// So many commits wait already that this one was not taken.
    Busy,
    /// There are so many of a kind that no more are taken: that many.
    Full(u32),
    /// Another token holds the configuration lock.
    Locked,
    /// Nobody holds the configuration lock.
    NotLocked,
    /// What was decided meanwhile does not allow it any more.
    Policy(Refusal),
    /// The database failed.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

/// What is there already, or still in use.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Conflict {
    /// A certificate with that issuer and serial number.
    Certificate,
    /// A certificate with that id or name.
    CertificateName,
    /// A certificate with the same key was revoked because the key is compromised.
    KeyCompromised,
    /// A user with that id.
    UserId,
    /// A user with that log-in name.
    UserName,
    /// A domain with that id.
    Domain,
    /// An authority with that name, or a request for one.
    Authority,
    /// The authority is retired.
    AuthorityRetired,
    /// The authority issues under its own name.
    AuthorityActive,
    /// The certificate of the authority, or of its successor, is awaited: of the one with that name.
    AuthorityAwaited(String),
    /// The authority has a successor by now: the one with that name.
    AuthoritySucceeded(String),
    /// The user still owns certificates.
    UserHasCertificates,
    /// The domain still has users.
    DomainHasUsers,
    /// The domain still has certificates, though their owners may have left it.
    DomainHasCertificates,
    /// No domain with that id, to which a user should belong.
    NoSuchDomain,
    /// Nobody would be left to administer the server.
    LastAdministrator,
    /// The domain is an identity provider's.
    DomainHasProvider,
    /// No trusted certificate with that id, to which an identity provider should refer.
    NoSuchTrustedCertificate,
    /// An identity provider still refers to the trusted certificate.
    TrustedCertificateInUse,
    /// An element of the configuration with that kind and key.
    Element,
    /// The record holds a certificate, which is replaced only if that is asked for.
    RecordHasCertificate,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Conflict(conflict) => conflict.fmt(f),
            StoreError::Stale => f.write_str("it changed meanwhile"),
            StoreError::Missing => f.write_str("not found"),
            StoreError::OrderOpen(number) => write!(f, "work order {number} is open"),
            StoreError::Busy => f.write_str("too many writes are waiting"),
            StoreError::Full(most) => write!(f, "{most} are kept at most: remove some first"),
            StoreError::Locked => f.write_str("another token holds the configuration lock"),
            StoreError::NotLocked => f.write_str("nobody holds the configuration lock"),
            StoreError::Policy(refusal) => refusal.fmt(f),
            StoreError::Broken(_) => f.write_str("the database failed"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::Broken(cause) => Some(cause.as_ref()),
            StoreError::Conflict(_)
            | StoreError::Stale
            | StoreError::Missing
            | StoreError::OrderOpen(_)
            | StoreError::Busy
            | StoreError::Full(_)
            | StoreError::Locked
            | StoreError::NotLocked
            | StoreError::Policy(_) => None,
        }
    }
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Conflict::AuthorityAwaited(name) => {
                return write!(
                    f,
                    "the certificate of the authority {name} is awaited: import it, or withdraw the request"
                );
            }
            Conflict::AuthoritySucceeded(name) => {
                return write!(
                    f,
                    "the authority {name} has taken its place meanwhile: ask again if that one is to be succeeded"
                );
            }
            Conflict::Certificate => {
                "a certificate with that issuer and serial number is there already"
            }
            Conflict::CertificateName => "a certificate with that name is there already",
            Conflict::KeyCompromised => {
                "a certificate with this key was revoked as compromised: make a new key"
            }
            Conflict::UserId => "a user with that id is there already",
            Conflict::UserName => "a user with that name is there already",
            Conflict::Domain => "a domain with that id is there already",
            Conflict::Authority => "an authority with that name is there already",
            Conflict::AuthorityRetired => "the authority is retired already",
            Conflict::AuthorityActive => "the authority is neither retired nor superseded",
            Conflict::UserHasCertificates => "the user still owns certificates: disable it instead",
            Conflict::DomainHasUsers => "the domain still has users",
            Conflict::DomainHasCertificates => {
                "the domain still has certificates: disable it instead"
            }
            Conflict::NoSuchDomain => "there is no such domain: add it first",
            Conflict::LastAdministrator => {
                "no administrator would be left who can log in, now and for ever: make another one first"
            }
            Conflict::DomainHasProvider => {
                "the domain belongs to an identity provider: remove that instead"
            }
            Conflict::NoSuchTrustedCertificate => {
                "there is no such trusted certificate: add it first"
            }
            Conflict::TrustedCertificateInUse => {
                "an identity provider still refers to the trusted certificate"
            }
            Conflict::Element => "an element with that key is there already",
            Conflict::RecordHasCertificate => {
                "the certificate record holds a certificate already: ask to overwrite it"
            }
        };
        f.write_str(text)
    }
}
