//! Relying parties that are not ours, with what the open surface gives them: lists whole, in shards and as deltas, OCSP, and
//! authorities' certificates, of authorities of every kind.

mod addresses;
mod conditional;
mod judges;
mod long_lists;
mod openssl;
mod stapling;
mod webpki;

use std::process::Command;

use serde_json::{Value, json};

use crate::server::{Server, run};

/// Authorities of each kind: what they are called, the key of the root, and that of the issuing authority.
pub(crate) const AUTHORITIES: [(&str, &str, &str); 4] = [
    ("P-256", "ec-p384", "ec-p256"),
    ("P-384", "ec-p256", "ec-p384"),
    ("RSA", "rsa-3072", "rsa-2048"),
    ("Ed25519", "ed25519", "ed25519"),
];

/// A certificate of ours, in a file.
pub(crate) struct Subject {
    pub(crate) id: String,
    /// Upper-case hexadecimal without leading zeros, as openssl and GnuTLS print it.
    pub(crate) serial: String,
    pem: String,
    pub(crate) file: String,
}

impl Subject {
    /// Issued by the default profile to `CN=name`.
    pub(crate) fn of(server: &Server, name: &str) -> Subject {
        Subject::new(server, name, &server.issue(&format!("CN={name}")))
    }

    fn new(server: &Server, name: &str, issued: &Value) -> Subject {
        let text = |key: &str| issued[key].as_str().unwrap().to_owned();
        let pem = text("certificate");
        let serial = text("serial").to_ascii_uppercase();
        Subject {
            id: text("id"),
            serial: serial.trim_start_matches('0').to_owned(),
            file: server.scratch_file(&format!("{name}.pem"), &pem),
            pem,
        }
    }

    #[track_caller]
    fn act(&self, server: &Server, action: &str, body: &Value) {
        let path = format!("/certificates/{}/{action}", self.id);
        server.native("POST", &path, body).expect(200);
    }

    #[track_caller]
    pub(crate) fn hold(&self, server: &Server) {
        self.act(server, "hold", &json!({}));
    }

    #[track_caller]
    pub(crate) fn release(&self, server: &Server) {
        self.act(server, "release", &json!({}));
    }

    #[track_caller]
    pub(crate) fn revoke(&self, server: &Server, reason: &str) {
        self.act(server, "revoke", &json!({ "reason": reason }));
    }

    /// Where it says that the list about it is.
    #[track_caller]
    fn list(&self) -> String {
        let told = told(&self.file, "crlDistributionPoints");
        let [(_, one)] = told.as_slice() else {
            panic!("one address: {told:?}");
        };
        one.clone()
    }
}

/// The addresses in an extension of a certificate, each with what openssl writes before it. None if the extension is not
/// there.
fn told(file: &str, extension: &str) -> Vec<(String, String)> {
    let shown = run(
        "openssl",
        &["x509", "-in", file, "-noout", "-ext", extension],
    );
    uris(&shown)
}

fn uris(shown: &str) -> Vec<(String, String)> {
    let lines = shown.lines().filter_map(|line| line.split_once("URI:"));
    lines
        .map(|(before, uri)| (before.trim().to_owned(), uri.trim().to_owned()))
        .collect()
}

/// Fetches an address with curl into a file of that name, and gives its path.
#[track_caller]
fn fetch(server: &Server, address: &str, name: &str) -> String {
    let file = server.scratch().join(name).display().to_string();
    run("curl", &["-sSf", "-o", &file, address]);
    file
}

/// Fetches a list and has openssl check its signature; gives it as PEM, in a file.
#[track_caller]
fn fetch_list(server: &Server, address: &str, issuer: &str, name: &str) -> String {
    let der = fetch(server, address, &format!("{name}.der"));
    let pem = server.scratch().join(name).display().to_string();
    let signer = server.authority_file(issuer);
    let asked = [
        "crl", "-inform", "DER", "-in", &der, "-CAfile", &signer, "-out", &pem,
    ];
    let said = Command::new("openssl").args(asked).output().unwrap();
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("verify OK"), "{address}: {said}");
    pem
}

/// A list in openssl's words.
fn shown(list: &str) -> String {
    run("openssl", &["crl", "-in", list, "-noout", "-text"])
}
