//! OCSP requests (RFC 6960, section 4.1) about one certificate each, as most clients send them, and what bench looks at in
//! answers. Must not know how they travel.

use std::fs;
use std::ops::Range;
use std::path::Path;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use chancery_core::x509::{pem, read_certificate};

use crate::Error;

/// Octets of a nonce (RFC 9654, section 2.1: 32 by default).
pub(crate) const NONCE: usize = 32;

/// `id-sha1`, with NULL parameters.
const SHA1: &[u8] = &[
    0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00,
];
/// `id-pkix-ocsp-nonce`.
const NONCE_OID: &[u8] = &[
    0x06, 0x09, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x02,
];
/// An `OCSPResponse` begins with this inside its SEQUENCE if it is `successful`.
const SUCCESSFUL: &[u8] = &[0x0a, 0x01, 0x00];

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const SEQUENCE: u8 = 0x30;
const REQUEST_EXTENSIONS: u8 = 0xa2;

/// An authority as requests name it: by SHA-1, which all clients send unless told otherwise.
pub(crate) struct Issuer {
    name: Vec<u8>,
    key: Vec<u8>,
}

impl Issuer {
    /// The authority whose certificate is in this file, PEM or DER.
    ///
    /// # Errors
    /// The file cannot be read, or holds no certificate.
    pub(crate) fn read(file: &Path) -> Result<Self, Error> {
        let octets =
            fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
        let unreadable = |error: String| format!("{}: {error}", file.display());
        let der = pem::certificate_der(&octets).map_err(|error| unreadable(error.to_string()))?;
        let facts = read_certificate(&der).map_err(|error| unreadable(format!("{error:?}")))?;
        let name = digest(&SHA1_FOR_LEGACY_USE_ONLY, facts.subject.der());
        Ok(Self {
            name: name.as_ref().to_vec(),
            // The key identifier of RFC 5280, section 4.2.1.2 (1), is the same hash.
            key: facts.public_key.key_id().to_vec(),
        })
    }

    /// The request about the certificate with this serial number (content octets of the INTEGER). With `nonce`, its last
    /// [`NONCE`] octets are the nonce, zeros until somebody writes there.
    pub(crate) fn request(&self, serial: &[u8], nonce: bool) -> Vec<u8> {
        let hashes = [tlv(OCTET_STRING, &self.name), tlv(OCTET_STRING, &self.key)].concat();
        let id = tlv(SEQUENCE, &[SHA1, &hashes, &tlv(INTEGER, serial)].concat());
        let mut tbs = tlv(SEQUENCE, &tlv(SEQUENCE, &id));
        if nonce {
            let value = tlv(OCTET_STRING, &tlv(OCTET_STRING, &[0; NONCE]));
            let extension = tlv(SEQUENCE, &[NONCE_OID, &value].concat());
            tbs.extend(tlv(REQUEST_EXTENSIONS, &tlv(SEQUENCE, &extension)));
        }
        tlv(SEQUENCE, &tlv(SEQUENCE, &tbs))
    }
}

/// What an answer says of a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Status {
    Good,
    Revoked,
    Unknown,
}

/// Is it an answer, and not one of the protocol's errors?
pub(crate) fn is_successful(answer: &[u8]) -> bool {
    let header = match answer.get(1) {
        Some(length) if *length < 0x80 => 2,
        Some(length) => 2 + usize::from(length & 0x7f),
        None => return false,
    };
    answer
        .get(header..)
        .is_some_and(|content| content.starts_with(SUCCESSFUL))
}

/// What a successful answer says of the certificate with this serial number; none if it does not speak of it. The status
/// follows the serial number (`SingleResponse`).
pub(crate) fn status(answer: &[u8], serial: &[u8]) -> Option<Status> {
    let number = tlv(INTEGER, serial);
    let at = find(answer, &number)?.end;
    match *answer.get(at)? {
        0x80 => Some(Status::Good),
        0xa1 => Some(Status::Revoked),
        0x82 => Some(Status::Unknown),
        _ => None,
    }
}

/// Where `part` first stands in `whole`.
pub(crate) fn find(whole: &[u8], part: &[u8]) -> Option<Range<usize>> {
    let at = whole.windows(part.len()).position(|here| here == part)?;
    Some(at..at + part.len())
}

/// DER of contents up to 255 octets, which is more than a request has.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let [.., last] = length;
    let mut encoded = vec![tag];
    if content.len() > 0x7f {
        encoded.push(0x81);
    }
    encoded.push(last);
    encoded.extend_from_slice(content);
    encoded
}

#[cfg(test)]
mod tests {
    use chancery_core::ocsp::{HashAlgorithm, read_request};

    use super::*;

    fn issuer() -> Issuer {
        Issuer {
            name: vec![1; 20],
            key: vec![2; 20],
        }
    }

    #[test]
    fn requests_are_read_as_they_are_meant() {
        for (serial, nonce) in [(&[5_u8][..], false), (&[0x7f; 20], true)] {
            let mut octets = issuer().request(serial, nonce);
            let end = octets.len();
            if nonce {
                octets[end - NONCE..].fill(9);
            }
            let read = read_request(&octets).unwrap();
            assert_eq!(read.nonce, nonce.then(|| vec![9; NONCE]));
            let id = &read.certificates[0];
            assert_eq!(id.serial.content(), serial);
            assert_eq!((id.hash, id.null_parameters), (HashAlgorithm::Sha1, true));
            assert_eq!(
                (id.name_hash.as_slice(), id.key_hash.as_slice()),
                (&[1; 20][..], &[2; 20][..])
            );
        }
    }

    #[test]
    fn errors_are_told_from_answers() {
        for (answer, want) in [
            (&[0x30, 3, 0x0a, 1, 0][..], true),
            (&[0x30, 0x82, 1, 1, 0x0a, 1, 0, 0xa0], true),
            (&[0x30, 3, 0x0a, 1, 6], false),
            (&[0x30], false),
            (&[], false),
        ] {
            assert_eq!(is_successful(answer), want, "{answer:?}");
        }
    }

    #[test]
    fn statuses_are_found_behind_the_serial_number() {
        for (tag, want) in [
            (0x80, Some(Status::Good)),
            (0xa1, Some(Status::Revoked)),
            (0x82, Some(Status::Unknown)),
            (0x30, None),
        ] {
            let answer = [0x30, 0x20, 2, 2, 0x12, 0x34, tag, 0];
            assert_eq!(status(&answer, &[0x12, 0x34]), want, "{tag}");
            assert_eq!(status(&answer, &[0x12, 0x35]), None);
        }
    }
}
