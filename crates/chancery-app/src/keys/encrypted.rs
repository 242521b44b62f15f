//! A private key under a password as PKCS#8 (RFC 5958): PBES2 with AES-256-CBC and PBKDF2 with HMAC-SHA-256, which
//! OpenSSL and Java read.

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::pbkdf2;
use chancery_core::x509;
use zeroize::Zeroizing;

use super::{KeyFault, PrivateKey};
use crate::error::Error;
use crate::random;

/// Rounds of the key derivation: those that OWASP asks for with HMAC-SHA-256.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(600_000).unwrap();

/// The DER of the key, encrypted. Takes about 100 ms of CPU.
pub(crate) fn export(key: &PrivateKey, password: &str) -> Result<Vec<u8>, Error> {
    let salt: [u8; 16] = random::octets()?;
    let initial: [u8; 16] = random::octets()?;
    let mut secret = Zeroizing::new([0; 32]);
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ITERATIONS,
        &salt,
        password.as_bytes(),
        secret.as_mut(),
    );
    let mut octets = Zeroizing::new(key.pkcs8().to_vec());
    encrypt(&secret, initial, &mut octets)?;
    x509::write_pbes2_key(&salt, ITERATIONS.get(), &initial, &octets).map_err(Error::internal)
}

/// Encrypts with AES-256-CBC.
pub(super) fn encrypt(
    secret: &[u8; 32],
    initial: [u8; 16],
    octets: &mut Vec<u8>,
) -> Result<(), KeyFault> {
    let fault = |_| KeyFault("the private key could not be encrypted");
    let key = UnboundCipherKey::new(&AES_256, secret).map_err(fault)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(fault)?;
    let context = EncryptionContext::Iv128(FixedLength::from(initial));
    key.less_safe_encrypt(octets, context).map_err(fault)?;
    Ok(())
}

/// Decrypts what was encrypted with AES-CBC under a key of whichever length; none if it was under another key.
pub(super) fn decrypt(
    secret: &[u8],
    initial: [u8; 16],
    octets: &[u8],
) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = match secret.len() {
        16 => &AES_128,
        24 => &AES_192,
        _ => &AES_256,
    };
    let key = UnboundCipherKey::new(cipher, secret).ok()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let context = DecryptionContext::Iv128(FixedLength::from(initial));
    let mut octets = Zeroizing::new(octets.to_vec());
    let plain = key.decrypt(&mut octets, context).ok()?.len();
    octets.truncate(plain);
    Some(octets)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use chancery_core::key::KeyAlgorithm;

    use super::*;
    use crate::keys::software;

    #[test]
    fn openssl_opens_it_with_its_password_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.der");
        for algorithm in [KeyAlgorithm::Rsa(2048), KeyAlgorithm::Ed25519] {
            let key = software::generate(algorithm).unwrap();
            std::fs::write(&file, export(&key, "pass wörd").unwrap()).unwrap();
            let opened = |password: &str| {
                Command::new("openssl")
                    .args([
                        "pkey", "-inform", "DER", "-outform", "DER", "-pubout", "-in",
                    ])
                    .arg(&file)
                    .args(["-passin", &format!("pass:{password}")])
                    .output()
                    .unwrap()
            };
            let right = opened("pass wörd");
            assert!(right.status.success());
            let public = software::public_key_of(&key).unwrap();
            assert_eq!(right.stdout, public.spki_der());
            assert!(!opened("wrong").status.success());
        }
    }
}
