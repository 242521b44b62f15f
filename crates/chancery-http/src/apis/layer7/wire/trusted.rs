//! Trusted certificates.

use super::certificate::{AskedCertificate, certificate_data};
use super::property::{self, Properties};
use super::version;
use crate::kit::node::Node;
use crate::kit::xml::{Element, Readable};

/// A trusted certificate as it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Trusted<'t> {
    pub(crate) id: &'t str,
    pub(crate) version: u32,
    pub(crate) name: &'t str,
    pub(crate) der: &'t [u8],
    pub(crate) properties: &'t Properties,
}

/// A trusted certificate as a client sends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AskedTrusted {
    pub(crate) version: Option<u32>,
    pub(crate) name: String,
    pub(crate) der: Vec<u8>,
    pub(crate) properties: Properties,
}

impl Readable for AskedTrusted {
    const ROOT: &'static str = "TrustedCertificate";

    fn read(root: Element<'_>) -> Result<AskedTrusted, String> {
        let data = root.child("CertificateData")?;
        let data = data.ok_or("<CertificateData> is required")?;
        Ok(AskedTrusted {
            version: version(root)?,
            name: root.required_text("Name")?,
            der: AskedCertificate::read(data)?.der,
            properties: property::read(root)?.unwrap_or_default(),
        })
    }
}

impl Trusted<'_> {
    /// The element.
    pub(crate) fn node(&self) -> Node {
        Node::new("TrustedCertificate")
            .with("id", self.id)
            .with("version", self.version.to_string())
            .holding(Node::text("Name", self.name))
            .holding(certificate_data(self.der))
            .holding(property::node(self.properties))
    }
}
