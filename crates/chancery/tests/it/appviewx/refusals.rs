//! Every row of the document's error table, the stated order of checks, and bodies that no client should send.

use serde_json::{Value, json};

use super::{Client, import, issue, not_found, read_only, refused, unsupported};
use crate::server::Server;

const ACTION: &str = "/certificate/action";
const NAME_IT: &str = "Please give valid common name and serial number or resourceId.";
const MONITORED: &str = "Cannot perform the specified action because it is not permitted for certificates in the \
                         Monitored state.";
const OPEN: &str =
    "Since requested certificate's work order is in progress, cannot initiate another action.";

fn missing(field: &str) -> String {
    format!("Mandatory field is missing or invalid - {field}.")
}

#[test]
fn every_row_of_the_documents_table_is_answered() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let auditor = Client::new(&server, "audit", "default", "auditor");
    let (id, watched) = (issue(&server, "CN=a"), import(&server, "/CN=watched"));
    let act = |body: Value| admin.put(ACTION, &body);

    let nobody = Client::known(&server, "nobody", "wrong");
    let words = "Authentication failed, reason - Invalid Credentials.";
    refused(&nobody.put(ACTION, &json!({})), 401, "AVX_GW_003", words);
    let gone = "5f5641a7e74e187a7e3d5266";
    not_found(&act(
        json!({"action": "Regenerate", "reason": "x", "resourceId": gone}),
    ));
    refused(
        &act(json!({"action": "Regenerate", "reason": "x"})),
        400,
        "INVALID_REQUEST",
        NAME_IT,
    );
    let words = "Please provide a valid action.";
    refused(
        &act(json!({"action": "Forget", "resourceId": id})),
        400,
        "INVALID_REQUEST",
        words,
    );
    refused(
        &act(json!({"resourceId": id})),
        400,
        "MANDATORY_FIELD_MISSING",
        &missing("action"),
    );
    let without = json!({"resourceId": id, "action": "Regenerate"});
    refused(
        &act(without),
        400,
        "MANDATORY_FIELD_MISSING",
        &missing("reason"),
    );
    read_only(&auditor.act(&id, "Regenerate", "x"));
    let answer = admin.act(&watched, "Regenerate", "x");
    refused(&answer, 500, "CANNOT_PERFORM_OPERATION", MONITORED);
    assert_eq!(
        unsupported(&admin.act(&id, "Reinstate", "x")),
        "the certificate is active, not on hold"
    );
    admin.ask(&id, "Regenerate", "x");
    refused(
        &admin.act(&id, "Revoke", "x"),
        417,
        "OPEN_WORK_ORDERS_FOUND",
        OPEN,
    );
}

#[test]
fn what_is_wrong_first_is_told_first() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let auditor = Client::new(&server, "audit", "default", "auditor");
    let joe = Client::new(&server, "joe", "elsewhere", "self-service");
    let nobody = Client::known(&server, "nobody", "wrong");
    let (id, watched) = (issue(&server, "CN=a"), import(&server, "/CN=watched"));

    // Credentials before the body, the body before its fields, the action before the name, the name before the reason.
    assert_eq!(nobody.send("PUT", ACTION, b"{").status, 401);
    let words = "Invalid / Incorrect payload.";
    for body in [
        "",
        "{",
        "[]",
        "5",
        "{\"action\":\"Renew\",\"action\":\"Renew\"}",
        "{\"uploadCsrDetails\":5}",
    ] {
        refused(
            &admin.send("PUT", ACTION, body.as_bytes()),
            400,
            "avx-common-028",
            words,
        );
    }
    let answer = admin.put(ACTION, &json!({"reason": 5}));
    refused(&answer, 400, "MANDATORY_FIELD_MISSING", &missing("action"));
    let answer = admin.put(ACTION, &json!({"action": "Revoke", "resourceId": "zzz"}));
    refused(&answer, 400, "INVALID_REQUEST", NAME_IT);
    let gone = json!({"action": "Revoke", "resourceId": "5f5641a7e74e187a7e3d5266"});
    refused(
        &admin.put(ACTION, &gone),
        400,
        "MANDATORY_FIELD_MISSING",
        &missing("reason"),
    );
    // Whether there is a certificate is not told to who may not see it; Monitored before read-only; read-only before open.
    not_found(&joe.act(&id, "Revoke", "x"));
    let answer = auditor.act(&watched, "Revoke", "x");
    refused(&answer, 500, "CANNOT_PERFORM_OPERATION", MONITORED);
    admin.ask(&id, "Suspend", "x");
    read_only(&auditor.act(&id, "Revoke", "x"));
    // An open order before whatever its state would refuse.
    refused(
        &admin.act(&id, "Reinstate", "x"),
        417,
        "OPEN_WORK_ORDERS_FOUND",
        OPEN,
    );
}

#[test]
fn names_must_agree_with_each_other() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=a.example,O=Acme");
    let serial = admin.by_id(&id)["serialNumber"].clone();
    let foreign = import(&server, "/CN=foreign");
    let foreign_serial = admin.by_id(&foreign)["serialNumber"].clone();
    let find = |name: Value, serial: &Value, id: Value| {
        let body = json!({"action": "Renew", "commonName": name, "serialNumber": serial, "resourceId": id});
        admin.put("/certificate/action?autoApproval=false", &body)
    };
    not_found(&find(json!("b.example"), &serial, Value::Null));
    not_found(&find(json!("b.example"), &serial, id.clone()));
    not_found(&find(json!("a.example"), &json!("08:BD:54"), id.clone()));
    not_found(&find(json!("a.example"), &json!("08:BD:54"), Value::Null));
    // A foreign one is found by both, and is only watched.
    assert_eq!(
        find(json!("foreign"), &foreign_serial, Value::Null).status,
        500
    );
    find(json!("a.example"), &serial, Value::Null).expect(202);
}

#[test]
fn addresses_methods_and_parameters_that_are_not_there_are_refused() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=a");
    refused(
        &admin.get("/certificate/frobnicate"),
        404,
        "INVALID_URL",
        "Invalid URL.",
    );
    refused(
        &admin.get(ACTION),
        405,
        "METHOD_NOT_ALLOWED",
        "Method is not allowed.",
    );
    let body = json!({"resourceId": id, "reason": "x", "action": "Revoke"});
    for query in [
        "autoApproval=perhaps",
        "isSync=5",
        "isSync=true&isSync=true",
        "ttl=soon",
        "ttl=-1",
    ] {
        let answer = admin.put(&format!("/certificate/revoke?{query}"), &body);
        refused(&answer, 400, "INVALID_REQUEST", "Invalid request.");
    }
    let large = format!("{{\"action\":\"{}\"}}", "x".repeat(2 << 20));
    let answer = admin.send("PUT", ACTION, large.as_bytes());
    refused(&answer, 413, "PAYLOAD_TOO_LARGE", "Payload is too large.");
    let long = "x".repeat(2000);
    refused(
        &admin.act(&id, "Revoke", &long),
        400,
        "INVALID_REQUEST",
        "Invalid request.",
    );
    assert_eq!(admin.by_id(&id)["status"], "Managed");
}
