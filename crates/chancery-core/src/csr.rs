//! Certification requests: PKCS#10 (RFC 2986), in and out.
//!
//! Reading checks the request's own signature, so that whoever holds a [`Csr`] knows: its sender had the private key.

use std::fmt;

use der::asn1::{Any, AnyRef};
use der::oid::ObjectIdentifier;
use der::{Decode, Encode, Sequence, Tag, TagNumber};

use crate::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::name::{Name, NameError};
use crate::plan::{self, MOST_NAMES, Message, Refusal, ToBeSigned};
use crate::profile::NameRules;
use crate::san::GeneralName;
use crate::x509::tlv::{
    BIT_STRING, INTEGER, Malformed, OBJECT_IDENTIFIER, Reader, SEQUENCE, SET, context_constructed,
};
use crate::x509::{self, Extension, KeyUsage, LARGEST, Signed, WriteError, values};

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

fn check_signature(signed: &Signed<'_>, key: &PublicKey) -> Result<(), CsrError> {
    use SignatureAlgorithm::{EcdsaSha1, Other, RsaMd5};
    if !can_be_checked(key) {
        return Err(CsrError::UnsupportedKey);
    }
    if matches!(signed.algorithm, RsaMd5 | EcdsaSha1 | Other(_)) {
        return Err(CsrError::UnsupportedSignature(signed.algorithm));
    }
    if signed.verifies(key) {
        Ok(())
    } else {
        Err(CsrError::BadSignature)
    }
}

/// Is it a key whose signatures can be checked? A curve's key must be a bare point: the library that checks signatures
/// would also find a key inside a key, and that is not the one that would be certified.
fn can_be_checked(key: &PublicKey) -> bool {
    let octets = key_octets(key).unwrap_or_default();
    // Uncompressed and compressed points (SEC 1, section 2.3.3).
    let is_point = |coordinate: usize| match octets {
        [4, point @ ..] => point.len() == 2 * coordinate,
        [2 | 3, point @ ..] => point.len() == coordinate,
        _ => false,
    };
    match key.algorithm() {
        KeyAlgorithm::Rsa(bits) => (1024..=8192).contains(&bits),
        KeyAlgorithm::P256 => is_point(32),
        KeyAlgorithm::P384 => is_point(48),
        KeyAlgorithm::P521 => is_point(66),
        KeyAlgorithm::Ed25519 => octets.len() == 32,
        KeyAlgorithm::Other(_) => false,
    }
}

/// What is in the key's BIT STRING.
fn key_octets(key: &PublicKey) -> Result<&[u8], Malformed> {
    let mut info = Reader::inside(key.spki_der(), SEQUENCE)?;
    info.expect(SEQUENCE)?;
    match info.expect(BIT_STRING)?.content {
        [0, octets @ ..] => Ok(octets),
        _ => Err(Malformed),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, any, proptest};

    use super::*;
    use crate::x509::testing::{OpenSsl, TestKey, changed, tlv};
    use crate::x509::{eku, pem};

    const SUBJECT: &str = "/C=US/O=Example/CN=www.example.com/emailAddress=joe@example.com";
    const RSA_2048: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
    const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

    /// A request made by `openssl` with a new key, each told by the arguments that make it.
    fn openssl_request(key: &str, more: &str) -> Vec<u8> {
        let openssl = OpenSsl::new();
        openssl.run(&format!("genpkey -quiet -out key {key}"));
        openssl.run(&format!(
            "req -new -key key -subj {SUBJECT} -out csr {more}"
        ));
        pem::request_der(&openssl.read("csr")).unwrap()
    }

    #[test]
    fn requests_of_openssl_are_read() {
        let extensions = "-addext subjectAltName=DNS:WWW.example.com,DNS:*.example.com,\
                          email:joe@example.com,IP:192.0.2.1,IP:::1,URI:https://example.com/,\
                          otherName:1.2.3;UTF8:x -addext basicConstraints=CA:TRUE \
                          -addext keyUsage=critical,digitalSignature,keyAgreement \
                          -addext extendedKeyUsage=serverAuth,1.2.3.4 -addext 1.2.3.4=ASN1:NULL";
        let names = "dns:www.example.com dns:*.example.com email:joe@example.com ip:192.0.2.1 \
                     ip:::1 uri:https://example.com/ other:#a00906022a03a0030c0178";
        for (key, algorithm) in [
            (
                "-algorithm RSA -pkeyopt rsa_keygen_bits:1024",
                KeyAlgorithm::Rsa(1024),
            ),
            (RSA_2048, KeyAlgorithm::Rsa(2048)),
            (P256, KeyAlgorithm::P256),
            (
                "-algorithm EC -pkeyopt ec_paramgen_curve:P-384",
                KeyAlgorithm::P384,
            ),
            (
                "-algorithm EC -pkeyopt ec_paramgen_curve:P-521",
                KeyAlgorithm::P521,
            ),
            ("-algorithm ED25519", KeyAlgorithm::Ed25519),
        ] {
            let der = openssl_request(key, extensions);
            let csr = Csr::read(&der).unwrap();
            assert_eq!(csr.subject.to_openssl_oneline(), SUBJECT);
            assert_eq!(csr.public_key.algorithm(), algorithm);
            let found: Vec<String> = csr.names.iter().map(GeneralName::to_string).collect();
            assert_eq!(found.join(" "), names);
            let usage = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_AGREEMENT);
            assert_eq!(csr.key_usage, Some(usage));
            let purposes = csr.extended_key_usage.clone().unwrap();
            assert_eq!(
                purposes.iter().map(eku::word).collect::<Vec<_>>(),
                ["serverAuth", "1.2.3.4"]
            );
            assert!(csr.is_authority);
            assert_eq!(csr.der(), der);

            let plain = Csr::read(&openssl_request(key, "")).unwrap();
            assert!(plain.names.is_empty() && !plain.is_authority);
            assert_eq!((plain.key_usage, plain.extended_key_usage), (None, None));
        }
    }

    #[test]
    fn keys_and_signatures_that_cannot_be_checked_are_told() {
        for (key, more) in [
            (RSA_2048, "-sha1"),
            (RSA_2048, "-sha512"),
            (P256, "-sha512"),
        ] {
            assert!(Csr::read(&openssl_request(key, more)).is_ok(), "{more}");
        }
        for (key, more, name) in [
            (RSA_2048, "-md5", "MD5withRSA"),
            (
                RSA_2048,
                "-sigopt rsa_padding_mode:pss",
                "1.2.840.113549.1.1.10",
            ),
            (P256, "-sha1", "SHA1withECDSA"),
        ] {
            match Csr::read(&openssl_request(key, more)) {
                Err(CsrError::UnsupportedSignature(found)) => assert_eq!(found.java_name(), name),
                other => panic!("{name}: {other:?}"),
            }
        }
        for key in [
            "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
            "-algorithm RSA -pkeyopt rsa_keygen_bits:1016",
            "-algorithm ED448",
        ] {
            let refused = Csr::read(&openssl_request(key, ""));
            assert_eq!(refused, Err(CsrError::UnsupportedKey), "{key}");
        }
    }

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

    /// A request of our own, signed, whose attributes are these.
    fn with_attributes(attributes: &[&[u8]]) -> Vec<u8> {
        with_fields(&[&tlv(0xa0, attributes)])
    }

    fn with_fields(fields: &[&[u8]]) -> Vec<u8> {
        let key = TestKey::p256();
        let info = [&[&[2, 1, 0][..], &[0x30, 0], key.public.spki_der()], fields].concat();
        key.seal(&tlv(0x30, &info))
    }

    /// The attribute that asks for these extensions, under one identifier or another.
    fn request(oid: ObjectIdentifier, extensions: &[&[u8]]) -> Vec<u8> {
        let values = tlv(0x31, &[&tlv(0x30, extensions)]);
        tlv(0x30, &[&tlv(6, &[oid.as_bytes()]), &values])
    }

    fn extension(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
        tlv(0x30, &[&tlv(6, &[oid.as_bytes()]), &tlv(4, &[value])])
    }

    /// A request of our own that asks for one extension.
    fn asking(oid: ObjectIdentifier, value: &[u8]) -> Vec<u8> {
        with_attributes(&[&request(EXTENSION_REQUEST, &[&extension(oid, value)])])
    }

    #[test]
    fn odd_requests_are_read() {
        let names = extension(x509::SUBJECT_ALTERNATIVE_NAME, b"\x30\x03\x82\x01a");
        let asked = request(EXTENSION_REQUEST, &[&names]);
        // A challenge password of BMPString, out of order, as some routers send it.
        let oid = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x07";
        let password = tlv(0x30, &[oid, &tlv(0x31, &[b"\x1e\x02\0a"])]);
        let check = |what: &str, der: Vec<u8>, names: usize| {
            let csr = Csr::read(&der).unwrap_or_else(|error| panic!("{what}: {error}"));
            assert_eq!(
                (csr.names.len(), csr.subject.is_empty()),
                (names, true),
                "{what}"
            );
        };
        check("no attributes", with_fields(&[]), 0);
        check("empty attributes", with_attributes(&[]), 0);
        check(
            "no extensions",
            with_attributes(&[&request(EXTENSION_REQUEST, &[])]),
            0,
        );
        check("extension request", with_attributes(&[&asked]), 1);
        check(
            "Microsoft's",
            with_attributes(&[&request(MS_EXTENSION_REQUEST, &[&names])]),
            1,
        );
        check("password", with_attributes(&[&asked, &password]), 1);
    }

    fn refused(what: &str, der: &[u8], want: CsrError) {
        assert_eq!(Csr::read(der), Err(want), "{what}");
    }

    #[test]
    fn broken_requests_are_refused() {
        let sound = with_attributes(&[]);
        let broken = |what: &str, der: &[u8]| refused(what, der, CsrError::NotDer);
        broken("nothing", &[]);
        broken("cut off", &sound[..sound.len() - 1]);
        broken("octets after it", &[&sound[..], &[0]].concat());
        broken("octets inside", &with_fields(&[&tlv(0xa0, &[]), &[5, 0]]));
        broken("other field", &with_fields(&[&tlv(0xa1, &[])]));
        broken(
            "attribute without values",
            &with_attributes(&[&tlv(0x30, &[&[6, 2, 0x2a, 3]])]),
        );
        refused("too large", &vec![0x30; LARGEST + 1], CsrError::TooLarge);
    }

    #[test]
    fn broken_wishes_are_refused() {
        let names = |what: &str, value: &[u8], want: CsrError| {
            refused(what, &asking(x509::SUBJECT_ALTERNATIVE_NAME, value), want);
        };
        let bad = CsrError::BadExtension;
        names(
            "a space",
            b"\x30\x05\x82\x03a b",
            bad("subject alternative name"),
        );
        names(
            "an address of 3 octets",
            b"\x30\x05\x87\x03abc",
            bad("subject alternative name"),
        );
        names("no names", &[0x30, 0], bad("subject alternative name"));
        names(
            "half a name",
            &[0x30, 2, 0x82, 5],
            bad("subject alternative name"),
        );
        names("text", b"\x0c\x01a", bad("subject alternative name"));
        names(
            "101 names",
            &tlv(0x30, &[&b"\x82\x01a".repeat(101)]),
            CsrError::TooManyNames,
        );
        for (oid, name) in [
            (x509::KEY_USAGE, "key usage"),
            (x509::EXTENDED_KEY_USAGE, "extended key usage"),
            (x509::BASIC_CONSTRAINTS, "basic constraints"),
        ] {
            refused(name, &asking(oid, &[5, 0]), bad(name));
        }
        let usage = extension(x509::KEY_USAGE, &[3, 2, 7, 0x80]);
        let once = request(EXTENSION_REQUEST, &[&usage]);
        let doubled = request(EXTENSION_REQUEST, &[&usage, &usage]);
        refused(
            "usage twice",
            &with_attributes(&[&doubled]),
            bad("extension request"),
        );
        let again = request(MS_EXTENSION_REQUEST, &[]);
        refused(
            "asked twice",
            &with_attributes(&[&once, &again]),
            bad("extension request"),
        );
    }

    #[test]
    fn only_the_holder_of_the_key_can_ask() {
        let (key, other) = (TestKey::p256(), TestKey::p256());
        let subject = Name::parse("CN=x").unwrap();
        let contents = CsrContents {
            subject: &subject,
            public_key: &key.public,
            extensions: vec![],
        };
        let info = write_request_info(&contents).unwrap();
        let mut der = key.seal(&info);
        assert!(Csr::read(&der).is_ok());
        refused(
            "another's signature",
            &other.seal(&info),
            CsrError::BadSignature,
        );
        let at = der
            .windows(3)
            .position(|three| three == [0x0c, 1, b'x'])
            .unwrap();
        der[at + 2] = b'y';
        refused("another subject", &der, CsrError::BadSignature);
    }

    /// Neither does a key that is hidden inside another prove anything of that other.
    #[test]
    fn a_key_must_be_bare() {
        use KeyAlgorithm::{Ed25519, P256, P384, P521};
        for algorithm in [P256, P384, P521, Ed25519] {
            let key = TestKey::new(algorithm);
            let request = |octets: &[u8]| {
                let mut info = Reader::inside(key.public.spki_der(), SEQUENCE).unwrap();
                let spki = tlv(0x30, &[info.any().unwrap().der, &tlv(3, &[&[0], octets])]);
                key.seal(&tlv(0x30, &[&[2, 1, 0], &[0x30, 0], &spki, &[0xa0, 0]]))
            };
            let bare = key_octets(&key.public).unwrap();
            assert!(Csr::read(&request(bare)).is_ok(), "{algorithm}");
            if algorithm != Ed25519 {
                let x = &bare[1..bare.len().div_ceil(2)];
                let compressed = [&[2 + bare[bare.len() - 1] % 2], x].concat();
                assert!(Csr::read(&request(&compressed)).is_ok(), "{algorithm}");
            }
            for octets in [
                key.public.spki_der(),
                &[],
                &bare[1..],
                &[bare, &[0]].concat(),
            ] {
                refused("not bare", &request(octets), CsrError::UnsupportedKey);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn damaged_requests_never_panic_nor_pass(
            changes in proptest::collection::vec(any::<(usize, u8)>(), 1..4),
            keep in any::<usize>(),
            cut in any::<bool>(),
        ) {
            static SOUND: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
                asking(x509::SUBJECT_ALTERNATIVE_NAME, b"\x30\x03\x82\x01a")
            });
            let damaged = changed(&SOUND, &changes, if cut { keep } else { 0 });
            // What still passes differs from the original in nothing that is signed.
            if let Ok(csr) = Csr::read(&damaged) {
                assert_eq!(csr.names, Csr::read(&SOUND).unwrap().names);
            }
        }
    }
}
