//! Requests that no well-behaved client sends: the protocol's own error answers, and the server goes on.

use std::io::{Read, Write};
use std::net::TcpStream;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{openssl, request};
use crate::relying::Subject;
use crate::server::Server;

/// The answer that says `malformedRequest`.
const MALFORMED: [u8; 5] = [0x30, 3, 0x0a, 1, 1];

/// The DER of an element.
fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..=0x7f => vec![tag, length as u8],
        0x80..=0xffff => vec![tag, 0x82, (length >> 8) as u8, length as u8],
        _ => vec![
            tag,
            0x83,
            (length >> 16) as u8,
            (length >> 8) as u8,
            length as u8,
        ],
    };
    [head, content.to_vec()].concat()
}

/// The DER of the only CertID's Request in a request of openssl's without a nonce.
fn single(request: &[u8]) -> Vec<u8> {
    // OCSPRequest, TBSRequest, requestList: each with a length of one octet.
    request[6..].to_vec()
}

fn with_extensions(single: &[u8], extensions: &[u8]) -> Vec<u8> {
    let list = tlv(0x30, single);
    let extensions = tlv(0xa2, &tlv(0x30, extensions));
    tlv(0x30, &tlv(0x30, &[list, extensions].concat()))
}

/// An extension: the last arc under id-pkix-ocsp, is it critical, its value.
fn extension(arc: u8, critical: bool, value: &[u8]) -> Vec<u8> {
    let oid = tlv(6, &[0x2b, 6, 1, 5, 5, 7, 0x30, 1, arc]);
    let critical = if critical { vec![1, 1, 0xff] } else { vec![] };
    tlv(0x30, &[oid, critical, tlv(4, value)].concat())
}

/// The Request with a critical extension of its own.
fn with_critical(single: &[u8]) -> Vec<u8> {
    let extensions = tlv(0xa0, &tlv(0x30, &extension(99, true, &[5, 0])));
    tlv(0x30, &[&single[2..], extensions.as_slice()].concat())
}

const POST: [(&str, &str); 1] = [("Content-Type", "application/ocsp-request")];

/// All octets of the answer to a POST over plain HTTP.
fn posted_in_the_clear(server: &Server, body: &[u8]) -> Vec<u8> {
    let url = server.http_url();
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST /ocsp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
    answer
}

#[test]
fn malformed_requests_are_told_so() {
    let server = Server::start();
    let one = Subject::of(&server, "one");
    let whole = request(&server, &["-no_nonce", "-cert", &one.file]);
    let asked = single(&whole);
    let nonce = |value: &[u8]| with_extensions(&asked, &extension(2, false, value));
    let many = |count: usize| tlv(0x30, &tlv(0x30, &tlv(0x30, &asked.repeat(count))));
    let is_malformed = |what: &str, body: &[u8]| {
        let answer = server.request("POST", "/ocsp", &POST, body).expect(200);
        assert_eq!(
            answer.header("content-type"),
            Some("application/ocsp-response")
        );
        assert_eq!(answer.body, MALFORMED, "{what}");
        let in_the_clear = posted_in_the_clear(&server, body);
        assert!(in_the_clear.ends_with(&MALFORMED), "{what}");
    };
    for length in 0..whole.len() {
        is_malformed("truncated", &whole[..length]);
    }
    for (what, body) in [
        ("trailing", [whole.as_slice(), &[0]].concat()),
        ("oversized", vec![0x30; 70_000]),
        ("10,000 certificates", many(10_000)),
        ("101 certificates", many(101)),
        ("none", many(0)),
        ("empty nonce", nonce(&tlv(4, &[]))),
        ("129 octets of nonce", nonce(&tlv(4, &[7; 129]))),
        ("a nonce that is no octets", nonce(&[2, 1, 5])),
        ("a nonce without a frame", nonce(&[7; 16])),
        (
            "two nonces",
            with_extensions(&asked, &extension(2, false, &tlv(4, &[7])).repeat(2)),
        ),
        (
            "critical",
            with_extensions(&asked, &extension(99, true, &[5, 0])),
        ),
        (
            "critical in one of the questions",
            tlv(0x30, &tlv(0x30, &tlv(0x30, &with_critical(&asked)))),
        ),
        ("no SEQUENCE", vec![0x04, 1, 0]),
        (
            "a length beyond the end",
            vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ),
        ("a length without an end", vec![0x30, 0x80, 0, 0]),
    ] {
        is_malformed(what, &body);
    }
    for (what, body) in [
        ("100 certificates", many(100)),
        ("1 octet of nonce", nonce(&tlv(4, &[7]))),
        ("32 octets of nonce", nonce(&tlv(4, &[7; 32]))),
        ("128 octets of nonce", nonce(&tlv(4, &[7; 128]))),
        (
            "not critical",
            with_extensions(&asked, &extension(99, false, &[5, 0])),
        ),
        (
            "a critical nonce",
            with_extensions(&asked, &extension(2, true, &tlv(4, &[7; 16]))),
        ),
    ] {
        let answer = server.request("POST", "/ocsp", &POST, &body).expect(200);
        assert!(answer.body.len() > 100, "{what}: {:?}", answer.body);
    }
    openssl(&server, &["-cert", &one.file]);
}

#[test]
fn broken_paths_are_malformed_requests() {
    let server = Server::start();
    let one = Subject::of(&server, "one");
    let whole = request(&server, &["-no_nonce", "-cert", &one.file]);
    let long = STANDARD.encode(vec![0x30; 30_000]);
    for path in [
        "!!!!",
        "%",
        "%2",
        "%zz",
        "%ff%fe",
        "A",
        "AAAA",
        "a/b/c",
        "%00",
        "AA==AA",
        &long,
        &STANDARD.encode(&whole)[1..],
    ] {
        let answer = server.http(&format!("/ocsp/{path}")).expect(200);
        assert_eq!(answer.body, MALFORMED, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    // Longer than any head may be: HTTP says so.
    let path = format!("/ocsp/{}", "A".repeat(100_000));
    assert!([414, 431].contains(&server.http(&path).status));
    assert!([404, 405].contains(&server.http("/ocsp").status));
    let headers = [("Content-Type", "text/plain")];
    server
        .request("POST", "/ocsp", &headers, &whole)
        .expect(415);
    server.request("POST", "/ocsp", &[], &whole).expect(200);
}

/// Requests whose framing is old, other than usual, or wrong, from clients that close their side once all is said.
#[test]
fn framing_is_read_as_http_has_it() {
    let server = Server::start();
    let one = Subject::of(&server, "one");
    let whole = request(&server, &["-no_nonce", "-cert", &one.file]);
    let base64 = STANDARD.encode(&whole);
    let length = whole.len();
    let sent = |head: &str, body: &[u8]| {
        let url = server.http_url();
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        let head = format!("{head}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body].concat()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    };
    let post = |version: &str, framing: &str, body: &[u8]| {
        let head =
            format!("POST /ocsp HTTP/{version}\r\nHost: x\r\nConnection: close\r\n{framing}");
        sent(&head, body)
    };
    let is_answer = |octets: &[u8]| {
        octets
            .windows(6)
            .any(|part| part[1..] == [0x0a, 1, 0, 0xa0, 0x82])
    };
    let chunked = [
        format!("{length:x}\r\n").as_bytes(),
        &whole,
        b"\r\n0\r\n\r\n",
    ]
    .concat();
    let exact = format!("Content-Length: {length}");
    for (what, answer) in [
        ("1.0", post("1.0", &exact, &whole)),
        ("1.1", post("1.1", &exact, &whole)),
        (
            "chunked",
            post("1.1", "Transfer-Encoding: chunked", &chunked),
        ),
        (
            "GET of 1.0",
            sent(&format!("GET /ocsp/{base64} HTTP/1.0"), b""),
        ),
        (
            "a proxy's GET",
            sent(&format!("GET http://x/ocsp/{base64} HTTP/1.0"), b""),
        ),
    ] {
        assert!(
            is_answer(&answer),
            "{what}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    for (what, answer) in [
        (
            "too short",
            post("1.1", &format!("Content-Length: {}", length - 1), &whole),
        ),
        (
            "too long",
            post("1.1", &format!("Content-Length: {}", length + 1), &whole),
        ),
        ("no length", post("1.0", "Accept: */*", &whole)),
        (
            "a chunk too short",
            post("1.1", "Transfer-Encoding: chunked", &chunked[..40]),
        ),
        (
            "encoded twice",
            sent(
                &format!("GET /ocsp/{} HTTP/1.0", base64.replace('=', "%253D")),
                b"",
            ),
        ),
    ] {
        assert!(
            answer.ends_with(&MALFORMED),
            "{what}: {}",
            String::from_utf8_lossy(&answer)
        );
    }
    openssl(&server, &["-cert", &one.file]);
}
