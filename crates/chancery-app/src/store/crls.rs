//! What CRLs are made from, in the words of the store.

use chancery_core::crl::Scope;
use chancery_core::time::Time;

/// A complete CRL about to be made, on which delta CRLs may build.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewCrlBase {
    pub(crate) scope: Scope,
    /// The authority's revocation generation before its entries were read.
    pub(crate) generation: u64,
    pub(crate) this_update: Time,
    pub(crate) next_update: Time,
    /// A base of its scope that is no older than this stands for it too: what a delta builds on need not be the newest.
    pub(crate) unless_since: Time,
}

/// A complete CRL on which a delta CRL builds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct CrlBase {
    pub(crate) number: u64,
    /// It shows every change up to this one.
    pub(crate) generation: u64,
}

/// Some entries of a complete CRL, encoded.
#[derive(PartialEq, Eq, Debug)]
pub(crate) struct CrlPage {
    pub(crate) entries: Vec<u8>,
    /// The bucket at which the next page begins; none if this is the last.
    pub(crate) next: Option<u16>,
}
