//! Reading a list, ours or another's, of any size.
//!
//! Lenient about what others put into a list, strict about its frame, and plain about what it could not understand: who
//! decides by a list looks at [`CrlFacts::is_understood`] first.

use std::fmt;

use der::Decode;

use super::{CrlEntry, CrlRemoval, REMOVE_FROM_CRL};
use crate::key::PublicKey;
use crate::name::Name;
use crate::revocation::Reason;
use crate::serial::Serial;
use crate::time::Time;
use crate::x509::tlv::{
    ENUMERATED, Element, GENERALIZED_TIME, INTEGER, Malformed, Reader, SEQUENCE, UTC_TIME,
    context_constructed,
};
use crate::x509::{self, Signed, values};

pub use crate::x509::values::IssuingPoint;

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
    /// For a delta, the number of the complete list that it builds on.
    pub delta_base: Option<u64>,
    /// What part of its issuer's certificates it covers; all of them if the extension is not there.
    pub issuing_point: Option<IssuingPoint>,
    /// Where its delta is.
    pub freshest: Vec<String>,
    /// Its revoked certificates, in its order. Reasons that are missing or not known are [`Reason::Unspecified`].
    pub revoked: Vec<CrlEntry>,
    /// What it takes off the list that it builds on, in its order.
    pub removed: Vec<CrlRemoval>,
    /// Is every critical extension of the list and of its entries known here? If not, nobody's status can be judged by
    /// it (section 5.2).
    pub is_understood: bool,
}

/// Why octets are no list that can be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CrlError;

/// Reads a list, of any size.
///
/// # Errors
/// [`CrlError`] for what is not the DER of exactly one list, and for a delta that builds on a number beyond 64 bits.
pub fn read_crl(der: &[u8]) -> Result<CrlFacts, CrlError> {
    read_fields(Reader::new(Signed::open(der)?.tbs.content))
}

/// Does the signature of the list hold under this key? Checked over the original octets. False also for what cannot be
/// read, and if the algorithms over and under the signature differ (section 5.1.1.2).
pub fn verify_crl(der: &[u8], issuer_key: &PublicKey) -> bool {
    let Ok(signed) = Signed::open(der) else {
        return false;
    };
    let mut fields = Reader::new(signed.tbs.content);
    fields.optional(INTEGER);
    x509::read_signature_algorithm(&mut fields) == Ok(signed.algorithm)
        && signed.verifies(issuer_key)
}

/// Reads the fields of a TBSCertList.
fn read_fields(mut fields: Reader<'_>) -> Result<CrlFacts, CrlError> {
    // Version 1 is not written; version 2 is the number 1.
    if fields
        .optional(INTEGER)
        .is_some_and(|version| version.content != [1])
    {
        return Err(CrlError);
    }
    x509::read_signature_algorithm(&mut fields)?;
    let issuer = Name::from_der(fields.expect(SEQUENCE)?.der).map_err(|_| CrlError)?;
    let this_update = x509::read_time(fields.any()?).ok_or(CrlError)?;
    let next_update = match fields
        .optional(UTC_TIME)
        .or_else(|| fields.optional(GENERALIZED_TIME))
    {
        Some(time) => Some(x509::read_time(time).ok_or(CrlError)?),
        None => None,
    };
    let mut facts = CrlFacts {
        issuer,
        number: None,
        authority_key_id: None,
        this_update,
        next_update,
        delta_base: None,
        issuing_point: None,
        freshest: Vec::new(),
        revoked: Vec::new(),
        removed: Vec::new(),
        is_understood: true,
    };
    if let Some(entries) = fields.optional(SEQUENCE) {
        let mut entries = Reader::new(entries.content);
        while !entries.is_finished() {
            facts.read_entry(entries.nested(SEQUENCE)?)?;
        }
    }
    if let Some(extensions) = fields.optional(context_constructed(0)) {
        facts.read_extensions(extensions.content)?;
    }
    fields.finish()?;
    Ok(facts)
}

impl CrlFacts {
    /// Reads the list's own extensions (section 5.2).
    fn read_extensions(&mut self, extensions: &[u8]) -> Result<(), CrlError> {
        for extension in values::extensions(extensions)? {
            let value = extension.value;
            match extension.oid() {
                Some(x509::AUTHORITY_KEY_ID) => {
                    self.authority_key_id = values::authority_key_id(value)?;
                }
                Some(x509::CRL_NUMBER) => self.number = u64::from_der(value).ok(),
                Some(x509::DELTA_CRL_INDICATOR) => {
                    self.delta_base = Some(u64::from_der(value).map_err(|_| CrlError)?);
                }
                Some(x509::ISSUING_DISTRIBUTION_POINT) => {
                    self.issuing_point = Some(values::issuing_point(value)?);
                }
                Some(x509::FRESHEST_CRL) => {
                    self.freshest = values::crl_addresses(value).unwrap_or_default();
                }
                _ => self.is_understood &= !extension.critical,
            }
        }
        Ok(())
    }

    /// Reads one entry (section 5.3).
    fn read_entry(&mut self, mut entry: Reader<'_>) -> Result<(), CrlError> {
        let serial = Serial::from_content(entry.expect(INTEGER)?.content).map_err(|_| CrlError)?;
        let since = x509::read_time(entry.any()?).ok_or(CrlError)?;
        let code = match entry.optional(SEQUENCE) {
            Some(extensions) => self.read_reason(extensions)?,
            None => None,
        };
        entry.finish()?;
        if code == Some(REMOVE_FROM_CRL) {
            self.removed.push(CrlRemoval {
                serial,
                removed: since,
            });
        } else {
            self.revoked.push(CrlEntry {
                serial,
                revoked: since,
                reason: code
                    .and_then(Reason::from_code)
                    .unwrap_or(Reason::Unspecified),
            });
        }
        Ok(())
    }

    /// The reason code in an entry's extensions.
    fn read_reason(&mut self, extensions: Element<'_>) -> Result<Option<u8>, CrlError> {
        let mut code = None;
        for extension in values::extensions(extensions.der)? {
            match (extension.oid(), extension.value) {
                (Some(x509::CRL_REASON), [ENUMERATED, 1, reason]) => code = Some(*reason),
                (Some(x509::CRL_REASON), _) => {}
                _ => self.is_understood &= !extension.critical,
            }
        }
        Ok(code)
    }
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
