//! What a stock Keystone client does before it reaches the extension: versions, log-in, catalog, tenants; and the life of
//! a token.

use serde_json::json;

use super::{BASE, Client, PASSWORD, assert_fault, authenticate};
use crate::server::Server;
use crate::wire::Answer;

fn lookup(server: &Server, path: &str, accept: &str) -> Answer {
    server.request(
        "GET",
        path,
        &[("Accept", accept), ("Host", "ca.example:8443")],
        b"",
    )
}

#[test]
fn versions_and_extensions_are_found_without_a_token() {
    let server = Server::start();
    let answer = lookup(&server, "/", "application/json").expect(300).json();
    assert_eq!(
        answer["versions"]["values"][0]["links"][0]["href"],
        "https://ca.example:8443/v2.0/"
    );
    for path in ["/v2.0", "/v2.0/"] {
        let version = &lookup(&server, path, "application/json").expect(200).json()["version"];
        assert_eq!(
            (version["id"].as_str(), version["status"].as_str()),
            (Some("v2.0"), Some("stable"))
        );
        assert_eq!(
            version["links"][0],
            json!({"rel": "self", "href": "https://ca.example:8443/v2.0/"})
        );
    }
    let extensions = lookup(&server, "/v2.0/extensions", "application/json")
        .expect(200)
        .json();
    assert_eq!(extensions["extensions"]["values"][0]["alias"], "HP-IDM");
    let extension = lookup(&server, "/v2.0/extensions/HP-IDM", "application/json")
        .expect(200)
        .json();
    assert_eq!(
        extension["extension"]["namespace"],
        "http://www.hp.com/identity/api/ext/HP-IDM/v1.0"
    );
    assert_fault(
        &lookup(&server, "/v2.0/extensions/OS-KSADM", "application/json"),
        404,
        "itemNotFound",
    );

    let xml = lookup(&server, "/", "application/xml").expect(300).text();
    assert!(xml.starts_with("<versions xmlns=\"http://docs.openstack.org/identity/api/v2.0\">\n   <version id=\"v2.0\""), "{xml}");
    let xml = lookup(&server, "/v2.0/extensions", "application/xml")
        .expect(200)
        .text();
    assert!(xml.contains(" alias=\"HP-IDM\""), "{xml}");
    for host in ["ca.example/x", "a@b", "a\"b", ""] {
        let answer = server.request("GET", "/v2.0", &[("Host", host)], b"");
        assert_eq!(answer.status, 400, "{host}");
    }
}

#[test]
fn the_configured_address_is_told_in_the_catalog() {
    let server = Server::start_with_config(
        "[keystone]\npublic_url = \"https://identity.example/v2.0/\"\nregion = \"region-b.geo-1\"\n",
    );
    let auth = json!({"passwordCredentials": {"username": server.admin().user, "password": server.admin().password}});
    let access = authenticate(&server, &auth).expect(200).json();
    let endpoint = &access["access"]["serviceCatalog"][0]["endpoints"][0];
    assert_eq!(endpoint["publicURL"], "https://identity.example/v2.0/");
    assert_eq!(endpoint["list"], "https://identity.example/");
    assert_eq!(endpoint["region"], "region-b.geo-1");
}

#[test]
fn passwords_and_access_keys_log_in_for_a_tenant_or_none() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let password = json!({"username": "joe", "password": PASSWORD});
    let access = authenticate(
        &server,
        &json!({"passwordCredentials": password, "tenantId": "1001"}),
    )
    .expect(200)
    .json();
    let access = &access["access"];
    assert_eq!(
        access["token"]["tenant"],
        json!({"id": "1001", "name": "1001"})
    );
    assert_eq!(
        (
            access["user"]["id"].as_str(),
            access["user"]["name"].as_str()
        ),
        (Some("3002"), Some("joe"))
    );
    let role = json!({"id": "self-service", "serviceId": "100", "name": "self-service", "tenantId": "1001"});
    assert_eq!(access["user"]["roles"], json!([role]));
    let token = access["token"]["id"].as_str().unwrap();
    let digits = token.strip_prefix("HPAuth_").unwrap();
    assert!(
        digits.len() == 24 && digits.bytes().all(|b| b.is_ascii_hexdigit()),
        "{token}"
    );
    let expires = access["token"]["expires"].as_str().unwrap();
    assert!(
        expires.len() == 24 && expires.ends_with(".000Z"),
        "{expires}"
    );

    let identity = &access["serviceCatalog"][0];
    assert_eq!(identity["type"], "identity");
    for url in ["publicURL", "internalURL", "adminURL"] {
        assert_eq!(identity["endpoints"][0][url], "https://localhost/v2.0/");
    }

    let by_name = authenticate(
        &server,
        &json!({"passwordCredentials": password, "tenantName": "1001"}),
    )
    .expect(200);
    assert_eq!(by_name.json()["access"]["token"]["tenant"]["id"], "1001");
    for member in ["username", "userId"] {
        let by_id = json!({"passwordCredentials": {member: "3002", "password": PASSWORD}});
        let access = authenticate(&server, &by_id).expect(200).json();
        assert_eq!(access["access"]["token"].get("tenant"), None);
        assert_eq!(access["access"]["user"]["name"], "joe");
    }

    let admin = server.admin();
    let key = json!({"accessKey": admin.user, "secretKey": admin.api_key});
    let access = authenticate(
        &server,
        &json!({"apiAccessKeyCredentials": key, "tenantId": "1001"}),
    )
    .expect(200)
    .json();
    assert_eq!(access["access"]["token"]["tenant"]["id"], "1001");
    let swapped = json!({"accessKey": admin.user, "secretKey": admin.password});
    assert_fault(
        &authenticate(&server, &json!({"apiAccessKeyCredentials": swapped})),
        401,
        "unauthorized",
    );
}

#[test]
fn xml_logs_in_as_well() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    let body_by = |who: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<auth xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
             xmlns=\"http://docs.openstack.org/identity/api/v2.0\" tenantName=\"1001\">\n  \
             <passwordCredentials {who} password=\"{PASSWORD}\"/>\n</auth>"
        )
    };
    let headers = [
        ("Content-Type", "application/xml"),
        ("Accept", "application/xml"),
    ];
    let log_in = |who: &str| {
        server
            .request("POST", "/v2.0/tokens", &headers, body_by(who).as_bytes())
            .expect(200)
            .text()
    };
    assert!(log_in("userId=\"3002\"").contains("<user id=\"3002\" name=\"joe\">"));
    let text = log_in("username=\"joe\"");
    for part in [
        "<access xmlns=\"http://docs.openstack.org/identity/api/v2.0\"",
        "      <tenant id=\"1001\" name=\"1001\"/>\n",
        "   <user id=\"3002\" name=\"joe\">\n",
        "      <service type=\"identity\" name=\"Identity\">\n",
        " publicURL=\"https://localhost/v2.0/\"",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let token = text
        .split_once("<token id=\"")
        .unwrap()
        .1
        .split('"')
        .next()
        .unwrap();
    let body = format!(
        "<auth xmlns=\"http://www.hp.com/identity/api/ext/HP-IDM/v1.0\" tenantId=\"1001\"><token id=\"{token}\"/></auth>"
    );
    server
        .request("POST", "/v2.0/tokens", &headers, body.as_bytes())
        .expect(200);
}

/// A client with the token that an answer gives.
fn bearer<'s>(server: &'s Server, answer: &Answer) -> Client<'s> {
    let token = answer.json()["access"]["token"]["id"].clone();
    Client {
        server,
        token: token.as_str().unwrap().to_owned(),
    }
}

/// Two users of one tenant, with tokens for none.
fn joe_and_ann(server: &Server) -> (Client<'_>, Client<'_>) {
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    server.add_user("ann", "3003", "1001", "self-service", PASSWORD);
    (Client::log_in(server, "joe"), Client::log_in(server, "ann"))
}

/// The same with a token for the tenant.
fn scoped<'s>(client: &Client<'s>) -> Client<'s> {
    let rescope = json!({"token": {"id": client.token}, "tenantId": "1001"});
    let answer = authenticate(client.server, &rescope).expect(200);
    bearer(client.server, &answer)
}

fn ask(client: &Client<'_>, method: &str, path: &str) -> Answer {
    client.send(method, path, "application/json", b"")
}

#[test]
fn tokens_are_scoped_anew_and_validated() {
    let server = Server::start();
    let (joe, ann) = joe_and_ann(&server);
    let scoped = scoped(&joe);
    assert_ne!(scoped.token, joe.token);
    let path = format!("/v2.0/tokens/{}", scoped.token);
    for client in [&joe, &scoped, &Client::administrator(&server)] {
        let access = &ask(client, "GET", &path).expect(200).json()["access"];
        assert_eq!(access["user"]["id"], "3002");
        assert_eq!(access["token"]["tenant"]["id"], "1001");
        assert_eq!(access.get("serviceCatalog"), None);
        let quick = ask(client, "HEAD", &format!("{path}?belongsTo=1001")).expect(204);
        assert!(quick.body.is_empty());
    }
    let unscoped = format!("/v2.0/tokens/{}?belongsTo=1001", joe.token);
    let elsewhere = format!("{path}?belongsTo=2002");
    let unknown = "/v2.0/tokens/HPAuth_000000000000000000000000";
    assert_fault(&ask(&joe, "GET", &elsewhere), 400, "badRequest");
    assert_fault(&ask(&joe, "GET", &unscoped), 400, "badRequest");
    assert_fault(&ask(&ann, "GET", &path), 401, "unauthorized");
    assert_fault(&ask(&joe, "GET", unknown), 404, "itemNotFound");
}

#[test]
fn tokens_are_refreshed_and_revoked() {
    let server = Server::start();
    let (joe, ann) = joe_and_ann(&server);
    let old = scoped(&joe);
    let refresh = format!("{BASE}/tokens/{}", old.token);
    assert_fault(&ask(&joe, "POST", &refresh), 401, "unauthorized");
    let answer = ask(&old, "POST", &refresh).expect(200);
    assert_eq!(answer.json()["access"]["token"]["tenant"]["id"], "1001");
    let new = bearer(&server, &answer);
    assert_eq!((old.list("").len(), new.list("").len()), (0, 0));

    let path = format!("/v2.0/tokens/{}", old.token);
    assert_fault(&ask(&ann, "DELETE", &path), 401, "unauthorized");
    assert!(ask(&old, "DELETE", &path).expect(204).body.is_empty());
    assert_fault(&ask(&old, "GET", "/v2.0/tenants"), 401, "unauthorized");
    assert_fault(&ask(&joe, "GET", &path), 404, "itemNotFound");
    assert_fault(&ask(&joe, "DELETE", &path), 404, "itemNotFound");
    let admin = Client::administrator(&server);
    ask(&admin, "DELETE", &format!("{BASE}/tokens/{}", new.token)).expect(204);
    assert_fault(&ask(&new, "GET", "/v2.0/tenants"), 401, "unauthorized");
}

#[test]
fn tenants_are_the_domains_that_the_caller_reaches() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    server.add_user("bob", "3004", "2002", "self-service", PASSWORD);
    let (joe, admin) = (
        Client::log_in(&server, "joe"),
        Client::administrator(&server),
    );
    let ids = |client: &Client<'_>, path: &str| -> Vec<String> {
        let answer = client
            .send("GET", path, "application/json", b"")
            .expect(200)
            .json();
        answer["tenants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tenant| tenant["id"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&joe, "/v2.0/tenants"), ["1001"]);
    assert_eq!(ids(&admin, "/v2.0/tenants/"), ["1001", "2002", "default"]);
    assert_eq!(ids(&admin, "/v2.0/tenants?limit=1&marker=1001"), ["2002"]);
    assert_eq!(ids(&admin, "/v2.0/tenants?name=2002"), ["2002"]);
    assert_eq!(ids(&joe, "/v2.0/tenants?name=2002"), Vec::<String>::new());
    let xml = joe
        .send("GET", "/v2.0/tenants", "application/xml", b"")
        .expect(200)
        .text();
    assert!(
        xml.contains("\n   <tenant id=\"1001\" name=\"1001\" enabled=\"true\"/>\n"),
        "{xml}"
    );
    assert_fault(
        &server.request("GET", "/v2.0/tenants", &[], b""),
        401,
        "unauthorized",
    );
}

#[test]
fn wrong_credentials_and_foreign_tenants_are_unauthorized() {
    let server = Server::start();
    server.add_user("joe", "3002", "1001", "self-service", PASSWORD);
    server.add_user("bob", "3004", "2002", "self-service", PASSWORD);
    let right = json!({"username": "joe", "password": PASSWORD});
    for auth in [
        json!({"passwordCredentials": {"username": "joe", "password": "wrong"}}),
        json!({"passwordCredentials": {"username": "nobody", "password": PASSWORD}}),
        json!({"apiAccessKeyCredentials": {"accessKey": "joe", "secretKey": PASSWORD}}),
        json!({"token": {"id": "HPAuth_000000000000000000000000"}}),
        json!({"passwordCredentials": right, "tenantId": "2002"}),
        json!({"passwordCredentials": right, "tenantId": "nowhere"}),
        json!({"passwordCredentials": right, "tenantId": "a b"}),
        json!({"passwordCredentials": right, "tenantName": "2002"}),
    ] {
        let answer = authenticate(&server, &auth);
        assert_fault(&answer, 401, "unauthorized");
        assert!(answer.header("WWW-Authenticate").is_some());
    }
    for auth in [
        json!({}),
        json!({"passwordCredentials": right, "token": {"id": "x"}}),
        json!({"passwordCredentials": right, "tenantId": "1001", "tenantName": "1001"}),
        json!({"passwordCredentials": {"username": "joe"}}),
    ] {
        assert_fault(&authenticate(&server, &auth), 400, "badRequest");
    }
}
