//! Records, their requests, and the certificates that come back.

use crate::server::{P256, Server, csr, run};

use super::golden::{described, document_record};
use super::{Client, assert_error, bagged, element, record, shown, sign, signed, text_of, values};

/// What the API is for, from end to end: nothing but the request and the certificate ever passes.
#[test]
fn a_record_is_made_signed_filled_saved_and_activated() {
    let server = Server::start();
    let client = Client::editor(&server);
    let added = client.add(&document_record()).expect(200);
    assert_eq!(values(&added, "key-size"), ["2048"]);
    let request = client.csr("rest-server");
    let certificate = signed(&server, "rest-server");
    assert_eq!(
        certificate["subject"],
        "CN=AcmeRestServer,O=Engineering,L=Burlington,ST=MA,C=US"
    );
    let pem = certificate["certificate"].as_str().unwrap();
    let imported = client.import("rest-server", "x509", pem, false).expect(200);
    assert_eq!(text_of(&imported, "recordName"), "rest-server");
    assert_error(
        &client.running("certificate-record", "rest-server"),
        404,
        "no such element",
    );
    client.activate();
    assert_eq!(
        values(
            &client
                .running("certificate-record", "rest-server")
                .expect(200),
            "common-name"
        ),
        ["AcmeRestServer"]
    );
    super::assert_nothing(&client.unlock());

    let record = shown(&server, "rest-server");
    assert_eq!(record["running"], true);
    assert_eq!(record["saved"], true);
    assert_eq!(record["pem"], certificate["certificate"]);
    assert_eq!(record["csr"], request.trim_start());
    assert_eq!(record["certificate"], certificate["id"]);
    assert_eq!(server.openssl_verdict(pem), None);
    assert!(!record.to_string().contains("PRIVATE"));
}

/// A certificate of a record can be had through other APIs; its key through none.
#[test]
fn the_key_leaves_through_no_api() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r1")).expect(200);
    client.csr("r1");
    let certificate = signed(&server, "r1");
    let pem = certificate["certificate"].as_str().unwrap();
    client.import("r1", "x509", pem, false).expect(200);
    let id = certificate["id"].as_str().unwrap();
    let path = format!("/certificates/{id}/private-key");
    let body = serde_json::json!({"password": "a password that is long"});
    for method in ["GET", "POST"] {
        let answer = server.native(method, &path, &body);
        assert!(answer.status >= 400, "{}", answer.text());
    }
}

#[test]
fn a_request_stays_until_it_is_regenerated_or_the_record_says_something_else() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r1")).expect(200);
    let first = client.csr("r1");
    let again = |parameters: &str| {
        let answer = client.generate(parameters).expect(200);
        text_of(&answer, "certificateSignedRequest")
    };
    assert_eq!(again("recordName=r1"), first);
    assert_eq!(again("recordName=r1&reGenerate=false"), first);
    assert_eq!(again("recordName=r1&reGenerate="), first);
    let second = again("recordName=r1&reGenerate=true");
    assert_ne!(key_of(&server, &second), key_of(&server, &first));
    assert_eq!(again("recordName=r1"), second);

    let unit = element("certificate-record", &[("name", "r1"), ("unit", "Voice")]);
    client.put(&unit).expect(200);
    let third = again("recordName=r1");
    assert!(described(&server, &third).contains("OU = PRINTABLESTRING:Voice"));
    assert_eq!(key_of(&server, &third), key_of(&server, &second));
    let larger = [("name", "r1"), ("ecdsa-key-size", "p384")];
    client
        .put(&element("certificate-record", &larger))
        .expect(200);
    let fourth = again("recordName=r1");
    assert!(described(&server, &fourth).contains("ASN1 OID: secp384r1"));
}

fn key_of(server: &Server, csr: &str) -> String {
    let file = server.scratch_file("key-of.csr", csr);
    run("openssl", &["req", "-in", &file, "-noout", "-pubkey"])
}

#[test]
fn a_request_says_what_the_record_says() {
    let server = Server::start();
    let client = Client::editor(&server);
    let attributes = [
        ("name", "full"),
        ("country", "DE"),
        ("state", ""),
        ("locality", "Köln"),
        ("organization", "Example GmbH"),
        ("unit", "Voice"),
        ("common-name", "sbc.example"),
        (
            "alternate-name",
            "IP:192.0.2.1,DNS:sbc.example,email:noc@sbc.example",
        ),
        ("key-size", "4096"),
        ("digest-algor", "sha384"),
        ("key-usage-list", "digitalSignature|keyAgreement"),
        ("extended-key-usage-list", "serverAuth|clientAuth"),
    ];
    client
        .add(&element("certificate-record", &attributes))
        .expect(200);
    let text = described(&server, &client.csr("full"));
    for line in [
        "Subject: C = PRINTABLESTRING:DE, L = UTF8STRING:K\\C3\\B6ln, O = PRINTABLESTRING:Example GmbH, \
         OU = PRINTABLESTRING:Voice, CN = PRINTABLESTRING:sbc.example",
        "Public-Key: (4096 bit)",
        "X509v3 Key Usage: Digital Signature, Key Agreement",
        "X509v3 Extended Key Usage: TLS Web Server Authentication, TLS Web Client Authentication",
        "X509v3 Subject Alternative Name: IP Address:192.0.2.1, DNS:sbc.example, email:noc@sbc.example",
        "Signature Algorithm: sha384WithRSAEncryption",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn requests_that_cannot_be_made_are_refused() {
    let server = Server::start();
    let client = Client::editor(&server);
    for (name, attributes, want) in [
        ("nobody", &[][..], "it names nobody"),
        (
            "weak",
            &[("common-name", "a"), ("key-size", "1024")],
            "set key-size to 2048",
        ),
        (
            "old",
            &[("common-name", "a"), ("digest-algor", "sha1")],
            "nothing is signed with sha1",
        ),
    ] {
        let mut all = vec![("name", name)];
        all.extend(attributes);
        client.add(&element("certificate-record", &all)).expect(200);
        assert_error(&client.generate(&format!("recordName={name}")), 400, want);
        assert!(shown(&server, name)["key"].is_null(), "{name}");
    }
    for (parameters, status, want) in [
        ("", 400, "recordName is required"),
        ("recordName=", 400, "recordName is required"),
        ("recordName=weak&recordName=old", 400, "given twice"),
        (
            "recordName=weak&reGenerate=yes",
            400,
            "reGenerate must be true or false",
        ),
        (
            "recordName=weak&reGenerate=TRUE",
            400,
            "reGenerate must be true or false",
        ),
        ("recordName=absent", 404, "no such certificate record"),
        ("recordName=%ff", 400, "UTF-8"),
    ] {
        assert_error(&client.generate(parameters), status, want);
    }
}

#[test]
fn certificates_come_as_x509_or_pkcs7_alone_or_with_their_chain() {
    let server = Server::start();
    let client = Client::editor(&server);
    let chain = std::fs::read_to_string(server.data().join("ca/issuing.pem")).unwrap();
    for (name, format, with_chain, bare) in [
        ("x509", "x509", false, false),
        ("x509-bare", "x509", false, true),
        ("x509-chain", "x509", true, false),
        ("pkcs7", "pkcs7", false, false),
        ("pkcs7-bare", "pkcs7", false, true),
        ("pkcs7-chain", "pkcs7", true, false),
    ] {
        client.add(&record(name)).expect(200);
        client.csr(name);
        let pem = sign(&server, name);
        let mut text = pem.clone();
        if with_chain {
            // What belongs to the record need not come first.
            text.insert_str(0, &chain);
        }
        if format == "pkcs7" {
            text = bagged(&server, &text);
        }
        if bare {
            text.retain(|c| c != '\r');
            let lines = text.lines().filter(|line| !line.starts_with("-----"));
            text = lines.collect();
        }
        let answer = client.import(name, format, &text, false).expect(200);
        assert_eq!(text_of(&answer, "recordName"), name);
        assert_eq!(shown(&server, name)["pem"], pem, "{name}");
    }
}

#[test]
fn a_certificate_takes_anothers_place_only_if_that_is_said() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r1")).expect(200);
    client.csr("r1");
    let first = sign(&server, "r1");
    client.import("r1", "x509", &first, false).expect(200);
    client.activate();
    let second = sign(&server, "r1");
    let refused = client.import("r1", "x509", &second, false);
    assert_error(&refused, 400, "holds a certificate");
    assert_eq!(shown(&server, "r1")["pem"], first);
    client.import("r1", "x509", &second, true).expect(200);
    assert_eq!(shown(&server, "r1")["pem"], second);
    // It is as it was in what runs, until that is activated.
    super::assert_nothing(&client.unlock());
    assert_eq!(shown(&server, "r1")["pem"], first);
}

#[test]
fn a_request_can_be_signed_anywhere() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&document_record()).expect(200);
    let request = server.scratch_file("request.pem", client.csr("rest-server"));
    let place = |name: &str| server.scratch().join(name).display().to_string();
    let (key, ca, signed) = (place("ca.key"), place("ca.pem"), place("signed.pem"));
    let authority = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    let more = [
        "-nodes",
        "-keyout",
        &key,
        "-out",
        &ca,
        "-subj",
        "/CN=Elsewhere",
    ];
    run("openssl", &[&authority[..], &more].concat());
    let sign = [
        "x509", "-req", "-in", &request, "-CA", &ca, "-CAkey", &key, "-days", "30",
    ];
    run(
        "openssl",
        &[&sign[..], &["-copy_extensions", "copy", "-out", &signed]].concat(),
    );
    let pem = std::fs::read_to_string(&signed).unwrap();
    let chain = std::fs::read_to_string(&ca).unwrap();
    let bag = bagged(&server, &format!("{chain}{pem}"));
    client
        .import("rest-server", "pkcs7", &bag, false)
        .expect(200);
    client.activate();
    let record = shown(&server, "rest-server");
    assert_eq!(record["pem"], pem);
    let path = format!("/certificates/{}", record["certificate"].as_str().unwrap());
    let certificate = server.native("GET", &path, &serde_json::Value::Null);
    let certificate = certificate.expect(200).json();
    assert_eq!(certificate["issuer"], "CN=Elsewhere");
    assert_eq!(certificate["private_key"], false);
    assert_eq!(certificate["status"], "active");
}

/// Whoever asks at the same time for a request gets the one that is kept.
#[test]
fn requests_at_once_are_one_request() {
    let server = Server::start();
    let client = Client::editor(&server);
    for round in 0..6 {
        let name = format!("r{round}");
        client.add(&record(&name)).expect(200);
        let made: Vec<String> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..4).map(|_| scope.spawn(|| client.csr(&name))).collect();
            started.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let kept = client.csr(&name);
        assert!(made.iter().all(|csr| *csr == kept), "round {round}");
    }
}

/// Of imports at once into one record exactly one succeeds, as long as none may overwrite.
#[test]
fn imports_at_once_do_not_overwrite_each_other() {
    let server = Server::start();
    let client = Client::editor(&server);
    for round in 0..4 {
        let name = format!("r{round}");
        client.add(&record(&name)).expect(200);
        client.csr(&name);
        let certificates: Vec<String> = (0..3).map(|_| sign(&server, &name)).collect();
        let answers: Vec<u16> = std::thread::scope(|scope| {
            let import = |pem: &str| client.import(&name, "x509", pem, false).status;
            let started = certificates
                .iter()
                .map(|pem| scope.spawn(move || import(pem)));
            let started: Vec<_> = started.collect();
            started.into_iter().map(|it| it.join().unwrap()).collect()
        });
        let won: Vec<usize> = (0..3).filter(|at| answers[*at] == 200).collect();
        assert_eq!(won.len(), 1, "{answers:?}");
        assert!(
            answers.iter().all(|status| [200, 400].contains(status)),
            "{answers:?}"
        );
        assert_eq!(shown(&server, &name)["pem"], certificates[won[0]]);
    }
}

#[test]
fn an_authoritys_certificate_goes_into_a_record_without_a_request() {
    let server = Server::start();
    let client = Client::editor(&server);
    let root = std::fs::read_to_string(server.data().join("ca/root.pem")).unwrap();
    client
        .add(&element("certificate-record", &[("name", "ca")]))
        .expect(200);
    client.import("ca", "x509", &root, false).expect(200);
    assert_eq!(shown(&server, "ca")["pem"], root);
    let issuing = std::fs::read_to_string(server.data().join("ca/issuing.pem")).unwrap();
    client
        .add(&element("certificate-record", &[("name", "cas")]))
        .expect(200);
    let both = bagged(&server, &format!("{root}{issuing}"));
    let refused = client.import("cas", "pkcs7", &both, false);
    assert_error(&refused, 400, "exactly one certificate");
}

#[test]
fn what_does_not_belong_leaves_the_record_as_it_was() {
    let server = Server::start();
    let client = Client::editor(&server);
    for name in ["r1", "r2"] {
        client.add(&record(name)).expect(200);
        client.csr(name);
    }
    let before = shown(&server, "r1");
    let own = sign(&server, "r1");
    let other = sign(&server, "r2");
    let revoked = signed(&server, "r1");
    let path = format!("/certificates/{}/revoke", revoked["id"].as_str().unwrap());
    let reason = serde_json::json!({"reason": "superseded"});
    server.native("POST", &path, &reason).expect(200);
    let request = csr(server.scratch(), P256, "/CN=x", &[]);
    let empty = bagged(&server, "");
    let others = bagged(&server, &format!("{other}{other}"));
    let damaged = own.replacen("MII", "MIJ", 1);
    for (format, text, want) in [
        (
            "x509",
            other.as_str(),
            "no certificate is for the record's key",
        ),
        ("x509", revoked["certificate"].as_str().unwrap(), "revoked"),
        ("x509", &request, "no certificate is there"),
        ("x509", &damaged, "certificate"),
        ("x509", "AAAA", "no certificate is there"),
        ("x509", " ", "<certificateRequest> is required"),
        ("x509", &others, "no certificate is there"),
        ("pkcs7", &own, "no PKCS#7 is there"),
        ("pkcs7", &empty, "holds no certificate"),
        ("pkcs7", &others, "no certificate is for the record's key"),
        ("pkcs7", "MAA=", "not the DER of a PKCS#7"),
        ("pem", &own, "format must be x509 or pkcs7"),
    ] {
        assert_error(&client.import("r1", format, text, false), 400, want);
        assert_eq!(shown(&server, "r1"), before, "{format} {want}");
    }
    assert_error(
        &client.import("r3", "x509", &own, false),
        404,
        "no such certificate record",
    );
    client.import("r1", "x509", &own, false).expect(200);
}
