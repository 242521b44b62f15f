//! XML elements on their way out, built by each API's words and printed by its layout. Must not know how they are laid out.

/// An element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Node {
    /// Its name; a layout may put a prefix before it.
    pub(crate) name: &'static str,
    /// Its attributes, in order.
    pub(crate) attributes: Vec<(&'static str, String)>,
    /// What stands inside.
    pub(crate) content: Content,
}

/// What stands inside an element.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    /// Nothing.
    Nothing,
    /// Text, as it is: layouts escape it.
    Text(String),
    /// Elements, at least one.
    Nodes(Vec<Node>),
}

impl Node {
    /// An empty element.
    pub(crate) fn new(name: &'static str) -> Node {
        Node {
            name,
            attributes: Vec::new(),
            content: Content::Nothing,
        }
    }

    /// An element with text only.
    pub(crate) fn text(name: &'static str, text: impl Into<String>) -> Node {
        Node {
            content: Content::Text(text.into()),
            ..Node::new(name)
        }
    }

    /// An element with these inside; an empty one if there are none.
    pub(crate) fn of(name: &'static str, nodes: impl IntoIterator<Item = Node>) -> Node {
        Node::new(name).holding_all(nodes)
    }

    /// With one more attribute.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Node {
        self.attributes.push((name, value.into()));
        self
    }

    /// With one more attribute if there is a value.
    pub(crate) fn with_some(self, name: &'static str, value: Option<impl Into<String>>) -> Node {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With one more element inside, in the place of text if there is some.
    pub(crate) fn holding(mut self, node: Node) -> Node {
        match &mut self.content {
            Content::Nodes(nodes) => nodes.push(node),
            Content::Nothing | Content::Text(_) => self.content = Content::Nodes(vec![node]),
        }
        self
    }

    /// With more elements inside.
    pub(crate) fn holding_all(self, nodes: impl IntoIterator<Item = Node>) -> Node {
        nodes.into_iter().fold(self, Node::holding)
    }

    /// With an element of that text, if there is some.
    pub(crate) fn holding_text(self, name: &'static str, text: Option<&str>) -> Node {
        match text {
            Some(text) => self.holding(Node::text(name, text)),
            None => self,
        }
    }
}
