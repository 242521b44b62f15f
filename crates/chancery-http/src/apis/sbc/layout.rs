//! How the device lays out XML: the declaration, then one element a line without indentation, empty elements as
//! `<name/>`. Must not know what is said.

use crate::kit::xml::escaped_lines;

const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;

/// An element on its way out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Node {
    name: &'static str,
    content: Content,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Content {
    Text(String),
    Nodes(Vec<Node>),
}

impl Node {
    /// An element with text only, line feeds as they are.
    pub(super) fn text(name: &'static str, text: impl Into<String>) -> Node {
        Node {
            name,
            content: Content::Text(text.into()),
        }
    }

    /// An element with these inside; an empty one if there are none.
    pub(super) fn holding(name: &'static str, nodes: impl IntoIterator<Item = Node>) -> Node {
        Node {
            name,
            content: Content::Nodes(nodes.into_iter().collect()),
        }
    }

    /// The whole document with this element as its root.
    pub(super) fn document(&self) -> String {
        let mut out = DECLARATION.to_owned();
        self.print(&mut out);
        out
    }

    fn print(&self, out: &mut String) {
        out.push('\n');
        match &self.content {
            Content::Text(text) if !text.is_empty() => {
                out.extend(["<", self.name, ">", &escaped_lines(text)]);
            }
            Content::Nodes(nodes) if !nodes.is_empty() => {
                out.extend(["<", self.name, ">"]);
                for node in nodes {
                    node.print(out);
                }
                out.push('\n');
            }
            Content::Text(_) | Content::Nodes(_) => {
                out.extend(["<", self.name, "/>"]);
                return;
            }
        }
        out.extend(["</", self.name, ">"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_its_line() {
        let node = Node::holding(
            "response",
            [
                Node::text("name", "a\n<b> & c"),
                Node::text("value", ""),
                Node::holding("links", []),
                Node::holding("data", [Node::text("x", "y")]),
            ],
        );
        let want = concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
            "<response>\n",
            "<name>a\n&lt;b&gt; &amp; c</name>\n",
            "<value/>\n",
            "<links/>\n",
            "<data>\n<x>y</x>\n</data>\n",
            "</response>",
        );
        assert_eq!(node.document(), want);
    }
}
