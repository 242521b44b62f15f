//! Every kind of key, for authorities by configuration and for whom they certify, judged by openssl.

use serde_json::json;

use crate::server::{P256, Server, csr};

/// `openssl req` arguments for a new key of each kind that is certified, and our word for it.
const SUBSCRIBERS: [(&[&str], &str); 7] = [
    (&["-newkey", "rsa:2048"], "rsa-2048"),
    (&["-newkey", "rsa:3072"], "rsa-3072"),
    (&["-newkey", "rsa:4096"], "rsa-4096"),
    (P256, "ec-p256"),
    (
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384"],
        "ec-p384",
    ),
    (
        &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521"],
        "ec-p521",
    ),
    (&["-newkey", "ed25519"], "ed25519"),
];

/// Issues by that body, and asks openssl, with the CRL, before and after a revocation.
#[track_caller]
fn check(server: &Server, body: &serde_json::Value, key: &str) {
    let made = server
        .native("POST", "/certificates", body)
        .expect(201)
        .json();
    assert_eq!(made["key"], key);
    let certificate = made["certificate"].as_str().unwrap();
    assert_eq!(server.openssl_verdict(certificate), None, "{key}");
    let path = format!("/certificates/{}/revoke", made["id"].as_str().unwrap());
    server
        .native("POST", &path, &json!({"reason": "superseded"}))
        .expect(200);
    let verdict = server.openssl_verdict(certificate).expect("it is revoked");
    assert!(verdict.contains("certificate revoked"), "{key}: {verdict}");
}

#[test]
fn every_kind_of_key_is_certified() {
    let server = Server::start();
    for (new_key, word) in SUBSCRIBERS {
        let request = csr(server.scratch(), new_key, "/CN=theirs", &[]);
        check(&server, &json!({"csr": request}), word);
        check(&server, &json!({"key": word, "subject": "CN=ours"}), word);
    }
}

#[test]
fn authorities_have_the_keys_of_the_configuration() {
    for (root, issuing, signature) in [
        ("rsa-3072", "rsa-3072", "SHA256withRSA"),
        ("ec-p521", "ec-p521", "SHA512withECDSA"),
        ("ed25519", "ed25519", "Ed25519"),
        ("rsa-4096", "ec-p384", "SHA384withECDSA"),
    ] {
        let configuration =
            format!("[authority]\nroot_key = \"{root}\"\nissuing_key = \"{issuing}\"\n");
        let server = Server::start_with_config(&configuration);
        for (name, key) in [("root", root), ("issuing", issuing)] {
            let authority = server
                .native("GET", &format!("/authorities/{name}"), &json!(null))
                .expect(200)
                .json();
            assert_eq!(authority["key"], key);
        }
        let request = csr(server.scratch(), P256, "/CN=theirs", &[]);
        let body = json!({"csr": request});
        check(&server, &body, "ec-p256");
        let made = server
            .native("POST", "/certificates", &body)
            .expect(201)
            .json();
        assert_eq!(made["signature"], signature);
        // The root's own CRL speaks for the issuing authority.
        let ca = server.data().join("ca");
        let [root, issuing] =
            ["root.pem", "issuing.pem"].map(|name| ca.join(name).display().to_string());
        let crl = server.crl_file("root").display().to_string();
        crate::server::run(
            "openssl",
            &[
                "verify",
                "-CAfile",
                &root,
                "-crl_check",
                "-CRLfile",
                &crl,
                &issuing,
            ],
        );
    }
}
