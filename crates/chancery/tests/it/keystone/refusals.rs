//! Bad input: each a fault in Keystone's own form, in the caller's representation, nothing stored, the server as before.

use serde_json::{Value, json};

use super::{BASE, Client, PASSWORD, assert_fault};
use crate::server::Server;

const JSON: &str = "application/json";
const XML: &str = "application/xml";
const EXT: &str = "xmlns=\"http://docs.openstack.org/identity/api/ext/hp/v1.0\"";

fn joe(server: &Server) -> Client<'_> {
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    Client::log_in(server, "joe")
}

#[test]
fn requests_without_a_good_token_are_unauthorized() {
    let server = Server::start();
    let joe = joe(&server);
    let path = format!("{BASE}/certificates");
    let token = joe.token.as_str();
    let shorter = &token[..token.len() - 1];
    let none: [&[(&str, &str)]; 6] = [
        &[],
        &[("X-Auth-Token", "")],
        &[("X-Auth-Token", "HPAuth_000000000000000000000000")],
        &[("X-Auth-Token", shorter)],
        &[("X-Auth-Token", token), ("X-Auth-Token", token)],
        &[("Authorization", "Bearer x")],
    ];
    for headers in none {
        for method in ["GET", "PUT", "POST"] {
            assert_fault(
                &server.request(method, &path, headers, b"{}"),
                401,
                "unauthorized",
            );
        }
        let with_accept = [headers, &[("Accept", XML)]].concat();
        let answer = server.request("GET", &path, &with_accept, b"");
        assert_eq!(answer.header("Content-Type"), Some(XML));
        assert_fault(&answer, 401, "unauthorized");
    }
}

#[test]
fn other_paths_and_methods_are_faults_too() {
    let server = Server::start();
    let joe = joe(&server);
    for path in [
        "/v2.0/nothing",
        "/v2.0/HP-IDM/v1.0",
        "/v2.0/HP-IDM/v1.0/certificates/CN=a",
        "/v2.0/HP-IDM/v1.0/certificates/a/b/c",
        "/v2.0//",
    ] {
        for media_type in [JSON, XML] {
            assert_fault(&joe.send("GET", path, media_type, b""), 404, "itemNotFound");
        }
    }
    for (method, path, allowed) in [
        (
            "DELETE",
            "/v2.0/HP-IDM/v1.0/certificates",
            ["GET", "PUT", "POST"],
        ),
        (
            "POST",
            "/v2.0/HP-IDM/v1.0/certificates/CN=a/01",
            ["GET", "PUT", "DELETE"],
        ),
        ("PATCH", "/v2.0/tokens/x", ["GET", "HEAD", "DELETE"]),
    ] {
        for media_type in [JSON, XML] {
            let answer = joe.send(method, path, media_type, b"");
            assert_fault(&answer, 405, "identityFault");
            let allow = answer.header("Allow").unwrap_or_default();
            assert!(
                allowed.iter().all(|method| allow.contains(method)),
                "{path}: {allow}"
            );
        }
    }
}

#[test]
fn queries_that_cannot_be_meant_are_bad_requests() {
    let server = Server::start();
    let joe = joe(&server);
    for (query, status, element) in [
        ("status=foo", 400, "badRequest"),
        ("export=maybe", 400, "badRequest"),
        ("limit=-1", 400, "badRequest"),
        ("limit=0", 400, "badRequest"),
        ("limit=ten", 400, "badRequest"),
        ("limit=1001", 413, "overLimit"),
        ("limit=1000000000000000000000000000000", 413, "overLimit"),
        ("limit=1&limit=2", 400, "badRequest"),
        ("marker=x", 400, "badRequest"),
        (
            "marker=326dd2ab79ddc98cf4620b7df0f557501fdd3dd",
            400,
            "badRequest",
        ),
        ("subjectKeyId=zz", 400, "badRequest"),
        ("serialNumber=01", 400, "badRequest"),
        ("issuerName=", 400, "badRequest"),
        ("issuerName=Joe", 400, "badRequest"),
        ("issuerName=CN%3Da&serialNumber=xyz", 400, "badRequest"),
        ("userId=a%20b", 400, "badRequest"),
        ("userId=%FF", 400, "badRequest"),
        ("domainId=%00", 400, "badRequest"),
    ] {
        let path = format!("{BASE}/certificates?{query}");
        for media_type in [JSON, XML] {
            assert_fault(&joe.send("GET", &path, media_type, b""), status, element);
        }
    }
    let long = format!("{BASE}/certificates?issuerName=CN%3D{}", "a".repeat(20_000));
    assert_fault(&joe.send("GET", &long, JSON, b""), 400, "badRequest");
    for path in ["CN=a/xyz", "Joe/01", "%20/01", "%FF/01", "CN=a%00b/%FF"] {
        assert_fault(
            &joe.send("GET", &format!("{BASE}/certificates/{path}"), JSON, b""),
            400,
            "badRequest",
        );
    }
    for path in ["CN=a/01", "CN=a%00b/01", "CN=a/00"] {
        assert_fault(
            &joe.send("GET", &format!("{BASE}/certificates/{path}"), JSON, b""),
            404,
            "itemNotFound",
        );
    }
}

/// Sends a creation, an import and an update, each with that body; each must be refused.
#[track_caller]
fn refused(joe: &Client<'_>, media_type: &str, body: &[u8], status: u16, element: &str) {
    let certificates = format!("{BASE}/certificates");
    let one = format!("{BASE}/certificates/CN=a/01");
    for (method, path) in [
        ("POST", &certificates),
        ("PUT", &certificates),
        ("PUT", &one),
    ] {
        assert_fault(&joe.send(method, path, media_type, body), status, element);
    }
    assert_fault(
        &joe.send("POST", "/v2.0/tokens", media_type, body),
        status,
        element,
    );
}

#[test]
fn broken_bodies_are_bad_requests_and_large_ones_over_the_limit() {
    let server = Server::start();
    let joe = joe(&server);
    let deep_json = "[".repeat(200_000);
    let deep_xml = "<a>".repeat(200_000);
    let wide_xml = format!(
        "<certificate {EXT} {}/>",
        (0..100_000)
            .map(|n| format!("a{n}=''"))
            .collect::<Vec<_>>()
            .join(" ")
    );
    let bomb =
        "<!DOCTYPE a [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;&a;'>]><certificate>&b;</certificate>";
    for body in [
        "",
        " ",
        "null",
        "[]",
        "\"\"",
        "{",
        "{}x",
        "{\"certificate\":[]}",
        "{\"certificate\":{}}}",
        "{\"a\":1,\"a\":2}",
        "{\"certificate\":{\"status\":\"active\",\"status\":\"inactive\"}}",
        "{\"certificate\":{\"userId\":{}}}",
        &deep_json,
        "<certificate/>",
    ] {
        refused(&joe, JSON, body.as_bytes(), 400, "badRequest");
    }
    refused(
        &joe,
        JSON,
        b"{\"certificate\":{\"subject\":\"\xff\"}}",
        400,
        "badRequest",
    );
    for body in [
        "",
        "{}",
        "<certificate/>",
        "<certificate xmlns='urn:x'/>",
        "<certificates",
        "<a></b>",
        &format!("<certificate {EXT}/>junk"),
        &format!("<certificate {EXT}/><certificate {EXT}/>"),
        &format!("<!DOCTYPE certificate><certificate {EXT} status='active'/>"),
        bomb,
        &deep_xml,
        &wide_xml,
        &format!("<?xml version='1.0' encoding='UTF-16'?><certificate {EXT} status='active'/>"),
        &format!("<certificate {EXT} status='&x;'/>"),
    ] {
        refused(&joe, XML, body.as_bytes(), 400, "badRequest");
    }
    refused(
        &joe,
        XML,
        format!("<certificate {EXT} status='active'>\u{1}</certificate>").as_bytes(),
        400,
        "badRequest",
    );
    refused(&joe, XML, b"<a>\xff</a>", 400, "badRequest");
    refused(
        &joe,
        "application/json; charset=utf-16",
        b"{}",
        400,
        "badRequest",
    );
    let large = format!(
        "{{\"certificate\":{{\"subject\":\"{}\"}}}}",
        "a".repeat(1_100_000)
    );
    refused(&joe, JSON, large.as_bytes(), 413, "overLimit");
    assert!(joe.list("").is_empty());
}

#[test]
fn certificates_that_cannot_be_made_are_bad_requests() {
    let server = Server::start();
    let joe = joe(&server);
    let long = format!("CN={}", "a".repeat(65));
    let very_long = format!("CN={}", "a".repeat(20_000));
    let many = vec!["OU=x"; 40].join(",");
    for asked in [
        json!({"subject": "CN=Joe"}),
        json!({"userId": "3002"}),
        json!({"userId": "", "subject": "CN=Joe"}),
        json!({"userId": 3002, "subject": "CN=Joe"}),
        json!({"userId": "3002", "subject": ""}),
        json!({"userId": "3002", "subject": "Joe"}),
        json!({"userId": "3002", "subject": "CN="}),
        json!({"userId": "3002", "subject": "CN=a\u{0}b"}),
        json!({"userId": "3002", "subject": "CN=a\\00b"}),
        json!({"userId": "3002", "subject": "CN=a\u{202e}b"}),
        json!({"userId": "3002", "subject": "C=USA"}),
        json!({"userId": "3002", "subject": long}),
        json!({"userId": "3002", "subject": very_long}),
        json!({"userId": "3002", "subject": many}),
        json!({"userId": "3002", "subject": "CN=Joe", "status": "revoked"}),
        json!({"userId": "3002", "subject": "CN=Joe", "status": "foo"}),
        json!({"userId": "3002", "subject": "CN=Joe", "publicKeyAlgorithm": "DSA"}),
        json!({"userId": "3002", "subject": "CN=Joe", "publicKeyAlgorithm": "RSA", "publicKeyLength": 512}),
        json!({"userId": "3002", "subject": "CN=Joe", "publicKeyLength": 1024}),
        json!({"userId": "3002", "subject": "CN=Joe", "publicKeyLength": 1e30}),
        json!({"userId": "3002", "subject": "CN=Joe", "publicKeyLength": -2048}),
        json!({"userId": "3002", "subject": "CN=Joe", "validFrom": "soon"}),
        json!({"userId": "3002", "subject": "CN=Joe", "validFrom": 0}),
        json!({"userId": "3002", "subject": "CN=Joe", "validTo": "2011-09-20T01:11:14"}),
        json!({"userId": "3002", "subject": "CN=Joe", "validTo": "9999-12-31T23:59:59Z"}),
        json!({"userId": "3002", "subject": "CN=Joe", "validTo": i64::MAX}),
    ] {
        let body = json!({ "certificate": asked }).to_string();
        let answer = joe.send(
            "POST",
            &format!("{BASE}/certificates"),
            JSON,
            body.as_bytes(),
        );
        assert_eq!(answer.status, 400, "{body:.200}: {}", answer.text());
        assert_fault(&answer, 400, "badRequest");
    }
    assert!(joe.list("").is_empty());
}

#[test]
fn certificates_that_cannot_be_read_are_not_imported() {
    let server = Server::start();
    let joe = joe(&server);
    let request = include_str!(
        "../../../../chancery-http/src/apis/keystone/golden/04-import-json.request.http"
    );
    let good = request
        .split_once("\"data\" : \"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    let cut = good.replace("aA==", "");
    let other_length = good.replacen("MIICnTCC", "MIICnjCC", 1);
    let long = format!(
        "-----BEGIN CERTIFICATE-----{}-----END CERTIFICATE-----",
        "A".repeat(200_000)
    );
    let key = json!({"format": "BASE64_PKCS8", "data": "-----BEGIN PRIVATE KEY-----AAAA-----END PRIVATE KEY-----"});
    let file = |data: &str| json!({"format": "BASE64_DER", "data": data});
    for asked in [
        json!({"userId": "3002"}),
        json!({"certificateFile": file(good)}),
        json!({"userId": "3002", "certificateFile": {}}),
        json!({"userId": "3002", "certificateFile": {"format": "PKCS12", "data": good}}),
        json!({"userId": "3002", "certificateFile": file("")}),
        json!({"userId": "3002", "certificateFile": file("-----BEGIN CERTIFICATE-----")}),
        json!({"userId": "3002", "certificateFile": file(&cut)}),
        json!({"userId": "3002", "certificateFile": file(&other_length)}),
        json!({"userId": "3002", "certificateFile": file(&long)}),
        json!({"userId": "3002", "certificateFile": file(&format!("{good}{good}"))}),
        json!({"userId": "3002", "certificateFile": file(good), "privateKeyFile": key}),
        json!({"userId": "3002", "certificateFile": file(good), "status": "revoked"}),
        json!({"userId": "3002", "certificateFile": file(good), "domainId": "2002"}),
    ] {
        let body = json!({"certificates": {"certificate": [asked]}});
        let answer = joe.json("PUT", "/certificates", &body);
        assert_eq!(
            answer.status,
            400,
            "{:.200}: {}",
            body.to_string(),
            answer.text()
        );
        assert_fault(&answer, 400, "badRequest");
    }
    let none = json!({"certificates": {"certificate": []}});
    assert_fault(&joe.json("PUT", "/certificates", &none), 400, "badRequest");
    assert!(joe.list("").is_empty());

    let status = json!({"certificate": {"subject": "CN=x"}});
    let made = joe.create("3002", "CN=Joe");
    assert_fault(
        &joe.json("PUT", &super::path_of(&made), &status),
        400,
        "badRequest",
    );
    assert_fault(
        &joe.json(
            "PUT",
            &super::path_of(&made),
            &json!({"certificate": {"status": "foo"}}),
        ),
        400,
        "badRequest",
    );
    assert_eq!(
        joe.json("GET", &super::path_of(&made), &Value::Null)
            .expect(200)
            .json()["certificate"]["status"],
        "active"
    );
}
