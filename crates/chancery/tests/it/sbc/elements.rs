//! The elements of the configuration: every verb, defaults, what is told of kinds, edited and running.

use crate::server::Server;
use crate::wire::Answer;

use super::{
    Client, DECLARATION, ELEMENTS, assert_error, assert_nothing, element, record, text_of, values,
};

#[test]
fn an_element_is_answered_whole_with_its_defaults() {
    let server = Server::start();
    let client = Client::editor(&server);
    let body = element(
        "certificate-record",
        &[("name", "r1"), ("common-name", "a &amp; b")],
    );
    let prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
    let added = client.add(&format!("{prolog}{body}")).expect(200);
    let line = |name: &str, values: &[&str]| {
        let mut values: String = values
            .iter()
            .map(|value| format!("<value>{value}</value>\n"))
            .collect();
        if values.is_empty() {
            values = "<value/>\n".to_owned();
        }
        format!("<attribute>\n<name>{name}</name>\n{values}</attribute>\n")
    };
    let attributes = [
        line("name", &["r1"]),
        line("country", &["US"]),
        line("state", &["MA"]),
        line("locality", &["Burlington"]),
        line("organization", &["Engineering"]),
        line("unit", &[]),
        line("common-name", &["a &amp; b"]),
        line("key-size", &["2048"]),
        line("alternate-name", &[]),
        line("trusted", &["enabled"]),
        line("key-usage-list", &["digitalSignature", "keyEncipherment"]),
        line("extended-key-usage-list", &["serverAuth"]),
        line("key-algor", &["rsa"]),
        line("digest-algor", &["sha256"]),
        line("ecdsa-key-size", &["p256"]),
        line("cert-status-profile-list", &[]),
        line("options", &[]),
    ]
    .concat();
    let want = format!(
        "{DECLARATION}<response>\n<data>\n<configElement>\n<elementType>certificate-record</elementType>\n\
         {attributes}</configElement>\n</data>\n<messages/>\n<links/>\n</response>"
    );
    assert_eq!(added.text(), want);
    assert_eq!(client.show("certificate-record", "r1").text(), want);
    assert_eq!(
        client
            .get(&format!("{ELEMENTS}?elementType=certificate-record"))
            .text(),
        want
    );

    let change = [("name", "r1"), ("unit", "Voice"), ("key-size", "")];
    let changed = client
        .put(&element("certificate-record", &change))
        .expect(200);
    let want = want.replace(&line("unit", &[]), &line("unit", &["Voice"]));
    assert_eq!(changed.text(), want);
    assert_eq!(client.show("certificate-record", "r1").text(), want);
}

#[test]
fn elements_are_added_once_changed_and_removed() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r1")).expect(200);
    assert_error(&client.add(&record("r1")), 409, "element");
    assert_error(&client.put(&record("r2")), 404, "no such element");
    let path = |rest: &str| format!("{ELEMENTS}?elementType=certificate-record{rest}");
    assert_error(
        &client.send("DELETE", &path("&name=r2"), ""),
        404,
        "no such element",
    );
    assert_error(
        &client.send("DELETE", &path(""), ""),
        400,
        "name is required",
    );
    assert_nothing(&client.send("DELETE", &path("&name=r1"), ""));
    assert_error(
        &client.show("certificate-record", "r1"),
        404,
        "no such element",
    );
    let none = client.get(&path("")).expect(200);
    assert!(none.text().contains("<data/>"), "{}", none.text());
    client.add(&record("r1")).expect(200);
}

#[test]
fn a_tls_profile_refers_to_records() {
    let server = Server::start();
    let client = Client::editor(&server);
    client.add(&record("r1")).expect(200);
    let profile = element(
        "tls-profile",
        &[("name", "p1"), ("end-entity-certificate", "r1")],
    );
    let added = client.add(&profile).expect(200);
    assert_eq!(values(&added, "end-entity-certificate"), ["r1"]);
    assert_eq!(values(&added, "verify-depth"), ["10"]);
    assert_eq!(text_of(&client.act("PUT", "verify"), "status"), "success");
    let more = [("name", "p1"), ("trusted-ca-certificates", "r1|lost")];
    client.put(&element("tls-profile", &more)).expect(200);
    let verified = client.act("PUT", "verify");
    assert_eq!(text_of(&verified, "operation"), "verify");
    assert_eq!(text_of(&verified, "status"), "failure");
    let message = text_of(&verified, "message");
    assert!(
        message.contains("trusted-ca-certificates refers to the certificate-record \"lost\""),
        "{message}"
    );
    let profile = element("cert-status-profile", &[("name", "ocsp"), ("port", "8080")]);
    assert_eq!(values(&client.add(&profile).expect(200), "type"), ["OCSP"]);
}

#[test]
fn lists_are_paged() {
    let server = Server::start();
    let client = Client::editor(&server);
    for name in ["c", "a", "b", "d"] {
        client.add(&record(name)).expect(200);
    }
    let names = |rest: &str| -> String {
        let path = format!("{ELEMENTS}?elementType=certificate-record{rest}");
        let text = client.get(&path).expect(200).text();
        let elements = text.split("<name>name</name>\n<value>").skip(1);
        elements.map(|it| it.chars().next().unwrap()).collect()
    };
    assert_eq!(names(""), "abcd");
    assert_eq!(names("&maxElements=2"), "ab");
    assert_eq!(names("&maxElements=2&offset=2"), "cd");
    assert_eq!(names("&offset=3"), "d");
    assert_eq!(names("&offset=4"), "");
    assert_eq!(names("&maxElements=0"), "");
    assert_eq!(names("&running=true"), "");
    assert_eq!(names("&running=false&unknown=x"), "abcd");
    assert_eq!(names("&name=b&maxElements=0"), "b");
}

#[test]
fn what_is_edited_runs_only_when_it_was_saved_and_activated() {
    let server = Server::start();
    let client = Client::editor(&server);
    let unit = |answer: Answer| values(&answer.expect(200), "unit").concat();
    client.add(&record("r1")).expect(200);
    let change = |unit: &str| {
        let attributes = [("name", "r1"), ("unit", unit)];
        client
            .put(&element("certificate-record", &attributes))
            .expect(200)
    };
    change("one");
    client.act("POST", "activate");
    assert_error(
        &client.running("certificate-record", "r1"),
        404,
        "no such element",
    );
    client.act("PUT", "save");
    assert_error(
        &client.running("certificate-record", "r1"),
        404,
        "no such element",
    );
    client.act("POST", "activate");
    assert_eq!(unit(client.running("certificate-record", "r1")), "one");

    change("two");
    client.act("PUT", "save");
    change("three");
    assert_eq!(unit(client.show("certificate-record", "r1")), "three");
    assert_eq!(unit(client.running("certificate-record", "r1")), "one");
    let restored = client.act("PUT", "restore");
    assert_eq!(text_of(&restored, "operation"), "restore");
    assert_eq!(unit(client.show("certificate-record", "r1")), "two");
    client.act("PUT", "restore&source=running");
    assert_eq!(unit(client.show("certificate-record", "r1")), "one");
}

#[test]
fn kinds_are_told() {
    let server = Server::start();
    // Without the lock, which only edits need.
    let client = Client::administrator(&server);
    let types = "/configuration/elementTypes";
    let template = client.get(&format!("{types}/template?elementType=certificate-record"));
    assert_eq!(values(&template.clone().expect(200), "country"), ["US"]);
    assert!(values(&template, "name").is_empty());
    let metadata = client.get(&format!("{types}/metadata?elementType=certificate-record"));
    let want = "<response>\n<data>\n<attributeMetadata>\n<name>name</name>\n<key>true</key>\n</attributeMetadata>\n\
                <attributeMetadata>\n<name>country</name>\n<key>false</key>\n";
    assert!(metadata.expect(200).text().contains(want));
    for path in ["template", "metadata"] {
        assert_error(
            &client.get(&format!("{types}/{path}")),
            400,
            "elementType is required",
        );
        assert_error(
            &client.get(&format!("{types}/{path}?elementType=sip-config")),
            400,
            "is none of certificate-record",
        );
    }
}
