//! OCSP as relying parties see it: openssl asks the running server; GnuTLS, Python's cryptography and pkilint judge.

mod caches;
mod hostile;
mod judges;

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::relying::{AUTHORITIES, Subject};
use crate::server::{P256, Server, csr, run};

/// Authorities of each kind that openssl judges: those of every judge, and one that some do not know.
fn authorities() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    AUTHORITIES
        .into_iter()
        .chain([("P-521", "ec-p521", "ec-p521")])
}

/// What `openssl ocsp` prints after these words, asking the server over plain HTTP; it must find the answer well signed.
#[track_caller]
fn openssl(server: &Server, asked: &[&str]) -> String {
    let url = format!("{}/ocsp", server.http_url());
    server.openssl_ocsp("issuing", &[&["-url", &url], asked].concat())
}

/// The status that openssl tells, and the reason.
#[track_caller]
fn standing(server: &Server, subject: &Subject, nonce: &str) -> (String, String) {
    let said = openssl(server, &[nonce, "-cert", &subject.file]);
    let after = |mark: &str| {
        let found = said.lines().find_map(|line| line.trim().strip_prefix(mark));
        found.unwrap_or_default().trim().to_owned()
    };
    (after(&format!("{}:", subject.file)), after("Reason:"))
}

#[test]
fn every_change_shows_in_the_next_answer() {
    for (what, root, issuing) in authorities() {
        for signer in ["delegated", "authority"] {
            let more = format!("[ocsp]\nsigner = \"{signer}\"\n");
            let server = Server::start_with_authorities(root, issuing, &more);
            let (one, other) = (Subject::of(&server, "one"), Subject::of(&server, "other"));
            let check = |status: &str, reason: &str| {
                // Twice without a nonce: the second is the first one again.
                for nonce in ["-no_nonce", "-no_nonce", "-nonce"] {
                    let told = standing(&server, &one, nonce);
                    assert_eq!(told, (status.into(), reason.into()), "{what}, {signer}");
                }
                assert_eq!(standing(&server, &other, "-no_nonce").0, "good");
            };
            check("good", "");
            one.hold(&server);
            check("revoked", "certificateHold");
            one.release(&server);
            check("good", "");
            one.revoke(&server, "key-compromise");
            check("revoked", "keyCompromise");
        }
    }
}

#[test]
fn every_reason_is_told_and_deleted_certificates_stay_revoked() {
    let server = Server::start();
    for (word, reason) in [
        ("unspecified", ""),
        ("ca-compromise", "cACompromise"),
        ("affiliation-changed", "affiliationChanged"),
        ("superseded", "superseded"),
        ("cessation-of-operation", "cessationOfOperation"),
        // openssl has no words for the newest two.
        ("privilege-withdrawn", "(UNKNOWN)"),
        ("aa-compromise", "(UNKNOWN)"),
    ] {
        let one = Subject::of(&server, word);
        one.revoke(&server, word);
        assert_eq!(
            standing(&server, &one, "-nonce"),
            ("revoked".into(), reason.into()),
            "{word}"
        );
    }
    let deleted = Subject::of(&server, "deleted");
    let path = format!("/certificates/{}", deleted.id);
    server.native("DELETE", &path, &Value::Null).expect(204);
    assert_eq!(
        standing(&server, &deleted, "-no_nonce"),
        ("revoked".into(), "cessationOfOperation".into())
    );
}

#[test]
fn the_moment_of_revocation_is_told() {
    let server = Server::start();
    let one = Subject::of(&server, "one");
    one.revoke(&server, "superseded");
    let listed = server.crl_text("issuing");
    let mark = "Revocation Date: ";
    let at = listed
        .lines()
        .find_map(|line| line.trim().strip_prefix(mark))
        .unwrap();
    let said = openssl(&server, &["-no_nonce", "-cert", &one.file]);
    assert!(said.contains(&format!("Revocation Time: {at}")), "{said}");
}

#[test]
fn one_request_asks_about_several_with_every_hash() {
    let server = Server::start();
    let (good, held) = (Subject::of(&server, "good"), Subject::of(&server, "held"));
    held.hold(&server);
    for hash in ["-sha1", "-sha256", "-sha384", "-sha512"] {
        let serial = format!("0x{}", good.serial);
        let asked = [
            hash, "-cert", &good.file, hash, "-cert", &held.file, hash, "-serial", &serial, hash,
            "-serial", "0x1234",
        ];
        let said = openssl(&server, &asked);
        for line in [
            format!("{}: good", good.file),
            format!("{}: revoked", held.file),
            format!("{serial}: good"),
            "0x1234: unknown".to_owned(),
        ] {
            assert!(said.contains(&line), "{hash}: {line}: {said}");
        }
    }
}

/// Serial numbers that nobody issued are told as revoked where that is configured, with the extension that says so.
#[test]
fn extended_revoke_tells_of_what_was_never_issued() {
    let server = Server::start_with_config("[ocsp]\nunknown = \"revoked\"\n");
    let one = Subject::of(&server, "one");
    for nonce in ["-nonce", "-no_nonce"] {
        let asked = [nonce, "-cert", &one.file, "-serial", "0x1234", "-resp_text"];
        let said = openssl(&server, &asked);
        for line in [
            format!("{}: good", one.file),
            "0x1234: revoked".to_owned(),
            "Reason: certificateHold".to_owned(),
            "Revocation Time: Jan  1 00:00:00 1970 GMT".to_owned(),
            // So openssl calls id-pkix-ocsp-extended-revoke.
            "valid:".to_owned(),
        ] {
            assert!(said.contains(&line), "{nonce}: {line}: {said}");
        }
        let said = openssl(&server, &[nonce, "-cert", &one.file, "-resp_text"]);
        assert!(!said.contains("valid:"), "{said}");
    }
}

/// A root answers for the authorities under it, with its own key.
#[test]
fn roots_answer_for_authorities() {
    let server = Server::start();
    let root = server.authority_file("root");
    let url = format!("{}/ocsp", server.http_url());
    let arguments = [
        "ocsp", "-url", &url, "-CAfile", &root, "-issuer", &root, "-cert",
    ];
    let issuing = server.authority_file("issuing");
    let said = run("openssl", &[&arguments[..], &[&issuing]].concat());
    assert!(said.contains(&format!("{issuing}: good")), "{said}");
}

/// Of other authorities, and of two at once, nothing is said.
#[test]
fn foreign_issuers_are_unauthorized() {
    let server = Server::start();
    let one = Subject::of(&server, "one");
    let (key, foreign) = (
        server.scratch_file("foreign.key", ""),
        server.scratch_file("foreign.pem", ""),
    );
    let mut making = vec!["req", "-x509", "-nodes", "-keyout", &key, "-out", &foreign];
    making.extend_from_slice(P256);
    // The name of ours, with another key.
    making.extend(["-subj", "/O=Chancery/CN=Chancery Issuing"]);
    run("openssl", &making);
    let (issuing, root) = (
        server.authority_file("issuing"),
        server.authority_file("root"),
    );
    let asked_of: [&[&str]; 3] = [
        &["-issuer", &foreign, "-cert", &one.file],
        &[
            "-issuer", &issuing, "-cert", &one.file, "-issuer", &foreign, "-cert", &foreign,
        ],
        &[
            "-issuer", &issuing, "-cert", &one.file, "-issuer", &root, "-cert", &issuing,
        ],
    ];
    for asked in asked_of {
        let url = format!("{}/ocsp", server.http_url());
        let output = Command::new("openssl")
            .args(["ocsp", "-url", &url])
            .args(asked)
            .output();
        let said = String::from_utf8(output.unwrap().stdout).unwrap();
        assert!(
            said.contains("Responder Error: unauthorized (6)"),
            "{asked:?}: {said}"
        );
    }
}

/// Certificates say where to ask, and the responder's own says that nobody need ask about it.
#[test]
fn certificates_name_the_responder() {
    let server = Server::start();
    let one = Subject::of(&server, "one");
    let told = |file: &str| run("openssl", &["x509", "-in", file, "-noout", "-ocsp_uri"]);
    assert_eq!(told(&one.file), format!("{}/ocsp\n", server.http_url()));
    assert_eq!(told(&server.authority_file("issuing")), "");

    let responder = responder(&server);
    let text = run("openssl", &["x509", "-in", &responder, "-noout", "-text"]);
    for line in ["OCSP Signing", "OCSP No Check:", "Digital Signature"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(
        !text.contains("OCSP - URI") && !text.contains("CRL Distribution"),
        "{text}"
    );
}

/// The certificate of the delegated responder, in a file.
fn responder(server: &Server) -> String {
    let one = Subject::of(server, "of-responder");
    let answer = server.scratch_file("with-responder.der", "");
    openssl(server, &["-cert", &one.file, "-respout", &answer]);
    let text = run(
        "openssl",
        &["ocsp", "-respin", &answer, "-text", "-noverify"],
    );
    let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----\n");
    let from = text.find(begin).unwrap();
    let to = text.find(end).unwrap() + end.len();
    server.scratch_file("responder.pem", &text[from..to])
}

/// A restart keeps the responder; its revocation, like that of any key that is not to be trusted, makes another.
#[test]
fn responders_last_until_they_are_revoked() {
    let mut server = Server::start();
    let read = |file: String| std::fs::read_to_string(file).unwrap();
    let first = read(responder(&server));
    server.kill_and_restart();
    assert_eq!(read(responder(&server)), first);

    let id = responder_id(&server);
    let revoke = format!("/certificates/{id}/revoke");
    let why = json!({"reason": "key-compromise"});
    server.native("POST", &revoke, &why).expect(200);
    assert_ne!(read(responder(&server)), first);
    // Nobody holds the key but the server.
    let key = format!("/certificates/{id}/private-key");
    let asked = server.native("POST", &key, &json!({"password": "long enough"}));
    assert!((400..500).contains(&asked.status), "{}", asked.text());
}

/// The id of the newest responder's certificate.
fn responder_id(server: &Server) -> String {
    let listed = server.native("GET", "/certificates?subject=OCSP", &Value::Null);
    let listed = listed.expect(200).json();
    let all = listed["certificates"].as_array().unwrap();
    let is_responder = |one: &&Value| one["profile"] == "ocsp-responder";
    let found = all.iter().find(is_responder).unwrap();
    found["id"].as_str().unwrap().to_owned()
}

/// Who may issue, but not change authorities, gets no certificate that could speak for one.
#[test]
fn speaking_for_an_authority_needs_the_right_to_change_authorities() {
    let server = Server::start();
    let own = responder_id(&server);
    server.add_user(
        "olga",
        "olga",
        "default",
        "domain-administrator",
        "long enough a word",
    );
    let asked = csr(server.scratch(), P256, "/CN=x", &[]);
    let body = json!({"csr": asked, "profile": "ocsp-responder"});
    let refused = server.native_as("olga", "long enough a word", "POST", "/certificates", &body);
    assert_eq!(refused.status, 403, "{}", refused.text());
    let general = json!({"csr": asked, "profile": "general"});
    server
        .native_as(
            "olga",
            "long enough a word",
            "POST",
            "/certificates",
            &general,
        )
        .expect(201);
    server.native("POST", "/certificates", &body).expect(201);

    // Nor by renewing the responder's own with a key of her own.
    let renew = format!("/certificates/{own}/renew");
    let subject = "/CN=OCSP responder of issuing";
    let body = json!({"csr": csr(server.scratch(), P256, subject, &[])});
    let refused = server.native_as("olga", "long enough a word", "POST", &renew, &body);
    assert_eq!(refused.status, 403, "{}", refused.text());
    server.native("POST", &renew, &body).expect(201);
}

/// The DER of a request that openssl makes.
fn request(server: &Server, asked: &[&str]) -> Vec<u8> {
    let file = server.scratch_file("request.der", "");
    let issuing = server.authority_file("issuing");
    let mut arguments = vec!["ocsp", "-reqout", &file, "-issuer", &issuing];
    arguments.extend_from_slice(asked);
    run("openssl", &arguments);
    std::fs::read(Path::new(&file)).unwrap()
}
