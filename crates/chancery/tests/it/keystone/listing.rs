//! Lists: filters, pages, and what each status shows.

use serde_json::{Value, json};

use super::{Client, PASSWORD, path_of};
use crate::server::Server;

fn serials(list: &[Value]) -> Vec<String> {
    list.iter()
        .map(|one| one["serialNumber"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn pages_lead_through_everything_once() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let joe = Client::log_in(&server, "joe");
    for number in 0..5 {
        joe.create("3002", &format!("CN=Joe {number}"));
    }
    let all = joe.list("");
    let keys: Vec<&str> = all
        .iter()
        .map(|one| one["subjectKeyId"].as_str().unwrap())
        .collect();
    assert_eq!(keys.len(), 5);
    assert!(keys.is_sorted(), "{keys:?}");
    let mut paged = Vec::new();
    let mut marker = String::new();
    loop {
        let page = joe.list(&format!("?limit=2{marker}"));
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        marker = format!("&marker={}", last["subjectKeyId"].as_str().unwrap());
        paged.extend(page);
    }
    assert_eq!(serials(&paged), serials(&all));
}

#[test]
fn certificates_that_share_a_key_are_not_lost_between_pages() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let joe = Client::log_in(&server, "joe");
    let first = joe.create("3002", "CN=Joe");
    let key = server.scratch().join("shared.key");
    std::fs::write(&key, first["privateKeyFile"]["data"].as_str().unwrap()).unwrap();
    for name in ["/CN=Second", "/CN=Third"] {
        let arguments = [
            "req",
            "-x509",
            "-new",
            "-key",
            key.to_str().unwrap(),
            "-subj",
            name,
            "-days",
            "30",
        ];
        let pem = crate::server::run("openssl", &arguments);
        let file = json!({"format": "BASE64_DER", "data": pem});
        let import =
            json!({"certificates": {"certificate": [{"userId": "3002", "certificateFile": file}]}});
        joe.json("PUT", "/certificates", &import).expect(200);
    }
    let page = joe.list("?limit=1");
    assert_eq!(page.len(), 3, "{page:?}");
    let marker = page[0]["subjectKeyId"].as_str().unwrap();
    assert!(joe.list(&format!("?limit=1&marker={marker}")).is_empty());
}

#[test]
fn filters_hold_together() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let joe = Client::log_in(&server, "joe");
    let one = joe.create("3002", "CN=Joe, O=\"H, P\"");
    let two = joe.create("3002", "CN=Ann");
    let serial = one["serialNumber"].as_str().unwrap();
    let found = |query: &str| serials(&joe.list(query));
    let wanted = vec![serial.to_owned()];
    assert_eq!(found("?issuerName=cn%3Djoe%2Co%3Dh%5C%2C%20p"), wanted);
    assert_eq!(
        found(&format!(
            "?issuerName=CN%3DJoe,+O%3D%22H,+P%22&serialNumber={serial}"
        )),
        wanted
    );
    assert_eq!(
        found(&format!(
            "?subjectKeyId={}",
            one["subjectKeyId"].as_str().unwrap()
        )),
        wanted
    );
    assert_eq!(
        found(&format!("?issuerName=CN%3DAnn&serialNumber={serial}")),
        Vec::<String>::new()
    );
    assert_eq!(found("?userId=3002&domainId=1001").len(), 2);
    assert_eq!(found("?unknown=parameter").len(), 2);

    let file = &joe.list(&format!(
        "?export=true&subjectKeyId={}",
        two["subjectKeyId"].as_str().unwrap()
    ))[0];
    assert_eq!(
        file["certificateFile"]["data"],
        two["certificateFile"]["data"]
    );
    assert_eq!(file["privateKeyFile"], Value::Null);
    assert_eq!(joe.list("")[0]["certificateFile"], Value::Null);
}

#[test]
fn every_status_is_set_and_listed() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let joe = Client::log_in(&server, "joe");
    let admin = Client::administrator(&server);
    let one = joe.create("3002", "CN=Joe");
    let path = path_of(&one);
    let set = |client: &Client<'_>, status: &str| {
        client.json(
            "PUT",
            &path,
            &json!({"certificate": {"status": status, "subject": "CN=ignored"}}),
        )
    };
    let shown_under = |status: &str| admin.list(&format!("?userId=3002&status={status}")).len();
    for status in [
        "active", "inactive", "inactive", "active", "inactive", "revoked", "revoked",
    ] {
        let answer = set(&joe, status).expect(200).json();
        assert_eq!(answer["certificate"]["status"], status);
        assert_eq!(answer["certificate"]["subject"], "CN=Joe");
        assert_eq!(answer["certificate"]["certificateFile"], Value::Null);
        assert_eq!(shown_under(status), 1, "{status}");
    }
    super::assert_fault(&set(&joe, "active"), 400, "badRequest");
    super::assert_fault(&set(&joe, "expired"), 400, "badRequest");
    super::assert_fault(&set(&admin, "purged"), 400, "badRequest");
    set(&joe, "deleted").expect(200);
    super::assert_fault(&joe.json("GET", &path, &Value::Null), 404, "itemNotFound");
    super::assert_fault(
        &joe.json("DELETE", &path, &Value::Null),
        404,
        "itemNotFound",
    );
    super::assert_fault(&set(&joe, "active"), 404, "itemNotFound");
    assert_eq!((shown_under("deleted"), joe.list("").len()), (1, 0));
    super::assert_fault(&set(&joe, "purged"), 401, "unauthorized");
    set(&admin, "purged").expect(200);
    assert_eq!((shown_under("purged"), shown_under("deleted")), (1, 0));

    let inactive =
        json!({"certificate": {"userId": "3002", "subject": "CN=Joe", "status": "inactive"}});
    let made = joe
        .json("POST", "/certificates", &inactive)
        .expect(201)
        .json();
    assert_eq!(made["certificate"]["status"], "inactive");
    assert_eq!(shown_under("inactive"), 1);
}
