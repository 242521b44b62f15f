//! Users and domains.

use serde_json::{Value, json};

use super::credentials::{JOE, server_with_joe, whoami};
use super::{refused, text, texts};
use crate::server::Server;

#[test]
fn users_are_made_shown_changed_and_removed() {
    let server = server_with_joe();
    let new = json!({"name": "ann", "id": "a-1", "domain": "000000001001", "roles": ["operator", "auditor", "operator"], "password": "x"});
    let answer = server.native("POST", "/users", &new).expect(201);
    assert_eq!(answer.header("location"), Some("/chancery/v1/users/a-1"));
    let ann = answer.json();
    assert_eq!(
        ann,
        server
            .native("GET", "/users/a-1", &Value::Null)
            .expect(200)
            .json()
    );
    for (member, want) in [
        ("id", json!("a-1")),
        ("name", json!("ann")),
        ("domain", json!("000000001001")),
        ("roles", json!(["operator", "auditor"])),
        ("disabled", json!(false)),
        ("has_password", json!(true)),
        ("has_api_key", json!(false)),
    ] {
        assert_eq!(ann[member], want, "{member}");
    }
    // What is left out: twelve random digits, the caller's domain, self-service, no password.
    let bob = server
        .native("POST", "/users", &json!({"name": "bob"}))
        .expect(201)
        .json();
    let id = text(&bob, "id");
    assert!(
        id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()),
        "{id}"
    );
    assert_eq!(
        (&bob["domain"], &bob["roles"], &bob["has_password"]),
        (&json!("default"), &json!(["self-service"]), &json!(false))
    );

    for (change, member, want) in [
        (json!({"name": "bobby"}), "name", json!("bobby")),
        (json!({"roles": ["approver"]}), "roles", json!(["approver"])),
        (json!({"roles": []}), "roles", json!([])),
        (
            json!({"domain": "000000001001"}),
            "domain",
            json!("000000001001"),
        ),
        (json!({"disabled": true}), "disabled", json!(true)),
        (json!({"disabled": false}), "disabled", json!(false)),
        (json!({"password": "y"}), "has_password", json!(true)),
        (json!({}), "name", json!("bobby")),
    ] {
        let changed = server
            .native("PATCH", &format!("/users/{id}"), &change)
            .expect(200)
            .json();
        assert_eq!(changed[member], want, "{change}");
        assert_eq!(
            changed,
            server
                .native("GET", &format!("/users/{id}"), &Value::Null)
                .json()
        );
    }
    assert_eq!(
        whoami(&server, "bobby", "y").expect(200).json()["user"]["id"],
        id
    );
    assert_eq!(
        whoami(&server, id, "y").expect(200).json()["user"]["id"],
        id,
        "by id"
    );
    refused(&whoami(&server, "bob", "y"), 401, "unauthenticated");

    server
        .native("DELETE", &format!("/users/{id}"), &Value::Null)
        .expect(204);
    refused(
        &server.native("GET", &format!("/users/{id}"), &Value::Null),
        404,
        "not-found",
    );
    refused(
        &server.native("DELETE", &format!("/users/{id}"), &Value::Null),
        404,
        "not-found",
    );
    refused(&whoami(&server, "bobby", "y"), 401, "unauthenticated");
}

#[test]
fn users_that_cannot_be_are_refused() {
    let server = server_with_joe();
    server
        .native(
            "POST",
            "/certificates",
            &json!({"key": "ec-p256", "subject": "CN=joe", "owner": JOE}),
        )
        .expect(201);
    let long = "x".repeat(129);
    let conflict = [
        ("POST", "/users", json!({"name": "joe"})),
        ("POST", "/users", json!({"name": "ann", "id": JOE})),
        ("PATCH", "/users/000000003002", json!({"name": "admin"})),
        ("PATCH", "/users/000000003002", json!({"domain": "nowhere"})),
        ("DELETE", "/users/000000003002", Value::Null),
        ("POST", "/domains", json!({"id": "000000001001"})),
        ("DELETE", "/domains/000000001001", Value::Null),
        ("DELETE", "/domains/default", Value::Null),
    ];
    let invalid = [
        (
            "POST",
            "/users",
            json!({"name": "ann", "domain": "no where"}),
        ),
        ("POST", "/users", json!({"name": "ann", "roles": ["root"]})),
        ("POST", "/users", json!({"name": "ann", "password": ""})),
        ("POST", "/users", json!({"name": "a b"})),
        ("POST", "/users", json!({"name": "a:b"})),
        ("POST", "/users", json!({"name": ""})),
        ("POST", "/users", json!({"name": long})),
        ("POST", "/users", json!({"name": "ann", "id": ""})),
        ("POST", "/users", json!({"name": "ann", "id": "a b"})),
        ("POST", "/users", json!({})),
        ("POST", "/users", json!({"name": "ann", "colour": "red"})),
        ("PATCH", "/users/000000003002", json!({"id": "x"})),
        ("PATCH", "/users/admin", json!({"disabled": true})),
        ("DELETE", "/users/admin", Value::Null),
        ("GET", "/users?domain=a%20b", Value::Null),
        ("GET", "/users?limit=0", Value::Null),
        ("POST", "/domains", json!({"id": "a b"})),
        ("POST", "/domains", json!({"id": "x", "name": ""})),
        ("POST", "/domains", json!({})),
        ("PATCH", "/domains/default", json!({"disabled": true})),
    ];
    let not_found = [
        ("PATCH", "/users/nobody", json!({"name": "x"})),
        ("POST", "/users/nobody/api-key", json!({})),
        ("DELETE", "/users/nobody/api-key", Value::Null),
        ("PATCH", "/domains/nowhere", json!({"name": "x"})),
        ("DELETE", "/domains/nowhere", Value::Null),
    ];
    let refusals = [
        (409, "conflict", &conflict[..]),
        (400, "invalid", &invalid[..]),
        (404, "not-found", &not_found[..]),
    ];
    for (status, kind, calls) in refusals {
        for (method, path, body) in calls {
            let answer = server.native(method, path, body);
            let said = answer.text();
            assert_eq!(answer.status, status, "{method} {path} {body}: {said}");
            refused(&answer, status, kind);
        }
    }
}

/// Who logs in by name or by id is one and the same, whatever others are called.
#[test]
fn nobody_is_called_by_anothers_id() {
    let server = server_with_joe();
    server.add_user(
        "chief",
        "chief-id",
        "000000001001",
        "domain-administrator",
        "a password",
    );
    for (method, path, body) in [
        ("POST", "/users", json!({"name": JOE})),
        ("POST", "/users", json!({"name": "new", "id": "joe"})),
        ("PATCH", "/users/chief-id", json!({"name": JOE})),
        ("PATCH", "/users/chief-id", json!({"name": "admin"})),
    ] {
        let answer = server.native_as("chief", "a password", method, path, &body);
        assert_eq!(answer.status, 409, "{method} {body}: {}", answer.text());
        refused(&answer, 409, "conflict");
    }
    // Who may not rename anybody does not learn from it who is there.
    for name in ["chief-id", "nobody"] {
        let body = json!({"name": name});
        let answer = server.native_as("joe", "a password", "PATCH", "/users/000000003002", &body);
        refused(&answer, 403, "forbidden");
    }
    let body = json!({"name": "same", "id": "same"});
    server.native("POST", "/users", &body).expect(201);
    whoami(&server, JOE, "a password").expect(200);
    whoami(&server, "chief-id", "a password").expect(200);
}

#[test]
fn domains_are_made_shown_changed_and_removed() {
    let server = Server::start();
    let answer = server
        .native(
            "POST",
            "/domains",
            &json!({"id": "north", "name": "The North"}),
        )
        .expect(201);
    assert_eq!(
        answer.header("location"),
        Some("/chancery/v1/domains/north")
    );
    assert_eq!(
        answer.json(),
        server
            .native("GET", "/domains/north", &Value::Null)
            .expect(200)
            .json()
    );
    let south = server
        .native("POST", "/domains", &json!({"id": "south"}))
        .expect(201)
        .json();
    assert_eq!(
        (text(&south, "name"), &south["disabled"]),
        ("south", &json!(false))
    );
    for change in [
        json!({"name": "Süd"}),
        json!({"disabled": true}),
        json!({"disabled": false, "name": "S"}),
    ] {
        let changed = server
            .native("PATCH", "/domains/south", &change)
            .expect(200)
            .json();
        for (member, want) in change.as_object().unwrap() {
            assert_eq!(changed[member], *want);
        }
    }
    let ids = |query: &str| {
        let page = server
            .native("GET", &format!("/domains{query}"), &Value::Null)
            .expect(200)
            .json();
        (
            texts(&page["domains"], "id").join(" "),
            page["next"].clone(),
        )
    };
    assert_eq!(ids(""), ("default north south".to_owned(), Value::Null));
    assert_eq!(
        ids("?limit=2"),
        ("default north".to_owned(), json!("north"))
    );
    assert_eq!(
        ids("?limit=2&after=north"),
        ("south".to_owned(), Value::Null)
    );
    assert_eq!(
        ids("?limit=3"),
        ("default north south".to_owned(), Value::Null)
    );
    server
        .native("DELETE", "/domains/south", &Value::Null)
        .expect(204);
    refused(
        &server.native("GET", "/domains/south", &Value::Null),
        404,
        "not-found",
    );
}

#[test]
fn a_domain_that_is_not_there_is_made_with_its_first_user() {
    let server = server_with_joe();
    let body = json!({"name": "ann", "domain": "new"});
    let ann = server.native("POST", "/users", &body).expect(201).json();
    assert_eq!(ann["domain"], "new");
    let domain = server
        .native("GET", "/domains/new", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(
        (text(&domain, "name"), &domain["disabled"]),
        ("new", &json!(false))
    );
    // Neither for who may not make domains, nor where the user is not made.
    server.add_user(
        "chief",
        "chief",
        "000000001001",
        "domain-administrator",
        "a password",
    );
    let body = json!({"name": "bob", "domain": "newer"});
    refused(
        &server.native_as("chief", "a password", "POST", "/users", &body),
        403,
        "forbidden",
    );
    let body = json!({"name": "joe", "domain": "newest"});
    refused(&server.native("POST", "/users", &body), 409, "conflict");
    for id in ["newer", "newest"] {
        let answer = server.native("GET", &format!("/domains/{id}"), &Value::Null);
        refused(&answer, 404, "not-found");
    }
}

/// A domain from which every user has moved away still has its certificates.
#[test]
fn a_domain_with_certificates_stays() {
    let server = server_with_joe();
    server
        .native(
            "POST",
            "/certificates",
            &json!({"key": "ec-p256", "subject": "CN=joe", "owner": JOE}),
        )
        .expect(201);
    server
        .native(
            "PATCH",
            "/users/000000003002",
            &json!({"domain": "default"}),
        )
        .expect(200);
    let detail = refused(
        &server.native("DELETE", "/domains/000000001001", &Value::Null),
        409,
        "conflict",
    );
    assert!(detail.contains("certificates"), "{detail}");
}

#[test]
fn users_are_listed_page_by_page() {
    let server = server_with_joe();
    for number in 0..5 {
        server
            .native(
                "POST",
                "/users",
                &json!({"name": format!("user-{number}"), "id": format!("u-{number}")}),
            )
            .expect(201);
    }
    let walk = |who: (&str, &str), query: &str, limit: usize| {
        let (mut ids, mut after) = (Vec::new(), String::new());
        loop {
            let path = format!("/users?limit={limit}{query}{after}");
            let page = server
                .native_as(who.0, who.1, "GET", &path, &Value::Null)
                .expect(200)
                .json();
            ids.extend(texts(&page["users"], "id"));
            assert!(ids.len() < 100, "the pages never end");
            match &page["next"] {
                Value::Null => return ids.join(" "),
                next => after = format!("&after={}", next.as_str().unwrap()),
            }
        }
    };
    let admin = (
        server.admin().user.as_str(),
        server.admin().api_key.as_str(),
    );
    for limit in [1, 2, 1000] {
        assert_eq!(
            walk(admin, "", limit),
            "000000003002 admin chancery-server u-0 u-1 u-2 u-3 u-4"
        );
        assert_eq!(walk(admin, "&domain=000000001001", limit), JOE);
        assert_eq!(walk(admin, "&domain=nowhere", limit), "");
        assert_eq!(walk(("joe", "a password"), "", limit), JOE, "by {limit}");
    }
}
