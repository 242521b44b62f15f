//! What an authority without a certificate asks of the one that will sign it, and what its successor is called.

use crate::csr::{self, PlannedRequest};
use crate::key::PublicKey;
use crate::name::{Name, NameError, attribute};
use crate::plan::Refusal;
use crate::x509::{Extension, KeyUsage};

/// Decides whether a key of ours may ask to become an authority's, and encodes what is to be signed with that key: the
/// subject, and the wishes for basic constraints and key usage, which whoever signs may copy.
///
/// # Errors
/// As [`csr::plan_request`].
pub fn plan_authority_request(
    subject: &Name,
    public_key: &PublicKey,
    path_length: Option<u8>,
) -> Result<PlannedRequest, Refusal> {
    let key = public_key.algorithm();
    let algorithm = key.signs_with().ok_or(Refusal::KeyNotAllowed(key))?;
    let usage = KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN);
    let wishes = vec![
        Extension::basic_constraints(true, path_length).map_err(csr::broken)?,
        Extension::key_usage(usage).map_err(csr::broken)?,
    ];
    csr::plan_extended_request(subject, &[], public_key, algorithm, wishes)
}

/// The subject of the given generation of an authority: the same with ` G2`, ` G3` at the end of its common name, in the
/// place of the one that is there.
///
/// Two keys under one name confuse relying parties that look CRLs up by the issuer's name.
///
/// # Errors
/// [`NameError`] for a subject that holds what cannot be written anew.
pub fn next_generation(subject: &Name, generation: u32) -> Result<Name, NameError> {
    let mut name = Name::build();
    let mut named = false;
    for rdn in subject.rdns() {
        let mut level = Vec::new();
        for one in rdn.attributes() {
            let text = one.text().unwrap_or_default();
            if *one.oid() == attribute::COMMON_NAME && !named {
                named = true;
                level.push((
                    one.oid(),
                    format!("{} G{generation}", without_generation(text)),
                ));
            } else {
                level.push((one.oid(), text.to_owned()));
            }
        }
        name = name.push_rdn(level.iter().map(|(oid, text)| (**oid, text.as_str())));
    }
    if !named {
        name = name.push(attribute::COMMON_NAME, &format!("G{generation}"));
    }
    name.finish()
}

/// `Issuing` of `Issuing G2`.
fn without_generation(text: &str) -> &str {
    let number = |end: &str| !end.is_empty() && end.bytes().all(|octet| octet.is_ascii_digit());
    match text.rsplit_once(" G") {
        Some((before, end)) if number(end) && !before.is_empty() => before,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csr::Csr;
    use crate::key::KeyAlgorithm;
    use crate::x509::testing::{OpenSsl, TestKey, squeezed};

    #[test]
    fn requests_ask_to_be_an_authority() {
        for (algorithm, path_length, wish) in [
            (KeyAlgorithm::P256, Some(0), "CA:TRUE, pathlen:0"),
            (KeyAlgorithm::Ed25519, Some(2), "CA:TRUE, pathlen:2"),
            (KeyAlgorithm::P384, None, "CA:TRUE X509v3 Key Usage"),
        ] {
            let key = TestKey::new(algorithm);
            let subject = Name::parse("CN=Sub,O=Example").unwrap();
            let planned = plan_authority_request(&subject, &key.public, path_length).unwrap();
            let der = planned.finish(&key.sign_planned(&planned)).unwrap();
            assert!(Csr::read(&der).unwrap().is_authority);
            let openssl = OpenSsl::new();
            openssl.write("csr", &der);
            let text = squeezed(&openssl.run("req -inform der -in csr -noout -verify -text"));
            for line in [wish, "verify OK", "Certificate Sign, CRL Sign"] {
                assert!(text.contains(line), "{line}\n{text}");
            }
        }
    }

    #[test]
    fn successors_are_counted_in_the_common_name() {
        for (before, generation, after) in [
            ("CN=Issuing,O=Example", 2, "CN=Issuing G2,O=Example"),
            ("CN=Issuing G2,O=Example", 3, "CN=Issuing G3,O=Example"),
            ("CN=Issuing G2x,O=Example", 2, "CN=Issuing G2x G2,O=Example"),
            ("CN=Big Guns,C=CA", 2, "CN=Big Guns G2,C=CA"),
            ("O=Example", 2, "CN=G2,O=Example"),
        ] {
            let next = next_generation(&Name::parse(before).unwrap(), generation).unwrap();
            assert_eq!(next.to_rfc4514(), after, "{before}");
        }
    }
}
