//! One attribute of a name, and the ASN.1 string types its value may have (X.690 section 8.23, RFC 5280 section
//! 4.1.2.4).
//!
//! It must not know how names are put together, in DER or in text.

use super::{NameError, Oid, asn1, attribute};

pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const IA5_STRING: u8 = 0x16;
const NUMERIC_STRING: u8 = 0x12;
const TELETEX_STRING: u8 = 0x14;
const VISIBLE_STRING: u8 = 0x1a;
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;

/// An attribute: its type and its value, as DER and, if it is a character string, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    oid: Oid,
    tag: u8,
    content: Vec<u8>,
    /// The text, where it is not what the content octets are in UTF-8.
    recoded: Option<String>,
}

impl Attribute {
    /// The attribute type.
    #[must_use]
    pub fn oid(&self) -> &Oid {
        &self.oid
    }

    /// The value as text, or `None` if it is not a character string.
    ///
    /// Strings of octets are read as UTF-8 where they are that, and as Latin-1 otherwise, whatever they claim to be:
    /// that is what their writers meant. TeletexString is Latin-1, as everyone took it.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match (&self.recoded, self.tag) {
            (Some(text), _) => Some(text),
            (
                None,
                UTF8_STRING | PRINTABLE_STRING | IA5_STRING | NUMERIC_STRING | VISIBLE_STRING,
            ) => std::str::from_utf8(&self.content).ok(),
            (None, _) => None,
        }
    }

    /// Does it claim to be UTF-8 without being that?
    pub(super) fn is_broken(&self) -> bool {
        self.tag == UTF8_STRING && self.recoded.is_some()
    }

    /// The value as DER, with tag and length.
    #[must_use]
    pub fn value_der(&self) -> Vec<u8> {
        asn1::write_value(self.tag, &self.content)
    }

    pub(super) fn new(oid: Oid, tag: u8, content: Vec<u8>) -> Attribute {
        let recoded = recode(tag, &content);
        Attribute {
            oid,
            tag,
            content,
            recoded,
        }
    }

    /// Text in the string type that RFC 5280 wants for this attribute, or refused if it does not fit.
    pub(super) fn strict(oid: Oid, text: String) -> Result<Attribute, NameError> {
        let tag = attribute::string_type(&oid).tag();
        if !fits(tag, text.as_bytes()) {
            return Err(NameError::value(
                &oid,
                "has characters that its string type cannot hold",
            ));
        }
        Ok(Attribute::new(oid, tag, text.into_bytes()))
    }

    /// As [`Attribute::strict`], but in PrintableString where a UTF8String would hold nothing that it cannot.
    pub(super) fn printable(oid: Oid, text: String) -> Result<Attribute, NameError> {
        let plain = Attribute::strict(oid, text)?;
        if plain.tag == UTF8_STRING && fits(PRINTABLE_STRING, &plain.content) {
            return Ok(Attribute::new(oid, PRINTABLE_STRING, plain.content));
        }
        Ok(plain)
    }

    /// Text in the string type that RFC 5280 wants for this attribute, or in UTF8String if it does not fit.
    pub(super) fn lenient(oid: Oid, text: String) -> Attribute {
        let wanted = attribute::string_type(&oid).tag();
        let tag = if fits(wanted, text.as_bytes()) {
            wanted
        } else {
            UTF8_STRING
        };
        Attribute::new(oid, tag, text.into_bytes())
    }

    /// The identifier octet of the value.
    pub(super) fn tag(&self) -> u8 {
        self.tag
    }

    /// The content octets of the value.
    pub(super) fn content(&self) -> &[u8] {
        &self.content
    }
}

/// Whether these octets are proper content of a UTF8String, PrintableString or IA5String.
pub(super) fn fits(tag: u8, content: &[u8]) -> bool {
    match tag {
        UTF8_STRING => std::str::from_utf8(content).is_ok(),
        PRINTABLE_STRING => content
            .iter()
            .all(|octet| octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(octet)),
        IA5_STRING => content.is_ascii(),
        _ => false,
    }
}

/// The text of a string whose octets are not UTF-8; `None` if they are, or if it is no string or a broken one.
fn recode(tag: u8, content: &[u8]) -> Option<String> {
    match tag {
        UTF8_STRING | PRINTABLE_STRING | IA5_STRING | NUMERIC_STRING | VISIBLE_STRING => {
            std::str::from_utf8(content)
                .is_err()
                .then(|| latin1(content))
        }
        TELETEX_STRING => Some(latin1(content)),
        BMP_STRING => {
            let (units, odd) = content.as_chunks::<2>();
            let units = units.iter().map(|unit| u16::from_be_bytes(*unit));
            char::decode_utf16(units)
                .collect::<Result<_, _>>()
                .ok()
                .filter(|_| odd.is_empty())
        }
        UNIVERSAL_STRING => {
            let (units, odd) = content.as_chunks::<4>();
            let units = units
                .iter()
                .map(|unit| char::from_u32(u32::from_be_bytes(*unit)));
            units.collect::<Option<_>>().filter(|_| odd.is_empty())
        }
        _ => None,
    }
}

fn latin1(content: &[u8]) -> String {
    content.iter().map(|octet| char::from(*octet)).collect()
}
