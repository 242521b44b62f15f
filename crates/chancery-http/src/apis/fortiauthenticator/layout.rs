//! How Tastypie lays out JSON and XML, to the last space. Must not know what is said.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;
use serde_json::{Serializer, Value};

use crate::kit::xml::escaped_lines;

/// What is answered, as plain data. In XML the two have different roots.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Document {
    /// One object of a resource.
    Object(Value),
    /// Anything else: a list, a directory, a schema, an error.
    Response(Value),
}

impl Document {
    /// As Python's `json.dumps` writes it: `{"a": 1, "b": [2]}`.
    pub(super) fn json(&self) -> String {
        let (Document::Object(value) | Document::Response(value)) = self;
        let mut out = Vec::new();
        let mut serializer = Serializer::with_formatter(&mut out, Python);
        if let Err(error) = value.serialize(&mut serializer) {
            // Plain data serialises, and memory takes every octet.
            tracing::error!(error = %error, "an answer could not be written as JSON");
        }
        String::from_utf8(out).unwrap_or_default()
    }

    /// As Tastypie's serialiser writes it.
    pub(super) fn xml(&self) -> String {
        let mut out = "<?xml version='1.0' encoding='utf-8'?>\n".to_owned();
        match self {
            Document::Object(value) => object(&mut out, value),
            Document::Response(value) => element(&mut out, "response", "", value),
        }
        out
    }
}

/// `, ` between members and items, `: ` behind names.
struct Python;

impl Formatter for Python {
    fn begin_array_value<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_key<W: Write + ?Sized>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        out.write_all(if first { b"" } else { b", " })
    }

    fn begin_object_value<W: Write + ?Sized>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }
}

/// One object of a resource: the root, or an item of `objects`.
fn object(out: &mut String, value: &Value) {
    element(out, "object", "", value);
}

/// An element of that name with what is inside a value.
fn element(out: &mut String, name: &str, kind: &str, value: &Value) {
    let text = match value {
        Value::Object(members) => {
            open(out, name, kind);
            let mut sorted: Vec<(&String, &Value)> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            for (name, value) in sorted {
                element(out, name, kind_of(value), value);
            }
            return close(out, name);
        }
        Value::Array(items) => {
            open(out, name, kind);
            for item in items {
                match item {
                    Value::Object(_) if name == "objects" => object(out, item),
                    Value::Object(_) => element(out, "object", "hash", item),
                    _ => element(out, "value", kind_of(item), item),
                }
            }
            return close(out, name);
        }
        Value::Null => {
            out.push_str(&format!("<{name} type=\"null\"/>"));
            return;
        }
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => escaped_lines(text),
    };
    open(out, name, kind);
    out.push_str(&text);
    close(out, name);
}

/// The type that an element names; text is none.
const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "",
        Value::Array(_) => "list",
        Value::Object(_) => "hash",
    }
}

fn open(out: &mut String, name: &str, kind: &str) {
    if kind.is_empty() {
        out.push_str(&format!("<{name}>"));
    } else {
        out.push_str(&format!("<{name} type=\"{kind}\">"));
    }
}

fn close(out: &mut String, name: &str) {
    out.push_str(&format!("</{name}>"));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_are_laid_out_as_tastypie_does() {
        let page = json!({
            "objects": [{"id": 1, "subject": "/O=A & <B>\"/CN=\u{fc}", "revocation_reason": null}],
            "meta": {"limit": 20, "next": "/a/?b=c&d=e", "previous": null},
        });
        let document = Document::Response(page);
        assert_eq!(
            document.json(),
            "{\"meta\": {\"limit\": 20, \"next\": \"/a/?b=c&d=e\", \"previous\": null}, \
             \"objects\": [{\"id\": 1, \"revocation_reason\": null, \"subject\": \"/O=A & <B>\\\"/CN=\u{fc}\"}]}"
        );
        assert_eq!(
            document.xml(),
            "<?xml version='1.0' encoding='utf-8'?>\n<response><meta type=\"hash\"><limit type=\"integer\">20</limit>\
             <next>/a/?b=c&amp;d=e</next><previous type=\"null\"/></meta><objects type=\"list\"><object>\
             <id type=\"integer\">1</id><revocation_reason type=\"null\"/>\
             <subject>/O=A &amp; &lt;B&gt;&quot;/CN=\u{fc}</subject></object></objects></response>"
        );
    }

    #[test]
    fn objects_and_what_stands_in_schemas_are_laid_out_too() {
        let value = json!({"b": true, "a": ["x", 1], "c": {"d": false}, "e": "1\n2"});
        assert_eq!(
            Document::Object(value).xml(),
            "<?xml version='1.0' encoding='utf-8'?>\n<object><a type=\"list\"><value>x</value>\
             <value type=\"integer\">1</value></a><b type=\"boolean\">True</b><c type=\"hash\">\
             <d type=\"boolean\">False</d></c><e>1\n2</e></object>"
        );
        assert_eq!(Document::Response(json!({"a": []})).json(), "{\"a\": []}");
    }
}
