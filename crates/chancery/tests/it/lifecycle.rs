//! Certificates' lives: every move, what openssl and the CRL say of each, renewal, deletion, expiry, and what a restart
//! must not lose.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::native::importing::foreign;
use crate::native::{from_now, refused, text, texts};
use crate::server::{P256, Server, csr, run};
use crate::wire::{self, Answer};

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
fn expired(server: &Server, one: &Value) {
    while text(&show(server, one), "status") != "expired" {
        thread::sleep(Duration::from_millis(100));
    }
}

fn short_lived(server: &Server, subject: &str) -> Value {
    let body = json!({"key": "ec-p256", "subject": subject, "not_after": from_now("+2 seconds")});
    server
        .native("POST", "/certificates", &body)
        .expect(201)
        .json()
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
    let (over, held_over, imported_over) = (
        short_lived(&server, "CN=over"),
        short_lived(&server, "CN=held"),
        long_over(&server, "old"),
    );
    act(&server, &held_over, "hold", json!({})).expect(200);
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
        ("on hold", made(&["hold"]), "hold revoke-hold purge"),
        (
            "revoked",
            made(&["revoke"]),
            "hold release revoke revoke-hold purge",
        ),
        (
            "revoked from hold",
            made(&["hold", "revoke"]),
            "hold release revoke revoke-hold purge",
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
            "hold release revoke revoke-hold purge",
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
fn a_csr_renews_with_a_new_key_under_the_same_subject() {
    let server = Server::start();
    let names = ["-addext", "subjectAltName=DNS:old.example"];
    let request = csr(
        server.scratch(),
        P256,
        "/O=Example Corp/CN=Joe Smith",
        &names,
    );
    let body = json!({"csr": request, "profile": "tls-server", "days": 30, "name": "web-server"});
    let old = server
        .native("POST", "/certificates", &body)
        .expect(201)
        .json();
    for (subject, more, want) in [
        (
            "/O=Example Corp/CN=Joe Smith",
            &[][..],
            json!(["dns:old.example"]),
        ),
        (
            "/O=EXAMPLE corp/CN=joe SMITH",
            &[],
            json!(["dns:old.example"]),
        ),
        (
            "/O=  Example   Corp /CN=Joe  Smith ",
            &[],
            json!(["dns:old.example"]),
        ),
        (
            "/O=Example Corp/CN=Joe Smith",
            &["-addext", "subjectAltName=DNS:new.example"],
            json!(["dns:new.example"]),
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
        for member in ["subject", "profile", "owner", "domain", "authority"] {
            assert_eq!(new[member], old[member], "{member}");
        }
        assert_eq!(new["names"], want);
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
    for (body, status, kind) in [
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
fn what_is_held_over_or_from_elsewhere_can_be_renewed() {
    let server = Server::start();
    let held = server.issue("CN=held");
    act(&server, &held, "hold", json!({})).expect(200);
    is_good(
        &server,
        &act(&server, &held, "renew", json!({"revoke_old": true}))
            .expect(201)
            .json(),
    );
    is_revoked(&server, &held, "Superseded");

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
    assert_eq!(
        server.crl_text("issuing").matches("Serial Number").count(),
        1,
        "only the first was ours"
    );
}

#[test]
fn what_ends_by_itself_is_expired_and_revokes_nothing_more() {
    let server = Server::start();
    let (one, held, revoked) = (
        short_lived(&server, "CN=one"),
        short_lived(&server, "CN=held"),
        short_lived(&server, "CN=revoked"),
    );
    act(&server, &held, "hold", json!({})).expect(200);
    act(&server, &revoked, "revoke", json!({"reason": "superseded"})).expect(200);
    is_good(&server, &one);
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

/// Our CRL speaks for what we signed and for nothing else.
#[test]
fn what_is_from_elsewhere_is_never_in_our_crl() {
    let server = Server::start();
    let import = |subject: &str| {
        let (certificate, _) = foreign(server.scratch(), P256, subject);
        let answer = server
            .native(
                "POST",
                "/certificates/import",
                &json!({"certificates": certificate}),
            )
            .expect(200)
            .json();
        answer["certificates"][0].clone()
    };
    let (held, revoked, deleted) = (
        import("/CN=held"),
        import("/CN=revoked"),
        import("/CN=deleted"),
    );
    let before = (crl_number(&server), crl_number(&server));
    assert_eq!(before.0, before.1);
    act(&server, &held, "hold", json!({})).expect(200);
    act(
        &server,
        &revoked,
        "revoke",
        json!({"reason": "key-compromise"}),
    )
    .expect(200);
    delete(&server, &deleted).expect(204);
    assert_eq!(
        standing(&server, &held),
        ("on-hold".into(), "certificate-hold".into())
    );
    assert_eq!(
        standing(&server, &revoked),
        ("revoked".into(), "key-compromise".into())
    );
    assert_eq!(
        standing(&server, &deleted),
        ("deleted".into(), String::new())
    );
    act(&server, &held, "release", json!({})).expect(200);
    for authority in ["issuing", "root"] {
        assert!(
            server
                .crl_text(authority)
                .contains("No Revoked Certificates"),
            "{authority}"
        );
    }
}

/// The number of the issuing authority's CRL.
fn crl_number(server: &Server) -> u64 {
    let file = server.crl_file("issuing").display().to_string();
    let said = run("openssl", &["crl", "-in", &file, "-noout", "-crlnumber"]);
    u64::from_str_radix(said.trim().trim_start_matches("crlNumber=0x"), 16)
        .unwrap_or_else(|_| panic!("{said}"))
}

#[test]
fn crl_numbers_grow_with_each_change_and_through_crashes() {
    let mut server = Server::start();
    let (one, two) = (server.issue("CN=one"), server.issue("CN=two"));
    let mut last = crl_number(&server);
    let mut grows = |server: &Server, what: &str| {
        let number = crl_number(server);
        assert!(number > last, "{what}: {number} after {last}");
        assert_eq!(crl_number(server), number, "{what}: anew without need");
        last = number;
    };
    act(&server, &one, "hold", json!({})).expect(200);
    grows(&server, "hold");
    act(&server, &one, "release", json!({})).expect(200);
    grows(&server, "release");
    act(&server, &one, "revoke", json!({"reason": "superseded"})).expect(200);
    grows(&server, "revoke");
    delete(&server, &two).expect(204);
    grows(&server, "delete");
    for _ in 0..2 {
        server.kill_and_restart();
        grows(&server, "a crash");
        is_revoked(&server, &one, "Superseded");
        is_revoked(&server, &two, "Cessation Of Operation");
    }
    let three = server.issue("CN=three");
    act(&server, &three, "hold", json!({})).expect(200);
    grows(&server, "a hold after the crash");
    is_revoked(&server, &three, "Certificate Hold");
}

#[test]
fn a_crl_is_sent_again_only_when_it_changed() {
    let server = Server::start();
    let get = |path: &str, tag: Option<&str>| {
        let headers: Vec<(&str, &str)> =
            tag.map(|tag| ("If-None-Match", tag)).into_iter().collect();
        let address = server.http_url();
        wire::in_the_clear(
            address.trim_start_matches("http://"),
            &wire::request("GET", path, &headers, b""),
        )
    };
    let one = server.issue("CN=joe");
    let mut tags = BTreeSet::new();
    for action in ["hold", "release", "hold"] {
        let first = get("/crl/issuing.crl", None).expect(200);
        let tag = first.header("etag").unwrap().to_owned();
        assert!(tags.insert(tag.clone()), "{tag} again");
        assert_eq!(first.header("content-type"), Some("application/pkix-crl"));
        assert_eq!(first.header("cache-control"), Some("public, no-cache"));
        assert!(first.header("last-modified").is_some() && first.header("expires").is_some());
        for path in ["/crl/issuing.crl", "/crl/issuing.pem"] {
            let same = get(path, Some(&tag)).expect(304);
            assert!(same.body.is_empty());
            assert_eq!(same.header("etag"), Some(tag.as_str()));
            get(path, Some("\"another\"")).expect(200);
        }
        act(&server, &one, action, json!({})).expect(200);
        get("/crl/issuing.crl", Some(&tag)).expect(200);
    }
    let file = server.scratch_file("form.crl", get("/crl/issuing.crl", None).body);
    let as_pem = run("openssl", &["crl", "-inform", "DER", "-in", &file]);
    assert_eq!(get("/crl/issuing.pem", None).text(), as_pem);
    for path in [
        "/crl/issuing",
        "/crl/issuing.txt",
        "/crl/none.crl",
        "/crl/.crl",
        "/ca/none.cer",
        "/ca/issuing-chain.cer",
    ] {
        get(path, None).expect(404);
    }
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
