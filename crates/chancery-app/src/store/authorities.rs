//! How authorities are stored and changed, beside what [`super::Store`] says of them.

use chancery_core::certificate::State;
use chancery_core::identity::CertificateId;
use chancery_core::time::Time;

use super::certificates::NewCertificate;

/// A change to an authority, or to a request for one.
#[derive(Debug)]
pub(crate) enum AuthorityStep {
    /// Adds an authority. Fails with [`super::Conflict::Authority`] if an authority or a request has that name; with
    /// [`super::Conflict::AuthoritySucceeded`] or [`super::Conflict::AuthorityAwaited`] if whom it is to succeed has a
    /// successor or awaits one.
    Add(NewAuthority),
    /// Fails with [`super::StoreError::Policy`] if an authority was retired, or its own certificate or that of one above it
    /// is not active any more.
    ExpectSigning(i64),
    /// Stores an authority's own certificate among the certificates, under the authority above it. Fails with
    /// [`super::StoreError::Missing`] unless both are there, and with [`super::StoreError::Stale`] if it was stored.
    Register {
        /// The authority's name.
        authority: String,
        /// Its certificate; which authority signed it is filled in.
        certificate: Box<NewCertificate>,
    },
    /// Retires an authority; fails with [`super::StoreError::Stale`] if it is retired.
    Retire(i64, Time),
    /// Lets an authority issue again, also in its successor's place.
    Reinstate(i64),
    /// Stores a request. Fails as [`AuthorityStep::Add`] does.
    AddRequest(AuthorityRequest),
    /// Removes a request; fails with [`super::StoreError::Stale`] if it is not there.
    RemoveRequest(String),
    /// Keeps the imported CRL of an authority in place of the one before.
    KeepCrl(i64, Vec<u8>),
}

/// An authority about to be stored.
#[derive(Debug)]
pub(crate) struct NewAuthority {
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    /// The name of the authority in whose place it issues.
    pub(crate) predecessor: Option<String>,
    pub(crate) certificate: Vec<u8>,
    /// Its private key, sealed; none if it is kept elsewhere.
    pub(crate) sealed_key: Option<Vec<u8>>,
    pub(crate) created: Time,
}

/// An authority as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredAuthority {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    pub(crate) certificate: Vec<u8>,
    /// Its private key, sealed; none if it is kept elsewhere.
    pub(crate) sealed_key: Option<Vec<u8>>,
    /// Its revocation counter, at the moment at which all else was read.
    pub(crate) generation: u64,
    /// Was it retired?
    pub(crate) retired: bool,
    /// The name of the authority that issues in its place.
    pub(crate) successor: Option<String>,
    /// Its own certificate among the certificates: id and state; none for a root.
    pub(crate) registered: Option<(CertificateId, State)>,
    /// The CRL that was imported for it, DER.
    pub(crate) crl: Option<Vec<u8>>,
}

/// A request for an authority's certificate, with the key that will be its own.
#[derive(Clone, Debug)]
pub(crate) struct AuthorityRequest {
    pub(crate) name: String,
    /// The name of the authority that it will succeed.
    pub(crate) predecessor: Option<String>,
    pub(crate) created: Time,
    pub(crate) sealed_key: Vec<u8>,
    /// PKCS#10 DER.
    pub(crate) csr: Vec<u8>,
}
