//! Clients as scripts write them: what they do is in `clients/sbc.py`, what should come of it is here. And the command line,
//! which closes the loop.

use serde_json::{Value, json};

use crate::server::{Server, python};

use super::{Client, record, shown};

/// What the client saw in a scenario.
fn play(server: &Server, scenario: &str, input: &str) -> Value {
    let (url, root, admin) = (
        server.https_url(),
        server.authority_file("root"),
        server.admin(),
    );
    let arguments = [scenario, &url, &root, &admin.user, &admin.password];
    serde_json::from_str(&python("sbc.py", &arguments, input)).unwrap()
}

#[test]
fn a_strict_client_walks_from_the_record_to_the_running_certificate() {
    let server = Server::start();
    let saw = play(&server, "first", "");
    assert_eq!(saw["role"], "standalone");
    assert_eq!(saw["versions"], json!(["v1.0", "v1.1", "v1.2"]));
    assert_eq!(saw["keys"], json!(["name"]));
    for (step, status) in [
        ("lock", 204),
        ("add", 200),
        ("put", 200),
        ("generate", 200),
        ("unlock", 204),
    ] {
        assert_eq!(saw[step], status, "{step}");
    }
    let operations = json!([[202, "verify"], [202, "save"], [202, "activate"]]);
    assert_eq!(saw["operations"], operations);
    let record = shown(&server, "py");
    assert_eq!(
        saw["csr"].as_str().unwrap(),
        record["csr"].as_str().unwrap().trim()
    );

    let signed = server.cli(&["record", "sign", "py", "--json"]);
    assert!(
        signed.status.success(),
        "{}",
        String::from_utf8_lossy(&signed.stderr)
    );
    let certificate: Value = serde_json::from_slice(&signed.stdout).unwrap();
    let id = certificate["id"].as_str().unwrap();
    let pem = server.native("GET", &format!("/certificates/{id}"), &Value::Null);
    let pem = pem.expect(200).json()["certificate"]
        .as_str()
        .unwrap()
        .to_owned();
    let saw = play(&server, "second", &pem);
    let want = json!({
        "without lock": 423,
        "lock": 204,
        "no record": [404, "there is no such certificate record"],
        "import": 200,
        "again": [400, saw["again"][1]],
        "operations": [[202, "save"], [202, "activate"]],
        "delete": 204,
        "unlock": 204,
        "running": 200,
    });
    assert_eq!(saw, want);
    let said = saw["again"][1].as_str().unwrap();
    assert!(said.contains("certificate"), "{said}");
    // What was deleted and not saved came back with the lock.
    assert_eq!(shown(&server, "py")["certificate"], certificate["id"]);
    assert_eq!(server.openssl_verdict(&pem), None);
}

#[test]
fn the_command_line_shows_what_this_api_made() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r1")).expect(200);
    client.csr("r1");
    client.activate();
    let shown = server.cli(&["record", "show", "r1", "--csr"]);
    let text = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(text.contains("BEGIN CERTIFICATE REQUEST"), "{text}");
}
