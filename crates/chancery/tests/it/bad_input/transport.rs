//! Broken and slow HTTP: lying lengths, endless heads, bodies that do not come. Each ends its own connection at most.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    INVALID, NOT_FOUND, NOT_JSON, TOO_LARGE, UNAUTHENTICATED, WRONG_METHOD, check_log,
    check_problem,
};
use crate::server::{Connection, Server, basic};
use crate::wire::{self, Answer};

/// A server that does not wait long for a head or a body, but long enough for what comes as it should.
fn impatient() -> Server {
    Server::start_with_config("[server]\nhead_seconds = 3\nrequest_seconds = 3\n")
}

/// The server does what it should, for others and on a new connection.
#[track_caller]
fn check_alive(server: &Server) {
    server.native("GET", "/whoami", &Value::Null).expect(200);
    check_log(server);
}

/// A head for a POST as the administrator, with those header lines, each ended by CR LF.
fn post(server: &Server, lines: &str) -> String {
    let authorization = basic("admin", &server.admin().api_key);
    format!(
        "POST /chancery/v1/certificates HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n{lines}\r\n"
    )
}

/// Sends that much, then waits for what comes.
fn answer_to(server: &Server, octets: &[u8]) -> io::Result<Answer> {
    let mut connection = server.connect().unwrap();
    // The server may have heard enough before the end.
    let _ = connection.send(octets);
    connection.answer()
}

#[test]
fn bodies_over_the_limit_are_too_large() {
    let server = Server::start();
    for octets in [1_048_577, 3_000_000, 12_000_000] {
        let body = vec![b' '; octets];
        let length = format!("Content-Length: {octets}\r\n");
        let announced = [post(&server, &length).as_bytes(), &body].concat();
        check_problem(
            "announced",
            &answer_to(&server, &announced).unwrap(),
            TOO_LARGE,
        );
        let chunk = format!("{octets:x}\r\n");
        let head = post(&server, "Transfer-Encoding: chunked\r\n");
        let chunked = [head.as_bytes(), chunk.as_bytes(), &body, b"\r\n0\r\n\r\n"].concat();
        check_problem(
            "in a chunk",
            &answer_to(&server, &chunked).unwrap(),
            TOO_LARGE,
        );
    }
    // Announced, not sent: the answer does not wait for it.
    let head = post(&server, "Content-Length: 4000000000\r\n");
    check_problem(
        "only announced",
        &answer_to(&server, head.as_bytes()).unwrap(),
        TOO_LARGE,
    );
    let head = post(
        &server,
        "Content-Length: 2000000\r\nExpect: 100-continue\r\n",
    );
    check_problem(
        "asked before",
        &answer_to(&server, head.as_bytes()).unwrap(),
        TOO_LARGE,
    );
    // Without end: cut off at some time, heard or not.
    let head = post(&server, "Transfer-Encoding: chunked\r\n");
    let chunked = [head.as_bytes(), b"fffffff\r\n", &vec![b' '; 40_000_000]].concat();
    if let Ok(answer) = answer_to(&server, &chunked) {
        check_problem("endless", &answer, TOO_LARGE);
    }
    // Just within the limit: read, and no JSON.
    let body = vec![b'{'; 1_048_576];
    let head = post(&server, "Content-Length: 1048576\r\n");
    check_problem(
        "within",
        &answer_to(&server, &[head.as_bytes(), &body].concat()).unwrap(),
        INVALID,
    );
    check_alive(&server);
}

/// Who sends before it listens must hear what was wrong, although nobody wants its body.
#[test]
fn refusals_are_heard_whatever_the_size_of_the_body() {
    let server = Server::start();
    let body = vec![b' '; 900_000];
    let good = post(&server, "Content-Length: 900000\r\n");
    let authorization = format!("{}\r\n", basic("admin", &server.admin().api_key));
    for (want, head) in [
        (UNAUTHENTICATED, good.replace(&authorization, "Basic x\r\n")),
        (NOT_FOUND, good.replacen("certificates", "nothing", 1)),
        (WRONG_METHOD, good.replacen("POST", "PUT", 1)),
        (
            NOT_JSON,
            post(
                &server,
                "Content-Length: 900000\r\nContent-Type: text/plain\r\n",
            ),
        ),
    ] {
        for _ in 0..3 {
            let answer = answer_to(&server, &[head.as_bytes(), &body].concat());
            check_problem(want.1, &answer.unwrap(), want);
        }
    }
    check_alive(&server);
}

/// curl, about to call the address of certificates as the administrator and to tell the status alone.
fn curl(server: &Server, version: &str) -> Command {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", version, "--max-time", "20"])
        .args(["--write-out", "%{http_code}", "--output", "/dev/null"])
        .arg("--cacert")
        .arg(server.data().join("ca/root.pem"))
        .args(["--user", &format!("admin:{}", server.admin().api_key)])
        .arg(format!("{}/chancery/v1/certificates", server.https_url()));
    command
}

/// By a client of the world, which sends it all without asking first.
#[test]
fn curl_hears_that_its_body_is_too_large() {
    let server = Server::start();
    let file = server.scratch().join("large");
    std::fs::write(&file, vec![b' '; 8_000_000]).unwrap();
    for version in ["--http1.1", "--http2"] {
        let output = curl(&server, version)
            .args(["--header", "Expect:"])
            .args(["--header", "Content-Type: application/json"])
            .arg("--data-binary")
            .arg(format!("@{}", file.display()))
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            String::from_utf8_lossy(&output.stdout),
            "413",
            "{version}: {said}"
        );
    }
    check_alive(&server);
}

#[test]
fn framing_that_lies_is_refused() {
    let server = impatient();
    let good = json!({"key": "ec-p256", "subject": "CN=smuggled"}).to_string();
    let length = good.len();
    let hidden = post(&server, &format!("Content-Length: {length}\r\n")) + &good;
    for (what, lines, body) in [
        (
            "a length that is too short",
            format!("Content-Length: {}\r\n", length - 5),
            good.clone(),
        ),
        (
            "no number",
            "Content-Length: ten\r\n".to_owned(),
            good.clone(),
        ),
        (
            "a negative length",
            "Content-Length: -5\r\n".to_owned(),
            good.clone(),
        ),
        (
            "a length with a sign",
            format!("Content-Length: +{length}\r\n"),
            good.clone(),
        ),
        (
            "a length of 2^64",
            "Content-Length: 18446744073709551616\r\n".to_owned(),
            good.clone(),
        ),
        (
            "two lengths",
            format!("Content-Length: {length}\r\nContent-Length: 5\r\n"),
            good.clone(),
        ),
        (
            "two lengths in one",
            format!("Content-Length: {length}, 5\r\n"),
            good.clone(),
        ),
        (
            "chunks of no size",
            "Transfer-Encoding: chunked\r\n".to_owned(),
            format!("zz\r\n{good}\r\n0\r\n\r\n"),
        ),
        (
            "a chunk of 2^68",
            "Transfer-Encoding: chunked\r\n".to_owned(),
            format!("fffffffffffffffff\r\n{good}"),
        ),
        (
            "a chunk that is shorter",
            "Transfer-Encoding: chunked\r\n".to_owned(),
            format!("5\r\n{good}\r\n0\r\n\r\n"),
        ),
        (
            "an unknown coding",
            "Transfer-Encoding: gzip\r\n".to_owned(),
            good.clone(),
        ),
        (
            "coded twice over",
            "Transfer-Encoding: chunked, gzip\r\n".to_owned(),
            good.clone(),
        ),
        (
            "a space in a header's name",
            format!("Content-Length : {length}\r\n"),
            good.clone(),
        ),
        (
            "a header without colon",
            format!("nonsense\r\nContent-Length: {length}\r\n"),
            good.clone(),
        ),
        (
            "a NUL in a header",
            format!("X: a\0b\r\nContent-Length: {length}\r\n"),
            good.clone(),
        ),
        (
            "a folded header",
            format!("X: a\r\n b\r\nContent-Length: {length}\r\n"),
            good.clone(),
        ),
    ] {
        // Behind it, another request lies in wait for a server that reads the frame otherwise.
        let octets = post(&server, &lines) + &body + &hidden;
        if let Ok(answer) = answer_to(&server, octets.as_bytes()) {
            assert!(
                (400..500).contains(&answer.status),
                "{what}: {}",
                answer.status
            );
        }
    }
    for line in [
        "",
        "GET",
        "GET / HTTP/9.9",
        "GET / HTTP/1.1 x",
        "\0\0\0\0",
        "GET /\u{7f} HTTP/1.1",
        "PRI * HTTP/2.0",
    ] {
        let octets = format!("{line}\r\nHost: localhost\r\n\r\n");
        if let Ok(answer) = answer_to(&server, octets.as_bytes()) {
            assert!(
                (400..600).contains(&answer.status),
                "{line:?}: {}",
                answer.status
            );
        }
    }
    let listed = server
        .native("GET", "/certificates?subject=smuggled", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(listed["certificates"], json!([]), "nothing was smuggled in");
    check_alive(&server);
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let server = Server::start();
    let line = format!("X-Long: {}\r\n", "x".repeat(100_000));
    let many: String = (0..2000).map(|n| format!("X-{n}: y\r\n")).collect();
    let address = format!(
        "GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "x".repeat(100_000)
    );
    for octets in [post(&server, &line), post(&server, &many), address] {
        if let Ok(answer) = answer_to(&server, octets.as_bytes()) {
            assert!([414, 431].contains(&answer.status), "{}", answer.status);
        }
    }
    // A long one that still fits.
    let line = format!("X-Long: {}\r\nContent-Length: 0\r\n", "x".repeat(30_000));
    check_problem(
        "30 KB",
        &answer_to(&server, post(&server, &line).as_bytes()).unwrap(),
        INVALID,
    );
    check_alive(&server);
}

#[test]
fn heads_of_http_2_that_are_too_large_are_refused() {
    let server = Server::start();
    let output = curl(&server, "--http2")
        .args(["--header", &format!("X-Long: {}", "x".repeat(100_000))])
        .output()
        .unwrap();
    let status = String::from_utf8_lossy(&output.stdout);
    // curl itself may stop when the server says that it takes no such head.
    assert!(["431", "000"].contains(&&*status), "{status}");
    check_alive(&server);
}

/// Waits until the server ends a connection on which it had nothing to say.
#[track_caller]
fn check_ends(mut stream: TcpStream) {
    let read = stream.read(&mut [0; 1024]);
    let waited = |error: &io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
        )
    };
    assert!(!read.is_err_and(|error| waited(&error)), "it stays open");
}

#[test]
fn heads_that_come_slowly_end_their_connection() {
    let server = impatient();
    let clear = server.http_url().trim_start_matches("http://").to_owned();
    let tcp = |address: &str| {
        let stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        stream
    };
    let mut half = server.connect().unwrap();
    half.send(b"GET /healthz HTTP/1.1\r\nHost: local").unwrap();
    let (nothing, no_handshake) = (tcp(&clear), tcp(server.https_address()));
    let mut drop_by_drop = tcp(&clear);
    let head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ".iter();
    for octet in head.chain([b'x'].iter().cycle()).take(600) {
        if drop_by_drop.write_all(&[*octet]).is_err() {
            break;
        }
        thread::sleep(Duration::from_millis(100));
    }
    assert!(half.has_ended());
    for stream in [nothing, no_handshake, drop_by_drop] {
        check_ends(stream);
    }
    check_alive(&server);
}

#[test]
fn bodies_that_come_slowly_are_not_waited_for() {
    let server = impatient();
    let mut connection = server.connect().unwrap();
    let head = post(&server, "Content-Length: 1000\r\n");
    connection.send(format!("{head}{{").as_bytes()).unwrap();
    check_problem(
        "a slow body",
        &connection.answer().unwrap(),
        (504, "timed-out"),
    );
    assert!(
        connection.has_ended(),
        "what still comes would be taken for a request"
    );

    // Given up half-way: nobody is left to answer, and nothing is made of it.
    let good = json!({"key": "ec-p256", "subject": "CN=half"}).to_string();
    let mut connection = server.connect().unwrap();
    connection
        .send(
            (post(&server, &format!("Content-Length: {}\r\n", good.len() + 1)) + &good).as_bytes(),
        )
        .unwrap();
    drop(connection);
    thread::sleep(Duration::from_millis(200));
    let listed = server
        .native("GET", "/certificates?subject=half", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(listed["certificates"], json!([]));
    check_alive(&server);
}

#[test]
fn many_who_only_wait_do_not_keep_others_out() {
    let server = Server::start_with_config("[server]\nrequest_seconds = 3600\n");
    let waiting: Vec<Connection> = (0..100)
        .map(|_| {
            let mut connection = server.connect().unwrap();
            connection
                .send(post(&server, "Content-Length: 1000\r\n").as_bytes())
                .unwrap();
            connection
        })
        .collect();
    server.native("GET", "/whoami", &Value::Null).expect(200);
    drop(waiting);
    check_alive(&server);
}

#[test]
fn the_clear_listener_knows_no_callers() {
    let server = Server::start();
    let address = server.http_url().trim_start_matches("http://").to_owned();
    let authorization = basic("admin", &server.admin().api_key);
    for path in [
        "/chancery/v1/whoami",
        "/chancery/v1/certificates",
        "/v2.0/tokens",
        "/",
        "/ca/..%2fadministrator.json",
    ] {
        let request = wire::request("GET", path, &[("Authorization", &authorization)], b"");
        assert_eq!(wire::in_the_clear(&address, &request).status, 404, "{path}");
    }
    check_alive(&server);
}
