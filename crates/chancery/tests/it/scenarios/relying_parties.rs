//! A relying party with openssl watches one certificate be held, released and revoked: through the list that it fetched in
//! the morning and the delta of now, through a fresh list, and by OCSP with and without a nonce.

use std::process::Command;

use serde_json::{Value, json};

use super::tell;
use crate::server::{Server, run};

/// Somebody with openssl and curl, who trusts the root and knows the certificate.
struct RelyingParty<'s> {
    server: &'s Server,
    certificate: String,
    root: String,
    issuing: String,
    /// The root's list and the issuing authority's, as they were fetched once.
    fetched: [String; 2],
    /// When that was.
    when: &'static str,
}

/// What openssl concludes, in one or two of its own words.
#[derive(PartialEq, Eq, Debug)]
struct Conclusions {
    /// From the list that was fetched once, alone.
    old: String,
    /// From that list with the delta of now.
    delta: String,
    /// From the list of now.
    fresh: String,
    /// By OCSP.
    ocsp: String,
}

impl RelyingParty<'_> {
    /// Fetches what is needed to judge a certificate, and keeps it.
    fn meets<'s>(server: &'s Server, pem: &str, when: &'static str) -> RelyingParty<'s> {
        let fetch = |path: &str, name: &str| fetch(server, path, &format!("{when}.{name}"));
        RelyingParty {
            certificate: server.scratch_file("certificate.pem", pem),
            root: fetch("/ca/root.pem", "root.pem"),
            issuing: fetch("/ca/issuing.pem", "issuing.pem"),
            fetched: [
                fetch("/crl/root.pem", "root.crl.pem"),
                fetch("/crl/issuing.pem", "issuing.crl.pem"),
            ],
            when,
            server,
        }
    }

    fn concludes(&self) -> Conclusions {
        let [_, old] = &self.fetched;
        let delta = fetch(self.server, "/crl/issuing/delta.pem", "delta.crl.pem");
        let fresh = fetch(self.server, "/crl/issuing.pem", "fresh.crl.pem");
        let ocsp = self.ocsp("-nonce");
        assert_eq!(self.ocsp("-no_nonce"), ocsp);
        Conclusions {
            old: self.verify(&[old]),
            delta: self.verify(&[old, &delta]),
            fresh: self.verify(&[&fresh]),
            ocsp,
        }
    }

    /// `OK`, or why not.
    fn verify(&self, lists: &[&String]) -> String {
        let [above, _] = &self.fetched;
        let mut command = Command::new("openssl");
        command.args(["verify", "-x509_strict", "-crl_check_all", "-extended_crl"]);
        if lists.len() > 1 {
            command.arg("-use_deltas");
        }
        command.args(["-CAfile", &self.root, "-untrusted", &self.issuing]);
        command.args(["-CRLfile", above]);
        for list in lists {
            command.args(["-CRLfile", list]);
        }
        let output = command.arg(&self.certificate).output().unwrap();
        if output.status.success() {
            return "OK".to_owned();
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let mut lines = said.lines();
        let error = lines.find(|line| line.starts_with("error "));
        let (_, why) = error.and_then(|line| line.rsplit_once(": ")).unwrap();
        why.to_owned()
    }

    /// `good`, or `revoked` and why.
    fn ocsp(&self, nonce: &str) -> String {
        let url = format!("{}/ocsp", self.server.http_url());
        let said = run(
            "openssl",
            &[
                "ocsp",
                "-url",
                &url,
                nonce,
                "-CAfile",
                &self.root,
                "-verify_other",
                &self.issuing,
                "-issuer",
                &self.issuing,
                "-cert",
                &self.certificate,
            ],
        );
        let after = |mark: &str| {
            let line = said.lines().find_map(|line| line.trim().strip_prefix(mark));
            line.map(|rest| rest.trim().to_owned())
        };
        let status = after(&format!("{}:", self.certificate)).unwrap();
        match after("Reason:") {
            Some(reason) => format!("{status}, {reason}"),
            None => status,
        }
    }

    #[track_caller]
    fn sees(&self, step: &str, [old, delta, fresh, ocsp]: [&str; 4]) {
        let seen = self.concludes();
        let when = self.when;
        tell(step);
        for (how, said) in [
            (
                format!("openssl verify, the list of the {when}:"),
                &seen.old,
            ),
            (
                "    the same with the delta of now:".to_owned(),
                &seen.delta,
            ),
            ("openssl verify, the list of now:".to_owned(), &seen.fresh),
            ("openssl ocsp:".to_owned(), &seen.ocsp),
        ] {
            tell(&format!("    {how:43} {said}"));
        }
        let wanted = Conclusions {
            old: old.to_owned(),
            delta: delta.to_owned(),
            fresh: fresh.to_owned(),
            ocsp: ocsp.to_owned(),
        };
        assert_eq!(seen, wanted, "{step}");
    }
}

fn fetch(server: &Server, path: &str, name: &str) -> String {
    let file = server.scratch().join(name).display().to_string();
    let address = format!("{}{path}", server.http_url());
    run("curl", &["-sSf", "-o", &file, &address]);
    file
}

/// Tells what the delta of now says, in openssl's words; it has that entry.
#[track_caller]
fn delta_says(server: &Server, wanted: &str) {
    let file = fetch(server, "/crl/issuing/delta.pem", "told.crl.pem");
    let text = run("openssl", &["crl", "-in", &file, "-noout", "-text"]);
    let after = |mark: &str| {
        let mut lines = text.lines().map(str::trim);
        lines.find(|line| line.starts_with(mark))?;
        lines.next().map(str::to_owned)
    };
    let number = after("X509v3 CRL Number").unwrap();
    let base = after("X509v3 Delta CRL Indicator").unwrap();
    let entry = after("X509v3 CRL Reason Code").unwrap_or_else(|| "no entry".to_owned());
    tell(&format!(
        "    the delta is number {number} to {base}: {entry}"
    ));
    assert_eq!(entry, wanted);
}

#[test]
fn hold_release_and_revoke_as_openssl_sees_them() {
    const REVOKED: &str = "certificate revoked";
    let server = Server::start();
    let body = json!({"key": "ec-p256", "subject": "CN=gate 7"});
    let issued = server.native("POST", "/certificates", &body).expect(201);
    let issued = issued.json();
    let act = |action: &str, body: &Value| {
        let path = format!("/certificates/{}/{action}", issued["id"].as_str().unwrap());
        server.native("POST", &path, body).expect(200);
    };
    let pem = issued["certificate"].as_str().unwrap();
    let party = RelyingParty::meets(&server, pem, "morning");
    party.sees("issued", ["OK", "OK", "OK", "good"]);

    act("hold", &json!({}));
    party.sees(
        "put on hold",
        ["OK", REVOKED, REVOKED, "revoked, certificateHold"],
    );
    delta_says(&server, "Certificate Hold");

    act("release", &json!({}));
    party.sees("released", ["OK", "OK", "OK", "good"]);
    delta_says(&server, "Remove From CRL");

    act("hold", &json!({}));
    let late = RelyingParty::meets(&server, pem, "afternoon");
    late.sees(
        "put on hold again, and somebody fetches that list",
        [REVOKED, REVOKED, REVOKED, "revoked, certificateHold"],
    );
    act("release", &json!({}));
    late.sees(
        "released: that list still has it, its delta takes it out",
        [REVOKED, "OK", "OK", "good"],
    );

    act("revoke", &json!({"reason": "key-compromise"}));
    for (party, old) in [(&party, "OK"), (&late, REVOKED)] {
        party.sees(
            "revoked for good",
            [old, REVOKED, REVOKED, "revoked, keyCompromise"],
        );
    }
    delta_says(&server, "Key Compromise");
}
