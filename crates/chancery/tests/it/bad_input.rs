//! What no well-behaved client sends: each is answered with the documented problem, changes nothing and breaks nothing.

mod forged;
mod transport;

use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::{P256, Server, basic, csr};
use crate::wire::Answer;

/// A problem: its status and the end of its type.
type Problem = (u16, &'static str);

const INVALID: Problem = (400, "invalid");
const UNAUTHENTICATED: Problem = (401, "unauthenticated");
const NOT_FOUND: Problem = (404, "not-found");
const WRONG_METHOD: Problem = (405, "method-not-allowed");
const CONFLICT: Problem = (409, "conflict");
const NO_PRIVATE_KEY: Problem = (409, "no-private-key");
const TOO_LARGE: Problem = (413, "too-large");
const NOT_JSON: Problem = (415, "unsupported-media-type");
const POLICY: Problem = (422, "policy");

const JSON: &str = "application/json";

/// A server that holds one certificate, and what it holds.
struct Target {
    server: Server,
    authorization: String,
    /// A good request.
    csr: String,
    /// The PEM of the one certificate, which is called `kept`.
    certificate: String,
    holdings: Vec<Value>,
}

impl Target {
    fn new() -> Target {
        let server = Server::start();
        let csr = csr(server.scratch(), P256, "/CN=kept", &[]);
        let kept = server
            .native(
                "POST",
                "/certificates",
                &json!({"csr": csr, "name": "kept"}),
            )
            .expect(201)
            .json();
        let authorization = basic("admin", &server.admin().api_key);
        let certificate = kept["certificate"].as_str().unwrap().to_owned();
        let mut target = Target {
            server,
            authorization,
            csr,
            certificate,
            holdings: Vec::new(),
        };
        target.holdings = target.holds();
        target
    }

    /// Everything that a request could have changed.
    fn holds(&self) -> Vec<Value> {
        let read = |path| {
            self.server
                .native("GET", path, &Value::Null)
                .expect(200)
                .json()
        };
        ["/certificates?status=any&limit=1000", "/users", "/domains"]
            .map(read)
            .to_vec()
    }

    /// Sends a body as the administrator; the answer must be that problem, and nothing may have changed.
    #[track_caller]
    fn check(&self, what: &str, method: &str, path: &str, body: &[u8], want: Problem) {
        let headers = [
            ("Authorization", self.authorization.as_str()),
            ("Content-Type", JSON),
        ];
        self.check_with(what, method, path, &headers, body, want);
    }

    #[track_caller]
    fn check_with(
        &self,
        what: &str,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
        want: Problem,
    ) {
        let answer = self
            .server
            .request(method, &format!("/chancery/v1{path}"), headers, body);
        check_problem(what, &answer, want);
        assert_eq!(self.holds(), self.holdings, "{what}: something was stored");
    }

    /// A request to issue, otherwise good, with these members beside the CSR.
    #[track_caller]
    fn check_issue(&self, mut members: Value, want: Problem) {
        let what = members.to_string().chars().take(200).collect::<String>();
        if members.get("csr").is_none() && members.get("key").is_none() {
            members["csr"] = json!(self.csr);
        }
        self.check(
            &what,
            "POST",
            "/certificates",
            members.to_string().as_bytes(),
            want,
        );
    }

    /// Nothing broke inside, and the server still works.
    #[track_caller]
    fn check_sound(&self) {
        check_log(&self.server);
        self.server
            .native("POST", "/certificates", &json!({"csr": self.csr}))
            .expect(201);
    }
}

/// No panic, nothing failed inside.
#[track_caller]
fn check_log(server: &Server) {
    let log = std::fs::read_to_string(server.scratch().join("server.log")).unwrap();
    assert!(!log.contains("panicked") && !log.contains("ERROR"), "{log}");
}

/// The answer is a problem of RFC 9457 as the API's README shows it.
#[track_caller]
fn check_problem(what: &str, answer: &Answer, (status, kind): Problem) {
    let text = String::from_utf8_lossy(&answer.body);
    assert_eq!(answer.status, status, "{what}: {text}");
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json"),
        "{what}: {text}"
    );
    assert!(
        answer.header("x-request-id").is_some(),
        "{what}: the answer has no id"
    );
    let problem = answer.json();
    assert_eq!(
        problem["type"],
        format!("urn:chancery:problem:{kind}"),
        "{what}: {text}"
    );
    assert_eq!(problem["status"], status, "{what}: {text}");
    for member in ["title", "detail"] {
        assert!(
            problem[member]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{what}: {member}: {text}"
        );
    }
    assert!(
        text.len() < 4096,
        "{what}: the answer repeats what was sent"
    );
    if status == 401 {
        let schemes = answer
            .headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate"))
            .count();
        assert_eq!(schemes, 2, "{what}");
    }
}

#[test]
fn bodies_that_are_no_json_of_ours_are_refused() {
    let target = Target::new();
    let good = json!({"csr": target.csr}).to_string();
    let make = r#"{"key":"ec-p256","subject":"CN=x"}"#;
    let deep = "[".repeat(100_000);
    let utf16: Vec<u8> = make.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (what, body) in [
        ("nothing", &b""[..]),
        ("white space", b" \r\n\t"),
        ("no JSON", b"csr=x"),
        ("half of it", &good.as_bytes()[..good.len() / 2]),
        (
            "invalid UTF-8",
            b"{\"key\":\"ec-p256\",\"subject\":\"CN=\xff\xfe\"}",
        ),
        ("UTF-16", &utf16),
        ("a byte order mark", format!("\u{feff}{make}").as_bytes()),
        (
            "half a surrogate",
            br#"{"key":"ec-p256","subject":"CN=\ud800"}"#,
        ),
        (
            "a member twice",
            br#"{"key":"ec-p256","subject":"CN=x","subject":"CN=y"}"#,
        ),
        (
            "an unknown member",
            br#"{"key":"ec-p256","subject":"CN=x","lifetime":7}"#,
        ),
        (
            "a member in another case",
            br#"{"Key":"ec-p256","subject":"CN=x"}"#,
        ),
        ("junk behind it", format!("{make} x").as_bytes()),
        ("two of them", format!("{make}{make}").as_bytes()),
        ("a comment", format!("{make}// x").as_bytes()),
        ("null", b"null"),
        ("a string", b"\"ec-p256\""),
        ("a number", b"1e999"),
        ("a list", format!("[{make}]").as_bytes()),
        (
            "members without names",
            br#"[null,"ec-p256",null,null,"CN=x",null,null,null,null,null,null]"#,
        ),
        ("100,000 brackets", deep.as_bytes()),
        (
            "100,000 brackets in a member",
            format!("{{\"csr\":{deep}").as_bytes(),
        ),
        (
            "a million digits",
            format!("{{\"days\":{}}}", "9".repeat(1_000_000)).as_bytes(),
        ),
        ("members of other types", br#"{"csr":["x"]}"#),
        (
            "text for a list",
            br#"{"key":"ec-p256","subject":"CN=x","names":"dns:x"}"#,
        ),
    ] {
        target.check(what, "POST", "/certificates", body, INVALID);
    }
    target.check("a list for nothing", "POST", "/tokens", b"[]", INVALID);
    let admin = ("Authorization", target.authorization.as_str());
    for kind in [
        "text/plain",
        "application/xml",
        "application/x-www-form-urlencoded",
        "json",
        "",
        "application/jsonp",
    ] {
        let headers = [admin, ("Content-Type", kind)];
        target.check_with(
            kind,
            "POST",
            "/certificates",
            &headers,
            good.as_bytes(),
            NOT_JSON,
        );
    }
    for kind in [
        &[][..],
        &[("Content-Type", "Application/JSON; charset=utf-8")],
    ] {
        let headers = [&[admin], kind].concat();
        target
            .server
            .request(
                "POST",
                "/chancery/v1/certificates",
                &headers,
                good.as_bytes(),
            )
            .expect(201);
    }
    target.check_sound();
}

#[test]
fn what_cannot_be_certified_is_refused() {
    let target = Target::new();
    let many: Vec<String> = (0..101).map(|n| format!("dns:{n}.example")).collect();
    let long = |count| format!("CN={}", "x".repeat(count));
    for (members, want) in [
        (json!({"days": 0}), POLICY),
        (json!({"days": 1_000_000_000}), POLICY),
        (json!({"days": u32::MAX}), POLICY),
        (json!({"days": -1}), INVALID),
        (json!({"days": 1.5}), INVALID),
        (json!({"days": 1e30}), INVALID),
        (json!({"days": "7"}), INVALID),
        (
            json!({"not_before": "2026-06-02T00:00:00Z", "not_after": "2026-06-01T00:00:00Z"}),
            POLICY,
        ),
        (json!({"not_after": "2001-01-01T00:00:00Z"}), POLICY),
        (json!({"not_before": "2001-01-01T00:00:00Z"}), POLICY),
        (json!({"not_before": "3001-01-01T00:00:00Z"}), POLICY),
        (json!({"not_after": "9999-12-31T23:59:59Z"}), POLICY),
        (json!({"not_after": "10000-01-01T00:00:00Z"}), INVALID),
        (
            json!({"not_after": "2030-01-01T00:00:00Z", "days": 7}),
            INVALID,
        ),
        (json!({"not_after": "2030-13-01T00:00:00Z"}), INVALID),
        (json!({"not_after": "2030-01-01"}), INVALID),
        (json!({"not_after": "tomorrow"}), INVALID),
        (json!({"not_after": 1_900_000_000}), INVALID),
        (json!({"subject": "nobody"}), INVALID),
        (json!({"subject": ""}), POLICY),
        (json!({"subject": "CN="}), POLICY),
        (json!({"subject": long(65)}), POLICY),
        (json!({"subject": long(4096)}), POLICY),
        (json!({"subject": long(1_000_000)}), INVALID),
        (json!({"subject": "CN=a\\00b"}), POLICY),
        (json!({"subject": "CN=a\u{0}b"}), POLICY),
        (json!({"subject": "CN=a\u{202e}b"}), POLICY),
        (json!({"subject": "C=Germany"}), POLICY),
        (json!({"subject": "OU=x,".repeat(40) + "CN=x"}), POLICY),
        (json!({"subject": "CN=#deadbeef"}), INVALID),
        (json!({"names": many}), POLICY),
        (json!({"names": ["dns:a\u{0}b.example"]}), INVALID),
        (json!({"names": ["dns:a\nb.example"]}), INVALID),
        (json!({"names": ["dns:a b"]}), INVALID),
        (json!({"names": ["dns:b\u{fc}cher.example"]}), INVALID),
        (json!({"names": ["dns:*.*.example"]}), INVALID),
        (
            json!({"names": [format!("dns:{}.example", "x".repeat(64))]}),
            INVALID,
        ),
        (
            json!({"names": [format!("dns:{}", "x.".repeat(2000))]}),
            INVALID,
        ),
        (json!({"names": ["email:joe"]}), INVALID),
        (json!({"names": ["email:joe@a\r\nb"]}), INVALID),
        (json!({"names": ["ip:300.1.1.1"]}), INVALID),
        (json!({"names": ["uri:nothing"]}), INVALID),
        (json!({"names": [""]}), INVALID),
        (json!({"names": [7]}), INVALID),
        (json!({"profile": "no-such"}), INVALID),
        (json!({"profile": "../../etc/passwd"}), INVALID),
        (json!({"profile": "tls-server"}), POLICY),
        (
            json!({"profile": "tls-server", "names": ["email:joe@example.com"]}),
            POLICY,
        ),
        (json!({"authority": "no-such"}), NOT_FOUND),
        (json!({"owner": "no such"}), INVALID),
        (json!({"owner": ""}), INVALID),
        (json!({"owner": "x".repeat(129)}), INVALID),
        (json!({"owner": "nobody"}), NOT_FOUND),
        (json!({"name": "kept"}), CONFLICT),
        (json!({"name": ""}), INVALID),
        (json!({"name": "a b"}), INVALID),
        (json!({"name": "a/b"}), INVALID),
        (json!({"name": "a\u{0}b"}), INVALID),
        (json!({"name": "42"}), INVALID),
        (json!({"name": "5f5641a7e74e187a7e3d5266"}), INVALID),
        (json!({"name": "x".repeat(4096)}), INVALID),
        (json!({"key": "rsa-1024", "subject": "CN=x"}), INVALID),
        (json!({"key": "dsa", "subject": "CN=x"}), INVALID),
        (json!({"key": "ec-p256"}), INVALID),
        (
            json!({"key": "ec-p256", "csr": "x", "subject": "CN=x"}),
            INVALID,
        ),
        (
            json!({"key": "ec-p256", "subject": "CN=x", "profile": "tls-client", "days": 826}),
            POLICY,
        ),
    ] {
        target.check_issue(members, want);
    }
    target.check_sound();
}

#[test]
fn addresses_and_queries_that_mean_nothing_are_refused() {
    let target = Target::new();
    let long = format!("/certificates/{}", "x".repeat(10_000));
    for (path, want) in [
        ("/certificates?limit=0", INVALID),
        ("/certificates?limit=-1", INVALID),
        ("/certificates?limit=1001", INVALID),
        (
            "/certificates?limit=1000000000000000000000000000000",
            INVALID,
        ),
        ("/certificates?limit=ten", INVALID),
        ("/certificates?limit=", INVALID),
        ("/certificates?limit=5&limit=6", INVALID),
        ("/certificates?after=abc", INVALID),
        ("/certificates?after=-", INVALID),
        ("/certificates?after=99999999999999999999", INVALID),
        ("/certificates?status=foo", INVALID),
        ("/certificates?status=Active", INVALID),
        ("/certificates?order=random", INVALID),
        ("/certificates?owner=a%20b", INVALID),
        ("/certificates?owner=", INVALID),
        ("/certificates?domain=a%00b", INVALID),
        ("/certificates?serial=12", INVALID),
        ("/certificates?issuer=CN%3Dx&serial=xyz", INVALID),
        ("/certificates?issuer=nobody", INVALID),
        ("/certificates?subject_key_id=12", INVALID),
        ("/certificates?sort=name", INVALID),
        ("/users?limit=0", INVALID),
        ("/users?domain=a%20b", INVALID),
        ("/users/a%20b", INVALID),
        ("/domains?limit=1001", INVALID),
        ("/audit?limit=0", INVALID),
        ("/audit?before=abc", INVALID),
        ("/audit?certificate=kept", INVALID),
        ("/audit?actor=a%20b", INVALID),
        ("/certificates/%ff", INVALID),
        ("/certificates/%00", NOT_FOUND),
        ("/certificates/kept%00", NOT_FOUND),
        ("/certificates/..", NOT_FOUND),
        ("/certificates/../whoami", NOT_FOUND),
        ("/certificates/%2e%2e%2fwhoami", NOT_FOUND),
        ("/certificates/..%2f..%2f..%2f..%2fetc%2fpasswd", NOT_FOUND),
        ("/certificates/-1", NOT_FOUND),
        ("/certificates/0", NOT_FOUND),
        ("/certificates/99999999999999999999999", NOT_FOUND),
        ("/certificates/5f5641a7e74e187a7e3d5266", NOT_FOUND),
        ("/certificates/KEPT", NOT_FOUND),
        ("/certificates/'%20OR%201=1--", NOT_FOUND),
        (&long, NOT_FOUND),
        ("/certificates/", NOT_FOUND),
        ("/certificates/kept/private-key", NOT_FOUND),
        ("/authorities/..%2froot", NOT_FOUND),
        ("/users/nobody", NOT_FOUND),
        ("/domains/nowhere", NOT_FOUND),
        ("", NOT_FOUND),
        ("/", NOT_FOUND),
        ("/nothing/here?x=%00", NOT_FOUND),
        ("/../../etc/passwd", NOT_FOUND),
        ("/certificates/kept/revoke", WRONG_METHOD),
        ("/tokens", WRONG_METHOD),
    ] {
        target.check(path, "GET", path, b"", want);
    }
    for (method, path) in [
        ("PUT", "/certificates"),
        ("DELETE", "/certificates"),
        ("PATCH", "/certificates/kept"),
        ("POST", "/whoami"),
        ("TRACE", "/certificates"),
        ("BREW", "/certificates/kept"),
        ("get", "/certificates"),
    ] {
        target.check(&format!("{method} {path}"), method, path, b"", WRONG_METHOD);
    }
    target.check_sound();
}

#[test]
fn other_calls_refuse_what_they_cannot_do() {
    let target = Target::new();
    let certificate = &target.certificate;
    let broken = certificate.replacen("MII", "MIJ", 1);
    let key = std::fs::read_to_string(target.server.scratch().join("subject.key.pem")).unwrap();
    let import = "/certificates/import";
    for (method, path, body, want) in [
        ("POST", "/certificates/kept/revoke", json!({}), INVALID),
        (
            "POST",
            "/certificates/kept/revoke",
            json!({"reason": "because"}),
            INVALID,
        ),
        (
            "POST",
            "/certificates/kept/revoke",
            json!({"reason": 1}),
            INVALID,
        ),
        (
            "POST",
            "/certificates/kept/revoke",
            json!({"reason": "superseded", "comment": "x"}),
            INVALID,
        ),
        (
            "POST",
            "/certificates/none/revoke",
            json!({"reason": "superseded"}),
            NOT_FOUND,
        ),
        (
            "POST",
            "/certificates/kept/release",
            json!({}),
            (409, "refused"),
        ),
        (
            "POST",
            "/certificates/kept/purge",
            json!({}),
            (409, "refused"),
        ),
        (
            "POST",
            "/certificates/kept/renew",
            json!({}),
            NO_PRIVATE_KEY,
        ),
        (
            "POST",
            "/certificates/kept/renew",
            json!({"csr": "x"}),
            INVALID,
        ),
        (
            "POST",
            "/certificates/kept/renew",
            json!({"csr": target.csr, "days": 0}),
            POLICY,
        ),
        (
            "POST",
            "/certificates/kept/pkcs12",
            json!({"password": "x"}),
            NO_PRIVATE_KEY,
        ),
        (
            "POST",
            "/certificates/kept/pkcs12",
            json!({"password": ""}),
            INVALID,
        ),
        ("POST", import, json!({"certificates": ""}), INVALID),
        ("POST", import, json!({"certificates": "x"}), INVALID),
        ("POST", import, json!({"certificates": target.csr}), INVALID),
        ("POST", import, json!({"certificates": broken}), INVALID),
        (
            "POST",
            import,
            json!({"certificates": format!("{certificate}{broken}")}),
            INVALID,
        ),
        (
            "POST",
            import,
            json!({"certificates": certificate, "private_key": "x"}),
            INVALID,
        ),
        (
            "POST",
            import,
            json!({"certificates": format!("{certificate}{certificate}"), "private_key": key}),
            INVALID,
        ),
        (
            "POST",
            import,
            json!({"certificates": certificate, "owner": "nobody"}),
            NOT_FOUND,
        ),
        ("POST", "/users", json!({"name": ""}), INVALID),
        ("POST", "/users", json!({"name": "a:b"}), INVALID),
        ("POST", "/users", json!({"name": "a\u{0}b"}), INVALID),
        ("POST", "/users", json!({"name": "x".repeat(129)}), INVALID),
        ("POST", "/users", json!({"name": "x", "id": "a b"}), INVALID),
        (
            "POST",
            "/users",
            json!({"name": "x", "roles": ["king"]}),
            INVALID,
        ),
        (
            "POST",
            "/users",
            json!({"name": "x", "domain": "a b"}),
            INVALID,
        ),
        (
            "POST",
            "/users",
            json!({"name": "x", "password": ""}),
            INVALID,
        ),
        ("POST", "/users", json!({"name": "admin"}), CONFLICT),
        (
            "POST",
            "/users",
            json!({"name": "x", "id": "admin"}),
            CONFLICT,
        ),
        ("PATCH", "/users/admin", json!({"disabled": true}), INVALID),
        ("PATCH", "/users/admin", json!({"domain": "a b"}), INVALID),
        ("DELETE", "/users/admin", Value::Null, INVALID),
        (
            "DELETE",
            "/users/chancery-server",
            Value::Null,
            (403, "forbidden"),
        ),
        ("POST", "/domains", json!({"id": "a b"}), INVALID),
        (
            "POST",
            "/domains",
            json!({"id": "x", "name": "x".repeat(4096)}),
            INVALID,
        ),
        ("POST", "/domains", json!({"id": "default"}), CONFLICT),
        ("DELETE", "/domains/default", Value::Null, CONFLICT),
        ("DELETE", "/tokens/current", Value::Null, INVALID),
    ] {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let what = format!(
            "{method} {path} {}",
            body.chars().take(200).collect::<String>()
        );
        target.check(&what, method, path, body.as_bytes(), want);
    }
    target.check_sound();
}

#[test]
fn credentials_that_prove_nothing_are_refused() {
    let target = Target::new();
    let good = target.authorization.as_str();
    let key = target.server.admin().api_key.as_str();
    let encoded = |text: &[u8]| format!("Basic {}", STANDARD.encode(text));
    for (what, values) in [
        ("none", &[][..]),
        ("empty", &[String::new()]),
        ("no colon", &[encoded(b"admin")]),
        ("nothing", &[encoded(b":")]),
        ("no user", &[encoded(format!(":{key}").as_bytes())]),
        ("no secret", &[encoded(b"admin:")]),
        ("no base64", &["Basic !!!".to_owned()]),
        ("no UTF-8", &[encoded(b"admin:\xff\xfe")]),
        ("NUL", &[encoded(format!("admin\0:{key}").as_bytes())]),
        (
            "another's case",
            &[encoded(format!("ADMIN:{key}").as_bytes())],
        ),
        (
            "a space behind the secret",
            &[encoded(format!("admin:{key} ").as_bytes())],
        ),
        (
            "a long secret",
            &[encoded(format!("admin:{}", "x".repeat(20_000)).as_bytes())],
        ),
        ("the key as a token", &[format!("Bearer {key}")]),
        ("no token", &["Bearer ".to_owned()]),
        ("another scheme", &["Digest username=\"admin\"".to_owned()]),
        (
            "two, the second good",
            &[encoded(b"admin:x"), good.to_owned()],
        ),
        ("two good ones", &[good.to_owned(), good.to_owned()]),
    ] {
        let headers: Vec<(&str, &str)> = values
            .iter()
            .map(|value| ("Authorization", value.as_str()))
            .collect();
        target.check_with(what, "GET", "/whoami", &headers, b"", UNAUTHENTICATED);
        let headers = [&headers[..], &[("Content-Type", JSON)]].concat();
        let body = json!({"csr": target.csr}).to_string();
        target.check_with(
            what,
            "POST",
            "/certificates",
            &headers,
            body.as_bytes(),
            UNAUTHENTICATED,
        );
    }
    target.check_sound();
}

#[test]
fn guessing_is_slow_and_does_not_stand_in_the_way_of_who_knows() {
    let server = Server::start();
    let password = server.admin().password.clone();
    let try_one = |secret: &str| {
        let began = Instant::now();
        let answer = server.native_as("admin", secret, "GET", "/whoami", &Value::Null);
        (answer.status, began.elapsed())
    };
    let mut slowest = Duration::ZERO;
    for attempt in 0..9 {
        let (status, took) = try_one(&format!("guess {attempt}"));
        assert_eq!(status, 401);
        slowest = slowest.max(took);
    }
    // Five are free; then 0.1 s, twice as long each time.
    assert!(
        slowest > Duration::from_millis(700),
        "the ninth guess took {slowest:?}"
    );
    thread::scope(|scope| {
        let guesses: Vec<_> = (0..8)
            .map(|n| scope.spawn(move || try_one(&format!("at once {n}")).0))
            .collect();
        thread::sleep(Duration::from_millis(100));
        let (status, took) = try_one(&password);
        assert!(
            status == 200 && took < Duration::from_secs(10),
            "{status} after {took:?}"
        );
        for guess in guesses {
            let status = guess.join().unwrap();
            assert!([401, 429].contains(&status), "{status}");
        }
    });
    check_log(&server);
}
