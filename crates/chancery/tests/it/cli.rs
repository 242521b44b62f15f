//! The command line as people and scripts use it: its grammar, what it prints, its exit codes, where it finds a server and
//! a credential.

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

/// A command that has no credential in its environment.
fn without_credential(server: &Server, arguments: &[&str]) -> Command {
    let mut command = server.cli_command(arguments);
    command
        .env_remove("CHANCERY_USER")
        .env_remove("CHANCERY_API_KEY");
    command
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

#[test]
fn certificates_are_exported_in_four_forms() {
    let server = Server::start();
    let issued = issue(&server, "CN=joe");
    let id = text(&issued, "id");
    let certificate = text(&issued, "certificate");
    let export = |format: &str, more: &[&str]| {
        let mut arguments = vec!["cert", "export", id, "--format", format];
        arguments.extend_from_slice(more);
        server.cli_command(&arguments)
    };
    let der = pem::decode_all(certificate).unwrap().remove(0).der;
    assert_eq!(
        export("pem", &[]).output().unwrap().stdout,
        certificate.as_bytes()
    );
    assert_eq!(export("der", &[]).output().unwrap().stdout, der);
    let chain = Ran::new(export("chain", &[]).output().unwrap()).ends(0);
    assert!(
        chain.starts_with(certificate) && chain.matches("BEGIN CERTIFICATE").count() == 3,
        "{chain}"
    );
    assert_eq!(
        fed(
            export(
                "pkcs12",
                &[
                    "--password-stdin",
                    "--out",
                    "joe.p12",
                    "--label",
                    "Joe's own"
                ]
            ),
            "secret\n"
        )
        .ends(0),
        ""
    );
    let file = server.scratch().join("joe.p12");
    let opened = run(
        "openssl",
        &[
            "pkcs12",
            "-in",
            &file.display().to_string(),
            "-passin",
            "pass:secret",
            "-nodes",
        ],
    );
    assert!(
        opened.contains("PRIVATE KEY") && opened.matches("BEGIN CERTIFICATE").count() == 3,
        "{opened}"
    );
    assert!(opened.contains("friendlyName: Joe's own"), "{opened}");
    assert_eq!(mode(&file), 0o600, "it holds a private key");
    Ran::new(export("chain", &["--out", "chain.pem"]).output().unwrap()).ends(0);
    assert_eq!(
        std::fs::read_to_string(server.scratch().join("chain.pem")).unwrap(),
        chain
    );
    // Without a terminal nobody can be asked for the password.
    Ran::new(export("pkcs12", &[]).output().unwrap()).ends(2);
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn folders_are_imported_and_what_is_broken_is_told() {
    let server = Server::start();
    let folder = server.scratch().join("exported");
    std::fs::create_dir_all(folder.join("deeper")).unwrap();
    let made: Vec<(String, String)> = ["one", "two", "three", "four"]
        .map(|name| foreign(server.scratch(), P256, &format!("/CN={name}")))
        .into();
    let write = |name: &str, content: &str| std::fs::write(folder.join(name), content).unwrap();
    write(
        "bundle.pem",
        &format!("{}{}{}", made[0].0, made[0].1, made[1].0),
    );
    write("deeper/three.crt", &made[2].0);
    write("notes.txt", "no certificate, and not looked into");
    write(
        "broken.pem",
        &pem::encode("CERTIFICATE", &[0x30, 3, 2, 1, 5]),
    );
    let arguments = ["cert", "import", "exported"];
    let first = cli(&server, &arguments);
    assert_eq!(first.out, "3 imported, 0 known already, 1 failed\n");
    let said = first.ends(1);
    assert!(
        said.contains("exported/broken.pem: certificate 1: "),
        "{said}"
    );
    let again = cli(&server, &arguments);
    assert_eq!(again.out, "0 imported, 3 known already, 1 failed\n");
    again.ends(1);
    std::fs::remove_file(folder.join("broken.pem")).unwrap();
    let counted = json_of(cli(&server, &["cert", "import", "exported", "--json"]));
    assert_eq!(
        counted,
        json!({"imported": 0, "known": 3, "failed": 0, "complete": true})
    );
    let found = json_of(cli(
        &server,
        &[
            "cert", "list", "--json", "--order", "oldest", "--owner", "admin",
        ],
    ));
    let origins: Vec<&str> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|one| text(one, "origin"))
        .collect();
    assert_eq!(origins, ["imported"; 3]);

    server.scratch_file("four.pem", &made[3].0);
    let key = server.scratch_file("four.key.pem", &made[3].1);
    server.add_user(
        "joe",
        "000000003002",
        "000000001001",
        "self-service",
        "a password",
    );
    let out = cli(
        &server,
        &[
            "cert",
            "import",
            "four.pem",
            "--private-key",
            &key,
            "--owner",
            "000000003002",
        ],
    )
    .ends(0);
    assert_eq!(out, "1 imported, 0 known already, 0 failed\n");
    let four = json_of(cli(
        &server,
        &["cert", "list", "--subject", "four", "--json"],
    ));
    assert_eq!(
        (text(&four[0], "owner"), &four[0]["private_key"]),
        ("000000003002", &json!(true))
    );
    cli(&server, &["cert", "import", "none.pem"]).ends(1);
    cli(
        &server,
        &[
            "cert",
            "import",
            "four.pem",
            "--private-key",
            "exported/bundle.pem",
        ],
    )
    .ends(1);
}

#[test]
fn certificates_are_renewed_deleted_and_purged() {
    let server = Server::start();
    csr(server.scratch(), P256, "/CN=joe", &[]);
    let old = json_of(cli(
        &server,
        &[
            "cert",
            "issue",
            "--csr",
            "subject.csr.pem",
            "--label",
            "joe-old",
            "--days",
            "30",
            "--json",
        ],
    ));
    let id = text(&old, "id");
    csr(server.scratch(), P256, "/CN=Joe", &[]);
    let renewed = cli(
        &server,
        &[
            "cert",
            "renew",
            "joe-old",
            "--csr",
            "subject.csr.pem",
            "--pem",
            "--out",
            "new.pem",
            "--revoke-old",
        ],
    )
    .ends(0);
    assert_eq!(
        std::fs::read_to_string(server.scratch().join("new.pem")).unwrap(),
        renewed
    );
    assert_eq!(server.openssl_verdict(&renewed), None);
    assert_eq!(status(&server, id), "revoked");
    // By number, from standard input, in DER.
    let der = run(
        "openssl",
        &[
            "req",
            "-in",
            &server
                .scratch()
                .join("subject.csr.pem")
                .display()
                .to_string(),
            "-outform",
            "PEM",
        ],
    );
    let number = text(
        &json_of(cli(
            &server,
            &[
                "cert",
                "list",
                "--json",
                "--status",
                "active",
                "--subject",
                "joe",
            ],
        ))[0],
        "id",
    )
    .to_owned();
    let again = fed(
        server.cli_command(&[
            "cert", "renew", &number, "--csr", "-", "--days", "7", "--json",
        ]),
        &der,
    );
    let again = json_of(again);
    assert_eq!(again["replaces"], number);

    assert_eq!(cli(&server, &["cert", "delete", id]).ends(0), "");
    assert_eq!(status(&server, id), "deleted");
    let list = json_of(cli(
        &server,
        &["cert", "list", "--json", "--status", "deleted"],
    ));
    assert_eq!(text(&list[0], "id"), id);
    cli(&server, &["cert", "purge", id]).ends(0);
    assert_eq!(status(&server, id), "purged");
    let list = json_of(cli(
        &server,
        &["cert", "list", "--json", "--status", "any", "--all"],
    ));
    assert!(crate::native::texts(&list, "id").contains(&id.to_owned()));
    cli(&server, &["cert", "export", id, "--format", "pem"]).ends(1);
}

#[test]
fn lists_are_as_long_as_asked() {
    let server = Server::start();
    for number in 0..3 {
        issue(&server, &format!("CN=listed {number}"));
    }
    let list = |more: &[&str]| {
        let mut arguments = vec!["cert", "list", "--subject", "listed"];
        arguments.extend_from_slice(more);
        cli(&server, &arguments)
    };
    let two = list(&["--limit", "2", "--order", "oldest"]);
    assert!(two.err.contains("2 shown; there are more"), "{}", two.err);
    let lines: Vec<String> = two.ends(0).lines().map(str::to_owned).collect();
    assert!(
        lines.len() == 3 && lines[1].ends_with("CN=listed 0") && lines[2].ends_with("CN=listed 1"),
        "{lines:?}"
    );
    for more in [&["--all"][..], &["--limit", "3"], &["--limit", "4000"]] {
        let all = list(more);
        assert_eq!(
            (all.err.as_str(), all.out.lines().count()),
            ("", 4),
            "{more:?}"
        );
    }
    let found = |more: &[&str]| list(more).ends(0).lines().count() - 1;
    let one = json_of(list(&["--limit", "1", "--json"]))[0].clone();
    assert_eq!(
        found(&[
            "--serial",
            text(&one, "serial"),
            "--issuer",
            text(&one, "issuer")
        ]),
        1
    );
    assert_eq!(
        found(&["--subject-key-id", text(&one, "subject_key_id")]),
        1
    );
    assert_eq!(found(&["--domain", "default"]), 3);
    assert_eq!(found(&["--owner", "nobody"]), 0);
    list(&["--serial", text(&one, "serial")]).ends(2);
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

#[test]
fn a_login_serves_until_logout() {
    let server = Server::start();
    server.add_user(
        "joe",
        "000000003002",
        "000000001001",
        "self-service",
        "a password",
    );
    let saved = server.scratch().join("config/chancery/credentials.json");
    without_credential(&server, &["whoami"])
        .output()
        .map(Ran::new)
        .unwrap()
        .ends(4);
    let login = ["login", "--user", "joe", "--password-stdin"];
    fed(without_credential(&server, &login), "wrong\n").ends(4);
    assert!(!saved.exists());
    let out = fed(without_credential(&server, &login), "a password\n").ends(0);
    assert!(
        out.starts_with("logged in as joe at https://localhost:"),
        "{out}"
    );
    assert_eq!(mode(&saved), 0o600);
    let kept = std::fs::read_to_string(&saved).unwrap();
    assert!(!kept.contains("a password"), "the password was kept");
    let token = text(&serde_json::from_str(&kept).unwrap(), "token").to_owned();

    // The saved login knows the server and its root: neither needs to be said again.
    let bare = |arguments: &[&str]| {
        let mut command = without_credential(&server, arguments);
        command.env_remove("CHANCERY_URL").env_remove("CHANCERY_CA");
        Ran::new(command.output().unwrap())
    };
    assert_eq!(json_of(bare(&["whoami", "--json"]))["name"], "joe");
    let issued = json_of(bare(&[
        "cert",
        "issue",
        "--key",
        "ec-p256",
        "--subject",
        "CN=joe",
        "--json",
    ]));
    assert_eq!(issued["owner"], "000000003002");
    bare(&["audit"]).ends(4);
    // What is in the environment goes before what was saved.
    assert_eq!(
        json_of(cli(&server, &["whoami", "--json"]))["name"],
        "admin"
    );

    let out = bare(&["logout"]);
    assert!(out.err.contains("logged out"), "{}", out.err);
    out.ends(0);
    assert!(!saved.exists());
    server
        .native_with_token(&token, "GET", "/whoami", &Value::Null)
        .expect(401);
    bare(&["logout"]).ends(3);
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
fn secrets_come_from_standard_input_and_are_not_told() {
    let server = Server::start();
    let key = &server.admin().api_key;
    let ran = fed(
        without_credential(&server, &["whoami", "--user", "admin", "--api-key-stdin"]),
        &format!("{key}\n"),
    );
    assert!(ran.ends(0).contains("administrator"));
    let wrong = fed(
        without_credential(&server, &["whoami", "--user", "admin", "--api-key-stdin"]),
        "wrong-secret",
    );
    let said = wrong.ends(4);
    assert!(!said.contains("wrong-secret"), "{said}");
    fed(
        without_credential(&server, &["whoami", "--user", "admin", "--api-key-stdin"]),
        "",
    )
    .ends(2);
    let two = [
        "user",
        "add",
        "joe",
        "--user",
        "admin",
        "--api-key-stdin",
        "--password-stdin",
    ];
    let said = fed(without_credential(&server, &two), key).ends(2);
    assert!(said.contains("both want standard input"), "{said}");
}

/// In the folder where a server was started, its root and its administrator are found.
#[test]
fn the_data_directory_beside_it_is_found() {
    let server = Server::start();
    let folder = server.scratch().join("folder");
    std::fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink(server.data(), folder.join("chancery-data")).unwrap();
    let whoami = |place: &Path| {
        let mut command = without_credential(&server, &["whoami", "--json"]);
        command.env_remove("CHANCERY_CA").current_dir(place);
        Ran::new(command.output().unwrap())
    };
    assert_eq!(json_of(whoami(&folder))["name"], "admin");
    let said = whoami(server.scratch()).ends(4);
    assert!(said.contains("chancery login"), "{said}");
    // Another's server does not get the administrator's key, even if it is asked for from this folder.
    let mut command = without_credential(&server, &["whoami"]);
    command
        .env("CHANCERY_URL", "https://ca.invalid")
        .env("CHANCERY_CA", server.scratch_file("other.pem", ""))
        .current_dir(&folder);
    let ran = Ran::new(command.output().unwrap());
    assert_eq!(ran.code, 4, "{}", ran.err);
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
