//! What a certificate says, read from its DER (RFC 5280, section 4.1).

use std::fmt;

use der::oid::ObjectIdentifier;

use super::extension::{
    AUTHORITY_INFO_ACCESS, AUTHORITY_KEY_ID, BASIC_CONSTRAINTS, CRL_DISTRIBUTION_POINTS,
    EXTENDED_KEY_USAGE, KEY_USAGE, SUBJECT_ALTERNATIVE_NAME, SUBJECT_KEY_ID,
};
use super::tlv::{INTEGER, Malformed, Reader, SEQUENCE, context, context_constructed};
use super::{KeyUsage, LARGEST, Signed, read_signature_algorithm, read_time, values};
use crate::key::{PublicKey, SignatureAlgorithm};
use crate::name::{Name, NameError};
use crate::san::GeneralName;
use crate::serial::Serial;
use crate::time::Time;

/// Facts read from one certificate's DER. The DER stays the truth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Facts {
    /// 1 to 3.
    pub version: u8,
    /// The serial number, whatever its sign and length.
    pub serial: Serial,
    /// Who signed it.
    pub issuer: Name,
    /// Whom it names.
    pub subject: Name,
    /// Start of validity.
    pub not_before: Time,
    /// Last second of validity.
    pub not_after: Time,
    /// The subject's key.
    pub public_key: PublicKey,
    /// How it is signed, by the field under the signature.
    pub signature_algorithm: SignatureAlgorithm,
    /// What the key may do; anything if the extension is not there.
    pub key_usage: Option<KeyUsage>,
    /// For what purposes, in the order of the extension; any if it is not there.
    pub extended_key_usage: Option<Vec<ObjectIdentifier>>,
    /// Alternative names of the subject.
    pub names: Vec<GeneralName>,
    /// Do the basic constraints say that it is an authority's?
    pub is_authority: bool,
    /// How many authorities may follow under it.
    pub path_length: Option<u8>,
    /// The subject key identifier of the extension, which need not be [`PublicKey::key_id`].
    pub subject_key_id: Option<Vec<u8>>,
    /// The authority key identifier.
    pub authority_key_id: Option<Vec<u8>>,
    /// URIs of CRLs.
    pub crl_addresses: Vec<String>,
    /// URIs of the issuer's certificate.
    pub issuer_addresses: Vec<String>,
    /// URIs of OCSP responders.
    pub ocsp_addresses: Vec<String>,
}

/// Why octets are no certificate that can be read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ReadError {
    /// More than [`LARGEST`] octets.
    TooLarge,
    /// Not the DER of a certificate, or octets follow it.
    NotDer,
    /// The issuer or the subject is no name.
    Name(NameError),
    /// The serial number is empty or longer than 64 octets.
    Serial,
    /// A time of the validity is none.
    Time,
    /// The public key is not well formed.
    Key,
    /// This extension is broken, or one stands there twice.
    Extension(&'static str),
}

/// Reads a certificate.
///
/// Lenient where certificates of others are odd: any version, negative and long serial numbers, times in either type, old
/// algorithms, BER booleans, keys and alternative names of unknown form. Extensions that only tell where something is
/// are passed over if they cannot be read; those that say what the certificate is good for must be readable.
///
/// # Errors
/// [`ReadError`], also for octets after the certificate or left over inside it.
pub fn read_certificate(der: &[u8]) -> Result<Facts, ReadError> {
    if der.len() > LARGEST {
        return Err(ReadError::TooLarge);
    }
    read_tbs(Reader::new(Signed::open(der)?.tbs.content))
}

/// Does the signature of the certificate hold under this key? Checked over the original octets. False also for what
/// cannot be read, and if the algorithms over and under the signature differ (RFC 5280, section 4.1.1.2).
pub fn verify_certificate(der: &[u8], issuer_key: &PublicKey) -> bool {
    let Ok(signed) = Signed::open(der) else {
        return false;
    };
    let algorithm = read_certificate(der).map(|facts| facts.signature_algorithm);
    algorithm == Ok(signed.algorithm) && signed.verifies(issuer_key)
}

/// Reads the fields of a TBSCertificate.
fn read_tbs(mut fields: Reader<'_>) -> Result<Facts, ReadError> {
    let version = fields
        .optional(context_constructed(0))
        .map_or(Ok(1), |version| read_version(version.content))?;
    let serial =
        Serial::from_content(fields.expect(INTEGER)?.content).map_err(|_| ReadError::Serial)?;
    let signature_algorithm = read_signature_algorithm(&mut fields)?;
    let issuer = Name::from_der(fields.expect(SEQUENCE)?.der).map_err(ReadError::Name)?;
    let mut validity = fields.nested(SEQUENCE)?;
    let not_before = read_time(validity.any()?).ok_or(ReadError::Time)?;
    let not_after = read_time(validity.any()?).ok_or(ReadError::Time)?;
    validity.finish()?;
    let subject = Name::from_der(fields.expect(SEQUENCE)?.der).map_err(ReadError::Name)?;
    let public_key =
        PublicKey::from_spki_der(fields.expect(SEQUENCE)?.der).map_err(|_| ReadError::Key)?;
    let mut facts = Facts {
        version,
        serial,
        issuer,
        subject,
        not_before,
        not_after,
        public_key,
        signature_algorithm,
        key_usage: None,
        extended_key_usage: None,
        names: Vec::new(),
        is_authority: false,
        path_length: None,
        subject_key_id: None,
        authority_key_id: None,
        crl_addresses: Vec::new(),
        issuer_addresses: Vec::new(),
        ocsp_addresses: Vec::new(),
    };
    // issuerUniqueID and subjectUniqueID tell nothing that is used today.
    for number in [1, 2] {
        fields.optional(context(number));
    }
    if let Some(extensions) = fields.optional(context_constructed(3)) {
        read_extensions(extensions.content, &mut facts)?;
    }
    fields.finish()?;
    Ok(facts)
}

fn read_version(field: &[u8]) -> Result<u8, ReadError> {
    match field {
        [INTEGER, 1, version @ 0..=2] => Ok(version + 1),
        _ => Err(ReadError::NotDer),
    }
}

fn read_extensions(extensions: &[u8], facts: &mut Facts) -> Result<(), ReadError> {
    let broken = |what| move |_| ReadError::Extension(what);
    for extension in values::extensions(extensions).map_err(broken("list of extensions"))? {
        let value = extension.value;
        match extension.oid() {
            Some(KEY_USAGE) => {
                facts.key_usage = Some(values::key_usage(value).map_err(broken("key usage"))?)
            }
            Some(EXTENDED_KEY_USAGE) => {
                let purposes =
                    values::extended_key_usage(value).map_err(broken("extended key usage"))?;
                facts.extended_key_usage = Some(purposes);
            }
            Some(BASIC_CONSTRAINTS) => {
                let constraints =
                    values::basic_constraints(value).map_err(broken("basic constraints"))?;
                (facts.is_authority, facts.path_length) = constraints;
            }
            Some(SUBJECT_ALTERNATIVE_NAME) => {
                facts.names =
                    values::alternative_names(value).map_err(broken("subject alternative name"))?;
            }
            Some(SUBJECT_KEY_ID) => facts.subject_key_id = values::subject_key_id(value).ok(),
            Some(AUTHORITY_KEY_ID) => {
                facts.authority_key_id = values::authority_key_id(value).unwrap_or(None)
            }
            Some(CRL_DISTRIBUTION_POINTS) => {
                facts.crl_addresses = values::crl_addresses(value).unwrap_or_default()
            }
            Some(AUTHORITY_INFO_ACCESS) => {
                (facts.issuer_addresses, facts.ocsp_addresses) =
                    values::access_addresses(value).unwrap_or_default();
            }
            _ => {}
        }
    }
    Ok(())
}

impl From<Malformed> for ReadError {
    fn from(_: Malformed) -> ReadError {
        ReadError::NotDer
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::TooLarge => write!(f, "larger than {LARGEST} octets: no certificate is"),
            ReadError::NotDer => f.write_str("not the DER of exactly one certificate"),
            ReadError::Name(error) => write!(f, "the issuer or subject cannot be read: {error}"),
            ReadError::Serial => f.write_str("the serial number is empty or longer than 64 octets"),
            ReadError::Time => f.write_str("the validity holds something that is no date and time"),
            ReadError::Key => f.write_str("the public key is not well formed"),
            ReadError::Extension(what) => {
                write!(f, "the {what} cannot be read, or stands there twice")
            }
        }
    }
}

impl std::error::Error for ReadError {}
