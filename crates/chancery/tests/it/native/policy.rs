//! What is not issued, and why: requests that cannot be, profiles' rules, keys and names that are not everybody's.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::issuing::der_of;
use super::{from_now, refused, text};
use crate::server::{P256, Server, csr};

#[test]
fn what_cannot_be_issued_is_refused_with_its_kind() {
    let server = Server::start();
    server
        .native(
            "POST",
            "/certificates",
            &json!({"key": "ec-p256", "subject": "CN=a", "name": "taken"}),
        )
        .expect(201);
    let count = || {
        server
            .native("GET", "/certificates?status=any", &Value::Null)
            .json()["certificates"]
            .as_array()
            .unwrap()
            .len()
    };
    let before = count();
    let request = csr(server.scratch(), P256, "/CN=joe", &[]);
    let mut broken = der_of(&request);
    *broken.last_mut().unwrap() ^= 1;
    let weak = csr(server.scratch(), &["-newkey", "rsa:1024"], "/CN=weak", &[]);
    let made = |more: Value| {
        let mut body = json!({"key": "ec-p256", "subject": "CN=joe"});
        body.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        body
    };
    for (body, status, kind) in [
        (json!({}), 400, "invalid"),
        (json!({"csr": request, "key": "ec-p256"}), 400, "invalid"),
        (json!({"csr": "no CSR at all"}), 400, "invalid"),
        (
            json!({"csr": std::fs::read_to_string(server.data().join("ca/root.pem")).unwrap()}),
            400,
            "invalid",
        ),
        (json!({"csr": STANDARD.encode(&broken)}), 400, "invalid"),
        (json!({"csr": weak}), 422, "policy"),
        (json!({"key": "ec-p256"}), 400, "invalid"),
        (made(json!({"key": "rsa-1024"})), 400, "invalid"),
        (made(json!({"key": "EC"})), 400, "invalid"),
        (made(json!({"subject": "joe"})), 400, "invalid"),
        (made(json!({"subject": ""})), 422, "policy"),
        (made(json!({"names": ["joe example"]})), 400, "invalid"),
        (made(json!({"names": ["dns:"]})), 400, "invalid"),
        (made(json!({"names": "dns:joe.example"})), 400, "invalid"),
        (made(json!({"profile": "tls-server"})), 422, "policy"),
        (
            made(json!({"profile": "tls-server", "names": ["email:joe@example.com"]})),
            422,
            "policy",
        ),
        (made(json!({"profile": "no-such"})), 400, "invalid"),
        (made(json!({"authority": "no-such"})), 404, "not-found"),
        (made(json!({"days": 0})), 422, "policy"),
        (made(json!({"days": 826})), 422, "policy"),
        (made(json!({"days": 4_294_967_295_u32})), 422, "policy"),
        (made(json!({"days": -1})), 400, "invalid"),
        (
            made(json!({"days": 7, "not_after": from_now("+7 days")})),
            400,
            "invalid",
        ),
        (made(json!({"not_after": "2026-11-22"})), 400, "invalid"),
        (
            made(json!({"not_after": from_now("-1 minute")})),
            422,
            "policy",
        ),
        (
            made(json!({"not_before": from_now("-2 days")})),
            422,
            "policy",
        ),
        (
            made(json!({"not_before": from_now("+2 years")})),
            422,
            "policy",
        ),
        (made(json!({"name": "taken"})), 409, "conflict"),
        (made(json!({"name": "17"})), 400, "invalid"),
        (made(json!({"name": "a/b"})), 400, "invalid"),
        (
            made(json!({"name": "0123456789abcdef01234567"})),
            400,
            "invalid",
        ),
        (made(json!({"owner": "nobody"})), 404, "not-found"),
        (made(json!({"owner": "a b"})), 400, "invalid"),
        (made(json!({"nmae": "x"})), 400, "invalid"),
        (json!([]), 400, "invalid"),
    ] {
        let answer = server.native("POST", "/certificates", &body);
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        refused(&answer, status, kind);
    }
    assert_eq!(count(), before, "something was issued all the same");
}

#[test]
fn a_csr_that_asks_to_be_an_authority_is_refused() {
    let server = Server::start();
    let request = csr(
        server.scratch(),
        P256,
        "/CN=evil",
        &["-addext", "basicConstraints=critical,CA:TRUE"],
    );
    let answer = server.native("POST", "/certificates", &json!({"csr": request}));
    refused(&answer, 422, "policy");
}

/// A certificate in an authority's name would be taken for the authority's; the root's name was let through.
#[test]
fn nobody_else_gets_an_authoritys_name() {
    let server = Server::start();
    for subject in [
        "CN=Chancery Issuing,O=Chancery",
        "CN=chancery root,O=CHANCERY",
    ] {
        let asked = json!({"key": "ec-p256", "subject": subject});
        let detail = refused(
            &server.native("POST", "/certificates", &asked),
            422,
            "policy",
        );
        assert!(detail.contains("an authority's own"), "{detail}");
    }
}

/// RFC 5280, section 4.1.2.6: a mail address in the subject is an alternative name too. It was not, and need not even have
/// been an address.
#[test]
fn mail_addresses_of_the_subject_become_alternative_names() {
    let server = Server::start();
    let asked = |subject: &str, names: &[&str], profile: &str| {
        let body =
            json!({"key": "ec-p256", "subject": subject, "names": names, "profile": profile});
        server.native("POST", "/certificates", &body)
    };
    for (subject, names, want) in [
        (
            "CN=joe,emailAddress=joe@example.com",
            &[][..],
            &["email:joe@example.com"][..],
        ),
        (
            "CN=joe,emailAddress=Joe@Example.com",
            &["email:joe@example.com"],
            &["email:joe@example.com"],
        ),
        (
            "emailAddress=a@example.com,emailAddress=b@example.com",
            &["dns:joe.example"],
            &[
                "dns:joe.example",
                "email:b@example.com",
                "email:a@example.com",
            ],
        ),
    ] {
        let issued = asked(subject, names, "general").expect(201).json();
        assert_eq!(issued["names"], json!(want), "{subject}");
    }
    for (subject, profile, why) in [
        (
            "CN=joe,emailAddress=notmail",
            "general",
            "is not a mail address",
        ),
        (
            "CN=joe,emailAddress=joe@*.example.com",
            "general",
            "is not a mail address",
        ),
        (
            "CN=joe,emailAddress=joe@example.com",
            "code-signing",
            "leave emailAddress out",
        ),
    ] {
        let detail = refused(&asked(subject, &[], profile), 422, "policy");
        assert!(detail.contains(why), "{subject}: {detail}");
    }
}

/// Who holds a compromised key gets no other certificate for it.
#[test]
fn a_key_revoked_as_compromised_is_certified_no_more() {
    let server = Server::start();
    let request = csr(server.scratch(), P256, "/CN=joe", &[]);
    let issue = || server.native("POST", "/certificates", &json!({"csr": request}));
    let (first, second) = (issue().expect(201).json(), issue().expect(201).json());
    let revoke = |one: &Value, reason: &str| {
        let path = format!("/certificates/{}/revoke", text(one, "id"));
        server
            .native("POST", &path, &json!({"reason": reason}))
            .expect(200);
    };
    revoke(&first, "superseded");
    let third = issue().expect(201).json();
    revoke(&second, "key-compromise");
    refused(&issue(), 409, "conflict");
    let path = format!("/certificates/{}/renew", text(&third, "id"));
    refused(
        &server.native("POST", &path, &json!({"csr": request})),
        409,
        "conflict",
    );
    // Neither does a deletion make it sound again.
    let path = format!("/certificates/{}", text(&second, "id"));
    server.native("DELETE", &path, &Value::Null).expect(204);
    server
        .native("POST", &format!("{path}/purge"), &json!({}))
        .expect(200);
    refused(&issue(), 409, "conflict");
}

/// Who issues for themselves alone, or for a domain, is held to what is meant for them.
#[test]
fn profiles_authorities_and_names_are_not_everybodys_to_ask_for() {
    let names = "[server]\nnames = [\"localhost\", \"127.0.0.1\", \"CA.example.com\"]\n";
    let server = Server::start_with_config(names);
    for (name, role) in [
        ("joe", "self-service"),
        ("chief", "domain-administrator"),
        ("op", "operator"),
    ] {
        server.add_user(name, name, "000000001001", role, "a password");
    }
    let admin = server.admin().api_key.clone();
    let callers = [
        ("joe", "a password"),
        ("chief", "a password"),
        ("op", "a password"),
        ("admin", &admin),
    ];
    for (body, who_may) in [
        (json!({}), "joe chief op admin"),
        (json!({"profile": "user"}), "joe chief op admin"),
        (
            json!({"profile": "tls-server", "names": ["dns:www.example"]}),
            "chief op admin",
        ),
        (json!({"profile": "code-signing"}), "chief op admin"),
        (json!({"authority": "issuing"}), "joe chief op admin"),
        (json!({"authority": "root"}), "admin"),
        (json!({"names": ["dns:localhost"]}), "op admin"),
        (json!({"names": ["dns:LocalHost"]}), "op admin"),
        (json!({"names": ["ip:127.0.0.1"]}), "op admin"),
        (
            json!({"names": ["dns:www.example", "ip:127.0.0.1"]}),
            "op admin",
        ),
        (json!({"subject": "CN=localhost"}), "op admin"),
        (json!({"subject": "CN=LOCALHOST,O=x"}), "op admin"),
        (json!({"subject": "CN=127.0.0.1"}), "op admin"),
        (json!({"subject": "CN=localhost,CN=joe"}), "op admin"),
        (json!({"subject": "CN=joe,CN=localhost"}), "op admin"),
        (json!({"names": ["dns:ca.example.com"]}), "op admin"),
        (json!({"names": ["dns:*.example.com"]}), "op admin"),
        (json!({"names": ["dns:*.EXAMPLE.com"]}), "op admin"),
        (json!({"subject": "CN=*.example.com"}), "op admin"),
        (
            json!({"names": ["dns:other.example.com"]}),
            "chief op admin",
        ),
        (json!({"names": ["dns:*.example"]}), "chief op admin"),
        (json!({"names": ["dns:*.ca.example.com"]}), "chief op admin"),
    ] {
        let mut asked = json!({"key": "ec-p256", "subject": "CN=joe"});
        asked
            .as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        let mut may = Vec::new();
        for (user, secret) in callers {
            let answer = server.native_as(user, secret, "POST", "/certificates", &asked);
            match answer.status {
                201 => may.push(user),
                // Self-service profiles do not know such names at all.
                422 => assert_eq!(user, "joe", "{body}"),
                _ => drop(refused(&answer, 403, "forbidden")),
            }
        }
        assert_eq!(may.join(" "), who_may, "{body}");
    }
    let issued = server.native_as(
        "joe",
        "a password",
        "POST",
        "/certificates",
        &json!({"key": "ec-p256", "subject": "CN=joe"}),
    );
    assert_eq!(issued.expect(201).json()["profile"], "user");
}

/// A profile with every rule that the configuration knows.
const VPN: &str = r#"
    [[profile]]
    name = "vpn"
    default_days = 2
    max_days = 3
    backdate_seconds = 0
    keys = ["rsa", "ec-p384"]
    rsa_bits = [3072, 4096]
    key_usage = ["digitalSignature"]
    extended_key_usage = ["clientAuth"]
    extended_key_usage_critical = true
    subject_required = true
    subject_attributes_required = ["CN", "OU"]
    subject_attributes_allowed = ["CN", "OU", "C"]
    names = ["uri"]
    name_required = true
"#;

#[test]
fn a_configured_profile_holds_by_each_of_its_rules() {
    let server = Server::start_with_config(VPN);
    let asked = |more: Value| {
        let mut body = json!({
            "profile": "vpn",
            "key": "ec-p384",
            "subject": "CN=joe,OU=x",
            "names": ["uri:https://vpn.example/"],
        });
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        server.native("POST", "/certificates", &body)
    };
    let issued = asked(json!({})).expect(201).json();
    let facts =
        chancery_core::x509::read_certificate(&der_of(text(&issued, "certificate"))).unwrap();
    assert_eq!(facts.not_after.unix() - facts.not_before.unix(), 2 * 86_400);
    let (earliest, latest) = (from_now("-20 seconds"), from_now("+1 second"));
    let start = text(&issued, "not_before");
    assert!(
        (earliest.as_str()..latest.as_str()).contains(&start),
        "{start}"
    );
    asked(json!({"key": "rsa-3072", "subject": "CN=joe,OU=x,C=DE"})).expect(201);
    for broken in [
        json!({"key": "ec-p256"}),
        json!({"key": "ed25519"}),
        json!({"key": "rsa-2048"}),
        json!({"days": 4}),
        json!({"subject": "CN=joe"}),
        json!({"subject": "CN=joe,OU=x,O=Example"}),
        json!({"subject": ""}),
        json!({"names": []}),
        json!({"names": ["dns:vpn.example"]}),
    ] {
        let answer = asked(broken.clone());
        assert_eq!(answer.status, 422, "{broken}: {}", answer.text());
    }
}

/// Who may issue, but not change authorities, makes none.
#[test]
fn an_authority_is_not_for_everybody_who_may_issue() {
    let server = Server::start();
    let password = "long enough a word";
    server.add_user("olga", "olga", "default", "domain-administrator", password);
    let body = json!({"profile": "sub-authority", "key": "ec-p256", "subject": "CN=Branch"});
    for authority in [Value::Null, json!("root"), json!("issuing")] {
        let mut body = body.clone();
        body["authority"] = authority;
        let refused = server.native_as("olga", password, "POST", "/certificates", &body);
        assert_eq!(refused.status, 403, "{}", refused.text());
    }
    // The issuing authority's path ends there.
    let refused = server.native("POST", "/certificates", &body);
    assert_eq!(refused.status, 422, "{}", refused.text());
}
