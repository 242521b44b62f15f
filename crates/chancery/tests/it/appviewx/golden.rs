//! The document's request and its answer, in which only the ids are other ones.

use serde_json::{Value, json};

use super::{Client, issue, text};
use crate::server::Server;

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!(
            "../../../../chancery-http/src/apis/appviewx/golden/",
            $name
        ))
    };
}

#[test]
fn the_documents_request_has_the_documents_answer() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(&server, "CN=testcert8g.appviewx.plus");
    let serial = admin.by_id(&id)["serialNumber"].clone();
    let request = golden!("01-regenerate.request.json")
        .replace("5f5641a7e74e187a7e3d5266", text(&id))
        .replace(
            "08:BD:54:35:FD:81:AC:A4:45:2B:FC:9F:77:56:FE:2C",
            text(&serial),
        );
    let path = "/certificate/action?autoApproval=false";
    let answer = admin.send("PUT", path, request.as_bytes()).expect(202);
    let mut said = answer.json();
    let new = text(&said["response"]["resourceId"]).to_owned();
    assert!(new.len() == 24 && new != text(&id), "{said}");
    assert!(
        text(&said["response"]["requestId"]).parse::<u32>().is_ok(),
        "{said}"
    );
    said["response"]["resourceId"] = json!("5f56482ce74e187a7e3d52a2");
    said["response"]["requestId"] = json!("237");
    let documented: Value = serde_json::from_str(golden!("01-regenerate.response.json")).unwrap();
    assert_eq!(said, documented);
    // The new record is there at once, and waits.
    assert_eq!(admin.by_id(&json!(new))["status"], "New Certificate");
}
