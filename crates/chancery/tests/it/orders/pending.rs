//! What is not signed yet, through every API that could tell of it.

use serde_json::{Value, json};

use super::{approve, certificate, ended, regenerate, server_with_an_approver, text};
use crate::native::refused;
use crate::server::{Server, basic};

/// What Keystone lists of the administrator's, as serial numbers.
fn keystone(server: &Server, query: &str) -> Vec<String> {
    let place = format!("/v2.0/HP-IDM/v1.0/certificates{query}");
    let answer = of_keystone(server, "GET", &place);
    let answer = answer.expect(200).json();
    let list = answer["certificates"]["certificate"].as_array().unwrap();
    list.iter()
        .map(|one| text(&one["serialNumber"]).to_owned())
        .collect()
}

fn of_keystone(server: &Server, method: &str, path: &str) -> crate::wire::Answer {
    let admin = server.admin();
    let body = json!({"auth": {"passwordCredentials":
        {"username": admin.user, "password": admin.password}}});
    let json_body = [("Content-Type", "application/json")];
    let login = server
        .request(
            "POST",
            "/v2.0/tokens",
            &json_body,
            body.to_string().as_bytes(),
        )
        .expect(200)
        .json();
    let token = text(&login["access"]["token"]["id"]).to_owned();
    let headers = [
        ("X-Auth-Token", token.as_str()),
        ("Accept", "application/json"),
    ];
    server.request(method, path, &headers, b"")
}

fn fortiauthenticator(server: &Server, path: &str) -> Value {
    let basic = basic(&server.admin().user, &server.admin().api_key);
    let headers = [("Authorization", basic.as_str())];
    let path = format!("/api/v1/usercerts/{path}");
    server
        .request("GET", &path, &headers, b"")
        .expect(200)
        .json()
}

#[test]
fn every_api_tells_of_a_pending_certificate_in_its_words() {
    let server = server_with_an_approver("");
    let old = server.issue("CN=joe");
    let asked = regenerate(&server, &old["id"], "");
    let id = text(&asked["made"]);

    // Native: it is there, without what a signature would make.
    let pending = certificate(&server, &asked["made"]);
    assert_eq!(pending["status"], "pending");
    for none in [
        "certificate",
        "fingerprint",
        "key",
        "signature",
        "subject_key_id",
        "replaces",
    ] {
        assert!(pending[none].is_null(), "{none}: {pending}");
    }
    assert_eq!(pending["private_key"], false);
    for (method, part, body, kind) in [
        ("GET", "pem", Value::Null, "no-certificate"),
        ("GET", "der", Value::Null, "no-certificate"),
        ("GET", "chain", Value::Null, "no-certificate"),
        ("POST", "pkcs12", json!({"password": "x"}), "no-private-key"),
        ("POST", "renew", json!({}), "refused"),
        ("POST", "hold", json!({}), "refused"),
        ("POST", "release", json!({}), "refused"),
        ("POST", "revoke", json!({"reason": "superseded"}), "refused"),
        ("POST", "purge", json!({}), "refused"),
        ("POST", "regenerate", json!({}), "order-open"),
    ] {
        let answer = server.native(method, &format!("/certificates/{id}/{part}"), &body);
        refused(&answer, 409, kind);
    }
    let numbers = |status: &str| {
        let path = format!("/certificates?subject=CN%3Djoe{status}");
        let list = server.native("GET", &path, &Value::Null).expect(200).json();
        let list = list["certificates"].as_array().unwrap().clone();
        list.iter()
            .map(|one| one["number"].clone())
            .collect::<Vec<_>>()
    };
    let (one, two) = (old["number"].clone(), pending["number"].clone());
    assert_eq!(json!(numbers("")), json!([two, one]));
    assert_eq!(json!(numbers("&status=pending")), json!([two]));
    assert_eq!(json!(numbers("&status=signed")), json!([one]));
    assert_eq!(json!(numbers("&status=active")), json!([one]));

    // FortiAuthenticator: Pending. Keystone: not there.
    let listed = fortiauthenticator(&server, &format!("{two}/"));
    assert_eq!(listed["status"], "Pending", "{listed}");
    let of_joe = [text(&old["serial"]).to_owned()];
    let serials = keystone(&server, "?userId=admin");
    assert_eq!(serials, of_joe);
    let place = format!(
        "/v2.0/HP-IDM/v1.0/certificates/{}/{}",
        text(&pending["issuer"]).replace(' ', "%20"),
        text(&pending["serial"])
    );
    for method in ["GET", "DELETE"] {
        assert_eq!(of_keystone(&server, method, &place).status, 404, "{method}");
    }
    // Relying parties: nothing of it stands in the CRL.
    assert_eq!(server.crl_reason("issuing", text(&pending["serial"])), None);

    approve(&server, &asked);
    assert_eq!(ended(&server, &asked)["state"], "done");
    let listed = fortiauthenticator(&server, &format!("{two}/"));
    assert_eq!(listed["status"], "Active", "{listed}");
    assert_eq!(keystone(&server, "?userId=admin").len(), 2);
    assert_eq!(of_keystone(&server, "GET", &place).status, 200);
    assert!(numbers("&status=pending").is_empty());
}
