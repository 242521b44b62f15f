//! Names as text, in the styles that products print. What is printed here, `parse.rs` reads back.
//!
//! All styles but OpenSSL's one-line are the same walk with other words: order, separators, keywords, and how a value
//! is made safe.

use super::parse::is_hex_value;
use super::{Attribute, Rdn, attribute};

/// RFC 4514 section 2.
pub(super) fn rfc4514(rdns: &[Rdn]) -> String {
    join(rdns.iter().rev(), ",", "+", |out, attribute| {
        let keyword = attribute::keyword(attribute.oid());
        out.push_str(&attribute::label(attribute.oid()));
        out.push('=');
        match attribute.text().filter(|_| keyword.is_some()) {
            Some(text) => rfc4514_value(out, text, text.starts_with('#')),
            None => hex_value(out, attribute),
        }
    })
}

/// `X500Principal.toString` of OpenJDK (sun.security.x509.AVA).
pub(super) fn java(rdns: &[Rdn]) -> String {
    join(rdns.iter().rev(), ", ", " + ", |out, attribute| {
        match attribute::java_keyword(attribute.oid()) {
            Some(keyword) => out.push_str(keyword),
            None => {
                out.push_str("OID.");
                out.push_str(&attribute.oid().to_string());
            }
        }
        out.push('=');
        match attribute.text() {
            Some(text) => java_value(out, text),
            None => hex_value(out, attribute),
        }
    })
}

/// The comma form in X.500 order with OpenSSL's keywords.
pub(super) fn comma_forward(rdns: &[Rdn]) -> String {
    join(rdns.iter(), ", ", " + ", |out, attribute| {
        openssl_keyword(out, attribute);
        match attribute.text() {
            // Where no hex can be meant, a leading `#` stays bare: products that print this form know no escape for it.
            Some(text) => rfc4514_value(out, text, is_hex_value(text)),
            None => hex_value(out, attribute),
        }
    })
}

/// `X509_NAME_oneline` of OpenSSL 3.
pub(super) fn openssl_oneline(rdns: &[Rdn]) -> String {
    let mut out = String::new();
    for rdn in rdns {
        for (index, attribute) in rdn.attributes().iter().enumerate() {
            out.push(if index == 0 { '/' } else { '+' });
            openssl_keyword(&mut out, attribute);
            match attribute.text() {
                Some(text) => oneline_value(&mut out, text),
                None => hex_value(&mut out, attribute),
            }
        }
    }
    out
}

/// Appends text with a backslash before each of `special`.
pub(super) fn escape_into(out: &mut String, text: &str, special: &str) {
    for c in text.chars() {
        if special.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
}

fn join<'a>(
    rdns: impl Iterator<Item = &'a Rdn>,
    between_rdns: &str,
    between_attributes: &str,
    print: impl Fn(&mut String, &Attribute),
) -> String {
    let mut out = String::new();
    for rdn in rdns {
        for (index, attribute) in rdn.attributes().iter().enumerate() {
            if index > 0 {
                out.push_str(between_attributes);
            } else if !out.is_empty() {
                out.push_str(between_rdns);
            }
            print(&mut out, attribute);
        }
    }
    out
}

fn openssl_keyword(out: &mut String, attribute: &Attribute) {
    match attribute::openssl_keyword(attribute.oid()) {
        Some(keyword) => out.push_str(keyword),
        None => out.push_str(&attribute.oid().to_string()),
    }
    out.push('=');
}

fn hex_value(out: &mut String, attribute: &Attribute) {
    out.push('#');
    out.push_str(&hex::encode(attribute.value_der()));
}

/// RFC 4514 section 2.4. Control characters go as hex too, which it allows, so that a name never breaks a line.
fn rfc4514_value(out: &mut String, text: &str, escape_hash: bool) {
    let last = text.chars().count().saturating_sub(1);
    for (index, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '#' if index == 0 && escape_hash => out.push_str("\\#"),
            ' ' if index == 0 || index == last => out.push_str("\\ "),
            _ if c.is_control() => hex_escape(out, "\\", c),
            _ => out.push(c),
        }
    }
}

/// Quotes what Java quotes: special characters, and spaces at an end or in a row. Inside quotes only `"` and `\` are
/// escaped.
fn java_value(out: &mut String, text: &str) {
    let special = text.contains([',', '+', '=', '\n', '<', '>', '#', ';', '\\', '"']);
    let spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    if special || spaced {
        out.push('"');
        escape_into(out, text, "\"\\");
        out.push('"');
    } else {
        out.push_str(text);
    }
}

/// ASCII as it is but for the escapes, everything else as the octets of its UTF-8.
fn oneline_value(out: &mut String, text: &str) {
    if is_hex_value(text) {
        out.push('\\');
    }
    for c in text.chars() {
        match c {
            '/' | '+' | '\\' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            _ => hex_escape(out, "\\x", c),
        }
    }
}

pub(super) fn openssl_oneline_part(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            ' '..='~' => out.push(c),
            _ => hex_escape(&mut out, "\\x", c),
        }
    }
    out
}

fn hex_escape(out: &mut String, prefix: &str, c: char) {
    let mut buffer = [0; 4];
    for octet in c.encode_utf8(&mut buffer).bytes() {
        out.push_str(prefix);
        out.push_str(&hex::encode_upper([octet]));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Name;

    /// Reads RFC 4514 text, and prints it in another style.
    fn check(print: fn(&Name) -> String, table: &[(&str, &str)]) {
        for (text, expected) in table {
            let name = Name::parse(text).unwrap();
            assert_eq!(print(&name), *expected, "{text}");
        }
    }

    #[test]
    fn rfc4514_escapes_what_it_must() {
        check(
            Name::to_rfc4514,
            &[
                ("", ""),
                ("cn=a, o=b ; C=US", "CN=a,O=b,C=US"),
                (
                    "E=a@b.c,SERIALNUMBER=1,T=t,SN=s,GN=g",
                    "emailAddress=a@b.c,serialNumber=1,title=t,surname=s,givenName=g",
                ),
                (
                    "CN=James \\\"Jim\\\" Smith\\, III,DC=example",
                    "CN=James \\\"Jim\\\" Smith\\, III,DC=example",
                ),
                ("CN=\\ a \\ ,O=\\#b#", "CN=\\ a \\ ,O=\\#b#"),
                ("CN=\\ ", "CN=\\ "),
                ("CN=a=b", "CN=a=b"),
                ("CN=\\<\\>\\;\\+\\\\", "CN=\\<\\>\\;\\+\\\\"),
                ("CN=a\\00b\\0dc\\C2\\85", "CN=a\\00b\\0Dc\\C2\\85"),
                ("CN=Lu\\C4\\8Di\\C4\\87", "CN=Lučić"),
                ("1.2.3.4=x", "1.2.3.4=#0c0178"),
                ("CN=#030100", "CN=#030100"),
                ("CN=", "CN="),
            ],
        );
    }

    #[test]
    fn java_prints_as_openjdk_17_does() {
        check(
            Name::to_java,
            &[
                (
                    "EMAILADDRESS=joeimport@hp.com, CN=Joe Import, OU=Cloud Services, O=HP, L=Cupertino, ST=California, C=US",
                    "EMAILADDRESS=joeimport@hp.com, CN=Joe Import, OU=Cloud Services, O=HP, L=Cupertino, ST=California, C=US",
                ),
                (
                    "S=Q,T=boss,DNQ=1,GN=g,SN=s,INITIALS=i,GENERATION=III,UID=u,DC=d,STREET=st,SERIALNUMBER=1",
                    "ST=Q, T=boss, DNQ=1, GIVENNAME=g, SURNAME=s, INITIALS=i, GENERATION=III, UID=u, DC=d, STREET=st, SERIALNUMBER=1",
                ),
                ("CN=a\\, b+OU=x", "OU=x + CN=\"a, b\""),
                ("CN=a  b", "CN=\"a  b\""),
                ("CN=\\ a", "CN=\" a\""),
                ("CN=\\#ab", "CN=\"#ab\""),
                ("CN=a*b@c_d&e|f", "CN=a*b@c_d&e|f"),
                ("CN=a=b", "CN=\"a=b\""),
                ("CN=a\\0Ab", "CN=\"a\nb\""),
                ("CN=a\\\\b", "CN=\"a\\\\b\""),
                ("CN=a\\\"b", "CN=\"a\\\"b\""),
                ("2.5.4.97=NTRGB-1", "OID.2.5.4.97=NTRGB-1"),
                ("postalCode=1 2", "OID.2.5.4.17=1 2"),
                ("CN=Jürgen", "CN=Jürgen"),
                ("CN=", "CN="),
                // Where we differ: Java prints "a", which reads back as a.
                ("CN=\\\"a\\\"", "CN=\"\\\"a\\\"\""),
            ],
        );
    }

    #[test]
    fn openssl_oneline_prints_as_openssl_3_does() {
        check(
            Name::to_openssl_oneline,
            &[
                (
                    "CN=test,OU=RD,O=o,L=Burnaby,ST=BC,C=CA",
                    "/C=CA/ST=BC/L=Burnaby/O=o/OU=RD/CN=test",
                ),
                (
                    "E=a@b.c,CN=x+serialNumber=1",
                    "/CN=x+serialNumber=1/emailAddress=a@b.c",
                ),
                ("CN=a/b\\+c\\, d", "/CN=a\\/b\\+c, d"),
                ("CN=Jürgen\\00", "/CN=J\\xC3\\xBCrgen\\x00"),
                ("SN=s,GN=g,T=t,STREET=x", "/street=x/title=t/GN=g/SN=s"),
                ("1.2.3.4=x", "/1.2.3.4=x"),
                // Where we differ: a backslash is doubled, and what would read as hex is escaped.
                ("CN=a\\\\b", "/CN=a\\\\b"),
                ("CN=\\#0c0178", "/CN=\\#0c0178"),
                ("CN=#030100", "/CN=#030100"),
            ],
        );
    }

    #[test]
    fn comma_forward_prints_as_in_the_vendor_examples() {
        check(
            Name::to_comma_forward,
            &[
                (
                    "emailAddress=####@####.com,CN=test,OU=RD,O=Fortinet,L=Burnaby,ST=BC,C=CA",
                    "C=CA, ST=BC, L=Burnaby, O=Fortinet, OU=RD, CN=test, emailAddress=####@####.com",
                ),
                ("CN=a\\, b+OU=x,O=\\#ab", "O=\\#ab, OU=x + CN=a\\, b"),
                ("1.2.3.4=x", "1.2.3.4=x"),
            ],
        );
    }
}
