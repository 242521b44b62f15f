//! Identity providers.

use super::property::{self, Properties};
use super::version;
use crate::kit::node::Node;
use crate::kit::xml::{Element, Readable};

/// What references to trusted certificates say that they refer to.
const TRUSTED_CERTIFICATES: &str =
    "http://ns.l7tech.com/2010/04/gateway-management/trustedCertificates";

/// An identity provider as it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Provider<'p> {
    pub(crate) id: &'p str,
    pub(crate) version: u32,
    pub(crate) name: &'p str,
    pub(crate) kind: &'p str,
    pub(crate) properties: &'p Properties,
    pub(crate) certificates: &'p [String],
}

/// An identity provider as a client sends it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct AskedProvider {
    pub(crate) version: Option<u32>,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) properties: Properties,
    pub(crate) certificates: Vec<String>,
}

impl Readable for AskedProvider {
    const ROOT: &'static str = "IdentityProvider";

    fn read(root: Element<'_>) -> Result<AskedProvider, String> {
        Ok(AskedProvider {
            version: version(root)?,
            name: root.required_text("Name")?,
            kind: root.required_text("IdentityProviderType")?,
            properties: property::read(root)?.unwrap_or_default(),
            certificates: references(root)?,
        })
    }
}

/// The ids in Extension/FederatedIdentityProviderDetail/CertificateReferences, as far as that is there.
fn references(root: Element<'_>) -> Result<Vec<String>, String> {
    let mut at = root;
    for name in [
        "Extension",
        "FederatedIdentityProviderDetail",
        "CertificateReferences",
    ] {
        match at.child(name)? {
            Some(child) => at = child,
            None => return Ok(Vec::new()),
        }
    }
    let references = at.children("Reference")?;
    let id = |reference: &Element<'_>| reference.attribute("id").map(str::to_owned);
    references
        .iter()
        .map(id)
        .collect::<Option<_>>()
        .ok_or_else(|| "every <Reference> needs an id".to_owned())
}

impl Provider<'_> {
    /// The element.
    pub(crate) fn node(&self) -> Node {
        let node = Node::new("IdentityProvider")
            .with("id", self.id)
            .with("version", self.version.to_string())
            .holding(Node::text("Name", self.name))
            .holding(Node::text("IdentityProviderType", self.kind))
            .holding(property::node(self.properties));
        if self.certificates.is_empty() {
            return node;
        }
        let references = self
            .certificates
            .iter()
            .map(|id| Node::new("Reference").with("id", id));
        let list = Node::new("CertificateReferences")
            .with("resourceUri", TRUSTED_CERTIFICATES)
            .holding_all(references);
        node.holding(
            Node::new("Extension")
                .holding(Node::new("FederatedIdentityProviderDetail").holding(list)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;
    use chancery_app::PropertyValue;

    #[test]
    fn what_is_written_reads_back() {
        let asked = AskedProvider {
            version: Some(3),
            name: "Partners".to_owned(),
            kind: "Federated".to_owned(),
            properties: vec![
                (
                    "enableCredentialType.saml".to_owned(),
                    PropertyValue::Flag(false),
                ),
                (
                    "enableCredentialType.x509".to_owned(),
                    PropertyValue::Flag(true),
                ),
                ("text".to_owned(), PropertyValue::Text("a < b".to_owned())),
                ("number".to_owned(), PropertyValue::Number(-5)),
            ],
            certificates: vec!["0a".repeat(16)],
        };
        let written = Provider {
            id: "1",
            version: 3,
            name: &asked.name,
            kind: &asked.kind,
            properties: &asked.properties,
            certificates: &asked.certificates,
        };
        let text = super::super::layout::document(written.node());
        assert!(text.contains("<l7:Reference id=\"0a"), "{text}");
        assert_eq!(read::<AskedProvider>(text.as_bytes()), Ok(asked));
        let broken = text.replace("version=\"3\"", "version=\"x\"");
        assert!(
            read::<AskedProvider>(broken.as_bytes())
                .unwrap_err()
                .contains("version")
        );
        let empty = text.replace("version=\"3\"", "version=\"\"");
        assert_eq!(
            read::<AskedProvider>(empty.as_bytes()).unwrap().version,
            None
        );
    }
}
