//! What a certificate record asks for, read from its attributes.

use chancery_app::{Element, Error};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::{Name, Oid, attribute};
use chancery_core::record::{Digest, RecordRequest};

use super::value;

/// The subject's attributes in its order.
const SUBJECT: [(&str, Oid); 6] = [
    ("country", attribute::COUNTRY),
    ("state", attribute::STATE_OR_PROVINCE),
    ("locality", attribute::LOCALITY),
    ("organization", attribute::ORGANIZATION),
    ("unit", attribute::ORGANIZATIONAL_UNIT),
    ("common-name", attribute::COMMON_NAME),
];

/// The request that a record describes: exactly that.
///
/// # Errors
/// [`Error::Invalid`] for a record that names nobody, and for keys and digests that are too weak by now.
pub(crate) fn of_record(record: &Element) -> Result<RecordRequest, Error> {
    let invalid = |text: String| Error::Invalid(format!("the record {:?}: {text}", record.key));
    let names = value::alternative_names(one(record, "alternate-name")).map_err(invalid)?;
    if one(record, "common-name").is_empty() && names.is_empty() {
        return Err(invalid(
            "it names nobody: set common-name or alternate-name".to_owned(),
        ));
    }
    Ok(RecordRequest {
        subject: subject(record).map_err(invalid)?,
        names,
        key: key(record).map_err(invalid)?,
        digest: digest(one(record, "digest-algor")).map_err(invalid)?,
        key_usage: value::key_usage(all(record, "key-usage-list")).map_err(invalid)?,
        extended_key_usage: value::extended_key_usage(all(record, "extended-key-usage-list"))
            .map_err(invalid)?,
    })
}

fn subject(record: &Element) -> Result<Name, String> {
    let mut subject = Name::build();
    for (name, oid) in SUBJECT {
        let value = one(record, name);
        if !value.is_empty() {
            subject = subject.push(oid, value);
        }
    }
    subject
        .finish_printable()
        .map_err(|error| error.to_string())
}

fn key(record: &Element) -> Result<KeyAlgorithm, String> {
    if one(record, "key-algor") == "ecdsa" {
        return match one(record, "ecdsa-key-size") {
            "p256" => Ok(KeyAlgorithm::P256),
            "p384" => Ok(KeyAlgorithm::P384),
            other => Err(format!("ecdsa-key-size {other:?} is neither p256 nor p384")),
        };
    }
    let bits = one(record, "key-size");
    if bits == "1024" {
        return Err("no RSA key of 1024 bits is made: set key-size to 2048".to_owned());
    }
    bits.parse()
        .map(KeyAlgorithm::Rsa)
        .map_err(|_| format!("key-size {bits:?} is no number"))
}

fn digest(word: &str) -> Result<Digest, String> {
    match word {
        "sha256" => Ok(Digest::Sha256),
        "sha384" => Ok(Digest::Sha384),
        "sha512" => Ok(Digest::Sha512),
        other => Err(format!(
            "nothing is signed with {other}: set digest-algor to sha256"
        )),
    }
}

/// The first value of an attribute, empty if there is none.
fn one<'e>(record: &'e Element, name: &str) -> &'e str {
    all(record, name).next().unwrap_or_default()
}

/// Every value of an attribute.
fn all<'e>(record: &'e Element, name: &str) -> impl Iterator<Item = &'e str> {
    let values = record.attributes.iter().find(|(known, _)| known == name);
    values
        .into_iter()
        .flat_map(|(_, values)| values)
        .map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::super::wire::element::Sent;
    use super::super::element::whole;
    use super::*;
    use chancery_core::x509::eku;

    /// A record named r1 with these values beside its defaults; an empty text stands for no value.
    fn record(attributes: &[(&str, &str)]) -> Element {
        let said = [("name", "r1")].iter().chain(attributes);
        let attributes = said.map(|(name, value)| {
            let value = Some(*value).filter(|value| !value.is_empty());
            (
                (*name).to_owned(),
                value.map(str::to_owned).into_iter().collect(),
            )
        });
        whole(Sent {
            kind: "certificate-record".to_owned(),
            attributes: attributes.collect(),
        })
        .unwrap()
    }

    #[test]
    fn the_defaults_ask_for_what_the_documents_sample_asks_for() {
        let request = of_record(&record(&[("common-name", "AcmeRestServer")])).unwrap();
        assert_eq!(
            request.subject.to_comma_forward(),
            "C=US, ST=MA, L=Burlington, O=Engineering, CN=AcmeRestServer"
        );
        assert_eq!(request.key, KeyAlgorithm::Rsa(2048));
        assert_eq!(request.digest, Digest::Sha256);
        assert_eq!(request.key_usage.word(), "digitalSignature,keyEncipherment");
        assert_eq!(request.extended_key_usage, [eku::SERVER_AUTH]);
        assert!(request.names.is_empty());
    }

    #[test]
    fn what_a_record_says_is_asked_for() {
        let request = of_record(&record(&[
            ("common-name", "sbc.example"),
            ("unit", "Voice"),
            ("state", ""),
            ("alternate-name", "IP:192.0.2.1,DNS:sbc.example"),
            ("key-algor", "ecdsa"),
            ("ecdsa-key-size", "p384"),
            ("digest-algor", "sha384"),
            ("key-usage-list", "digitalSignature"),
            ("extended-key-usage-list", ""),
        ]))
        .unwrap();
        assert_eq!(
            request.subject.to_comma_forward(),
            "C=US, L=Burlington, O=Engineering, OU=Voice, CN=sbc.example"
        );
        assert_eq!(request.key, KeyAlgorithm::P384);
        assert_eq!(request.digest, Digest::Sha384);
        assert_eq!(request.names.len(), 2);
        assert_eq!(request.key_usage.word(), "digitalSignature");
        assert!(request.extended_key_usage.is_empty());
    }

    #[test]
    fn what_cannot_be_asked_for_is_refused() {
        for (attributes, want) in [
            (&[][..], "the record \"r1\": it names nobody"),
            (
                &[("common-name", "a"), ("digest-algor", "sha1")],
                "nothing is signed with sha1",
            ),
            (
                &[("common-name", "a"), ("key-size", "1024")],
                "no RSA key of 1024 bits is made: set key-size to 2048",
            ),
        ] {
            let error = of_record(&record(attributes)).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
