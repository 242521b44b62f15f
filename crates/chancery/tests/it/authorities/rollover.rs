//! Key rollover: old and new answer side by side, and who asks for the old name gets the new one.

use serde_json::json;

use super::{act, issue, ocsp, shown, state, verdict};
use crate::native::text;
use crate::server::{Server, eventually};

#[test]
fn old_and_new_answer_on_crl_and_ocsp() {
    for (key, next) in [("ec-p256", "rsa-2048"), ("ed25519", "ec-p384")] {
        let mut server =
            Server::start_with_config(&format!("[authority]\nissuing_key = \"{key}\"\n"));
        let old = issue(&server, None);
        let path = "/authorities/issuing/rollover";
        let made = server
            .native("POST", path, &json!({"key": next}))
            .expect(201);
        let made = made.json();
        assert_eq!(
            (text(&made, "name"), text(&made, "parent")),
            ("issuing-2", "root")
        );
        assert_eq!(text(&made, "subject"), "CN=Chancery Issuing G2,O=Chancery");
        let new = issue(&server, None);
        assert_eq!(new["authority"], "issuing-2");
        assert_eq!(issue(&server, Some("issuing"))["authority"], "issuing-2");
        let all = [("issuing", &old), ("issuing-2", &new)];
        for _ in 0..2 {
            for (authority, one) in all {
                assert_eq!(verdict(&server, one), None, "{authority}");
                assert_eq!(ocsp(&server, authority, text(one, "certificate")), "good");
            }
            server.kill_and_restart();
        }
        for (authority, one) in all {
            let path = format!("/certificates/{}/revoke", text(one, "id"));
            server
                .native("POST", &path, &json!({"reason": "superseded"}))
                .expect(200);
            assert_eq!(
                ocsp(&server, authority, text(one, "certificate")),
                "revoked"
            );
            let reason = server.crl_reason(authority, text(one, "serial"));
            assert_eq!(reason.as_deref(), Some("Superseded"), "{authority}");
        }
        let lists = ["issuing", "issuing-2"].map(|name| server.crl_text(name));
        assert!(
            lists
                .iter()
                .all(|list| list.matches("Serial Number:").count() == 1)
        );
    }
}

/// What the old authority issued is renewed by the new one, and the chain in the data directory is the new one's.
#[test]
fn renewals_and_files_follow() {
    let server = Server::start();
    let old = issue(&server, None);
    act(&server, "issuing", "rollover");
    assert_eq!(state(&server, "issuing"), "superseded");
    assert_eq!(shown(&server, "issuing")["successor"], "issuing-2");
    let path = format!("/certificates/{}/renew", text(&old, "id"));
    let renewed = server.native("POST", &path, &json!({})).expect(201).json();
    assert_eq!(renewed["authority"], "issuing-2");
    assert_eq!(verdict(&server, &renewed), None);
    let read = |name: &str| std::fs::read_to_string(server.data().join(name)).unwrap();
    assert_eq!(
        read("ca/chain.pem"),
        read("ca/issuing-2.pem") + &read("ca/root.pem")
    );
    // And back, if the successor was a mistake.
    act(&server, "issuing", "reinstate");
    assert_eq!(issue(&server, None)["authority"], "issuing");
    assert_eq!(issue(&server, Some("issuing-2"))["authority"], "issuing-2");
}

/// An order that was placed before is done by the authority in whose name it was promised.
#[test]
fn what_was_promised_before_is_signed_by_the_old_one() {
    let server = Server::start();
    server.add_user("ann", "ann", "default", "approver", "a password of ann");
    let old = issue(&server, None);
    let path = format!("/certificates/{}/regenerate", text(&old, "id"));
    let order = server.native("POST", &path, &json!({})).expect(202).json();
    act(&server, "issuing", "rollover");
    let path = format!("/orders/{}", order["number"]);
    let approve = format!("{path}/approve");
    server
        .native_as("ann", "a password of ann", "POST", &approve, &json!({}))
        .expect(200);
    let made = eventually(|| {
        let shown = server.native("GET", &path, &serde_json::Value::Null).json();
        match text(&shown, "state") {
            "done" => Ok(text(&shown, "made").to_owned()),
            "approved" | "implementing" => Err(shown),
            _ => panic!("{shown}"),
        }
    });
    let made = server.native(
        "GET",
        &format!("/certificates/{made}"),
        &serde_json::Value::Null,
    );
    let made = made.expect(200).json();
    assert_eq!(made["authority"], "issuing");
    assert_eq!(verdict(&server, &made), None);
}
