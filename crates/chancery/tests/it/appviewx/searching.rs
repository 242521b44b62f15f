//! Searching: the double envelope, every field of a record with its type, conditions, pages, and who sees what.

use serde_json::{Value, json};

use super::{Client, import, issue, refused, text};
use crate::server::Server;

const TEXTS: [&str; 34] = [
    "commonName",
    "serialNumber",
    "issuerCommonName",
    "status",
    "avxStatus",
    "version",
    "validFor",
    "keyAlgorithmAndSize",
    "signatureAlgorithm",
    "signatureHashAlgorithm",
    "keyUsage",
    "extendedKeyUsage",
    "basicConstraints",
    "group",
    "complianceStatus",
    "expiryStatus",
    "permission",
    "category",
    "uuid",
    "certificateAuthority",
    "authorityKeyIdentifier",
    "subjectKeyIdentifier",
    "issuerSerialNumber",
    "thumbprintAlgorithm",
    "thumbPrint",
    "type",
    "csrGenerationSource",
    "autoRenewDate",
    "missingParamsForAutoRenew",
    "mailAddress",
    "streetAddress",
    "postalCode",
    "orderId",
    "publicKey",
];
const NUMBERS: [&str; 7] = [
    "validFrom",
    "validTo",
    "firstDiscoveryDate",
    "lastBeforeDiscoveryDate",
    "lastDiscoveryDate",
    "cumulativeSanCount",
    "chainPriority",
];
const FLAGS: [&str; 4] = [
    "csrAvailable",
    "suspendedCertificate",
    "issuedByRootCertificate",
    "privatekeyAvaliable",
];
const LISTS: [&str; 10] = [
    "associatedObjects",
    "discoverySources",
    "subjectAlternativeNames",
    "applications",
    "policyIdentifiers",
    "authorityInfoAccess",
    "certificatePolicies",
    "crlDistributionPoints",
    "newConnectors",
    "requestIds",
];

#[test]
fn records_have_every_field_with_its_type() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = issue(
        &server,
        "CN=a.example,OU=Web,O=Acme,L=Berlin,ST=Berlin,C=DE",
    );
    let watched = import(&server, "/CN=watched");
    let pending = admin.ask(&id, "Regenerate", "x")["resourceId"].clone();
    for (id, status, inventory) in [
        (&id, "Managed", "Managed"),
        (&watched, "Monitored", "Monitored"),
        (&pending, "New Certificate", "Managed"),
    ] {
        let record = admin.by_id(id);
        let has = |names: &[&str], kind: fn(&Value) -> bool| {
            let odd: Vec<&str> = names
                .iter()
                .copied()
                .filter(|name| !kind(&record[*name]))
                .collect();
            assert!(odd.is_empty(), "{odd:?} of {record}");
        };
        has(&TEXTS, Value::is_string);
        has(&NUMBERS, Value::is_i64);
        has(&FLAGS, Value::is_boolean);
        has(&LISTS, Value::is_array);
        has(&["cvss"], Value::is_f64);
        has(
            &[
                "subject",
                "issuer",
                "certificateHSMDetails",
                "deviceDetails",
            ],
            Value::is_object,
        );
        assert_eq!(
            (&record["status"], &record["avxStatus"]),
            (&json!(status), &json!(inventory))
        );
        assert_eq!((&record["resourceId"], &record["uuid"]), (id, id));
        assert_eq!(record["certificateHSMDetails"]["autoFilled"], false);
    }
    let record = admin.by_id(&id);
    let parts = json!({"Organization": "Acme", "OrganizationUnit": "Web", "Locality": "Berlin", "State": "Berlin", "Country": "DE"});
    assert_eq!(record["subject"], parts);
    assert_eq!(
        (&record["issuerCommonName"], &record["group"]),
        (&json!("Chancery Issuing"), &json!("Default"))
    );
    assert_eq!(
        (&record["permission"], &record["privatekeyAvaliable"]),
        (&json!("RW"), &json!(true))
    );
    assert_eq!(
        (
            &record["signatureAlgorithm"],
            &record["signatureHashAlgorithm"]
        ),
        (&json!("SHA256withECDSA"), &json!("SHA-256"))
    );
    let serial = text(&record["serialNumber"]);
    assert!(
        serial.len() == 47 && serial.split(':').all(|octet| octet.len() == 2),
        "{serial}"
    );
    assert!(record["validTo"].as_i64().unwrap() > 1_500_000_000_000);
    let auditor = Client::new(&server, "audit", "default", "auditor");
    assert_eq!(auditor.by_id(&id)["permission"], "R");
}

#[test]
fn the_envelope_is_double() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let search = |name: &str| {
        let body = json!({"input": {"category": "Server", "commonName": name}, "filter": {"max": "10", "start": 1}});
        admin.post("/certificate/search", &body).expect(200).json()
    };
    issue(&server, "CN=a.example");
    let mut said = search("a.example");
    said["response"]["response"]["objects"] = json!([]);
    let page = json!({"objects": [], "totalRecords": 1, "obtainedRecords": 1, "obtainedRecordRange": {"start": 1, "end": 1}});
    let words = "Matching results found for the given input.";
    let inner = json!({"httpStatusCode": 200, "response": page, "message": words, "appStatusCode": null, "tags": null});
    assert_eq!(
        said,
        json!({"response": inner, "message": null, "appStatusCode": null, "tags": {}, "headers": null})
    );
    let said = search("b.example");
    assert_eq!(
        said["response"]["message"],
        "No matching records found for the given input."
    );
    assert_eq!(said["response"]["response"]["objects"], json!([]));
}

#[test]
fn certificates_are_found_by_what_is_known_of_them() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let a = issue(&server, "CN=a.example,O=Acme");
    issue(&server, "CN=aa.example,O=Acme");
    let c = issue(&server, "CN=c.example,O=Other");
    admin.act(&c, "Suspend", "x").expect(202);
    let serial = admin.by_id(&a)["serialNumber"].clone();
    let compact = text(&serial).replace(':', "").to_lowercase();
    import(&server, "/CN=watched/O=Acme");
    admin.ended(&admin.by_id(&c)["requestIds"][0]);
    let found = |input: Value| {
        let page = admin.page(&input, &json!({"sortOrder": "asc"}));
        let names = page["objects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(&one["commonName"]).to_owned());
        names.collect::<Vec<String>>().join(" ")
    };
    for (input, want) in [
        (json!({"commonName": "a.example"}), "a.example"),
        (
            json!({"commonName": "a.example", "serialNumber": serial}),
            "a.example",
        ),
        (json!({"serialNumber": compact}), "a.example"),
        (
            json!({"commonName": "aa.example", "serialNumber": serial}),
            "",
        ),
        (
            json!({"freeSearch": "acme"}),
            "a.example aa.example watched",
        ),
        (
            json!({"freeSearch": "acme", "commonName": "aa.example"}),
            "aa.example",
        ),
        (
            json!({"keywordSearch": {"subject:o": "acme", "certissuer": "chancery"}}),
            "a.example aa.example",
        ),
        (
            json!({"keywordSearch": {"subject:o": "acme", "subject:cn": "aa"}}),
            "aa.example",
        ),
        (
            json!({"keywordSearch": {"certserialno": serial}}),
            "a.example",
        ),
        (
            json!({"keywordSearch": {"certcn": "example", "certstatus": "Suspended"}}),
            "c.example",
        ),
        (
            json!({"keywordSearch": {"certcn": ""}, "commonName": "c.example"}),
            "c.example",
        ),
        (json!({"resourceId": a, "commonName": "c.example"}), ""),
        (json!({"resourceId": "zzz"}), ""),
        (json!({"category": "Root CA"}), ""),
    ] {
        assert_eq!(found(input.clone()), want, "{input}");
    }
}

#[test]
fn pages_follow_each_other() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    for number in 0..5 {
        issue(&server, &format!("CN=n{number},O=Acme"));
    }
    let inputs = [
        json!({"freeSearch": "/o=acme"}),
        json!({"keywordSearch": {"subject:o": "acme", "certissuer": "issuing"}}),
    ];
    for input in inputs {
        let page = |start: Value, max: Value| {
            let page = admin.page(
                &input,
                &json!({"start": start, "max": max, "sortOrder": "desc"}),
            );
            let objects = page["objects"].as_array().unwrap();
            let names: Vec<&str> = objects.iter().map(|one| text(&one["commonName"])).collect();
            assert_eq!(
                (&page["totalRecords"], &page["obtainedRecords"]),
                (&json!(5), &json!(names.len()))
            );
            (names.join(" "), page["obtainedRecordRange"].clone())
        };
        assert_eq!(
            page(json!(1), json!(2)),
            ("n4 n3".to_owned(), json!({"start": 1, "end": 2}))
        );
        assert_eq!(
            page(json!("3"), json!("2")),
            ("n2 n1".to_owned(), json!({"start": 3, "end": 4}))
        );
        assert_eq!(
            page(json!(5), json!(2)),
            ("n0".to_owned(), json!({"start": 5, "end": 5}))
        );
        assert_eq!(
            page(json!(6), json!(2)),
            (String::new(), json!({"start": 0, "end": 0}))
        );
    }
    let body = json!({"filter": {"start": "one"}});
    refused(
        &admin.post("/certificate/search", &body),
        400,
        "INVALID_REQUEST",
        "Invalid request.",
    );
}

#[test]
fn everybody_sees_what_is_theirs() {
    let server = Server::start();
    let (joe, dora) = (
        Client::new(&server, "joe", "1001", "self-service"),
        Client::new(&server, "dora", "1001", "domain-administrator"),
    );
    let id = issue(&server, "CN=a.example");
    let body = json!({"key": "ec-p256", "subject": "CN=joe", "owner": "joe"});
    server.native("POST", "/certificates", &body).expect(201);
    for client in [&joe, &dora] {
        let page = client.page(&json!({}), &json!({}));
        assert_eq!(
            (&page["totalRecords"], &page["objects"][0]["commonName"]),
            (&json!(1), &json!("joe"))
        );
        assert_eq!(page["objects"][0]["group"], "1001");
        assert_eq!(
            client.page(&json!({"resourceId": id}), &json!({}))["totalRecords"],
            0
        );
    }
}
