//! What the things have in common that other products keep with us: ids, names, versions and properties. The engine
//! keeps, versions and guards them; what they mean is those products' business.

use crate::audit::NewAuditEntry;
use crate::store::{Step, StoreError};
use crate::{App, Caller, Error, random};

/// The value of a property.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PropertyValue {
    /// At most 4096 characters.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
}

/// Which identity providers or trusted certificates to list, and in which order of their names.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct TrustFilter {
    /// Only those with one of these names; all if empty.
    pub names: Vec<String>,
    /// Only identity providers of one of these kinds; all if empty. Trusted certificates have no kind.
    pub kinds: Vec<String>,
    /// From the last name to the first.
    pub descending: bool,
}

/// Most things of one kind: beyond it they are no longer something that people look after.
pub(crate) const MOST_OF_A_KIND: u32 = 10_000;

/// Characters of a name, a kind or a key.
const LONGEST_NAME: usize = 128;
/// Characters of a text value.
const LONGEST_TEXT: usize = 4096;
/// Properties of one thing.
const MOST_PROPERTIES: usize = 64;

impl App {
    /// Commits a change of such a thing with its audit entry. What was verified is forgotten: an identity provider's
    /// domain may come and go with it.
    pub(crate) async fn commit_kept(
        &self,
        caller: &Caller,
        step: Step,
        id: &str,
        action: &'static str,
    ) -> Result<(), StoreError> {
        let entry = NewAuditEntry {
            object: Some(id.to_owned()),
            ..self.audit_entry(Some(caller), action)
        };
        self.commit_accounts(vec![step, Step::Audit(entry)]).await
    }
}

/// A new random id: 32 lower-case hexadecimal digits.
pub(crate) fn new_id() -> Result<String, Error> {
    Ok(hex::encode(random::octets::<16>()?))
}

/// Is that an id that a thing could have?
pub(crate) fn check_id(id: &str) -> Result<(), Error> {
    let digits = id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if id.len() == 32 && digits {
        Ok(())
    } else {
        Err(Error::Invalid(
            "an id has 32 lower-case hexadecimal digits".to_owned(),
        ))
    }
}

/// Is `text` 1 to 128 visible characters? `what` names it in the error (`a trusted certificate's name`).
pub(crate) fn check_name(what: &str, text: &str) -> Result<(), Error> {
    let fits = (1..=LONGEST_NAME).contains(&text.chars().count());
    if fits && !text.chars().any(char::is_control) {
        Ok(())
    } else {
        Err(Error::Invalid(format!(
            "{what} has 1 to {LONGEST_NAME} visible characters"
        )))
    }
}

/// Can these be kept? No key twice, and nothing beyond the limits.
pub(crate) fn check_properties(properties: &[(String, PropertyValue)]) -> Result<(), Error> {
    if properties.len() > MOST_PROPERTIES {
        return Err(Error::Invalid(format!(
            "at most {MOST_PROPERTIES} properties are kept"
        )));
    }
    let mut keys: Vec<&str> = properties.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.dedup();
    if keys.len() < properties.len() {
        return Err(Error::Invalid("a property's key comes twice".to_owned()));
    }
    for (key, value) in properties {
        check_name("a property's key", key)?;
        if let PropertyValue::Text(text) = value {
            check_text(key, text)?;
        }
    }
    Ok(())
}

fn check_text(key: &str, text: &str) -> Result<(), Error> {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    if text.chars().count() <= LONGEST_TEXT && !text.contains(odd) {
        Ok(())
    } else {
        Err(Error::Invalid(format!(
            "the property {key:?} has at most {LONGEST_TEXT} characters, and no control characters but tabs and line ends"
        )))
    }
}

/// The version after `stored` (0 where nothing is stored) of a change that knows the version `known`, if it names one.
///
/// # Errors
/// [`Error::Changed`] if what is stored is newer than what the change knows.
pub(crate) fn next_version(stored: Option<u32>, known: Option<u32>) -> Result<u32, Error> {
    let Some(stored) = stored else {
        return Ok(0);
    };
    if known.is_some_and(|known| known < stored) {
        return Err(Error::Changed);
    }
    stored
        .checked_add(1)
        .ok_or_else(|| Error::Invalid("it was changed too often: make a new one".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(key: &str, value: &str) -> (String, PropertyValue) {
        (key.to_owned(), PropertyValue::Text(value.to_owned()))
    }

    #[test]
    fn ids_are_32_lower_case_digits() {
        check_id(&new_id().unwrap()).unwrap();
        assert_ne!(new_id().unwrap(), new_id().unwrap());
        check_id("0000000000000000fffffffffffffffe").unwrap();
        for bad in [
            "",
            "0000000000000000FFFFFFFFFFFFFFFE",
            "0000000000000000ffffffffffffffe",
            "0000000000000000ffffffffffffffffe",
            "0000000000000000fffffffffffffff ",
            "0000000000000000ffffffffffffffé",
        ] {
            assert!(matches!(check_id(bad), Err(Error::Invalid(_))), "{bad:?}");
        }
    }

    #[test]
    fn names_have_an_end_and_are_visible() {
        check_name("a name", &"é".repeat(128)).unwrap();
        for bad in ["", "a\nb", "a\0", &"a".repeat(129)] {
            assert!(
                matches!(check_name("a name", bad), Err(Error::Invalid(_))),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn properties_have_limits() {
        let many = |count: usize| -> Vec<_> {
            (0..count)
                .map(|n| (format!("key {n}"), PropertyValue::Number(n as i64)))
                .collect()
        };
        for good in [
            Vec::new(),
            many(64),
            vec![text("a", ""), text("A", "two\r\n\tlines")],
            vec![text(&"k".repeat(128), &"é".repeat(4096))],
        ] {
            check_properties(&good).unwrap();
        }
        for bad in [
            many(65),
            vec![text("a", "1"), ("a".to_owned(), PropertyValue::Flag(true))],
            vec![text("", "1")],
            vec![text(&"k".repeat(129), "1")],
            vec![text("a", &"é".repeat(4097))],
            vec![text("a", "\0")],
        ] {
            assert!(
                matches!(check_properties(&bad), Err(Error::Invalid(_))),
                "{bad:?}"
            );
        }
    }

    #[test]
    fn versions_grow_by_one_and_never_go_back() {
        for (stored, known, want) in [
            (None, None, 0),
            (None, Some(7), 0),
            (Some(0), None, 1),
            (Some(4), Some(4), 5),
            (Some(4), Some(9), 5),
        ] {
            assert_eq!(next_version(stored, known).unwrap(), want);
        }
        assert!(matches!(
            next_version(Some(4), Some(3)),
            Err(Error::Changed)
        ));
        assert!(matches!(
            next_version(Some(u32::MAX), None),
            Err(Error::Invalid(_))
        ));
    }
}
