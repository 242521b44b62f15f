//! The attribute types of names: object identifiers, keywords in each style, string types and bounds.
//!
//! One table says it all; a new attribute type is one constant and one row. It must not know how keywords are put
//! together to a text.

use super::Oid;
use super::value::{IA5_STRING, PRINTABLE_STRING, UTF8_STRING};

/// commonName, X.520.
pub const COMMON_NAME: Oid = Oid::new_unwrap("2.5.4.3");
/// surname, X.520.
pub const SURNAME: Oid = Oid::new_unwrap("2.5.4.4");
/// serialNumber of a device or person, X.520; not that of a certificate.
pub const SERIAL_NUMBER: Oid = Oid::new_unwrap("2.5.4.5");
/// countryName, X.520: two letters of ISO 3166.
pub const COUNTRY: Oid = Oid::new_unwrap("2.5.4.6");
/// localityName, X.520.
pub const LOCALITY: Oid = Oid::new_unwrap("2.5.4.7");
/// stateOrProvinceName, X.520.
pub const STATE_OR_PROVINCE: Oid = Oid::new_unwrap("2.5.4.8");
/// streetAddress, X.520.
pub const STREET: Oid = Oid::new_unwrap("2.5.4.9");
/// organizationName, X.520.
pub const ORGANIZATION: Oid = Oid::new_unwrap("2.5.4.10");
/// organizationalUnitName, X.520.
pub const ORGANIZATIONAL_UNIT: Oid = Oid::new_unwrap("2.5.4.11");
/// title, X.520.
pub const TITLE: Oid = Oid::new_unwrap("2.5.4.12");
/// description, X.520.
pub const DESCRIPTION: Oid = Oid::new_unwrap("2.5.4.13");
/// businessCategory, X.520.
pub const BUSINESS_CATEGORY: Oid = Oid::new_unwrap("2.5.4.15");
/// postalCode, X.520.
pub const POSTAL_CODE: Oid = Oid::new_unwrap("2.5.4.17");
/// postOfficeBox, X.520.
pub const POST_OFFICE_BOX: Oid = Oid::new_unwrap("2.5.4.18");
/// telephoneNumber, X.520.
pub const TELEPHONE_NUMBER: Oid = Oid::new_unwrap("2.5.4.20");
/// name, X.520.
pub const NAME: Oid = Oid::new_unwrap("2.5.4.41");
/// givenName, X.520.
pub const GIVEN_NAME: Oid = Oid::new_unwrap("2.5.4.42");
/// initials, X.520.
pub const INITIALS: Oid = Oid::new_unwrap("2.5.4.43");
/// generationQualifier, X.520.
pub const GENERATION_QUALIFIER: Oid = Oid::new_unwrap("2.5.4.44");
/// x500UniqueIdentifier, X.520: a BIT STRING, so never text.
pub const UNIQUE_IDENTIFIER: Oid = Oid::new_unwrap("2.5.4.45");
/// dnQualifier, X.520.
pub const DN_QUALIFIER: Oid = Oid::new_unwrap("2.5.4.46");
/// houseIdentifier, X.520.
pub const HOUSE_IDENTIFIER: Oid = Oid::new_unwrap("2.5.4.51");
/// pseudonym, X.520.
pub const PSEUDONYM: Oid = Oid::new_unwrap("2.5.4.65");
/// role, X.520.
pub const ROLE: Oid = Oid::new_unwrap("2.5.4.72");
/// organizationIdentifier, X.520; filled as ETSI EN 319 412-1 says.
pub const ORGANIZATION_IDENTIFIER: Oid = Oid::new_unwrap("2.5.4.97");
/// uid, RFC 4519.
pub const USER_ID: Oid = Oid::new_unwrap("0.9.2342.19200300.100.1.1");
/// mail, RFC 4524; not the emailAddress of most certificates.
pub const MAIL: Oid = Oid::new_unwrap("0.9.2342.19200300.100.1.3");
/// domainComponent, RFC 4519.
pub const DOMAIN_COMPONENT: Oid = Oid::new_unwrap("0.9.2342.19200300.100.1.25");
/// emailAddress, RFC 2985.
pub const EMAIL_ADDRESS: Oid = Oid::new_unwrap("1.2.840.113549.1.9.1");
/// unstructuredName, RFC 2985.
pub const UNSTRUCTURED_NAME: Oid = Oid::new_unwrap("1.2.840.113549.1.9.2");
/// unstructuredAddress, RFC 2985.
pub const UNSTRUCTURED_ADDRESS: Oid = Oid::new_unwrap("1.2.840.113549.1.9.8");
/// jurisdictionLocalityName, CA/Browser Forum EV guidelines.
pub const JURISDICTION_LOCALITY: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.60.2.1.1");
/// jurisdictionStateOrProvinceName, CA/Browser Forum EV guidelines.
pub const JURISDICTION_STATE_OR_PROVINCE: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.60.2.1.2");
/// jurisdictionCountryName, CA/Browser Forum EV guidelines.
pub const JURISDICTION_COUNTRY: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.60.2.1.3");

/// The attribute type that a text names: a keyword of any style, in any letter case, or a dotted OID with or without
/// `OID.` before it.
#[must_use]
pub fn from_keyword(text: &str) -> Option<Oid> {
    let dotted = match text.split_at_checked(4) {
        Some((prefix, dotted)) if prefix.eq_ignore_ascii_case("OID.") => dotted,
        _ => text,
    };
    if dotted.starts_with(|c: char| c.is_ascii_digit()) {
        return Oid::new(dotted).ok();
    }
    TABLE
        .iter()
        .find(|kind| kind.is_called(text))
        .map(|kind| kind.oid)
}

/// The LDAP descriptor of an attribute type, as RFC 4514 text has it, or `None` if the type is not in the table.
#[must_use]
pub fn keyword(oid: &Oid) -> Option<&'static str> {
    kind(oid).map(|kind| kind.ldap)
}

/// The LDAP descriptor, or the dotted OID of a type without one.
pub(super) fn label(oid: &Oid) -> String {
    keyword(oid).map_or_else(|| oid.to_string(), str::to_owned)
}

/// The keyword of Java's `X500Principal`, or `None` where Java prints `OID.` and the dotted OID.
pub(super) fn java_keyword(oid: &Oid) -> Option<&'static str> {
    kind(oid).and_then(|kind| kind.java)
}

/// OpenSSL's short name, or `None` where OpenSSL prints the dotted OID.
pub(super) fn openssl_keyword(oid: &Oid) -> Option<&'static str> {
    kind(oid).map(|kind| kind.openssl)
}

/// The string type that values of this attribute type are issued in.
pub(super) fn string_type(oid: &Oid) -> StringType {
    kind(oid).map_or(StringType::Directory, |kind| kind.string)
}

/// The most characters that a value of this attribute type may have.
pub(super) fn upper_bound(oid: &Oid) -> usize {
    kind(oid).map_or(UB_NAME, |kind| kind.bound)
}

/// What kind of string an attribute type takes (RFC 5280 appendix A).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StringType {
    /// DirectoryString: we write UTF8String.
    Directory,
    /// PrintableString only.
    Printable,
    /// PrintableString of two letters.
    Country,
    /// IA5String only.
    Ia5,
}

impl StringType {
    /// The tag that we write it with.
    pub(super) fn tag(self) -> u8 {
        match self {
            StringType::Directory => UTF8_STRING,
            StringType::Printable | StringType::Country => PRINTABLE_STRING,
            StringType::Ia5 => IA5_STRING,
        }
    }

    /// Whether a certificate of ours may hold it with this tag.
    pub(super) fn allows(self, tag: u8) -> bool {
        tag == self.tag() || (self == StringType::Directory && tag == PRINTABLE_STRING)
    }
}

/// `ub-name` of RFC 5280: stands here for "no bound of its own", as the whole name is bound closer.
const UB_NAME: usize = 32_768;

/// What we know of one attribute type.
struct Kind {
    oid: Oid,
    ldap: &'static str,
    java: Option<&'static str>,
    openssl: &'static str,
    string: StringType,
    bound: usize,
    /// Further keywords that are read: of X.509 tools, of Windows, and the long names of OpenSSL.
    aliases: &'static [&'static str],
}

impl Kind {
    fn is_called(&self, text: &str) -> bool {
        [self.ldap, self.openssl]
            .iter()
            .chain(self.java.as_slice())
            .chain(self.aliases)
            .any(|keyword| keyword.eq_ignore_ascii_case(text))
    }
}

fn kind(oid: &Oid) -> Option<&'static Kind> {
    TABLE.iter().find(|kind| kind.oid == *oid)
}

const fn row(
    oid: Oid,
    ldap: &'static str,
    java: Option<&'static str>,
    openssl: &'static str,
    string: StringType,
    bound: usize,
    aliases: &'static [&'static str],
) -> Kind {
    Kind {
        oid,
        ldap,
        java,
        openssl,
        string,
        bound,
        aliases,
    }
}

/// Most common first: look-ups walk it. The LDAP descriptors are of RFC 4519, RFC 4524 and the IANA registry, and where
/// those have none, OpenSSL's names; `surname`, because `sn` reads as a serial number to many. Bounds are of RFC 5280
/// appendix A, else of X.520, RFC 2985 or (uid, mail) RFC 4524.
#[rustfmt::skip]
static TABLE: &[Kind] = {
    use StringType::{Country, Directory, Ia5, Printable};
    &[
        row(COMMON_NAME, "CN", Some("CN"), "CN", Directory, 64, &["commonName"]),
        row(ORGANIZATION, "O", Some("O"), "O", Directory, 64, &["organizationName"]),
        row(COUNTRY, "C", Some("C"), "C", Country, 2, &["countryName"]),
        row(ORGANIZATIONAL_UNIT, "OU", Some("OU"), "OU", Directory, 64, &["organizationalUnitName"]),
        row(LOCALITY, "L", Some("L"), "L", Directory, 128, &["localityName"]),
        row(STATE_OR_PROVINCE, "ST", Some("ST"), "ST", Directory, 128, &["S", "stateOrProvinceName"]),
        row(EMAIL_ADDRESS, "emailAddress", Some("EMAILADDRESS"), "emailAddress", Ia5, 255, &["E", "EMAIL"]),
        row(DOMAIN_COMPONENT, "DC", Some("DC"), "DC", Ia5, 63, &["domainComponent"]),
        row(SERIAL_NUMBER, "serialNumber", Some("SERIALNUMBER"), "serialNumber", Printable, 64, &[]),
        row(USER_ID, "UID", Some("UID"), "UID", Directory, 256, &["userId"]),
        row(TITLE, "title", Some("T"), "title", Directory, 64, &[]),
        row(SURNAME, "surname", Some("SURNAME"), "SN", Directory, UB_NAME, &[]),
        row(GIVEN_NAME, "givenName", Some("GIVENNAME"), "GN", Directory, UB_NAME, &["G"]),
        row(INITIALS, "initials", Some("INITIALS"), "initials", Directory, UB_NAME, &["I"]),
        row(GENERATION_QUALIFIER, "generationQualifier", Some("GENERATION"), "generationQualifier", Directory, UB_NAME, &[]),
        row(NAME, "name", None, "name", Directory, UB_NAME, &[]),
        row(DN_QUALIFIER, "dnQualifier", Some("DNQ"), "dnQualifier", Printable, UB_NAME, &[]),
        row(PSEUDONYM, "pseudonym", None, "pseudonym", Directory, 128, &[]),
        row(STREET, "STREET", Some("STREET"), "street", Directory, 128, &["streetAddress"]),
        row(POSTAL_CODE, "postalCode", None, "postalCode", Directory, 40, &[]),
        row(POST_OFFICE_BOX, "postOfficeBox", None, "postOfficeBox", Directory, 40, &[]),
        row(TELEPHONE_NUMBER, "telephoneNumber", None, "telephoneNumber", Printable, 32, &[]),
        row(DESCRIPTION, "description", None, "description", Directory, 1024, &[]),
        row(BUSINESS_CATEGORY, "businessCategory", None, "businessCategory", Directory, 128, &[]),
        row(ORGANIZATION_IDENTIFIER, "organizationIdentifier", None, "organizationIdentifier", Directory, UB_NAME, &[]),
        row(JURISDICTION_COUNTRY, "jurisdictionC", None, "jurisdictionC", Country, 2, &["jurisdictionCountryName"]),
        row(JURISDICTION_STATE_OR_PROVINCE, "jurisdictionST", None, "jurisdictionST", Directory, 128, &["jurisdictionStateOrProvinceName"]),
        row(JURISDICTION_LOCALITY, "jurisdictionL", None, "jurisdictionL", Directory, 128, &["jurisdictionLocalityName"]),
        row(UNSTRUCTURED_NAME, "unstructuredName", None, "unstructuredName", Directory, 255, &[]),
        row(UNSTRUCTURED_ADDRESS, "unstructuredAddress", None, "unstructuredAddress", Directory, 255, &[]),
        row(MAIL, "mail", None, "mail", Ia5, 256, &["rfc822Mailbox"]),
        row(HOUSE_IDENTIFIER, "houseIdentifier", None, "houseIdentifier", Directory, UB_NAME, &[]),
        row(ROLE, "role", None, "role", Directory, UB_NAME, &[]),
        row(UNIQUE_IDENTIFIER, "x500UniqueIdentifier", None, "x500UniqueIdentifier", Directory, UB_NAME, &[]),
    ]
};

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_keyword_names_one_type_and_every_type_has_one_row() {
        let mut seen = HashMap::new();
        for kind in TABLE {
            let keywords = [kind.ldap, kind.openssl]
                .into_iter()
                .chain(kind.java)
                .chain(kind.aliases.iter().copied());
            for keyword in keywords {
                let other = seen
                    .insert(keyword.to_ascii_lowercase(), kind.oid)
                    .unwrap_or(kind.oid);
                assert_eq!(other, kind.oid, "{keyword} names two types");
                assert_eq!(
                    from_keyword(&keyword.to_ascii_uppercase()),
                    Some(kind.oid),
                    "{keyword}"
                );
            }
        }
        let mut oids: Vec<Oid> = TABLE.iter().map(|kind| kind.oid).collect();
        oids.sort_unstable();
        oids.dedup();
        assert_eq!(oids.len(), TABLE.len());
    }

    #[test]
    fn types_are_read_from_keywords_and_dotted_oids() {
        let table = [
            ("cn", Some(COMMON_NAME)),
            ("E", Some(EMAIL_ADDRESS)),
            ("EMAILADDRESS", Some(EMAIL_ADDRESS)),
            ("s", Some(STATE_OR_PROVINCE)),
            ("SN", Some(SURNAME)),
            ("DnQualifier", Some(DN_QUALIFIER)),
            ("DNQ", Some(DN_QUALIFIER)),
            ("GENERATION", Some(GENERATION_QUALIFIER)),
            ("GN", Some(GIVEN_NAME)),
            ("jurisdictionCountryName", Some(JURISDICTION_COUNTRY)),
            ("2.5.4.3", Some(COMMON_NAME)),
            ("oid.2.5.4.3", Some(COMMON_NAME)),
            ("1.2.3.4", Some(Oid::new_unwrap("1.2.3.4"))),
            ("OID.CN", None),
            ("9.9.9", None),
            ("2.5.4.", None),
            ("", None),
            ("foo", None),
        ];
        for (text, expected) in table {
            assert_eq!(from_keyword(text), expected, "{text}");
        }
    }
}
