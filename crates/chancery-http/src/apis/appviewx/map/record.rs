//! A certificate of the engine as a record.

use chancery_core::certificate::{Certificate, Origin, Status};
use chancery_core::key::SignatureAlgorithm;
use chancery_core::name::{Name, Oid, attribute};
use chancery_core::serial::Serial;
use chancery_core::time::{DAY, Time};
use chancery_core::x509::{self, Facts, eku};

use super::super::wire::record::{Content, NameParts, Record, Unknown};
use super::order::milliseconds;

/// The group that the domain `default` is called by.
pub(crate) const DEFAULT_GROUP: &str = "Default";

/// What a record tells beside what the certificate does.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Around {
    /// The certificate of the authority that signed it (DER), if that is one of ours.
    pub(crate) issuer: Option<Vec<u8>>,
    /// May the caller change it?
    pub(crate) writable: bool,
    /// The numbers of work orders about it.
    pub(crate) orders: Vec<i64>,
}

/// Is it only watched: neither issued here nor imported with its key?
pub(crate) fn is_monitored(certificate: &Certificate) -> bool {
    certificate.origin == Origin::Imported && !certificate.has_private_key
}

/// The record as of `now`.
pub(crate) fn record(certificate: &Certificate, around: &Around, now: Time) -> Record {
    let read = |der: &Vec<u8>| x509::read_certificate(der).ok();
    let facts = certificate.der.as_ref().and_then(read);
    let issuer = around.issuer.as_ref().and_then(read);
    let (status, expiry_status) = standing(certificate, now);
    let inventory = if is_monitored(certificate) {
        "Monitored"
    } else {
        "Managed"
    };
    let source = if certificate.has_private_key {
        "appviewx"
    } else {
        "uploadCSR"
    };
    let seen = milliseconds(certificate.created);
    let of = |oid: &Oid| first(&certificate.subject, oid);
    let issued_by_root = |facts: &Facts| facts.issuer.matches(&facts.subject);
    let issuer_serial = issuer.as_ref().map(|facts| serial(&facts.serial));
    Record {
        resource_id: certificate.id.to_string(),
        uuid: certificate.id.to_string(),
        common_name: common_name(certificate),
        serial_number: serial(&certificate.serial),
        issuer_common_name: first(&certificate.issuer, &attribute::COMMON_NAME),
        issuer_serial_number: issuer_serial.unwrap_or_default(),
        status,
        avx_status: inventory,
        subject: parts(&certificate.subject),
        issuer: parts(&certificate.issuer),
        valid_from: milliseconds(certificate.not_before),
        valid_to: milliseconds(certificate.not_after),
        valid_for: valid_for(certificate),
        group: group(certificate.domain.as_str()),
        compliance_status: "Compliant",
        expiry_status,
        permission: if around.writable { "RW" } else { "R" },
        category: category(certificate, facts.as_ref()),
        kind: "X.509",
        certificate_authority: certificate.authority.clone().unwrap_or_default(),
        csr_generation_source: source,
        mail_address: of(&attribute::EMAIL_ADDRESS),
        street_address: of(&attribute::STREET),
        postal_code: of(&attribute::POSTAL_CODE),
        first_discovery_date: seen,
        last_before_discovery_date: seen,
        last_discovery_date: seen,
        suspended_certificate: certificate.status(now) == Status::OnHold,
        issued_by_root_certificate: issuer.as_ref().is_some_and(issued_by_root),
        private_key_available: certificate.has_private_key,
        request_ids: around.orders.iter().map(i64::to_string).collect(),
        content: match (&certificate.der, &facts) {
            (Some(der), Some(facts)) => content(der, facts),
            (None, _) | (_, None) => Content::default(),
        },
        unknown: Unknown::default(),
    }
}

fn content(der: &[u8], facts: &Facts) -> Content {
    let key = facts.public_key.algorithm();
    let purposes = facts.extended_key_usage.iter().flatten();
    let octets = |octets: &Option<Vec<u8>>| octets.as_deref().map(colons).unwrap_or_default();
    let names: Vec<String> = facts.names.iter().map(ToString::to_string).collect();
    Content {
        version: facts.version.to_string(),
        key_algorithm_and_size: format!("{} {}", key.family(), key.bits()),
        signature_algorithm: facts.signature_algorithm.java_name(),
        signature_hash_algorithm: hash(facts.signature_algorithm),
        key_usage: facts
            .key_usage
            .map(|usage| usage.word())
            .unwrap_or_default(),
        extended_key_usage: purposes.map(eku::word).collect::<Vec<_>>().join(","),
        basic_constraints: if facts.is_authority {
            "Subject Type=CA"
        } else {
            "Subject Type=End Entity"
        },
        authority_key_identifier: octets(&facts.authority_key_id),
        subject_key_identifier: octets(&facts.subject_key_id),
        thumbprint_algorithm: "SHA-256",
        thumb_print: colons(&x509::fingerprint(der)),
        public_key: colons(facts.public_key.spki_der()),
        cumulative_san_count: u64::try_from(names.len()).unwrap_or(u64::MAX),
        subject_alternative_names: names,
        authority_info_access: facts.issuer_addresses.clone(),
        crl_distribution_points: facts.crl_addresses.clone(),
    }
}

/// The common name; empty if there is none.
pub(crate) fn common_name(certificate: &Certificate) -> String {
    first(&certificate.subject, &attribute::COMMON_NAME)
}

/// A serial number as the document prints it: `08:BD:54`.
pub(crate) fn serial(serial: &Serial) -> String {
    colons(serial.magnitude())
}

fn colons(octets: &[u8]) -> String {
    let digits: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    digits.join(":")
}

/// A domain's name as a group.
fn group(domain: &str) -> String {
    if domain.eq_ignore_ascii_case(DEFAULT_GROUP) {
        DEFAULT_GROUP.to_owned()
    } else {
        domain.to_owned()
    }
}

/// The most specific value of a kind.
fn first(name: &Name, oid: &Oid) -> String {
    let mut values = name.attributes();
    let value = values.rfind(|attribute| attribute.oid() == oid);
    value
        .and_then(|attribute| attribute.text())
        .unwrap_or_default()
        .to_owned()
}

fn parts(name: &Name) -> NameParts {
    NameParts {
        organization: first(name, &attribute::ORGANIZATION),
        organization_unit: first(name, &attribute::ORGANIZATIONAL_UNIT),
        locality: first(name, &attribute::LOCALITY),
        state: first(name, &attribute::STATE_OR_PROVINCE),
        country: first(name, &attribute::COUNTRY),
    }
}

/// `status` and `expiryStatus`.
fn standing(certificate: &Certificate, now: Time) -> (&'static str, &'static str) {
    match certificate.status(now) {
        Status::Pending => ("New Certificate", "New Certificate"),
        Status::Active if is_monitored(certificate) => ("Monitored", "Valid"),
        Status::Active => ("Managed", "Valid"),
        Status::OnHold => ("Suspended", "Valid"),
        Status::Revoked(_) | Status::Deleted | Status::Purged => ("Revoked", "Revoked"),
        Status::Expired => ("Expired", "Expired"),
    }
}

fn category(certificate: &Certificate, facts: Option<&Facts>) -> &'static str {
    let Some(facts) = facts else {
        return "Server";
    };
    if facts.is_authority {
        let itself = certificate.issuer.matches(&certificate.subject);
        return if itself { "Root CA" } else { "Intermediate CA" };
    }
    let purposes = facts.extended_key_usage.as_deref().unwrap_or_default();
    if purposes.contains(&eku::CODE_SIGNING) {
        "Code Signing"
    } else if purposes.contains(&eku::CLIENT_AUTH) && !purposes.contains(&eku::SERVER_AUTH) {
        "Client"
    } else {
        "Server"
    }
}

fn valid_for(certificate: &Certificate) -> String {
    let seconds = certificate
        .not_after
        .since(certificate.not_before)
        .as_secs();
    let days = (seconds + 1) / DAY.unsigned_abs();
    format!("{days} days")
}

/// The hash of a signature; Ed25519 has its own.
fn hash(algorithm: SignatureAlgorithm) -> &'static str {
    let name = algorithm.java_name();
    let known = [
        ("SHA256", "SHA-256"),
        ("SHA384", "SHA-384"),
        ("SHA512", "SHA-512"),
        ("SHA1", "SHA-1"),
        ("MD5", "MD5"),
    ];
    known
        .into_iter()
        .find(|(prefix, _)| name.starts_with(prefix))
        .map_or("", |(_, hash)| hash)
}

#[cfg(test)]
mod tests {
    use chancery_core::certificate::State;
    use chancery_core::identity::{CertificateId, DomainId, UserId};
    use chancery_core::revocation::Reason;
    use serde_json::{Value, json};

    use super::*;

    const THEN: Time = Time::from_unix(1_565_830_000);

    fn pending() -> Certificate {
        Certificate {
            number: 1,
            id: CertificateId::parse("5f5641a7e74e187a7e3d5266").unwrap(),
            name: "testcert8g".to_owned(),
            origin: Origin::Issued,
            authority: Some("issuing".to_owned()),
            der: None,
            issuer: Name::parse("CN=Issuing,O=Acme").unwrap(),
            subject: Name::parse("CN=testcert8g.appviewx.plus,O=Acme,C=US").unwrap(),
            serial: Serial::parse_hex("08BD5435").unwrap(),
            subject_key_id: [0; 20],
            not_before: THEN,
            not_after: THEN.plus_days(30).plus_seconds(-1),
            owner: UserId::parse("1").unwrap(),
            domain: DomainId::parse("default").unwrap(),
            profile: None,
            state: State::Pending,
            state_since: THEN,
            created: THEN,
            has_private_key: false,
            replaces: None,
            replaced_by: None,
        }
    }

    fn written(certificate: &Certificate, now: Time) -> Value {
        serde_json::to_value(record(certificate, &Around::default(), now)).unwrap()
    }

    #[test]
    fn what_is_not_signed_yet_is_a_record_too() {
        let said = written(&pending(), THEN);
        for (member, want) in [
            ("resourceId", json!("5f5641a7e74e187a7e3d5266")),
            ("serialNumber", json!("08:BD:54:35")),
            ("validFrom", json!(1_565_830_000_000_i64)),
            ("validFor", json!("30 days")),
            ("group", json!("Default")),
            ("publicKey", json!("")),
            ("associatedObjects", json!([])),
            ("certificateHSMDetails", json!({"autoFilled": false})),
            ("deviceDetails", json!({})),
        ] {
            assert_eq!(said[member], want, "{member}");
        }
    }

    #[test]
    fn every_standing_has_its_words() {
        let mut one = pending();
        let late = one.not_after.plus_seconds(1);
        let said = |one: &Certificate, now| {
            let said = written(one, now);
            ["status", "avxStatus", "expiryStatus"].map(|member| said[member].clone())
        };
        for (state, now, want) in [
            (
                State::Pending,
                THEN,
                ["New Certificate", "Managed", "New Certificate"],
            ),
            (State::Active, THEN, ["Managed", "Managed", "Valid"]),
            (State::Active, late, ["Expired", "Managed", "Expired"]),
            (State::OnHold, THEN, ["Suspended", "Managed", "Valid"]),
            (
                State::Revoked(Reason::Superseded),
                late,
                ["Revoked", "Managed", "Revoked"],
            ),
        ] {
            one.state = state;
            assert_eq!(said(&one, now), want.map(Value::from), "{state:?}");
        }
        one.origin = Origin::Imported;
        one.state = State::Active;
        assert_eq!(
            said(&one, THEN),
            ["Monitored", "Monitored", "Valid"].map(Value::from)
        );
        one.has_private_key = true;
        assert_eq!(
            said(&one, THEN),
            ["Managed", "Managed", "Valid"].map(Value::from)
        );
    }
}
