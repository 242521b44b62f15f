//! Work orders from end to end: asked for by one, approved by another, done by the server exactly once, whatever comes in
//! between.

mod pending;
mod races;

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::native::refused;
use crate::server::{Server, eventually, run};

/// A server with an approver, ann, whose password is `approve`.
fn server_with_an_approver(configuration: &str) -> Server {
    let server = Server::start_with_config(configuration);
    server.add_user("ann", "ann", "default", "approver", "approve");
    server
}

/// Asks for a regeneration as the administrator; the order.
#[track_caller]
fn regenerate(server: &Server, id: &Value, reason: &str) -> Value {
    let path = format!("/certificates/{}/regenerate", text(id));
    let answer = server
        .native("POST", &path, &json!({"reason": reason}))
        .expect(202);
    let order = answer.json();
    let location = format!("/chancery/v1/orders/{}", order["number"]);
    assert_eq!(answer.header("location"), Some(location.as_str()));
    order
}

/// Somebody's decision.
fn decide(
    server: &Server,
    user: &str,
    secret: &str,
    order: &Value,
    what: &str,
) -> crate::wire::Answer {
    let path = format!("/orders/{}/{what}", order["number"]);
    server.native_as(user, secret, "POST", &path, &json!({}))
}

#[track_caller]
fn approve(server: &Server, order: &Value) {
    let approved = decide(server, "ann", "approve", order, "approve").expect(200);
    assert_eq!(approved.json()["decided_by"], "ann");
}

fn order(server: &Server, number: &Value) -> Value {
    let path = format!("/orders/{number}");
    server.native("GET", &path, &Value::Null).expect(200).json()
}

/// The order once it has ended.
#[track_caller]
fn ended(server: &Server, asked: &Value) -> Value {
    eventually(|| match order(server, &asked["number"]) {
        now if now["ended"].is_null() => Err(now),
        ended => Ok(ended),
    })
}

fn certificate(server: &Server, id: &Value) -> Value {
    let path = format!("/certificates/{}", text(id));
    server.native("GET", &path, &Value::Null).expect(200).json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// How often the audit trail says that something was done about an order.
fn told(server: &Server, action: &str, number: &Value) -> usize {
    let trail = server.native("GET", "/audit?limit=1000", &Value::Null);
    let trail = trail.expect(200).json();
    let entries = trail["entries"].as_array().unwrap();
    let number = number.to_string();
    entries
        .iter()
        .filter(|entry| {
            entry["action"] == action
                && entry["outcome"] == "done"
                && entry["object"] == number.as_str()
        })
        .count()
}

#[test]
fn a_second_person_approves_and_the_server_does_it() {
    let server = server_with_an_approver("");
    let old = server.issue("CN=joe");
    let asked = regenerate(&server, &old["id"], "Key compromised");
    assert_eq!(asked["state"], "requested");
    let pending = certificate(&server, &asked["made"]);
    assert_eq!(pending["status"], "pending");
    approve(&server, &asked);
    let done = ended(&server, &asked);
    assert_eq!(done["state"], "done", "{done}");
    assert_eq!(
        (&done["asked_by"], &done["decided_by"]),
        (&json!("admin"), &json!("ann"))
    );

    let new = certificate(&server, &asked["made"]);
    assert_eq!(new["status"], "active");
    for same in ["id", "number", "name", "serial", "subject", "issuer"] {
        assert_eq!(new[same], pending[same], "{same}");
    }
    assert_ne!(new["subject_key_id"], old["subject_key_id"]);
    assert_eq!(new["private_key"], true);
    assert_eq!(new["replaces"], old["id"]);
    assert_eq!(server.openssl_verdict(text(&new["certificate"])), None);
    // The reason tells the old one's fate, to relying parties too.
    let old = certificate(&server, &old["id"]);
    assert_eq!(
        (&old["status"], &old["reason"]),
        (&json!("revoked"), &json!("key-compromise"))
    );
    let said = server.crl_reason("issuing", text(&old["serial"]));
    assert_eq!(said.as_deref(), Some("Key Compromise"));

    // A replay is refused, and changes nothing.
    let replay = decide(&server, "ann", "approve", &asked, "approve");
    let why = refused(&replay, 409, "refused");
    assert_eq!(why, "the work order is done already");
    assert_eq!(told(&server, "order.finish", &asked["number"]), 1);
}

#[test]
fn whoever_asked_does_not_approve() {
    let server = server_with_an_approver("");
    let old = server.issue("CN=joe");
    let asked = regenerate(&server, &old["id"], "");
    let admin = server.admin().clone();
    let own = decide(&server, &admin.user, &admin.api_key, &asked, "approve");
    let why = refused(&own, 403, "forbidden");
    assert!(why.contains("may not approve it"), "{why}");
    assert_eq!(order(&server, &asked["number"])["state"], "requested");
    // Nor does who has no right to, nor nobody.
    server.add_user("op", "op", "default", "operator", "operate");
    refused(
        &decide(&server, "op", "operate", &asked, "approve"),
        403,
        "forbidden",
    );
    refused(
        &decide(&server, "op", "wrong", &asked, "approve"),
        401,
        "unauthenticated",
    );

    let lenient = server_with_an_approver("[orders]\nself_approval = true\n");
    let old = lenient.issue("CN=joe");
    let asked = regenerate(&lenient, &old["id"], "");
    let admin = lenient.admin().clone();
    decide(&lenient, &admin.user, &admin.api_key, &asked, "approve").expect(200);
    assert_eq!(ended(&lenient, &asked)["state"], "done");
}

#[test]
fn what_cannot_be_done_fails_with_the_reason() {
    let server = server_with_an_approver("");
    let old = server.issue("CN=joe");
    let path = |what: &str| format!("/certificates/{}/{what}", text(&old["id"]));
    // What can be seen to be impossible is not taken.
    let too_long = server.native("POST", &path("regenerate"), &json!({"days": 100_000}));
    assert!(refused(&too_long, 422, "policy").contains("days"));
    let asked = regenerate(&server, &old["id"], "");
    server.native("POST", &path("hold"), &json!({})).expect(200);
    approve(&server, &asked);
    let failed = ended(&server, &asked);
    assert_eq!(failed["state"], "failed");
    assert!(text(&failed["outcome"]).contains("on hold"), "{failed}");
    server
        .native("POST", &path("release"), &json!({}))
        .expect(200);
    assert_eq!(certificate(&server, &asked["made"])["status"], "deleted");
    assert_eq!(certificate(&server, &old["id"])["status"], "active");
    assert_eq!(told(&server, "order.fail", &asked["number"]), 1);
    // What failed stands in nobody's way.
    let again = server.native("POST", &path("regenerate"), &json!({"auto_approve": true}));
    assert_eq!(ended(&server, &again.expect(202).json())["state"], "done");
}

#[test]
fn what_was_revoked_meanwhile_is_not_replaced() {
    let server = server_with_an_approver("");
    let old = server.issue("CN=joe");
    let asked = regenerate(&server, &old["id"], "");
    let path = format!("/certificates/{}/revoke", text(&old["id"]));
    server
        .native("POST", &path, &json!({"reason": "ca-compromise"}))
        .expect(200);
    approve(&server, &asked);
    let failed = ended(&server, &asked);
    assert_eq!(failed["state"], "failed");
    assert!(
        text(&failed["outcome"]).contains("revoked (ca-compromise)"),
        "{failed}"
    );
    assert_eq!(certificate(&server, &asked["made"])["status"], "deleted");
}

/// Killed between the approval and the end, while the key is being made: the order is done at the next start, once.
#[test]
fn an_approved_order_survives_a_kill_and_is_done_once() {
    let mut server = server_with_an_approver("");
    // Such a key is never ready, and takes long enough to be in the middle of it.
    let body = json!({"key": "rsa-4096", "subject": "CN=joe"});
    let old = server.native("POST", "/certificates", &body);
    let old = old.expect(201).json();
    let mut left = Vec::new();
    for delay in [0, 30, 200] {
        let asked = regenerate(&server, &old["id"], "");
        approve(&server, &asked);
        thread::sleep(Duration::from_millis(delay));
        server.kill();
        left.push(state_left_behind(&server));
        server.restart();
        let done = ended(&server, &asked);
        assert_eq!(done["state"], "done", "{done}");
        for action in ["order.claim", "order.finish", "certificate.renew"] {
            assert_eq!(told(&server, action, &asked["number"]), 1, "{action}");
        }
        let made = certificate(&server, &asked["made"]);
        assert_eq!(made["status"], "active");
        assert_eq!(server.openssl_verdict(text(&made["certificate"])), None);
        // The key that it was given is the one that is kept.
        let file = format!("/certificates/{}/pkcs12", text(&asked["made"]));
        server
            .native("POST", &file, &json!({"password": "x"}))
            .expect(200);
    }
    assert!(
        left.iter().any(|state| state == "1\n" || state == "2\n"),
        "no kill came in between: {left:?}"
    );
    let all = server.native("GET", "/certificates?subject=joe", &Value::Null);
    let all = all.expect(200).json();
    assert_eq!(all["certificates"].as_array().unwrap().len(), 4);
}

/// The last order's state in the files of a process that was killed, as the number that stands in the database.
fn state_left_behind(server: &Server) -> String {
    for end in ["", "-wal"] {
        let file = format!("chancery.sqlite{end}");
        let copy = server.scratch().join(format!("left{end}"));
        std::fs::copy(server.data().join(file), copy).unwrap();
    }
    let copy = server.scratch().join("left").display().to_string();
    let last = "SELECT state FROM work_orders ORDER BY number DESC LIMIT 1";
    run("sqlite3", &[&copy, last])
}

#[test]
fn the_command_line_lists_shows_and_decides() {
    let server = server_with_an_approver("");
    let old = server.issue("CN=joe");
    let id = text(&old["id"]);
    let said = |arguments: &[&str], user: &str, secret: &str| {
        let mut command = server.cli_command(arguments);
        command
            .env("CHANCERY_USER", user)
            .env("CHANCERY_API_KEY", secret);
        let output = command.output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(text).unwrap())
    };
    let admin = server.admin().clone();
    let as_admin = |arguments: &[&str]| said(arguments, &admin.user, &admin.api_key);
    let as_ann = |arguments: &[&str]| said(arguments, "ann", "approve");
    let (code, shown) = as_admin(&["cert", "regenerate", id, "--reason", "superseded"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("state        requested"), "{shown}");
    let (code, list) = as_ann(&["order", "list", "--state", "open"]);
    assert_eq!(code, Some(0), "{list}");
    assert!(
        list.lines()
            .nth(1)
            .unwrap()
            .starts_with("1       regenerate  requested"),
        "{list}"
    );
    let (code, complaint) = as_admin(&["order", "approve", "1"]);
    assert_eq!(code, Some(4), "{complaint}");
    let (code, shown) = as_ann(&["order", "approve", "1"]);
    assert_eq!(code, Some(0), "{shown}");
    ended(&server, &json!({"number": 1}));
    let (_, shown) = as_admin(&["order", "show", "1"]);
    assert!(shown.contains("state        done"), "{shown}");
    assert_eq!(certificate(&server, &old["id"])["reason"], "superseded");
    let (code, _) = as_admin(&["order", "show", "2"]);
    assert_eq!(code, Some(3));

    let other = server.issue("CN=ann");
    regenerate(&server, &other["id"], "");
    let (code, shown) = as_ann(&["order", "reject", "2", "--reason", "not before the audit"]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(
        shown.contains("outcome      not before the audit"),
        "{shown}"
    );
}

#[test]
fn bad_requests_are_told_apart() {
    let server = server_with_an_approver("");
    let old = server.issue("CN=joe");
    let path = format!("/certificates/{}/regenerate", text(&old["id"]));
    for (body, status, kind) in [
        (json!({"resaon": "x"}), 400, "invalid"),
        (json!({"reason": "x".repeat(2000)}), 400, "invalid"),
        (json!({"csr": "nonsense"}), 400, "invalid"),
    ] {
        refused(&server.native("POST", &path, &body), status, kind);
    }
    let nowhere = server.native("POST", "/certificates/4711/regenerate", &json!({}));
    refused(&nowhere, 404, "not-found");
    for (method, path, status, kind) in [
        ("GET", "/orders/1", 404, "not-found"),
        ("GET", "/orders/x", 400, "invalid"),
        ("GET", "/orders?state=late", 400, "invalid"),
        ("GET", "/orders?certificate=joe", 400, "invalid"),
        ("GET", "/orders?limit=0", 400, "invalid"),
        ("POST", "/orders/1/approve", 404, "not-found"),
        (
            "POST",
            "/orders/99999999999999999999/reject",
            400,
            "invalid",
        ),
        ("DELETE", "/orders/1", 405, "method-not-allowed"),
    ] {
        refused(&server.native(method, path, &Value::Null), status, kind);
    }
    let list = server
        .native("GET", "/orders", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(list, json!({"orders": [], "next": null}));
}
