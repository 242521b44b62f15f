//! Releasing what a bulk revocation put on hold: that and nothing else, whatever others do and however often the server dies.

use std::thread;

use serde_json::{Value, json};

use super::crashes::{MANY, a_restart_resumes_nothing, killed_twice, server_with_many};
use super::{
    by_ocsp, certificate, done, issued, once, server_with_two, shown, sql, start, text, told,
    turned,
};
use crate::native::refused;
use crate::server::{Server, run};
use crate::wire::Answer;

/// What is asked about the release of a revocation, in JSON.
fn ask(server: &Server, one: &Value, body: &Value) -> Answer {
    let path = format!("/revocations/{}/release", one["number"]);
    server.native("POST", &path, body)
}

#[track_caller]
fn release(server: &Server, one: &Value) -> Value {
    let answer = ask(server, one, &json!({})).expect(202);
    let started = answer.json();
    let location = format!("/chancery/v1/revocations/{}", started["number"]);
    assert_eq!(answer.header("location"), Some(location.as_str()));
    assert_eq!(
        (&started["action"], &started["releases"], &started["reason"]),
        (&json!("release"), &one["number"], &Value::Null)
    );
    started
}

/// Everything of joe's, put on hold.
fn hold(server: &Server) -> Value {
    let request = json!({"reason": "certificate-hold", "owner": "joe"});
    let held = done(server, &start(server, &request));
    assert_eq!(held["action"], "hold");
    held
}

/// Does one thing to one certificate.
fn act(server: &Server, one: &Value, action: &str) -> Answer {
    let path = format!("/certificates/{}/{action}", text(&one["id"]));
    server.native("POST", &path, &json!({}))
}

/// What the newest delta list says of each certificate: `Remove From CRL` for one that was released.
fn delta_text(server: &Server) -> String {
    let list = server.http("/crl/issuing/delta.pem").expect(200);
    let file = server.scratch_file("delta.pem", list.text());
    run("openssl", &["crl", "-in", &file, "-noout", "-text"])
}

#[test]
fn a_hold_by_mistake_is_released_and_everybody_is_told() {
    let server = server_with_two();
    let all: Vec<Value> = (0..4)
        .map(|n| issued(&server, "joe", &format!("CN=gate-{n}")))
        .collect();
    let [before, mistaken, also, anew] = &all[..] else {
        panic!("{all:?}");
    };
    act(&server, before, "hold").expect(200);
    let held = hold(&server);
    assert_eq!(held["revoked"], 3);
    act(&server, anew, "release").expect(200);
    act(&server, anew, "hold").expect(200);
    // A list that relying parties have, on which the delta of later builds.
    let listed = server.crl_text("issuing");
    assert_eq!(listed.matches("Certificate Hold").count(), 4);

    let seen = ask(&server, &held, &json!({"dry_run": true}))
        .expect(200)
        .json();
    assert_eq!((&seen["total"], &seen["on_hold"]), (&json!(2), &json!(2)));
    assert_eq!(seen["first"][0]["id"], mistaken["id"]);
    assert_eq!(certificate(&server, mistaken)["status"], "on-hold");
    let ended = done(&server, &release(&server, &held));
    assert_eq!(
        [
            &ended["total"],
            &ended["released"],
            &ended["revoked"],
            &ended["skipped"]
        ],
        [&json!(2), &json!(2), &json!(0), &json!(0)]
    );
    for one in [mistaken, also] {
        let now = certificate(&server, one);
        assert_eq!(now["status"], "active");
        assert_eq!(by_ocsp(&server, &now), "good");
        assert_eq!(server.crl_reason("issuing", text(&now["serial"])), None);
    }
    for one in [before, anew] {
        let now = certificate(&server, one);
        assert_eq!(now["status"], "on-hold");
        assert_eq!(by_ocsp(&server, &now), "revoked, certificateHold");
    }
    let delta = delta_text(&server);
    assert_eq!(delta.matches("Remove From CRL").count(), 2, "{delta}");
    for action in ["revocation.release", "revocation.finish"] {
        assert_eq!(told(&server, action, &ended), "1", "{action}");
    }
    let list = server
        .native("GET", "/revocations", &Value::Null)
        .expect(200)
        .json();
    assert_eq!(list["revocations"], json!([ended, held]));
}

/// For how many certificates the audit trail tells of a release, and how often of one at the most.
fn tally(server: &Server) -> String {
    sql(
        server,
        "SELECT count(*) || ' at most ' || max(times) FROM (SELECT count(*) AS times FROM audit
         WHERE action = 'certificate.release' AND actor = 'admin' GROUP BY certificate)",
    )
}

fn on_hold(server: &Server) -> String {
    sql(server, "SELECT count(*) FROM certificates WHERE state = 2")
}

#[test]
fn killed_in_the_middle_the_release_goes_on_and_releases_each_once() {
    let mut server = server_with_many();
    let held = hold(&server);
    let started = release(&server, &held);
    assert_eq!(started["total"], MANY);
    killed_twice(&mut server, &started, "released");
    let ended = done(&server, &started);
    assert_eq!(
        (&ended["released"], &ended["skipped"]),
        (&json!(MANY), &json!(0))
    );
    assert_eq!(tally(&server), format!("{MANY} at most 1"));
    assert_eq!(on_hold(&server), "0");
    assert_eq!(told(&server, "revocation.finish", &started), "1");
    assert_eq!(sql(&server, "PRAGMA integrity_check"), "ok");
    assert!(!server.crl_text("issuing").contains("Certificate Hold"));
}

/// Others are served meanwhile, and who takes a certificate off hold and puts it on hold for a reason of its own finds it
/// on hold at the end, wherever the release was.
#[test]
fn what_is_held_anew_beside_the_release_stays_on_hold() {
    let server = server_with_many();
    let held = hold(&server);
    let mut mine = Vec::new();
    for number in [50, 5_000, 10_000, 19_999] {
        let question =
            format!("SELECT lower(hex(id)) FROM certificates WHERE name = 'copy-{number}'");
        mine.push(json!({"id": sql(&server, &question)}));
    }
    let started = release(&server, &held);
    let mut rounds = 0;
    while shown(&server, &started)["state"] == "running" {
        for one in &mine {
            let released = act(&server, one, "release");
            // It may have been released already, but only as long as the hold was not this one.
            let fits = released.status == 200 || (released.status == 409 && rounds == 0);
            assert!(fits, "round {rounds}: {}", released.text());
            act(&server, one, "hold").expect(200);
        }
        rounds += 1;
    }
    assert!(rounds > 1, "{rounds}");
    for one in &mine {
        assert_eq!(certificate(&server, one)["status"], "on-hold");
    }
    assert_eq!(on_hold(&server), mine.len().to_string());
    let ended = shown(&server, &started);
    let skipped = ended["skipped"].as_u64().unwrap();
    assert!(skipped <= mine.len() as u64, "{ended}");
    refused(&ask(&server, &held, &json!({})), 400, "invalid");
}

#[test]
fn after_stop_nothing_more_is_released_until_it_is_resumed() {
    let mut server = server_with_many();
    let held = hold(&server);
    let started = release(&server, &held);
    once(&server, &started, |now| now["released"].as_u64() > Some(0));
    // Neither a second one nor the hold itself runs beside it.
    let again = ask(&server, &held, &json!({}));
    assert!(again.text().contains("stop it first"), "{}", again.text());
    refused(&again, 400, "invalid");
    let stopped = turned(&server, &started, "stop");
    assert_eq!(stopped["state"], "stopped", "it was over too soon");
    let left = on_hold(&server);
    a_restart_resumes_nothing(&mut server, &stopped);
    assert_eq!(on_hold(&server), left);
    // Another release does the rest, and of the first nothing is left.
    let second = done(&server, &release(&server, &held));
    assert_eq!(second["released"].to_string(), left);
    assert_eq!(turned(&server, &started, "resume")["state"], "running");
    let first = done(&server, &started);
    assert_eq!(first["released"], stopped["released"]);
    assert_eq!(first["skipped"].to_string(), left);
    assert_eq!(tally(&server), format!("{MANY} at most 1"));
}

#[test]
fn what_cannot_be_released_is_refused() {
    let server = server_with_two();
    issued(&server, "joe", "CN=one");
    issued(&server, "ann", "CN=two");
    let held = hold(&server);
    let for_good = json!({"reason": "superseded", "owner": "ann"});
    let for_good = done(&server, &start(&server, &for_good));
    let release = done(&server, &release(&server, &held));
    for (of, body, status, want) in [
        (&held, json!({}), 400, "nothing is left"),
        (&for_good, json!({}), 400, "for good, reason superseded"),
        (&for_good, json!({"dry_run": true}), 400, "for good"),
        (&release, json!({}), 400, "itself the release of 1"),
        (&json!({"number": 4}), json!({}), 404, "revocation"),
        (&json!({"number": -1}), json!({}), 404, "revocation"),
        (&json!({"number": "x"}), json!({}), 400, "digits"),
        (&held, json!({"dry_run": "yes"}), 400, "boolean"),
        (&held, json!({"dryrun": true}), 400, "dryrun"),
        (&held, json!({"up_to": 1}), 400, "up_to"),
        (&held, json!([]), 400, "one object"),
    ] {
        let answer = ask(&server, of, &body);
        assert_eq!(answer.status, status, "{of} {body}: {}", answer.text());
        let detail = answer.json()["detail"].to_string();
        assert!(detail.contains(want), "{body}: {detail}");
    }
    let seen = ask(&server, &held, &json!({"dry_run": true}))
        .expect(200)
        .json();
    assert_eq!((&seen["total"], &seen["first"]), (&json!(0), &json!([])));
    assert_eq!(sql(&server, "SELECT count(*) FROM bulk_revocations"), "3");

    // Whoever may not change all of it releases none of it; it was joe's, who may release alone what is his.
    server.add_user("head", "head", "d1", "domain-administrator", "secret");
    let again = json!({"reason": "certificate-hold", "owner": "joe"});
    let again = done(&server, &start(&server, &again));
    let path = format!("/revocations/{}/release", again["number"]);
    let by = |user, secret| server.native_as(user, secret, "POST", &path, &json!({}));
    for (user, secret) in [("ann", "ann's"), ("head", "secret")] {
        refused(&by(user, secret), 403, "forbidden");
    }
    assert_eq!(on_hold(&server), "1");
    let by_joe = by("joe", "joe's").expect(202).json();
    assert_eq!(done(&server, &by_joe)["released"], 1);
}

/// Whether they meet it running or done, all others are refused.
#[test]
fn of_releases_asked_for_at_once_one_is_begun() {
    let server = server_with_two();
    for n in 0..3 {
        issued(&server, "joe", &format!("CN=gate-{n}"));
    }
    let held = hold(&server);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let asking: Vec<_> = (0..12)
            .map(|_| scope.spawn(|| ask(&server, &held, &json!({}))))
            .collect();
        asking.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let (begun, others): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 202);
    assert_eq!((begun.len(), others.len()), (1, 11));
    for other in others {
        refused(other, 400, "invalid");
    }
    done(&server, &begun[0].json());
    assert_eq!(tally(&server), "3 at most 1");
    assert_eq!(sql(&server, "SELECT count(*) FROM bulk_revocations"), "2");
}
