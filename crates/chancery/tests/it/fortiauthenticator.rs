//! FortiAuthenticator's API against the real program: the document's own examples, lists, moves, renewals, rights, and
//! everything that must be refused.

mod golden;
mod listing;
mod moves;
mod reference;
mod refusals;
mod renewal;
mod rights;
mod surface;

use serde_json::{Value, json};

use crate::server::{Server, basic};
use crate::wire::Answer;

const BASE: &str = "/api/v1";
const PASSWORD: &str = "correct horse battery staple";
/// The members of a certificate.
pub(crate) const FIELDS: [&str; 8] = [
    "cert_id",
    "expiry",
    "id",
    "issuer",
    "revocation_reason",
    "serial",
    "status",
    "subject",
];

/// Somebody with an API key.
struct Client<'s> {
    server: &'s Server,
    authorization: String,
}

impl<'s> Client<'s> {
    /// The administrator of the first start.
    fn administrator(server: &'s Server) -> Client<'s> {
        let admin = server.admin();
        Client::with_key(server, &admin.user, &admin.api_key)
    }

    /// A new user with a new API key.
    fn new(server: &'s Server, name: &str, domain: &str, role: &str) -> Client<'s> {
        server.add_user(name, name, domain, role, PASSWORD);
        let made = server.native("POST", &format!("/users/{name}/api-key"), &json!({}));
        let made = made.expect(201).json();
        Client::with_key(server, name, made["api_key"].as_str().unwrap())
    }

    fn with_key(server: &'s Server, user: &str, key: &str) -> Client<'s> {
        Client {
            server,
            authorization: basic(user, key),
        }
    }

    /// Sends octets to a path under the API, with more headers.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut all = vec![("Authorization", self.authorization.as_str())];
        all.extend_from_slice(headers);
        self.server
            .request(method, &format!("{BASE}{path}"), &all, body)
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// Changes a certificate.
    fn patch(&self, id: &Value, change: &Value) -> Answer {
        let headers = [("Content-Type", "application/json")];
        let body = change.to_string();
        self.send(
            "PATCH",
            &format!("/usercerts/{id}/"),
            &headers,
            body.as_bytes(),
        )
    }

    /// Revokes for a reason.
    fn revoke(&self, id: &Value, reason: &str) -> Answer {
        self.patch(
            id,
            &json!({"status": "revoked", "revocation_reason": reason}),
        )
    }

    /// Sends a form to be renewed by.
    fn renew(&self, parts: &[(&str, &[u8])]) -> Answer {
        let mut body = Vec::new();
        for (name, content) in parts {
            let head =
                format!("--frontier\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(content);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--frontier--\r\n");
        let headers = [("Content-Type", "multipart/form-data; boundary=frontier")];
        self.send("POST", "/usercerts/renew/", &headers, &body)
    }

    /// The subjects that a list with that query tells, and its total.
    fn subjects(&self, query: &str) -> (Vec<String>, u64) {
        let list = self.get(&format!("/usercerts/{query}")).expect(200).json();
        let objects = list["objects"].as_array().unwrap();
        let subjects = objects
            .iter()
            .map(|one| one["subject"].as_str().unwrap().to_owned());
        (
            subjects.collect(),
            list["meta"]["total_count"].as_u64().unwrap(),
        )
    }

    /// The certificate whose subject holds that.
    fn find(&self, subject: &str) -> Value {
        let list = self.get(&format!("/usercerts/?subject__contains={subject}"));
        let list = list.expect(200).json();
        assert_eq!(list["meta"]["total_count"], 1, "{list}");
        list["objects"][0].clone()
    }
}

/// Has the HP Keystone API make a certificate that signs itself: no other API does.
fn make_self_signed(server: &Server, subject: &str) {
    let admin = server.admin();
    let body = json!({"auth": {"passwordCredentials": {"username": admin.user, "password": admin.password}}});
    let json = ("Content-Type", "application/json");
    let access = server.request("POST", "/v2.0/tokens", &[json], body.to_string().as_bytes());
    let access = access.expect(200).json();
    let user = access["access"]["user"]["id"].as_str().unwrap();
    let token = access["access"]["token"]["id"].as_str().unwrap();
    let body = json!({"certificate": {"userId": user, "subject": subject}}).to_string();
    let headers = [json, ("X-Auth-Token", token)];
    let path = "/v2.0/HP-IDM/v1.0/certificates";
    server
        .request("POST", path, &headers, body.as_bytes())
        .expect(201);
}

/// An answer must be this error, with a text that holds this.
#[track_caller]
fn assert_error(answer: &Answer, status: u16, text: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    let said = answer.json();
    let said = said["error"].as_str().unwrap_or_default();
    assert!(said.contains(text), "{said:?} lacks {text:?}");
}

/// An answer must have this status and no body.
#[track_caller]
fn assert_empty(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.text(), "");
    assert_eq!(
        answer.header("Content-Type"),
        Some("text/html; charset=utf-8")
    );
}
