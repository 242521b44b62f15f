//! What the store is asked about bulk revocations: the certificates within their reach, and how far they are.

use chancery_core::certificate::{Origin, State};
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::revocation::Reason;
use chancery_core::time::Time;

use crate::audit::NewAuditEntry;
use crate::bulk_revocation::{BulkFilter, BulkState};

/// A part of a commit that is about a bulk revocation.
#[derive(Debug)]
pub(crate) enum BulkStep {
    /// Stores one that runs from now on.
    Add(Box<NewBulkRevocation>),
    /// Moves one from a state to another; fails with [`super::StoreError::Stale`] if it is not in `from`.
    Turn {
        /// Which.
        number: i64,
        /// The state in which it must be.
        from: BulkState,
        /// The state in which it will be.
        to: BulkState,
        /// When.
        at: Time,
        /// By whose right it goes on from now on; as before if there is none.
        responsible: Option<UserId>,
        /// Why the server stops it, if it does.
        because: Option<&'static str>,
    },
    /// Takes one on; fails with [`super::StoreError::Stale`] unless it runs and stands at `from`.
    Advance {
        /// Which.
        number: i64,
        /// The certificate up to which it has looked so far.
        from: CertificateNumber,
        /// The certificate up to which it will have looked.
        to: CertificateNumber,
        /// Certificates that this commit revokes for it.
        revoked: u64,
        /// When.
        at: Time,
        /// Is that the end of it?
        ended: bool,
    },
}

/// A bulk revocation about to be stored.
#[derive(Debug)]
pub(crate) struct NewBulkRevocation {
    pub(crate) filter: BulkFilter,
    pub(crate) reason: Reason,
    pub(crate) up_to: CertificateNumber,
    pub(crate) total: u64,
    pub(crate) asked_by: UserId,
    pub(crate) asked_at: Time,
    /// The audit entry that tells of it, about the object with the number that it gets.
    pub(crate) told: NewAuditEntry,
}

/// Which certificates to look for, in the order of their numbers.
#[derive(Clone, Debug)]
pub(crate) struct RevocableSearch {
    pub(crate) filter: BulkFilter,
    /// For which reason they are to be revoked: what is on hold already is not held again.
    pub(crate) reason: Reason,
    /// The moment at which expiry is judged.
    pub(crate) now: Time,
    /// Only those with greater numbers.
    pub(crate) after: CertificateNumber,
    /// Only those with numbers up to this.
    pub(crate) up_to: CertificateNumber,
}

/// Whose bulk revocations to read.
#[derive(Clone, Debug)]
pub(crate) enum BulkReach {
    /// All.
    All,
    /// Those that are held to a domain, and those that a user asked for.
    DomainOr(DomainId, UserId),
    /// Those that a user asked for.
    AskedBy(UserId),
}

/// What decides whether a certificate can be revoked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Revocable {
    pub(crate) number: CertificateNumber,
    pub(crate) id: CertificateId,
    pub(crate) origin: Origin,
    pub(crate) state: State,
    pub(crate) not_after: Time,
}
