//! Properties: keys with a text, a truth or a number.

use std::collections::HashSet;

use chancery_app::PropertyValue;

use crate::kit::node::Node;
use crate::kit::xml::Element;

/// Keys with their values, in order.
pub(crate) type Properties = Vec<(String, PropertyValue)>;

/// The properties of a thing; none given if it says none. A property whose value is of a kind that is not spoken here is
/// passed over.
pub(super) fn read(parent: Element<'_>) -> Result<Option<Properties>, String> {
    let Some(list) = parent.child("Properties")? else {
        return Ok(None);
    };
    let (mut properties, mut known) = (Properties::new(), HashSet::new());
    for property in list.children("Property")? {
        let key = property.attribute("key").map(str::trim).unwrap_or_default();
        if key.is_empty() {
            return Err("every <Property> needs a key".to_owned());
        }
        if known.contains(key) {
            return Err(format!("the property {key:?} stands there twice"));
        }
        if let Some(value) = value(key, property)? {
            known.insert(key);
            properties.push((key.to_owned(), value));
        }
    }
    Ok(Some(properties))
}

fn value(key: &str, property: Element<'_>) -> Result<Option<PropertyValue>, String> {
    if let Some(text) = property.trimmed_text("BooleanValue")? {
        return match text.as_str() {
            "true" | "1" => Ok(Some(PropertyValue::Flag(true))),
            "false" | "0" => Ok(Some(PropertyValue::Flag(false))),
            _ => Err(format!("the property {key:?} must be true or false")),
        };
    }
    for name in ["LongValue", "IntegerValue"] {
        if let Some(text) = property.trimmed_text(name)? {
            let number = text
                .parse()
                .map(|number| Some(PropertyValue::Number(number)));
            return number.map_err(|_| format!("the property {key:?} must be a whole number"));
        }
    }
    let text = property.child_text("StringValue");
    Ok(text?.map(PropertyValue::Text))
}

/// Properties on their way out.
pub(super) fn node<'p>(properties: impl IntoIterator<Item = &'p (String, PropertyValue)>) -> Node {
    let one = |(key, value): &(String, PropertyValue)| {
        let value = match value {
            PropertyValue::Text(text) => Node::text("StringValue", text),
            PropertyValue::Flag(flag) => Node::text("BooleanValue", flag.to_string()),
            PropertyValue::Number(number) => Node::text("LongValue", number.to_string()),
        };
        Node::new("Property").with("key", key).holding(value)
    };
    Node::new("Properties").holding_all(properties.into_iter().map(one))
}
