//! CertificateData: a certificate as it stands in users, trusted certificates and keys.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use chancery_core::serial::Serial;
use chancery_core::x509::{self, pem};

use crate::kit::node::Node;
use crate::kit::xml::{Element, Readable};

/// Padding or not: clients leave it off.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A certificate that a client sends: its DER, which can be read as one. Issuer, subject and serial number that may stand
/// beside it are not looked at: the certificate says them itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AskedCertificate {
    /// The DER.
    pub(crate) der: Vec<u8>,
}

impl Readable for AskedCertificate {
    const ROOT: &'static str = "CertificateData";

    fn read(root: Element<'_>) -> Result<AskedCertificate, String> {
        let octets = base64_text(root, "Encoded")?;
        let der = pem::certificate_der(&octets).map_err(|error| format!("Encoded: {error}"))?;
        x509::read_certificate(&der).map_err(|error| format!("Encoded: {error}"))?;
        Ok(AskedCertificate { der })
    }
}

/// The octets of a child that holds base64, with white space anywhere.
pub(super) fn base64_text(parent: Element<'_>, name: &'static str) -> Result<Vec<u8>, String> {
    let mut text = parent.required_text(name)?;
    text.retain(|c| !c.is_ascii_whitespace());
    LENIENT
        .decode(text)
        .map_err(|_| format!("{name} must hold base64"))
}

/// A certificate on its way out.
pub(crate) fn certificate_data(der: &[u8]) -> Node {
    let mut node = Node::new("CertificateData");
    if let Ok(facts) = x509::read_certificate(der) {
        node = node
            .holding(Node::text("IssuerName", facts.issuer.to_rfc4514()))
            .holding(Node::text("SerialNumber", decimal(&facts.serial)))
            .holding(Node::text("SubjectName", facts.subject.to_rfc4514()));
    }
    node.holding(Node::text("Encoded", STANDARD.encode(der)))
}

/// A serial number in decimal.
fn decimal(serial: &Serial) -> String {
    let content = serial.content();
    let negative = content.first().is_some_and(|first| *first >= 0x80);
    let mut magnitude = content.to_vec();
    if negative {
        // Two's complement: all bits turned, and one added.
        let mut carry = true;
        for octet in magnitude.iter_mut().rev() {
            (*octet, carry) = (!*octet).overflowing_add(u8::from(carry));
        }
    }
    let mut digits = Vec::new();
    while magnitude.iter().any(|octet| *octet != 0) {
        let mut rest = 0_u16;
        for octet in &mut magnitude {
            let value = (rest << 8) | u16::from(*octet);
            *octet = u8::try_from(value / 10).unwrap_or(u8::MAX);
            rest = value % 10;
        }
        digits.push(char::from(b'0' + u8::try_from(rest).unwrap_or(0)));
    }
    if digits.is_empty() {
        return "0".to_owned();
    }
    let sign = if negative { "-" } else { "" };
    let digits: String = digits.iter().rev().collect();
    format!("{sign}{digits}")
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    #[test]
    fn serial_numbers_are_decimal() {
        for (content, want) in [
            (&[0_u8][..], "0"),
            (&[1], "1"),
            (&[0, 255], "255"),
            (&[255], "-1"),
            (&[0x80], "-128"),
            (&[0xff, 0x7f], "-129"),
            (&[1, 0, 0, 0, 0, 0, 0, 0, 0], "18446744073709551616"),
        ] {
            let serial = Serial::from_content(content).unwrap();
            assert_eq!(decimal(&serial), want);
        }
    }

    fn joe() -> Vec<u8> {
        let text = include_str!("../golden/03-put.request.http");
        let (_, rest) = text.split_once("<l7:Encoded>").unwrap();
        let (encoded, _) = rest.split_once("</l7:Encoded>").unwrap();
        STANDARD.decode(encoded).unwrap()
    }

    #[test]
    fn encoded_is_base64_of_der_or_of_pem_with_white_space_anywhere() {
        let der = joe();
        let pem = pem::encode("CERTIFICATE", &der);
        let spaced: String = STANDARD
            .encode(&der)
            .chars()
            .flat_map(|c| [c, '\n', ' '])
            .collect();
        for encoded in [
            STANDARD.encode(&der),
            spaced,
            STANDARD.encode(&pem),
            STANDARD.encode(&pem).trim_end_matches('=').to_owned(),
        ] {
            let body = format!(
                "<CertificateData xmlns=\"http://ns.l7tech.com/2010/04/gateway-management\" version=\"\">\
                 <SubjectName>CN=somebody else</SubjectName><Encoded>\n{encoded}</Encoded></CertificateData>"
            );
            let asked: AskedCertificate = read(body.as_bytes()).unwrap();
            assert_eq!(asked.der, der);
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let namespace = super::super::NAMESPACE;
        let encoded = STANDARD.encode(joe());
        let data = |inside: &str| {
            format!("<l7:CertificateData xmlns:l7=\"{namespace}\">{inside}</l7:CertificateData>")
        };
        let given = format!("<l7:Encoded>{encoded}</l7:Encoded>");
        for (body, want) in [
            (data(""), "<Encoded> is required"),
            (data("<l7:Encoded> </l7:Encoded>"), "<Encoded> is required"),
            (data("<l7:Encoded>!</l7:Encoded>"), "base64"),
            (data("<l7:Encoded>AAAA</l7:Encoded>"), "Encoded: "),
            (data(&given.replace("l7:", "")), "<Encoded> is required"),
            (data(&format!("{given}{given}")), "twice"),
            (
                data(&given).replace("2010/04", "2011/04"),
                "root must be <CertificateData>",
            ),
            (
                data(&given).replace("CertificateData", "User"),
                "root must be <CertificateData>",
            ),
            (format!("<!DOCTYPE a>{}", data(&given)), "document type"),
            ("{}".to_owned(), "not well formed"),
            (String::new(), "not well formed"),
        ] {
            let error = read::<AskedCertificate>(body.as_bytes()).unwrap_err();
            assert!(error.contains(want), "{body}: {error}");
        }
    }
}
