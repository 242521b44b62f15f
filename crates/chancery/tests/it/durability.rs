//! What was answered stays: through kills without warning, and through requests that get in each other's way.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::server::{P256, Server, csr, run};

/// Callers at once.
const CALLERS: usize = 16;
/// Kills of a server at work here; `chancery-bench kill9` does it twenty times.
const KILLS: usize = 3;

/// A certificate whose answer came whole: its id and PEM.
type Answered = (String, String);

#[test]
fn a_certificate_that_was_answered_survives_a_kill() {
    let mut server = Server::start();
    let request = csr(server.scratch(), P256, "/CN=load", &[]);
    let mut answered: Vec<Answered> = Vec::new();
    for round in 0..KILLS {
        let delay = Duration::from_millis(RandomState::new().hash_one(round) % 600);
        answered.extend(issue_until_killed(&server, &request, delay));
        server.kill_and_restart();
        check_integrity(&server);
        check_all_there(&server, &answered);
    }
    let (_, last) = answered.last().unwrap();
    assert_eq!(server.openssl_verdict(last), None);
    server
        .native("POST", "/certificates", &json!({"csr": request}))
        .expect(201);
}

/// Has callers issue until the process is killed, that long after the first answer; gives what they got answers to.
fn issue_until_killed(server: &Server, request: &str, delay: Duration) -> Vec<Answered> {
    let body = json!({"csr": request});
    let (tell, heard) = mpsc::channel();
    let caller = |tell: Sender<()>| {
        let mut answered = Vec::new();
        let Ok(mut connection) = server.connect() else {
            return answered;
        };
        while let Ok(answer) = connection.native("POST", "/certificates", &body) {
            let made = answer.expect(201).json();
            answered.push((
                made["id"].as_str().unwrap().to_owned(),
                made["certificate"].as_str().unwrap().to_owned(),
            ));
            // Only the first is listened for.
            let _ = tell.send(());
        }
        answered
    };
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| {
                let tell = tell.clone();
                scope.spawn(|| caller(tell))
            })
            .collect();
        drop(tell);
        heard.recv().unwrap();
        thread::sleep(delay);
        run("kill", &["-KILL", &server.pid().to_string()]);
        callers
            .into_iter()
            .flat_map(|caller| caller.join().unwrap())
            .collect()
    })
}

/// Every answered certificate is found as it was answered; every one that is there has the one audit entry of its issue,
/// and the other way round.
fn check_all_there(server: &Server, answered: &[Answered]) {
    let mut connection = server.connect().unwrap();
    for (id, certificate) in answered {
        let found = connection
            .native("GET", &format!("/certificates/{id}"), &Value::Null)
            .unwrap()
            .expect(200)
            .json();
        assert_eq!(found["certificate"].as_str().unwrap(), certificate, "{id}");
    }
    let certificates = everything(server, "/certificates?status=any", "certificates", "after");
    // The issuing authority's own certificate came with the authority.
    let mut stored: Vec<&str> = certificates
        .iter()
        .filter(|one| one["profile"] != "sub-authority")
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    let entries = everything(server, "/audit?", "entries", "before");
    let issued = entries
        .iter()
        .filter(|entry| entry["action"] == "certificate.issue" && entry["outcome"] == "done");
    let mut written: Vec<&str> = issued
        .map(|entry| entry["certificate"].as_str().unwrap())
        .collect();
    stored.sort_unstable();
    written.sort_unstable();
    assert_eq!(stored, written);
}

/// All pages of a listing.
fn everything(server: &Server, path: &str, member: &str, cursor: &str) -> Vec<Value> {
    let mut connection = server.connect().unwrap();
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = connection
            .native("GET", &format!("{path}&limit=1000{after}"), &Value::Null)
            .unwrap()
            .expect(200)
            .json();
        all.extend(page[member].as_array().unwrap().iter().cloned());
        after = match &page["next"] {
            Value::Null => return all,
            Value::String(next) => format!("&{cursor}={next}"),
            next => format!("&{cursor}={next}"),
        };
    }
}

/// What SQLite's own program says of the database file.
fn check_integrity(server: &Server) {
    let file = server.data().join("chancery.sqlite").display().to_string();
    let said = run(
        "sqlite3",
        &[
            "-readonly",
            &file,
            "PRAGMA integrity_check; PRAGMA foreign_key_check;",
        ],
    );
    assert_eq!(said, "ok\n");
}

/// Does something with many callers at the same moment, each with its number and a connection of its own.
fn at_once<T: Send>(
    server: &Server,
    callers: usize,
    work: impl Fn(usize, &mut crate::server::Connection) -> T + Sync,
) -> Vec<T> {
    let start = Barrier::new(callers);
    thread::scope(|scope| {
        let call = |number| {
            let (start, work) = (&start, &work);
            scope.spawn(move || {
                let mut connection = server.connect().unwrap();
                connection
                    .native("GET", "/whoami", &Value::Null)
                    .unwrap()
                    .expect(200);
                start.wait();
                work(number, &mut connection)
            })
        };
        let callers: Vec<_> = (0..callers).map(call).collect();
        callers
            .into_iter()
            .map(|caller| caller.join().unwrap())
            .collect()
    })
}

/// Many waiting requests share a commit; one that breaks a rule falls alone.
#[test]
fn of_two_that_want_one_name_one_gets_it_and_nobody_else_notices() {
    let server = Server::start();
    let request = csr(server.scratch(), P256, "/CN=joe", &[]);
    for round in 0..10 {
        let statuses = at_once(&server, CALLERS, |number, connection| {
            // The even ones want the same name, the others each their own.
            let name = if number % 2 == 0 {
                format!("same-{round}")
            } else {
                format!("own-{round}-{number}")
            };
            let body = json!({"csr": request, "name": name});
            let answer = connection.native("POST", "/certificates", &body).unwrap();
            if answer.status == 409 {
                assert_eq!(answer.json()["type"], "urn:chancery:problem:conflict");
            }
            (number % 2 == 0, answer.status)
        });
        let count = |same: bool, status: u16| {
            statuses
                .iter()
                .filter(|one| **one == (same, status))
                .count()
        };
        assert_eq!(
            (count(true, 201), count(true, 409)),
            (1, CALLERS / 2 - 1),
            "round {round}: {statuses:?}"
        );
        assert_eq!(
            count(false, 201),
            CALLERS / 2,
            "round {round}: {statuses:?}"
        );
    }
    check_all_there(&server, &[]);
    let commits = server.http("/metrics").expect(200).text();
    assert!(commits.contains("commit"), "{commits}");
}

/// The audit trail of a certificate, played from its issue on, is a walk through the table of legal moves, holds one
/// entry for each success that was answered, and ends where the certificate is.
#[test]
fn moves_that_race_are_one_legal_walk() {
    let server = Server::start();
    let request = csr(server.scratch(), P256, "/CN=raced", &[]);
    for round in 0..6 {
        let name = format!("raced-{round}");
        let made = server
            .native(
                "POST",
                "/certificates",
                &json!({"csr": request, "name": name}),
            )
            .expect(201)
            .json();
        let turns = AtomicUsize::new(0);
        let answers = at_once(&server, 12, |number, connection| {
            let mut done = Vec::new();
            for turn in 0..6 {
                let action = ["hold", "release"][(number + turn) % 2];
                // Near the end, somebody revokes for good in the thick of it.
                let last = turns.fetch_add(1, Ordering::Relaxed) == 50 && round % 2 == 0;
                let (action, body) = if last {
                    ("revoke", json!({"reason": "superseded"}))
                } else {
                    (action, json!({}))
                };
                let answer = connection
                    .native("POST", &format!("/certificates/{name}/{action}"), &body)
                    .unwrap();
                match answer.status {
                    200 => done.push(action),
                    409 => assert_eq!(answer.json()["type"], "urn:chancery:problem:refused"),
                    // So many got in its way that it gave up: nothing was done.
                    503 => assert!(answer.header("retry-after").is_some()),
                    other => panic!("{action}: {other}: {}", answer.text()),
                }
            }
            done
        });
        check_walk(&server, made["id"].as_str().unwrap(), &answers.concat());
    }
}

fn check_walk(server: &Server, id: &str, answered: &[&str]) {
    let path = format!("/audit?certificate={id}&limit=1000");
    let entries = server.native("GET", &path, &Value::Null).expect(200).json();
    let mut walk: Vec<&str> = entries["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            entry["action"]
                .as_str()
                .unwrap()
                .strip_prefix("certificate.")
                .unwrap()
        })
        .collect();
    walk.reverse();
    let (issue, moves) = walk.split_first().unwrap();
    assert_eq!(*issue, "issue");
    let mut status = "active";
    for action in moves {
        status = match (status, *action) {
            ("active", "hold") => "on-hold",
            ("on-hold", "release") => "active",
            ("active" | "on-hold", "revoke") => "revoked",
            illegal => panic!("{illegal:?} in {walk:?}"),
        };
    }
    let count = |actions: &[&str]| {
        actions.iter().fold(HashMap::new(), |mut counts, action| {
            *counts.entry((*action).to_owned()).or_insert(0) += 1;
            counts
        })
    };
    assert_eq!(count(moves), count(answered));
    let found = server
        .native("GET", &format!("/certificates/{id}"), &Value::Null)
        .expect(200)
        .json();
    assert_eq!(found["status"], status);
    let verdict = server.openssl_verdict(found["certificate"].as_str().unwrap());
    assert_eq!(
        verdict.is_some(),
        status != "active",
        "the CRL says otherwise: {status}, {verdict:?}"
    );
}
