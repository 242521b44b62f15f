//! What is true: names, keys, certificates, profiles, states and the decisions about them.
//!
//! Pure values and functions. This crate knows no API, no database, no clock and no source of randomness: time, serial
//! numbers and key material enter as arguments. It is the only crate that reads and writes DER.

pub mod authority;
pub mod certificate;
pub mod crl;
pub mod csr;
pub mod digest;
pub mod identity;
pub mod key;
pub mod key_weakness;
mod lint;
pub mod name;
pub mod ocsp;
pub mod plan;
pub mod profile;
pub mod record;
pub mod revocation;
pub mod role;
pub mod san;
pub mod serial;
pub mod time;
pub mod workorder;
pub mod x509;
