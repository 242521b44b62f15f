//! The words of this API, spelled as the document spells them, in JSON and XML. Must not know what they mean.

pub(super) mod access;
pub(super) mod certificate;
pub(super) mod discovery;
pub(super) mod fault;

use serde::Serialize;

use super::layout;
use crate::kit::json::{Members, Strict};
use crate::kit::xml::{self, Element, XmlFault};
use certificate::{Certificate, Certificates};

/// Namespace of the answers, as the source document has it.
const HP_EXT: &str = "http://docs.openstack.org/identity/api/ext/hp/v1.0";
/// Namespace of HP's later documents.
const HP_IDM: &str = "http://www.hp.com/identity/api/ext/HP-IDM/v1.0";
/// Namespace of Keystone's own elements.
const IDENTITY: &str = "http://docs.openstack.org/identity/api/v2.0";
/// Namespace of what OpenStack's services share.
const COMMON: &str = "http://docs.openstack.org/common/api/v1.0";
/// Namespace of links.
const ATOM: &str = "http://www.w3.org/2005/Atom";

/// The namespaces in which requests may be written.
const SPOKEN: &[&str] = &[HP_EXT, HP_IDM, IDENTITY];

/// Everything that is answered but faults.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum Document {
    Certificate(Box<Certificate>),
    Certificates(Certificates),
    Access(access::Access),
    Tenants(Vec<access::TenantEntry>),
    Version(discovery::Version),
    Versions(discovery::Values<discovery::Version>),
    Extension(discovery::Extension),
    Extensions(discovery::Values<discovery::Extension>),
}

impl Document {
    /// One certificate.
    pub(super) fn certificate(certificate: Certificate) -> Document {
        Document::Certificate(Box::new(certificate))
    }

    /// As JSON.
    pub(super) fn json(&self) -> String {
        layout::json(self)
    }

    /// As XML.
    pub(super) fn xml(&self) -> String {
        let node = match self {
            Document::Certificate(certificate) => certificate.xml_alone(),
            Document::Certificates(certificates) => certificates.xml(),
            Document::Access(access) => access.xml(),
            Document::Tenants(tenants) => access::tenants_xml(tenants),
            Document::Version(version) => version.xml().with("xmlns", IDENTITY),
            Document::Versions(versions) => discovery::versions_xml(&versions.values),
            Document::Extension(extension) => extension.xml().with("xmlns", COMMON),
            Document::Extensions(extensions) => discovery::extensions_xml(&extensions.values),
        };
        layout::indented(&node)
    }
}

/// `otherAttributes`: always there, always empty.
#[derive(Serialize)]
pub(crate) struct Empty {}

/// A request's body that can be written in JSON and in XML.
pub(super) trait Readable: Sized {
    /// Reads the XML root.
    fn from_xml(document: &roxmltree::Document<'_>) -> Result<Self, XmlFault>;
    /// Reads the JSON object; says what is wrong with it.
    fn from_json(members: Members<'_>) -> Result<Self, String>;
}

/// Reads a body that says to be XML.
pub(super) fn read_xml<T: Readable>(body: &[u8]) -> Result<T, String> {
    let document = xml::parse(body)?;
    Ok(T::from_xml(&document)?)
}

/// Reads a body that says to be JSON; a member that stands there twice is refused, known or not.
pub(super) fn read_json<T: Readable>(body: &[u8]) -> Result<T, String> {
    let Strict(value) = serde_json::from_slice(body)
        .map_err(|error| format!("the JSON cannot be read: {error}"))?;
    T::from_json(Members::of(&value)?)
}

/// The root element of that name.
fn root<'d>(document: &'d roxmltree::Document<'d>, name: &str) -> Result<Element<'d>, XmlFault> {
    Element::root(document, SPOKEN, name)
}
