//! Issuing from CSRs and with keys made by the server, showing, exporting.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chancery_core::x509::pem;
use serde_json::{Value, json};

use super::{from_now, refused, text, unix};
use crate::server::{P256, Server, csr, python_program, run};

/// What `openssl x509` says of a certificate.
fn openssl(server: &Server, certificate: &str, asked: &[&str]) -> String {
    let file = server.scratch_file("asked.pem", certificate);
    let mut arguments = vec!["x509", "-in", &file, "-noout"];
    arguments.extend_from_slice(asked);
    run("openssl", &arguments)
}

pub(super) fn der_of(pem_text: &str) -> Vec<u8> {
    pem::decode_all(pem_text).unwrap().remove(0).der
}

#[test]
fn a_csr_is_certified_as_it_asks() {
    let server = Server::start();
    let names = [
        "-addext",
        "subjectAltName=DNS:joe.example,email:joe@example.com,IP:192.0.2.7",
    ];
    let request = csr(server.scratch(), P256, "/C=US/O=Example/CN=joe", &names);
    let der = der_of(&request);
    for sent in [
        request,
        STANDARD.encode(&der),
        STANDARD.encode(&der).trim_end_matches('=').to_owned(),
    ] {
        let answer = server
            .native("POST", "/certificates", &json!({"csr": sent}))
            .expect(201);
        let issued = answer.json();
        let location = format!("/chancery/v1/certificates/{}", text(&issued, "id"));
        assert_eq!(answer.header("location"), Some(location.as_str()));
        let shown = server
            .native(
                "GET",
                location.trim_start_matches("/chancery/v1"),
                &Value::Null,
            )
            .expect(200);
        assert_eq!(shown.json(), issued);
        agrees_with_openssl(&server, &issued);
        for (member, want) in [
            ("status", json!("active")),
            ("reason", Value::Null),
            ("origin", json!("issued")),
            ("authority", json!("issuing")),
            ("profile", json!("general")),
            (
                "names",
                json!(["dns:joe.example", "email:joe@example.com", "ip:192.0.2.7"]),
            ),
            ("key", json!("ec-p256")),
            ("signature", json!("SHA256withECDSA")),
            ("owner", json!("admin")),
            ("domain", json!("default")),
            ("private_key", json!(false)),
            ("replaces", Value::Null),
            ("replaced_by", Value::Null),
        ] {
            assert_eq!(issued[member], want, "{member}");
        }
    }
}

/// The certificate verifies up to the root, holds the CSR's key, and the object says what openssl reads in it.
fn agrees_with_openssl(server: &Server, issued: &Value) {
    let certificate = text(issued, "certificate");
    assert_eq!(server.openssl_verdict(certificate), None);
    let chain: Vec<&str> = issued["chain"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    let ca =
        |name: &str| std::fs::read_to_string(server.data().join(format!("ca/{name}.pem"))).unwrap();
    assert_eq!(chain, [ca("issuing"), ca("root")]);

    let said = openssl(
        server,
        certificate,
        &[
            "-serial",
            "-fingerprint",
            "-sha256",
            "-subject",
            "-nameopt",
            "RFC2253",
        ],
    );
    let said = said.to_lowercase().replace(':', "");
    for (what, value) in [
        ("serial=", text(issued, "serial")),
        ("sha256 fingerprint=", text(issued, "fingerprint")),
        ("subject=", text(issued, "subject")),
    ] {
        let line = said
            .lines()
            .find_map(|line| line.strip_prefix(what))
            .unwrap();
        // A serial number may be shown with a zero before it, or without.
        let bare = |text: &str| text.trim_start_matches('0').to_lowercase();
        assert_eq!(bare(line), bare(value), "{what}");
    }
    let subject_key = openssl(server, certificate, &["-ext", "subjectKeyIdentifier"])
        .replace(':', "")
        .to_lowercase();
    assert!(
        subject_key.contains(text(issued, "subject_key_id")),
        "{subject_key}"
    );
    let dates = openssl(server, certificate, &["-dates"]);
    for (line, member) in dates.lines().zip(["not_before", "not_after"]) {
        let (_, date) = line.split_once('=').unwrap();
        assert_eq!(unix(date), unix(text(issued, member)), "{member}");
    }
    let key = server.scratch().join("subject.key.pem");
    let own = run(
        "openssl",
        &["pkey", "-in", &key.display().to_string(), "-pubout"],
    );
    assert_eq!(openssl(server, certificate, &["-pubkey"]), own);
}

#[test]
fn the_server_makes_keys_of_every_kind_and_gives_them_out_as_pkcs12() {
    let server = Server::start();
    let signs = "Digital Signature\n";
    let enciphers = "Digital Signature, Key Encipherment\n";
    for (word, reads, usage) in [
        ("ec-p256", "ASN1 OID: prime256v1", signs),
        ("ec-p384", "ASN1 OID: secp384r1", signs),
        ("ec-p521", "ASN1 OID: secp521r1", signs),
        ("rsa-2048", "Public-Key: (2048 bit)", enciphers),
        ("rsa-3072", "Public-Key: (3072 bit)", enciphers),
        ("rsa-4096", "Public-Key: (4096 bit)", enciphers),
        ("ed25519", "ED25519 Public-Key", signs),
    ] {
        let body =
            json!({"key": word, "subject": format!("CN={word}"), "name": format!("made-{word}")});
        let issued = server
            .native("POST", "/certificates", &body)
            .expect(201)
            .json();
        assert_eq!(issued["key"], word);
        assert_eq!(issued["private_key"], true);
        let certificate = text(&issued, "certificate");
        assert_eq!(server.openssl_verdict(certificate), None, "{word}");
        let said = openssl(&server, certificate, &["-text"]);
        assert!(
            said.contains(reads) && said.contains(usage),
            "{word}: {said}"
        );
        let file = exported(&server, &issued, json!({"password": "päss word"}));
        is_whole_pkcs12(&server, &file, certificate, &format!("made-{word}"));
    }
    let issued = server.issue("CN=labelled");
    let file = exported(
        &server,
        &issued,
        json!({"password": "päss word", "name": "My own"}),
    );
    is_whole_pkcs12(&server, &file, text(&issued, "certificate"), "My own");
}

/// The PKCS#12 of a certificate, in a file.
#[track_caller]
fn exported(server: &Server, issued: &Value, body: Value) -> String {
    let path = format!("/certificates/{}/pkcs12", text(issued, "id"));
    let answer = server.native("POST", &path, &body).expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-pkcs12"));
    server.scratch_file("exported.p12", answer.body)
}

/// openssl and Python's cryptography both open it, and find the certificate's own key, its chain and that name.
#[track_caller]
fn is_whole_pkcs12(server: &Server, file: &str, certificate: &str, name: &str) {
    let opened = run(
        "openssl",
        &["pkcs12", "-in", file, "-passin", "pass:päss word", "-nodes"],
    );
    let labels: Vec<String> = pem::decode_all(&opened)
        .unwrap()
        .into_iter()
        .map(|block| block.label)
        .collect();
    let count = |label: &str| labels.iter().filter(|one| *one == label).count();
    assert_eq!(
        (count("PRIVATE KEY"), count("CERTIFICATE")),
        (1, 3),
        "{labels:?}"
    );
    assert!(
        opened.contains(&format!("friendlyName: {name}")),
        "{opened}"
    );
    let key = server.scratch_file("exported.key.pem", &opened);
    let public = run("openssl", &["pkey", "-in", &key, "-pubout"]);
    assert_eq!(
        public,
        openssl(server, certificate, &["-pubkey"]),
        "the key is another"
    );
    let said = run(
        &python_program("python"),
        &["-c", OPEN_PKCS12, file, "päss word"],
    );
    assert_eq!(said.trim_end(), "2", "certificates above it");
}

const OPEN_PKCS12: &str = "
import sys
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, pkcs12
bag = pkcs12.load_pkcs12(open(sys.argv[1], 'rb').read(), sys.argv[2].encode())
spki = lambda key: key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
assert spki(bag.key.public_key()) == spki(bag.cert.certificate.public_key())
print(len(bag.additional_certs))
";

#[test]
fn what_a_request_says_goes_before_the_csr_and_the_profile() {
    let server = Server::start();
    server.add_joe();
    let request = csr(
        server.scratch(),
        P256,
        "/CN=asked",
        &["-addext", "subjectAltName=DNS:asked.example"],
    );
    let (tomorrow, later) = (from_now("+1 day"), from_now("+40 days"));
    let issue = |more: Value| {
        let mut body = json!({"csr": request});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        server
            .native("POST", "/certificates", &body)
            .expect(201)
            .json()
    };
    for (more, member, want) in [
        (json!({}), "subject", json!("CN=asked")),
        (
            json!({"subject": "CN=other,O=Example"}),
            "subject",
            json!("CN=other,O=Example"),
        ),
        (
            json!({"subject": "/O=Example/CN=slashes"}),
            "subject",
            json!("CN=slashes,O=Example"),
        ),
        (json!({}), "names", json!(["dns:asked.example"])),
        (
            json!({"names": ["dns:other.example", "ip:2001:db8::7"]}),
            "names",
            json!(["dns:other.example", "ip:2001:db8::7"]),
        ),
        (json!({"names": []}), "names", json!([])),
        (
            json!({"profile": "tls-server"}),
            "profile",
            json!("tls-server"),
        ),
        (json!({"authority": "root"}), "authority", json!("root")),
        (
            json!({"authority": "root"}),
            "issuer",
            json!("CN=Chancery Root,O=Chancery"),
        ),
        (
            json!({"not_before": tomorrow}),
            "not_before",
            json!(tomorrow),
        ),
        (json!({"not_after": later}), "not_after", json!(later)),
        (
            json!({"owner": "000000003002"}),
            "owner",
            json!("000000003002"),
        ),
        (
            json!({"owner": "000000003002"}),
            "domain",
            json!("000000001001"),
        ),
        (json!({"name": "my-own.name"}), "name", json!("my-own.name")),
    ] {
        assert_eq!(issue(more.clone())[member], want, "{more}");
    }
    for (more, days) in [
        (json!({}), 365),
        (json!({"days": 7}), 7),
        (json!({"days": 825}), 825),
        (json!({"profile": "tls-server"}), 90),
    ] {
        let issued = issue(more.clone());
        let lives = unix(text(&issued, "not_after")) - unix(text(&issued, "not_before"));
        assert_eq!(lives, days * 86400, "{more}");
    }
    let usage = openssl(
        &server,
        text(&issue(json!({"profile": "tls-server"})), "certificate"),
        &["-ext", "extendedKeyUsage"],
    );
    assert!(
        usage.contains("TLS Web Server Authentication") && !usage.contains("Client"),
        "{usage}"
    );
    assert!(
        text(&issue(json!({"subject": "CN=Jörg B. & Co/x"})), "name").starts_with("j-rg-b.-co-x-")
    );
}

#[test]
fn certificates_are_shown_and_exported_by_id_number_and_name() {
    let server = Server::start();
    // A name that reads as a number in some ways is a name all the same.
    for name in ["by-name", "+2", "-2", "2a", "ümläut"] {
        let request = csr(server.scratch(), P256, "/CN=joe", &[]);
        let issued = server
            .native(
                "POST",
                "/certificates",
                &json!({"csr": request, "name": name}),
            )
            .expect(201)
            .json();
        let (id, number) = (text(&issued, "id"), issued["number"].to_string());
        let encoded: String = name.bytes().map(|octet| format!("%{octet:02X}")).collect();
        for way in [id, &id.to_uppercase(), &number, &encoded] {
            let shown = server.native("GET", &format!("/certificates/{way}"), &Value::Null);
            assert_eq!(shown.json()["id"], issued["id"], "{name} by {way}");
        }
    }
    let issued = server
        .native("GET", "/certificates/by-name", &Value::Null)
        .expect(200)
        .json();
    let certificate = text(&issued, "certificate").to_owned();
    let chain: String = issued["chain"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one.as_str().unwrap())
        .collect();
    for (form, kind, want) in [
        (
            "pem",
            "application/x-pem-file",
            certificate.clone().into_bytes(),
        ),
        ("der", "application/pkix-cert", der_of(&certificate)),
        (
            "chain",
            "application/x-pem-file",
            format!("{certificate}{chain}").into_bytes(),
        ),
    ] {
        let answer = server
            .native(
                "GET",
                &format!("/certificates/by-name/{form}"),
                &Value::Null,
            )
            .expect(200);
        assert_eq!(answer.header("content-type"), Some(kind));
        assert_eq!(answer.body, want, "{form}");
    }
    is_chain(&server, &format!("{certificate}{chain}"));
    for (body, status, kind) in [
        (json!({"password": "x"}), 409, "no-private-key"),
        (json!({"password": ""}), 400, "invalid"),
        (json!({}), 400, "invalid"),
    ] {
        refused(
            &server.native("POST", "/certificates/by-name/pkcs12", &body),
            status,
            kind,
        );
    }
    for path in [
        "999999",
        "no-such",
        "000000000000000000000000",
        "99999999999999999999999999999999",
    ] {
        for part in ["", "/pem", "/der", "/chain"] {
            refused(
                &server.native("GET", &format!("/certificates/{path}{part}"), &Value::Null),
                404,
                "not-found",
            );
        }
        refused(
            &server.native(
                "POST",
                &format!("/certificates/{path}/pkcs12"),
                &json!({"password": "x"}),
            ),
            404,
            "not-found",
        );
    }
}

/// openssl verifies the first certificate of a file by the others in it.
#[track_caller]
fn is_chain(server: &Server, chain: &str) {
    let file = server.scratch_file("chain.pem", chain);
    let root = Path::new(&server.data())
        .join("ca/root.pem")
        .display()
        .to_string();
    run(
        "openssl",
        &["verify", "-CAfile", &root, "-untrusted", &file, &file],
    );
}

#[test]
fn authorities_and_profiles_are_shown() {
    let server = Server::start();
    let list = server
        .native("GET", "/authorities", &Value::Null)
        .expect(200)
        .json();
    let file =
        |name: &str| std::fs::read_to_string(server.data().join(format!("ca/{name}.pem"))).unwrap();
    for (at, (name, parent, key, chain)) in [
        ("root", Value::Null, "ec-p384", vec![]),
        ("issuing", json!("root"), "ec-p256", vec![file("root")]),
    ]
    .into_iter()
    .enumerate()
    {
        let shown = server
            .native("GET", &format!("/authorities/{name}"), &Value::Null)
            .expect(200)
            .json();
        assert_eq!(list["authorities"][at], shown);
        assert_eq!(shown["name"], name);
        assert_eq!(shown["parent"], parent);
        assert_eq!(shown["key"], key);
        assert_eq!(shown["certificate"], file(name));
        assert_eq!(shown["chain"], json!(chain));
        let (crl, certificate) = (text(&shown, "crl_url"), text(&shown, "certificate_url"));
        assert_eq!(crl, format!("{}/crl/{name}.crl", server.http_url()));
        assert_eq!(
            server
                .http(crl.trim_start_matches(&server.http_url()))
                .expect(200)
                .header("content-type"),
            Some("application/pkix-crl")
        );
        assert_eq!(
            server
                .http(certificate.trim_start_matches(&server.http_url()))
                .expect(200)
                .body,
            der_of(&file(name))
        );
    }
    refused(
        &server.native("GET", "/authorities/no-such", &Value::Null),
        404,
        "not-found",
    );
    let profiles = server
        .native("GET", "/profiles", &Value::Null)
        .expect(200)
        .json();
    let profile = |name: &str| {
        profiles["profiles"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["name"] == name)
            .unwrap()
            .clone()
    };
    let (general, tls) = (profile("general"), profile("tls-server"));
    assert_eq!(
        (&general["default_days"], &general["max_days"]),
        (&json!(365), &json!(825))
    );
    assert_eq!(
        general["extended_key_usage"],
        json!(["serverAuth", "clientAuth"])
    );
    assert_eq!(
        general["keys"],
        json!([
            "ec-p256", "ec-p384", "ec-p521", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519"
        ])
    );
    assert_eq!(
        (&tls["names"], &tls["name_required"]),
        (&json!(["dns", "ip"]), &json!(true))
    );
}
