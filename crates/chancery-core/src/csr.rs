//! Certification requests: PKCS#10 (RFC 2986), in and out.
//!
//! Reading checks the request's own signature, so that whoever holds a [`Csr`] knows: its sender had the private key.

mod check;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;

use der::oid::ObjectIdentifier;

use crate::key::{PublicKey, SignatureAlgorithm};
use crate::name::{Name, NameError};
use crate::plan::MOST_NAMES;
use crate::san::GeneralName;
use crate::x509::tlv::{
    INTEGER, Malformed, OBJECT_IDENTIFIER, Reader, SEQUENCE, SET, context_constructed,
};
use crate::x509::{self, KeyUsage, LARGEST, Signed, values};
use check::check_signature;

pub use write::{CsrContents, PlannedRequest, plan_request, write_request_info};
pub(crate) use write::{broken, plan_extended_request};

/// A request whose signature held. What it asks for is a wish: profiles decide.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Csr {
    /// Whom to name; may be empty.
    pub subject: Name,
    /// The key to certify.
    pub public_key: PublicKey,
    /// Alternative names asked for.
    pub names: Vec<GeneralName>,
    /// Key usage asked for.
    pub key_usage: Option<KeyUsage>,
    /// Extended key usage asked for.
    pub extended_key_usage: Option<Vec<ObjectIdentifier>>,
    /// Does it ask to be an authority's?
    pub is_authority: bool,
    der: Vec<u8>,
}

/// Why octets are no request that can be taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CsrError {
    /// More than [`LARGEST`] octets.
    TooLarge,
    /// Not the DER of a request, or octets follow it.
    NotDer,
    /// The subject is no name.
    Subject(NameError),
    /// The key is of a kind that cannot be checked here.
    UnsupportedKey,
    /// It is signed in a way that is not checked here: with MD5, with ECDSA and SHA-1, or unknown.
    UnsupportedSignature(SignatureAlgorithm),
    /// The signature does not hold: it was damaged, or its sender does not have the private key.
    BadSignature,
    /// What it asks for cannot be read, or is asked for twice.
    BadExtension(&'static str),
    /// It asks for more than [`MOST_NAMES`] alternative names.
    TooManyNames,
}

/// The attribute that asks for extensions (RFC 2985, section 5.4.2).
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
/// The same under the identifier of old Microsoft software.
const MS_EXTENSION_REQUEST: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.3.6.1.4.1.311.2.1.14");

impl Csr {
    /// Reads a request and checks its signature over the original octets.
    ///
    /// Attributes other than the extension request are passed over, and of the extensions all that no field here holds.
    ///
    /// # Errors
    /// [`CsrError`], also for octets after the request or left over inside it.
    pub fn read(der: &[u8]) -> Result<Csr, CsrError> {
        if der.len() > LARGEST {
            return Err(CsrError::TooLarge);
        }
        let signed = Signed::open(der)?;
        let mut csr = read_info(Reader::new(signed.tbs.content))?;
        check_signature(&signed, &csr.public_key)?;
        csr.der = der.to_vec();
        Ok(csr)
    }

    /// The original DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

/// Reads the fields of a CertificationRequestInfo.
fn read_info(mut fields: Reader<'_>) -> Result<Csr, CsrError> {
    if fields.expect(INTEGER)?.content != [0] {
        return Err(CsrError::NotDer);
    }
    let subject = Name::from_der(fields.expect(SEQUENCE)?.der).map_err(CsrError::Subject)?;
    let public_key = PublicKey::from_spki_der(fields.expect(SEQUENCE)?.der)
        .map_err(|_| CsrError::UnsupportedKey)?;
    let mut csr = Csr {
        subject,
        public_key,
        names: Vec::new(),
        key_usage: None,
        extended_key_usage: None,
        is_authority: false,
        der: Vec::new(),
    };
    // Some old software leaves out the attributes altogether rather than writing none.
    if let Some(attributes) = fields.optional(context_constructed(0)) {
        read_attributes(Reader::new(attributes.content), &mut csr)?;
    }
    fields.finish()?;
    Ok(csr)
}

fn read_attributes(mut attributes: Reader<'_>, csr: &mut Csr) -> Result<(), CsrError> {
    let mut asked = false;
    // Writers do not always sort this SET, so it is read in any order.
    while !attributes.is_finished() {
        let mut attribute = attributes.nested(SEQUENCE)?;
        let kind = ObjectIdentifier::from_bytes(attribute.expect(OBJECT_IDENTIFIER)?.content);
        let values = attribute.expect(SET)?;
        attribute.finish()?;
        if !matches!(kind, Ok(EXTENSION_REQUEST | MS_EXTENSION_REQUEST)) {
            continue;
        }
        if asked {
            return Err(CsrError::BadExtension("extension request"));
        }
        asked = true;
        read_extensions(values.content, csr)?;
    }
    Ok(())
}

fn read_extensions(extensions: &[u8], csr: &mut Csr) -> Result<(), CsrError> {
    let broken = |what| move |_| CsrError::BadExtension(what);
    for extension in values::extensions(extensions).map_err(broken("extension request"))? {
        let value = extension.value;
        match extension.oid() {
            Some(x509::KEY_USAGE) => {
                csr.key_usage = Some(values::key_usage(value).map_err(broken("key usage"))?)
            }
            Some(x509::EXTENDED_KEY_USAGE) => {
                let purposes =
                    values::extended_key_usage(value).map_err(broken("extended key usage"))?;
                csr.extended_key_usage = Some(purposes);
            }
            Some(x509::BASIC_CONSTRAINTS) => {
                (csr.is_authority, _) =
                    values::basic_constraints(value).map_err(broken("basic constraints"))?;
            }
            Some(x509::SUBJECT_ALTERNATIVE_NAME) => csr.names = read_names(value)?,
            _ => {}
        }
    }
    Ok(())
}

/// Alternative names; unlike a certificate's, none may break the rules of its form.
fn read_names(value: &[u8]) -> Result<Vec<GeneralName>, CsrError> {
    let broken = || CsrError::BadExtension("subject alternative name");
    let names = values::general_names(value).map_err(|_| broken())?;
    if names.len() > MOST_NAMES {
        return Err(CsrError::TooManyNames);
    }
    if names.is_empty() {
        return Err(broken());
    }
    names
        .into_iter()
        .map(|name| x509::read_general_name(name).ok_or_else(broken))
        .collect()
}

impl From<Malformed> for CsrError {
    fn from(_: Malformed) -> CsrError {
        CsrError::NotDer
    }
}

impl fmt::Display for CsrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CsrError::TooLarge => write!(f, "larger than {LARGEST} octets: no certification request is"),
            CsrError::NotDer => f.write_str("not the DER of exactly one PKCS#10 certification request"),
            CsrError::Subject(error) => write!(f, "the subject cannot be read: {error}"),
            CsrError::UnsupportedKey => f.write_str(
                "the key cannot be checked: use RSA of 1024 to 8192 bits, ECDSA on P-256, P-384 or P-521, or Ed25519",
            ),
            CsrError::UnsupportedSignature(algorithm) => {
                write!(f, "a signature with {} is not taken: sign the request with SHA-256", algorithm.java_name())
            }
            CsrError::BadSignature => f.write_str(
                "the signature of the request does not hold: sign it with the private key of the key that is in it",
            ),
            CsrError::BadExtension(what) => write!(f, "the {what} asked for cannot be read, or is there twice"),
            CsrError::TooManyNames => write!(f, "more than {MOST_NAMES} alternative names are asked for"),
        }
    }
}

impl std::error::Error for CsrError {}
