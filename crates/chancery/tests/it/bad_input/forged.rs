//! Certification requests that openssl would not write: built octet by octet, with signatures that hold.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{INVALID, POLICY, Problem, Target};
use crate::server::{P256, csr};

const COMMON_NAME: &[u8] = &[6, 3, 0x55, 4, 3];
const SUBJECT_ALTERNATIVE_NAME: &[u8] = &[6, 3, 0x55, 0x1d, 0x11];
const EXTENSION_REQUEST: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 14];
const EC_PUBLIC_KEY: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256_CURVE: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

const UTF8: u8 = 12;
const PRINTABLE: u8 = 19;
const BMP: u8 = 30;
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const DNS: u8 = 0x82;
const EMAIL: u8 = 0x81;

/// One DER value.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
    let mut value = vec![tag];
    match content.len() {
        0..128 => value.push(content.len() as u8),
        _ => value.extend([&[0x80 | length.len() as u8], &length[..]].concat()),
    }
    value.extend(content);
    value
}

/// A subject of one common name.
fn named(string: u8, text: &[u8]) -> Vec<u8> {
    der(
        SEQUENCE,
        &[&der(
            SET,
            &[&der(SEQUENCE, &[COMMON_NAME, &der(string, &[text])])],
        )],
    )
}

/// An extension of alternative names.
fn alternative(names: &[(u8, &[u8])]) -> Vec<u8> {
    let names: Vec<u8> = names
        .iter()
        .flat_map(|(tag, text)| der(*tag, &[text]))
        .collect();
    der(
        SEQUENCE,
        &[
            SUBJECT_ALTERNATIVE_NAME,
            &der(4, &[&der(SEQUENCE, &[&names])]),
        ],
    )
}

/// A request for that subject with those extensions; `spoil` may change what is signed.
fn request(subject: &[u8], extensions: &[Vec<u8>], spoil: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let algorithm = der(SEQUENCE, &[EC_PUBLIC_KEY, P256_CURVE]);
    let key = der(
        SEQUENCE,
        &[&algorithm, &der(3, &[&[0], pair.public_key().as_ref()])],
    );
    let wishes = der(
        SEQUENCE,
        &[
            EXTENSION_REQUEST,
            &der(SET, &[&der(SEQUENCE, &[&extensions.concat()])]),
        ],
    );
    let attributes = der(0xa0, &[if extensions.is_empty() { &[] } else { &wishes }]);
    let mut info = der(SEQUENCE, &[&[2, 1, 0], subject, &key, &attributes]);
    spoil(&mut info);
    let signature = pair.sign(&SystemRandom::new(), &info).unwrap();
    der(
        SEQUENCE,
        &[
            &info,
            &der(SEQUENCE, &[ECDSA_SHA256]),
            &der(3, &[&[0], signature.as_ref()]),
        ],
    )
}

/// A request that is signed as it is built.
fn honest(subject: &[u8], extensions: &[Vec<u8>]) -> Vec<u8> {
    request(subject, extensions, |_| {})
}

#[track_caller]
fn check(target: &Target, what: &str, csr: &[u8], want: Problem) {
    let body = json!({"csr": STANDARD.encode(csr)}).to_string();
    target.check(what, "POST", "/certificates", body.as_bytes(), want);
}

#[test]
fn subjects_and_names_that_deceive_are_refused() {
    let mut target = Target::new();
    let joe = named(UTF8, b"joe");
    // What is built here is taken when there is nothing bad about it.
    let good = honest(
        &joe,
        &[alternative(&[
            (DNS, b"good.example"),
            (EMAIL, b"joe@good.example"),
        ])],
    );
    let made = target
        .server
        .native(
            "POST",
            "/certificates",
            &json!({"csr": STANDARD.encode(good)}),
        )
        .expect(201)
        .json();
    assert_eq!(
        made["names"],
        json!(["dns:good.example", "email:joe@good.example"])
    );
    target.holdings = target.holds();

    let many: Vec<(u8, &[u8])> = vec![(DNS, b"many.example"); 101];
    let twice = [
        alternative(&[(DNS, b"a.example")]),
        alternative(&[(DNS, b"b.example")]),
    ];
    let other = der(0xa0, &[COMMON_NAME, &der(0xa0, &[&der(UTF8, &[b"x"])])]);
    let other = der(
        SEQUENCE,
        &[
            SUBJECT_ALTERNATIVE_NAME,
            &der(4, &[&der(SEQUENCE, &[&other])]),
        ],
    );
    let garbage = der(
        SEQUENCE,
        &[SUBJECT_ALTERNATIVE_NAME, &der(4, &[b"garbage"])],
    );
    for (what, subject, extensions, want) in [
        (
            "a NUL in a UTF8String",
            named(UTF8, b"good.example\0.evil.example"),
            vec![],
            POLICY,
        ),
        (
            "a NUL in a PrintableString",
            named(PRINTABLE, b"good.example\0.evil"),
            vec![],
            POLICY,
        ),
        ("a line feed", named(UTF8, b"good\nevil"), vec![], POLICY),
        ("65 characters", named(UTF8, &[b'x'; 65]), vec![], POLICY),
        (
            "4096 characters",
            named(UTF8, &[b'x'; 4096]),
            vec![],
            POLICY,
        ),
        (
            "a surrogate in a BMPString",
            named(BMP, &[0xd8, 0]),
            vec![],
            POLICY,
        ),
        (
            "half a character in a BMPString",
            named(BMP, &[0, b'x', 0]),
            vec![],
            POLICY,
        ),
        ("invalid UTF-8", named(UTF8, b"\xff\xfe"), vec![], POLICY),
        ("nobody at all", der(SEQUENCE, &[]), vec![], POLICY),
        (
            "a NUL in a DNS name",
            joe.clone(),
            vec![alternative(&[(DNS, b"good.example\0.evil.example")])],
            INVALID,
        ),
        (
            "a line feed in a DNS name",
            joe.clone(),
            vec![alternative(&[(DNS, b"good.example\nevil")])],
            INVALID,
        ),
        (
            "a NUL in a mail address",
            joe.clone(),
            vec![alternative(&[(EMAIL, b"joe@good.example\0.evil")])],
            INVALID,
        ),
        (
            "an empty DNS name",
            joe.clone(),
            vec![alternative(&[(DNS, b"")])],
            INVALID,
        ),
        (
            "an address of three octets",
            joe.clone(),
            vec![alternative(&[(0x87, &[127, 0, 1])])],
            INVALID,
        ),
        ("101 names", joe.clone(), vec![alternative(&many)], INVALID),
        ("names twice", joe.clone(), twice.to_vec(), INVALID),
        (
            "no names in the list",
            joe.clone(),
            vec![alternative(&[])],
            INVALID,
        ),
        ("garbage for names", joe.clone(), vec![garbage], INVALID),
        (
            "a name of a form that nobody reads",
            joe.clone(),
            vec![other],
            POLICY,
        ),
    ] {
        check(&target, what, &honest(&subject, &extensions), want);
    }
    target.check_sound();
}

#[test]
fn what_is_no_request_is_refused() {
    let target = Target::new();
    let good = honest(&named(UTF8, b"joe"), &[]);
    let flipped = |at: usize| {
        let mut octets = good.clone();
        octets[at] ^= 1;
        octets
    };
    let find = |octets: &[u8]| {
        good.windows(octets.len())
            .position(|window| window == octets)
            .unwrap()
    };
    let indefinite = [&[SEQUENCE, 0x80], &good[4..], &[0, 0]].concat();
    for (what, octets) in [
        ("nothing", Vec::new()),
        ("half of it", good[..good.len() / 2].to_vec()),
        ("an octet short", good[..good.len() - 1].to_vec()),
        ("an octet more", [&good[..], &[0]].concat()),
        ("a length of indefinite form", indefinite),
        ("a length that lies", flipped(1)),
        ("a bit of the signature", flipped(good.len() - 1)),
        ("a bit of the subject", flipped(find(b"joe"))),
        (
            "a bit of the key",
            flipped(find(P256_CURVE) + P256_CURVE.len() + 20),
        ),
        (
            "another curve",
            flipped(find(P256_CURVE) + P256_CURVE.len() - 1),
        ),
        (
            "another signature algorithm",
            flipped(find(ECDSA_SHA256) + ECDSA_SHA256.len() - 1),
        ),
        ("64 KiB and more", [&good[..], &[0; 70_000]].concat()),
        ("sequences without end", [SEQUENCE, 0x80].repeat(20_000)),
        (
            "a version that is none",
            request(&named(UTF8, b"joe"), &[], |info| info[4] = 7),
        ),
    ] {
        check(&target, what, &octets, INVALID);
    }
    let pem = target.csr.as_str();
    let body: String = pem.lines().filter(|line| !line.starts_with("--")).collect();
    for (what, text) in [
        ("a broken frame", pem.replace("-----END", "----END")),
        ("no end", pem.lines().take(3).collect::<Vec<_>>().join("\n")),
        (
            "another label",
            pem.replace("CERTIFICATE REQUEST", "CERTIFICATE"),
        ),
        ("a certificate", target.certificate.clone()),
        (
            "a private key",
            std::fs::read_to_string(target.server.scratch().join("subject.key.pem")).unwrap(),
        ),
        ("two requests", pem.repeat(2)),
        ("broken base64", body.replacen('M', "*", 1)),
        ("base64 in base64", STANDARD.encode(&body)),
        ("a megabyte of it", "A".repeat(1_000_000)),
    ] {
        let body = json!({"csr": text}).to_string();
        target.check(what, "POST", "/certificates", body.as_bytes(), INVALID);
    }
    target.check_sound();
}

/// Keys that can be broken. The requests in the files were made for this: their signatures hold, also by openssl.
#[test]
fn weak_keys_are_refused() {
    let target = Target::new();
    let made = |new_key: &[&str]| csr(target.server.scratch(), new_key, "/CN=weak", &[]);
    for (what, csr, want) in [
        ("RSA of 1024 bits", made(&["-newkey", "rsa:1024"]), POLICY),
        ("RSA of 2040 bits", made(&["-newkey", "rsa:2040"]), POLICY),
        (
            "RSA of 8192 bits",
            include_str!("rsa-8192.csr.pem").to_owned(),
            POLICY,
        ),
        (
            "exponent 3",
            made(&["-newkey", "rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"]),
            POLICY,
        ),
        (
            "exponent 3, another",
            include_str!("exponent-3.csr.pem").to_owned(),
            POLICY,
        ),
        (
            "exponent 2",
            include_str!("exponent-2.csr.pem").to_owned(),
            INVALID,
        ),
        (
            "exponent 1",
            include_str!("exponent-1.csr.pem").to_owned(),
            INVALID,
        ),
        ("ROCA", include_str!("roca.csr.pem").to_owned(), POLICY),
        (
            "primes that are neighbours",
            include_str!("close-primes.csr.pem").to_owned(),
            POLICY,
        ),
        (
            "a small factor",
            include_str!("small-factor.csr.pem").to_owned(),
            POLICY,
        ),
        ("DSA", include_str!("dsa.csr.pem").to_owned(), INVALID),
        ("Ed448", made(&["-newkey", "ed448"]), INVALID),
        (
            "another curve",
            made(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"]),
            INVALID,
        ),
        (
            "P-224",
            made(&["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-224"]),
            INVALID,
        ),
    ] {
        let body = json!({"csr": csr}).to_string();
        target.check(what, "POST", "/certificates", body.as_bytes(), want);
    }
    for (new_key, hash) in [(&["-newkey", "rsa:2048"][..], "-md5"), (P256, "-sha1")] {
        let csr = csr(target.server.scratch(), new_key, "/CN=weak", &[hash]);
        let body = json!({"csr": csr}).to_string();
        target.check(hash, "POST", "/certificates", body.as_bytes(), INVALID);
    }
    target.check_sound();
}
