//! Stories through several APIs: what one does is at once what every other says, and the CRL, and openssl.

mod agreement;
mod five_apis;
mod one_certificate;
mod relying_parties;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::server::{Server, basic};
use crate::wire::Answer;

const PASSWORD: &str = "correct horse battery staple";
const L7: &str = "http://ns.l7tech.com/2010/04/gateway-management";

/// Says how the story goes on, for who reads it: `cargo test -p chancery --test it scenarios -- --nocapture`.
#[expect(clippy::print_stdout, reason = "a story is there to be read")]
fn tell(line: &str) {
    println!("{line}");
}

/// A Keystone user with its token.
struct Keystone<'s> {
    server: &'s Server,
    token: String,
}

impl<'s> Keystone<'s> {
    fn log_in(server: &'s Server, user: &str, password: &str) -> Keystone<'s> {
        let auth =
            json!({"auth": {"passwordCredentials": {"username": user, "password": password}}});
        let headers = [
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
        ];
        let answer = server
            .request(
                "POST",
                "/v2.0/tokens",
                &headers,
                auth.to_string().as_bytes(),
            )
            .expect(200)
            .json();
        let token = answer["access"]["token"]["id"].as_str().unwrap().to_owned();
        Keystone { server, token }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [
            ("X-Auth-Token", self.token.as_str()),
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
        ];
        let path = format!("/v2.0/HP-IDM/v1.0/certificates{path}");
        let octets = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        self.server.request(method, &path, &headers, &octets)
    }

    fn create(&self, user: &str, subject: &str) -> Value {
        let asked = json!({"certificate": {"userId": user, "subject": subject}});
        self.call("POST", "", &asked).expect(201).json()["certificate"].clone()
    }

    /// The status of the certificate with that issuer and serial number.
    fn status(&self, issuer: &str, serial: &str) -> String {
        let shown = self.find(issuer, serial).expect(200).json();
        shown["certificate"]["status"].as_str().unwrap().to_owned()
    }

    fn find(&self, issuer: &str, serial: &str) -> Answer {
        let issuer = utf8_percent_encode(issuer, NON_ALPHANUMERIC);
        self.call("GET", &format!("/{issuer}/{serial}"), &Value::Null)
    }
}

/// The FortiAuthenticator API with the administrator's key.
struct Forti<'s>(&'s Server);

impl Forti<'_> {
    fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let admin = self.0.admin();
        let authorization = basic(&admin.user, &admin.api_key);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/json"),
        ];
        let octets = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        self.0.request(
            method,
            &format!("/api/v1/usercerts/{path}"),
            &headers,
            &octets,
        )
    }

    /// The one certificate with that serial number among those whose subject holds a text.
    fn find(&self, text: &str, serial: &str) -> Value {
        let path = format!(
            "?limit=0&subject__icontains={}",
            utf8_percent_encode(text, NON_ALPHANUMERIC)
        );
        let listed = self.call("GET", &path, &Value::Null).expect(200).json();
        let all = listed["objects"].as_array().unwrap();
        let found = all.iter().find(|object| {
            let shown = object["serial"].as_str().unwrap();
            shown
                .trim_start_matches('0')
                .eq_ignore_ascii_case(serial.trim_start_matches('0'))
        });
        found
            .unwrap_or_else(|| panic!("{serial} is not in {listed}"))
            .clone()
    }

    fn patch(&self, id: &Value, change: &Value) -> Value {
        self.call("PATCH", &format!("{id}/"), change)
            .expect(202)
            .json()
    }

    /// Renews by name; gives the new name and its PEM.
    fn renew(&self, cert_id: &str, csr: &str, days: u32, revoke_old: bool) -> (String, String) {
        let answer = self.ask_to_renew(cert_id, csr, days, revoke_old);
        let answer = answer.expect(200).json();
        let text = |member: &str| answer[member].as_str().unwrap().to_owned();
        (text("cert_id"), text("certificate"))
    }

    fn ask_to_renew(&self, cert_id: &str, csr: &str, days: u32, revoke_old: bool) -> Answer {
        let boundary = "a-line-that-stands-in-no-part";
        let part = |name: &str, value: &str| {
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        };
        let file = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"csr\"; filename=\"new.csr\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{csr}\r\n"
        );
        let body = [
            part("cert_id", cert_id),
            file,
            part("expiry", &days.to_string()),
            part("revoke_old", &revoke_old.to_string()),
            format!("--{boundary}--\r\n"),
        ]
        .concat();
        let admin = self.0.admin();
        let authorization = basic(&admin.user, &admin.api_key);
        let media_type = format!("multipart/form-data; boundary={boundary}");
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", media_type.as_str()),
        ];
        let path = "/api/v1/usercerts/renew/";
        self.0.request("POST", path, &headers, body.as_bytes())
    }
}

/// Layer7's restman with the administrator's password.
struct Layer7<'s>(&'s Server);

impl Layer7<'_> {
    fn certificate(&self, method: &str, user: &str, body: &str) -> Answer {
        let admin = self.0.admin();
        let authorization = basic(&admin.user, &admin.password);
        let headers = [
            ("Authorization", authorization.as_str()),
            ("Content-Type", "application/xml"),
        ];
        let path = format!("/restman/1.0/users/{user}/certificate");
        self.0.request(method, &path, &headers, body.as_bytes())
    }

    /// Stores a certificate for a user, given as PEM.
    fn put(&self, user: &str, pem: &str) -> Answer {
        let encoded: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
             <l7:CertificateData xmlns:l7=\"{L7}\">\n    <l7:Encoded>{encoded}</l7:Encoded>\n</l7:CertificateData>\n"
        );
        self.certificate("PUT", user, &body)
    }

    /// The base64 of the certificate that a user has, if there is one.
    fn encoded(&self, user: &str) -> Option<String> {
        let answer = self.certificate("GET", user, "");
        if answer.status == 404 {
            return None;
        }
        let text = answer.expect(200).text();
        let (_, rest) = text.split_once("<l7:Encoded>").unwrap();
        Some(rest.split('<').next().unwrap().to_owned())
    }
}

/// AppViewX's API as somebody who proves itself with every call.
struct AppViewX<'s> {
    server: &'s Server,
    name: String,
    secret: String,
}

impl AppViewX<'_> {
    fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let headers = [
            ("username", self.name.as_str()),
            ("password", self.secret.as_str()),
            ("Content-Type", "application/json"),
        ];
        let octets = match body {
            Value::Null => Vec::new(),
            body => body.to_string().into_bytes(),
        };
        let path = format!("/avxapi/certificate/{path}");
        self.server.request(method, &path, &headers, &octets)
    }

    /// One of the six actions, approved by itself or to be approved by somebody else.
    fn act(&self, id: &str, action: &str, reason: &str, auto_approval: bool) -> Answer {
        let body = json!({"resourceId": id, "action": action, "reason": reason});
        let path = format!("action?gwsource=external&autoApproval={auto_approval}");
        self.call("PUT", &path, &body)
    }

    /// Approves (1) or rejects (2) a request.
    fn decide(&self, request: &str, task_action: u8) -> Answer {
        let header = json!({"request_id": request, "workorder_id": "0", "task_id": "review_1"});
        let body = json!({"data": {"task_action": task_action}, "header": header});
        self.call("POST", "workorder/update?gwsource=external", &body)
    }

    /// The one record that a search finds, if it finds one.
    fn search(&self, input: &Value) -> Option<Value> {
        let body = json!({"input": input, "filter": {}});
        let answer = self.call("POST", "search?gwsource=external", &body);
        let mut said = answer.expect(200).json();
        let page = said["response"]["response"].take();
        assert!(page["totalRecords"].as_u64().unwrap() <= 1, "{page}");
        page["objects"].get(0).cloned()
    }
}

/// The SBC's API as somebody who has the lock.
struct Sbc<'s> {
    server: &'s Server,
    token: String,
}

impl<'s> Sbc<'s> {
    fn editor(server: &'s Server, user: &str, password: &str) -> Sbc<'s> {
        let authorization = basic(user, password);
        let headers = [
            ("Accept", "application/xml"),
            ("Authorization", authorization.as_str()),
        ];
        let answer = server.request("POST", "/rest/v1.2/auth/token", &headers, b"");
        let token = element(&answer.expect(200).text(), "accessToken");
        let editor = Sbc { server, token };
        editor.call("POST", "lock", "").expect(204);
        editor
    }

    fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let headers = [
            ("Accept", "application/xml"),
            ("Authorization", bearer.as_str()),
        ];
        let path = format!("/rest/v1.2/configuration/{path}");
        self.server
            .request(method, &path, &headers, body.as_bytes())
    }

    /// Makes a record for that common name, and its key and request.
    fn add_record(&self, name: &str, common_name: &str) -> String {
        let attributes = [
            ("name", name),
            ("common-name", common_name),
            ("key-algor", "ecdsa"),
        ];
        let attributes = attributes.map(|(name, value)| {
            format!("<attribute><name>{name}</name><value>{value}</value></attribute>")
        });
        let record = format!(
            "<configElement><elementType>certificate-record</elementType>{}</configElement>",
            attributes.concat()
        );
        self.call("POST", "configElements", &record).expect(200);
        let path = format!("certificates/generateRequest?recordName={name}");
        let answer = self.call("PUT", &path, "").expect(200);
        element(&answer.text(), "certificateSignedRequest")
    }

    /// Imports a certificate (PEM) into a record, over the one that it holds.
    fn import(&self, record: &str, pem: &str) -> Answer {
        let body = format!(
            "<ImportCertificate><recordName>{record}</recordName><format>x509</format>\
             <certificateRequest>{pem}</certificateRequest><overwrite>true</overwrite></ImportCertificate>"
        );
        self.call("PUT", "certificates/import", &body)
    }

    /// Does something with the configuration as a whole, follows the link and gives the status that it leads to.
    fn manage(&self, method: &str, action: &str) -> String {
        let path = format!("management?action={action}");
        let accepted = self.call(method, &path, "").expect(202).text();
        let link = element(&accepted, "link");
        let (_, path) = link.split_once("/configuration/").unwrap();
        element(&self.call("GET", path, "").expect(200).text(), "status")
    }
}

/// What the first element of that name holds.
fn element(xml: &str, name: &str) -> String {
    let start = format!("<{name}>");
    let inside = xml
        .split_once(&start)
        .and_then(|(_, rest)| rest.split_once('<'));
    let Some((inside, _)) = inside else {
        panic!("no {name}: {xml}");
    };
    inside.to_owned()
}
