//! configElement: an element of the configuration as it is read and written.

use std::collections::HashSet;

use crate::kit::node::Node;
use crate::kit::xml::{self, Readable};

/// An element as a client sends it: attributes in its order, values without the white space around them, empty ones left
/// out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Sent {
    /// Its kind.
    pub(crate) kind: String,
    /// Its attributes.
    pub(crate) attributes: Vec<(String, Vec<String>)>,
}

impl Readable for Sent {
    const ROOT: &'static str = "configElement";

    fn read(root: xml::Element<'_>) -> Result<Sent, String> {
        if let Some(name) = root.stranger(&["elementType", "attribute"]) {
            return Err(format!(
                "<{name}> does not belong into a configElement of these kinds: they have attributes alone"
            ));
        }
        let (mut attributes, mut known) = (Vec::new(), HashSet::new());
        for attribute in root.those("attribute") {
            let name = attribute.required_text("name")?;
            if !known.insert(name.clone()) {
                return Err(format!("the attribute {name} stands there twice"));
            }
            attributes.push((name, values(attribute)?));
        }
        Ok(Sent {
            kind: root.required_text("elementType")?,
            attributes,
        })
    }
}

fn values(attribute: xml::Element<'_>) -> Result<Vec<String>, String> {
    let mut values = Vec::new();
    for value in attribute.those("value") {
        let text = value.text()?;
        let text = text.trim();
        if !text.is_empty() {
            values.push(text.to_owned());
        }
    }
    Ok(values)
}

/// An element on its way out: each attribute with its values one after the other, or one empty value.
pub(crate) fn config_element(kind: &str, attributes: &[(String, Vec<String>)]) -> Node {
    let attributes = attributes.iter().map(|(name, values)| {
        let name = Node::text("name", name);
        let mut nodes = vec![name];
        nodes.extend(values.iter().map(|value| Node::text("value", value)));
        if values.is_empty() {
            nodes.push(Node::text("value", ""));
        }
        Node::of("attribute", nodes)
    });
    let kind = Node::text("elementType", kind);
    Node::of("configElement", std::iter::once(kind).chain(attributes))
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use super::*;

    const BODY: &str = "<configElement><elementType>certificate-record</elementType>\
        <attribute><name> name </name><value> r1 </value></attribute>\
        <attribute><name>unit</name><value/></attribute>\
        <attribute><name>options</name></attribute>\
        <attribute><name>key-usage-list</name><value>digitalSignature</value><value>keyAgreement</value></attribute>\
        </configElement>";

    fn attribute(name: &str, values: &[&str]) -> (String, Vec<String>) {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        (name.to_owned(), values)
    }

    #[test]
    fn elements_are_read_with_or_without_a_prolog() {
        let want = Sent {
            kind: "certificate-record".to_owned(),
            attributes: vec![
                attribute("name", &["r1"]),
                attribute("unit", &[]),
                attribute("options", &[]),
                attribute("key-usage-list", &["digitalSignature", "keyAgreement"]),
            ],
        };
        let prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
        for body in [BODY.to_owned(), format!("{prolog}{BODY}\n")] {
            assert_eq!(read::<Sent>(body.as_bytes()), Ok(want.clone()));
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let sent: Sent = read(BODY.as_bytes()).unwrap();
        let text =
            crate::apis::sbc::layout::document(&config_element(&sent.kind, &sent.attributes));
        assert_eq!(read::<Sent>(text.as_bytes()), Ok(sent));
        assert!(text.contains("<name>unit</name>\n<value/>"), "{text}");
    }

    #[test]
    fn what_is_no_element_is_refused() {
        for (body, want) in [
            (
                BODY.replace("configElement", "element"),
                "root must be <configElement>",
            ),
            (
                BODY.replace("<configElement>", "<configElement xmlns='urn:a'>"),
                "root must be",
            ),
            (
                BODY.replace("<value> r1 </value>", "<value><a/></value>"),
                "must hold text only",
            ),
            (
                BODY.replace("<name>unit</name>", "<name/>"),
                "<name> is required",
            ),
            (
                BODY.replace("unit", "options"),
                "options stands there twice",
            ),
            (
                BODY.replace("<elementType>", "<elementType/><elementType>"),
                "stands there twice",
            ),
            (
                BODY.replace("<elementType>certificate-record</elementType>", ""),
                "<elementType> is required",
            ),
            (
                BODY.replace("</configElement>", "<configElement/></configElement>"),
                "does not belong",
            ),
            (format!("<!DOCTYPE a>{BODY}"), "document type"),
            (String::new(), "not well formed"),
        ] {
            let error = read::<Sent>(body.as_bytes()).unwrap_err();
            assert!(error.contains(want), "{body}: {error}");
        }
    }
}
