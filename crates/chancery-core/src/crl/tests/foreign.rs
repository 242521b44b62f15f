//! Lists of others: built part by part, odd or broken on purpose, and one that OpenSSL made.

use super::*;
use crate::x509;
use crate::x509::testing::{OpenSsl, TestKey, tlv};

const UTC: [u8; 15] = *b"\x17\x0d200101000000Z";

/// A list with these octets for its version, and these fields after the issuer.
fn with(version: &[u8], fields: &[&[u8]]) -> Option<CrlFacts> {
    let signature = tlv(0x30, &[b"\x06\x03\x2b\x65\x70"]);
    let tbs = tlv(0x30, &[version, &signature, &[0x30, 0], &fields.concat()]);
    read_crl(&tlv(0x30, &[&tbs, &signature, &[3, 2, 0, 0]])).ok()
}

/// One extension of the kind `2.5.29.{kind}`.
fn extension(kind: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    tlv(
        0x30,
        &[&[6, 3, 0x55, 0x1d, kind], critical, &tlv(4, &[value])],
    )
}

fn extensions(list: &[Vec<u8>]) -> Vec<u8> {
    tlv(0xa0, &[&tlv(0x30, &[&list.concat()])])
}

/// An entry for the serial number 5 with these extensions.
fn entry(list: &[Vec<u8>]) -> Vec<u8> {
    let extensions = match list {
        [] => Vec::new(),
        list => tlv(0x30, &[&list.concat()]),
    };
    tlv(0x30, &[&[2, 1, 5], &UTC, &extensions])
}

#[test]
fn lists_of_others_are_read() {
    let bare = tlv(0x30, &[&entry(&[])]);
    let unknown = tlv(0x30, &[&entry(&[extension(21, false, &[0x0a, 1, 7])])]);
    let huge = extensions(&[extension(20, false, &tlv(2, &[&[1; 20]]))]);
    for (what, version, fields, count) in [
        ("version 1", &[][..], vec![&UTC[..]], Some(0)),
        ("next update", &[2, 1, 1], vec![&UTC, &UTC], Some(0)),
        (
            "entry without reason",
            &[2, 1, 1],
            vec![&UTC, &UTC, &bare],
            Some(1),
        ),
        (
            "entry with unknown reason",
            &[2, 1, 1],
            vec![&UTC, &unknown],
            Some(1),
        ),
        (
            "number of 20 octets",
            &[2, 1, 1],
            vec![&UTC, &huge],
            Some(0),
        ),
        ("version 3", &[2, 1, 2], vec![&UTC], None),
        ("no time", &[2, 1, 1], vec![], None),
        ("entries twice", &[2, 1, 1], vec![&UTC, &bare, &bare], None),
        (
            "entries before the time",
            &[2, 1, 1],
            vec![&bare, &UTC],
            None,
        ),
    ] {
        let facts = with(version, &fields);
        assert_eq!(facts.map(|facts| facts.revoked.len()), count, "{what}");
    }
}

/// Extensions of a list: whether it is read, and if so whether it is understood.
#[test]
fn what_is_not_understood_is_told() {
    let number = |critical| extension(20, critical, &[2, 1, 9]);
    for (what, list, understood) in [
        ("none", vec![], Some(true)),
        ("critical and known", vec![number(true)], Some(true)),
        (
            "not critical and not known",
            vec![extension(99, false, &[5, 0])],
            Some(true),
        ),
        (
            "critical and not known",
            vec![number(false), extension(99, true, &[5, 0])],
            Some(false),
        ),
        ("twice", vec![number(false), number(false)], None),
        ("delta", vec![extension(27, true, &[2, 1, 9])], Some(true)),
        (
            "delta that builds on no number",
            vec![extension(27, true, &[5, 0])],
            None,
        ),
        (
            "delta that builds on a number beyond 64 bits",
            vec![extension(27, true, &tlv(2, &[&[1; 9]]))],
            None,
        ),
        (
            "delta that builds on a negative number",
            vec![extension(27, true, &[2, 1, 0x80])],
            None,
        ),
        (
            "issuing point that is none",
            vec![extension(28, true, &[4, 0])],
            None,
        ),
        (
            "freshest CRL that is none",
            vec![extension(46, false, &[4, 0])],
            Some(true),
        ),
    ] {
        let list = if list.is_empty() {
            Vec::new()
        } else {
            extensions(&list)
        };
        let facts = with(&[2, 1, 1], &[&UTC, &list]);
        assert_eq!(facts.map(|facts| facts.is_understood), understood, "{what}");
    }
    for (what, list, understood) in [
        ("reason", vec![extension(21, false, &[0x0a, 1, 1])], true),
        (
            "date of invalidity",
            vec![extension(24, false, &[5, 0])],
            true,
        ),
        ("another issuer", vec![extension(29, true, &[5, 0])], false),
    ] {
        let entries = tlv(0x30, &[&entry(&list)]);
        let facts = with(&[2, 1, 1], &[&UTC, &entries]);
        assert_eq!(
            facts.map(|facts| facts.is_understood),
            Some(understood),
            "{what}"
        );
    }
}

#[test]
fn issuing_points_are_read() {
    let uri = tlv(0x86, &[b"http://a.example/b"]);
    let full = tlv(0xa0, &[&tlv(0xa0, &[&uri, &uri])]);
    let relative = tlv(0xa0, &[&tlv(0xa1, &[])]);
    let names = || vec!["http://a.example/b".to_owned(); 2];
    for (what, parts, want) in [
        ("nothing", vec![], Some((vec![], false))),
        ("names", vec![&full[..]], Some((names(), false))),
        ("relative name", vec![&relative], Some((vec![], false))),
        (
            "users only",
            vec![&full, &[0x81, 1, 0xff]],
            Some((names(), true)),
        ),
        (
            "users only, no",
            vec![&full, &[0x81, 1, 0]],
            Some((names(), false)),
        ),
        (
            "authorities only",
            vec![&[0x82, 1, 0xff]],
            Some((vec![], true)),
        ),
        ("some reasons", vec![&[0x83, 2, 0, 0]], Some((vec![], true))),
        ("indirect", vec![&[0x84, 1, 1]], Some((vec![], true))),
        ("attributes", vec![&[0x85, 1, 0xff]], Some((vec![], true))),
        ("in no order", vec![&[0x82, 1, 0], &[0x81, 1, 0]], None),
        ("something else", vec![&[0x86, 1, 0]], None),
    ] {
        let point = extension(28, true, &tlv(0x30, &parts));
        let facts = with(&[2, 1, 1], &[&UTC, &extensions(&[point])]);
        let point = facts.map(|facts| {
            let point = facts.issuing_point.unwrap();
            (point.names, point.is_partial)
        });
        assert_eq!(point, want, "{what}");
    }
}

/// What OpenSSL writes when it is an authority: a delta of one shard with a certificate taken off.
#[test]
fn a_delta_of_openssl_is_read() {
    let openssl = OpenSsl::new();
    openssl.write(
        "conf",
        b"[ca]\ndefault_ca=a\n[a]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n[x]\n\
        authorityKeyIdentifier=keyid\ndeltaCRL=critical,ASN1:INTEGER:0x11\n\
        issuingDistributionPoint=critical,@p\nfreshestCRL=URI:http://a.example/d\n[p]\n\
        fullname=URI:http://a.example/4/1.crl\n",
    );
    openssl.write("number", b"0123\n");
    openssl.write(
        "index",
        b"R\t300101000000Z\t200102030405Z,keyCompromise\t4000\tunknown\t/CN=a\n\
        R\t300101000000Z\t200102030406Z,removeFromCRL\t00FF\tunknown\t/CN=b\n\
        R\t300101000000Z\t200102030407Z\t0A\tunknown\t/CN=c\n",
    );
    openssl.run(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Root -keyout key -out root",
    );
    openssl.run("ca -config conf -gencrl -crldays 3 -keyfile key -cert root -crlexts x -out pem");
    openssl.run("crl -in pem -outform der -out der");
    let root = {
        openssl.run("x509 -in root -outform der -out root.der");
        x509::read_certificate(&openssl.read("root.der")).unwrap()
    };
    let der = openssl.read("der");
    let facts = read_crl(&der).unwrap();
    assert!(verify_crl(&der, &root.public_key));
    assert!(!verify_crl(&der, &TestKey::p256().public));
    assert_eq!(facts.issuer, root.subject);
    assert_eq!(facts.authority_key_id, root.subject_key_id);
    assert_eq!((facts.number, facts.delta_base), (Some(0x123), Some(0x11)));
    assert_eq!(facts.freshest, ["http://a.example/d"]);
    let point = IssuingPoint {
        names: vec!["http://a.example/4/1.crl".to_owned()],
        is_partial: false,
    };
    assert_eq!(facts.issuing_point, Some(point));
    let entries =
        [(0, 0x0a, 7), (1, 0x4000, 5)].map(|(code, number, second): (_, u16, _)| CrlEntry {
            serial: Serial::from_magnitude(&number.to_be_bytes()),
            revoked: Time::from_unix(1_577_934_240 + second),
            reason: Reason::from_code(code).unwrap(),
        });
    let removal = CrlRemoval {
        serial: Serial::from_magnitude(&[0xff]),
        removed: Time::from_unix(1_577_934_246),
    };
    // OpenSSL sorts by serial number.
    assert_eq!(
        (facts.revoked, facts.removed),
        (entries.to_vec(), vec![removal])
    );
    assert!(facts.is_understood);
}
