//! Thousands of certificates, and a server that is killed, stopped and busy meanwhile.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::{
    certificate, done, issued, once, server_with_two, shown, sql, start, text, told, turned,
};
use crate::server::{Server, run};

/// Enough that a revocation takes a while.
pub(super) const MANY: usize = 20_000;

/// A server on which joe owns [`MANY`] certificates, all but one of them copies of that one with serial numbers of their
/// own, written while the server was down.
pub(super) fn server_with_many() -> Server {
    let mut server = server_with_two();
    issued(&server, "joe", "CN=joe");
    server.terminate();
    let file = server.data().join("chancery.sqlite").display().to_string();
    let copies = MANY - 1;
    run(
        "sqlite3",
        &[
            &file,
            &format!(
                "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {copies})
                 INSERT INTO certificates (id, name, origin, authority, issuer_key, serial, subject_line, subject_key_id,
                     not_before, not_after, owner, domain, profile, state, state_since, created, der)
                 SELECT CAST(printf('%012d', n) AS BLOB), 'copy-' || n, origin, authority, issuer_key,
                     CAST(printf('%012d', n) AS BLOB), subject_line, subject_key_id, not_before, not_after, owner, domain,
                     profile, state, state_since, created, der
                 FROM n CROSS JOIN certificates WHERE subject_line = '/CN=joe'"
            ),
        ],
    );
    server.restart();
    server
}

fn of_joe() -> Value {
    json!({"reason": "key-compromise", "owner": "joe"})
}

/// How many of joe's certificates were revoked, for how many of them the audit trail says so, and how often at the most.
fn tally(server: &Server) -> (String, String) {
    let revoked = sql(
        server,
        "SELECT count(*) FROM certificates WHERE state = 3 AND reason = 1
         AND owner = (SELECT number FROM users WHERE id = 'joe')",
    );
    let entries = sql(
        server,
        "SELECT count(*) || ' at most ' || max(times) FROM (SELECT count(*) AS times FROM audit
         WHERE action = 'certificate.revoke' AND actor = 'admin' GROUP BY certificate)",
    );
    (revoked, entries)
}

#[track_caller]
fn check_each_once(server: &Server, one: &Value) {
    let ended = done(server, one);
    assert_eq!(
        (&ended["revoked"], &ended["skipped"]),
        (&json!(MANY), &json!(0))
    );
    let want = (MANY.to_string(), format!("{MANY} at most 1"));
    assert_eq!(tally(server), want);
    assert_eq!(told(server, "revocation.finish", one), "1");
    assert_eq!(sql(server, "PRAGMA integrity_check"), "ok");
}

/// Kills the server while it is at [`MANY`] certificates, of which it counts those that are done: after a quarter, and after
/// half of them.
#[track_caller]
pub(super) fn killed_twice(server: &mut Server, one: &Value, counted: &str) {
    for share in [1, 2] {
        let enough = (MANY * share / 4) as u64;
        once(server, one, |now| now[counted].as_u64() > Some(enough));
        server.kill_and_restart();
        let now = shown(server, one);
        assert!(
            now[counted].as_u64() < Some(MANY as u64),
            "it was over too soon: {now}"
        );
    }
}

/// What is stopped stays as it is.
pub(super) fn a_restart_resumes_nothing(server: &mut Server, stopped: &Value) {
    server.kill_and_restart();
    thread::sleep(Duration::from_millis(300));
    let now = shown(server, stopped);
    assert_eq!(now, *stopped, "a restart resumes nothing");
}

#[test]
fn killed_in_the_middle_it_goes_on_and_revokes_each_once() {
    let mut server = server_with_many();
    let started = start(&server, &of_joe());
    assert_eq!(started["total"], MANY);
    killed_twice(&mut server, &started, "revoked");
    check_each_once(&server, &started);
    let crl = server.crl_text("issuing");
    assert_eq!(crl.matches("Key Compromise").count(), MANY);
}

/// Others write meanwhile, among them to the certificates in question; what is issued meanwhile stays good.
#[test]
fn others_are_served_meanwhile() {
    let server = server_with_many();
    let last = json!({"id": sql(&server, "SELECT lower(hex(id)) FROM certificates WHERE name = 'copy-19999'")});
    let started = start(&server, &of_joe());
    let path = format!("/certificates/{}", text(&last["id"]));
    server
        .native("POST", &format!("{path}/hold"), &json!({}))
        .expect(200);
    let mut served = 0;
    let mut fresh = Vec::new();
    while shown(&server, &started)["state"] == "running" {
        fresh.push(issued(&server, "joe", "CN=fresh"));
        served += 1;
    }
    assert!(served > 3, "{served}");
    check_each_once(&server, &started);
    for one in &fresh {
        assert_eq!(certificate(&server, one)["status"], "active");
    }
}

#[test]
fn after_stop_nothing_more_is_revoked_until_it_is_resumed() {
    let mut server = server_with_many();
    let started = start(&server, &of_joe());
    once(&server, &started, |now| now["revoked"].as_u64() > Some(0));
    let stopped = turned(&server, &started, "stop");
    assert_eq!(stopped["state"], "stopped");
    assert!(stopped["revoked"].as_u64() < Some(MANY as u64), "{stopped}");
    thread::sleep(Duration::from_millis(300));
    assert_eq!(tally(&server).0, stopped["revoked"].to_string());
    a_restart_resumes_nothing(&mut server, &stopped);
    assert_eq!(turned(&server, &started, "stop"), stopped);
    assert_eq!(turned(&server, &started, "resume")["state"], "running");
    check_each_once(&server, &started);
    for action in ["revocation.stop", "revocation.resume"] {
        assert_eq!(told(&server, action, &started), "1", "{action}");
    }
    assert_eq!(turned(&server, &started, "stop")["state"], "done");
}
