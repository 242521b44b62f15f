//! What a value of an attribute may be.

use std::net::IpAddr;

use chancery_core::name::Oid;
use chancery_core::san::GeneralName;
use chancery_core::x509::{KeyUsage, eku};

/// Characters of `alternate-name`.
const LONGEST_NAMES: usize = 1024;

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Value {
    /// At most so many characters.
    Text(usize),
    /// Two letters.
    Country,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number from the first to the second.
    Number(u32, u32),
    /// Alternative names: see [`alternative_names`].
    Names,
    /// Key usages with commas between.
    KeyUsages,
    /// Extended key usages with commas between.
    ExtendedKeyUsages,
}

impl Value {
    /// May there be none at all?
    pub(super) const fn can_be_missing(self) -> bool {
        match self {
            Value::Text(_)
            | Value::Country
            | Value::Names
            | Value::KeyUsages
            | Value::ExtendedKeyUsages => true,
            Value::Word(_) | Value::Number(..) => false,
        }
    }

    /// Is `text` such a value? The error says what is wrong with it.
    pub(super) fn check(self, text: &str) -> Result<(), String> {
        let right = |is: bool, wrong: String| if is { Ok(()) } else { Err(wrong) };
        match self {
            Value::Text(most) => right(
                text.chars().count() <= most && !text.contains(char::is_control),
                format!("has more than {most} characters, or control characters"),
            ),
            Value::Country => right(
                text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()),
                "is not two letters".to_owned(),
            ),
            Value::Word(words) => right(
                words.contains(&text),
                format!("is none of {}", words.join(", ")),
            ),
            Value::Number(least, most) => right(
                text.parse()
                    .is_ok_and(|number: u32| (least..=most).contains(&number)),
                format!("is no number from {least} to {most}"),
            ),
            Value::Names => alternative_names(text).map(|_| ()),
            Value::KeyUsages => key_usage([text]).map(|_| ()),
            Value::ExtendedKeyUsages => extended_key_usage([text]).map(|_| ()),
        }
    }
}

/// The words of a list with commas between.
fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}

/// All key usages in these lists.
pub(super) fn key_usage<'a>(lists: impl IntoIterator<Item = &'a str>) -> Result<KeyUsage, String> {
    lists
        .into_iter()
        .flat_map(listed)
        .try_fold(KeyUsage::default(), |all, word| {
            let usage = KeyUsage::parse(word);
            let usage =
                usage.ok_or_else(|| format!("{word:?} is no key usage, as digitalSignature is"))?;
            Ok(all.union(usage))
        })
}

/// All extended key usages in these lists, in order, each once.
pub(super) fn extended_key_usage<'a>(
    lists: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Oid>, String> {
    let mut all = Vec::new();
    for word in lists.into_iter().flat_map(listed) {
        let usage = eku::parse(word)
            .ok_or_else(|| format!("{word:?} is no extended key usage, as serverAuth is"))?;
        if !all.contains(&usage) {
            all.push(usage);
        }
    }
    Ok(all)
}

/// Alternative names as the device takes them: `IP:192.0.2.1,DNS:sbc.example,email:noc@sbc.example`, in any letter case. What
/// has no key is an address or a DNS name.
pub(super) fn alternative_names(text: &str) -> Result<Vec<GeneralName>, String> {
    if text.chars().count() > LONGEST_NAMES {
        return Err(format!("has more than {LONGEST_NAMES} characters"));
    }
    listed(text).map(alternative_name).collect()
}

fn alternative_name(text: &str) -> Result<GeneralName, String> {
    // The colons of an IPv6 address are no key's.
    let parsed = match (text.parse::<IpAddr>(), text.split_once(':')) {
        (Ok(_), _) => GeneralName::ip(text),
        (Err(_), None) => GeneralName::dns(text),
        (Err(_), Some((key, value))) => match key.trim().to_ascii_lowercase().as_str() {
            "ip" => GeneralName::ip(value.trim()),
            "dns" => GeneralName::dns(value.trim()),
            "email" => GeneralName::email(value.trim()),
            "uri" => GeneralName::uri(value.trim()),
            _ => {
                return Err(format!(
                    "{text:?} must start with IP:, DNS:, email: or URI:"
                ));
            }
        },
    };
    parsed.map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use chancery_core::x509::eku::{CLIENT_AUTH, SERVER_AUTH};

    #[track_caller]
    fn check(value: Value, good: &[&str], bad: &[&str]) {
        for text in good {
            assert_eq!(value.check(text), Ok(()), "{value:?} {text:?}");
        }
        for text in bad {
            assert!(value.check(text).is_err(), "{value:?} {text:?}");
        }
    }

    #[test]
    fn values_are_held_to_what_they_may_be() {
        check(Value::Text(3), &["", "a b", "äöü"], &["abcd", "a\nb"]);
        check(Value::Country, &["US", "de"], &["", "U", "USA", "U1", "Ü"]);
        check(Value::Word(&["a", "b"]), &["a", "b"], &["", "A", "c"]);
        check(
            Value::Number(1, 10),
            &["1", "10", "+7"],
            &["0", "11", "", "x", "-1", "1.0"],
        );
        check(
            Value::KeyUsages,
            &["digitalSignature", "nonRepudiation, keyAgreement", ""],
            &["serverAuth", "digitalSignature;keyAgreement"],
        );
        check(
            Value::ExtendedKeyUsages,
            &["serverAuth", "clientAuth,serverAuth", "1.2.3.4"],
            &["digitalSignature", "a b"],
        );
        check(
            Value::Names,
            &[
                "IP:192.0.2.1,DNS:a.example",
                "a.example",
                "2001:db8::1",
                "ip:2001:db8::1",
                " , ",
            ],
            &[
                "DNS:a b",
                "IP:a",
                "email:a",
                "RID:1.2.3",
                "a.example b.example",
            ],
        );
        let long = format!("DNS:{}", "a.".repeat(600));
        check(Value::Names, &[], &[&long]);
    }

    #[test]
    fn lists_are_put_together() {
        let names = alternative_names("IP:192.0.2.1, dns:a.example,email:noc@a.example").unwrap();
        let want = ["ip:192.0.2.1", "dns:a.example", "email:noc@a.example"]
            .map(|name| GeneralName::parse(name).unwrap());
        assert_eq!(names, want);
        let usage = key_usage(["keyEncipherment,digitalSignature", "digitalSignature"]).unwrap();
        assert_eq!(usage.word(), "digitalSignature,keyEncipherment");
        assert_eq!(
            extended_key_usage(["clientAuth", "serverAuth,clientAuth"]),
            Ok(vec![CLIENT_AUTH, SERVER_AUTH])
        );
    }
}
