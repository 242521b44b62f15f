//! What the tests of this crate share: keys that sign, and the `openssl` program as an oracle that is not ours.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair};

use crate::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::plan::{Message, ToBeSigned};
use crate::serial::Serial;
use crate::time::Time;
use crate::x509::{Contents, Extension, seal_with_signature, write_tbs};

/// A directory of its own, in which `openssl` runs; gone with the value.
pub(crate) struct OpenSsl(PathBuf);

impl OpenSsl {
    pub(crate) fn new() -> OpenSsl {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "chancery-core-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        OpenSsl(path)
    }

    pub(crate) fn write(&self, file: &str, octets: &[u8]) {
        std::fs::write(self.0.join(file), octets).unwrap();
    }

    pub(crate) fn read(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.0.join(file)).unwrap()
    }

    /// Runs `openssl` with these arguments, spaces between, and gives back all that it printed. Must succeed.
    pub(crate) fn run(&self, arguments: &str) -> String {
        let (success, text) = self.try_run(arguments);
        assert!(success, "openssl {arguments}: {text}");
        text
    }

    /// Runs `openssl`; says whether it succeeded, and all that it printed.
    pub(crate) fn try_run(&self, arguments: &str) -> (bool, String) {
        self.try_program("openssl", arguments)
    }

    /// Runs another program that judges, in the same directory.
    pub(crate) fn try_program(&self, program: &str, arguments: &str) -> (bool, String) {
        let mut command = Command::new(program);
        command
            .args(arguments.split_whitespace())
            .current_dir(&self.0);
        let output = command
            .output()
            .unwrap_or_else(|_| panic!("{program} is needed: run ./check, which installs it"));
        let text = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8_lossy(&text).into_owned(),
        )
    }
}

/// Text with every run of white space made one space, to look for lines in.
pub(crate) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// A key pair that signs as an authority's would.
pub(crate) struct TestKey {
    pair: Pair,
    pub(crate) public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl TestKey {
    pub(crate) fn p256() -> TestKey {
        TestKey::new(KeyAlgorithm::P256)
    }

    pub(crate) fn new(algorithm: KeyAlgorithm) -> TestKey {
        let ecdsa = |algorithm| {
            let pair = EcdsaKeyPair::generate(algorithm).unwrap();
            let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
            (Pair::Ecdsa(pair), spki)
        };
        let (pair, spki) = match algorithm {
            KeyAlgorithm::P256 => ecdsa(&signature::ECDSA_P256_SHA256_ASN1_SIGNING),
            KeyAlgorithm::P384 => ecdsa(&signature::ECDSA_P384_SHA384_ASN1_SIGNING),
            KeyAlgorithm::P521 => ecdsa(&signature::ECDSA_P521_SHA512_ASN1_SIGNING),
            KeyAlgorithm::Ed25519 => {
                let pair = Ed25519KeyPair::generate().unwrap();
                let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
                (Pair::Ed25519(pair), spki)
            }
            _ => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let spki = pair.public_key().as_der().unwrap().as_ref().to_vec();
                (Pair::Rsa(pair), spki)
            }
        };
        TestKey {
            pair,
            public: PublicKey::from_spki_der(&spki).unwrap(),
        }
    }

    pub(crate) fn algorithm(&self) -> SignatureAlgorithm {
        self.public.algorithm().signs_with().unwrap()
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let mut signed = vec![0; pair.public_modulus_len()];
                pair.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signed)
                    .unwrap();
                signed
            }
        }
    }

    /// Signs what was planned, of which perhaps only a digest is held.
    pub(crate) fn sign_planned(&self, planned: &dyn ToBeSigned) -> Vec<u8> {
        match (planned.message(), &self.pair) {
            (Message::Octets(octets), _) => self.sign(octets),
            (Message::Digest(digest), Pair::Ecdsa(pair)) => {
                pair.sign_digest(digest).unwrap().as_ref().to_vec()
            }
            (Message::Digest(digest), Pair::Rsa(pair)) => {
                let mut signed = vec![0; pair.public_modulus_len()];
                pair.sign_digest(&signature::RSA_PKCS1_SHA256, digest, &mut signed)
                    .unwrap();
                signed
            }
            (Message::Digest(_), Pair::Ed25519(_)) => panic!("Ed25519 signs no digest"),
        }
    }

    /// Signs a TBSCertificate or a CertificationRequestInfo.
    pub(crate) fn seal(&self, tbs: &[u8]) -> Vec<u8> {
        seal_with_signature(tbs, self.algorithm(), &self.sign(tbs)).unwrap()
    }

    /// A certificate signed with this key, valid from 2020 to 2060.
    pub(crate) fn certify(
        &self,
        issuer: &Name,
        subject: &Name,
        key: &PublicKey,
        extensions: Vec<Extension>,
    ) -> Vec<u8> {
        let tbs = write_tbs(&Contents {
            serial: &Serial::from_random([0x5a; 16]),
            signature_algorithm: self.algorithm(),
            issuer,
            not_before: Time::from_unix(1_577_836_800),
            not_after: Time::from_unix(2_840_140_800),
            subject,
            public_key: key,
            extensions,
        });
        self.seal(&tbs.unwrap())
    }
}

/// The DER of one element, for material that is odd or broken on purpose.
pub(crate) fn tlv(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let mut der = match content.len() {
        length @ 0..0x80 => vec![tag, length as u8],
        length @ 0x80..0x100 => vec![tag, 0x81, length as u8],
        length => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    der.extend_from_slice(&content);
    der
}

/// A change to some octets, as damage or malice would make it.
pub(crate) type Change = (usize, u8);

/// Octets with these changes, cut off at a part of their length. For properties that hold of whatever is read.
pub(crate) fn changed(octets: &[u8], changes: &[Change], keep: usize) -> Vec<u8> {
    let mut octets = octets.to_vec();
    let length = octets.len();
    for (at, octet) in changes {
        octets[at % length] = *octet;
    }
    octets.truncate(length - keep % length);
    octets
}
