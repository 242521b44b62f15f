//! PATCH: revoking, holding and releasing, and every move that is refused.

use serde_json::{Value, json};

use super::{Client, assert_empty, assert_error};
use crate::server::Server;

const REASONS: [(&str, &str); 7] = [
    ("Unspecified", ""),
    ("Key Compromise", "Key Compromise"),
    ("CA Compromise", "CA Compromise"),
    ("Affiliation Changed", "Affiliation Changed"),
    ("Superseded", "Superseded"),
    ("Cessation Of Operation", "Cessation Of Operation"),
    ("Certificate Hold", "Certificate Hold"),
];

/// Issues a certificate, and gives it as this API tells it.
fn issue(client: &Client<'_>, name: &str) -> Value {
    client.server.issue(&format!("CN={name}"));
    client.find(&format!("CN={name}"))
}

#[test]
fn each_reason_is_told_and_reaches_the_crl() {
    let server = Server::start();
    let client = Client::administrator(&server);
    for (place, (reason, in_crl)) in REASONS.into_iter().enumerate() {
        let made = issue(&client, &format!("r{place}"));
        let asked = if place % 2 == 0 {
            reason.to_lowercase()
        } else {
            reason.to_uppercase()
        };
        let answer = client.revoke(&made["id"], &asked).expect(202);
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        let mut want = made.clone();
        want["status"] = json!("Revoked");
        want["revocation_reason"] = json!(reason);
        assert_eq!(answer.json(), want);
        let shown = client.get(&format!("/usercerts/{}", made["id"]));
        assert_eq!(shown.expect(200).json(), want);
        let serial = made["serial"].as_str().unwrap();
        assert_eq!(
            server.crl_reason("issuing", serial).as_deref(),
            Some(in_crl),
            "{reason}"
        );
    }
}

#[test]
fn what_is_on_hold_goes_both_ways() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let (first, second) = (issue(&client, "first"), issue(&client, "second"));
    for id in [&first["id"], &second["id"]] {
        client.revoke(id, "Certificate Hold").expect(202);
        assert_error(&client.revoke(id, "Certificate Hold"), 400, "on hold");
    }
    // Clients send objects back whole, the old reason in them.
    let mut whole = client.find("CN=first");
    whole["status"] = json!("active");
    let released = client.patch(&first["id"], &whole).expect(202).json();
    assert_eq!(released, first);
    let revoked = client
        .revoke(&second["id"], "Key Compromise")
        .expect(202)
        .json();
    assert_eq!(revoked["revocation_reason"], "Key Compromise");
}

#[test]
fn every_other_move_is_refused_with_a_reason() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let active = issue(&client, "active");
    let revoked = issue(&client, "revoked");
    client.revoke(&revoked["id"], "Key Compromise").expect(202);
    for (one, change, text) in [
        (&active, json!({"status": "active"}), "active"),
        (
            &active,
            json!({"status": "revoked"}),
            "revocation_reason is required",
        ),
        (
            &active,
            json!({"status": "revoked", "revocation_reason": null}),
            "revocation_reason is required",
        ),
        (
            &active,
            json!({"status": "revoked", "revocation_reason": "because"}),
            "revocation_reason must be one of Unspecified, Key Compromise",
        ),
        (
            &active,
            json!({"status": "revoked", "revocation_reason": 1}),
            "revocation_reason must be text",
        ),
        (
            &active,
            json!({"status": "revoked", "revocation_reason": "Privilege Withdrawn"}),
            "must be one of",
        ),
        (&active, json!({"status": "pending"}), "pending"),
        (&active, json!({"status": "Expired"}), "Expired"),
        (&active, json!({"status": "inactive"}), "status must be"),
        (&active, json!({"status": ""}), "status must be"),
        (
            &active,
            json!({"status": ["active"]}),
            "status must be text",
        ),
        (
            &active,
            json!({"revocation_reason": "Superseded"}),
            "status is required",
        ),
        (&active, json!({}), "status is required"),
        (&active, json!({"cert_id": "mine"}), "status is required"),
        (&active, json!([]), "no object"),
        (&revoked, json!({"status": "active"}), "revoked"),
        (
            &revoked,
            json!({"status": "revoked", "revocation_reason": "Certificate Hold"}),
            "revoked",
        ),
        (
            &revoked,
            json!({"status": "revoked", "revocation_reason": "Key Compromise"}),
            "revoked",
        ),
        (
            &revoked,
            json!({"status": "revoked", "revocation_reason": "Superseded"}),
            "revoked",
        ),
    ] {
        assert_error(&client.patch(&one["id"], &change), 400, text);
    }
    assert_eq!(client.find("CN=active"), active);
    assert_eq!(
        client.find("CN=revoked")["revocation_reason"],
        "Key Compromise"
    );
}

#[test]
fn bodies_are_json_whatever_they_call_themselves() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let made = issue(&client, "joe");
    let path = format!("/usercerts/{}", made["id"]);
    let hold: &[u8] = br#"{"status":"revoked","revocation_reason":"Certificate Hold"}"#;
    let release: &[u8] = b" \r\n{\"status\":\"active\"}\n";
    for headers in [
        &[][..],
        &[("Content-Type", "text/plain")],
        &[("Content-Type", "application/x-www-form-urlencoded")],
        &[("Content-Type", "application/xml")],
        &[("Content-Type", "nonsense")],
        &[("Content-Type", "application/json; charset=utf-8")],
    ] {
        for body in [hold, release] {
            let answer = client.send("PATCH", &path, headers, body).expect(202);
            assert_eq!(answer.json()["id"], made["id"], "{headers:?}");
        }
    }
    let overridden = [("X-HTTP-Method-Override", "PATCH")];
    client.send("POST", &path, &overridden, hold).expect(202);
    let xml = client
        .send("PATCH", &format!("{path}/?format=xml"), &[], release)
        .expect(202);
    assert!(xml.text().contains("<object><cert_id>"), "{}", xml.text());

    for body in [
        &b""[..],
        b"{",
        b"status=active",
        b"<object><status>active</status></object>",
        b"{\"status\":\"active\",\"status\":\"revoked\"}",
        b"{\"status\":\"act\xffive\"}",
        b"\xef\xbb\xbf{}",
    ] {
        let answer = client.send("PATCH", &path, &[], body);
        assert_error(&answer, 400, "Request is not valid JSON.");
    }
    let large = vec![b' '; 1_100_000];
    assert_error(
        &client.send("PATCH", &path, &[], &large),
        413,
        "larger than",
    );
}

#[test]
fn what_another_api_deleted_is_gone() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let made = issue(&client, "joe");
    let name = made["cert_id"].as_str().unwrap();
    server.native("DELETE", &format!("/certificates/{name}"), &Value::Null);
    assert_empty(&client.get(&format!("/usercerts/{}/", made["id"])), 404);
    assert_empty(
        &client.patch(&made["id"], &json!({"status": "active"})),
        404,
    );
    assert_empty(&client.revoke(&made["id"], "Superseded"), 404);
    assert_eq!(client.subjects("?subject__contains=joe").1, 0);
    assert_empty(
        &client.patch(&json!(999), &json!({"status": "active"})),
        404,
    );
}
