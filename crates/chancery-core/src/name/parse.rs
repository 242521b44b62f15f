//! Names from text, in the styles that people and clients write. Gives attributes, not yet a name: `mod.rs` encodes
//! them.
//!
//! Lenient where one reading only is possible, strict where a mistake could turn into another name.

use super::{Attribute, NameError, Oid, Rdn, asn1, attribute};

/// Longest text that is looked at, in octets.
const LONGEST_TEXT: usize = 16 * 1024;
/// What a backslash may stand before: the special characters of RFC 4514 section 2.4, and the slash of the one-line
/// form.
const ESCAPABLE: &str = " \"#+,;<=>\\/";
const EXPECTED_ATTRIBUTE: &str =
    "expected an attribute as KEY=value; a separator inside a value needs a backslash before it";

/// Reads any style but the forward comma form.
pub(super) fn any_form(text: &str) -> Result<Vec<Rdn>, NameError> {
    limit(text)?;
    if text.trim_ascii_start().starts_with('/') {
        return slash_form(text);
    }
    let mut rdns = comma_form(text)?;
    rdns.reverse();
    Ok(rdns)
}

/// Reads the comma form with the most general level first.
pub(super) fn forward_form(text: &str) -> Result<Vec<Rdn>, NameError> {
    limit(text)?;
    comma_form(text)
}

/// Whether a bare value is read as the hex of its DER.
pub(super) fn is_hex_value(text: &str) -> bool {
    text.strip_prefix('#')
        .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|octet| octet.is_ascii_hexdigit()))
}

fn limit(text: &str) -> Result<(), NameError> {
    if text.len() > LONGEST_TEXT {
        Err(NameError::Limit("is over 16 KiB of text"))
    } else {
        Ok(())
    }
}

/// RFC 4514 section 3, widened by RFC 2253 section 4 (spaces, semicolons, quotes, `OID.`). Levels come in the order
/// of the text.
fn comma_form(text: &str) -> Result<Vec<Rdn>, NameError> {
    let mut cursor = Cursor { text, at: 0 };
    let mut rdns = Vec::new();
    let mut attributes = Vec::new();
    cursor.skip_space();
    if cursor.rest().is_empty() {
        return Ok(rdns);
    }
    loop {
        attributes.push(comma_attribute(&mut cursor)?);
        let separator = cursor.clone();
        match cursor.next() {
            Some('+') => {}
            Some(',' | ';') => rdns.push(Rdn {
                attributes: std::mem::take(&mut attributes),
            }),
            None => {
                rdns.push(Rdn { attributes });
                return Ok(rdns);
            }
            Some(_) => return Err(separator.error("expected a comma or the end after a value")),
        }
    }
}

fn comma_attribute(cursor: &mut Cursor<'_>) -> Result<Attribute, NameError> {
    cursor.skip_space();
    let oid = cursor.attribute_type()?;
    cursor.skip_space();
    let value = cursor.clone();
    let bare = cursor
        .rest()
        .split([',', ';', '+'])
        .next()
        .unwrap_or_default()
        .trim_end_matches(is_space);
    if is_hex_value(bare) {
        cursor.at += bare.len();
        cursor.skip_space();
        return hex_attribute(oid, bare, &value);
    }
    let octets = if cursor.eat('"') {
        quoted_value(cursor)?
    } else {
        plain_value(cursor)?
    };
    cursor.skip_space();
    text_attribute(oid, octets, &value)
}

/// Reads up to an unescaped separator, without the spaces before it.
fn plain_value(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, NameError> {
    let mut octets = Vec::new();
    let mut significant = 0;
    while let Some(c) = cursor.peek() {
        match c {
            ',' | ';' | '+' => break,
            '\\' => cursor.copy_escaped(&mut octets)?,
            _ => cursor.copy(&mut octets),
        }
        if c == '\\' || !is_space(c) {
            significant = octets.len();
        }
    }
    octets.truncate(significant);
    Ok(octets)
}

/// Reads up to and with the closing quotation mark. Inside, two of them stand for one, as Windows writes it.
fn quoted_value(cursor: &mut Cursor<'_>) -> Result<Vec<u8>, NameError> {
    let mut octets = Vec::new();
    loop {
        match cursor.peek() {
            Some('\\') => cursor.copy_escaped(&mut octets)?,
            Some('"') => {
                cursor.next();
                if cursor.peek() != Some('"') {
                    return Ok(octets);
                }
                cursor.copy(&mut octets);
            }
            Some(_) => cursor.copy(&mut octets),
            None => return Err(cursor.error("expected a closing quotation mark")),
        }
    }
}

/// OpenSSL's one-line form, as `X509_NAME_oneline` prints it and `-subj` takes it.
fn slash_form(text: &str) -> Result<Vec<Rdn>, NameError> {
    let mut cursor = Cursor {
        text: text.trim_end_matches(['\n', '\r']),
        at: 0,
    };
    let mut rdns: Vec<Rdn> = Vec::new();
    cursor.skip_space();
    while let Some(separator) = cursor.next() {
        if cursor.rest().is_empty() && separator == '/' {
            break;
        }
        let attribute = slash_attribute(&mut cursor)?;
        match rdns.last_mut() {
            Some(rdn) if separator == '+' => rdn.attributes.push(attribute),
            _ => rdns.push(Rdn {
                attributes: vec![attribute],
            }),
        }
    }
    Ok(rdns)
}

/// Reads one attribute, up to the `/` or `+` that begins the next.
fn slash_attribute(cursor: &mut Cursor<'_>) -> Result<Attribute, NameError> {
    let oid = cursor.attribute_type()?;
    let value = cursor.clone();
    let mut octets = Vec::new();
    while let Some(c) = cursor.peek() {
        if c == '\\' {
            cursor.copy_oneline_escaped(&mut octets);
            continue;
        }
        if is_slash_separator(cursor.rest()) {
            break;
        }
        cursor.copy(&mut octets);
    }
    let bare = value.text.get(value.at..cursor.at).unwrap_or_default();
    if is_hex_value(bare) {
        return hex_attribute(oid, bare, &value);
    }
    text_attribute(oid, octets, &value)
}

/// Whether `rest` begins with a `/` or `+` that ends a value: one before `KEY=`, or a `/` that ends the text.
fn is_slash_separator(rest: &str) -> bool {
    let Some(next) = rest.strip_prefix(['/', '+']) else {
        return false;
    };
    rest == "/"
        || next.trim_start_matches(is_key_character).starts_with('=') && !next.starts_with('=')
}

fn text_attribute(oid: Oid, octets: Vec<u8>, start: &Cursor<'_>) -> Result<Attribute, NameError> {
    let text = String::from_utf8(octets)
        .map_err(|_| start.error("hex escapes do not make valid UTF-8 in a value"))?;
    Ok(Attribute::lenient(oid, text))
}

fn hex_attribute(oid: Oid, bare: &str, start: &Cursor<'_>) -> Result<Attribute, NameError> {
    let der = hex::decode(bare.trim_start_matches('#')).unwrap_or_default();
    let (tag, content) = asn1::read_value(&der).map_err(|_| {
        start
            .error("the hex after # is not one DER value; write \\# for a value that begins with #")
    })?;
    Ok(Attribute::new(oid, tag, content.to_vec()))
}

/// Spaces and line ends, which carry no meaning around keys and values.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r')
}

fn is_key_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '-'
}

/// A place in the text.
#[derive(Clone)]
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.next();
        }
        found
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.next();
        }
    }

    fn error(&self, problem: &'static str) -> NameError {
        NameError::text(self.at, self.rest(), problem)
    }

    /// Reads `KEY=`, with or without space before the equals sign.
    fn attribute_type(&mut self) -> Result<Oid, NameError> {
        let start = self.clone();
        while self.peek().is_some_and(is_key_character) {
            self.next();
        }
        let keyword = self.text.get(start.at..self.at).unwrap_or_default();
        self.skip_space();
        if keyword.is_empty() || !self.eat('=') {
            return Err(start.error(EXPECTED_ATTRIBUTE));
        }
        attribute::from_keyword(keyword).ok_or_else(|| {
            start.error("unknown attribute type; write one such as CN, O or C, or a dotted OID")
        })
    }

    /// Moves one character to `out`.
    fn copy(&mut self, out: &mut Vec<u8>) {
        if let Some(c) = self.next() {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }

    /// Moves what an escape of RFC 4514 section 2.4 stands for to `out`: a special character, or one octet in hex.
    fn copy_escaped(&mut self, out: &mut Vec<u8>) -> Result<(), NameError> {
        let start = self.clone();
        self.next();
        if let Some(octet) = self.hex_octet() {
            out.push(octet);
            return Ok(());
        }
        if !self.peek().is_some_and(|c| ESCAPABLE.contains(c)) {
            return Err(start.error("unknown escape; write \\\\ for a backslash"));
        }
        self.copy(out);
        Ok(())
    }

    /// Moves what an escape of the one-line form stands for to `out`: `\xHH` is an octet, special characters are
    /// themselves. Any other backslash stands for itself, as OpenSSL prints it bare.
    fn copy_oneline_escaped(&mut self, out: &mut Vec<u8>) {
        self.next();
        let mut hex = self.clone();
        if hex.eat('x')
            && let Some(octet) = hex.hex_octet()
        {
            out.push(octet);
            *self = hex;
        } else if self.peek().is_some_and(|c| ESCAPABLE.contains(c)) {
            self.copy(out);
        } else {
            out.push(b'\\');
        }
    }

    /// Reads two hex digits, or nothing.
    fn hex_octet(&mut self) -> Option<u8> {
        let octet = hex::decode(self.rest().get(..2)?).ok()?.first().copied()?;
        self.at += 2;
        Some(octet)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Name;
    use super::*;

    /// Reads text, and compares it with RFC 4514 text as we print it.
    fn check(read: fn(&str) -> Result<Name, NameError>, table: &[(&str, &str)]) {
        for (text, expected) in table {
            match read(text) {
                Ok(name) => assert_eq!(name.to_rfc4514(), *expected, "{text}"),
                Err(error) => panic!("{text}: {error}"),
            }
        }
    }

    #[test]
    fn comma_form_in_all_its_habits() {
        check(
            Name::parse,
            &[
                ("", ""),
                ("  ", ""),
                ("CN=a,O=b", "CN=a,O=b"),
                (" cn = a ;\r\n o=b , Oid.2.5.4.6=US ", "CN=a,O=b,C=US"),
                ("CN=a b  c  ,O=x", "CN=a b  c,O=x"),
                ("CN=\\ a\\ \\ ,O=x", "CN=\\ a \\ ,O=x"),
                ("CN=,O=", "CN=,O="),
                ("O=\"a, b\" , C=US", "O=a\\, b,C=US"),
                ("O=\" a \\\"+\\\\ \",C=US", "O=\\ a \\\"\\+\\\\\\ ,C=US"),
                ("O=\"\",C=US", "O=,C=US"),
                ("O=\"the \"\"a\"\"\"", "O=the \\\"a\\\""),
                ("O=a \"b\"", "O=a \\\"b\\\""),
                ("CN=a=b/c@d<e>", "CN=a=b/c@d\\<e\\>"),
                ("CN=#030100, O=x", "CN=#030100,O=x"),
                ("CN=#0C0161+O=x", "CN=a+O=x"),
                ("emailAddress=####@####.com", "emailAddress=\\####@####.com"),
                ("O=#1 Plumbing", "O=\\#1 Plumbing"),
                ("CN=\\#ab", "CN=\\#ab"),
                ("CN=\"#ab\"", "CN=\\#ab"),
                ("1.2.3.4=x", "1.2.3.4=#0c0178"),
                (
                    "S=BC,ST=AB,E=a@b.c,dnq=1,gn=g",
                    "ST=BC,ST=AB,emailAddress=a@b.c,dnQualifier=1,givenName=g",
                ),
                ("C=Côte", "C=Côte"),
            ],
        );
    }

    #[test]
    fn examples_of_rfc4514_section_4() {
        check(
            Name::parse,
            &[
                (
                    "UID=jsmith,DC=example,DC=net",
                    "UID=jsmith,DC=example,DC=net",
                ),
                (
                    "OU=Sales+CN=J.  Smith,DC=example,DC=net",
                    "OU=Sales+CN=J.  Smith,DC=example,DC=net",
                ),
                (
                    r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
                    r#"CN=James \"Jim\" Smith\, III,DC=example,DC=net"#,
                ),
                (
                    r"CN=Before\0dAfter,DC=example,DC=net",
                    r"CN=Before\0DAfter,DC=example,DC=net",
                ),
                (
                    "1.3.6.1.4.1.1466.0=#04024869",
                    "1.3.6.1.4.1.1466.0=#04024869",
                ),
                (r"CN=Lu\C4\8Di\C4\87", "CN=Lučić"),
            ],
        );
    }

    #[test]
    fn slash_form_is_in_forward_order() {
        check(
            Name::parse,
            &[
                ("/", ""),
                (
                    "/C=CA/ST=BC/L=Burnaby/O=o/OU=RD/CN=test",
                    "CN=test,OU=RD,O=o,L=Burnaby,ST=BC,C=CA",
                ),
                (" /C=US/CN=a\n", "CN=a,C=US"),
                ("/C=US/CN=a/", "CN=a,C=US"),
                ("/C=US/O=/CN=a", "CN=a,O=,C=US"),
                ("/CN=x+serialNumber=1/O=y", "O=y,CN=x+serialNumber=1"),
                (
                    "/DC=org/CN=host/foo.example.org",
                    "CN=host/foo.example.org,DC=org",
                ),
                ("/CN=http://a/b?c=d", "CN=http://a/b?c=d"),
                ("/CN=joe+tag@example.com", "CN=joe\\+tag@example.com"),
                (r"/CN=a\/O=b\+O=c", r"CN=a/O=b\+O=c"),
                (r"/CN=J\xC3\xBCrgen/O=a\b\\c\", r"O=a\\b\\c\\,CN=Jürgen"),
                ("/CN=#030100/O=#x", "O=\\#x,CN=#030100"),
                (r"/CN=\#030100", r"CN=\#030100"),
                ("/CN=a, b", "CN=a\\, b"),
                ("/OID.1.2.3=x", "1.2.3=#0c0178"),
            ],
        );
    }

    #[test]
    fn forward_form_is_in_forward_order() {
        check(
            Name::parse_forward,
            &[
                (
                    "C=CA, ST=BC, L=Burnaby, O=Fortinet, OU=RD, CN=test, emailAddress=####@####.com",
                    "emailAddress=\\####@####.com,CN=test,OU=RD,O=Fortinet,L=Burnaby,ST=BC,C=CA",
                ),
                ("C = CA, O = \"a, b\", CN = x", "CN=x,O=a\\, b,C=CA"),
                ("", ""),
            ],
        );
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        let table = [
            (
                "CN",
                "expected an attribute as KEY=value; a separator inside a value needs a backslash before it, at octet 0: \"CN\"",
            ),
            (
                "CN=a, ",
                "expected an attribute as KEY=value; a separator inside a value needs a backslash before it, at the end of the text",
            ),
            (
                "O=Acme, Inc.,C=US",
                "expected an attribute as KEY=value; a separator inside a value needs a backslash before it, at octet 8: \"Inc.,C=US\"",
            ),
            (
                "CN=a+b",
                "expected an attribute as KEY=value; a separator inside a value needs a backslash before it, at octet 5: \"b\"",
            ),
            (
                "FOO=a",
                "unknown attribute type; write one such as CN, O or C, or a dotted OID, at octet 0: \"FOO=a\"",
            ),
            (
                "/C=US/FOO=a",
                "unknown attribute type; write one such as CN, O or C, or a dotted OID, at octet 6: \"FOO=a\"",
            ),
            (
                "CN=\"a",
                "expected a closing quotation mark, at the end of the text",
            ),
            (
                "CN=\"a\" b",
                "expected a comma or the end after a value, at octet 7: \"b\"",
            ),
            (
                "CN=CORP\\user",
                "unknown escape; write \\\\ for a backslash, at octet 7: \"\\\\user\"",
            ),
            (
                "CN=CORP\\admin",
                "hex escapes do not make valid UTF-8 in a value, at octet 3: \"CORP\\\\admin\"",
            ),
            (
                "CN=a\\",
                "unknown escape; write \\\\ for a backslash, at octet 4: \"\\\\\"",
            ),
            (
                "CN=#0c0",
                "the hex after # is not one DER value; write \\# for a value that begins with #, at octet 3: \"#0c0\"",
            ),
            (
                "/CN=#0c0161ff",
                "the hex after # is not one DER value; write \\# for a value that begins with #, at octet 4: \"#0c0161ff\"",
            ),
            (
                "CN=a,\u{1b}[31m",
                "expected an attribute as KEY=value; a separator inside a value needs a backslash before it, at octet 5: \"\\u{1b}[31m\"",
            ),
        ];
        for (text, expected) in table {
            let error = Name::parse(text).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("not a distinguished name: {expected}"),
                "{text}"
            );
        }
        let error = Name::parse(&"x".repeat(16 * 1024 + 1)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the distinguished name is over 16 KiB of text"
        );
    }
}
