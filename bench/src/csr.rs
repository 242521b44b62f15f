//! Certificate requests (PKCS #10, RFC 2986), each with a P-256 key of its own, as a device would send them.
//! Must not know to whom they are sent.

use std::num::NonZero;
use std::thread;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use der::asn1::{
    AnyRef, BitStringRef, ContextSpecific, Ia5StringRef, ObjectIdentifier, OctetString, SetOfVec,
    Utf8StringRef,
};
use der::{Decode, Encode, Sequence, TagMode, TagNumber, ValueOrd};

use crate::Error;
use crate::random::Random;

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const EXTENSION_REQUEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.14");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// A source of requests with subjects `CN=bench-<run>-<number>` that no other source repeats, and the same as a DNS name.
#[derive(Clone, Copy)]
pub(crate) struct Requests {
    run: u32,
}

impl Requests {
    /// A new source.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn begin() -> Result<Self, Error> {
        let run = (Random::begin()?.next() >> 32) as u32;
        Ok(Self { run })
    }

    /// The request with this number, as the body of `POST /chancery/v1/certificates`.
    ///
    /// # Errors
    /// No key could be made.
    pub(crate) fn body(self, number: u64) -> Result<Bytes, Error> {
        let pem = pem(&self.der(number)?).replace('\n', "\\n");
        Ok(Bytes::from(format!("{{\"csr\":\"{pem}\"}}")))
    }

    /// The bodies with the numbers below `count`, made on every core.
    ///
    /// # Errors
    /// No key could be made.
    pub(crate) fn bodies(self, count: u64) -> Result<Vec<Bytes>, Error> {
        let workers = thread::available_parallelism().map_or(1, NonZero::get) as u64;
        thread::scope(|scope| {
            let share = count.div_ceil(workers).max(1);
            let parts: Vec<_> = (0..workers)
                .map(|worker| (worker * share).min(count)..((worker + 1) * share).min(count))
                .map(|part| scope.spawn(move || part.map(|number| self.body(number)).collect()))
                .collect();
            let mut bodies = Vec::new();
            for part in parts {
                let made: Result<Vec<Bytes>, Error> = part
                    .join()
                    .map_err(|_| "a thread that made requests died")?;
                bodies.extend(made?);
            }
            Ok(bodies)
        })
    }

    fn der(self, number: u64) -> Result<Vec<u8>, Error> {
        let name = format!("bench-{:08x}-{number:07}", self.run);
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
        let public = AsDer::<PublicKeyX509Der<'_>>::as_der(key.public_key())?;
        let subject = SetOfVec::try_from([NameAttribute {
            kind: COMMON_NAME,
            value: Utf8StringRef::new(&name)?,
        }])?;
        let info = Info {
            version: 0,
            subject: vec![subject],
            key: AnyRef::from_der(public.as_ref())?,
            attributes: SetOfVec::try_from([extension_request(&name)?])?,
        }
        .to_der()?;
        let signature = key.sign(&SystemRandom::new(), &info)?;
        let signed = Signed {
            info: AnyRef::from_der(&info)?,
            algorithm: Algorithm {
                kind: ECDSA_WITH_SHA256,
            },
            signature: BitStringRef::from_bytes(signature.as_ref())?,
        };
        Ok(signed.to_der()?)
    }
}

/// Asks for one DNS name as subject alternative name.
fn extension_request(dns: &str) -> Result<Attribute, Error> {
    /// `dNSName` of `GeneralName`.
    const DNS_NAME: TagNumber = TagNumber(2);
    let name = ContextSpecific {
        tag_number: DNS_NAME,
        tag_mode: TagMode::Implicit,
        value: Ia5StringRef::new(dns)?,
    };
    let extension = Extension {
        kind: SUBJECT_ALT_NAME,
        value: OctetString::new(vec![name].to_der()?)?,
    };
    Ok(Attribute {
        kind: EXTENSION_REQUEST,
        values: SetOfVec::try_from([vec![extension]])?,
    })
}

fn pem(der: &[u8]) -> String {
    let mut text = String::from("-----BEGIN CERTIFICATE REQUEST-----\n");
    let encoded = STANDARD.encode(der);
    let mut rest = encoded.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + "-----END CERTIFICATE REQUEST-----\n"
}

/// `CertificationRequest`.
#[derive(Sequence)]
struct Signed<'a> {
    info: AnyRef<'a>,
    algorithm: Algorithm,
    signature: BitStringRef<'a>,
}

/// `CertificationRequestInfo`.
#[derive(Sequence)]
struct Info<'a> {
    version: u8,
    subject: Vec<SetOfVec<NameAttribute<'a>>>,
    key: AnyRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    attributes: SetOfVec<Attribute>,
}

#[derive(Sequence)]
struct Algorithm {
    kind: ObjectIdentifier,
}

#[derive(Sequence, ValueOrd)]
struct NameAttribute<'a> {
    kind: ObjectIdentifier,
    value: Utf8StringRef<'a>,
}

#[derive(Sequence, ValueOrd)]
struct Attribute {
    kind: ObjectIdentifier,
    values: SetOfVec<Vec<Extension>>,
}

#[derive(Sequence, ValueOrd)]
struct Extension {
    kind: ObjectIdentifier,
    value: OctetString,
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// What openssl says of a request, after checking its signature.
    fn openssl(pem: &str) -> String {
        let mut child = Command::new("openssl")
            .args(["req", "-verify", "-noout", "-text"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(pem.as_bytes())
            .unwrap();
        let out = child.wait_with_output().unwrap();
        assert!(out.status.success());
        String::from_utf8([out.stderr, out.stdout].concat()).unwrap()
    }

    #[test]
    fn openssl_verifies_a_request() {
        let body = Requests { run: 0xab }.body(7).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let text = openssl(json["csr"].as_str().unwrap());
        for part in [
            "verify OK",
            "Subject: CN = bench-000000ab-0000007",
            "DNS:bench-000000ab-0000007",
            "prime256v1",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }

    #[test]
    fn every_request_has_its_own_key_and_subject() {
        let bodies = Requests::begin().unwrap().bodies(101).unwrap();
        let mut seen = bodies.clone();
        seen.sort();
        seen.dedup();
        assert_eq!((bodies.len(), seen.len()), (101, 101));
        assert!(Requests { run: 1 }.bodies(0).unwrap().is_empty());
    }
}
