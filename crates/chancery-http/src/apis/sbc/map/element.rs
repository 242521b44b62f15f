//! Elements: as sent, as kept, as answered; and what is told of a kind.

use chancery_app::Element;

use super::super::wire::element::{Sent, config_element};
use super::kinds::{self, KEY, Kind};
use crate::kit::node::Node;

/// The kind of that name.
///
/// # Errors
/// Says that there is none.
pub(crate) fn kind(name: &str) -> Result<&'static Kind, String> {
    kinds::named(name).ok_or_else(|| {
        let known: Vec<&str> = kinds::KINDS.iter().map(|kind| kind.name).collect();
        format!("elementType {name:?} is none of {}", known.join(", "))
    })
}

/// A whole new element: what is not said has its default, attributes in the kind's order.
///
/// # Errors
/// Says what was wrong.
pub(crate) fn whole(sent: Sent) -> Result<Element, String> {
    let kind = kind(&sent.kind)?;
    let mut change = change(sent)?;
    let attributes = kind.attributes.iter().map(|attribute| {
        let given = change
            .attributes
            .iter_mut()
            .find(|(name, _)| name == attribute.name);
        let values = match given {
            Some((_, values)) => std::mem::take(values),
            None => attribute.defaults(),
        };
        (attribute.name.to_owned(), values)
    });
    let attributes = attributes.collect();
    Ok(Element {
        attributes,
        ..change
    })
}

/// A change of an element: what is said of it, alone.
///
/// # Errors
/// Says what was wrong.
pub(crate) fn change(sent: Sent) -> Result<Element, String> {
    let kind = kind(&sent.kind)?;
    let mut attributes = Vec::with_capacity(sent.attributes.len());
    for (name, values) in sent.attributes {
        let attribute = kind
            .attribute(&name)
            .ok_or_else(|| format!("{} has no attribute {name:?}", kind.name))?;
        attributes.push((name, attribute.kept(values)?));
    }
    let key = attributes
        .iter()
        .find(|(name, _)| name == KEY)
        .and_then(|(_, values)| values.first().cloned())
        .ok_or_else(|| {
            format!(
                "the attribute {KEY} is required: it is the key of {}",
                kind.name
            )
        })?;
    Ok(Element {
        kind: sent.kind,
        key,
        attributes,
    })
}

/// An element as it is answered.
pub(crate) fn shown(element: &Element) -> Node {
    config_element(&element.kind, &element.attributes)
}

/// An element of that kind of which nothing is said yet.
pub(crate) fn template(kind: &Kind) -> Node {
    let attributes: Vec<(String, Vec<String>)> = kind
        .attributes
        .iter()
        .map(|attribute| (attribute.name.to_owned(), attribute.defaults()))
        .collect();
    config_element(kind.name, &attributes)
}

/// What is told of each attribute of a kind.
pub(crate) fn metadata(kind: &Kind) -> Vec<Node> {
    let told = |name: &str| {
        let is_key = if name == KEY { "true" } else { "false" };
        let parts = [Node::text("name", name), Node::text("key", is_key)];
        Node::of("attributeMetadata", parts)
    };
    let attributes = kind.attributes.iter();
    attributes.map(|attribute| told(attribute.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kind: &str, attributes: &[(&str, &[&str])]) -> Sent {
        let attributes = attributes.iter().map(|(name, values)| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            ((*name).to_owned(), values)
        });
        Sent {
            kind: kind.to_owned(),
            attributes: attributes.collect(),
        }
    }

    #[test]
    fn a_new_record_gets_the_vendors_defaults() {
        let element = whole(sent(
            "certificate-record",
            &[
                ("common-name", &["AcmeRestServer"]),
                ("name", &["rest-server"]),
                ("country", &[]),
            ],
        ))
        .unwrap();
        assert_eq!(element.key, "rest-server");
        let lines: Vec<String> = element
            .attributes
            .iter()
            .map(|(name, values)| format!("{name}={}", values.join("|")))
            .collect();
        let want = [
            "name=rest-server",
            "country=",
            "state=MA",
            "locality=Burlington",
            "organization=Engineering",
            "unit=",
            "common-name=AcmeRestServer",
            "key-size=2048",
            "alternate-name=",
            "trusted=enabled",
            "key-usage-list=digitalSignature|keyEncipherment",
            "extended-key-usage-list=serverAuth",
            "key-algor=rsa",
            "digest-algor=sha256",
            "ecdsa-key-size=p256",
            "cert-status-profile-list=",
            "options=",
        ];
        assert_eq!(lines, want);
    }

    #[test]
    fn a_change_holds_what_is_said_alone() {
        let element = change(sent("tls-profile", &[("name", &["a"]), ("options", &[])])).unwrap();
        assert_eq!(
            (element.kind.as_str(), element.key.as_str()),
            ("tls-profile", "a")
        );
        let want = [
            ("name".to_owned(), vec!["a".to_owned()]),
            ("options".to_owned(), Vec::new()),
        ];
        assert_eq!(element.attributes, want);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        for (kind, attributes, want) in [
            (
                "sip-config",
                &[][..],
                "elementType \"sip-config\" is none of certificate-record,",
            ),
            ("tls-profile", &[], "the attribute name is required"),
            (
                "tls-profile",
                &[("name", &[][..])],
                "the attribute name is required",
            ),
            (
                "tls-profile",
                &[("name", &["a", "b"])],
                "name has one value",
            ),
            (
                "tls-profile",
                &[("unit", &["a"])],
                "tls-profile has no attribute \"unit\"",
            ),
            (
                "certificate-record",
                &[("country", &["USA"])],
                "is not two letters",
            ),
        ] {
            let error = change(sent(kind, attributes)).unwrap_err();
            assert!(error.contains(want), "{error}");
        }
    }

    #[test]
    fn the_key_is_told() {
        let record = kind("certificate-record").unwrap();
        let text = crate::apis::sbc::layout::document(&Node::of("data", metadata(record)));
        assert!(
            text.contains("<name>name</name>\n<key>true</key>"),
            "{text}"
        );
        assert_eq!(text.matches("<key>true</key>").count(), 1);
        assert_eq!(text.matches("<key>false</key>").count(), 16);
    }
}
