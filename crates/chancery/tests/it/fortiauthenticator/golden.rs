//! The document's five examples: its own curl lines, run by curl itself, against answers in which only serial number,
//! dates, id, names and keys are other ones.

use serde_json::{Value, json};

use super::Client;
use crate::server::{P256, Server, csr, run};

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!(
            "../../../../chancery-http/src/apis/fortiauthenticator/golden/",
            $name
        ))
    };
}

/// The configuration that makes an issuing authority as the document's; but no mail address stands in ours.
const AUTHORITY: &str =
    "[authority]\nissuing_subject = \"/C=CA/ST=BC/L=Burnaby/O=Fortinet/OU=RD/CN=test\"\n";
const SUBJECT: &str = "/C=CA/ST=BC/L=Burnaby/O=o/OU=RD/CN=test";

/// A server with the document's certificate.
fn documented() -> (Server, Value) {
    let server = Server::start_with_config(AUTHORITY);
    let asked = json!({"key": "rsa-2048", "subject": SUBJECT, "name": "user_cert"});
    server.native("POST", "/certificates", &asked).expect(201);
    let made = Client::administrator(&server).find("O=o");
    (server, made)
}

/// Runs a curl line of the document, with our address and key in the places that it leaves open. Gives what curl printed.
fn curl(server: &Server, line: &str, id: &Value) -> Value {
    let admin = server.admin();
    let csr = server.scratch().join("subject.csr.pem");
    let line = line
        .replace("[webadmin]", &admin.user)
        .replace("[hash]", &admin.api_key)
        .replace("https://[FAC_IP]", &server.https_url())
        .replace("/usercerts/1/", &format!("/usercerts/{id}/"))
        .replace("/path/to/csr/*.csr", &csr.display().to_string())
        .replace("[Number of days until new certificate expires]", "30")
        .replace("[true/false; optional]", "true");
    assert!(!line.contains('['), "{line}");
    let printed = run("bash", &["-c", &line]);
    serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{error}: {printed}"))
}

/// Compares an answer with the document's, both with what differs from server to server replaced by its shape.
#[track_caller]
fn assert_like(answer: &Value, response: &str) {
    let documented: Value = serde_json::from_str(response).unwrap();
    assert_eq!(shape(answer), shape(&documented));
}

fn shape(object: &Value) -> Value {
    let mut object = object.as_object().unwrap().clone();
    let mut shaped = |name: &str, check: fn(&Value) -> bool| {
        if let Some(value) = object.get_mut(name) {
            assert!(check(value), "{name}: {value}");
            *value = json!(format!("<{name}>"));
        }
    };
    shaped("id", Value::is_i64);
    shaped("serial", |value| {
        let digits = value.as_str().unwrap();
        let capital = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
        digits.len().is_multiple_of(2) && digits.bytes().all(capital)
    });
    shaped("expiry", |value| {
        let masked = |c: char| if c.is_ascii_digit() { '0' } else { c };
        let masked: String = value.as_str().unwrap().chars().map(masked).collect();
        masked == "0000-00-00T00:00:00+00:00" && value.as_str().unwrap().ends_with("+00:00")
    });
    shaped("certificate", |value| {
        let text = value.as_str().unwrap();
        text.starts_with("-----BEGIN CERTIFICATE-----\n")
            && text.ends_with("\n-----END CERTIFICATE-----\n")
            && !text.contains('\r')
    });
    if let Some(Value::String(issuer)) = object.get_mut("issuer") {
        *issuer = issuer
            .replace("issuing |", "issuer_cert |")
            .replace(", emailAddress=####@####.com", "");
    }
    Value::Object(object)
}

#[test]
fn the_documents_curl_lines_have_the_documents_answers() {
    let (server, made) = documented();
    let id = &made["id"];

    let mine = |list: Value| {
        let objects = list["objects"].as_array().unwrap().clone();
        let mine = |one: &Value| one["cert_id"] == "user_cert";
        objects.into_iter().find(mine).unwrap()
    };
    let list = curl(&server, golden!("01-list.request.sh"), id);
    assert_like(&mine(list), golden!("01-list.response.json"));
    let list = curl(&server, golden!("02-list-pem.request.sh"), id);
    assert_like(&mine(list), golden!("02-list-pem.response.json"));

    let held = curl(&server, golden!("04-revoke.request.sh"), id);
    assert_like(&held, golden!("04-revoke.response.json"));
    let serial = made["serial"].as_str().unwrap();
    assert_eq!(
        server.crl_reason("issuing", serial).as_deref(),
        Some("Certificate Hold")
    );
    let released = curl(&server, golden!("05-unrevoke.request.sh"), id);
    assert_like(&released, golden!("05-unrevoke.response.json"));
    assert_eq!(server.crl_reason("issuing", serial), None);

    csr(server.scratch(), P256, SUBJECT, &[]);
    let renewed = curl(&server, golden!("03-renew.request.sh"), id);
    let name = renewed["cert_id"].as_str().unwrap();
    assert!(name.starts_with("user_cert-"), "{name}");
    let response = golden!("03-renew.response.json").replace("new_user_cert", name);
    assert_like(&renewed, &response);
    let certificate = renewed["certificate"].as_str().unwrap();
    assert_eq!(server.openssl_verdict(certificate), None);
    assert_eq!(
        server.crl_reason("issuing", serial).as_deref(),
        Some("Superseded")
    );
}
