//! What the values of extensions say (RFC 5280, section 4.2), read from certificates and from what requests ask for.
//!
//! Each function reads the DER inside one extension's OCTET STRING.

use der::oid::ObjectIdentifier;

use super::KeyUsage;
use super::extension::{CA_ISSUERS, OCSP};
use super::general_name::read_general_name;
use super::tlv::{
    BIT_STRING, BOOLEAN, Element, INTEGER, Malformed, OBJECT_IDENTIFIER, OCTET_STRING, Reader,
    SEQUENCE, context, context_constructed,
};
use crate::san::GeneralName;

/// An extension as it stands in a certificate, a request or a CRL.
pub(crate) struct RawExtension<'a> {
    oid: &'a [u8],
    /// Must who does not know it refuse the whole?
    pub(crate) critical: bool,
    /// The DER inside its OCTET STRING.
    pub(crate) value: &'a [u8],
}

impl RawExtension<'_> {
    /// Its kind; none for an identifier too long or with an arc too large to be held, which is not of a kind known here.
    pub(crate) fn oid(&self) -> Option<ObjectIdentifier> {
        ObjectIdentifier::from_bytes(self.oid).ok()
    }
}

/// Takes `Extensions` apart: exactly one SEQUENCE OF. Refuses a kind that stands there twice.
pub(crate) fn extensions(der: &[u8]) -> Result<Vec<RawExtension<'_>>, Malformed> {
    let mut reader = Reader::inside(der, SEQUENCE)?;
    let mut list: Vec<RawExtension<'_>> = Vec::with_capacity(10);
    while !reader.is_finished() {
        let mut extension = reader.nested(SEQUENCE)?;
        let oid = extension.expect(OBJECT_IDENTIFIER)?.content;
        // Any octet but 0 is true to BER.
        let critical = extension
            .optional(BOOLEAN)
            .is_some_and(|flag| flag.content.iter().any(|octet| *octet != 0));
        let value = extension.expect(OCTET_STRING)?.content;
        extension.finish()?;
        if list.iter().any(|known| known.oid == oid) {
            return Err(Malformed);
        }
        list.push(RawExtension {
            oid,
            critical,
            value,
        });
    }
    Ok(list)
}

/// Key usage.
pub(crate) fn key_usage(value: &[u8]) -> Result<KeyUsage, Malformed> {
    let mut reader = Reader::new(value);
    let bits = reader.expect(BIT_STRING)?;
    reader.finish()?;
    // The first octet counts the unused bits of the last one; some writers miscount, and mean what the bits say.
    let [_, octets @ ..] = bits.content else {
        return Err(Malformed);
    };
    Ok(KeyUsage::from_bits(octets))
}

/// Extended key usage, in its order. Purposes whose identifiers cannot be held are left out; the list stays a limit.
pub(crate) fn extended_key_usage(value: &[u8]) -> Result<Vec<ObjectIdentifier>, Malformed> {
    let mut reader = Reader::inside(value, SEQUENCE)?;
    let mut list = Vec::new();
    while !reader.is_finished() {
        list.extend(ObjectIdentifier::from_bytes(
            reader.expect(OBJECT_IDENTIFIER)?.content,
        ));
    }
    Ok(list)
}

/// Basic constraints: is it an authority's, and how many may follow under it (held at 255)?
pub(crate) fn basic_constraints(value: &[u8]) -> Result<(bool, Option<u8>), Malformed> {
    let mut reader = Reader::inside(value, SEQUENCE)?;
    // Any octet but 0 is true to BER.
    let is_authority = reader
        .optional(BOOLEAN)
        .is_some_and(|flag| flag.content.iter().any(|octet| *octet != 0));
    let path_length = reader
        .optional(INTEGER)
        .map(|length| small_number(length.content))
        .transpose()?;
    reader.finish()?;
    Ok((is_authority, path_length))
}

/// A number that is not negative, held at 255.
fn small_number(octets: &[u8]) -> Result<u8, Malformed> {
    match octets {
        [first, ..] if *first >= 0x80 => Err(Malformed),
        [high @ .., low] => Ok(if high.iter().all(|octet| *octet == 0) {
            *low
        } else {
            u8::MAX
        }),
        [] => Err(Malformed),
    }
}

/// The elements of GeneralNames, each to be read by [`read_general_name`].
pub(crate) fn general_names(value: &[u8]) -> Result<Vec<Element<'_>>, Malformed> {
    elements(Reader::inside(value, SEQUENCE)?)
}

/// Subject alternative names. Those that break their form's rules are kept as [`GeneralName::Other`].
pub(crate) fn alternative_names(value: &[u8]) -> Result<Vec<GeneralName>, Malformed> {
    let read = |name: Element<'_>| {
        read_general_name(name).unwrap_or_else(|| GeneralName::Other(name.der.to_vec()))
    };
    Ok(general_names(value)?.into_iter().map(read).collect())
}

/// Subject key identifier.
pub(crate) fn subject_key_id(value: &[u8]) -> Result<Vec<u8>, Malformed> {
    let mut reader = Reader::new(value);
    let id = reader.expect(OCTET_STRING)?;
    reader.finish()?;
    Ok(id.content.to_vec())
}

/// The key identifier in the authority key identifier, if it is there.
pub(crate) fn authority_key_id(value: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
    Ok(Reader::inside(value, SEQUENCE)?
        .optional(context(0))
        .map(|id| id.content.to_vec()))
}

/// The URIs in CRL distribution points, or in the freshest CRL, which is written alike. What is no URI is passed over.
pub(crate) fn crl_addresses(value: &[u8]) -> Result<Vec<String>, Malformed> {
    let mut points = Reader::inside(value, SEQUENCE)?;
    let mut list = Vec::new();
    while !points.is_finished() {
        let mut point = points.nested(SEQUENCE)?;
        if let Some(place) = point.optional(context_constructed(0)) {
            list.extend(full_name(place)?);
        }
    }
    Ok(list)
}

/// The URIs of a distribution point's full name; none if it is named otherwise.
fn full_name(place: Element<'_>) -> Result<Vec<String>, Malformed> {
    match Reader::new(place.content).optional(context_constructed(0)) {
        Some(names) => Ok(elements(Reader::new(names.content))?
            .into_iter()
            .filter_map(uri)
            .collect()),
        None => Ok(Vec::new()),
    }
}

/// What a list's issuing distribution point says (RFC 5280, section 5.2.5).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct IssuingPoint {
    /// The URIs by which certificates name the list. Empty if it is named otherwise or not at all.
    pub names: Vec<String>,
    /// Does it narrow the list further: to certificates of one kind, to some reasons, or (which is the reverse) does it
    /// tell of other issuers' certificates too?
    pub is_partial: bool,
}

/// Issuing distribution point.
pub(crate) fn issuing_point(value: &[u8]) -> Result<IssuingPoint, Malformed> {
    let mut reader = Reader::inside(value, SEQUENCE)?;
    let names = match reader.optional(context_constructed(0)) {
        Some(place) => full_name(place)?,
        None => Vec::new(),
    };
    // Flags for users' or authorities' certificates, a set of reasons, flags for indirect lists and attribute
    // certificates, in this order.
    let mut is_partial = false;
    for number in 1..=5 {
        if let Some(part) = reader.optional(context(number)) {
            // Any octet but 0 is true to BER. A set of reasons is a limit whatever is in it.
            is_partial |= number == 3 || part.content.iter().any(|octet| *octet != 0);
        }
    }
    reader.finish()?;
    Ok(IssuingPoint { names, is_partial })
}

/// The URIs in authority information access: issuers' certificates, and OCSP responders.
pub(crate) fn access_addresses(value: &[u8]) -> Result<(Vec<String>, Vec<String>), Malformed> {
    let mut descriptions = Reader::inside(value, SEQUENCE)?;
    let (mut issuers, mut responders) = (Vec::new(), Vec::new());
    while !descriptions.is_finished() {
        let mut description = descriptions.nested(SEQUENCE)?;
        let method = description.expect(OBJECT_IDENTIFIER)?;
        let place = uri(description.any()?);
        match ObjectIdentifier::from_bytes(method.content) {
            Ok(CA_ISSUERS) => issuers.extend(place),
            Ok(OCSP) => responders.extend(place),
            _ => {}
        }
    }
    Ok((issuers, responders))
}

fn uri(name: Element<'_>) -> Option<String> {
    match read_general_name(name) {
        Some(GeneralName::Uri(uri)) => Some(uri),
        _ => None,
    }
}

fn elements(mut reader: Reader<'_>) -> Result<Vec<Element<'_>>, Malformed> {
    let mut list = Vec::new();
    while !reader.is_finished() {
        list.push(reader.any()?);
    }
    Ok(list)
}
