//! Is a request signed with the key that is in it?

use super::CsrError;
use crate::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::x509::Signed;
use crate::x509::tlv::{BIT_STRING, Malformed, Reader, SEQUENCE};

/// Does the signature hold, by a key and an algorithm that can be checked here?
pub(super) fn check_signature(signed: &Signed<'_>, key: &PublicKey) -> Result<(), CsrError> {
    use SignatureAlgorithm::{EcdsaSha1, Other, RsaMd5};
    if !can_be_checked(key) {
        return Err(CsrError::UnsupportedKey);
    }
    if matches!(signed.algorithm, RsaMd5 | EcdsaSha1 | Other(_)) {
        return Err(CsrError::UnsupportedSignature(signed.algorithm));
    }
    if signed.verifies(key) {
        Ok(())
    } else {
        Err(CsrError::BadSignature)
    }
}

/// Is it a key whose signatures can be checked? A curve's key must be a bare point: the library that checks signatures
/// would also find a key inside a key, and that is not the one that would be certified.
fn can_be_checked(key: &PublicKey) -> bool {
    let octets = key_octets(key).unwrap_or_default();
    // Uncompressed and compressed points (SEC 1, section 2.3.3).
    let is_point = |coordinate: usize| match octets {
        [4, point @ ..] => point.len() == 2 * coordinate,
        [2 | 3, point @ ..] => point.len() == coordinate,
        _ => false,
    };
    match key.algorithm() {
        KeyAlgorithm::Rsa(bits) => (1024..=8192).contains(&bits),
        KeyAlgorithm::P256 => is_point(32),
        KeyAlgorithm::P384 => is_point(48),
        KeyAlgorithm::P521 => is_point(66),
        KeyAlgorithm::Ed25519 => octets.len() == 32,
        KeyAlgorithm::Other(_) => false,
    }
}

/// What is in the key's BIT STRING.
fn key_octets(key: &PublicKey) -> Result<&[u8], Malformed> {
    let mut info = Reader::inside(key.spki_der(), SEQUENCE)?;
    info.expect(SEQUENCE)?;
    match info.expect(BIT_STRING)?.content {
        [0, octets @ ..] => Ok(octets),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{P256, RSA_2048, openssl_request, refused};
    use super::super::{Csr, CsrContents, write_request_info};
    use super::*;
    use crate::name::Name;
    use crate::x509::testing::{TestKey, tlv};

    #[test]
    fn keys_and_signatures_that_cannot_be_checked_are_told() {
        for (key, more) in [
            (RSA_2048, "-sha1"),
            (RSA_2048, "-sha512"),
            (P256, "-sha512"),
        ] {
            assert!(Csr::read(&openssl_request(key, more)).is_ok(), "{more}");
        }
        for (key, more, name) in [
            (RSA_2048, "-md5", "MD5withRSA"),
            (
                RSA_2048,
                "-sigopt rsa_padding_mode:pss",
                "1.2.840.113549.1.1.10",
            ),
            (P256, "-sha1", "SHA1withECDSA"),
        ] {
            match Csr::read(&openssl_request(key, more)) {
                Err(CsrError::UnsupportedSignature(found)) => assert_eq!(found.java_name(), name),
                other => panic!("{name}: {other:?}"),
            }
        }
        for key in [
            "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
            "-algorithm RSA -pkeyopt rsa_keygen_bits:1016",
            "-algorithm ED448",
        ] {
            let refused = Csr::read(&openssl_request(key, ""));
            assert_eq!(refused, Err(CsrError::UnsupportedKey), "{key}");
        }
    }

    #[test]
    fn only_the_holder_of_the_key_can_ask() {
        let (key, other) = (TestKey::p256(), TestKey::p256());
        let subject = Name::parse("CN=x").unwrap();
        let contents = CsrContents {
            subject: &subject,
            public_key: &key.public,
            extensions: vec![],
        };
        let info = write_request_info(&contents).unwrap();
        let mut der = key.seal(&info);
        assert!(Csr::read(&der).is_ok());
        refused(
            "another's signature",
            &other.seal(&info),
            CsrError::BadSignature,
        );
        let at = der
            .windows(3)
            .position(|three| three == [0x0c, 1, b'x'])
            .unwrap();
        der[at + 2] = b'y';
        refused("another subject", &der, CsrError::BadSignature);
    }

    /// Neither does a key that is hidden inside another prove anything of that other.
    #[test]
    fn a_key_must_be_bare() {
        use KeyAlgorithm::{Ed25519, P256, P384, P521};
        for algorithm in [P256, P384, P521, Ed25519] {
            let key = TestKey::new(algorithm);
            let request = |octets: &[u8]| {
                let mut info = Reader::inside(key.public.spki_der(), SEQUENCE).unwrap();
                let spki = tlv(0x30, &[info.any().unwrap().der, &tlv(3, &[&[0], octets])]);
                key.seal(&tlv(0x30, &[&[2, 1, 0], &[0x30, 0], &spki, &[0xa0, 0]]))
            };
            let bare = key_octets(&key.public).unwrap();
            assert!(Csr::read(&request(bare)).is_ok(), "{algorithm}");
            if algorithm != Ed25519 {
                let x = &bare[1..bare.len().div_ceil(2)];
                let compressed = [&[2 + bare[bare.len() - 1] % 2], x].concat();
                assert!(Csr::read(&request(&compressed)).is_ok(), "{algorithm}");
            }
            for octets in [
                key.public.spki_der(),
                &[],
                &bare[1..],
                &[bare, &[0]].concat(),
            ] {
                refused("not bare", &request(octets), CsrError::UnsupportedKey);
            }
        }
    }
}
