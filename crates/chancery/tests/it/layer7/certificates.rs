//! A user's certificate through its life, and what the rest of the world then says of it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::server::Server;

use super::{
    Client, INTERNAL, NS, assert_error, certificate_data, der_in_base64, foreign, pem_of, text_of,
};

#[test]
fn what_our_authority_issued_is_revoked_when_it_is_removed() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = admin.add_user("joe");
    let issued = admin.issue_to(&id, "CN=joe");
    let pem = issued["certificate"].as_str().unwrap();
    assert_eq!(server.openssl_verdict(pem), None);

    let put = admin.attach(&id, pem).expect(200);
    let path = format!("/users/{id}/certificate");
    assert_eq!(
        without_times(&put.text()),
        without_times(&admin.get(&path).expect(200).text())
    );
    assert_eq!(pem_of(&put), pem);
    assert_eq!(
        (text_of(&put, "Name"), text_of(&put, "Id")),
        ("joe".to_owned(), id.clone())
    );

    let removed = admin.send("DELETE", &path, "").expect(200);
    assert!(removed.body.is_empty(), "{}", removed.text());
    let verdict = server.openssl_verdict(pem).unwrap();
    assert!(verdict.contains("certificate revoked"), "{verdict}");
    let serial = issued["serial"].as_str().unwrap();
    let reason = server.crl_reason("issuing", serial);
    assert_eq!(reason.as_deref(), Some("Cessation Of Operation"));
    assert_error(&admin.get(&path), 404, "NotFound", "no such certificate");
    assert_error(
        &admin.send("DELETE", &path, ""),
        404,
        "NotFound",
        "no such certificate",
    );
    assert_error(&admin.attach(&id, pem), 400, "BadRequest", "revoked");

    let next = foreign(&server, "/CN=joe");
    admin.attach(&id, &next).expect(200);
    assert_eq!(pem_of(&admin.get(&path)), next);
}

/// Without the lines that say when.
fn without_times(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.contains("TimeStamp"));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn one_certificate_at_a_time() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let (joe, ann) = (admin.add_user("joe"), admin.add_user("ann"));
    let (first, second) = (foreign(&server, "/CN=a"), foreign(&server, "/CN=b"));
    admin.attach(&joe, &first).expect(200);
    let words = "this user is currently not allowed to generate a new cert: joe (joe)";
    for pem in [&first, &second] {
        assert_error(&admin.attach(&joe, pem), 400, "Update", words);
    }
    assert_error(&admin.attach(&ann, &first), 400, "Conflict", "");
    admin.attach(&ann, &second).expect(200);

    // What another API deletes is attached no longer.
    let mine = format!("/certificates?owner={joe}");
    let list = server.native("GET", &mine, &Value::Null).expect(200).json();
    let id = list["certificates"][0]["id"].as_str().unwrap().to_owned();
    let deleted = server.native("DELETE", &format!("/certificates/{id}"), &json!({}));
    assert!(deleted.status < 300, "{}", deleted.text());
    let path = format!("/users/{joe}/certificate");
    assert_error(&admin.get(&path), 404, "NotFound", "");
    admin.attach(&joe, &foreign(&server, "/CN=c")).expect(200);
}

#[test]
fn encoded_comes_in_many_forms() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let pem = foreign(&server, "/CN=joe");
    let der = der_in_base64(&pem);
    let broken_up: String = der.chars().flat_map(|c| [c, '\n', '\t']).collect();
    let bodies = [
        certificate_data(&der),
        certificate_data(&broken_up),
        certificate_data(&STANDARD.encode(&pem)),
        certificate_data(&STANDARD.encode(format!("Bag Attributes\r\n{pem}\r\n"))),
        format!(
            "\u{feff}<?xml version='1.0'?><!-- -->\n{}",
            certificate_data(&der)
        ),
        certificate_data(&der)
            .replace("xmlns:l7=", "version='' xmlns=")
            .replace("l7:", ""),
        certificate_data(&der)
            .replace("l7:", "x:")
            .replace("xmlns:l7", "xmlns:x"),
        format!(
            "<l7:CertificateData {NS}><l7:IssuerName>CN=liar</l7:IssuerName><l7:SerialNumber>x</l7:SerialNumber>\
             <l7:SubjectName/><l7:Encoded>{der}</l7:Encoded><l7:Other><l7:Encoded/></l7:Other></l7:CertificateData>"
        ),
    ];
    let id = admin.add_user("joe");
    let path = format!("/users/{id}/certificate");
    for body in bodies {
        let headers = [("Authorization", admin.authorization.as_str())];
        let whole = format!("/restman/1.0{path}");
        let put = server.request("PUT", &whole, &headers, body.as_bytes());
        assert_eq!(put.status, 200, "{body}: {}", put.text());
        assert_eq!(text_of(&put, "Encoded"), der, "{body}");
        assert_eq!(text_of(&put, "IssuerName"), "CN=joe");
        admin.send("DELETE", &path, "").expect(200);
    }
}

#[test]
fn the_same_stands_under_the_identity_provider() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = admin.add_user("joe");
    let pem = foreign(&server, "/CN=joe");
    let path = format!("/identityProviders/{INTERNAL}/users/{id}/certificate");
    let put = admin.send("PUT", &path, certificate_data(&der_in_base64(&pem)));
    let link = format!("uri=\"https://localhost/restman/1.0{path}\"");
    assert!(put.expect(200).text().contains(&link));
    admin.get(&path).expect(200);
    admin.get(&format!("/users/{id}/certificate/")).expect(200);
    let other = path.replace(INTERNAL, &"0a".repeat(16));
    for method in ["GET", "PUT", "DELETE"] {
        let answer = admin.send(method, &other, certificate_data(&der_in_base64(&pem)));
        assert_error(&answer, 404, "NotFound", "");
    }
    admin.send("DELETE", &path, "").expect(200);
    assert_error(&admin.get(&path), 404, "NotFound", "");
}
