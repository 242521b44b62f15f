//! The one shape that certificates, certification requests and CRLs share: what was signed, how, and the signature
//! (RFC 5280, section 4.1; RFC 2986, section 4.2).

use der::asn1::{BitStringRef, Null};
use der::oid::ObjectIdentifier;
use der::{Encode, Header, Length, Sequence, Tag};

use super::WriteError;
use super::tlv::{BIT_STRING, Element, Malformed, OBJECT_IDENTIFIER, Reader, SEQUENCE};
use crate::key::{PublicKey, SignatureAlgorithm};

/// The three parts of something signed.
pub(crate) struct Signed<'a> {
    /// What is under the signature.
    pub(crate) tbs: Element<'a>,
    /// How it says it is signed.
    pub(crate) algorithm: SignatureAlgorithm,
    signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Takes something signed apart; refuses octets after it, or after the signature inside it.
    pub(crate) fn open(der: &'a [u8]) -> Result<Signed<'a>, Malformed> {
        let mut parts = Reader::inside(der, SEQUENCE)?;
        let tbs = parts.expect(SEQUENCE)?;
        let algorithm = read_signature_algorithm(&mut parts)?;
        let [0, signature @ ..] = parts.expect(BIT_STRING)?.content else {
            return Err(Malformed);
        };
        parts.finish()?;
        Ok(Signed {
            tbs,
            algorithm,
            signature,
        })
    }

    /// Does the signature over the original octets hold under `key`?
    pub(crate) fn verifies(&self, key: &PublicKey) -> bool {
        key.verifies(self.algorithm, self.tbs.der, self.signature)
    }
}

/// Reads an AlgorithmIdentifier; its parameters are let be.
pub(crate) fn read_signature_algorithm(
    parts: &mut Reader<'_>,
) -> Result<SignatureAlgorithm, Malformed> {
    let oid = parts.nested(SEQUENCE)?.expect(OBJECT_IDENTIFIER)?;
    ObjectIdentifier::from_bytes(oid.content)
        .map(SignatureAlgorithm::from_oid)
        .map_err(|_| Malformed)
}

/// AlgorithmIdentifier (RFC 5280, section 4.1.1.2), to be written.
#[derive(Clone, Copy, Sequence)]
pub(crate) struct AlgorithmIdentifier {
    oid: ObjectIdentifier,
    parameters: Option<Null>,
}

impl AlgorithmIdentifier {
    /// The identifier of `algorithm`, with the parameters that belong to it.
    pub(crate) fn of(algorithm: SignatureAlgorithm) -> AlgorithmIdentifier {
        let parameters = algorithm.has_null_parameters().then_some(Null);
        AlgorithmIdentifier {
            oid: algorithm.oid(),
            parameters,
        }
    }
}

/// The DER of a certificate or a certification request: `tbs` (whole DER), then how it was signed, then the signature.
///
/// # Errors
/// Only more than 4 GiB.
pub fn seal_with_signature(
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<Vec<u8>, WriteError> {
    let mut der = Vec::with_capacity(tbs.len() + signature.len() + 64);
    der.extend_from_slice(tbs);
    push_signature(&mut der, algorithm, signature)?;
    let header = Header::new(Tag::Sequence, Length::try_from(der.len())?).to_der()?;
    der.splice(..0, header);
    Ok(der)
}

/// Appends how something was signed, and the signature.
pub(crate) fn push_signature(
    out: &mut Vec<u8>,
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<(), WriteError> {
    AlgorithmIdentifier::of(algorithm).encode_to_vec(out)?;
    BitStringRef::from_bytes(signature)?.encode_to_vec(out)?;
    Ok(())
}
