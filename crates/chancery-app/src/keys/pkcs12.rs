//! PKCS#12 files (RFC 7292): a certificate with its private key and chain under a password, to be taken elsewhere.
//!
//! PBES2 with AES-256-CBC, PBKDF2 with HMAC-SHA-256, and a MAC with HMAC-SHA-256: what OpenSSL 3 and Java write
//! themselves. Reading such files is no matter of ours.

use std::fmt;

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKeyChain,
};

use super::PrivateKey;
use crate::error::Error;

/// Why no file was made.
#[derive(Debug)]
pub(crate) enum Pkcs12Error {
    /// The password is empty.
    PasswordEmpty,
    /// The password holds characters that a PKCS#12 password cannot (those beyond U+FFFF, such as emoji, and U+0000).
    PasswordCharacters,
    /// The certificate or the key is not DER that can be read, or the file could not be put together.
    Fault(p12_keystore::error::Error),
}

/// Rounds of both key derivations: the JDK's own default.
const ITERATIONS: u32 = 10_000;

/// A PKCS#12 file of a certificate (DER), the certificates above it (DER, its issuer first), and its private key if
/// given. `friendly_name` is the entry's alias in Java. Takes about 10 ms of CPU.
pub(crate) fn export(
    key: Option<&PrivateKey>,
    certificate: &[u8],
    chain: &[Vec<u8>],
    friendly_name: &str,
    password: &str,
) -> Result<Vec<u8>, Pkcs12Error> {
    check_password(password)?;
    let alias = friendly_name.replace(cannot_be_carried, "?");
    let mut certificates = vec![Certificate::from_der(certificate)?];
    for above in chain {
        certificates.push(Certificate::from_der(above)?);
    }
    let mut store = KeyStore::new();
    match key {
        Some(key) => {
            let key = p12_keystore::PrivateKey::from_der(key.pkcs8())?;
            // The local key id ties key and certificate together; nothing reads more out of it.
            let entry = PrivateKeyChain::new([1].as_slice(), key, certificates);
            store.add_entry(&alias, KeyStoreEntry::PrivateKeyChain(entry));
        }
        None => {
            for (place, certificate) in certificates.into_iter().enumerate() {
                // The entries are written in the order of their aliases.
                let alias = if place == 0 {
                    alias.clone()
                } else {
                    format!("{alias} (chain {place:02})")
                };
                store.add_entry(&alias, KeyStoreEntry::Certificate(certificate));
            }
        }
    }
    let writer = store
        .writer(password)
        .encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256)
        .encryption_iterations(ITERATIONS)
        .mac_algorithm(MacAlgorithm::HmacSha256)
        .mac_iterations(ITERATIONS);
    Ok(writer.write()?)
}

fn check_password(password: &str) -> Result<(), Pkcs12Error> {
    if password.is_empty() {
        return Err(Pkcs12Error::PasswordEmpty);
    }
    if password.contains(cannot_be_carried) {
        return Err(Pkcs12Error::PasswordCharacters);
    }
    Ok(())
}

/// Names and passwords are BMPStrings (RFC 7292, appendix B.1), and readers end them at the first U+0000.
fn cannot_be_carried(character: char) -> bool {
    character == '\0' || u32::from(character) > 0xffff
}

impl From<p12_keystore::error::Error> for Pkcs12Error {
    fn from(error: p12_keystore::error::Error) -> Pkcs12Error {
        Pkcs12Error::Fault(error)
    }
}

impl From<Pkcs12Error> for Error {
    fn from(error: Pkcs12Error) -> Error {
        match error {
            Pkcs12Error::PasswordEmpty | Pkcs12Error::PasswordCharacters => {
                Error::Invalid(error.to_string())
            }
            Pkcs12Error::Fault(_) => Error::internal(error),
        }
    }
}

impl fmt::Display for Pkcs12Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pkcs12Error::PasswordEmpty => f.write_str("a password is needed to protect the private key"),
            Pkcs12Error::PasswordCharacters => {
                f.write_str("the password holds characters that PKCS#12 cannot carry: leave out emoji and the like")
            }
            Pkcs12Error::Fault(error) => write!(f, "the PKCS#12 file could not be made: {error}"),
        }
    }
}

impl std::error::Error for Pkcs12Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Pkcs12Error::Fault(error) => Some(error),
            Pkcs12Error::PasswordEmpty | Pkcs12Error::PasswordCharacters => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::process::Command;

    use chancery_core::key::KeyAlgorithm;

    use super::*;
    use crate::keys::software;

    const PASSWORD: &str = "pass wörd";

    /// Runs `openssl`, which must be content, in `folder`; what it said.
    fn openssl(folder: &Path, arguments: &[&str]) -> String {
        let output = Command::new("openssl")
            .current_dir(folder)
            .args(arguments)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    }

    /// A certificate (DER) that OpenSSL makes in `folder`, for the key of the PKCS#8 file `key.der`.
    fn certificate(folder: &Path, name: &str) -> Vec<u8> {
        let (subject, file) = (format!("/CN={name}"), format!("{name}.der"));
        let request = [
            "req", "-x509", "-key", "key.der", "-keyform", "DER", "-subj", &subject, "-days", "9",
        ];
        openssl(
            folder,
            &[&request[..], &["-outform", "DER", "-out", &file]].concat(),
        );
        fs::read(folder.join(file)).unwrap()
    }

    /// What OpenSSL reads out of a file: a report on its algorithms, then its content as PEM with attributes.
    fn read(folder: &Path, file: &[u8], password: &str) -> String {
        fs::write(folder.join("file.p12"), file).unwrap();
        let password = format!("pass:{password}");
        openssl(
            folder,
            &[
                "pkcs12", "-in", "file.p12", "-nodes", "-info", "-passin", &password,
            ],
        )
    }

    fn pem_bodies(text: &str, label: &str) -> Vec<String> {
        let (begin, end) = (
            format!("-----BEGIN {label}-----"),
            format!("-----END {label}-----"),
        );
        let parts = text.split(&begin).skip(1);
        parts
            .map(|part| {
                part.split(&end)
                    .next()
                    .unwrap()
                    .split_whitespace()
                    .collect()
            })
            .collect()
    }

    fn base64(der: &[u8]) -> String {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(der)
    }

    #[test]
    fn openssl_reads_key_certificate_and_chain() {
        for algorithm in [
            KeyAlgorithm::Rsa(2048),
            KeyAlgorithm::P256,
            KeyAlgorithm::P521,
            KeyAlgorithm::Ed25519,
        ] {
            let folder = tempfile::tempdir().unwrap();
            let key = software::generate(algorithm).unwrap();
            fs::write(folder.path().join("key.der"), key.pkcs8()).unwrap();
            let [leaf, issuing, root] =
                ["leaf", "issuing", "root"].map(|name| certificate(folder.path(), name));
            let chain = [issuing.clone(), root.clone()];
            let file = export(Some(&key), &leaf, &chain, "büro-42 \u{1f511}", PASSWORD).unwrap();

            let text = read(folder.path(), &file, PASSWORD);
            assert_eq!(
                pem_bodies(&text, "PRIVATE KEY"),
                [base64(key.pkcs8())],
                "{algorithm}"
            );
            let certificates = [&leaf, &issuing, &root].map(|der| base64(der));
            assert_eq!(
                pem_bodies(&text, "CERTIFICATE"),
                certificates,
                "{algorithm}"
            );
            assert!(text.contains("MAC: sha256, Iteration 10000"), "{text}");
            let encryption = "PBES2, PBKDF2, AES-256-CBC, Iteration 10000, PRF hmacWithSHA256";
            assert_eq!(text.matches(encryption).count(), 2, "{text}");
            // OpenSSL prints the name in Latin-1.
            assert!(text.contains("friendlyName: b\u{fffd}ro-42 ?\n"), "{text}");
            assert_eq!(text.matches("localKeyID: 01").count(), 2, "{text}");
        }
    }

    #[test]
    fn a_certificate_without_its_key_is_exported_too() {
        let folder = tempfile::tempdir().unwrap();
        let key = software::generate(KeyAlgorithm::P256).unwrap();
        fs::write(folder.path().join("key.der"), key.pkcs8()).unwrap();
        let [leaf, root] = ["leaf", "root"].map(|name| certificate(folder.path(), name));
        let file = export(
            None,
            &leaf,
            std::slice::from_ref(&root),
            "printer",
            PASSWORD,
        )
        .unwrap();
        let text = read(folder.path(), &file, PASSWORD);
        assert_eq!(
            pem_bodies(&text, "CERTIFICATE"),
            [base64(&leaf), base64(&root)]
        );
        assert!(pem_bodies(&text, "PRIVATE KEY").is_empty());
        assert!(text.contains("friendlyName: printer\n"), "{text}");
    }

    #[test]
    fn a_wrong_password_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let key = software::generate(KeyAlgorithm::P256).unwrap();
        fs::write(folder.path().join("key.der"), key.pkcs8()).unwrap();
        let leaf = certificate(folder.path(), "leaf");
        let file = export(Some(&key), &leaf, &[], "leaf", PASSWORD).unwrap();
        assert!(
            !file
                .windows(32)
                .any(|part| key.pkcs8().windows(32).any(|secret| secret == part))
        );
        fs::write(folder.path().join("file.p12"), &file).unwrap();
        let output = Command::new("openssl")
            .current_dir(folder.path())
            .args([
                "pkcs12",
                "-in",
                "file.p12",
                "-nodes",
                "-passin",
                "pass:wrong",
            ])
            .output()
            .unwrap();
        assert!(!output.status.success());
        assert!(String::from_utf8_lossy(&output.stderr).contains("invalid password"));
    }

    #[test]
    fn what_cannot_be_carried_is_refused() {
        let key = software::generate(KeyAlgorithm::P256).unwrap();
        for (password, wanted) in [
            ("", "a password is needed"),
            ("key\u{1f511}", "the password holds characters"),
            ("a\0b", "the password holds characters"),
            ("good", "the PKCS#12 file could not be made"),
        ] {
            let error = export(Some(&key), b"no certificate", &[], "name", password).unwrap_err();
            assert!(
                error.to_string().starts_with(wanted),
                "{password:?}: {error}"
            );
            let invalid = matches!(Error::from(error), Error::Invalid(_));
            assert_eq!(invalid, password != "good", "{password:?}");
        }
    }
}
