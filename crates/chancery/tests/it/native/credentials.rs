//! Passwords, API keys and tokens; what ends one ends it at once.

use serde_json::{Value, json};

use super::{refused, text};
use crate::server::{Server, basic};
use crate::wire::Answer;

pub(super) const JOE: &str = "000000003002";

/// A server with the user joe of a domain of its own, that lets wrong credentials be tried.
pub(super) fn server_with_joe() -> Server {
    let server = Server::start_with_config("[accounts]\nfree_attempts = 1000\n");
    server.add_joe();
    server
}

pub(super) fn whoami(server: &Server, user: &str, secret: &str) -> Answer {
    server.native_as(user, secret, "GET", "/whoami", &Value::Null)
}

fn new_api_key(server: &Server, id: &str) -> String {
    let answer = server
        .native("POST", &format!("/users/{id}/api-key"), &json!({}))
        .expect(201)
        .json();
    let key = text(&answer, "api_key").to_owned();
    assert_eq!(key.len(), 40, "{key}");
    key
}

#[test]
fn a_new_api_key_ends_the_old_one_at_once() {
    let server = server_with_joe();
    let first = new_api_key(&server, JOE);
    whoami(&server, "joe", &first).expect(200);
    let second = new_api_key(&server, JOE);
    refused(&whoami(&server, "joe", &first), 401, "unauthenticated");
    whoami(&server, "joe", &second).expect(200);
    whoami(&server, JOE, &second).expect(200);
    whoami(&server, "joe", "a password").expect(200);
    refused(&whoami(&server, "admin", &second), 401, "unauthenticated");
    server
        .native("DELETE", "/users/000000003002/api-key", &Value::Null)
        .expect(204);
    refused(&whoami(&server, "joe", &second), 401, "unauthenticated");
    assert_eq!(
        server
            .native("GET", "/users/000000003002", &Value::Null)
            .json()["has_api_key"],
        false
    );
    // Their own key is everybody's to make and to take away.
    let own = server
        .native_as(
            "joe",
            "a password",
            "POST",
            "/users/000000003002/api-key",
            &Value::Null,
        )
        .expect(201)
        .json();
    whoami(&server, "joe", text(&own, "api_key")).expect(200);
}

fn token(server: &Server, user: &str, secret: &str) -> String {
    let answer = server
        .native_as(user, secret, "POST", "/tokens", &json!({}))
        .expect(201)
        .json();
    let token = text(&answer, "token").to_owned();
    assert!(
        token.starts_with("chancery_") && token.len() == 73,
        "{token}"
    );
    let left = super::unix(text(&answer, "expires")) - super::unix("now");
    assert!((43_100..=43_200).contains(&left), "{left}");
    token
}

fn with_token(server: &Server, token: &str) -> Answer {
    server.native_with_token(token, "GET", "/whoami", &Value::Null)
}

#[test]
fn tokens_serve_until_they_are_ended() {
    let server = server_with_joe();
    let (first, second) = (
        token(&server, "joe", "a password"),
        token(&server, "joe", "a password"),
    );
    assert_eq!(
        with_token(&server, &first).expect(200).json()["user"]["name"],
        "joe"
    );
    let third = server
        .native_with_token(&first, "POST", "/tokens", &Value::Null)
        .expect(201)
        .json();
    server
        .native_with_token(&first, "DELETE", "/tokens/current", &Value::Null)
        .expect(204);
    refused(&with_token(&server, &first), 401, "unauthenticated");
    refused(
        &server.native_with_token(&first, "DELETE", "/tokens/current", &Value::Null),
        401,
        "unauthenticated",
    );
    with_token(&server, &second).expect(200);
    with_token(&server, text(&third, "token")).expect(200);
    refused(
        &server.native("DELETE", "/tokens/current", &Value::Null),
        400,
        "invalid",
    );
    for wrong in ["", "chancery_", "x", &second[..72], &second.to_uppercase()] {
        refused(&with_token(&server, wrong), 401, "unauthenticated");
    }
    // A token is no password.
    refused(&whoami(&server, "joe", &second), 401, "unauthenticated");
}

/// Who found a token lives no longer on it than it lasts, and makes no lasting way in of it.
#[test]
fn a_token_alone_changes_no_credential_and_makes_none_that_outlives_it() {
    let server = server_with_joe();
    let answer = server
        .native_as("joe", "a password", "POST", "/tokens", &json!({}))
        .expect(201)
        .json();
    let (first, ends) = (text(&answer, "token"), text(&answer, "expires"));
    for (method, path, body) in [
        (
            "PATCH",
            "/users/000000003002",
            json!({"password": "another"}),
        ),
        ("POST", "/users/000000003002/api-key", json!({})),
        ("DELETE", "/users/000000003002/api-key", Value::Null),
    ] {
        refused(
            &server.native_with_token(first, method, path, &body),
            400,
            "invalid",
        );
    }
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let second = server
        .native_with_token(first, "POST", "/tokens", &json!({}))
        .expect(201)
        .json();
    assert_eq!(text(&second, "expires"), ends);
    whoami(&server, "joe", "a password").expect(200);
}

#[test]
fn a_new_api_key_ends_every_token() {
    let server = server_with_joe();
    let joes = token(&server, "joe", "a password");
    new_api_key(&server, JOE);
    refused(&with_token(&server, &joes), 401, "unauthenticated");
}

#[test]
fn a_new_password_ends_the_old_one_and_every_token() {
    let server = server_with_joe();
    let admins = token(&server, "admin", &server.admin().api_key);
    let joes = token(&server, "joe", "a password");
    with_token(&server, &joes).expect(200);
    server
        .native_as(
            "joe",
            "a password",
            "PATCH",
            "/users/000000003002",
            &json!({"password": "another"}),
        )
        .expect(200);
    refused(&with_token(&server, &joes), 401, "unauthenticated");
    refused(
        &whoami(&server, "joe", "a password"),
        401,
        "unauthenticated",
    );
    whoami(&server, "joe", "another").expect(200);
    with_token(&server, &admins).expect(200);
}

/// Each way in of somebody who is disabled, or whose domain is, is shut at once, however lately it was used.
#[test]
fn the_disabled_are_kept_out_at_once() {
    let server = server_with_joe();
    let (key, token) = (
        new_api_key(&server, JOE),
        token(&server, "joe", "a password"),
    );
    let check = |status: u16, kind: &str| {
        for answer in [
            whoami(&server, "joe", "a password"),
            whoami(&server, "joe", &key),
            with_token(&server, &token),
        ] {
            if status == 200 {
                answer.expect(200);
            } else {
                refused(&answer, status, kind);
            }
        }
    };
    check(200, "");
    for path in ["/users/000000003002", "/domains/000000001001"] {
        server
            .native("PATCH", path, &json!({"disabled": true}))
            .expect(200);
        check(403, "user-disabled");
        // Only who proves to be that user learns that it is disabled.
        refused(&whoami(&server, "joe", "wrong"), 401, "unauthenticated");
        server
            .native("PATCH", path, &json!({"disabled": false}))
            .expect(200);
        check(200, "");
    }
    server
        .native("PATCH", "/users/000000003002", &json!({"roles": []}))
        .expect(200);
    let list = server.native_with_token(&token, "GET", "/certificates", &Value::Null);
    refused(&list, 403, "forbidden");
    server
        .native("DELETE", "/users/000000003002", &Value::Null)
        .expect(204);
    check(401, "unauthenticated");
}

#[test]
fn wrong_credentials_are_told_how_to_prove_who_they_are() {
    let server = server_with_joe();
    let ask = |authorization: Option<&str>| {
        let headers: Vec<(&str, &str)> = authorization
            .iter()
            .map(|value| ("Authorization", *value))
            .collect();
        server.request("GET", "/chancery/v1/whoami", &headers, b"")
    };
    let wrong = basic("joe", "wrong");
    let nobody = basic("nobody", "x");
    for authorization in [
        None,
        Some(""),
        Some("Basic"),
        Some("Basic !"),
        Some("Digest x"),
        Some(&wrong),
        Some(&nobody),
        Some("Bearer x"),
    ] {
        let answer = ask(authorization);
        refused(&answer, 401, "unauthenticated");
        let challenges: Vec<&str> = answer
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
            .map(|(_, value)| value.as_str())
            .collect();
        assert_eq!(
            challenges,
            ["Basic realm=\"Chancery\", charset=\"UTF-8\"", "Bearer"],
            "{authorization:?}"
        );
    }
    let right = basic("joe", "a password");
    ask(Some(&right)).expect(200);
    ask(Some(&right.replace("Basic", "bAsIc"))).expect(200);
}
