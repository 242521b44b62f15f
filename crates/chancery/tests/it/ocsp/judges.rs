//! Opinions that are not ours on answers: pkilint, GnuTLS, Python's cryptography.

use serde_json::{Value, json};

use super::{authorities, openssl, responder};
use crate::linters::judges::Pkilint;
use crate::relying::Subject;
use crate::server::{Server, python, run};

/// Everything that can stand in an answer, of every kind of authority, passes pkilint, and so does the certificate of the
/// delegated responder.
#[test]
fn answers_and_responders_certificates_pass_pkilint() {
    let (mut pkilint, scratch) = (Pkilint::default(), tempfile::tempdir().unwrap());
    for (what, root, issuing) in authorities() {
        let mut server = Server::start_with_authorities(root, issuing, "");
        let [good, held, gone] = ["good", "held", "gone"].map(|name| Subject::of(&server, name));
        held.hold(&server);
        gone.revoke(&server, "unspecified");
        let kept = |name: &str| scratch.path().join(format!("{what} {name}"));
        std::fs::copy(responder(&server), kept("responder")).unwrap();
        pkilint.certificate(what, &kept("responder"));
        for unknown in ["unknown", "revoked"] {
            server.restart_with_config(&format!("[ocsp]\nunknown = \"{unknown}\"\n"));
            for nonce in ["-nonce", "-no_nonce"] {
                let label = format!("{unknown}{nonce}");
                let file = kept(&label).display().to_string();
                let asked = [
                    nonce, "-cert", &good.file, "-cert", &held.file, "-cert", &gone.file,
                    "-serial", "0x1234", "-respout", &file,
                ];
                openssl(&server, &asked);
                pkilint.answer(&format!("{what} {label}"), &kept(&label));
            }
        }
    }
    pkilint.finds_only(scratch.path(), &[]);
}

/// GnuTLS asks by itself, at the address in the certificate, and checks whoever signs.
#[test]
fn gnutls_takes_the_answers() {
    for (what, root, issuing) in authorities() {
        for signer in ["delegated", "authority"] {
            let server = Server::start_with_authorities(
                root,
                issuing,
                &format!("[ocsp]\nsigner = \"{signer}\"\n"),
            );
            let one = Subject::of(&server, "one");
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
            one.hold(&server);
            assert!(ask().contains("Certificate Status: revoked"), "{what}");
        }
    }
}

/// Python's cryptography writes the requests, with every hash and both lengths of nonce, and reads the answers.
#[test]
fn pythons_cryptography_reads_the_answers() {
    let server = Server::start();
    let one = Subject::of(&server, "one");
    let url = format!("{}/ocsp", server.http_url());
    let issuing = server.authority_file("issuing");
    let ask = || {
        let printed = python("ask_ocsp.py", &[&url, &issuing, &one.file], "");
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
    one.revoke(&server, "superseded");
    let answers = ask();
    let superseded = json!(["REVOKED", "superseded"]);
    assert!(
        answers.iter().all(|answer| *answer == superseded),
        "{answers:?}"
    );
}
