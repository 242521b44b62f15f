//! What a name must be to stand in a certificate that we sign (RFC 5280 section 4.1.2.4 and appendix A).
//!
//! It looks at the DER, as that is what would be signed: string types and their octets count, not only the text.

use super::attribute::{self, StringType};
use super::value::{self, IA5_STRING};
use super::{Attribute, Name, NameError, Rdn, asn1, compare};

/// Most octets of DER in a name that we issue.
const LONGEST_DER: usize = 4096;
/// Most levels in a name that we issue.
const MOST_RDNS: usize = 32;

/// Refuses a name that may not be issued.
pub(super) fn check(name: &Name) -> Result<(), NameError> {
    if name.der().len() > LONGEST_DER {
        return Err(NameError::Limit("is over 4 KiB long"));
    }
    if name.rdns().len() > MOST_RDNS {
        return Err(NameError::Limit("has more than 32 levels"));
    }
    for rdn in name.rdns() {
        check_rdn(rdn)?;
    }
    // The reader takes what writers of certificates got wrong; what we write ourselves is right.
    if asn1::write_name(name.rdns()) != name.der() {
        return Err(NameError::Limit("is not in strict DER"));
    }
    Ok(())
}

fn check_rdn(rdn: &Rdn) -> Result<(), NameError> {
    let attributes = rdn.attributes();
    if attributes.is_empty() {
        return Err(NameError::Limit("has a level without attributes"));
    }
    for (index, attribute) in attributes.iter().enumerate() {
        if attributes
            .iter()
            .take(index)
            .any(|other| other.oid() == attribute.oid())
        {
            return Err(NameError::value(
                attribute.oid(),
                "stands twice at one level of the name",
            ));
        }
        check_attribute(attribute)?;
    }
    Ok(())
}

fn check_attribute(attribute: &Attribute) -> Result<(), NameError> {
    let oid = attribute.oid();
    let refuse = |problem| Err(NameError::value(oid, problem));
    let Some(text) = attribute.text() else {
        return refuse("is not text");
    };
    let string = attribute::string_type(oid);
    let known = attribute::keyword(oid).is_some();
    if !string.allows(attribute.tag()) && (known || attribute.tag() != IA5_STRING) {
        return refuse("is not in the string type that RFC 5280 wants for it");
    }
    if !value::fits(attribute.tag(), attribute.content()) {
        return refuse("has characters that its string type cannot hold");
    }
    if text.trim().is_empty() {
        return refuse("is empty");
    }
    if text.chars().any(is_unwanted) {
        return refuse("has control or invisible characters");
    }
    let limit = attribute::upper_bound(oid);
    if text.chars().count() > limit {
        return Err(NameError::TooLong {
            attribute: attribute::label(oid),
            limit,
        });
    }
    if string == StringType::Country
        && !(text.len() == 2 && text.chars().all(|c| c.is_ascii_alphabetic()))
    {
        return refuse("is not a country code of two letters");
    }
    if *oid == attribute::DOMAIN_COMPONENT && !is_label(text) {
        return refuse("is not one label of a domain name");
    }
    Ok(())
}

/// Letters, digits and hyphens, a hyphen neither first nor last: a label of RFC 1034 as RFC 1123 has it, which is what a
/// domainComponent holds (RFC 4519, section 2.4).
fn is_label(text: &str) -> bool {
    text.len() <= 63
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Characters that nobody sees, so that two names that look the same are not the same. The zero-width joiners are let
/// pass: Persian and Indic scripts are written with them.
fn is_unwanted(c: char) -> bool {
    let joiner = matches!(c, '\u{200c}' | '\u{200d}');
    !joiner
        && (c.is_control()
            || matches!(c, '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}')
            || compare::is_ignored(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let outcome = Name::parse(text).unwrap().check_issuable();
        assert_eq!(
            outcome.map_or_else(|error| error.to_string(), |()| "fine".to_owned()),
            expected,
            "{text}"
        );
    }

    #[test]
    fn names_are_issued_or_refused_with_a_reason() {
        let table = [
            ("", "fine"),
            (
                "CN=Joe Test,OU=Cloud Services,O=HP,C=us,E=joe@hp.com",
                "fine",
            ),
            ("CN=a+serialNumber=1+1.2.3.4=b", "fine"),
            ("CN=#130161,1.2.3.4=#160161", "fine"),
            ("O=می\u{200c}خواهم", "fine"),
            ("CN=", "the value of CN is empty"),
            ("CN=\\ \\ ", "the value of CN is empty"),
            (
                "CN=a\\00b",
                "the value of CN has control or invisible characters",
            ),
            (
                "O=a\\0Ab",
                "the value of O has control or invisible characters",
            ),
            (
                "O=a\u{202e}b",
                "the value of O has control or invisible characters",
            ),
            (
                "O=a\u{2066}b",
                "the value of O has control or invisible characters",
            ),
            (
                "O=a\u{200b}b",
                "the value of O has control or invisible characters",
            ),
            ("C=USA", "the value of C is over 2 characters long"),
            (
                "C=1A",
                "the value of C is not a country code of two letters",
            ),
            ("C=U", "the value of C is not a country code of two letters"),
            (
                "C=Ü",
                "the value of C is not in the string type that RFC 5280 wants for it",
            ),
            (
                "serialNumber=a_b",
                "the value of serialNumber is not in the string type that RFC 5280 wants for it",
            ),
            (
                "E=jürgen@hp.com",
                "the value of emailAddress is not in the string type that RFC 5280 wants for it",
            ),
            (
                "CN=#1403616263",
                "the value of CN is not in the string type that RFC 5280 wants for it",
            ),
            (
                "1.2.3.4=#1403616263",
                "the value of 1.2.3.4 is not in the string type that RFC 5280 wants for it",
            ),
            (
                "CN=#13015f",
                "the value of CN has characters that its string type cannot hold",
            ),
            (
                "CN=#0c01e9",
                "the value of CN has characters that its string type cannot hold",
            ),
            ("CN=#030100", "the value of CN is not text"),
            (
                "CN=a+CN=b",
                "the value of CN stands twice at one level of the name",
            ),
        ];
        for (text, expected) in table {
            check(text, expected);
        }
    }

    #[test]
    fn domain_components_are_labels() {
        check("DC=xn--mnchen-3ya,DC=example", "fine");
        for text in ["DC=a_b", "DC=-", "DC=a.b", "DC=a-"] {
            check(text, "the value of DC is not one label of a domain name");
        }
    }

    #[test]
    fn bounds_are_in_characters_and_inclusive() {
        let table = [
            ("CN", 64),
            ("O", 64),
            ("OU", 64),
            ("L", 128),
            ("ST", 128),
            ("serialNumber", 64),
            ("title", 64),
            ("emailAddress", 255),
        ];
        for (keyword, limit) in table {
            check(&format!("{keyword}={}", "x".repeat(limit)), "fine");
            let long = format!("{keyword}={}", "x".repeat(limit + 1));
            check(
                &long,
                &format!("the value of {keyword} is over {limit} characters long"),
            );
        }
        check(&format!("CN={}", "ü".repeat(64)), "fine");
    }

    #[test]
    fn whole_names_have_limits() {
        let levels = |count: usize| vec!["OU=x"; count].join(",");
        check(&levels(32), "fine");
        check(
            &levels(33),
            "the distinguished name has more than 32 levels",
        );
        check(
            &format!("1.2.3.4={}", "x".repeat(4096)),
            "the distinguished name is over 4 KiB long",
        );
    }

    #[test]
    fn der_that_is_not_strict_is_refused() {
        let table = [
            ("300e310c300a06035504030c03616263", "fine"),
            (
                "300f310d300b06035504030c8103616263",
                "the distinguished name is not in strict DER",
            ),
            (
                "30163114300806035504030c0162300806035504060c0161",
                "the value of C is not in the string type that RFC 5280 wants for it",
            ),
            (
                "30163114300806035504 0a0c0162300806035504030c0161",
                "the distinguished name is not in strict DER",
            ),
            (
                "30023100",
                "the distinguished name has a level without attributes",
            ),
        ];
        for (der, expected) in table {
            let name = Name::from_der(&hex::decode(der.replace(' ', "")).unwrap()).unwrap();
            let outcome = name.check_issuable();
            assert_eq!(
                outcome.map_or_else(|error| error.to_string(), |()| "fine".to_owned()),
                expected,
                "{der}"
            );
        }
    }
}
