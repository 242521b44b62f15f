//! The twelve formats of a downloaded certificate, and what each holds.

use chancery_core::certificate::Certificate;
use chancery_core::x509::{self, pem};

use super::super::errors::{Fault, Kind};

/// A format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// CRT, CERT, CER, PEM: text.
    Pem,
    /// DER, DERCER: the certificate's octets; a chain does not fit.
    Der,
    /// P7B: PKCS#7 as text.
    Pkcs7Pem,
    /// P7C: PKCS#7 as octets.
    Pkcs7Der,
    /// PK8: the private key, PKCS#8 as text.
    Pkcs8,
    /// P12, PFX: certificate, chain and private key.
    Pkcs12,
    /// JKS: the same for old Java.
    Jks,
}

/// Each format's word.
const WORDS: [(&str, Format); 12] = [
    ("CRT", Format::Pem),
    ("CERT", Format::Pem),
    ("CER", Format::Pem),
    ("PEM", Format::Pem),
    ("DER", Format::Der),
    ("DERCER", Format::Der),
    ("P7B", Format::Pkcs7Pem),
    ("P7C", Format::Pkcs7Der),
    ("PK8", Format::Pkcs8),
    ("P12", Format::Pkcs12),
    ("PFX", Format::Pkcs12),
    ("JKS", Format::Jks),
];

/// The format with that word, whatever its case.
pub(crate) fn format(word: &str) -> Result<Format, Fault> {
    WORDS
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(word.trim()))
        .map(|(_, format)| *format)
        .ok_or(Fault::new(Kind::Format))
}

/// A password for what holds a private key: at least 8 characters, a small and a capital letter, a digit and another
/// sign among them.
pub(crate) fn password(password: Option<&str>) -> Result<String, Fault> {
    let password = password.ok_or(Fault::new(Kind::Missing("password")))?;
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let enough = password.chars().count() >= 8
        && has(char::is_lowercase)
        && has(char::is_uppercase)
        && has(char::is_numeric)
        && has(|c| !c.is_alphanumeric());
    if enough {
        Ok(password.to_owned())
    } else {
        Err(Fault::new(Kind::Password))
    }
}

/// The file of a format without private key: the certificate, and those above it if wanted.
///
/// # Errors
/// 417 if nothing is signed yet.
pub(crate) fn certificates(
    format: Format,
    certificate: &Certificate,
    chain: &[Vec<u8>],
) -> Result<Vec<u8>, Fault> {
    let der = certificate.der.clone();
    let der = der.ok_or(Fault::new(Kind::NoCertificate))?;
    let all: Vec<Vec<u8>> = std::iter::once(der.clone())
        .chain(chain.iter().cloned())
        .collect();
    let pkcs7 = || x509::write_certificates(&all).map_err(chancery_app::Error::internal);
    Ok(match format {
        Format::Der => der,
        Format::Pkcs7Der => pkcs7()?,
        Format::Pkcs7Pem => pem::encode("PKCS7", &pkcs7()?).into_bytes(),
        Format::Pem | Format::Pkcs8 | Format::Pkcs12 | Format::Jks => {
            let texts = all.iter().map(|der| pem::encode("CERTIFICATE", der));
            texts.collect::<String>().into_bytes()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twelve_formats_are_known() {
        for (word, want) in WORDS {
            assert_eq!(format(word), Ok(want));
            assert_eq!(format(&word.to_lowercase()), Ok(want));
        }
        for word in ["", "P11", "PEMS"] {
            assert_eq!(format(word), Err(Fault::new(Kind::Format)), "{word}");
        }
    }

    #[test]
    fn passwords_are_of_every_kind_of_character() {
        assert_eq!(password(Some("Passw0rd!")), Ok("Passw0rd!".to_owned()));
        assert_eq!(password(Some("Pässw0rd ")), Ok("Pässw0rd ".to_owned()));
        for weak in [
            "Passw0r",
            "passw0rd!",
            "PASSW0RD!",
            "Password!",
            "Passw0rdd",
            "",
        ] {
            assert_eq!(
                password(Some(weak)),
                Err(Fault::new(Kind::Password)),
                "{weak}"
            );
        }
        assert_eq!(password(None), Err(Fault::new(Kind::Missing("password"))));
    }
}
