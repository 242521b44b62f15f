//! Tag, length, content: just enough of DER to take X.509 apart without copying (X.690, section 8.1).
//!
//! Our own, because a listing reads a certificate for each of its lines: with the general reader of the `der` crate one
//! takes more than twice as long (4.4 us against 1.9 us). What the values mean is left to whoever reads them.

/// Some octets are not what they should be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Malformed;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The identifier octet of a primitive value with a context-specific tag.
pub(crate) const fn context(number: u8) -> u8 {
    0x80 | number
}

/// The identifier octet of a constructed value with a context-specific tag.
pub(crate) const fn context_constructed(number: u8) -> u8 {
    0xa0 | number
}

/// One element.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    /// Its identifier octet.
    pub(crate) tag: u8,
    /// Its content octets.
    pub(crate) content: &'a [u8],
    /// All its octets.
    pub(crate) der: &'a [u8],
}

/// Walks the elements in some octets. Ends in [`Reader::finish`], so that nothing is left over unseen.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// For the elements in these octets, which are mostly the content of another element.
    pub(crate) fn new(octets: &'a [u8]) -> Reader<'a> {
        Reader(octets)
    }

    /// For what is inside the only element in these octets, which must have this tag.
    pub(crate) fn inside(octets: &'a [u8], tag: u8) -> Result<Reader<'a>, Malformed> {
        let mut outer = Reader(octets);
        let inner = outer.nested(tag)?;
        outer.finish()?;
        Ok(inner)
    }

    /// The next element.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, Malformed> {
        let (tag, length, header) = match *self.0 {
            // A tag number in more than one octet occurs nowhere in X.509.
            [tag, ..] if tag & 0x1f == 0x1f => return Err(Malformed),
            [tag, length @ ..=0x7f, ..] => (tag, usize::from(length), 2),
            [tag, 0x81, a, ..] => (tag, usize::from(a), 3),
            [tag, 0x82, a, b, ..] => (tag, usize::from(u16::from_be_bytes([a, b])), 4),
            [tag, 0x83, a, b, c, ..] => (tag, length_of([0, a, b, c])?, 5),
            [tag, 0x84, a, b, c, d, ..] => (tag, length_of([a, b, c, d])?, 6),
            _ => return Err(Malformed),
        };
        let (der, rest) = self.0.split_at_checked(length + header).ok_or(Malformed)?;
        let (_, content) = der.split_at_checked(header).ok_or(Malformed)?;
        self.0 = rest;
        Ok(Element { tag, content, der })
    }

    /// The next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        self.optional(tag).ok_or(Malformed)
    }

    /// What is inside the next element, which must have this tag.
    pub(crate) fn nested(&mut self, tag: u8) -> Result<Reader<'a>, Malformed> {
        Ok(Reader(self.expect(tag)?.content))
    }

    /// The next element, if it has this tag and is whole; else it stays, and [`Reader::finish`] finds it.
    pub(crate) fn optional(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.0.first() == Some(&tag) {
            self.any().ok()
        } else {
            None
        }
    }

    /// Is there nothing left?
    pub(crate) fn is_finished(&self) -> bool {
        self.0.is_empty()
    }

    /// Refuses what is left.
    pub(crate) fn finish(&self) -> Result<(), Malformed> {
        if self.is_finished() {
            Ok(())
        } else {
            Err(Malformed)
        }
    }
}

/// Writes one element, whose content is these parts one after another (X.690, section 10.1).
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut der = Vec::with_capacity(length.saturating_add(6));
    der.push(tag);
    match u8::try_from(length) {
        Ok(short @ ..=0x7f) => der.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            let digits = octets.get(zeros..).unwrap_or_default();
            // At most 8.
            der.push(0x80 | digits.len() as u8);
            der.extend_from_slice(digits);
        }
    }
    for part in parts {
        der.extend_from_slice(part);
    }
    der
}

fn length_of(octets: [u8; 4]) -> Result<usize, Malformed> {
    usize::try_from(u32::from_be_bytes(octets)).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_every_form_are_read() {
        for (der, content) in [
            (&b"\x04\x00"[..], &b""[..]),
            (b"\x04\x01a", b"a"),
            (b"\x04\x81\x01a", b"a"),
            (b"\x04\x82\x00\x01a", b"a"),
            (b"\x04\x83\x00\x00\x01a", b"a"),
            (b"\x04\x84\x00\x00\x00\x01a", b"a"),
        ] {
            let mut reader = Reader::new(der);
            let element = reader.expect(OCTET_STRING).unwrap();
            assert_eq!(
                (element.content, element.der, reader.finish()),
                (content, der, Ok(())),
                "{der:x?}"
            );
        }
    }

    #[test]
    fn what_does_not_add_up_is_refused() {
        for der in [
            &b""[..],
            b"\x04",
            b"\x04\x01",
            b"\x04\x80\x00\x00",
            b"\x04\x81",
            b"\x04\x81\x80",
            b"\x04\x82\x01",
            b"\x04\x84\xff\xff\xff\xff",
            b"\x04\x85\x00\x00\x00\x00\x01a",
            b"\x04\xff",
            b"\x1f\x81\x01\x00",
            b"\x04\x00\x00",
            b"\x05\x00",
        ] {
            let mut reader = Reader::new(der);
            assert!(
                reader.expect(OCTET_STRING).is_err() || reader.finish().is_err(),
                "{der:x?}"
            );
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for length in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let content = vec![7; length];
            let (front, back) = content.split_at(length / 3);
            let der = element(OCTET_STRING, &[front, back]);
            let mut reader = Reader::new(&der);
            assert_eq!(reader.expect(OCTET_STRING).unwrap().content, content);
            assert_eq!(reader.finish(), Ok(()));
        }
        assert_eq!(element(OCTET_STRING, &[&[7; 0x80]])[..3], [4, 0x81, 0x80]);
        assert_eq!(element(OCTET_STRING, &[&[7; 0x100]])[..4], [4, 0x82, 1, 0]);
    }

    #[test]
    fn an_optional_element_stays_if_it_is_another() {
        let mut reader = Reader::new(b"\x02\x01\x05\x04\x02a");
        assert!(reader.optional(BOOLEAN).is_none());
        assert_eq!(
            reader.optional(INTEGER).map(|element| element.content),
            Some(&[5][..])
        );
        assert!(reader.optional(OCTET_STRING).is_none());
        assert_eq!(reader.finish(), Err(Malformed));
        assert!(Reader::inside(b"\x30\x02\x05\x00", SEQUENCE).is_ok());
        assert!(Reader::inside(b"\x30\x02\x05\x00\x00", SEQUENCE).is_err());
    }
}
