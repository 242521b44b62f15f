//! Every address in every certificate answers, and what is there fits the certificate.

use serde_json::{Value, json};

use super::{Subject, fetch, fetch_list, shown, told, uris};
use crate::server::{P256, Server, csr, run};

#[test]
fn every_address_in_certificates_of_every_profile_answers_and_fits() {
    let csr_of = |server: &Server| csr(server.scratch(), P256, "/CN=whoever", &[]);
    for layout in ["", "[crl]\nshards = 64\n"] {
        let server = Server::start_with_config(layout);
        let csr = csr_of(&server);
        let profiles = server.native("GET", "/profiles", &Value::Null).expect(200);
        let profiles = profiles.json()["profiles"].clone();
        for profile in profiles.as_array().unwrap() {
            let profile = profile["name"].as_str().unwrap();
            if profile == "sub-authority" {
                // Its certificates are those of authorities: below.
                continue;
            }
            let body = json!({
                "csr": csr, "profile": profile, "subject": "CN=host.example.com", "names": names(profile),
            });
            let issued = server.native("POST", "/certificates", &body).expect(201);
            let subject = Subject::new(&server, profile, &issued.json());
            issuer_fits(&server, &subject.file, "issuing");
            if profile == "ocsp-responder" {
                // It says that nobody need ask about it.
                assert!(told(&subject.file, "crlDistributionPoints").is_empty());
                assert_eq!(ocsp(&subject.file), None);
                continue;
            }
            all_fit(&server, &subject, "issuing", None);
            subject.revoke(&server, "superseded");
            all_fit(&server, &subject, "issuing", Some("Superseded"));
        }
        let issuing = server.authority_file("issuing");
        issuer_fits(&server, &issuing, "root");
        list_fits(&server, &issuing, "root", &serial(&issuing), None);
    }
}

/// Whatever becomes of an authority, what it signed can be asked about.
#[test]
fn every_address_answers_when_authorities_are_retired_replaced_and_revoked() {
    let server = Server::start();
    let body = json!({"name": "gates", "subject": "CN=Gates,O=Example", "parent": "root"});
    let added = server.native("POST", "/authorities", &body).expect(201);
    let id = added.json()["certificate_id"].as_str().unwrap().to_owned();
    let issue = |name: &str| {
        let body = json!({"key": "ec-p256", "subject": "CN=gate", "authority": "gates"});
        let issued = server.native("POST", "/certificates", &body).expect(201);
        Subject::new(&server, name, &issued.json())
    };
    let (good, revoked) = (issue("good"), issue("revoked"));
    revoked.revoke(&server, "key-compromise");
    let old_fit = || {
        all_fit(&server, &good, "gates", None);
        all_fit(&server, &revoked, "gates", Some("Key Compromise"));
        issuer_fits(&server, &good.file, "gates");
    };
    old_fit();
    for change in ["retire", "reinstate", "rollover"] {
        let path = format!("/authorities/gates/{change}");
        let changed = server.native("POST", &path, &json!({}));
        assert!([200, 201].contains(&changed.status), "{}", changed.text());
        old_fit();
    }
    let new = issue("new");
    issuer_fits(&server, &new.file, "gates-2");
    all_fit(&server, &new, "gates-2", None);

    let gates = server.authority_file("gates");
    issuer_fits(&server, &gates, "root");
    list_fits(&server, &gates, "root", &serial(&gates), None);
    let path = format!("/certificates/{id}/revoke");
    let reason = json!({"reason": "superseded"});
    server.native("POST", &path, &reason).expect(200);
    list_fits(&server, &gates, "root", &serial(&gates), Some("Superseded"));
    all_fit(&server, &new, "gates-2", None);
}

/// Its lists and the responder say this of a certificate.
#[track_caller]
fn all_fit(server: &Server, subject: &Subject, issuer: &str, reason: Option<&str>) {
    list_fits(server, &subject.file, issuer, &subject.serial, reason);
    let status = match reason {
        Some(_) => "revoked",
        None => "good",
    };
    ocsp_fits(server, &subject.file, issuer, status);
}

/// Names that a profile asks for.
fn names(profile: &str) -> Vec<&'static str> {
    match profile {
        "tls-server" | "sbc" => vec!["dns:host.example.com"],
        "smime" => vec!["email:joe@example.com"],
        _ => vec![],
    }
}

fn serial(file: &str) -> String {
    let said = run("openssl", &["x509", "-in", file, "-noout", "-serial"]);
    said.trim().trim_start_matches("serial=").to_owned()
}

/// The caIssuers address leads to the certificate that signed this one, and what stands beside it there is its chain.
#[track_caller]
fn issuer_fits(server: &Server, file: &str, issuer: &str) {
    let told = told(file, "authorityInfoAccess");
    let address = told
        .iter()
        .find(|(what, _)| what.starts_with("CA Issuers"))
        .map(|(_, address)| address.as_str());
    let address = address.unwrap_or_else(|| panic!("no issuer: {told:?}"));
    let der = fetch(server, address, "issuer.cer");
    let pem = server.scratch_file("issuer.pem", "");
    run(
        "openssl",
        &["x509", "-inform", "DER", "-in", &der, "-out", &pem],
    );
    run(
        "openssl",
        &["verify", "-partial_chain", "-trusted", &pem, file],
    );
    let read = |file: &str| std::fs::read_to_string(file).unwrap();
    assert_eq!(read(&pem), read(&server.authority_file(issuer)));

    let stem = address.strip_suffix(".cer").unwrap();
    let chain = fetch(server, &format!("{stem}-chain.pem"), "chain.pem");
    let root = server.authority_file("root");
    run(
        "openssl",
        &[
            "verify",
            "-x509_strict",
            "-CAfile",
            &root,
            "-untrusted",
            &chain,
            file,
        ],
    );
    assert!(read(&chain).starts_with(&read(&pem)));
    let bag = fetch(server, &format!("{stem}.p7c"), "chain.p7c");
    let unpack = ["pkcs7", "-inform", "DER", "-in", &bag, "-print_certs"];
    let unpacked = run("openssl", &unpack);
    let certificates: String = unpacked
        .split_inclusive("-----END CERTIFICATE-----\n")
        .filter_map(|block| block.find("-----BEGIN").map(|from| &block[from..]))
        .collect();
    assert_eq!(certificates, read(&chain));
    let said = run("certtool", &["--p7-info", "--inder", "--infile", &bag]);
    let count = read(&chain).matches("BEGIN").count();
    assert!(
        said.contains(&format!("Number of certificates: {count}")),
        "{said}"
    );
}

/// The list at the certificate's own address is signed by its issuer, is made for that address, and says this of it; so
/// does the delta list to which that list points.
#[track_caller]
fn list_fits(server: &Server, file: &str, issuer: &str, serial: &str, reason: Option<&str>) {
    let points = told(file, "crlDistributionPoints");
    assert!(!points.is_empty());
    for (_, address) in points {
        let list = fetch_list(server, &address, issuer, "list.pem");
        let said = shown(&list);
        let has_point = said.contains("X509v3 Issuing Distribution Point");
        if has_point {
            assert!(said.contains(&format!("URI:{address}")), "{said}");
        }
        assert_eq!(listed(&said, serial).as_deref(), reason, "{address}");
        let freshest = said.split_once("X509v3 Freshest CRL");
        let (_, freshest) = freshest.unwrap_or_else(|| panic!("no freshest list: {said}"));
        let (_, delta) = uris(freshest).swap_remove(0);
        let delta = shown(&fetch_list(server, &delta, issuer, "delta.pem"));
        assert!(
            delta.contains("X509v3 Delta CRL Indicator: critical"),
            "{delta}"
        );
        assert_eq!(
            delta.contains("X509v3 Issuing Distribution Point"),
            has_point
        );
    }
}

/// The reason for which a list has that serial number; none if it has not.
fn listed(shown: &str, serial: &str) -> Option<String> {
    let mut entries = shown.split("Serial Number: ").skip(1);
    let entry = entries.find(|entry| {
        let number = entry.lines().next().unwrap_or_default();
        number.trim_start_matches('0') == serial.trim_start_matches('0')
    })?;
    let mut lines = entry.lines().map(str::trim);
    lines.find(|line| line.starts_with("X509v3 CRL Reason Code"))?;
    lines.next().map(str::to_owned)
}

fn ocsp(file: &str) -> Option<String> {
    let asked = run("openssl", &["x509", "-in", file, "-noout", "-ocsp_uri"]);
    asked.lines().next().map(str::to_owned)
}

/// The responder at the certificate's own address says this of it, to openssl and to GnuTLS, which wants to be told to trust
/// the authority itself.
#[track_caller]
fn ocsp_fits(server: &Server, file: &str, issuer: &str, status: &str) {
    let url = ocsp(file).unwrap();
    let said = server.openssl_ocsp(issuer, &["-url", &url, "-cert", file]);
    assert!(said.contains(&format!("{file}: {status}")), "{said}");
    let issuer = server.authority_file(issuer);
    let asked = [
        "--ask",
        "--load-cert",
        file,
        "--load-issuer",
        &issuer,
        "--load-trust",
        &issuer,
    ];
    let output = std::process::Command::new("ocsptool").args(asked).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(
        said.contains(&format!("Certificate Status: {status}")),
        "{said}"
    );
    assert!(said.contains("Verifying OCSP Response: Success"), "{said}");
}

/// What signed itself names no address, and who asks our responder all the same is told that it is not ours to tell of.
#[test]
fn self_signed_certificates_name_no_address() {
    let server = Server::start();
    let send = |path: &str, token: &str, body: &Value| {
        let headers = [
            ("Content-Type", "application/json"),
            ("X-Auth-Token", token),
        ];
        server.request("POST", path, &headers, body.to_string().as_bytes())
    };
    let admin = server.admin();
    let credentials = json!({"username": admin.user, "password": admin.password});
    let body = json!({"auth": {"passwordCredentials": credentials}});
    let access = send("/v2.0/tokens", "", &body).expect(200).json()["access"].clone();
    let token = access["token"]["id"].as_str().unwrap();
    let body = json!({"certificate": {"userId": access["user"]["id"], "subject": "CN=self"}});
    let made = send("/v2.0/HP-IDM/v1.0/certificates", token, &body);
    let made = made.expect(201).json();
    let pem = made["certificate"]["certificateFile"]["data"]
        .as_str()
        .unwrap();
    let file = server.scratch_file("self.pem", pem);
    for extension in [
        "crlDistributionPoints",
        "authorityInfoAccess",
        "freshestCRL",
    ] {
        assert!(told(&file, extension).is_empty(), "{extension}");
    }
    let url = format!("{}/ocsp", server.http_url());
    let asked = ["ocsp", "-url", &url, "-issuer", &file, "-cert", &file];
    let output = std::process::Command::new("openssl").args(asked).output();
    let said = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(said.contains("unauthorized (6)"), "{said}");
    for extension in ["crlDistributionPoints", "authorityInfoAccess"] {
        assert!(
            told(&server.authority_file("root"), extension).is_empty(),
            "{extension}"
        );
    }
}
