//! AppViewX's API against the real program: the document's own example, every row of its error table, the six actions with
//! and without approval, searches, downloads judged by other programs, log-ins, rights, and what must be refused.

mod actions;
mod approvals;
mod creating;
mod downloads;
mod golden;
mod login;
mod refusals;
mod searching;

use serde_json::{Value, json};

use crate::server::{P256, Server, eventually, run};
use crate::wire::Answer;

const PASSWORD: &str = "correct horse battery staple";
/// A password that is good enough for a key store.
const STORE_PASSWORD: &str = "Passw0rd!";

/// Somebody who proves itself by name and password with every call.
struct Client<'s> {
    server: &'s Server,
    name: String,
    password: String,
}

impl<'s> Client<'s> {
    /// The administrator of the first start.
    fn administrator(server: &'s Server) -> Client<'s> {
        let admin = server.admin();
        Client::known(server, &admin.user, &admin.password)
    }

    /// A new user.
    fn new(server: &'s Server, name: &str, domain: &str, role: &str) -> Client<'s> {
        server.add_user(name, name, domain, role, PASSWORD);
        Client::known(server, name, PASSWORD)
    }

    fn known(server: &'s Server, name: &str, password: &str) -> Client<'s> {
        Client {
            server,
            name: name.to_owned(),
            password: password.to_owned(),
        }
    }

    /// Sends octets to an address under `/avxapi`, whose query says where they come from.
    fn send(&self, method: &str, path: &str, body: &[u8]) -> Answer {
        let headers = [
            ("userName", self.name.as_str()),
            ("password", self.password.as_str()),
            ("Content-Type", "application/json"),
        ];
        let mark = if path.contains('?') { '&' } else { '?' };
        let path = format!("/avxapi{path}{mark}gwsource=external&gwkey=f000ca01");
        self.server.request(method, &path, &headers, body)
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, body.to_string().as_bytes())
    }

    fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, body.to_string().as_bytes())
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, b"")
    }

    /// One of the six actions on a certificate, approved by itself.
    fn act(&self, id: &Value, action: &str, reason: &str) -> Answer {
        let body = json!({"resourceId": id, "action": action, "reason": reason});
        self.put("/certificate/action", &body)
    }

    /// The same, to be approved by somebody else; its request's number.
    #[track_caller]
    fn ask(&self, id: &Value, action: &str, reason: &str) -> Value {
        let body = json!({"resourceId": id, "action": action, "reason": reason});
        let asked = self.put("/certificate/action?autoApproval=false", &body);
        asked.expect(202).json()["response"].clone()
    }

    /// A decision on a request.
    fn decide(&self, request: &Value, task_action: Value, task: &str) -> Answer {
        let header = json!({"request_id": request, "workorder_id": "0", "task_id": task});
        let body = json!({"data": {"task_action": task_action}, "header": header});
        self.post("/certificate/workorder/update", &body)
    }

    /// What became of a request.
    fn log(&self, request: &Value) -> Value {
        let path = format!("/visualworkflow-request-logs?ids={}", text(request));
        let said = self.get(&path).expect(200).json();
        said["response"]["requestList"][0].clone()
    }

    /// What became of a request once it has ended.
    #[track_caller]
    fn ended(&self, request: &Value) -> Value {
        eventually(|| match self.log(request) {
            log if log["statusCode"] == 0 => Err(log),
            log => Ok(log),
        })
    }

    /// The page of a search.
    #[track_caller]
    fn page(&self, input: &Value, filter: &Value) -> Value {
        let body = json!({"input": input, "filter": filter});
        let said = self.post("/certificate/search", &body).expect(200).json();
        said["response"]["response"].clone()
    }

    /// The one record that a search finds.
    #[track_caller]
    fn record(&self, input: &Value) -> Value {
        let page = self.page(input, &json!({}));
        assert_eq!(page["totalRecords"], 1, "{page}");
        page["objects"][0].clone()
    }

    /// The record with that id.
    #[track_caller]
    fn by_id(&self, id: &Value) -> Value {
        self.record(&json!({"resourceId": id}))
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// A certificate of the administrator with a P-256 key here; its id.
fn issue(server: &Server, subject: &str) -> Value {
    server.issue(subject)["id"].clone()
}

/// A certificate from elsewhere, imported without its key; its id.
fn import(server: &Server, subject: &str) -> Value {
    let key = server.scratch_file("foreign.key.pem", "");
    let mut arguments = vec!["req", "-x509", "-nodes", "-keyout", &key, "-days", "30"];
    arguments.extend(["-subj", subject]);
    arguments.extend_from_slice(P256);
    let pem = run("openssl", &arguments);
    let body = json!({"certificates": pem});
    let made = server.native("POST", "/certificates/import", &body);
    assert!([200, 201].contains(&made.status), "{}", made.text());
    Client::administrator(server).record(&json!({"freeSearch": subject}))["resourceId"].clone()
}

/// An answer must be this error in the documented envelope; gives what it tells beyond its words.
#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, message: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("Content-Type"), Some("application/json"));
    let said = answer.json();
    let found = (text(&said["appStatusCode"]), text(&said["message"]));
    assert_eq!(found, (code, message), "{said}");
    assert_eq!(
        (&said["response"], &said["headers"]),
        (&Value::Null, &Value::Null)
    );
    assert!(said["tags"].is_object(), "{said}");
    said["tags"]["reason"].clone()
}

/// The error of a certificate that cannot be found.
#[track_caller]
fn not_found(answer: &Answer) {
    refused(
        answer,
        404,
        "NO_RECORDS_FOUND",
        "No matching records found.",
    );
}

/// The error of a caller who may look, and not touch.
#[track_caller]
fn read_only(answer: &Answer) {
    let words = "Group is assigned read permission, hence cannot perform any operation.";
    refused(answer, 417, "READ_GROUP", words);
}

/// The error of an action that cannot be done; why.
#[track_caller]
fn unsupported(answer: &Answer) -> Value {
    let words = "Life cycle action is unsupported by CA or another work order is in progress or certificate belongs to \
                 read group or is in Monitored status.";
    refused(answer, 406, "CERT-VWF-0006", words)
}

/// The error of a decision that cannot be taken; why.
#[track_caller]
fn undecided(answer: &Answer) -> Value {
    refused(
        answer,
        417,
        "INVALID_WORK_ORDER",
        "Work order cannot be updated.",
    )
}
