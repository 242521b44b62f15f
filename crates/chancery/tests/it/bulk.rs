//! Revoking many certificates at once: what a dry run tells then happens, once to each certificate, whatever falls in
//! between.

mod command;
mod crashes;
mod refusals;
mod release;

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{Server, eventually, run};

/// A certificate of somebody, its key made by the server.
fn issued(server: &Server, owner: &str, subject: &str) -> Value {
    let body = json!({"key": "ec-p256", "subject": subject, "owner": owner});
    let answer = server.native("POST", "/certificates", &body);
    answer.expect(201).json()
}

/// A server with the users joe and ann of the domains d1 and d2.
fn server_with_two() -> Server {
    let server = Server::start();
    server.add_user("joe", "joe", "d1", "self-service", "joe's");
    server.add_user("ann", "ann", "d2", "self-service", "ann's");
    server
}

#[track_caller]
fn dry_run(server: &Server, request: &Value) -> Value {
    let mut request = request.clone();
    request["dry_run"] = json!(true);
    let answer = server.native("POST", "/revocations", &request);
    answer.expect(200).json()
}

#[track_caller]
fn start(server: &Server, request: &Value) -> Value {
    let answer = server.native("POST", "/revocations", request).expect(202);
    let started = answer.json();
    let location = format!("/chancery/v1/revocations/{}", started["number"]);
    assert_eq!(answer.header("location"), Some(location.as_str()));
    started
}

fn shown(server: &Server, one: &Value) -> Value {
    let path = format!("/revocations/{}", one["number"]);
    server.native("GET", &path, &Value::Null).expect(200).json()
}

/// The revocation once `enough` holds of it.
#[track_caller]
fn once(server: &Server, one: &Value, enough: impl Fn(&Value) -> bool) -> Value {
    eventually(|| {
        let now = shown(server, one);
        if enough(&now) { Ok(now) } else { Err(now) }
    })
}

#[track_caller]
fn done(server: &Server, one: &Value) -> Value {
    once(server, one, |now| now["state"] == "done")
}

fn turned(server: &Server, one: &Value, what: &str) -> Value {
    let path = format!("/revocations/{}/{what}", one["number"]);
    let answer = server.native("POST", &path, &json!({}));
    answer.expect(200).json()
}

fn certificate(server: &Server, one: &Value) -> Value {
    let path = format!("/certificates/{}", text(&one["id"]));
    server.native("GET", &path, &Value::Null).expect(200).json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

/// What `openssl ocsp` learns from the server about a certificate: `good`, or `revoked` with a reason.
fn by_ocsp(server: &Server, one: &Value) -> String {
    let file = server.scratch_file("asked.pem", text(&one["certificate"]));
    let url = format!("{}/ocsp", server.http_url());
    let said = server.openssl_ocsp("issuing", &["-url", &url, "-cert", &file]);
    let about = |start: &str| {
        let mut lines = said.lines().map(str::trim);
        lines.find_map(|line| line.strip_prefix(start).map(|rest| rest.trim().to_owned()))
    };
    let status = about(&format!("{file}:")).unwrap();
    [Some(status), about("Reason:")]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

/// What `sqlite3` reads in the database.
fn sql(server: &Server, question: &str) -> String {
    let file = server.data().join("chancery.sqlite").display().to_string();
    let said = run(
        "sqlite3",
        &["-readonly", "-cmd", ".timeout 10000", &file, question],
    );
    said.trim().to_owned()
}

/// How often the audit trail says that something was done about a revocation.
fn told(server: &Server, action: &str, one: &Value) -> String {
    let number = &one["number"];
    sql(
        server,
        &format!(
            "SELECT count(*) FROM audit WHERE action = '{action}' AND object = '{number}' AND outcome = 1"
        ),
    )
}

#[test]
fn a_dry_run_tells_what_then_happens() {
    let server = server_with_two();
    let joes: Vec<Value> = (0..3)
        .map(|n| issued(&server, "joe", &format!("CN=gate-{n}")))
        .collect();
    let anns = issued(&server, "ann", "CN=gate-9");
    let request = json!({"reason": "key-compromise", "owner": "joe", "subject": "cn=GATE"});
    let seen = dry_run(&server, &request);
    assert_eq!((&seen["total"], &seen["on_hold"]), (&json!(3), &json!(0)));
    let first = seen["first"].as_array().unwrap();
    assert!(
        first
            .iter()
            .zip(&joes)
            .all(|(shown, made)| shown["id"] == made["id"])
    );
    assert_eq!(certificate(&server, &joes[0])["status"], "active");
    assert_eq!(sql(&server, "SELECT count(*) FROM bulk_revocations"), "0");

    let meanwhile = issued(&server, "joe", "CN=gate-4");
    let mut request = request;
    request["up_to"] = seen["up_to"].clone();
    let started = start(&server, &request);
    assert_eq!(
        (&started["total"], &started["owner"]),
        (&json!(3), &json!("joe"))
    );
    let ended = done(&server, &started);
    assert_eq!(
        (&ended["revoked"], &ended["skipped"]),
        (&json!(3), &json!(0))
    );
    for one in &joes {
        let now = certificate(&server, one);
        assert_eq!(
            (&now["status"], &now["reason"]),
            (&json!("revoked"), &json!("key-compromise"))
        );
        assert_eq!(by_ocsp(&server, &now), "revoked, keyCompromise");
        let serial = text(&now["serial"]);
        assert_eq!(
            server.crl_reason("issuing", serial).as_deref(),
            Some("Key Compromise")
        );
    }
    for one in [&meanwhile, &anns] {
        let now = certificate(&server, one);
        assert_eq!(now["status"], "active");
        assert_eq!(by_ocsp(&server, &now), "good");
        assert_eq!(server.crl_reason("issuing", text(&now["serial"])), None);
    }
    for action in ["revocation.start", "revocation.finish"] {
        assert_eq!(told(&server, action, &started), "1", "{action}");
    }
    let list = server
        .native("GET", "/revocations", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(list["revocations"][0], ended);
}

/// A hold that becomes final counts from the hold (X.509, section 9.5.3.1), in bulk too.
#[test]
fn what_was_on_hold_counts_as_revoked_since_then() {
    let server = server_with_two();
    let held = issued(&server, "joe", "CN=held");
    let active = issued(&server, "joe", "CN=active");
    let hold = json!({"reason": "certificate-hold", "owner": "joe", "subject": "CN=held"});
    done(&server, &start(&server, &hold));
    assert_eq!(certificate(&server, &held)["status"], "on-hold");
    let since = || {
        sql(
            &server,
            "SELECT revoked FROM certificates WHERE subject_line LIKE '%CN=held'",
        )
    };
    let before = since();
    thread::sleep(Duration::from_millis(1100));
    let request = json!({"reason": "key-compromise", "owner": "joe", "on_hold": true});
    assert_eq!(dry_run(&server, &request)["on_hold"], 1);
    done(&server, &start(&server, &request));
    let now = certificate(&server, &held);
    assert_eq!(
        (&now["status"], &now["reason"]),
        (&json!("revoked"), &json!("key-compromise"))
    );
    assert_eq!(since(), before);
    assert_eq!(certificate(&server, &active)["status"], "active");
}

/// Subjects are looked through as OpenSSL's one line, where all but ASCII is escaped; people type it as it is.
#[test]
fn subjects_are_found_in_every_script() {
    let server = server_with_two();
    issued(&server, "joe", "CN=Jürgen Groß");
    for (typed, want) in [
        ("CN=jürgen", 1),
        ("Groß", 1),
        ("\\xC3\\x9F", 1),
        ("Gross", 0),
    ] {
        let request = json!({"reason": "superseded", "subject": typed});
        assert_eq!(dry_run(&server, &request)["total"], want, "{typed}");
    }
    let listed = server
        .native("GET", "/certificates?subject=J%C3%BCrgen", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 1);
}

/// Each condition alone, on certificates of which it catches some.
#[test]
fn every_condition_catches_its_own() {
    let server = server_with_two();
    let joe = issued(&server, "joe", "CN=joe");
    thread::sleep(Duration::from_millis(1100));
    let body =
        json!({"key": "ec-p256", "subject": "CN=ann", "owner": "ann", "profile": "tls-client"});
    let ann = server
        .native("POST", "/certificates", &body)
        .expect(201)
        .json();
    let held = server.issue("CN=held");
    let path = format!("/certificates/{}/hold", text(&held["id"]));
    server.native("POST", &path, &json!({})).expect(200);
    let (first, second) = (text(&joe["created"]), text(&ann["created"]));
    let names = |condition: Value| {
        let mut request = condition;
        request["reason"] = json!("superseded");
        let seen = dry_run(&server, &request);
        let subjects = seen["first"].as_array().unwrap().iter();
        let subjects: Vec<String> = subjects
            .map(|one| text(&one["subject"]).to_owned())
            .collect();
        assert_eq!(seen["total"], subjects.len());
        subjects.join(" ")
    };
    for (condition, want) in [
        (json!({"owner": "joe"}), "CN=joe"),
        (json!({"domain": "d2"}), "CN=ann"),
        (json!({"profile": "tls-client"}), "CN=ann"),
        (json!({"subject": "/cn=J"}), "CN=joe"),
        (json!({"on_hold": true}), "CN=held"),
        (json!({"issued_before": second}), "CN=joe"),
        (json!({"issued_after": second}), "CN=ann CN=held"),
        (
            json!({"issued_after": first, "issued_before": second}),
            "CN=joe",
        ),
        (json!({"authority": "issuing"}), "CN=joe CN=ann CN=held"),
        (json!({"authority": "root"}), ""),
        (
            json!({"authority": "issuing", "owner": "joe", "domain": "d2"}),
            "",
        ),
        (
            json!({"authority": "issuing", "up_to": joe["number"]}),
            "CN=joe",
        ),
    ] {
        let said = condition.to_string();
        assert_eq!(names(condition), want, "{said}");
    }
}
