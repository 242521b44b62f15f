//! General names (RFC 5280, section 4.2.1.6): what a subject alternative name can hold.

mod uri;

use std::fmt;
use std::net::IpAddr;

use crate::name::Name;

/// One alternative name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum GeneralName {
    /// A DNS name in its ASCII form, lower case, perhaps with a leading `*.`.
    Dns(String),
    /// A mail address (RFC 822), ASCII.
    Email(String),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// An absolute URI, ASCII.
    Uri(String),
    /// A directory name.
    Directory(Name),
    /// Any other form, read from foreign material: its whole DER. Never issued.
    Other(Vec<u8>),
}

/// Why text is no general name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct GeneralNameError(String);

impl GeneralName {
    /// Reads a name as people write it: `dns:example.com`, `email:joe@example.com`, `ip:192.0.2.1`, `uri:https://...`,
    /// case of the key and `=` for `:` do not matter; without a key, an address or a mail address is told by its look
    /// and all else is a DNS name.
    pub fn parse(text: &str) -> Result<GeneralName, GeneralNameError> {
        let text = text.trim();
        let key = text.find([':', '=']).map(|at| text.split_at(at));
        let keyed = key.and_then(|(key, rest)| {
            let value = rest.get(1..).unwrap_or_default();
            match key.to_ascii_lowercase().as_str() {
                "dns" => Some(GeneralName::dns(value)),
                "email" | "rfc822" | "rfc822name" => Some(GeneralName::email(value)),
                "ip" | "ip address" | "ipaddress" => Some(GeneralName::ip(value)),
                "uri" | "url" => Some(GeneralName::uri(value)),
                _ => None,
            }
        });
        if let Some(read) = keyed {
            return read;
        }
        if text.parse::<IpAddr>().is_ok() {
            return GeneralName::ip(text);
        }
        if text.contains('@') {
            GeneralName::email(text)
        } else {
            GeneralName::dns(text)
        }
    }

    /// A DNS name: letters, digits, hyphens and underscores in labels of 1 to 63, 253 in all; `*` alone may stand first.
    pub fn dns(text: &str) -> Result<GeneralName, GeneralNameError> {
        let lower = text.to_ascii_lowercase();
        // An address is no host name (RFC 1123, section 2.1): the last label is never all digits.
        let numeric = lower
            .rsplit('.')
            .next()
            .is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
        let rest = lower.strip_prefix("*.").unwrap_or(&lower);
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        if !numeric && lower.len() <= 253 && rest.split('.').all(label) {
            Ok(GeneralName::Dns(lower))
        } else {
            Err(GeneralNameError(format!(
                "{:?} is not a DNS name",
                excerpt(text)
            )))
        }
    }

    /// A mail address: the Mailbox of RFC 5321, section 4.1.2, with a dot-string before its `@` (at most 64 octets) and a
    /// host after it, 254 octets in all. Quoted strings and address literals are refused: next to no mail system takes
    /// them.
    pub fn email(text: &str) -> Result<GeneralName, GeneralNameError> {
        let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atext);
        let good = text.len() <= 254
            && text.split_once('@').is_some_and(|(local, host)| {
                local.len() <= 64
                    && local.split('.').all(is_atom)
                    && !host.starts_with('*')
                    && GeneralName::dns(host).is_ok()
            });
        if good {
            Ok(GeneralName::Email(text.to_owned()))
        } else {
            Err(GeneralNameError(format!(
                "{:?} is not a mail address",
                excerpt(text)
            )))
        }
    }

    /// An IP address, version 4 or 6.
    pub fn ip(text: &str) -> Result<GeneralName, GeneralNameError> {
        text.parse()
            .map(GeneralName::Ip)
            .map_err(|_| GeneralNameError(format!("{:?} is not an IP address", excerpt(text))))
    }

    /// An absolute URI of RFC 3986, at most 2048 octets, with a host where it has an authority (RFC 5280, section 4.2.1.6).
    pub fn uri(text: &str) -> Result<GeneralName, GeneralNameError> {
        if text.len() <= 2048 && uri::is_absolute(text) {
            Ok(GeneralName::Uri(text.to_owned()))
        } else {
            Err(GeneralNameError(format!(
                "{:?} is not an absolute URI",
                excerpt(text)
            )))
        }
    }
}

/// A character of an Atom (RFC 5322, section 3.2.3).
fn is_atext(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b)
}

fn excerpt(text: &str) -> String {
    text.chars().take(64).collect()
}

impl fmt::Display for GeneralName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GeneralName::Dns(name) => write!(f, "dns:{name}"),
            GeneralName::Email(name) => write!(f, "email:{name}"),
            GeneralName::Ip(address) => write!(f, "ip:{address}"),
            GeneralName::Uri(uri) => write!(f, "uri:{uri}"),
            GeneralName::Directory(name) => write!(f, "dir:{}", name.to_rfc4514()),
            GeneralName::Other(der) => write!(f, "other:#{}", hex::encode(der)),
        }
    }
}

impl fmt::Display for GeneralNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}; write dns:NAME, email:ADDRESS, ip:ADDRESS or uri:URI",
            self.0
        )
    }
}

impl std::error::Error for GeneralNameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_with_and_without_keys() {
        for (text, want) in [
            ("Example.COM", "dns:example.com"),
            ("dns:*.example.com", "dns:*.example.com"),
            ("DNS=a_b.example", "dns:a_b.example"),
            ("joe@hp.com", "email:joe@hp.com"),
            ("j.o'neil+ca@hp.com", "email:j.o'neil+ca@hp.com"),
            ("192.0.2.1", "ip:192.0.2.1"),
            ("::1", "ip:::1"),
            ("IP:2001:db8::1", "ip:2001:db8::1"),
            ("uri:https://example.com/x", "uri:https://example.com/x"),
        ] {
            assert_eq!(
                GeneralName::parse(text).map(|n| n.to_string()),
                Ok(want.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            "a..b",
            "-a.example",
            "dns:a b",
            "dns:*",
            "dns:a.*.b",
            "ip:300.1.1.1",
            "email:joe",
            "email:@x",
            "uri:x",
            "dns:a\0b",
            "dns:10.0.0.1",
            "dns:ex\u{e4}mple",
            "email:a@b@c",
            "email:joe@*.example.com",
            "email:joe..doe@example.com",
            "email:.joe@example.com",
            "email:joe,doe@example.com",
            "email:\"joe doe\"@example.com",
            "email:joe@[192.0.2.1]",
            "email:joe@192.0.2.1",
            &format!("email:{}@example.com", "j".repeat(65)),
        ] {
            assert!(GeneralName::parse(text).is_err(), "{text:?}");
        }
    }
}
