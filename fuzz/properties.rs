//! What must hold of every reader of what others send, whatever octets come: no panic, and what was read reads back.
//!
//! One property a reader. The libFuzzer targets hold them against inputs found by coverage, `hostile.rs` of chancery-core
//! against mutated seeds. Must not know how its octets were made.

use chancery_core::authority::Authority;
use chancery_core::crl::{
    CrlFacts, CrlHead, CrlLinks, CrlStream, Scope, Shard, Shards, push_entry, push_removal,
    read_crl, verify_crl,
};
use chancery_core::csr::Csr;
use chancery_core::key::{PublicKey, SignatureAlgorithm};
use chancery_core::key_weakness::weakness;
use chancery_core::name::{Name, NameError};
use chancery_core::ocsp::{
    CertStatus, MOST_CERTIFICATES, OcspContents, SingleAnswer, plan_ocsp_response, read_request,
};
use chancery_core::plan::{Addresses, Issuer, Refusal, Request, plan};
use chancery_core::profile::Profile;
use chancery_core::san::GeneralName;
use chancery_core::serial::Serial;
use chancery_core::time::{DAY, Time};
use chancery_core::x509::{
    Scheme, pem, pkcs7 as bag, pkcs12_work, pkcs12_work_inside, read_certificate,
    verify_certificate,
};

/// A property, and the folder of its seeds.
pub(crate) type Property = (&'static str, fn(&[u8]));

/// Every property.
pub(crate) const ALL: [Property; 14] = [
    ("certificate", certificate),
    ("request", request),
    ("crl", crl),
    ("ocsp", ocsp),
    ("name", name),
    ("name-text", name_text),
    ("pem", pem),
    ("pkcs7", pkcs7),
    ("pkcs12", pkcs12),
    ("serial", serial),
    ("general-name", general_name),
    ("time", time),
    ("public-key", public_key),
    ("issue", issue),
];

/// Longest text that is read as a name.
const LONGEST_NAME: usize = 16 * 1024;
/// An authority's certificate that [`issue`] can work with.
const AUTHORITY: &[u8] = include_bytes!("seeds/certificate/authority.der");

pub(crate) fn certificate(octets: &[u8]) {
    let Ok(facts) = read_certificate(octets) else {
        assert!(!verify_certificate(octets, &authority().facts.public_key));
        return;
    };
    printed_reads_back(&facts.subject);
    printed_reads_back(&facts.issuer);
    key_answers(&facts.public_key);
    for name in &facts.names {
        let _ = name.to_string();
    }
    verify_certificate(octets, &facts.public_key);
    let armoured = pem::encode("CERTIFICATE", octets);
    assert_eq!(
        pem::certificate_der(armoured.as_bytes()).as_deref(),
        Ok(octets)
    );
    let again = Authority::new(1, "a".to_owned(), octets.to_vec(), None);
    assert!(again.is_err() || facts.is_authority);
}

pub(crate) fn request(octets: &[u8]) {
    let Ok(csr) = Csr::read(octets) else { return };
    assert_eq!(csr.der(), octets);
    printed_reads_back(&csr.subject);
    key_answers(&csr.public_key);
    issues(csr.subject.clone(), csr.names.clone(), &csr.public_key);
    if let Ok(ours) = csr.subject.reencoded() {
        issues(ours, csr.names, &csr.public_key);
    }
}

/// What was read can be written if its times can, and says the same then.
pub(crate) fn crl(octets: &[u8]) {
    verify_crl(octets, &authority().facts.public_key);
    let Ok(facts) = read_crl(octets) else { return };
    printed_reads_back(&facts.issuer);
    let next_update = facts.next_update.unwrap_or(facts.this_update);
    let entries = facts.revoked.iter().map(|entry| entry.revoked);
    let removals = facts.removed.iter().map(|removal| removal.removed);
    let mut times = entries
        .chain(removals)
        .chain([facts.this_update, next_update]);
    let base = facts.delta_base;
    let writable = base.is_none_or(|base| Some(base) < facts.number)
        && facts.this_update <= next_update
        && times.all(|time| (Time::from_unix(0)..=Time::MAX).contains(&time));
    let Some(again) = rewritten(&facts) else {
        return assert!(!writable);
    };
    assert!(writable);
    let again = read_crl(&again).unwrap();
    assert_eq!(again.issuer, facts.issuer);
    assert_eq!(again.number, facts.number.or(Some(0)));
    assert_eq!(again.this_update, facts.this_update);
    assert_eq!(again.next_update, Some(next_update));
    assert_eq!(again.delta_base, facts.delta_base);
    assert_eq!(names(&again), names(&facts));
    assert_eq!(again.revoked, facts.revoked);
    assert_eq!(again.removed, facts.removed);
    assert!(again.is_understood);
    for entry in &again.revoked {
        let shard = Shard::of_serial(Shards::MOST, &entry.serial);
        assert!(Scope::Shard(shard).covers(&entry.serial));
    }
}

fn names(facts: &CrlFacts) -> &[String] {
    facts
        .issuing_point
        .as_ref()
        .map_or(&[], |point| &point.names)
}

/// The DER of a list that says what was read, as an Ed25519 authority would write it.
fn rewritten(facts: &CrlFacts) -> Option<Vec<u8>> {
    let mut entries = Vec::new();
    for entry in &facts.revoked {
        push_entry(&mut entries, entry).ok()?;
    }
    for removal in &facts.removed {
        push_removal(&mut entries, removal).ok()?;
    }
    let head = CrlHead {
        issuer: &facts.issuer,
        signature_algorithm: SignatureAlgorithm::Ed25519,
        this_update: facts.this_update,
        next_update: facts.next_update.unwrap_or(facts.this_update),
        number: facts.number.unwrap_or(0),
        authority_key_id: facts.authority_key_id.as_deref().unwrap_or(&[]),
        scope_names: names(facts),
        links: match facts.delta_base {
            Some(base) => CrlLinks::Delta { base },
            None => CrlLinks::Complete {
                freshest: &facts.freshest,
            },
        },
    };
    let mut stream = CrlStream::begin(&head, entries.len() as u64).ok()?;
    stream.update(&entries);
    let signed = stream.end().unwrap().finish(&[7; 64]).unwrap();
    Some([signed.front, entries, signed.tail].concat())
}

/// What was asked reads back as it is repeated in answers, and any of it can be answered.
pub(crate) fn ocsp(octets: &[u8]) {
    let asked = match read_request(octets) {
        Ok(asked) => asked,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    assert!((1..=MOST_CERTIFICATES).contains(&asked.certificates.len()));
    let repeated = asked.certificates.iter();
    let repeated = repeated.flat_map(|id| element(0x30, &[&id.to_der()]));
    let list = element(0x30, &[&repeated.collect::<Vec<u8>>()]);
    let again = read_request(&element(0x30, &[&element(0x30, &[&list])])).unwrap();
    assert_eq!(again.certificates, asked.certificates);
    let answer = |id| SingleAnswer {
        id,
        status: CertStatus::NotIssued,
    };
    let planned = plan_ocsp_response(OcspContents {
        responder: [7; 20],
        signature_algorithm: SignatureAlgorithm::EcdsaSha256,
        produced_at: Time::from_unix(0),
        next_update: Time::MAX,
        answers: asked.certificates.iter().map(answer).collect(),
        nonce: asked.nonce.as_deref(),
        certificate: None,
    });
    assert!(planned.unwrap().finish(&[1, 2, 3]).is_ok());
}

pub(crate) fn name(octets: &[u8]) {
    let Ok(name) = Name::from_der(octets) else {
        return;
    };
    assert_eq!(name.der(), octets);
    printed_reads_back(&name);
    let _ = name.check_issuable();
    if let Ok(ours) = name.reencoded() {
        assert!(ours.matches(&name));
    }
}

pub(crate) fn name_text(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    for read in [Name::parse(text), Name::parse_forward(text)] {
        match read {
            Ok(name) => {
                assert_eq!(Name::from_der(name.der()).as_ref(), Ok(&name));
                printed_reads_back(&name);
                let _ = name.check_issuable();
            }
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}

pub(crate) fn pkcs7(octets: &[u8]) {
    let Ok(certificates) = bag::certificates(octets) else {
        return;
    };
    assert!(!certificates.is_empty());
    let written = bag::write_certificates(&certificates).map_err(|_| "cannot be written");
    let again = written.map(|der| bag::certificates(&der));
    assert_eq!(again, Ok(Ok(certificates)));
}

pub(crate) fn pkcs12(octets: &[u8]) {
    let _ = pkcs12_work_inside(octets);
    let Some(work) = pkcs12_work(octets) else {
        return;
    };
    let sealed: usize = work.sealed.iter().map(|part| part.content.len()).sum();
    assert!(sealed < octets.len());
    for part in work.sealed {
        let _ = pkcs12_work_inside(part.content);
        // What is derived for a part is part of the whole.
        let rounds = match part.by {
            Scheme::Pbes2(by) => by.rounds,
            Scheme::Old(by) => by.rounds,
        };
        assert!(rounds <= work.rounds);
    }
}

pub(crate) fn pem(octets: &[u8]) {
    let _ = pem::certificate_der(octets);
    let _ = pem::request_der(octets);
    if let Ok(certificates) = pem::certificates_der(octets) {
        assert!(!certificates.is_empty());
    }
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let Ok(blocks) = pem::decode_all(text) else {
        return;
    };
    let printed: String = blocks
        .iter()
        .map(|block| pem::encode(&block.label, &block.der))
        .collect();
    if printed.len() <= pem::LONGEST {
        assert!(pem::decode_all(&printed).as_ref() == Ok(&blocks));
    }
}

pub(crate) fn serial(octets: &[u8]) {
    if let Ok(serial) = Serial::from_content(octets) {
        assert_eq!(serial.content(), octets);
        // Hexadecimal has no sign: a negative number is read as another one, or not at all if it is among the longest.
        assert!(!serial.is_positive() || Serial::parse_hex(&serial.to_hex()).is_ok());
    }
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    if let Ok(serial) = Serial::parse_hex(text) {
        assert_eq!(Serial::parse_hex(&serial.to_hex()).as_ref(), Ok(&serial));
        assert_eq!(Serial::from_magnitude(serial.magnitude()), serial);
        assert!(serial.is_positive() || serial.content() == [0]);
    }
}

pub(crate) fn general_name(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    match GeneralName::parse(text) {
        Ok(name) => assert_eq!(GeneralName::parse(&name.to_string()), Ok(name)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// The octets as the `thisUpdate` of a list that is sound otherwise.
pub(crate) fn time(octets: &[u8]) {
    let algorithm: &[u8] = &[0x30, 0x0a, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    let tbs = element(0x30, &[&[2, 1, 1], algorithm, &[0x30, 0], octets]);
    crl(&element(0x30, &[&tbs, algorithm, &[3, 2, 0, 0]]));
}

pub(crate) fn public_key(octets: &[u8]) {
    if let Ok(key) = PublicKey::from_spki_der(octets) {
        assert_eq!(key.spki_der(), octets);
        key_answers(&key);
    }
}

/// Lines as a person would send them to have a certificate issued: the subject, then alternative names.
pub(crate) fn issue(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else {
        return;
    };
    let mut lines = text.lines();
    let Ok(subject) = Name::parse(lines.next().unwrap_or_default()) else {
        return;
    };
    let names = lines.filter_map(|line| GeneralName::parse(line).ok());
    issues(subject, names.collect(), &authority().facts.public_key);
}

/// Issuing is refused for a cause, or done; never is what would be signed a fault of ours.
fn issues(subject: Name, names: Vec<GeneralName>, public_key: &PublicKey) {
    let authority = authority();
    let request = Request {
        subject: subject.clone(),
        names: names.clone(),
        public_key: public_key.clone(),
        not_before: None,
        not_after: None,
    };
    let planned = plan(
        request,
        &Profile::end_entity("any", 1, 1),
        Issuer::Authority(&authority, &Addresses::default()),
        Serial::from_random([7; 16]),
        authority.facts.not_before.plus_seconds(DAY),
    );
    match planned {
        Err(refusal) => assert!(!matches!(refusal, Refusal::Lint(_)), "{refusal}"),
        Ok(planned) => {
            let facts = read_certificate(&planned.finish(&[1, 2, 3]).unwrap()).unwrap();
            assert_eq!(facts.subject, subject);
            // What was asked for, then the mail addresses of the subject.
            let (asked, added) = facts.names.split_at(names.len());
            assert_eq!(asked, names);
            assert!(
                added
                    .iter()
                    .all(|name| matches!(name, GeneralName::Email(_)))
            );
        }
    }
}

/// Every style prints a name so that it reads back as the same name.
fn printed_reads_back(name: &Name) {
    for printed in [name.to_rfc4514(), name.to_java(), name.to_openssl_oneline()] {
        check_printed(name, &printed, Name::parse(&printed));
    }
    let printed = name.to_comma_forward();
    check_printed(name, &printed, Name::parse_forward(&printed));
}

fn check_printed(name: &Name, printed: &str, again: Result<Name, NameError>) {
    let matches = again.as_ref().is_ok_and(|again| again.matches(name));
    assert!(
        matches || printed.len() > LONGEST_NAME,
        "{printed:?}: {again:?}"
    );
}

fn key_answers(key: &PublicKey) {
    let _ = (key.key_id(), weakness(key), key.algorithm().word());
    assert!(!key.verifies(SignatureAlgorithm::EcdsaSha256, b"", b""));
}

fn authority() -> Authority {
    Authority::new(1, "issuing".to_owned(), AUTHORITY.to_vec(), None).unwrap()
}

/// The DER of one element of less than 64 KiB; of a longer one, something that is no DER.
fn element(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let content = content.concat();
    let [.., high, low] = content.len().to_be_bytes();
    [&[tag, 0x82, high, low], content.as_slice()].concat()
}
