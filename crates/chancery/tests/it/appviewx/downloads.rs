//! Certificates and keys as files, opened by programs that are not ours.

use serde_json::{Value, json};

use super::{Client, STORE_PASSWORD, import, issue, not_found, refused, text};
use crate::server::{Server, run};
use crate::wire::Answer;

fn download(client: &Client<'_>, id: &Value, format: &str, password: Option<&str>) -> Answer {
    let body =
        json!({"resourceId": id, "format": format, "password": password, "isChainRequired": true});
    client.post("/certificate/download/format", &body)
}

/// Subjects, each on its own line, of what openssl prints.
fn subjects(printed: &str) -> usize {
    printed.matches("subject=").count()
}

#[test]
fn all_twelve_formats_open() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=a.example");
    let file = |format: &str| {
        let answer = download(&admin, &id, format, Some(STORE_PASSWORD)).expect(200);
        assert_eq!(
            answer.header("Content-Type"),
            Some("application/octet-stream")
        );
        server.scratch_file(&format!("file.{format}"), answer.body)
    };
    let password = format!("pass:{STORE_PASSWORD}");
    let named = |printed: &str| assert!(printed.contains("CN = a.example"), "{printed}");
    for format in ["CRT", "CERT", "CER", "PEM"] {
        let file = file(format);
        named(&run(
            "openssl",
            &["x509", "-in", &file, "-noout", "-subject"],
        ));
        let all = std::fs::read_to_string(&file).unwrap();
        assert_eq!(
            all.matches("-----BEGIN CERTIFICATE-----").count(),
            3,
            "{all}"
        );
    }
    for format in ["DER", "DERCER"] {
        let file = file(format);
        named(&run(
            "openssl",
            &["x509", "-inform", "DER", "-in", &file, "-noout", "-subject"],
        ));
    }
    for (format, form) in [("P7B", "PEM"), ("P7C", "DER")] {
        let file = file(format);
        let printed = run(
            "openssl",
            &[
                "pkcs7",
                "-inform",
                form,
                "-in",
                &file,
                "-print_certs",
                "-noout",
            ],
        );
        named(&printed);
        assert_eq!(subjects(&printed), 3, "{printed}");
    }
    let public = run(
        "openssl",
        &["x509", "-in", &file("PEM"), "-noout", "-pubkey"],
    );
    let key = file("PK8");
    assert_eq!(
        run(
            "openssl",
            &["pkey", "-in", &key, "-passin", &password, "-pubout"]
        ),
        public
    );
    for format in ["P12", "PFX"] {
        let file = file(format);
        let printed = run(
            "openssl",
            &["pkcs12", "-in", &file, "-nodes", "-passin", &password],
        );
        named(&printed);
        assert!(
            printed.contains("PRIVATE KEY") && subjects(&printed) == 3,
            "{printed}"
        );
    }
}

/// Java itself reads the key store, key and all, and only with its password.
#[test]
fn java_opens_its_key_store() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let body = json!({"key": "rsa-2048", "subject": "CN=a.example"});
    let id = server
        .native("POST", "/certificates", &body)
        .expect(201)
        .json()["id"]
        .clone();
    let answer = download(&admin, &id, "JKS", Some(STORE_PASSWORD)).expect(200);
    let jks = server.scratch_file("file.jks", answer.body);
    let p12 = server.scratch().join("converted.p12").display().to_string();
    let store = [
        "-srckeystore",
        &jks,
        "-srcstoretype",
        "JKS",
        "-srcstorepass",
        STORE_PASSWORD,
    ];
    let to = [
        "-destkeystore",
        &p12,
        "-deststoretype",
        "PKCS12",
        "-deststorepass",
        STORE_PASSWORD,
        "-noprompt",
    ];
    run(
        "keytool",
        &[&["-importkeystore"], &store[..], &to[..]].concat(),
    );
    let password = format!("pass:{STORE_PASSWORD}");
    let printed = run(
        "openssl",
        &["pkcs12", "-in", &p12, "-nodes", "-passin", &password],
    );
    let converted = server.scratch_file("converted.pem", &printed);
    let public = run("openssl", &["x509", "-in", &converted, "-noout", "-pubkey"]);
    assert_eq!(
        run("openssl", &["pkey", "-in", &converted, "-pubout"]),
        public
    );
    assert_eq!(subjects(&printed), 3, "{printed}");
    let wrong = std::process::Command::new("keytool")
        .args([
            "-list",
            "-keystore",
            &jks,
            "-storetype",
            "JKS",
            "-storepass",
            "Passw0rd?",
        ])
        .output()
        .unwrap();
    assert!(!wrong.status.success());
}

#[test]
fn the_other_addresses_give_the_same() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=a.example");
    let path = format!("/certificate/download?resourceId={}", text(&id));
    let bare = admin.get(&path).expect(200);
    assert_eq!(
        bare.header("Content-Type"),
        Some("application/octet-stream")
    );
    assert_eq!(server.openssl_verdict(&bare.text()), None);
    let all = admin
        .get(&format!("{path}&keyRequired=true&isCACertificate=true"))
        .expect(200)
        .text();
    assert_eq!(
        (
            all.matches("BEGIN CERTIFICATE").count(),
            all.matches("BEGIN PRIVATE KEY").count()
        ),
        (3, 1)
    );

    let path = format!("/certificate/download/content?resourceId={}", text(&id));
    let said = admin
        .get(&format!("{path}&isChainRequired=true"))
        .expect(200)
        .json();
    let said = &said["response"];
    assert_eq!(
        text(&said["certificateContents"])
            .matches("BEGIN CERTIFICATE")
            .count(),
        3
    );
    assert_eq!(
        (&said["commonName"], &said["format"], &said["success"]),
        (&json!("a.example"), &json!("PEM"), &json!(true))
    );
    assert_eq!(
        (&said["serialNumber"], &said["privateKeyContent"]),
        (&admin.by_id(&id)["serialNumber"], &Value::Null)
    );

    let body = json!({"uuId": id, "password": "any will do"});
    let said = admin
        .post("/certificate/privatekey/download", &body)
        .expect(200)
        .json();
    assert_eq!(said["response"]["status"], "Success");
    let key = server.scratch_file("key.pem", text(&said["response"]["privateKeyPemEncoded"]));
    let pem = server.scratch_file("certificate.pem", bare.text());
    let public = run("openssl", &["x509", "-in", &pem, "-noout", "-pubkey"]);
    assert_eq!(
        run(
            "openssl",
            &[
                "pkey",
                "-in",
                &key,
                "-passin",
                "pass:any will do",
                "-pubout"
            ]
        ),
        public
    );
    let trail = server
        .native("GET", "/audit", &Value::Null)
        .expect(200)
        .json();
    let exported = |entry: &&Value| entry["action"] == "certificate.export-private-key";
    let exports = trail["entries"]
        .as_array()
        .unwrap()
        .iter()
        .filter(exported)
        .count();
    assert_eq!(exports, 2, "{trail}");
}

#[test]
fn what_cannot_be_downloaded_is_refused() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let operator = Client::new(&server, "op", "default", "operator");
    let joe = Client::new(&server, "joe", "elsewhere", "self-service");
    let (id, watched) = (
        issue(&server, "CN=a.example"),
        import(&server, "/CN=watched"),
    );
    let pending = admin.ask(&id, "Regenerate", "x")["resourceId"].clone();
    let missing = |field: &str| format!("Mandatory field is missing or invalid - {field}.");

    let answer = admin.post("/certificate/download/format", &json!({"resourceId": id}));
    refused(&answer, 400, "MANDATORY_FIELD_MISSING", &missing("format"));
    let answer = download(&admin, &id, "P11", None);
    refused(
        &answer,
        400,
        "INVALID_FORMAT",
        "Please provide a valid format.",
    );
    for format in ["P12", "PFX", "JKS"] {
        let answer = download(&admin, &id, format, None);
        refused(
            &answer,
            400,
            "MANDATORY_FIELD_MISSING",
            &missing("password"),
        );
        let words = "Password must have at least 8 characters with lower case, upper case, digit and special character.";
        let answer = download(&admin, &id, format, Some("password"));
        refused(&answer, 417, "PASSWORD_FORMAT_WRONG", words);
    }
    let answer = download(&admin, &pending, "PEM", None);
    refused(&answer, 417, "NOT_A_VALID_CERT", "Invalid certificate.");
    not_found(&download(&joe, &id, "PEM", None));
    not_found(&download(
        &admin,
        &json!("5f5641a7e74e187a7e3d5266"),
        "PEM",
        None,
    ));
    download(&operator, &id, "PEM", None).expect(200);
    // Keys: who may not have them, and which are not here.
    let body = |id: &Value| json!({"uuId": id, "password": "x"});
    for format in ["PK8", "P12", "JKS"] {
        let restricted = "Access to the private key is restricted by policy.";
        let answer = download(&operator, &id, format, Some(STORE_PASSWORD));
        refused(&answer, 417, "CERT-KEY-0006", restricted);
        let answer = operator.post("/certificate/privatekey/download", &body(&id));
        refused(&answer, 417, "CERT-KEY-0006", restricted);
        let answer = download(&admin, &watched, format, Some(STORE_PASSWORD));
        refused(
            &answer,
            417,
            "CERT-HLST-0007",
            "Private key is not available.",
        );
    }
    let answer = admin.post("/certificate/privatekey/download", &json!({"uuId": id}));
    refused(
        &answer,
        400,
        "MANDATORY_FIELD_MISSING",
        &missing("password"),
    );
}
