//! Requests read: openssl's, odd ones and broken ones.

use proptest::prelude::{ProptestConfig, any, proptest};

use super::*;
use crate::key::KeyAlgorithm;
use crate::x509::testing::{OpenSsl, TestKey, changed, tlv};
use crate::x509::{eku, pem};

const SUBJECT: &str = "/C=US/O=Example/CN=www.example.com/emailAddress=joe@example.com";
pub(super) const RSA_2048: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
pub(super) const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

/// A request made by `openssl` with a new key, each told by the arguments that make it.
pub(super) fn openssl_request(key: &str, more: &str) -> Vec<u8> {
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

pub(super) fn refused(what: &str, der: &[u8], want: CsrError) {
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
