//! The online certificate status protocol (RFC 6960): requests in, answers out.
//!
//! Reads what anybody may send, within limits, and encodes answers for signing. What the status of a certificate is, and
//! who signs, is decided elsewhere.

mod request;
mod response;

use aws_lc_rs::digest::{self, Algorithm};
use der::oid::ObjectIdentifier;

use crate::authority::Authority;
use crate::revocation::Reason;
use crate::serial::Serial;
use crate::time::Time;

pub use request::{LARGEST_REQUEST, MOST_CERTIFICATES, OcspRequest, RequestError, read_request};
pub use response::{
    OcspContents, OcspError, PlannedOcspResponse, SingleAnswer, plan_ocsp_response,
};

/// The nonce's extension (section 4.4.1).
const NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.2");
/// Types of answers that the client takes (section 4.4.3). Everybody takes the basic one, the only one here.
const ACCEPTABLE_RESPONSES: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.4");
/// Says that `revoked` may tell of what was never issued (section 4.4.8).
const EXTENDED_REVOKE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.9");
/// The basic answer (section 4.2.1).
const BASIC_RESPONSE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.1");

/// What a client hashes an issuer's name and key with, to name it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HashAlgorithm {
    /// SHA-1: what RFC 5019 asks for. It names an issuer here and protects nothing.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// Which certificate is asked about (section 4.1.1).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CertId {
    /// How the two hashes were made.
    pub hash: HashAlgorithm,
    /// Did the client write the algorithm with NULL parameters? Answers do likewise: some clients compare octets.
    pub null_parameters: bool,
    /// The hash of the issuer's name, DER.
    pub name_hash: Vec<u8>,
    /// The hash of the issuer's public key, without tag, length and number of unused bits.
    pub key_hash: Vec<u8>,
    /// The certificate's serial number.
    pub serial: Serial,
}

/// What is known of a certificate (section 2.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CertStatus {
    /// Issued, and not revoked.
    Good,
    /// Revoked, for now if the reason is [`Reason::CertificateHold`].
    Revoked {
        /// Since when.
        at: Time,
        /// Why. [`Reason::Unspecified`] is left out of answers.
        reason: Reason,
    },
    /// Not issued by that authority.
    Unknown,
    /// Not issued by that authority, and to be told as revoked: on hold since 1970 (section 2.2).
    NotIssued,
}

impl CertStatus {
    /// Was it issued by that authority?
    pub fn is_issued(self) -> bool {
        match self {
            CertStatus::Good | CertStatus::Revoked { .. } => true,
            CertStatus::Unknown | CertStatus::NotIssued => false,
        }
    }
}

/// The hashes by which clients name one authority.
#[derive(Clone, Debug)]
pub struct IssuerHashes([(HashAlgorithm, Vec<u8>, Vec<u8>); 4]);

impl IssuerHashes {
    /// Those of an authority's name and key.
    pub fn of(authority: &Authority) -> IssuerHashes {
        let name = authority.subject().der();
        let key = authority.facts.public_key.key_octets();
        IssuerHashes(HashAlgorithm::ALL.map(|hash| (hash, hash.of(name), hash.of(key))))
    }

    /// Does the id name this authority as the issuer?
    pub fn names(&self, id: &CertId) -> bool {
        self.0.iter().any(|(hash, name, key)| {
            *hash == id.hash && *name == id.name_hash && *key == id.key_hash
        })
    }
}

impl HashAlgorithm {
    /// Every algorithm.
    pub const ALL: [HashAlgorithm; 4] = [
        HashAlgorithm::Sha1,
        HashAlgorithm::Sha256,
        HashAlgorithm::Sha384,
        HashAlgorithm::Sha512,
    ];

    fn oid(self) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(match self {
            HashAlgorithm::Sha1 => "1.3.14.3.2.26",
            HashAlgorithm::Sha256 => "2.16.840.1.101.3.4.2.1",
            HashAlgorithm::Sha384 => "2.16.840.1.101.3.4.2.2",
            HashAlgorithm::Sha512 => "2.16.840.1.101.3.4.2.3",
        })
    }

    fn from_oid(oid: &[u8]) -> Option<HashAlgorithm> {
        HashAlgorithm::ALL
            .into_iter()
            .find(|hash| hash.oid().as_bytes() == oid)
    }

    fn of(self, octets: &[u8]) -> Vec<u8> {
        digest::digest(self.algorithm(), octets).as_ref().to_vec()
    }

    /// Octets of a hash.
    fn length(self) -> usize {
        self.algorithm().output_len()
    }

    fn algorithm(self) -> &'static Algorithm {
        match self {
            HashAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            HashAlgorithm::Sha256 => &digest::SHA256,
            HashAlgorithm::Sha384 => &digest::SHA384,
            HashAlgorithm::Sha512 => &digest::SHA512,
        }
    }
}
