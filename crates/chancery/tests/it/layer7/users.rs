//! Users: made, listed, changed, removed; their passwords; groups.

use serde_json::{Value, json};

use crate::server::Server;

use super::{
    Client, INTERNAL, NS, PASSWORD, assert_error, foreign, listed, text_of, texts_of, user,
};

#[test]
fn a_user_is_the_same_user_everywhere() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let more = format!(
        "<l7:Password>{PASSWORD}</l7:Password><l7:FirstName>John</l7:FirstName><l7:LastName>Doe</l7:LastName>\
         <l7:Email>john@example.com</l7:Email><l7:SubjectDn>CN=john</l7:SubjectDn><l7:Properties>\
         <l7:Property key=\"name\"><l7:StringValue>John Doe</l7:StringValue></l7:Property>\
         <l7:Property key=\"accountExpiration\"><l7:LongValue>4102444800000</l7:LongValue></l7:Property></l7:Properties>"
    );
    let made = admin
        .send("POST", "/users", user("john", &more))
        .expect(201);
    let id = text_of(&made, "Id");
    let native = server
        .native("GET", &format!("/users/{id}"), &Value::Null)
        .expect(200)
        .json();
    assert_eq!(
        (&native["name"], &native["roles"]),
        (&json!("john"), &json!(["self-service"]))
    );
    let shown = admin.get(&format!("/users/{id}")).expect(200);
    assert_eq!(
        shown.text().replace(&text_of(&shown, "TimeStamp"), ""),
        made.text().replace(&text_of(&made, "TimeStamp"), "")
    );
    assert_eq!(texts_of(&shown, "StringValue"), ["John Doe"]);
    assert_eq!(texts_of(&shown, "LongValue"), ["4102444800000"]);
    assert!(!shown.text().contains(PASSWORD) && !shown.text().contains("Password"));

    let john = Client::with_password(&server, "john", PASSWORD);
    assert_eq!(listed(&john, "/users"), ["john"]);
    john.get(&format!("/users/{id}")).expect(200);
}

#[test]
fn a_put_replaces_the_person_and_nothing_that_lets_in() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let person = "<l7:FirstName>John</l7:FirstName><l7:Email>a@b.example</l7:Email>";
    let password = format!("<l7:Password>{PASSWORD}</l7:Password>");
    let made = admin.send(
        "POST",
        "/users",
        user("john", &format!("{person}{password}")),
    );
    let path = format!("/users/{}", text_of(&made.expect(201), "Id"));
    let property = |key: &str, kind: &str, value: &str| {
        format!(
            "<l7:Properties><l7:Property key=\"{key}\"><l7:{kind}>{value}</l7:{kind}></l7:Property></l7:Properties>"
        )
    };
    let disabled = property("enabled", "BooleanValue", "false");
    admin
        .send("PUT", &path, user("john", &disabled))
        .expect(200);
    let john = Client::with_password(&server, "john", PASSWORD);
    assert_error(&john.get(&path), 403, "Forbidden", "disabled");

    let changed = admin
        .send("PUT", &path, user("jim", "<l7:LastName>Doe</l7:LastName>"))
        .expect(200);
    assert_eq!(texts_of(&changed, "BooleanValue"), ["false"]);
    assert_eq!(texts_of(&changed, "Email"), Vec::<String>::new());
    assert_eq!(
        (text_of(&changed, "Login"), text_of(&changed, "LastName")),
        ("jim".to_owned(), "Doe".to_owned())
    );
    let enabled = property("enabled", "BooleanValue", "true");
    admin.send("PUT", &path, user("jim", &enabled)).expect(200);
    let jim = Client::with_password(&server, "jim", PASSWORD);
    jim.get(&path).expect(200);

    let over = property("accountExpiration", "LongValue", "1000000000000");
    admin.send("PUT", &path, user("jim", &over)).expect(200);
    assert_error(&jim.get(&path), 403, "Forbidden", "");
    let kept = admin
        .send(
            "PUT",
            &path,
            format!("<User xmlns=\"{}\"/>", NS.split('"').nth(1).unwrap()),
        )
        .expect(200);
    assert_eq!(
        (text_of(&kept, "Login"), texts_of(&kept, "LongValue")),
        ("jim".to_owned(), vec!["1000000000000".to_owned()])
    );
}

#[test]
fn passwords_are_set_as_plain_text() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let joe = Client::new(&server, "joe", "default", "self-service");
    let path = "/users/joe/password";
    let other = "another correct horse";
    joe.send("PUT", &format!("{path}?format=plain"), other)
        .expect(200);
    assert_error(&joe.get("/users"), 401, "Unauthorized", "");
    let joe = Client::with_password(&server, "joe", other);
    joe.get("/users").expect(200);
    admin
        .send(
            "PUT",
            &format!("/identityProviders/{INTERNAL}{path}/"),
            PASSWORD,
        )
        .expect(200);
    Client::with_password(&server, "joe", PASSWORD)
        .get("/users")
        .expect(200);
    for (query, body, why) in [
        (
            "?format=sha512crypt",
            "$6$abc$def",
            "sha512crypt is not taken",
        ),
        ("?format=md5", "x", "format must be plain"),
        ("", "", "must be the new password"),
    ] {
        assert_error(
            &admin.send("PUT", &format!("{path}{query}"), body),
            400,
            "BadRequest",
            why,
        );
    }
}

#[test]
fn lists_are_filtered_and_ordered() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    for login in ["bob", "ann", "cid"] {
        admin.add_user(login);
    }
    assert_eq!(listed(&admin, "/users"), ["admin", "ann", "bob", "cid"]);
    assert_eq!(
        listed(&admin, "/users?sort=login&order=desc"),
        ["cid", "bob", "ann", "admin"]
    );
    assert_eq!(
        listed(&admin, "/users/?login=cid&login=ann&login=x"),
        ["ann", "cid"]
    );
    assert_eq!(
        listed(
            &admin,
            &format!("/identityProviders/{INTERNAL}/users?login=bob")
        ),
        ["bob"]
    );
    assert!(listed(&admin, "/users?login=Bob").is_empty());
    for query in ["sort=id", "order=up", "name=bob", "login=bob&limit=1"] {
        assert_error(
            &admin.get(&format!("/users?{query}")),
            400,
            "BadRequest",
            "",
        );
    }
}

#[test]
fn whoever_owns_certificates_stays() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = admin.add_user("joe");
    let path = format!("/users/{id}");
    assert_error(
        &admin.send("POST", "/users", user("joe", "")),
        400,
        "Conflict",
        "",
    );
    admin.attach(&id, &foreign(&server, "/CN=joe")).expect(200);
    assert_error(
        &admin.send("DELETE", &path, ""),
        400,
        "Conflict",
        "certificates",
    );
    let ann = format!("/users/{}", admin.add_user("ann"));
    let removed = admin.send("DELETE", &ann, "").expect(204);
    assert!(removed.body.is_empty());
    for method in ["GET", "DELETE"] {
        assert_error(
            &admin.send(method, &ann, ""),
            404,
            "NotFound",
            "no such user",
        );
    }
    assert_error(
        &admin.send("PUT", &ann, user("x", "")),
        404,
        "NotFound",
        "no such user",
    );
    let disabled = "<l7:Properties><l7:Property key=\"enabled\"><l7:BooleanValue>0</l7:BooleanValue></l7:Property></l7:Properties>";
    assert_error(
        &admin.send("POST", "/users", user("x", disabled)),
        400,
        "BadRequest",
        "made enabled",
    );
    assert_error(
        &admin.send("POST", "/users", format!("<l7:User {NS}/>")),
        400,
        "BadRequest",
        "Login",
    );
}

#[test]
fn ids_that_are_no_plain_words_are_links_all_the_same() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    server.add_user("odd", "a/b?ü&<c>", "default", "self-service", PASSWORD);
    let answer = admin.get("/users?login=odd").expect(200);
    assert_eq!(text_of(&answer, "Id"), "a/b?ü&amp;&lt;c&gt;");
    let text = answer.text();
    let link = text
        .split("uri=\"")
        .nth(2)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let path = link.strip_prefix("https://localhost/restman/1.0").unwrap();
    assert_eq!(text_of(&admin.get(path).expect(200), "Name"), "odd");
    assert_error(&admin.get("/users/a%20b"), 404, "NotFound", "");
    assert_error(&admin.get("/users/%ff"), 400, "BadRequest", "");
}

#[test]
fn groups_are_roles_with_lasting_ids() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let all = [
        "administrator",
        "approver",
        "auditor",
        "domain-administrator",
        "operator",
        "self-service",
    ];
    assert_eq!(listed(&admin, "/groups"), all);
    assert_eq!(
        listed(
            &admin,
            &format!("/identityProviders/{INTERNAL}/groups?name=auditor&name=x")
        ),
        ["auditor"]
    );
    assert_eq!(
        listed(&admin, "/groups?sort=name&order=desc")
            .first()
            .unwrap(),
        "self-service"
    );
    let id = "6368616e636572790000000000000004";
    let group = admin.get(&format!("/groups/{id}")).expect(200);
    assert_eq!(
        (
            text_of(&group, "Name"),
            text_of(&group, "Id"),
            text_of(&group, "Type")
        ),
        ("auditor".to_owned(), id.to_owned(), "GROUP".to_owned())
    );
    assert_error(&admin.get("/groups/1"), 404, "NotFound", "no such group");
    assert_error(&admin.get("/groups?login=x"), 400, "BadRequest", "");
    assert_error(
        &admin.get(&format!("/identityProviders/{}/groups", "0a".repeat(16))),
        404,
        "NotFound",
        "",
    );
}

#[test]
fn templates_show_how_a_thing_looks() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let through = format!("/identityProviders/{INTERNAL}");
    for (path, kind, element) in [
        ("/users/template".to_owned(), "USER", "User"),
        (format!("{through}/users/template"), "USER", "User"),
        ("/groups/template".to_owned(), "GROUP", "Group"),
        (format!("{through}/groups/template"), "GROUP", "Group"),
        (
            "/identityProviders/template".to_owned(),
            "ID_PROVIDER_CONFIG",
            "IdentityProvider",
        ),
        (
            "/trustedCertificates/template".to_owned(),
            "TRUSTED_CERT",
            "TrustedCertificate",
        ),
        (
            "/privateKeys/template/privatekeyimportcontext".to_owned(),
            "SSG_KEY_ENTRY",
            "PrivateKeyImportContext",
        ),
        (
            "/privateKeys/template/privatekeyexportcontext".to_owned(),
            "SSG_KEY_ENTRY",
            "PrivateKeyExportContext",
        ),
    ] {
        let answer = admin.get(&path).expect(200);
        assert_eq!(text_of(&answer, "Type"), kind, "{path}");
        let text = answer.text();
        assert!(
            text.contains(&format!("    <l7:Resource>\n        <l7:{element}")),
            "{text}"
        );
        assert!(
            text.contains(&format!("uri=\"https://localhost/restman/1.0{path}\"")),
            "{text}"
        );
        assert!(!text.contains("<l7:Id>"), "{text}");
    }
}

#[test]
fn the_servers_own_user_is_not_there() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let certificate = super::certificate_data(&super::der_in_base64(&foreign(&server, "/CN=x")));
    let found = listed(&admin, "/users?login=chancery-server");
    assert!(found.is_empty(), "{found:?}");
    for root in [String::new(), format!("/identityProviders/{INTERNAL}")] {
        let path = format!("{root}/users/chancery-server");
        for (method, path, body) in [
            ("GET", path.clone(), String::new()),
            ("PUT", path.clone(), user("chancery-server", "")),
            ("DELETE", path.clone(), String::new()),
            ("PUT", format!("{path}/password"), PASSWORD.to_owned()),
            ("PUT", format!("{path}/certificate"), certificate.clone()),
            ("GET", format!("{path}/certificate"), String::new()),
            ("DELETE", format!("{path}/certificate"), String::new()),
        ] {
            let answer = admin.send(method, &path, body);
            assert_error(&answer, 404, "NotFound", "no such user");
        }
    }
}
