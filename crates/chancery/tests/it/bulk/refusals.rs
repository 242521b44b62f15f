//! What is not understood or not allowed: nothing starts.

use serde_json::{Value, json};

use super::{dry_run, issued, once, server_with_two, sql, start};
use crate::native::refused;
use crate::server::Server;

#[test]
fn bad_input_is_told_and_starts_nothing() {
    let server = server_with_two();
    issued(&server, "joe", "CN=joe");
    for (request, status, want) in [
        (json!({}), 400, "reason"),
        (json!({"reason": "superseded"}), 400, "name at least one"),
        (
            json!({"reason": "superseded", "on_hold": false}),
            400,
            "name at least one",
        ),
        (json!({"reason": "because", "owner": "joe"}), 400, "reason:"),
        (
            json!({"reason": "superseded", "owmer": "joe"}),
            400,
            "owmer",
        ),
        (json!({"reason": "superseded", "owner": 7}), 400, "string"),
        (
            json!({"reason": "superseded", "owner": "no such"}),
            400,
            "user:",
        ),
        (
            json!({"reason": "superseded", "owner": "nobody"}),
            404,
            "user",
        ),
        (
            json!({"reason": "superseded", "domain": "nowhere"}),
            404,
            "domain",
        ),
        (
            json!({"reason": "superseded", "authority": "isuing"}),
            404,
            "authority",
        ),
        (
            json!({"reason": "superseded", "subject": ""}),
            400,
            "subject:",
        ),
        (
            json!({"reason": "superseded", "subject": "x".repeat(2000)}),
            400,
            "subject:",
        ),
        (
            json!({"reason": "superseded", "subject": "nobody's"}),
            400,
            "no certificate",
        ),
        (
            json!({"reason": "superseded", "profile": "sub-authority"}),
            400,
            "one by one",
        ),
        (
            json!({"reason": "superseded", "profile": "no'such\u{0}"}),
            400,
            "no certificate",
        ),
        (
            json!({"reason": "superseded", "issued_after": "yesterday"}),
            400,
            "issued_after:",
        ),
        (
            json!({"reason": "superseded", "owner": "joe", "up_to": -1}),
            400,
            "no certificate",
        ),
        (
            json!({"reason": "superseded", "owner": "joe", "up_to": "x"}),
            400,
            "i64",
        ),
        (
            json!({"reason": "certificate-hold", "on_hold": true}),
            400,
            "on_hold:",
        ),
    ] {
        let answer = server.native("POST", "/revocations", &request);
        assert_eq!(answer.status, status, "{request}: {}", answer.text());
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(want), "{request}: {detail}");
    }
    for path in ["/revocations/x", "/revocations/99999999999999999999"] {
        refused(&server.native("GET", path, &Value::Null), 400, "invalid");
    }
    for path in ["/revocations/1", "/revocations/-1"] {
        refused(&server.native("GET", path, &Value::Null), 404, "not-found");
    }
    for what in ["stop", "resume"] {
        let answer = server.native("POST", &format!("/revocations/1/{what}"), &json!({}));
        refused(&answer, 404, "not-found");
    }
    refused(
        &server.native("DELETE", "/revocations", &Value::Null),
        405,
        "method-not-allowed",
    );
    assert_eq!(sql(&server, "SELECT count(*) FROM bulk_revocations"), "0");
}

/// Who may not change a certificate alone may not do it in bulk, and what it may not change it never reaches.
#[test]
fn rights_are_those_of_single_revocations() {
    let server = server_with_two();
    issued(&server, "joe", "CN=one");
    issued(&server, "ann", "CN=two");
    issued(&server, "ann", "CN=three");
    for role in ["operator", "approver", "auditor", "domain-administrator"] {
        server.add_user(role, role, "d1", role, "secret");
    }
    let everywhere = json!({"reason": "superseded", "subject": "CN="});
    let far = json!({"reason": "superseded", "domain": "d2"});
    for (user, secret, of_all, of_far) in [
        ("operator", "secret", Some(3), Some(2)),
        ("domain-administrator", "secret", Some(1), None),
        ("joe", "joe's", Some(1), Some(0)),
        ("approver", "secret", None, None),
        ("auditor", "secret", None, None),
    ] {
        for (request, want) in [(&everywhere, of_all), (&far, of_far)] {
            let mut request = request.clone();
            request["dry_run"] = json!(true);
            let answer = server.native_as(user, secret, "POST", "/revocations", &request);
            match want {
                Some(want) => {
                    assert_eq!(answer.expect(200).json()["total"], want, "{user} {request}")
                }
                None => {
                    refused(&answer, 403, "forbidden");
                }
            }
        }
    }
    let as_head = |method: &str, path: &str, body: &Value| {
        server.native_as("domain-administrator", "secret", method, path, body)
    };
    let held = as_head("POST", "/revocations", &everywhere)
        .expect(202)
        .json();
    assert_eq!((&held["domain"], &held["total"]), (&json!("d1"), &json!(1)));
    once(&server, &held, |now| now["state"] == "done");
    let left = "SELECT group_concat(subject_line) FROM certificates WHERE state = 1 AND subject_line IN ('/CN=one', '/CN=two', '/CN=three')";
    assert_eq!(sql(&server, left), "/CN=two,/CN=three");

    // Another domain's is seen and handled by nobody of this one.
    let other = start(&server, &far);
    let path = format!("/revocations/{}", other["number"]);
    refused(&as_head("GET", &path, &Value::Null), 403, "forbidden");
    for what in ["stop", "resume"] {
        refused(
            &as_head("POST", &format!("{path}/{what}"), &json!({})),
            403,
            "forbidden",
        );
    }
    let listed = as_head("GET", "/revocations", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(listed["revocations"].as_array().unwrap().len(), 1);
    server
        .native_as("auditor", "secret", "GET", &path, &Value::Null)
        .expect(200);
}

/// Revoking all that an authority signed must not silence its OCSP responder, nor take the server's own TLS certificate.
#[test]
fn the_servers_own_certificates_are_left_alone() {
    let server = Server::start();
    server.issue("CN=joe");
    let request = json!({"reason": "superseded", "authority": "issuing"});
    let seen = dry_run(&server, &request);
    assert_eq!(seen["total"], 1);
    assert_eq!(seen["first"][0]["subject"], "CN=joe");
    let named = json!({"reason": "superseded", "owner": "chancery-server"});
    let seen = dry_run(&server, &named);
    let profiles: Vec<&str> = seen["first"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["profile"].as_str().unwrap())
        .collect();
    assert!(profiles.contains(&"tls-server"), "{profiles:?}");
    assert!(!profiles.contains(&"sub-authority"), "{profiles:?}");
}
