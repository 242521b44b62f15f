//! A certificate of the engine in the document's words.

use chancery_core::certificate::{Certificate, Origin, Status};
use chancery_core::name::Oid;
use chancery_core::time::Time;
use chancery_core::x509::{Facts, KeyUsage, eku, pem, read_certificate};

use super::super::wire::Empty;
use super::super::wire::certificate::{self as wire, File};

/// The format of certificate files.
pub(crate) const CERTIFICATE_FORMAT: &str = "BASE64_DER";
/// The format of private key files.
pub(crate) const KEY_FORMAT: &str = "BASE64_PKCS8";

/// A certificate without its files, as it stands at `now`.
pub(crate) fn certificate(certificate: &Certificate, now: Time) -> wire::Certificate {
    let facts = certificate
        .der
        .as_deref()
        .and_then(|der| read_certificate(der).ok());
    let facts = facts.as_ref();
    wire::Certificate {
        certificate_file: None,
        private_key_file: None,
        anies: (),
        domain_id: certificate.domain.to_string(),
        enhanced_key_usage: facts.map(enhanced_key_usage),
        issuer_name: certificate.issuer.to_java(),
        key_usage: facts.map(key_usage),
        other_attributes: Empty {},
        public_key_algorithm: facts.map(|facts| facts.public_key.algorithm().family()),
        public_key_length: facts.map(|facts| facts.public_key.algorithm().bits()),
        serial_number: certificate.serial.to_hex(),
        signature_algorithm: facts.map(|facts| signature_algorithm(facts, certificate.origin)),
        status: status(certificate.status(now)),
        subject: certificate.subject.to_java(),
        subject_key_id: hex::encode(certificate.subject_key_id),
        user_id: certificate.owner.to_string(),
        valid_from: certificate.not_before,
        valid_to: certificate.not_after,
    }
}

/// A certificate with its file, as get and list export it.
pub(crate) fn exported(whole: &Certificate, now: Time) -> wire::Certificate {
    let file = whole
        .der
        .as_deref()
        .map(|der| file(CERTIFICATE_FORMAT, armour("CERTIFICATE", der), ("", "")));
    wire::Certificate {
        certificate_file: file,
        ..certificate(whole, now)
    }
}

/// A certificate just created, with its file and its private key (PKCS#8). In XML the document lets the armour stand on
/// lines of its own here.
pub(crate) fn created(
    whole: &Certificate,
    private_key: Option<&[u8]>,
    now: Time,
) -> wire::Certificate {
    let der = whole.der.as_deref().map(|der| armour("CERTIFICATE", der));
    let key = private_key.map(|der| armour("PRIVATE KEY", der));
    wire::Certificate {
        certificate_file: der.map(|text| file(CERTIFICATE_FORMAT, text, ("\n", "\n   "))),
        private_key_file: key.map(|text| file(KEY_FORMAT, text, ("\n", "\n"))),
        ..certificate(whole, now)
    }
}

/// A certificate just imported, with its file as the caller sent it.
pub(crate) fn imported(whole: &Certificate, data: String, now: Time) -> wire::Certificate {
    wire::Certificate {
        certificate_file: Some(file(CERTIFICATE_FORMAT, data, ("", ""))),
        ..certificate(whole, now)
    }
}

fn file(format: &'static str, data: String, around: (&'static str, &'static str)) -> File {
    File {
        format,
        data,
        anies: (),
        around,
    }
}

/// PEM without a line feed at its end.
fn armour(label: &str, der: &[u8]) -> String {
    let mut text = pem::encode(label, der);
    text.truncate(text.trim_end().len());
    text
}

/// The document knows no certificate that is not signed yet, and none is shown; such a one could not be used.
const fn status(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Pending | Status::OnHold => "inactive",
        Status::Revoked(_) => "revoked",
        Status::Expired => "expired",
        Status::Deleted => "deleted",
        Status::Purged => "purged",
    }
}

/// Java's name; with a capital W for what was signed here, as the document has it.
fn signature_algorithm(facts: &Facts, origin: Origin) -> String {
    let java = facts.signature_algorithm.java_name();
    match origin {
        Origin::Imported => java,
        Origin::Issued | Origin::SelfSigned => java.replacen("with", "With", 1),
    }
}

/// The usages in words, `Digital Signature, Key Encipherment`; empty without the extension.
fn key_usage(facts: &Facts) -> String {
    let words = |usage: KeyUsage| {
        usage
            .iter()
            .filter_map(usage_words)
            .collect::<Vec<_>>()
            .join(", ")
    };
    facts.key_usage.map(words).unwrap_or_default()
}

fn usage_words(usage: KeyUsage) -> Option<&'static str> {
    let table = [
        (KeyUsage::DIGITAL_SIGNATURE, "Digital Signature"),
        (KeyUsage::CONTENT_COMMITMENT, "Non Repudiation"),
        (KeyUsage::KEY_ENCIPHERMENT, "Key Encipherment"),
        (KeyUsage::DATA_ENCIPHERMENT, "Data Encipherment"),
        (KeyUsage::KEY_AGREEMENT, "Key Agreement"),
        (KeyUsage::KEY_CERT_SIGN, "Certificate Sign"),
        (KeyUsage::CRL_SIGN, "CRL Sign"),
        (KeyUsage::ENCIPHER_ONLY, "Encipher Only"),
        (KeyUsage::DECIPHER_ONLY, "Decipher Only"),
    ];
    table
        .into_iter()
        .find(|(known, _)| *known == usage)
        .map(|(_, words)| words)
}

/// The purposes in words, `Client Authentication, Email Protection`; empty without the extension.
fn enhanced_key_usage(facts: &Facts) -> String {
    let purposes = facts.extended_key_usage.as_deref().unwrap_or_default();
    purposes
        .iter()
        .map(purpose_words)
        .collect::<Vec<_>>()
        .join(", ")
}

/// A purpose in words; its dotted identifier if it has none here.
fn purpose_words(oid: &Oid) -> String {
    let table = [
        (eku::SERVER_AUTH, "Server Authentication"),
        (eku::CLIENT_AUTH, "Client Authentication"),
        (eku::CODE_SIGNING, "Code Signing"),
        (eku::EMAIL_PROTECTION, "Email Protection"),
        (eku::IPSEC_END_SYSTEM, "IPSec End System"),
        (eku::IPSEC_TUNNEL, "IPSec Tunnel"),
        (eku::IPSEC_USER, "IPSec User"),
        (eku::TIME_STAMPING, "Time Stamping"),
        (eku::OCSP_SIGNING, "OCSP Signing"),
        (eku::IPSEC_IKE, "IPSec IKE"),
        (eku::ANY, "Any Extended Key Usage"),
        (eku::MS_SMARTCARD_LOGON, "Smartcard Logon"),
        (eku::MS_EFS, "Encrypting File System"),
        (eku::MS_DOCUMENT_SIGNING, "Document Signing"),
    ];
    let words = table
        .iter()
        .find(|(known, _)| known == oid)
        .map(|(_, words)| (*words).to_owned());
    words.unwrap_or_else(|| oid.to_string())
}

#[cfg(test)]
mod tests {
    use chancery_core::certificate::State;
    use chancery_core::identity::{CertificateId, DomainId, UserId};

    use super::super::super::wire::Document;
    use super::super::super::wire::certificate::Certificates;
    use super::*;
    use crate::kit::time::xml_local;

    const CREATED_JSON: &str = include_str!("../golden/08-create-json.response.http");
    const CREATED_XML: &str = include_str!("../golden/07-create-xml.response.http");
    const THEN: Time = Time::from_unix(1_316_740_280);

    fn body(response: &str) -> &str {
        response.split_once("\n\n").unwrap().1
    }

    /// The PEM blocks of a document's answer.
    fn blocks(response: &str) -> Vec<Vec<u8>> {
        let text = response.replace("\\n", "\n");
        pem::decode_all(&text)
            .unwrap()
            .into_iter()
            .map(|block| block.der)
            .collect()
    }

    fn known(der: &[u8], origin: Origin, user: &str, domain: &str) -> Certificate {
        let facts = read_certificate(der).unwrap();
        Certificate {
            number: 1,
            id: CertificateId::new(THEN, [0; 8]),
            name: "joe".to_owned(),
            origin,
            authority: None,
            der: Some(der.to_vec()),
            issuer: facts.issuer,
            subject: facts.subject,
            serial: facts.serial,
            subject_key_id: facts.public_key.key_id(),
            not_before: facts.not_before,
            not_after: facts.not_after,
            owner: UserId::parse(user).unwrap(),
            domain: DomainId::parse(domain).unwrap(),
            profile: None,
            state: State::Active,
            state_since: THEN,
            created: THEN,
            has_private_key: false,
            replaces: None,
            replaced_by: None,
        }
    }

    fn joe_json() -> Certificate {
        known(
            &blocks(CREATED_JSON)[0],
            Origin::SelfSigned,
            "00000000003002",
            "00000000001001",
        )
    }

    fn joe_xml() -> Certificate {
        known(
            &blocks(CREATED_XML)[0],
            Origin::SelfSigned,
            "000000003002",
            "000000001001",
        )
    }

    /// Dates in XML depend on the server's time zone: the document's are put into ours.
    #[track_caller]
    fn check_xml(document: &Document, response: &str, certificate: &Certificate) {
        let mut want = body(response).to_owned();
        for (word, time) in [
            ("validFrom=\"", certificate.not_before),
            ("validTo=\"", certificate.not_after),
        ] {
            let at = want.find(word).unwrap() + word.len();
            want.replace_range(at..at + xml_local(time).len(), &xml_local(time));
        }
        assert_eq!(document.xml(), want);
    }

    #[test]
    fn created_certificates_are_written_as_the_document_does() {
        let keys = blocks(CREATED_JSON);
        let document = Document::certificate(created(&joe_json(), Some(&keys[1]), THEN));
        assert_eq!(document.json(), body(CREATED_JSON));
        let keys = blocks(CREATED_XML);
        check_xml(
            &Document::certificate(created(&joe_xml(), Some(&keys[1]), THEN)),
            CREATED_XML,
            &joe_xml(),
        );
    }

    #[test]
    fn exported_certificates_are_written_as_the_document_does() {
        let response = include_str!("../golden/06-get-json.response.http");
        assert_eq!(
            Document::certificate(exported(&joe_json(), THEN)).json(),
            body(response)
        );
        let response = include_str!("../golden/05-get-xml.response.http");
        check_xml(
            &Document::certificate(exported(&joe_xml(), THEN)),
            response,
            &joe_xml(),
        );
    }

    #[test]
    fn imported_certificates_are_written_as_the_document_does() {
        let response = include_str!("../golden/04-import-json.response.http");
        let there = known(
            &blocks(response)[0],
            Origin::Imported,
            "00000000003002",
            "00000000001001",
        );
        let data = response
            .split("\"data\" : \"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let list = Certificates::new(vec![imported(&there, data.to_owned(), THEN)]);
        assert_eq!(Document::Certificates(list).json(), body(response));
        let response = include_str!("../golden/03-import-xml.response.http");
        let there = known(
            &blocks(response)[0],
            Origin::Imported,
            "000000003002",
            "000000001001",
        );
        let data = response
            .split("<data>")
            .nth(1)
            .unwrap()
            .split("</data>")
            .next()
            .unwrap();
        let list = Certificates::new(vec![imported(&there, data.to_owned(), THEN)]);
        check_xml(&Document::Certificates(list), response, &there);
    }

    #[test]
    fn lists_are_written_as_the_document_does() {
        let response = include_str!("../golden/02-list-json.response.http");
        let last = joe_json();
        let list = Certificates::new(vec![certificate(&last, THEN)]);
        let (frame, tail) = (body(response), "}, {");
        let want = format!(
            "{}{}",
            &frame[..frame.find('[').unwrap() + 3],
            &frame[frame.rfind(tail).unwrap() + tail.len()..]
        );
        assert_eq!(Document::Certificates(list).json(), want);
        assert_eq!(
            Document::Certificates(Certificates::new(Vec::new())).json(),
            "{\n  \"certificates\" : {\n    \"anies\" : null,\n    \"certificate\" : [ ],\n    \"otherAttributes\" : {\n    }\n  }\n}"
        );
    }

    #[test]
    fn every_standing_has_the_documents_word() {
        let mut joe = joe_json();
        for (state, word) in [
            (State::Active, "active"),
            (State::OnHold, "inactive"),
            (
                State::Revoked(chancery_core::revocation::Reason::Superseded),
                "revoked",
            ),
            (State::Deleted(None), "deleted"),
            (State::Purged(None), "purged"),
        ] {
            joe.state = state;
            assert_eq!(certificate(&joe, THEN).status, word);
        }
        joe.state = State::OnHold;
        assert_eq!(
            certificate(&joe, joe.not_after.plus_seconds(1)).status,
            "expired"
        );
        joe.der = None;
        let purged = certificate(&joe, THEN);
        assert_eq!(
            (
                purged.key_usage,
                purged.public_key_length,
                purged.signature_algorithm
            ),
            (None, None, None)
        );
    }

    #[test]
    fn usages_and_purposes_are_told_in_words() {
        let der = blocks(CREATED_XML).remove(0);
        let mut facts = read_certificate(&der).unwrap();
        assert_eq!(
            (
                key_usage(&facts).as_str(),
                enhanced_key_usage(&facts).as_str()
            ),
            ("Digital Signature", "Client Authentication")
        );
        facts.key_usage = Some(KeyUsage::KEY_ENCIPHERMENT.union(KeyUsage::DIGITAL_SIGNATURE));
        facts.extended_key_usage = Some(vec![eku::EMAIL_PROTECTION, Oid::new_unwrap("1.2.3.4")]);
        assert_eq!(key_usage(&facts), "Digital Signature, Key Encipherment");
        assert_eq!(enhanced_key_usage(&facts), "Email Protection, 1.2.3.4");
        (facts.key_usage, facts.extended_key_usage) = (None, None);
        assert_eq!(
            (key_usage(&facts), enhanced_key_usage(&facts)),
            (String::new(), String::new())
        );
    }
}
