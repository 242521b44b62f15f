//! What stands around user certificates: schemas, SCEP's empty list, what the server is.

use serde_json::json;

use super::{Client, FIELDS, assert_error};
use crate::server::{Server, run};

#[test]
fn schemas_tell_the_eight_fields() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let schema = client.get("/usercerts/schema/").expect(200).json();
    let fields: Vec<&String> = schema["fields"].as_object().unwrap().keys().collect();
    let shown = client.get("/usercerts/?limit=1").expect(200).json()["objects"][0].clone();
    let members: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(fields, members);
    assert_eq!(fields, FIELDS);
    for (member, want) in [
        ("allowed_list_http_methods", json!(["get"])),
        ("allowed_detail_http_methods", json!(["get", "patch"])),
        ("default_format", json!("application/json")),
        ("default_limit", json!(20)),
        ("ordering", json!(["id"])),
    ] {
        assert_eq!(schema[member], want, "{member}");
    }
    assert_eq!(client.get("/usercerts/schema").json(), schema);
    let xml = client
        .get("/usercerts/schema/?format=xml")
        .expect(200)
        .text();
    assert!(
        xml.contains("<default_limit type=\"integer\">20</default_limit>"),
        "{xml}"
    );
    for path in ["/scepreqs/schema/", "/systeminfo/schema"] {
        assert!(client.get(path).expect(200).json()["fields"].is_object());
    }
}

#[test]
fn scep_requests_are_an_empty_list() {
    let server = Server::start();
    let client = Client::administrator(&server);
    let want = json!({
        "meta": {"limit": 5, "next": null, "offset": 2, "previous": null, "total_count": 0},
        "objects": [],
    });
    for path in ["/scepreqs/", "/scepreqs"] {
        let list = client.get(&format!(
            "{path}?limit=5&offset=2&subject__icontains=x&order_by=-id"
        ));
        assert_eq!(list.expect(200).json(), want);
    }
    assert_error(
        &client.get("/scepreqs/?status=Pending"),
        400,
        "does not allow filtering",
    );
    let xml = client.get("/scepreqs/?format=xml").expect(200).text();
    assert!(
        xml.ends_with("<objects type=\"list\"></objects></response>"),
        "{xml}"
    );
}

#[test]
fn systeminfo_is_true() {
    let server = Server::start();
    let client = Client::administrator(&server);
    server.issue("CN=joe");
    let info = client.get("/systeminfo/?format=json").expect(200).json();
    let root = server.data().join("ca/root.pem").display().to_string();
    let serial = run("openssl", &["x509", "-in", &root, "-noout", "-serial"]);
    assert_eq!(format!("serial={}\n", info["sn"].as_str().unwrap()), serial);
    let version = format!("Chancery v{}", env!("CARGO_PKG_VERSION"));
    for (member, want) in [
        ("ha_sn", json!(null)),
        ("firmware", json!(version)),
        ("hostname", json!("localhost")),
        ("authorities_count", json!(2)),
        ("usercerts_count", json!(4)),
    ] {
        assert_eq!(info[member], want, "{member}");
    }
    assert!(
        (0..600).contains(&info["uptime"].as_i64().unwrap()),
        "{info}"
    );
}
