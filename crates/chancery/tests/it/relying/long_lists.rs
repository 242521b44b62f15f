//! A list that is too long for memory is sent from its file: whole, in parts, as PEM, to many slow readers at once, and as
//! it was when the reader came.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::Subject;
use crate::server::{Server, eventually, run};
use crate::wire::{self, Answer};

/// Certificates that were revoked long ago: some 2.5 MB of a list.
const REVOKED: u32 = 60_000;
const PATH: &str = "/crl/issuing.crl";

/// A server whose issuing authority has revoked so many. They are copies of one row of the database: issuing them takes
/// longer than all the rest.
fn with_a_long_list() -> Server {
    let mut server = Server::start();
    let subject = Subject::of(&server, "original");
    subject.revoke(&server, "superseded");
    server.terminate();
    let database = server.data().join("chancery.sqlite").display().to_string();
    let copies = format!(
        "BEGIN;
         CREATE TEMP TABLE copies AS
             WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {REVOKED})
             SELECT certificates.* FROM certificates, counted
             WHERE lower(hex(id)) = '{}';
         UPDATE copies SET number = 1000 + rowid, id = randomblob(12), name = 'copy-' || rowid,
             serial = CAST(printf('%016d', rowid) AS BLOB);
         INSERT INTO certificates SELECT * FROM copies;
         UPDATE authorities SET revocations = revocations + 1 WHERE name = 'issuing';
         INSERT INTO revocation_changes (authority, generation, certificate, bucket)
             SELECT number, revocations, 1001, '3031' FROM authorities WHERE name = 'issuing';
         COMMIT;",
        subject.id
    );
    run("sqlite3", &["-bail", &database, &copies]);
    server.restart();
    server
}

fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let address = server.http_url();
    let request = wire::request(method, path, headers, b"");
    wire::in_the_clear(address.trim_start_matches("http://"), &request)
}

#[test]
fn long_lists_are_sent_whole_and_in_parts() {
    let server = with_a_long_list();
    let whole = settled(&server);
    let length = whole.body.len();
    assert!(length > 2_000_000, "{length}");
    let count = length.to_string();
    assert_eq!(whole.header("content-length"), Some(count.as_str()));
    assert_eq!(whole.header("transfer-encoding"), None);
    let file = server.scratch_file("long.crl", &whole.body);
    let signer = server.authority_file("issuing");
    let asked = ["crl", "-inform", "DER", "-in", &file, "-CAfile", &signer];
    let pem = run("openssl", &asked);
    let as_pem = ask(&server, "GET", "/crl/issuing.pem", &[]).expect(200);
    let count = pem.len().to_string();
    assert_eq!(as_pem.header("content-length"), Some(count.as_str()));
    assert!(as_pem.text() == pem, "openssl's PEM is another");

    for (path, body) in [(PATH, &whole.body), ("/crl/issuing.pem", &as_pem.body)] {
        let length = body.len();
        for (first, last) in [
            (0, 0),
            (49_151, 49_152),
            (66_000, 200_000),
            (1_000_000, length - 1),
            (length - 30, length - 1),
        ] {
            let range = format!("bytes={first}-{last}");
            let part = ask(&server, "GET", path, &[("Range", &range)]).expect(206);
            assert!(part.body == body[first..=last], "{path}: {range}");
        }
        let head = ask(&server, "HEAD", path, &[]).expect(200);
        let count = length.to_string();
        assert_eq!(head.header("content-length"), Some(count.as_str()));
        let tag = head.header("etag").unwrap();
        ask(&server, "GET", path, &[("If-None-Match", tag)]).expect(304);
    }
}

/// Over TLS, where several answers share one connection too.
#[test]
fn long_lists_are_sent_over_http_2() {
    let server = with_a_long_list();
    let whole = settled(&server);
    let (root, address) = (
        server.authority_file("root"),
        format!("{}{PATH}", server.https_url()),
    );
    let files = ["a.crl", "b.crl"].map(|name| server.scratch_file(name, ""));
    let [a, b] = &files;
    let asked = [
        "-sSf",
        "--http2",
        "--parallel",
        "--parallel-max",
        "2",
        "--cacert",
        &root,
        "-w",
        "%{http_version} ",
        "-o",
        a,
        &address,
        "-o",
        b,
        &address,
    ];
    assert_eq!(run("curl", &asked), "2 2 ");
    for file in files {
        assert!(std::fs::read(file).unwrap() == whole.body);
    }
}

/// The list once it tells of everything: one that takes long is made while the one before is given.
fn settled(server: &Server) -> Answer {
    eventually(|| {
        let answer = ask(server, "GET", PATH, &[]).expect(200);
        match answer.body.len() {
            length if length > 2_000_000 => Ok(answer),
            length => Err(format!("{length} octets")),
        }
    })
}

/// Somebody who asks and reads nothing for now.
fn slow_reader(server: &Server) -> TcpStream {
    let address = server.http_url();
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let request = wire::request("GET", PATH, &[], b"");
    stream.write_all(&request).unwrap();
    let mut first = [0; 1];
    stream.read_exact(&mut first).unwrap();
    stream
}

/// Memory that the server takes, in KiB.
fn resident(server: &Server) -> u64 {
    let file = format!("/proc/{}/status", server.pid());
    let status = std::fs::read_to_string(file).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let mut words = line.unwrap().split_whitespace();
    words.nth(1).unwrap().parse().unwrap()
}

#[test]
fn slow_readers_cost_little_and_read_to_the_end() {
    let server = with_a_long_list();
    let whole = settled(&server);
    let before = resident(&server);
    let mut readers: Vec<TcpStream> = (0..60).map(|_| slow_reader(&server)).collect();
    let more = resident(&server).saturating_sub(before);
    assert!(more < 60 * 512, "{more} KiB more for 60 readers");

    // The list changes under their hands.
    let subject = Subject::of(&server, "another");
    subject.revoke(&server, "superseded");
    let serial = subject.serial.clone();
    eventually(|| match server.crl_text("issuing").contains(&serial) {
        false => Err("the list does not change"),
        true => Ok(()),
    });
    for reader in &mut readers {
        let mut rest = Vec::new();
        reader.read_to_end(&mut rest).unwrap();
        let head = rest
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        assert!(rest[head + 4..] == whole.body, "another list was sent");
    }
}
