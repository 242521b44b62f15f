//! What every API holds against hostile clients, each in its own words.

use crate::server::{Server, basic};
use crate::wire::Answer;

/// A call of an API as the administrator, with a body of whose text a part can be anything.
struct Call {
    api: &'static str,
    method: &'static str,
    path: &'static str,
    media_type: &'static str,
    body: fn(&str) -> String,
}

const CALLS: [Call; 6] = [
    Call {
        api: "native",
        method: "POST",
        path: "/chancery/v1/domains",
        media_type: "application/json",
        body: |text| format!(r#"{{"{text}": 1, "{text}": 2}}"#),
    },
    Call {
        api: "keystone",
        method: "POST",
        path: "/v2.0/tokens",
        media_type: "application/json",
        body: |text| format!(r#"{{"{text}": 1, "{text}": 2}}"#),
    },
    Call {
        api: "fortiauthenticator",
        method: "PATCH",
        path: "/api/v1/usercerts/1/",
        media_type: "application/json",
        body: |text| format!(r#"{{"status": "{text}", "revocation_reason": "{text}"}}"#),
    },
    Call {
        api: "layer7",
        method: "POST",
        path: "/restman/1.0/identityProviders",
        media_type: "application/xml",
        body: |text| {
            format!(
                "<l7:IdentityProvider xmlns:l7=\"http://ns.l7tech.com/2010/04/gateway-management\"><l7:Name>a</l7:Name>\
                 <l7:IdentityProviderType>LDAP</l7:IdentityProviderType><l7:Properties><l7:Property key=\"{text}\">\
                 <l7:BooleanValue>perhaps</l7:BooleanValue></l7:Property></l7:Properties></l7:IdentityProvider>"
            )
        },
    },
    Call {
        api: "appviewx",
        method: "POST",
        path: "/avxapi/certificate/search?gwsource=external",
        media_type: "application/json",
        body: |text| format!(r#"{{"{text}": 1, "{text}": 2}}"#),
    },
    Call {
        api: "sbc",
        method: "POST",
        path: "/rest/v1.2/configuration/configElements",
        media_type: "application/xml",
        body: |text| format!("<configElement><elementType>{text}</elementType></configElement>"),
    },
];

const TWO_HOSTS: [(&str, &str); 2] = [("Host", "localhost"), ("Host", "elsewhere")];

impl Call {
    fn send(&self, server: &Server, token: &str, more: &[(&str, &str)], text: &str) -> Answer {
        let admin = server.admin();
        let secret = if self.api == "layer7" {
            &admin.password
        } else {
            &admin.api_key
        };
        let proof = match self.api {
            "keystone" => ("X-Auth-Token", token.to_owned()),
            "appviewx" => ("sessionid", token.to_owned()),
            "sbc" => ("Authorization", format!("Bearer {token}")),
            _ => ("Authorization", basic(&admin.user, secret)),
        };
        let headers = [&[(proof.0, proof.1.as_str())], more].concat();
        let body = (self.body)(text).into_bytes();
        server.request(self.method, self.path, &headers, &body)
    }
}

fn token(server: &Server) -> String {
    let answer = server.native("POST", "/tokens", &serde_json::json!({}));
    let token = &answer.expect(201).json()["token"];
    token.as_str().unwrap().to_owned()
}

#[test]
fn text_that_is_said_to_be_in_another_charset_is_not_guessed_at() {
    let server = Server::start();
    let token = token(&server);
    for call in &CALLS {
        let latin = format!("{}; charset=ISO-8859-1", call.media_type);
        let answer = call.send(&server, &token, &[("Content-Type", &latin)], "jö");
        let told = answer.expect(400).text();
        assert!(told.contains("must be in UTF-8"), "{}: {told}", call.api);
        // In ASCII all charsets agree; Keystone is the stricter one.
        let answer = call.send(&server, &token, &[("Content-Type", &latin)], "joe");
        let told = answer.expect(400).text();
        let refused = told.contains("must be in UTF-8");
        assert_eq!(refused, call.api == "keystone", "{}: {told}", call.api);
    }
}

#[test]
fn a_request_that_names_two_hosts_is_refused() {
    let server = Server::start();
    let token = token(&server);
    for call in &CALLS {
        let answer = call.send(&server, &token, &TWO_HOSTS, "joe");
        let told = answer.expect(400).text();
        assert!(told.contains("two hosts"), "{}: {told}", call.api);
    }
    let answer = server.request("GET", "/crl/issuing.crl", &TWO_HOSTS, b"");
    assert!(answer.expect(400).text().contains("two hosts"));
}

#[test]
fn what_was_sent_is_not_told_back_whole() {
    let server = Server::start();
    let token = token(&server);
    let long = "x".repeat(400_000);
    for call in &CALLS {
        let media_type = [("Content-Type", call.media_type)];
        let told = call.send(&server, &token, &media_type, &long).expect(400);
        assert!(
            told.body.len() < 20_000,
            "{}: {}",
            call.api,
            told.body.len()
        );
    }
    let answer = server.request("GET", &format!("/{}", "x".repeat(60_000)), &[], b"");
    assert!(answer.expect(404).body.len() < 20_000);
}
