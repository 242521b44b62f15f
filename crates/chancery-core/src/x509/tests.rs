//! Certificates in and out: documents' examples, odd and broken ones, and OpenSSL's opinion of ours.

use proptest::prelude::{ProptestConfig, any, proptest};

use super::testing::{OpenSsl, TestKey, changed, tlv};
use super::*;
use crate::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::san::GeneralName;
use crate::serial::Serial;
use crate::time::Time;

const JOE_TEST: &str = include_str!("testdata/joe-test.pem");
const JOE_TEST1: &str = include_str!("testdata/joe-test1.pem");
const JOE_IMPORT: &str = include_str!("testdata/joe-import.pem");

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn der(pem: &str) -> Vec<u8> {
    pem::certificate_der(pem.as_bytes()).unwrap()
}

/// Version, serial number, subject, start and end, subject key id of extension and key, key usage and purposes.
type Example = (
    &'static str,
    u8,
    &'static str,
    &'static str,
    i64,
    i64,
    Option<&'static str>,
    &'static str,
    bool,
);

/// The certificates of the HP Keystone document, whose figures it prints beside them.
#[test]
fn certificates_of_the_keystone_document_are_read() {
    let joe = "326dd2ab79ddc98cf4620b7df0f557501fdd3dd4";
    let joe1 = "c6e111d159b94a90d241b71e506e61ee30e89d20";
    let import = "fd166f5e94c161e30b3526cb44071014462f6a99";
    let imported = "EMAILADDRESS=joeimport@hp.com, CN=Joe Import, OU=Cloud Services, O=HP, L=Cupertino, ST=California, C=US";
    let table: [Example; 3] = [
        (
            JOE_TEST,
            3,
            "16c13be6",
            "CN=Joe Test",
            1_315_877_523,
            1_631_237_523,
            Some(joe),
            joe,
            true,
        ),
        (
            JOE_TEST1,
            3,
            "5669954f",
            "CN=Joe Test1",
            1_316_740_274,
            1_632_100_274,
            Some(joe1),
            joe1,
            true,
        ),
        (
            JOE_IMPORT,
            1,
            "00ad2b9551de0fff5f",
            imported,
            1_315_934_664,
            1_347_470_664,
            None,
            import,
            false,
        ),
    ];
    for (pem, version, serial, subject, start, end, extension, key_id, usages) in table {
        let der = der(pem);
        let facts = read_certificate(&der).unwrap();
        let key = &facts.public_key;
        assert_eq!(
            (facts.version, facts.serial.to_hex().as_str()),
            (version, serial)
        );
        assert_eq!(
            (facts.subject.to_java().as_str(), &facts.issuer),
            (subject, &facts.subject)
        );
        assert_eq!(
            (facts.not_before.unix(), facts.not_after.unix()),
            (start, end),
            "{subject}"
        );
        assert_eq!(facts.subject_key_id.map(hex::encode).as_deref(), extension);
        assert_eq!(hex::encode(key.key_id()), key_id);
        assert_eq!(
            (key.algorithm(), facts.signature_algorithm),
            (KeyAlgorithm::Rsa(1024), SignatureAlgorithm::RsaSha1)
        );
        assert_eq!(
            facts.key_usage,
            usages.then_some(KeyUsage::DIGITAL_SIGNATURE)
        );
        assert_eq!(
            facts.extended_key_usage,
            usages.then(|| vec![eku::CLIENT_AUTH])
        );
        assert_eq!(
            (facts.is_authority, facts.path_length, facts.names.len()),
            (false, None, 0)
        );
        assert!(verify_certificate(&der, key), "{subject}");
    }
    let joe_key = read_certificate(&der(JOE_TEST)).unwrap().public_key;
    assert!(!verify_certificate(&der(JOE_TEST1), &joe_key));
}

/// One of each extension that we write.
fn all_extensions(key: &PublicKey, issuer_key: &PublicKey) -> Vec<Extension> {
    let list = |text: &str| vec![text.to_owned()];
    let names = [
        "dns:*.example.com",
        "email:joe@example.com",
        "ip:192.0.2.1",
        "ip:2001:db8::1",
        "uri:https://a.example/",
    ];
    let mut names: Vec<GeneralName> = names.map(|text| GeneralName::parse(text).unwrap()).to_vec();
    names.push(GeneralName::Directory(name("CN=a,O=b")));
    let usage = KeyUsage::DIGITAL_SIGNATURE
        .union(KeyUsage::KEY_AGREEMENT)
        .union(KeyUsage::DECIPHER_ONLY);
    vec![
        Extension::subject_key_id(&key.key_id()).unwrap(),
        Extension::authority_key_id(&issuer_key.key_id()).unwrap(),
        Extension::extended_key_usage(
            &[eku::CLIENT_AUTH, eku::SERVER_AUTH, eku::OCSP_SIGNING],
            false,
        )
        .unwrap(),
        Extension::key_usage(usage).unwrap(),
        Extension::basic_constraints(false, None).unwrap(),
        Extension::subject_alternative_name(&names, false).unwrap(),
        Extension::crl_distribution_points(
            &[list("http://a.example/crl"), list("http://b.example/crl")].concat(),
        )
        .unwrap(),
        Extension::authority_info_access(
            &list("http://a.example/ca"),
            &list("http://a.example/ocsp"),
        )
        .unwrap(),
        Extension::certificate_policies(&[der::oid::ObjectIdentifier::new_unwrap("1.2.3.4")])
            .unwrap(),
        Extension::ocsp_nocheck().unwrap(),
    ]
}

fn authority(path_length: Option<u8>, key: &PublicKey, issuer_key: &PublicKey) -> Vec<Extension> {
    vec![
        Extension::subject_key_id(&key.key_id()).unwrap(),
        Extension::authority_key_id(&issuer_key.key_id()).unwrap(),
        Extension::key_usage(KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN)).unwrap(),
        Extension::basic_constraints(true, path_length).unwrap(),
    ]
}

#[test]
fn what_is_written_reads_back() {
    let (root, leaf) = (TestKey::p256(), TestKey::p256());
    let (issuer, subject) = (name("CN=Root,O=Example,C=US"), name("CN=www.example.com"));
    let der = root.certify(
        &issuer,
        &subject,
        &leaf.public,
        all_extensions(&leaf.public, &root.public),
    );
    let facts = read_certificate(&der).unwrap();
    assert_eq!(
        (facts.version, facts.serial.content()),
        (3, &[0x5a; 16][..])
    );
    assert_eq!(
        (&facts.issuer, &facts.subject, &facts.public_key),
        (&issuer, &subject, &leaf.public)
    );
    assert_eq!(
        (facts.not_before.unix(), facts.not_after.unix()),
        (1_577_836_800, 2_840_140_800)
    );
    assert_eq!(facts.signature_algorithm, SignatureAlgorithm::EcdsaSha256);
    assert_eq!(
        facts.key_usage.unwrap().word(),
        "digitalSignature,keyAgreement,decipherOnly"
    );
    assert_eq!(
        facts.extended_key_usage,
        Some(vec![eku::CLIENT_AUTH, eku::SERVER_AUTH, eku::OCSP_SIGNING])
    );
    let names: Vec<String> = facts.names.iter().map(GeneralName::to_string).collect();
    let want = "dns:*.example.com email:joe@example.com ip:192.0.2.1 ip:2001:db8::1 uri:https://a.example/ dir:CN=a,O=b";
    assert_eq!(names.join(" "), want);
    assert_eq!((facts.is_authority, facts.path_length), (false, None));
    assert_eq!(
        facts.subject_key_id.as_deref(),
        Some(&leaf.public.key_id()[..])
    );
    assert_eq!(
        facts.authority_key_id.as_deref(),
        Some(&root.public.key_id()[..])
    );
    assert_eq!(
        facts.crl_addresses,
        ["http://a.example/crl", "http://b.example/crl"]
    );
    assert_eq!(facts.issuer_addresses, ["http://a.example/ca"]);
    assert_eq!(facts.ocsp_addresses, ["http://a.example/ocsp"]);
    assert!(verify_certificate(&der, &root.public) && !verify_certificate(&der, &leaf.public));

    let root_der = root.certify(
        &issuer,
        &issuer,
        &root.public,
        authority(Some(3), &root.public, &root.public),
    );
    let facts = read_certificate(&root_der).unwrap();
    assert_eq!((facts.is_authority, facts.path_length), (true, Some(3)));
    let bare = read_certificate(&root.certify(&issuer, &subject, &leaf.public, vec![])).unwrap();
    assert_eq!(
        (bare.version, bare.key_usage, bare.subject_key_id),
        (3, None, None)
    );
}

#[test]
fn openssl_reads_every_extension() {
    let (root, leaf) = (TestKey::p256(), TestKey::p256());
    let der = root.certify(
        &name("CN=Root"),
        &name("CN=www.example.com,O=Example,C=US"),
        &leaf.public,
        all_extensions(&leaf.public, &root.public),
    );
    let openssl = OpenSsl::new();
    openssl.write("leaf.der", &der);
    let text = openssl.run(&[
        "x509", "-inform", "der", "-in", "leaf.der", "-noout", "-text",
    ]);
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    for line in [
        "Version: 3 (0x2)",
        "5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a",
        "Signature Algorithm: ecdsa-with-SHA256 Issuer: CN = Root",
        "Not Before: Jan 1 00:00:00 2020 GMT Not After : Jan 1 00:00:00 2060 GMT",
        "Subject: C = US, O = Example, CN = www.example.com",
        "X509v3 Extended Key Usage: TLS Web Client Authentication, TLS Web Server Authentication, OCSP Signing",
        "X509v3 Key Usage: critical Digital Signature, Key Agreement, Decipher Only",
        "X509v3 Basic Constraints: critical CA:FALSE",
        "DNS:*.example.com, email:joe@example.com, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, \
         URI:https://a.example/, DirName:/O=b/CN=a",
        "X509v3 CRL Distribution Points: Full Name: URI:http://a.example/crl URI:http://b.example/crl",
        "OCSP - URI:http://a.example/ocsp CA Issuers - URI:http://a.example/ca",
        "X509v3 Certificate Policies: Policy: 1.2.3.4",
        "OCSP No Check:",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

/// A chain of three under each kind of authority key, with one of each kind of subject key.
#[test]
fn openssl_verifies_our_chains() {
    use KeyAlgorithm::{Ed25519, P256, P384, P521, Rsa};
    for (at, algorithm) in [P256, P384, P521, Ed25519, Rsa(2048)]
        .into_iter()
        .enumerate()
    {
        let (root, issuing) = (
            TestKey::new(algorithm),
            TestKey::new([Ed25519, P256, P384, P521, P256][at]),
        );
        let leaf = TestKey::p256();
        let (root_name, issuing_name) = (name("CN=Root"), name("CN=Issuing,O=Example"));
        let extensions = authority(None, &root.public, &root.public);
        let root_der = root.certify(&root_name, &root_name, &root.public, extensions);
        let extensions = authority(Some(0), &issuing.public, &root.public);
        let issuing_der = root.certify(&root_name, &issuing_name, &issuing.public, extensions);
        let extensions = vec![
            Extension::subject_key_id(&leaf.public.key_id()).unwrap(),
            Extension::authority_key_id(&issuing.public.key_id()).unwrap(),
            Extension::extended_key_usage(&[eku::SERVER_AUTH], true).unwrap(),
            Extension::subject_alternative_name(
                &[GeneralName::dns("www.example.com").unwrap()],
                true,
            )
            .unwrap(),
        ];
        let leaf_der = issuing.certify(
            &issuing_name,
            &Name::parse("").unwrap(),
            &leaf.public,
            extensions,
        );
        assert!(
            verify_certificate(&issuing_der, &root.public)
                && verify_certificate(&leaf_der, &issuing.public)
        );

        let openssl = OpenSsl::new();
        openssl.write("root.pem", pem::encode("CERTIFICATE", &root_der).as_bytes());
        openssl.write(
            "issuing.pem",
            pem::encode("CERTIFICATE", &issuing_der).as_bytes(),
        );
        openssl.write("leaf.pem", pem::encode("CERTIFICATE", &leaf_der).as_bytes());
        let chain = [
            "-CAfile",
            "root.pem",
            "-untrusted",
            "issuing.pem",
            "leaf.pem",
        ];
        let strict = [
            "verify",
            "-x509_strict",
            "-purpose",
            "sslserver",
            "-verify_hostname",
            "www.example.com",
        ];
        let said = openssl.run(&[&strict[..], &chain[..]].concat());
        assert_eq!(said.trim(), "leaf.pem: OK", "{algorithm}");
    }
}

/// The parts of a TBSCertificate, any of which a test can make odd.
struct Parts {
    version: Vec<u8>,
    serial: Vec<u8>,
    algorithm: Vec<u8>,
    validity: Vec<u8>,
    key: Vec<u8>,
    /// Unique identifiers and extensions.
    rest: Vec<u8>,
}

const ECDSA_SHA256: [u8; 12] = [
    0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02,
];
const CN_X: [u8; 14] = [
    0x30, 0x0c, 0x31, 0x0a, 0x30, 0x08, 0x06, 0x03, 0x55, 0x04, 0x03, 0x0c, 0x01, b'x',
];

impl Parts {
    fn sound() -> Parts {
        let time = tlv(0x17, &[b"200101000000Z"]);
        Parts {
            version: tlv(0xa0, &[&[2, 1, 2]]),
            serial: tlv(0x02, &[&[1]]),
            algorithm: ECDSA_SHA256.to_vec(),
            validity: [time.clone(), time].concat(),
            key: read_certificate(&der(JOE_TEST))
                .unwrap()
                .public_key
                .spki_der()
                .to_vec(),
            rest: Vec::new(),
        }
    }

    /// With one extension more.
    fn extended(self, oid: &[u8], critical: &[u8], value: &[u8]) -> Parts {
        let extension = tlv(0x30, &[&tlv(0x06, &[oid]), critical, &tlv(0x04, &[value])]);
        Parts {
            rest: tlv(0xa3, &[&tlv(0x30, &[&extension])]),
            ..self
        }
    }

    fn certificate(&self) -> Vec<u8> {
        let validity = tlv(0x30, &[&self.validity]);
        let parts = [
            &self.version,
            &self.serial,
            &self.algorithm,
            &CN_X[..],
            &validity,
            &CN_X,
            &self.key,
            &self.rest,
        ];
        let tbs = tlv(0x30, &parts);
        tlv(0x30, &[&tbs, &ECDSA_SHA256, &tlv(0x03, &[&[0, 1, 2, 3]])])
    }

    fn read(&self) -> Result<Facts, ReadError> {
        read_certificate(&self.certificate())
    }
}

const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const ALTERNATIVE_NAME: &[u8] = &[0x55, 0x1d, 17];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 14];
const CRL_POINTS: &[u8] = &[0x55, 0x1d, 31];

#[test]
fn odd_certificates_are_read() {
    let sound = Parts::sound;
    assert!(sound().read().is_ok());
    for (what, serial) in [
        ("24 octets", &[0x7f; 24][..]),
        ("negative", &[0x80, 1]),
        ("zero", &[0]),
        ("padded", &[0, 0, 1]),
    ] {
        let facts = Parts {
            serial: tlv(0x02, &[serial]),
            ..sound()
        }
        .read()
        .unwrap();
        assert_eq!(facts.serial.content(), serial, "{what}");
    }
    for (version, want) in [
        (&[][..], 1),
        (&[0xa0, 3, 2, 1, 0], 1),
        (&[0xa0, 3, 2, 1, 1], 2),
    ] {
        assert_eq!(
            Parts {
                version: version.to_vec(),
                ..sound()
            }
            .read()
            .unwrap()
            .version,
            want
        );
    }
    let validity = [
        tlv(0x18, &[b"19500101000000Z"]),
        tlv(0x18, &[b"99991231235959Z"]),
    ]
    .concat();
    let facts = Parts {
        validity,
        ..sound()
    }
    .read()
    .unwrap();
    assert_eq!(
        (facts.not_before.unix(), facts.not_after),
        (-631_152_000, Time::MAX)
    );
    // X25519, which signs nothing, and an algorithm that nobody knows.
    for algorithm in [&[0x2b, 0x65, 0x6e][..], &[0x2a, 0x03, 0x04]] {
        let key = tlv(
            0x30,
            &[
                &tlv(0x30, &[&tlv(0x06, &[algorithm])]),
                &tlv(0x03, &[&[0; 33]]),
            ],
        );
        let facts = Parts { key, ..sound() }.read().unwrap();
        assert!(matches!(
            facts.public_key.algorithm(),
            KeyAlgorithm::Other(_)
        ));
    }
    let md2 = tlv(
        0x30,
        &[
            &tlv(0x06, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2]]),
            &[5, 0],
        ],
    );
    let facts = Parts {
        algorithm: md2,
        ..sound()
    }
    .read()
    .unwrap();
    assert_eq!(
        facts.signature_algorithm.java_name(),
        "1.2.840.113549.1.1.2"
    );
    let unique = [tlv(0x81, &[&[0, 1]]), tlv(0x82, &[&[0, 1]])].concat();
    assert!(
        Parts {
            rest: unique,
            ..sound()
        }
        .read()
        .is_ok()
    );
}

#[test]
fn odd_extensions_are_read() {
    let read = |oid: &[u8], value: &[u8]| Parts::sound().extended(oid, &[], value).read().unwrap();
    for (what, value, want) in [
        ("BER true", &[0x30, 3, 1, 1, 1][..], (true, None)),
        ("explicit false", &[0x30, 3, 1, 1, 0], (false, None)),
        (
            "path length without authority",
            &[0x30, 3, 2, 1, 4],
            (false, Some(4)),
        ),
        (
            "huge path length",
            &[0x30, 7, 1, 1, 0xff, 2, 2, 1, 0],
            (true, Some(255)),
        ),
    ] {
        let facts = read(BASIC_CONSTRAINTS, value);
        assert_eq!((facts.is_authority, facts.path_length), want, "{what}");
    }
    for critical in [&[1, 1, 0][..], &[1, 1, 1], &[1, 1, 0xff]] {
        assert!(
            Parts::sound()
                .extended(BASIC_CONSTRAINTS, critical, &[0x30, 0])
                .read()
                .is_ok()
        );
    }
    assert_eq!(
        read(KEY_USAGE, &[3, 2, 0, 0x80]).key_usage,
        Some(KeyUsage::DIGITAL_SIGNATURE)
    );
    assert_eq!(
        read(KEY_USAGE, &[3, 1, 0]).key_usage,
        Some(KeyUsage::default())
    );
    // An arc of 2^64, which cannot be held: a limit all the same.
    let huge = [
        0x30, 14, 6, 12, 0x2a, 0x82, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00, 0x01,
    ];
    assert_eq!(
        read(EXTENDED_KEY_USAGE, &huge).extended_key_usage,
        Some(vec![])
    );
    let names = read(ALTERNATIVE_NAME, b"\x30\x09\x82\x03a b\x87\x02\x01\x02").names;
    assert_eq!(
        names,
        [
            GeneralName::Other(b"\x82\x03a b".to_vec()),
            GeneralName::Other(b"\x87\x02\x01\x02".to_vec())
        ]
    );
    assert_eq!(read(ALTERNATIVE_NAME, &[0x30, 0]).names, []);
    assert_eq!(read(SUBJECT_KEY_ID, &[1, 2, 3]).subject_key_id, None);
    // A point with reasons only, one with a relative name, and one with names of other forms.
    let points = tlv(
        0x30,
        &[
            &tlv(0x30, &[&[0x81, 1, 0]]),
            &tlv(0x30, &[&tlv(0xa0, &[&tlv(0xa1, &[])])]),
            &tlv(
                0x30,
                &[&tlv(0xa0, &[&tlv(0xa0, &[b"\x82\x01x\x86\x03a:b"])])],
            ),
        ],
    );
    assert_eq!(read(CRL_POINTS, &points).crl_addresses, ["a:b"]);
    assert_eq!(read(CRL_POINTS, &[5, 0]).crl_addresses, [""; 0]);
}

#[test]
fn broken_certificates_are_refused() {
    let sound = Parts::sound;
    let whole = sound().certificate();
    for (what, der, want) in [
        ("nothing", vec![], ReadError::NotDer),
        (
            "octets after it",
            [&whole[..], &[0]].concat(),
            ReadError::NotDer,
        ),
        (
            "cut off",
            whole[..whole.len() - 1].to_vec(),
            ReadError::NotDer,
        ),
        ("too large", vec![0x30; LARGEST + 1], ReadError::TooLarge),
        ("a private key", tlv(0x30, &[&[2, 1, 0]]), ReadError::NotDer),
    ] {
        assert_eq!(read_certificate(&der), Err(want), "{what}");
        assert!(!verify_certificate(&der, &TestKey::p256().public), "{what}");
    }
    let extended = |oid, value: &[u8]| sound().extended(oid, &[], value);
    let twice = tlv(
        0x30,
        &[&tlv(0x06, &[SUBJECT_KEY_ID]), &tlv(0x04, &[&[4, 1, 1]])],
    );
    let twice = tlv(0xa3, &[&tlv(0x30, &[&twice, &twice])]);
    let extension = ReadError::Extension;
    for (what, parts, want) in [
        (
            "octets left over",
            Parts {
                rest: vec![5, 0],
                ..sound()
            },
            ReadError::NotDer,
        ),
        (
            "version 4",
            Parts {
                version: tlv(0xa0, &[&[2, 1, 3]]),
                ..sound()
            },
            ReadError::NotDer,
        ),
        (
            "empty serial",
            Parts {
                serial: tlv(0x02, &[]),
                ..sound()
            },
            ReadError::Serial,
        ),
        (
            "65 octets of serial",
            Parts {
                serial: tlv(0x02, &[&[1; 65]]),
                ..sound()
            },
            ReadError::Serial,
        ),
        (
            "serial of text",
            Parts {
                serial: tlv(0x0c, &[b"1"]),
                ..sound()
            },
            ReadError::NotDer,
        ),
        (
            "no end",
            Parts {
                validity: tlv(0x17, &[b"200101000000Z"]),
                ..sound()
            },
            ReadError::NotDer,
        ),
        (
            "no time",
            Parts {
                validity: tlv(0x17, &[b"soon"]).repeat(2),
                ..sound()
            },
            ReadError::Time,
        ),
        (
            "three times",
            Parts {
                validity: tlv(0x17, &[b"200101000000Z"]).repeat(3),
                ..sound()
            },
            ReadError::NotDer,
        ),
        (
            "key of nothing",
            Parts {
                key: vec![0x30, 0],
                ..sound()
            },
            ReadError::Key,
        ),
        (
            "doubled extension",
            Parts {
                rest: twice,
                ..sound()
            },
            extension("list of extensions"),
        ),
        (
            "key usage",
            extended(KEY_USAGE, &[4, 1, 0x80]),
            extension("key usage"),
        ),
        (
            "purposes",
            extended(EXTENDED_KEY_USAGE, &[0x30, 2, 5, 0]),
            extension("extended key usage"),
        ),
        (
            "constraints",
            extended(BASIC_CONSTRAINTS, &[0x30, 3, 2, 1, 0xff]),
            extension("basic constraints"),
        ),
        (
            "constraints",
            extended(BASIC_CONSTRAINTS, &[0x30, 2, 5, 0]),
            extension("basic constraints"),
        ),
        (
            "names",
            extended(ALTERNATIVE_NAME, &[0x30, 2, 0x82, 9]),
            extension("subject alternative name"),
        ),
    ] {
        assert_eq!(parts.read(), Err(want), "{what}");
    }
}

/// RFC 5280, section 4.1.1.2: the algorithm over the signature must be that under it.
#[test]
fn a_signature_under_another_algorithms_name_does_not_hold() {
    let key = TestKey::p256();
    let (issuer, subject) = (name("CN=Root"), name("CN=x"));
    let contents = Contents {
        serial: &Serial::from_random([1; 16]),
        signature_algorithm: SignatureAlgorithm::EcdsaSha384,
        issuer: &issuer,
        not_before: Time::from_unix(0),
        not_after: Time::from_unix(1),
        subject: &subject,
        public_key: &key.public,
        extensions: vec![],
    };
    let tbs = write_tbs(&contents).unwrap();
    assert!(!verify_certificate(&key.seal(&tbs), &key.public));
    let tbs = write_tbs(&Contents {
        signature_algorithm: SignatureAlgorithm::EcdsaSha256,
        ..contents
    })
    .unwrap();
    assert!(verify_certificate(&key.seal(&tbs), &key.public));
}

#[test]
fn times_that_no_certificate_can_hold_are_not_written() {
    let key = TestKey::p256();
    for unix in [-1, 253_402_300_800] {
        let time = Time::from_unix(unix);
        let contents = Contents {
            serial: &Serial::from_random([1; 16]),
            signature_algorithm: SignatureAlgorithm::EcdsaSha256,
            issuer: &name("CN=a"),
            not_before: Time::from_unix(0),
            not_after: time,
            subject: &name("CN=b"),
            public_key: &key.public,
            extensions: vec![],
        };
        assert_eq!(write_tbs(&contents), Err(WriteError::Time(time)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn damaged_certificates_never_panic(
        which in 0..3_usize,
        changes in proptest::collection::vec(any::<(usize, u8)>(), 0..4),
        keep in any::<usize>(),
        cut in any::<bool>(),
    ) {
        let whole = match which {
            0 => der(JOE_TEST),
            1 => der(JOE_IMPORT),
            _ => {
                let key = &read_certificate(&der(JOE_TEST)).unwrap().public_key;
                Parts { key: key.spki_der().to_vec(), ..Parts::sound() }.certificate()
            }
        };
        let damaged = changed(&whole, &changes, if cut { keep } else { 0 });
        if let Ok(facts) = read_certificate(&damaged) {
            assert!(facts.serial.content().len() <= 64);
            verify_certificate(&damaged, &facts.public_key);
        }
    }

    #[test]
    fn any_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read_certificate(&octets);
        let sequence = tlv(0x30, &[&octets]);
        let _ = read_certificate(&sequence);
        let _ = values::crl_addresses(&sequence);
        let _ = values::access_addresses(&sequence);
        let _ = values::basic_constraints(&sequence);
        let _ = values::alternative_names(&sequence);
        let _ = values::extensions(&sequence);
    }
}
