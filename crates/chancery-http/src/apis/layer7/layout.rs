//! How restman lays out XML, which scripts grep: the declaration on its own line, the prefix `l7:`, four spaces a level,
//! one element a line, attributes in double quotes. Must not know what is said.

use crate::kit::node::{Content, Node};
use crate::kit::xml::escaped;

/// The namespace of everything that is said and heard.
pub(super) const NAMESPACE: &str = "http://ns.l7tech.com/2010/04/gateway-management";

const DECLARATION: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>"#;
const INDENT: &str = "    ";

/// The whole document with this element as its root, which declares the namespace.
pub(super) fn document(mut root: Node) -> String {
    root.attributes
        .insert(0, ("xmlns:l7", NAMESPACE.to_owned()));
    let mut out = format!("{DECLARATION}\n");
    print(&root, &mut out, 0);
    out
}

/// Line feeds in text are written as references, so that it stays on its line.
fn print(node: &Node, out: &mut String, level: usize) {
    out.push_str(&INDENT.repeat(level));
    out.extend(["<l7:", node.name]);
    for (name, value) in &node.attributes {
        out.extend([" ", name, "=\"", &escaped(value), "\""]);
    }
    match &node.content {
        Content::Nothing => {
            out.push_str("/>\n");
            return;
        }
        Content::Text(text) => out.extend([">", &escaped(text)]),
        Content::Nodes(nodes) => {
            out.push_str(">\n");
            for node in nodes {
                print(node, out, level + 1);
            }
            out.push_str(&INDENT.repeat(level));
        }
    }
    out.extend(["</l7:", node.name, ">\n"]);
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
        assert_eq!(document(node), want);
    }
}
