//! PKCS#12 files (RFC 7292): a certificate with its private key and chain under a password, in and out.
//!
//! Written: PBES2 with AES-256-CBC, PBKDF2 with HMAC-SHA-256, and a MAC with HMAC-SHA-256, as OpenSSL 3 and Java write
//! themselves. Read: that, and the older encryption with SHA-1 and 3DES or 40-bit RC2.

mod work;

use std::fmt;

use chancery_core::x509;
use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, Pkcs12Archive,
    PrivateKeyChain,
};
use zeroize::Zeroizing;

use super::{KeyFault, PrivateKey, software};
use crate::error::Error;

/// What was read out of a file: a certificate and the private key that belongs to it.
pub(crate) struct Content {
    /// The certificate's DER.
    pub(crate) certificate: Vec<u8>,
    /// PKCS#8 DER, as it was in the file.
    pub(crate) private_key: Zeroizing<Vec<u8>>,
}

/// Why no file was made or read.
#[derive(Debug)]
pub(crate) enum Pkcs12Error {
    /// The file to read has more octets than any that is read, or asks for more work.
    TooLarge,
    /// The file does not open with this password.
    WrongPassword,
    /// The file is none that is read here.
    Unreadable(p12_keystore::error::Error),
    /// The file has so many private keys where one is wanted.
    Keys(usize),
    /// The file's private key cannot be used here.
    Key(KeyFault),
    /// The file has no certificate for its private key.
    NoCertificate,
    /// The password is empty.
    PasswordEmpty,
    /// The password holds characters that a PKCS#12 password cannot (those beyond U+FFFF, such as emoji, and U+0000).
    PasswordCharacters,
    /// The certificate or the key is not DER that can be read, or the file could not be put together.
    Fault(p12_keystore::error::Error),
}

/// Rounds of both key derivations: the JDK's own default.
const ITERATIONS: u32 = 10_000;

/// A PKCS#12 file of a private key, its certificate (DER) and the certificates above that (DER, its issuer first).
/// `friendly_name` is the entry's alias in Java. Takes about 10 ms of CPU.
pub(crate) fn export(
    key: &PrivateKey,
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
    let key = p12_keystore::PrivateKey::from_der(key.pkcs8())?;
    // The local key id ties key and certificate together; nothing reads more out of it.
    let entry = PrivateKeyChain::new([1].as_slice(), key, certificates);
    store.add_entry(&alias, KeyStoreEntry::PrivateKeyChain(entry));
    let writer = store
        .writer(password)
        .encryption_algorithm(EncryptionAlgorithm::PbeWithHmacSha256AndAes256)
        .encryption_iterations(ITERATIONS)
        .mac_algorithm(MacAlgorithm::HmacSha256)
        .mac_iterations(ITERATIONS);
    Ok(writer.write()?)
}

/// Opens a file with one private key and the certificate that belongs to it; other certificates are passed over. Takes
/// about 15 ms of CPU as files are commonly written; one that was made to cost time may take some seconds.
pub(crate) fn read(file: &[u8], password: &str) -> Result<Content, Pkcs12Error> {
    if file.len() > LARGEST_FILE {
        return Err(Pkcs12Error::TooLarge);
    }
    check_characters(password)?;
    work::check(file, password)?;
    let archive = Pkcs12Archive::from_pkcs12(file, password).map_err(unopened)?;
    let [key] = archive.keys.as_slice() else {
        return Err(Pkcs12Error::Keys(archive.keys.len()));
    };
    let private_key = Zeroizing::new(key.key.as_der().to_vec());
    let public = software::from_foreign_pkcs8(&private_key)
        .and_then(|key| software::public_key_of(&key))
        .map_err(Pkcs12Error::Key)?;
    let certificate = archive
        .certs
        .iter()
        .map(|bag| bag.cert.as_der())
        .find(|der| {
            x509::read_certificate(der)
                .is_ok_and(|facts| facts.public_key.key_id() == public.key_id())
        })
        .ok_or(Pkcs12Error::NoCertificate)?;
    Ok(Content {
        certificate: certificate.to_vec(),
        private_key,
    })
}

/// Octets of the largest file that is read: a key, its certificate and a long chain fit in several times.
const LARGEST_FILE: usize = 64 * 1024;
/// A wrong password shows in the MAC, and where there is none in what is deciphered.
fn unopened(error: p12_keystore::error::Error) -> Pkcs12Error {
    use p12_keystore::error::Error;
    match error {
        Error::MacError(_) | Error::UnpadError | Error::Pkcs5Error(_) => Pkcs12Error::WrongPassword,
        other => Pkcs12Error::Unreadable(other),
    }
}

fn check_password(password: &str) -> Result<(), Pkcs12Error> {
    if password.is_empty() {
        return Err(Pkcs12Error::PasswordEmpty);
    }
    check_characters(password)
}

fn check_characters(password: &str) -> Result<(), Pkcs12Error> {
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
            Pkcs12Error::PasswordEmpty
            | Pkcs12Error::PasswordCharacters
            | Pkcs12Error::TooLarge
            | Pkcs12Error::WrongPassword
            | Pkcs12Error::Unreadable(_)
            | Pkcs12Error::Keys(_)
            | Pkcs12Error::Key(_)
            | Pkcs12Error::NoCertificate => Error::Invalid(error.to_string()),
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
            Pkcs12Error::TooLarge => f.write_str(
                "the PKCS#12 file is too large, or asks for too much work: give one private key with its certificate",
            ),
            Pkcs12Error::WrongPassword => {
                f.write_str("the PKCS#12 file does not open with this password, or is damaged")
            }
            Pkcs12Error::Unreadable(_) => f.write_str(
                "this is no PKCS#12 file that can be read: encrypt it with AES or 3DES, as openssl pkcs12 -export does",
            ),
            Pkcs12Error::Keys(count) => write!(
                f,
                "the PKCS#12 file has {count} private keys: give a file with one"
            ),
            Pkcs12Error::Key(fault) => write!(f, "the private key in the PKCS#12 file: {fault}"),
            Pkcs12Error::NoCertificate => {
                f.write_str("the PKCS#12 file has no certificate for its private key")
            }
            Pkcs12Error::Fault(error) => write!(f, "the PKCS#12 file could not be made: {error}"),
        }
    }
}

impl std::error::Error for Pkcs12Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Pkcs12Error::Fault(error) | Pkcs12Error::Unreadable(error) => Some(error),
            Pkcs12Error::Key(fault) => Some(fault),
            Pkcs12Error::PasswordEmpty
            | Pkcs12Error::PasswordCharacters
            | Pkcs12Error::TooLarge
            | Pkcs12Error::WrongPassword
            | Pkcs12Error::Keys(_)
            | Pkcs12Error::NoCertificate => None,
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
    fn seen_by_openssl(folder: &Path, file: &[u8], password: &str) -> String {
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
            let file = export(&key, &leaf, &chain, "büro-42 \u{1f511}", PASSWORD).unwrap();

            let text = seen_by_openssl(folder.path(), &file, PASSWORD);
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
    fn a_wrong_password_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let key = software::generate(KeyAlgorithm::P256).unwrap();
        fs::write(folder.path().join("key.der"), key.pkcs8()).unwrap();
        let leaf = certificate(folder.path(), "leaf");
        let file = export(&key, &leaf, &[], "leaf", PASSWORD).unwrap();
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
            let error = export(&key, b"no certificate", &[], "name", password).unwrap_err();
            assert!(
                error.to_string().starts_with(wanted),
                "{password:?}: {error}"
            );
            let invalid = matches!(Error::from(error), Error::Invalid(_));
            assert_eq!(invalid, password != "good", "{password:?}");
        }
    }

    /// A key with its certificate `leaf` and another certificate, as OpenSSL exports it with those arguments.
    fn foreign_file(folder: &Path, arguments: &[&str]) -> (PrivateKey, Vec<u8>, Vec<u8>) {
        let key = software::generate(KeyAlgorithm::P256).unwrap();
        fs::write(folder.join("key.der"), key.pkcs8()).unwrap();
        certificate(folder, "above");
        let leaf = certificate(folder, "leaf");
        let other = software::generate(KeyAlgorithm::P256).unwrap();
        fs::write(folder.join("other.der"), other.pkcs8()).unwrap();
        for (from, to) in [("key.der", "key.pem"), ("other.der", "other.pem")] {
            openssl(folder, &["pkey", "-inform", "DER", "-in", from, "-out", to]);
        }
        for name in ["leaf", "above"] {
            let (der, pem) = (format!("{name}.der"), format!("{name}.pem"));
            openssl(
                folder,
                &["x509", "-inform", "DER", "-in", &der, "-out", &pem],
            );
        }
        let export = [
            "pkcs12", "-export", "-inkey", "key.pem", "-in", "leaf.pem", "-out", "file.p12",
        ];
        openssl(folder, &[&export[..], arguments].concat());
        (key, leaf, fs::read(folder.join("file.p12")).unwrap())
    }

    #[test]
    fn files_of_openssl_are_read() {
        for arguments in [
            &[][..],
            &[
                "-certpbe",
                "AES-128-CBC",
                "-keypbe",
                "AES-192-CBC",
                "-macalg",
                "sha512",
            ],
            &["-legacy"],
            &["-legacy", "-descert"],
            &["-nomac"],
            &["-certpbe", "NONE", "-keypbe", "NONE"],
            &["-name", "gate way", "-iter", "1"],
        ] {
            let folder = tempfile::tempdir().unwrap();
            let password = ["-passout", "pass:pass wörd"];
            let (key, leaf, file) = foreign_file(folder.path(), &[arguments, &password].concat());
            let content =
                read(&file, PASSWORD).unwrap_or_else(|error| panic!("{arguments:?}: {error}"));
            assert_eq!(content.certificate, leaf, "{arguments:?}");
            let read_key = software::from_foreign_pkcs8(&content.private_key).unwrap();
            assert_eq!(read_key.pkcs8(), key.pkcs8(), "{arguments:?}");
        }
    }

    #[test]
    fn files_of_java_are_read() {
        for legacy in [None, Some("-J-Dkeystore.pkcs12.legacy")] {
            let folder = tempfile::tempdir().unwrap();
            let made = Command::new("keytool")
                .current_dir(folder.path())
                .args(["-genkeypair", "-alias", "joe", "-dname", "CN=joe"])
                .args(["-keyalg", "EC", "-groupname", "secp256r1"])
                .args(["-storetype", "PKCS12", "-keystore", "file.p12"])
                .args(["-storepass", "secret"])
                .args(legacy)
                .output()
                .unwrap();
            assert!(made.status.success(), "{made:?}");
            let file = fs::read(folder.path().join("file.p12")).unwrap();
            let content =
                read(&file, "secret").unwrap_or_else(|error| panic!("{legacy:?}: {error}"));
            x509::read_certificate(&content.certificate).unwrap();
        }
    }

    #[test]
    fn what_we_write_is_read_and_an_empty_password_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let (key, leaf, file) = foreign_file(folder.path(), &["-passout", "pass:"]);
        assert_eq!(read(&file, "").unwrap().certificate, leaf);
        let above = fs::read(folder.path().join("above.der")).unwrap();
        let file = export(&key, &leaf, &[above], "name", PASSWORD).unwrap();
        assert_eq!(read(&file, PASSWORD).unwrap().certificate, leaf);
    }

    #[test]
    fn files_that_do_not_fit_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let (key, leaf, file) = foreign_file(folder.path(), &["-passout", "pass:secret"]);
        let mut without_key = KeyStore::new();
        let alone = Certificate::from_der(&leaf).unwrap();
        without_key.add_entry("name", KeyStoreEntry::Certificate(alone));
        let without_key = without_key.writer("secret").write().unwrap();
        let mut other_key = KeyStore::new();
        for (alias, local) in [("a", 1), ("b", 2)] {
            let key = p12_keystore::PrivateKey::from_der(key.pkcs8()).unwrap();
            let entry = PrivateKeyChain::new([local].as_slice(), key, Vec::new());
            other_key.add_entry(alias, KeyStoreEntry::PrivateKeyChain(entry));
        }
        let two_keys = other_key.writer("secret").write().unwrap();
        other_key.delete_entry("b");
        let no_certificate = other_key.writer("secret").write().unwrap();
        let nomac = ["-nomac", "-passout", "pass:secret"];
        let (_, _, unprotected) = foreign_file(folder.path(), &nomac);
        for (file, password, want) in [
            (file.as_slice(), "Secret", "does not open"),
            (&file, "", "does not open"),
            (&unprotected, "Secret", "does not open"),
            (&file, "\u{1f511}", "the password holds characters"),
            (&file[..file.len() - 1], "secret", "no PKCS#12 file"),
            (b"", "secret", "no PKCS#12 file"),
            (&leaf, "secret", "no PKCS#12 file"),
            (&vec![0x30; LARGEST_FILE + 1], "secret", "too large"),
            (&without_key, "secret", "has 0 private keys"),
            (&two_keys, "secret", "has 2 private keys"),
            (&no_certificate, "secret", "has no certificate"),
        ] {
            let error = read(file, password).err().unwrap();
            assert!(error.to_string().contains(want), "{want}: {error}");
            assert!(matches!(Error::from(error), Error::Invalid(_)), "{want}");
        }
    }

    /// Whatever is damaged, it is refused or read, and nothing panics.
    #[test]
    fn damaged_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let cheap = [
            "-iter", "1", "-nomac", "-certpbe", "NONE", "-passout", "pass:x",
        ];
        let (_, leaf, file) = foreign_file(folder.path(), &cheap);
        for place in 0..file.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, file[place] ^ 1] {
                let mut damaged = file.clone();
                damaged[place] = value;
                if let Ok(content) = read(&damaged, "x") {
                    assert_eq!(content.certificate.len(), leaf.len());
                }
            }
            assert!(read(&file[..place], "x").is_err());
        }
    }
}
