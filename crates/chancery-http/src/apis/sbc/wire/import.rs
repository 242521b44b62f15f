//! ImportCertificate: a certificate on its way into a record, and what is said about it.

use super::flag;
use crate::kit::node::Node;
use crate::kit::xml::{Element, Readable};

/// A certificate as a client sends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Import {
    /// Into which record.
    pub(crate) record: String,
    /// How the text is written.
    pub(crate) format: Format,
    /// PEM, or the base64 inside it.
    pub(crate) text: String,
    /// May it take the place of another?
    pub(crate) overwrite: bool,
}

/// How a certificate is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Format {
    /// One certificate, or several.
    X509,
    /// A SignedData that holds nothing but certificates.
    Pkcs7,
}

impl Readable for Import {
    const ROOT: &'static str = "ImportCertificate";

    fn read(root: Element<'_>) -> Result<Import, String> {
        let record = root.required_text("recordName")?;
        let format = match root.required_text("format")?.as_str() {
            "x509" => Format::X509,
            "pkcs7" => Format::Pkcs7,
            _ => return Err("format must be x509 or pkcs7".to_owned()),
        };
        let overwrite = match root.trimmed_text("overwrite")? {
            Some(text) => flag("overwrite", &text)?,
            None => false,
        };
        Ok(Import {
            record,
            format,
            text: root.required_text("certificateRequest")?,
            overwrite,
        })
    }
}

/// What is answered to an import.
pub(crate) fn record_name(record: &str) -> Node {
    Node::text("recordName", record)
}

/// What is answered to a generated request.
pub(crate) fn certificate_request(record: &str, pem: &str) -> Node {
    let request = Node::text("certificateSignedRequest", pem);
    Node::of("CertificateRequest", [record_name(record), request])
}

#[cfg(test)]
mod tests {
    use super::super::{Envelope, read};
    use super::*;

    const BODY: &str = "<ImportCertificate><recordName>r1</recordName><format>x509</format>\
        <certificateRequest>\nAAAA\n</certificateRequest><overwrite>true</overwrite></ImportCertificate>";

    #[test]
    fn an_answer_is_laid_out_as_the_document_shows() {
        let golden = include_str!("../golden/01-generate-request.response.xml");
        let (_, rest) = golden.split_once("<certificateSignedRequest>").unwrap();
        let (pem, _) = rest.split_once('<').unwrap();
        let envelope = Envelope::saying([certificate_request("rest-server", pem)]);
        assert_eq!(envelope.document(), golden);
    }

    #[test]
    fn imports_are_read() {
        let import: Import = read(BODY.as_bytes()).unwrap();
        let want = Import {
            record: "r1".to_owned(),
            format: Format::X509,
            text: "AAAA".to_owned(),
            overwrite: true,
        };
        assert_eq!(import, want);
        let plain = BODY.replace("<overwrite>true</overwrite>", "");
        assert!(!read::<Import>(plain.as_bytes()).unwrap().overwrite);
        let pkcs7 = BODY.replace("x509", "pkcs7");
        assert_eq!(
            read::<Import>(pkcs7.as_bytes()).unwrap().format,
            Format::Pkcs7
        );
    }

    #[test]
    fn what_is_no_import_is_refused() {
        for (from, to, want) in [
            ("r1", " ", "<recordName> is required"),
            ("x509", "", "<format> is required"),
            ("x509", "pem", "format must be x509 or pkcs7"),
            ("AAAA", "", "<certificateRequest> is required"),
            ("true", "yes", "overwrite must be true or false"),
            (
                "<format>",
                "<format>x509</format><format>",
                "stands there twice",
            ),
            (
                "ImportCertificate",
                "Import",
                "root must be <ImportCertificate>",
            ),
        ] {
            let body = BODY.replace(from, to);
            let error = read::<Import>(body.as_bytes()).unwrap_err();
            assert!(error.contains(want), "{body}: {error}");
        }
    }
}
