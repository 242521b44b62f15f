//! Log-ins, service accounts, and each way to prove with a call who one is.

use serde_json::{Value, json};

use super::{Client, PASSWORD, refused};
use crate::server::{Server, basic};
use crate::wire::Answer;

const LOGIN: &str = "/avxapi/login?gwsource=external";
const TOKEN: &str = "/avxapi/acctmgmt-get-service-token?gwsource=external";
const REFUSED: &str = "Authentication failed, reason - Invalid Credentials.";

/// A search, which needs no more than to be somebody.
fn searched(server: &Server, headers: &[(&str, &str)]) -> Answer {
    server.request("POST", "/avxapi/certificate/search", headers, b"{}")
}

#[test]
fn both_addresses_log_in() {
    let server = Server::start();
    let admin = server.admin();
    let who = [
        ("username", admin.user.as_str()),
        ("password", admin.password.as_str()),
    ];
    for path in [LOGIN, "/avxapi/acctmgmt-perform-login?gwsource=WEB"] {
        let mut said = server.request("POST", path, &who, b"{}").expect(200).json();
        let session = said["response"]["sessionId"].as_str().unwrap().to_owned();
        let lengths: Vec<usize> = session.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12], "{session}");
        said["response"]["sessionId"] = json!("<uuid>");
        let inner = json!({
            "status": "SUCCESS", "appStatusCode": null, "statusDescription": null, "sessionId": "<uuid>",
            "availableLoginAttemptCount": null,
        });
        let want = json!({"response": inner, "message": null, "appStatusCode": null, "tags": {}, "headers": null});
        assert_eq!(said, want);
        searched(&server, &[("sessionId", &session)]).expect(200);
        searched(&server, &[("SESSIONID", &session)]).expect(200);
    }
}

#[test]
fn log_ins_that_fail_say_why() {
    let server = Server::start();
    let admin = server.admin();
    let empty = "Username or password cannot be null or empty";
    for headers in [
        &[][..],
        &[("username", "a")],
        &[("username", "a"), ("password", "")],
        &[("password", "a")],
    ] {
        let answer = server.request("POST", LOGIN, headers, b"{}");
        refused(&answer, 400, "INVALID_REQUEST", empty);
    }
    for name in [admin.user.as_str(), "nobody"] {
        let headers = [("username", name), ("password", "wrong")];
        let answer = server.request("POST", LOGIN, &headers, b"{}");
        refused(
            &answer,
            401,
            "AVX_GW_003",
            "Login failed. Invalid credentials.",
        );
    }
}

#[test]
fn service_accounts_get_tokens() {
    let server = Server::start();
    let admin = server.admin();
    let (by_header, body) = (
        basic(&admin.user, &admin.api_key),
        b"grant_type=client_credentials",
    );
    let form = ("Content-Type", "application/x-www-form-urlencoded");
    let ways = [
        vec![("Authorization", by_header.as_str()), form],
        vec![
            ("client_id", admin.user.as_str()),
            ("client_secret", admin.api_key.as_str()),
        ],
    ];
    for headers in ways {
        let said = server
            .request("POST", TOKEN, &headers, body)
            .expect(200)
            .json();
        let token = said["response"].as_str().unwrap();
        assert_eq!(
            (&said["message"], &said["tags"]),
            (&Value::Null, &json!({}))
        );
        searched(&server, &[("Token", token)]).expect(200);
        searched(&server, &[("Authorization", &format!("Bearer {token}"))]).expect(200);
    }
    let words = "Invalid Request::[Invalid client Id or secret]";
    let wrong = basic(&admin.user, &admin.password);
    for headers in [
        &[][..],
        &[("Authorization", wrong.as_str())],
        &[("client_id", "x"), ("client_secret", "y")],
    ] {
        refused(
            &server.request("POST", TOKEN, headers, body),
            400,
            "ACCT_SA_001",
            words,
        );
    }
}

#[test]
fn nobody_is_refused() {
    let server = Server::start();
    let admin = server.admin();
    let wrong = [
        vec![],
        vec![("sessionId", "00112233-4455-6677-8899-aabbccddeeff")],
        vec![("token", "x")],
        vec![("username", admin.user.as_str()), ("password", "wrong")],
        vec![("username", admin.user.as_str())],
        vec![("Authorization", "Bearer x")],
    ];
    for headers in wrong {
        refused(&searched(&server, &headers), 401, "AVX_GW_003", REFUSED);
    }
    let joe = Client::new(&server, "joe", "default", "self-service");
    let who = [("username", "joe"), ("password", PASSWORD)];
    let said = server
        .request("POST", LOGIN, &who, b"{}")
        .expect(200)
        .json();
    let session = said["response"]["sessionId"].as_str().unwrap();
    let path = format!("/users/{}", joe.name);
    server
        .native("PATCH", &path, &json!({"disabled": true}))
        .expect(200);
    refused(
        &searched(&server, &[("sessionId", session)]),
        401,
        "AVX_GW_003",
        REFUSED,
    );
}
