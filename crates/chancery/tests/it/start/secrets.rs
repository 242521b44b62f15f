//! What must not be found: private keys, passwords, keys of callers and tokens, on the disk or in the log.

use std::path::Path;
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::server::{P256, Server, basic, csr, run};

/// Every file under a folder, with its octets.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| match path.is_dir() {
            true => files(&path),
            false => vec![(path.display().to_string(), std::fs::read(&path).unwrap())],
        })
        .collect()
}

fn holds(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}

/// The beginning of an unsealed elliptic key (RFC 5915): version 1 and an octet string of 32, 48 or 66 octets.
const PLAIN_EC_KEYS: [&[u8]; 3] = [&[2, 1, 1, 4, 32], &[2, 1, 1, 4, 48], &[2, 1, 1, 4, 66]];

/// The private key in a PKCS#12 file, as PKCS#8 DER.
fn opened(server: &Server, pkcs12: &[u8]) -> Vec<u8> {
    let path = |name: &str| server.scratch().join(name).display().to_string();
    std::fs::write(path("key.p12"), pkcs12).unwrap();
    let (p12, pem, der) = (path("key.p12"), path("key.pem"), path("key.der"));
    run(
        "openssl",
        &[
            "pkcs12",
            "-in",
            &p12,
            "-nocerts",
            "-nodes",
            "-passin",
            "pass:of the file",
            "-out",
            &pem,
        ],
    );
    run(
        "openssl",
        &[
            "pkcs8", "-topk8", "-nocrypt", "-in", &pem, "-outform", "DER", "-out", &der,
        ],
    );
    std::fs::read(der).unwrap()
}

#[test]
fn nothing_on_the_disk_opens_anything() {
    let mut server = Server::start();
    let mut secrets = vec![
        (
            "the administrator's password",
            server.admin().password.clone().into_bytes(),
        ),
        (
            "the administrator's API key",
            server.admin().api_key.clone().into_bytes(),
        ),
        ("a private key as PEM", b"PRIVATE KEY".to_vec()),
    ];
    for kind in ["ec-p256", "rsa-2048", "ed25519"] {
        let body = json!({"key": kind, "subject": "CN=joe", "name": kind});
        server.native("POST", "/certificates", &body).expect(201);
        let path = format!("/certificates/{kind}/pkcs12");
        let pkcs12 = server
            .native("POST", &path, &json!({"password": "of the file"}))
            .expect(200);
        let der = opened(&server, &pkcs12.body);
        // The whole, and what is secret of it in part: of RSA the second prime and so on, of the others the scalar.
        secrets.push(("a private key", der.clone()));
        let part = match kind {
            "ec-p256" => {
                assert!(
                    PLAIN_EC_KEYS.iter().any(|start| holds(&der, start)),
                    "such keys would be found"
                );
                &der[36..68]
            }
            "rsa-2048" => &der[der.len() - 200..][..32],
            _ => &der[der.len() - 32..],
        };
        secrets.push(("a part of a private key", part.to_vec()));
    }
    server.add_user(
        "joe",
        "3002",
        "1001",
        "self-service",
        "correct horse battery",
    );
    secrets.push(("a user's password", b"correct horse battery".to_vec()));
    secrets.push(("a file's password", b"of the file".to_vec()));
    let member = |path: &str, name: &str| {
        server.native("POST", path, &json!({})).expect(201).json()[name]
            .as_str()
            .unwrap()
            .as_bytes()
            .to_vec()
    };
    secrets.push(("an API key", member("/users/3002/api-key", "api_key")));
    secrets.push(("a token", member("/tokens", "token")));
    secrets.extend(PLAIN_EC_KEYS.map(|start| ("an unsealed elliptic key", start.to_vec())));
    let sealing = std::fs::read(server.data().join("key-encryption-key"))
        .unwrap()
        .trim_ascii_end()
        .to_vec();
    secrets.push(("the key-encryption key", hex::decode(&sealing).unwrap()));
    secrets.push(("the key-encryption key in digits", sealing));

    // While it runs, so with the write-ahead log; and after it ended.
    check(&server, &secrets);
    server.terminate();
    check(&server, &secrets);
}

/// Looks for each secret everywhere but in the two files that are made to hold some.
fn check(server: &Server, secrets: &[(&str, Vec<u8>)]) {
    let mut all = files(&server.data());
    all.push((
        "server.log".to_owned(),
        std::fs::read(server.scratch().join("server.log")).unwrap(),
    ));
    assert!(
        all.iter()
            .any(|(name, octets)| name.contains("chancery.sqlite") && octets.len() > 50_000)
    );
    for (name, octets) in all {
        if name.ends_with("administrator.json") || name.ends_with("key-encryption-key") {
            continue;
        }
        for (what, secret) in secrets {
            assert!(!holds(&octets, secret), "{what} is in {name}");
            assert!(
                !holds(&octets, hex::encode(secret).as_bytes()),
                "{what} is in {name} in digits"
            );
        }
    }
}

#[test]
fn the_log_holds_no_secret() {
    let server = Server::start_with_env(&[("CHANCERY_LOG", "trace")]);
    let mut secrets = vec![
        server.admin().password.clone(),
        server.admin().api_key.clone(),
    ];
    let mut secret = |name: &str| {
        let text = format!("{name}-{}", "Tr0ub4dor");
        secrets.push(text.clone());
        text
    };
    let admin = basic("admin", &server.admin().api_key);
    let call = |path: &str, authorization: &str, body: String| {
        let headers = [
            ("Authorization", authorization),
            ("Content-Type", "application/json"),
        ];
        server.request(
            "POST",
            &format!("/chancery/v1{path}"),
            &headers,
            body.as_bytes(),
        )
    };
    call("/tokens", &basic("admin", &secret("wrong")), String::new()).expect(401);
    call(
        "/tokens",
        &basic("nobody", &secret("unknown")),
        String::new(),
    )
    .expect(401);
    call(
        "/tokens",
        &format!("Bearer {}", secret("bearer")),
        String::new(),
    )
    .expect(401);
    call(
        "/tokens",
        &format!("Digest {}", secret("digest")),
        String::new(),
    )
    .expect(401);
    call(
        "/tokens",
        &format!("Basic {}", secret("broken")),
        String::new(),
    )
    .expect(401);
    call(
        "/users",
        &admin,
        json!({"name": "a b", "password": secret("refused")}).to_string(),
    )
    .expect(400);
    call(
        "/users",
        &admin,
        json!({"name": "c", "pass": secret("unknown-member")}).to_string(),
    )
    .expect(400);
    call(
        "/users",
        &admin,
        json!({"name": "c", "password": [secret("mistyped")]}).to_string(),
    )
    .expect(400);
    call(
        "/users",
        &admin,
        json!({"name": secret("typed"), "roles": secret("roles")}).to_string(),
    )
    .expect(400);
    call(
        "/users",
        &admin,
        format!("{{\"name\": \"c\", \"password\": \"{}", secret("cut")),
    )
    .expect(400);
    call(
        "/users",
        &admin,
        json!({"name": "d", "domain": "a b", "password": secret("homeless")}).to_string(),
    )
    .expect(400);
    call(
        "/certificates/9/pkcs12",
        &admin,
        json!({"password": secret("file")}).to_string(),
    )
    .expect(404);
    let good = json!({"name": "joe", "id": "joe", "password": secret("good")}).to_string();
    call("/users", &admin, good.clone()).expect(201);
    call("/users", &admin, good).expect(409);
    import_with_a_wrong_key(&server);
    let token = call("/tokens", &admin, String::new()).expect(201).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    call("/tokens", &format!("Bearer {token}"), String::new()).expect(201);
    let answer = call("/users/joe/api-key", &admin, String::new()).expect(201);
    let api_key = answer.json()["api_key"].as_str().unwrap().to_owned();
    over_http_2(&server);
    secrets.extend([token, api_key]);

    let log = std::fs::read_to_string(server.scratch().join("server.log")).unwrap();
    assert!(log.contains("TRACE"), "the log tells all it can");
    assert!(!log.contains("PRIVATE KEY"), "a private key is in the log");
    assert!(
        !log.contains(admin.strip_prefix("Basic ").unwrap()),
        "Authorization is in the log"
    );
    for secret in &secrets {
        assert!(!log.contains(secret.as_str()), "{secret} is in the log");
        assert!(
            !log.contains(&hex::encode(secret)),
            "{secret} is in the log in digits"
        );
        assert!(
            !log.contains(STANDARD.encode(secret).trim_end_matches('=')),
            "{secret} is in the log in base64"
        );
    }
}

/// Imports a certificate with a private key that is another's.
fn import_with_a_wrong_key(server: &Server) {
    let request = csr(server.scratch(), P256, "/CN=theirs", &[]);
    let made = server
        .native("POST", "/certificates", &json!({"csr": request}))
        .expect(201)
        .json();
    csr(server.scratch(), P256, "/CN=other", &[]);
    let key = std::fs::read_to_string(server.scratch().join("subject.key.pem")).unwrap();
    let body = json!({"certificates": made["certificate"], "private_key": key});
    server
        .native("POST", "/certificates/import", &body)
        .expect(400);
    let body = json!({"certificates": made["certificate"], "private_key": key.replace("PRIVATE", "SECRET")});
    server
        .native("POST", "/certificates/import", &body)
        .expect(400);
}

/// HTTP/2 has frames and compressed headers of its own to log.
fn over_http_2(server: &Server) {
    let admin = format!("admin:{}", server.admin().api_key);
    let output = Command::new("curl")
        .args([
            "--silent",
            "--fail",
            "--http2",
            "--write-out",
            "%{http_version}",
            "--output",
            "/dev/null",
        ])
        .arg("--cacert")
        .arg(server.data().join("ca/root.pem"))
        .args([
            "--user",
            &admin,
            &format!("{}/chancery/v1/whoami", server.https_url()),
        ])
        .output()
        .expect("curl is needed for the tests: run ./check, which installs it");
    assert!(output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "2");
}
