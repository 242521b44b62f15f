//! The command line as people and scripts use it: its grammar, what it prints, its exit codes. Certificates in files, and
//! where it finds a server and a credential, have files of their own.

mod credentials;
mod files;

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use chancery_core::x509::pem;
use serde_json::{Value, json};

use crate::native::importing::foreign;
use crate::native::text;
use crate::server::{P256, Server, csr, run};

/// How a command ended.
struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl Ran {
    fn new(output: Output) -> Ran {
        let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
        Ran {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// Its output, if it ended with that code. A failure says why in a line, and prints nothing else.
    #[track_caller]
    fn ends(self, code: i32) -> String {
        assert_eq!(self.code, code, "{}{}", self.out, self.err);
        if code > 1 {
            assert_eq!(self.out, "");
        }
        if code > 0 {
            // The grammar's own answers start with `error: `, or are a page of help.
            let starts = ["chancery: ", "error: ", "Certificates: "];
            let told = starts.iter().any(|start| self.err.starts_with(start));
            assert!(told, "{}", self.err);
            return self.err;
        }
        self.out
    }
}

/// Runs the command line as the administrator.
fn cli(server: &Server, arguments: &[&str]) -> Ran {
    Ran::new(server.cli(arguments))
}

/// Runs it with something on standard input.
fn fed(mut command: Command, input: &str) -> Ran {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    Ran::new(child.wait_with_output().unwrap())
}

#[track_caller]
fn json_of(ran: Ran) -> Value {
    let out = ran.ends(0);
    serde_json::from_str(&out).unwrap_or_else(|error| panic!("no JSON ({error}): {out}"))
}

/// Issues a certificate by the command line, and gives its object.
fn issue(server: &Server, subject: &str) -> Value {
    json_of(cli(
        server,
        &[
            "cert",
            "issue",
            "--key",
            "ec-p256",
            "--subject",
            subject,
            "--json",
        ],
    ))
}

fn status(server: &Server, id: &str) -> String {
    text(
        &json_of(cli(server, &["cert", "show", id, "--json"])),
        "status",
    )
    .to_owned()
}

/// The lines by which the product is introduced, as they stand.
#[test]
fn the_first_certificates_life_is_as_documented() {
    let server = Server::start();
    csr(server.scratch(), P256, "/CN=joe", &[]);
    let issued = cli(
        &server,
        &["cert", "issue", "--csr", "subject.csr.pem", "--pem"],
    );
    assert_eq!(issued.err, "");
    let certificate = issued.ends(0);
    let block = pem::decode_all(&certificate).unwrap().remove(0);
    assert_eq!(
        pem::encode("CERTIFICATE", &block.der),
        certificate,
        "something else was printed"
    );
    assert_eq!(server.openssl_verdict(&certificate), None);

    let list = cli(
        &server,
        &["cert", "list", "--subject", "joe", "--status", "active"],
    )
    .ends(0);
    let lines: Vec<&str> = list.lines().collect();
    assert_eq!(lines.len(), 2, "{list}");
    assert!(
        lines[0].starts_with("ID ") && lines[1].contains("active") && lines[1].ends_with("CN=joe"),
        "{list}"
    );
    let list = json_of(cli(
        &server,
        &["cert", "list", "--subject", "joe", "--json"],
    ));
    let id = text(&list[0], "id").to_owned();
    assert!(lines[1].starts_with(&id) && list.as_array().unwrap().len() == 1);

    let says = |arguments: &[&str], status: &str| {
        let out = cli(&server, arguments).ends(0);
        assert_eq!(out, format!("{id}  {status}  CN=joe\n"));
    };
    says(&["cert", "hold", &id], "on-hold");
    assert!(server.openssl_verdict(&certificate).is_some());
    assert_eq!(
        cli(
            &server,
            &[
                "cert",
                "list",
                "--subject",
                "joe",
                "--status",
                "active",
                "--json"
            ]
        )
        .ends(0),
        "[]\n"
    );
    says(&["cert", "release", &id], "active");
    assert_eq!(server.openssl_verdict(&certificate), None);
    says(
        &["cert", "revoke", &id, "--reason", "key-compromise"],
        "revoked",
    );
    assert!(
        server
            .openssl_verdict(&certificate)
            .is_some_and(|said| said.contains("certificate revoked"))
    );
    let shown = cli(&server, &["cert", "show", &id]).ends(0);
    assert!(shown.contains("revoked (key-compromise)"), "{shown}");
}

#[test]
fn users_and_domains_are_kept() {
    let server = Server::start();
    let domain = json_of(cli(&server, &["domain", "add", "000000001001", "--json"]));
    assert_eq!(
        (text(&domain, "id"), text(&domain, "name")),
        ("000000001001", "000000001001")
    );
    let named = json_of(cli(
        &server,
        &["domain", "add", "north", "--name", "The North", "--json"],
    ));
    assert_eq!(
        (text(&named, "id"), text(&named, "name")),
        ("north", "The North")
    );
    let add = [
        "user",
        "add",
        "joe",
        "--id",
        "000000003002",
        "--domain",
        "000000001001",
        "--role",
        "self-service",
        "--password-stdin",
    ];
    let out = fed(server.cli_command(&add), "correct horse battery\n").ends(0);
    assert!(
        out.contains("000000003002") && out.contains("self-service"),
        "{out}"
    );
    assert!(!out.contains("battery"));
    server
        .native_as(
            "joe",
            "correct horse battery",
            "GET",
            "/whoami",
            &Value::Null,
        )
        .expect(200);

    let key = cli(&server, &["user", "api-key", "000000003002"]).ends(0);
    server
        .native_as("joe", key.trim_end(), "GET", "/whoami", &Value::Null)
        .expect(200);
    cli(&server, &["user", "api-key", "000000003002", "--remove"]).ends(0);
    server
        .native_as("joe", key.trim_end(), "GET", "/whoami", &Value::Null)
        .expect(401);
    let user = || json_of(cli(&server, &["user", "show", "000000003002", "--json"]));
    cli(&server, &["user", "disable", "000000003002"]).ends(0);
    assert_eq!(user()["disabled"], true);
    cli(&server, &["user", "enable", "000000003002"]).ends(0);
    cli(
        &server,
        &[
            "user",
            "change",
            "000000003002",
            "--name",
            "joseph",
            "--domain",
            "north",
            "--role",
            "operator",
            "--role",
            "auditor",
        ],
    )
    .ends(0);
    let changed = user();
    assert_eq!(
        (&changed["disabled"], &changed["roles"]),
        (&json!(false), &json!(["operator", "auditor"]))
    );
    assert_eq!(
        (text(&changed, "name"), text(&changed, "domain")),
        ("joseph", "north")
    );
    fed(
        server.cli_command(&["user", "change", "000000003002", "--password-stdin"]),
        "new",
    )
    .ends(0);
    server
        .native_as("joseph", "new", "GET", "/whoami", &Value::Null)
        .expect(200);

    let ids = |arguments: &[&str]| {
        crate::native::texts(&json_of(cli(&server, arguments)), "id").join(" ")
    };
    assert_eq!(
        ids(&["user", "list", "--domain", "north", "--json"]),
        "000000003002"
    );
    assert_eq!(
        ids(&["user", "list", "--json"]),
        "000000003002 admin chancery-server"
    );
    cli(
        &server,
        &[
            "domain",
            "change",
            "000000001001",
            "--name",
            "South",
            "--disable",
        ],
    )
    .ends(0);
    let shown = cli(&server, &["domain", "show", "000000001001"]).ends(0);
    assert!(shown.contains("South") && shown.contains("yes"), "{shown}");
    cli(&server, &["user", "remove", "000000003002"]).ends(0);
    cli(&server, &["domain", "remove", "000000001001"]).ends(0);
    assert_eq!(ids(&["domain", "list", "--json"]), "default north");
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_is_there_is_shown() {
    let server = Server::start();
    let issued = issue(&server, "CN=joe");
    let root = std::fs::read_to_string(server.data().join("ca/root.pem")).unwrap();
    let issuing = std::fs::read_to_string(server.data().join("ca/issuing.pem")).unwrap();
    assert_eq!(
        cli(&server, &["authority", "show", "issuing", "--pem"]).ends(0),
        issuing
    );
    assert_eq!(
        cli(&server, &["authority", "show", "root", "--pem"]).ends(0),
        root
    );
    let shown = cli(&server, &["authority", "show", "issuing"]).ends(0);
    assert!(
        shown.contains("CN=Chancery Issuing") && shown.contains("/crl/issuing.crl"),
        "{shown}"
    );
    assert_eq!(
        json_of(cli(&server, &["authority", "list", "--json"]))
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let whoami = cli(&server, &["whoami"]).ends(0);
    assert!(
        whoami.contains("admin") && whoami.contains("administrator"),
        "{whoami}"
    );
    assert_eq!(json_of(cli(&server, &["whoami", "--json"]))["id"], "admin");
    let profiles = cli(&server, &["profile", "list"]).ends(0);
    let general = profiles
        .lines()
        .find(|line| line.starts_with("general "))
        .unwrap();
    assert!(
        ["365", "825", "serverAuth", "rsa-2048"]
            .iter()
            .all(|part| general.contains(part)),
        "{general}"
    );

    let id = text(&issued, "id");
    cli(&server, &["cert", "revoke", id, "--reason", "superseded"]).ends(0);
    let audit = cli(&server, &["audit"]).ends(0);
    assert!(
        audit.lines().nth(1).unwrap().contains("certificate.revoke"),
        "{audit}"
    );
    assert!(
        audit.contains("reason=superseded") && audit.contains(id),
        "{audit}"
    );
    let entries = json_of(cli(&server, &["audit", "--certificate", id, "--json"]));
    assert_eq!(
        crate::native::texts(&entries, "action"),
        ["certificate.revoke", "certificate.issue"]
    );
    let all = json_of(cli(
        &server,
        &["audit", "--actor", "admin", "--all", "--json"],
    ));
    assert_eq!(all, entries);
    let one = cli(&server, &["audit", "--limit", "1"]);
    assert_eq!(
        (one.out.lines().count(), one.err.contains("there are more")),
        (2, true)
    );
    let document = cli(&server, &["openapi"]).ends(0);
    assert_eq!(
        document,
        server
            .request("GET", "/chancery/v1/openapi.json", &[], b"")
            .text()
    );
}

/// Each exit code that scripts rely on, provoked.
#[test]
fn exit_codes_say_what_went_wrong() {
    let server = Server::start();
    server.add_user("ann", "ann", "default", "auditor", "a password");
    let revoked = issue(&server, "CN=revoked");
    let id = text(&revoked, "id");
    cli(&server, &["cert", "revoke", id, "--reason", "unspecified"]).ends(0);
    csr(server.scratch(), P256, "/CN=joe", &[]);
    for (arguments, code, says) in [
        (&["whoami"][..], 0, ""),
        (&["--help"], 0, "Exit codes"),
        (&["--version"], 0, "chancery "),
        (&["cert", "hold", id], 1, "revoked"),
        (&["cert", "issue", "--csr", "none.csr"], 1, "none.csr"),
        (
            &["cert", "issue", "--csr", "subject.key.pem"],
            1,
            "certification request",
        ),
        (
            &[
                "cert",
                "issue",
                "--csr",
                "subject.csr.pem",
                "--days",
                "99999",
            ],
            1,
            "825 days",
        ),
        (
            &[
                "cert",
                "issue",
                "--csr",
                "subject.csr.pem",
                "--pem",
                "--out",
                "none/joe.pem",
            ],
            1,
            "issued all the same",
        ),
        (
            &[
                "cert",
                "export",
                id,
                "--format",
                "pem",
                "--out",
                "none/joe.pem",
            ],
            1,
            "none/joe.pem",
        ),
        (&["domain", "add", "default"], 1, "already"),
        (&["cert"], 2, "Usage"),
        (&["cert", "revoke", id], 2, "--reason"),
        (
            &["cert", "revoke", id, "--reason", "because"],
            2,
            "key-compromise",
        ),
        (&["cert", "list", "--status", "good"], 2, "on-hold"),
        (&["nothing"], 2, "nothing"),
        (&["--data", "x", "cert", "list"], 2, "after `serve`"),
        (&["--url", "ftp://localhost", "whoami"], 2, "URL"),
        (&["login", "--user", "ann"], 2, "--password-stdin"),
        (&["cert", "show", "no-such"], 3, "no such certificate"),
        (&["cert", "hold", "999999"], 3, "no such certificate"),
        (&["user", "show", "nobody"], 3, "no such user"),
        (&["authority", "show", "none"], 3, "no such authority"),
        (
            &["--url", "https://localhost:1", "whoami"],
            5,
            "cannot be reached",
        ),
    ] {
        let ran = cli(&server, arguments);
        assert_eq!(ran.code, code, "{arguments:?}: {}{}", ran.out, ran.err);
        let said = ran.ends(code);
        assert!(said.contains(says), "{arguments:?}: {said}");
    }
    for (user, secret, arguments, code) in [
        ("ann", "a password", &["audit"][..], 0),
        (
            "ann",
            "a password",
            &["cert", "issue", "--csr", "subject.csr.pem"],
            4,
        ),
        ("ann", "a password", &["domain", "add", "x"], 4),
        ("ann", "wrong", &["whoami"], 4),
        ("nobody", "wrong", &["whoami"], 4),
    ] {
        let mut command = server.cli_command(arguments);
        command
            .env("CHANCERY_USER", user)
            .env("CHANCERY_API_KEY", secret);
        Ran::new(command.output().unwrap()).ends(code);
    }
    // A server that the trusted root does not vouch for is not spoken to.
    let (other, _) = foreign(server.scratch(), P256, "/CN=other root");
    let mut command = server.cli_command(&["whoami"]);
    command.env("CHANCERY_CA", server.scratch_file("other.pem", other));
    let said = Ran::new(command.output().unwrap()).ends(5);
    assert!(said.contains("CHANCERY_CA"), "{said}");
}

#[test]
fn completions_are_scripts_of_their_shells() {
    let server = Server::start();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = cli(&server, &["completions", shell]).ends(0);
        assert!(
            script.contains("chancery") && script.contains("revoke"),
            "{shell}"
        );
        if shell == "bash" {
            run(
                "bash",
                &["-n", &server.scratch_file("completions.bash", script)],
            );
        }
    }
    cli(&server, &["completions", "csh"]).ends(2);
}

/// Commands print what they print to whoever reads, and end quietly when nobody does any more.
#[test]
fn a_reader_that_went_away_is_no_failure() {
    let server = Server::start();
    let program = crate::server::PROGRAM;
    let script = format!("set -o pipefail; {program} completions bash | head -c 1 >/dev/null");
    let mut command = Command::new("bash");
    command.args(["-c", &script]).current_dir(server.scratch());
    let ran = Ran::new(command.output().unwrap());
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
}
