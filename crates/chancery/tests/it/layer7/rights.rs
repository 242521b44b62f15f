//! Who gets in, and who may do what.

use serde_json::json;

use crate::server::{Server, basic};

use super::{BASE, Client, INTERNAL, NS, PASSWORD, assert_error, foreign, listed, user};

#[test]
fn the_challenge_comes_before_the_credentials() {
    let server = Server::start();
    let admin = server.admin();
    let ask = |headers: &[(&str, &str)], path: &str| {
        server.request("GET", &format!("{BASE}{path}"), headers, b"")
    };
    let bare = ask(&[], "/users");
    assert_error(&bare, 401, "Unauthorized", "");
    let realm = "Basic realm=\"L7SSGBasicRealm\"";
    assert_eq!(bare.header("WWW-Authenticate"), Some(realm));
    let link = format!("uri=\"https://localhost{BASE}/users\"");
    assert!(bare.text().contains(&link), "{}", bare.text());
    for value in [
        basic(&admin.user, "wrong"),
        basic("nobody", &admin.password),
        basic(&admin.user, &admin.api_key),
        "Basic !".to_owned(),
        "Bearer x".to_owned(),
    ] {
        let refused = ask(&[("Authorization", &value)], "/users");
        assert_error(&refused, 401, "Unauthorized", "");
        assert_eq!(refused.header("WWW-Authenticate"), Some(realm));
    }
    assert_error(&ask(&[], "/doc/home.html"), 401, "Unauthorized", "");
    let good = basic(&admin.user, &admin.password);
    let headers = [
        ("Authorization", good.as_str()),
        ("L7-key-passphrase", "c2VjcmV0"),
        ("Host", "gw.example:9443"),
    ];
    let page = ask(&headers, "/doc/home.html").expect(200);
    assert_eq!(
        page.header("Content-Type"),
        Some("text/html; charset=utf-8")
    );
    assert!(page.text().contains("trustedCertificates"));
    let list = ask(&headers, "/users?login=admin").expect(200);
    assert!(
        list.text()
            .contains("uri=\"https://gw.example:9443/restman/1.0/users\""),
        "{}",
        list.text()
    );
}

#[test]
fn everybody_reaches_what_the_engine_lets_them() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let clients = [
        (
            "operator",
            Client::new(&server, "olga", "north", "operator"),
        ),
        ("auditor", Client::new(&server, "audit", "north", "auditor")),
        (
            "domain",
            Client::new(&server, "dora", "north", "domain-administrator"),
        ),
        ("self", Client::new(&server, "joe", "north", "self-service")),
    ];
    server.add_user("ann", "ann", "north", "self-service", PASSWORD);
    server.add_user("bob", "bob", "south", "self-service", PASSWORD);
    let certificates = [
        foreign(&server, "/CN=a"),
        foreign(&server, "/CN=b"),
        foreign(&server, "/CN=c"),
    ];
    admin.attach("ann", &certificates[0]).expect(200);
    let provider = format!(
        "<l7:IdentityProvider {NS}><l7:Name>x</l7:Name><l7:IdentityProviderType>LDAP</l7:IdentityProviderType></l7:IdentityProvider>"
    );
    let trusted = format!(
        "<l7:TrustedCertificate {NS}><l7:Name>x</l7:Name><l7:CertificateData><l7:Encoded>{}</l7:Encoded>\
         </l7:CertificateData></l7:TrustedCertificate>",
        super::der_in_base64(&certificates[0])
    );
    let new = user("new", "");
    let attach = super::certificate_data(&super::der_in_base64(&certificates[1]));
    // Method, path and body, and the statuses for operator, auditor, domain administrator and self-service.
    for (method, path, body, want) in [
        ("GET", "/users/ann", "", [200, 200, 200, 403]),
        ("GET", "/users/joe", "", [200, 200, 200, 200]),
        ("GET", "/users/bob", "", [200, 200, 403, 403]),
        ("GET", "/users/nobody", "", [404, 404, 404, 403]),
        ("GET", "/users/ann/certificate", "", [200, 200, 200, 403]),
        (
            "PUT",
            "/users/ann/certificate",
            &attach,
            [400, 403, 400, 403],
        ),
        (
            "PUT",
            "/users/bob/certificate",
            &attach,
            [200, 403, 403, 403],
        ),
        ("DELETE", "/users/bob/certificate", "", [200, 403, 403, 403]),
        // An auditor reaches beyond its domain: it is an administrator's to have a certificate attached.
        (
            "PUT",
            "/users/audit/certificate",
            &attach,
            [403, 403, 403, 403],
        ),
        (
            "DELETE",
            "/users/audit/certificate",
            "",
            [403, 403, 403, 403],
        ),
        (
            "PUT",
            "/users/bob/password",
            "another good password",
            [403, 403, 403, 403],
        ),
        ("POST", "/users", &new, [403, 403, 201, 403]),
        ("PUT", "/users/bob", &new, [403, 403, 403, 403]),
        ("DELETE", "/users/bob", "", [403, 403, 403, 403]),
        ("GET", "/identityProviders", "", [200, 200, 200, 200]),
        (
            "POST",
            "/identityProviders",
            &provider,
            [403, 403, 403, 403],
        ),
        ("GET", "/trustedCertificates", "", [200, 200, 200, 200]),
        (
            "POST",
            "/trustedCertificates",
            &trusted,
            [403, 403, 403, 403],
        ),
        ("GET", "/privateKeys", "", [200, 200, 200, 200]),
        ("GET", "/groups", "", [200, 200, 200, 200]),
        ("GET", "/users/template", "", [200, 200, 200, 200]),
        ("GET", "/doc/home.html", "", [200, 200, 200, 200]),
    ] {
        for ((who, client), status) in clients.iter().zip(want) {
            let answer = client.send(method, path, body);
            let said = answer.text();
            assert_eq!(answer.status, status, "{who}: {method} {path}: {said}");
        }
    }
    assert_eq!(
        listed(&clients[2].1, "/users"),
        ["ann", "audit", "dora", "joe", "new", "olga"]
    );
    assert_eq!(listed(&clients[3].1, "/users"), ["joe"]);
    let own = super::certificate_data(&super::der_in_base64(&certificates[2]));
    let joe = &clients[3].1;
    joe.send("PUT", "/users/joe/certificate", own).expect(200);
    joe.get(&format!(
        "/identityProviders/{INTERNAL}/users/joe/certificate"
    ))
    .expect(200);
    joe.send("DELETE", "/users/joe/certificate", "").expect(200);
}

#[test]
fn keys_are_their_owners() {
    let server = Server::start();
    let joe = Client::new(&server, "joe", "north", "self-service");
    let auditor = Client::new(&server, "audit", "north", "auditor");
    let own = joe.issue_to("joe", "CN=joe");
    let other = joe.issue_to("audit", "CN=audit");
    let path = |one: &serde_json::Value, what: &str| {
        format!(
            "/privateKeys/00000000000000000000000000000002:{}{what}",
            one["name"].as_str().unwrap()
        )
    };
    let export = format!(
        "<l7:PrivateKeyExportContext {NS}><l7:Password>secret</l7:Password></l7:PrivateKeyExportContext>"
    );
    joe.send("PUT", &path(&own, "/export"), &export).expect(200);
    joe.get(&path(&own, "/generateCSR")).expect(200);
    assert_error(&joe.get(&path(&other, "")), 404, "NotFound", "");
    assert_error(
        &joe.send("PUT", &path(&other, "/export"), &export),
        404,
        "NotFound",
        "",
    );
    auditor.get(&path(&own, "")).expect(200);
    assert_error(
        &auditor.send("PUT", &path(&own, "/export"), &export),
        403,
        "Forbidden",
        "",
    );
    assert_error(
        &auditor.get(&path(&own, "/generateCSR")),
        403,
        "Forbidden",
        "",
    );
    let csr = crate::server::csr(server.scratch(), crate::server::P256, "/CN=x", &[]);
    let sign = "/privateKeys/00000000000000000000000000000002:issuing/signCert";
    assert_error(&auditor.send("PUT", sign, &csr), 403, "Forbidden", "");
    joe.send("PUT", sign, &csr).expect(200);
}

#[test]
fn the_disabled_stay_out() {
    let server = Server::start();
    let joe = Client::new(&server, "joe", "north", "self-service");
    joe.get("/users").expect(200);
    server
        .native("PATCH", "/users/joe", &json!({"disabled": true}))
        .expect(200);
    assert_error(&joe.get("/users"), 403, "Forbidden", "disabled");
}
