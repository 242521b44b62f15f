//! What no well-behaved client sends: each is answered with the documented problem, changes nothing and breaks nothing.

mod bodies;
mod calls;
mod credentials;
mod every_api;
mod forged;
mod transport;

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
