//! The six actions, done at once, and waiting for those of them that have an address of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Client, STORE_PASSWORD, issue, refused, text, unsupported};
use crate::server::{P256, Server, csr, run};

/// The reason that the CRL tells of a record's certificate.
fn crl_reason(server: &Server, record: &Value) -> Option<String> {
    let serial = text(&record["serialNumber"]).replace(':', "");
    server.crl_reason("issuing", &serial)
}

#[test]
fn every_action_does_what_it_says() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=a.example,O=Acme,C=US");
    let done = |id: &Value, action: &str, reason: &str| {
        let said = admin.act(id, action, reason).expect(202).json();
        let words = format!("{action} action has been triggered successfully");
        assert_eq!(
            (&said["message"], &said["appStatusCode"]),
            (&json!(words), &Value::Null)
        );
        let said = said["response"].clone();
        assert_eq!(
            said["message"],
            format!("{action} action triggered successfully.")
        );
        assert_eq!(admin.ended(&said["requestId"])["status"], "Success");
        said["resourceId"].clone()
    };

    assert_eq!(done(&id, "Suspend", "on leave"), id);
    let held = admin.by_id(&id);
    assert_eq!(
        (&held["status"], &held["suspendedCertificate"]),
        (&json!("Suspended"), &json!(true))
    );
    assert_eq!(
        crl_reason(&server, &held).as_deref(),
        Some("Certificate Hold")
    );
    assert_eq!(done(&id, "Reinstate", "back"), id);
    assert_eq!(crl_reason(&server, &held), None);

    // Renew keeps the key and needs no reason; regenerate and reissue make a new one, and keep the old certificate.
    let key = |id: &Value| admin.by_id(id)["subjectKeyIdentifier"].clone();
    let renewed = done(&id, "Renew", "");
    assert_ne!(renewed, id);
    assert_eq!(key(&renewed), key(&id));
    let regenerated = done(&renewed, "Regenerate", "it is time");
    assert_ne!(key(&regenerated), key(&id));
    let reissued = done(&regenerated, "Reissue", "it is time");
    assert_ne!(key(&reissued), key(&regenerated));
    let (old, new) = (admin.by_id(&id), admin.by_id(&reissued));
    for member in [
        "commonName",
        "subject",
        "subjectAlternativeNames",
        "keyAlgorithmAndSize",
        "keyUsage",
    ] {
        assert_eq!(old[member], new[member], "{member}");
    }
    assert_eq!(
        (&old["status"], &new["status"]),
        (&json!("Managed"), &json!("Managed"))
    );

    // A reason that says so has the old one revoked once the new one is there.
    let safe = done(&reissued, "Regenerate", "Key compromised");
    let old = admin.by_id(&reissued);
    assert_eq!(
        (&old["status"], &old["expiryStatus"]),
        (&json!("Revoked"), &json!("Revoked"))
    );
    assert_eq!(crl_reason(&server, &old).as_deref(), Some("Key Compromise"));
    assert_eq!(
        done(&safe, "Revoke", "Cessation of operation").as_str(),
        safe.as_str()
    );
    let gone = admin.by_id(&safe);
    assert_eq!(
        crl_reason(&server, &gone).as_deref(),
        Some("Cessation Of Operation")
    );
    for action in ["Revoke", "Suspend", "Reinstate", "Renew", "Regenerate"] {
        unsupported(&admin.act(&safe, action, "x"));
    }
}

#[test]
fn a_client_that_waits_gets_the_file() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let mut id = issue(&server, "CN=a.example");
    for action in ["renew", "regenerate", "reissue"] {
        let path = format!("/certificate/{action}?isSync=true&ttl=100");
        let body = json!({"resourceId": id, "reason": "x", "comments": "in time"});
        let said = admin.put(&path, &body).expect(200).json();
        assert_eq!(said["appStatusCode"], Value::Null);
        let said = &said["response"];
        assert!(
            text(&said["requestId"]).parse::<u32>().is_ok()
                && !text(&said["certificateName"]).is_empty()
        );
        let pem = STANDARD.decode(text(&said["certificateContent"])).unwrap();
        assert_eq!(
            server.openssl_verdict(std::str::from_utf8(&pem).unwrap()),
            None
        );
        id = said["resourceId"].clone();
    }
    let file = json!({"format": "P12", "password": STORE_PASSWORD});
    let body = json!({"resourceId": id, "reason": "x", "certificateFormat": file});
    let said = admin
        .put("/certificate/regenerate?isSync=true", &body)
        .expect(200)
        .json();
    let p12 = STANDARD
        .decode(text(&said["response"]["certificateContent"]))
        .unwrap();
    let p12 = server.scratch_file("made.p12", p12);
    let password = format!("pass:{STORE_PASSWORD}");
    run(
        "openssl",
        &["pkcs12", "-in", &p12, "-nodes", "-passin", &password],
    );
    let id = said["response"]["resourceId"].clone();

    // A file that cannot be made is refused before anything is done.
    let operator = Client::new(&server, "op", "default", "operator");
    let pem = csr(server.scratch(), P256, "/CN=a.example", &[]);
    let regenerate = |client: &Client<'_>, password: &str, csr: Value| {
        let file = json!({"format": "P12", "password": password});
        let body = json!({"resourceId": id, "reason": "x", "certificateFormat": file, "uploadCsrDetails": csr});
        let answer = client.put("/certificate/regenerate?isSync=true", &body);
        (answer.status, answer.json()["appStatusCode"].clone())
    };
    let weak = regenerate(&admin, "weak", Value::Null);
    assert_eq!(weak, (417, json!("PASSWORD_FORMAT_WRONG")));
    let restricted = regenerate(&operator, STORE_PASSWORD, Value::Null);
    assert_eq!(restricted, (417, json!("CERT-KEY-0006")));
    let keyless = regenerate(&admin, STORE_PASSWORD, json!({"csrContent": pem}));
    assert_eq!(keyless, (417, json!("CERT-HLST-0007")));
    assert_eq!(admin.by_id(&id)["requestIds"].as_array().unwrap().len(), 1);

    let body = json!({"resourceId": id, "reason": "Superseded"});
    let said = admin
        .put("/certificate/revoke?isSync=true", &body)
        .expect(200)
        .json();
    assert_eq!(said["appStatusCode"], "SUCCESS");
    assert_eq!(
        (
            &said["response"]["certStatus"],
            &said["response"]["resourceId"]
        ),
        (&json!("Revoked"), &id)
    );
    assert_eq!(
        crl_reason(&server, &admin.by_id(&id)).as_deref(),
        Some("Superseded")
    );
}

#[test]
fn a_client_that_does_not_wait_or_waits_in_vain_is_told_what_to_look_for() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=a.example");
    let body = json!({"resourceId": id, "reason": "x"});
    let said = admin.put(
        "/certificate/revoke?isSync=true&ttl=0&autoApproval=false",
        &body,
    );
    let said = said.expect(202).json();
    assert_eq!(
        (&said["appStatusCode"], &said["message"]),
        (
            &json!("SUCCESS"),
            &json!("Revoke action has been triggered successfully")
        )
    );
    assert_eq!(
        said["response"]["message"],
        "Revoke action triggered successfully."
    );
    assert_eq!(said["response"]["resourceId"], id);
    let other = issue(&server, "CN=b.example");
    let body = json!({"resourceId": other, "reason": "x"});
    let said = admin
        .put("/certificate/regenerate", &body)
        .expect(202)
        .json();
    assert_eq!(said["appStatusCode"], Value::Null);
    admin.ended(&said["response"]["requestId"]);
}

#[test]
fn a_csr_brings_the_key() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=a.example");
    let pem = csr(server.scratch(), P256, "/CN=a.example", &[]);
    let details = json!({"category": "Server", "csrContent": pem});
    let body = json!({"resourceId": id, "action": "Renew", "uploadCsrDetails": details});
    let said = admin.put("/certificate/action", &body).expect(202).json();
    admin.ended(&said["response"]["requestId"]);
    let new = admin.by_id(&said["response"]["resourceId"]);
    assert_eq!(
        (&new["status"], &new["privatekeyAvaliable"]),
        (&json!("Managed"), &json!(false))
    );
    // Without key or CSR there is nothing to renew with.
    let refusal = unsupported(&admin.act(&new["resourceId"], "Renew", ""));
    assert!(text(&refusal).contains("private key"), "{refusal}");
    let body =
        json!({"resourceId": id, "action": "Renew", "uploadCsrDetails": {"csrContent": "rubbish"}});
    let why = refused(
        &admin.put("/certificate/action", &body),
        400,
        "INVALID_REQUEST",
        "Invalid request.",
    );
    assert!(text(&why).starts_with("csrContent: "), "{why}");
}
