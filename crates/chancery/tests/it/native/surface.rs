//! What every answer has in common: request ids, methods, media types; the OpenAPI document, the probes, the audit trail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use super::{refused, text, texts};
use crate::server::{Server, basic};
use crate::wire::{self, Answer};

const API: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../chancery-http/src/apis/native"
);

fn committed(name: &str) -> String {
    std::fs::read_to_string(Path::new(API).join(name)).unwrap()
}

fn admin(server: &Server) -> String {
    basic(&server.admin().user, &server.admin().api_key)
}

/// 16 hexadecimal digits.
#[track_caller]
fn request_id(answer: &Answer) -> String {
    let id = answer
        .header("x-request-id")
        .unwrap_or_else(|| panic!("no request id: {} {}", answer.status, answer.text()));
    assert!(
        id.len() == 16 && id.bytes().all(|octet| octet.is_ascii_hexdigit()),
        "{id}"
    );
    id.to_owned()
}

#[test]
fn every_answer_has_its_own_request_id() {
    let server = Server::start();
    let admin = admin(&server);
    let as_admin = [("Authorization", admin.as_str())];
    let mut ids = BTreeSet::new();
    for (method, path, headers, status) in [
        ("GET", "/chancery/v1/whoami", &as_admin[..], 200),
        ("GET", "/chancery/v1/whoami", &as_admin, 200),
        ("HEAD", "/chancery/v1/whoami", &as_admin, 200),
        ("GET", "/chancery/v1/openapi.json", &[], 200),
        ("GET", "/chancery/v1/whoami", &[], 401),
        ("GET", "/chancery/v1/certificates/none", &as_admin, 404),
        ("PUT", "/chancery/v1/whoami", &as_admin, 405),
        ("GET", "/chancery/v1/certificates?limit=0", &as_admin, 400),
        ("GET", "/healthz", &[], 200),
        ("GET", "/crl/issuing.crl", &[], 200),
        ("GET", "/crl/none.crl", &[], 404),
    ] {
        let answer = server.request(method, path, headers, b"");
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(
            ids.insert(request_id(&answer)),
            "{method} {path}: an id that was there before"
        );
    }
    assert!(ids.insert(request_id(&server.http("/crl/issuing.crl").expect(200))));
}

/// What stands at no API's address is answered by the native API all the same.
#[test]
fn answers_at_unknown_addresses_have_a_request_id_too() {
    let server = Server::start();
    for path in [
        "/chancery",
        "/chancery/v1",
        "/chancery/v1/nothing",
        "/chancery/v2/whoami",
        "/nothing",
    ] {
        for answer in [server.request("GET", path, &[], b""), server.http(path)] {
            refused(&answer, 404, "not-found");
            request_id(&answer);
        }
    }
}

#[test]
fn methods_and_bodies_that_do_not_fit_are_refused() {
    let server = Server::start();
    let admin = admin(&server);
    let send = |method: &str, path: &str, kind: &str, body: &[u8]| {
        let mut headers = vec![("Authorization", admin.as_str())];
        if !kind.is_empty() {
            headers.push(("Content-Type", kind));
        }
        server.request(method, &format!("/chancery/v1{path}"), &headers, body)
    };
    for (method, path, allow) in [
        ("PUT", "/certificates", "GET,HEAD,POST"),
        ("PATCH", "/certificates/1", "GET,HEAD,DELETE"),
        ("GET", "/certificates/1/hold", "POST"),
        ("PUT", "/users/admin", "GET,HEAD,PATCH,DELETE"),
        ("GET", "/tokens/current", "DELETE"),
    ] {
        let answer = send(method, path, "", b"");
        refused(&answer, 405, "method-not-allowed");
        let allowed: BTreeSet<&str> = answer
            .header("allow")
            .unwrap()
            .split(',')
            .map(str::trim)
            .collect();
        assert_eq!(allowed, allow.split(',').collect(), "{method} {path}");
    }
    let domain = br#"{"id": "d"}"#;
    for (kind, status) in [
        ("text/plain", 415),
        ("application/xml", 415),
        ("application/x-www-form-urlencoded", 415),
        ("application/json; charset=utf-8", 201),
        ("application/merge-patch+json", 409),
        ("", 409),
    ] {
        let answer = send("POST", "/domains", kind, domain);
        assert_eq!(answer.status, status, "{kind}: {}", answer.text());
    }
    refused(
        &send("POST", "/domains", "text/plain", domain),
        415,
        "unsupported-media-type",
    );
    let large = vec![b' '; 1_048_577];
    refused(
        &send("POST", "/domains", "application/json", &large),
        413,
        "too-large",
    );
    for body in [
        &b"{"[..],
        b"null",
        b"[]",
        b"\"x\"",
        b"{\"id\": \"\xff\"}",
        b"{\"id\": \"a\"} {}",
        b"{\"id\": 7}",
        b"{\"id\": \"a\", \"id\": \"b\"}",
    ] {
        refused(
            &send("POST", "/domains", "application/json", body),
            400,
            "invalid",
        );
    }
    // Who is calling is asked before what is sent is read.
    let answer = server.request(
        "POST",
        "/chancery/v1/domains",
        &[("Content-Type", "text/plain")],
        &large[..1000],
    );
    refused(&answer, 401, "unauthenticated");
}

/// The README's table: method and path of every route.
fn routes_of_the_readme() -> BTreeSet<String> {
    let mut routes = BTreeSet::new();
    for line in committed("README.md")
        .lines()
        .filter(|line| line.starts_with("| `"))
    {
        let cell = line.split('|').nth(1).unwrap();
        let words: Vec<&str> = cell
            .split(['`', ',', ' '])
            .filter(|word| !word.is_empty())
            .collect();
        let Some((path, methods)) = words.split_last().filter(|(path, _)| path.starts_with('/'))
        else {
            continue;
        };
        routes.extend(methods.iter().map(|method| format!("{method} {path}")));
    }
    routes
}

/// Every operation of the document, by method and path.
fn operations(document: &Value) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.insert(
                format!("{} {path}", method.to_uppercase()),
                operation.clone(),
            );
        }
    }
    found
}

#[test]
fn the_document_of_record_is_served_and_names_every_route() {
    let server = Server::start();
    let answer = server
        .request("GET", "/chancery/v1/openapi.json", &[], b"")
        .expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.text(), committed("openapi.json"));
    let mut routes = routes_of_the_readme();
    assert!(routes.len() > 30, "{routes:?}");
    // The one that it does not tell of is itself.
    assert!(routes.remove("GET /chancery/v1/openapi.json"));
    let documented: BTreeSet<String> = operations(&answer.json()).into_keys().collect();
    assert_eq!(documented, routes);
    // And each of them is there.
    let admin = admin(&server);
    for route in &documented {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{id}", "none").replace("{name}", "none");
        let answer = server.request(method, &path, &[("Authorization", &admin)], b"");
        let there = answer.status != 405 && !answer.text().contains("nothing stands at");
        assert!(there, "{route}: {} {}", answer.status, answer.text());
    }
}

/// The rules of OpenAPI 3.1 that a reader of the document trips over: what must be there is, and what is referred to is.
#[test]
fn the_document_is_valid_openapi_3_1() {
    let document: Value = serde_json::from_str(&committed("openapi.json")).unwrap();
    assert!(text(&document, "openapi").starts_with("3.1."));
    assert!(
        !text(&document["info"], "title").is_empty()
            && !text(&document["info"], "version").is_empty()
    );
    let schemes = document["components"]["securitySchemes"]
        .as_object()
        .unwrap();
    let mut ids = BTreeSet::new();
    for (route, operation) in operations(&document) {
        assert!(
            ids.insert(text(&operation, "operationId").to_owned()),
            "{route}: its operationId is there twice"
        );
        let none = Vec::new();
        let parameters = operation["parameters"].as_array().unwrap_or(&none);
        let in_path: BTreeSet<&str> = parameters
            .iter()
            .filter(|one| one["in"] == "path" && one["required"] == true)
            .map(|one| text(one, "name"))
            .collect();
        let named: BTreeSet<&str> = route
            .split('{')
            .skip(1)
            .map(|part| part.split('}').next().unwrap())
            .collect();
        assert_eq!(in_path, named, "{route}");
        assert!(
            parameters.iter().all(
                |one| one["schema"].is_object() && ["path", "query"].contains(&text(one, "in"))
            ),
            "{route}"
        );
        let responses = operation["responses"].as_object().unwrap();
        assert!(!responses.is_empty(), "{route}");
        for (status, response) in responses {
            assert!(
                response["description"]
                    .as_str()
                    .is_some_and(|said| !said.is_empty()),
                "{route} {status}: a response needs a description"
            );
        }
        let problems = responses["4XX"]["content"].as_object().unwrap();
        assert_eq!(
            problems.keys().collect::<Vec<_>>(),
            ["application/problem+json"],
            "{route}"
        );
    }
    for requirement in document["security"].as_array().unwrap() {
        assert!(
            requirement
                .as_object()
                .unwrap()
                .keys()
                .all(|name| schemes.contains_key(name)),
            "{requirement}"
        );
    }
    assert!(
        schemes
            .values()
            .all(|scheme| scheme["type"] == "http" && scheme["scheme"].is_string())
    );
    let mut references = Vec::new();
    references_in(&document, &mut references);
    assert!(!references.is_empty());
    for reference in references {
        let there = reference
            .strip_prefix('#')
            .and_then(|pointer| document.pointer(pointer));
        assert!(there.is_some(), "{reference} leads nowhere");
    }
}

fn references_in(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            found.extend(
                members
                    .get("$ref")
                    .and_then(Value::as_str)
                    .map(str::to_owned),
            );
            members
                .values()
                .for_each(|member| references_in(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references_in(item, found)),
        _ => {}
    }
}

/// What is answered has the members that the document says, and no others.
#[test]
fn answers_are_what_the_document_says() {
    let server = Server::start();
    let document: Value = serde_json::from_str(&committed("openapi.json")).unwrap();
    let schema = |name: &str| document["components"]["schemas"][name].clone();
    let names = |object: &Value| {
        object
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<BTreeSet<String>>()
    };
    let issued = server.issue("CN=joe");
    let path = format!("/certificates/{}", text(&issued, "id"));
    let get = |path: &str| server.native("GET", path, &Value::Null).expect(200).json();
    for (what, answer, name) in [
        ("issue", issued.clone(), "Certificate"),
        ("show", get(&path), "Certificate"),
        ("list", get("/certificates"), "CertificateList"),
        ("users", get("/users"), "UserList"),
        ("user", get("/users/admin"), "User"),
        ("domain", get("/domains/default"), "Domain"),
        ("authority", get("/authorities/root"), "Authority"),
        (
            "profile",
            get("/profiles")["profiles"][0].clone(),
            "Profile",
        ),
        ("audit", get("/audit"), "Audit"),
        ("entry", get("/audit")["entries"][0].clone(), "AuditEntry"),
        ("whoami", get("/whoami"), "WhoAmI"),
        (
            "token",
            server.native("POST", "/tokens", &json!({})).json(),
            "Token",
        ),
        (
            "problem",
            server
                .native("GET", "/certificates/none", &Value::Null)
                .json(),
            "Problem",
        ),
    ] {
        let schema = schema(name);
        assert_eq!(names(&answer), names(&schema["properties"]), "{what}");
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        assert!(
            required
                .iter()
                .all(|member| !answer[member.as_str().unwrap()].is_null()),
            "{what}: {required:?}"
        );
    }
}

#[test]
fn probes_and_counters_answer_on_both_listeners() {
    let server = Server::start();
    let both = |path: &str| {
        [
            server.request("GET", path, &[], b"").expect(200),
            server.http(path).expect(200),
        ]
    };
    for (path, want) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        for answer in both(path) {
            assert_eq!(answer.text(), want, "{path}");
        }
    }
    let counted = |line: &str| {
        let text = server.http("/metrics").expect(200).text();
        let found = text
            .lines()
            .find_map(|one| one.strip_prefix(line).map(str::trim));
        found.map_or(0, |count| count.parse::<u64>().unwrap())
    };
    let done = "chancery_http_requests_total{api=\"native\",status=\"200\"}";
    let wrong = "chancery_http_requests_total{api=\"native\",status=\"404\"}";
    let before = (
        counted(done),
        counted(wrong),
        counted("chancery_store_writes"),
    );
    server.native("GET", "/whoami", &Value::Null).expect(200);
    server
        .native("GET", "/certificates/none", &Value::Null)
        .expect(404);
    server.issue("CN=joe");
    assert_eq!(
        (counted(done), counted(wrong)),
        (before.0 + 1, before.1 + 1)
    );
    assert!(counted("chancery_store_writes") > before.2);
    for answer in both("/metrics") {
        assert!(
            answer
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("application/openmetrics-text"))
        );
        assert!(answer.text().ends_with("# EOF\n"), "{}", answer.text());
    }
}

/// In the clear there are CRLs, certificates of authorities and probes, and no API.
#[test]
fn no_api_is_served_in_the_clear() {
    let server = Server::start();
    let admin = admin(&server);
    for path in [
        "/chancery/v1/whoami",
        "/chancery/v1/openapi.json",
        "/chancery/v1/certificates",
    ] {
        let request = wire::request("GET", path, &[("Authorization", &admin)], b"");
        let address = server.http_url();
        refused(
            &wire::in_the_clear(address.trim_start_matches("http://"), &request),
            404,
            "not-found",
        );
    }
}

/// A page of the audit trail.
fn audit(server: &Server, query: &str) -> Value {
    server
        .native("GET", &format!("/audit?{query}"), &Value::Null)
        .expect(200)
        .json()
}

#[test]
fn everything_done_is_in_the_audit_trail() {
    let server = Server::start();
    server.add_joe();
    let issued = server
        .native_as(
            "joe",
            "a password",
            "POST",
            "/certificates",
            &json!({"key": "ec-p256", "subject": "CN=joe"}),
        )
        .expect(201)
        .json();
    let id = text(&issued, "id");
    for (method, action, body, status) in [
        ("POST", "/pkcs12", json!({"password": "p12 secret"}), 200),
        ("POST", "/hold", json!({}), 200),
        ("POST", "/release", json!({}), 200),
        ("POST", "/renew", json!({"revoke_old": true}), 201),
        ("DELETE", "", Value::Null, 204),
        ("POST", "/purge", json!({}), 200),
    ] {
        server
            .native(method, &format!("/certificates/{id}{action}"), &body)
            .expect(status);
    }
    refused(
        &server.native("POST", &format!("/certificates/{id}/hold"), &json!({})),
        409,
        "refused",
    );
    let key = server
        .native("POST", "/users/000000003002/api-key", &json!({}))
        .expect(201)
        .json();
    server
        .native(
            "PATCH",
            "/users/000000003002",
            &json!({"password": "another password"}),
        )
        .expect(200);
    server
        .native("DELETE", "/users/000000003002/api-key", &Value::Null)
        .expect(204);
    let token = server
        .native("POST", "/tokens", &json!({}))
        .expect(201)
        .json();
    server
        .native_with_token(
            text(&token, "token"),
            "DELETE",
            "/tokens/current",
            &Value::Null,
        )
        .expect(204);
    refused(
        &server.native_as("joe", "another password", "GET", "/audit", &Value::Null),
        403,
        "forbidden",
    );

    let trail = audit(&server, "limit=1000");
    assert_eq!(trail["next"], Value::Null);
    let mut actions = texts(&trail["entries"], "action");
    actions.reverse();
    let first = actions
        .iter()
        .rposition(|action| action == "domain.add")
        .unwrap();
    assert_eq!(
        actions[first..],
        [
            "domain.add",
            "user.add",
            "certificate.issue",
            "certificate.export-private-key",
            "certificate.hold",
            "certificate.release",
            "certificate.renew",
            "certificate.revoke",
            "certificate.delete",
            "certificate.purge",
            "user.api-key",
            "user.change",
            "user.remove-api-key",
            "token.create",
            "token.revoke",
            "audit.read",
        ]
    );
    let of_certificate = audit(&server, &format!("certificate={id}"));
    let entry = |action: &str| {
        of_certificate["entries"]
            .as_array()
            .unwrap()
            .iter()
            .find(|one| one["action"] == action)
            .unwrap()
            .clone()
    };
    assert_eq!(
        entry("certificate.revoke")["detail"],
        json!({"v": 1, "reason": "superseded"})
    );
    assert_eq!(
        entry("certificate.hold")["detail"],
        json!({"v": 1, "reason": "certificate-hold"})
    );
    let issue = entry("certificate.issue");
    assert_eq!(
        (
            text(&issue, "actor"),
            text(&issue, "domain"),
            text(&issue, "api")
        ),
        ("000000003002", "000000001001", "native")
    );
    assert_eq!(trail["entries"][0]["outcome"], "refused");
    for secret in [
        text(&key, "api_key"),
        text(&token, "token"),
        "a password",
        "another password",
        "p12 secret",
    ] {
        assert!(
            !trail.to_string().contains(secret),
            "a secret is in the audit trail"
        );
    }
}

#[test]
fn the_audit_trail_is_read_page_by_page_and_filtered() {
    let server = Server::start();
    server.add_joe();
    let ids: Vec<String> = (0..7)
        .map(|number| text(&server.issue(&format!("CN={number}")), "id").to_owned())
        .collect();
    let numbers = |page: &Value| {
        page["entries"]
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["id"].as_i64().unwrap())
            .collect::<Vec<i64>>()
    };
    let all = numbers(&audit(&server, "limit=1000"));
    assert!(
        all.len() > 8 && all.is_sorted_by(|one, next| one > next),
        "{all:?}"
    );
    for limit in [1, 2, 5, 1000] {
        let (mut found, mut before) = (Vec::new(), String::new());
        loop {
            let page = audit(&server, &format!("limit={limit}{before}"));
            assert!(page["entries"] != json!([]), "a page that is not there");
            found.extend(numbers(&page));
            // What comes in meanwhile is newer than every page to come.
            server.issue("CN=meanwhile");
            match &page["next"] {
                Value::Null => break,
                next => before = format!("&before={next}"),
            }
        }
        assert!(found.ends_with(&all), "by {limit}: {found:?}");
        assert!(
            found.is_sorted_by(|one, next| one > next),
            "by {limit}: {found:?}"
        );
    }
    let of_one = audit(&server, &format!("certificate={}", ids[3]));
    assert_eq!(texts(&of_one["entries"], "action"), ["certificate.issue"]);
    let by_both = audit(
        &server,
        &format!("certificate={}&actor=000000003002", ids[3]),
    );
    assert_eq!(by_both["entries"], json!([]));
    assert_eq!(audit(&server, "actor=nobody")["entries"], json!([]));
    server
        .native_as("joe", "a password", "POST", "/tokens", &json!({}))
        .expect(201);
    assert_eq!(
        texts(&audit(&server, "actor=000000003002")["entries"], "action"),
        ["token.create"]
    );
    for query in [
        "limit=0",
        "limit=1001",
        "before=x",
        "certificate=1",
        "actor=a%20b",
        "since=1",
    ] {
        refused(
            &server.native("GET", &format!("/audit?{query}"), &Value::Null),
            400,
            "invalid",
        );
    }
}
