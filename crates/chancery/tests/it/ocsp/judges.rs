//! Opinions that are not ours on answers: pkilint, GnuTLS, Python's cryptography.

use std::path::Path;

use serde_json::{Value, json};

use super::{AUTHORITIES, act, openssl, responder, subject};
use crate::server::{Server, python_program, run};

/// Everything that can stand in an answer, of every kind of authority, passes pkilint.
#[test]
fn answers_pass_pkilint() {
    for (what, root, issuing) in AUTHORITIES {
        // With everything that can stand in an answer, the extension for extended revoke too.
        let unknown = "[ocsp]\nunknown = \"revoked\"\n";
        for more in ["", unknown] {
            answers_of_every_kind_pass(what, &Server::start_with_authorities(root, issuing, more));
        }
    }
}

fn answers_of_every_kind_pass(what: &str, server: &Server) {
    let (good, held, gone) = (
        subject(server, "good"),
        subject(server, "held"),
        subject(server, "gone"),
    );
    act(server, &held, "hold", &json!({}));
    act(server, &gone, "revoke", &json!({"reason": "unspecified"}));
    let file = server.scratch_file("answer.der", "");
    for nonce in ["-nonce", "-no_nonce"] {
        let asked = [
            nonce, "-cert", &good.file, "-cert", &held.file, "-cert", &gone.file, "-serial",
            "0x1234", "-respout", &file,
        ];
        openssl(server, &asked);
        let lint = ["lint", "-s", "NOTICE", "-f", "JSON", &file];
        let found = run(&python_program("lint_ocsp_response"), &lint);
        let found: Value = serde_json::from_str(&found).unwrap();
        let results = found["results"].as_array().unwrap();
        assert!(results.is_empty(), "{what}, {nonce}: {results:?}");
    }
}

/// The certificate of a delegated responder passes pkilint.
#[test]
fn responders_certificates_pass_pkilint() {
    for (what, root, issuing) in AUTHORITIES {
        let server = Server::start_with_authorities(root, issuing, "");
        let lint = ["lint", "-s", "NOTICE", "-f", "JSON", &responder(&server)];
        let found = run(&python_program("lint_pkix_cert"), &lint);
        let found: Value = serde_json::from_str(&found).unwrap();
        let results = found["results"].as_array().unwrap();
        assert!(results.is_empty(), "{what}: {results:?}");
    }
}

/// GnuTLS asks by itself, at the address in the certificate, and checks whoever signs.
#[test]
fn gnutls_takes_the_answers() {
    for (what, root, issuing) in AUTHORITIES {
        for signer in ["delegated", "authority"] {
            let server = Server::start_with_authorities(
                root,
                issuing,
                &format!("[ocsp]\nsigner = \"{signer}\"\n"),
            );
            let one = subject(&server, "one");
            let issuing = server.authority_file("issuing");
            let ask = || {
                let file = server.scratch_file("gnutls.der", "");
                let asked = ["--load-cert", &one.file, "--load-issuer", &issuing];
                let with = ["--ask", "--nonce", "--outfile", &file];
                std::fs::remove_file(&file).unwrap();
                run("ocsptool", &[&with[..], &asked].concat());
                // A trusted signer must come with the answer; the authority itself does not.
                let by = match signer {
                    "delegated" => "--load-trust",
                    _ => "--load-signer",
                };
                let judged = ["--load-response", &file, by, &issuing];
                let said = run("ocsptool", &[&["--verify-response"], &judged[..]].concat());
                assert!(said.contains("Success"), "{what}, {signer}: {said}");
                run("ocsptool", &["--response-info", "--infile", &file])
            };
            assert!(ask().contains("Certificate Status: good"), "{what}");
            act(&server, &one, "hold", &json!({}));
            assert!(ask().contains("Certificate Status: revoked"), "{what}");
        }
    }
}

/// Python's cryptography writes the requests, with every hash and both lengths of nonce, and reads the answers.
#[test]
fn pythons_cryptography_reads_the_answers() {
    let server = Server::start();
    let one = subject(&server, "one");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients/ask_ocsp.py");
    let script = script.display().to_string();
    let url = format!("{}/ocsp", server.http_url());
    let issuing = server.authority_file("issuing");
    let ask = || {
        let arguments = [script.as_str(), &url, &issuing, &one.file];
        let printed = run(&python_program("python"), &arguments);
        let answers: Value = serde_json::from_str(&printed).unwrap();
        answers.as_array().unwrap().clone()
    };
    // Each hash, without a nonce and with one of 16, 32 and 128 octets, by POST and by GET.
    let answers = ask();
    assert_eq!(answers.len(), 4 * 4 * 2);
    assert!(
        answers
            .iter()
            .all(|answer| *answer == json!(["GOOD", null])),
        "{answers:?}"
    );
    act(&server, &one, "revoke", &json!({"reason": "superseded"}));
    let answers = ask();
    let superseded = json!(["REVOKED", "superseded"]);
    assert!(
        answers.iter().all(|answer| *answer == superseded),
        "{answers:?}"
    );
}
