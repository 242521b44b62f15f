//! The frames around private keys that were encrypted elsewhere: EncryptedPrivateKeyInfo (RFC 5958, section 3) with the
//! parameters of PBES2 (RFC 8018, appendix A), and with the identifier of Java's old key store. No cryptography here.

use der::asn1::{AnyRef, OctetStringRef};
use der::oid::ObjectIdentifier;
use der::{Encode, Tag};

use super::WriteError;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

const PBES2: ObjectIdentifier = oid("1.2.840.113549.1.5.13");
const PBKDF2: ObjectIdentifier = oid("1.2.840.113549.1.5.12");
const HMAC_SHA256: ObjectIdentifier = oid("1.2.840.113549.2.9");
const AES_256_CBC: ObjectIdentifier = oid("2.16.840.1.101.3.4.1.42");
/// What Java calls the protection of keys in a JKS file.
const SUN_KEY_PROTECTOR: ObjectIdentifier = oid("1.3.6.1.4.1.42.2.17.1.1");
const NULL: &[u8] = &[5, 0];

/// The DER of a key that was encrypted with AES-256-CBC, the key of which PBKDF2 with HMAC-SHA-256 made of a password.
///
/// # Errors
/// Only more than 4 GiB.
pub fn write_pbes2_key(
    salt: &[u8],
    iterations: u32,
    initial: &[u8; 16],
    encrypted: &[u8],
) -> Result<Vec<u8>, WriteError> {
    let function = sequence(&[&HMAC_SHA256.to_der()?, NULL])?;
    let derivation = sequence(&[&octets(salt)?, &iterations.to_der()?, &function])?;
    let derivation = sequence(&[&PBKDF2.to_der()?, &derivation])?;
    let encryption = sequence(&[&AES_256_CBC.to_der()?, &octets(initial)?])?;
    let parameters = sequence(&[&derivation, &encryption])?;
    let algorithm = sequence(&[&PBES2.to_der()?, &parameters])?;
    sequence(&[&algorithm, &octets(encrypted)?])
}

/// The DER of a key that is protected as Java's old key store does it: salt, ciphertext and check, one after the other.
///
/// # Errors
/// Only more than 4 GiB.
pub fn write_sun_protected_key(protected: &[u8]) -> Result<Vec<u8>, WriteError> {
    let algorithm = sequence(&[&SUN_KEY_PROTECTOR.to_der()?, NULL])?;
    sequence(&[&algorithm, &octets(protected)?])
}

fn octets(content: &[u8]) -> Result<Vec<u8>, WriteError> {
    Ok(OctetStringRef::new(content)?.to_der()?)
}

fn sequence(parts: &[&[u8]]) -> Result<Vec<u8>, WriteError> {
    Ok(AnyRef::new(Tag::Sequence, &parts.concat())?.to_der()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::testing::OpenSsl;

    #[test]
    fn openssl_sees_the_parameters() {
        let openssl = OpenSsl::new();
        let der = write_pbes2_key(&[1; 16], 10_000, &[2; 16], &[3; 32]).unwrap();
        openssl.write("key.der", &der);
        let seen = openssl.run("asn1parse -inform DER -in key.der");
        for part in ["PBES2", "PBKDF2", ":2710", "hmacWithSHA256", "aes-256-cbc"] {
            assert!(seen.contains(part), "{part}: {seen}");
        }
        openssl.write("key.der", &write_sun_protected_key(&[1, 2, 3]).unwrap());
        let seen = openssl.run("asn1parse -inform DER -in key.der");
        assert!(seen.contains("1.3.6.1.4.1.42.2.17.1.1"), "{seen}");
    }
}
