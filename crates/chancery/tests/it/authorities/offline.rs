//! A root whose key is never here: openssl's `ca` in a folder of its own.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{issue, issues_nothing, shown, state, verdict};
use crate::native::{refused, text};
use crate::server::{Server, run};

/// A root that is kept elsewhere.
struct Offline {
    folder: PathBuf,
}

impl Offline {
    fn new(server: &Server) -> Offline {
        let folder = server.scratch().join("offline");
        std::fs::create_dir(&folder).unwrap();
        let at = folder.display();
        let config = format!(
            "[ca]\ndefault_ca = a\n[a]\ndatabase = {at}/index\nnew_certs_dir = {at}\nrand_serial = yes\n\
             crlnumber = {at}/number\ndefault_md = sha256\npolicy = p\ndefault_days = 1000\ndefault_crl_days = 30\n\
             copy_extensions = copy\nx509_extensions = v\ncrl_extensions = e\ncertificate = {at}/root.pem\n\
             private_key = {at}/root.key\nunique_subject = no\n[p]\ncommonName = supplied\norganizationName = optional\n\
             [v]\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n[e]\nauthorityKeyIdentifier = keyid\n\
             [end]\nbasicConstraints = CA:FALSE\n"
        );
        std::fs::write(folder.join("ca.cnf"), config).unwrap();
        std::fs::write(folder.join("index"), "").unwrap();
        std::fs::write(folder.join("number"), "1000\n").unwrap();
        let offline = Offline { folder };
        let (key, root) = (offline.file("root.key"), offline.file("root.pem"));
        let making = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 3000 -subj /O=Example/CN=Offline \
                      -addext keyUsage=critical,keyCertSign,cRLSign";
        let mut arguments: Vec<&str> = making.split_whitespace().collect();
        arguments.extend(["-keyout", &key, "-out", &root]);
        run("openssl", &arguments);
        offline
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name)).unwrap()
    }

    fn ca(&self, arguments: &[&str]) {
        let config = self.file("ca.cnf");
        run(
            "openssl",
            &[&["ca", "-batch", "-config", &config], arguments].concat(),
        );
    }

    /// Signs a request; the file of the certificate.
    fn sign(&self, csr: &str, name: &str, more: &[&str]) -> String {
        let (request, certificate) = (
            self.file(&format!("{name}.csr")),
            self.file(&format!("{name}.pem")),
        );
        std::fs::write(&request, csr).unwrap();
        let usual = ["-notext", "-in", &request, "-out", &certificate];
        self.ca(&[&usual[..], more].concat());
        certificate
    }

    /// The newest list, as PEM, with the name of its file.
    fn list(&self) -> (String, String) {
        let file = self.file("crl.pem");
        self.ca(&["-gencrl", "-out", &file]);
        (self.read("crl.pem"), file)
    }
}

/// Asks for an authority to be signed elsewhere; the request.
fn request(server: &Server, name: &str) -> String {
    let body = json!({"name": name, "subject": format!("CN={name},O=Example"), "offline": true});
    let made = server
        .native("POST", "/authorities", &body)
        .expect(201)
        .json();
    assert_eq!(
        (&made["state"], &made["certificate"]),
        (&json!("awaiting"), &Value::Null)
    );
    let csr = server.native("GET", &format!("/authorities/{name}/csr"), &Value::Null);
    assert_eq!(csr.header("Content-Type"), Some("application/x-pem-file"));
    assert_eq!(csr.text(), text(&made, "csr"));
    csr.text()
}

#[test]
fn a_root_kept_elsewhere_signs_and_its_lists_are_served() {
    let mut server = Server::start();
    let offline = Offline::new(&server);
    let subject = ["--subject", "CN=Example Sub,O=Example", "--key", "ec-p384"];
    let output = server.cli(&[&["authority", "request", "sub"][..], &subject].concat());
    let csr = String::from_utf8(output.stdout).unwrap();
    server.kill_and_restart();
    assert_eq!(state(&server, "sub"), "awaiting");
    refused(
        &server.native("POST", "/certificates", &super::asked(Some("sub"))),
        404,
        "not-found",
    );
    let certificate = offline.sign(&csr, "sub", &[]);
    let root = offline.file("root.pem");
    let imported = server.cli(&[
        "authority",
        "import",
        "sub",
        "--certificates",
        &certificate,
        "--certificates",
        &root,
    ]);
    assert!(
        imported.status.success(),
        "{}",
        String::from_utf8_lossy(&imported.stderr)
    );
    let above = shown(&server, "offline");
    assert_eq!(
        (&above["key_here"], &above["parent"]),
        (&json!(false), &Value::Null)
    );
    assert_eq!(text(&above, "certificate"), offline.read("root.pem"));
    issues_nothing(&server, Some("offline"), "kept elsewhere");
    assert_eq!(server.http("/crl/offline.crl").status, 404);
    // Its list is served as it came, and the whole chain holds under it.
    let (list, file) = offline.list();
    let taken = server.cli(&["authority", "import-crl", "offline", "--crl", &file]);
    assert!(
        taken.status.success(),
        "{}",
        String::from_utf8_lossy(&taken.stderr)
    );
    let one = issue(&server, Some("sub"));
    for _ in 0..2 {
        assert_eq!(server.http("/crl/offline.pem").expect(200).text(), list);
        assert_eq!(verdict(&server, &one), None);
        server.kill_and_restart();
    }
    assert_eq!(server.http("/ca/offline.cer").expect(200).status, 200);
    // The root elsewhere revokes it: here it stops as soon as the list is here.
    offline.ca(&["-revoke", &certificate, "-crl_reason", "CACompromise"]);
    let (list, _) = offline.list();
    issue(&server, Some("sub"));
    server
        .native("POST", "/authorities/offline/crl", &json!({"crl": list}))
        .expect(200);
    for _ in 0..2 {
        assert_eq!(state(&server, "sub"), "revoked");
        issues_nothing(&server, Some("sub"), "is revoked");
        let said = verdict(&server, &one).unwrap();
        assert!(said.contains("certificate revoked"), "{said}");
        server.kill_and_restart();
    }
    // An older list does not take the newer one's place.
    let again = server.native("POST", "/authorities/offline/crl", &json!({"crl": list}));
    assert!(refused(&again, 400, "invalid").contains("is here already"));
}

#[test]
fn wrong_certificates_are_refused_and_change_nothing() {
    let server = Server::start();
    let offline = Offline::new(&server);
    let (csr, other) = (request(&server, "sub"), request(&server, "other"));
    let root = offline.read("root.pem");
    let signed = |csr: &str, more: &[&str]| {
        let file = offline.sign(csr, "wrong", more);
        std::fs::read_to_string(file).unwrap()
    };
    let good = signed(&csr, &[]);
    let past = [
        "-startdate",
        "20200101000000Z",
        "-enddate",
        "20210101000000Z",
    ];
    let future = [
        "-startdate",
        "20500101000000Z",
        "-enddate",
        "20510101000000Z",
    ];
    let before = server.native("GET", "/authorities", &Value::Null).text();
    for (given, words) in [
        (signed(&other, &[]) + &root, "no certificate is for the key"),
        (signed(&csr, &past) + &root, "has expired"),
        (signed(&csr, &future) + &root, "not valid yet"),
        (
            signed(&csr, &["-extensions", "end"]) + &root,
            "no authority's",
        ),
        (good.clone(), "is missing"),
        (root.clone(), "no certificate is for the key"),
        ("nothing".to_owned(), "certificates: "),
    ] {
        let body = json!({"certificates": given});
        let answer = server.native("POST", "/authorities/sub/certificate", &body);
        let detail = refused(&answer, 400, "invalid");
        assert!(detail.contains(words), "{words}: {detail}");
        assert_eq!(
            server.native("GET", "/authorities", &Value::Null).text(),
            before
        );
    }
    let same = json!({"name": "sub", "subject": "CN=x", "self_signed": true});
    refused(
        &server.native("POST", "/authorities", &same),
        409,
        "conflict",
    );
    let body = json!({"certificates": root + &good});
    let path = "/authorities/sub/certificate";
    server.native("POST", path, &body).expect(200);
    refused(&server.native("POST", path, &body), 409, "conflict");
    // The second one finds the root here already.
    let body = json!({"certificates": signed(&other, &[])});
    let other = server.native("POST", "/authorities/other/certificate", &body);
    assert_eq!(other.expect(200).json()["parent"], "offline");
}

/// An issuing authority under a root here moves under one elsewhere.
#[test]
fn a_successor_is_signed_elsewhere() {
    let mut server = Server::start();
    let offline = Offline::new(&server);
    let path = "/authorities/issuing/rollover";
    let next = server
        .native("POST", path, &json!({"offline": true}))
        .expect(201)
        .json();
    assert_eq!(
        (&next["state"], &next["predecessor"]),
        (&json!("awaiting"), &json!("issuing"))
    );
    server.kill_and_restart();
    assert_eq!(issue(&server, None)["authority"], "issuing");
    let certificate = offline.sign(text(&next, "csr"), "next", &[]);
    let bundle = std::fs::read_to_string(certificate).unwrap() + &offline.read("root.pem");
    server
        .native(
            "POST",
            "/authorities/issuing-2/certificate",
            &json!({"certificates": bundle}),
        )
        .expect(200);
    let (list, _) = offline.list();
    server
        .native("POST", "/authorities/offline/crl", &json!({"crl": list}))
        .expect(200);
    let one = issue(&server, None);
    assert_eq!(one["authority"], "issuing-2");
    assert_eq!(verdict(&server, &one), None);
}
