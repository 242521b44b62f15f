//! Authorities coming and going: roots that are kept elsewhere (openssl's `ca`), new ones under ours, successors,
//! retirement and revocation. What relying parties see is judged by openssl.

mod offline;
mod rollover;

use std::process::Command;

use serde_json::{Value, json};

use crate::native::{refused, text, texts};
use crate::server::{Server, run};

/// What the native API shows of an authority.
fn shown(server: &Server, name: &str) -> Value {
    let path = format!("/authorities/{name}");
    server.native("GET", &path, &Value::Null).expect(200).json()
}

fn state(server: &Server, name: &str) -> String {
    text(&shown(server, name), "state").to_owned()
}

/// Makes an authority under the root.
fn add(server: &Server, name: &str) -> Value {
    let body = json!({"name": name, "subject": format!("CN={name},O=Example"), "parent": "root"});
    let answer = server.native("POST", "/authorities", &body).expect(201);
    let location = format!("/chancery/v1/authorities/{name}");
    assert_eq!(answer.header("Location"), Some(location.as_str()));
    answer.json()
}

/// Does something to an authority.
fn act(server: &Server, name: &str, action: &str) -> Value {
    let path = format!("/authorities/{name}/{action}");
    let answer = server.native("POST", &path, &json!({}));
    assert!([200, 201].contains(&answer.status), "{}", answer.text());
    answer.json()
}

/// Issues a certificate by that authority, or by the configured one.
fn issue(server: &Server, authority: Option<&str>) -> Value {
    let answer = server.native("POST", "/certificates", &asked(authority));
    answer.expect(201).json()
}

fn asked(authority: Option<&str>) -> Value {
    json!({"key": "ec-p256", "subject": "CN=joe", "authority": authority})
}

/// Issuing by that authority is refused, with that in the text.
#[track_caller]
fn issues_nothing(server: &Server, authority: Option<&str>, words: &str) {
    let answer = server.native("POST", "/certificates", &asked(authority));
    let detail = refused(&answer, 422, "policy");
    assert!(detail.contains(words), "{detail}");
}

/// What `openssl verify -crl_check_all` says of a certificate under the CRLs that the server serves of every authority in
/// its chain: nothing if it is good.
fn verdict(server: &Server, certificate: &Value) -> Option<String> {
    let file = server.scratch_file("checked.pem", text(certificate, "certificate"));
    let mut name = text(certificate, "authority").to_owned();
    let (mut above, mut lists) = (String::new(), String::new());
    loop {
        lists.push_str(&server.http(&format!("/crl/{name}.pem")).expect(200).text());
        let authority = shown(server, &name);
        if authority["parent"].is_null() {
            break;
        }
        above.push_str(text(&authority, "certificate"));
        name = text(&authority, "parent").to_owned();
    }
    let root = server.authority_file(&name);
    let arguments = ["verify", "-x509_strict", "-crl_check_all", "-CAfile"];
    let output = Command::new("openssl")
        .args(arguments)
        .arg(root)
        .args(["-untrusted", &server.scratch_file("above.pem", above)])
        .args(["-CRLfile", &server.scratch_file("lists.pem", lists)])
        .arg(file)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (!output.status.success()).then_some(said)
}

/// What OCSP tells of a certificate (PEM) of that authority, by openssl: `good`, `revoked`.
fn ocsp(server: &Server, authority: &str, certificate: &str) -> String {
    let asked = server.scratch_file("asked.pem", certificate);
    let url = format!("{}/ocsp", server.http_url());
    let said = server.openssl_ocsp(authority, &["-url", &url, "-cert", &asked]);
    let mark = format!("{asked}: ");
    let found = said.lines().find_map(|line| line.strip_prefix(&mark));
    found.unwrap_or_else(|| panic!("{said}")).trim().to_owned()
}

#[test]
fn revoking_an_authority_stops_it_and_shows_above_it() {
    let mut server = Server::start();
    let sub = add(&server, "sub");
    assert_eq!(
        std::fs::read_to_string(server.authority_file("sub")).unwrap(),
        text(&sub, "certificate")
    );
    let one = issue(&server, Some("sub"));
    assert_eq!(verdict(&server, &one), None);
    let certificate = text(&sub, "certificate");
    let id = text(&sub, "certificate_id");
    let own = server.native("GET", &format!("/certificates/{id}"), &Value::Null);
    let own = own.expect(200).json();
    assert_eq!(
        (&own["profile"], &own["authority"]),
        (&json!("sub-authority"), &json!("root"))
    );
    assert_eq!(own["owner"], "chancery-server");
    let change = |server: &Server, what: &str, body: Value| {
        server
            .native("POST", &format!("/certificates/{id}/{what}"), &body)
            .expect(200);
    };
    assert_eq!(ocsp(&server, "root", certificate), "good");
    change(&server, "hold", json!({}));
    issues_nothing(&server, Some("sub"), "is revoked");
    assert_eq!(ocsp(&server, "root", certificate), "revoked");
    change(&server, "release", json!({}));
    issue(&server, Some("sub"));
    change(&server, "revoke", json!({"reason": "ca-compromise"}));
    for _ in 0..2 {
        assert_eq!(state(&server, "sub"), "revoked");
        issues_nothing(&server, Some("sub"), "is revoked");
        assert_eq!(ocsp(&server, "root", certificate), "revoked");
        let reason = server.crl_reason("root", text(&own, "serial"));
        assert_eq!(reason.as_deref(), Some("CA Compromise"));
        let said = verdict(&server, &one).unwrap();
        assert!(said.contains("certificate revoked"), "{said}");
        // What it signed can still be asked about.
        assert_eq!(ocsp(&server, "sub", text(&one, "certificate")), "good");
        server.crl_text("sub");
        server.kill_and_restart();
    }
    // Those beside it go on.
    assert_eq!(verdict(&server, &issue(&server, None)), None);
}

#[test]
fn what_is_retired_answers_and_issues_nothing() {
    let mut server = Server::start();
    let one = issue(&server, None);
    let body = json!({"name": "other", "subject": "CN=Other", "parent": "root", "key": "ed25519", "days": 30});
    server.native("POST", "/authorities", &body).expect(201);
    act(&server, "issuing", "retire");
    let path = "/authorities/issuing/retire";
    refused(&server.native("POST", path, &json!({})), 409, "conflict");
    let id = text(&one, "id");
    for _ in 0..2 {
        assert_eq!(state(&server, "issuing"), "retired");
        issues_nothing(&server, None, "is retired");
        issues_nothing(&server, Some("issuing"), "is retired");
        let renewed = server.native("POST", &format!("/certificates/{id}/renew"), &json!({}));
        refused(&renewed, 422, "policy");
        assert_eq!(verdict(&server, &one), None);
        assert_eq!(ocsp(&server, "issuing", text(&one, "certificate")), "good");
        assert_eq!(text(&issue(&server, Some("other")), "authority"), "other");
        server.kill_and_restart();
    }
    server
        .native(
            "POST",
            &format!("/certificates/{id}/revoke"),
            &json!({"reason": "superseded"}),
        )
        .expect(200);
    assert_eq!(
        ocsp(&server, "issuing", text(&one, "certificate")),
        "revoked"
    );
    assert!(verdict(&server, &one).is_some_and(|said| said.contains("certificate revoked")));
    act(&server, "issuing", "reinstate");
    assert_eq!(verdict(&server, &issue(&server, None)), None);
    let path = "/authorities/issuing/reinstate";
    refused(&server.native("POST", path, &json!({})), 409, "conflict");
}

#[test]
fn what_is_asked_wrongly_is_refused_and_changes_nothing() {
    let server = Server::start();
    let before = server.native("GET", "/authorities", &Value::Null).text();
    let new = |more: Value| {
        let mut body = json!({"name": "sub", "subject": "CN=Sub"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (body, status, kind) in [
        (new(json!({})), 400, "invalid"),
        (
            new(json!({"parent": "root", "offline": true})),
            400,
            "invalid",
        ),
        (new(json!({"parent": "no-such"})), 404, "not-found"),
        (new(json!({"parent": "issuing"})), 422, "policy"),
        (
            new(json!({"parent": "root", "key": "rsa-1024"})),
            400,
            "invalid",
        ),
        (new(json!({"parent": "root", "key": "dsa"})), 400, "invalid"),
        (
            new(json!({"parent": "root", "days": 100_000})),
            422,
            "policy",
        ),
        (
            new(json!({"parent": "root", "name": "A/b"})),
            400,
            "invalid",
        ),
        (
            new(json!({"parent": "root", "name": "a-chain"})),
            400,
            "invalid",
        ),
        (
            new(json!({"parent": "root", "name": "issuing"})),
            409,
            "conflict",
        ),
        (
            new(json!({"parent": "root", "subject": "nobody"})),
            400,
            "invalid",
        ),
        (
            new(json!({"parent": "root", "subject": "CN=Chancery Root,O=Chancery"})),
            422,
            "policy",
        ),
        (
            new(json!({"self_signed": true, "unknown": 1})),
            400,
            "invalid",
        ),
    ] {
        let answer = server.native("POST", "/authorities", &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        refused(&answer, status, kind);
    }
    for (path, body, status, kind) in [
        (
            "issuing/certificate",
            json!({"certificates": "x"}),
            400,
            "invalid",
        ),
        ("no-such/retire", json!({}), 404, "not-found"),
        ("issuing/crl", json!({"crl": "MAA="}), 400, "invalid"),
        ("issuing/rollover", json!({"name": "root"}), 409, "conflict"),
        ("issuing/rollover", json!({"key": "x"}), 400, "invalid"),
    ] {
        let answer = server.native("POST", &format!("/authorities/{path}"), &body);
        assert_eq!(answer.status, status, "{path}: {}", answer.text());
        refused(&answer, status, kind);
    }
    let csr = server.native("GET", "/authorities/issuing/csr", &Value::Null);
    refused(&csr, 404, "not-found");
    assert_eq!(
        server.native("GET", "/authorities", &Value::Null).text(),
        before
    );
}

/// Nobody but who may change authorities reaches them, not even through their certificates; each change is written down.
#[test]
fn authorities_are_for_administrators_and_audited() {
    let server = Server::start();
    server.add_user("ops", "ops", "default", "operator", "a password of ops");
    let ops = |method: &str, path: &str, body: &Value| {
        server.native_as("ops", "a password of ops", method, path, body)
    };
    let sub = add(&server, "sub");
    let id = text(&sub, "certificate_id");
    let body = json!({"name": "x", "subject": "CN=x", "self_signed": true});
    let reason = json!({"reason": "superseded"});
    let nothing = json!({});
    for (method, path, body) in [
        ("POST", "/authorities".to_owned(), &body),
        ("POST", "/authorities/sub/retire".to_owned(), &nothing),
        ("POST", "/authorities/sub/reinstate".to_owned(), &nothing),
        ("POST", "/authorities/sub/rollover".to_owned(), &nothing),
        ("POST", format!("/certificates/{id}/revoke"), &reason),
        ("POST", format!("/certificates/{id}/hold"), &nothing),
        ("DELETE", format!("/certificates/{id}"), &Value::Null),
        ("POST", format!("/certificates/{id}/renew"), &nothing),
        ("POST", format!("/certificates/{id}/regenerate"), &nothing),
    ] {
        let answer = ops(method, &path, body);
        assert_eq!(answer.status, 403, "{path}: {}", answer.text());
    }
    assert_eq!(
        ops("GET", "/authorities/sub", &Value::Null)
            .expect(200)
            .json(),
        sub
    );
    act(&server, "sub", "retire");
    act(&server, "sub", "reinstate");
    act(&server, "sub", "rollover");
    let trail = server.native("GET", "/audit?limit=1000", &Value::Null);
    let trail = trail.expect(200).json()["entries"].clone();
    let of = |outcome: &str| {
        let entries = trail.as_array().unwrap().iter();
        let told = entries.filter(|entry| {
            entry["outcome"] == outcome && text(entry, "action").starts_with("authority.")
        });
        let told: Vec<Value> = told.cloned().collect();
        let mut actions = texts(&json!(told), "action");
        actions.reverse();
        (actions, told)
    };
    let (done, entries) = of("done");
    let made = ["authority.add", "authority.add", "authority.add"];
    let changed = [
        "authority.retire",
        "authority.reinstate",
        "authority.rollover",
    ];
    assert_eq!(done, [&made[..], &changed].concat());
    assert_eq!(
        (&entries[0]["object"], &entries[0]["actor"]),
        (&json!("sub-2"), &json!("admin"))
    );
    let (refusals, _) = of("refused");
    assert_eq!(refusals, [&made[..1], &changed].concat());
}

#[test]
fn the_command_line_shows_and_changes_authorities() {
    let server = Server::start();
    let said = |arguments: &[&str]| {
        let output = server.cli(arguments);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    };
    let made = said(&[
        "authority",
        "add",
        "lab",
        "--subject",
        "CN=Lab",
        "--self-signed",
        "--days",
        "30",
    ]);
    assert!(made.contains("active") && made.contains("CN=Lab"), "{made}");
    said(&[
        "authority",
        "add",
        "sub",
        "--subject",
        "CN=Sub",
        "--parent",
        "lab",
        "--key",
        "rsa-2048",
    ]);
    said(&["authority", "retire", "sub"]);
    said(&[
        "authority",
        "rollover",
        "issuing",
        "--as",
        "next",
        "--key",
        "ed25519",
    ]);
    let list = said(&["authority", "list"]);
    for words in [
        ["sub", "retired"],
        ["issuing", "superseded"],
        ["next", "active"],
    ] {
        let line = list.lines().find(|line| line.starts_with(words[0]));
        assert!(line.is_some_and(|line| line.contains(words[1])), "{list}");
    }
    said(&["authority", "reinstate", "sub"]);
    let csr = said(&[
        "authority",
        "request",
        "far",
        "--subject",
        "CN=Far",
        "--path-length",
        "1",
    ]);
    assert_eq!(said(&["authority", "show", "far", "--csr"]), csr);
    let file = server.scratch_file("far.csr", csr);
    let asked = run(
        "openssl",
        &["req", "-in", &file, "-noout", "-verify", "-text"],
    );
    assert!(asked.contains("CA:TRUE, pathlen:1"), "{asked}");
    for (arguments, code) in [
        (&["authority", "withdraw", "far"][..], 0),
        (&["authority", "withdraw", "far"], 3),
        (&["authority", "withdraw", "issuing"], 1),
        (&["authority", "request", "far", "--subject", "CN=Far"], 0),
        (&["authority", "add", "x", "--subject", "CN=x"], 2),
        (&["authority", "retire", "none"], 3),
        (&["authority", "retire", "far"], 1),
    ] {
        assert_eq!(
            server.cli(arguments).status.code(),
            Some(code),
            "{arguments:?}"
        );
    }
}
