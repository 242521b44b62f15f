//! `profile lint` and `profile show`, which need no server: what they show is judged by others too, and bad profiles are
//! told from good ones.

use std::path::Path;
use std::process::{Command, Output};

use chancery_core::x509::pem;
use serde_json::{Value, json};

use super::judges::{Pkilint, RFCS, zlint};
use super::lints;
use crate::server::PROGRAM;

/// Runs `chancery profile ...` in that directory.
fn profile(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(PROGRAM)
        .arg("profile")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap()
}

/// What it prints if it ends with that code, and what it says beside.
#[track_caller]
fn ends(output: Output, code: i32) -> (String, String) {
    let text = |octets| String::from_utf8(octets).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!(output.status.code(), Some(code), "{out}{err}");
    (out, err)
}

/// Writes a configuration, and runs `profile lint` by it.
fn lint(configuration: &str, arguments: &[&str]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("mine.toml"), configuration).unwrap();
    let all = [&["lint", "--config", "mine.toml"], arguments].concat();
    profile(directory.path(), &all)
}

#[test]
fn samples_of_every_profile_pass_pkilint_and_zlint() {
    let directory = tempfile::tempdir().unwrap();
    for authority in ["ec-p256", "ec-p384", "rsa-2048", "ed25519"] {
        let configuration = format!(
            "[server]\npublic_url = \"http://ca.example\"\n[crl]\nshards = 16\n\
             [authority]\nroot_key = \"{authority}\"\nissuing_key = \"{authority}\"\n"
        );
        let (printed, said) = ends(lint(&configuration, &["--pem"]), 0);
        assert_eq!(said, "profiles: 10, errors: 0, warnings: 5\n");
        let (mut pkilint, mut files) = (Pkilint::default(), Vec::new());
        for (at, der) in pem::certificates_der(printed.as_bytes())
            .unwrap()
            .iter()
            .enumerate()
        {
            let file = directory.path().join(format!("{at}.pem"));
            std::fs::write(&file, pem::encode("CERTIFICATE", der)).unwrap();
            pkilint.certificate(&format!("{at} by {authority}"), &file);
            files.push(file);
        }
        // Five kinds of keys for each profile, three for the session border controller's.
        assert_eq!(files.len(), 48);
        assert_eq!(zlint(RFCS, &files), lints(&[]));
        pkilint.finds_only(directory.path(), &[]);
    }
}

#[test]
fn samples_are_shown_to_people_and_programs() {
    let (shown, _) = ends(lint("", &["tls-server", "sub-authority"]), 0);
    for line in [
        "profile tls-server",
        "  subject               CN=host.example.com",
        "  names                 dns:host.example.com, ip:192.0.2.1",
        "  valid for             90 days, 397 at most, from 60 seconds before issuing",
        "  CRL                   http://127.0.0.1:8080/crl/issuing.crl",
        "  ec-p256   digitalSignature                   ",
        "profile sub-authority",
        "  authority             path length 0",
        "  ec-p256   keyCertSign, cRLSign  ",
    ] {
        assert!(
            shown.lines().any(|shown| shown.starts_with(line)),
            "{line}: {shown}"
        );
    }
    assert!(!shown.contains("profile general"), "{shown}");

    let (printed, _) = ends(lint("", &["keystone-user", "--json"]), 0);
    let all: Value = serde_json::from_str(&printed).unwrap();
    let one = &all[0];
    assert_eq!(one["profile"]["name"], "keystone-user");
    assert_eq!(one["profile"]["backdate_seconds"], 0);
    assert_eq!(one["samples"].as_array().unwrap().len(), 5);
    assert_eq!(one["samples"][1]["key"], "ec-p256");
    assert!(
        one["samples"][1]["certificate"]
            .as_str()
            .unwrap()
            .starts_with("-----BEGIN")
    );
    let finding = json!({
        "severity": "warning",
        "text": "a critical extended key usage: who does not know a purpose refuses the certificate",
        "source": "RFC 5280, 4.2.1.12",
    });
    assert_eq!(one["findings"], json!([finding]));
}

/// What is found about a profile with these keys beside name and days; with an exclamation mark if it is an error.
#[track_caller]
fn finds(rules: &str, want: &str) {
    let rules = format!("[[profile]]\nname = \"x\"\ndefault_days = 1\nmax_days = 900\n{rules}\n");
    let (code, line) = match want.strip_prefix('!') {
        Some(want) => (1, format!("  error: {want}")),
        None => (0, format!("  warning: {want}")),
    };
    let (shown, said) = ends(lint(&rules, &["x"]), code);
    assert!(
        shown.lines().any(|shown| shown.starts_with(&line)),
        "{rules}{shown}"
    );
    let begins = if code == 0 {
        "profiles: 1,"
    } else {
        "chancery: profiles: 1,"
    };
    assert!(said.starts_with(begins), "{said}");
}

#[test]
fn bad_profiles_are_told() {
    let signature = "key_usage = [\"digitalSignature\"]";
    let with = |more: &str| format!("{signature}\n{more}");
    finds(signature, "no extended key usage");
    finds(
        &with("extended_key_usage = [\"serverAuth\"]"),
        "!serverAuth, but neither dns nor ip names",
    );
    finds(
        &with("extended_key_usage = [\"serverAuth\"]\nnames = [\"dns\"]"),
        "serverAuth for up to 900 days",
    );
    finds(
        &with("extended_key_usage = [\"emailProtection\"]"),
        "!emailProtection, but email names are not allowed",
    );
    finds(
        &with("extended_key_usage = [\"anyExtendedKeyUsage\"]"),
        "anyExtendedKeyUsage",
    );
    let encipher = "key_usage = [\"keyEncipherment\"]\nextended_key_usage = [\"clientAuth\"]";
    finds(encipher, "!clientAuth with RSA keys needs one of");
    // Found by trying alone: a curve's key enciphers nothing, and then there is no key usage left.
    finds(encipher, "!nothing is issued to ec-p256 keys");
}

#[test]
fn what_is_not_there_or_cannot_be_read_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| profile(directory.path(), arguments);
    for command in ["show", "lint"] {
        let (_, said) = ends(run(&[command, "vpn"]), 3);
        assert!(said.contains("there is no profile \"vpn\""), "{said}");
        assert!(said.contains("tls-server"), "{said}");
        let (_, said) = ends(run(&[command, "general", "--config", "absent"]), 1);
        assert!(said.contains("absent"), "{said}");
    }
    let bad = "[[profile]]\nname = \"x\"\ndefault_days = 9\nmax_days = 1\nkey_usage = []\n";
    let (_, said) = ends(lint(bad, &[]), 1);
    assert!(said.contains("profile \"x\": default_days"), "{said}");

    let (shown, _) = ends(run(&["show", "smime"]), 0);
    assert!(
        shown.starts_with("[[profile]]\nname = \"smime\"\n"),
        "{shown}"
    );
    let (shown, _) = ends(run(&["show", "smime", "--json"]), 0);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["names"], json!(["email"]));
}
