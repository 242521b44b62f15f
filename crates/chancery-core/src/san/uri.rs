//! What an absolute URI is (RFC 3986): its grammar, and no more. Schemes' own rules are theirs.

use std::net::Ipv6Addr;

/// Is `text` a scheme, a colon and what may follow it (RFC 3986, section 3)? An authority must name a host.
pub(super) fn is_absolute(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let (rest, fragment) = split(rest, '#');
    let (hierarchy, query) = split(rest, '?');
    let after = |part: Option<&str>| part.is_none_or(|part| holds(part, b":@/?"));
    is_scheme(scheme)
        && !hierarchy.is_empty()
        && is_hierarchy(hierarchy)
        && after(query)
        && after(fragment)
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// `//authority/path`, or a path alone.
fn is_hierarchy(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("//") else {
        return holds(text, b":@/");
    };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    is_authority(authority) && holds(path, b":@/")
}

/// `user@host:port` (RFC 3986, section 3.2).
fn is_authority(text: &str) -> bool {
    let (user, host) = text.rsplit_once('@').unwrap_or(("", text));
    let (host, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else {
                return false;
            };
            if address.parse::<Ipv6Addr>().is_err() {
                return false;
            }
            (None, port)
        }
        None => {
            let end = host.find(':').unwrap_or(host.len());
            let (host, port) = host.split_at(end);
            (Some(host), port)
        }
    };
    let is_host = host.is_none_or(|host| !host.is_empty() && holds(host, b""));
    let is_port = match port.strip_prefix(':') {
        Some(digits) => digits.is_empty() || (all_digits(digits) && digits.parse::<u16>().is_ok()),
        None => port.is_empty(),
    };
    holds(user, b":") && is_host && is_port
}

fn all_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Only unreserved characters, sub-delimiters, `%` with two hexadecimal digits, and `also`.
fn holds(text: &str, also: &[u8]) -> bool {
    let mut bytes = text.bytes();
    let hex = |b: Option<u8>| b.is_some_and(|b| b.is_ascii_hexdigit());
    while let Some(b) = bytes.next() {
        let good = match b {
            b'%' => hex(bytes.next()) && hex(bytes.next()),
            _ => b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&b) || also.contains(&b),
        };
        if !good {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::is_absolute;

    #[test]
    fn absolute_uris_are_told_from_others() {
        for text in [
            "https://example.com",
            "https://example.com:8443/a;b=c/d%20e?f=g/h?#i/?",
            "ldap://[2001:db8::7]/c=GB?objectClass?one",
            "ldap://[::1]:389",
            "http://user:word@example.com:/",
            "http://192.0.2.1/",
            "mailto:joe@example.com",
            "urn:uuid:7a7e3d52-0000-4000-8000-000000000000",
            "spiffe://example.org/ns/a",
            "sip:joe@example.com;transport=tcp",
        ] {
            assert!(is_absolute(text), "{text:?}");
        }
        for text in [
            "",
            "x",
            "x:",
            ":x",
            "1x:y",
            "a b:c",
            "http://",
            "http:///path",
            "http://:80/",
            "http://example.com:99999/",
            "http://example.com:8o/",
            "http://[::1",
            "http://[::g]/",
            "http://[::1]x/",
            "http://a b/",
            "http://a/%zz",
            "http://a/%2",
            "http://a/<b>",
            "http://a/\"b",
            "http://a/b\\c",
            "http://a/b#c#d",
            "http://a@b@c/",
            "http://ex\u{e4}mple/",
            "x:\0",
        ] {
            assert!(!is_absolute(text), "{text:?}");
        }
    }
}
