//! Versions and extensions as Keystone's Identity API v2.0 lists them.

use serde::Serialize;

use super::{COMMON, IDENTITY};
use crate::kit::node::Node;

/// A list under `values`, as Keystone writes lists that are no resources.
#[derive(Serialize)]
pub(crate) struct Values<T> {
    pub(crate) values: Vec<T>,
}

/// A version of the identity API.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Version {
    pub(crate) id: &'static str,
    pub(crate) status: &'static str,
    pub(crate) updated: &'static str,
    pub(crate) media_types: Vec<MediaType>,
    pub(crate) links: Vec<Link>,
}

/// A media type in which a version answers.
#[derive(Serialize)]
pub(crate) struct MediaType {
    pub(crate) base: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
}

/// A link.
#[derive(Serialize)]
pub(crate) struct Link {
    pub(crate) rel: &'static str,
    pub(crate) href: String,
}

/// An extension of the identity API.
#[derive(Serialize)]
pub(crate) struct Extension {
    pub(crate) name: &'static str,
    pub(crate) namespace: &'static str,
    pub(crate) alias: &'static str,
    pub(crate) updated: &'static str,
    pub(crate) description: &'static str,
    pub(crate) links: Vec<Link>,
}

impl Version {
    pub(super) fn xml(&self) -> Node {
        let types = self.media_types.iter().map(|media| {
            Node::new("media-type")
                .with("base", media.base)
                .with("type", media.kind)
        });
        let links = self.links.iter().map(|link| {
            Node::new("link")
                .with("rel", link.rel)
                .with("href", &link.href)
        });
        Node::new("version")
            .with("id", self.id)
            .with("status", self.status)
            .with("updated", self.updated)
            .holding(Node::new("media-types").holding_all(types))
            .holding(Node::new("links").holding_all(links))
    }
}

impl Extension {
    pub(super) fn xml(&self) -> Node {
        Node::new("extension")
            .with("name", self.name)
            .with("namespace", self.namespace)
            .with("alias", self.alias)
            .with("updated", self.updated)
            .holding(Node::text("description", self.description))
    }
}

/// The list of versions.
pub(super) fn versions_xml(versions: &[Version]) -> Node {
    Node::new("versions")
        .with("xmlns", IDENTITY)
        .holding_all(versions.iter().map(Version::xml))
}

/// The list of extensions.
pub(super) fn extensions_xml(extensions: &[Extension]) -> Node {
    Node::new("extensions")
        .with("xmlns", COMMON)
        .holding_all(extensions.iter().map(Extension::xml))
}
