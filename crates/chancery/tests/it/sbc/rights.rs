//! Who gets a token, and who may do what with it.

use crate::server::{Server, basic};

use super::{Client, ELEMENTS, PASSWORD, ask_token, assert_error, assert_nothing, element, record};

#[test]
fn a_token_is_had_for_name_and_password_alone() {
    let server = Server::start();
    let admin = server.admin();
    for value in [
        basic(&admin.user, "wrong"),
        basic(&admin.user, &admin.api_key),
        basic("nobody", &admin.password),
        "Basic !".to_owned(),
        "Digest x".to_owned(),
    ] {
        let refused = ask_token(&server, &value, "");
        assert_error(&refused, 401, "Client not authorized.");
        let challenge = refused.header("WWW-Authenticate").unwrap();
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
    }
    let look =
        |headers: &[(&str, &str)]| server.request("GET", "/rest/v1.1/auth/token", headers, b"");
    assert_error(&look(&[]), 401, "Client not authorized.");
    let good = basic(&admin.user, &admin.password);
    let wrong_method = look(&[("Authorization", &good)]);
    assert_error(&wrong_method, 405, "GET is not possible here");
    assert!(
        ask_token(&server, &good, "")
            .expect(200)
            .text()
            .contains("<accessToken>")
    );
}

/// A token is the server's, whichever API gave it.
#[test]
fn a_token_of_another_api_is_good_here() {
    let server = Server::start();
    let answer = server.native("POST", "/tokens", &serde_json::json!({}));
    let token = answer.expect(201).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let client = Client {
        server: &server,
        token,
    };
    client.get("/system/status").expect(200);
    assert_nothing(&client.lock());
}

#[test]
fn every_path_but_the_list_of_versions_needs_a_token() {
    let server = Server::start();
    let admin = server.admin();
    let password = basic(&admin.user, &admin.password);
    for (method, path) in [
        ("POST", "/configuration/lock"),
        ("POST", "/configuration/unlock"),
        (
            "GET",
            "/configuration/configElements?elementType=tls-profile",
        ),
        ("POST", "/configuration/configElements"),
        ("PUT", "/configuration/configElements"),
        (
            "DELETE",
            "/configuration/configElements?elementType=tls-profile&name=a",
        ),
        (
            "GET",
            "/configuration/elementTypes/template?elementType=tls-profile",
        ),
        (
            "GET",
            "/configuration/elementTypes/metadata?elementType=tls-profile",
        ),
        (
            "PUT",
            "/configuration/certificates/generateRequest?recordName=a",
        ),
        ("PUT", "/configuration/certificates/import"),
        ("PUT", "/configuration/management?action=save"),
        (
            "GET",
            "/configuration/management/operations/0123456789abcdef0123456789abcdef",
        ),
        ("GET", "/system/status"),
    ] {
        let path = format!("/rest/v1.2{path}");
        for headers in [
            &[][..],
            &[("Authorization", "Bearer x")],
            &[("Authorization", "Bearer ")],
            &[("Authorization", password.as_str())],
        ] {
            let refused = server.request(method, &path, headers, b"");
            assert_error(&refused, 401, "Client not authorized.");
        }
    }
    let versions = server.request("GET", "/rest/api/supportedversions", &[], b"");
    let want = "<data>\n<latestVersion>v1.2</latestVersion>\n<version>v1.0</version>\n<version>v1.1</version>\n</data>";
    assert!(versions.expect(200).text().contains(want));
}

#[test]
fn changes_are_for_those_who_may_issue_everywhere() {
    let server = Server::start();
    let editor = Client::editor(&server);
    editor.add(&record("r1")).expect(200);
    editor.activate();
    assert_nothing(&editor.unlock());
    for (role, reads, changes) in [
        ("operator", true, true),
        ("auditor", true, false),
        ("approver", true, false),
        ("domain-administrator", false, false),
        ("self-service", false, false),
    ] {
        let client = Client::new(&server, role, role);
        client.get("/system/status").expect(200);
        client
            .get("/configuration/elementTypes/template?elementType=tls-profile")
            .expect(200);
        let read = client.show("certificate-record", "r1");
        let lock = client.lock();
        let edit = [("name", "r1"), ("unit", role)];
        let others = [
            client.put(&element("certificate-record", &edit)),
            client.generate("recordName=r1"),
            client.send("PUT", "/configuration/management?action=save", ""),
            client.unlock(),
        ];
        let administrator = "requires administrator privileges";
        if reads {
            assert_eq!(read.status, 200, "{role}");
        } else {
            assert_error(&read, 403, administrator);
        }
        if changes {
            assert_nothing(&lock);
            assert!(others.iter().all(|answer| answer.status < 300), "{role}");
            continue;
        }
        assert_error(&lock, 403, administrator);
        for answer in others {
            assert_error(&answer, 403, administrator);
        }
    }
    let path = format!("{ELEMENTS}?elementType=certificate-record&name=r1");
    assert_eq!(
        super::values(&editor.get(&path).expect(200), "unit"),
        ["operator"]
    );
}

#[test]
fn with_a_user_go_its_token_and_the_lock() {
    let server = Server::start();
    let joe = Client::new(&server, "joe", "operator");
    assert_nothing(&joe.lock());
    joe.add(&record("r1")).expect(200);
    let off = serde_json::json!({"disabled": true});
    server.native("PATCH", "/users/joe", &off).expect(200);
    assert_error(&joe.get("/system/status"), 403, "the user is disabled");
    let refused = ask_token(&server, &basic("joe", PASSWORD), "");
    assert_error(&refused, 403, "the user is disabled");
    server
        .native("DELETE", "/users/joe", &serde_json::Value::Null)
        .expect(204);
    assert_error(&joe.get("/system/status"), 401, "Client not authorized.");
    let other = Client::editor(&server);
    assert_error(
        &other.show("certificate-record", "r1"),
        404,
        "no such element",
    );
}
