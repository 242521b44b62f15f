//! What a signature is made over: the DER of a TBSCertificate (RFC 5280, section 4.1).

use std::fmt;

use der::asn1::AnyRef;
use der::{Decode, Encode, Sequence, Tag};

use super::{AlgorithmIdentifier, Extension, push_time, write_extensions};
use crate::key::{PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::serial::Serial;
use crate::time::Time;

/// What goes into a TBSCertificate, all decided already. It becomes a certificate of version 3.
#[derive(Clone, Debug)]
pub struct Contents<'a> {
    /// The serial number.
    pub serial: &'a Serial,
    /// How it will be signed.
    pub signature_algorithm: SignatureAlgorithm,
    /// Who will sign it.
    pub issuer: &'a Name,
    /// Start of validity.
    pub not_before: Time,
    /// Last second of validity.
    pub not_after: Time,
    /// Whom it names.
    pub subject: &'a Name,
    /// The subject's key.
    pub public_key: &'a PublicKey,
    /// Its extensions, written in this order. None at all leaves the field out.
    pub extensions: Vec<Extension>,
}

/// Why something cannot be written as DER.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteError {
    /// A time before 1970 or after 9999.
    Time(Time),
    /// This list or set must not be empty.
    Empty(&'static str),
    /// A serial number of more than 64 octets.
    Serial,
    /// A revocation list that would not be one: the text says why.
    Crl(&'static str),
    /// Something that DER cannot hold: text beyond ASCII in an address or name, or more than 4 GiB.
    Der(der::Error),
}

#[derive(Sequence)]
struct TbsCertificate<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    version: u8,
    serial: AnyRef<'a>,
    signature: AlgorithmIdentifier,
    issuer: AnyRef<'a>,
    validity: Validity<'a>,
    subject: AnyRef<'a>,
    public_key: AnyRef<'a>,
    #[asn1(context_specific = "3", tag_mode = "EXPLICIT", optional = "true")]
    extensions: Option<AnyRef<'a>>,
}

#[derive(Sequence)]
struct Validity<'a> {
    not_before: AnyRef<'a>,
    not_after: AnyRef<'a>,
}

/// The whole DER of the TBSCertificate.
///
/// # Errors
/// A time before 1970 or after 9999; otherwise only what is too large for DER.
pub fn write_tbs(contents: &Contents<'_>) -> Result<Vec<u8>, WriteError> {
    let (mut not_before, mut not_after) = (Vec::new(), Vec::new());
    push_time(&mut not_before, contents.not_before)?;
    push_time(&mut not_after, contents.not_after)?;
    let extensions = write_extensions(&contents.extensions)?;
    let tbs = TbsCertificate {
        version: 2,
        serial: AnyRef::new(Tag::Integer, contents.serial.content())?,
        signature: AlgorithmIdentifier::of(contents.signature_algorithm),
        issuer: AnyRef::from_der(contents.issuer.der())?,
        validity: Validity {
            not_before: AnyRef::from_der(&not_before)?,
            not_after: AnyRef::from_der(&not_after)?,
        },
        subject: AnyRef::from_der(contents.subject.der())?,
        public_key: AnyRef::from_der(contents.public_key.spki_der())?,
        extensions: if contents.extensions.is_empty() {
            None
        } else {
            Some(AnyRef::from_der(&extensions)?)
        },
    };
    Ok(tbs.to_der()?)
}

impl From<der::Error> for WriteError {
    fn from(error: der::Error) -> WriteError {
        WriteError::Der(error)
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Time(time) => {
                write!(
                    f,
                    "a certificate holds times from 1970 to 9999, not {} (Unix time)",
                    time.unix()
                )
            }
            WriteError::Empty(what) => {
                write!(f, "the {what} must not be empty: leave it out instead")
            }
            WriteError::Serial => f.write_str("a serial number has at most 64 octets"),
            WriteError::Crl(why) => write!(f, "this is no revocation list: {why}"),
            WriteError::Der(error) => write!(f, "cannot be encoded in DER: {error}"),
        }
    }
}

impl std::error::Error for WriteError {}
