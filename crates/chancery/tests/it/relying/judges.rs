//! Python's cryptography reads every kind of list, and pkilint and GnuTLS judge it: whole, of a shard, and what changed
//! since, of authorities of every kind and for every reason.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

use super::{AUTHORITIES, Subject, fetch};
use crate::server::{Server, python, run};

/// What Python's cryptography reads in a list, and what pkilint finds.
#[derive(Deserialize, Debug)]
struct Read {
    number: u64,
    /// The number of the list to which a delta adds.
    base: Option<u64>,
    /// The address of its issuing distribution point.
    point: Vec<String>,
    /// Where its delta is.
    freshest: Vec<String>,
    /// Serial numbers in upper-case hexadecimal, with the reason in RFC 5280's words.
    entries: BTreeMap<String, Option<String>>,
    signed: bool,
    findings: Vec<String>,
}

impl Read {
    /// Can this delta be added to that list (RFC 5280, section 5.2.4)?
    fn completes(&self, list: &Read) -> bool {
        self.base.is_some_and(|base| base <= list.number) && list.number < self.number
    }
}

/// Reads the lists of the issuing authority at these paths; pkilint and GnuTLS must be content with each.
#[track_caller]
fn read(server: &Server, paths: &[String]) -> Vec<Read> {
    let issuer = server.authority_file("issuing");
    let files: Vec<String> = paths
        .iter()
        .enumerate()
        .map(|(number, path)| {
            let address = format!("{}{path}", server.http_url());
            fetch(server, &address, &format!("{number}.crl"))
        })
        .collect();
    let mut arguments = vec![issuer.as_str()];
    arguments.extend(files.iter().map(String::as_str));
    let printed = python("read_crls.py", &arguments, "");
    let all: Vec<Read> = serde_json::from_str(&printed).unwrap();
    for ((list, path), file) in all.iter().zip(paths).zip(&files) {
        assert!(list.signed, "{path}");
        assert!(list.findings.is_empty(), "{path}: {:?}", list.findings);
        let pem = format!("{}.pem", path.trim_end_matches(".crl"));
        let pem = fetch(server, &format!("{}{pem}", server.http_url()), "judged.pem");
        let same = run("openssl", &["crl", "-inform", "DER", "-in", file]);
        assert_eq!(std::fs::read_to_string(&pem).unwrap(), same, "{path}");
        gnutls(&pem, &issuer, list);
    }
    all
}

/// GnuTLS finds the signature good, and as many entries.
#[track_caller]
fn gnutls(file: &str, issuer: &str, list: &Read) {
    let asked = ["--infile", file];
    let verify = ["--verify-crl", "--load-ca-certificate", issuer];
    let said = run("certtool", &[&verify[..], &asked].concat());
    assert!(said.contains("Verification output: Verified."), "{said}");
    let said = run("certtool", &[&["--crl-info"][..], &asked].concat());
    let counted = match list.entries.len() {
        0 => "No revoked certificates".to_owned(),
        count => format!("Revoked certificates ({count})"),
    };
    assert!(said.contains(&counted), "{said}");
    assert!(
        said.contains(&format!("CRL Number (not critical): {:02x}", list.number)),
        "{said}"
    );
}

/// Reasons as our API has them and as RFC 5280 has them.
const REASONS: [(&str, Option<&str>); 9] = [
    ("unspecified", None),
    ("key-compromise", Some("keyCompromise")),
    ("ca-compromise", Some("cACompromise")),
    ("affiliation-changed", Some("affiliationChanged")),
    ("superseded", Some("superseded")),
    ("cessation-of-operation", Some("cessationOfOperation")),
    ("certificate-hold", Some("certificateHold")),
    ("privilege-withdrawn", Some("privilegeWithdrawn")),
    ("aa-compromise", Some("aACompromise")),
];

#[test]
fn lists_of_every_kind_pass_every_judge() {
    for (what, root, issuing) in AUTHORITIES {
        let server = Server::start_with_authorities(root, issuing, "[crl]\nshards = 4\n");
        let address = |path: &str| vec![format!("{}{path}", server.http_url())];
        let path = |path: &str| format!("/crl/issuing{path}");
        let mut changed = BTreeMap::new();
        let released = Subject::of(&server, "released");
        released.hold(&server);
        changed.insert(released.serial.clone(), Some("certificateHold".to_owned()));
        let first = read(&server, &[path(".crl")]).remove(0);
        assert_eq!(first.entries, changed, "{what}");
        assert_eq!((first.base, &first.point), (None, &vec![]), "{what}");
        assert_eq!(first.freshest, address("/crl/issuing/delta.crl"), "{what}");

        released.release(&server);
        changed.insert(released.serial.clone(), Some("removeFromCRL".to_owned()));
        for (word, reason) in REASONS {
            let subject = Subject::of(&server, word);
            subject.revoke(&server, word);
            changed.insert(subject.serial, reason.map(str::to_owned));
        }
        let delta = read(&server, &[path("/delta.crl")]).remove(0);
        assert_eq!(delta.entries, changed, "{what}");
        assert!(delta.point.is_empty() && delta.completes(&first), "{what}");

        let mut revoked = changed;
        revoked.remove(&released.serial);
        let shards = (0..4).map(|index| path(&format!("/4/{index}.crl")));
        let deltas = (0..4).map(|index| path(&format!("/4/{index}-delta.crl")));
        let paths: Vec<String> = shards.chain(deltas).chain([path(".crl")]).collect();
        let mut shards_read = read(&server, &paths);
        let whole = shards_read.pop().unwrap();
        let deltas_read = shards_read.split_off(4);
        assert_eq!(whole.entries, revoked, "{what}");
        assert!(whole.number > first.number, "{what}");

        let mut together = BTreeMap::new();
        for ((shard, delta), index) in shards_read.into_iter().zip(deltas_read).zip(0..) {
            let own = address(&path(&format!("/4/{index}.crl")));
            assert_eq!((&shard.point, &delta.point), (&own, &own), "{what}");
            let freshest = address(&path(&format!("/4/{index}-delta.crl")));
            assert_eq!(shard.freshest, freshest, "{what}");
            assert!(shard.base.is_none() && delta.completes(&shard), "{what}");
            for serial in shard.entries.keys() {
                assert_eq!(place(serial, 4), index, "{what}: {serial}");
            }
            together.extend(shard.entries);
        }
        assert_eq!(together, revoked, "{what}");
    }
}

/// GnuTLS judges the whole path by the list that the certificate names, whole or of a shard.
#[test]
fn gnutls_takes_lists_whole_and_in_shards() {
    for (what, root, issuing) in AUTHORITIES {
        for layout in ["", "[crl]\nshards = 4\n"] {
            let server = Server::start_with_authorities(root, issuing, layout);
            let subject = Subject::of(&server, "one");
            let read = |name: &str| std::fs::read_to_string(server.authority_file(name)).unwrap();
            let chain = subject.pem.clone() + &read("issuing");
            let (chain, root) = (
                server.scratch_file("chain.pem", chain),
                server.authority_file("root"),
            );
            let verdict = || {
                let list = format!("{}.pem", subject.list().trim_end_matches(".crl"));
                let list = fetch(&server, &list, "own.pem");
                let asked = [
                    "--verify",
                    "--load-ca-certificate",
                    &root,
                    "--load-crl",
                    &list,
                ];
                let mut certtool = Command::new("certtool");
                let output = certtool.args(asked).args(["--infile", &chain]).output();
                let said = String::from_utf8(output.unwrap().stdout).unwrap();
                said.lines()
                    .rfind(|line| !line.is_empty())
                    .unwrap()
                    .to_owned()
            };
            for (change, words) in [
                ("", "Verified. The certificate is trusted."),
                ("hold", "The certificate chain is revoked."),
                ("release", "Verified. The certificate is trusted."),
            ] {
                if !change.is_empty() {
                    subject.act(&server, change, &serde_json::Value::Null);
                }
                let said = verdict();
                assert!(said.contains(words), "{what}, {layout:?}, {change}: {said}");
            }
        }
    }
}

/// The shard of so many into which a serial number falls, reckoned anew: by its last two octets.
fn place(serial: &str, of: u32) -> u32 {
    let serial = format!("{serial:0>4}");
    let last = u32::from_str_radix(&serial[serial.len() - 4..], 16).unwrap();
    last / (65536 / of)
}
