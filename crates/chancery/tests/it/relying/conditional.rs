//! Lists and authorities' certificates as HTTP has them: tags, dates, ranges, HEAD, and requests that make no sense. curl
//! does what clients do; what no client would send is sent as it is.

use serde_json::Value;

use super::{Subject, shown};
use crate::server::{Server, run};
use crate::wire::{self, Answer};

fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let address = server.http_url();
    let request = wire::request(method, path, headers, b"");
    wire::in_the_clear(address.trim_start_matches("http://"), &request)
}

/// A server with lists of shards.
fn sharded() -> Server {
    Server::start_with_config("[crl]\nshards = 16\n")
}

/// Everything that the open surface keeps at an address.
const DOCUMENTS: [(&str, &str); 12] = [
    ("/crl/issuing.crl", "application/pkix-crl"),
    ("/crl/issuing.pem", "application/x-pem-file"),
    ("/crl/issuing/delta.crl", "application/pkix-crl"),
    ("/crl/issuing/delta.pem", "application/x-pem-file"),
    ("/crl/issuing/16/3.crl", "application/pkix-crl"),
    ("/crl/issuing/16/3.pem", "application/x-pem-file"),
    ("/crl/issuing/16/3-delta.crl", "application/pkix-crl"),
    ("/crl/issuing/16/3-delta.pem", "application/x-pem-file"),
    ("/ca/issuing.cer", "application/pkix-cert"),
    ("/ca/issuing.pem", "application/x-pem-file"),
    ("/ca/issuing-chain.pem", "application/x-pem-file"),
    (
        "/ca/issuing.p7c",
        "application/pkcs7-mime; smime-type=certs-only",
    ),
];

#[test]
fn every_document_can_be_asked_for_in_every_way() {
    let server = sharded();
    let mut tags = std::collections::BTreeSet::new();
    for (path, kind) in DOCUMENTS {
        let whole = ask(&server, "GET", path, &[]).expect(200);
        let tag = whole.header("etag").unwrap().to_owned();
        assert_eq!(whole.header("content-type"), Some(kind), "{path}");
        assert_eq!(whole.header("accept-ranges"), Some("bytes"), "{path}");
        let length = whole.body.len();
        assert_eq!(
            whole.header("content-length"),
            Some(length.to_string().as_str())
        );

        let head = ask(&server, "HEAD", path, &[]).expect(200);
        assert!(head.body.is_empty(), "{path}");
        for name in ["etag", "content-type", "content-length", "cache-control"] {
            assert_eq!(head.header(name), whole.header(name), "{path}: {name}");
        }

        for method in ["GET", "HEAD"] {
            let same = ask(&server, method, path, &[("If-None-Match", &tag)]).expect(304);
            assert!(same.body.is_empty(), "{path}");
            // The length of what is there, if any: never that of the empty body.
            let told = same.header("content-length");
            assert!(told.is_none_or(|told| told == length.to_string()), "{path}");
            for name in ["etag", "cache-control", "expires"] {
                assert_eq!(same.header(name), whole.header(name), "{path}: {name}");
            }
            let another = ask(&server, method, path, &[("If-Match", "\"another\"")]).expect(412);
            // A cache that kept it would give it to everybody.
            assert_eq!(another.header("cache-control"), Some("no-store"), "{path}");
        }

        let part = ask(&server, "GET", path, &[("Range", "bytes=10-49")]).expect(206);
        assert_eq!(part.body, whole.body[10..50], "{path}");
        let range = format!("bytes 10-49/{length}");
        assert_eq!(part.header("content-range"), Some(range.as_str()));
        assert_eq!(part.header("etag"), Some(tag.as_str()));
        let beyond = format!("bytes={length}-");
        let beyond = ask(&server, "GET", path, &[("Range", &beyond)]).expect(416);
        let range = format!("bytes */{length}");
        assert_eq!(beyond.header("content-range"), Some(range.as_str()));
        assert!(tags.insert(format!("{path} {tag}")));
    }
}

/// A download that broke off goes on where it was, unless there is another list by now.
#[test]
fn curl_resumes_and_revalidates() {
    let server = Server::start();
    let address = format!("{}/crl/issuing.crl", server.http_url());
    let whole = server.http("/crl/issuing.crl").expect(200);
    let file = server.scratch_file("partial.crl", &whole.body[..100]);
    let same = format!("If-Range: {}", whole.header("etag").unwrap());
    let resume = ["-sSf", "-C", "-", "-H", &same, "-o", &file, &address];
    let resumed = || {
        let output = std::process::Command::new("curl").args(resume).output();
        output.unwrap().status.code()
    };
    assert_eq!(resumed(), Some(0));
    assert_eq!(std::fs::read(&file).unwrap(), whole.body);
    // Nothing is missing.
    assert_eq!(resumed(), Some(22));

    let tag = server.scratch_file("tag", "");
    let again = || {
        let asked = [
            "-sSf",
            "--etag-compare",
            &tag,
            "--etag-save",
            &tag,
            "-o",
            &file,
            "-w",
            "%{http_code}",
            &address,
        ];
        run("curl", &asked)
    };
    assert_eq!([again(), again()], ["200", "304"]);
    let subject = Subject::of(&server, "one");
    subject.revoke(&server, "superseded");
    assert_eq!([again(), again()], ["200", "304"]);
    let pem = server.scratch_file("now.pem", "");
    run(
        "openssl",
        &["crl", "-inform", "DER", "-in", &file, "-out", &pem],
    );
    assert!(shown(&pem).contains(&subject.serial));
    // There is another list by now: curl ends rather than put the two together.
    server.scratch_file("partial.crl", &whole.body[..100]);
    assert_eq!(resumed(), Some(33));

    let part = |tag: &str| {
        let asked = [("Range", "bytes=0-9"), ("If-Range", tag)];
        ask(&server, "GET", "/crl/issuing.crl", &asked).status
    };
    let now = server.http("/crl/issuing.crl");
    assert_eq!(part(now.header("etag").unwrap()), 206);
    assert_eq!(part(whole.header("etag").unwrap()), 200);
}

/// Two lists can be made in one second, so a list says when it was made only once its second is over; then it can be
/// asked for by that date.
#[test]
fn dates_are_conditions_once_they_are_unique() {
    let server = Server::start();
    let path = "/crl/issuing.crl";
    let subject = Subject::of(&server, "one");
    let mut last = server.http(path);
    for change in ["hold", "release", "hold", "release", "revoke"] {
        let date = last.header("last-modified").map(str::to_owned);
        let body = match change {
            "revoke" => serde_json::json!({"reason": "superseded"}),
            _ => Value::Null,
        };
        subject.act(&server, change, &body);
        let asked: Vec<_> = date
            .iter()
            .map(|date| ("If-Modified-Since", date.as_str()))
            .collect();
        last = ask(&server, "GET", path, &asked).expect(200);
    }
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let settled = server.http(path).expect(200);
    assert_eq!(settled.header("etag"), last.header("etag"));
    let date = settled.header("last-modified").unwrap();
    ask(&server, "GET", path, &[("If-Modified-Since", date)]).expect(304);
    ask(&server, "GET", path, &[("If-Unmodified-Since", date)]).expect(200);
}

#[test]
fn nonsense_is_passed_over() {
    let server = sharded();
    for (path, _) in DOCUMENTS {
        let whole = server.http(path).expect(200);
        let long = format!("bytes={}", "0-1,".repeat(5000));
        for (name, value) in [
            ("If-None-Match", "5"),
            ("If-None-Match", "\"unclosed"),
            ("If-None-Match", ",,,,"),
            ("If-None-Match", "\u{e4}"),
            ("If-Modified-Since", "yesterday"),
            ("If-Modified-Since", "Thu, 31 Dec 2099 23:59:59 GMT"),
            ("If-Unmodified-Since", "-1"),
            ("Range", "bytes"),
            ("Range", "bytes=9-3"),
            ("Range", "bytes=a-b"),
            ("Range", "octets=0-1"),
            ("Range", "bytes=0-1,5-6"),
            ("Range", "bytes=18446744073709551616-"),
            ("Range", &long),
        ] {
            let answer = ask(&server, "GET", path, &[(name, value)]).expect(200);
            assert_eq!(answer.body, whole.body, "{path}: {name}: {value}");
        }
        ask(&server, "POST", path, &[]).expect(405);
        ask(&server, "DELETE", path, &[]).expect(405);
    }
}

#[test]
fn what_is_not_there_is_not_found() {
    let server = sharded();
    for path in [
        "/crl/none.crl",
        "/crl/issuing",
        "/crl/issuing.txt",
        "/crl/issuing/",
        "/crl/issuing/full.crl",
        "/crl/none/delta.crl",
        "/crl/issuing/16/16.crl",
        "/crl/issuing/15/3.crl",
        "/crl/issuing/0/0.crl",
        // No certificate names lists of these layouts.
        "/crl/issuing/1/0.crl",
        "/crl/issuing/32/3.crl",
        "/crl/issuing/131072/0.crl",
        "/crl/issuing/016/3.crl",
        "/crl/issuing/16/03.crl",
        "/crl/issuing/16/-1.crl",
        "/crl/issuing/16/3",
        "/crl/none/16/3.crl",
        "/crl/issuing/16/3/4.crl",
        "/crl/..%2f..%2fissuing.crl",
        "/crl/issuing/16/..%2f3.crl",
        "/crl",
        "/crl/",
        "/crl//",
        "/ca/",
        "/ca/issuing/root.cer",
        "/ocsp/",
        "/ca/none.cer",
        "/ca/none.p7c",
        "/ca/issuing.crl",
        "/ca/issuing-chain.cer",
    ] {
        is_a_line(&ask(&server, "GET", path, &[]).expect(404), path);
    }
    for (method, path, takes) in [
        ("POST", "/crl/issuing.crl", "GET,HEAD"),
        ("PUT", "/ca/issuing.cer", "GET,HEAD"),
        ("GET", "/ocsp", "POST"),
        ("POST", "/ocsp/MAA=", "GET,HEAD"),
    ] {
        let answer = ask(&server, method, path, &[]).expect(405);
        assert_eq!(answer.header("allow"), Some(takes), "{path}");
        is_a_line(&answer, path);
    }
    // What is nobody's is answered in the native API's words.
    let nowhere = ask(&server, "GET", "/crls/issuing.crl", &[]).expect(404);
    assert_eq!(
        nowhere.header("content-type"),
        Some("application/problem+json")
    );
}

/// Errors of the open surface are a line of text, which whoever runs curl can read.
fn is_a_line(answer: &Answer, path: &str) {
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("text/plain; charset=utf-8"), "{path}");
    let text = answer.text();
    assert!(
        text.ends_with('\n') && text.lines().count() == 1,
        "{path}: {text}"
    );
}
