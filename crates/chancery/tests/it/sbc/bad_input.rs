//! Bodies that no good client sends.

use crate::server::Server;

use super::{Client, ELEMENTS, assert_error, element, record};

#[test]
fn broken_and_hostile_xml_is_refused_and_changes_nothing() {
    let server = Server::start();
    let client = Client::editor(&server);
    let good = record("r1");
    let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
    let bomb = "<!DOCTYPE a [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><configElement>&b;</configElement>";
    let file = "<!DOCTYPE a [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><configElement>&a;</configElement>";
    for (body, want) in [
        ("<".to_owned(), "not well formed"),
        (good.replace("</configElement>", ""), "not well formed"),
        (format!("{good}{good}"), "not well formed"),
        (bomb.to_owned(), "document type"),
        (file.to_owned(), "document type"),
        (deep, "elements deep"),
        (
            good.replace("configElement", "ImportCertificate"),
            "root must be <configElement>",
        ),
        (
            good.replace("<configElement>", "<configElement xmlns=\"urn:a\">"),
            "root must be",
        ),
        (
            good.replace("<elementType>", "<elementType/><elementType>"),
            "twice",
        ),
        (
            good.replace("common-name", "commonName"),
            "has no attribute \"commonName\"",
        ),
        (
            good.replace("common-name", "name"),
            "the attribute name stands there twice",
        ),
        (good.replace("ecdsa", "dsa"), "is none of rsa, ecdsa"),
        (good.replace("r1.example", "&#0;"), "not well formed"),
        (
            good.replace("r1.example", &"x".repeat(65)),
            "more than 64 characters",
        ),
        (
            good.replace("certificate-record", "sip-config"),
            "is none of certificate-record",
        ),
        (
            element("certificate-record", &[("unit", "x")]),
            "the attribute name is required",
        ),
        (
            element("certificate-record", &[("name", &"x".repeat(129))]),
            "more than 128 characters",
        ),
        (
            element(
                "certificate-record",
                &[("name", "r1"), ("options", &"x|".repeat(1001))],
            ),
            "1000 values",
        ),
    ] {
        assert_error(&client.add(&body), 400, want);
    }
    let latin = [good.as_bytes(), b"\xff"].concat();
    assert_error(&client.send("POST", ELEMENTS, latin), 400, "UTF-8");
    let list = client.get(&format!("{ELEMENTS}?elementType=certificate-record"));
    assert!(list.expect(200).text().contains("<data/>"));
}

#[test]
fn huge_bodies_are_refused_unread() {
    let server = Server::start();
    let client = Client::editor(&server);
    let huge = record("r1").replace("r1.example", &"x".repeat(2 * 1024 * 1024));
    assert_error(&client.add(&huge), 413, "larger than 1048576 octets");
    assert_error(
        &client.import("r1", "x509", &huge, false),
        413,
        "larger than",
    );
    let admin = server.admin();
    let basic = crate::server::basic(&admin.user, &admin.password);
    assert_error(
        &super::ask_token(&server, &basic, &huge),
        413,
        "larger than",
    );
}

#[test]
fn strange_parameters_are_refused() {
    let server = Server::start();
    let client = Client::editor(&server);
    for (parameters, want) in [
        ("", "elementType is required"),
        ("elementType=x", "is none of certificate-record"),
        (
            "elementType=tls-profile&elementType=tls-profile",
            "given twice",
        ),
        (
            "elementType=tls-profile&running=maybe",
            "running must be true or false",
        ),
        (
            "elementType=tls-profile&offset=-1",
            "offset must be a whole number",
        ),
        (
            "elementType=tls-profile&maxElements=many",
            "maxElements must be a whole number",
        ),
        (
            "elementType=tls-profile&offset=4294967296",
            "offset must be a whole number",
        ),
        ("elementType=%ff", "UTF-8"),
    ] {
        assert_error(&client.get(&format!("{ELEMENTS}?{parameters}")), 400, want);
    }
    for (parameters, want) in [
        ("", "action must be save, verify, activate or restore"),
        ("action=backup", "action must be"),
        ("action=save&action=save", "given twice"),
        (
            "action=restore&source=backup",
            "source must be saved or running",
        ),
    ] {
        let path = format!("/configuration/management?{parameters}");
        assert_error(&client.send("PUT", &path, ""), 400, want);
    }
}

/// Names with letters that mean something in addresses and XML are names like others.
#[test]
fn odd_names_are_kept_as_they_are() {
    let server = Server::start();
    let client = Client::editor(&server);
    for (written, asked) in [
        ("a b/c", "a%20b/c"),
        ("&lt;r&gt; &amp; &quot;x&quot;", "%3Cr%3E%20%26%20%22x%22"),
        ("Köln", "K%C3%B6ln"),
        ("..", ".."),
        ("a'b; DROP TABLE elements", "a'b;%20DROP%20TABLE%20elements"),
    ] {
        client
            .add(&record("x").replace("<value>x</value>", &format!("<value>{written}</value>")))
            .expect(200);
        let shown = client.show("certificate-record", asked).expect(200);
        assert_eq!(super::values(&shown, "name"), [written]);
        client.generate(&format!("recordName={asked}")).expect(200);
    }
}
