//! Issuers in the path: any distinguished name, in any style, encoded in any way.

use serde_json::{Value, json};

use super::{BASE, Client, PASSWORD};
use crate::server::Server;

#[test]
fn any_issuer_is_found_however_it_is_written() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let joe = Client::log_in(&server, "joe");
    let table: [(&str, &[&str]); 4] = [
        (
            "EMAILADDRESS=joe@hp.com, CN=Joe Import, OU=Cloud Services, O=HP, L=Cupertino, ST=California, C=US",
            &[
                "EMAILADDRESS=joe@hp.com,%20CN=Joe%20Import,%20OU=Cloud%20Services,%20O=HP,%20L=Cupertino,%20ST=California,%20C=US",
                "EMAILADDRESS%3Djoe%40hp.com%2CCN%3DJoe%20Import%2COU%3DCloud%20Services%2CO%3DHP%2CL%3DCupertino%2CST%3DCalifornia%2CC%3DUS",
                "emailAddress=joe@hp.com,CN=Joe%20Import,OU=Cloud%20Services,O=HP,L=Cupertino,ST=California,C=US",
                "%2FC=US%2FST=California%2FL=Cupertino%2FO=HP%2FOU=Cloud%20Services%2FCN=Joe%20Import%2FemailAddress=joe@hp.com",
                "1.2.840.113549.1.9.1=joe@hp.com,cn=joe%20%20import,ou=cloud%20services,o=hp,l=cupertino,st=california,c=us",
            ],
        ),
        (
            "CN=a/b, O=\"H, P\"",
            &[
                "CN=a%2Fb,%20O=%22H,%20P%22",
                "CN%3Da%2fb%2CO%3DH%5C%2C%20P",
                "%2FO=H,%20P%2FCN=a%5C%2Fb",
            ],
        ),
        (
            "CN=Jörg 陳",
            &[
                "CN=J%C3%B6rg%20%E9%99%B3",
                "CN=J%5CC3%5CB6rg%20%E9%99%B3",
                "%43%4e%3d%4a%c3%b6rg%20%e9%99%b3",
            ],
        ),
        (
            "CN=a%2Fb? #\\;\\+",
            &[
                "CN=a%252Fb%3F%20%23%5C%3B%5C%2B",
                "CN=%22a%252Fb%3F%20%23;+%22",
            ],
        ),
    ];
    for (subject, spellings) in table {
        let made = joe.create("3002", subject);
        let serial = made["serialNumber"].as_str().unwrap();
        for spelling in spellings {
            let answer = joe.json(
                "GET",
                &format!("/certificates/{spelling}/{serial}"),
                &Value::Null,
            );
            assert_eq!(answer.status, 200, "{spelling}: {}", answer.text());
            assert_eq!(answer.json()["certificate"]["serialNumber"], serial);
        }
        let upper = format!("0x{}", serial.to_ascii_uppercase());
        joe.json(
            "GET",
            &format!("/certificates/{}/{upper}", spellings[0]),
            &Value::Null,
        )
        .expect(200);
        joe.json(
            "DELETE",
            &format!("/certificates/{}/{serial}", spellings[0]),
            &Value::Null,
        )
        .expect(204);
    }
}

#[test]
fn names_come_back_in_javas_style() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let joe = Client::log_in(&server, "joe");
    let made = joe.create("3002", "/C=US/O=H, P/CN=Jörg <&>\"/emailAddress=joe@hp.com");
    let name = "EMAILADDRESS=joe@hp.com, CN=\"Jörg <&>\\\"\", O=\"H, P\", C=US";
    assert_eq!(
        (made["subject"].as_str(), made["issuerName"].as_str()),
        (Some(name), Some(name))
    );

    let path = format!("{BASE}{}", super::path_of(&made));
    let xml = joe
        .send("GET", &path, "application/xml", b"")
        .expect(200)
        .text();
    let escaped = "EMAILADDRESS=joe@hp.com, CN=&quot;Jörg &lt;&amp;&gt;\\&quot;&quot;, O=&quot;H, P&quot;, C=US";
    assert!(xml.contains(&format!(" subject=\"{escaped}\"")), "{xml}");
}

#[test]
fn both_namespaces_are_read_and_the_documents_is_answered() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let joe = Client::log_in(&server, "joe");
    let asked = [
        r#"<certificate xmlns="http://docs.openstack.org/identity/api/ext/hp/v1.0" userId="3002" subject="CN=Joe"/>"#,
        r#"<h:certificate xmlns:h="http://www.hp.com/identity/api/ext/HP-IDM/v1.0" userId="3002" subject="CN=Joe"/>"#,
    ];
    let path = format!("{BASE}/certificates");
    for body in asked {
        let text = joe
            .send("POST", &path, "application/xml", body.as_bytes())
            .expect(201)
            .text();
        assert!(text.starts_with("<certificate userId=\"3002\""), "{text}");
        assert!(
            text.contains(" xmlns=\"http://docs.openstack.org/identity/api/ext/hp/v1.0\""),
            "{text}"
        );
    }
    let foreign = r#"<certificate xmlns="http://example.com/" userId="3002" subject="CN=Joe"/>"#;
    super::assert_fault(
        &joe.send("POST", &path, "application/xml", foreign.as_bytes()),
        400,
        "badRequest",
    );
    let without = r#"<certificate userId="3002" subject="CN=Joe"/>"#;
    super::assert_fault(
        &joe.send("POST", &path, "application/xml", without.as_bytes()),
        400,
        "badRequest",
    );
}

#[test]
fn the_answer_is_in_what_the_caller_reads_else_in_what_it_writes() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let joe = Client::log_in(&server, "joe");
    let json = json!({"certificate": {"userId": "3002", "subject": "CN=Joe"}}).to_string();
    let xml = r#"<certificate xmlns="http://docs.openstack.org/identity/api/ext/hp/v1.0" userId="3002" subject="CN=Joe"/>"#;
    let (as_json, as_xml) = (Some("application/json"), Some("application/xml"));
    let table = [
        (json.as_str(), Some("application/json"), None, as_json),
        (
            json.as_str(),
            Some("application/json"),
            Some("application/xml"),
            as_xml,
        ),
        (
            json.as_str(),
            Some("application/x-www-form-urlencoded"),
            Some("*/*"),
            as_json,
        ),
        (json.as_str(), None, None, as_json),
        (xml, Some("text/xml; charset=UTF-8"), Some("*/*"), as_xml),
        (
            xml,
            Some("application/xml"),
            Some("application/json"),
            as_json,
        ),
        (
            xml,
            Some("application/x-www-form-urlencoded"),
            Some("application/json;q=0.1, text/xml"),
            as_xml,
        ),
        (xml, None, Some("image/png"), as_json),
    ];
    for (body, content_type, accept, want) in table {
        let mut headers = vec![("X-Auth-Token", joe.token.as_str())];
        headers.extend(content_type.map(|value| ("Content-Type", value)));
        headers.extend(accept.map(|value| ("Accept", value)));
        let answer = server
            .request(
                "POST",
                &format!("{BASE}/certificates"),
                &headers,
                body.as_bytes(),
            )
            .expect(201);
        assert_eq!(
            answer.header("Content-Type"),
            want,
            "{content_type:?} {accept:?}"
        );
    }
}
