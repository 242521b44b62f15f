//! Stock django-tastypie with the same certificates, asked the same: status, body and the headers that clients look at
//! must be the same, but where the API's README says otherwise.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{BASE, Client};
use crate::server::{Server, python};
use crate::wire::Answer;

/// Method, path under the API, and Accept header.
const ASKED: &[(&str, &str, &str)] = &[
    ("GET", "/usercerts/", ""),
    ("GET", "/usercerts/", "application/json"),
    ("GET", "/usercerts/", "application/xml"),
    ("GET", "/usercerts/", "text/html"),
    ("GET", "/usercerts/?format=xml", "application/json"),
    ("GET", "/usercerts/?format=json", "application/xml"),
    ("GET", "/usercerts/?format=unknown", ""),
    ("GET", "/usercerts/?limit=2", ""),
    ("GET", "/usercerts/?limit=2&offset=1", ""),
    ("GET", "/usercerts/?limit=2&offset=2&format=json", ""),
    ("GET", "/usercerts/?limit=2&offset=2&format=xml", ""),
    ("GET", "/usercerts/?offset=2&limit=2&x=a%26b+c&x=d%2F", ""),
    ("GET", "/usercerts/?limit=0", ""),
    ("GET", "/usercerts/?limit=1001", ""),
    ("GET", "/usercerts/?offset=100", ""),
    ("GET", "/usercerts/?offset=3&limit=10", ""),
    ("GET", "/usercerts/?limit=+3", ""),
    ("GET", "/usercerts/?limit=abc", ""),
    ("GET", "/usercerts/?limit=abc", "application/xml"),
    ("GET", "/usercerts/?limit=", ""),
    ("GET", "/usercerts/?limit=-1", ""),
    ("GET", "/usercerts/?limit=1.5", ""),
    ("GET", "/usercerts/?limit=%3Cb%3E%26%22'", ""),
    ("GET", "/usercerts/?offset=abc", ""),
    ("GET", "/usercerts/?offset=-1", ""),
    ("GET", "/usercerts/?offset=-1", "application/xml"),
    ("GET", "/usercerts/?subject=/CN%3Djoe%201/O%3DAcme", ""),
    (
        "GET",
        "/usercerts/?subject__exact=/CN%3DJOE%201/O%3DAcme",
        "",
    ),
    (
        "GET",
        "/usercerts/?subject__iexact=/cn%3DJOE%201/o%3Dacme",
        "",
    ),
    ("GET", "/usercerts/?subject__contains=joe&limit=1", ""),
    (
        "GET",
        "/usercerts/?subject__icontains=JOE&limit=1&offset=1",
        "",
    ),
    ("GET", "/usercerts/?subject__icontains=50%25", ""),
    ("GET", "/usercerts/?subject__icontains=_", ""),
    ("GET", "/usercerts/?subject__icontains=", ""),
    (
        "GET",
        "/usercerts/?subject__icontains=nobody&subject__icontains=ann",
        "",
    ),
    (
        "GET",
        "/usercerts/?subject__in=/CN%3Dann,/CN%3Dbob%2050%25",
        "",
    ),
    (
        "GET",
        "/usercerts/?subject__in=/CN%3Dann&subject__in=/CN%3Dbob%2050%25",
        "",
    ),
    ("GET", "/usercerts/?subject__startswith=/CN", ""),
    ("GET", "/usercerts/?subject__regex=x", ""),
    ("GET", "/usercerts/?subject__isnull=1", ""),
    ("GET", "/usercerts/?subject__foo=x", ""),
    ("GET", "/usercerts/?subject__foo__in=x", ""),
    ("GET", "/usercerts/?status=Active", ""),
    ("GET", "/usercerts/?serial__icontains=1", ""),
    ("GET", "/usercerts/?id=1", ""),
    ("GET", "/usercerts/?unknown=1&other__in=2", ""),
    ("GET", "/usercerts/?order_by=id", ""),
    ("GET", "/usercerts/?order_by=-id&limit=3", ""),
    ("GET", "/usercerts/?order_by=subject", ""),
    ("GET", "/usercerts/?order_by=-foo", ""),
    ("GET", "/usercerts/?order_by=", ""),
    ("GET", "/usercerts/1/", ""),
    ("GET", "/usercerts/1/?format=xml", ""),
    ("GET", "/usercerts/999/", ""),
    ("GET", "/usercerts/999/", "application/xml"),
    ("GET", "/usercerts/0/", ""),
    ("GET", "/usercerts/abc/", ""),
    ("GET", "/usercerts/abc/", "application/xml"),
    ("PUT", "/usercerts/", ""),
    ("POST", "/usercerts/", ""),
    ("DELETE", "/usercerts/", ""),
    ("TRACE", "/usercerts/", ""),
    ("OPTIONS", "/usercerts/", ""),
    ("PUT", "/usercerts/1/", ""),
    ("POST", "/usercerts/1/", ""),
    ("DELETE", "/usercerts/1/", ""),
    ("OPTIONS", "/usercerts/1/", ""),
    ("PATCH", "/usercerts/999/", ""),
];

/// What stock Tastypie answers to the same, with the same certificates.
fn reference(objects: &Value, requests: &[Value]) -> Vec<Answer> {
    let asked = json!({"objects": objects, "requests": requests}).to_string();
    let printed = python("tastypie_reference.py", &[], &asked);
    let answers: Vec<(u16, BTreeMap<String, String>, String)> =
        serde_json::from_str(&printed).unwrap();
    let answers = answers.into_iter().map(|(status, headers, body)| Answer {
        status,
        headers: headers.into_iter().collect(),
        body: body.into_bytes(),
    });
    answers.collect()
}

/// JSON and XML to the last octet; of the headers those that clients look at.
#[track_caller]
fn assert_same(ours: &Answer, theirs: &Answer, asked: &str) {
    assert_eq!(ours.text(), theirs.text(), "{asked}");
    assert_eq!(ours.status, theirs.status, "{asked}");
    for name in ["Content-Type", "Allow", "WWW-Authenticate", "Location"] {
        assert_eq!(ours.header(name), theirs.header(name), "{asked}: {name}");
    }
}

#[test]
fn answers_are_those_of_stock_tastypie() {
    let server = Server::start();
    for subject in [
        "CN=joe 1, O=Acme",
        "CN=joe 2, O=Acme",
        "CN=ann",
        "CN=bob 50%",
        "CN=a & <b>",
    ] {
        server.issue(subject);
    }
    let client = Client::administrator(&server);
    let objects = client.get("/usercerts/").expect(200).json()["objects"].clone();
    let with_patch = |method: &str| {
        if method == "PATCH" {
            r#"{"status":"active"}"#
        } else {
            ""
        }
    };
    let mut requests: Vec<Value> = ASKED
        .iter()
        .map(|(method, path, accept)| {
            json!([method, format!("{BASE}{path}"), {"Accept": accept}, with_patch(method)])
        })
        .collect();
    let strangers = [
        "none",
        "Basic",
        "Basic !",
        "Bearer x",
        "Basic YWRtaW46d3Jvbmc=",
    ];
    for value in strangers {
        requests.push(json!(["GET", format!("{BASE}/usercerts/"), {"Authorization": value}, ""]));
    }
    let theirs = reference(&objects, &requests);
    let (known, unknown) = theirs.split_at(ASKED.len());
    for ((method, path, accept), theirs) in ASKED.iter().zip(known) {
        let accept_header = [("Accept", *accept)];
        let headers = if accept.is_empty() {
            &[][..]
        } else {
            &accept_header
        };
        let ours = client.send(method, path, headers, with_patch(method).as_bytes());
        assert_same(&ours, theirs, &format!("{method} {path} {accept}"));
    }
    for (value, theirs) in strangers.iter().zip(unknown) {
        let headers = [("Authorization", *value)];
        let ours = server.request("GET", "/api/v1/usercerts/", &headers, b"");
        assert_same(&ours, theirs, value);
    }
}
