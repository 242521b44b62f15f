//! A real server for a test: the program itself, on its own temporary data, on ports that it picked.

use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use tempfile::TempDir;

use crate::wire::{self, Answer};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_chancery");

/// Longest time in which something must have happened for which a test waits: RSA keys take a while where nothing is
/// optimised and the machine does other things besides.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks again and again until the answer is a good one; a bad one says how things are.
#[track_caller]
pub(crate) fn eventually<T, E: Display>(mut ask: impl FnMut() -> Result<T, E>) -> T {
    let begun = Instant::now();
    loop {
        match ask() {
            Ok(found) => return found,
            Err(now) => assert!(begun.elapsed() < PATIENCE, "it comes to nothing: {now}"),
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The administrator that the first start made.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Administrator {
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) api_key: String,
}

/// A running server. It ends, and its data go, when this is dropped.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    https: String,
    http: String,
    tls: Arc<ClientConfig>,
    admin: Administrator,
    configuration: String,
    environment: Vec<(String, String)>,
}

impl Server {
    /// A server with defaults.
    pub(crate) fn start() -> Server {
        Server::start_with("", &[])
    }

    /// A server with that environment beside ours.
    pub(crate) fn start_with_env(environment: &[(&str, &str)]) -> Server {
        Server::start_with("", environment)
    }

    /// A server with that configuration file.
    pub(crate) fn start_with_config(configuration: &str) -> Server {
        Server::start_with(configuration, &[])
    }

    fn start_with(configuration: &str, environment: &[(&str, &str)]) -> Server {
        let directory = TempDir::new().unwrap();
        let environment: Vec<(String, String)> = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let (child, https, http) = launch(directory.path(), configuration, &environment);
        let data = directory.path().join("data");
        let root = std::fs::read_to_string(data.join("ca/root.pem")).unwrap();
        let admin =
            serde_json::from_slice(&std::fs::read(data.join("administrator.json")).unwrap())
                .unwrap();
        Server {
            child,
            https,
            http,
            tls: wire::trusting(&root),
            admin,
            configuration: configuration.to_owned(),
            environment,
            directory,
        }
    }

    /// Starts one whose root and issuing authority have keys of these kinds, with more configuration.
    pub(crate) fn start_with_authorities(root: &str, issuing: &str, more: &str) -> Server {
        Server::start_with_config(&format!(
            "[authority]\nroot_key = \"{root}\"\nissuing_key = \"{issuing}\"\n{more}"
        ))
    }

    /// Ends the process at once, as a power cut would, and starts it again on the same data.
    pub(crate) fn kill_and_restart(&mut self) {
        self.kill();
        self.restart();
    }

    /// Ends the process at once, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts the process again after it ended.
    pub(crate) fn restart(&mut self) {
        let (child, https, http) = launch(
            self.directory.path(),
            &self.configuration,
            &self.environment,
        );
        (self.child, self.https, self.http) = (child, https, http);
    }

    /// Starts the process again with another configuration file, after it was told to end.
    pub(crate) fn restart_with_config(&mut self, configuration: &str) {
        self.terminate();
        configuration.clone_into(&mut self.configuration);
        self.restart();
    }

    /// Asks the process to end, and waits for it.
    pub(crate) fn terminate(&mut self) -> std::process::ExitStatus {
        run("kill", &["-TERM", &self.child.id().to_string()]);
        self.child.wait().unwrap()
    }

    /// The process's id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The data directory.
    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A place for files of the test.
    pub(crate) fn scratch(&self) -> &Path {
        self.directory.path()
    }

    /// The administrator.
    pub(crate) fn admin(&self) -> &Administrator {
        &self.admin
    }

    /// `https://localhost:PORT`.
    pub(crate) fn https_url(&self) -> String {
        format!(
            "https://localhost:{}",
            self.https.rsplit(':').next().unwrap()
        )
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn http_url(&self) -> String {
        format!("http://{}", self.http)
    }

    /// The address of the TLS listener.
    pub(crate) fn https_address(&self) -> &str {
        &self.https
    }

    /// Sends a request over TLS; the path goes as it is, nothing is followed.
    pub(crate) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        wire::over_tls(
            &self.tls,
            &self.https,
            &wire::request(method, path, headers, body),
        )
    }

    /// GETs something in the clear.
    pub(crate) fn http(&self, path: &str) -> Answer {
        wire::in_the_clear(&self.http, &wire::request("GET", path, &[], b""))
    }

    /// Calls the native API as the administrator.
    pub(crate) fn native(&self, method: &str, path: &str, body: &serde_json::Value) -> Answer {
        self.native_as(&self.admin.user, &self.admin.api_key, method, path, body)
    }

    /// Calls the native API as somebody.
    pub(crate) fn native_as(
        &self,
        user: &str,
        secret: &str,
        method: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> Answer {
        let basic = basic(user, secret);
        let octets = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let headers = [
            ("Authorization", basic.as_str()),
            ("Content-Type", "application/json"),
        ];
        self.request(method, &format!("/chancery/v1{path}"), &headers, &octets)
    }

    /// Makes a user, and its domain if that is not there.
    pub(crate) fn add_user(&self, name: &str, id: &str, domain: &str, role: &str, password: &str) {
        let made = self.native("POST", "/domains", &serde_json::json!({"id": domain}));
        assert!([201, 409].contains(&made.status), "{}", made.text());
        let user = serde_json::json!({
            "name": name, "id": id, "domain": domain, "roles": [role], "password": password,
        });
        self.native("POST", "/users", &user).expect(201);
    }

    /// Makes joe, the user 000000003002 of the domain 000000001001, who looks after its own with `a password`.
    pub(crate) fn add_joe(&self) {
        let (id, domain) = ("000000003002", "000000001001");
        self.add_user("joe", id, domain, "self-service", "a password");
    }

    /// Runs the command line against this server as the administrator.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Output {
        self.cli_command(arguments).output().unwrap()
    }

    /// The command line, ready to run against this server as the administrator.
    pub(crate) fn cli_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .env("CHANCERY_URL", self.https_url())
            .env("CHANCERY_USER", &self.admin.user)
            .env("CHANCERY_API_KEY", &self.admin.api_key)
            .env("CHANCERY_CA", self.data().join("ca/root.pem"))
            .env("XDG_CONFIG_HOME", self.directory.path().join("config"))
            .stdin(Stdio::null());
        command
    }

    /// The file of an authority's certificate, PEM.
    pub(crate) fn authority_file(&self, name: &str) -> String {
        let file = self.data().join(format!("ca/{name}.pem"));
        file.display().to_string()
    }

    /// What `openssl ocsp` prints of an answer about what that authority signed. `asked` tells where the answer is (`-url`,
    /// `-respin`), and about what (`-cert`). It must be well signed, and repeat the nonce if there was one.
    #[track_caller]
    pub(crate) fn openssl_ocsp(&self, issuer: &str, asked: &[&str]) -> String {
        let (issuer, root) = (self.authority_file(issuer), self.authority_file("root"));
        let output = Command::new("openssl")
            .args(["ocsp", "-CAfile", &root, "-verify_other", &issuer])
            .args(["-issuer", &issuer])
            .args(asked)
            .output()
            .unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            complaint.contains("Response verify OK"),
            "{asked:?}: {complaint}{said}"
        );
        assert!(!complaint.contains("WARNING: no nonce") || asked.contains(&"-no_nonce"));
        said.into_owned()
    }

    /// The current CRL of an authority as a PEM file.
    pub(crate) fn crl_file(&self, authority: &str) -> PathBuf {
        let answer = self.http(&format!("/crl/{authority}.pem")).expect(200);
        let file = self.scratch().join(format!("{authority}.crl.pem"));
        std::fs::write(&file, answer.body).unwrap();
        file
    }

    /// What `openssl verify -crl_check` says of a certificate: none if it is good, else its complaint.
    pub(crate) fn openssl_verdict(&self, certificate: &str) -> Option<String> {
        let file = self.scratch().join("verified.pem");
        std::fs::write(&file, certificate).unwrap();
        let crl = self.crl_file("issuing");
        let ca = self.data().join("ca");
        let output = Command::new("openssl")
            .arg("verify")
            .arg("-CAfile")
            .arg(ca.join("root.pem"))
            .arg("-untrusted")
            .arg(ca.join("issuing.pem"))
            .args(["-crl_check", "-CRLfile"])
            .arg(crl)
            .arg(file)
            .output()
            .expect("openssl is needed: apt-get install openssl");
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (!output.status.success()).then_some(said)
    }
}

impl Drop for Server {
    /// A test that fails shows whether the server had ended by itself, and its last words.
    #[expect(clippy::print_stderr, reason = "it is the test's output")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let ended = self.child.try_wait();
            let log = std::fs::read_to_string(self.directory.path().join("server.log"));
            let log = log.unwrap_or_default();
            let mut last: Vec<&str> = log.lines().rev().take(20).collect();
            last.reverse();
            eprintln!("the server's end: {ended:?}; its log:\n{}", last.join("\n"));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the program and waits for its ready line.
fn launch(
    directory: &Path,
    configuration: &str,
    environment: &[(String, String)],
) -> (Child, String, String) {
    let file = directory.join("chancery.toml");
    std::fs::write(&file, configuration).unwrap();
    let mut child = Command::new(PROGRAM)
        .args([
            "serve",
            "--https",
            "127.0.0.1:0",
            "--http",
            "127.0.0.1:0",
            "--data",
        ])
        .arg(directory.join("data"))
        .arg("--config")
        .arg(&file)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::from(
            std::fs::File::create(directory.join("server.log")).unwrap(),
        ))
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = lines
        .by_ref()
        .map(Result::unwrap)
        .find(|line| line.starts_with("ready "));
    let Some(ready) = ready else {
        let mut log = String::new();
        std::fs::File::open(directory.join("server.log"))
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        panic!("the server did not start: {log}");
    };
    let mut words = ready.split(' ').skip(1);
    let https = words
        .next()
        .unwrap()
        .trim_start_matches("https://")
        .to_owned();
    let http = words
        .next()
        .unwrap()
        .trim_start_matches("http://")
        .to_owned();
    (child, https, http)
}

/// An Authorization header's value.
pub(crate) fn basic(user: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{secret}")))
}

/// Runs a program that must succeed, and gives its output.
#[track_caller]
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| {
            panic!("{program} is needed for the tests: run ./check, which installs it ({error})")
        });
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {complaint}"
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A program of the tests' Python environment, which `./check` makes.
pub(crate) fn python_program(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/venv/bin")
        .join(name);
    assert!(
        path.exists(),
        "{} is needed for the tests: run ./check, which installs it",
        path.display()
    );
    path.display().to_string()
}

/// What one of the Python programs of `clients/` prints, with that to read. It must succeed.
#[track_caller]
pub(crate) fn python(script: &str, arguments: &[&str], input: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/clients");
    let mut child = Command::new(python_program("python"))
        .arg(folder.join(script))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// A CSR as PEM, made by openssl with a new key: `-subj`, and what else is given.
#[track_caller]
pub(crate) fn csr(scratch: &Path, new_key: &[&str], subject: &str, more: &[&str]) -> String {
    let (key, csr) = (
        scratch.join("subject.key.pem"),
        scratch.join("subject.csr.pem"),
    );
    let (key, file) = (key.display().to_string(), csr.display().to_string());
    let mut arguments = vec![
        "req", "-new", "-nodes", "-keyout", &key, "-out", &file, "-subj", subject,
    ];
    arguments.extend_from_slice(new_key);
    arguments.extend_from_slice(more);
    run("openssl", &arguments);
    std::fs::read_to_string(csr).unwrap()
}

/// A new P-256 key for [`csr`].
pub(crate) const P256: &[&str] = &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"];

/// What tests of certificates' lives ask again and again.
impl Server {
    /// Calls the native API with a bearer token.
    pub(crate) fn native_with_token(
        &self,
        token: &str,
        method: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> Answer {
        let bearer = format!("Bearer {token}");
        let headers = [
            ("Authorization", bearer.as_str()),
            ("Content-Type", "application/json"),
        ];
        let octets = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        self.request(method, &format!("/chancery/v1{path}"), &headers, &octets)
    }

    /// Issues a certificate with a key made by the server, to the administrator.
    pub(crate) fn issue(&self, subject: &str) -> serde_json::Value {
        let body = serde_json::json!({"key": "ec-p256", "subject": subject});
        self.native("POST", "/certificates", &body)
            .expect(201)
            .json()
    }

    /// Writes a file of the test, and gives its path.
    pub(crate) fn scratch_file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.scratch().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }

    /// An authority's current CRL in openssl's words.
    pub(crate) fn crl_text(&self, authority: &str) -> String {
        let file = self.crl_file(authority).display().to_string();
        run("openssl", &["crl", "-in", &file, "-noout", "-text"])
    }

    /// What the authority's current CRL says of a serial number, in openssl's words: none if it is not there, an empty
    /// reason if it is there without one.
    pub(crate) fn crl_reason(&self, authority: &str, serial: &str) -> Option<String> {
        let text = self.crl_text(authority);
        let wanted = serial.to_ascii_uppercase();
        let wanted = wanted.trim_start_matches('0');
        let entry = text.split("Serial Number: ").skip(1).find(|entry| {
            let number = entry.lines().next().unwrap_or_default();
            number.trim_start_matches('0') == wanted
        })?;
        let mut lines = entry.lines().map(str::trim);
        let reason = lines.find(|line| line.starts_with("X509v3 CRL Reason Code"));
        Some(
            reason
                .and_then(|_| lines.next())
                .unwrap_or_default()
                .to_owned(),
        )
    }
}

/// A connection over TLS that stays open: for what is sent bit by bit, or again and again.
pub(crate) struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    authorization: String,
}

impl Server {
    /// A connection over TLS that stays open; fails while the server is down.
    pub(crate) fn connect(&self) -> io::Result<Connection> {
        let name = ServerName::try_from("localhost").unwrap();
        let session =
            ClientConnection::new(Arc::clone(&self.tls), name).map_err(io::Error::other)?;
        let stream = TcpStream::connect(&self.https)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let authorization = basic(&self.admin.user, &self.admin.api_key);
        Ok(Connection {
            stream: StreamOwned::new(session, stream),
            authorization,
        })
    }
}

impl Connection {
    /// Calls the native API as the administrator.
    pub(crate) fn native(
        &mut self,
        method: &str,
        path: &str,
        body: &serde_json::Value,
    ) -> io::Result<Answer> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let head = self.head(method, path, body.len());
        self.send(format!("{head}{body}").as_bytes())?;
        self.answer()
    }

    /// The head of a call of the native API as the administrator, announcing a body of so many octets.
    pub(crate) fn head(&self, method: &str, path: &str, length: usize) -> String {
        let authorization = &self.authorization;
        format!(
            "{method} /chancery/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {authorization}\r\n\
             Content-Length: {length}\r\n\r\n"
        )
    }

    /// Begins a call of the native API as the administrator, and waits until the server waits for its body.
    pub(crate) fn begin(&mut self, method: &str, path: &str, length: usize) -> io::Result<()> {
        let head = self.head(method, path, length);
        let expecting = head.replacen("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n", 1);
        self.send(expecting.as_bytes())?;
        self.answer()?.expect(100);
        Ok(())
    }

    /// Sends octets as they are.
    pub(crate) fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets)?;
        self.stream.flush()
    }

    /// Reads one answer to its last octet; an error if the connection ends before.
    pub(crate) fn answer(&mut self) -> io::Result<Answer> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut octet = [0];
            self.stream.read_exact(&mut octet)?;
            head.extend(octet);
        }
        let head = String::from_utf8(head).map_err(io::Error::other)?;
        let mut lines = head.lines();
        let status = lines
            .next()
            .and_then(|line| line.split(' ').nth(1))
            .and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| io::Error::other(format!("no status line: {head}")))?;
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers
            .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
            .collect();
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(Ok(0), str::parse)
            .map_err(io::Error::other)?;
        answer.body = vec![0; length];
        self.stream.read_exact(&mut answer.body)?;
        Ok(answer)
    }

    /// Has the server ended the connection, with nothing more to say?
    pub(crate) fn has_ended(&mut self) -> bool {
        match self.stream.read(&mut [0]) {
            Ok(count) => count == 0,
            Err(error) => !matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            ),
        }
    }
}
