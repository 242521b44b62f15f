//! What is written reads back, however it was cut on its way, and is what DER asks for. `foreign.rs` reads lists of others,
//! `oracles.rs` lets others read ours.

mod foreign;
mod oracles;

use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

use super::*;
use crate::key::{KeyAlgorithm, SignatureAlgorithm};
use crate::name::Name;
use crate::plan::{Message, ToBeSigned};
use crate::x509::testing::{TestKey, changed};
use crate::x509::tlv::{Reader, SEQUENCE, element};
use crate::x509::{Extension, WriteError, write_extensions};

/// An entry of either kind.
#[derive(Clone, Debug)]
enum Listed {
    Revoked(CrlEntry),
    Removed(CrlRemoval),
}

fn serial(content: &[u8]) -> Serial {
    Serial::from_content(content).unwrap()
}

fn revoked(content: &[u8], since: i64, reason: Reason) -> Listed {
    Listed::Revoked(CrlEntry {
        serial: serial(content),
        revoked: Time::from_unix(since),
        reason,
    })
}

fn removed(content: &[u8], since: i64) -> Listed {
    Listed::Removed(CrlRemoval {
        serial: serial(content),
        removed: Time::from_unix(since),
    })
}

/// One entry for each reason, in no order, and one as large as any.
fn one_of_each() -> Vec<Listed> {
    let of_reason = |(at, reason): (usize, Reason)| {
        revoked(&[0, 0xf0 - at as u8], 1_700_000_000 + at as i64, reason)
    };
    let mut entries: Vec<Listed> = Reason::ALL.into_iter().enumerate().map(of_reason).collect();
    entries.push(revoked(&[0x7f; 64], 2_600_000_000, Reason::KeyCompromise));
    entries
}

fn issuer() -> Name {
    Name::parse("CN=Issuing,O=Example").unwrap()
}

/// The head of a complete list with number 300, from 2027 to 2052.
fn head<'a>(issuer: &'a Name, key: &TestKey, key_id: &'a [u8]) -> CrlHead<'a> {
    CrlHead {
        issuer,
        signature_algorithm: key.algorithm(),
        this_update: Time::from_unix(1_800_000_000),
        next_update: Time::from_unix(2_600_000_000),
        number: 300,
        authority_key_id: key_id,
        scope_names: &[],
        links: CrlLinks::Complete { freshest: &[] },
    }
}

fn encoded(entries: &[Listed]) -> Vec<u8> {
    let mut octets = Vec::new();
    for entry in entries {
        match entry {
            Listed::Revoked(entry) => push_entry(&mut octets, entry).unwrap(),
            Listed::Removed(removal) => push_removal(&mut octets, removal).unwrap(),
        }
    }
    octets
}

fn planned(head: &CrlHead<'_>, entries: &[u8]) -> PlannedCrl {
    let mut stream = CrlStream::begin(head, entries.len() as u64).unwrap();
    stream.update(entries);
    stream.end().unwrap()
}

/// The DER of a signed list.
fn list(key: &TestKey, head: &CrlHead<'_>, entries: &[Listed]) -> Vec<u8> {
    let entries = encoded(entries);
    let planned = planned(head, &entries);
    let signature = key.sign_planned(&planned);
    let signed = planned.finish(&signature).unwrap();
    [signed.front, entries, signed.tail].concat()
}

fn uris(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn split(entries: &[Listed]) -> (Vec<CrlEntry>, Vec<CrlRemoval>) {
    let (mut on, mut off) = (Vec::new(), Vec::new());
    for entry in entries {
        match entry.clone() {
            Listed::Revoked(entry) => on.push(entry),
            Listed::Removed(removal) => off.push(removal),
        }
    }
    (on, off)
}

#[test]
fn what_is_written_reads_back() {
    let names = uris(&["http://a.example/64/5.crl", "http://b.example/64/5.crl"]);
    let freshest = uris(&["http://a.example/64/5-delta.crl"]);
    let complete = CrlLinks::Complete { freshest: &[] };
    let with_delta = CrlLinks::Complete {
        freshest: &freshest,
    };
    let mut changes = one_of_each();
    changes.push(removed(&[5], 1_700_000_000));
    for (links, scope_names, entries) in [
        (complete, &[][..], vec![]),
        (complete, &[], one_of_each()),
        (with_delta, &[], one_of_each()),
        (with_delta, &names, one_of_each()),
        (CrlLinks::Delta { base: 299 }, &[], vec![]),
        (CrlLinks::Delta { base: 0 }, &names, changes),
    ] {
        let (key, issuer) = (TestKey::p256(), issuer());
        let mut head = head(&issuer, &key, &[1, 2, 3]);
        (head.links, head.scope_names) = (links, scope_names);
        let der = list(&key, &head, &entries);
        assert!(verify_crl(&der, &key.public) && !verify_crl(&der, &TestKey::p256().public));
        let (on, off) = split(&entries);
        let of_complete = match links {
            CrlLinks::Complete { freshest } => Some(freshest.to_vec()),
            CrlLinks::Delta { .. } => None,
        };
        let want = CrlFacts {
            issuer: issuer.clone(),
            number: Some(300),
            authority_key_id: Some(vec![1, 2, 3]),
            this_update: Time::from_unix(1_800_000_000),
            next_update: Some(Time::from_unix(2_600_000_000)),
            delta_base: match links {
                CrlLinks::Complete { .. } => None,
                CrlLinks::Delta { base } => Some(base),
            },
            issuing_point: (!scope_names.is_empty()).then(|| IssuingPoint {
                names: scope_names.to_vec(),
                is_partial: false,
            }),
            freshest: of_complete.unwrap_or_default(),
            revoked: on,
            removed: off,
            is_understood: true,
        };
        assert_eq!(read_crl(&der).as_ref(), Ok(&want));
    }
}

/// Every kind of key signs what it would sign had it all the octets at once.
#[test]
fn a_digest_is_signed_as_its_octets_are() {
    for algorithm in [
        KeyAlgorithm::Rsa(2048),
        KeyAlgorithm::P256,
        KeyAlgorithm::P384,
        KeyAlgorithm::P521,
        KeyAlgorithm::Ed25519,
    ] {
        let (key, issuer) = (TestKey::new(algorithm), issuer());
        let head = head(&issuer, &key, &[1]);
        let entries = encoded(&one_of_each());
        let whole_is_held = matches!(planned(&head, &entries).message(), Message::Octets(_));
        assert_eq!(whole_is_held, algorithm == KeyAlgorithm::Ed25519);
        assert!(
            verify_crl(&list(&key, &head, &one_of_each()), &key.public),
            "{algorithm}"
        );
    }
}

/// RSA authorities may sign with the longer hashes too.
#[test]
fn the_digest_is_that_of_the_algorithm() {
    use SignatureAlgorithm as S;
    for (algorithm, length) in [
        (S::RsaSha256, 32),
        (S::RsaSha384, 48),
        (S::RsaSha512, 64),
        (S::EcdsaSha256, 32),
        (S::EcdsaSha384, 48),
        (S::EcdsaSha512, 64),
    ] {
        let (key, issuer) = (TestKey::p256(), issuer());
        let mut head = head(&issuer, &key, &[1]);
        head.signature_algorithm = algorithm;
        let planned = planned(&head, &[]);
        let Message::Digest(digest) = planned.message() else {
            panic!("{algorithm:?} signs a digest");
        };
        assert_eq!(digest.as_ref().len(), length);
    }
}

/// The list as X.690 and RFC 5280 build it, from the inside out and all at once: what is written in a stream is compared
/// with it.
fn whole(head: &CrlHead<'_>, entries: &[u8]) -> Vec<u8> {
    let time = |time: Time| {
        let mut der = Vec::new();
        crate::x509::push_time(&mut der, time).unwrap();
        der
    };
    let mut extensions = vec![
        Extension::authority_key_id(head.authority_key_id).unwrap(),
        Extension::crl_number(head.number).unwrap(),
    ];
    if let CrlLinks::Delta { base } = head.links {
        extensions.push(Extension::delta_crl_indicator(base).unwrap());
    }
    if !head.scope_names.is_empty() {
        extensions.push(Extension::issuing_distribution_point(head.scope_names).unwrap());
    }
    if let CrlLinks::Complete {
        freshest: freshest @ [_, ..],
    } = head.links
    {
        extensions.push(Extension::freshest_crl(freshest).unwrap());
    }
    let algorithm = element(SEQUENCE, &[&element(6, &[&[0x2b, 0x65, 0x70]])]);
    let list = match entries {
        [] => Vec::new(),
        entries => element(SEQUENCE, &[entries]),
    };
    let tbs = element(
        SEQUENCE,
        &[
            &[2, 1, 1],
            &algorithm,
            head.issuer.der(),
            &time(head.this_update),
            &time(head.next_update),
            &list,
            &element(0xa0, &[&write_extensions(&extensions).unwrap()]),
        ],
    );
    let signature = element(3, &[&[0], &[7; 64]]);
    element(SEQUENCE, &[&tbs, &algorithm, &signature])
}

/// Serial number, time and reason code of an entry.
fn facts_of(entry: &Listed) -> (Vec<u8>, i64, u8) {
    let (serial, since, code) = match entry {
        Listed::Revoked(entry) => (&entry.serial, entry.revoked, entry.reason.code()),
        Listed::Removed(removal) => (&removal.serial, removal.removed, 8),
    };
    (serial.content().to_vec(), since.unix(), code)
}

fn any_entry() -> impl Strategy<Value = Listed> {
    let content = prop::collection::vec(any::<u8>(), 1..=64);
    let time = 0..=Time::MAX.unix();
    let reason = prop::option::weighted(0.9, prop::sample::select(&Reason::ALL[..]));
    (content, time, reason).prop_map(|(content, since, reason)| match reason {
        Some(reason) => revoked(&content, since, reason),
        None => removed(&content, since),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_list_in_pieces_is_the_list_at_once(
        entries in prop::collection::vec(any_entry(), 0..40),
        pieces in prop::collection::vec(0..200_usize, 1..40),
        names in prop::collection::vec("http://[a-z]{1,60}/[0-9]{1,5}\\.crl", 0..3),
        number in 1..=u64::MAX,
        base in prop_oneof![Just(None), any::<u64>().prop_map(Some)],
        start in 0..=Time::MAX.unix(),
    ) {
        let issuer = issuer();
        let head = CrlHead {
            issuer: &issuer,
            signature_algorithm: SignatureAlgorithm::Ed25519,
            this_update: Time::from_unix(start),
            next_update: Time::from_unix(start).plus_days(1),
            number,
            authority_key_id: &[9; 20],
            scope_names: &names,
            links: match base {
                Some(base) => CrlLinks::Delta { base: base % number },
                None => CrlLinks::Complete { freshest: &names },
            },
        };
        let octets = encoded(&entries);
        let mut stream = CrlStream::begin(&head, octets.len() as u64).unwrap();
        let mut rest = octets.as_slice();
        for piece in pieces {
            let (now, later) = rest.split_at(piece.min(rest.len()));
            stream.update(now);
            rest = later;
        }
        stream.update(rest);
        let planned = stream.end().unwrap();
        let Message::Octets(octets_signed) = planned.message() else {
            panic!("Ed25519 signs octets");
        };
        let under_the_signature = octets_signed.to_vec();
        let signed = planned.finish(&[7; 64]).unwrap();
        prop_assert!(signed.front.len() < issuer.der().len() + 200);
        let der = [signed.front, octets.clone(), signed.tail].concat();
        prop_assert_eq!(&der, &whole(&head, &octets));
        prop_assert_eq!(Reader::new(&der).nested(SEQUENCE).unwrap().any().unwrap().der, under_the_signature);

        // Another reader finds the same entries, in the same order.
        let (rest, theirs) = CertificateRevocationList::from_der(&der).unwrap();
        let found: Vec<_> = theirs
            .iter_revoked_certificates()
            .map(|one| {
                let code = one.reason_code().map_or(0, |(_, code)| code.0);
                (one.raw_serial().to_vec(), one.revocation_date.timestamp(), code)
            })
            .collect();
        prop_assert_eq!(found, entries.iter().map(facts_of).collect::<Vec<_>>());
        prop_assert!(rest.is_empty());
        prop_assert_eq!(theirs.crl_number().cloned(), Some(number.into()));

        let facts = read_crl(&der).unwrap();
        let (on, off) = split(&entries);
        prop_assert_eq!((facts.revoked, facts.removed), (on, off));
        prop_assert_eq!((facts.number, facts.this_update), (Some(number), head.this_update));
        prop_assert_eq!(facts.issuing_point.map_or(vec![], |point| point.names), names.clone());
    }

    #[test]
    fn damaged_lists_never_panic(
        changes in prop::collection::vec(any::<(usize, u8)>(), 0..4),
        keep in any::<usize>(),
        cut in any::<bool>(),
    ) {
        static SOUND: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            let (key, issuer, names) = (TestKey::p256(), issuer(), uris(&["http://a.example/b"]));
            let mut head = head(&issuer, &key, &[1]);
            (head.links, head.scope_names) = (CrlLinks::Delta { base: 3 }, &names);
            let mut entries = one_of_each();
            entries.push(removed(&[9], 1_700_000_000));
            list(&key, &head, &entries)
        });
        let damaged = changed(&SOUND, &changes, if cut { keep } else { 0 });
        verify_crl(&damaged, &TestKey::p256().public);
        let _ = read_crl(&damaged);
    }
}

#[test]
fn what_no_list_can_hold_is_not_written() {
    let mut octets = vec![1, 2, 3];
    let long = Serial::from_magnitude(&[1; 65]);
    for (serial, since, want) in [
        (long.clone(), 0, WriteError::Serial),
        (serial(&[1]), -1, WriteError::Time(Time::from_unix(-1))),
        (
            serial(&[1]),
            Time::MAX.unix() + 1,
            WriteError::Time(Time::from_unix(Time::MAX.unix() + 1)),
        ),
    ] {
        let (at, reason) = (Time::from_unix(since), Reason::Unspecified);
        let removal = CrlRemoval {
            serial: serial.clone(),
            removed: at,
        };
        let entry = CrlEntry {
            serial,
            revoked: at,
            reason,
        };
        assert_eq!(push_entry(&mut octets, &entry), Err(want));
        assert_eq!(push_removal(&mut octets, &removal), Err(want));
        assert_eq!(octets, [1, 2, 3]);
    }

    let (key, issuer) = (TestKey::p256(), issuer());
    let refused = |change: &dyn Fn(&mut CrlHead<'_>), length| {
        let mut head = head(&issuer, &key, &[1]);
        change(&mut head);
        CrlStream::begin(&head, length).err()
    };
    assert_eq!(refused(&|_| {}, 0), None);
    let before = |head: &mut CrlHead<'_>| head.this_update = Time::from_unix(-1);
    assert_eq!(
        refused(&before, 0),
        Some(WriteError::Time(Time::from_unix(-1)))
    );
    let late = |head: &mut CrlHead<'_>| head.this_update = head.next_update.plus_seconds(1);
    assert!(matches!(refused(&late, 0), Some(WriteError::Crl(_))));
    for base in [300, 301, u64::MAX] {
        let delta = |head: &mut CrlHead<'_>| head.links = CrlLinks::Delta { base };
        assert!(matches!(refused(&delta, 0), Some(WriteError::Crl(_))));
    }
    for length in [u64::from(u32::MAX) - 100, 1 << 32, u64::MAX] {
        assert!(matches!(refused(&|_| {}, length), Some(WriteError::Der(_))));
    }
}

/// A plan stands only if what went by is as long as what was announced.
#[test]
fn entries_are_as_long_as_announced() {
    let (key, issuer) = (TestKey::p256(), issuer());
    let head = head(&issuer, &key, &[1]);
    for (announced, shown, good) in [
        (0, &[][..], true),
        (40, &[40], true),
        (40, &[0, 39, 0, 1], true),
        (40, &[39], false),
        (40, &[41], false),
        (40, &[40, 1], false),
        (40, &[41, 0], false),
        (0, &[1], false),
    ] {
        let mut stream = CrlStream::begin(&head, announced).unwrap();
        for length in shown {
            stream.update(&vec![0; *length]);
        }
        assert_eq!(stream.end().is_ok(), good, "{announced} {shown:?}");
    }
}

/// As many octets as ten million entries take: the lengths in DER need four octets, and nothing here grows with them.
#[test]
fn lists_of_ten_million_entries_add_up() {
    let (key, issuer) = (TestKey::p256(), issuer());
    let head = head(&issuer, &key, &[1]);
    let entry = encoded(&[revoked(&[0x41; 16], 1_700_000_000, Reason::Superseded)]);
    let without = encoded(&[revoked(&[0x41; 16], 1_700_000_000, Reason::Unspecified)]);
    assert_eq!((without.len(), entry.len()), (35, 49));
    let thousands = entry.repeat(10_000);
    let length = thousands.len() as u64 * 1000;
    let mut stream = CrlStream::begin(&head, length).unwrap();
    for _ in 0..1000 {
        stream.update(&thousands);
    }
    let planned = stream.end().unwrap();
    let signed = planned.finish(&[7; 70]).unwrap();
    let header = |octets: &[u8]| match *octets {
        [0x30, 0x84, a, b, c, d, ..] => u64::from(u32::from_be_bytes([a, b, c, d])),
        _ => panic!("not a long SEQUENCE: {octets:x?}"),
    };
    let all = signed.front.len() as u64 + length + signed.tail.len() as u64;
    assert_eq!(header(&signed.front), all - 6);
    // What follows what is under the signature: an algorithm of 12 octets and a bit string of 73.
    assert_eq!(header(&signed.front[6..]), all - 12 - 12 - 73);
    assert_eq!(header(&signed.front[signed.front.len() - 6..]), length);
}

#[test]
fn large_lists_are_whole() {
    let (key, issuer) = (TestKey::p256(), issuer());
    let number = |n: u32| {
        let content = [&[1; 12][..], &n.to_be_bytes()].concat();
        revoked(&content, 1_700_000_000, Reason::Superseded)
    };
    let entries: Vec<Listed> = (0..100_000).map(number).collect();
    let facts = read_crl(&list(&key, &head(&issuer, &key, &[1]), &entries)).unwrap();
    assert!(facts.revoked == split(&entries).0);
}

/// The algorithm under the signature is what counts, and another one over it is a list that somebody meddled with.
#[test]
fn algorithms_that_differ_verify_nothing() {
    let (key, issuer) = (TestKey::new(KeyAlgorithm::Rsa(2048)), issuer());
    let mut head = head(&issuer, &key, &[1]);
    assert!(verify_crl(&list(&key, &head, &[]), &key.public));
    head.signature_algorithm = SignatureAlgorithm::RsaSha512;
    let signed = planned(&head, &[]).finish(&[0]).unwrap();
    let list = [signed.front, signed.tail].concat();
    let tbs = Reader::new(&list).nested(SEQUENCE).unwrap().any().unwrap();
    // Signed rightly as SHA-256, while what is signed says SHA-512.
    let der = key.seal(tbs.der);
    assert!(read_crl(&der).is_ok() && !verify_crl(&der, &key.public));
}
