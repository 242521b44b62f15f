//! One certificate through Keystone, FortiAuthenticator and Layer7: made by the first, held, released and renewed through
//! the second, attached and deleted through the third; all of them, the CRL and openssl agree after each step.

use serde_json::{Value, json};

use super::{Forti, Keystone, Layer7, PASSWORD, tell};
use crate::server::{P256, Server, csr};

/// What is true of a certificate, in everybody's words.
struct Standing {
    keystone: &'static str,
    forti: (&'static str, Option<&'static str>),
    native: &'static str,
    /// The reason in the CRL, in openssl's words.
    crl: Option<&'static str>,
}

const GOOD: Standing = Standing {
    keystone: "active",
    forti: ("Active", None),
    native: "active",
    crl: None,
};
const ON_HOLD: Standing = Standing {
    keystone: "inactive",
    forti: ("Revoked", Some("Certificate Hold")),
    native: "on-hold",
    crl: Some("Certificate Hold"),
};
const SUPERSEDED: Standing = Standing {
    keystone: "revoked",
    forti: ("Revoked", Some("Superseded")),
    native: "revoked",
    crl: Some("Superseded"),
};
const ENDED: Standing = Standing {
    keystone: "revoked",
    forti: ("Revoked", Some("Cessation Of Operation")),
    native: "revoked",
    crl: Some("Cessation Of Operation"),
};

/// A certificate as all of them find it.
struct Followed {
    issuer: String,
    serial: String,
    pem: String,
}

struct Story<'s> {
    server: &'s Server,
    keystone: Keystone<'s>,
    forti: Forti<'s>,
    layer7: Layer7<'s>,
}

impl Story<'_> {
    /// Every API says so, the CRL says so, and openssl concludes it.
    #[track_caller]
    fn all_say(&self, step: &str, certificate: &Followed, want: &Standing) {
        let Followed {
            issuer,
            serial,
            pem,
        } = certificate;
        assert_eq!(
            self.keystone.status(issuer, serial),
            want.keystone,
            "{step}: Keystone"
        );
        let shown = self.forti.find("joe test", serial);
        let (status, reason) = want.forti;
        assert_eq!(
            (&shown["status"], &shown["revocation_reason"]),
            (&json!(status), &json!(reason)),
            "{step}: FortiAuthenticator"
        );
        let path = format!("/certificates/{}", shown["id"]);
        let native = self
            .server
            .native("GET", &path, &Value::Null)
            .expect(200)
            .json();
        assert_eq!(native["status"], want.native, "{step}: native");
        let reason = self.server.crl_reason("issuing", serial);
        assert_eq!(reason.as_deref(), want.crl, "{step}: CRL");
        let verdict = self.server.openssl_verdict(pem);
        assert_eq!(
            verdict.is_none(),
            want.crl.is_none(),
            "{step}: openssl says {verdict:?}"
        );
        tell(&format!(
            "{step}: Keystone {}, FortiAuthenticator {status}{}, CRL {}, openssl {}",
            want.keystone,
            want.forti
                .1
                .map_or(String::new(), |reason| format!(" ({reason})")),
            want.crl.unwrap_or("has no entry"),
            if verdict.is_none() {
                "OK"
            } else {
                "certificate revoked"
            },
        ));
    }
}

#[test]
fn one_certificate_is_the_same_in_every_api() {
    // Keystone's certificates sign themselves unless told otherwise, and then no CRL speaks for them.
    let server = Server::start_with_config("[keystone]\nissuer = \"issuing\"\n");
    server.add_user(
        "joe",
        "000000003002",
        "000000001001",
        "self-service",
        PASSWORD,
    );
    let story = Story {
        server: &server,
        keystone: Keystone::log_in(&server, "joe", PASSWORD),
        forti: Forti(&server),
        layer7: Layer7(&server),
    };

    let made = story.keystone.create("000000003002", "CN=Joe Test, O=HP");
    let text = |member: &str| made[member].as_str().unwrap().to_owned();
    let first = Followed {
        issuer: text("issuerName"),
        serial: text("serialNumber"),
        pem: made["certificateFile"]["data"].as_str().unwrap().to_owned(),
    };
    story.all_say("created through Keystone", &first, &GOOD);

    let listed = story.forti.find("joe test", &first.serial);
    let hold = json!({"status": "revoked", "revocation_reason": "Certificate Hold"});
    story.forti.patch(&listed["id"], &hold);
    story.all_say("held through FortiAuthenticator", &first, &ON_HOLD);

    story
        .forti
        .patch(&listed["id"], &json!({"status": "active"}));
    story.all_say("released", &first, &GOOD);

    // The same name as RFC 5280 compares names, in other letters.
    let request = csr(server.scratch(), P256, "/O=hp/CN=JOE  TEST", &[]);
    let old_name = listed["cert_id"].as_str().unwrap();
    let (name, pem) = story.forti.renew(old_name, &request, 90, true);
    assert_ne!(name, old_name);
    let renewed = server
        .native("GET", &format!("/certificates/{name}"), &Value::Null)
        .expect(200)
        .json();
    let second = Followed {
        issuer: first.issuer.clone(),
        serial: renewed["serial"].as_str().unwrap().to_owned(),
        pem,
    };
    story.all_say("renewed with revoke_old, the old one", &first, &SUPERSEDED);
    story.all_say("renewed with revoke_old, the new one", &second, &GOOD);

    assert_eq!(story.layer7.encoded("000000003002"), None);
    story.layer7.put("000000003002", &second.pem).expect(200);
    let attached = story.layer7.encoded("000000003002").unwrap();
    let bare: String = second
        .pem
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    assert_eq!(attached, bare);
    story.all_say("attached to Layer7's user", &second, &GOOD);
    let refused = story
        .layer7
        .put("000000003002", &second.pem)
        .expect(400)
        .text();
    assert!(refused.contains("<l7:Type>Update</l7:Type>"), "{refused}");
    assert!(
        refused.contains("this user is currently not allowed to generate a new cert: "),
        "{refused}"
    );

    let deleted = story
        .layer7
        .certificate("DELETE", "000000003002", "")
        .expect(200);
    assert!(deleted.body.is_empty());
    assert_eq!(story.layer7.encoded("000000003002"), None);
    story.all_say("deleted through Layer7", &second, &ENDED);
    story.all_say("and the first, still", &first, &SUPERSEDED);

    let again = server
        .native(
            "POST",
            "/certificates",
            &json!({"key": "ec-p256", "subject": "CN=Joe Test,O=HP", "owner": "000000003002"}),
        )
        .expect(201)
        .json();
    let pem = again["certificate"].as_str().unwrap();
    story.layer7.put("000000003002", pem).expect(200);
    tell("and another one can be attached now");
}
