//! Users as people: what is told of them, the end of an account, and the last administrator.

use serde_json::{Value, json};

use super::{from_now, refused, text};
use crate::server::Server;

#[test]
fn what_is_told_of_a_person_is_made_changed_and_taken_away() {
    let server = Server::start();
    let person = json!({
        "display_name": "Joe Test", "first_name": "Joe", "last_name": "Tést", "email": "joe@example.com",
        "subject_dn": "cn=joe,o=example",
    });
    let mut new = json!({"name": "joe", "id": "joe", "expires": "2099-01-02T03:04:05+01:00"});
    for (member, value) in person.as_object().unwrap() {
        new[member] = value.clone();
    }
    let joe = server.native("POST", "/users", &new).expect(201).json();
    for (member, value) in person.as_object().unwrap() {
        assert_eq!(&joe[member], value, "{member}");
    }
    assert_eq!(joe["expires"], "2099-01-02T02:04:05Z");
    assert_eq!(joe["certificate"], Value::Null);
    let show = || {
        server
            .native("GET", "/users/joe", &Value::Null)
            .expect(200)
            .json()
    };
    assert_eq!(show(), joe);

    let change = |body: Value| server.native("PATCH", "/users/joe", &body);
    for (body, member, want) in [
        (
            json!({"email": "j@example.com"}),
            "email",
            json!("j@example.com"),
        ),
        (json!({"email": null}), "email", Value::Null),
        (json!({"last_name": ""}), "last_name", Value::Null),
        (json!({"expires": null}), "expires", Value::Null),
        (json!({}), "display_name", json!("Joe Test")),
        (
            json!({"name": "joseph"}),
            "subject_dn",
            json!("cn=joe,o=example"),
        ),
    ] {
        let changed = change(body.clone()).expect(200).json();
        assert_eq!(changed[member], want, "{body}");
        assert_eq!(changed["first_name"], "Joe", "{body}");
        assert_eq!(show(), changed);
    }
    for body in [
        json!({"email": "x".repeat(129)}),
        json!({"first_name": "a\u{7}"}),
        json!({"expires": "tomorrow"}),
        json!({"expires": 1}),
        json!({"certificate": null}),
    ] {
        refused(&change(body), 400, "invalid");
    }
}

#[test]
fn after_its_end_an_account_opens_nothing() {
    let server = Server::start();
    server.add_user("joe", "joe", "home", "self-service", "a password");
    let key = server
        .native("POST", "/users/joe/api-key", &json!({}))
        .expect(201)
        .json();
    let key = text(&key, "api_key");
    let whoami = |secret| server.native_as("joe", secret, "GET", "/whoami", &Value::Null);
    let token = server
        .native_as("joe", "a password", "POST", "/tokens", &json!({}))
        .expect(201)
        .json();
    let token = text(&token, "token");
    let by_token = || server.native_with_token(token, "GET", "/whoami", &Value::Null);
    for (expires, good) in [
        (json!(from_now("1 day")), true),
        (json!(from_now("-1 minute")), false),
        (Value::Null, true),
    ] {
        let change = json!({"expires": expires});
        server.native("PATCH", "/users/joe", &change).expect(200);
        for answer in [whoami("a password"), whoami(key), by_token()] {
            match good {
                true => assert_eq!(answer.expect(200).json()["user"]["expires"], expires),
                false => drop(refused(&answer, 403, "user-disabled")),
            }
        }
    }
}

#[test]
fn one_administrator_stays() {
    let server = Server::start();
    let admin = |body: Value| server.native("PATCH", "/users/admin", &body);
    for body in [
        json!({"roles": []}),
        json!({"roles": ["operator", "domain-administrator"]}),
        json!({"expires": "2099-01-01T00:00:00Z"}),
    ] {
        refused(&admin(body), 409, "conflict");
    }
    server.add_user("second", "second", "default", "administrator", "a password");
    let second = |method: &str, path: &str, body: Value| {
        server.native_as("second", "a password", method, path, &body)
    };
    second("PATCH", "/users/admin", json!({"roles": ["auditor"]})).expect(200);
    refused(
        &second("PATCH", "/users/second", json!({"roles": []})),
        409,
        "conflict",
    );
    second("PATCH", "/users/admin", json!({"roles": ["administrator"]})).expect(200);
    server
        .native("DELETE", "/users/second", &Value::Null)
        .expect(204);
}
