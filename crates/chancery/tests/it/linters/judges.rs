//! The judges: programs that are not ours, and how they are asked. Must not know what should come out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::{authority, text};
use crate::server::{Server, python, run};

/// What pkilint is to look at, in one run.
#[derive(Default)]
pub(crate) struct Pkilint(String);

impl Pkilint {
    pub(crate) fn certificate(&mut self, label: &str, file: &Path) {
        self.task("certificate", label, &text(file));
    }

    pub(super) fn list(&mut self, label: &str, file: &Path) {
        self.task("crl", label, &text(file));
    }

    pub(crate) fn answer(&mut self, label: &str, file: &Path) {
        self.task("ocsp", label, &text(file));
    }

    pub(super) fn chain(&mut self, label: &str, issuer: &Path, subject: &Path) {
        self.task(
            "chain",
            label,
            &format!("{}\t{}", text(issuer), text(subject)),
        );
    }

    fn task(&mut self, linter: &str, label: &str, files: &str) {
        self.0.push_str(&format!("{linter}\t{label}\t{files}\n"));
    }

    /// All that it finds, from notices up.
    pub(super) fn findings(&self, scratch: &Path) -> Vec<Value> {
        let tasks = scratch.join("pkilint.tasks");
        std::fs::write(&tasks, &self.0).unwrap();
        let printed = python("pkilint_all.py", &[&text(&tasks)], "");
        serde_json::from_str(&printed).unwrap()
    }

    /// All that it finds, which must be nothing but what is accepted: code, a part of the message, why.
    #[track_caller]
    pub(crate) fn finds_only(&self, scratch: &Path, accepted: &[(&str, &str, &str)]) -> Vec<Value> {
        let found = self.findings(scratch);
        let is_accepted = |finding: &Value| {
            let mut table = accepted.iter();
            table.any(|(code, message, _)| is_finding(finding, code, message))
        };
        let wrong: Vec<String> = found
            .iter()
            .filter(|finding| !is_accepted(finding))
            .map(Value::to_string)
            .collect();
        assert!(wrong.is_empty(), "pkilint found:\n{}", wrong.join("\n"));
        found
    }
}

pub(super) fn is_finding(finding: &Value, code: &str, message: &str) -> bool {
    finding["code"] == code && finding["message"].as_str().unwrap().contains(message)
}

/// The lints of zlint that follow from RFCs, and those that follow from bugs of others: all but the rules of those who
/// judge public authorities.
pub(super) const RFCS: [&str; 2] = [
    "-excludeSources",
    "CABF_BR,CABF_EV,CABF_SMIME_BR,ETSI_ESI,Mozilla,Apple",
];
/// Its lints of the rules for public servers.
pub(super) const PUBLIC: [&str; 2] = ["-includeSources", "CABF_BR,Mozilla"];

/// The names of all of these lints by which zlint finds something, in certificates and CRLs.
#[track_caller]
pub(super) fn zlint(lints: [&str; 2], files: &[PathBuf]) -> BTreeSet<String> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/tools/bin/zlint");
    assert!(
        program.exists(),
        "{} is needed for the tests: run ./check, which fetches it",
        program.display()
    );
    let mut arguments: Vec<String> = lints.map(str::to_owned).to_vec();
    arguments.extend(files.iter().map(|file| text(file)));
    let printed = run_all(&text(&program), &arguments);
    assert_eq!(printed.lines().count(), files.len());
    let mut found = BTreeSet::new();
    for line in printed.lines() {
        let lints: Value = serde_json::from_str(line).unwrap();
        for (lint, said) in lints.as_object().unwrap() {
            // Everything from notices up; NA and NE are lints that do not apply.
            if !["pass", "NA", "NE"].contains(&said["result"].as_str().unwrap()) {
                found.insert(lint.clone());
            }
        }
    }
    found
}

/// Has openssl, at its strictest, verify all these up to the root, with the current CRLs.
#[track_caller]
pub(super) fn openssl_verifies(server: &Server, files: &[PathBuf]) {
    let mut arguments = vec![
        "verify".to_owned(),
        "-x509_strict".to_owned(),
        "-CAfile".to_owned(),
        text(&authority(server, "root")),
        "-untrusted".to_owned(),
        text(&authority(server, "issuing")),
        "-crl_check".to_owned(),
        "-CRLfile".to_owned(),
        text(&server.crl_file("issuing")),
        "-CRLfile".to_owned(),
        text(&server.crl_file("root")),
    ];
    arguments.extend(files.iter().map(|file| text(file)));
    run_all("openssl", &arguments);
}

/// What GnuTLS says of the path from this certificate to the root, with the current CRL: none if it is good.
pub(super) fn gnutls_verdict(server: &Server, file: &Path) -> Option<String> {
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let chain = server.scratch().join("chain.pem");
    std::fs::write(&chain, read(file) + &read(&authority(server, "issuing"))).unwrap();
    let output = Command::new("certtool")
        .args(["--verify", "--verify-profile", "medium"])
        .arg("--load-ca-certificate")
        .arg(authority(server, "root"))
        .arg("--load-crl")
        .arg(server.crl_file("issuing"))
        .arg("--infile")
        .arg(chain)
        .output()
        .expect("certtool is needed for the tests: run ./check, which installs it");
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("Chain verification output:"), "{said}");
    (!output.status.success()).then_some(said)
}

/// GnuTLS reads every part of the certificate, and the serial number that we say it has.
#[track_caller]
pub(super) fn gnutls_reads(file: &Path, serial: &str) {
    let said = run("certtool", &["--certificate-info", "--infile", &text(file)]);
    let serial = format!("Serial Number (hex): {serial}\n");
    assert!(said.contains(&serial), "{said}");
    // It has no name for the extension by which an OCSP responder says that nobody need ask about it.
    let said = said.replace("Unknown extension 1.3.6.1.5.5.7.48.1.5 ", "");
    for trouble in ["error", "Unknown", "warning"] {
        assert!(!said.contains(trouble), "{trouble}: {said}");
    }
}

/// The current list of an authority in a file called `label`. GnuTLS and openssl check its signature and count its entries.
#[track_caller]
pub(super) fn list(server: &Server, name: &str, label: &str, entries: usize) -> PathBuf {
    let file = server.scratch().join(format!("{label}.crl"));
    std::fs::rename(server.crl_file(name), &file).unwrap();
    let (list, signer) = (text(&file), text(&authority(server, name)));

    let asked = [
        "--verify-crl",
        "--load-ca-certificate",
        &signer,
        "--infile",
        &list,
    ];
    let said = run("certtool", &asked);
    assert!(said.contains("Verification output: Verified."), "{said}");
    let said = run("certtool", &["--crl-info", "--infile", &list]);
    let counted = match entries {
        0 => "No revoked certificates".to_owned(),
        _ => format!("Revoked certificates ({entries})"),
    };
    assert!(said.contains(&counted) && !said.contains("error"), "{said}");

    let asked = ["crl", "-in", &list, "-noout", "-text", "-CAfile", &signer];
    let said = run("openssl", &asked);
    assert_eq!(said.matches("Serial Number").count(), entries, "{said}");
    file
}

/// What TLS says of a certificate in each part; none is good.
#[derive(Debug)]
pub(super) struct Tls {
    /// As that of the server `host.example.com`.
    pub(super) server: Option<String>,
    pub(super) client: Option<String>,
}

/// What Python's cryptography says of each.
pub(super) fn tls_verdicts(server: &Server, files: &[PathBuf]) -> Vec<Tls> {
    let mut arguments = vec![
        text(&authority(server, "root")),
        text(&authority(server, "issuing")),
        "host.example.com".to_owned(),
    ];
    arguments.extend(files.iter().map(|file| text(file)));
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let printed = python("verify_tls.py", &arguments, "");
    let verdicts: Vec<Value> = serde_json::from_str(&printed).unwrap();
    assert_eq!(verdicts.len(), files.len());
    let verdict = |value: &Value| value.as_str().map(str::to_owned);
    verdicts
        .iter()
        .map(|both| Tls {
            server: verdict(&both["server"]),
            client: verdict(&both["client"]),
        })
        .collect()
}

#[track_caller]
fn run_all(program: &str, arguments: &[String]) -> String {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    run(program, &arguments)
}
