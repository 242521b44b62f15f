//! GET with the request in the path, and what caches are told (RFC 5019, sections 5 and 6).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::request;
use crate::relying::Subject;
use crate::server::Server;

/// The path of a GET, percent-encoded as RFC 6960, appendix A.1 asks.
fn path(request: &[u8]) -> String {
    let base64 = STANDARD.encode(request);
    let encoded = base64
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("/ocsp/{encoded}")
}

#[test]
fn a_get_is_answered_and_kept_until_something_changes() {
    let server = Server::start();
    let (one, other) = (Subject::of(&server, "one"), Subject::of(&server, "other"));
    let path = path(&request(&server, &["-no_nonce", "-cert", &one.file]));
    let first = server.http(&path).expect(200);
    assert_eq!(
        first.header("content-type"),
        Some("application/ocsp-response")
    );
    let cache = "max-age=60, public, no-transform, must-revalidate";
    assert_eq!(first.header("cache-control"), Some(cache));
    for name in ["last-modified", "expires"] {
        assert!(first.header(name).unwrap().ends_with(" GMT"), "{name}");
    }
    let tag = first.header("etag").unwrap().to_owned();

    // The same octets: an ECDSA signature made again would differ.
    let again = server.http(&path).expect(200);
    assert_eq!(
        (&again.body, again.header("etag")),
        (&first.body, Some(tag.as_str()))
    );
    let known = [("If-None-Match", tag.as_str())];
    let conditional = server.request("GET", &path, &known, b"").expect(304);
    assert!(conditional.body.is_empty());
    for headers in [&[][..], &known] {
        let head = server.request("HEAD", &path, headers, b"");
        assert_eq!(head.status, if headers.is_empty() { 200 } else { 304 });
        assert!(head.body.is_empty());
        for name in ["etag", "expires", "cache-control", "content-length"] {
            assert_eq!(head.header(name), first.header(name), "{name}");
        }
    }
    server
        .request("GET", &path, &[("If-None-Match", "\"x\", nonsense")], b"")
        .expect(200);

    // What changes of another certificate does not matter; what changes of this one shows at once.
    other.revoke(&server, "superseded");
    server.request("GET", &path, &known, b"").expect(304);
    one.hold(&server);
    let held = server.request("GET", &path, &known, b"").expect(200);
    assert_ne!(held.header("etag"), Some(tag.as_str()));
    let file = server.scratch_file("held.der", &held.body);
    let said = server.openssl_ocsp(
        "issuing",
        &["-no_nonce", "-respin", &file, "-cert", &one.file],
    );
    assert!(
        said.contains(": revoked") && said.contains("certificateHold"),
        "{said}"
    );
}

#[test]
fn a_get_is_read_however_its_path_is_encoded() {
    let server = Server::start();
    // Serial numbers differ, so that all of base64's signs occur sooner or later; over TLS too.
    for number in 0..8 {
        let one = Subject::of(&server, &format!("n{number}"));
        let octets = request(&server, &["-no_nonce", "-cert", &one.file]);
        let base64 = STANDARD.encode(&octets);
        let want = server.http(&path(&octets)).expect(200).body;
        assert!(want.len() > 100);
        for path in [
            format!("/ocsp/{base64}"),
            format!("/ocsp/{}", base64.trim_end_matches('=')),
            path(&octets).replace("%2B", "%20").replace("%2F", "%2f"),
        ] {
            assert_eq!(server.http(&path).expect(200).body, want, "{path}");
            let over_tls = server.request("GET", &path, &[], b"").expect(200);
            assert_eq!(over_tls.body, want, "{path}");
        }
    }
}

#[test]
fn what_answers_one_client_is_not_kept() {
    let server = Server::start();
    let one = Subject::of(&server, "one");
    let octets = request(&server, &["-nonce", "-cert", &one.file]);
    let answer = server.http(&path(&octets)).expect(200);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("etag"), None);
    assert_ne!(server.http(&path(&octets)).expect(200).body, answer.body);
}

/// A serial number that nobody issued today may be issued tomorrow.
#[test]
fn what_is_unknown_is_not_kept_in_memory() {
    let server = Server::start();
    let path = path(&request(&server, &["-no_nonce", "-serial", "0x1234"]));
    let first = server.http(&path).expect(200).body;
    assert_ne!(server.http(&path).expect(200).body, first);
}
