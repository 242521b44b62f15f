//! Certificates out of files and into files; lists.

use chancery_core::x509::pem;
use serde_json::json;

use super::{Ran, cli, fed, issue, json_of, mode, status};
use crate::native::importing::foreign;
use crate::native::text;
use crate::server::{P256, Server, csr, run};

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
    server.add_joe();
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
