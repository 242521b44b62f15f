//! How certificates are stored and found, beside what [`super::Store`] says of them.

use chancery_core::certificate::{Origin, State};
use chancery_core::digest;
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::key::KeyId;
use chancery_core::name::Name;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

/// How a certificate is found.
#[derive(Clone, Debug)]
pub(crate) enum CertificateKey {
    /// By its number.
    Number(CertificateNumber),
    /// By its id.
    Id(CertificateId),
    /// By its name.
    Name(String),
    /// By issuer and serial number.
    Issued(IssuerKey, Serial),
}

/// An issuer's name as an index key: the first 16 octets of SHA-256 over [`Name::match_key`], so that every spelling of
/// a name finds its certificates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct IssuerKey(pub(crate) [u8; 16]);

/// A certificate about to be stored.
#[derive(Debug)]
pub(crate) struct NewCertificate {
    pub(crate) id: CertificateId,
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// The authority of ours that signed it.
    pub(crate) authority: Option<i64>,
    /// None if it is pending.
    pub(crate) der: Option<Vec<u8>>,
    /// Whose it will be, while there is no DER that says it.
    pub(crate) names: Option<PendingNames>,
    pub(crate) issuer_key: IssuerKey,
    pub(crate) serial: Serial,
    /// The subject as OpenSSL's one line, for search.
    pub(crate) subject_line: String,
    pub(crate) subject_key_id: KeyId,
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    pub(crate) owner: UserId,
    pub(crate) domain: DomainId,
    pub(crate) profile: Option<String>,
    pub(crate) state: State,
    pub(crate) created: Time,
    /// Its private key, sealed, if we hold it.
    pub(crate) sealed_key: Option<Vec<u8>>,
    /// The certificate that it replaces, which will name this one in turn (the newest, if it is replaced again).
    pub(crate) replaces: Option<CertificateNumber>,
}

/// The names of a certificate that is not signed yet.
#[derive(Clone, Debug)]
pub(crate) struct PendingNames {
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
}

impl IssuerKey {
    /// The key of a name.
    pub(crate) fn of(name: &Name) -> IssuerKey {
        IssuerKey(digest::sha256(&[name.match_key().as_bytes()]))
    }
}
