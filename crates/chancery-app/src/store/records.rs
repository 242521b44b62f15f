//! What the store is asked about the configuration: its elements, its lock and what was done with it.

use chancery_core::identity::CertificateId;
use chancery_core::time::Time;

use crate::records::{Configuration, Element, Operation};

/// One change of the configuration or of its lock, as a part of a commit.
#[derive(Debug)]
pub(crate) enum RecordStep {
    /// Gives the lock to a token, if nobody holds it at that time or the token does already. If nobody did, what was
    /// edited and not saved is dropped first. Fails with [`super::StoreError::Locked`].
    TakeLock(LockHolder),
    /// Fails with [`super::StoreError::Locked`] or [`super::StoreError::NotLocked`] unless the token holds the lock.
    ExpectLock(LockHolder),
    /// Takes the lock from its holder and drops what was edited and not saved. Fails as [`RecordStep::ExpectLock`].
    ReleaseLock(LockHolder),
    /// Gives the lock from its holder to another token; if the first does not hold it, nothing happens.
    PassLock(LockHolder, [u8; 32]),
    /// Drops what was edited and not saved, if nobody holds the lock at that time; nobody gets it back after that.
    DropAbandoned(Time),
    /// Adds an element to the edited configuration; fails with [`super::Conflict::Element`] if one of its kind and key
    /// is there.
    AddElement(Element),
    /// Puts content in the place of an element's in the edited configuration; fails with [`super::StoreError::Stale`]
    /// unless the element has that version.
    ChangeElement {
        /// The version that it must have.
        from: i64,
        /// What it will be.
        element: Element,
        /// What it will hold beside its attributes.
        holds: Holding,
    },
    /// Removes an element, by kind and key, from the edited configuration; fails with [`super::StoreError::Missing`].
    RemoveElement(String, String),
    /// The saved configuration becomes what is edited.
    Save,
    /// The running configuration becomes what is saved.
    Activate,
    /// What is edited becomes the saved configuration again.
    RestoreSaved,
    /// What is edited becomes the running configuration.
    RestoreRunning,
    /// Remembers what was done; the oldest beyond some thousands are forgotten.
    AddOperation(Operation),
}

/// Who must hold the lock, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LockHolder {
    /// The hash of the token.
    pub(crate) token: [u8; 32],
    pub(crate) at: Time,
}

/// What an element is to hold beside its attributes.
#[derive(Debug)]
pub(crate) enum Holding {
    /// What the version before holds.
    Same,
    /// That key and request; a certificate only if it was for the same key.
    Request(RecordKey, Vec<u8>),
    /// What the version before holds, with this certificate, which is stored or added by the same commit.
    Certificate(CertificateId),
    /// This certificate (DER), without a key.
    Trusted(Vec<u8>),
}

/// The key of a record about to be stored.
#[derive(Debug)]
pub(crate) enum RecordKey {
    /// The one that the version before holds.
    Kept,
    /// A new one.
    New(NewRecordKey),
}

/// A key made for a record.
#[derive(Debug)]
pub(crate) struct NewRecordKey {
    /// 12 random octets, to which the sealed key is bound.
    pub(crate) id: [u8; 12],
    /// SubjectPublicKeyInfo.
    pub(crate) public: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
}

/// Which elements to read.
#[derive(Clone, Debug)]
pub(crate) struct ElementFilter {
    pub(crate) configuration: Configuration,
    pub(crate) kind: Option<String>,
    pub(crate) key: Option<String>,
    /// Only those of later keys; needs a kind.
    pub(crate) after: Option<String>,
    /// The time at which it is judged whether the lock, and with it what is edited, still holds.
    pub(crate) at: Time,
}

/// An element as stored, with what it holds.
#[derive(Debug)]
pub(crate) struct StoredElement {
    /// Its version, which no two contents share.
    pub(crate) version: i64,
    pub(crate) element: Element,
    pub(crate) key: Option<StoredRecordKey>,
    /// The certificate of the key, unless it was deleted.
    pub(crate) certificate: Option<CertificateId>,
    /// That certificate, or the one of a record without a key.
    pub(crate) der: Option<Vec<u8>>,
    /// Is it like this in the saved configuration, and in the running one?
    pub(crate) saved: bool,
    pub(crate) running: bool,
}

/// A record's key and the request made with it.
#[derive(Debug)]
pub(crate) struct StoredRecordKey {
    pub(crate) id: [u8; 12],
    /// SubjectPublicKeyInfo.
    pub(crate) public: Vec<u8>,
    pub(crate) sealed: Vec<u8>,
    /// PKCS#10, DER.
    pub(crate) csr: Vec<u8>,
}
