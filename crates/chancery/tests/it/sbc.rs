//! The Oracle SBC's API against the real program: the document's own example, real clients' ways, the lock and its races,
//! every verb, and everything that must be refused.

mod bad_input;
mod certificates;
mod clients;
mod clock;
mod elements;
mod golden;
mod lock;
mod refusals;
mod rights;

use serde_json::{Value, json};

use crate::server::{Server, basic, run};
use crate::wire::Answer;

const PASSWORD: &str = "correct horse battery staple";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// Somebody with a token.
struct Client<'s> {
    server: &'s Server,
    token: String,
}

impl<'s> Client<'s> {
    /// The administrator of the first start, with a token of its own.
    fn administrator(server: &'s Server) -> Client<'s> {
        let admin = server.admin();
        Client::log_in(server, &admin.user, &admin.password)
    }

    /// The administrator, with the lock.
    fn editor(server: &'s Server) -> Client<'s> {
        let client = Client::administrator(server);
        client.lock().expect(204);
        client
    }

    /// A new user, whose id is its name.
    fn new(server: &'s Server, name: &str, role: &str) -> Client<'s> {
        server.add_user(name, name, "d1", role, PASSWORD);
        Client::log_in(server, name, PASSWORD)
    }

    fn log_in(server: &'s Server, user: &str, password: &str) -> Client<'s> {
        let answer = ask_token(server, &basic(user, password), "").expect(200);
        let token = text_of(&answer, "accessToken");
        Client { server, token }
    }

    /// Sends octets to a path of the version 1.2.
    fn send(&self, method: &str, path: &str, body: impl AsRef<[u8]>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("Accept", "application/xml"),
            ("Authorization", bearer.as_str()),
        ];
        let path = format!("/rest/v1.2{path}");
        self.server.request(method, &path, &headers, body.as_ref())
    }

    fn get(&self, path: &str) -> Answer {
        self.send("GET", path, "")
    }

    fn lock(&self) -> Answer {
        self.send("POST", "/configuration/lock", "")
    }

    fn unlock(&self) -> Answer {
        self.send("POST", "/configuration/unlock", "")
    }

    fn add(&self, element: &str) -> Answer {
        self.send("POST", ELEMENTS, element)
    }

    fn put(&self, element: &str) -> Answer {
        self.send("PUT", ELEMENTS, element)
    }

    /// The element of that kind and name, of the edited configuration.
    fn show(&self, kind: &str, name: &str) -> Answer {
        self.get(&format!("{ELEMENTS}?elementType={kind}&name={name}"))
    }

    /// The same of the running configuration.
    fn running(&self, kind: &str, name: &str) -> Answer {
        self.get(&format!(
            "{ELEMENTS}?elementType={kind}&name={name}&running=true"
        ))
    }

    fn generate(&self, parameters: &str) -> Answer {
        let path = format!("/configuration/certificates/generateRequest?{parameters}");
        self.send("PUT", &path, "")
    }

    /// The request of a record, PEM.
    fn csr(&self, record: &str) -> String {
        let answer = self.generate(&format!("recordName={record}")).expect(200);
        text_of(&answer, "certificateSignedRequest")
    }

    fn import(&self, record: &str, format: &str, text: &str, overwrite: bool) -> Answer {
        let more = if overwrite {
            "<overwrite>true</overwrite>"
        } else {
            ""
        };
        let body = format!(
            "<ImportCertificate><recordName>{record}</recordName><format>{format}</format>\
             <certificateRequest>{text}</certificateRequest>{more}</ImportCertificate>"
        );
        self.send("PUT", "/configuration/certificates/import", body)
    }

    /// Does something with the configuration, follows the link and gives what it says.
    #[track_caller]
    fn act(&self, method: &str, action: &str) -> Answer {
        let path = format!("/configuration/management?action={action}");
        let accepted = self.send(method, &path, "").expect(202);
        let link = text_of(&accepted, "link");
        let path = link.strip_prefix("https://localhost/rest/v1.2").unwrap();
        self.get(path).expect(200)
    }

    /// Saves and activates.
    #[track_caller]
    fn activate(&self) {
        for (method, action) in [("PUT", "save"), ("POST", "activate")] {
            let state = self.act(method, action);
            assert_eq!(text_of(&state, "operation"), action);
            assert_eq!(text_of(&state, "status"), "success");
        }
    }
}

const ELEMENTS: &str = "/configuration/configElements";

/// Asks for a token, with a form in the body.
fn ask_token(server: &Server, authorization: &str, form: &str) -> Answer {
    let headers = [
        ("Accept", "application/xml"),
        ("Authorization", authorization),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ];
    server.request("POST", "/rest/v1.2/auth/token", &headers, form.as_bytes())
}

/// An element as clients write it; the values of a list stand between `|`.
fn element(kind: &str, attributes: &[(&str, &str)]) -> String {
    let attributes: String = attributes
        .iter()
        .map(|(name, values)| {
            let values: String = values
                .split('|')
                .map(|value| format!("<value>{value}</value>"))
                .collect();
            format!("<attribute><name>{name}</name>{values}</attribute>")
        })
        .collect();
    format!("<configElement><elementType>{kind}</elementType>{attributes}</configElement>")
}

/// A record of that name, with a common name of its own and a quick key.
fn record(name: &str) -> String {
    let common_name = format!("{name}.example");
    element(
        "certificate-record",
        &[
            ("name", name),
            ("common-name", &common_name),
            ("key-algor", "ecdsa"),
        ],
    )
}

/// What an answer's first element of that name holds.
#[track_caller]
fn text_of(answer: &Answer, name: &str) -> String {
    let text = answer.text();
    let inside = text
        .split_once(&format!("<{name}>"))
        .and_then(|(_, rest)| rest.split_once('<'));
    let Some((inside, _)) = inside else {
        panic!("no {name}: {text}");
    };
    plain(inside)
}

/// A text as it was before it was written into XML.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for (written, meant) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ] {
        text = text.replace(written, meant);
    }
    text
}

/// The values of an attribute of the first element in an answer.
#[track_caller]
fn values(answer: &Answer, attribute: &str) -> Vec<String> {
    let text = answer.text();
    let start = format!("<name>{attribute}</name>\n");
    let inside = text
        .split_once(&start)
        .and_then(|(_, rest)| rest.split_once("</attribute>"));
    let Some((inside, _)) = inside else {
        panic!("no {attribute}: {text}");
    };
    inside
        .lines()
        .filter_map(|line| line.strip_prefix("<value>")?.strip_suffix("</value>"))
        .map(str::to_owned)
        .collect()
}

/// An answer that says only what was wrong, with that in its text.
#[track_caller]
fn assert_error(answer: &Answer, status: u16, words: &str) {
    let text = answer.text();
    assert_eq!(answer.status, status, "{text}");
    assert_eq!(answer.header("Content-Type"), Some("application/xml"));
    let inside = text
        .strip_prefix(DECLARATION)
        .and_then(|rest| rest.strip_prefix("<response>\n<data/>\n<messages>\n<errorMessage>"))
        .and_then(|rest| rest.strip_suffix("</errorMessage>\n</messages>\n<links/>\n</response>"));
    let Some(inside) = inside else {
        panic!("no error: {text}");
    };
    let inside = plain(inside);
    assert!(inside.contains(words), "{inside}");
}

/// 204 and nothing else.
#[track_caller]
fn assert_nothing(answer: &Answer) {
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert!(answer.body.is_empty());
}

/// Has an authority here sign the request of a record; the certificate as PEM.
fn sign(server: &Server, record: &str) -> String {
    signed(server, record)["certificate"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// The same, as the native API tells it.
fn signed(server: &Server, record: &str) -> Value {
    let path = format!("/records/{record}/sign");
    let answer = server.native("POST", &path, &json!({}));
    answer.expect(201).json()
}

/// The record as the native API shows it.
fn shown(server: &Server, record: &str) -> Value {
    let path = format!("/records/{record}");
    server.native("GET", &path, &Value::Null).expect(200).json()
}

/// Certificates (PEM) as one PKCS#7, PEM.
fn bagged(server: &Server, pem: &str) -> String {
    let file = server.scratch_file("bag.pem", pem);
    let mut arguments = vec!["crl2pkcs7", "-nocrl"];
    if !pem.is_empty() {
        arguments.extend(["-certfile", &file]);
    }
    run("openssl", &arguments)
}
