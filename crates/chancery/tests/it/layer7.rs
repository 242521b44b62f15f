//! The Layer7 gateway's API against the real program: the document's own examples, what scripts grep for, every resource,
//! rights, and everything that must be refused.

mod certificates;
mod golden;
mod keys;
mod layout;
mod providers;
mod refusals;
mod rights;
mod trusted;
mod users;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::server::{Server, basic, run};
use crate::wire::Answer;

const BASE: &str = "/restman/1.0";
const PASSWORD: &str = "correct horse battery staple";
const NS: &str = "xmlns:l7=\"http://ns.l7tech.com/2010/04/gateway-management\"";
const INTERNAL: &str = "0000000000000000fffffffffffffffe";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Somebody with a password.
struct Client<'s> {
    server: &'s Server,
    authorization: String,
}

impl<'s> Client<'s> {
    /// The administrator of the first start.
    fn administrator(server: &'s Server) -> Client<'s> {
        Client::with_password(server, &server.admin().user, &server.admin().password)
    }

    /// A new user, whose id is its name.
    fn new(server: &'s Server, name: &str, domain: &str, role: &str) -> Client<'s> {
        server.add_user(name, name, domain, role, PASSWORD);
        Client::with_password(server, name, PASSWORD)
    }

    fn with_password(server: &'s Server, user: &str, password: &str) -> Client<'s> {
        Client {
            server,
            authorization: basic(user, password),
        }
    }

    /// Sends octets to a path under the API.
    fn send(&self, method: &str, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let headers = [
            ("Authorization", self.authorization.as_str()),
            ("Content-Type", "application/xml"),
        ];
        let path = format!("{BASE}{path}");
        self.server.request(method, &path, &headers, body.as_ref())
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "")
    }

    /// Makes a user by this API, and gives its id.
    fn add_user(&self, login: &str) -> String {
        let answer = self.send("POST", "/users", user(login, "")).expect(201);
        text_of(&answer, "Id")
    }

    /// Attaches a certificate, given as PEM.
    fn attach(&self, id: &str, pem: &str) -> Answer {
        let path = format!("/users/{id}/certificate");
        self.send("PUT", &path, certificate_data(&der_in_base64(pem)))
    }

    /// Issues a certificate to a user with a key that the server makes, and gives it as the native API tells it.
    fn issue_to(&self, owner: &str, subject: &str) -> serde_json::Value {
        let body = serde_json::json!({"key": "ec-p256", "subject": subject, "owner": owner});
        self.server
            .native("POST", "/certificates", &body)
            .expect(201)
            .json()
    }
}

/// A user's element with what else is to stand in it.
fn user(login: &str, more: &str) -> String {
    format!("<l7:User {NS}><l7:Login>{login}</l7:Login>{more}</l7:User>")
}

fn certificate_data(encoded: &str) -> String {
    format!("<l7:CertificateData {NS}><l7:Encoded>{encoded}</l7:Encoded></l7:CertificateData>")
}

/// A certificate from elsewhere, signed with its own key, as PEM.
fn foreign(server: &Server, subject: &str) -> String {
    let key = server.scratch().join("foreign.key").display().to_string();
    let mut arguments = vec!["req", "-x509", "-newkey", "ec"];
    arguments.extend(["-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
    arguments.extend(["-keyout", &key, "-days", "30", "-subj", subject]);
    run("openssl", &arguments)
}

/// The DER of a PEM block, in base64 on one line.
fn der_in_base64(pem: &str) -> String {
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    lines.collect()
}

/// What an answer's first element of that name holds.
#[track_caller]
fn text_of(answer: &Answer, name: &str) -> String {
    let texts = texts_of(answer, name);
    texts
        .first()
        .unwrap_or_else(|| panic!("no {name}: {}", answer.text()))
        .clone()
}

/// What each of an answer's elements of that name holds.
fn texts_of(answer: &Answer, name: &str) -> Vec<String> {
    let (text, start) = (answer.text(), format!("<l7:{name}>"));
    let after = text.split(start.as_str()).skip(1);
    after
        .map(|rest| rest.split('<').next().unwrap().to_owned())
        .collect()
}

/// The names of a list's items.
fn listed(client: &Client<'_>, path: &str) -> Vec<String> {
    let answer = client.get(path).expect(200);
    let text = answer.text();
    let items = text.split("    <l7:Item>\n").skip(1);
    let name = |item: &str| {
        let line = item.lines().next().unwrap().trim();
        let inside = line.strip_prefix("<l7:Name>").unwrap();
        inside.strip_suffix("</l7:Name>").unwrap().to_owned()
    };
    items.map(name).collect()
}

/// The certificate that an answer's Encoded holds, as PEM.
#[track_caller]
fn pem_of(answer: &Answer) -> String {
    let der = STANDARD.decode(text_of(answer, "Encoded")).unwrap();
    chancery_core::x509::pem::encode("CERTIFICATE", &der)
}

/// An answer must be this error, laid out as the document shows.
#[track_caller]
fn assert_error(answer: &Answer, status: u16, word: &str, detail: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.header("Content-Type"), Some("application/xml"));
    let lines: Vec<&str> = text.lines().collect();
    let [declaration, root, kind, stamp, link, said, end] = lines.as_slice() else {
        panic!("{text}");
    };
    assert_eq!(format!("{declaration}\n"), DECLARATION);
    assert_eq!(*root, format!("<l7:Error {NS}>"));
    assert_eq!(*kind, format!("    <l7:Type>{word}</l7:Type>"));
    assert!(stamp.starts_with("    <l7:TimeStamp>20"), "{text}");
    assert!(
        link.starts_with("    <l7:Link rel=\"self\" uri=\"https://"),
        "{text}"
    );
    assert!(said.starts_with("    <l7:Detail>"), "{text}");
    assert!(said.contains(detail), "{text}");
    assert_eq!(*end, "</l7:Error>");
}
