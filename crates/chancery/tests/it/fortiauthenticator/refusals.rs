//! What is refused before any certificate is looked at: callers, methods, paths.

use serde_json::json;

use super::{BASE, Client, PASSWORD, assert_empty};
use crate::server::{Server, basic};
use crate::wire::Answer;

#[track_caller]
fn assert_challenge(answer: &Answer) {
    assert_empty(answer, 401);
    assert_eq!(
        answer.header("WWW-Authenticate"),
        Some("Basic Realm=\"FortiAuthenticator\"")
    );
}

#[test]
fn only_api_keys_open_the_door() {
    let server = Server::start();
    let admin = server.admin().clone();
    let joe = Client::new(&server, "joe", "1001", "self-service");
    let token = server.native("POST", "/tokens", &json!({}));
    let wrong = [
        String::new(),
        "Basic".to_owned(),
        "Basic !!!".to_owned(),
        basic(&admin.user, &admin.password),
        basic("joe", PASSWORD),
        basic(&admin.user, ""),
        basic("nobody", &admin.api_key),
        joe.authorization.replace("Basic", "Bearer"),
        format!("Bearer {}", token.text()),
        format!("ApiKey {}:{}", admin.user, admin.api_key),
    ];
    for (path, method) in [
        ("/usercerts/", "GET"),
        ("/usercerts/1/", "GET"),
        ("/usercerts/1/", "PATCH"),
        ("/usercerts/pem/", "GET"),
        ("/usercerts/schema/", "GET"),
        ("/usercerts/renew/", "POST"),
        ("/scepreqs/", "GET"),
        ("/scepreqs/schema/", "GET"),
        ("/systeminfo/", "GET"),
    ] {
        assert_challenge(&server.request(method, &format!("{BASE}{path}"), &[], b""));
    }
    for value in &wrong {
        let headers = [("Authorization", value.as_str())];
        assert_challenge(&server.request("GET", "/api/v1/usercerts/", &headers, b""));
    }
    joe.get("/usercerts/").expect(200);
    let disabled = json!({"disabled": true});
    server.native("PATCH", "/users/joe", &disabled).expect(200);
    assert_challenge(&joe.get("/usercerts/"));
}

#[test]
fn the_directory_is_open() {
    let server = Server::start();
    for path in ["/api/v1/", "/api/v1"] {
        let answer = server.request("GET", path, &[], b"").expect(200);
        let directory = answer.json();
        for resource in ["usercerts", "scepreqs", "systeminfo"] {
            let want = json!({
                "list_endpoint": format!("/api/v1/{resource}/"),
                "schema": format!("/api/v1/{resource}/schema/"),
            });
            assert_eq!(directory[resource], want);
        }
    }
    let xml = server
        .request("GET", "/api/v1/?format=xml", &[], b"")
        .expect(200);
    assert!(xml.text().contains(
        "<response><scepreqs type=\"hash\"><list_endpoint>/api/v1/scepreqs/</list_endpoint>"
    ));
}

#[test]
fn other_methods_are_told_which_there_are() {
    let server = Server::start();
    let client = Client::administrator(&server);
    for (path, methods) in [
        ("/", "GET"),
        ("/usercerts/", "GET"),
        ("/usercerts/schema/", "GET"),
        ("/usercerts/pem/", "GET"),
        ("/usercerts/renew/", "POST"),
        ("/usercerts/1/", "GET,PATCH"),
        ("/scepreqs/", "GET"),
        ("/scepreqs/1/", "GET,DELETE"),
        ("/systeminfo/", "GET"),
    ] {
        for path in [path, path.strip_suffix('/').unwrap()] {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"] {
                if methods.split(',').any(|known| known == method) {
                    continue;
                }
                let answer = client.send(method, path, &[], b"{}");
                assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
                assert_eq!(answer.header("Allow"), Some(methods), "{method} {path}");
                assert_eq!(answer.text(), methods, "{method} {path}");
            }
            let answer = client.send("OPTIONS", path, &[], b"").expect(200);
            assert_eq!(
                (answer.header("Allow"), answer.text().as_str()),
                (Some(methods), methods)
            );
        }
    }
    let get = [("X-HTTP-Method-Override", "DELETE")];
    client.send("POST", "/usercerts/1/", &get, b"").expect(405);
    assert_eq!(
        client
            .send("HEAD", "/usercerts/", &[], b"")
            .expect(200)
            .text(),
        ""
    );
}

#[test]
fn nothing_else_stands_there() {
    let server = Server::start();
    let client = Client::administrator(&server);
    for path in [
        "/usercerts/0/",
        "/usercerts/999",
        "/usercerts/99999999999999999999/",
        "/scepreqs/1/",
        "/scepreqs/1",
    ] {
        assert_empty(&client.get(path), 404);
    }
    assert_empty(&client.send("DELETE", "/scepreqs/1/", &[], b""), 404);
    for path in [
        "/usercerts/x/",
        "/usercerts/-1/",
        "/usercerts/1/more/",
        "/usercerts/%ff/",
        "/usercerts//",
        "/localusers/",
        "/usercert",
        "/scepregs/",
        "/x/y/z",
    ] {
        let answer = client.get(path).expect(404);
        assert!(answer.json()["error_message"].is_string(), "{path}");
    }
}
