//! Generic clients of Tastypie against FortiAuthenticator's API, as they come: slumber and drest. What they do is in
//! `clients/tastypie_clients.py`; what should come of it is here.

use serde_json::{Value, json};

use crate::fortiauthenticator::FIELDS;
use crate::server::{P256, Server, csr, python};

/// A server with the certificates joe and ann, and what a client saw of it.
fn play(client: &str) -> (Server, Value) {
    let server = Server::start();
    for name in ["joe", "ann"] {
        let asked = json!({"key": "ec-p256", "subject": format!("CN={name}"), "name": name});
        server.native("POST", "/certificates", &asked).expect(201);
    }
    csr(server.scratch(), P256, "/CN=joe", &[]);
    let (url, root, admin) = (
        server.https_url(),
        server.authority_file("root"),
        server.admin(),
    );
    let request = server.scratch().join("subject.csr.pem");
    let request = request.display().to_string();
    let arguments = [client, &url, &root, &admin.user, &admin.api_key, &request];
    let printed = python("tastypie_clients.py", &arguments, "");
    let saw = serde_json::from_str(&printed).unwrap();
    (server, saw)
}

#[test]
fn slumber_works() {
    let (server, saw) = play("slumber");
    for (what, want) in [
        ("total", json!(1)),
        ("subject", json!("/CN=joe")),
        ("page", json!(1)),
        ("held", json!(["Revoked", "Certificate Hold"])),
        ("released", json!(["Active", null])),
        ("shown", json!("Superseded")),
        ("fields", json!(FIELDS)),
    ] {
        assert_eq!(saw[what], want, "{what}");
    }
    let renewed = saw["renewed"]["cert_id"].as_str().unwrap();
    assert!(renewed.starts_with("joe-"), "{renewed}");
    let certificate = saw["renewed"]["certificate"].as_str().unwrap();
    assert_eq!(server.openssl_verdict(certificate), None);
    let pem = saw["pem"].as_array().unwrap();
    assert!(
        pem.contains(&json!("joe")) && pem.contains(&json!(renewed)),
        "{pem:?}"
    );
    for (what, status, text) in [
        ("released", 400, "revoked"),
        ("unknown", 404, ""),
        ("deleted", 405, "GET,PATCH"),
        (
            "filter",
            400,
            "The 'status' field does not allow filtering.",
        ),
        ("key", 401, ""),
    ] {
        let refused = &saw["refused"][what];
        assert_eq!(refused[0], status, "{what}");
        assert!(refused[1].as_str().unwrap().contains(text), "{refused}");
    }
}

#[test]
fn drest_works() {
    let (_server, saw) = play("drest");
    let expected = json!({
        "directory": ["scepreqs", "systeminfo", "usercerts"],
        "total": 1,
        "subject": "/CN=ann",
        "held": [202, "Revoked", "Certificate Hold"],
        "released": [202, "Active"],
        "fields": FIELDS,
        "refused": {"released": 400, "unknown": 404, "deleted": 405, "created": 405, "key": 401},
    });
    assert_eq!(saw, expected);
}
