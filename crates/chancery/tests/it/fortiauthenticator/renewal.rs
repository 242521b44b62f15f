//! Renewing: every way to send a CSR, `revoke_old`, and forms that are refused.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Client, assert_error, make_self_signed};
use crate::server::{P256, Server, csr, run};
use crate::wire::Answer;

const SUBJECT: &str = "/O=Acme/CN=Joe";

/// A server with Joe's certificate, and a CSR for it as PEM and DER.
fn joe() -> (Server, Value, String, Vec<u8>) {
    let server = Server::start();
    let asked = json!({"key": "ec-p256", "subject": SUBJECT, "name": "joe"});
    server.native("POST", "/certificates", &asked).expect(201);
    let made = Client::administrator(&server).find("CN=Joe");
    let pem = csr(server.scratch(), P256, SUBJECT, &[]);
    let der = chancery_core::x509::pem::request_der(pem.as_bytes()).unwrap();
    (server, made, pem, der)
}

/// Renews what has that name for 30 days.
fn renew(client: &Client<'_>, name: &str, csr: &[u8], more: &[(&str, &[u8])]) -> Answer {
    let mut parts = vec![
        ("cert_id", name.as_bytes()),
        ("csr", csr),
        ("expiry", b"30"),
    ];
    parts.extend_from_slice(more);
    client.renew(&parts)
}

#[test]
fn csrs_are_taken_in_every_form() {
    let (server, made, pem, der) = joe();
    let client = Client::administrator(&server);
    let base64 = STANDARD.encode(&der);
    let wrapped = format!(
        "Subject: joe\r\n\r\n{}\r\nregards\r\n",
        pem.replace('\n', "\r\n")
    );
    let mut names = vec!["joe".to_owned()];
    for form in [pem.as_bytes(), wrapped.as_bytes(), base64.as_bytes(), &der] {
        let old = names.last().unwrap().clone();
        let answer = renew(&client, &old, form, &[]).expect(200).json();
        assert_eq!(answer.as_object().unwrap().len(), 2, "{answer}");
        let name = answer["cert_id"].as_str().unwrap().to_owned();
        assert!(name.starts_with("joe-") && !names.contains(&name), "{name}");
        let certificate = answer["certificate"].as_str().unwrap();
        assert_eq!(server.openssl_verdict(certificate), None);
        let file = server.scratch_file("renewed.pem", certificate);
        let key = run("openssl", &["x509", "-in", &file, "-noout", "-pubkey"]);
        let asked = server
            .scratch()
            .join("subject.csr.pem")
            .display()
            .to_string();
        assert_eq!(
            key,
            run("openssl", &["req", "-in", &asked, "-noout", "-pubkey"])
        );
        names.push(name);
    }
    let xml = [("Accept", "application/xml")];
    let body = format!(
        "--f\r\nContent-Disposition: form-data; name=cert_id\r\n\r\njoe\r\n--f\r\nContent-Disposition: form-data; \
         name=\"csr\"; filename=\"joe.csr\"\r\nContent-Type: application/pkcs10\r\n\r\n{pem}\r\n--f\r\n\
         Content-Disposition: form-data; name=expiry\r\n\r\n1\r\n--f--\r\n"
    );
    let headers = [
        xml[0],
        ("Content-Type", "multipart/form-data; boundary=\"f\""),
    ];
    let answer = client
        .send("POST", "/usercerts/renew", &headers, body.as_bytes())
        .expect(200);
    assert!(
        answer.text().contains("<object><cert_id>joe-"),
        "{}",
        answer.text()
    );
    // Nobody asked to revoke the old one.
    assert_eq!(
        client.get(&format!("/usercerts/{}/", made["id"])).json()["status"],
        "Active"
    );
}

#[test]
fn the_old_one_is_superseded_if_asked() {
    let (server, made, pem, _) = joe();
    let client = Client::administrator(&server);
    let answer = renew(&client, "joe", pem.as_bytes(), &[("revoke_old", b"True")]).expect(200);
    let name = answer.json()["cert_id"].clone();
    let old = client.get(&format!("/usercerts/{}/", made["id"])).json();
    assert_eq!(
        (&old["status"], &old["revocation_reason"]),
        (&json!("Revoked"), &json!("Superseded"))
    );
    let reason = server.crl_reason("issuing", made["serial"].as_str().unwrap());
    assert_eq!(reason.as_deref(), Some("Superseded"));
    assert_eq!(
        server.openssl_verdict(answer.json()["certificate"].as_str().unwrap()),
        None
    );
    let list = client
        .get("/usercerts/?subject__contains=Joe&order_by=-id")
        .json();
    assert_eq!(list["objects"][0]["cert_id"], name);
    assert_eq!(list["objects"][0]["status"], "Active");
    assert_error(&renew(&client, "joe", pem.as_bytes(), &[]), 400, "revoked");
}

#[test]
fn what_signed_itself_is_signed_by_the_configured_authority() {
    let (server, _, pem, _) = joe();
    let client = Client::administrator(&server);
    make_self_signed(&server, "CN=Joe, O=Acme");
    let list = client.get("/usercerts/?order_by=-id&limit=1").json();
    let itself = &list["objects"][0];
    let name = itself["cert_id"].as_str().unwrap();
    assert_eq!(itself["issuer"], format!("{name} | O=Acme, CN=Joe"));
    let answer = renew(&client, name, pem.as_bytes(), &[("revoke_old", b"true")]).expect(200);
    let renewed = answer.json()["certificate"].clone();
    assert_eq!(server.openssl_verdict(renewed.as_str().unwrap()), None);
}

#[test]
fn forms_that_lack_or_confuse_something_are_refused() {
    let (server, _, pem, _) = joe();
    let client = Client::administrator(&server);
    let other = csr(server.scratch(), P256, "/O=Acme/CN=Jim", &[]);
    let more_names = csr(
        server.scratch(),
        P256,
        SUBJECT,
        &["-addext", "subjectAltName=DNS:joe.example"],
    );
    let truncated = &pem.as_bytes()[..pem.len() / 2];
    let good: [(&str, &[u8]); 4] = [
        ("cert_id", b"joe"),
        ("csr", pem.as_bytes()),
        ("expiry", b"30"),
        ("revoke_old", b"true"),
    ];
    let long = vec![b'x'; 300_000];
    for (name, instead, text) in [
        ("cert_id", &b""[..], "cert_id is required"),
        (
            "cert_id",
            b"nobody",
            "cert_id: there is no such certificate",
        ),
        ("cert_id", b"1", "cert_id: there is no such certificate"),
        ("cert_id", b"\xff", "not text"),
        ("csr", b"", "csr"),
        ("csr", b"junk", "csr"),
        ("csr", truncated, "csr"),
        ("csr", b"\x30\x03\x02\x01\x01", "CSR"),
        ("csr", other.as_bytes(), "does not match"),
        ("csr", more_names.as_bytes(), "joe.example"),
        ("csr", &long, "larger than"),
        ("expiry", b"", "expiry is required"),
        ("expiry", b"0", "expiry must be"),
        ("expiry", b"-1", "expiry must be"),
        ("expiry", b"1.5", "expiry must be"),
        ("expiry", b"soon", "expiry must be"),
        ("expiry", b"1000000000000", "days"),
        ("expiry", b"4294967295", "days"),
        ("expiry", b"100000", "days"),
        ("revoke_old", b"perhaps", "revoke_old must be true or false"),
    ] {
        let parts =
            good.map(|(known, content)| (known, if known == name { instead } else { content }));
        assert_error(&client.renew(&parts), 400, text);
    }
    for name in ["cert_id", "csr", "expiry"] {
        let parts: Vec<(&str, &[u8])> = good
            .into_iter()
            .filter(|(known, _)| *known != name)
            .collect();
        assert_error(&client.renew(&parts), 400, &format!("{name} is required"));
        let twice: Vec<(&str, &[u8])> = good.into_iter().chain([(name, &b"x"[..])]).collect();
        assert_error(&client.renew(&twice), 400, "twice");
    }
    let many: Vec<String> = (0..20).map(|n| format!("p{n}")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b"x"[..])).collect();
    assert_error(&client.renew(&many), 400, "parts");
    // Nothing of all that came of it.
    assert_eq!(client.find("CN=Joe")["status"], "Active");
}

#[test]
fn bodies_that_are_no_forms_are_refused() {
    let (server, _, pem, _) = joe();
    let client = Client::administrator(&server);
    let part = |name: &str, content: &str| {
        format!("--f\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let form = part("cert_id", "joe") + &part("csr", &pem) + &part("expiry", "30") + "--f--\r\n";
    let typed = |content_type: &str, body: &str| {
        let headers = [("Content-Type", content_type)];
        client.send("POST", "/usercerts/renew/", &headers, body.as_bytes())
    };
    for content_type in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=f",
        "application/json",
        "application/x-www-form-urlencoded",
    ] {
        assert_error(&typed(content_type, &form), 400, "boundary");
    }
    assert_error(
        &client.send("POST", "/usercerts/renew/", &[], form.as_bytes()),
        400,
        "boundary",
    );
    let right = "multipart/form-data; boundary=f";
    // Of two boundaries a proxy may have gone by the other.
    let twice = [right, "multipart/form-data; boundary=g"].map(|it| ("Content-Type", it));
    let answer = client.send("POST", "/usercerts/renew/", &twice, form.as_bytes());
    assert_error(&answer, 400, "boundary");
    for body in [
        "",
        "junk",
        "--f",
        &form[..form.len() - 10],
        &form.replace("--f", "--g"),
    ] {
        assert_error(&typed(right, body), 400, "");
    }
    assert_error(&typed(right, "--f--\r\n"), 400, "cert_id is required");
    let unnamed = form.replace("; name=\"csr\"", "");
    assert_error(&typed(right, &unnamed), 400, "name");
    let large = part("x", &"x".repeat(1_100_000)) + &form;
    assert_error(&typed(right, &large), 413, "larger than");
    typed(right, &form).expect(200);
}

#[test]
fn a_retired_authority_renews_nothing() {
    let (server, _, pem, _) = joe();
    let client = Client::administrator(&server);
    let retire = "/authorities/issuing/retire";
    server.native("POST", retire, &json!({})).expect(200);
    assert_error(&renew(&client, "joe", pem.as_bytes(), &[]), 400, "retired");
    let back = "/authorities/issuing/reinstate";
    server.native("POST", back, &json!({})).expect(200);
    renew(&client, "joe", pem.as_bytes(), &[]).expect(200);
}
