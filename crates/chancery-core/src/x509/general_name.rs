//! General names in DER (RFC 5280, section 4.2.1.6).

use std::net::IpAddr;

use der::asn1::{Any, Ia5StringRef};
use der::{Decode, Tag, TagNumber};

use super::WriteError;
use super::tlv::{Element, context, context_constructed};
use crate::name::Name;
use crate::san::GeneralName;

/// The forms that are known here. A Name is a CHOICE, so its tag is explicit, and constructed (X.680, section 31.2.7).
const EMAIL: u8 = context(1);
const DNS: u8 = context(2);
const DIRECTORY: u8 = context_constructed(4);
const URI: u8 = context(6);
const IP: u8 = context(7);

/// Reads a general name. None if it has one of the forms known here but breaks that form's rules; forms that are not
/// known become [`GeneralName::Other`].
pub(crate) fn read_general_name(name: Element<'_>) -> Option<GeneralName> {
    let text = || std::str::from_utf8(name.content).ok();
    match name.tag {
        EMAIL => GeneralName::email(text()?).ok(),
        DNS => GeneralName::dns(text()?).ok(),
        DIRECTORY => Name::from_der(name.content)
            .ok()
            .map(GeneralName::Directory),
        URI => GeneralName::uri(text()?).ok(),
        IP => address(name.content).map(GeneralName::Ip),
        0x80.. => Some(GeneralName::Other(name.der.to_vec())),
        _ => None,
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}

/// The DER of a general name.
pub(super) fn write_general_name(name: &GeneralName) -> Result<Any, WriteError> {
    let tagged = |form: u8, content: &[u8]| {
        let tag = Tag::ContextSpecific {
            constructed: form & 0x20 != 0,
            number: TagNumber(u32::from(form & 0x1f)),
        };
        Any::new(tag, content).map_err(WriteError::from)
    };
    match name {
        GeneralName::Email(text) => tagged(EMAIL, ia5(text)?),
        GeneralName::Dns(text) => tagged(DNS, ia5(text)?),
        GeneralName::Uri(text) => tagged(URI, ia5(text)?),
        GeneralName::Ip(IpAddr::V4(address)) => tagged(IP, &address.octets()),
        GeneralName::Ip(IpAddr::V6(address)) => tagged(IP, &address.octets()),
        GeneralName::Directory(name) => tagged(DIRECTORY, name.der()),
        GeneralName::Other(der) => Ok(Any::from_der(der)?),
    }
}

/// The octets of an IA5String.
fn ia5(text: &str) -> Result<&[u8], WriteError> {
    Ia5StringRef::new(text)?;
    Ok(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use der::Encode;

    use super::*;
    use crate::x509::tlv::Reader;

    fn read(der: &[u8]) -> Option<GeneralName> {
        read_general_name(Reader::new(der).any().unwrap())
    }

    /// What is left after writing and reading back.
    fn there_and_back(name: &GeneralName) -> Option<GeneralName> {
        read(&write_general_name(name).unwrap().to_der().unwrap())
    }

    #[test]
    fn what_is_written_reads_back() {
        for text in [
            "dns:*.example.com",
            "email:joe@example.com",
            "ip:192.0.2.1",
            "ip:2001:db8::1",
            "uri:https://example.com/a?b#c",
        ] {
            let name = GeneralName::parse(text).unwrap();
            assert_eq!(there_and_back(&name), Some(name));
        }
        let directory = GeneralName::Directory(Name::parse("CN=a,O=b").unwrap());
        assert_eq!(there_and_back(&directory), Some(directory));
        // registeredID 1.2.3
        let other = GeneralName::Other(vec![0x88, 0x02, 0x2a, 0x03]);
        assert_eq!(there_and_back(&other), Some(other));
    }

    #[test]
    fn forms_that_break_their_rules_are_told_apart_from_unknown_ones() {
        for (what, der) in [
            ("space in a DNS name", &b"\x82\x03a b"[..]),
            ("NUL in a DNS name", b"\x82\x03a\0b"),
            ("UTF-8 in a DNS name", b"\x82\x02\xc3\xa4"),
            ("mail address without @", b"\x81\x01a"),
            ("relative URI", b"\x86\x02/x"),
            ("IP address of three octets", b"\x87\x03\x01\x02\x03"),
            (
                "IP address with a mask",
                b"\x87\x08\x01\x02\x03\x04\xff\xff\xff\x00",
            ),
            ("directory name that is no name", b"\xa4\x02\x05\x00"),
            ("universal tag", b"\x0c\x01a"),
        ] {
            assert_eq!(read(der), None, "{what}");
        }
    }

    #[test]
    fn text_beyond_ascii_is_not_written() {
        assert!(write_general_name(&GeneralName::Dns("\u{e4}.example".to_owned())).is_err());
    }
}
