//! Stock OpenStack clients against the Keystone API: keystoneauth1 as it comes, and the v2.0 part of
//! python-keystoneclient. What they do is in `clients/keystone_v2.py`; what should come of it is here.

use serde_json::{Value, json};

use crate::server::{Server, python};

const PASSWORD: &str = "correct horse battery";

/// A server with the user joe, and what the clients saw in a scenario.
fn play(scenario: &str) -> (Server, Value) {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let (url, root) = (server.https_url(), server.authority_file("root"));
    let printed = python("keystone_v2.py", &[scenario, &url, &root, PASSWORD], "");
    let saw = serde_json::from_str(&printed).unwrap();
    (server, saw)
}

#[test]
fn keystoneauth_logs_in_and_finds_the_identity_endpoint() {
    let (server, saw) = play("log_in");
    for (how, tenant) in [
        ("by name", Value::Null),
        ("by id", Value::Null),
        ("for a tenant", json!("1001")),
        ("for a tenant's name", json!("1001")),
        ("with a token", json!("1001")),
        ("by discovery", json!("1001")),
    ] {
        let access = &saw[how];
        assert_eq!(access["user_id"], "3002", "{how}");
        assert_eq!(access["username"], "joe", "{how}");
        assert_eq!(access["roles"], json!(["self-service"]), "{how}");
        assert_eq!(access["tenant"], tenant, "{how}");
        assert_eq!(access["minutes"], 12 * 60, "{how}");
        let endpoint = format!("{}/v2.0/", server.https_url());
        assert_eq!(access["identity"], endpoint, "{how}");
        let token = access["token"].as_str().unwrap();
        assert!(token.starts_with("HPAuth_"), "{how}: {token}");
    }
    for why in ["wrong password", "foreign tenant", "wrong token"] {
        assert_eq!(saw[why], "Unauthorized", "{why}");
    }
    assert_eq!(saw["tenants"][0]["id"], "1001");
    assert_eq!(saw["tenants"].as_array().unwrap().len(), 1);
}

#[test]
fn keystoneauth_reaches_certificates_through_the_catalog() {
    let (_server, saw) = play("certificates");
    assert_eq!(saw["at first"], json!([]));
    assert_eq!(saw["created"]["status"], 201);
    let made = &saw["created"]["certificate"];
    for (member, value) in [
        ("userId", json!("3002")),
        ("domainId", json!("1001")),
        ("subject", json!("CN=Joe Test, O=HP/Cloud")),
        ("issuerName", json!("CN=Joe Test, O=HP/Cloud")),
        ("status", json!("active")),
        ("publicKeyAlgorithm", json!("RSA")),
        ("publicKeyLength", json!(2048)),
        ("keyUsage", json!("Digital Signature")),
        ("enhancedKeyUsage", json!("Client Authentication")),
    ] {
        assert_eq!(made[member], value, "{member}");
    }
    assert_eq!(saw["key fits"], true);
    assert_eq!(saw["listed"], json!(["CN=Joe Test, O=HP/Cloud"]));
    let data = made["certificateFile"]["data"].as_str().unwrap();
    assert_eq!(saw["exported"], data.trim());
    assert_eq!(saw["key exported"], Value::Null);
    for status in ["inactive", "active", "revoked"] {
        assert_eq!(saw[status], status);
    }
    assert_eq!(saw["by status"], json!(["CN=Joe Test, O=HP/Cloud"]));
    assert_eq!(saw["back from revoked"], "BadRequest");
    assert_eq!(saw["deleted"], 204);
    assert_eq!(saw["gone"], "NotFound");

    assert_eq!(saw["imported"], "CN=Elsewhere");
    assert_eq!(saw["in the end"], json!(["CN=Elsewhere"]));
    assert_eq!(saw["xml"]["type"], "application/xml");
    let xml = saw["xml"]["text"].as_str().unwrap();
    assert!(xml.contains(" subject=\"CN=Elsewhere\""), "{xml}");
    assert_eq!(saw["not ours"], "Unauthorized");
}

/// A session whose token was taken back logs in again by itself; whoever has only the token is out.
#[test]
fn keystoneauth_comes_back_after_its_token_was_revoked() {
    let (_server, saw) = play("tokens");
    let expected = json!({
        "checked": 204,
        "taken back": 204,
        "after": 200,
        "is another": true,
        "first again": "Unauthorized",
    });
    assert_eq!(saw, expected);
}

#[test]
fn keystoneclient_of_v2_works() {
    let (server, saw) = play("old_client");
    let expected = json!({
        "tenants": [["1001", "1001", true]],
        "extensions": ["HP-IDM"],
        "user": ["3002", "joe", "1001"],
        "validated": ["1001", "3002"],
        "rescoped": "1001",
        "endpoint": format!("{}/v2.0/", server.https_url()),
        "deleted": "NotFound",
    });
    assert_eq!(saw, expected);
}
