//! Lists: pages, filters, order, and both formats.

use serde_json::{Value, json};

use super::{Client, assert_error, make_self_signed};
use crate::server::{Server, run};

/// A server with these subjects beside its own TLS certificate, issued in this order.
fn stocked(subjects: &[&str]) -> Server {
    let server = Server::start();
    for subject in subjects {
        server.issue(subject);
    }
    server
}

#[test]
fn pages_lead_from_one_to_the_next_and_back() {
    let server = stocked(&["CN=joe 1", "CN=joe 2", "CN=joe 3", "CN=joe 4", "CN=joe 5"]);
    let client = Client::administrator(&server);
    let mut path = "/usercerts/?subject__icontains=CN%3DJOE+&limit=2&format=json&x=%26".to_owned();
    let mut seen = Vec::new();
    let mut last = Value::Null;
    while !path.is_empty() {
        let page = client.get(&path).expect(200).json();
        assert_eq!(page["meta"]["total_count"], 5);
        assert_eq!(page["meta"]["limit"], 2);
        assert_eq!(page["meta"]["offset"], seen.len());
        for one in page["objects"].as_array().unwrap() {
            seen.push(one["subject"].as_str().unwrap().to_owned());
        }
        let next = page["meta"]["next"].as_str().unwrap_or_default().to_owned();
        assert!(
            next.is_empty() || next.contains("&format=json&x=%26&"),
            "{next}"
        );
        path = next.strip_prefix("/api/v1").unwrap_or_default().to_owned();
        last = page;
    }
    assert_eq!(
        seen,
        [
            "/CN=joe 1",
            "/CN=joe 2",
            "/CN=joe 3",
            "/CN=joe 4",
            "/CN=joe 5"
        ]
    );
    let back = last["meta"]["previous"].as_str().unwrap();
    let back = client
        .get(back.strip_prefix("/api/v1").unwrap())
        .expect(200)
        .json();
    assert_eq!(back["objects"][0]["subject"], "/CN=joe 3");
}

#[test]
fn limits_are_tastypies() {
    let server = stocked(&["CN=a", "CN=b"]);
    let client = Client::administrator(&server);
    // Three of them are the server's own: for TLS, for OCSP, and its issuing authority's.
    for (query, limit, offset, shown) in [
        ("", 20, 0, 5),
        ("?limit=0", 1000, 0, 5),
        ("?limit=5000", 1000, 0, 5),
        ("?limit=1", 1, 0, 1),
        ("?offset=4", 20, 4, 1),
        ("?offset=5", 20, 5, 0),
        ("?limit=1&offset=9223372036854775807", 1, i64::MAX, 0),
    ] {
        for path in [
            "/usercerts/",
            "/usercerts",
            "/usercerts/pem/",
            "/usercerts/pem",
        ] {
            let page = client.get(&format!("{path}{query}")).expect(200).json();
            let meta = &page["meta"];
            assert_eq!(
                (&meta["limit"], &meta["offset"], &meta["total_count"]),
                (&json!(limit), &json!(offset), &json!(5)),
                "{path}{query}"
            );
            assert_eq!(
                page["objects"].as_array().unwrap().len(),
                shown,
                "{path}{query}"
            );
        }
    }
    for (query, text) in [
        (
            "limit=abc",
            "Invalid limit 'abc' provided. Please provide a positive integer.",
        ),
        (
            "limit=-1",
            "Invalid limit '-1' provided. Please provide a positive integer &gt;= 0.",
        ),
        (
            "offset=x",
            "Invalid offset 'x' provided. Please provide an integer.",
        ),
        (
            "offset=-1",
            "Invalid offset '-1' provided. Please provide a positive integer &gt;= 0.",
        ),
    ] {
        let answer = client.get(&format!("/usercerts/?{query}"));
        assert_eq!(answer.json(), json!({ "error": text }), "{query}");
        assert_error(&answer, 400, text);
    }
}

#[test]
fn subjects_are_found_and_counted_in_every_way() {
    let server = stocked(&[
        "O=Acme, CN=Joe",
        "O=ACME, CN=joe 50%",
        "O=Other_, CN=joey",
        "O=M\u{fc}ller\\, S\u{f6}hne, CN=ann",
    ]);
    let client = Client::administrator(&server);
    let [joe, joe50, joey] = ["/CN=Joe/O=Acme", "/CN=joe 50%/O=ACME", "/CN=joey/O=Other_"];
    let ann = "/CN=ann/O=M\\xC3\\xBCller, S\\xC3\\xB6hne";
    for (query, want) in [
        ("subject=/CN=Joe/O=Acme", vec![joe]),
        ("subject__exact=/CN=joe/O=Acme", vec![]),
        ("subject__iexact=/cn=JOE/o=acme", vec![joe]),
        ("subject__contains=joe", vec![joe50, joey]),
        ("subject__icontains=JOE", vec![joe, joe50, joey]),
        ("subject__icontains=joe&limit=1&offset=1", vec![joe50]),
        (
            "subject__icontains=joe&order_by=-id",
            vec![joey, joe50, joe],
        ),
        ("subject__contains=0%25", vec![joe50]),
        ("subject__contains=r_", vec![joey]),
        ("subject__contains=j_e", vec![]),
        ("subject__icontains=M%C3%BCller,", vec![ann]),
        (
            "subject__in=/CN=Joe/O=Acme,/CN=joey/O=Other_",
            vec![joe, joey],
        ),
        ("subject__in=/CN=Joe/O=Acme&subject__in=x", vec![joe]),
        ("subject__in=/CN=ann/O=M%C3%BCller,+S%C3%B6hne", vec![ann]),
        (
            "subject__contains=joe&unknown=1&serials__in=2",
            vec![joe50, joey],
        ),
    ] {
        let (subjects, total) = client.subjects(&format!("?{query}"));
        assert_eq!(subjects, want, "{query}");
        let all = if query.contains("limit") {
            3
        } else {
            want.len()
        };
        assert_eq!(total, u64::try_from(all).unwrap(), "{query}");
    }
    let (all, total) = client.subjects("?subject__icontains=");
    assert_eq!((all.len(), total), (7, 7));
    for (query, text) in [
        (
            "status=Active",
            "The 'status' field does not allow filtering.",
        ),
        (
            "subject__startswith=j",
            "'startswith' is not an allowed filter on the 'subject' field.",
        ),
        (
            "order_by=subject",
            "The 'subject' field does not allow ordering.",
        ),
        ("order_by=foo", "No matching 'foo' field for ordering on."),
        ("subject=%ff", "not in UTF-8"),
    ] {
        assert_error(&client.get(&format!("/usercerts/?{query}")), 400, text);
    }
}

#[test]
fn xml_is_tastypies() {
    let server = stocked(&["O=A & <B>, CN=joe"]);
    let client = Client::administrator(&server);
    let joe = client.find("CN=joe");
    let path = format!("/usercerts/{}/", joe["id"]);
    let xml = [("Accept", "application/xml")];
    let firefox = [(
        "Accept",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    )];
    for (path, headers) in [
        (path.clone(), &xml[..]),
        (path.clone(), &firefox[..]),
        (
            format!("{path}?format=xml"),
            &[("Accept", "application/json")][..],
        ),
    ] {
        let answer = client.send("GET", &path, headers, b"").expect(200);
        assert_eq!(
            answer.header("Content-Type"),
            Some("application/xml; charset=utf-8")
        );
        let want = format!(
            "<?xml version='1.0' encoding='utf-8'?>\n<object><cert_id>{}</cert_id><expiry>{}</expiry>\
             <id type=\"integer\">{}</id><issuer>{}</issuer><revocation_reason type=\"null\"/><serial>{}</serial>\
             <status>Active</status><subject>/CN=joe/O=A &amp; &lt;B&gt;</subject></object>",
            joe["cert_id"].as_str().unwrap(),
            joe["expiry"].as_str().unwrap(),
            joe["id"],
            joe["issuer"].as_str().unwrap(),
            joe["serial"].as_str().unwrap(),
        );
        assert_eq!(answer.text(), want);
    }
    let list = client
        .get("/usercerts/?format=xml&limit=1")
        .expect(200)
        .text();
    assert!(
        list.contains("<response><meta type=\"hash\"><limit type=\"integer\">1</limit><next>/api/v1/usercerts/?format=xml&amp;limit=1&amp;offset=1</next>"),
        "{list}"
    );
    assert!(
        list.contains("</meta><objects type=\"list\"><object><cert_id>"),
        "{list}"
    );
    let error = client
        .send("GET", "/usercerts/?limit=x", &xml, b"")
        .expect(400);
    assert_eq!(
        error.text(),
        "<?xml version='1.0' encoding='utf-8'?>\n<response><error>Invalid limit 'x' provided. Please provide a positive integer.</error></response>"
    );
    for headers in [[("Accept", "text/html")], [("Accept", "*/*")]] {
        let answer = client
            .send("GET", "/usercerts/?format=yaml", &headers, b"")
            .expect(200);
        assert_eq!(answer.header("Content-Type"), Some("application/json"));
        answer.json();
    }
}

#[test]
fn issuers_are_told_for_every_origin() {
    let server = stocked(&["CN=issued"]);
    let client = Client::administrator(&server);
    let issued = client.find("CN=issued");
    let issuer = issued["issuer"].as_str().unwrap();
    assert!(
        issuer.starts_with("issuing | ") && issuer.contains("CN="),
        "{issuer}"
    );

    make_self_signed(&server, "CN=itself");
    let itself = client.find("CN=itself");
    let own = itself["cert_id"].as_str().unwrap();
    assert_eq!(itself["issuer"], format!("{own} | CN=itself"));

    let key = server.scratch().join("k.pem").display().to_string();
    let pem = run(
        "openssl",
        &[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-keyout",
            &key,
            "-subj",
            "/O=far away/CN=elsewhere",
        ],
    );
    let import = json!({ "certificates": pem });
    let imported = server.native("POST", "/certificates/import", &import);
    imported.expect(200);
    let imported = client.find("CN=elsewhere");
    let own = imported["cert_id"].as_str().unwrap();
    assert_eq!(
        imported["issuer"],
        format!("{own} | O=far away, CN=elsewhere")
    );
}
