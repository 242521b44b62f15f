//! Bulk revocations against a real database, batch by batch, with a clock that is set by hand.

mod release;

use chancery_core::certificate::Status;
use chancery_core::role::Role;

use super::*;
use crate::audit::{AuditFilter, Outcome};
use crate::authority::SUB_AUTHORITY;
use crate::bootstrap::SERVER_USER;
use crate::issue::IssueBy;
use crate::search::CertificateRef;
use crate::testing::Engine;
use crate::users::UserChange;

/// All of that owner's, for a compromised key.
fn of(owner: &Caller) -> BulkRequest {
    asked(|filter| filter.owner = Some(owner.user.id.clone()))
}

fn asked(condition: impl FnOnce(&mut BulkFilter)) -> BulkRequest {
    let mut filter = BulkFilter::default();
    condition(&mut filter);
    BulkRequest {
        filter,
        reason: Reason::KeyCompromise,
        up_to: None,
    }
}

/// So many certificates of an owner.
async fn issued(engine: &Engine, owner: &Caller, count: usize) -> Vec<Certificate> {
    let mut made = Vec::new();
    for _ in 0..count {
        made.push(engine.issued(&owner.user.id, IssueBy::Default).await);
    }
    made
}

async fn statuses(engine: &Engine, certificates: &[Certificate]) -> Vec<&'static str> {
    let mut words = Vec::new();
    for one in certificates {
        words.push(engine.now(one).await.status(engine.app.now()).word());
    }
    words
}

/// What the audit trail says was done to a certificate, the oldest first.
async fn told(engine: &Engine, certificate: &Certificate) -> Vec<String> {
    let filter = AuditFilter {
        certificate: Some(certificate.id),
        ..AuditFilter::default()
    };
    let trail = engine.app.audit_trail(&engine.admin, filter, 50).await;
    let done = trail.unwrap().into_iter().rev();
    done.map(|entry| entry.action).collect()
}

#[tokio::test]
async fn what_was_looked_at_is_revoked_and_nothing_else() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let ann = engine.user("ann", "d1", Role::SelfService).await;
    let before = issued(&engine, &joe, 3).await;
    let other = issued(&engine, &ann, 1).await;
    let seen = engine
        .app
        .preview_bulk_revocation(&engine.admin, of(&joe))
        .await
        .unwrap();
    assert_eq!((seen.total, seen.on_hold), (3, 0));
    assert_eq!(seen.first, before);
    assert_eq!(statuses(&engine, &before).await, ["active"; 3]);

    let meanwhile = issued(&engine, &joe, 1).await;
    let request = BulkRequest {
        up_to: Some(seen.up_to),
        ..of(&joe)
    };
    let started = engine
        .app
        .start_bulk_revocation(&engine.admin, request)
        .await
        .unwrap();
    assert_eq!((started.total, started.state), (3, BulkState::Running));
    engine.app.see_through(started.number).await;

    let done = engine
        .app
        .bulk_revocation(&engine.admin, started.number)
        .await
        .unwrap();
    assert_eq!(
        (done.state, done.moved, done.skipped()),
        (BulkState::Done, 3, Some(0))
    );
    assert_eq!(statuses(&engine, &before).await, ["revoked"; 3]);
    assert_eq!(statuses(&engine, &meanwhile).await, ["active"]);
    assert_eq!(statuses(&engine, &other).await, ["active"]);
}

#[tokio::test]
async fn a_restart_in_the_middle_revokes_each_once() {
    let mut engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let all = issued(&engine, &joe, 5).await;
    let admin = engine.admin.clone();
    let number = engine
        .app
        .start_bulk_revocation(&admin, of(&joe))
        .await
        .unwrap()
        .number;
    engine.app.take_on(number, 2).await.unwrap().unwrap();
    assert_eq!(
        statuses(&engine, &all).await,
        ["revoked", "revoked", "active", "active", "active"]
    );
    engine = engine.restarted().await;
    // Two at it at once, as never happens, must not do anything twice either.
    tokio::join!(
        engine.app.see_through(number),
        engine.app.see_through(number)
    );
    assert_eq!(statuses(&engine, &all).await, ["revoked"; 5]);
    for one in &all {
        assert_eq!(
            told(&engine, one).await,
            ["certificate.issue", "certificate.revoke"]
        );
    }
    let done = engine.app.stored_bulk_revocation(number).await.unwrap();
    assert_eq!((done.state, done.moved), (BulkState::Done, 5));
}

#[tokio::test]
async fn what_is_stopped_revokes_nothing_more_until_it_is_resumed() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let all = issued(&engine, &joe, 3).await;
    let (app, admin) = (&engine.app, &engine.admin);
    let number = app
        .start_bulk_revocation(admin, of(&joe))
        .await
        .unwrap()
        .number;
    app.take_on(number, 1).await.unwrap().unwrap();
    for _ in 0..2 {
        let stopped = app.stop_bulk_revocation(admin, number).await.unwrap();
        assert_eq!((stopped.state, stopped.moved), (BulkState::Stopped, 1));
    }
    assert!(app.take_on(number, 1).await.unwrap().is_none());
    assert_eq!(
        statuses(&engine, &all).await,
        ["revoked", "active", "active"]
    );
    // Meanwhile one of them is revoked by hand: skipped then.
    let which = CertificateRef::Id(all[1].id);
    app.revoke(admin, &which, Reason::Superseded).await.unwrap();
    for _ in 0..2 {
        let resumed = app.resume_bulk_revocation(admin, number).await.unwrap();
        assert_eq!(resumed.state, BulkState::Running);
    }
    app.see_through(number).await;
    let done = app.stop_bulk_revocation(admin, number).await.unwrap();
    assert_eq!(
        (done.state, done.moved, done.skipped()),
        (BulkState::Done, 2, Some(1))
    );
    let again = app.resume_bulk_revocation(admin, number).await;
    assert!(matches!(again, Err(Error::Invalid(_))), "{again:?}");
    assert_eq!(
        engine.now(&all[1]).await.status(app.now()),
        Status::Revoked(Reason::Superseded)
    );
}

#[tokio::test]
async fn what_cannot_be_revoked_is_passed_over() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let all = issued(&engine, &joe, 4).await;
    let (app, admin) = (&engine.app, &engine.admin);
    let which = |place: usize| CertificateRef::Id(all[place].id);
    app.hold(admin, &which(0)).await.unwrap();
    app.revoke(admin, &which(1), Reason::Superseded)
        .await
        .unwrap();
    app.delete(admin, &which(2)).await.unwrap();
    let seen = app.preview_bulk_revocation(admin, of(&joe)).await.unwrap();
    assert_eq!((seen.total, seen.on_hold), (2, 1));
    let held = asked(|filter| {
        filter.owner = Some(joe.user.id.clone());
        filter.on_hold = true;
    });
    let seen = app
        .preview_bulk_revocation(admin, held.clone())
        .await
        .unwrap();
    assert_eq!((seen.total, seen.on_hold), (1, 1));
    let hold = BulkRequest {
        reason: Reason::CertificateHold,
        ..of(&joe)
    };
    let seen = app
        .preview_bulk_revocation(admin, hold.clone())
        .await
        .unwrap();
    assert_eq!((seen.total, seen.on_hold), (1, 0));
    let number = app.start_bulk_revocation(admin, hold).await.unwrap().number;
    app.see_through(number).await;
    assert_eq!(
        statuses(&engine, &all).await,
        ["on-hold", "revoked", "deleted", "on-hold"]
    );
    assert_eq!(
        told(&engine, &all[3]).await,
        ["certificate.issue", "certificate.hold"]
    );
    // After their end nothing is left to revoke.
    engine.at(8 * 86_400);
    let late = app.start_bulk_revocation(admin, held).await;
    assert!(matches!(late, Err(Error::Invalid(_))), "{late:?}");
}

#[tokio::test]
async fn the_servers_own_certificates_are_left_alone_unless_they_are_named() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    issued(&engine, &joe, 1).await;
    let (app, admin) = (&engine.app, &engine.admin);
    let everything = asked(|filter| filter.issued_after = Some(Time::from_unix(0)));
    let seen = app
        .preview_bulk_revocation(admin, everything)
        .await
        .unwrap();
    assert_eq!(seen.total, 1, "the OCSP responders' are not among them");
    let server = UserId::parse(SERVER_USER).unwrap();
    let named = asked(|filter| filter.owner = Some(server));
    let seen = app.preview_bulk_revocation(admin, named).await.unwrap();
    assert!(seen.total > 0);
    assert!(
        seen.first
            .iter()
            .all(|one| one.profile.as_deref() != Some(SUB_AUTHORITY))
    );
}

#[tokio::test]
async fn everybody_reaches_what_it_may_change_and_no_more() {
    let engine = Engine::start().await;
    let operator = engine.user("operator", "d1", Role::Operator).await;
    let head = engine.user("head", "d1", Role::DomainAdministrator).await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let ann = engine.user("ann", "d2", Role::SelfService).await;
    let auditor = engine.user("auditor", "d1", Role::Auditor).await;
    issued(&engine, &head, 1).await;
    issued(&engine, &joe, 2).await;
    issued(&engine, &ann, 4).await;
    let by_subject = || asked(|filter| filter.subject = Some("CN=joe".to_owned()));
    let in_domain = |id: &str| asked(|filter| filter.domain = Some(DomainId::parse(id).unwrap()));
    let server = UserId::parse(SERVER_USER).unwrap();
    let servers = || asked(|filter| filter.owner = Some(server.clone()));
    let (mut allowed, mut refused) = (0, 0);
    for (caller, request, want) in [
        (&engine.admin, by_subject(), Some(7)),
        (&operator, by_subject(), Some(7)),
        (&operator, in_domain("d2"), Some(4)),
        (&head, by_subject(), Some(3)),
        (&head, of(&joe), Some(2)),
        (&head, of(&ann), Some(0)),
        (&head, in_domain("d2"), None),
        (&head, servers(), None),
        (&joe, by_subject(), Some(2)),
        (&joe, of(&joe), Some(2)),
        (&joe, of(&ann), None),
        (&joe, in_domain("d2"), Some(0)),
        (&auditor, by_subject(), None),
    ] {
        let said = format!("{} {request:?}", caller.user.id);
        match (
            engine.app.preview_bulk_revocation(caller, request).await,
            want,
        ) {
            (Ok(seen), Some(want)) => {
                assert_eq!(seen.total, want, "{said}");
                allowed += 1;
            }
            (Err(Error::Forbidden(_)), None) => refused += 1,
            (outcome, _) => panic!("{said}: {outcome:?}"),
        }
    }
    assert_eq!((allowed, refused), (9, 4));
    let trail = engine
        .app
        .audit_trail(&engine.admin, AuditFilter::default(), 100)
        .await
        .unwrap();
    let written = trail
        .iter()
        .filter(|entry| entry.action == "revocation.preview" && entry.outcome == Outcome::Refused);
    assert_eq!(written.count(), refused);
}

#[tokio::test]
async fn only_who_could_start_one_takes_it_in_hand() {
    let engine = Engine::start().await;
    let head = engine.user("head", "d1", Role::DomainAdministrator).await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let far = engine.user("far", "d2", Role::DomainAdministrator).await;
    let auditor = engine.user("auditor", "d1", Role::Auditor).await;
    issued(&engine, &joe, 1).await;
    let (app, admin) = (&engine.app, &engine.admin);
    let of_domain = asked(|filter| filter.domain = Some(joe.user.domain.clone()));
    let number = app
        .start_bulk_revocation(admin, of_domain)
        .await
        .unwrap()
        .number;
    for (caller, sees, handles) in [
        (admin, true, true),
        (&head, true, true),
        (&joe, false, false),
        (&far, false, false),
        (&auditor, true, false),
    ] {
        let who = &caller.user.id;
        let shown = app.bulk_revocation(caller, number).await;
        assert_eq!(shown.is_ok(), sees, "{who}: {shown:?}");
        let listed = app.bulk_revocations(caller, None, 10).await.unwrap();
        assert_eq!(listed.len(), usize::from(sees), "{who}");
        let stopped = app.stop_bulk_revocation(caller, number).await;
        assert_eq!(stopped.is_ok(), handles, "{who}: {stopped:?}");
        let resumed = app.resume_bulk_revocation(caller, number).await;
        assert_eq!(resumed.is_ok(), handles, "{who}: {resumed:?}");
    }
    let nowhere = app.bulk_revocation(admin, number + 1).await;
    assert!(matches!(nowhere, Err(Error::NotFound(_))), "{nowhere:?}");
}

/// Whoever is disabled, demoted or removed while it runs revokes nothing more; who may can let it go on.
#[tokio::test]
async fn it_stops_when_the_right_by_which_it_goes_on_ends() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let (app, admin) = (&engine.app, &engine.admin);
    let all = issued(&engine, &joe, 8).await;
    let expires = Some(app.now().plus_seconds(100));
    let mut revoked = 0;
    for (name, want) in [
        ("disabled", "disabled"),
        ("demoted", "may no longer"),
        ("removed", "gone"),
        ("ended", "has ended"),
    ] {
        let operator = engine.user(name, "d1", Role::Operator).await;
        let id = &operator.user.id;
        let changed = |change: UserChange| app.change_user(admin, id, change);
        if name == "ended" {
            let change = UserChange {
                expires: Some(expires),
                ..UserChange::default()
            };
            changed(change).await.unwrap();
        }
        let request = of(&joe);
        let number = app
            .start_bulk_revocation(&operator, request)
            .await
            .unwrap()
            .number;
        app.take_on(number, 1).await.unwrap().unwrap();
        revoked += 1;
        match name {
            "disabled" => {
                let change = UserChange {
                    disabled: Some(true),
                    ..UserChange::default()
                };
                changed(change).await.unwrap();
            }
            "demoted" => {
                let change = UserChange {
                    roles: Some(vec![Role::Auditor]),
                    ..UserChange::default()
                };
                changed(change).await.unwrap();
            }
            "removed" => app.remove_user(admin, id).await.unwrap(),
            _ => engine.at(200),
        }
        app.see_through(number).await;
        let stopped = app.bulk_revocation(admin, number).await.unwrap();
        let because = stopped.stopped_because.clone().unwrap();
        assert_eq!((stopped.state, stopped.moved), (BulkState::Stopped, 1));
        assert!(because.contains(want), "{because}");
        let mut words = vec!["revoked"; revoked];
        words.resize(all.len(), "active");
        assert_eq!(statuses(&engine, &all).await, words, "{name}");
    }
    let resumed = app.resume_bulk_revocation(admin, 3).await.unwrap();
    assert_eq!(resumed.asked_by.as_str(), "removed");
    assert_eq!(resumed.responsible, admin.user.id);
    assert_eq!(resumed.stopped_because, None);
    app.see_through(3).await;
    assert_eq!(statuses(&engine, &all).await, ["revoked"; 8]);
    let filter = AuditFilter {
        certificate: Some(all[7].id),
        ..AuditFilter::default()
    };
    let trail = app.audit_trail(admin, filter, 1).await.unwrap();
    assert_eq!(trail[0].actor.as_ref(), Some(&admin.user.id));
}

#[tokio::test]
async fn nonsense_is_told_and_starts_nothing() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let at = |seconds| Some(Time::from_unix(seconds));
    for (request, want) in [
        (asked(|_| {}), "name at least one"),
        (
            asked(|filter| filter.subject = Some(String::new())),
            "subject:",
        ),
        (
            asked(|filter| filter.subject = Some("x".repeat(1025))),
            "subject:",
        ),
        (
            asked(|filter| filter.profile = Some(String::new())),
            "profile:",
        ),
        (
            asked(|filter| filter.profile = Some(SUB_AUTHORITY.to_owned())),
            "one by one",
        ),
        (
            asked(|filter| (filter.issued_after, filter.issued_before) = (at(5), at(5))),
            "issued_after:",
        ),
        (
            BulkRequest {
                reason: Reason::CertificateHold,
                ..asked(|filter| filter.on_hold = true)
            },
            "on_hold:",
        ),
        (
            asked(|filter| filter.authority = Some("isuing".to_owned())),
            "no such authority",
        ),
        (
            asked(|filter| filter.owner = Some(UserId::parse("nobody").unwrap())),
            "no such user",
        ),
        (
            asked(|filter| filter.domain = Some(DomainId::parse("nowhere").unwrap())),
            "no such domain",
        ),
        (
            asked(|filter| filter.subject = Some("of nobody".to_owned())),
            "no certificate that could be revoked",
        ),
    ] {
        let outcome = app.start_bulk_revocation(admin, request).await;
        let words = outcome.unwrap_err().to_string();
        assert!(words.contains(want), "{want}: {words}");
    }
    assert!(
        app.bulk_revocations(admin, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}
