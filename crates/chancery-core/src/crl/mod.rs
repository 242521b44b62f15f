//! Certificate revocation lists (RFC 5280, section 5), in and out: complete ones, deltas, and those of one shard.
//!
//! A list may have ten million entries, so it is never held here: entries are encoded where they are read
//! ([`push_entry`]), kept by whoever asked, and shown once to a [`CrlStream`], which plans what stands around them. Which
//! certificates are on a list is decided elsewhere.

mod read;
mod shard;
#[cfg(test)]
mod tests;
mod write;

pub use read::{CrlError, CrlFacts, IssuingPoint, read_crl, verify_crl};
pub use shard::{CrlAddress, Scope, Shard, Shards};
pub use write::{CrlHead, CrlLinks, CrlStream, PlannedCrl, SignedCrl, push_entry, push_removal};

use crate::revocation::Reason;
use crate::serial::Serial;
use crate::time::Time;

/// What a list tells of its scope.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CrlKind {
    /// Every revoked certificate.
    Complete,
    /// What changed since complete ones (section 5.2.4).
    Delta,
}

/// A revoked certificate on a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrlEntry {
    /// Its serial number.
    pub serial: Serial,
    /// Since when.
    pub revoked: Time,
    /// Why. [`Reason::Unspecified`] is left out of the list (section 5.3.1).
    pub reason: Reason,
}

/// A certificate on a delta that is no longer revoked (section 5.3.1: removeFromCRL): it was released from hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrlRemoval {
    /// Its serial number.
    pub serial: Serial,
    /// Since when.
    pub removed: Time,
}

/// The CRLReason code of an entry that removes another (section 5.3.1); no [`Reason`] of a certificate.
const REMOVE_FROM_CRL: u8 = 8;
