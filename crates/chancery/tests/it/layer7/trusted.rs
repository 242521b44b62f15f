//! Trusted certificates, and their journey from one server to another as the vendor's migration does it.

use crate::server::Server;

use super::{Client, NS, assert_error, der_in_base64, foreign, listed, pem_of, text_of, texts_of};

fn trusted(name: &str, pem: &str, more: &str) -> String {
    format!(
        "<l7:TrustedCertificate {NS}><l7:Name>{name}</l7:Name><l7:CertificateData><l7:Encoded>{}</l7:Encoded>\
         </l7:CertificateData>{more}</l7:TrustedCertificate>",
        der_in_base64(pem)
    )
}

#[test]
fn a_trusted_certificate_moves_to_another_server() {
    let (from, to) = (Server::start(), Server::start());
    let (here, there) = (Client::administrator(&from), Client::administrator(&to));
    let pem = foreign(&from, "/O=Example & <Sons>/CN=anchor");
    let flag = |key: &str, value: &str| {
        format!(
            "<l7:Property key=\"{key}\"><l7:BooleanValue>{value}</l7:BooleanValue></l7:Property>"
        )
    };
    let properties = [
        ("trustAnchor", "true"),
        ("trustedForSsl", "true"),
        ("verifyHostname", "false"),
    ]
    .map(|(key, value)| flag(key, value))
    .concat();
    let body = trusted(
        "a &amp; b",
        &pem,
        &format!("<l7:Properties>{properties}</l7:Properties>"),
    );
    let id = text_of(
        &here.send("POST", "/trustedCertificates", body).expect(201),
        "Id",
    );
    let path = format!("/trustedCertificates/{id}");
    let shown = here.get(&path).expect(200);
    assert_eq!(
        (text_of(&shown, "Type"), text_of(&shown, "Name")),
        ("TRUSTED_CERT".to_owned(), "a &amp; b".to_owned())
    );

    // Item and Resource are cut off as text, and the version with them.
    let text = shown.text();
    let start = text.find("<l7:TrustedCertificate").unwrap();
    let end = text.find("</l7:Resource>").unwrap();
    let element = text[start..end].replace(" version=\"0\"", "");
    let element = element.replacen(
        "<l7:TrustedCertificate",
        &format!("<l7:TrustedCertificate {NS}"),
        1,
    );
    there.send("PUT", &path, &element).expect(201);
    there.send("PUT", &path, &element).expect(200);
    let moved = there.get(&path).expect(200);
    assert_eq!(pem_of(&moved), pem);
    assert_eq!(texts_of(&moved, "BooleanValue"), ["true", "true", "false"]);
    assert_eq!(
        resource(&moved.text()).replace("version=\"1\"", "version=\"0\""),
        resource(&text)
    );
    there.send("DELETE", &path, "").expect(204);
    assert_error(&there.get(&path), 404, "NotFound", "");
    assert_error(&there.send("DELETE", &path, ""), 404, "NotFound", "");
}

fn resource(text: &str) -> String {
    let (_, rest) = text.split_once("<l7:Resource>").unwrap();
    rest.to_owned()
}

#[test]
fn lists_are_by_name() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    for name in ["b", "a", "c"] {
        let pem = foreign(&server, &format!("/CN={name}"));
        admin
            .send("POST", "/trustedCertificates", trusted(name, &pem, ""))
            .expect(201);
    }
    assert_eq!(listed(&admin, "/trustedCertificates"), ["a", "b", "c"]);
    assert_eq!(
        listed(
            &admin,
            "/trustedCertificates/?order=desc&name=a&name=c&name=x"
        ),
        ["c", "a"]
    );
    assert!(listed(&admin, "/trustedCertificates?securityZone.id=1").is_empty());
    for query in ["sort=id", "type=x", "order=0"] {
        assert_error(
            &admin.get(&format!("/trustedCertificates?{query}")),
            400,
            "BadRequest",
            "",
        );
    }
}

#[test]
fn what_is_no_trusted_certificate_is_refused() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let good = trusted("a", &foreign(&server, "/CN=a"), "");
    for (body, why) in [
        (good.replace("<l7:Name>a</l7:Name>", ""), "Name"),
        (good.replace("CertificateData", "Data"), "CertificateData"),
        (good.replace("Encoded>M", "Encoded>A"), "Encoded"),
        (
            good.replace("TrustedCertificate", "User"),
            "TrustedCertificate",
        ),
        (good.replacen(' ', " version=\"-1\" ", 1), "version"),
    ] {
        assert_error(
            &admin.send("POST", "/trustedCertificates", body),
            400,
            "BadRequest",
            why,
        );
    }
    for id in ["x", "0123456789ABCDEF0123456789ABCDEF"] {
        assert_error(
            &admin.send("PUT", &format!("/trustedCertificates/{id}"), &good),
            400,
            "BadRequest",
            "32",
        );
        assert_error(
            &admin.get(&format!("/trustedCertificates/{id}")),
            404,
            "NotFound",
            "",
        );
    }
    assert!(listed(&admin, "/trustedCertificates").is_empty());
}
