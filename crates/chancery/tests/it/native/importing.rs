//! Bringing certificates in: one or many, all or none, known ones, owners, private keys, our own authority's.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chancery_core::x509::pem;
use serde_json::{Value, json};

use super::{refused, text, texts};
use crate::server::{P256, Server, run};
use crate::wire::Answer;

/// A certificate from elsewhere and its private key, PEM.
pub(crate) fn foreign(scratch: &Path, new_key: &[&str], subject: &str) -> (String, String) {
    let (key, certificate) = (scratch.join("foreign.key.pem"), scratch.join("foreign.pem"));
    let (key_file, file) = (key.display().to_string(), certificate.display().to_string());
    let mut arguments = vec![
        "req", "-x509", "-nodes", "-keyout", &key_file, "-out", &file, "-subj", subject,
    ];
    arguments.extend_from_slice(new_key);
    run("openssl", &arguments);
    (
        std::fs::read_to_string(certificate).unwrap(),
        std::fs::read_to_string(key).unwrap(),
    )
}

fn import(server: &Server, body: Value) -> Answer {
    server.native("POST", "/certificates/import", &body)
}

/// How many were new and how many known.
fn counts(answer: &Value) -> (u64, u64) {
    (
        answer["imported"].as_u64().unwrap(),
        answer["known"].as_u64().unwrap(),
    )
}

fn count(server: &Server) -> usize {
    let all = server
        .native("GET", "/certificates?status=any&limit=1000", &Value::Null)
        .expect(200)
        .json();
    all["certificates"].as_array().unwrap().len()
}

#[test]
fn one_or_many_come_in_once() {
    let server = Server::start();
    let [one, two, three] = ["/CN=one/O=Elsewhere", "/CN=two", "/CN=three"]
        .map(|subject| foreign(server.scratch(), P256, subject).0);
    let first = import(&server, json!({"certificates": one}))
        .expect(200)
        .json();
    assert_eq!(counts(&first), (1, 0));
    let certificate = &first["certificates"][0];
    for (member, want) in [
        ("subject", json!("O=Elsewhere,CN=one")),
        ("issuer", json!("O=Elsewhere,CN=one")),
        ("origin", json!("imported")),
        ("authority", Value::Null),
        ("profile", Value::Null),
        ("status", json!("active")),
        ("owner", json!("admin")),
        ("private_key", json!(false)),
    ] {
        assert_eq!(certificate[member], want, "{member}");
    }
    let shown = server
        .native(
            "GET",
            &format!("/certificates/{}", text(certificate, "id")),
            &Value::Null,
        )
        .expect(200)
        .json();
    assert_eq!(
        (&shown["certificate"], &shown["chain"]),
        (&json!(one), &json!([]))
    );

    let again = import(&server, json!({"certificates": one}))
        .expect(200)
        .json();
    assert_eq!(counts(&again), (0, 1));
    assert_eq!(again["certificates"], first["certificates"]);
    let der = pem::decode_all(&one).unwrap().remove(0).der;
    let again = import(&server, json!({"certificates": STANDARD.encode(der)}))
        .expect(200)
        .json();
    assert_eq!(counts(&again), (0, 1));

    let bundle = format!("{two}{one}{three}");
    let answer = import(&server, json!({"certificates": bundle}))
        .expect(200)
        .json();
    assert_eq!(counts(&answer), (2, 1));
    assert_eq!(
        texts(&answer["certificates"], "subject"),
        ["CN=two", "O=Elsewhere,CN=one", "CN=three"]
    );
    assert_eq!(
        counts(
            &import(&server, json!({"certificates": bundle}))
                .expect(200)
                .json()
        ),
        (0, 3)
    );
}

/// What the server issued is known to it: whoever has it may send it again, as anything else that is there already.
#[test]
fn what_was_issued_here_is_known_to_its_owner() {
    let server = Server::start();
    server.add_joe();
    let body = json!({"key": "ec-p256", "subject": "CN=joe"});
    let issued = server
        .native_as("joe", "a password", "POST", "/certificates", &body)
        .expect(201)
        .json();
    let body = json!({"certificates": issued["certificate"]});
    let answer = server
        .native_as("joe", "a password", "POST", "/certificates/import", &body)
        .expect(200)
        .json();
    assert_eq!(counts(&answer), (0, 1));
    assert_eq!(answer["certificates"][0]["id"], issued["id"]);
    refused(&import(&server, body), 409, "conflict");
}

#[test]
fn one_that_stands_twice_in_a_bundle_comes_in_once() {
    let server = Server::start();
    let (one, _) = foreign(server.scratch(), P256, "/CN=one");
    let answer = import(&server, json!({"certificates": format!("{one}{one}")}))
        .expect(200)
        .json();
    assert_eq!(counts(&answer), (1, 1));
    assert_eq!(answer["certificates"][0], answer["certificates"][1]);
}

#[test]
fn all_come_in_or_none_and_each_bad_one_is_named() {
    let server = Server::start();
    let [one, two] =
        ["/CN=one", "/CN=two"].map(|subject| foreign(server.scratch(), P256, subject).0);
    let garbage = pem::encode("CERTIFICATE", &[0x30, 3, 2, 1, 5]);
    let mut cut = pem::decode_all(&two).unwrap().remove(0).der;
    cut.truncate(cut.len() - 1);
    let cut = pem::encode("CERTIFICATE", &cut);
    let before = count(&server);
    let detail = refused(
        &import(
            &server,
            json!({"certificates": format!("{one}{garbage}{two}{cut}")}),
        ),
        400,
        "invalid",
    );
    assert!(
        detail.contains("item 2") && detail.contains("item 4"),
        "{detail}"
    );
    assert!(
        !detail.contains("item 1") && !detail.contains("item 3"),
        "{detail}"
    );
    for body in [
        json!({"certificates": ""}),
        json!({"certificates": "no certificate"}),
        json!({"certificates": format!("{one}-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")}),
        json!({"certificates": [one]}),
        json!({}),
        json!({"certificates": one, "status": "active"}),
    ] {
        refused(&import(&server, body), 400, "invalid");
    }
    refused(
        &import(&server, json!({"certificates": one, "owner": "nobody"})),
        404,
        "not-found",
    );
    assert_eq!(count(&server), before);
}

#[test]
fn one_certificate_has_one_owner() {
    let server = Server::start();
    server.add_joe();
    let [one, two] =
        ["/CN=one", "/CN=two"].map(|subject| foreign(server.scratch(), P256, subject).0);
    let answer = import(
        &server,
        json!({"certificates": one, "owner": "000000003002"}),
    )
    .expect(200)
    .json();
    let certificate = &answer["certificates"][0];
    assert_eq!(
        (text(certificate, "owner"), text(certificate, "domain")),
        ("000000003002", "000000001001")
    );
    let before = count(&server);
    refused(
        &import(&server, json!({"certificates": one})),
        409,
        "conflict",
    );
    refused(
        &import(&server, json!({"certificates": format!("{two}{one}")})),
        409,
        "conflict",
    );
    assert_eq!(count(&server), before, "two came in though one was refused");
    // What was deleted does not come back by an import.
    server
        .native(
            "DELETE",
            &format!("/certificates/{}", text(certificate, "id")),
            &Value::Null,
        )
        .expect(204);
    refused(
        &import(
            &server,
            json!({"certificates": one, "owner": "000000003002"}),
        ),
        409,
        "conflict",
    );
}

#[test]
fn private_keys_come_in_if_they_are_the_certificates_own() {
    let server = Server::start();
    for (kind, new_key) in [
        ("ec-p256", P256),
        (
            "ec-p521",
            &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"][..],
        ),
        ("rsa-2048", &["-newkey", "rsa:2048"]),
        ("ed25519", &["-newkey", "ed25519"]),
    ] {
        let (certificate, key) = foreign(server.scratch(), new_key, &format!("/CN={kind}"));
        let answer = import(
            &server,
            json!({"certificates": certificate, "private_key": key}),
        )
        .expect(200)
        .json();
        let one = &answer["certificates"][0];
        assert_eq!(
            (text(one, "key"), &one["private_key"]),
            (kind, &json!(true))
        );
        let path = format!("/certificates/{}/pkcs12", text(one, "id"));
        let exported = server
            .native("POST", &path, &json!({"password": "x"}))
            .expect(200)
            .body;
        let file = server.scratch_file("imported.p12", exported);
        let opened = run(
            "openssl",
            &[
                "pkcs12", "-in", &file, "-passin", "pass:x", "-nodes", "-nocerts",
            ],
        );
        let block = pem::decode_all(&opened).unwrap().remove(0);
        let file = server.scratch_file("opened.key.pem", pem::encode(&block.label, &block.der));
        let public = |file: &str| run("openssl", &["pkey", "-in", file, "-pubout"]);
        assert_eq!(
            public(&file),
            public(&server.scratch_file("own.key.pem", &key)),
            "{kind}"
        );
    }
}

#[test]
fn other_private_keys_are_refused() {
    let server = Server::start();
    let (_, wrong_rsa) = foreign(server.scratch(), &["-newkey", "rsa:2048"], "/CN=rsa");
    let (_, wrong) = foreign(server.scratch(), P256, "/CN=wrong");
    let (one, key) = foreign(server.scratch(), P256, "/CN=one");
    let file = server.scratch_file("one.key.pem", &key);
    let sealed = run(
        "openssl",
        &["pkcs8", "-topk8", "-in", &file, "-passout", "pass:x"],
    );
    let old = run("openssl", &["ec", "-in", &file]);
    let before = count(&server);
    for (what, certificates, private_key) in [
        ("another's", one.clone(), wrong),
        ("another kind's", one.clone(), wrong_rsa),
        ("garbage", one.clone(), "no key".to_owned()),
        (
            "garbage in PEM",
            one.clone(),
            pem::encode("PRIVATE KEY", &[0x30, 0]),
        ),
        ("under a password", one.clone(), sealed),
        ("SEC 1", one.clone(), old),
        ("of two certificates", format!("{one}{one}"), key),
    ] {
        let answer = import(
            &server,
            json!({"certificates": certificates, "private_key": private_key}),
        );
        assert_eq!(answer.status, 400, "{what}: {}", answer.text());
        refused(&answer, 400, "invalid");
    }
    assert_eq!(count(&server), before);
}

/// A database restored from an older backup does not know what was issued since: its signature tells whose it is.
#[test]
fn what_our_authority_signed_counts_as_issued() {
    let mut server = Server::start();
    server.add_joe();
    let (data, backup) = (server.data(), server.scratch().join("backup"));
    server.terminate();
    run(
        "cp",
        &[
            "--archive",
            &data.display().to_string(),
            &backup.display().to_string(),
        ],
    );
    server.restart();
    let lost = server.issue("CN=lost");
    server.terminate();
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(&backup, &data).unwrap();
    server.restart();

    refused(
        &server.native(
            "GET",
            &format!("/certificates/{}", text(&lost, "id")),
            &Value::Null,
        ),
        404,
        "not-found",
    );
    // It is not for everybody to claim: whoever owns it may revoke it.
    let body = json!({"certificates": lost["certificate"]});
    let claim = server.native_as("joe", "a password", "POST", "/certificates/import", &body);
    refused(&claim, 403, "forbidden");
    let answer = import(&server, body).expect(200).json();
    let found = &answer["certificates"][0];
    assert_eq!(
        (text(found, "origin"), text(found, "authority")),
        ("issued", "issuing")
    );
    assert_eq!(found["serial"], lost["serial"]);
    assert_eq!(server.openssl_verdict(text(&lost, "certificate")), None);
    let path = format!("/certificates/{}/revoke", text(found, "id"));
    server
        .native("POST", &path, &json!({"reason": "key-compromise"}))
        .expect(200);
    assert!(
        server
            .openssl_verdict(text(&lost, "certificate"))
            .is_some_and(|said| said.contains("certificate revoked"))
    );
}

/// Who calls itself by our authority's name is not signed by it.
#[test]
fn an_issuers_name_alone_makes_nothing_ours() {
    let server = Server::start();
    let (forged, _) = foreign(server.scratch(), P256, "/O=Chancery/CN=Chancery Issuing");
    let answer = import(&server, json!({"certificates": forged}))
        .expect(200)
        .json();
    let one = &answer["certificates"][0];
    assert_eq!(text(one, "issuer"), "CN=Chancery Issuing,O=Chancery");
    assert_eq!(
        (text(one, "origin"), &one["authority"]),
        ("imported", &Value::Null)
    );
    let path = format!("/certificates/{}/revoke", text(one, "id"));
    server
        .native("POST", &path, &json!({"reason": "key-compromise"}))
        .expect(200);
    assert_eq!(server.crl_reason("issuing", text(one, "serial")), None);
}

/// Whoever owns a certificate of ours may revoke it: nobody shall come to own an authority by importing its certificate,
/// which everybody can fetch.
#[test]
fn an_authoritys_certificate_is_nobodys_to_import_and_revoke() {
    let server = Server::start();
    server.add_joe();
    let before = count(&server);
    for name in ["issuing", "root"] {
        let certificate =
            std::fs::read_to_string(server.data().join(format!("ca/{name}.pem"))).unwrap();
        let body = json!({"certificates": certificate});
        let answer = server.native_as("joe", "a password", "POST", "/certificates/import", &body);
        let detail = refused(&answer, 400, "invalid");
        assert!(detail.contains(name), "{detail}");
        refused(&import(&server, body), 400, "invalid");
    }
    assert_eq!(count(&server), before);
    assert!(server.crl_text("root").contains("No Revoked Certificates"));
}
