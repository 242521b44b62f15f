//! Certificates as the document writes them: what is asked for, and what is answered.

use chancery_core::time::Time;
use serde::{Serialize, Serializer};

use super::{ATOM, Empty, HP_EXT, IDENTITY, Readable, root};
use crate::kit::json::Members;
use crate::kit::node::Node;
use crate::kit::time::xml_local;
use crate::kit::xml::{Element, XmlFault};

/// A request's certificate. Everything is optional here; what an operation needs, `map.rs` asks for. Other members and
/// attributes are passed over. It may hold a private key, so it has no `Debug`.
pub(crate) struct Asked {
    pub(crate) user_id: Option<String>,
    pub(crate) domain_id: Option<String>,
    pub(crate) subject: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) public_key_algorithm: Option<String>,
    pub(crate) public_key_length: Option<String>,
    pub(crate) valid_from: Option<String>,
    pub(crate) valid_to: Option<String>,
    pub(crate) certificate_file: Option<AskedFile>,
    pub(crate) private_key_file: Option<AskedFile>,
}

/// A request's file.
pub(crate) struct AskedFile {
    pub(crate) format: Option<String>,
    pub(crate) data: Option<String>,
}

/// A request's body with one certificate.
pub(crate) struct AskedOne {
    pub(crate) certificate: Asked,
}

/// A request's body with several certificates.
pub(crate) struct AskedMany {
    pub(crate) certificates: Vec<Asked>,
}

/// An answer's certificate, its members in the document's order. What only the DER tells is missing without it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Certificate {
    pub(crate) certificate_file: Option<File>,
    pub(crate) private_key_file: Option<File>,
    pub(crate) anies: (),
    pub(crate) domain_id: String,
    pub(crate) enhanced_key_usage: Option<String>,
    pub(crate) issuer_name: String,
    pub(crate) key_usage: Option<String>,
    pub(crate) other_attributes: Empty,
    pub(crate) public_key_algorithm: Option<String>,
    pub(crate) public_key_length: Option<u32>,
    pub(crate) serial_number: String,
    pub(crate) signature_algorithm: Option<String>,
    pub(crate) status: &'static str,
    pub(crate) subject: String,
    pub(crate) subject_key_id: String,
    pub(crate) user_id: String,
    #[serde(serialize_with = "epoch_ms")]
    pub(crate) valid_from: Time,
    #[serde(serialize_with = "epoch_ms")]
    pub(crate) valid_to: Time,
}

/// An answer's file.
#[derive(Serialize)]
pub(crate) struct File {
    pub(crate) format: &'static str,
    pub(crate) data: String,
    pub(crate) anies: (),
    /// What stands before and after the data in XML.
    #[serde(skip)]
    pub(crate) around: (&'static str, &'static str),
}

/// An answer's list of certificates.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Certificates {
    anies: (),
    certificate: Vec<Certificate>,
    other_attributes: Empty,
}

impl Readable for AskedOne {
    fn from_xml(document: &roxmltree::Document<'_>) -> Result<AskedOne, XmlFault> {
        Ok(AskedOne {
            certificate: Asked::from_element(root(document, "certificate")?)?,
        })
    }

    fn from_json(members: Members<'_>) -> Result<AskedOne, String> {
        Ok(AskedOne {
            certificate: Asked::from_members(members.required_object("certificate")?)?,
        })
    }
}

impl Readable for AskedMany {
    fn from_xml(document: &roxmltree::Document<'_>) -> Result<AskedMany, XmlFault> {
        let list = root(document, "certificates")?.children("certificate")?;
        Ok(AskedMany {
            certificates: list
                .into_iter()
                .map(Asked::from_element)
                .collect::<Result<_, _>>()?,
        })
    }

    fn from_json(members: Members<'_>) -> Result<AskedMany, String> {
        let list = members
            .required_object("certificates")?
            .required_objects("certificate")?;
        Ok(AskedMany {
            certificates: list
                .into_iter()
                .map(Asked::from_members)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl Asked {
    fn from_element(element: Element<'_>) -> Result<Asked, XmlFault> {
        let attribute = |name| element.attribute(name).map(str::to_owned);
        let file = |name| {
            element
                .child(name)?
                .map(AskedFile::from_element)
                .transpose()
        };
        Ok(Asked {
            user_id: attribute("userId"),
            domain_id: attribute("domainId"),
            subject: attribute("subject"),
            status: attribute("status"),
            public_key_algorithm: attribute("publicKeyAlgorithm"),
            public_key_length: attribute("publicKeyLength"),
            valid_from: attribute("validFrom"),
            valid_to: attribute("validTo"),
            certificate_file: file("certificateFile")?,
            private_key_file: file("privateKeyFile")?,
        })
    }

    fn from_members(members: Members<'_>) -> Result<Asked, String> {
        let file = |name| {
            members
                .object(name)?
                .map(AskedFile::from_members)
                .transpose()
        };
        Ok(Asked {
            user_id: members.text("userId")?,
            domain_id: members.text("domainId")?,
            subject: members.text("subject")?,
            status: members.text("status")?,
            public_key_algorithm: members.text("publicKeyAlgorithm")?,
            public_key_length: members.text_or_number("publicKeyLength")?,
            valid_from: members.text_or_number("validFrom")?,
            valid_to: members.text_or_number("validTo")?,
            certificate_file: file("certificateFile")?,
            private_key_file: file("privateKeyFile")?,
        })
    }
}

impl AskedFile {
    fn from_element(element: Element<'_>) -> Result<AskedFile, XmlFault> {
        Ok(AskedFile {
            format: element.child_text("format")?,
            data: element.child_text("data")?,
        })
    }

    fn from_members(members: Members<'_>) -> Result<AskedFile, String> {
        Ok(AskedFile {
            format: members.text("format")?,
            data: members.text("data")?,
        })
    }
}

impl Certificates {
    /// A list in this order.
    pub(crate) fn new(certificate: Vec<Certificate>) -> Certificates {
        Certificates {
            anies: (),
            certificate,
            other_attributes: Empty {},
        }
    }

    /// Namespaces first, as the document has it.
    pub(super) fn xml(&self) -> Node {
        with_namespaces(Node::new("certificates"))
            .holding_all(self.certificate.iter().map(Certificate::xml))
    }
}

impl Certificate {
    /// Namespaces last, as the document has it.
    pub(super) fn xml_alone(&self) -> Node {
        with_namespaces(self.xml())
    }

    fn xml(&self) -> Node {
        let files = [
            ("certificateFile", &self.certificate_file),
            ("privateKeyFile", &self.private_key_file),
        ];
        Node::new("certificate")
            .with("userId", &self.user_id)
            .with("domainId", &self.domain_id)
            .with("issuerName", &self.issuer_name)
            .with("serialNumber", &self.serial_number)
            .with("subject", &self.subject)
            .with("subjectKeyId", &self.subject_key_id)
            .with("status", self.status)
            .with("validFrom", xml_local(self.valid_from))
            .with("validTo", xml_local(self.valid_to))
            .with_some("signatureAlgorithm", self.signature_algorithm.as_deref())
            .with_some("publicKeyAlgorithm", self.public_key_algorithm.as_deref())
            .with_some(
                "publicKeyLength",
                self.public_key_length.map(|length| length.to_string()),
            )
            .with_some("keyUsage", self.key_usage.as_deref())
            .with_some("enhancedKeyUsage", self.enhanced_key_usage.as_deref())
            .holding_all(
                files
                    .into_iter()
                    .filter_map(|(name, file)| Some(file.as_ref()?.xml(name))),
            )
    }
}

impl File {
    fn xml(&self, name: &'static str) -> Node {
        let (before, after) = self.around;
        Node::new(name)
            .holding(Node::text("format", self.format))
            .holding(Node::text("data", format!("{before}{}{after}", self.data)))
    }
}

fn with_namespaces(node: Node) -> Node {
    node.with("xmlns", HP_EXT)
        .with("xmlns:ns2", IDENTITY)
        .with("xmlns:ns3", ATOM)
}

fn epoch_ms<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.unix().saturating_mul(1000))
}

#[cfg(test)]
mod tests {
    use super::super::{read_json, read_xml};
    use super::*;

    fn body(request: &str) -> &str {
        request.split_once("\n\n").unwrap().1
    }

    #[test]
    fn the_documents_requests_are_read() {
        let xml: AskedMany =
            read_xml(body(include_str!("../golden/03-import-xml.request.http")).as_bytes())
                .map_err(drop)
                .unwrap();
        let json: AskedMany =
            read_json(body(include_str!("../golden/04-import-json.request.http")).as_bytes())
                .map_err(drop)
                .unwrap();
        for (list, user, domain) in [
            (xml, "000000003002", "000000001001"),
            (json, "00000000003002", "00000000001001"),
        ] {
            let [one] = list.certificates.try_into().map_err(drop).unwrap();
            assert_eq!(one.user_id.as_deref(), Some(user));
            assert_eq!(one.domain_id.as_deref(), Some(domain));
            assert_eq!(one.status.as_deref(), Some("active"));
            let file = one.certificate_file.unwrap();
            assert_eq!(file.format.as_deref(), Some("BASE64_DER"));
            let data = file.data.unwrap();
            assert!(
                data.starts_with("-----BEGIN CERTIFICATE-----MIICnTCC")
                    && data.ends_with("-----END CERTIFICATE-----")
            );
            assert!(one.private_key_file.is_none());
        }
        for (request, subject) in [
            (
                include_str!("../golden/07-create-xml.request.http"),
                "CN=Joe Test",
            ),
            (
                include_str!("../golden/08-create-json.request.http"),
                "CN=Joe Test1",
            ),
        ] {
            let read = if body(request).starts_with('<') {
                read_xml
            } else {
                read_json
            };
            let one: AskedOne = read(body(request).as_bytes()).map_err(drop).unwrap();
            assert_eq!(one.certificate.subject.as_deref(), Some(subject));
        }
    }

    #[test]
    fn numbers_may_be_text_and_nulls_are_nothing() {
        let text = r#"{"certificate":{"publicKeyLength":2048,"validFrom":1316740274000,"validTo":"2021-09-20T01:11:14",
            "anies":null,"certificateFile":null,"userId":null,"otherAttributes":{},"unknown":[1]}}"#;
        let asked = read_json::<AskedOne>(text.as_bytes())
            .map_err(drop)
            .unwrap()
            .certificate;
        assert_eq!(asked.public_key_length.as_deref(), Some("2048"));
        assert_eq!(asked.valid_from.as_deref(), Some("1316740274000"));
        assert_eq!(asked.valid_to.as_deref(), Some("2021-09-20T01:11:14"));
        assert!(asked.user_id.is_none() && asked.certificate_file.is_none());
    }

    #[test]
    fn bodies_of_another_shape_are_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"certificate":[]}"#,
            r#"{"certificate":{"userId":1}}"#,
            r#"{"certificate":{"publicKeyLength":{}}}"#,
            r#"{"certificate":{"status":"active","status":"inactive"}}"#,
            r#"{"certificate":{"x":1,"x":2}}"#,
            r#"{"certificate":{}}}"#,
            r#"{"certificates":{"certificate":[]}}"#,
        ] {
            assert!(read_json::<AskedOne>(text.as_bytes()).is_err(), "{text}");
        }
        for text in [
            "<certificate/>",
            r#"<certificate xmlns="urn:x"/>"#,
            r#"<certificates xmlns="http://docs.openstack.org/identity/api/ext/hp/v1.0"/>"#,
            r#"<certificate xmlns="http://docs.openstack.org/identity/api/ext/hp/v1.0"><certificateFile/><certificateFile/></certificate>"#,
        ] {
            assert!(read_xml::<AskedOne>(text.as_bytes()).is_err(), "{text}");
        }
        let foreign = r#"<certificates xmlns="http://www.hp.com/identity/api/ext/HP-IDM/v1.0"><certificate xmlns="urn:x"/></certificates>"#;
        assert!(read_xml::<AskedMany>(foreign.as_bytes()).is_err());
    }
}
