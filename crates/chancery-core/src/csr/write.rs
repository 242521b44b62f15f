//! Requests that are made here: decided, encoded, and closed with the signature of their own key.

use der::asn1::{Any, AnyRef};
use der::{Decode, Encode, Sequence, Tag, TagNumber};

use super::EXTENSION_REQUEST;
use crate::key::{PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::plan::{self, Message, Refusal, ToBeSigned};
use crate::profile::NameRules;
use crate::san::GeneralName;
use crate::x509::{self, Extension, Signed, WriteError};

/// What goes into a request.
#[derive(Clone, Debug)]
pub struct CsrContents<'a> {
    /// Whom to name.
    pub subject: &'a Name,
    /// The key to certify.
    pub public_key: &'a PublicKey,
    /// Extensions to ask for.
    pub extensions: Vec<Extension>,
}

#[derive(Sequence)]
struct RequestInfo<'a> {
    version: u8,
    subject: AnyRef<'a>,
    public_key: AnyRef<'a>,
    attributes: AnyRef<'a>,
}

/// The DER of a CertificationRequestInfo, to be signed with the request's own key and closed by
/// [`x509::seal_with_signature`].
///
/// # Errors
/// Only for what is too large for DER.
pub fn write_request_info(contents: &CsrContents<'_>) -> Result<Vec<u8>, WriteError> {
    let mut attributes = Vec::new();
    if !contents.extensions.is_empty() {
        let values = Any::new(Tag::Set, x509::write_extensions(&contents.extensions)?)?;
        vec![Any::encode_from(&EXTENSION_REQUEST)?, values].encode_to_vec(&mut attributes)?;
    }
    let info = RequestInfo {
        version: 0,
        subject: AnyRef::from_der(contents.subject.der())?,
        public_key: AnyRef::from_der(contents.public_key.spki_der())?,
        attributes: AnyRef::new(
            Tag::ContextSpecific {
                constructed: true,
                number: TagNumber(0),
            },
            &attributes,
        )?,
    };
    Ok(info.to_der()?)
}

/// A certification request decided and encoded, waiting for the signature of the key that is in it.
#[derive(Clone, Debug)]
pub struct PlannedRequest {
    info: Vec<u8>,
    algorithm: SignatureAlgorithm,
}

/// Every form of name that somebody could be issued.
const ISSUABLE_NAMES: NameRules = NameRules {
    dns: true,
    email: true,
    ip: true,
    uri: true,
    required: false,
};

/// Decides whether a key of ours may ask another authority for this, and encodes what is to be signed with that key.
///
/// # Errors
/// What nobody could be issued: an unfit subject (an empty one with no names, too), names that are not well formed or too
/// many, a key that does not sign.
pub fn plan_request(
    subject: &Name,
    names: &[GeneralName],
    public_key: &PublicKey,
) -> Result<PlannedRequest, Refusal> {
    let key = public_key.algorithm();
    let algorithm = key.signs_with().ok_or(Refusal::KeyNotAllowed(key))?;
    plan_extended_request(subject, names, public_key, algorithm, Vec::new())
}

/// [`plan_request`] with a chosen signature algorithm, and extensions to ask for before the alternative names.
pub(crate) fn plan_extended_request(
    subject: &Name,
    names: &[GeneralName],
    public_key: &PublicKey,
    algorithm: SignatureAlgorithm,
    mut extensions: Vec<Extension>,
) -> Result<PlannedRequest, Refusal> {
    if subject.is_empty() && names.is_empty() {
        return Err(Refusal::SubjectEmpty);
    }
    subject.check_issuable().map_err(Refusal::Subject)?;
    plan::check_names(names, ISSUABLE_NAMES)?;
    if !names.is_empty() {
        let critical = subject.is_empty();
        extensions.push(Extension::subject_alternative_name(names, critical).map_err(broken)?);
    }
    let contents = CsrContents {
        subject,
        public_key,
        extensions,
    };
    Ok(PlannedRequest {
        info: write_request_info(&contents).map_err(broken)?,
        algorithm,
    })
}

pub(crate) fn broken(error: WriteError) -> Refusal {
    Refusal::Lint(error.to_string())
}

impl plan::sealed::Sealed for PlannedRequest {}

impl ToBeSigned for PlannedRequest {
    fn message(&self) -> Message<'_> {
        Message::Octets(&self.info)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl PlannedRequest {
    /// The request's DER, with the signature that a signer made over [`ToBeSigned::message`].
    ///
    /// # Errors
    /// Only for what is too large for DER.
    pub fn finish(&self, signature: &[u8]) -> Result<Vec<u8>, WriteError> {
        x509::seal_with_signature(&self.info, self.algorithm, signature)
    }

    /// Does that DER ask for exactly what is planned here?
    pub fn is_in(&self, der: &[u8]) -> bool {
        Signed::open(der)
            .is_ok_and(|signed| signed.tbs.der == self.info && signed.algorithm == self.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Csr;
    use super::*;
    use crate::key::KeyAlgorithm;
    use crate::plan::MOST_NAMES;
    use crate::x509::testing::{OpenSsl, TestKey};

    #[test]
    fn openssl_reads_our_requests() {
        let key = TestKey::p256();
        let subject = Name::parse("CN=www.example.com,O=Example").unwrap();
        let names = ["dns:www.example.com", "ip:192.0.2.1"].map(|n| GeneralName::parse(n).unwrap());
        let asked = Extension::subject_alternative_name(&names, false).unwrap();
        for extensions in [vec![], vec![asked]] {
            let count = 2 * extensions.len();
            let contents = CsrContents {
                subject: &subject,
                public_key: &key.public,
                extensions,
            };
            let der = key.seal(&write_request_info(&contents).unwrap());
            let csr = Csr::read(&der).unwrap();
            assert_eq!((&csr.subject, &csr.public_key), (&subject, &key.public));
            assert_eq!(csr.names.len(), count);
            let openssl = OpenSsl::new();
            openssl.write("csr", &der);
            let text = openssl.run("req -inform der -in csr -noout -verify -text");
            assert!(text.contains("verify OK"), "{text}");
            assert!(
                text.contains("Subject: O = Example, CN = www.example.com"),
                "{text}"
            );
            let line = "DNS:www.example.com, IP Address:192.0.2.1";
            assert_eq!(text.contains(line), count == 2, "{text}");
        }
    }

    #[test]
    fn planned_requests_verify_and_ask_for_what_was_planned() {
        use KeyAlgorithm::{Ed25519, P256, P384, P521};
        let subject = Name::parse("CN=gw.example.com,O=Example").unwrap();
        let names = ["dns:gw.example.com", "uri:https://gw.example.com/"]
            .map(|name| GeneralName::parse(name).unwrap());
        for algorithm in [P256, P384, P521, Ed25519, KeyAlgorithm::Rsa(2048)] {
            let key = TestKey::new(algorithm);
            for names in [&names[..], &[]] {
                let planned = plan_request(&subject, names, &key.public).unwrap();
                assert_eq!(planned.algorithm(), key.algorithm());
                let der = planned.finish(&key.sign_planned(&planned)).unwrap();
                let csr = Csr::read(&der).unwrap();
                assert_eq!((&csr.subject, csr.names.as_slice()), (&subject, names));
                let openssl = OpenSsl::new();
                openssl.write("csr", &der);
                let said = openssl.run("req -inform der -in csr -noout -verify");
                assert!(said.contains("verify OK"), "{algorithm}: {said}");
            }
        }
        let key = TestKey::p256();
        let planned = plan_request(&Name::parse("").unwrap(), &names, &key.public).unwrap();
        let der = planned.finish(&key.sign_planned(&planned)).unwrap();
        assert!(Csr::read(&der).unwrap().subject.is_empty());
    }

    #[test]
    fn only_what_could_be_issued_is_asked_for() {
        let key = TestKey::p256();
        let [sound, nobody] = ["CN=x", ""].map(|text| Name::parse(text).unwrap());
        let unfit = |name: GeneralName| Refusal::NameNotAllowed(name.to_string());
        let space = GeneralName::Dns("a b".to_owned());
        let other = GeneralName::Other(vec![0xa0, 0]);
        let many = vec![GeneralName::parse("dns:a.example").unwrap(); MOST_NAMES + 1];
        for (subject, names, want) in [
            (&nobody, vec![], Refusal::SubjectEmpty),
            (&sound, vec![space.clone()], unfit(space)),
            (&sound, vec![other.clone()], unfit(other)),
            (&sound, many, Refusal::TooManyNames),
        ] {
            let refused = plan_request(subject, &names, &key.public).err();
            assert_eq!(refused, Some(want));
        }
        let country = Name::parse("C=USA").unwrap();
        assert!(matches!(
            plan_request(&country, &[], &key.public),
            Err(Refusal::Subject(_))
        ));
    }
}
