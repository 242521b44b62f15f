//! Certificate revocation lists (RFC 5280, section 5), in and out.
//!
//! A list may have a million entries, so its entries are encoded straight into the memory of the list, which is not copied
//! again. Which certificates are on it is decided elsewhere.

use std::borrow::Borrow;
use std::fmt;

use der::{Decode, Encode, Header, Length, Tag, TagNumber};

use crate::key::{PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::plan::ToBeSigned;
use crate::plan::sealed::Sealed;
use crate::revocation::Reason;
use crate::serial::Serial;
use crate::time::Time;
use crate::x509::tlv::{
    ENUMERATED, GENERALIZED_TIME, INTEGER, Malformed, Reader, SEQUENCE, UTC_TIME, context_constructed,
};
use crate::x509::{self, AlgorithmIdentifier, Extension, Signed, WriteError, values};

/// A revoked certificate on a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrlEntry {
    /// Its serial number.
    pub serial: Serial,
    /// Since when.
    pub revoked: Time,
    /// Why. [`Reason::Unspecified`] is left out of the list (section 5.3.1).
    pub reason: Reason,
}

/// What goes into a list, all decided already.
#[derive(Clone, Debug)]
pub struct CrlContents<'a, E> {
    /// The authority that signs it.
    pub issuer: &'a Name,
    /// How it will be signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// When it is made.
    pub this_update: Time,
    /// When the next one is there at the latest.
    pub next_update: Time,
    /// Its number, larger than that of every list before (section 5.2.3).
    pub number: u64,
    /// The key identifier of the authority that signs it: its own, not that of its parent.
    pub authority_key_id: &'a [u8],
    /// The entries ([`CrlEntry`] or references to them), written in this order. None leaves the field out (section 5.1.2.6).
    pub entries: E,
}

/// A list decided and encoded, waiting for its signature.
pub struct PlannedCrl {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

impl Sealed for PlannedCrl {}

impl ToBeSigned for PlannedCrl {
    fn octets(&self) -> &[u8] {
        &self.tbs
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl PlannedCrl {
    /// The list's DER, with the signature that a signer made over [`ToBeSigned::octets`].
    pub fn finish(self, signature: &[u8]) -> Result<Vec<u8>, WriteError> {
        x509::seal(self.tbs, self.algorithm, signature)
    }
}

impl fmt::Debug for PlannedCrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlannedCrl({} octets, {:?})", self.tbs.len(), self.algorithm)
    }
}

/// Octets of an entry with a serial number of 16 octets, a reason and a UTCTime.
const USUAL_ENTRY: usize = 49;

/// Encodes a list of version 2 with its number and the authority's key identifier.
///
/// # Errors
/// A time before 1970 or after 9999, a serial number of more than 64 octets, more than 4 GiB in all.
pub fn plan_crl<E>(contents: CrlContents<'_, E>) -> Result<PlannedCrl, WriteError>
where
    E: IntoIterator,
    E::Item: Borrow<CrlEntry>,
{
    let algorithm = contents.signature_algorithm;
    let mut front = Vec::with_capacity(256);
    1_u8.encode_to_vec(&mut front)?; // version 2
    AlgorithmIdentifier::of(algorithm).encode_to_vec(&mut front)?;
    front.extend_from_slice(contents.issuer.der());
    x509::push_time(&mut front, contents.this_update)?;
    x509::push_time(&mut front, contents.next_update)?;
    let extensions = x509::write_extensions(&[
        Extension::authority_key_id(contents.authority_key_id)?,
        Extension { oid: x509::CRL_NUMBER, critical: false, value: contents.number.to_der()? },
    ])?;

    let entries = contents.entries.into_iter();
    let mut tbs = Vec::with_capacity(entries.size_hint().0.saturating_mul(USUAL_ENTRY) + extensions.len() + 1024);
    for entry in entries {
        push_entry(&mut tbs, entry.borrow())?;
    }
    if !tbs.is_empty() {
        header(Tag::Sequence, tbs.len())?.encode_to_vec(&mut front)?;
    }
    header(EXTENSIONS, extensions.len())?.encode_to_vec(&mut tbs)?;
    tbs.extend_from_slice(&extensions);
    let whole = header(Tag::Sequence, front.len() + tbs.len())?.to_der()?;
    tbs.splice(..0, whole.into_iter().chain(front));
    Ok(PlannedCrl { tbs, algorithm })
}

/// The field with the list's extensions.
const EXTENSIONS: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber(0) };

fn header(tag: Tag, length: usize) -> Result<Header, WriteError> {
    Ok(Header::new(tag, Length::try_from(length)?))
}

/// `Extensions` with one CRLReason, up to its code, which follows (section 5.3.1).
const REASON: [u8; 13] =
    [0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01];

/// Appends one entry. Its parts are so short that every length is a single octet.
fn push_entry(out: &mut Vec<u8>, entry: &CrlEntry) -> Result<(), WriteError> {
    let serial = entry.serial.content();
    let Some(length) = u8::try_from(serial.len()).ok().filter(|length| *length <= 64) else {
        return Err(WriteError::Serial);
    };
    let start = out.len();
    out.extend_from_slice(&[SEQUENCE, 0, INTEGER, length]);
    out.extend_from_slice(serial);
    x509::push_time(out, entry.revoked)?;
    if entry.reason != Reason::Unspecified {
        out.extend_from_slice(&REASON);
        out.push(entry.reason.code());
    }
    // At most 2 + 64 + 17 + 14 octets.
    let content = (out.len() - start - 2) as u8;
    if let Some(place) = out.get_mut(start + 1) {
        *place = content;
    }
    Ok(())
}

/// Facts read from a list's DER.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CrlFacts {
    /// Who signed it.
    pub issuer: Name,
    /// Its number; none if it has none, or one beyond 64 bits.
    pub number: Option<u64>,
    /// The key identifier of the authority that signed it.
    pub authority_key_id: Option<Vec<u8>>,
    /// When it was made.
    pub this_update: Time,
    /// When the next one is there at the latest.
    pub next_update: Option<Time>,
    /// Its entries, in its order. Reasons that are missing or not known are [`Reason::Unspecified`].
    pub revoked: Vec<CrlEntry>,
}

/// Why octets are no list that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CrlError;

/// Reads a list, of any size.
///
/// # Errors
/// [`CrlError`] for what is not the DER of exactly one list.
pub fn read_crl(der: &[u8]) -> Result<CrlFacts, CrlError> {
    read_fields(Reader::new(Signed::open(der)?.tbs.content))
}

/// Does the signature of the list hold under this key? Checked over the original octets.
pub fn verify_crl(der: &[u8], issuer_key: &PublicKey) -> bool {
    Signed::open(der).is_ok_and(|signed| signed.verifies(issuer_key))
}

/// Reads the fields of a TBSCertList.
fn read_fields(mut fields: Reader<'_>) -> Result<CrlFacts, CrlError> {
    // Version 1 is not written; version 2 is the number 1.
    if fields.optional(INTEGER).is_some_and(|version| version.content != [1]) {
        return Err(CrlError);
    }
    x509::read_signature_algorithm(&mut fields)?;
    let issuer = Name::from_der(fields.expect(SEQUENCE)?.der).map_err(|_| CrlError)?;
    let this_update = x509::read_time(fields.any()?).ok_or(CrlError)?;
    let next_update = match fields.optional(UTC_TIME).or_else(|| fields.optional(GENERALIZED_TIME)) {
        Some(time) => Some(x509::read_time(time).ok_or(CrlError)?),
        None => None,
    };
    let revoked = match fields.optional(SEQUENCE) {
        Some(entries) => read_entries(Reader::new(entries.content))?,
        None => Vec::new(),
    };
    let mut facts = CrlFacts { issuer, number: None, authority_key_id: None, this_update, next_update, revoked };
    if let Some(extensions) = fields.optional(context_constructed(0)) {
        for extension in values::extensions(extensions.content)? {
            match extension.oid() {
                Some(x509::AUTHORITY_KEY_ID) => facts.authority_key_id = values::authority_key_id(extension.value)?,
                Some(x509::CRL_NUMBER) => facts.number = u64::from_der(extension.value).ok(),
                _ => {}
            }
        }
    }
    fields.finish()?;
    Ok(facts)
}

fn read_entries(mut entries: Reader<'_>) -> Result<Vec<CrlEntry>, CrlError> {
    let mut list = Vec::new();
    while !entries.is_finished() {
        let mut entry = entries.nested(SEQUENCE)?;
        let serial = Serial::from_content(entry.expect(INTEGER)?.content).map_err(|_| CrlError)?;
        let revoked = x509::read_time(entry.any()?).ok_or(CrlError)?;
        let reason = entry.optional(SEQUENCE).map(|extensions| read_reason(extensions.der)).transpose()?.flatten();
        entry.finish()?;
        list.push(CrlEntry { serial, revoked, reason: reason.unwrap_or(Reason::Unspecified) });
    }
    Ok(list)
}

fn read_reason(extensions: &[u8]) -> Result<Option<Reason>, CrlError> {
    let extensions = values::extensions(extensions)?;
    let reason = extensions.iter().find(|extension| extension.oid() == Some(x509::CRL_REASON));
    Ok(reason.and_then(|reason| match reason.value {
        [ENUMERATED, 1, code] => Reason::from_code(*code),
        _ => None,
    }))
}

impl From<Malformed> for CrlError {
    fn from(_: Malformed) -> CrlError {
        CrlError
    }
}

impl fmt::Display for CrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the DER of exactly one certificate revocation list")
    }
}

impl std::error::Error for CrlError {}
