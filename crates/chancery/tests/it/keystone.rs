//! The HP Keystone API against the real program: the document's own examples, log-in, rights, and everything that must
//! be refused.

mod golden;
mod listing;
mod login;
mod names;
mod refusals;
mod rights;

use serde_json::{Value, json};

use crate::server::Server;
use crate::wire::Answer;

/// Where the extension stands.
const BASE: &str = "/v2.0/HP-IDM/v1.0";
const PASSWORD: &str = "correct horse battery staple";

/// A user with a token.
struct Client<'s> {
    server: &'s Server,
    token: String,
}

impl<'s> Client<'s> {
    /// Logs in with the usual password.
    fn log_in(server: &'s Server, user: &str) -> Client<'s> {
        Client::with_password(server, user, PASSWORD)
    }

    /// The administrator of the first start.
    fn administrator(server: &'s Server) -> Client<'s> {
        Client::with_password(server, &server.admin().user, &server.admin().password)
    }

    fn with_password(server: &'s Server, user: &str, password: &str) -> Client<'s> {
        let auth = json!({"passwordCredentials": {"username": user, "password": password}});
        let answer = authenticate(server, &auth).expect(200).json();
        let token = answer["access"]["token"]["id"].as_str().unwrap().to_owned();
        Client { server, token }
    }

    /// Sends JSON (nothing, if null) to a path under the extension, and wants JSON.
    fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        let octets = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        self.send(
            method,
            &format!("{BASE}{path}"),
            "application/json",
            &octets,
        )
    }

    /// Sends octets to a path, saying that they are of that media type and wanting the same.
    fn send(&self, method: &str, path: &str, media_type: &str, body: &[u8]) -> Answer {
        let headers = [
            ("X-Auth-Token", self.token.as_str()),
            ("Accept", media_type),
            ("Content-Type", media_type),
        ];
        self.server.request(method, path, &headers, body)
    }

    /// Creates a certificate, and gives it as it was answered.
    fn create(&self, user: &str, subject: &str) -> Value {
        let asked = json!({"certificate": {"userId": user, "subject": subject}});
        self.json("POST", "/certificates", &asked)
            .expect(201)
            .json()["certificate"]
            .clone()
    }

    /// The certificates that a list with that query tells.
    fn list(&self, query: &str) -> Vec<Value> {
        let answer = self
            .json("GET", &format!("/certificates{query}"), &Value::Null)
            .expect(200)
            .json();
        answer["certificates"]["certificate"]
            .as_array()
            .unwrap()
            .clone()
    }
}

/// Asks for a token.
fn authenticate(server: &Server, auth: &Value) -> Answer {
    let body = json!({ "auth": auth }).to_string();
    server.request(
        "POST",
        "/v2.0/tokens",
        &[("Content-Type", "application/json")],
        body.as_bytes(),
    )
}

/// The path of a certificate, its issuer encoded to the last letter.
fn path_of(certificate: &Value) -> String {
    let issuer = certificate["issuerName"].as_str().unwrap();
    let serial = certificate["serialNumber"].as_str().unwrap();
    let encoded: String = issuer
        .bytes()
        .map(|octet| format!("%{octet:02X}"))
        .collect();
    format!("/certificates/{encoded}/{serial}")
}

/// An answer must be this fault, in JSON or XML.
#[track_caller]
fn assert_fault(answer: &Answer, status: u16, element: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    for (name, value) in [
        ("Cache-Control", "no-cache"),
        ("Pragma", "no-cache"),
        ("Expires", "-1"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    if answer.header("Content-Type") == Some("application/xml") {
        let start = format!("<{element} xmlns=\"http://docs.openstack.org/identity/api/v2.0\"");
        assert!(
            text.contains(&start) && text.contains(&format!(" code=\"{status}\">")),
            "{text}"
        );
        assert!(
            text.contains("<message>") && text.contains("<details>"),
            "{text}"
        );
    } else {
        let fault = &answer.json()[element];
        assert_eq!(fault["code"], status, "{text}");
        assert!(
            fault["message"].is_string()
                && fault["details"].as_str().is_some_and(|d| !d.is_empty()),
            "{text}"
        );
        assert_eq!(fault["otherAttributes"], json!({}), "{text}");
    }
}
