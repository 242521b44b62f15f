//! Where a server and a credential are found: saved logins, standard input, the data directory beside.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{Ran, cli, fed, json_of, mode};
use crate::native::text;
use crate::server::Server;

/// A command that has no credential in its environment.
fn without_credential(server: &Server, arguments: &[&str]) -> Command {
    let mut command = server.cli_command(arguments);
    command
        .env_remove("CHANCERY_USER")
        .env_remove("CHANCERY_API_KEY");
    command
}

#[test]
fn a_login_serves_until_logout() {
    let server = Server::start();
    server.add_joe();
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
