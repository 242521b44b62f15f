//! Work orders that a second person decides on, through this API and through the native one.

use serde_json::{Value, json};

use super::{Client, issue, not_found, read_only, refused, text, undecided};
use crate::server::Server;

#[test]
fn a_second_person_approves_and_the_order_is_done_once() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let ann = Client::new(&server, "ann", "default", "approver");
    let id = issue(&server, "CN=a.example");
    let asked = admin.ask(&id, "Regenerate", "Key compromised");
    let request = &asked["requestId"];
    let log = ann.log(request);
    assert_eq!(
        (&log["status"], &log["statusCode"]),
        (&json!("In Progress"), &json!(0))
    );
    assert_eq!(
        (&log["requestId"], log["created_time"].is_i64()),
        (request, true)
    );
    let told = format!("\"resourceId\": \"{}\"", text(&asked["resourceId"]));
    assert_eq!(log["tasks"][0]["logs"][0]["message"], told);

    // Whoever asked may not approve, and nothing is implemented that nobody approved.
    assert!(
        text(&undecided(&admin.decide(request, json!(1), "review_1")))
            .contains("ask somebody else")
    );
    undecided(&ann.decide(request, json!(1), "implement_1"));
    let said = ann.decide(request, json!(1), "review_1").expect(200).json();
    assert_eq!(
        (&said["response"]["requestId"], &said["appStatusCode"]),
        (request, &Value::Null)
    );
    let log = ann.ended(request);
    assert_eq!(
        (&log["status"], &log["statusCode"]),
        (&json!("Success"), &json!(1))
    );
    assert_eq!(admin.by_id(&asked["resourceId"])["status"], "Managed");
    assert_eq!(admin.by_id(&id)["status"], "Revoked");

    // What was approved needs no implementing; an approval that is sent again changes nothing.
    ann.decide(request, json!("1"), "implement_1").expect(200);
    for task_action in [1, 2] {
        let why = undecided(&ann.decide(request, json!(task_action), "review_1"));
        assert_eq!(why, "the work order is done already");
    }
    assert_eq!(
        admin.page(&json!({"commonName": "a.example"}), &json!({}))["totalRecords"],
        2
    );
}

#[test]
fn what_is_rejected_leaves_nothing_behind() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let ann = Client::new(&server, "ann", "default", "approver");
    let id = issue(&server, "CN=a.example");
    let asked = admin.ask(&id, "Regenerate", "superseded");
    let header = json!({"request_id": asked["requestId"], "task_id": "review_1"});
    let body = json!({"data": {"task_action": 2, "comments": "not today"}, "header": header});
    ann.post("/certificate/workorder/update", &body).expect(200);
    let log = ann.ended(&asked["requestId"]);
    assert_eq!(
        (&log["status"], &log["message"]),
        (&json!("Failed"), &json!("not today"))
    );
    assert_eq!(
        admin.page(&json!({"resourceId": asked["resourceId"]}), &json!({}))["totalRecords"],
        0
    );
    assert_eq!(admin.by_id(&id)["status"], "Managed");
    // The way is free again.
    admin.ask(&id, "Regenerate", "superseded");
}

#[test]
fn the_native_api_decides_on_the_same_orders() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let ann = Client::new(&server, "ann", "default", "approver");
    let id = issue(&server, "CN=a.example");
    let asked = admin.ask(&id, "Suspend", "on leave");
    let path = format!("/orders/{}/approve", text(&asked["requestId"]));
    let own = server.native("POST", &path, &json!({}));
    assert!(own.status >= 400, "{}", own.text());
    server
        .native_as("ann", super::PASSWORD, "POST", &path, &json!({}))
        .expect(200);
    assert_eq!(ann.ended(&asked["requestId"])["status"], "Success");
    assert_eq!(admin.by_id(&id)["status"], "Suspended");
    undecided(&ann.decide(&asked["requestId"], json!(1), "review_1"));
}

#[test]
fn self_approval_can_be_allowed() {
    let server = Server::start_with_config("[orders]\nself_approval = true\n");
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=a.example");
    let asked = admin.ask(&id, "Revoke", "Superseded");
    admin
        .decide(&asked["requestId"], json!(1), "review_1")
        .expect(200);
    admin.ended(&asked["requestId"]);
    assert_eq!(admin.by_id(&id)["status"], "Revoked");
}

#[test]
fn decisions_that_are_none_are_refused() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let ann = Client::new(&server, "ann", "default", "approver");
    let joe = Client::new(&server, "joe", "elsewhere", "self-service");
    let operator = Client::new(&server, "op", "default", "operator");
    let id = issue(&server, "CN=a.example");
    let request = admin.ask(&id, "Revoke", "x")["requestId"].clone();
    for task_action in [
        json!(0),
        json!(3),
        json!(-1),
        json!(1.5),
        json!("approve"),
        json!(4_294_967_297_u64),
    ] {
        let answer = ann.decide(&request, task_action, "review_1");
        refused(&answer, 400, "INVALID_REQUEST", "Invalid request.");
    }
    refused(
        &ann.decide(&request, json!([1]), "x"),
        400,
        "avx-common-028",
        "Invalid / Incorrect payload.",
    );
    let missing = "Mandatory field is missing or invalid - task_action.";
    refused(
        &ann.decide(&request, Value::Null, "x"),
        400,
        "MANDATORY_FIELD_MISSING",
        missing,
    );
    for unknown in [json!("9999"), json!("x"), json!("-1")] {
        not_found(&ann.decide(&unknown, json!(1), "review_1"));
    }
    read_only(&operator.decide(&request, json!(1), "review_1"));
    // Whether there is such a request is not told to who may not see it.
    for task in ["review_1", "implement_1"] {
        not_found(&joe.decide(&request, json!(1), task));
    }
    not_found(&joe.get(&format!(
        "/visualworkflow-request-logs?ids={}",
        text(&request)
    )));
    not_found(&ann.get("/visualworkflow-request-logs?ids=9999"));
    assert_eq!(ann.log(&request)["statusCode"], 0);
    assert_eq!(admin.by_id(&id)["status"], "Managed");
}

/// What was asked for, and not decided, waits on after a crash.
#[test]
fn an_open_order_outlives_a_crash() {
    let mut server = Server::start();
    server.add_user("ann", "ann", "default", "approver", super::PASSWORD);
    let id = issue(&server, "CN=a.example");
    let asked = Client::administrator(&server).ask(&id, "Regenerate", "superseded");
    server.kill_and_restart();
    let admin = Client::administrator(&server);
    let again = admin.act(&id, "Revoke", "x");
    assert_eq!(again.json()["appStatusCode"], "OPEN_WORK_ORDERS_FOUND");
    let ann = Client::known(&server, "ann", super::PASSWORD);
    let request = &asked["requestId"];
    ann.decide(request, json!(1), "review_1").expect(200);
    assert_eq!(ann.ended(request)["status"], "Success");
    assert_eq!(admin.by_id(&asked["resourceId"])["status"], "Managed");
    assert_eq!(admin.by_id(&id)["status"], "Revoked");
}

/// Somebody who may issue for itself alone has its own orders, and sees nobody else's.
#[test]
fn everybody_acts_on_what_is_theirs() {
    let server = Server::start();
    let joe = Client::new(&server, "joe", "1001", "self-service");
    let dora = Client::new(&server, "dora", "1001", "domain-administrator");
    let other = Client::new(&server, "bob", "2002", "domain-administrator");
    let body = json!({"key": "ec-p256", "subject": "CN=joe", "profile": "user", "owner": "joe"});
    let made = server.native("POST", "/certificates", &body).expect(201);
    let id = made.json()["id"].clone();
    not_found(&other.act(&id, "Revoke", "x"));
    let request = joe.ask(&id, "Revoke", "Superseded")["requestId"].clone();
    read_only(&joe.decide(&request, json!(1), "review_1"));
    not_found(&other.decide(&request, json!(1), "review_1"));
    dora.decide(&request, json!(1), "review_1").expect(200);
    dora.ended(&request);
    assert_eq!(joe.by_id(&id)["status"], "Revoked");
}
