//! Identity providers, and the users of each.

use serde_json::{Value, json};

use crate::server::Server;

use super::{
    Client, INTERNAL, NS, PASSWORD, assert_error, foreign, listed, text_of, texts_of, user,
};

fn provider(name: &str, kind: &str, attributes: &str, more: &str) -> String {
    format!(
        "<l7:IdentityProvider {NS} {attributes}><l7:Name>{name}</l7:Name>\
         <l7:IdentityProviderType>{kind}</l7:IdentityProviderType>{more}</l7:IdentityProvider>"
    )
}

#[test]
fn providers_are_made_listed_and_removed() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    assert_eq!(
        listed(&admin, "/identityProviders"),
        ["Internal Identity Provider"]
    );
    let made = admin
        .send(
            "POST",
            "/identityProviders",
            provider("Partners", "Federated", "", ""),
        )
        .expect(201);
    let id = text_of(&made, "Id");
    assert_eq!(text_of(&made, "Type"), "ID_PROVIDER_CONFIG");
    assert_eq!(
        made.header("Location"),
        Some(format!("https://localhost/restman/1.0/identityProviders/{id}").as_str())
    );
    let own = "0123456789abcdef0123456789abcdef";
    let path = format!("/identityProviders/{own}");
    admin
        .send(
            "PUT",
            &path,
            provider("Directory", "LDAP", "version=\"\"", ""),
        )
        .expect(201);
    assert_eq!(
        listed(&admin, "/identityProviders?sort=name&order=desc"),
        ["Partners", "Internal Identity Provider", "Directory"]
    );
    assert_eq!(
        listed(&admin, "/identityProviders?type=LDAP"),
        ["Directory"]
    );
    assert_eq!(
        listed(
            &admin,
            "/identityProviders?type=LDAP&type=Federated&name=Partners"
        ),
        ["Partners"]
    );
    assert!(
        listed(
            &admin,
            "/identityProviders?securityZone.id=0000000000000000ffffffffffffffff"
        )
        .is_empty()
    );

    let changed = admin
        .send(
            "PUT",
            &path,
            provider("Directory", "LDAP", "version=\"0\"", ""),
        )
        .expect(200);
    assert!(
        changed
            .text()
            .contains(&format!("<l7:IdentityProvider id=\"{own}\" version=\"1\">"))
    );
    let old = admin.send(
        "PUT",
        &path,
        provider("Directory", "LDAP", "version=\"0\"", ""),
    );
    assert_error(&old, 400, "Conflict", "");
    assert_error(
        &admin.send("POST", &path, ""),
        405,
        "MethodNotAllowed",
        "POST",
    );
    admin.send("DELETE", &path, "").expect(204);
    assert_error(&admin.get(&path), 404, "NotFound", "identity provider");
    for (method, body) in [
        ("PUT", provider("x", "Internal", "", "")),
        ("DELETE", String::new()),
    ] {
        let answer = admin.send(method, &format!("/identityProviders/{INTERNAL}"), body);
        assert!([400, 403].contains(&answer.status), "{}", answer.text());
    }
    let bad = admin.send("PUT", "/identityProviders/x", provider("x", "LDAP", "", ""));
    assert_error(&bad, 400, "BadRequest", "32");
}

#[test]
fn properties_and_references_come_back() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let pem = foreign(&server, "/CN=anchor");
    let trusted = format!(
        "<l7:TrustedCertificate {NS}><l7:Name>anchor</l7:Name><l7:CertificateData><l7:Encoded>{}</l7:Encoded>\
         </l7:CertificateData></l7:TrustedCertificate>",
        super::der_in_base64(&pem)
    );
    let certificate = text_of(
        &admin
            .send("POST", "/trustedCertificates", trusted)
            .expect(201),
        "Id",
    );
    let more = format!(
        "<l7:Properties><l7:Property key=\"enableCredentialType.saml\"><l7:BooleanValue>true</l7:BooleanValue></l7:Property>\
         <l7:Property key=\"enableCredentialType.x509\"><l7:BooleanValue>false</l7:BooleanValue></l7:Property></l7:Properties>\
         <l7:Extension><l7:FederatedIdentityProviderDetail><l7:CertificateReferences \
         resourceUri=\"http://ns.l7tech.com/2010/04/gateway-management/trustedCertificates\">\
         <l7:Reference id=\"{certificate}\"/></l7:CertificateReferences></l7:FederatedIdentityProviderDetail></l7:Extension>"
    );
    let made = admin
        .send(
            "POST",
            "/identityProviders",
            provider("Partners", "Federated", "", &more),
        )
        .expect(201);
    let shown = admin
        .get(&format!("/identityProviders/{}", text_of(&made, "Id")))
        .expect(200);
    assert_eq!(texts_of(&shown, "BooleanValue"), ["true", "false"]);
    assert!(
        shown
            .text()
            .contains(&format!("<l7:Reference id=\"{certificate}\"/>")),
        "{}",
        shown.text()
    );
    let kept = admin.send("DELETE", &format!("/trustedCertificates/{certificate}"), "");
    assert_error(&kept, 400, "Conflict", "");
}

#[test]
fn each_provider_has_its_users() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let made = admin
        .send(
            "POST",
            "/identityProviders",
            provider("Partners", "Federated", "", ""),
        )
        .expect(201);
    let id = text_of(&made, "Id");
    let under = format!("/identityProviders/{id}");
    let password = format!("<l7:Password>{PASSWORD}</l7:Password>");
    let joe = admin
        .send("POST", &format!("{under}/users"), user("joe", &password))
        .expect(201);
    assert!(
        joe.text().contains(&format!("providerId=\"{id}\"")),
        "{}",
        joe.text()
    );
    let joe_id = text_of(&joe, "Id");
    let native = server
        .native("GET", &format!("/users/{joe_id}"), &Value::Null)
        .expect(200)
        .json();
    assert_eq!(native["domain"], json!(id));
    assert_eq!(listed(&admin, &format!("{under}/users")), ["joe"]);
    assert_eq!(listed(&admin, "/users"), ["admin"]);
    assert_eq!(
        listed(&admin, &format!("/identityProviders/{INTERNAL}/users")),
        ["admin"]
    );
    assert!(listed(&admin, &format!("{under}/groups")).is_empty());

    for path in [
        format!("{under}/users/{joe_id}"),
        format!("/users/{joe_id}"),
    ] {
        let shown = admin.get(&path).expect(200);
        assert!(
            shown
                .text()
                .contains(&format!("uri=\"https://localhost/restman/1.0{path}\""))
        );
        assert!(shown.text().contains(&format!("providerId=\"{id}\"")));
    }
    for method in ["GET", "DELETE"] {
        let elsewhere = format!("/identityProviders/{INTERNAL}/users/{joe_id}");
        assert_error(
            &admin.send(method, &elsewhere, ""),
            404,
            "NotFound",
            "no such user",
        );
    }
    assert_error(&admin.send("DELETE", &under, ""), 400, "Conflict", "users");
    Client::with_password(&server, "joe", PASSWORD)
        .get(&format!("{under}/users/{joe_id}"))
        .expect(200);
    admin
        .send("DELETE", &format!("{under}/users/{joe_id}"), "")
        .expect(204);
    admin.send("DELETE", &under, "").expect(204);
    let nowhere = admin.send("POST", &format!("{under}/users"), user("ann", ""));
    assert_error(&nowhere, 404, "NotFound", "identity provider");
}
