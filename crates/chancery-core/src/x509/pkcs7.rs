//! PKCS#7 as a bag of certificates: a SignedData that nobody signed (RFC 5652, section 5.1; the "certs-only" message of
//! RFC 8551, section 3.7).
//!
//! Of what is read only the certificates are taken out. Signatures, if there are any, and CRLs are passed over: a certificate
//! is believed for its own signature, not for its wrapping.

use std::fmt;

use der::asn1::AnyRef;
use der::oid::ObjectIdentifier;
use der::{Encode, Tag, TagNumber};

use super::WriteError;
use super::tlv::{
    INTEGER, Malformed, OBJECT_IDENTIFIER, Reader, SEQUENCE, SET, context_constructed,
};

/// Most certificates in one bag.
pub const MOST_CERTIFICATES: usize = 100;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");

/// Why octets are no bag of certificates.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pkcs7Error {
    /// More octets than PEM text may have, or more than [`MOST_CERTIFICATES`].
    TooLarge,
    /// Not the DER of a SignedData, or octets follow it.
    NotSignedData,
    /// There is no certificate in it.
    Empty,
}

/// The DER of every certificate in a SignedData, in order; at least one. The certificates themselves are not read. Kinds of
/// certificates that are older or other than X.509 are passed over.
///
/// # Errors
/// [`Pkcs7Error`]
pub fn certificates(der: &[u8]) -> Result<Vec<Vec<u8>>, Pkcs7Error> {
    if der.len() > super::pem::LONGEST {
        return Err(Pkcs7Error::TooLarge);
    }
    let bag = bag(der).map_err(|Malformed| Pkcs7Error::NotSignedData)?;
    if bag.len() > MOST_CERTIFICATES {
        return Err(Pkcs7Error::TooLarge);
    }
    if bag.is_empty() {
        return Err(Pkcs7Error::Empty);
    }
    Ok(bag.into_iter().map(<[u8]>::to_vec).collect())
}

fn bag(der: &[u8]) -> Result<Vec<&[u8]>, Malformed> {
    let mut info = Reader::inside(der, SEQUENCE)?;
    if info.expect(OBJECT_IDENTIFIER)?.content != SIGNED_DATA.as_bytes() {
        return Err(Malformed);
    }
    let content = info.expect(context_constructed(0))?;
    info.finish()?;
    let mut signed = Reader::inside(content.content, SEQUENCE)?;
    signed.expect(INTEGER)?;
    signed.expect(SET)?;
    signed.expect(SEQUENCE)?;
    let certificates = signed.optional(context_constructed(0));
    signed.optional(context_constructed(1));
    signed.expect(SET)?;
    signed.finish()?;
    let mut found = Vec::new();
    let mut choices = Reader::new(certificates.map_or(&[], |choices| choices.content));
    while !choices.is_finished() {
        let choice = choices.any()?;
        if choice.tag == SEQUENCE {
            found.push(choice.der);
        }
        if found.len() > MOST_CERTIFICATES {
            break;
        }
    }
    Ok(found)
}

/// The DER of a SignedData that holds these certificates (DER), in that order, and is signed by nobody.
///
/// # Errors
/// Only more than 4 GiB.
pub fn write_certificates(certificates: &[Vec<u8>]) -> Result<Vec<u8>, WriteError> {
    let explicit = |content: &[u8]| {
        let tag = Tag::ContextSpecific {
            constructed: true,
            number: TagNumber(0),
        };
        AnyRef::new(tag, content)?.to_der()
    };
    let nothing = AnyRef::new(Tag::Set, &[])?.to_der()?;
    let signed = [
        1_u8.to_der()?,
        nothing.clone(),
        AnyRef::new(Tag::Sequence, &DATA.to_der()?)?.to_der()?,
        explicit(&certificates.concat())?,
        nothing,
    ];
    let signed = AnyRef::new(Tag::Sequence, &signed.concat())?.to_der()?;
    let info = [SIGNED_DATA.to_der()?, explicit(&signed)?];
    Ok(AnyRef::new(Tag::Sequence, &info.concat())?.to_der()?)
}

impl fmt::Display for Pkcs7Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pkcs7Error::TooLarge => write!(
                f,
                "more than {MOST_CERTIFICATES} certificates: send less at once"
            ),
            Pkcs7Error::NotSignedData => f.write_str("not the DER of a PKCS#7 SignedData"),
            Pkcs7Error::Empty => f.write_str("the PKCS#7 holds no certificate"),
        }
    }
}

impl std::error::Error for Pkcs7Error {}

#[cfg(test)]
mod tests {
    use super::super::pem;
    use super::super::testing::OpenSsl;
    use super::*;

    const JOE_TEST: &str = include_str!("testdata/joe-test.pem");
    const JOE_TEST1: &str = include_str!("testdata/joe-test1.pem");

    /// A bag made by openssl, DER.
    fn bagged(pem: &str) -> Vec<u8> {
        let openssl = OpenSsl::new();
        openssl.write("in.pem", pem.as_bytes());
        let files = if pem.is_empty() {
            ""
        } else {
            "-certfile in.pem"
        };
        openssl.run(&format!("crl2pkcs7 -nocrl {files} -outform der -out bag"));
        openssl.read("bag")
    }

    #[test]
    fn what_openssl_bags_is_taken_out() {
        let joe = pem::certificate_der(JOE_TEST.as_bytes()).unwrap();
        let joe1 = pem::certificate_der(JOE_TEST1.as_bytes()).unwrap();
        assert_eq!(certificates(&bagged(JOE_TEST)), Ok(vec![joe.clone()]));
        let both = certificates(&bagged(&format!("{JOE_TEST}{JOE_TEST1}")));
        assert_eq!(both, Ok(vec![joe, joe1]));
        assert_eq!(certificates(&bagged("")), Err(Pkcs7Error::Empty));
    }

    #[test]
    fn what_is_written_is_what_openssl_writes_and_reads_back() {
        let bag: Vec<Vec<u8>> = [JOE_TEST, JOE_TEST1]
            .map(|pem| pem::certificate_der(pem.as_bytes()).unwrap())
            .to_vec();
        let der = write_certificates(&bag).unwrap();
        assert_eq!(der, bagged(&format!("{JOE_TEST}{JOE_TEST1}")));
        assert_eq!(certificates(&der), Ok(bag));
    }

    #[test]
    fn every_label_of_pem_is_read() {
        let der = bagged(JOE_TEST);
        for label in ["PKCS7", "PKCS #7 SIGNED DATA", "CMS"] {
            let text = pem::encode(label, &der);
            assert_eq!(
                pem::pkcs7_der(text.as_bytes()).as_ref(),
                Ok(&der),
                "{label}"
            );
        }
        assert!(pem::pkcs7_der(JOE_TEST.as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_bag_is_refused() {
        let good = bagged(JOE_TEST);
        let mut longer = good.clone();
        longer.push(0);
        let mut other = good.clone();
        let at = other
            .windows(9)
            .position(|it| it == SIGNED_DATA.as_bytes())
            .unwrap();
        other[at + 8] = 1;
        let joe = pem::certificate_der(JOE_TEST.as_bytes()).unwrap();
        for der in [
            &longer,
            &other,
            &joe,
            &good[..good.len() - 1].to_vec(),
            &Vec::new(),
        ] {
            assert_eq!(certificates(der), Err(Pkcs7Error::NotSignedData));
        }
        let large = vec![0; pem::LONGEST + 1];
        assert_eq!(certificates(&large), Err(Pkcs7Error::TooLarge));
    }

    #[test]
    fn a_crowd_is_refused() {
        let element = |tag: u8, content: &[u8]| {
            let length = u16::try_from(content.len()).unwrap().to_be_bytes();
            [&[tag, 0x82, length[0], length[1]], content].concat()
        };
        let bag = |count: usize| {
            let some = element(0xa0, &element(SEQUENCE, b"").repeat(count));
            let parts = [
                element(INTEGER, &[1]),
                element(SET, b""),
                element(SEQUENCE, b""),
                some,
                element(SET, b""),
            ];
            let signed = element(SEQUENCE, &parts.concat());
            let info = [
                element(OBJECT_IDENTIFIER, SIGNED_DATA.as_bytes()),
                element(0xa0, &signed),
            ];
            element(SEQUENCE, &info.concat())
        };
        assert_eq!(certificates(&bag(100)).map(|found| found.len()), Ok(100));
        assert_eq!(certificates(&bag(101)), Err(Pkcs7Error::TooLarge));
    }
}
