//! What time alone brings about: tokens of ten minutes, and the lock that ends with them. The server runs in this process,
//! on a clock that is set by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chancery_app::{App, AppConfig, Clock, Options};
use chancery_http::{HttpConfig, Listening, Server};
use rustls::ClientConfig;
use secrecy::ExposeSecret;

use crate::server::basic;
use crate::wire::{self, Answer};

use super::{ELEMENTS, assert_error, assert_nothing, record, text_of};

/// A server whose clock is in our hand.
struct Timed {
    seconds: Arc<AtomicI64>,
    address: String,
    tls: Arc<ClientConfig>,
    authorization: String,
    _directory: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Timed {
    fn start() -> Timed {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path().join("data");
        // Near the true time, by which TLS certificates are judged.
        let seconds = Arc::new(AtomicI64::new(Clock::System.now().unix()));
        let mut config = HttpConfig::default();
        config.server.https = "127.0.0.1:0".to_owned();
        config.server.http = "127.0.0.1:0".to_owned();
        let options = Options {
            data: data.clone(),
            config: AppConfig::default(),
            clock: Clock::Fixed(Arc::clone(&seconds)),
            server_names: config.server.names.clone(),
            public_url: "http://ca.example".to_owned(),
        };
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .unwrap();
        let (address, authorization) = runtime.block_on(async {
            let listening = Listening::bind(&config.server).unwrap();
            let address = listening.https_address().unwrap().to_string();
            let (app, administrator) = App::open(options).await.unwrap();
            let admin = administrator.unwrap();
            let authorization = basic(&admin.user, admin.password.expose_secret());
            let server = Server::new(listening, app, config).await.unwrap();
            tokio::spawn(server.run(std::future::pending()));
            (address, authorization)
        });
        let root = std::fs::read_to_string(data.join("ca/root.pem")).unwrap();
        Timed {
            seconds,
            address,
            tls: wire::trusting(&root),
            authorization,
            _directory: directory,
            _runtime: runtime,
        }
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    fn send(&self, authorization: &str, method: &str, path: &str, body: &str) -> Answer {
        let headers = [("Authorization", authorization)];
        let path = format!("/rest/v1.2{path}");
        let request = wire::request(method, &path, &headers, body.as_bytes());
        wire::over_tls(&self.tls, &self.address, &request)
    }

    /// An Authorization header with a new token; in the place of one, if that is given.
    fn token(&self, form: &str) -> String {
        let answer = self.send(&self.authorization, "POST", "/auth/token", form);
        format!("Bearer {}", text_of(&answer.expect(200), "accessToken"))
    }

    fn lock(&self, token: &str) -> Answer {
        self.send(token, "POST", "/configuration/lock", "")
    }
}

fn renewal(token: &str) -> String {
    format!("token={}", token.trim_start_matches("Bearer "))
}

#[test]
fn a_token_is_good_for_ten_minutes_and_then_a_new_one_is_needed() {
    let server = Timed::start();
    let token = server.token("");
    let status = |token: &str| server.send(token, "GET", "/system/status", "");
    status(&token).expect(200);
    server.pass(600);
    status(&token).expect(200);
    server.pass(1);
    assert_error(&status(&token), 401, "Client not authorized.");
    let answer = server.send(
        &server.authorization,
        "POST",
        "/auth/token",
        &renewal(&token),
    );
    assert_error(&answer, 401, "Client not authorized.");
    status(&server.token("")).expect(200);
}

#[test]
fn who_renews_in_time_keeps_the_lock() {
    let server = Timed::start();
    let mut token = server.token("");
    assert_nothing(&server.lock(&token));
    server
        .send(&token, "POST", ELEMENTS, &record("r1"))
        .expect(200);
    for _ in 0..4 {
        server.pass(590);
        token = server.token(&renewal(&token));
    }
    let path = "/configuration/certificates/generateRequest?recordName=r1";
    server.send(&token, "PUT", path, "").expect(200);
    let other = server.token("");
    assert_error(&server.lock(&other), 423, "Resource locked by another user");
}

#[test]
fn the_lock_ends_with_its_token_and_so_do_the_edits_under_it() {
    let server = Timed::start();
    let first = server.token("");
    assert_nothing(&server.lock(&first));
    server
        .send(&first, "POST", ELEMENTS, &record("r1"))
        .expect(200);
    server.pass(601);
    let second = server.token("");
    let unlocked = server.send(&second, "POST", "/configuration/unlock", "");
    assert_error(&unlocked, 423, "User does not have the lock");
    let shown = format!("{ELEMENTS}?elementType=certificate-record&name=r1");
    assert_error(
        &server.send(&second, "GET", &shown, ""),
        404,
        "no such element",
    );
    assert_nothing(&server.lock(&second));
    assert_error(
        &server.send(&second, "GET", &shown, ""),
        404,
        "no such element",
    );
    server
        .send(&second, "POST", ELEMENTS, &record("r1"))
        .expect(200);
}
