//! Public keys and signature algorithms: reading, naming and checking. Private keys never enter this crate.

use std::fmt;

use aws_lc_rs::signature;
use der::asn1::{AnyRef, BitStringRef};
use der::oid::ObjectIdentifier;
use der::{Decode, Sequence};

use crate::digest;

/// A key identifier: SHA-1 of the public key's bit string (RFC 5280, section 4.2.1.2, method 1).
pub type KeyId = [u8; 20];

/// What kind of key, and of what size.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum KeyAlgorithm {
    /// RSA with a modulus of that many bits.
    Rsa(u32),
    /// ECDSA on NIST P-256.
    P256,
    /// ECDSA on NIST P-384.
    P384,
    /// ECDSA on NIST P-521.
    P521,
    /// EdDSA on Curve25519 (RFC 8410).
    Ed25519,
    /// Something else, read from a foreign certificate; never issued.
    Other(ObjectIdentifier),
}

/// How something was signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 with MD5; read, never made.
    RsaMd5,
    /// RSASSA-PKCS1-v1_5 with SHA-1; read, never made.
    RsaSha1,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RsaSha256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RsaSha384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RsaSha512,
    /// ECDSA with SHA-1; read, never made.
    EcdsaSha1,
    /// ECDSA with SHA-256.
    EcdsaSha256,
    /// ECDSA with SHA-384.
    EcdsaSha384,
    /// ECDSA with SHA-512.
    EcdsaSha512,
    /// Ed25519.
    Ed25519,
    /// Something else, read from foreign material; never made.
    Other(ObjectIdentifier),
}

/// A subject's public key: its SubjectPublicKeyInfo, checked to be well formed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct PublicKey {
    spki: Vec<u8>,
    key: Vec<u8>,
    algorithm: KeyAlgorithm,
}

/// Why octets are no public key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KeyError;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const SECP256R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const SECP384R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const SECP521R1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

#[derive(Sequence)]
struct Spki<'a> {
    algorithm: Algorithm<'a>,
    key: BitStringRef<'a>,
}

#[derive(Sequence)]
struct Algorithm<'a> {
    oid: ObjectIdentifier,
    parameters: Option<AnyRef<'a>>,
}

/// RSAPublicKey of RFC 8017, appendix A.1.1: modulus and exponent as unsigned big-endian octets.
pub(crate) struct RsaNumbers {
    pub(crate) modulus: Vec<u8>,
    pub(crate) exponent: Vec<u8>,
}

#[derive(Sequence)]
struct RsaPublicKey<'a> {
    modulus: der::asn1::UintRef<'a>,
    exponent: der::asn1::UintRef<'a>,
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo (RFC 5280, section 4.1).
    pub fn from_spki_der(spki: &[u8]) -> Result<PublicKey, KeyError> {
        let info = Spki::from_der(spki).map_err(|_| KeyError)?;
        let key = info.key.as_bytes().ok_or(KeyError)?.to_vec();
        let curve = || {
            info.algorithm
                .parameters
                .and_then(|any| any.decode_as::<ObjectIdentifier>().ok())
        };
        let algorithm = match info.algorithm.oid {
            RSA_ENCRYPTION => rsa_numbers(&key)
                .map_or(KeyAlgorithm::Other(RSA_ENCRYPTION), |numbers| {
                    KeyAlgorithm::Rsa(bits(&numbers.modulus))
                }),
            EC_PUBLIC_KEY => match curve() {
                Some(SECP256R1) => KeyAlgorithm::P256,
                Some(SECP384R1) => KeyAlgorithm::P384,
                Some(SECP521R1) => KeyAlgorithm::P521,
                _ => KeyAlgorithm::Other(EC_PUBLIC_KEY),
            },
            ED25519 => KeyAlgorithm::Ed25519,
            other => KeyAlgorithm::Other(other),
        };
        Ok(PublicKey {
            spki: spki.to_vec(),
            key,
            algorithm,
        })
    }

    /// The DER SubjectPublicKeyInfo.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The key itself: what stands in the BIT STRING, without tag, length and number of unused bits.
    pub(crate) fn key_octets(&self) -> &[u8] {
        &self.key
    }

    /// Kind and size.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key identifier.
    pub fn key_id(&self) -> KeyId {
        digest::sha1(&[&self.key])
    }

    /// Is it encoded exactly as its algorithm asks: RSA with NULL parameters (RFC 3279, section 2.3.1), points
    /// uncompressed and of the curve's length (RFC 5480, section 2.2), Ed25519 without parameters (RFC 8410)? What is
    /// read may differ; what is issued must not.
    pub fn is_well_encoded(&self) -> bool {
        let Ok(info) = Spki::from_der(&self.spki) else {
            return false;
        };
        let parameters = info.algorithm.parameters;
        let point = |length| self.key.len() == length && self.key.first() == Some(&4);
        match self.algorithm {
            KeyAlgorithm::Rsa(_) => parameters.is_some_and(|any| any.is_null()),
            KeyAlgorithm::P256 => point(65),
            KeyAlgorithm::P384 => point(97),
            KeyAlgorithm::P521 => point(133),
            KeyAlgorithm::Ed25519 => parameters.is_none() && self.key.len() == 32,
            KeyAlgorithm::Other(_) => false,
        }
    }

    /// Modulus and exponent of an RSA key.
    pub(crate) fn rsa_numbers(&self) -> Option<RsaNumbers> {
        matches!(self.algorithm, KeyAlgorithm::Rsa(_))
            .then(|| rsa_numbers(&self.key).ok())
            .flatten()
    }

    /// Does `signature` over `message` hold under this key? False for algorithms that do not fit the key, and for those
    /// that are only named here (MD5, unknown ones).
    pub fn verifies(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let Some(check) = verifier(self.algorithm, algorithm) else {
            return false;
        };
        signature::UnparsedPublicKey::new(check, &self.key)
            .verify(message, signature)
            .is_ok()
    }
}

fn rsa_numbers(key: &[u8]) -> Result<RsaNumbers, KeyError> {
    let parsed = RsaPublicKey::from_der(key).map_err(|_| KeyError)?;
    Ok(RsaNumbers {
        modulus: parsed.modulus.as_bytes().to_vec(),
        exponent: parsed.exponent.as_bytes().to_vec(),
    })
}

fn bits(number: &[u8]) -> u32 {
    let length = u32::try_from(number.len()).unwrap_or(u32::MAX / 8);
    let leading = number.first().map_or(0, |octet| octet.leading_zeros());
    (length.saturating_mul(8)).saturating_sub(leading)
}

fn verifier(
    key: KeyAlgorithm,
    algorithm: SignatureAlgorithm,
) -> Option<&'static dyn signature::VerificationAlgorithm> {
    use KeyAlgorithm as K;
    use SignatureAlgorithm as S;
    Some(match (key, algorithm) {
        (K::Rsa(_), S::RsaSha1) => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
        (K::Rsa(_), S::RsaSha256) => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
        (K::Rsa(_), S::RsaSha384) => &signature::RSA_PKCS1_2048_8192_SHA384,
        (K::Rsa(_), S::RsaSha512) => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        (K::P256, S::EcdsaSha256) => &signature::ECDSA_P256_SHA256_ASN1,
        (K::P256, S::EcdsaSha384) => &signature::ECDSA_P256_SHA384_ASN1,
        (K::P256, S::EcdsaSha512) => &signature::ECDSA_P256_SHA512_ASN1,
        (K::P384, S::EcdsaSha256) => &signature::ECDSA_P384_SHA256_ASN1,
        (K::P384, S::EcdsaSha384) => &signature::ECDSA_P384_SHA384_ASN1,
        (K::P384, S::EcdsaSha512) => &signature::ECDSA_P384_SHA512_ASN1,
        (K::P521, S::EcdsaSha256) => &signature::ECDSA_P521_SHA256_ASN1,
        (K::P521, S::EcdsaSha384) => &signature::ECDSA_P521_SHA384_ASN1,
        (K::P521, S::EcdsaSha512) => &signature::ECDSA_P521_SHA512_ASN1,
        (K::Ed25519, S::Ed25519) => &signature::ED25519,
        _ => return None,
    })
}

impl KeyAlgorithm {
    /// The kinds of keys that can be made here.
    pub const MADE: [KeyAlgorithm; 7] = [
        KeyAlgorithm::P256,
        KeyAlgorithm::P384,
        KeyAlgorithm::P521,
        KeyAlgorithm::Rsa(2048),
        KeyAlgorithm::Rsa(3072),
        KeyAlgorithm::Rsa(4096),
        KeyAlgorithm::Ed25519,
    ];

    /// Size in bits, as products print it: the modulus of RSA, the field of a curve.
    pub fn bits(self) -> u32 {
        match self {
            KeyAlgorithm::Rsa(bits) => bits,
            KeyAlgorithm::P256 | KeyAlgorithm::Ed25519 => 256,
            KeyAlgorithm::P384 => 384,
            KeyAlgorithm::P521 => 521,
            KeyAlgorithm::Other(_) => 0,
        }
    }

    /// The family's name as Java and most products print it: `RSA`, `EC`, `Ed25519`, else the dotted identifier.
    pub fn family(self) -> String {
        match self {
            KeyAlgorithm::Rsa(_) => "RSA".to_owned(),
            KeyAlgorithm::P256 | KeyAlgorithm::P384 | KeyAlgorithm::P521 => "EC".to_owned(),
            KeyAlgorithm::Ed25519 => "Ed25519".to_owned(),
            KeyAlgorithm::Other(oid) => oid.to_string(),
        }
    }

    /// The word of configuration, command line and native API: `rsa-2048`, `ec-p256`, `ed25519`, else the identifier.
    pub fn word(self) -> String {
        match self {
            KeyAlgorithm::Rsa(bits) => format!("rsa-{bits}"),
            KeyAlgorithm::P256 => "ec-p256".to_owned(),
            KeyAlgorithm::P384 => "ec-p384".to_owned(),
            KeyAlgorithm::P521 => "ec-p521".to_owned(),
            KeyAlgorithm::Ed25519 => "ed25519".to_owned(),
            KeyAlgorithm::Other(oid) => oid.to_string(),
        }
    }

    /// Reads a word of [`KeyAlgorithm::word`] for a key that may be made here: RSA of 2048, 3072 or 4096 bits, the three
    /// curves, Ed25519.
    pub fn parse(word: &str) -> Option<KeyAlgorithm> {
        KeyAlgorithm::MADE
            .into_iter()
            .find(|algorithm| algorithm.word() == word)
    }

    /// How an authority with such a key signs; none for keys that never sign here.
    pub const fn signs_with(self) -> Option<SignatureAlgorithm> {
        match self {
            KeyAlgorithm::Rsa(_) => Some(SignatureAlgorithm::RsaSha256),
            KeyAlgorithm::P256 => Some(SignatureAlgorithm::EcdsaSha256),
            KeyAlgorithm::P384 => Some(SignatureAlgorithm::EcdsaSha384),
            KeyAlgorithm::P521 => Some(SignatureAlgorithm::EcdsaSha512),
            KeyAlgorithm::Ed25519 => Some(SignatureAlgorithm::Ed25519),
            KeyAlgorithm::Other(_) => None,
        }
    }
}

/// Identifier, whether the parameters are an explicit NULL (RFC 4055) and Java's name of each known algorithm.
const SIGNATURES: [(SignatureAlgorithm, ObjectIdentifier, bool, &str); 10] = {
    const fn oid(text: &str) -> ObjectIdentifier {
        ObjectIdentifier::new_unwrap(text)
    }
    [
        (
            SignatureAlgorithm::RsaMd5,
            oid("1.2.840.113549.1.1.4"),
            true,
            "MD5withRSA",
        ),
        (
            SignatureAlgorithm::RsaSha1,
            oid("1.2.840.113549.1.1.5"),
            true,
            "SHA1withRSA",
        ),
        (
            SignatureAlgorithm::RsaSha256,
            oid("1.2.840.113549.1.1.11"),
            true,
            "SHA256withRSA",
        ),
        (
            SignatureAlgorithm::RsaSha384,
            oid("1.2.840.113549.1.1.12"),
            true,
            "SHA384withRSA",
        ),
        (
            SignatureAlgorithm::RsaSha512,
            oid("1.2.840.113549.1.1.13"),
            true,
            "SHA512withRSA",
        ),
        (
            SignatureAlgorithm::EcdsaSha1,
            oid("1.2.840.10045.4.1"),
            false,
            "SHA1withECDSA",
        ),
        (
            SignatureAlgorithm::EcdsaSha256,
            oid("1.2.840.10045.4.3.2"),
            false,
            "SHA256withECDSA",
        ),
        (
            SignatureAlgorithm::EcdsaSha384,
            oid("1.2.840.10045.4.3.3"),
            false,
            "SHA384withECDSA",
        ),
        (
            SignatureAlgorithm::EcdsaSha512,
            oid("1.2.840.10045.4.3.4"),
            false,
            "SHA512withECDSA",
        ),
        (SignatureAlgorithm::Ed25519, ED25519, false, "Ed25519"),
    ]
};

impl SignatureAlgorithm {
    /// The algorithm with that identifier; unknown ones keep it.
    pub fn from_oid(oid: ObjectIdentifier) -> SignatureAlgorithm {
        SIGNATURES
            .iter()
            .find(|row| row.1 == oid)
            .map_or(SignatureAlgorithm::Other(oid), |row| row.0)
    }

    /// The algorithm's identifier.
    pub fn oid(self) -> ObjectIdentifier {
        match self {
            SignatureAlgorithm::Other(oid) => oid,
            known => SIGNATURES
                .iter()
                .find(|row| row.0 == known)
                .map_or(ED25519, |row| row.1),
        }
    }

    /// Does its AlgorithmIdentifier carry an explicit NULL (RFC 4055) rather than nothing (RFC 5758, RFC 8410)?
    pub fn has_null_parameters(self) -> bool {
        SIGNATURES.iter().any(|row| row.0 == self && row.2)
    }

    /// Java's name, `SHA256withRSA`; the dotted identifier for unknown ones.
    pub fn java_name(self) -> String {
        match self {
            SignatureAlgorithm::Other(oid) => oid.to_string(),
            known => SIGNATURES
                .iter()
                .find(|row| row.0 == known)
                .map_or("", |row| row.3)
                .to_owned(),
        }
    }
}

impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.word())
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a public key that can be read: a DER SubjectPublicKeyInfo is needed")
    }
}

impl std::error::Error for KeyError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::testing::{OpenSsl, TestKey, tlv};

    const EVERY: [KeyAlgorithm; 5] = [
        KeyAlgorithm::P256,
        KeyAlgorithm::P384,
        KeyAlgorithm::P521,
        KeyAlgorithm::Ed25519,
        KeyAlgorithm::Rsa(2048),
    ];

    /// Keys that `openssl` makes, and its own opinion of their key identifiers.
    #[test]
    fn keys_of_openssl_are_read() {
        let x25519 = ObjectIdentifier::new_unwrap("1.3.101.110");
        let openssl = OpenSsl::new();
        for (arguments, want) in [
            ("RSA -pkeyopt rsa_keygen_bits:1024", KeyAlgorithm::Rsa(1024)),
            ("RSA -pkeyopt rsa_keygen_bits:2047", KeyAlgorithm::Rsa(2047)),
            ("RSA -pkeyopt rsa_keygen_bits:2048", KeyAlgorithm::Rsa(2048)),
            ("EC -pkeyopt ec_paramgen_curve:P-256", KeyAlgorithm::P256),
            ("EC -pkeyopt ec_paramgen_curve:P-384", KeyAlgorithm::P384),
            ("EC -pkeyopt ec_paramgen_curve:P-521", KeyAlgorithm::P521),
            (
                "EC -pkeyopt ec_paramgen_curve:secp256k1",
                KeyAlgorithm::Other(EC_PUBLIC_KEY),
            ),
            ("ED25519", KeyAlgorithm::Ed25519),
            ("X25519", KeyAlgorithm::Other(x25519)),
        ] {
            openssl.run(&format!("genpkey -quiet -out key -algorithm {arguments}"));
            openssl.run("pkey -in key -pubout -outform der -out spki");
            let spki = openssl.read("spki");
            let key = PublicKey::from_spki_der(&spki).unwrap();
            assert_eq!((key.algorithm(), key.spki_der()), (want, &spki[..]));
            assert_eq!(
                key.rsa_numbers().is_some(),
                matches!(want, KeyAlgorithm::Rsa(_))
            );
            if want != KeyAlgorithm::Other(x25519) {
                let hash = "-addext subjectKeyIdentifier=hash";
                let text = openssl.run(&format!(
                    "req -x509 -key key -subj /CN=x {hash} -text -noout"
                ));
                let id: Vec<String> = key
                    .key_id()
                    .iter()
                    .map(|octet| format!("{octet:02X}"))
                    .collect();
                assert!(text.contains(&id.join(":")), "{want}: {text}");
            }
        }
    }

    #[test]
    fn signatures_hold_under_their_own_key_and_algorithm_only() {
        for algorithm in EVERY {
            let (key, other) = (TestKey::new(algorithm), TestKey::new(algorithm));
            assert_eq!(key.public.algorithm(), algorithm);
            let signature = key.sign(b"message");
            assert!(
                key.public.verifies(key.algorithm(), b"message", &signature),
                "{algorithm}"
            );
            assert!(!key.public.verifies(key.algorithm(), b"massage", &signature));
            assert!(
                !other
                    .public
                    .verifies(key.algorithm(), b"message", &signature)
            );
            for (wrong, ..) in SIGNATURES
                .into_iter()
                .filter(|(known, ..)| *known != key.algorithm())
            {
                assert!(
                    !key.public.verifies(wrong, b"message", &signature),
                    "{algorithm} {wrong:?}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let spki = TestKey::p256().public.spki_der().to_vec();
        let rsa = |key: &[u8]| {
            tlv(
                0x30,
                &[
                    &tlv(0x30, &[&tlv(6, &[RSA_ENCRYPTION.as_bytes()]), &[5, 0]]),
                    &tlv(3, &[&[0], key]),
                ],
            )
        };
        for (what, spki) in [
            ("nothing", vec![]),
            ("octets after it", [&spki[..], &[0]].concat()),
            ("cut off", spki[..spki.len() - 1].to_vec()),
            ("no algorithm", tlv(0x30, &[&[0x30, 0], &[3, 2, 0, 1]])),
            (
                "unused bits",
                tlv(0x30, &[&tlv(0x30, &[&[6, 2, 0x2a, 3]]), &[3, 2, 1, 0]]),
            ),
            ("no key", tlv(0x30, &[&tlv(0x30, &[&[6, 2, 0x2a, 3]])])),
        ] {
            assert_eq!(PublicKey::from_spki_der(&spki), Err(KeyError), "{what}");
        }
        let numbers = tlv(0x30, &[&[2, 1, 5], &[2, 1, 3]]);
        assert_eq!(
            PublicKey::from_spki_der(&rsa(&numbers)).map(|key| key.algorithm()),
            Ok(KeyAlgorithm::Rsa(3))
        );
    }

    #[test]
    fn every_algorithm_has_its_names() {
        for algorithm in EVERY {
            assert_eq!(KeyAlgorithm::parse(&algorithm.word()), Some(algorithm));
        }
        for word in ["rsa-1024", "rsa-2047", "ec-p224", "", "1.2.3"] {
            assert_eq!(KeyAlgorithm::parse(word), None, "{word}");
        }
        for (algorithm, oid, null, java) in SIGNATURES {
            assert_eq!(SignatureAlgorithm::from_oid(oid), algorithm);
            assert_eq!(
                (algorithm.oid(), algorithm.has_null_parameters()),
                (oid, null)
            );
            assert_eq!(algorithm.java_name(), java);
        }
        let unknown = SignatureAlgorithm::from_oid(ObjectIdentifier::new_unwrap("1.2.3.4"));
        assert_eq!(
            (unknown.java_name().as_str(), unknown.has_null_parameters()),
            ("1.2.3.4", false)
        );
    }
}
