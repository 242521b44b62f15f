//! Certificates as others make them, put together octet by octet: odd ones are read, broken ones refused.

use super::*;

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

const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
const CN_X: &[u8] = b"\x30\x0c\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01x";

const SUBJECT_KEY_ID: &[u8] = b"\x55\x1d\x0e";
const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
const ALTERNATIVE_NAME: &[u8] = b"\x55\x1d\x11";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
const CRL_POINTS: &[u8] = b"\x55\x1d\x1f";
const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";

fn sound() -> Parts {
    let key = read_certificate(&der(JOE_TEST)).unwrap().public_key;
    Parts {
        version: tlv(0xa0, &[&[2, 1, 2]]),
        serial: tlv(0x02, &[&[1]]),
        algorithm: ECDSA_SHA256.to_vec(),
        validity: tlv(0x17, &[b"200101000000Z"]).repeat(2),
        key: key.spki_der().to_vec(),
        rest: Vec::new(),
    }
}

/// A sound certificate with one extension: its kind, the octets of its BOOLEAN, and its value.
fn extended(oid: &[u8], critical: &[u8], value: &[u8]) -> Parts {
    let extension = tlv(0x30, &[&tlv(0x06, &[oid]), critical, &tlv(0x04, &[value])]);
    Parts {
        rest: tlv(0xa3, &[&tlv(0x30, &[&extension])]),
        ..sound()
    }
}

impl Parts {
    fn certificate(&self) -> Vec<u8> {
        let Parts {
            version,
            serial,
            algorithm,
            validity,
            key,
            rest,
        } = self;
        let validity = tlv(0x30, &[validity]);
        let tbs = tlv(
            0x30,
            &[version, serial, algorithm, CN_X, &validity, CN_X, key, rest],
        );
        tlv(0x30, &[&tbs, ECDSA_SHA256, &tlv(0x03, &[&[0, 1, 2, 3]])])
    }

    fn read(&self) -> Result<Facts, ReadError> {
        read_certificate(&self.certificate())
    }
}

#[test]
fn odd_serials_and_versions_are_read() {
    for serial in [&[0x7f; 24][..], &[0x80, 1], &[0], &[0, 0, 1]] {
        let facts = Parts {
            serial: tlv(0x02, &[serial]),
            ..sound()
        }
        .read()
        .unwrap();
        assert_eq!(facts.serial.content(), serial);
    }
    for (version, want) in [
        (&b""[..], 1),
        (b"\xa0\x03\x02\x01\x00", 1),
        (b"\xa0\x03\x02\x01\x01", 2),
    ] {
        let facts = Parts {
            version: version.to_vec(),
            ..sound()
        }
        .read()
        .unwrap();
        assert_eq!(facts.version, want);
    }
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
fn odd_times_are_read() {
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
}

#[test]
fn unknown_algorithms_are_read() {
    // X25519, which signs nothing, and one that nobody knows.
    for oid in [&b"\x2b\x65\x6e"[..], b"\x2a\x03\x04"] {
        let key = tlv(
            0x30,
            &[&tlv(0x30, &[&tlv(0x06, &[oid])]), &tlv(0x03, &[&[0; 33]])],
        );
        let facts = Parts { key, ..sound() }.read().unwrap();
        assert!(matches!(
            facts.public_key.algorithm(),
            KeyAlgorithm::Other(_)
        ));
    }
    let md2 = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x02\x05\x00".to_vec();
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
}

#[test]
fn odd_basic_constraints_are_read() {
    for (what, value, want) in [
        ("BER true", &b"\x30\x03\x01\x01\x01"[..], (true, None)),
        ("explicit false", b"\x30\x03\x01\x01\x00", (false, None)),
        (
            "path length only",
            b"\x30\x03\x02\x01\x04",
            (false, Some(4)),
        ),
        (
            "padded path length",
            b"\x30\x07\x01\x01\xff\x02\x02\x00\x04",
            (true, Some(4)),
        ),
        (
            "huge path length",
            b"\x30\x07\x01\x01\xff\x02\x02\x01\x00",
            (true, Some(255)),
        ),
    ] {
        let facts = extended(BASIC_CONSTRAINTS, &[], value).read().unwrap();
        assert_eq!((facts.is_authority, facts.path_length), want, "{what}");
    }
    for critical in [&[1, 1, 0][..], &[1, 1, 1], &[1, 1, 0xff]] {
        assert!(
            extended(BASIC_CONSTRAINTS, critical, &[0x30, 0])
                .read()
                .is_ok()
        );
    }
}

#[test]
fn odd_extensions_are_read() {
    let read = |oid, value: &[u8]| extended(oid, &[], value).read().unwrap();
    let usage = read(KEY_USAGE, b"\x03\x02\x00\x80").key_usage;
    assert_eq!(usage, Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(
        read(KEY_USAGE, b"\x03\x01\x00").key_usage,
        Some(KeyUsage::default())
    );
    // An arc of 2^64, which cannot be held: a limit all the same.
    let huge = b"\x30\x0e\x06\x0c\x2a\x82\x80\x80\x80\x80\x80\x80\x80\x80\x00\x01";
    assert_eq!(
        read(EXTENDED_KEY_USAGE, huge).extended_key_usage,
        Some(vec![])
    );
    let names = read(ALTERNATIVE_NAME, b"\x30\x09\x82\x03a b\x87\x02\x01\x02").names;
    let other = |der: &[u8]| GeneralName::Other(der.to_vec());
    assert_eq!(names, [other(b"\x82\x03a b"), other(b"\x87\x02\x01\x02")]);
    assert_eq!(read(ALTERNATIVE_NAME, b"\x30\x00").names, []);
    assert_eq!(read(SUBJECT_KEY_ID, &[1, 2, 3]).subject_key_id, None);
    // A point with reasons only, one with a relative name, and one with names of two forms.
    let points = b"\x30\x19\x30\x03\x81\x01\x00\x30\x04\xa0\x02\xa1\x00\
                   \x30\x0c\xa0\x0a\xa0\x08\x82\x01x\x86\x03a:b";
    assert_eq!(read(CRL_POINTS, points).crl_addresses, ["a:b"]);
    assert!(read(CRL_POINTS, &[5, 0]).crl_addresses.is_empty());
}

fn refused(what: &str, parts: Parts, want: ReadError) {
    assert_eq!(parts.read(), Err(want), "{what}");
}

#[test]
fn broken_frames_are_refused() {
    let whole = sound().certificate();
    assert!(read_certificate(&whole).is_ok());
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
        ("a private key", tlv(0x30, &[&[2, 1, 0]]), ReadError::NotDer),
        ("too large", vec![0x30; LARGEST + 1], ReadError::TooLarge),
    ] {
        assert_eq!(read_certificate(&der), Err(want), "{what}");
        assert!(!verify_certificate(&der, &TestKey::p256().public), "{what}");
    }
    refused(
        "octets left over",
        Parts {
            rest: vec![5, 0],
            ..sound()
        },
        ReadError::NotDer,
    );
}

#[test]
fn broken_fields_are_refused() {
    let time = tlv(0x17, &[b"200101000000Z"]);
    let version = b"\xa0\x03\x02\x01\x03".to_vec();
    refused("version 4", Parts { version, ..sound() }, ReadError::NotDer);
    refused(
        "empty serial",
        Parts {
            serial: vec![2, 0],
            ..sound()
        },
        ReadError::Serial,
    );
    let serial = tlv(0x02, &[&[1; 65]]);
    refused(
        "65 octets of serial",
        Parts { serial, ..sound() },
        ReadError::Serial,
    );
    refused(
        "serial of text",
        Parts {
            serial: vec![0x0c, 1, b'1'],
            ..sound()
        },
        ReadError::NotDer,
    );
    refused(
        "one time",
        Parts {
            validity: time.clone(),
            ..sound()
        },
        ReadError::NotDer,
    );
    refused(
        "three times",
        Parts {
            validity: time.repeat(3),
            ..sound()
        },
        ReadError::NotDer,
    );
    let validity = tlv(0x17, &[b"soon"]).repeat(2);
    refused(
        "no time",
        Parts {
            validity,
            ..sound()
        },
        ReadError::Time,
    );
    refused(
        "key of nothing",
        Parts {
            key: vec![0x30, 0],
            ..sound()
        },
        ReadError::Key,
    );
}

#[test]
fn broken_extensions_are_refused() {
    for (oid, value, name) in [
        (KEY_USAGE, &b"\x04\x01\x80"[..], "key usage"),
        (KEY_USAGE, b"\x03\x00", "key usage"),
        (
            EXTENDED_KEY_USAGE,
            b"\x30\x02\x05\x00",
            "extended key usage",
        ),
        (
            BASIC_CONSTRAINTS,
            b"\x30\x03\x02\x01\xff",
            "basic constraints",
        ),
        (BASIC_CONSTRAINTS, b"\x30\x02\x05\x00", "basic constraints"),
        (
            ALTERNATIVE_NAME,
            b"\x30\x02\x82\x09",
            "subject alternative name",
        ),
        (
            ALTERNATIVE_NAME,
            b"\x30\x00\x00",
            "subject alternative name",
        ),
    ] {
        refused(name, extended(oid, &[], value), ReadError::Extension(name));
    }
    let once = tlv(
        0x30,
        &[&tlv(0x06, &[SUBJECT_KEY_ID]), &tlv(0x04, &[&[4, 1, 1]])],
    );
    for list in [
        once.repeat(2),
        tlv(0x30, &[&[5, 0]]),
        vec![5, 0],
        vec![0x30],
    ] {
        let rest = tlv(0xa3, &[&tlv(0x30, &[&list])]);
        refused(
            "list",
            Parts { rest, ..sound() },
            ReadError::Extension("list of extensions"),
        );
    }
}
