//! Who may do what: 401 for who lacks the privilege, 403 for disabled users alone, as the document has it.

use serde_json::{Value, json};

use super::{Client, PASSWORD, assert_fault, authenticate, path_of};
use crate::server::{Server, run};
use crate::wire::Answer;

/// joe and ann of domain 1001 with its administrator dora, bob of domain 2002, and an auditor.
fn people() -> Server {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    server.add_user("ann", "3003", "1001", "self-service", PASSWORD);
    server.add_user("dora", "3005", "1001", "domain-administrator", PASSWORD);
    server.add_user("bob", "3004", "2002", "self-service", PASSWORD);
    server.add_user("audit", "3006", "2002", "auditor", PASSWORD);
    server
}

fn creation(client: &Client<'_>, user: &str, domain: Option<&str>) -> Answer {
    client.json(
        "POST",
        "/certificates",
        &json!({"certificate": {"userId": user, "domainId": domain, "subject": "CN=x"}}),
    )
}

#[test]
fn users_reach_what_is_theirs() {
    let server = people();
    let (joe, ann) = (
        Client::log_in(&server, "joe"),
        Client::log_in(&server, "ann"),
    );
    let theirs = ann.create("3003", "CN=Ann");
    let path = path_of(&theirs);
    let inactive = json!({"certificate": {"status": "inactive"}});
    assert_fault(&creation(&joe, "3003", None), 401, "unauthorized");
    assert_fault(&creation(&joe, "nobody", None), 401, "unauthorized");
    assert_fault(&joe.json("GET", &path, &Value::Null), 401, "unauthorized");
    assert_fault(&joe.json("PUT", &path, &inactive), 401, "unauthorized");
    assert_fault(
        &joe.json("DELETE", &path, &Value::Null),
        401,
        "unauthorized",
    );
    assert_fault(
        &joe.json("GET", "/certificates?userId=3003", &Value::Null),
        401,
        "unauthorized",
    );
    assert!(joe.list("").is_empty());
    assert!(joe.list("?domainId=1001").is_empty());
    assert_eq!(ann.list("?domainId=1001").len(), 1);
    ann.json("PUT", &path, &inactive).expect(200);
    ann.json("DELETE", &path, &Value::Null).expect(204);
}

#[test]
fn domain_administrators_reach_their_domain() {
    let server = people();
    let (dora, bob) = (
        Client::log_in(&server, "dora"),
        Client::log_in(&server, "bob"),
    );
    dora.create("3002", "CN=Joe");
    dora.create("3003", "CN=Ann");
    let foreign = path_of(&bob.create("3004", "CN=Bob"));
    assert_eq!(dora.list("?domainId=1001").len(), 2);
    assert_eq!(dora.list("?userId=3003").len(), 1);
    assert_eq!(dora.list("").len(), 0);
    assert!(dora.list("?userId=3004").is_empty());
    assert_fault(
        &dora.json("GET", "/certificates?domainId=2002", &Value::Null),
        401,
        "unauthorized",
    );
    assert_fault(&creation(&dora, "3004", None), 401, "unauthorized");
    assert_fault(
        &dora.json("GET", &foreign, &Value::Null),
        401,
        "unauthorized",
    );
    assert_fault(
        &dora.json("DELETE", &foreign, &Value::Null),
        401,
        "unauthorized",
    );
}

#[test]
fn administrators_reach_everything_and_auditors_only_look() {
    let server = people();
    let (admin, audit) = (
        Client::administrator(&server),
        Client::log_in(&server, "audit"),
    );
    let path = path_of(&admin.create("3002", "CN=Joe"));
    assert_eq!(admin.list("?userId=3002").len(), 1);
    assert_eq!(admin.list("?domainId=1001").len(), 1);
    assert!(admin.list("?userId=nobody").is_empty());
    assert_fault(&creation(&admin, "nobody", None), 404, "itemNotFound");
    audit.json("GET", &path, &Value::Null).expect(200);
    assert_fault(&creation(&audit, "3006", None), 401, "unauthorized");
    assert_fault(
        &audit.json("DELETE", &path, &Value::Null),
        401,
        "unauthorized",
    );
    admin.json("DELETE", &path, &Value::Null).expect(204);
}

#[test]
fn a_domain_that_is_not_the_users_is_refused() {
    let server = people();
    let (joe, admin) = (
        Client::log_in(&server, "joe"),
        Client::administrator(&server),
    );
    for client in [&joe, &admin] {
        assert_fault(&creation(client, "3002", Some("2002")), 400, "badRequest");
        creation(client, "3002", Some("1001")).expect(201);
    }
    assert_eq!(joe.list("").len(), 2);
}

#[test]
fn disabled_users_are_forbidden() {
    let server = people();
    let joe = Client::log_in(&server, "joe");
    server
        .native("PATCH", "/users/3002", &json!({"disabled": true}))
        .expect(200);
    assert_fault(
        &joe.json("GET", "/certificates", &Value::Null),
        403,
        "userDisabled",
    );
    let auth = json!({"passwordCredentials": {"username": "joe", "password": PASSWORD}});
    assert_fault(&authenticate(&server, &auth), 403, "userDisabled");
    let wrong = json!({"passwordCredentials": {"username": "joe", "password": "wrong"}});
    assert_fault(&authenticate(&server, &wrong), 401, "unauthorized");
}

/// A certificate from elsewhere, as PEM.
fn foreign(server: &Server, subject: &str) -> String {
    let key = server.scratch().join("foreign.key");
    let mut arguments = vec![
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    arguments.extend([
        "-nodes",
        "-keyout",
        key.to_str().unwrap(),
        "-days",
        "30",
        "-subj",
        subject,
    ]);
    run("openssl", &arguments)
}

fn import(client: &Client<'_>, list: &[(&str, &str)]) -> Answer {
    let one = |(user, pem): &(&str, &str)| json!({"userId": user, "certificateFile": {"format": "BASE64_DER", "data": pem}});
    let list: Vec<Value> = list.iter().map(one).collect();
    client.json(
        "PUT",
        "/certificates",
        &json!({"certificates": {"certificate": list}}),
    )
}

#[test]
fn imports_are_all_or_nothing() {
    let server = people();
    let joe = Client::log_in(&server, "joe");
    let (first, second) = (
        foreign(&server, "/CN=First"),
        foreign(&server, "/CN=Second"),
    );
    let list = [
        ("3002", first.as_str()),
        ("3002", "broken"),
        ("3002", &second),
        ("3002", ""),
    ];
    let refused = import(&joe, &list);
    assert_fault(&refused, 400, "badRequest");
    let text = refused.text();
    let named = [1, 2, 3, 4].map(|place| text.contains(&format!("item {place}: ")));
    assert_eq!(named, [false, true, false, true], "{text}");
    let theirs = import(&joe, &[("3002", &first), ("3003", &second)]);
    assert_fault(&theirs, 401, "unauthorized");
    assert!(joe.list("").is_empty());
}

#[test]
fn a_certificate_has_one_owner_and_comes_in_once() {
    let server = people();
    let (joe, ann) = (
        Client::log_in(&server, "joe"),
        Client::log_in(&server, "ann"),
    );
    let dora = Client::log_in(&server, "dora");
    let (first, second) = (
        foreign(&server, "/CN=First"),
        foreign(&server, "/CN=Second"),
    );
    let done = import(&dora, &[("3002", &first), ("3003", &second)])
        .expect(200)
        .json();
    let list = &done["certificates"]["certificate"];
    assert_eq!(
        (list[0]["userId"].as_str(), list[1]["userId"].as_str()),
        (Some("3002"), Some("3003"))
    );
    assert_eq!(list[0]["certificateFile"]["data"], first.as_str());
    assert_eq!(list[0]["publicKeyAlgorithm"], "EC");
    assert_eq!(list[0]["signatureAlgorithm"], "SHA256withECDSA");

    import(&joe, &[("3002", &first)]).expect(200);
    assert_fault(&import(&ann, &[("3003", &first)]), 409, "tenantConflict");
    assert_eq!((joe.list("").len(), ann.list("").len()), (1, 1));
    joe.json("DELETE", &path_of(&list[0]), &Value::Null)
        .expect(204);
    assert_fault(&import(&joe, &[("3002", &first)]), 409, "tenantConflict");
}
