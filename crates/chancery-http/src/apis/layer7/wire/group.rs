//! Groups.

use crate::kit::node::Node;

/// A group as it is answered.
#[derive(Clone, Debug)]
pub(crate) struct Group<'g> {
    pub(crate) id: &'g str,
    pub(crate) provider: &'g str,
    pub(crate) name: &'g str,
    pub(crate) description: &'g str,
}

impl Group<'_> {
    /// The element.
    pub(crate) fn node(&self) -> Node {
        Node::new("Group")
            .with("id", self.id)
            .with("providerId", self.provider)
            .with("version", "0")
            .holding(Node::text("Name", self.name))
            .holding(Node::text("Description", self.description))
    }
}
