//! Certificates in and out: examples from documents, OpenSSL's opinion of ours, and odd and broken ones.

mod odd;

use proptest::prelude::{ProptestConfig, any, proptest};

use super::testing::{OpenSsl, TestKey, changed, squeezed, tlv};
use super::*;
use crate::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::name::Name;
use crate::san::GeneralName;
use crate::serial::Serial;
use crate::time::Time;

const JOE_TEST: &str = include_str!("../testdata/joe-test.pem");
const JOE_TEST1: &str = include_str!("../testdata/joe-test1.pem");
const JOE_IMPORT: &str = include_str!("../testdata/joe-import.pem");

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn der(pem: &str) -> Vec<u8> {
    pem::certificate_der(pem.as_bytes()).unwrap()
}

/// Reads a certificate of the HP Keystone document, checks what all three share, and gives back its facts.
fn keystone_example(pem: &str, subject: &str, validity: (i64, i64), key_id: &str) -> Facts {
    let der = der(pem);
    let facts = read_certificate(&der).unwrap();
    let key = &facts.public_key;
    assert_eq!(facts.subject.to_java(), subject);
    assert_eq!(facts.issuer, facts.subject);
    assert_eq!((facts.not_before.unix(), facts.not_after.unix()), validity);
    assert_eq!(hex::encode(key.key_id()), key_id);
    assert_eq!(key.algorithm(), KeyAlgorithm::Rsa(1024));
    assert_eq!(facts.signature_algorithm, SignatureAlgorithm::RsaSha1);
    assert!(!facts.is_authority && facts.names.is_empty());
    assert!(verify_certificate(&der, key));
    facts
}

/// The document prints these figures beside its certificates.
#[test]
fn certificates_of_the_keystone_document_are_read() {
    let key_id = "326dd2ab79ddc98cf4620b7df0f557501fdd3dd4";
    let validity = (1_315_877_523, 1_631_237_523);
    let joe = keystone_example(JOE_TEST, "CN=Joe Test", validity, key_id);
    assert_eq!((joe.version, joe.serial.to_hex().as_str()), (3, "16c13be6"));
    assert_eq!(joe.subject_key_id.map(hex::encode).as_deref(), Some(key_id));
    assert_eq!(joe.key_usage, Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(joe.extended_key_usage, Some(vec![eku::CLIENT_AUTH]));

    let key_id = "c6e111d159b94a90d241b71e506e61ee30e89d20";
    let validity = (1_316_740_274, 1_632_100_274);
    let joe1 = keystone_example(JOE_TEST1, "CN=Joe Test1", validity, key_id);
    assert_eq!(
        (joe1.version, joe1.serial.to_hex().as_str()),
        (3, "5669954f")
    );
    assert!(!verify_certificate(&der(JOE_TEST1), &joe.public_key));

    let subject = "EMAILADDRESS=joeimport@hp.com, CN=Joe Import, OU=Cloud Services, O=HP, \
                   L=Cupertino, ST=California, C=US";
    let key_id = "fd166f5e94c161e30b3526cb44071014462f6a99";
    let import = keystone_example(JOE_IMPORT, subject, (1_315_934_664, 1_347_470_664), key_id);
    assert_eq!(
        (import.version, import.serial.to_hex().as_str()),
        (1, "00ad2b9551de0fff5f")
    );
    assert_eq!(
        (
            import.subject_key_id,
            import.key_usage,
            import.extended_key_usage
        ),
        (None, None, None)
    );
}

/// One of each extension that we write.
fn all_extensions(key: &PublicKey, issuer_key: &PublicKey) -> Vec<Extension> {
    let uri = |text: &str| vec![text.to_owned()];
    let crls = [uri("http://a.example/crl"), uri("http://b.example/crl")].concat();
    let dns = GeneralName::parse("dns:*.example.com").unwrap();
    let mut names = vec![dns, GeneralName::Directory(name("CN=a,O=b"))];
    for text in [
        "email:joe@example.com",
        "ip:192.0.2.1",
        "ip:2001:db8::1",
        "uri:https://a.example/",
    ] {
        names.push(GeneralName::parse(text).unwrap());
    }
    let usage = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_AGREEMENT);
    let purposes = [eku::CLIENT_AUTH, eku::SERVER_AUTH, eku::OCSP_SIGNING];
    let policy = ::der::oid::ObjectIdentifier::new_unwrap("1.2.3.4");
    [
        Extension::subject_key_id(&key.key_id()),
        Extension::authority_key_id(&issuer_key.key_id()),
        Extension::extended_key_usage(&purposes, false),
        Extension::key_usage(usage.union(KeyUsage::DECIPHER_ONLY)),
        Extension::basic_constraints(false, None),
        Extension::subject_alternative_name(&names, false),
        Extension::crl_distribution_points(&crls),
        Extension::authority_info_access(
            &uri("http://a.example/ca"),
            &uri("http://a.example/ocsp"),
        ),
        Extension::certificate_policies(&[policy]),
        Extension::ocsp_nocheck(),
    ]
    .map(Result::unwrap)
    .to_vec()
}

fn authority(path_length: Option<u8>, key: &PublicKey, issuer_key: &PublicKey) -> Vec<Extension> {
    [
        Extension::subject_key_id(&key.key_id()),
        Extension::authority_key_id(&issuer_key.key_id()),
        Extension::key_usage(KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN)),
        Extension::basic_constraints(true, path_length),
    ]
    .map(Result::unwrap)
    .to_vec()
}

#[test]
fn what_is_written_reads_back() {
    let (root, leaf) = (TestKey::p256(), TestKey::p256());
    let (issuer, subject) = (name("CN=Root,O=Example,C=US"), name("CN=www.example.com"));
    let extensions = all_extensions(&leaf.public, &root.public);
    let der = root.certify(&issuer, &subject, &leaf.public, extensions);
    let facts = read_certificate(&der).unwrap();
    assert_eq!(
        (facts.version, facts.serial.content()),
        (3, &[0x5a; 16][..])
    );
    assert_eq!((&facts.issuer, &facts.subject), (&issuer, &subject));
    assert_eq!(facts.public_key, leaf.public);
    assert_eq!(
        (facts.not_before.unix(), facts.not_after.unix()),
        (1_577_836_800, 2_840_140_800)
    );
    assert_eq!(facts.signature_algorithm, SignatureAlgorithm::EcdsaSha256);
    assert_eq!(
        facts.key_usage.unwrap().word(),
        "digitalSignature,keyAgreement,decipherOnly"
    );
    let purposes = [eku::CLIENT_AUTH, eku::SERVER_AUTH, eku::OCSP_SIGNING];
    assert_eq!(facts.extended_key_usage.as_deref(), Some(&purposes[..]));
    let names: Vec<String> = facts.names.iter().map(GeneralName::to_string).collect();
    let want = "dns:*.example.com dir:CN=a,O=b email:joe@example.com ip:192.0.2.1 \
                ip:2001:db8::1 uri:https://a.example/";
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
    assert!(verify_certificate(&der, &root.public));
    assert!(!verify_certificate(&der, &leaf.public));

    let extensions = authority(Some(3), &root.public, &root.public);
    let facts =
        read_certificate(&root.certify(&issuer, &issuer, &root.public, extensions)).unwrap();
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
    let extensions = all_extensions(&leaf.public, &root.public);
    let subject = name("CN=www.example.com,O=Example,C=US");
    let openssl = OpenSsl::new();
    openssl.write(
        "leaf",
        &root.certify(&name("CN=Root"), &subject, &leaf.public, extensions),
    );
    let text = squeezed(&openssl.run("x509 -inform der -in leaf -noout -text"));
    for line in [
        "Version: 3 (0x2)",
        "5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a:5a",
        "Signature Algorithm: ecdsa-with-SHA256 Issuer: CN = Root",
        "Not Before: Jan 1 00:00:00 2020 GMT Not After : Jan 1 00:00:00 2060 GMT",
        "Subject: C = US, O = Example, CN = www.example.com",
        "Extended Key Usage: TLS Web Client Authentication, TLS Web Server Authentication, OCSP",
        "X509v3 Key Usage: critical Digital Signature, Key Agreement, Decipher Only",
        "X509v3 Basic Constraints: critical CA:FALSE",
        "Alternative Name: DNS:*.example.com, DirName:/O=b/CN=a, email:joe@example.com, \
         IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:https://a.example/",
        "Points: Full Name: URI:http://a.example/crl URI:http://b.example/crl",
        "OCSP - URI:http://a.example/ocsp CA Issuers - URI:http://a.example/ca",
        "X509v3 Certificate Policies: Policy: 1.2.3.4",
        "OCSP No Check:",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
}

/// A chain of three under each kind of authority key, with an empty subject at its end.
#[test]
fn openssl_verifies_our_chains() {
    use KeyAlgorithm::{Ed25519, P256, P384, P521, Rsa};
    for (root, issuing) in [
        (P256, P384),
        (P384, P521),
        (P521, Ed25519),
        (Ed25519, P256),
        (Rsa(2048), P256),
    ] {
        let (root, issuing, leaf) = (TestKey::new(root), TestKey::new(issuing), TestKey::p256());
        let (root_name, issuing_name) = (name("CN=Root"), name("CN=Issuing,O=Example"));
        let extensions = authority(None, &root.public, &root.public);
        let root_der = root.certify(&root_name, &root_name, &root.public, extensions);
        let extensions = authority(Some(0), &issuing.public, &root.public);
        let issuing_der = root.certify(&root_name, &issuing_name, &issuing.public, extensions);
        let host = GeneralName::dns("www.example.com").unwrap();
        let extensions = [
            Extension::subject_key_id(&leaf.public.key_id()),
            Extension::authority_key_id(&issuing.public.key_id()),
            Extension::extended_key_usage(&[eku::SERVER_AUTH], true),
            Extension::subject_alternative_name(&[host], true),
        ];
        let extensions = extensions.map(Result::unwrap).to_vec();
        let leaf_der = issuing.certify(&issuing_name, &name(""), &leaf.public, extensions);
        assert!(verify_certificate(&issuing_der, &root.public));
        assert!(verify_certificate(&leaf_der, &issuing.public));

        let openssl = OpenSsl::new();
        for (file, der) in [
            ("root", root_der),
            ("issuing", issuing_der),
            ("leaf", leaf_der),
        ] {
            openssl.write(file, pem::encode("CERTIFICATE", &der).as_bytes());
        }
        let said = openssl.run(
            "verify -x509_strict -purpose sslserver -verify_hostname www.example.com \
             -CAfile root -untrusted issuing leaf",
        );
        assert_eq!(said.trim(), "leaf: OK", "{:?}", root.algorithm());
    }
}

/// A TBSCertificate that says it is signed with `algorithm`, and valid until `not_after`.
fn tbs(
    key: &TestKey,
    algorithm: SignatureAlgorithm,
    not_after: Time,
) -> Result<Vec<u8>, WriteError> {
    write_tbs(&Contents {
        serial: &Serial::from_random([1; 16]),
        signature_algorithm: algorithm,
        issuer: &name("CN=a"),
        not_before: Time::from_unix(0),
        not_after,
        subject: &name("CN=b"),
        public_key: &key.public,
        extensions: vec![],
    })
}

/// RFC 5280, section 4.1.1.2: the algorithm over the signature must be that under it.
#[test]
fn a_signature_under_another_algorithms_name_does_not_hold() {
    let key = TestKey::p256();
    for (algorithm, want) in [
        (SignatureAlgorithm::EcdsaSha384, false),
        (SignatureAlgorithm::EcdsaSha256, true),
    ] {
        let der = key.seal(&tbs(&key, algorithm, Time::MAX).unwrap());
        assert_eq!(verify_certificate(&der, &key.public), want, "{algorithm:?}");
    }
}

#[test]
fn times_that_no_certificate_can_hold_are_not_written() {
    let key = TestKey::p256();
    for unix in [-1, 253_402_300_800] {
        let time = Time::from_unix(unix);
        assert_eq!(
            tbs(&key, key.algorithm(), time),
            Err(WriteError::Time(time))
        );
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
        static SOUND: std::sync::LazyLock<[Vec<u8>; 3]> = std::sync::LazyLock::new(|| {
            let key = TestKey::p256();
            let extensions = all_extensions(&key.public, &key.public);
            let full = key.certify(&name("CN=a"), &name("CN=b"), &key.public, extensions);
            [der(JOE_TEST), der(JOE_IMPORT), full]
        });
        let damaged = changed(&SOUND[which], &changes, if cut { keep } else { 0 });
        if let Ok(facts) = read_certificate(&damaged) {
            assert!(facts.serial.content().len() <= 64);
            verify_certificate(&damaged, &facts.public_key);
        }
    }

    #[test]
    fn any_octets_never_panic(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let sequence = tlv(0x30, &[&octets]);
        for octets in [&octets, &sequence] {
            let _ = read_certificate(octets);
            let _ = values::extensions(octets);
            let _ = values::key_usage(octets);
            let _ = values::basic_constraints(octets);
            let _ = values::alternative_names(octets);
            let _ = values::crl_addresses(octets);
            let _ = values::access_addresses(octets);
        }
    }
}
