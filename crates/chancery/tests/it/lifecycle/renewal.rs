//! Renewing: with a new key or the held one, in the place of the old or beside it.

use serde_json::{Value, json};

use super::{act, at_once, is_good, is_revoked, long_over, show, standing};
use crate::native::importing::foreign;
use crate::native::{refused, text};
use crate::server::{P256, Server, csr};

#[test]
fn a_csr_renews_with_a_new_key_under_the_same_subject() {
    let server = Server::start();
    let names = "subjectAltName=DNS:one.example,DNS:two.example";
    let request = csr(
        server.scratch(),
        P256,
        "/O=Example Corp/CN=Joe Smith",
        &["-addext", names],
    );
    let body = json!({"csr": request, "profile": "tls-server", "days": 30, "name": "web-server"});
    let old = server
        .native("POST", "/certificates", &body)
        .expect(201)
        .json();
    // Subjects match as RFC 5280, section 7.1, has it; alternative names stay, asked for or not.
    for (subject, more) in [
        ("/O=Example Corp/CN=Joe Smith", &[][..]),
        ("/O=EXAMPLE corp/CN=joe SMITH", &[]),
        ("/O=  Example   Corp /CN=Joe  Smith ", &[]),
        ("/O=Example Corp/CN=Joe Smith", &["-addext", names]),
        (
            "/O=Example Corp/CN=Joe Smith",
            &["-addext", "subjectAltName=DNS:two.example"],
        ),
    ] {
        let request = csr(server.scratch(), P256, subject, more);
        let answer = act(&server, &old, "renew", json!({"csr": request}));
        assert_eq!(answer.status, 201, "{subject}: {}", answer.text());
        let new = answer.json();
        assert_eq!(
            answer.header("location"),
            Some(format!("/chancery/v1/certificates/{}", text(&new, "id")).as_str())
        );
        for member in [
            "subject",
            "names",
            "profile",
            "owner",
            "domain",
            "authority",
        ] {
            assert_eq!(new[member], old[member], "{member}");
        }
        assert_eq!(
            (&new["private_key"], &new["replaces"]),
            (&json!(false), &old["id"])
        );
        assert_ne!(new["subject_key_id"], old["subject_key_id"]);
        assert!(
            text(&new, "name").starts_with("web-server-"),
            "{}",
            new["name"]
        );
        assert_eq!(show(&server, &old)["replaced_by"], new["id"], "the newest");
        is_good(&server, &new);
        is_good(&server, &old);
    }
    for subject in [
        "/O=Example Corp/CN=Joe Smyth",
        "/CN=Joe Smith",
        "/CN=Joe Smith/O=Example Corp",
        "/O=Example Corp/CN=Joe Smith/CN=x",
        "/O=Example Corp/CN=JoeSmith",
        "/",
    ] {
        let request = csr(server.scratch(), P256, subject, &[]);
        let answer = act(&server, &old, "renew", json!({"csr": request}));
        assert_eq!(answer.status, 400, "{subject}: {}", answer.text());
        refused(&answer, 400, "invalid");
    }
    let more = "subjectAltName=DNS:one.example,DNS:three.example";
    let greedy = csr(
        server.scratch(),
        P256,
        "/O=Example Corp/CN=Joe Smith",
        &["-addext", more],
    );
    for (body, status, kind) in [
        (json!({"csr": greedy}), 400, "invalid"),
        (json!({"csr": "x"}), 400, "invalid"),
        (json!({"days": 7}), 409, "no-private-key"),
        (json!({}), 409, "no-private-key"),
        (json!({"csr": request, "days": 398}), 422, "policy"),
        (json!({"csr": request, "reason": "x"}), 400, "invalid"),
        (
            json!({"csr": request, "name": "web-server"}),
            409,
            "conflict",
        ),
    ] {
        refused(&act(&server, &old, "renew", body), status, kind);
    }
}

#[test]
fn the_key_held_by_the_server_renews_and_supersedes_in_one_step() {
    let server = Server::start();
    let body = json!({"key": "ec-p256", "subject": "CN=joe", "names": ["dns:joe.example", "ip:192.0.2.7"]});
    let first = server
        .native("POST", "/certificates", &body)
        .expect(201)
        .json();
    let second = act(
        &server,
        &first,
        "renew",
        json!({"days": 7, "name": "second"}),
    )
    .expect(201)
    .json();
    for member in ["subject", "names", "subject_key_id", "profile", "owner"] {
        assert_eq!(second[member], first[member], "{member}");
    }
    assert_ne!(second["serial"], first["serial"]);
    assert_eq!(
        (text(&second, "name"), &second["private_key"]),
        ("second", &json!(true))
    );
    is_good(&server, &first);
    let third = act(&server, &second, "renew", json!({"revoke_old": true}))
        .expect(201)
        .json();
    is_good(&server, &third);
    is_good(&server, &first);
    is_revoked(&server, &second, "Superseded");
    assert_eq!(
        standing(&server, &second),
        ("revoked".into(), "superseded".into())
    );
    let lineage: Vec<(Value, Value)> = [&first, &second, &third]
        .map(|one| show(&server, one))
        .iter()
        .map(|one| (one["replaces"].clone(), one["replaced_by"].clone()))
        .collect();
    let (one, two, three) = (
        first["id"].clone(),
        second["id"].clone(),
        third["id"].clone(),
    );
    assert_eq!(
        lineage,
        [(Value::Null, two.clone()), (one, three), (two, Value::Null)]
    );
    // The key that was made for the first goes with the last.
    let path = format!("/certificates/{}/pkcs12", text(&third, "id"));
    server
        .native("POST", &path, &json!({"password": "x"}))
        .expect(200);
    // A renewal that fails supersedes nothing.
    refused(
        &act(
            &server,
            &third,
            "renew",
            json!({"revoke_old": true, "days": 0}),
        ),
        422,
        "policy",
    );
    refused(
        &act(
            &server,
            &third,
            "renew",
            json!({"revoke_old": true, "name": "second"}),
        ),
        409,
        "conflict",
    );
    is_good(&server, &third);
}

#[test]
fn what_is_over_or_from_elsewhere_can_be_renewed() {
    let server = Server::start();
    let (certificate, key) = foreign(server.scratch(), P256, "/C=DE/CN=Fremd");
    let body = json!({"certificates": certificate, "private_key": key});
    let imported = server
        .native("POST", "/certificates/import", &body)
        .expect(200)
        .json()["certificates"][0]
        .clone();
    let over = long_over(&server, "old");
    for (one, status) in [(imported, "revoked"), (over, "expired")] {
        let new = act(&server, &one, "renew", json!({"revoke_old": true}))
            .expect(201)
            .json();
        assert_eq!(
            (text(&new, "origin"), text(&new, "authority")),
            ("issued", "issuing")
        );
        assert_eq!(
            (&new["subject"], &new["subject_key_id"]),
            (&one["subject"], &one["subject_key_id"])
        );
        is_good(&server, &new);
        let old = show(&server, &one);
        assert_eq!(
            (text(&old, "status"), &old["replaced_by"]),
            (status, &new["id"])
        );
    }
    assert!(
        server
            .crl_text("issuing")
            .contains("No Revoked Certificates")
    );
}

/// Renewals that supersede the same certificate at once are no fault of the server's.
#[test]
fn renewals_at_once_are_done_or_told_to_come_again() {
    let server = Server::start();
    for _ in 0..3 {
        let one = server.issue("CN=joe");
        let path = format!("/certificates/{}/renew", text(&one, "id"));
        let answers = at_once(&server, &vec![(path, json!({"revoke_old": true})); 6]);
        assert!(answers.iter().any(|answer| answer.0 == 201), "{answers:?}");
        assert!(
            answers
                .iter()
                .all(|answer| [201, 409, 503].contains(&answer.0)),
            "{answers:?}"
        );
        is_revoked(&server, &one, "Superseded");
    }
}
