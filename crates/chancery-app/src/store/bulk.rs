//! What the store is asked about bulk revocations: the certificates within their reach, and how far they are.

use chancery_core::certificate::{Origin, State};
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::time::Time;

use crate::audit::NewAuditEntry;
use crate::bulk_revocation::{BulkAction, BulkFilter, BulkState};

/// A part of a commit that is about a bulk revocation.
#[derive(Debug)]
pub(crate) enum BulkStep {
    /// Stores one that runs from now on; fails with [`super::StoreError::Stale`] if it is a release, and what it
    /// releases or another release of that runs.
    Add(Box<NewBulkRevocation>),
    /// Moves one from a state to another; fails with [`super::StoreError::Stale`] if it is not in `from`, or if it is to
    /// run and another one of its family does.
    Switch {
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
        /// Certificates that this commit moves for it.
        moved: u64,
        /// When.
        at: Time,
        /// Is that the end of it?
        ended: bool,
    },
    /// Fails with [`super::StoreError::Stale`] if somebody put a certificate on hold after an entry of the audit trail.
    ExpectNoHoldSince {
        /// Which.
        certificate: CertificateId,
        /// [`Movable::trail`].
        entry: i64,
    },
}

/// A bulk revocation about to be stored.
#[derive(Debug)]
pub(crate) struct NewBulkRevocation {
    pub(crate) filter: BulkFilter,
    pub(crate) action: BulkAction,
    pub(crate) up_to: CertificateNumber,
    pub(crate) total: u64,
    pub(crate) asked_by: UserId,
    pub(crate) asked_at: Time,
    /// The audit entry that tells of it, about the object with the number that it gets.
    pub(crate) told: NewAuditEntry,
}

/// Which certificates to look for, in the order of their numbers.
#[derive(Clone, Debug)]
pub(crate) struct MovableSearch {
    pub(crate) filter: BulkFilter,
    /// What is to be done to them: only those to which it can be done are found.
    pub(crate) action: BulkAction,
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

/// What decides whether and how a certificate can be moved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Movable {
    pub(crate) number: CertificateNumber,
    pub(crate) id: CertificateId,
    pub(crate) origin: Origin,
    pub(crate) state: State,
    pub(crate) not_after: Time,
    /// The newest entry of the audit trail when this was read.
    pub(crate) trail: i64,
}
