//! The CRL: whom it speaks for, its number, and how it is served.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{act, delete, is_revoked, standing};
use crate::native::importing::foreign;
use crate::native::text;
use crate::server::{P256, Server, run};
use crate::wire;

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

/// Nor does it speak for what its own key signed, though the server made that key: the Keystone API's usual certificates.
#[test]
fn what_is_self_signed_is_never_in_our_crl() {
    let server = Server::start();
    let send = |path: &str, token: &str, body: &Value| {
        let headers = [
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
            ("X-Auth-Token", token),
        ];
        server.request("POST", path, &headers, body.to_string().as_bytes())
    };
    let admin = server.admin();
    let credential = json!({"username": admin.user, "password": admin.password});
    let body = json!({"auth": {"passwordCredentials": credential}});
    let login = send("/v2.0/tokens", "", &body).expect(200).json();
    let body =
        json!({"certificate": {"userId": "admin", "subject": "CN=self", "status": "active"}});
    let token = text(&login["access"]["token"], "id");
    let made = send("/v2.0/HP-IDM/v1.0/certificates", token, &body);
    assert!([200, 201].contains(&made.status), "{}", made.text());
    let list = server.native("GET", "/certificates?subject=self", &Value::Null);
    let one = list.expect(200).json()["certificates"][0].clone();
    assert_eq!(text(&one, "origin"), "self-signed");
    act(&server, &one, "revoke", json!({"reason": "key-compromise"})).expect(200);
    assert_eq!(
        standing(&server, &one),
        ("revoked".into(), "key-compromise".into())
    );
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
        assert!(first.header("expires").is_some());
        for path in ["/crl/issuing.crl", "/crl/issuing.pem"] {
            // Each form has a tag of its own.
            let tag = get(path, None).header("etag").unwrap().to_owned();
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
