//! How the document lays out JSON (Jackson's pretty printer of its day) and XML, to the last space. Must not know what is
//! said.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

use crate::kit::node::{Content, Node};
use crate::kit::xml::{escaped, escaped_lines};

/// Spaces by which XML is indented a level.
const XML_INDENT: usize = 3;

/// A value as JSON in the document's layout.
pub(super) fn json(value: &impl Serialize) -> String {
    let mut out = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut out, Jackson { depth: 0 });
    if let Err(error) = value.serialize(&mut serializer) {
        // Structs of strings and numbers serialise, and memory takes every octet.
        tracing::error!(error = %error, "an answer could not be written as JSON");
    }
    String::from_utf8(out).unwrap_or_default()
}

/// `"a" : 1`, two spaces a level, `[ {` and `}, {` on one line, and an empty object on two.
struct Jackson {
    depth: usize,
}

impl Jackson {
    fn new_line<W: Write + ?Sized>(&self, out: &mut W) -> io::Result<()> {
        write!(out, "\n{:1$}", "", self.depth * 2)
    }
}

impl Formatter for Jackson {
    fn begin_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth += 1;
        out.write_all(b"{")
    }

    fn end_object<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        self.depth = self.depth.saturating_sub(1);
        self.new_line(out)?;
        out.write_all(b"}")
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        self.new_line(out)
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b" : ")
    }

    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b" " } else { b", " })
    }

    fn end_array<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b" ]")
    }
}

/// Indented, without a line feed at the end.
pub(super) fn indented(node: &Node) -> String {
    let mut out = String::new();
    print(node, &mut out, Some(0));
    out
}

/// On one line.
pub(super) fn on_one_line(node: &Node) -> String {
    let mut out = String::new();
    print(node, &mut out, None);
    out
}

fn print(node: &Node, out: &mut String, level: Option<usize>) {
    out.push('<');
    out.push_str(node.name);
    for (name, value) in &node.attributes {
        out.extend([" ", name, "=\"", &escaped(value), "\""]);
    }
    match &node.content {
        Content::Nothing => {
            out.push_str("/>");
            return;
        }
        Content::Text(text) => out.extend([">", &escaped_lines(text)]),
        Content::Nodes(nodes) => {
            out.push('>');
            for node in nodes {
                new_line(out, level.map(|level| level + 1));
                print(node, out, level.map(|level| level + 1));
            }
            new_line(out, level);
        }
    }
    out.extend(["</", node.name, ">"]);
}

fn new_line(out: &mut String, level: Option<usize>) {
    if let Some(level) = level {
        out.push('\n');
        out.push_str(&" ".repeat(level * XML_INDENT));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_laid_out_as_the_document_does() {
        #[derive(Serialize)]
        struct Nothing {}
        #[derive(Serialize)]
        struct Inner {
            text: &'static str,
            nothing: Nothing,
        }
        #[derive(Serialize)]
        struct Outer {
            null: (),
            list: Vec<Inner>,
            empty: Vec<Inner>,
            number: i64,
        }
        let inner = || Inner {
            text: "a\n\"ü/",
            nothing: Nothing {},
        };
        let value = Outer {
            null: (),
            list: vec![inner(), inner()],
            empty: Vec::new(),
            number: -1,
        };
        let want = "{\n  \"null\" : null,\n  \"list\" : [ {\n    \"text\" : \"a\\n\\\"ü/\",\n    \"nothing\" : {\n    }\n  }, {\n    \
                    \"text\" : \"a\\n\\\"ü/\",\n    \"nothing\" : {\n    }\n  } ],\n  \"empty\" : [ ],\n  \"number\" : -1\n}";
        assert_eq!(json(&value), want);
    }

    #[test]
    fn xml_is_laid_out_as_the_document_does() {
        let node = Node::new("a")
            .with("b", "<\"")
            .with_some("c", None::<String>)
            .holding(Node::text("d", "1\n2&"))
            .holding_all([Node::new("e").holding(Node::text("f", ""))]);
        assert_eq!(
            indented(&node),
            "<a b=\"&lt;&quot;\">\n   <d>1\n2&amp;</d>\n   <e>\n      <f></f>\n   </e>\n</a>"
        );
        assert_eq!(
            on_one_line(&node),
            "<a b=\"&lt;&quot;\"><d>1\n2&amp;</d><e><f></f></e></a>"
        );
        assert_eq!(indented(&Node::new("a")), "<a/>");
    }
}
