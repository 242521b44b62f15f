//! Creating certificates, and deleting them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Client, issue, not_found, read_only, refused, text, undecided};
use crate::server::{P256, Server, csr, run};

fn asked(parameters: Value) -> Value {
    json!({"caConnectorInfo": {
        "certificateAuthority": "AppViewX", "caSettingName": "issuing", "csrParameters": parameters,
        "validityUnit": "days", "validityUnitValue": "30",
    }})
}

#[test]
fn certificates_are_created_at_once_or_after_approval() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let ann = Client::new(&server, "ann", "default", "approver");
    let body = asked(json!({
        "commonName": "a.example", "organization": "Acme", "organizationUnit": "Web", "country": "US", "keyType": "EC",
        "bitLength": "384", "hashFunction": "SHA256", "certificateCategories": ["Server"],
        "enhancedSANTypes": {"dNSNames": ["a.example", "b.example"], "iPAddresses": ["192.0.2.1"]},
    }));
    let said = admin.post("/certificate/create", &body).expect(202).json();
    // Clients read every member as text.
    assert!(
        said["response"]
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_string),
        "{said}"
    );
    assert_eq!(
        said["response"]["message"],
        "Certificate submission triggered successfully."
    );
    let log = admin.ended(&said["response"]["requestId"]);
    assert_eq!(log["tasks"][0]["task_name"], "Trigger Certificate Creation");
    let made = admin.by_id(&said["response"]["resourceId"]);
    assert_eq!(
        (&made["commonName"], &made["keyAlgorithmAndSize"]),
        (&json!("a.example"), &json!("EC 384"))
    );
    assert_eq!(made["subject"]["OrganizationUnit"], "Web");
    assert_eq!(
        (&made["cumulativeSanCount"], &made["validFor"]),
        (&json!(3), &json!("30 days"))
    );
    assert_eq!(made["requestIds"], json!([said["response"]["requestId"]]));

    let said = admin
        .post("/certificate/create?isSync=true", &body)
        .expect(200)
        .json();
    let pem = STANDARD
        .decode(text(&said["response"]["certificateContent"]))
        .unwrap();
    assert_eq!(
        server.openssl_verdict(std::str::from_utf8(&pem).unwrap()),
        None
    );

    let said = admin
        .post("/certificate/create?autoApproval=false", &body)
        .expect(202)
        .json();
    let (id, request) = (
        &said["response"]["resourceId"],
        &said["response"]["requestId"],
    );
    assert_eq!(admin.by_id(id)["status"], "New Certificate");
    undecided(&admin.decide(request, json!(1), "review_1"));
    ann.decide(request, json!(1), "review_1").expect(200);
    ann.ended(request);
    assert_eq!(admin.by_id(id)["status"], "Managed");
}

#[test]
fn csrs_are_signed() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let pem = csr(server.scratch(), P256, "/O=Acme/CN=mine", &[]);
    let body = json!({
        "csrGenerationSource": "uploadCSR", "caConnectorInfo": {"validityInDays": 5},
        "uploadCsrDetails": {"category": "Server", "csrContent": pem}, "certificateGroup": {"name": "Default"},
    });
    let said = admin
        .post("/certificate/create?isSync=true", &body)
        .expect(200)
        .json();
    let content = STANDARD
        .decode(text(&said["response"]["certificateContent"]))
        .unwrap();
    let file = server.scratch_file("made.pem", content);
    let key = server
        .scratch()
        .join("subject.key.pem")
        .display()
        .to_string();
    let certified = run("openssl", &["x509", "-in", &file, "-noout", "-pubkey"]);
    assert_eq!(certified, run("openssl", &["pkey", "-in", &key, "-pubout"]));
}

#[test]
fn what_cannot_be_created_is_refused() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let auditor = Client::new(&server, "audit", "default", "auditor");
    Client::new(&server, "joe", "elsewhere", "self-service");
    let create = |change: &dyn Fn(&mut Value)| {
        let mut body = asked(json!({"commonName": "a.example"}));
        change(&mut body);
        admin.post("/certificate/create", &body)
    };
    let missing = |field: &str| format!("Mandatory field is missing or invalid - {field}.");
    let answer = create(&|body| body["caConnectorInfo"] = Value::Null);
    refused(
        &answer,
        400,
        "MANDATORY_FIELD_MISSING",
        &missing("caConnectorInfo"),
    );
    let answer = create(&|body| body["caConnectorInfo"]["csrParameters"]["commonName"] = json!(""));
    refused(
        &answer,
        400,
        "MANDATORY_FIELD_MISSING",
        &missing("commonName"),
    );
    for source in ["HSM", "ENDPOINT", "elsewhere"] {
        let answer = create(&|body| body["csrGenerationSource"] = json!(source));
        let words = "Invalid csr generation source specified.";
        refused(&answer, 400, "INVALID_CSR_GEN_SOURCE", words);
    }
    let answer = create(&|body| body["certificateGroup"] = json!({"name": "nowhere"}));
    refused(
        &answer,
        404,
        "GROUP_NOT_FOUND",
        "Invalid group name specified.",
    );
    let words = "Group is given with read permission, so cannot perform any operation.";
    let answer = create(&|body| body["certificateGroup"] = json!({"name": "elsewhere"}));
    refused(&answer, 417, "READ_GROUP", words);
    let answer = auditor.post("/certificate/create", &asked(json!({"commonName": "a"})));
    refused(&answer, 417, "READ_GROUP", words);
    let answer = create(&|body| body["caConnectorInfo"]["caSettingName"] = json!("DigiCert"));
    refused(
        &answer,
        404,
        "CERT-CA-0001",
        "CA settings are not available.",
    );
    let invalid: [(&str, Value); 4] = [
        ("keyType", json!("DSA")),
        ("bitLength", json!("1024")),
        ("country", json!("USA")),
        ("enhancedSANTypes", json!({"dNSNames": ["a b"]})),
    ];
    for (member, value) in invalid {
        let answer =
            create(&|body| body["caConnectorInfo"]["csrParameters"][member] = value.clone());
        refused(&answer, 400, "INVALID_REQUEST", "Invalid request.");
    }
    assert_eq!(
        admin.page(&json!({"commonName": "a.example"}), &json!({}))["totalRecords"],
        0
    );
}

#[test]
fn certificates_are_deleted() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let auditor = Client::new(&server, "audit", "default", "auditor");
    let id = issue(&server, "CN=a.example");
    let serial = admin.by_id(&id)["serialNumber"].clone();
    let path = format!(
        "/certificate/delete?commonName=a.example&serialNumber={}",
        text(&serial)
    );
    read_only(&auditor.send("DELETE", &path, b""));
    let said = admin.send("DELETE", &path, b"").expect(200).json();
    assert_eq!(said["response"]["resourceId"], id);
    not_found(&admin.send("DELETE", &path, b""));
    assert_eq!(
        admin.page(&json!({"resourceId": id}), &json!({}))["totalRecords"],
        0
    );
    not_found(&admin.act(&id, "Revoke", "x"));
    let serial = text(&serial).replace(':', "");
    assert_eq!(
        server.crl_reason("issuing", &serial).as_deref(),
        Some("Cessation Of Operation")
    );
}

#[test]
fn a_retired_authority_creates_nothing() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let retire = "/authorities/issuing/retire";
    server.native("POST", retire, &json!({})).expect(200);
    let body = asked(
        json!({"commonName": "a.example", "keyType": "EC", "bitLength": "256",
        "enhancedSANTypes": {"dNSNames": ["a.example"]}}),
    );
    for path in ["/certificate/create", "/certificate/create?isSync=true"] {
        let answer = admin.post(path, &body);
        let reason = refused(&answer, 400, "INVALID_REQUEST", "Invalid request.");
        assert!(text(&reason).contains("retired"), "{reason}");
    }
}
