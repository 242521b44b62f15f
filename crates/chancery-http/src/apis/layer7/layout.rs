//! How restman lays out XML, which scripts grep: the declaration on its own line, the prefix `l7:`, four spaces a level,
//! one element a line, attributes in double quotes. Must not know what is said.

use crate::kit::xml::escaped;

/// The namespace of everything that is said and heard.
pub(super) const NAMESPACE: &str = "http://ns.l7tech.com/2010/04/gateway-management";

const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const INDENT: &str = "    ";

/// An element on its way out. Names are local: the prefix is written here.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Node {
    name: &'static str,
    attributes: Vec<(&'static str, String)>,
    content: Content,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Content {
    Nothing,
    Text(String),
    Nodes(Vec<Node>),
}

impl Node {
    /// An empty element.
    pub(super) fn new(name: &'static str) -> Node {
        Node {
            name,
            attributes: Vec::new(),
            content: Content::Nothing,
        }
    }

    /// An element with text only. Line feeds are written as references, so that it stays on its line.
    pub(super) fn text(name: &'static str, text: impl Into<String>) -> Node {
        Node {
            content: Content::Text(text.into()),
            ..Node::new(name)
        }
    }

    /// With one more attribute.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Node {
        self.attributes.push((name, value.into()));
        self
    }

    /// With one more element inside, in the place of text if there is some.
    pub(super) fn holding(mut self, node: Node) -> Node {
        match &mut self.content {
            Content::Nodes(nodes) => nodes.push(node),
            Content::Nothing | Content::Text(_) => self.content = Content::Nodes(vec![node]),
        }
        self
    }

    /// With more elements inside.
    pub(super) fn holding_all(self, nodes: impl IntoIterator<Item = Node>) -> Node {
        nodes.into_iter().fold(self, Node::holding)
    }

    /// With an element of that text, if there is some.
    pub(super) fn holding_text(self, name: &'static str, text: Option<&str>) -> Node {
        match text {
            Some(text) => self.holding(Node::text(name, text)),
            None => self,
        }
    }

    /// The whole document with this element as its root, which declares the namespace.
    pub(super) fn document(mut self) -> String {
        self.attributes
            .insert(0, ("xmlns:l7", NAMESPACE.to_owned()));
        let mut out = format!("{DECLARATION}\n");
        self.print(&mut out, 0);
        out
    }

    fn print(&self, out: &mut String, level: usize) {
        out.push_str(&INDENT.repeat(level));
        out.extend(["<l7:", self.name]);
        for (name, value) in &self.attributes {
            out.extend([" ", name, "=\"", &escaped(value), "\""]);
        }
        match &self.content {
            Content::Nothing => {
                out.push_str("/>\n");
                return;
            }
            Content::Text(text) => out.extend([">", &escaped(text)]),
            Content::Nodes(nodes) => {
                out.push_str(">\n");
                for node in nodes {
                    node.print(out, level + 1);
                }
                out.push_str(&INDENT.repeat(level));
            }
        }
        out.extend(["</l7:", self.name, ">\n"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_its_line() {
        let node = Node::new("Item")
            .holding(Node::text("Name", "a\n<b>"))
            .holding(Node::new("Link").with("rel", "self").with("uri", "x\"y"))
            .holding(Node::new("Resource").holding(Node::text("Empty", "")))
            .holding_text("None", None);
        let want = concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
            "<l7:Item xmlns:l7=\"http://ns.l7tech.com/2010/04/gateway-management\">\n",
            "    <l7:Name>a&#10;&lt;b&gt;</l7:Name>\n",
            "    <l7:Link rel=\"self\" uri=\"x&quot;y\"/>\n",
            "    <l7:Resource>\n",
            "        <l7:Empty></l7:Empty>\n",
            "    </l7:Resource>\n",
            "</l7:Item>\n",
        );
        assert_eq!(node.document(), want);
    }
}
