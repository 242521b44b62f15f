//! Credentials that prove nothing, and guessing at them.

use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{JSON, Target, UNAUTHENTICATED, check_log};
use crate::server::Server;

#[test]
fn credentials_that_prove_nothing_are_refused() {
    let target = Target::new();
    let good = target.authorization.as_str();
    let key = target.server.admin().api_key.as_str();
    let encoded = |text: &[u8]| format!("Basic {}", STANDARD.encode(text));
    for (what, values) in [
        ("none", &[][..]),
        ("empty", &[String::new()]),
        ("no colon", &[encoded(b"admin")]),
        ("nothing", &[encoded(b":")]),
        ("no user", &[encoded(format!(":{key}").as_bytes())]),
        ("no secret", &[encoded(b"admin:")]),
        ("no base64", &["Basic !!!".to_owned()]),
        ("no UTF-8", &[encoded(b"admin:\xff\xfe")]),
        ("NUL", &[encoded(format!("admin\0:{key}").as_bytes())]),
        (
            "another's case",
            &[encoded(format!("ADMIN:{key}").as_bytes())],
        ),
        (
            "a space behind the secret",
            &[encoded(format!("admin:{key} ").as_bytes())],
        ),
        (
            "a long secret",
            &[encoded(format!("admin:{}", "x".repeat(20_000)).as_bytes())],
        ),
        ("the key as a token", &[format!("Bearer {key}")]),
        ("no token", &["Bearer ".to_owned()]),
        ("another scheme", &["Digest username=\"admin\"".to_owned()]),
        (
            "two, the second good",
            &[encoded(b"admin:x"), good.to_owned()],
        ),
        ("two good ones", &[good.to_owned(), good.to_owned()]),
    ] {
        let headers: Vec<(&str, &str)> = values
            .iter()
            .map(|value| ("Authorization", value.as_str()))
            .collect();
        target.check_with(what, "GET", "/whoami", &headers, b"", UNAUTHENTICATED);
        let headers = [&headers[..], &[("Content-Type", JSON)]].concat();
        let body = json!({"csr": target.csr}).to_string();
        target.check_with(
            what,
            "POST",
            "/certificates",
            &headers,
            body.as_bytes(),
            UNAUTHENTICATED,
        );
    }
    target.check_sound();
}

#[test]
fn guessing_is_slow_and_does_not_stand_in_the_way_of_who_knows() {
    let server = Server::start();
    let password = server.admin().password.clone();
    let status = |secret: &str| {
        server
            .native_as("admin", secret, "GET", "/whoami", &Value::Null)
            .status
    };
    // Five are free; then 0.1 s, twice as long each time.
    for attempt in 0..9 {
        assert_eq!(status(&format!("guess {attempt}")), 401);
    }
    thread::scope(|scope| {
        let status = &status;
        let guesses: Vec<_> = (0..8)
            .map(|n| scope.spawn(move || status(&format!("at once {n}"))))
            .collect();
        thread::sleep(Duration::from_millis(100));
        assert_eq!(status(&password), 200);
        assert!(guesses.iter().any(|guess| !guess.is_finished()));
        for guess in guesses {
            let status = guess.join().unwrap();
            assert!([401, 429].contains(&status), "{status}");
        }
    });
    check_log(&server);
}
