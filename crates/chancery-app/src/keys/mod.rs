//! Private keys: making, sealing, and signing with them.
//!
//! A private key leaves this module only sealed (to the store), or as PKCS#8 in a [`PrivateKey`] that is wiped when
//! dropped (to its owner, by export).

pub(crate) mod encrypted;
pub(crate) mod jks;
pub(crate) mod kek;
pub(crate) mod pkcs12;
pub(crate) mod pool;
pub(crate) mod seal;
pub(crate) mod software;

use chancery_core::key::PublicKey;
use chancery_core::plan::ToBeSigned;
use zeroize::Zeroizing;

/// Something that signs with one private key. It accepts only what the core has planned.
pub(crate) trait Signer: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;
    /// The signature over what was planned, in the planned algorithm's encoding (DER for ECDSA). Takes up to a few
    /// milliseconds of CPU: call it off the async threads.
    fn sign(&self, planned: &dyn ToBeSigned) -> Result<Vec<u8>, KeyFault>;
}

/// A private key in the clear, PKCS#8 DER. Wiped when dropped; never printed.
pub struct PrivateKey(Zeroizing<Vec<u8>>);

/// Why a key could not be made, opened or used. Its text holds nothing of the key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFault(pub(crate) &'static str);

impl PrivateKey {
    /// From PKCS#8 DER.
    pub(crate) fn from_pkcs8(der: Zeroizing<Vec<u8>>) -> PrivateKey {
        PrivateKey(der)
    }

    /// The PKCS#8 DER.
    pub fn pkcs8(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(sealed from sight)")
    }
}

impl std::fmt::Display for KeyFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for KeyFault {}
