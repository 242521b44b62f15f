//! X.509 in DER and PEM, in and out, behind our own types (RFC 5280).
//!
//! Reading is lenient about what others put into a certificate, and strict about its frame: every length adds up and
//! nothing follows. Read facts serve for listing and deciding; the original octets stay the truth, are what is stored and
//! what signatures are checked over. Writing makes the DER of what was decided elsewhere and decides nothing itself.

mod asn1_time;
pub mod eku;
mod encrypted_key;
mod extension;
mod general_name;
mod key_usage;
pub mod pem;
mod pkcs12;
pub mod pkcs7;
mod read;
mod signed;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub(crate) mod tlv;
pub(crate) mod values;
mod write;

pub use encrypted_key::{write_pbes2_key, write_sun_protected_key};
pub use extension::Extension;
pub use key_usage::KeyUsage;
pub use pkcs7::write_certificates;
pub use pkcs12::{Old, Pbes2, Pkcs12Work, Scheme, Sealed, pkcs12_work, pkcs12_work_inside};
pub use read::{Facts, ReadError, read_certificate, verify_certificate};
pub use signed::seal_with_signature;
pub use write::{Contents, WriteError, write_tbs};

pub(crate) use asn1_time::{push_generalized_time, push_time, read_time};
pub(crate) use extension::{
    AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CRL_NUMBER, CRL_REASON, DELTA_CRL_INDICATOR,
    EXTENDED_KEY_USAGE, FRESHEST_CRL, ISSUING_DISTRIBUTION_POINT, KEY_USAGE,
    SUBJECT_ALTERNATIVE_NAME, write_extensions,
};
pub(crate) use general_name::read_general_name;
pub(crate) use signed::{AlgorithmIdentifier, Signed, push_signature, read_signature_algorithm};

use crate::digest;

/// Largest certificate or certification request that is read, in octets.
pub const LARGEST: usize = 64 * 1024;

/// SHA-256 of a certificate's DER, by which people compare certificates.
pub fn fingerprint(der: &[u8]) -> [u8; 32] {
    digest::sha256(&[der])
}
