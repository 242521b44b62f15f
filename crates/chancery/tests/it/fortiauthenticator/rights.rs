//! Rights: what each role may read and change.

use serde_json::{Value, json};

use super::{Client, assert_error};
use crate::server::{P256, Server, csr};

/// Issues a certificate to somebody.
fn issue_to(server: &Server, owner: &str, subject: &str) -> Value {
    let asked = json!({"key": "ec-p256", "subject": subject, "owner": owner, "name": owner});
    server.native("POST", "/certificates", &asked).expect(201);
    Client::administrator(server).find(subject)
}

#[test]
fn roles_reach_what_they_reach() {
    let server = Server::start();
    let joe = Client::new(&server, "joe", "1001", "self-service");
    let ann = Client::new(&server, "ann", "1001", "self-service");
    let dora = Client::new(&server, "dora", "1001", "domain-administrator");
    let bob = Client::new(&server, "bob", "2002", "self-service");
    let auditor = Client::new(&server, "audit", "2002", "auditor");
    let operator = Client::new(&server, "oper", "2002", "operator");
    let joes = issue_to(&server, "joe", "CN=Joe");
    issue_to(&server, "ann", "CN=Ann");
    let path = format!("/usercerts/{}/", joes["id"]);

    for (client, seen) in [
        (&joe, &["/CN=Joe"][..]),
        (&ann, &["/CN=Ann"]),
        (&dora, &["/CN=Joe", "/CN=Ann"]),
        (&bob, &[]),
    ] {
        let (subjects, total) = client.subjects("");
        assert_eq!(subjects, seen);
        assert_eq!(total, u64::try_from(seen.len()).unwrap());
        let info = client.get("/systeminfo/").expect(200).json();
        assert_eq!(info["usercerts_count"], total);
    }
    for client in [&auditor, &operator] {
        assert_eq!(client.subjects("?subject__in=/CN=Joe,/CN=Ann").1, 2);
        client.get(&path).expect(200);
    }
    for client in [&ann, &bob] {
        assert_error(&client.get(&path), 403, "no right");
    }
    let csr = csr(server.scratch(), P256, "/CN=Joe", &[]);
    let form: [(&str, &[u8]); 3] = [
        ("cert_id", b"joe"),
        ("csr", csr.as_bytes()),
        ("expiry", b"5"),
    ];
    for client in [&ann, &bob, &auditor] {
        assert_error(
            &client.revoke(&joes["id"], "Certificate Hold"),
            403,
            "no right",
        );
        assert_error(
            &client.patch(&joes["id"], &json!({"status": "active"})),
            403,
            "no right",
        );
        assert_error(&client.renew(&form), 403, "no right");
    }
    assert_eq!(joe.get(&path).expect(200).json(), joes);
    for client in [&joe, &dora, &operator] {
        client.revoke(&joes["id"], "Certificate Hold").expect(202);
        client
            .patch(&joes["id"], &json!({"status": "active"}))
            .expect(202);
        client.renew(&form).expect(200);
    }
}
