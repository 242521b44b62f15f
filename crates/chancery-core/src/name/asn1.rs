//! The DER of a name, in and out (RFC 5280 section 4.1.2.4, X.690).
//!
//! Our own reader, because those of `der` and `x509-parser` refuse names that stand in real certificates:
//! UniversalString, Latin-1 in a PrintableString, lengths in too many octets. It must not know what is in a value.

use super::{Attribute, NameError, Oid, Rdn};

const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;

/// Reads one `Name` and nothing after it. Levels and attributes come in encoded order.
pub(super) fn read_name(der: &[u8]) -> Result<Vec<Rdn>, NameError> {
    let mut input = Reader::new(der);
    let mut name = input.expect(SEQUENCE, "expected the SEQUENCE of a name")?;
    input.finish()?;
    let mut rdns = Vec::new();
    while !name.is_finished() {
        let mut set = name.expect(SET, "expected the SET of an RDN")?;
        let mut attributes = Vec::with_capacity(1);
        while !set.is_finished() {
            attributes.push(read_attribute(&mut set)?);
        }
        rdns.push(Rdn { attributes });
    }
    Ok(rdns)
}

/// Writes the DER of a `Name`; the attributes of a level are sorted here.
pub(super) fn write_name(rdns: &[Rdn]) -> Vec<u8> {
    let mut name = Vec::new();
    for rdn in rdns {
        let mut attributes: Vec<Vec<u8>> = rdn.attributes.iter().map(write_attribute).collect();
        // X.690 section 11.6: a SET OF is in ascending order of its encoded elements.
        attributes.sort_unstable();
        write(&mut name, SET, &attributes.concat());
    }
    let mut out = Vec::with_capacity(name.len() + 4);
    write(&mut out, SEQUENCE, &name);
    out
}

/// Reads exactly one value, as tag and content.
pub(super) fn read_value(der: &[u8]) -> Result<(u8, &[u8]), NameError> {
    let mut reader = Reader::new(der);
    let (tag, content) = reader.any()?;
    reader.finish()?;
    Ok((tag, content.rest))
}

/// Writes one value.
pub(super) fn write_value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 4);
    write(&mut out, tag, content);
    out
}

fn read_attribute(set: &mut Reader<'_>) -> Result<Attribute, NameError> {
    let mut pair = set.expect(SEQUENCE, "expected the SEQUENCE of an attribute")?;
    let oid = pair.expect(OBJECT_IDENTIFIER, "expected the type of an attribute")?;
    let oid = read_oid(oid.rest).ok_or_else(|| {
        oid.error("unexpected attribute type, no object identifier or a too large one,")
    })?;
    let (tag, content) = pair.any()?;
    pair.finish()?;
    Ok(Attribute::new(oid, tag, content.rest.to_vec()))
}

/// An object identifier in its only encoding: leading zeros in an arc (X.690 section 8.19.2) would hide one type
/// behind another's text.
fn read_oid(content: &[u8]) -> Option<Oid> {
    let padded = content
        .split_inclusive(|octet| *octet < 0x80)
        .any(|arc| arc.first() == Some(&0x80));
    if padded {
        None
    } else {
        Oid::from_bytes(content).ok()
    }
}

fn write_attribute(attribute: &Attribute) -> Vec<u8> {
    let mut pair = Vec::new();
    write(&mut pair, OBJECT_IDENTIFIER, attribute.oid().as_bytes());
    write(&mut pair, attribute.tag(), attribute.content());
    let mut out = Vec::with_capacity(pair.len() + 4);
    write(&mut out, SEQUENCE, &pair);
    out
}

/// Appends a tag, the length in its shortest form (X.690 section 10.1), and the content.
fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    match u8::try_from(content.len()) {
        Ok(short @ 0..0x80) => out.push(short),
        _ => {
            let length: Vec<u8> = content
                .len()
                .to_be_bytes()
                .into_iter()
                .skip_while(|octet| *octet == 0)
                .collect();
            out.push(0x80 | length.len() as u8);
            out.extend_from_slice(&length);
        }
    }
    out.extend_from_slice(content);
}

/// Walks tag-length-content triples of definite length, and knows where in the whole input it is.
struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn new(der: &'a [u8]) -> Reader<'a> {
        Reader { rest: der, at: 0 }
    }

    fn is_finished(&self) -> bool {
        self.rest.is_empty()
    }

    fn finish(&self) -> Result<(), NameError> {
        if self.is_finished() {
            Ok(())
        } else {
            Err(self.error("unexpected data"))
        }
    }

    fn error(&self, problem: &'static str) -> NameError {
        NameError::Der {
            at: self.at,
            problem,
        }
    }

    /// The content of the next triple, which must have this tag.
    fn expect(&mut self, tag: u8, problem: &'static str) -> Result<Reader<'a>, NameError> {
        if self.rest.first() != Some(&tag) {
            return Err(self.error(problem));
        }
        Ok(self.any()?.1)
    }

    /// The tag and the content of the next triple.
    fn any(&mut self) -> Result<(u8, Reader<'a>), NameError> {
        let tag = self.octet()?;
        if tag & 0x1f == 0x1f {
            return Err(self.error("unexpected long tag"));
        }
        let length = self.length()?;
        let content = Reader {
            rest: self.take(length)?,
            at: self.at - length,
        };
        Ok((tag, content))
    }

    /// A definite length. Leading zero octets are let pass, as elsewhere: `check_issuable` refuses them.
    fn length(&mut self) -> Result<usize, NameError> {
        match self.octet()? {
            short @ 0..0x80 => Ok(usize::from(short)),
            long @ 0x81..=0x84 => {
                let octets = self.take(usize::from(long & 0x7f))?;
                Ok(octets
                    .iter()
                    .fold(0, |length, octet| length << 8 | usize::from(*octet)))
            }
            0x80 => Err(self.error("unexpected indefinite length")),
            0x85.. => Err(self.error("unexpected length over 4 octets")),
        }
    }

    fn octet(&mut self) -> Result<u8, NameError> {
        self.take(1)?
            .first()
            .copied()
            .ok_or_else(|| self.error("missing data"))
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], NameError> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| self.error("missing data"))?;
        self.rest = rest;
        self.at += count;
        Ok(taken)
    }
}
