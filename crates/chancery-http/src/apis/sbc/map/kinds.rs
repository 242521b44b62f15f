//! The kinds of elements that are configured here, with their attributes, keys and defaults, as the vendor's ACLI
//! reference has them.

use chancery_app::{CERTIFICATE_RECORD, Reference};

use super::value::Value;

/// The attribute that is the key of every kind here.
pub(crate) const KEY: &str = "name";

/// A kind of elements.
#[derive(Debug)]
pub(crate) struct Kind {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its attributes, in the order in which they are answered.
    pub(crate) attributes: &'static [Attribute],
}

/// An attribute of a kind.
#[derive(Debug)]
pub(crate) struct Attribute {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it says if nothing is said.
    pub(crate) default: &'static [&'static str],
    /// What each of its values may be.
    value: Value,
    /// May it have several values?
    several: bool,
    /// Which kind of element a value names, by its key.
    refers: Option<&'static str>,
}

const SWITCH: Value = Value::Word(&["enabled", "disabled"]);
const TLS_PROFILE: &str = "tls-profile";
const STATUS_PROFILE: &str = "cert-status-profile";

/// All there are.
pub(crate) static KINDS: [Kind; 3] = [
    Kind {
        name: CERTIFICATE_RECORD,
        attributes: &[
            key(),
            one("country", &["US"], Value::Country),
            one("state", &["MA"], Value::Text(128)),
            one("locality", &["Burlington"], Value::Text(128)),
            one("organization", &["Engineering"], Value::Text(64)),
            one("unit", &[], Value::Text(64)),
            one("common-name", &[], Value::Text(64)),
            one(
                "key-size",
                &["2048"],
                Value::Word(&["1024", "2048", "4096"]),
            ),
            one("alternate-name", &[], Value::Names),
            one("trusted", &["enabled"], SWITCH),
            many(
                "key-usage-list",
                &["digitalSignature", "keyEncipherment"],
                Value::KeyUsages,
            ),
            many(
                "extended-key-usage-list",
                &["serverAuth"],
                Value::ExtendedKeyUsages,
            ),
            one("key-algor", &["rsa"], Value::Word(&["rsa", "ecdsa"])),
            one(
                "digest-algor",
                &["sha256"],
                Value::Word(&["sha1", "sha256", "sha384", "sha512"]),
            ),
            one("ecdsa-key-size", &["p256"], Value::Word(&["p256", "p384"])),
            to_many("cert-status-profile-list", STATUS_PROFILE),
            many("options", &[], Value::Text(1024)),
        ],
    },
    Kind {
        name: TLS_PROFILE,
        attributes: &[
            key(),
            to_one("end-entity-certificate", CERTIFICATE_RECORD),
            to_many("trusted-ca-certificates", CERTIFICATE_RECORD),
            many("cipher-list", &["DEFAULT"], Value::Text(128)),
            one("verify-depth", &["10"], Value::Number(0, 10)),
            one("mutual-authenticate", &["disabled"], SWITCH),
            one("tls-version", &["tlsv12"], Value::Text(32)),
            many("options", &[], Value::Text(1024)),
            one("cert-status-check", &["disabled"], SWITCH),
            to_many("cert-status-profile-list", STATUS_PROFILE),
            one("ignore-dead-responder", &["disabled"], SWITCH),
            one("allow-self-signed-cert", &["disabled"], SWITCH),
        ],
    },
    Kind {
        name: STATUS_PROFILE,
        attributes: &[
            key(),
            one("ip-address", &[], Value::Text(64)),
            one("port", &["80"], Value::Number(0, 65_535)),
            one("type", &["OCSP"], Value::Word(&["OCSP", "CRL"])),
            one("transport-protocol", &["HTTP"], Value::Word(&["HTTP"])),
            to_one("requester-cert", CERTIFICATE_RECORD),
            to_one("responder-cert", CERTIFICATE_RECORD),
            to_many("trusted-cas", CERTIFICATE_RECORD),
            one("realm-id", &[], Value::Text(128)),
            one("retry-count", &["1"], Value::Number(0, 10)),
            one("dead-time", &["0"], Value::Number(0, 3600)),
            one("hostname", &[], Value::Text(255)),
            many("crl-list", &[], Value::Text(1024)),
            one(
                "crl-update-interval",
                &["86400"],
                Value::Number(600, 2_600_000),
            ),
        ],
    },
];

/// What refers to what, for a verification.
pub(crate) fn references() -> Vec<Reference> {
    let of_kind = |kind: &'static Kind| {
        kind.attributes.iter().filter_map(|attribute| {
            Some(Reference {
                from: kind.name,
                attribute: attribute.name,
                to: attribute.refers?,
            })
        })
    };
    KINDS.iter().flat_map(of_kind).collect()
}

/// The kind of that name.
pub(crate) fn named(name: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.name == name)
}

impl Kind {
    /// The attribute of that name.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes
            .iter()
            .find(|attribute| attribute.name == name)
    }
}

impl Attribute {
    /// The values to keep for those sent: its default for none where it cannot be without one.
    ///
    /// # Errors
    /// Says what was wrong.
    pub(crate) fn kept(&self, values: Vec<String>) -> Result<Vec<String>, String> {
        if values.is_empty() && !self.value.can_be_missing() {
            return Ok(self.defaults());
        }
        if values.len() > 1 && !self.several {
            return Err(format!("{} has one value", self.name));
        }
        for value in &values {
            self.value
                .check(value)
                .map_err(|wrong| format!("{}: {value:?} {wrong}", self.name))?;
        }
        Ok(values)
    }

    /// Its default values.
    pub(crate) fn defaults(&self) -> Vec<String> {
        self.default.iter().map(|&text| text.to_owned()).collect()
    }
}

/// An attribute with one value, which the attribute's default stands for.
const fn one(name: &'static str, default: &'static [&'static str], value: Value) -> Attribute {
    Attribute {
        name,
        default,
        value,
        several: false,
        refers: None,
    }
}

/// An attribute with any number of values.
const fn many(name: &'static str, default: &'static [&'static str], value: Value) -> Attribute {
    Attribute {
        several: true,
        ..one(name, default, value)
    }
}

/// The attribute that is the key.
const fn key() -> Attribute {
    one(KEY, &[], Value::Text(128))
}

/// An attribute whose value is the key of an element of that kind.
const fn to_one(name: &'static str, kind: &'static str) -> Attribute {
    Attribute {
        refers: Some(kind),
        ..one(name, &[], Value::Text(128))
    }
}

/// An attribute whose values are keys of elements of that kind.
const fn to_many(name: &'static str, kind: &'static str) -> Attribute {
    Attribute {
        several: true,
        ..to_one(name, kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_key_first_and_good_defaults() {
        for kind in &KINDS {
            assert_eq!(kind.attributes[0].name, KEY, "{}", kind.name);
            for attribute in kind.attributes {
                let defaults = attribute.defaults();
                assert_eq!(
                    attribute.kept(defaults.clone()),
                    Ok(defaults),
                    "{} {}",
                    kind.name,
                    attribute.name
                );
                let same = kind
                    .attributes
                    .iter()
                    .filter(|other| other.name == attribute.name);
                assert_eq!(same.count(), 1, "{} {}", kind.name, attribute.name);
            }
        }
        assert!(named("tls-profile").is_some());
        assert!(named("Tls-Profile").is_none());
    }

    #[test]
    fn references_lead_to_kinds_that_are_there() {
        let references = references();
        assert_eq!(references.len(), 7);
        for reference in references {
            assert!(named(reference.to).is_some(), "{reference:?}");
            let kind = named(reference.from).unwrap();
            assert!(kind.attribute(reference.attribute).is_some());
        }
    }

    #[test]
    fn a_value_that_is_not_given_is_the_default_where_there_must_be_one() {
        let record = named(CERTIFICATE_RECORD).unwrap();
        let kept = |name, values: &[&str]| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            record.attribute(name).unwrap().kept(values)
        };
        assert_eq!(kept("key-size", &[]), Ok(vec!["2048".to_owned()]));
        assert_eq!(kept("unit", &[]), Ok(Vec::new()));
        assert_eq!(kept("country", &[]), Ok(Vec::new()));
        assert_eq!(
            kept("unit", &["a", "b"]),
            Err("unit has one value".to_owned())
        );
        assert_eq!(
            kept("key-size", &["512"]),
            Err("key-size: \"512\" is none of 1024, 2048, 4096".to_owned())
        );
        assert_eq!(kept("options", &["a", "b"]).unwrap().len(), 2);
    }
}
