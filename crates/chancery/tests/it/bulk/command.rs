//! `chancery revocation` as people and scripts use it.

use std::process::{Output, Stdio};

use serde_json::{Value, json};

use super::crashes::server_with_many;
use super::{certificate, done, issued, server_with_two, shown, turned};
use crate::server::{Server, run};

fn cli(server: &Server, arguments: &str) -> (i32, String, String) {
    let words: Vec<&str> = arguments.split_whitespace().collect();
    ran(server.cli(&words))
}

fn ran(output: Output) -> (i32, String, String) {
    let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn people_look_first_and_then_revoke() {
    let server = server_with_two();
    let one = issued(&server, "joe", "CN=gate-1");
    issued(&server, "joe", "CN=gate-2");
    let what = "revocation start --owner joe --reason key-compromise";

    let (code, out, err) = cli(&server, &format!("{what} --dry-run"));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.contains("CN=gate-1") && out.contains("CN=gate-2"),
        "{out}"
    );
    assert!(
        out.ends_with("2 certificates to revoke for good, reason key-compromise\n"),
        "{out}"
    );
    let (_, out, _) = cli(&server, &format!("{what} --dry-run --json"));
    let seen: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(seen["total"], 2);

    // Nobody sits at the terminal of a script, and nothing happens unasked.
    let (code, out, err) = cli(&server, what);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("--yes"), "{err}");
    assert_eq!(certificate(&server, &one)["status"], "active");

    let (code, out, err) = cli(&server, &format!("{what} --yes --json"));
    assert_eq!(code, 0, "{err}");
    let ended: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (&ended["state"], &ended["revoked"]),
        (&json!("done"), &json!(2))
    );
    assert_eq!(certificate(&server, &one)["reason"], "key-compromise");

    let (code, _, err) = cli(&server, &format!("{what} --yes"));
    assert_eq!(code, 1);
    assert!(
        err.contains("no certificate that could be revoked"),
        "{err}"
    );
    let (code, out, _) = cli(&server, "revocation list");
    assert_eq!(code, 0);
    assert!(out.contains("--owner joe"), "{out}");
    let (code, out, _) = cli(&server, "revocation show 1");
    assert_eq!(code, 0);
    assert!(out.contains("revoked      2\n"), "{out}");
    let (code, _, err) = cli(&server, "revocation resume 1");
    assert_eq!(code, 1);
    assert!(err.contains("is done"), "{err}");
    assert_eq!(cli(&server, "revocation follow 2").0, 3);
    let (code, _, err) = cli(
        &server,
        "revocation start --owner nobody --reason superseded --yes",
    );
    assert_eq!(code, 3, "{err}");
}

#[test]
fn people_look_first_and_then_release() {
    let server = server_with_two();
    let one = issued(&server, "joe", "CN=gate-1");
    issued(&server, "joe", "CN=gate-2");
    let start = "revocation start --owner joe --reason certificate-hold --yes";
    let (code, out, err) = cli(&server, start);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("action       hold\n"), "{out}");

    let (code, out, err) = cli(&server, "revocation release 1 --dry-run");
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(
        out.ends_with("2 certificates to release from the hold of revocation 1\n"),
        "{out}"
    );
    let (code, out, err) = cli(&server, "revocation release 1");
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.contains("--yes"), "{err}");
    assert_eq!(certificate(&server, &one)["status"], "on-hold");

    let (code, out, err) = cli(&server, "revocation release 1 --yes");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("action       release 1\n"), "{out}");
    assert!(out.contains("released     2\n"), "{out}");
    assert_eq!(certificate(&server, &one)["status"], "active");
    let (_, out, _) = cli(&server, "revocation list");
    assert!(out.contains("release 1"), "{out}");

    for again in ["release 1 --yes", "release 1 --dry-run"] {
        let (code, _, err) = cli(&server, &format!("revocation {again}"));
        assert_eq!(code, 1);
        assert!(
            err.contains("nothing is left on hold by revocation 1"),
            "{err}"
        );
    }
    let (code, _, err) = cli(&server, "revocation release 2 --yes");
    assert_eq!(code, 1);
    assert!(err.contains("itself the release of 1"), "{err}");
    assert_eq!(cli(&server, "revocation release 3 --yes").0, 3);

    // Begun and not watched; then it is watched by another.
    assert_eq!(cli(&server, start).0, 0);
    let (code, out, err) = cli(&server, "revocation release 3 --yes --no-wait --json");
    assert_eq!(code, 0, "{err}");
    let begun: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(begun["releases"], 3);
    let (code, out, err) = cli(&server, "revocation follow 4");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("released     2\n"), "{out}");
}

/// The wrong filter was typed: Ctrl-C ends the watching alone and says what ends the revoking.
#[test]
fn ctrl_c_leaves_it_running_and_tells_how_to_stop_it() {
    let server = server_with_many();
    let words = "revocation start --owner joe --reason superseded --yes --no-wait --json";
    let (code, out, err) = cli(&server, words);
    assert_eq!(code, 0, "{err}");
    let started: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(started["state"], "running");

    let mut follow = server.cli_command(&["revocation", "follow", "1"]);
    let follow = follow
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    run("kill", &["-INT", &follow.id().to_string()]);
    let (code, _, err) = ran(follow.wait_with_output().unwrap());
    assert_eq!(code, 130, "{err}");
    assert!(err.contains("chancery revocation stop 1"), "{err}");

    let (code, out, err) = cli(&server, "revocation stop 1 --json");
    assert_eq!(code, 0, "{err}");
    let stopped: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(stopped["state"], "stopped", "it was over too soon");
    let (code, _, err) = cli(&server, "revocation follow 1");
    assert_eq!(code, 1);
    assert!(err.contains("chancery revocation resume 1"), "{err}");
    assert_eq!(shown(&server, &started), stopped);
    turned(&server, &started, "resume");
    let (code, out, err) = cli(&server, "revocation follow 1");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("state        done\n"), "{out}");
    done(&server, &started);
}
