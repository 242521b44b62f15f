//! Certificates' lives: every move, and what openssl and the CRL say of each; deletion and expiry. Renewals and the CRL
//! itself have files of their own.

mod crl;
mod renewal;

use std::thread;

use serde_json::{Value, json};

use crate::native::{before_they_end, refused, text, texts};
use crate::server::{Server, eventually, run};
use crate::wire::Answer;

fn act(server: &Server, one: &Value, action: &str, body: Value) -> Answer {
    server.native(
        "POST",
        &format!("/certificates/{}/{action}", text(one, "id")),
        &body,
    )
}

fn delete(server: &Server, one: &Value) -> Answer {
    server.native(
        "DELETE",
        &format!("/certificates/{}", text(one, "id")),
        &Value::Null,
    )
}

fn show(server: &Server, one: &Value) -> Value {
    server
        .native(
            "GET",
            &format!("/certificates/{}", text(one, "id")),
            &Value::Null,
        )
        .expect(200)
        .json()
}

/// The certificate's standing: its status, and the reason or nothing.
fn standing(server: &Server, one: &Value) -> (String, String) {
    let shown = show(server, one);
    (
        text(&shown, "status").to_owned(),
        shown["reason"].as_str().unwrap_or_default().to_owned(),
    )
}

#[track_caller]
fn is_good(server: &Server, one: &Value) {
    assert_eq!(server.openssl_verdict(text(one, "certificate")), None);
    assert_eq!(server.crl_reason("issuing", text(one, "serial")), None);
    assert_eq!(standing(server, one), ("active".into(), String::new()));
}

/// openssl refuses it as revoked, and the CRL gives that reason, in openssl's words; an empty one is left out.
#[track_caller]
fn is_revoked(server: &Server, one: &Value, reason: &str) {
    let verdict = server.openssl_verdict(text(one, "certificate"));
    assert!(
        verdict
            .as_ref()
            .is_some_and(|said| said.contains("certificate revoked")),
        "{verdict:?}"
    );
    assert_eq!(
        server.crl_reason("issuing", text(one, "serial")).as_deref(),
        Some(reason)
    );
}

/// Waits until its validity is over.
#[track_caller]
fn expired(server: &Server, one: &Value) {
    eventually(|| match show(server, one) {
        shown if text(&shown, "status") == "expired" => Ok(()),
        shown => Err(shown),
    });
}

/// A certificate of ours that ends in a moment, after something was done with it.
#[track_caller]
fn short_lived<T>(
    server: &Server,
    subject: &str,
    with_it: impl Fn(&Value) -> Result<T, String>,
) -> Value {
    before_they_end(|end| {
        let body = json!({"key": "ec-p256", "subject": subject, "not_after": end});
        let made = server.native("POST", "/certificates", &body).checked(201)?;
        let made = made.json();
        with_it(&made)?;
        Ok(made)
    })
}

/// A certificate from elsewhere that ended in 2021.
fn long_over(server: &Server, subject: &str) -> Value {
    let (certificate, key) = (
        server.scratch().join("over.pem"),
        server.scratch().join("over.key.pem"),
    );
    let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
    run(
        &crate::server::python_program("python"),
        &["-c", MAKE_EXPIRED, subject, &certificate, &key],
    );
    let read = |file: &str| std::fs::read_to_string(file).unwrap();
    let body = json!({"certificates": read(&certificate), "private_key": read(&key)});
    let answer = server
        .native("POST", "/certificates/import", &body)
        .expect(200)
        .json();
    answer["certificates"][0].clone()
}

const MAKE_EXPIRED: &str = "
import sys
from datetime import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
key = ec.generate_private_key(ec.SECP256R1())
name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, sys.argv[1])])
made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), datetime(2020, 1, 1), datetime(2021, 1, 1))
open(sys.argv[2], 'wb').write(made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM))
open(sys.argv[3], 'wb').write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
";

#[test]
fn a_certificate_is_held_released_and_revoked() {
    let server = Server::start();
    let one = server.issue("CN=joe");
    is_good(&server, &one);
    for action in ["hold", "release", "purge"] {
        let answer = act(&server, &one, action, json!({"reason": "superseded"}));
        refused(&answer, 400, "invalid");
    }
    for _ in 0..2 {
        let held = act(&server, &one, "hold", json!({})).expect(200).json();
        assert_eq!(
            (text(&held, "status"), text(&held, "reason")),
            ("on-hold", "certificate-hold")
        );
        is_revoked(&server, &one, "Certificate Hold");
        act(&server, &one, "release", Value::Null).expect(200);
        is_good(&server, &one);
    }
    act(&server, &one, "hold", json!({})).expect(200);
    let revoked = act(&server, &one, "revoke", json!({"reason": "key-compromise"}))
        .expect(200)
        .json();
    assert_eq!(
        (text(&revoked, "status"), text(&revoked, "reason")),
        ("revoked", "key-compromise")
    );
    is_revoked(&server, &one, "Key Compromise");
}

#[test]
fn every_reason_is_in_the_crl_and_unspecified_is_left_out() {
    let server = Server::start();
    for (reason, status, said) in [
        ("unspecified", "revoked", ""),
        ("key-compromise", "revoked", "Key Compromise"),
        ("ca-compromise", "revoked", "CA Compromise"),
        ("affiliation-changed", "revoked", "Affiliation Changed"),
        ("superseded", "revoked", "Superseded"),
        (
            "cessation-of-operation",
            "revoked",
            "Cessation Of Operation",
        ),
        ("certificate-hold", "on-hold", "Certificate Hold"),
        ("privilege-withdrawn", "revoked", "Privilege Withdrawn"),
        ("aa-compromise", "revoked", "AA Compromise"),
    ] {
        let one = server.issue(&format!("CN={reason}"));
        act(&server, &one, "revoke", json!({"reason": reason})).expect(200);
        assert_eq!(standing(&server, &one), (status.into(), reason.into()));
        is_revoked(&server, &one, said);
    }
    let one = server.issue("CN=joe");
    for body in [
        json!({"reason": "because"}),
        json!({"reason": "remove-from-crl"}),
        json!({"reason": ""}),
        json!({}),
        json!({"reason": 1}),
    ] {
        refused(&act(&server, &one, "revoke", body), 400, "invalid");
    }
    is_good(&server, &one);
}

/// Every state with the actions that it does not allow; all others are done in the other tests.
#[test]
fn illegal_moves_are_refused_and_change_nothing() {
    let server = Server::start();
    let made = |actions: &[&str]| {
        let one = server.issue("CN=joe");
        for action in actions {
            match *action {
                "delete" => delete(&server, &one).expect(204),
                action => act(
                    &server,
                    &one,
                    action,
                    if action == "revoke" {
                        json!({"reason": "superseded"})
                    } else {
                        json!({})
                    },
                )
                .expect(200),
            };
        }
        one
    };
    let hold = |one: &Value| act(&server, one, "hold", json!({})).checked(200);
    let held_over = short_lived(&server, "CN=held", hold);
    let over = short_lived(&server, "CN=over", |_| Ok(()));
    let imported_over = long_over(&server, "old");
    expired(&server, &over);
    expired(&server, &held_over);
    let compromised = server.issue("CN=compromised");
    act(
        &server,
        &compromised,
        "revoke",
        json!({"reason": "key-compromise"}),
    )
    .expect(200);
    for (state, one, actions) in [
        ("active", made(&[]), "release purge"),
        ("on hold", made(&["hold"]), "hold revoke-hold purge renew"),
        (
            "revoked",
            made(&["revoke"]),
            "hold release revoke revoke-hold purge renew",
        ),
        (
            "revoked from hold",
            made(&["hold", "revoke"]),
            "hold release revoke revoke-hold purge renew",
        ),
        (
            "compromised",
            compromised,
            "hold release revoke revoke-hold purge renew",
        ),
        (
            "deleted",
            made(&["delete"]),
            "hold release revoke revoke-hold delete renew",
        ),
        (
            "revoked, deleted",
            made(&["revoke", "delete"]),
            "hold release revoke revoke-hold delete renew",
        ),
        (
            "purged",
            made(&["delete", "purge"]),
            "hold release revoke revoke-hold delete purge renew",
        ),
        ("expired", over, "hold release revoke revoke-hold purge"),
        (
            "expired on hold",
            held_over,
            "hold release revoke revoke-hold purge renew",
        ),
        (
            "imported, expired",
            imported_over,
            "hold release revoke revoke-hold purge",
        ),
    ] {
        let before = show(&server, &one);
        for action in actions.split(' ') {
            let answer = match action {
                "delete" => delete(&server, &one),
                "revoke" => act(
                    &server,
                    &one,
                    "revoke",
                    json!({"reason": "privilege-withdrawn"}),
                ),
                "revoke-hold" => act(
                    &server,
                    &one,
                    "revoke",
                    json!({"reason": "certificate-hold"}),
                ),
                action => act(&server, &one, action, json!({})),
            };
            assert_eq!(answer.status, 409, "{state}: {action}: {}", answer.text());
            refused(&answer, 409, "refused");
            assert_eq!(show(&server, &one), before, "{state}: {action}");
        }
    }
}

#[test]
fn deleting_revokes_what_is_live_and_hides_it() {
    let server = Server::start();
    let (live, held, revoked) = (
        server.issue("CN=live"),
        server.issue("CN=held"),
        server.issue("CN=revoked"),
    );
    act(&server, &held, "hold", json!({})).expect(200);
    act(
        &server,
        &revoked,
        "revoke",
        json!({"reason": "affiliation-changed"}),
    )
    .expect(200);
    for (one, reason, said) in [
        (&live, "cessation-of-operation", "Cessation Of Operation"),
        (&held, "cessation-of-operation", "Cessation Of Operation"),
        (&revoked, "affiliation-changed", "Affiliation Changed"),
    ] {
        let answer = delete(&server, one).expect(204);
        assert!(answer.body.is_empty());
        assert_eq!(standing(&server, one), ("deleted".into(), reason.into()));
        is_revoked(&server, one, said);
    }
    let listed = |status: &str| {
        let query = format!("/certificates?owner=admin&order=oldest&{status}");
        texts(
            &server
                .native("GET", &query, &Value::Null)
                .expect(200)
                .json()["certificates"],
            "subject",
        )
        .join(" ")
    };
    assert_eq!(listed(""), "");
    assert_eq!(listed("status=revoked"), "");
    assert_eq!(listed("status=deleted"), "CN=live CN=held CN=revoked");

    act(&server, &live, "purge", json!({})).expect(200);
    assert_eq!(
        (listed("status=deleted"), listed("status=purged")),
        ("CN=held CN=revoked".into(), "CN=live".into())
    );
    is_wiped(&server, &live);
    server
        .native(
            "POST",
            "/certificates/import",
            &json!({"certificates": live["certificate"]}),
        )
        .expect(409);
}

/// Nothing is left of DER and key, neither in answers nor in the database, and the CRL says still what it said.
#[track_caller]
fn is_wiped(server: &Server, one: &Value) {
    let shown = show(server, one);
    for member in [
        "id",
        "number",
        "name",
        "subject",
        "issuer",
        "serial",
        "not_before",
        "not_after",
        "owner",
        "created",
    ] {
        assert_eq!(shown[member], one[member], "{member}");
    }
    assert_eq!(
        (text(&shown, "status"), text(&shown, "reason")),
        ("purged", "cessation-of-operation")
    );
    assert_eq!(
        (
            &shown["certificate"],
            &shown["fingerprint"],
            &shown["private_key"]
        ),
        (&Value::Null, &Value::Null, &json!(false))
    );
    let path = format!("/certificates/{}", text(one, "id"));
    for part in ["pem", "der", "chain"] {
        refused(
            &server.native("GET", &format!("{path}/{part}"), &Value::Null),
            409,
            "no-certificate",
        );
    }
    let answer = server.native("POST", &format!("{path}/pkcs12"), &json!({"password": "x"}));
    assert_eq!(answer.status, 409, "{}", answer.text());
    is_revoked(server, one, "Cessation Of Operation");
    let database = server.data().join("chancery.sqlite").display().to_string();
    let number = &one["number"];
    let asked = format!(
        "SELECT (SELECT count(*) FROM certificates WHERE number = {number} AND der IS NULL), \
         (SELECT count(*) FROM private_keys WHERE certificate = {number})"
    );
    assert_eq!(
        run("sqlite3", &["-readonly", &database, &asked]).trim(),
        "1|0"
    );
}

#[test]
fn what_ends_by_itself_is_expired_and_revokes_nothing_more() {
    let server = Server::start();
    let done = |action: &'static str, body: Value| {
        let server = &server;
        move |one: &Value| act(server, one, action, body.clone()).checked(200)
    };
    let held = short_lived(&server, "CN=held", done("hold", json!({})));
    let superseded = done("revoke", json!({"reason": "superseded"}));
    let revoked = short_lived(&server, "CN=revoked", superseded);
    let one = short_lived(&server, "CN=one", |one| {
        let verdict = server.openssl_verdict(text(one, "certificate"));
        verdict.map_or(Ok(()), Err)
    });
    expired(&server, &one);
    expired(&server, &held);
    assert_eq!(
        standing(&server, &revoked),
        ("revoked".into(), "superseded".into()),
        "what is revoked stays so"
    );
    for one in [&one, &held] {
        delete(&server, one).expect(204);
        assert_eq!(standing(&server, one), ("deleted".into(), String::new()));
        act(&server, one, "purge", json!({})).expect(200);
    }
    assert_eq!(server.crl_reason("issuing", text(&one, "serial")), None);
}

/// The statuses of the same request sent by several at once, sorted.
fn at_once(server: &Server, requests: &[(String, Value)]) -> Vec<(u16, String)> {
    let mut statuses: Vec<(u16, String)> = thread::scope(|scope| {
        let started: Vec<_> = requests
            .iter()
            .map(|(path, body)| scope.spawn(move || server.native("POST", path, body)))
            .collect();
        started
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .map(|answer| (answer.status, answer.text()))
            .collect()
    });
    statuses.sort();
    statuses
}

#[test]
fn of_many_revocations_at_once_one_is_done() {
    let server = Server::start();
    let reasons = [
        "key-compromise",
        "superseded",
        "affiliation-changed",
        "unspecified",
        "privilege-withdrawn",
        "aa-compromise",
    ];
    for _ in 0..3 {
        let one = server.issue("CN=joe");
        let path = format!("/certificates/{}/revoke", text(&one, "id"));
        let requests: Vec<(String, Value)> = reasons
            .iter()
            .map(|reason| (path.clone(), json!({"reason": reason})))
            .collect();
        let answers = at_once(&server, &requests);
        let statuses: Vec<u16> = answers.iter().map(|answer| answer.0).collect();
        assert_eq!(statuses, [200, 409, 409, 409, 409, 409], "{answers:?}");
        let won: Value = serde_json::from_str(&answers[0].1).unwrap();
        assert_eq!(standing(&server, &one).1, text(&won, "reason"));
    }
}
