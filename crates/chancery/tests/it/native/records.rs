//! Certificate records as the native API shows them. They are made through a device's API, whose tests close the loop.

use serde_json::{Value, json};

use super::{refused, text};
use crate::server::{Server, basic};

#[test]
fn there_are_no_records_at_first() {
    let server = Server::start();
    let list = server.native("GET", "/records", &Value::Null).expect(200);
    assert_eq!(list.json(), json!({"records": [], "next": null}));
    for (method, path, body) in [
        ("GET", "/records/none", Value::Null),
        ("POST", "/records/none/sign", json!({})),
        (
            "POST",
            "/records/none/sign",
            json!({"profile": "tls-server", "days": 30}),
        ),
    ] {
        let detail = refused(&server.native(method, path, &body), 404, "not-found");
        assert_eq!(detail, "there is no such certificate record");
    }
    for path in [
        "/records?limit=0",
        "/records?limit=1001",
        "/records?offset=1",
    ] {
        refused(&server.native("GET", path, &Value::Null), 400, "invalid");
    }
    let misspelt = json!({"profil": "tls-server"});
    let answer = server.native("POST", "/records/none/sign", &misspelt);
    refused(&answer, 400, "invalid");

    let listed = server.cli(&["record", "list", "--json"]);
    assert_eq!(String::from_utf8_lossy(&listed.stdout).trim(), "[]");
    for arguments in [&["record", "show", "none"][..], &["record", "sign", "none"]] {
        let ended = server.cli(arguments);
        assert_eq!(ended.status.code(), Some(3), "{arguments:?}");
    }
}

/// Records are the whole server's: only rights that reach everywhere count.
#[test]
fn records_are_for_those_who_reach_everywhere() {
    let server = Server::start();
    for (role, status) in [
        ("operator", 200),
        ("auditor", 200),
        ("approver", 200),
        ("domain-administrator", 403),
        ("self-service", 403),
    ] {
        let password = "correct horse battery staple";
        server.add_user(role, role, "d1", role, password);
        let as_them = basic(role, password);
        let headers = [("Authorization", as_them.as_str())];
        for path in ["/chancery/v1/records", "/chancery/v1/records/none"] {
            let answer = server.request("GET", path, &headers, b"");
            let want = if status == 200 && path.ends_with("none") {
                404
            } else {
                status
            };
            assert_eq!(answer.status, want, "{role} {path} {}", answer.text());
        }
    }
    let trail = server
        .native("GET", "/audit?limit=50", &Value::Null)
        .expect(200);
    let trail = trail.json();
    let refusals = trail["entries"].as_array().unwrap().iter();
    let refusals = refusals.filter(|entry| text(entry, "action") == "configuration.read");
    assert_eq!(refusals.count(), 4);
}
