//! A certificate of the engine in the document's words.

use chancery_core::certificate::{Certificate, Origin, Status};
use chancery_core::revocation::Reason;
use chancery_core::time::Time;
use chancery_core::x509::pem;

use super::super::wire::{PemCert, UserCert};
use super::REASONS;
use crate::kit::time::rfc3339;

/// What stands where an authority's name would, when we do not know who signed.
const ELSEWHERE: &str = "external";

/// A certificate as it stands at `now`.
pub(crate) fn certificate(certificate: &Certificate, now: Time) -> UserCert {
    let (status, revocation_reason) = standing(certificate.status(now));
    UserCert {
        cert_id: certificate.name.clone(),
        expiry: expiry(certificate.not_after),
        id: certificate.number,
        issuer: issuer(certificate),
        revocation_reason,
        serial: hex::encode_upper(certificate.serial.magnitude()),
        status,
        subject: certificate.subject.to_openssl_oneline(),
    }
}

/// A certificate as PEM.
pub(crate) fn pem(certificate: &Certificate) -> PemCert {
    let armour = |der: &Vec<u8>| pem::encode("CERTIFICATE", der);
    PemCert {
        cert_id: certificate.name.clone(),
        certificate: certificate.der.as_ref().map(armour),
    }
}

/// `2019-08-15T01:02:07+00:00`
fn expiry(time: Time) -> String {
    rfc3339(time).replace('Z', "+00:00")
}

/// The signer's certificate id, a bar, and its name. What signed itself is its own signer.
fn issuer(certificate: &Certificate) -> String {
    let signed_itself = certificate.origin == Origin::SelfSigned
        || certificate.issuer.matches(&certificate.subject);
    let signer = match &certificate.authority {
        Some(authority) => authority.as_str(),
        None if signed_itself => certificate.name.as_str(),
        None => ELSEWHERE,
    };
    format!("{signer} | {}", certificate.issuer.to_comma_forward())
}

/// Status and reason. A deleted certificate is never told of; its words are those of what it was last.
fn standing(status: Status) -> (&'static str, Option<&'static str>) {
    match status {
        Status::Pending => ("Pending", None),
        Status::Active => ("Active", None),
        Status::OnHold => ("Revoked", Some(reason(Reason::CertificateHold))),
        Status::Revoked(why) => ("Revoked", Some(reason(why))),
        Status::Expired => ("Expired", None),
        Status::Deleted | Status::Purged => ("Revoked", None),
    }
}

/// The document's words; for the two reasons that it does not know, RFC 5280's in its style.
fn reason(reason: Reason) -> &'static str {
    let known = REASONS.iter().find(|(known, _)| *known == reason);
    match (known, reason) {
        (Some((_, words)), _) => words,
        (None, Reason::AaCompromise) => "AA Compromise",
        (None, _) => "Privilege Withdrawn",
    }
}

#[cfg(test)]
mod tests {
    use chancery_core::certificate::State;
    use chancery_core::identity::{CertificateId, DomainId, UserId};
    use chancery_core::name::Name;
    use chancery_core::serial::Serial;

    use super::super::super::layout::Document;
    use super::super::super::wire::object;
    use super::*;

    const THEN: Time = Time::from_unix(1_565_830_000);

    /// The certificate of the document's examples.
    fn documented() -> Certificate {
        let issuer = "/C=CA/ST=BC/L=Burnaby/O=Fortinet/OU=RD/CN=test/emailAddress=####@####.com";
        Certificate {
            number: 1,
            id: CertificateId::new(THEN, [0; 8]),
            name: "user_cert".to_owned(),
            origin: Origin::Issued,
            authority: Some("issuer_cert".to_owned()),
            der: Some(vec![0x30, 0]),
            issuer: Name::parse(issuer).unwrap(),
            subject: Name::parse("/C=CA/ST=BC/L=Burnaby/O=o/OU=RD/CN=test").unwrap(),
            serial: Serial::parse_hex("0122A3").unwrap(),
            subject_key_id: [0; 20],
            not_before: THEN,
            not_after: Time::from_unix(1_565_830_927),
            owner: UserId::parse("1").unwrap(),
            domain: DomainId::parse("1").unwrap(),
            profile: None,
            state: State::Active,
            state_since: THEN,
            created: THEN,
            has_private_key: false,
            replaces: None,
            replaced_by: None,
        }
    }

    #[track_caller]
    fn check(certificate: &Certificate, response: &str) {
        let want: serde_json::Value = serde_json::from_str(response).unwrap();
        let said = object(&super::certificate(certificate, THEN));
        assert_eq!(said, Document::Object(want));
    }

    #[test]
    fn certificates_are_written_as_the_document_does() {
        let mut one = documented();
        check(&one, include_str!("../golden/01-list.response.json"));
        one.state = State::OnHold;
        check(&one, include_str!("../golden/04-revoke.response.json"));
        one.state = State::Active;
        check(&one, include_str!("../golden/05-unrevoke.response.json"));
        let written = object(&super::certificate(&one, THEN)).json();
        let order = [
            "cert_id",
            "expiry",
            "id",
            "issuer",
            "revocation_reason",
            "serial",
        ];
        let places = order.map(|member| written.find(&format!("\"{member}\": ")).unwrap());
        assert!(places.is_sorted(), "{written}");
    }

    #[test]
    fn every_standing_has_its_words() {
        let mut one = documented();
        let said = |one: &Certificate, now| {
            let said = super::certificate(one, now);
            (said.status, said.revocation_reason)
        };
        for (state, words) in [
            (State::Pending, ("Pending", None)),
            (State::Active, ("Active", None)),
            (State::OnHold, ("Revoked", Some("Certificate Hold"))),
            (
                State::Revoked(Reason::CaCompromise),
                ("Revoked", Some("CA Compromise")),
            ),
            (
                State::Revoked(Reason::AaCompromise),
                ("Revoked", Some("AA Compromise")),
            ),
            (
                State::Revoked(Reason::PrivilegeWithdrawn),
                ("Revoked", Some("Privilege Withdrawn")),
            ),
        ] {
            one.state = state;
            assert_eq!(said(&one, THEN), words);
        }
        let late = one.not_after.plus_seconds(1);
        assert_eq!(said(&one, late), ("Revoked", Some("Privilege Withdrawn")));
        one.state = State::OnHold;
        assert_eq!(said(&one, late), ("Expired", None));
    }

    #[test]
    fn who_signed_is_told() {
        let mut one = documented();
        one.issuer = Name::parse("CN=b,O=a").unwrap();
        assert_eq!(issuer(&one), "issuer_cert | O=a, CN=b");
        (one.authority, one.origin) = (None, Origin::Imported);
        assert_eq!(issuer(&one), "external | O=a, CN=b");
        one.subject = one.issuer.clone();
        assert_eq!(issuer(&one), "user_cert | O=a, CN=b");
    }

    #[test]
    fn serials_have_capital_digits_and_no_sign_octet() {
        let mut one = documented();
        for (serial, words) in [("ad2b9551", "AD2B9551"), ("1", "01"), ("0a0b0c", "0A0B0C")] {
            one.serial = Serial::parse_hex(serial).unwrap();
            assert_eq!(super::certificate(&one, THEN).serial, words);
        }
        one.not_after = Time::MAX;
        assert_eq!(
            super::certificate(&one, THEN).expiry,
            "9999-12-31T23:59:59+00:00"
        );
    }

    #[test]
    fn pem_ends_with_one_line_feed() {
        let said = super::pem(&documented()).certificate.unwrap();
        assert_eq!(
            said,
            "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        );
        let unsigned = Certificate {
            der: None,
            ..documented()
        };
        assert_eq!(super::pem(&unsigned).certificate, None);
    }
}
