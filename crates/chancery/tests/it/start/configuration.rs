//! The configuration file: what is wrong with it is told with the key's path, and the reference is one.

use std::process::Command;

use super::{Started, refusal};
use crate::server::{PROGRAM, run};

#[test]
fn what_is_wrong_is_told_with_its_key() {
    let directory = tempfile::tempdir().unwrap();
    for (text, key) in [
        ("[server]\nhttps = \"localhost\"\n", "server.https"),
        ("[server]\nnames = []\n", "server.names"),
        ("[server]\nnames = [\"a b\"]\n", "server.names"),
        (
            "[server]\npublic_url = \"ca.example\"\n",
            "server.public_url",
        ),
        ("[server]\nhead_seconds = 0\n", "server.head_seconds"),
        ("[server]\nmax_body = -1\n", "max_body"),
        ("[server]\nport = 8443\n", "port"),
        (
            "[authority]\nroot_key = \"rsa-1024\"\n",
            "authority.root_key",
        ),
        (
            "[authority]\nissuing_subject = \"nobody\"\n",
            "authority.issuing_subject",
        ),
        ("[authority]\nroot_days = 10\n", "authority.issuing_days"),
        ("[crl]\nhours = 0\n", "crl.hours"),
        ("[crl]\nhours = 4\ndelta_hours = 5\n", "crl.delta_hours"),
        ("[crl]\nshards = 3\n", "crl.shards"),
        (
            "[crl]\nformer_public_urls = [\"ca.example\"]\n",
            "crl.former_public_urls",
        ),
        ("[issue]\nprofile = \"No Such\"\n", "issue.profile"),
        ("[issue]\nprofile = \"no-such\"\n", "issue.profile"),
        ("[keystone]\nprofile = \"no-such\"\n", "keystone.profile"),
        ("[keystone]\nkey = \"rsa-1\"\n", "keystone.key"),
        (
            "[appviewx]\nsession_minutes = 0\n",
            "appviewx.session_minutes",
        ),
        ("[keys]\nsource = \"hsm\"\n", "source"),
        ("[store]\nreaders = 0\n", "store.readers"),
        (
            "[[profile]]\nname = \"x\"\ndefault_days = 2\nmax_days = 1\nkey_usage = [\"digitalSignature\"]\n",
            "default_days",
        ),
        (
            "[[profile]]\nname = \"x\"\ndefault_days = 1\nmax_days = 1\nkey_usage = [\"keyCertSign\"]\n",
            "key_usage",
        ),
        ("[nonsense]\n", "nonsense"),
        ("server = 1\n", "server"),
        ("[server\n", "line 1"),
    ] {
        let said = refusal(directory.path(), text, &[]);
        assert!(
            said.contains(key) && said.contains("chancery.toml"),
            "{text}: {said}"
        );
        assert!(
            !directory.path().join("data").exists(),
            "{text}: nothing is made before the configuration is good"
        );
        let file = directory.path().join("chancery.toml");
        let check = Command::new(PROGRAM)
            .args(["config", "check"])
            .arg(&file)
            .output()
            .unwrap();
        assert!(!check.status.success(), "{text}");
        assert_eq!(
            String::from_utf8_lossy(&check.stderr),
            said,
            "check says what the start says"
        );
    }
}

#[test]
fn the_issuing_authority_keeps_its_name() {
    let directory = tempfile::tempdir().unwrap();
    Started::on(directory.path(), "", &[]).end();
    let said = refusal(directory.path(), "[issue]\nauthority = \"other\"\n", &[]);
    assert!(
        said.contains("issue.authority") && said.contains("\"other\""),
        "{said}"
    );
}

/// A profile that a server takes and a reader of the standards would not is told of, and keeps nobody from starting.
#[test]
fn check_tells_what_is_doubtful_about_profiles() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("chancery.toml");
    let profile = "[[profile]]\nname = \"web\"\ndefault_days = 9\nmax_days = 900\nkey_usage = [\"digitalSignature\"]\n\
                   extended_key_usage = [\"serverAuth\"]\nnames = [\"dns\"]\nname_required = true\n";
    std::fs::write(&file, profile).unwrap();
    let check = Command::new(PROGRAM)
        .args(["config", "check"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(check.status.success());
    let said = String::from_utf8_lossy(&check.stderr);
    assert!(
        said.contains("profile \"web\": warning: serverAuth for up to 900 days"),
        "{said}"
    );
    assert_eq!(
        said.lines().count(),
        1,
        "built-in ones are not told of: {said}"
    );
}

#[test]
fn the_reference_is_accepted_and_serves() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("reference.toml");
    let reference = run(PROGRAM, &["config", "reference"]);
    std::fs::write(&file, &reference).unwrap();
    let good = run(PROGRAM, &["config", "check", &file.display().to_string()]);
    assert!(good.ends_with(": good\n"), "{good}");
    Started::on(directory.path(), &reference, &[]).end();
}
