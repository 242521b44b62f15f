//! Sealing: what must rest encrypted, under the one key-encryption key.
//!
//! AES-256-GCM. A sealed value is the version octet 1, the nonce of 12 octets, the ciphertext, the tag of 16 octets. The
//! purpose, a text such as `authority:issuing`, is authenticated with it: a sealed value put in another's place does
//! not open. Nonces are random, so one key seals at most 2^32 values (NIST SP 800-38D, section 8.3). Knows nothing of
//! where the key comes from (`kek`) or where sealed values go (the store).

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use zeroize::Zeroizing;

use super::KeyFault;

/// Seals and opens. Holds the key-encryption key, and wipes it when dropped.
pub(crate) struct Sealer(Zeroizing<[u8; 32]>);

const VERSION: u8 = 1;

const NOT_SEALED: KeyFault = KeyFault("a sealed value is cut short, or of an unknown version");
const NOT_OPENED: KeyFault = KeyFault(
    "a sealed value does not open: it was altered, put in another's place, or sealed under another key-encryption key",
);
const NO_CIPHER: KeyFault = KeyFault("the cipher could not be set up");

impl Sealer {
    /// Under that key-encryption key.
    pub(crate) fn new(key: Zeroizing<[u8; 32]>) -> Sealer {
        Sealer(key)
    }

    /// `plain` sealed for `purpose`: 29 octets longer.
    pub(crate) fn seal(&self, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, KeyFault> {
        let tag = AES_256_GCM.tag_len();
        // With room for the tag: growing would leave a copy of the plain text behind.
        let mut text = Zeroizing::new(Vec::with_capacity(plain.len() + tag));
        text.extend_from_slice(plain);
        let nonce = self
            .cipher()?
            .seal_in_place_append_tag(Aad::from(purpose), &mut *text)
            .map_err(|_| KeyFault("a value could not be sealed"))?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + text.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// What was sealed for `purpose`.
    pub(crate) fn open(
        &self,
        purpose: &str,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
        let Some((&VERSION, rest)) = sealed.split_first() else {
            return Err(NOT_SEALED);
        };
        let (nonce, text) = rest.split_first_chunk::<NONCE_LEN>().ok_or(NOT_SEALED)?;
        let mut text = Zeroizing::new(text.to_vec());
        let length = self
            .cipher()?
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(purpose),
                &mut text,
            )
            .map_err(|_| NOT_OPENED)?
            .len();
        text.truncate(length);
        Ok(text)
    }

    /// Set up anew each time (under a microsecond), so that the key rests in one place only. The library wipes its copy.
    fn cipher(&self) -> Result<RandomizedNonceKey, KeyFault> {
        RandomizedNonceKey::new(&AES_256_GCM, self.0.as_ref()).map_err(|_| NO_CIPHER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(octet: u8) -> Sealer {
        Sealer::new(Zeroizing::new([octet; 32]))
    }

    #[test]
    fn opens_what_it_sealed() {
        let sealer = sealer(7);
        for plain in [&b""[..], b"x", &[0x5a; 1217]] {
            let sealed = sealer.seal("authority:issuing", plain).unwrap();
            assert_eq!(sealed.len(), plain.len() + 29);
            assert_eq!(*sealer.open("authority:issuing", &sealed).unwrap(), plain);
        }
    }

    #[test]
    fn the_same_value_never_seals_alike() {
        let sealer = sealer(7);
        let (a, b) = (
            sealer.seal("p", b"value").unwrap(),
            sealer.seal("p", b"value").unwrap(),
        );
        assert_ne!(a[1..13], b[1..13], "the nonce repeats");
        assert_ne!(a[13..], b[13..]);
    }

    #[test]
    fn every_octet_is_guarded() {
        let sealer = sealer(7);
        let sealed = sealer.seal("p", b"private key").unwrap();
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            let fault = sealer.open("p", &altered).unwrap_err();
            assert_eq!(
                fault,
                if at == 0 { NOT_SEALED } else { NOT_OPENED },
                "octet {at}"
            );
        }
    }

    #[test]
    fn every_cut_is_told() {
        let sealer = sealer(7);
        let sealed = sealer.seal("p", b"private key").unwrap();
        for length in 0..sealed.len() {
            sealer.open("p", &sealed[..length]).unwrap_err();
        }
        let longer = [&sealed[..], b"x"].concat();
        assert_eq!(sealer.open("p", &longer).unwrap_err(), NOT_OPENED);
    }

    #[test]
    fn another_purpose_or_key_does_not_open() {
        let sealed = sealer(7).seal("authority:issuing", b"private key").unwrap();
        for (key, purpose) in [
            (7, "authority:root"),
            (7, "authority:issuin"),
            (7, ""),
            (8, "authority:issuing"),
        ] {
            assert_eq!(
                sealer(key).open(purpose, &sealed).unwrap_err(),
                NOT_OPENED,
                "{key} {purpose}"
            );
        }
    }

    /// Oracle: this value was sealed by Python's `cryptography` (AESGCM), not by this file.
    #[test]
    fn opens_what_another_library_sealed() {
        let sealed = hex::decode(concat!(
            "01",
            "000102030405060708090a0b",
            "79a19902747fb83d12928ef99b2ccb3f4969db0569304ce04eb01c1236",
        ))
        .unwrap();
        assert_eq!(
            *sealer(7)
                .open("certificate:0123456789abcdef01234567", &sealed)
                .unwrap(),
            b"a private key"
        );
    }
}
