//! The document's twelve pairs of request and response, told as its two stories. Serial numbers, dates, key ids, keys,
//! signatures and the algorithm's size are compared by their shape; every other octet as it stands.

use serde_json::json;

use super::{Client, PASSWORD, path_of};
use crate::server::{Server, run};
use crate::wire::Answer;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!(
            "../../../../chancery-http/src/apis/keystone/golden/",
            $name,
            ".http"
        ))
    };
}

/// California without a time zone database, as the document's dates are.
const CALIFORNIA: (&str, &str) = ("TZ", "PST8PDT,M3.2.0,M11.1.0");

/// Sends a request of the document, with a token that is good here.
fn replay(client: &Client<'_>, request: &str) -> Answer {
    let (head, body) = request
        .split_once("\n\n")
        .unwrap_or((request.trim_end(), ""));
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let headers: Vec<(&str, &str)> = lines
        .filter_map(|line| line.split_once(": "))
        .filter(|(name, _)| *name != "Content-Length")
        .map(|(name, value)| {
            (
                name,
                if name == "X-Auth-Token" {
                    client.token.as_str()
                } else {
                    value
                },
            )
        })
        .collect();
    client
        .server
        .request(method, target, &headers, body.as_bytes())
}

/// Compares an answer with the document's, both with what differs from run to run replaced by its shape.
#[track_caller]
fn assert_like(answer: &Answer, response: &str) {
    assert_eq!(shape(&answer.text()), shape(assert_head(answer, response)));
}

/// Compares status and headers, and gives the document's body.
#[track_caller]
fn assert_head<'r>(answer: &Answer, response: &'r str) -> &'r str {
    let (head, body) = response
        .split_once("\n\n")
        .unwrap_or((response.trim_end(), ""));
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    assert_eq!(answer.status, status, "{}", answer.text());
    for name in ["Cache-Control", "Pragma", "Expires", "Content-Type"] {
        let documented = head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        assert_eq!(answer.header(name), documented, "{name}");
    }
    body
}

fn shape(text: &str) -> String {
    let mut text = text.to_owned();
    for (key, check) in [
        ("serialNumber", is_serial as fn(&str) -> bool),
        ("subjectKeyId", |value| {
            value.len() == 40 && value.bytes().all(is_lower_hex)
        }),
        ("validFrom", is_date),
        ("validTo", is_date),
        ("publicKeyLength", |value| {
            value.bytes().all(|b| b.is_ascii_digit())
        }),
    ] {
        let by = |value: &str| {
            assert!(check(value), "{key}: {value}");
            format!("<{key}>")
        };
        let number = matches!(key, "validFrom" | "validTo" | "publicKeyLength");
        text = replaced(&text, &format!(" {key}=\""), &['"'], by);
        let (before, after) = if number {
            ("", &[',', '\n'])
        } else {
            ("\"", &['"', '"'])
        };
        text = replaced(&text, &format!("\"{key}\" : {before}"), after, by);
    }
    text = replaced(&text, "-----BEGIN CERTIFICATE-----", &['-'], armour);
    text = replaced(&text, "-----BEGIN PRIVATE KEY-----", &['-'], armour);
    text.replace("SHA256With", "SHA<n>With")
        .replace("SHA1With", "SHA<n>With")
}

/// Replaces what stands between `before` and one of `after`, wherever it does.
fn replaced(text: &str, before: &str, after: &[char], by: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once(before) {
        let end = tail.find(after).unwrap();
        out.extend([head, before, &by(&tail[..end])]);
        rest = &tail[end..];
    }
    out + rest
}

fn is_lower_hex(octet: u8) -> bool {
    octet.is_ascii_digit() || (b'a'..=b'f').contains(&octet)
}

fn is_serial(value: &str) -> bool {
    !value.is_empty() && value.len().is_multiple_of(2) && value.bytes().all(is_lower_hex)
}

/// `2011-09-12T18:32:03.000-07:00`, or milliseconds.
fn is_date(value: &str) -> bool {
    let masked: String = value
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    ["0000-00-00T00:00:00.000-00:00", "0000000000000"].contains(&masked.as_str())
        && value.contains("000")
}

/// Base64 in lines of 64, however the line feeds are written.
fn armour(pem: &str) -> String {
    let body = pem.replace("\\n", "\n");
    let lines: Vec<&str> = body.trim_matches('\n').lines().collect();
    assert!(lines.iter().all(|line| line.len() <= 64), "{pem}");
    assert!(
        lines.iter().rev().skip(1).all(|line| line.len() == 64),
        "{pem}"
    );
    let feed = if pem.contains("\\n") { "\\n" } else { "\n" };
    assert!(pem.starts_with(feed) && pem.ends_with(feed), "{pem}");
    format!("{feed}<base64>{feed}")
}

fn joe<'s>(server: &'s Server, user: &str, domain: &str) -> Client<'s> {
    server.add_user("joe", user, domain, "self-service", PASSWORD);
    Client::log_in(server, "joe")
}

/// The value of the first member or attribute of that name.
fn value_of(answer: &Answer, name: &str) -> String {
    let text = answer.text();
    let start = [format!(" {name}=\""), format!("\"{name}\" : \"")];
    let value = start
        .iter()
        .find_map(|start| text.split_once(start.as_str()))
        .unwrap()
        .1;
    value.split('"').next().unwrap().to_owned()
}

fn key_ids(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let ids = text
        .split("subjectKeyId")
        .skip(1)
        .map(|tail| tail.trim_start_matches(['"', ' ', ':', '=']));
    ids.map(|tail| tail.split('"').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_documents_xml_story() {
    let server = Server::start_with_env(&[CALIFORNIA]);
    let joe = joe(&server, "000000003002", "000000001001");

    let first = replay(&joe, golden!("07-create-xml.request"));
    assert_like(&first, golden!("07-create-xml.response"));
    let second = replay(&joe, golden!("07-create-xml.request"));

    let list = replay(&joe, golden!("01-list-xml.request"));
    assert_like(&list, golden!("01-list-xml.response"));
    assert!(key_ids(&list).is_sorted(), "{:?}", key_ids(&list));

    let shown = value_of(&first, "serialNumber");
    let answer = replay(
        &joe,
        &golden!("05-get-xml.request").replace("16c13be6", &shown),
    );
    assert_like(&answer, golden!("05-get-xml.response"));

    let changed = value_of(&second, "serialNumber");
    let answer = replay(
        &joe,
        &golden!("09-update-xml.request").replace("1239dac6", &changed),
    );
    assert_like(&answer, golden!("09-update-xml.response"));

    let answer = replay(
        &joe,
        &golden!("11-delete-xml.request").replace("1239dac6", &changed),
    );
    assert_like(&answer, golden!("11-delete-xml.response"));
    assert_eq!(
        key_ids(&replay(&joe, golden!("01-list-xml.request"))),
        [value_of(&first, "subjectKeyId")]
    );

    // Every octet is the document's, but that the certificate has expired since.
    let answer = replay(&joe, golden!("03-import-xml.request"));
    let response =
        golden!("03-import-xml.response").replace("status=\"active\"", "status=\"expired\"");
    assert_eq!(answer.text(), assert_head(&answer, &response));
}

#[test]
fn the_documents_json_story() {
    let server = Server::start();
    let joe = joe(&server, "00000000003002", "00000000001001");

    let first = replay(&joe, golden!("08-create-json.request"));
    assert_like(&first, golden!("08-create-json.response"));
    let create = |number: &str| {
        replay(
            &joe,
            &golden!("08-create-json.request").replace("Test1", number),
        )
    };
    let (second, _third) = (create("Test2"), create("Test3"));

    // The document's three come in the order of its keys, ours in that of ours: which is which does not matter.
    let list = replay(&joe, golden!("02-list-json.request"));
    let anyone = |text: &str| {
        text.replace("Test1", "Test")
            .replace("Test2", "Test")
            .replace("Test3", "Test")
    };
    let unnamed = Answer {
        body: anyone(&list.text()).into_bytes(),
        ..list.clone()
    };
    assert_like(&unnamed, &anyone(golden!("02-list-json.response")));
    assert!(key_ids(&list).is_sorted(), "{:?}", key_ids(&list));

    let shown = value_of(&first, "serialNumber");
    let answer = replay(
        &joe,
        &golden!("06-get-json.request").replace("5669954f", &shown),
    );
    assert_like(&answer, golden!("06-get-json.response"));

    let changed = value_of(&second, "serialNumber");
    let answer = replay(
        &joe,
        &golden!("10-update-json.request").replace("0a5b1864", &changed),
    );
    assert_like(&answer, golden!("10-update-json.response"));

    let answer = replay(
        &joe,
        &golden!("12-delete-json.request").replace("5669954f", &shown),
    );
    assert_like(&answer, golden!("12-delete-json.response"));

    let answer = replay(&joe, golden!("04-import-json.request"));
    let response = golden!("04-import-json.response")
        .replace("\"status\" : \"active\"", "\"status\" : \"expired\"");
    assert_eq!(answer.text(), assert_head(&answer, &response));
    // The same again is there already, and no error.
    assert_eq!(
        replay(&joe, golden!("04-import-json.request")).text(),
        answer.text()
    );
}

#[test]
fn openssl_finds_the_documents_certificate_with_a_modern_key() {
    let server = Server::start();
    let joe = joe(&server, "00000000003002", "00000000001001");
    let made = joe.create("00000000003002", "CN=Joe Test");
    let [certificate, key] = [
        ("certificateFile", "joe.pem"),
        ("privateKeyFile", "joe.key"),
    ]
    .map(|(file, name)| {
        let path = server.scratch().join(name);
        std::fs::write(&path, made[file]["data"].as_str().unwrap()).unwrap();
        path.to_str().unwrap().to_owned()
    });
    let text = run("openssl", &["x509", "-in", &certificate, "-noout", "-text"]);
    for part in [
        "Issuer: CN = Joe Test",
        "Subject: CN = Joe Test",
        "sha256WithRSAEncryption",
        "Public-Key: (2048 bit)",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let extensions = [
        "Subject Key Identifier: \n",
        "Extended Key Usage: critical\n",
        "TLS Web Client Authentication\n",
        "X509v3 Key Usage: critical\n",
        "Digital Signature\n",
        "Signature Algorithm",
    ];
    let places: Vec<usize> = extensions
        .iter()
        .map(|part| text.rfind(part).unwrap_or_else(|| panic!("{part}\n{text}")))
        .collect();
    assert!(places.is_sorted(), "{places:?}\n{text}");
    assert_eq!(
        text.matches("X509v3 ").count(),
        4,
        "three extensions under their heading: {text}"
    );
    run(
        "openssl",
        &[
            "verify",
            "-CAfile",
            &certificate,
            "-purpose",
            "any",
            "-partial_chain",
            &certificate,
        ],
    );
    let of_key = run("openssl", &["pkey", "-in", &key, "-pubout"]);
    assert_eq!(
        of_key,
        run(
            "openssl",
            &["x509", "-in", &certificate, "-noout", "-pubkey"]
        )
    );
}

#[test]
fn a_configured_authority_signs_instead_and_its_crl_follows() {
    let configuration =
        "[keystone]\nissuer = \"issuing\"\nprofile = \"tls-client\"\nkey = \"ec-p256\"\n";
    let server = Server::start_with_config(configuration);
    let joe = joe(&server, "3002", "1001");
    let made = joe.create("3002", "CN=Joe Test");
    assert_eq!(made["issuerName"], "CN=Chancery Issuing, O=Chancery");
    assert_eq!(made["publicKeyAlgorithm"], "EC");
    assert_eq!(made["signatureAlgorithm"], "SHA256WithECDSA");
    let pem = made["certificateFile"]["data"].as_str().unwrap();
    assert_eq!(server.openssl_verdict(pem), None);
    for (status, good) in [("inactive", false), ("active", true), ("revoked", false)] {
        let update = json!({"certificate": {"status": status}});
        joe.json("PUT", &path_of(&made), &update).expect(200);
        assert_eq!(server.openssl_verdict(pem).is_none(), good, "{status}");
    }
}

#[test]
fn the_key_that_is_asked_for_is_made() {
    let server = Server::start();
    let joe = joe(&server, "3002", "1001");
    for (algorithm, length, family, bits) in [
        ("EC", json!("384"), "EC", 384),
        ("RSA", json!(3072), "RSA", 3072),
        ("Ed25519", json!(null), "Ed25519", 256),
    ] {
        let asked = json!({"certificate": {
            "userId": "3002", "subject": "CN=x", "publicKeyAlgorithm": algorithm, "publicKeyLength": length,
        }});
        let made = joe.json("POST", "/certificates", &asked).expect(201).json();
        assert_eq!(made["certificate"]["publicKeyAlgorithm"], family);
        assert_eq!(made["certificate"]["publicKeyLength"], bits);
    }
}

#[test]
fn a_retired_authority_refuses_in_the_documents_words() {
    let configuration =
        "[keystone]\nissuer = \"issuing\"\nprofile = \"tls-client\"\nkey = \"ec-p256\"\n";
    let server = Server::start_with_config(configuration);
    let joe = joe(&server, "3002", "1001");
    let retire = "/authorities/issuing/retire";
    server.native("POST", retire, &json!({})).expect(200);
    let asked = json!({"certificate": {"userId": "3002", "subject": "CN=Joe Test"}});
    let answer = joe.json("POST", "/certificates", &asked);
    super::assert_fault(&answer, 400, "badRequest");
    assert!(answer.text().contains("retired"), "{}", answer.text());
}
