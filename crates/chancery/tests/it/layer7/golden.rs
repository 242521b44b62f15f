//! The document's story: a second certificate is refused, the first one removed, and then the PUT works.

use crate::server::Server;
use crate::wire::Answer;

use super::{Client, DECLARATION, PASSWORD, text_of, user};

macro_rules! golden {
    ($name:literal) => {
        include_str!(concat!(
            "../../../../chancery-http/src/apis/layer7/golden/",
            $name,
            ".http"
        ))
    };
}

/// The user of the document.
const ID: &str = "05aaaff0669511e498030800200c9a66";
const LOGIN: &str = "34049006";

/// Sends a request as it stands, with credentials.
fn replay(client: &Client<'_>, request: &str) -> Answer {
    let (head, body) = request.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    let mut words = lines.next().unwrap().split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let mut headers: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once(": ")).collect();
    headers.push(("Authorization", &client.authorization));
    client
        .server
        .request(method, target, &headers, body.as_bytes())
}

/// Compares status, media type and, but for the declaration and the time, the body.
#[track_caller]
fn assert_like(answer: &Answer, response: &str) {
    let (head, body) = response.split_once("\n\n").unwrap();
    let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
    assert_eq!(answer.status, status, "{}", answer.text());
    let documented = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Type: "));
    assert_eq!(answer.header("Content-Type"), documented);
    if body.is_empty() {
        return;
    }
    let text = answer.text();
    let text = text.strip_prefix(DECLARATION).unwrap();
    assert_eq!(without_time(text), without_time(body));
}

fn without_time(text: &str) -> String {
    let (before, rest) = text.split_once("<l7:TimeStamp>").unwrap();
    let (stamp, after) = rest.split_once('<').unwrap();
    assert!(
        stamp.len() >= 24 && stamp.contains('T') && stamp.contains('.'),
        "{stamp}"
    );
    format!("{before}<time>{after}")
}

#[test]
fn the_documents_story() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    server.add_user(LOGIN, ID, "default", "self-service", PASSWORD);
    let name = "<l7:Properties><l7:Property key=\"name\"><l7:StringValue>John Doe</l7:StringValue>\
                </l7:Property></l7:Properties>";
    admin
        .send("PUT", &format!("/users/{ID}"), user(LOGIN, name))
        .expect(200);
    replay(&admin, golden!("03-put.request")).expect(200);

    let refused = replay(&admin, golden!("01-put-attached.request"));
    assert_like(&refused, golden!("01-put-attached.response"));
    let removed = replay(&admin, golden!("02-delete.request"));
    assert_like(&removed, golden!("02-delete.response"));
    assert!(removed.body.is_empty());
    let put = replay(&admin, golden!("03-put.request"));
    assert_like(&put, golden!("03-put.response"));
    let shown = admin.get(&format!("/users/{ID}/certificate")).expect(200);
    assert_eq!(text_of(&shown, "Encoded"), text_of(&put, "Encoded"));
    assert!(golden!("03-put.request").contains(&text_of(&shown, "Encoded")));
    assert_eq!(text_of(&shown, "SubjectName"), "CN=34049006,O=Example");
    assert_eq!(text_of(&shown, "SerialNumber"), 0x2c0f_fee0_u32.to_string());
}
