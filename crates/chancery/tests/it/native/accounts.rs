//! Users, domains, API keys and tokens; what ends a credential ends it at once.

use serde_json::{Value, json};

use super::{refused, text, texts};
use crate::server::Server;
use crate::wire::Answer;

const JOE: &str = "000000003002";

/// A server with the user joe of a domain of its own, that lets wrong credentials be tried.
fn server_with_joe() -> Server {
    let server = Server::start_with_config("[accounts]\nfree_attempts = 1000\n");
    server.add_user("joe", JOE, "000000001001", "self-service", "a password");
    server
}

fn whoami(server: &Server, user: &str, secret: &str) -> Answer {
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
    for (method, path, body, status, kind) in [
        ("POST", "/users", json!({"name": "joe"}), 409, "conflict"),
        (
            "POST",
            "/users",
            json!({"name": "ann", "id": JOE}),
            409,
            "conflict",
        ),
        (
            "POST",
            "/users",
            json!({"name": "ann", "domain": "no where"}),
            400,
            "invalid",
        ),
        (
            "POST",
            "/users",
            json!({"name": "ann", "roles": ["root"]}),
            400,
            "invalid",
        ),
        (
            "POST",
            "/users",
            json!({"name": "ann", "password": ""}),
            400,
            "invalid",
        ),
        ("POST", "/users", json!({"name": "a b"}), 400, "invalid"),
        ("POST", "/users", json!({"name": "a:b"}), 400, "invalid"),
        ("POST", "/users", json!({"name": ""}), 400, "invalid"),
        ("POST", "/users", json!({"name": long}), 400, "invalid"),
        (
            "POST",
            "/users",
            json!({"name": "ann", "id": ""}),
            400,
            "invalid",
        ),
        (
            "POST",
            "/users",
            json!({"name": "ann", "id": "a b"}),
            400,
            "invalid",
        ),
        ("POST", "/users", json!({}), 400, "invalid"),
        (
            "POST",
            "/users",
            json!({"name": "ann", "colour": "red"}),
            400,
            "invalid",
        ),
        (
            "PATCH",
            "/users/000000003002",
            json!({"name": "admin"}),
            409,
            "conflict",
        ),
        (
            "PATCH",
            "/users/000000003002",
            json!({"domain": "nowhere"}),
            409,
            "conflict",
        ),
        (
            "PATCH",
            "/users/000000003002",
            json!({"id": "x"}),
            400,
            "invalid",
        ),
        (
            "PATCH",
            "/users/nobody",
            json!({"name": "x"}),
            404,
            "not-found",
        ),
        (
            "PATCH",
            "/users/admin",
            json!({"disabled": true}),
            400,
            "invalid",
        ),
        ("DELETE", "/users/admin", Value::Null, 400, "invalid"),
        (
            "DELETE",
            "/users/000000003002",
            Value::Null,
            409,
            "conflict",
        ),
        ("POST", "/users/nobody/api-key", json!({}), 404, "not-found"),
        (
            "DELETE",
            "/users/nobody/api-key",
            Value::Null,
            404,
            "not-found",
        ),
        ("GET", "/users?domain=a%20b", Value::Null, 400, "invalid"),
        ("GET", "/users?limit=0", Value::Null, 400, "invalid"),
        (
            "POST",
            "/domains",
            json!({"id": "000000001001"}),
            409,
            "conflict",
        ),
        ("POST", "/domains", json!({"id": "a b"}), 400, "invalid"),
        (
            "POST",
            "/domains",
            json!({"id": "x", "name": ""}),
            400,
            "invalid",
        ),
        ("POST", "/domains", json!({}), 400, "invalid"),
        (
            "PATCH",
            "/domains/nowhere",
            json!({"name": "x"}),
            404,
            "not-found",
        ),
        (
            "PATCH",
            "/domains/default",
            json!({"disabled": true}),
            400,
            "invalid",
        ),
        ("DELETE", "/domains/nowhere", Value::Null, 404, "not-found"),
        (
            "DELETE",
            "/domains/000000001001",
            Value::Null,
            409,
            "conflict",
        ),
        ("DELETE", "/domains/default", Value::Null, 409, "conflict"),
    ] {
        let answer = server.native(method, path, &body);
        assert_eq!(
            answer.status,
            status,
            "{method} {path} {body}: {}",
            answer.text()
        );
        refused(&answer, status, kind);
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
    let wrong = crate::server::basic("joe", "wrong");
    let nobody = crate::server::basic("nobody", "x");
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
    let right = crate::server::basic("joe", "a password");
    ask(Some(&right)).expect(200);
    ask(Some(&right.replace("Basic", "bAsIc"))).expect(200);
}
