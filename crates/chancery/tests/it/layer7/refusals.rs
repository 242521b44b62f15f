//! What must be refused, and how it is said.

use crate::server::{Server, run};

use super::{
    BASE, Client, NS, assert_error, certificate_data, der_in_base64, foreign, listed, user,
};

#[test]
fn nothing_else_stands_here() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    for path in [
        "/",
        "/nothing",
        "/users/joe/certificate/x",
        "/privateKeys/x/y/",
        "/doc/restDoc.html",
        "/roles",
    ] {
        assert_error(
            &admin.get(path),
            404,
            "NotFound",
            "there is nothing at /restman/1.0",
        );
    }
    for (method, path, allow) in [
        ("PATCH", "/users", "GET,HEAD,POST"),
        ("DELETE", "/users/", "GET,HEAD,POST"),
        ("POST", "/users/x/certificate", "GET,HEAD,PUT,DELETE"),
        ("GET", "/users/x/password", "PUT"),
        ("POST", "/groups", "GET,HEAD"),
        ("DELETE", "/privateKeys/x", "GET,HEAD"),
    ] {
        let answer = admin.send(method, path, "");
        assert_error(&answer, 405, "MethodNotAllowed", method);
        assert_eq!(answer.header("Allow"), Some(allow), "{method} {path}");
    }
    let head = admin.send("HEAD", "/users", "").expect(200);
    assert!(head.body.is_empty());
}

#[test]
fn bodies_that_are_not_what_was_asked_for() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = admin.add_user("joe");
    let path = format!("/users/{id}/certificate");
    let good = certificate_data(&der_in_base64(&foreign(&server, "/CN=joe")));
    let entity = "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>";
    let deep = format!("{}{}", "<l7:a>".repeat(40), "</l7:a>".repeat(40));
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (Vec::new(), "not well formed"),
        (b"{}".to_vec(), "not well formed"),
        (format!("{entity}{good}").into_bytes(), "document type"),
        (
            good.replace("2010/04", "2012/04").into_bytes(),
            "CertificateData",
        ),
        (
            good.replace(NS, "xmlns:l7=''").into_bytes(),
            "CertificateData",
        ),
        (user("joe", "").into_bytes(), "CertificateData"),
        (
            format!("<l7:Item {NS}>{good}</l7:Item>").into_bytes(),
            "CertificateData",
        ),
        (
            good.replace("<l7:Encoded>", &format!("{deep}<l7:Encoded>"))
                .into_bytes(),
            "deep",
        ),
        (
            good.replace("</l7:Encoded>", "=x</l7:Encoded>")
                .into_bytes(),
            "base64",
        ),
        (
            good.replace("<l7:Encoded>", "<l7:Encoded>AAAA")
                .into_bytes(),
            "Encoded",
        ),
        (format!("{good}{good}").into_bytes(), "not well formed"),
        (good.encode_utf16().flat_map(u16::to_le_bytes).collect(), ""),
        ([good.as_bytes(), b"\xff"].concat(), "UTF-8"),
        (
            format!("<?xml version='1.0' encoding='ISO-8859-1'?>{good}").into_bytes(),
            "UTF-8",
        ),
    ];
    for (body, why) in cases {
        let answer = admin.send("PUT", &path, &body);
        assert_error(&answer, 400, "BadRequest", why);
        assert!(!answer.text().contains("root:"), "{}", answer.text());
    }
    let large = certificate_data(&"A".repeat(2_000_000));
    assert_error(&admin.send("PUT", &path, large), 413, "TooLarge", "");
    assert_error(&admin.get(&path), 404, "NotFound", "");
    for (method, path) in [
        ("POST", "/users"),
        ("POST", "/identityProviders"),
        ("POST", "/trustedCertificates"),
    ] {
        assert_error(
            &admin.send(method, path, &good),
            400,
            "BadRequest",
            "root must be",
        );
    }
    assert_eq!(listed(&admin, "/users"), ["admin", "joe"]);
}

#[test]
fn certificates_that_cannot_be_attached() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let id = admin.add_user("joe");
    let authority = std::fs::read_to_string(server.data().join("ca/issuing.pem")).unwrap();
    assert_error(&admin.attach(&id, &authority), 400, "BadRequest", "");
    let over = over(&server);
    assert_error(&admin.attach(&id, &over), 400, "BadRequest", "expired");
    let issued = admin.issue_to("admin", "CN=somebody else");
    let pem = issued["certificate"].as_str().unwrap_or_default();
    assert_error(&admin.attach(&id, pem), 400, "Conflict", "");
    assert_error(
        &admin.attach("nobody", pem),
        404,
        "NotFound",
        "no such user",
    );
    assert_error(
        &admin.get(&format!("/users/{id}/certificate")),
        404,
        "NotFound",
        "",
    );
}

/// A certificate that has expired, from elsewhere.
fn over(server: &Server) -> String {
    let folder = server.scratch().display().to_string();
    std::fs::create_dir(server.scratch().join("new")).unwrap();
    server.scratch_file("index", "");
    server.scratch_file("serial", "1001");
    let configuration = format!(
        "[ca]\ndefault_ca=x\n[x]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}/new\n\
         default_md=sha256\npolicy=p\n[p]\nCN=supplied\n[req]\ndistinguished_name=d\n[d]\n"
    );
    let configuration = server.scratch_file("ca.cnf", configuration);
    crate::server::csr(server.scratch(), crate::server::P256, "/CN=over", &[]);
    let file = |name: &str| server.scratch().join(name).display().to_string();
    let mut arguments = vec![
        "ca",
        "-batch",
        "-selfsign",
        "-notext",
        "-config",
        &configuration,
    ];
    let (key, request, out) = (
        file("subject.key.pem"),
        file("subject.csr.pem"),
        file("over.pem"),
    );
    arguments.extend(["-keyfile", &key, "-in", &request, "-out", &out]);
    arguments.extend([
        "-startdate",
        "20100101000000Z",
        "-enddate",
        "20110101000000Z",
    ]);
    run("openssl", &arguments);
    std::fs::read_to_string(out).unwrap()
}

#[test]
fn a_host_that_is_none_is_refused() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let headers = [
        ("Authorization", admin.authorization.as_str()),
        ("Host", "a\"b"),
    ];
    let answer = server.request("GET", &format!("{BASE}/users"), &headers, b"");
    assert_eq!(answer.status, 400, "{}", answer.text());
    assert!(!answer.text().contains("a\"b"));
}
