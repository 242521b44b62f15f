//! Reading JSON strictly: no object has a member twice (readers disagree about which of the two counts), and every
//! member that is looked at has the type that it must have.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// A value without doubled members.
pub(crate) struct Strict(pub(crate) Value);

/// The members of an object. Null is the same as missing; unknown members are passed over.
#[derive(Clone, Copy)]
pub(crate) struct Members<'v>(&'v Map<String, Value>);

impl<'v> Members<'v> {
    /// The members of a value that must be an object.
    pub(crate) fn of(value: &'v Value) -> Result<Members<'v>, String> {
        value
            .as_object()
            .map(Members)
            .ok_or_else(|| "the JSON is no object".to_owned())
    }

    /// A text.
    pub(crate) fn text(self, name: &str) -> Result<Option<String>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(format!("{name} must be text")),
        }
    }

    /// A text that must be there.
    pub(crate) fn required_text(self, name: &str) -> Result<String, String> {
        self.text(name)?
            .ok_or_else(|| format!("{name} is required"))
    }

    /// A text, or a number as its digits.
    pub(crate) fn text_or_number(self, name: &str) -> Result<Option<String>, String> {
        match self.0.get(name) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            _ => self.text(name),
        }
    }

    /// An object.
    pub(crate) fn object(self, name: &str) -> Result<Option<Members<'v>>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Members(members))),
            Some(_) => Err(format!("{name} must be an object")),
        }
    }

    /// An object that must be there.
    pub(crate) fn required_object(self, name: &str) -> Result<Members<'v>, String> {
        self.object(name)?
            .ok_or_else(|| format!("{name} is required"))
    }

    /// True or false, or the text of it.
    pub(crate) fn flag(self, name: &str) -> Result<Option<bool>, String> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
            Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
            Some(_) => Err(format!("{name} must be true or false")),
        }
    }

    /// A list of texts; empty if it is missing.
    pub(crate) fn list(self, name: &str) -> Result<Vec<String>, String> {
        let items = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(Vec::new()),
            Some(Value::Array(items)) => items.iter(),
            Some(_) => return Err(format!("{name} must be a list")),
        };
        let texts = items.map(|item| item.as_str().map(str::to_owned));
        texts
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| format!("{name} must hold texts"))
    }

    /// Every member with its text, in the order of their names; those that are null are left out.
    pub(crate) fn texts(self) -> Result<Vec<(String, String)>, String> {
        let given = self.0.iter().filter(|(_, value)| !value.is_null());
        given
            .map(|(name, value)| match value.as_str() {
                Some(text) => Ok((name.clone(), text.to_owned())),
                None => Err(format!("{name} must be text")),
            })
            .collect()
    }

    /// A list of objects that must be there.
    pub(crate) fn required_objects(self, name: &str) -> Result<Vec<Members<'v>>, String> {
        let list = self
            .0
            .get(name)
            .and_then(Value::as_array)
            .ok_or_else(|| format!("{name} must be a list"))?;
        let objects = list
            .iter()
            .map(Value::as_object)
            .collect::<Option<Vec<_>>>();
        objects
            .map(|list| list.into_iter().map(Members).collect())
            .ok_or_else(|| format!("{name} must hold objects"))
    }
}

struct Reader;

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strict, D::Error> {
        deserializer.deserialize_any(Reader).map(Strict)
    }
}

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom(format!(
                    "the member {name:?} stands there twice"
                )));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_unless_a_member_is_doubled() {
        let text = r#"{"a":[1,-2,3.5,null,true,"x"],"b":{"a":{}}}"#;
        let Strict(value) = serde_json::from_str(text).unwrap();
        assert_eq!(value, serde_json::from_str::<Value>(text).unwrap());
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"[{"b":{"a":1,"c":2,"a":3}}]"#,
            r#"{"\u0061":1,"a":2}"#,
        ] {
            let error = serde_json::from_str::<Strict>(text)
                .map(|_| ())
                .unwrap_err()
                .to_string();
            assert!(error.contains("twice"), "{error}");
        }
        for text in [
            "",
            "{",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            "NaN",
            "[1e999]",
            &"[".repeat(200_000),
        ] {
            assert!(serde_json::from_str::<Strict>(text).is_err(), "{text:.10}");
        }
        assert!(serde_json::from_slice::<Strict>(b"\"\xff\"").is_err());
    }

    #[test]
    fn members_have_the_type_that_they_must_have() {
        let value =
            serde_json::json!({"t": "x", "n": -1, "o": {"t": "y"}, "l": [{}], "m": [1], "z": null});
        let members = Members::of(&value).unwrap();
        assert_eq!(members.text("t"), Ok(Some("x".to_owned())));
        assert_eq!(
            (members.text("z"), members.text("absent")),
            (Ok(None), Ok(None))
        );
        assert_eq!(
            (members.text_or_number("n"), members.text_or_number("t")),
            (Ok(Some("-1".to_owned())), Ok(Some("x".to_owned())))
        );
        assert_eq!(
            members
                .required_object("o")
                .and_then(|o| o.required_text("t")),
            Ok("y".to_owned())
        );
        assert!(members.object("z").is_ok_and(|object| object.is_none()));
        assert_eq!(members.required_objects("l").map(|list| list.len()), Ok(1));
        assert!(
            members.text("n").is_err()
                && members.text_or_number("o").is_err()
                && members.object("l").is_err()
        );
        assert!(members.required_text("z").is_err() && members.required_object("z").is_err());
        assert!(members.required_objects("m").is_err() && members.required_objects("o").is_err());
        assert!(Members::of(&Value::Array(Vec::new())).is_err());
    }
}
