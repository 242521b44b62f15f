//! The server's JSON objects, read leniently for people: a member that is missing shows as nothing. Must not know which
//! objects there are.

use serde_json::{Map, Value};

/// A member as one line of text: lists joined by commas, `yes` and `no` for flags, nothing for `null`.
pub(crate) fn text(object: &Value, member: &str) -> String {
    object
        .get(member)
        .map(|value| plain(value, ", "))
        .unwrap_or_default()
}

/// A member with each entry of a list on a line of its own.
pub(crate) fn lines(object: &Value, member: &str) -> String {
    object
        .get(member)
        .map(|value| plain(value, "\n"))
        .unwrap_or_default()
}

/// The day of a time.
pub(crate) fn day(object: &Value, member: &str) -> String {
    let time = text(object, member);
    time.split('T').next().unwrap_or_default().to_owned()
}

/// The members of an object as `name=value`, for details that differ from entry to entry.
pub(crate) fn pairs(object: &Value, member: &str) -> String {
    let Some(Value::Object(members)) = object.get(member) else {
        return text(object, member);
    };
    let pairs = members
        .iter()
        .map(|(name, value)| format!("{name}={}", plain(value, ",")));
    pairs.collect::<Vec<_>>().join(" ")
}

/// An object of the members that have a value.
pub(crate) fn of<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect::<Map<String, Value>>())
}

fn plain(value: &Value, between: &str) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(entries) => {
            let entries: Vec<String> = entries.iter().map(|entry| plain(entry, between)).collect();
            entries.join(between)
        }
        Value::Object(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn members_read_as_people_read() {
        let object = json!({"a": "x", "b": null, "c": ["x", "y"], "d": false, "e": 7,
            "f": "2026-11-22T11:34:00Z", "g": {"n": 1, "m": ["p", "q"]}});
        for (member, want) in [
            ("a", "x"),
            ("b", ""),
            ("c", "x, y"),
            ("d", "no"),
            ("e", "7"),
            ("z", ""),
        ] {
            assert_eq!(text(&object, member), want, "{member}");
        }
        assert_eq!(lines(&object, "c"), "x\ny");
        assert_eq!(day(&object, "f"), "2026-11-22");
        assert_eq!(pairs(&object, "g"), "m=p,q n=1");
    }

    #[test]
    fn absent_members_are_not_sent() {
        let object = of([("a", Some(json!(1))), ("b", None)]);
        assert_eq!(object, json!({"a": 1}));
    }
}
