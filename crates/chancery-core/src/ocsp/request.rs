//! Reading requests (RFC 6960, section 4.1), from anybody. The signature that a request may carry is passed over: answers
//! are for everybody.

use std::fmt;

use super::{ACCEPTABLE_RESPONSES, CertId, HashAlgorithm, NONCE};
use crate::serial::Serial;
use crate::x509::tlv::{
    INTEGER, Malformed, NULL, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE,
    context_constructed,
};
use crate::x509::values::{self, RawExtension};

/// Largest request that is read, in octets.
pub const LARGEST_REQUEST: usize = 64 * 1024;
/// Most certificates that one request can ask about.
pub const MOST_CERTIFICATES: usize = 100;
/// Longest nonce, in octets; the shortest has one (RFC 9654, section 2.1).
const LONGEST_NONCE: usize = 128;

/// What a client asks.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OcspRequest {
    /// The certificates: 1 to [`MOST_CERTIFICATES`], in the client's order.
    pub certificates: Vec<CertId>,
    /// The nonce that the answer must repeat: 1 to 128 octets.
    pub nonce: Option<Vec<u8>>,
}

/// Why octets are no request that is answered. Clients are told `malformedRequest`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestError {
    /// Not the DER of exactly one request of version 1.
    Malformed,
    /// More than [`LARGEST_REQUEST`] octets, or more than [`MOST_CERTIFICATES`] certificates.
    TooLarge,
    /// No certificate at all.
    Empty,
    /// A hash that is not known, or that is not as long as its algorithm's.
    Hash,
    /// A nonce that is no OCTET STRING of 1 to 128 octets.
    Nonce,
    /// A critical extension that is not known.
    Critical,
}

/// Reads a request.
///
/// # Errors
/// What is malformed, too large, or asks what is not understood.
pub fn read_request(octets: &[u8]) -> Result<OcspRequest, RequestError> {
    if octets.len() > LARGEST_REQUEST {
        return Err(RequestError::TooLarge);
    }
    let mut whole = Reader::inside(octets, SEQUENCE)?;
    let mut tbs = whole.nested(SEQUENCE)?;
    whole.optional(context_constructed(0));
    whole.finish()?;
    if let Some(version) = tbs.optional(context_constructed(0)) {
        let mut version = Reader::new(version.content);
        let number = version.expect(INTEGER)?;
        version.finish()?;
        if number.content != [0] {
            return Err(RequestError::Malformed);
        }
    }
    // Who asks does not matter.
    tbs.optional(context_constructed(1));
    let certificates = read_certificates(tbs.nested(SEQUENCE)?)?;
    let nonce = match tbs.optional(context_constructed(2)) {
        Some(extensions) => read_nonce(extensions.content)?,
        None => None,
    };
    tbs.finish()?;
    Ok(OcspRequest {
        certificates,
        nonce,
    })
}

fn read_certificates(mut list: Reader<'_>) -> Result<Vec<CertId>, RequestError> {
    let mut certificates = Vec::new();
    while !list.is_finished() {
        if certificates.len() == MOST_CERTIFICATES {
            return Err(RequestError::TooLarge);
        }
        let mut request = list.nested(SEQUENCE)?;
        certificates.push(read_id(request.nested(SEQUENCE)?)?);
        if let Some(extensions) = request.optional(context_constructed(0)) {
            let extensions = values::extensions(extensions.content)?;
            if extensions.iter().any(|extension| extension.critical) {
                return Err(RequestError::Critical);
            }
        }
        request.finish()?;
    }
    if certificates.is_empty() {
        return Err(RequestError::Empty);
    }
    Ok(certificates)
}

fn read_id(mut id: Reader<'_>) -> Result<CertId, RequestError> {
    let mut algorithm = id.nested(SEQUENCE)?;
    let oid = algorithm.expect(OBJECT_IDENTIFIER)?;
    let hash = HashAlgorithm::from_oid(oid.content).ok_or(RequestError::Hash)?;
    let parameters = algorithm.optional(NULL);
    algorithm.finish()?;
    if parameters.is_some_and(|null| !null.content.is_empty()) {
        return Err(RequestError::Malformed);
    }
    let name_hash = id.expect(OCTET_STRING)?.content.to_vec();
    let key_hash = id.expect(OCTET_STRING)?.content.to_vec();
    if [&name_hash, &key_hash]
        .iter()
        .any(|octets| octets.len() != hash.length())
    {
        return Err(RequestError::Hash);
    }
    let serial =
        Serial::from_content(id.expect(INTEGER)?.content).map_err(|_| RequestError::Malformed)?;
    id.finish()?;
    Ok(CertId {
        hash,
        null_parameters: parameters.is_some(),
        name_hash,
        key_hash,
        serial,
    })
}

/// The nonce among the extensions of the whole request.
fn read_nonce(extensions: &[u8]) -> Result<Option<Vec<u8>>, RequestError> {
    let extensions = values::extensions(extensions)?;
    let known = [Some(NONCE), Some(ACCEPTABLE_RESPONSES)];
    let is_strange =
        |extension: &RawExtension<'_>| extension.critical && !known.contains(&extension.oid());
    if extensions.iter().any(is_strange) {
        return Err(RequestError::Critical);
    }
    let mut nonces = extensions
        .iter()
        .filter(|extension| extension.oid() == Some(NONCE));
    let Some(nonce) = nonces.next() else {
        return Ok(None);
    };
    let mut value = Reader::new(nonce.value);
    let octets = value
        .expect(OCTET_STRING)
        .map_err(|_| RequestError::Nonce)?
        .content;
    let fits = value.is_finished() && (1..=LONGEST_NONCE).contains(&octets.len());
    if fits {
        Ok(Some(octets.to_vec()))
    } else {
        Err(RequestError::Nonce)
    }
}

impl From<Malformed> for RequestError {
    fn from(_: Malformed) -> RequestError {
        RequestError::Malformed
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RequestError::Malformed => "not the DER of exactly one OCSP request of version 1",
            RequestError::TooLarge => {
                "the OCSP request is too large: ask about at most 100 certificates in 64 KiB"
            }
            RequestError::Empty => "the OCSP request asks about no certificate",
            RequestError::Hash => {
                "the OCSP request names an issuer by no hash known here: take SHA-1, SHA-256, SHA-384 or SHA-512"
            }
            RequestError::Nonce => "the OCSP request's nonce is no OCTET STRING of 1 to 128 octets",
            RequestError::Critical => {
                "the OCSP request has a critical extension that is not known here"
            }
        })
    }
}

impl std::error::Error for RequestError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::tlv::{BOOLEAN, context, element};

    /// A CertID with hashes of that length.
    fn id(oid: &[u8], parameters: &[u8], length: usize) -> Vec<u8> {
        let oid = element(OBJECT_IDENTIFIER, &[oid]);
        let parts = [
            element(SEQUENCE, &[&oid, parameters]),
            element(OCTET_STRING, &[&vec![1; length]]),
            element(OCTET_STRING, &[&vec![2; length]]),
            element(INTEGER, &[&[3]]),
        ];
        element(SEQUENCE, &[&parts.concat()])
    }

    fn sha1() -> Vec<u8> {
        id(&[0x2b, 0x0e, 3, 2, 0x1a], &[NULL, 0], 20)
    }

    /// A request from what stands before the list, the CertIDs, and what stands after it.
    fn request(before: &[u8], ids: &[Vec<u8>], after: &[u8]) -> Vec<u8> {
        let list: Vec<u8> = ids.iter().flat_map(|id| element(SEQUENCE, &[id])).collect();
        let list = element(SEQUENCE, &[&list]);
        element(SEQUENCE, &[&element(SEQUENCE, &[before, &list, after])])
    }

    fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
        let flag = if critical {
            vec![BOOLEAN, 1, 0xff]
        } else {
            vec![]
        };
        let oid = element(OBJECT_IDENTIFIER, &[oid]);
        element(SEQUENCE, &[&oid, &flag, &element(OCTET_STRING, &[value])])
    }

    fn extensions(list: &[Vec<u8>]) -> Vec<u8> {
        let list = element(SEQUENCE, &[&list.concat()]);
        element(context_constructed(2), &[&list])
    }

    const NONCE_OID: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2];
    const STRANGE: &[u8] = &[0x2a, 3, 4];

    fn with_nonce(octets: usize) -> Vec<u8> {
        let value = element(OCTET_STRING, &[&vec![9; octets]]);
        request(
            &[],
            &[sha1()],
            &extensions(&[extension(NONCE_OID, false, &value)]),
        )
    }

    fn check(what: &str, octets: &[u8], want: Result<(usize, Option<usize>), RequestError>) {
        let read = read_request(octets);
        let told = read.map(|read| {
            let nonce = read.nonce.map(|nonce| nonce.len());
            (read.certificates.len(), nonce)
        });
        assert_eq!(told, want, "{what}");
    }

    #[test]
    fn requests_are_read() {
        let v1 = element(context_constructed(0), &[&[INTEGER, 1, 0]]);
        let who = element(context_constructed(1), &[&element(context(2), &[b"me"])]);
        check("plain", &request(&[], &[sha1()], &[]), Ok((1, None)));
        check("two", &request(&[], &[sha1(), sha1()], &[]), Ok((2, None)));
        let most = vec![sha1(); MOST_CERTIFICATES];
        check("most", &request(&[], &most, &[]), Ok((100, None)));
        check("version", &request(&v1, &[sha1()], &[]), Ok((1, None)));
        check("requestor", &request(&who, &[sha1()], &[]), Ok((1, None)));
        let plain = request(&[], &[sha1()], &[]);
        let signature = element(context_constructed(0), &[&element(SEQUENCE, &[])]);
        let signed = element(SEQUENCE, &[&plain[2..], &signature]);
        check("signed", &signed, Ok((1, None)));
        for octets in [1, 16, 32, 33, 128] {
            check("nonce", &with_nonce(octets), Ok((1, Some(octets))));
        }
        let strange = extension(STRANGE, false, &[]);
        let strange = request(&[], &[sha1()], &extensions(&[strange]));
        check("not critical", &strange, Ok((1, None)));
    }

    #[test]
    fn every_hash_is_read_and_written_alike() {
        let sha2 = |last: u8| [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, last];
        for (oid, length, hash) in [
            (&[0x2b, 0x0e, 3, 2, 0x1a][..], 20, HashAlgorithm::Sha1),
            (&sha2(1), 32, HashAlgorithm::Sha256),
            (&sha2(2), 48, HashAlgorithm::Sha384),
            (&sha2(3), 64, HashAlgorithm::Sha512),
        ] {
            for parameters in [&[NULL, 0][..], &[]] {
                let der = id(oid, parameters, length);
                let read = read_request(&request(&[], std::slice::from_ref(&der), &[])).unwrap();
                assert_eq!(read.certificates[0].hash, hash);
                assert_eq!(read.certificates[0].to_der(), der);
            }
            for wrong in [0, length - 1, length + 1] {
                let wrong = request(&[], &[id(oid, &[], wrong)], &[]);
                check("length", &wrong, Err(RequestError::Hash));
            }
        }
        let md5 = id(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 5], &[NULL, 0], 16);
        check("MD5", &request(&[], &[md5], &[]), Err(RequestError::Hash));
    }

    #[test]
    fn what_is_wrong_is_named() {
        let v2 = element(context_constructed(0), &[&[INTEGER, 1, 1]]);
        check(
            "version 2",
            &request(&v2, &[sha1()], &[]),
            Err(RequestError::Malformed),
        );
        check("none", &request(&[], &[], &[]), Err(RequestError::Empty));
        let many = vec![sha1(); MOST_CERTIFICATES + 1];
        check(
            "101",
            &request(&[], &many, &[]),
            Err(RequestError::TooLarge),
        );
        check(
            "large",
            &[0x30; LARGEST_REQUEST + 1],
            Err(RequestError::TooLarge),
        );
        let odd = id(&[0x2b, 0x0e, 3, 2, 0x1a], &[OCTET_STRING, 0], 20);
        check(
            "parameters",
            &request(&[], &[odd], &[]),
            Err(RequestError::Malformed),
        );
        for octets in [0, 129, 1000] {
            check("nonce", &with_nonce(octets), Err(RequestError::Nonce));
        }
        for value in [
            &[][..],
            &[INTEGER, 1, 1],
            &[OCTET_STRING, 1, 7, 0],
            &[7; 16],
        ] {
            let nonce = extensions(&[extension(NONCE_OID, false, value)]);
            check(
                "odd nonce",
                &request(&[], &[sha1()], &nonce),
                Err(RequestError::Nonce),
            );
        }
        let nonce = extension(NONCE_OID, false, &[OCTET_STRING, 1, 7]);
        let twice = request(&[], &[sha1()], &extensions(&[nonce.clone(), nonce]));
        check("two nonces", &twice, Err(RequestError::Malformed));
        let critical = extension(STRANGE, true, &[]);
        let whole = request(&[], &[sha1()], &extensions(std::slice::from_ref(&critical)));
        check("critical", &whole, Err(RequestError::Critical));
        let of_one = element(SEQUENCE, &[&critical]);
        let of_one = element(context_constructed(0), &[&of_one]);
        let of_one = request(&[], &[[sha1(), of_one].concat()], &[]);
        check("critical of one", &of_one, Err(RequestError::Critical));
        let whole = request(&[], &[sha1()], &[]);
        for length in 0..whole.len() {
            check("truncated", &whole[..length], Err(RequestError::Malformed));
        }
        check(
            "trailing",
            &[whole.as_slice(), &[0]].concat(),
            Err(RequestError::Malformed),
        );
    }
}
