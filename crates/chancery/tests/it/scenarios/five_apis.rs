//! A device's certificate through all five APIs: the SBC makes a key and asks, an authority signs, the SBC imports;
//! AppViewX finds the certificate and regenerates it with a second person's approval; FortiAuthenticator lists both,
//! Keystone shows how they stand, Layer7 has the new one attached; all of them, the CRL and openssl agree after each step.

use serde_json::{Value, json};

use super::{AppViewX, Forti, Keystone, Layer7, PASSWORD, Sbc, tell};
use crate::server::{Server, eventually};

/// Who runs the device, and to whom its certificates belong.
const JOE: &str = "000000003002";
const COMMON_NAME: &str = "sbc1.example";
const RECORD: &str = "rest-server";

/// What is true of a certificate, in everybody's words.
struct Standing {
    /// None: it is not there.
    keystone: Option<&'static str>,
    forti: (&'static str, Option<&'static str>),
    /// `status` and `expiryStatus`.
    appviewx: (&'static str, &'static str),
    /// The reason in the CRL, in openssl's words.
    crl: Option<&'static str>,
}

const PENDING: Standing = Standing {
    keystone: None,
    forti: ("Pending", None),
    appviewx: ("New Certificate", "New Certificate"),
    crl: None,
};
const GOOD: Standing = Standing {
    keystone: Some("active"),
    forti: ("Active", None),
    appviewx: ("Managed", "Valid"),
    crl: None,
};
const ON_HOLD: Standing = Standing {
    keystone: Some("inactive"),
    forti: ("Revoked", Some("Certificate Hold")),
    appviewx: ("Suspended", "Valid"),
    crl: Some("Certificate Hold"),
};
const COMPROMISED: Standing = revoked("Key Compromise");
const ENDED: Standing = revoked("Cessation Of Operation");

/// Revoked for good, for a reason that FortiAuthenticator and openssl name alike.
const fn revoked(reason: &'static str) -> Standing {
    Standing {
        keystone: Some("revoked"),
        forti: ("Revoked", Some(reason)),
        appviewx: ("Revoked", "Revoked"),
        crl: Some(reason),
    }
}

struct Story<'s> {
    server: &'s Server,
    keystone: Keystone<'s>,
    forti: Forti<'s>,
    layer7: Layer7<'s>,
    /// Joe, who asks.
    appviewx: AppViewX<'s>,
    /// Ann, who approves.
    approver: AppViewX<'s>,
    sbc: Sbc<'s>,
}

impl<'s> Story<'s> {
    fn new(server: &'s Server) -> Story<'s> {
        server.add_user("joe", JOE, "000000001001", "operator", PASSWORD);
        server.add_user("ann", "ann", "default", "approver", PASSWORD);
        let appviewx = |name: &str| AppViewX {
            server,
            name: name.to_owned(),
            secret: PASSWORD.to_owned(),
        };
        Story {
            server,
            keystone: Keystone::log_in(server, "joe", PASSWORD),
            forti: Forti(server),
            layer7: Layer7(server),
            appviewx: appviewx("joe"),
            approver: appviewx("ann"),
            sbc: Sbc::editor(server, "joe", PASSWORD),
        }
    }

    /// A certificate as the native API shows it.
    fn shown(&self, id: &str) -> Value {
        let path = format!("/certificates/{id}");
        self.server
            .native("GET", &path, &Value::Null)
            .expect(200)
            .json()
    }

    /// Every API says so, the CRL says so, and openssl concludes it.
    #[track_caller]
    fn all_say(&self, step: &str, id: &str, want: &Standing) {
        let shown = self.shown(id);
        let text = |member: &str| shown[member].as_str().unwrap_or_default();
        let (issuer, serial) = (text("issuer"), text("serial"));
        match want.keystone {
            Some(word) => assert_eq!(
                self.keystone.status(issuer, serial),
                word,
                "{step}: Keystone"
            ),
            None => assert_eq!(
                self.keystone.find(issuer, serial).status,
                404,
                "{step}: Keystone"
            ),
        }
        let listed = self.forti.find(COMMON_NAME, serial);
        assert_eq!(
            (&listed["status"], &listed["revocation_reason"]),
            (&json!(want.forti.0), &json!(want.forti.1)),
            "{step}: FortiAuthenticator"
        );
        let named = json!({"commonName": COMMON_NAME, "serialNumber": serial});
        let record = self.appviewx.search(&named).unwrap();
        assert_eq!(
            (
                &record["status"],
                &record["expiryStatus"],
                &record["resourceId"]
            ),
            (&json!(want.appviewx.0), &json!(want.appviewx.1), &json!(id)),
            "{step}: AppViewX"
        );
        let reason = self.server.crl_reason("issuing", serial);
        assert_eq!(reason.as_deref(), want.crl, "{step}: CRL");
        let verdict = match text("certificate") {
            "" => "has nothing to judge",
            pem => match self.server.openssl_verdict(pem) {
                None => "OK",
                Some(_) => "certificate revoked",
            },
        };
        assert_eq!(
            verdict == "certificate revoked",
            want.crl.is_some(),
            "{step}: openssl"
        );
        tell(&format!(
            "{step}: Keystone {}, FortiAuthenticator {}{}, AppViewX {}, CRL {}, openssl {verdict}",
            want.keystone.unwrap_or("has none"),
            want.forti.0,
            want.forti
                .1
                .map_or(String::new(), |reason| format!(" ({reason})")),
            want.appviewx.0,
            want.crl.unwrap_or("has no entry"),
        ));
    }

    /// The SBC makes a key, an authority here signs its request, the SBC imports the certificate; its id.
    fn filled_record(&self) -> String {
        let request = self.sbc.add_record(RECORD, COMMON_NAME);
        assert!(request.contains("BEGIN CERTIFICATE REQUEST"), "{request}");
        tell("the SBC has made a key, which stays where it is, and a request");
        let path = format!("/records/{RECORD}/sign");
        let signed = self
            .server
            .native_as("joe", PASSWORD, "POST", &path, &json!({}));
        let signed = signed.expect(201).json();
        assert_eq!(signed["owner"], JOE);
        let pem = signed["certificate"].as_str().unwrap();
        assert_eq!(self.sbc.manage("POST", "verify"), "success");
        self.sbc.import(RECORD, pem).expect(200);
        assert_eq!(self.sbc.manage("PUT", "save"), "success");
        assert_eq!(self.sbc.manage("POST", "activate"), "success");
        assert_eq!(self.sbc.manage("POST", "verify"), "success");
        signed["id"].as_str().unwrap().to_owned()
    }

    /// Joe asks for a new key and certificate, Ann approves; the new certificate's id.
    fn regenerated(&self, old: &str) -> String {
        let serial = self.shown(old)["serial"].clone();
        let body = json!({
            "commonName": COMMON_NAME, "serialNumber": serial, "action": "Regenerate",
            "reason": "Key compromised",
        });
        let path = "action?gwsource=external&autoApproval=false";
        let asked = self.appviewx.call("PUT", path, &body).expect(202).json();
        let text = |member: &str| asked["response"][member].as_str().unwrap().to_owned();
        let (new, request) = (text("resourceId"), text("requestId"));
        self.all_say(
            "AppViewX is asked to regenerate it, the old one",
            old,
            &GOOD,
        );
        self.all_say(
            "AppViewX is asked to regenerate it, the new one",
            &new,
            &PENDING,
        );

        let again = self
            .appviewx
            .act(old, "Suspend", "meanwhile", true)
            .expect(417)
            .json();
        assert_eq!(again["appStatusCode"], "OPEN_WORK_ORDERS_FOUND");
        self.appviewx.decide(&request, 1).expect(417);
        tell("whoever asked may not approve");
        self.approver.decide(&request, 1).expect(200);
        self.is_no_longer(&new, "pending");
        new
    }

    /// Waits until the server has done what was approved.
    fn is_no_longer(&self, id: &str, status: &str) {
        eventually(|| match self.shown(id) {
            shown if shown["status"] == status => Err(shown),
            _ => Ok(()),
        });
    }
}

#[test]
fn a_device_s_certificate_is_the_same_in_all_five_apis() {
    let server = Server::start();
    let story = Story::new(&server);
    let old = story.filled_record();
    story.all_say("imported into the SBC's record", &old, &GOOD);

    let new = story.regenerated(&old);
    story.all_say("approved by Ann, the old one", &old, &COMPROMISED);
    story.all_say("approved by Ann, the new one", &new, &GOOD);
    let key = |id: &str| story.shown(id)["subject_key_id"].clone();
    assert_ne!(key(&old), key(&new));

    assert_eq!(story.sbc.manage("POST", "verify"), "failure");
    tell("the SBC's verification finds the record's certificate of no use");
    let compromised = story.shown(&old);
    let refused = story
        .sbc
        .import(RECORD, compromised["certificate"].as_str().unwrap());
    refused.expect(400);

    let pem = story.shown(&new)["certificate"]
        .as_str()
        .unwrap()
        .to_owned();
    story.layer7.put(JOE, &pem).expect(200);
    let attached = story.layer7.encoded(JOE).unwrap();
    let bare: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    assert_eq!(attached, bare);
    story.all_say("attached to Layer7's user", &new, &GOOD);

    let number = story.shown(&new)["number"].clone();
    let hold = json!({"status": "revoked", "revocation_reason": "Certificate Hold"});
    story.forti.patch(&number, &hold);
    story.all_say("held through FortiAuthenticator", &new, &ON_HOLD);
    story
        .appviewx
        .act(&new, "Reinstate", "found again", true)
        .expect(202);
    story.is_no_longer(&new, "on-hold");
    story.all_say("reinstated through AppViewX", &new, &GOOD);

    story.layer7.certificate("DELETE", JOE, "").expect(200);
    assert_eq!(story.layer7.encoded(JOE), None);
    story.all_say("taken from Layer7's user", &new, &ENDED);
    story.all_say("and the first, still", &old, &COMPROMISED);

    // A new key for the record, and it is of use again.
    let path = format!("certificates/generateRequest?recordName={RECORD}&reGenerate=true");
    story.sbc.call("PUT", &path, "").expect(200);
    let path = format!("/records/{RECORD}/sign");
    let third = server.native_as("joe", PASSWORD, "POST", &path, &json!({}));
    let third = third.expect(201).json();
    story
        .sbc
        .import(RECORD, third["certificate"].as_str().unwrap())
        .expect(200);
    assert_eq!(story.sbc.manage("POST", "verify"), "success");
    story.all_say(
        "a new key in the SBC's record",
        third["id"].as_str().unwrap(),
        &GOOD,
    );
}
