//! What is no request of this API: versions, representations, methods, paths, and the wrong port.

use crate::server::Server;
use crate::wire;

use super::{Client, ELEMENTS, assert_error, assert_nothing, record, text_of};

#[test]
fn every_version_is_the_same_and_others_are_unknown() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let bearer = format!("Bearer {}", client.token);
    let headers = [("Authorization", bearer.as_str())];
    for version in ["v1.0", "v1.1", "v1.2"] {
        let path = format!("/rest/{version}/configuration/lock");
        assert_nothing(&server.request("POST", &path, &headers, b""));
        let path = format!("/rest/{version}/system/status");
        let status = server.request("GET", &path, &headers, b"").expect(200);
        assert_eq!(text_of(&status, "role"), "standalone");
        let path = format!("/rest/{version}/configuration/management?action=save");
        let saved = server.request("PUT", &path, &headers, b"").expect(202);
        let link = text_of(&saved, "link");
        assert!(
            link.starts_with(&format!("https://localhost/rest/{version}/")),
            "{link}"
        );
    }
    for path in [
        "/rest/v1.3/system/status",
        "/rest/v1/auth/token",
        "/rest/V1.2/auth/token",
        "/rest/v2.0/configuration/lock",
        "/rest/",
        "/rest",
        "/rest/v9",
        "/rest/api/other",
        "/rest/api/auth/token",
    ] {
        let refused = server.request("GET", path, &[], b"");
        assert_error(&refused, 404, "Unsupported versionId in URI");
    }
}

#[test]
fn links_name_the_host_that_was_asked() {
    let server = Server::start();
    let client = Client::editor(&server);
    let bearer = format!("Bearer {}", client.token);
    let path = "/rest/v1.1/configuration/management?action=save";
    let saved = |host: &str| {
        let headers = [("Authorization", bearer.as_str()), ("Host", host)];
        server.request("PUT", path, &headers, b"")
    };
    let link = text_of(&saved("sbc.example:9443").expect(202), "link");
    assert!(
        link.starts_with("https://sbc.example:9443/rest/v1.1/"),
        "{link}"
    );
    assert_error(&saved("a/b"), 400, "names no host");
}

#[test]
fn nothing_else_stands_here() {
    let server = Server::start();
    let client = Client::administrator(&server);
    for path in [
        "",
        "/",
        "/auth",
        "/auth/token/x",
        "/configuration",
        "/configuration/certificates",
        "/configuration/lock/",
        "/admin/reboot",
    ] {
        assert_error(&client.get(path), 404, "there is nothing at /rest/v1.2");
    }
    for id in ["x", "0123456789abcdef0123456789abcdef", "%ff", "..%2f"] {
        let path = format!("/configuration/management/operations/{id}");
        let answer = client.get(&path);
        assert!(
            [400, 404].contains(&answer.status),
            "{id} {}",
            answer.text()
        );
        assert_eq!(
            answer.header("Content-Type"),
            Some("application/xml"),
            "{id}"
        );
    }
    for (method, path) in [
        ("PUT", "/auth/token"),
        ("GET", "/configuration/lock"),
        ("DELETE", "/configuration/unlock"),
        ("PATCH", "/configuration/configElements"),
        (
            "POST",
            "/configuration/certificates/generateRequest?recordName=a",
        ),
        ("POST", "/configuration/certificates/import"),
        ("GET", "/configuration/management"),
        ("POST", "/system/status"),
    ] {
        let refused = client.send(method, path, "");
        assert_error(&refused, 405, &format!("{method} is not possible here"));
        assert!(refused.header("Allow").is_some(), "{method} {path}");
    }
}

#[test]
fn answers_are_xml_for_those_who_take_it() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let bearer = format!("Bearer {}", client.token);
    let status = |accept: &str| {
        let headers = [("Authorization", bearer.as_str()), ("Accept", accept)];
        server.request("GET", "/rest/v1.2/system/status", &headers, b"")
    };
    for accept in [
        "application/xml",
        "text/xml",
        "*/*",
        "application/*",
        "application/json, */*;q=0.1",
    ] {
        status(accept).expect(200);
    }
    for accept in ["application/json", "text/html", "application/xml;q=0"] {
        assert_error(&status(accept), 406, "the Accept header does not take");
    }
    let headers = [("Accept", "application/json")];
    let token = server.request("POST", "/rest/v1.2/auth/token", &headers, b"");
    assert_error(&token, 406, "the Accept header does not take");
}

#[test]
fn a_body_is_xml_whatever_it_is_called() {
    let server = Server::start();
    let client = Client::editor(&server);
    let bearer = format!("Bearer {}", client.token);
    let add = |content_type: Option<&str>, body: &str| {
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(content_type.map(|value| ("Content-Type", value)));
        server.request(
            "POST",
            &format!("/rest/v1.2{ELEMENTS}"),
            &headers,
            body.as_bytes(),
        )
    };
    for (at, content_type) in [
        None,
        Some("application/xml"),
        Some("text/xml; charset=utf-8"),
        Some("application/x-www-form-urlencoded"),
        Some("application/json"),
        Some("nonsense"),
    ]
    .into_iter()
    .enumerate()
    {
        add(content_type, &record(&format!("r{at}"))).expect(200);
    }
    let json = "{\"elementType\": \"certificate-record\"}";
    for other in ["application/json", "application/x-www-form-urlencoded"] {
        let refused = add(Some(other), json);
        assert_error(
            &refused,
            415,
            &format!("{other} is not read: send application/xml"),
        );
    }
    assert_error(&add(Some("application/xml"), json), 400, "not well formed");
    assert_error(&add(None, json), 400, "not well formed");
    assert_error(&add(None, ""), 400, "send <configElement> in the body");
}

#[test]
fn whoever_comes_without_tls_is_told_so() {
    let server = Server::start();
    let address = server.http_url();
    let address = address.trim_start_matches("http://");
    for (method, path) in [
        ("POST", "/rest/v1.2/auth/token"),
        ("GET", "/rest/v1.0/system/status"),
        ("GET", "/rest/api/supportedversions"),
        ("GET", "/rest/v9/x"),
        (
            "PUT",
            "/rest/v1.2/configuration/certificates/generateRequest?recordName=a",
        ),
        ("GET", "/rest"),
        ("GET", "/rest/"),
    ] {
        let request = wire::request(method, path, &[("Authorization", "Basic eDp5")], b"");
        let answer = wire::in_the_clear(address, &request);
        assert_error(&answer, 426, "Client must connect with HTTPS.");
        assert!(answer.header("Upgrade").unwrap().starts_with("TLS/"));
    }
    // The same port still serves what it is for.
    server.http("/crl/issuing.crl").expect(200);
}
