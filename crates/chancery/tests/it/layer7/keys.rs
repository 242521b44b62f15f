//! Private keys: requests made with them, certificates signed by an authority's, PKCS#12 out and in. openssl judges.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::server::{P256, Server, csr, run};

use super::{Client, NS, assert_error, der_in_base64, listed, text_of, texts_of};

const CA: &str = "/privateKeys/00000000000000000000000000000002:issuing";

fn path_of(alias: &str) -> String {
    format!("/privateKeys/00000000000000000000000000000002:{alias}")
}

fn password(root: &str, password: &str, more: &str) -> String {
    format!("<l7:{root} {NS}>{more}<l7:Password>{password}</l7:Password></l7:{root}>")
}

#[test]
fn keys_are_those_of_held_certificates_and_of_the_issuing_authority() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let held = server.issue("CN=held");
    let alias = held["name"].as_str().unwrap();
    let all = listed(&admin, "/privateKeys?sort=alias");
    assert!(
        all.iter().any(|name| name == alias) && all.iter().any(|name| name == "issuing"),
        "{all:?}"
    );
    assert!(!all.iter().any(|name| name == "root"), "{all:?}");
    assert!(all.is_sorted());
    assert_eq!(
        listed(
            &admin,
            &format!("/privateKeys?alias={alias}&alias=issuing&order=desc")
        )
        .len(),
        2
    );
    let shown = admin.get(&path_of(alias)).expect(200);
    assert_eq!(text_of(&shown, "Type"), "SSG_KEY_ENTRY");
    assert_eq!(
        texts_of(&shown, "Encoded").len(),
        3,
        "its certificate, the issuing one, the root"
    );
    assert_eq!(texts_of(&shown, "StringValue"), ["EC"]);
    let element = format!(
        "<l7:PrivateKey alias=\"{alias}\" id=\"00000000000000000000000000000002:{alias}\" \
         keystoreId=\"00000000000000000000000000000002\">"
    );
    assert!(shown.text().contains(&element), "{}", shown.text());
    let authority = admin.get(CA).expect(200);
    assert_eq!(
        texts_of(&authority, "StringValue"),
        ["EC", "Default CA Key"]
    );
    for path in [
        path_of("x"),
        CA.replace("02:", "01:"),
        "/privateKeys/issuing".to_owned(),
    ] {
        assert_error(&admin.get(&path), 404, "NotFound", "private key");
    }
}

#[test]
fn requests_are_made_with_a_held_key() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let issued = server.issue("CN=held,O=Example");
    let path = format!("{}/generateCSR", path_of(issued["name"].as_str().unwrap()));
    let check = |query: &str, subject: &str| {
        let answer = admin.get(&format!("{path}{query}")).expect(200);
        assert_eq!(
            answer.header("Content-Type"),
            Some("application/x-pem-file")
        );
        let file = server.scratch_file("made.csr", &answer.body);
        run("openssl", &["req", "-in", &file, "-noout", "-verify"]);
        let said = run(
            "openssl",
            &[
                "req", "-in", &file, "-noout", "-subject", "-nameopt", "RFC2253",
            ],
        );
        assert_eq!(said.trim(), format!("subject={subject}"));
        let key = run("openssl", &["req", "-in", &file, "-noout", "-pubkey"]);
        let certificate = server.scratch_file("held.pem", issued["certificate"].as_str().unwrap());
        assert_eq!(
            key,
            run(
                "openssl",
                &["x509", "-in", &certificate, "-noout", "-pubkey"]
            )
        );
        run("openssl", &["req", "-in", &file, "-noout", "-text"])
    };
    check("", "CN=held,O=Example");
    let text = check(
        "?csrSubjectDN=CN=web.example,O=A%26B&subjectAlternativeName=dNSName:web.example&\
         subjectAlternativeName=iPAddress:192.0.2.1&signatureHash=SHA-256",
        "CN=web.example,O=A&B",
    );
    assert!(
        text.contains("DNS:web.example, IP Address:192.0.2.1"),
        "{text}"
    );
    for (query, why) in [
        ("?csrSubjectDN=nonsense", "csrSubjectDN"),
        ("?subjectAlternativeName=ip:x", "subjectAlternativeName"),
        ("?signatureHash=SHA-1", "signatureHash"),
        ("?csrSubjectDN=CN=a&csrSubjectDN=CN=b", "twice"),
    ] {
        assert_error(
            &admin.get(&format!("{path}{query}")),
            400,
            "BadRequest",
            why,
        );
    }
    assert_error(
        &admin.get(&format!("{CA}/generateCSR")),
        403,
        "Forbidden",
        "signs",
    );
}

#[test]
fn the_authoritys_key_signs_requests() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let pem = csr(
        server.scratch(),
        P256,
        "/CN=web.example",
        &["-addext", "subjectAltName=DNS:web.example"],
    );
    let der = STANDARD.decode(der_in_base64(&pem)).unwrap();
    let path = format!("{CA}/signCert");
    let query = "?subjectDN=CN=other,O=Example&expiryAge=730&signatureHash=Automatic";
    for body in [
        pem.as_bytes(),
        &der,
        format!("junk\n{pem}junk\n").as_bytes(),
    ] {
        let answer = admin
            .send("PUT", &format!("{path}{query}"), body)
            .expect(200);
        assert_eq!(
            answer.header("Content-Type"),
            Some("application/x-pem-file")
        );
        let text = answer.text();
        assert_eq!(server.openssl_verdict(&text), None);
        let file = server.scratch_file("signed.pem", &text);
        let said = run(
            "openssl",
            &[
                "x509",
                "-in",
                &file,
                "-noout",
                "-subject",
                "-nameopt",
                "RFC2253",
                "-ext",
                "subjectAltName",
            ],
        );
        assert!(
            said.contains("subject=CN=other,O=Example") && said.contains("DNS:web.example"),
            "{said}"
        );
        let seconds = 86_400 * 729;
        run(
            "openssl",
            &[
                "x509",
                "-in",
                &file,
                "-noout",
                "-checkend",
                &seconds.to_string(),
            ],
        );
    }
    for (query, why) in [
        ("?expiryAge=0", "expiryAge"),
        ("?expiryAge=-1", "expiryAge"),
        ("?expiryAge=1000000000000", "expiryAge"),
        ("?expiryAge=soon", "expiryAge"),
        ("?expiryAge=100000", ""),
        ("?subjectDN=x", "subjectDN"),
        ("?signatureHash=MD5", "signatureHash"),
    ] {
        assert_error(
            &admin.send("PUT", &format!("{path}{query}"), &pem),
            400,
            "BadRequest",
            why,
        );
    }
    for body in ["", "x", "<a/>"] {
        assert_error(
            &admin.send("PUT", &path, body),
            400,
            "BadRequest",
            "request",
        );
    }
    let mut forged = der.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    assert_error(&admin.send("PUT", &path, &forged), 400, "BadRequest", "");
    let held = server.issue("CN=held");
    let leaf = format!("{}/signCert", path_of(held["name"].as_str().unwrap()));
    assert_error(
        &admin.send("PUT", &leaf, &pem),
        400,
        "BadRequest",
        "only an authority",
    );
}

#[test]
fn a_key_goes_out_as_pkcs12() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let issued = server.issue("CN=held");
    let path = format!("{}/export", path_of(issued["name"].as_str().unwrap()));
    let answer = admin
        .send(
            "PUT",
            &path,
            password("PrivateKeyExportContext", "secret", ""),
        )
        .expect(200);
    let file = STANDARD.decode(text_of(&answer, "Pkcs12Data")).unwrap();
    let file = server.scratch_file("out.p12", file);
    let out = run(
        "openssl",
        &["pkcs12", "-in", &file, "-nodes", "-passin", "pass:secret"],
    );
    assert!(out.contains(issued["certificate"].as_str().unwrap().trim()));
    let key = server.scratch_file("out.pem", &out);
    let public = run("openssl", &["pkey", "-in", &key, "-pubout"]);
    assert_eq!(
        public,
        run("openssl", &["x509", "-in", &key, "-noout", "-pubkey"])
    );
    for body in [
        password("PrivateKeyExportContext", "", ""),
        password("PrivateKeyImportContext", "x", ""),
        String::new(),
    ] {
        assert_error(&admin.send("PUT", &path, body), 400, "BadRequest", "");
    }
    let authority = admin.send(
        "PUT",
        &format!("{CA}/export"),
        password("PrivateKeyExportContext", "secret", ""),
    );
    assert_error(&authority, 403, "Forbidden", "");
}

#[test]
fn a_key_comes_in_as_pkcs12() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let key = server.scratch().join("foreign.key").display().to_string();
    let pem = server.scratch_file("in.pem", super::foreign(&server, "/CN=came in"));
    let made = server.scratch().join("in.p12").display().to_string();
    let packed = |secret: &str| {
        let secret = format!("pass:{secret}");
        run(
            "openssl",
            &[
                "pkcs12", "-export", "-inkey", &key, "-in", &pem, "-out", &made, "-passout",
                &secret,
            ],
        );
        let data = STANDARD.encode(std::fs::read(&made).unwrap());
        format!(
            "<l7:Pkcs12Data>{}\n{}</l7:Pkcs12Data>",
            &data[..40],
            &data[40..]
        )
    };
    let (open, closed) = (packed(""), packed("secret"));
    let path = format!("{}/import", path_of("came-in"));
    let import = |body: String| admin.send("POST", &path, body);
    let wrong = import(password("PrivateKeyImportContext", "wrong", &closed));
    assert_error(&wrong, 400, "BadRequest", "password");
    let imported = import(password("PrivateKeyImportContext", "secret", &closed)).expect(201);
    assert_eq!(text_of(&imported, "Name"), "came-in");
    import(password("PrivateKeyImportContext", "", &open)).expect(200);
    assert_eq!(listed(&admin, "/privateKeys?alias=came-in"), ["came-in"]);

    // What came in goes out, and signs.
    let out = admin.send(
        "PUT",
        &format!("{}/export", path_of("came-in")),
        password("PrivateKeyExportContext", "other", ""),
    );
    let file = STANDARD
        .decode(text_of(&out.expect(200), "Pkcs12Data"))
        .unwrap();
    let file = server.scratch_file("again.p12", file);
    let again = run(
        "openssl",
        &[
            "pkcs12",
            "-in",
            &file,
            "-nodes",
            "-nocerts",
            "-passin",
            "pass:other",
        ],
    );
    let again = server.scratch_file("again.key", again);
    assert_eq!(
        run("openssl", &["pkey", "-in", &again, "-pubout"]),
        run("openssl", &["pkey", "-in", &key, "-pubout"])
    );
    let request = admin
        .get(&format!("{}/generateCSR", path_of("came-in")))
        .expect(200);
    let request = server.scratch_file("in.csr", &request.body);
    run("openssl", &["req", "-in", &request, "-noout", "-verify"]);

    let taken = admin.send(
        "POST",
        &format!("{CA}/import"),
        password("PrivateKeyImportContext", "secret", &closed),
    );
    assert_error(&taken, 400, "Conflict", "alias");
    for body in [
        "<l7:Pkcs12Data>AAAA</l7:Pkcs12Data>",
        "<l7:Pkcs12Data>!</l7:Pkcs12Data>",
        "",
    ] {
        assert_error(
            &import(password("PrivateKeyImportContext", "x", body)),
            400,
            "BadRequest",
            "",
        );
    }
}

#[test]
fn a_key_that_is_there_does_not_come_in_by_another_alias_in_silence() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let issued = server.issue("CN=held");
    let alias = issued["name"].as_str().unwrap();
    let secret = password("PrivateKeyExportContext", "secret", "");
    let out = admin.send("PUT", &format!("{}/export", path_of(alias)), secret);
    let data = text_of(&out.expect(200), "Pkcs12Data");
    let data = format!("<l7:Pkcs12Data>{data}</l7:Pkcs12Data>");
    let body = password("PrivateKeyImportContext", "secret", &data);
    let import = |alias: &str| admin.send("POST", &format!("{}/import", path_of(alias)), &body);
    assert_error(&import("other"), 400, "BadRequest", alias);
    assert_error(&admin.get(&path_of("other")), 404, "NotFound", "");
    assert_eq!(text_of(&import(alias).expect(200), "Name"), alias);
}

#[test]
fn a_retired_authoritys_key_signs_no_request() {
    let server = Server::start();
    let admin = Client::administrator(&server);
    let pem = csr(server.scratch(), P256, "/CN=web.example", &[]);
    let retire = "/authorities/issuing/retire";
    server
        .native("POST", retire, &serde_json::json!({}))
        .expect(200);
    let answer = admin.send("PUT", &format!("{CA}/signCert"), pem.as_bytes());
    assert_error(&answer, 400, "BadRequest", "retired");
}
