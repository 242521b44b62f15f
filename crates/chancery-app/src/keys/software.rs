//! Private keys in this process's memory: making them, reading those of others, signing with them.
//!
//! Keys are written as PKCS#8 version 1 (RFC 5208), which OpenSSL and Java read; version 2 (RFC 5958) is read too.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RsaEncoding, RsaKeyPair,
};
use chancery_core::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use chancery_core::plan::{Message, ToBeSigned};
use zeroize::Zeroizing;

use super::{KeyFault, PrivateKey, Signer};

/// A private key, read and ready to sign: RSA of 2048 to 8192 bits, the three NIST curves, Ed25519.
pub(crate) struct SoftwareKey {
    pair: Pair,
    public_key: PublicKey,
}

enum Pair {
    Rsa(RsaKeyPair),
    /// Signs with the one hash that matches the curve's strength.
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

const CURVES: [&EcdsaSigningAlgorithm; 3] = [
    &ECDSA_P256_SHA256_ASN1_SIGNING,
    &ECDSA_P384_SHA384_ASN1_SIGNING,
    &ECDSA_P521_SHA512_ASN1_SIGNING,
];

const UNREADABLE: KeyFault = KeyFault(
    "not a private key that can sign here: take PKCS#8 DER of RSA (2048 to 8192 bits), EC P-256, P-384, P-521 or Ed25519",
);
const NOT_MADE_HERE: KeyFault = KeyFault(
    "keys of this kind are not made here: take RSA of 2048, 3072 or 4096 bits, EC or Ed25519",
);
const NOT_MADE: KeyFault = KeyFault("the key could not be made");
const DOES_NOT_FIT: KeyFault = KeyFault("the key does not sign with the planned algorithm");
const NOT_SIGNED: KeyFault = KeyFault("the signature could not be made");

/// A new key. An RSA key takes from 0.1 s of CPU (2048 bits) to seconds (4096 bits): see [`super::pool`]. The others
/// take about 0.1 ms.
pub(crate) fn generate(algorithm: KeyAlgorithm) -> Result<PrivateKey, KeyFault> {
    let rsa = |size| RsaKeyPair::generate(size).map(Pair::Rsa);
    let ecdsa = |curve| EcdsaKeyPair::generate(curve).map(Pair::Ecdsa);
    let made = match algorithm {
        KeyAlgorithm::Rsa(2048) => rsa(KeySize::Rsa2048),
        KeyAlgorithm::Rsa(3072) => rsa(KeySize::Rsa3072),
        KeyAlgorithm::Rsa(4096) => rsa(KeySize::Rsa4096),
        KeyAlgorithm::P256 => ecdsa(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeyAlgorithm::P384 => ecdsa(&ECDSA_P384_SHA384_ASN1_SIGNING),
        KeyAlgorithm::P521 => ecdsa(&ECDSA_P521_SHA512_ASN1_SIGNING),
        KeyAlgorithm::Ed25519 => Ed25519KeyPair::generate().map(Pair::Ed25519),
        KeyAlgorithm::Rsa(_) | KeyAlgorithm::Other(_) => return Err(NOT_MADE_HERE),
    };
    made.and_then(|pair| pair.to_pkcs8()).map_err(|_| NOT_MADE)
}

/// The public half of a key.
pub(crate) fn public_key_of(key: &PrivateKey) -> Result<PublicKey, KeyFault> {
    SoftwareKey::from_pkcs8(key).map(|key| key.public_key)
}

/// A key made elsewhere: PKCS#8 of either version, with or without its public half, written anew as we write ours.
pub(crate) fn from_foreign_pkcs8(der: &[u8]) -> Result<PrivateKey, KeyFault> {
    Pair::from_pkcs8(der).and_then(|pair| pair.to_pkcs8().map_err(|_| UNREADABLE))
}

impl SoftwareKey {
    /// Reads the key, and checks that its halves belong together.
    pub(crate) fn from_pkcs8(key: &PrivateKey) -> Result<SoftwareKey, KeyFault> {
        let pair = Pair::from_pkcs8(key.pkcs8())?;
        let spki = pair.public_half().map_err(|_| UNREADABLE)?;
        let public_key = PublicKey::from_spki_der(spki.as_ref()).map_err(|_| UNREADABLE)?;
        Ok(SoftwareKey { pair, public_key })
    }

    /// ECDSA and Ed25519 keys sign in one way only; RSA keys with any of the SHA-2 hashes.
    fn sign_message(
        &self,
        algorithm: SignatureAlgorithm,
        message: Message<'_>,
    ) -> Result<Vec<u8>, KeyFault> {
        let natural = self.public_key.algorithm().signs_with() == Some(algorithm);
        let signature = match (&self.pair, message) {
            (Pair::Rsa(pair), _) => return sign_rsa(pair, algorithm, message),
            (Pair::Ecdsa(pair), Message::Octets(octets)) if natural => {
                pair.sign(&SystemRandom::new(), octets)
            }
            (Pair::Ecdsa(pair), Message::Digest(digest)) if natural => pair.sign_digest(digest),
            (Pair::Ed25519(pair), Message::Octets(octets)) if natural => pair.try_sign(octets),
            // Ed25519 signs no digest (RFC 8032, section 5.1.6): nothing plans one for it.
            (Pair::Ecdsa(_) | Pair::Ed25519(_), _) => return Err(DOES_NOT_FIT),
        };
        Ok(signature.map_err(|_| NOT_SIGNED)?.as_ref().to_vec())
    }
}

impl Signer for SoftwareKey {
    fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    fn sign(&self, planned: &dyn ToBeSigned) -> Result<Vec<u8>, KeyFault> {
        self.sign_message(planned.algorithm(), planned.message())
    }
}

/// RSASSA-PKCS1-v1_5 (RFC 8017, section 8.2).
fn sign_rsa(
    pair: &RsaKeyPair,
    algorithm: SignatureAlgorithm,
    message: Message<'_>,
) -> Result<Vec<u8>, KeyFault> {
    let padding: &'static dyn RsaEncoding = match algorithm {
        SignatureAlgorithm::RsaSha256 => &RSA_PKCS1_SHA256,
        SignatureAlgorithm::RsaSha384 => &RSA_PKCS1_SHA384,
        SignatureAlgorithm::RsaSha512 => &RSA_PKCS1_SHA512,
        _ => return Err(DOES_NOT_FIT),
    };
    let mut signature = vec![0; pair.public_modulus_len()];
    let signed = match message {
        Message::Octets(octets) => pair.sign(padding, &SystemRandom::new(), octets, &mut signature),
        Message::Digest(digest) => pair.sign_digest(padding, digest, &mut signature),
    };
    signed.map_err(|_| NOT_SIGNED)?;
    Ok(signature)
}

impl Pair {
    /// Tries each kind in turn; RSA first, whose failed attempts would cost the most.
    fn from_pkcs8(der: &[u8]) -> Result<Pair, KeyFault> {
        if let Ok(pair) = RsaKeyPair::from_pkcs8(der) {
            return Ok(Pair::Rsa(pair));
        }
        if let Some(pair) = CURVES
            .iter()
            .find_map(|curve| EcdsaKeyPair::from_pkcs8(curve, der).ok())
        {
            return Ok(Pair::Ecdsa(pair));
        }
        Ed25519KeyPair::from_pkcs8(der)
            .map(Pair::Ed25519)
            .map_err(|_| UNREADABLE)
    }

    fn to_pkcs8(&self) -> Result<PrivateKey, Unspecified> {
        // Both of the library's containers wipe themselves.
        let der = match self {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der()?;
                der.as_ref().to_vec()
            }
            Pair::Ecdsa(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1()?.as_ref().to_vec(),
        };
        Ok(PrivateKey::from_pkcs8(Zeroizing::new(der)))
    }

    fn public_half(&self) -> Result<PublicKeyX509Der<'static>, Unspecified> {
        match self {
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ecdsa(pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use aws_lc_rs::digest::{self, Digest};
    use chancery_core::name::Name;
    use chancery_core::plan::{Issuer, Request, plan};
    use chancery_core::profile::Profile;
    use chancery_core::serial::Serial;
    use chancery_core::time::Time;
    use chancery_core::x509::pem;

    use super::*;

    const MESSAGE: &[u8] = b"what is to be signed";

    const MADE_HERE: [KeyAlgorithm; 7] = [
        KeyAlgorithm::Rsa(2048),
        KeyAlgorithm::Rsa(3072),
        KeyAlgorithm::Rsa(4096),
        KeyAlgorithm::P256,
        KeyAlgorithm::P384,
        KeyAlgorithm::P521,
        KeyAlgorithm::Ed25519,
    ];

    /// Runs `openssl` in `folder`; whether it was content, and what it said.
    fn openssl(folder: &Path, arguments: &str) -> (bool, String) {
        let output = Command::new("openssl")
            .current_dir(folder)
            .args(arguments.split(' '))
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }

    /// PKCS#8 DER of a key that OpenSSL made.
    fn foreign(folder: &Path, kind: &str) -> Vec<u8> {
        // In two steps: straight to DER, genpkey writes each kind's own older format.
        for command in [
            &format!("genpkey -algorithm {kind} -out foreign.pem"),
            "pkcs8 -topk8 -nocrypt -in foreign.pem -outform DER -out foreign.der",
        ] {
            let (done, said) = openssl(folder, command);
            assert!(done, "{command}: {said}");
        }
        fs::read(folder.join("foreign.der")).unwrap()
    }

    /// The digest of [`MESSAGE`] that an algorithm signs; none for Ed25519, which signs the octets themselves.
    fn digest_for(algorithm: SignatureAlgorithm) -> Option<Digest> {
        let hash = match algorithm {
            SignatureAlgorithm::RsaSha256 | SignatureAlgorithm::EcdsaSha256 => &digest::SHA256,
            SignatureAlgorithm::RsaSha384 | SignatureAlgorithm::EcdsaSha384 => &digest::SHA384,
            SignatureAlgorithm::RsaSha512 | SignatureAlgorithm::EcdsaSha512 => &digest::SHA512,
            _ => return None,
        };
        Some(digest::digest(hash, MESSAGE))
    }

    /// Signs with every algorithm that the key takes, octets and their digest; core and OpenSSL both find the signatures
    /// good.
    fn check_signing(key: &SoftwareKey, algorithms: &[SignatureAlgorithm]) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("message"), MESSAGE).unwrap();
        fs::write(
            folder.path().join("public.der"),
            key.public_key().spki_der(),
        )
        .unwrap();
        for algorithm in algorithms {
            let digest = digest_for(*algorithm);
            let digest = digest.as_ref().map(Message::Digest);
            for message in [Some(Message::Octets(MESSAGE)), digest]
                .into_iter()
                .flatten()
            {
                let signature = key.sign_message(*algorithm, message).unwrap();
                let holds = |octets| key.public_key().verifies(*algorithm, octets, &signature);
                assert!(holds(MESSAGE) && !holds(b"another"), "{algorithm:?}");
                check_by_openssl(folder.path(), *algorithm, &signature);
            }
        }
    }

    /// OpenSSL finds the signature over the file `message` good under the key in `public.der`.
    fn check_by_openssl(folder: &Path, algorithm: SignatureAlgorithm, signature: &[u8]) {
        fs::write(folder.join("signature"), signature).unwrap();
        let hash = match digest_for(algorithm).map(|digest| digest.as_ref().len()) {
            Some(octets) => format!(" -digest sha{}", octets * 8),
            None => String::new(),
        };
        let (good, said) = openssl(
            folder,
            &format!(
                "pkeyutl -verify -pubin -inkey public.der -keyform DER -rawin{hash} -in message -sigfile signature"
            ),
        );
        assert!(good, "{algorithm:?}: {said}");
    }

    #[test]
    fn every_kind_of_key_signs() {
        let rsa = [
            SignatureAlgorithm::RsaSha256,
            SignatureAlgorithm::RsaSha384,
            SignatureAlgorithm::RsaSha512,
        ];
        for algorithm in MADE_HERE {
            let made = generate(algorithm).unwrap();
            let key = SoftwareKey::from_pkcs8(&made).unwrap();
            assert_eq!(key.public_key().algorithm(), algorithm);
            assert_eq!(&public_key_of(&made).unwrap(), key.public_key());
            match algorithm {
                KeyAlgorithm::Rsa(_) => check_signing(&key, &rsa),
                other => check_signing(&key, &[other.signs_with().unwrap()]),
            }
        }
    }

    #[test]
    fn openssl_verifies_a_planned_certificate() {
        let folder = tempfile::tempdir().unwrap();
        for algorithm in MADE_HERE {
            let key = SoftwareKey::from_pkcs8(&generate(algorithm).unwrap()).unwrap();
            let request = Request {
                subject: Name::parse("CN=Root").unwrap(),
                names: Vec::new(),
                public_key: key.public_key().clone(),
                not_before: None,
                not_after: None,
            };
            let profile = Profile::authority("root", 3650, None);
            let now = Time::from_unix(1_750_000_000);
            let planned = plan(
                request,
                &profile,
                Issuer::Itself,
                Serial::from_random([7; 16]),
                now,
            )
            .unwrap();
            let der = planned.finish(&key.sign(&planned).unwrap()).unwrap();
            let text = pem::encode("CERTIFICATE", &der);
            fs::write(folder.path().join("root.pem"), text).unwrap();
            let check = "verify -check_ss_sig -attime 1750000000 -CAfile root.pem root.pem";
            let (good, said) = openssl(folder.path(), check);
            assert!(good, "{algorithm}: {said}");
        }
    }

    #[test]
    fn an_algorithm_that_does_not_fit_is_refused() {
        use SignatureAlgorithm as S;
        let all = [
            S::RsaMd5,
            S::RsaSha1,
            S::RsaSha256,
            S::EcdsaSha1,
            S::EcdsaSha256,
            S::EcdsaSha384,
            S::EcdsaSha512,
            S::Ed25519,
        ];
        for (algorithm, fits) in [
            (KeyAlgorithm::Rsa(2048), S::RsaSha256),
            (KeyAlgorithm::P256, S::EcdsaSha256),
            (KeyAlgorithm::P384, S::EcdsaSha384),
            (KeyAlgorithm::P521, S::EcdsaSha512),
            (KeyAlgorithm::Ed25519, S::Ed25519),
        ] {
            let key = SoftwareKey::from_pkcs8(&generate(algorithm).unwrap()).unwrap();
            for planned in all {
                let signed = key.sign_message(planned, Message::Octets(MESSAGE));
                assert_eq!(signed.is_ok(), planned == fits, "{algorithm} {planned:?}");
                assert!(
                    signed.is_ok() || signed == Err(DOES_NOT_FIT),
                    "{algorithm} {planned:?}"
                );
            }
            // Of digests only that of the algorithm's own hash, and none for Ed25519.
            for hash in [&digest::SHA256, &digest::SHA384, &digest::SHA512] {
                let digest = digest::digest(hash, MESSAGE);
                let own = digest_for(fits).is_some_and(|own| own.algorithm() == hash);
                let signed = key.sign_message(fits, Message::Digest(&digest));
                assert_eq!(signed.is_ok(), own, "{algorithm} {hash:?}");
            }
        }
    }

    #[test]
    fn openssl_reads_the_keys_made_here() {
        let folder = tempfile::tempdir().unwrap();
        for algorithm in MADE_HERE {
            let made = generate(algorithm).unwrap();
            // SEQUENCE, length, INTEGER 0: version 1 of PKCS#8, which old readers understand too.
            let version = made.pkcs8().windows(3).position(|three| three == [2, 1, 0]);
            assert!(matches!(version, Some(2..=4)), "{algorithm}: not version 1");
            fs::write(folder.path().join("key.der"), made.pkcs8()).unwrap();
            let (good, said) = openssl(folder.path(), "pkey -in key.der -inform DER -check -noout");
            assert!(good, "{algorithm}: {said}");
            let (good, said) = openssl(
                folder.path(),
                "pkey -in key.der -inform DER -pubout -outform DER -out public.der",
            );
            assert!(good, "{algorithm}: {said}");
            let public = fs::read(folder.path().join("public.der")).unwrap();
            assert_eq!(
                public,
                public_key_of(&made).unwrap().spki_der(),
                "{algorithm}"
            );
        }
    }

    #[test]
    fn keys_of_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        for (kind, algorithm) in [
            ("RSA -pkeyopt rsa_keygen_bits:2048", KeyAlgorithm::Rsa(2048)),
            ("EC -pkeyopt ec_paramgen_curve:P-256", KeyAlgorithm::P256),
            ("EC -pkeyopt ec_paramgen_curve:P-384", KeyAlgorithm::P384),
            ("EC -pkeyopt ec_paramgen_curve:P-521", KeyAlgorithm::P521),
            ("ED25519", KeyAlgorithm::Ed25519),
        ] {
            let der = foreign(folder.path(), kind);
            let key = from_foreign_pkcs8(&der).unwrap();
            assert_eq!(public_key_of(&key).unwrap().algorithm(), algorithm);
            // Once written here it stays as it is.
            assert_eq!(
                from_foreign_pkcs8(key.pkcs8()).unwrap().pkcs8(),
                key.pkcs8(),
                "{kind}"
            );
        }
    }

    #[test]
    fn version_2_is_read_and_version_1_written() {
        // RFC 8410, section 10.3: the same key in both versions, the second with an attribute and the public half.
        let first = "302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842";
        let second = concat!(
            "3072020101300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44755842",
            "a01f301d060a2a864886f70d01090914310f0c0d437572646c6520436861697273812100",
            "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1",
        );
        let [first, second] = [first, second].map(|text| hex::decode(text).unwrap());
        let key = from_foreign_pkcs8(&second).unwrap();
        assert_eq!(key.pkcs8(), first);
        let public = "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";
        assert_eq!(hex::encode(public_key_of(&key).unwrap().spki_der()), public);
    }

    #[test]
    fn weak_strange_and_broken_keys_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let good = foreign(folder.path(), "ED25519");
        let mut cases = vec![
            Vec::new(),
            b"no key".to_vec(),
            good[..good.len() - 1].to_vec(),
        ];
        for kind in [
            "RSA -pkeyopt rsa_keygen_bits:1024",
            "RSA-PSS -pkeyopt rsa_keygen_bits:2048",
            "EC -pkeyopt ec_paramgen_curve:P-224",
            "EC -pkeyopt ec_paramgen_curve:secp256k1",
            "X25519",
            "ED448",
        ] {
            cases.push(foreign(folder.path(), kind));
        }
        for der in cases {
            let key = PrivateKey::from_pkcs8(Zeroizing::new(der.clone()));
            assert_eq!(
                SoftwareKey::from_pkcs8(&key).err(),
                Some(UNREADABLE),
                "{}",
                hex::encode(&der)
            );
            assert_eq!(from_foreign_pkcs8(&der).err(), Some(UNREADABLE));
        }
    }

    #[test]
    fn kinds_that_are_not_made_here_are_refused() {
        let other = KeyAlgorithm::Other(SignatureAlgorithm::Ed25519.oid());
        for algorithm in [
            KeyAlgorithm::Rsa(1024),
            KeyAlgorithm::Rsa(2047),
            KeyAlgorithm::Rsa(8192),
            other,
        ] {
            assert_eq!(
                generate(algorithm).err(),
                Some(NOT_MADE_HERE),
                "{algorithm}"
            );
        }
    }
}
