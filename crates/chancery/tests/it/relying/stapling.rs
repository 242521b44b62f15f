//! nginx asks the responder by itself and staples the answer, and curl refuses servers without a good one.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::Subject;
use crate::server::{P256, Server, csr, eventually};

/// nginx on a socket in a directory of its own. It ends when this is dropped.
struct Nginx {
    process: Child,
    socket: String,
    log: String,
}

impl Nginx {
    /// Serves TLS with that certificate, its chain and its key, and staples; asks whether the answer is well signed.
    fn start(server: &Server, name: &str) -> Nginx {
        let directory = server.scratch().join(format!("nginx-{name}"));
        std::fs::create_dir_all(&directory).unwrap();
        let file = |name: &str| directory.join(name).display().to_string();
        let scratch = |name: &str| server.scratch().join(name).display().to_string();
        let (socket, log) = (file("socket"), file("error.log"));
        let configuration = format!(
            "daemon off; master_process off; pid {pid}; error_log {log} info; events {{}}\n\
             http {{\n\
               access_log off; client_body_temp_path {body}; proxy_temp_path {proxy};\n\
               fastcgi_temp_path {fastcgi}; uwsgi_temp_path {uwsgi}; scgi_temp_path {scgi};\n\
               server {{\n\
                 listen unix:{socket} ssl;\n\
                 ssl_certificate {chain}; ssl_certificate_key {key};\n\
                 ssl_stapling on; ssl_stapling_verify on; ssl_trusted_certificate {trusted};\n\
                 location / {{ return 200 served; }}\n\
               }}\n\
             }}\n",
            pid = file("pid"),
            body = file("body"),
            proxy = file("proxy"),
            fastcgi = file("fastcgi"),
            uwsgi = file("uwsgi"),
            scgi = file("scgi"),
            chain = scratch("chain.pem"),
            key = scratch("subject.key.pem"),
            trusted = scratch("trusted.pem"),
        );
        std::fs::write(file("nginx.conf"), configuration).unwrap();
        let process = Command::new(program())
            .args(["-p", &file(""), "-c", &file("nginx.conf"), "-e", &log])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nginx is needed for the tests: run ./check, which installs it");
        let nginx = Nginx {
            process,
            socket,
            log,
        };
        eventually(|| match Path::new(&nginx.socket).exists() {
            false => Err(nginx.said()),
            true => Ok(()),
        });
        nginx
    }

    /// What it wrote to its log.
    fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Has curl fetch something, and gives its exit code: only a stapled answer that says "good" will do.
    fn curl(&self, root: &str) -> i32 {
        let asked = ["-sS", "--cert-status", "--cacert", root, "--unix-socket"];
        let output = Command::new("curl")
            .args(asked)
            .args([&self.socket, "https://host.example.com/"])
            .output()
            .unwrap();
        assert_eq!(output.stdout == b"served", output.status.success());
        output.status.code().unwrap()
    }

    /// Asks again and again until curl ends so. nginx fetches the answer when the first client comes, who gets none.
    #[track_caller]
    fn curl_ends_with(&self, root: &str, want: i32, log: &str) {
        eventually(|| {
            let (code, said) = (self.curl(root), self.said());
            match code == want && said.contains(log) {
                false => Err(format!("curl ends with {code}: {said}")),
                true => Ok(()),
            }
        });
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Debian has it where only root's path leads.
fn program() -> &'static str {
    let there = "/usr/sbin/nginx";
    if Path::new(there).exists() {
        there
    } else {
        "nginx"
    }
}

/// curl's words for a certificate whose status is not stapled, or is not good.
const INVALID_STATUS: i32 = 91;

#[test]
fn nginx_staples_and_curl_is_content_until_the_certificate_is_revoked() {
    for signer in ["delegated", "authority"] {
        let server = Server::start_with_config(&format!("[ocsp]\nsigner = \"{signer}\"\n"));
        let (root, issuing) = (
            server.authority_file("root"),
            server.authority_file("issuing"),
        );
        let read = |file: &str| std::fs::read_to_string(file).unwrap();
        let csr = csr(server.scratch(), P256, "/CN=whoever", &[]);
        let body = json!({
            "csr": csr, "profile": "tls-server", "names": ["dns:host.example.com"],
        });
        let issued = server.native("POST", "/certificates", &body).expect(201);
        let subject = Subject::new(&server, "host", &issued.json());
        server.scratch_file("chain.pem", subject.pem.clone() + &read(&issuing));
        server.scratch_file("trusted.pem", read(&issuing) + &read(&root));

        let nginx = Nginx::start(&server, "good");
        nginx.curl_ends_with(&root, 0, "");
        drop(nginx);

        // On hold, and then off hold again.
        for (change, status, log) in [
            ("hold", INVALID_STATUS, "certificate status \"revoked\" in"),
            ("release", 0, ""),
            (
                "revoke",
                INVALID_STATUS,
                "certificate status \"revoked\" in",
            ),
        ] {
            let body = match change {
                "revoke" => json!({"reason": "key-compromise"}),
                _ => Value::Null,
            };
            subject.act(&server, change, &body);
            // It keeps an answer for an hour; one that starts anew asks anew.
            let nginx = Nginx::start(&server, change);
            nginx.curl_ends_with(&root, status, log);
        }
    }
}
