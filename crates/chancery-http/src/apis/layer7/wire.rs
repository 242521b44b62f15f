//! The words of this API: the envelopes Item and List, and one file for each thing that stands in them, read and written.

pub(super) mod certificate;
pub(super) mod group;
pub(super) mod key;
pub(super) mod property;
pub(super) mod provider;
pub(super) mod trusted;
pub(super) mod user;

use super::layout::{self, NAMESPACE};
use crate::kit::node::Node;
use crate::kit::xml::{self, Element, Readable};

/// One thing in its envelope.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// Its name, for people.
    pub(super) name: String,
    /// Its id; templates have none.
    pub(super) id: Option<String>,
    /// The word for what it is: `USER`.
    pub(super) kind: &'static str,
    /// Where it stands, under the API's root.
    pub(super) path: String,
    /// The thing itself.
    pub(super) resource: Node,
}

/// Several things of one kind.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// What they are: `USER`.
    pub(super) kind: &'static str,
    /// Where the list stands, under the API's root.
    pub(super) path: String,
    /// The things.
    pub(super) items: Vec<Item>,
}

/// What an answer says.
#[derive(Clone, Debug)]
pub(super) enum Document {
    /// One thing.
    Item(Item),
    /// A list.
    List(List),
}

/// Reads a body. Elements that are not asked for are passed over, attributes too.
pub(super) fn read<T: Readable>(body: &[u8]) -> Result<T, String> {
    let document = xml::parse(body)?;
    T::read(Element::root(&document, &[NAMESPACE], T::ROOT)?)
}

/// A version attribute; some clients send an empty one.
fn version(root: Element<'_>) -> Result<Option<u32>, String> {
    match root.attribute("version").map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => text
            .parse()
            .map(Some)
            .map_err(|_| "version must be a whole number".to_owned()),
    }
}

impl Document {
    /// The document, with addresses under `base` (`https://HOST/restman/1.0/`).
    pub(super) fn xml(&self, base: &str, stamp: &str) -> String {
        match self {
            Document::Item(item) => layout::document(item.node(base, stamp)),
            Document::List(list) => layout::document(list.node(base, stamp)),
        }
    }

    /// Its address.
    pub(super) fn address(&self, base: &str) -> String {
        match self {
            Document::Item(item) => format!("{base}{}", item.path),
            Document::List(list) => format!("{base}{}", list.path),
        }
    }
}

impl Item {
    fn node(&self, base: &str, stamp: &str) -> Node {
        let head = Node::new("Item")
            .holding(Node::text("Name", &self.name))
            .holding_text("Id", self.id.as_deref());
        envelope(head, self.kind, &format!("{base}{}", self.path), stamp)
            .holding(Node::new("Resource").holding(self.resource.clone()))
    }
}

impl List {
    fn node(&self, base: &str, stamp: &str) -> Node {
        let head = Node::new("List").holding(Node::text("Name", format!("{} list", self.kind)));
        envelope(head, "List", &format!("{base}{}", self.path), stamp)
            .holding_all(self.items.iter().map(|item| item.node(base, stamp)))
    }
}

fn envelope(head: Node, kind: &str, uri: &str, stamp: &str) -> Node {
    head.holding(Node::text("Type", kind))
        .holding(Node::text("TimeStamp", stamp))
        .holding(Node::new("Link").with("rel", "self").with("uri", uri))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str) -> Item {
        Item {
            name: name.to_owned(),
            id: Some("1".to_owned()),
            kind: "USER",
            path: "users/1".to_owned(),
            resource: Node::new("User"),
        }
    }

    #[test]
    fn an_items_parts_stand_in_their_order() {
        let text = Document::Item(item("joe")).xml("https://h/restman/1.0/", "T");
        let want = concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
            "<l7:Item xmlns:l7=\"http://ns.l7tech.com/2010/04/gateway-management\">\n",
            "    <l7:Name>joe</l7:Name>\n",
            "    <l7:Id>1</l7:Id>\n",
            "    <l7:Type>USER</l7:Type>\n",
            "    <l7:TimeStamp>T</l7:TimeStamp>\n",
            "    <l7:Link rel=\"self\" uri=\"https://h/restman/1.0/users/1\"/>\n",
            "    <l7:Resource>\n",
            "        <l7:User/>\n",
            "    </l7:Resource>\n",
            "</l7:Item>\n",
        );
        assert_eq!(text, want);
    }

    #[test]
    fn an_empty_list_holds_no_item() {
        let mut list = List {
            kind: "USER",
            path: "users".to_owned(),
            items: Vec::new(),
        };
        let text = Document::List(list.clone()).xml("https://h/restman/1.0/", "T");
        assert!(!text.contains("l7:Item"), "{text}");
        list.items = vec![item("a"), item("b")];
        let text = Document::List(list).xml("https://h/restman/1.0/", "T");
        assert_eq!(text.matches("    <l7:Item>\n").count(), 2);
        assert_eq!(text.matches("<l7:Link ").count(), 3);
    }
}
