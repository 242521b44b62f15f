//! Orders that get in each other's way: exactly one holds.

use std::sync::Barrier;
use std::thread;

use serde_json::{Value, json};

use super::{certificate, decide, ended, order, regenerate, server_with_an_approver, text, told};
use crate::server::Server;
use crate::wire::Answer;

/// Does something in several threads at the same moment, each with its number.
fn at_once(callers: usize, work: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    let start = Barrier::new(callers);
    thread::scope(|scope| {
        let begun: Vec<_> = (0..callers)
            .map(|number| {
                let (start, work) = (&start, &work);
                scope.spawn(move || {
                    start.wait();
                    work(number)
                })
            })
            .collect();
        begun.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|one| one.status == status).count()
}

fn orders(server: &Server) -> Vec<Value> {
    let list = server.native("GET", "/orders?limit=1000", &Value::Null);
    list.expect(200).json()["orders"]
        .as_array()
        .unwrap()
        .clone()
}

#[test]
fn two_regenerations_at_once_are_one_order() {
    let server = server_with_an_approver("");
    for round in 1..=5 {
        let old = server.issue(&format!("CN=joe-{round}"));
        let path = format!("/certificates/{}/regenerate", text(&old["id"]));
        let answers = at_once(8, |_| server.native("POST", &path, &json!({})));
        assert_eq!((count(&answers, 202), count(&answers, 409)), (1, 7));
        for refused in answers.iter().filter(|one| one.status == 409) {
            crate::native::refused(refused, 409, "order-open");
        }
        assert_eq!(orders(&server).len(), round);
        // Of those that lost no pending record is left either.
        let pending = server.native("GET", "/certificates?status=pending", &Value::Null);
        let pending = pending.expect(200).json();
        assert_eq!(pending["certificates"].as_array().unwrap().len(), round);
    }
}

#[test]
fn of_an_approval_and_a_rejection_at_once_one_wins() {
    let server = server_with_an_approver("");
    server.add_user("eve", "eve", "default", "approver", "reject");
    let (mut approved, mut rejected) = (0, 0);
    for round in 0..12 {
        let old = server.issue(&format!("CN=joe-{round}"));
        let asked = regenerate(&server, &old["id"], "");
        let answers = at_once(2, |number| match (number + round) % 2 {
            0 => decide(&server, "ann", "approve", &asked, "approve"),
            _ => decide(&server, "eve", "reject", &asked, "reject"),
        });
        assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 1));
        let end = ended(&server, &asked);
        let made = certificate(&server, &asked["made"]);
        match (text(&end["state"]), text(&end["decided_by"])) {
            ("done", "ann") => {
                approved += 1;
                assert_eq!(made["status"], "active");
            }
            ("rejected", "eve") => {
                rejected += 1;
                assert_eq!(made["status"], "deleted");
                assert_eq!(told(&server, "order.finish", &asked["number"]), 0);
            }
            other => panic!("{other:?}"),
        }
        let decisions = told(&server, "order.approve", &asked["number"])
            + told(&server, "order.reject", &asked["number"]);
        assert_eq!(decisions, 1);
    }
    assert_eq!(approved + rejected, 12);
}

#[test]
fn two_approvals_at_once_are_one() {
    let server = server_with_an_approver("");
    let old = server.issue("CN=joe");
    let asked = regenerate(&server, &old["id"], "");
    let answers = at_once(6, |_| decide(&server, "ann", "approve", &asked, "approve"));
    assert_eq!((count(&answers, 200), count(&answers, 409)), (1, 5));
    assert_eq!(ended(&server, &asked)["state"], "done");
    assert_eq!(told(&server, "order.finish", &asked["number"]), 1);
}

/// A revocation that races with the doing comes before it or after it, and the order says which.
#[test]
fn a_revocation_during_the_work_is_before_it_or_after_it() {
    let server = server_with_an_approver("");
    for round in 0..8 {
        let old = server.issue(&format!("CN=joe-{round}"));
        let asked = regenerate(&server, &old["id"], "");
        let revoke = format!("/certificates/{}/revoke", text(&old["id"]));
        let answers = at_once(2, |number| match number {
            0 => decide(&server, "ann", "approve", &asked, "approve"),
            _ => server.native("POST", &revoke, &json!({"reason": "ca-compromise"})),
        });
        assert_eq!(count(&answers, 200), 2);
        let end = ended(&server, &asked);
        let made = certificate(&server, &asked["made"]);
        let wanted = match text(&end["state"]) {
            "done" => "active",
            "failed" => "deleted",
            other => panic!("{other}"),
        };
        assert_eq!(made["status"], wanted);
        assert_eq!(certificate(&server, &old["id"])["status"], "revoked");
        assert_eq!(order(&server, &asked["number"]), end);
    }
}
