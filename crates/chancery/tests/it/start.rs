//! Starting and stopping: what the first start makes, what a start refuses and how it says so, and how the server ends.

mod algorithms;
mod clock;
mod configuration;
mod keys;
mod secrets;

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::json;

use crate::server::{Administrator, P256, PROGRAM, Server, csr, eventually, run};

/// The program started by hand: for what it says and how it ends.
struct Started {
    child: Child,
    /// What it wrote to standard output, the ready line last.
    said: Vec<String>,
    stdout: BufReader<ChildStdout>,
}

impl Started {
    /// Starts it on `directory/data`, and waits until it is ready.
    #[track_caller]
    fn on(directory: &Path, configuration: &str, environment: &[(&str, &str)]) -> Started {
        let log = std::fs::File::create(directory.join("server.log")).unwrap();
        let mut child = serve(&[], directory, configuration, environment)
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut said = Vec::new();
        while !said
            .last()
            .is_some_and(|line: &String| line.starts_with("ready "))
        {
            let mut line = String::new();
            let count = stdout.read_line(&mut line).unwrap();
            assert!(
                count > 0,
                "it did not start: {}",
                read(&directory.join("server.log"))
            );
            said.push(line.trim_end().to_owned());
        }
        Started {
            child,
            said,
            stdout,
        }
    }

    /// Asks it to end, and gives what else it wrote to standard output.
    #[track_caller]
    fn end(mut self) -> String {
        run("kill", &["-TERM", &self.child.id().to_string()]);
        assert!(self.child.wait().unwrap().success());
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        rest
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `serve` on `directory/data` with that configuration, behind those words (another program that runs it, or none), and
/// with nothing of this process's environment that it reads.
fn serve(
    before: &[&str],
    directory: &Path,
    configuration: &str,
    environment: &[(&str, &str)],
) -> Command {
    let file = directory.join("chancery.toml");
    std::fs::write(&file, configuration).unwrap();
    let words = [before, &[PROGRAM, "serve"]].concat();
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .args(["--https", "127.0.0.1:0", "--http", "127.0.0.1:0", "--data"])
        .arg(directory.join("data"))
        .arg("--config")
        .arg(&file)
        .env_remove("CHANCERY_KEY_ENCRYPTION_KEY")
        .env_remove("CHANCERY_PASSPHRASE")
        .envs(environment.iter().copied())
        .stdin(Stdio::null());
    command
}

/// What the program says when it does not start: it must say it in one line, tell nothing on standard output, and end
/// with an error.
#[track_caller]
fn refusal(directory: &Path, configuration: &str, environment: &[(&str, &str)]) -> String {
    let output = serve(&["timeout", "20"], directory, configuration, environment)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{said}");
    assert!(
        said.starts_with("chancery: ") && !said.contains("panicked"),
        "{said}"
    );
    said
}

fn read(file: &Path) -> String {
    std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_first_start_makes_everything_and_tells_its_secrets_once() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let first = Started::on(directory.path(), "", &[]);

    assert_eq!(mode(&data), 0o700);
    for secret in [
        "administrator.json",
        "key-encryption-key",
        "chancery.sqlite",
    ] {
        assert_eq!(mode(&data.join(secret)), 0o600, "{secret}");
    }
    let text = read(&data.join("administrator.json"));
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
    assert_eq!(
        members.keys().collect::<Vec<_>>(),
        ["api_key", "password", "user"]
    );
    let admin: Administrator = serde_json::from_str(&text).unwrap();
    assert_eq!(admin.api_key.len(), 40);
    assert!(admin.password.len() >= 20);
    let told = first.said.join("\n");
    assert_eq!(told.matches(&admin.password).count(), 1, "{told}");
    assert_eq!(told.matches(&admin.api_key).count(), 1, "{told}");

    let ready: Vec<&str> = first.said.last().unwrap().split(' ').collect();
    assert!(
        matches!(ready[..], ["ready", https, http] if https.starts_with("https://127.0.0.1:") && http.starts_with("http://127.0.0.1:")),
        "{ready:?}"
    );
    assert_eq!(first.end(), "", "the ready line is the last");
    check_authorities(&data.join("ca"));

    let authorities =
        ["root.pem", "issuing.pem", "chain.pem"].map(|name| read(&data.join("ca").join(name)));
    let second = Started::on(directory.path(), "", &[]);
    assert_eq!(second.said.len(), 1, "{:?}", second.said);
    second.end();
    let log = read(&directory.path().join("server.log"));
    assert!(
        !log.contains(&admin.password) && !log.contains(&admin.api_key),
        "{log}"
    );
    assert_eq!(
        authorities,
        ["root.pem", "issuing.pem", "chain.pem"].map(|name| read(&data.join("ca").join(name)))
    );
    assert_eq!(text, read(&data.join("administrator.json")));
}

/// What openssl says of the authorities of a start with defaults.
fn check_authorities(ca: &Path) {
    let file = |name: &str| ca.join(name).display().to_string();
    let (root, issuing) = (file("root.pem"), file("issuing.pem"));
    run(
        "openssl",
        &[
            "verify",
            "-x509_strict",
            "-check_ss_sig",
            "-CAfile",
            &root,
            &root,
        ],
    );
    run(
        "openssl",
        &["verify", "-x509_strict", "-CAfile", &root, &issuing],
    );
    assert_eq!(
        read(&ca.join("chain.pem")),
        read(&ca.join("issuing.pem")) + &read(&ca.join("root.pem"))
    );
    for (certificate, curve, days, constraints) in [
        (&root, "P-384", 7300, "CA:TRUE"),
        (&issuing, "P-256", 3650, "CA:TRUE, pathlen:0"),
    ] {
        let text = run("openssl", &["x509", "-noout", "-text", "-in", certificate]);
        assert!(text.contains(&format!("NIST CURVE: {curve}")), "{text}");
        assert!(
            text.lines().any(|line| line.trim() == constraints),
            "{constraints}: {text}"
        );
        assert!(text.contains("Certificate Sign, CRL Sign"), "{text}");
        // Ends within that many days and an hour, and not within a day less.
        let ends_within = |seconds: i64| {
            let seconds = seconds.to_string();
            let arguments = ["x509", "-noout", "-checkend", &seconds, "-in", certificate];
            !Command::new("openssl")
                .args(arguments)
                .stdout(Stdio::null())
                .status()
                .unwrap()
                .success()
        };
        assert!(
            ends_within(days * 86_400 + 3600) && !ends_within((days - 1) * 86_400),
            "{text}"
        );
    }
}

#[test]
fn everything_is_there_after_a_restart() {
    let mut server = Server::start();
    let request = csr(server.scratch(), P256, "/CN=before", &[]);
    server
        .native(
            "POST",
            "/certificates",
            &json!({"csr": request, "name": "before"}),
        )
        .expect(201);
    server
        .native("POST", "/certificates/before/hold", &json!({}))
        .expect(200);
    server.add_user(
        "joe",
        "3002",
        "1001",
        "self-service",
        "correct horse battery",
    );
    let listings = [
        "/certificates?status=any",
        "/users",
        "/domains",
        "/authorities",
    ];
    let list = |server: &Server| {
        listings.map(|path| server.native("GET", path, &json!(null)).expect(200).json())
    };
    let before = list(&server);
    assert!(server.terminate().success());
    server.restart();
    let mut after = list(&server);
    // The addresses of CRLs hold the port, which was picked anew.
    for authority in 0..2 {
        for url in ["crl_url", "certificate_url"] {
            after[3]["authorities"][authority][url] =
                before[3]["authorities"][authority][url].clone();
        }
    }
    assert_eq!(before, after);
}

#[test]
fn a_second_process_on_the_same_data_is_turned_away() {
    let server = Server::start();
    let said = refusal(server.scratch(), "", &[]);
    assert!(
        said.contains("another chancery process is running on it"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    server.native("GET", "/whoami", &json!(null)).expect(200);
}

/// A power cut between the commit of a first start and its last file must not take the only copy of the secrets.
#[test]
fn a_first_start_that_broke_off_is_made_good_by_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, PermissionsExt::from_mode(0o700)).unwrap();
    // In the way of administrator.json, which is written beside its place first.
    std::fs::create_dir(data.join("administrator.new")).unwrap();
    refusal(directory.path(), "", &[]);
    std::fs::remove_dir(data.join("administrator.new")).unwrap();
    let second = Started::on(directory.path(), "", &[]);
    let admin: Administrator =
        serde_json::from_str(&read(&data.join("administrator.json"))).unwrap();
    assert!(second.said.join("\n").contains(&admin.api_key));
}

#[test]
fn a_first_start_can_be_killed_at_any_moment() {
    for millis in [20, 60, 100, 140, 180, 220, 260, 300] {
        let directory = tempfile::tempdir().unwrap();
        let mut first = serve(&[], directory.path(), "", &[])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(millis));
        first.kill().unwrap();
        first.wait().unwrap();
        Started::on(directory.path(), "", &[]).end();
        let data = directory.path().join("data");
        assert!(
            read(&data.join("administrator.json")).contains("api_key"),
            "killed after {millis} ms"
        );
        check_authorities(&data.join("ca"));
    }
}

#[test]
fn tls_clients_find_the_certificate_good() {
    let server = Server::start();
    let root = server.data().join("ca/root.pem").display().to_string();
    let handshake = |more: &[&str]| {
        let fixed = [
            "s_client",
            "-connect",
            server.https_address(),
            "-CAfile",
            &root,
            "-verify_return_error",
        ];
        let output = Command::new("openssl")
            .args(fixed)
            .args(more)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned()
            + &String::from_utf8_lossy(&output.stderr);
        (output.status.success(), said)
    };
    for good in [
        &["-verify_hostname", "localhost", "-servername", "localhost"][..],
        &["-verify_ip", "127.0.0.1", "-noservername"],
        &["-verify_hostname", "localhost", "-tls1_2"],
        &[
            "-verify_hostname",
            "localhost",
            "-tls1_3",
            "-x509_strict",
            "-purpose",
            "sslserver",
        ],
    ] {
        let (verified, said) = handshake(good);
        assert!(
            verified && said.contains("Verify return code: 0 (ok)"),
            "{good:?}: {said}"
        );
    }
    for bad in [
        &["-verify_hostname", "elsewhere.example"][..],
        &["-verify_ip", "127.0.0.2"],
        &["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"],
        &["-CAfile", "/dev/null"],
    ] {
        let (verified, said) = handshake(bad);
        assert!(!verified, "{bad:?}: {said}");
    }
}

/// However long they take: nothing here ends by the time that they are given.
#[test]
fn running_requests_finish_when_the_server_is_asked_to_end() {
    let mut server = Server::start_with_config("[server]\nshutdown_seconds = 3600\n");
    let request = csr(server.scratch(), P256, "/CN=slow", &[]);
    let slow_body = json!({"csr": request, "name": "slow"}).to_string();
    let long_body = json!({"key": "rsa-3072", "subject": "CN=long", "name": "long"}).to_string();
    let begun = |body: &str| {
        let mut connection = server.connect().unwrap();
        connection
            .begin("POST", "/certificates", body.len())
            .unwrap();
        connection
    };
    let (mut slow, mut long) = (begun(&slow_body), begun(&long_body));
    let mut idle = server.connect().unwrap();
    idle.native("GET", "/whoami", &json!(null))
        .unwrap()
        .expect(200);

    run("kill", &["-TERM", &server.pid().to_string()]);
    eventually(|| match server.connect() {
        Ok(_) => Err("something new is taken"),
        Err(_) => Ok(()),
    });
    assert!(idle.has_ended(), "who asks nothing is not waited for");
    for (connection, body) in [(&mut slow, slow_body), (&mut long, long_body)] {
        connection.send(body.as_bytes()).unwrap();
    }
    for mut connection in [slow, long] {
        connection.answer().unwrap().expect(201);
    }
    assert!(server.terminate().success());

    server.restart();
    for name in ["slow", "long"] {
        server
            .native("GET", &format!("/certificates/{name}"), &json!(null))
            .expect(200);
    }
}

#[test]
fn a_request_that_never_ends_is_not_waited_for_forever() {
    let mut server = Server::start_with_config("[server]\nshutdown_seconds = 1\n");
    let mut endless = server.connect().unwrap();
    endless.begin("POST", "/certificates", 100).unwrap();
    assert!(server.terminate().success());
}
