//! How the device lays out XML: the declaration, then one element a line without indentation, empty elements as
//! `<name/>`. Must not know what is said.

use crate::kit::node::{Content, Node};
use crate::kit::xml::escaped_lines;

const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;

/// The whole document with this element as its root.
pub(super) fn document(root: &Node) -> String {
    let mut out = DECLARATION.to_owned();
    print(root, &mut out);
    out
}

/// Line feeds in text stay as they are.
fn print(node: &Node, out: &mut String) {
    out.push('\n');
    match &node.content {
        Content::Text(text) if !text.is_empty() => {
            out.extend(["<", node.name, ">", &escaped_lines(text)]);
        }
        Content::Nodes(nodes) => {
            out.extend(["<", node.name, ">"]);
            for node in nodes {
                print(node, out);
            }
            out.push('\n');
        }
        Content::Text(_) | Content::Nothing => {
            out.extend(["<", node.name, "/>"]);
            return;
        }
    }
    out.extend(["</", node.name, ">"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_element_has_its_line() {
        let node = Node::of(
            "response",
            [
                Node::text("name", "a\n<b> & c"),
                Node::text("value", ""),
                Node::of("links", []),
                Node::of("data", [Node::text("x", "y")]),
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
        assert_eq!(document(&node), want);
    }
}
