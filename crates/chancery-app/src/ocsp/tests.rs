//! Answers while everything moves: changes from many threads, responders that cannot be renewed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use chancery_core::certificate::{Certificate, State};

use super::OcspAnswer;
use crate::config::OcspUnknown;
use crate::store::sqlite::interfere;
use crate::testing::{Engine, openssl};
use crate::{App, CertificateRef, Error, IssueBy};

const DAY: i64 = 86_400;
/// How an answer tells of a hold: the reason as a context-specific ENUMERATED.
const HELD: [u8; 5] = [0xa0, 3, 0x0a, 1, 6];

/// A certificate of the usual authority.
async fn issued(engine: &Engine) -> Certificate {
    let issuer = IssueBy::Authority("issuing".to_owned());
    engine.issued(&engine.admin.user.id, issuer).await
}

/// A request about a serial number, without a nonce unless that is asked for.
fn request(engine: &Engine, serial: &str, nonce: &str) -> Vec<u8> {
    let folder = engine.directory.path();
    let made =
        format!("ocsp {nonce} -issuer data/ca/issuing.pem -serial 0x{serial} -reqout request.der");
    openssl(folder, &made);
    std::fs::read(folder.join("request.der")).unwrap()
}

fn holds(answer: &OcspAnswer, what: &[u8]) -> bool {
    answer.der.windows(what.len()).any(|window| window == what)
}

/// How far the changes of one certificate have come. An odd number: it is on hold.
#[derive(Default)]
struct Changes {
    begun: AtomicU64,
    done: AtomicU64,
    over: AtomicBool,
}

/// Holds and releases a certificate, with pauses of all lengths up to that of a commit.
async fn change(engine: &Engine, certificate: &Certificate, changes: &Changes, times: u64) {
    let which = CertificateRef::Id(certificate.id);
    for number in 1..=times {
        changes.begun.store(number, Ordering::SeqCst);
        let (app, admin) = (&engine.app, &engine.admin);
        match number % 2 {
            1 => app.hold(admin, &which).await.unwrap(),
            _ => app.release(admin, &which).await.unwrap(),
        };
        changes.done.store(number, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_micros(number * 97 % 2000)).await;
    }
    changes.over.store(true, Ordering::SeqCst);
}

/// Asks until the changes are over: an answer shows every change that was done, or that could be seen in the database,
/// before it was asked for. Gives how often that could be told.
async fn ask(app: App, request: Vec<u8>, of: Certificate, changes: Arc<Changes>) -> u64 {
    let mut told = 0;
    while !changes.over.load(Ordering::SeqCst) {
        let begun = changes.begun.load(Ordering::SeqCst);
        let mut shown = changes.done.load(Ordering::SeqCst) == begun;
        if told % 2 == 0 && !shown {
            let found = app.find(&CertificateRef::Id(of.id)).await.unwrap();
            shown = (found.state == State::OnHold) == (begun % 2 == 1);
        }
        let answer = app.ocsp(&request).await.unwrap();
        if shown && changes.begun.load(Ordering::SeqCst) == begun {
            assert_eq!(
                holds(&answer, &HELD),
                begun % 2 == 1,
                "after change {begun}"
            );
            told += 1;
        }
        tokio::task::yield_now().await;
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_answer_is_older_than_the_last_change() {
    let engine = Engine::start().await;
    let (one, other) = (issued(&engine).await, issued(&engine).await);
    let changes = Arc::new(Changes::default());
    let mut askers = Vec::new();
    for nonce in ["-no_nonce", "-no_nonce", "-no_nonce", "-nonce"] {
        let request = request(&engine, &one.serial.to_hex(), nonce);
        let (app, changes) = (engine.app.clone(), Arc::clone(&changes));
        askers.push(tokio::spawn(ask(app, request, one.clone(), changes)));
    }
    let quiet = request(&engine, &other.serial.to_hex(), "-no_nonce");
    let before = engine.app.ocsp(&quiet).await.unwrap();
    change(&engine, &one, &changes, 400).await;
    for asker in askers {
        let told = asker.await.unwrap();
        assert!(told > 100, "{told}");
    }
    // What was never changed is given again all the while.
    let after = engine.app.ocsp(&quiet).await.unwrap();
    assert_eq!(after.der, before.der);
}

#[tokio::test]
async fn what_was_never_issued_is_told_as_configured() {
    let extension = [6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 9];
    for (unknown, revoked) in [(OcspUnknown::Unknown, false), (OcspUnknown::Revoked, true)] {
        let engine = Engine::start_with(|config| config.ocsp.unknown = unknown).await;
        let request = request(&engine, "1234", "-no_nonce");
        let answer = engine.app.ocsp(&request).await.unwrap();
        assert_eq!(holds(&answer, &HELD), revoked);
        assert_eq!(holds(&answer, &extension), revoked);
        let again = engine.app.ocsp(&request).await.unwrap();
        assert_ne!(again.der, answer.der, "it may be issued tomorrow");
    }
}

/// Caches that take an answer when it is given for the last time drop it before it ends.
#[tokio::test]
async fn no_cache_keeps_an_answer_for_longer_than_it_holds() {
    let engine = Engine::start_with(|config| {
        config.ocsp.valid_hours = 1;
        config.ocsp.cache_seconds = 86_400;
    })
    .await;
    let one = issued(&engine).await;
    let request = request(&engine, &one.serial.to_hex(), "-no_nonce");
    let mut kept = 0;
    for seconds in (0..=2 * 3600).step_by(450) {
        engine.at(seconds);
        let freshness = engine.app.ocsp(&request).await.unwrap().freshness.unwrap();
        let now = engine.app.now();
        assert!(now.plus_seconds(freshness.max_age.into()) <= freshness.next_update);
        kept += usize::from(freshness.this_update < now);
    }
    assert!(kept > 5, "{kept}");
}

/// A key that takes long signs once for all who ask the same at once. No ECDSA signature comes twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_who_ask_the_same_at_once_get_one_answer() {
    let engine = Engine::start_with(|config| {
        config.authority.issuing_key = "ec-p521".to_owned();
    })
    .await;
    for round in 0..5 {
        let one = issued(&engine).await;
        let request = request(&engine, &one.serial.to_hex(), "-no_nonce");
        let mut askers = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (app, request) = (engine.app.clone(), request.clone());
            askers.spawn(async move { app.ocsp(&request).await.unwrap().der });
        }
        let answers = askers.join_all().await;
        assert!(answers.iter().all(|der| *der == answers[0]), "{round}");
    }
}

/// Waits until the store has been asked to write so often.
async fn written(engine: &Engine, commands: u64) {
    let reached = async {
        while engine.app.writer_stats().commands < commands {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let patience = Duration::from_secs(10);
    tokio::time::timeout(patience, reached).await.unwrap();
}

#[tokio::test]
async fn a_responder_that_cannot_be_renewed_is_not_tried_at_every_answer() {
    let engine = Engine::start().await;
    let one = issued(&engine).await;
    let request = request(&engine, &one.serial.to_hex(), "-nonce");
    let database = engine.directory.path().join("data/chancery.sqlite");
    let refuse =
        "CREATE TRIGGER full BEFORE INSERT ON certificates BEGIN SELECT RAISE (ABORT, 'full'); END";
    interfere(&database, refuse);
    let ask = async || engine.app.ocsp(&request).await;

    // Due, and still good: answers go on, with one attempt in a minute.
    let mut attempts = engine.app.writer_stats().commands;
    for minute in 0..3 {
        engine.at(21 * DAY + minute * 61);
        for _ in 0..20 {
            ask().await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        attempts += 1;
        written(&engine, attempts).await;
        assert_eq!(engine.app.writer_stats().commands, attempts, "{minute}");
    }
    // Over: no answer, and an attempt in a few seconds.
    engine.at(31 * DAY);
    ask().await.unwrap_err();
    attempts += 1;
    for _ in 0..20 {
        assert!(matches!(ask().await, Err(Error::Busy)));
    }
    assert_eq!(engine.app.writer_stats().commands, attempts);
    interfere(&database, "DROP TRIGGER full");
    engine.at(31 * DAY + 6);
    ask().await.unwrap();
}
