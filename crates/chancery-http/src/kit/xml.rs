//! Reading XML strictly, and escaping text on its way into XML, for every API that speaks it.
//!
//! Only plain data in UTF-8 is read: no document types, no namespaces that the API does not speak, no text where
//! elements belong. Must not know the words of any API.

use std::fmt;

use roxmltree::{Document, Node, ParsingOptions};

/// Most elements inside one another.
const DEEPEST: usize = 32;
/// Most attributes of one element, and most namespace declarations of a document. The parser compares each attribute
/// with every other of its element, and gives each element that declares a namespace a copy of all those in scope.
const MOST_ATTRIBUTES: usize = 64;
const MOST_DECLARATIONS: usize = 4096;
/// Most elements and pieces of text.
const MOST_NODES: u32 = 100_000;

/// Why octets are no XML that is read, or not the XML that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum XmlFault {
    /// Not UTF-8, or declared to be something else.
    Encoding,
    /// It holds a document type declaration.
    DocumentType,
    /// Too deep, or too many attributes or elements.
    TooMuch,
    /// Not well formed; the parser's words, with line and column.
    Broken(String),
    /// The root element has another name, or no namespace that is spoken here.
    Root(String),
    /// The list holds an element of another name, or of no namespace that is spoken here.
    Foreign(String),
    /// The element stands there twice.
    Twice(String),
    /// The element is not there, or empty.
    Missing(String),
    /// The element holds other elements where text belongs.
    NotText(String),
}

/// An element, with the namespaces in which its children are looked for; an empty one stands for none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'d> {
    node: Node<'d, 'd>,
    namespaces: &'static [&'static str],
}

/// A body of one kind.
pub(crate) trait Readable: Sized {
    /// The name of its root element.
    const ROOT: &'static str;

    /// Reads its root element. The error says what was wrong.
    fn read(root: Element<'_>) -> Result<Self, String>;
}

/// Reads a whole document; nothing but comments may follow its root element.
pub(crate) fn parse(body: &[u8]) -> Result<Document<'_>, XmlFault> {
    let text = std::str::from_utf8(body).map_err(|_| XmlFault::Encoding)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !says_utf8(text) {
        return Err(XmlFault::Encoding);
    }
    hold_limits(text)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => XmlFault::DocumentType,
        roxmltree::Error::NodesLimitReached => XmlFault::TooMuch,
        other => XmlFault::Broken(other.to_string()),
    })
}

impl<'d> Element<'d> {
    /// The root element, if it has this local name in one of these namespaces.
    pub(crate) fn root(
        document: &'d Document<'d>,
        namespaces: &'static [&'static str],
        name: &str,
    ) -> Result<Element<'d>, XmlFault> {
        let root = Element {
            node: document.root_element(),
            namespaces,
        };
        if root.is(name) {
            Ok(root)
        } else {
            Err(XmlFault::Root(name.to_owned()))
        }
    }

    /// The value of an attribute without namespace.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'d str> {
        self.node
            .attributes()
            .find(|attribute| attribute.namespace().is_none() && attribute.name() == name)
            .map(|a| a.value())
    }

    /// Its child elements, all of which must have that name, in order.
    pub(crate) fn children(self, name: &str) -> Result<Vec<Element<'d>>, XmlFault> {
        let children: Vec<Element<'d>> = self.elements().collect();
        match children.iter().find(|child| !child.is(name)) {
            None => Ok(children),
            Some(_) => Err(XmlFault::Foreign(name.to_owned())),
        }
    }

    /// Its child elements of that name, in order, whatever stands between them.
    pub(crate) fn those(self, name: &str) -> impl Iterator<Item = Element<'d>> {
        self.elements().filter(move |child| child.is(name))
    }

    /// The local name of the first child element that has none of these names.
    pub(crate) fn stranger(self, names: &[&str]) -> Option<&'d str> {
        self.elements()
            .find(|child| !names.iter().any(|name| child.is(name)))
            .map(|child| child.node.tag_name().name())
    }

    /// The only child element of that name, if there is one.
    pub(crate) fn child(self, name: &str) -> Result<Option<Element<'d>>, XmlFault> {
        let mut children = self.elements().filter(|child| child.is(name));
        match (children.next(), children.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(XmlFault::Twice(name.to_owned())),
        }
    }

    /// The text of the only child element of that name, white space and all.
    pub(crate) fn child_text(self, name: &str) -> Result<Option<String>, XmlFault> {
        self.child(name)?.map(|child| child.text()).transpose()
    }

    /// The text of the only child element of that name without the white space around it; none if nothing else is there.
    pub(crate) fn trimmed_text(self, name: &str) -> Result<Option<String>, XmlFault> {
        let text = self.child_text(name)?.map(|text| text.trim().to_owned());
        Ok(text.filter(|text| !text.is_empty()))
    }

    /// Such a text that must be there.
    pub(crate) fn required_text(self, name: &str) -> Result<String, XmlFault> {
        let text = self.trimmed_text(name)?;
        text.ok_or_else(|| XmlFault::Missing(name.to_owned()))
    }

    /// All its text, white space and all.
    pub(crate) fn text(self) -> Result<String, XmlFault> {
        if self.node.children().any(|node| node.is_element()) {
            return Err(XmlFault::NotText(self.node.tag_name().name().to_owned()));
        }
        Ok(self
            .node
            .children()
            .filter(Node::is_text)
            .filter_map(|node| node.text())
            .collect())
    }

    fn elements(self) -> impl Iterator<Item = Element<'d>> {
        self.node
            .children()
            .filter(Node::is_element)
            .map(move |node| Element { node, ..self })
    }

    fn is(&self, name: &str) -> bool {
        let tag = self.node.tag_name();
        tag.name() == name
            && self
                .namespaces
                .contains(&tag.namespace().unwrap_or_default())
    }
}

/// Text for an attribute's value or an element's content. White space that a reader would normalise away is written as
/// references; characters that XML 1.0 cannot hold become U+FFFD.
pub(crate) fn escaped(text: &str) -> String {
    escape(text, true)
}

/// Text for an element's content, line feeds left as they are.
pub(crate) fn escaped_lines(text: &str) -> String {
    escape(text, false)
}

fn escape(text: &str, line_feeds: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\r' => out.push_str("&#13;"),
            '\n' if line_feeds => out.push_str("&#10;"),
            '\t' if line_feeds => out.push_str("&#9;"),
            '\n' | '\t' => out.push(c),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
    out
}

/// Does the XML declaration, if there is one, say an encoding whose octets UTF-8 shares?
fn says_utf8(text: &str) -> bool {
    let declaration = text
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
        .map(|(inside, _)| inside);
    let encoding = declaration
        .and_then(|inside| inside.split_once("encoding"))
        .map(|(_, rest)| rest);
    let Some(rest) = encoding else { return true };
    let name = rest
        .trim_start_matches([' ', '\t', '\r', '\n', '='])
        .split(['"', '\''])
        .nth(1)
        .unwrap_or_default();
    ["utf-8", "utf8", "us-ascii"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Walks the tags without building anything. Of text that is not well formed it may count wrongly, but only after the
/// place at which the parser stops.
fn hold_limits(text: &str) -> Result<(), XmlFault> {
    let (mut depth, mut declarations) = (0_usize, 0_usize);
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        if let Some(end) = [("!--", "-->"), ("![CDATA[", "]]>"), ("?", "?>")]
            .iter()
            .find(|(start, _)| tag.starts_with(start))
        {
            rest = tag.split_once(end.1).map_or("", |(_, after)| after);
            continue;
        }
        if tag.starts_with('!') {
            return Err(XmlFault::DocumentType);
        }
        let tag = Tag::read(tag);
        rest = tag.after;
        declarations = declarations.saturating_add(tag.declarations);
        if tag.attributes > MOST_ATTRIBUTES || declarations > MOST_DECLARATIONS {
            return Err(XmlFault::TooMuch);
        }
        if tag.inside.starts_with('/') {
            depth = depth.saturating_sub(1);
            continue;
        }
        if depth >= DEEPEST {
            return Err(XmlFault::TooMuch);
        }
        if !tag.inside.ends_with('/') {
            depth += 1;
        }
    }
    Ok(())
}

/// A tag without its angle brackets, and what follows it.
struct Tag<'t> {
    inside: &'t str,
    after: &'t str,
    attributes: usize,
    declarations: usize,
}

impl Tag<'_> {
    fn read(text: &str) -> Tag<'_> {
        let mut tag = Tag {
            inside: text,
            after: "",
            attributes: 0,
            declarations: 0,
        };
        let mut quote = None;
        for (at, c) in text.char_indices() {
            match (quote, c) {
                (Some(open), _) if c == open => quote = None,
                (Some(_), _) => {}
                (None, '"' | '\'') => quote = Some(c),
                (None, '=') => {
                    tag.attributes += 1;
                    if tag.attributes > MOST_ATTRIBUTES {
                        return tag;
                    }
                    let name = text
                        .get(..at)
                        .unwrap_or_default()
                        .trim_ascii_end()
                        .rsplit(|c: char| c.is_ascii_whitespace())
                        .next();
                    tag.declarations +=
                        usize::from(name.is_some_and(|name| name.starts_with("xmlns")));
                }
                (None, '>') => {
                    tag.inside = text.get(..at).unwrap_or_default();
                    tag.after = text.get(at..).unwrap_or_default();
                    return tag;
                }
                (None, _) => {}
            }
        }
        tag
    }
}

impl fmt::Display for XmlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            XmlFault::Encoding => f.write_str("the XML is not in UTF-8"),
            XmlFault::DocumentType => {
                f.write_str("XML with a document type declaration is not read: leave it out")
            }
            XmlFault::TooMuch => write!(
                f,
                "the XML is more than {DEEPEST} elements deep, or has too many elements, attributes or namespaces"
            ),
            XmlFault::Broken(error) => write!(f, "the XML is not well formed: {error}"),
            XmlFault::Root(name) => write!(
                f,
                "the XML's root must be <{name}> in a namespace of this API"
            ),
            XmlFault::Foreign(name) => write!(
                f,
                "every element of the list must be <{name}> in a namespace of this API"
            ),
            XmlFault::Twice(name) => write!(f, "<{name}> stands there twice"),
            XmlFault::Missing(name) => write!(f, "<{name}> is required"),
            XmlFault::NotText(name) => write!(f, "<{name}> must hold text only"),
        }
    }
}

impl std::error::Error for XmlFault {}

impl From<XmlFault> for String {
    fn from(fault: XmlFault) -> String {
        fault.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPOKEN: &[&str] = &["urn:a", "urn:b"];

    #[track_caller]
    fn refused(body: impl AsRef<[u8]>, want: &str) {
        let error = parse(body.as_ref()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(want), "{error}");
    }

    #[test]
    fn data_is_read_in_any_spoken_namespace_and_under_any_prefix() {
        let bodies = [
            r#"<list xmlns="urn:a"><item kind="x"><text> a&amp;b<!-- c -->d </text></item></list>"#,
            r#"<list xmlns="urn:b"><item kind="x"><text><![CDATA[ a&b]]>d </text></item></list>"#,
            r#"<p:list xmlns:p="urn:b"><p:item kind="x" p:kind="y"><text xmlns="urn:a"> a&#38;bd </text></p:item></p:list>"#,
            "\u{feff}<?xml version='1.0' encoding='utf-8'?>\n<list xmlns=\"urn:a\"><other/><item kind='x'><text> a&amp;bd </text></item></list>\n<!-- end -->",
        ];
        for body in bodies {
            let document = parse(body.as_bytes()).unwrap();
            let list = Element::root(&document, SPOKEN, "list").unwrap();
            let item = list.child("item").unwrap().unwrap();
            assert_eq!(item.attribute("kind"), Some("x"), "{body}");
            assert_eq!(item.attribute("absent"), None);
            assert_eq!(
                item.child_text("text").unwrap().as_deref(),
                Some(" a&bd "),
                "{body}"
            );
            assert_eq!(item.child_text("absent"), Ok(None));
        }
    }

    #[test]
    fn names_outside_the_spoken_namespaces_are_other_names() {
        for body in [
            "<list/>",
            r#"<list xmlns="urn:c"/>"#,
            r#"<other xmlns="urn:a"/>"#,
            r#"<p:list xmlns:p="urn:A"/>"#,
        ] {
            let document = parse(body.as_bytes()).unwrap();
            assert_eq!(
                Element::root(&document, SPOKEN, "list").unwrap_err(),
                XmlFault::Root("list".to_owned()),
                "{body}"
            );
        }
        let body = br#"<list xmlns="urn:a"><item xmlns="urn:c"/><item xmlns=""/></list>"#;
        let document = parse(body).unwrap();
        assert!(
            Element::root(&document, SPOKEN, "list")
                .unwrap()
                .child("item")
                .unwrap()
                .is_none()
        );
    }

    #[test]
    fn doubled_elements_and_elements_in_text_are_refused() {
        let body = br#"<list xmlns="urn:a"><a/><a/><b>x<c/></b></list>"#;
        let document = parse(body).unwrap();
        let list = Element::root(&document, SPOKEN, "list").unwrap();
        assert_eq!(
            list.child("a").unwrap_err(),
            XmlFault::Twice("a".to_owned())
        );
        assert_eq!(
            list.child_text("b").unwrap_err(),
            XmlFault::NotText("b".to_owned())
        );
    }

    #[test]
    fn where_no_namespace_is_spoken_none_is_read() {
        for (body, read) in [
            ("<list><item>a</item><other/><item>b</item></list>", true),
            (
                r#"<list xmlns=""><item>a</item><other/><item>b</item></list>"#,
                true,
            ),
            (r#"<list xmlns="urn:a"/>"#, false),
        ] {
            let document = parse(body.as_bytes()).unwrap();
            let root = Element::root(&document, &[""], "list");
            assert_eq!(root.is_ok(), read, "{body}");
            let Ok(list) = root else { continue };
            let texts: Vec<String> = list
                .those("item")
                .map(|item| item.text().unwrap())
                .collect();
            assert_eq!(texts, ["a", "b"]);
            assert_eq!(list.stranger(&["item"]), Some("other"));
            assert_eq!(list.stranger(&["item", "other"]), None);
        }
    }

    #[test]
    fn lists_hold_nothing_but_their_elements() {
        let body = br#"<list xmlns="urn:a"> <item/><!-- --><p:item xmlns:p="urn:b"/> </list>"#;
        let document = parse(body).unwrap();
        assert_eq!(
            Element::root(&document, SPOKEN, "list")
                .unwrap()
                .children("item")
                .unwrap()
                .len(),
            2
        );
        for item in ["<other/>", r#"<item xmlns="urn:c"/>"#] {
            let body = format!(r#"<list xmlns="urn:a"><item/>{item}</list>"#);
            let document = parse(body.as_bytes()).unwrap();
            let list = Element::root(&document, SPOKEN, "list").unwrap();
            assert_eq!(
                list.children("item").unwrap_err(),
                XmlFault::Foreign("item".to_owned()),
                "{item}"
            );
        }
    }

    #[test]
    fn what_is_no_plain_data_is_refused() {
        refused(b"<a>\xff</a>", "UTF-8");
        refused(
            "<a/>"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect::<Vec<u8>>(),
            "not",
        );
        refused(
            "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a/>",
            "UTF-8",
        );
        refused("<!DOCTYPE a><a/>", "document type");
        refused("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", "document type");
        refused(
            "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
            "document type",
        );
        refused("<a>&x;</a>", "not well formed");
        refused("<a/>junk", "not well formed");
        refused("<a/><a/>", "not well formed");
        refused("<a>", "not well formed");
        refused("<a b='1' b='2'/>", "not well formed");
        refused("<p:a/>", "not well formed");
        refused("", "not well formed");
        refused("{}", "not well formed");
        refused("<a>\u{1}</a>", "not well formed");
    }

    #[test]
    fn size_is_held_before_the_tree_is_built() {
        let nested = |depth: usize| format!("{}{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(parse(nested(DEEPEST).as_bytes()).is_ok());
        refused(nested(DEEPEST + 1), "elements deep");
        refused("<a>".repeat(300_000), "elements deep");
        refused(format!("<a{}", "=".repeat(1_000_000)), "too many");
        let wide = |count: usize| {
            format!(
                "<a {}/>",
                (0..count)
                    .map(|n| format!("b{n}='=\">'"))
                    .collect::<Vec<_>>()
                    .join(" ")
            )
        };
        refused(wide(MOST_ATTRIBUTES + 1), "too many");
        assert!(parse(wide(MOST_ATTRIBUTES).as_bytes()).is_ok());
        refused(
            format!(
                "<a>{}</a>",
                "<b xmlns\n\t =\n'urn:a'/>".repeat(MOST_DECLARATIONS + 1)
            ),
            "too many",
        );
        refused(
            format!("<a>{}</a>", "<b/>".repeat(MOST_NODES as usize)),
            "too many",
        );
        let siblings = format!(
            "<a>{}</a>",
            "<b c='>'/><d><!-- <e> --></d><?f <g> ?><![CDATA[<h>]]>".repeat(1000)
        );
        assert!(parse(siblings.as_bytes()).is_ok());
    }

    #[test]
    fn escaped_text_reads_back() {
        let text = "a<b>&\"c'\r\n\td ü 😀";
        let body = format!(
            "<r xmlns='urn:a' v=\"{}\"><t>{}</t></r>",
            escaped(text),
            escaped_lines(text)
        );
        let document = parse(body.as_bytes()).unwrap();
        let root = Element::root(&document, SPOKEN, "r").unwrap();
        assert_eq!(root.attribute("v"), Some(text));
        assert_eq!(root.child_text("t").unwrap().as_deref(), Some(text));
        assert_eq!(escaped("a\0\u{1b}\u{ffff}b"), "a\u{fffd}\u{fffd}\u{fffd}b");
    }
}
