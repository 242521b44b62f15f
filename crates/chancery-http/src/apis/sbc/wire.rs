//! The words of this API: the envelope of every answer, and the bodies, one file for each kind of thing.

pub(super) mod element;
pub(super) mod import;

use crate::kit::node::Node;
use crate::kit::xml::{self, Element, Readable};

/// An answer: what it says, what there is to tell about it, and where to look next.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) struct Envelope {
    /// What is answered.
    pub(super) data: Vec<Node>,
    /// What there is to tell.
    pub(super) messages: Vec<Node>,
    /// Absolute addresses.
    pub(super) links: Vec<String>,
}

/// Reads a body. Nothing here has a namespace.
pub(super) fn read<T: Readable>(body: &[u8]) -> Result<T, String> {
    let document = xml::parse(body)?;
    let root = Element::root(&document, &[""], T::ROOT)
        .map_err(|_| format!("the XML's root must be <{}> without a namespace", T::ROOT))?;
    T::read(root)
}

/// Reads `true` or `false`, as this API writes them; `what` names it in the error.
pub(super) fn flag(what: &str, text: &str) -> Result<bool, String> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(format!("{what} must be true or false")),
    }
}

impl Envelope {
    /// An answer that says this.
    pub(super) fn saying(data: impl IntoIterator<Item = Node>) -> Envelope {
        Envelope {
            data: data.into_iter().collect(),
            ..Envelope::default()
        }
    }

    /// An answer that only says what went wrong.
    pub(super) fn error(text: &str) -> Envelope {
        Envelope {
            messages: vec![Node::text("errorMessage", text)],
            ..Envelope::default()
        }
    }

    /// The document.
    pub(super) fn document(self) -> String {
        let links = self.links.into_iter().map(|link| Node::text("link", link));
        let parts = [
            Node::of("data", self.data),
            Node::of("messages", self.messages),
            Node::of("links", links),
        ];
        super::layout::document(&Node::of("response", parts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_stands_among_the_messages() {
        let want = concat!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n",
            "<response>\n",
            "<data/>\n",
            "<messages>\n<errorMessage>a &lt; b</errorMessage>\n</messages>\n",
            "<links/>\n",
            "</response>",
        );
        assert_eq!(Envelope::error("a < b").document(), want);
    }

    #[test]
    fn a_link_stands_among_the_links() {
        let envelope = Envelope {
            links: vec!["https://h/x?a=1&b=2".to_owned()],
            ..Envelope::default()
        };
        let text = envelope.document();
        let links = "<links>\n<link>https://h/x?a=1&amp;b=2</link>\n</links>";
        assert!(text.contains(links), "{text}");
    }

    #[test]
    fn flags_are_true_or_false() {
        assert_eq!(flag("x", "true"), Ok(true));
        assert_eq!(flag("x", "false"), Ok(false));
        for text in ["", "TRUE", "1", "yes", " true"] {
            assert_eq!(flag("x", text), Err("x must be true or false".to_owned()));
        }
    }
}
