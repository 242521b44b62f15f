//! Writing a list: its entries one by one, then what stands before and after them.
//!
//! DER says how long a list is before it says what is on it, so the entries are encoded first, and go past the digest
//! once all their octets are counted. Must not know where they are kept meanwhile.

use std::fmt;

use aws_lc_rs::digest::{Context, Digest, SHA256, SHA384, SHA512};
use der::{Encode, ErrorKind, Header, Length, Tag, TagNumber};

use super::{CrlEntry, CrlRemoval, REMOVE_FROM_CRL};
use crate::key::SignatureAlgorithm;
use crate::name::Name;
use crate::plan::sealed::Sealed;
use crate::plan::{Message, ToBeSigned};
use crate::revocation::Reason;
use crate::serial::Serial;
use crate::time::Time;
use crate::x509::tlv::{INTEGER, SEQUENCE};
use crate::x509::{self, AlgorithmIdentifier, Extension, WriteError};

/// What a list says beside its entries, all decided already.
#[derive(Clone, Debug)]
pub struct CrlHead<'a> {
    /// The authority that signs it.
    pub issuer: &'a Name,
    /// How it will be signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// When it is made.
    pub this_update: Time,
    /// When the next one is there at the latest.
    pub next_update: Time,
    /// Its number, larger than that of every list of its scope before, complete or delta (section 5.2.3).
    pub number: u64,
    /// The key identifier of the authority that signs it: its own, not that of its parent.
    pub authority_key_id: &'a [u8],
    /// The addresses by which the certificates that it covers name it (section 5.2.5, critical). Empty for a list of the
    /// whole authority. A delta has those of the lists that it builds on.
    pub scope_names: &'a [String],
    /// The lists of its scope to which it points.
    pub links: CrlLinks<'a>,
}

/// To which other list of its scope a list points.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CrlLinks<'a> {
    /// A complete list to its delta.
    Complete {
        /// Where its delta is (section 5.2.6). Empty if there is none.
        freshest: &'a [String],
    },
    /// A delta to the complete list on which it builds (section 5.2.4, critical).
    Delta {
        /// The number of that list. The delta fits each of its scope with that number or a greater
        /// one, so the oldest that anybody may still hold is named here.
        base: u64,
    },
}

/// A list being shown to its digest.
pub struct CrlStream {
    frame: Frame,
    /// How many octets of entries are still to come; none once there were too many.
    missing: Option<u64>,
    seen: Seen,
}

/// What is kept of the octets that went by.
enum Seen {
    Digest(Context),
    /// Ed25519 reads its message twice (RFC 8032, section 5.1.6), so no digest will do.
    Octets(Vec<u8>),
}

/// A list decided and encoded, waiting for its signature. It holds all but the entries.
pub struct PlannedCrl {
    frame: Frame,
    signed: WhatIsSigned,
}

enum WhatIsSigned {
    Digest(Digest),
    Octets(Vec<u8>),
}

/// What is under the signature, but for the entries.
struct Frame {
    /// The octets before them.
    before: Vec<u8>,
    /// Those after them.
    after: Vec<u8>,
    /// How long all of it is, with them.
    length: Length,
    algorithm: SignatureAlgorithm,
}

/// What stands around the entries of a signed list: its DER is `front`, then the entries, then `tail`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SignedCrl {
    /// What stands before the entries; as long as the issuer's name and less than 200 octets more.
    pub front: Vec<u8>,
    /// What stands after them: extensions, algorithm and signature.
    pub tail: Vec<u8>,
}

impl CrlStream {
    /// Plans a list whose entries, as [`push_entry`] and [`push_removal`] encode them, are `entries_length` octets in
    /// all. None leaves the field out (section 5.1.2.6).
    ///
    /// Memory does not grow with the entries, but for an Ed25519 authority: it signs the octets themselves, which are
    /// kept until then.
    ///
    /// # Errors
    /// A time before 1970 or after 9999, or an end before the start; a delta that builds on no list before it; text beyond
    /// ASCII in an address; 4 GiB or more in all.
    pub fn begin(head: &CrlHead<'_>, entries_length: u64) -> Result<CrlStream, WriteError> {
        check(head)?;
        let frame = Frame::around(head, entries_length)?;
        let mut seen = Seen::nothing(&frame)?;
        seen.update(&frame.before);
        Ok(CrlStream {
            frame,
            missing: Some(entries_length),
            seen,
        })
    }

    /// Shows the next octets of the entries, in their order, cut anywhere.
    pub fn update(&mut self, entries: &[u8]) {
        self.missing = self
            .missing
            .and_then(|missing| missing.checked_sub(entries.len() as u64));
        if self.missing.is_some() {
            self.seen.update(entries);
        }
    }

    /// The planned list, once all entries were shown.
    ///
    /// # Errors
    /// More or fewer octets of entries than were announced.
    pub fn end(mut self) -> Result<PlannedCrl, WriteError> {
        if self.missing != Some(0) {
            return Err(WriteError::Crl(
                "the entries are not as long as was announced",
            ));
        }
        self.seen.update(&self.frame.after);
        Ok(PlannedCrl {
            frame: self.frame,
            signed: match self.seen {
                Seen::Digest(context) => WhatIsSigned::Digest(context.finish()),
                Seen::Octets(octets) => WhatIsSigned::Octets(octets),
            },
        })
    }
}

impl Frame {
    fn around(head: &CrlHead<'_>, entries_length: u64) -> Result<Frame, WriteError> {
        let mut fields = Vec::with_capacity(256);
        1_u8.encode_to_vec(&mut fields)?; // version 2
        AlgorithmIdentifier::of(head.signature_algorithm).encode_to_vec(&mut fields)?;
        fields.extend_from_slice(head.issuer.der());
        x509::push_time(&mut fields, head.this_update)?;
        x509::push_time(&mut fields, head.next_update)?;
        let entries = length(entries_length)?;
        if entries_length > 0 {
            Header::new(Tag::Sequence, entries).encode_to_vec(&mut fields)?;
        }
        let extensions = x509::write_extensions(&extensions(head)?)?;
        let mut after = Vec::with_capacity(extensions.len() + 6);
        Header::new(EXTENSIONS, Length::try_from(extensions.len())?).encode_to_vec(&mut after)?;
        after.extend_from_slice(&extensions);

        let content = (Length::try_from(fields.len() + after.len())? + entries)?;
        let mut before = Header::new(Tag::Sequence, content).to_der()?;
        let length = (Length::try_from(before.len())? + content)?;
        before.extend_from_slice(&fields);
        Ok(Frame {
            before,
            after,
            length,
            algorithm: head.signature_algorithm,
        })
    }
}

impl Seen {
    fn nothing(frame: &Frame) -> Result<Seen, WriteError> {
        use SignatureAlgorithm as S;
        let digest = match frame.algorithm {
            S::RsaSha256 | S::EcdsaSha256 => &SHA256,
            S::RsaSha384 | S::EcdsaSha384 => &SHA384,
            S::RsaSha512 | S::EcdsaSha512 => &SHA512,
            // The others never sign here; what they would sign is only looked at.
            S::Ed25519 | S::RsaMd5 | S::RsaSha1 | S::EcdsaSha1 | S::Other(_) => {
                let length = usize::try_from(frame.length)?;
                return Ok(Seen::Octets(Vec::with_capacity(length)));
            }
        };
        Ok(Seen::Digest(Context::new(digest)))
    }

    fn update(&mut self, octets: &[u8]) {
        match self {
            Seen::Digest(context) => context.update(octets),
            Seen::Octets(seen) => seen.extend_from_slice(octets),
        }
    }
}

/// The field with the list's extensions.
const EXTENSIONS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(0),
};

/// Refuses what would be well encoded and yet no list.
fn check(head: &CrlHead<'_>) -> Result<(), WriteError> {
    if head.next_update < head.this_update {
        return Err(WriteError::Crl("it is over before it begins"));
    }
    match head.links {
        CrlLinks::Delta { base } if base >= head.number => {
            Err(WriteError::Crl("a delta builds on a list before it"))
        }
        CrlLinks::Delta { .. } | CrlLinks::Complete { .. } => Ok(()),
    }
}

/// The extensions, in the order of section 5.2.
fn extensions(head: &CrlHead<'_>) -> Result<Vec<Extension>, WriteError> {
    let mut list = vec![
        Extension::authority_key_id(head.authority_key_id)?,
        Extension::crl_number(head.number)?,
    ];
    if let CrlLinks::Delta { base } = head.links {
        list.push(Extension::delta_crl_indicator(base)?);
    }
    if !head.scope_names.is_empty() {
        list.push(Extension::issuing_distribution_point(head.scope_names)?);
    }
    if let CrlLinks::Complete { freshest } = head.links
        && !freshest.is_empty()
    {
        list.push(Extension::freshest_crl(freshest)?);
    }
    Ok(list)
}

fn length(octets: u64) -> Result<Length, WriteError> {
    let octets = u32::try_from(octets).map_err(|_| der::Error::from(ErrorKind::Overflow))?;
    Ok(Length::from(octets))
}

impl Sealed for PlannedCrl {}

impl ToBeSigned for PlannedCrl {
    fn message(&self) -> Message<'_> {
        match &self.signed {
            WhatIsSigned::Digest(digest) => Message::Digest(digest),
            WhatIsSigned::Octets(octets) => Message::Octets(octets),
        }
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.frame.algorithm
    }
}

impl PlannedCrl {
    /// What stands around the entries, with the signature that a signer made over [`ToBeSigned::message`].
    ///
    /// # Errors
    /// Only 4 GiB or more in all.
    pub fn finish(self, signature: &[u8]) -> Result<SignedCrl, WriteError> {
        let frame = self.frame;
        let mut seal = Vec::with_capacity(signature.len() + 32);
        x509::push_signature(&mut seal, frame.algorithm, signature)?;
        let content = (frame.length + Length::try_from(seal.len())?)?;
        let header = Header::new(Tag::Sequence, content).to_der()?;
        Ok(SignedCrl {
            front: [header, frame.before].concat(),
            tail: [frame.after, seal].concat(),
        })
    }
}

impl fmt::Debug for CrlStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CrlStream({} octets, {:?}, {:?} to come)",
            self.frame.length, self.frame.algorithm, self.missing
        )
    }
}

impl fmt::Debug for PlannedCrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "PlannedCrl({} octets, {:?})",
            self.frame.length, self.frame.algorithm
        )
    }
}

/// `Extensions` with one CRLReason, up to its code, which follows (section 5.3.1).
const REASON: [u8; 13] = [
    0x30, 0x0c, 0x30, 0x0a, 0x06, 0x03, 0x55, 0x1d, 0x15, 0x04, 0x03, 0x0a, 0x01,
];

/// Appends the entry of a revoked certificate: 35 octets for a serial number of 16 without a reason, 49 with one.
///
/// # Errors
/// A time before 1970 or after 9999, a serial number of more than 64 octets. Nothing is appended then.
pub fn push_entry(out: &mut Vec<u8>, entry: &CrlEntry) -> Result<(), WriteError> {
    let code = (entry.reason != Reason::Unspecified).then_some(entry.reason.code());
    push(out, &entry.serial, entry.revoked, code)
}

/// Appends the entry that takes a certificate off the list that a delta builds on. In deltas only: what it takes off need
/// not have been on that list.
///
/// # Errors
/// As [`push_entry`].
pub fn push_removal(out: &mut Vec<u8>, removal: &CrlRemoval) -> Result<(), WriteError> {
    push(out, &removal.serial, removal.removed, Some(REMOVE_FROM_CRL))
}

/// The parts of an entry are so short that every length is a single octet.
fn push(
    out: &mut Vec<u8>,
    serial: &Serial,
    since: Time,
    reason: Option<u8>,
) -> Result<(), WriteError> {
    let serial = serial.content();
    let Some(length) = u8::try_from(serial.len())
        .ok()
        .filter(|length| *length <= 64)
    else {
        return Err(WriteError::Serial);
    };
    let start = out.len();
    out.extend_from_slice(&[SEQUENCE, 0, INTEGER, length]);
    out.extend_from_slice(serial);
    if let Err(error) = x509::push_time(out, since) {
        out.truncate(start);
        return Err(error);
    }
    if let Some(code) = reason {
        out.extend_from_slice(&REASON);
        out.push(code);
    }
    // At most 2 + 64 + 17 + 14 octets.
    let content = (out.len() - start - 2) as u8;
    if let Some(place) = out.get_mut(start + 1) {
        *place = content;
    }
    Ok(())
}
