//! Releasing what a bulk revocation put on hold: those, and nothing else, whatever others did since.

use super::*;
use crate::store::StoreError;
use crate::store::accounts::UserKey;

/// Puts on hold what is asked for, as far as its first commits of one certificate go if their number is given.
async fn held(engine: &Engine, asked: BulkRequest, commits: Option<usize>) -> i64 {
    let request = BulkRequest {
        reason: Reason::CertificateHold,
        ..asked
    };
    let (app, admin) = (&engine.app, &engine.admin);
    let started = app.start_bulk_revocation(admin, request).await.unwrap();
    match commits {
        None => app.see_through(started.number).await,
        Some(commits) => {
            for _ in 0..commits {
                app.take_on(started.number, 1).await.unwrap().unwrap();
            }
            app.stop_bulk_revocation(admin, started.number)
                .await
                .unwrap();
        }
    }
    started.number
}

async fn released(engine: &Engine, number: i64) -> BulkRevocation {
    let (app, admin) = (&engine.app, &engine.admin);
    let started = app.start_bulk_release(admin, number).await.unwrap();
    app.see_through(started.number).await;
    app.bulk_revocation(admin, started.number).await.unwrap()
}

/// The release of that one is refused in these words.
async fn refused(engine: &Engine, number: i64, words: &str) {
    let started = engine.app.start_bulk_release(&engine.admin, number).await;
    says(started, words);
}

#[track_caller]
fn says<T: std::fmt::Debug>(outcome: Result<T, Error>, words: &str) {
    let said = outcome.unwrap_err().to_string();
    assert!(said.contains(words), "{said}");
}

/// Only what the first one put on hold and what stayed so ever since is released.
#[tokio::test]
async fn exactly_what_it_held_itself_is_released() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let all = issued(&engine, &joe, 7).await;
    let which = |place: usize| CertificateRef::Id(all[place].id);
    app.hold(admin, &which(0)).await.unwrap();
    let first = held(&engine, of(&joe), None).await;
    // Released; held anew by somebody; revoked; deleted; held anew by another bulk revocation.
    app.release(admin, &which(1)).await.unwrap();
    for place in [2, 5] {
        app.release(admin, &which(place)).await.unwrap();
    }
    app.hold(admin, &which(2)).await.unwrap();
    app.revoke(admin, &which(3), Reason::Superseded)
        .await
        .unwrap();
    app.delete(admin, &which(4)).await.unwrap();
    let second = held(&engine, of(&joe), None).await;
    app.release(admin, &which(1)).await.unwrap();

    let seen = app.preview_bulk_release(admin, first).await.unwrap();
    assert_eq!((seen.total, seen.on_hold), (1, 1));
    assert_eq!(seen.first[0].id, all[6].id);
    let done = released(&engine, first).await;
    assert_eq!(done.action, BulkAction::Release(first));
    assert_eq!(
        (done.state, done.total, done.moved, done.skipped()),
        (BulkState::Done, 1, 1, Some(0))
    );
    assert_eq!(
        statuses(&engine, &all).await,
        [
            "on-hold", "active", "on-hold", "revoked", "deleted", "on-hold", "active"
        ]
    );
    assert_eq!(
        told(&engine, &all[6]).await,
        [
            "certificate.issue",
            "certificate.hold",
            "certificate.release"
        ]
    );
    assert_eq!(released(&engine, second).await.moved, 1);
    assert_eq!(statuses(&engine, &all).await[5..], ["active", "active"]);
    refused(&engine, first, "nothing is left").await;
}

/// Whoever is refused, or does something else to a certificate, does not make the hold another one.
#[tokio::test]
async fn what_is_only_tried_or_seen_changes_nothing_about_a_hold() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let ann = engine.user("ann", "d2", Role::SelfService).await;
    let all = issued(&engine, &joe, 1).await;
    let number = held(&engine, of(&joe), None).await;
    let which = CertificateRef::Id(all[0].id);
    app.hold(&ann, &which).await.unwrap_err();
    app.hold(admin, &which).await.unwrap_err();
    app.release(&ann, &which).await.unwrap_err();
    assert_eq!(released(&engine, number).await.moved, 1);
    assert_eq!(statuses(&engine, &all).await, ["active"]);
}

/// It looks into the audit trail for each on hold: a piece as long as a revocation's kept one of two readers for 0.2 s.
#[tokio::test]
async fn a_release_is_counted_in_pieces_after_which_others_read() {
    let engine = Engine::start().await;
    for (action, want) in [
        (BulkAction::Revoke(Reason::KeyCompromise), [20_000, 20_500]),
        (BulkAction::Release(1), [4_000, 8_000]),
    ] {
        let mut search = MovableSearch {
            filter: BulkFilter::default(),
            action,
            now: engine.app.now(),
            after: 0,
            up_to: 20_500,
        };
        for reached in want {
            (_, search.after) = engine.app.next_movable(&search, usize::MAX).await.unwrap();
            assert_eq!(search.after, reached, "{action:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_released_is_told() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    issued(&engine, &joe, 3).await;
    let hold = held(&engine, of(&joe), Some(1)).await;
    app.resume_bulk_revocation(admin, hold).await.unwrap();
    refused(&engine, hold, "revocation 1 runs: stop it first").await;
    app.see_through(hold).await;
    let release = app.start_bulk_release(admin, hold).await.unwrap().number;
    app.take_on(release, 1).await.unwrap().unwrap();
    let runs = "revocation 2, which releases what it held, runs";
    says(app.preview_bulk_release(admin, hold).await, runs);
    refused(&engine, hold, runs).await;
    refused(&engine, release, "itself the release of 1").await;
    app.see_through(release).await;
    let nothing = "nothing is left on hold by the revocation 1";
    refused(&engine, hold, nothing).await;
    let seen = app.preview_bulk_release(admin, hold).await.unwrap();
    assert_eq!(seen.total, 0);
    let for_good = app.start_bulk_revocation(admin, of(&joe)).await.unwrap();
    app.see_through(for_good.number).await;
    let reason = "for good, reason key-compromise";
    refused(&engine, for_good.number, reason).await;
    let nowhere = app.start_bulk_release(admin, 99).await;
    assert!(matches!(nowhere, Err(Error::NotFound(_))), "{nowhere:?}");
    let all = app.bulk_revocations(admin, None, 10).await.unwrap();
    assert_eq!(all.len(), 3);
}

/// Of a hold and its releases one runs at a time, whoever asks when: the store's transaction decides.
#[tokio::test]
async fn of_a_hold_and_its_releases_one_runs_at_a_time() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let all = issued(&engine, &joe, 4).await;
    let hold = held(&engine, of(&joe), Some(2)).await;
    let (one, two) = tokio::join!(
        app.start_bulk_release(admin, hold),
        app.start_bulk_release(admin, hold)
    );
    let (won, lost) = match (one, two) {
        (Ok(won), Err(lost)) | (Err(lost), Ok(won)) => (won.number, lost.to_string()),
        both => panic!("{both:?}"),
    };
    assert!(lost.contains("stop it first"), "{lost}");
    let resumed = app.resume_bulk_revocation(admin, hold).await;
    says(resumed, "which releases");
    app.take_on(won, 1).await.unwrap().unwrap();
    app.stop_bulk_revocation(admin, won).await.unwrap();
    // Stopped, the hold may go on, and then a release not.
    app.resume_bulk_revocation(admin, hold).await.unwrap();
    let resumed = app.resume_bulk_revocation(admin, won).await;
    says(resumed, "revocation 1 runs");
    let switch = |to| BulkStep::Switch {
        number: won,
        from: BulkState::Stopped,
        to,
        at: app.now(),
        responsible: None,
        because: None,
    };
    let forced = app
        .store()
        .commit(vec![Step::Bulk(switch(BulkState::Running))]);
    assert!(matches!(forced.await, Err(StoreError::Stale)));
    app.see_through(hold).await;
    assert_eq!(
        statuses(&engine, &all).await,
        ["active", "on-hold", "on-hold", "on-hold"]
    );
    let resumed = app.resume_bulk_revocation(admin, won).await.unwrap();
    assert_eq!(resumed.state, BulkState::Running);
    app.see_through(won).await;
    assert_eq!(statuses(&engine, &all).await, ["active"; 4]);
    let done = app.bulk_revocation(admin, won).await.unwrap();
    assert_eq!((done.total, done.moved), (2, 4));
}

/// Between the reading of a batch and its commit somebody released one of them and put it on hold for a reason of its own.
#[tokio::test]
async fn a_hold_made_anew_beside_the_release_stays() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let all = issued(&engine, &joe, 2).await;
    let hold = held(&engine, of(&joe), None).await;
    let release = app.start_bulk_release(admin, hold).await.unwrap();
    let search = MovableSearch {
        filter: release.filter.clone(),
        action: release.action,
        now: app.now(),
        after: 0,
        up_to: release.up_to,
    };
    let (found, _) = app.next_movable(&search, 10).await.unwrap();
    assert_eq!(found.len(), 2);
    let which = CertificateRef::Id(all[1].id);
    app.release(admin, &which).await.unwrap();
    app.hold(admin, &which).await.unwrap();
    let user = app.store().user(UserKey::Id(admin.user.id.clone())).await;
    let steps = app.advance(&release, &user.unwrap().unwrap(), &search, &found);
    let outcome = app.store().commit(steps.unwrap()).await;
    assert!(matches!(outcome, Err(StoreError::Stale)), "{outcome:?}");
    assert_eq!(statuses(&engine, &all).await, ["on-hold"; 2]);
    app.see_through(release.number).await;
    assert_eq!(statuses(&engine, &all).await, ["active", "on-hold"]);
    let done = app.bulk_revocation(admin, release.number).await.unwrap();
    assert_eq!((done.moved, done.skipped()), (1, Some(1)));
}

#[tokio::test]
async fn a_restart_in_the_middle_releases_each_once() {
    let mut engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let all = issued(&engine, &joe, 5).await;
    let hold = held(&engine, of(&joe), None).await;
    let admin = engine.admin.clone();
    let release = engine.app.start_bulk_release(&admin, hold).await.unwrap();
    engine
        .app
        .take_on(release.number, 2)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        statuses(&engine, &all).await,
        ["active", "active", "on-hold", "on-hold", "on-hold"]
    );
    engine = engine.restarted().await;
    // Two at it at once, as never happens, must not do anything twice either.
    tokio::join!(
        engine.app.see_through(release.number),
        engine.app.see_through(release.number)
    );
    assert_eq!(statuses(&engine, &all).await, ["active"; 5]);
    for one in &all {
        assert_eq!(
            told(&engine, one).await,
            [
                "certificate.issue",
                "certificate.hold",
                "certificate.release"
            ]
        );
    }
}

/// As a single release of it would be refused.
#[tokio::test]
async fn what_expired_meanwhile_is_left_alone() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let all = issued(&engine, &joe, 2).await;
    let hold = held(&engine, of(&joe), None).await;
    let release = app.start_bulk_release(admin, hold).await.unwrap().number;
    app.take_on(release, 1).await.unwrap().unwrap();
    engine.at(8 * 86_400);
    let single = app.release(admin, &CertificateRef::Id(all[1].id)).await;
    assert!(matches!(single, Err(Error::Refused(_))), "{single:?}");
    app.see_through(release).await;
    let done = app.bulk_revocation(admin, release).await.unwrap();
    assert_eq!(
        (done.state, done.moved, done.skipped()),
        (BulkState::Done, 1, Some(1))
    );
    refused(&engine, hold, "has expired").await;
}

/// Who may change all that was held may release it, and nobody else: each refusal is told in the audit trail.
#[tokio::test]
async fn who_may_change_all_that_was_held_may_release_it() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let head = engine.user("head", "d1", Role::DomainAdministrator).await;
    let far = engine.user("far", "d2", Role::DomainAdministrator).await;
    let auditor = engine.user("auditor", "d1", Role::Auditor).await;
    let all = issued(&engine, &joe, 2).await;
    let of_domain = asked(|filter| filter.domain = Some(joe.user.domain.clone()));
    let everywhere = asked(|filter| filter.subject = Some("CN=joe".to_owned()));
    for (request, may_joe, may_head) in [
        (everywhere, false, false),
        (of_domain, false, true),
        (of(&joe), true, false),
    ] {
        let hold = held(&engine, request, None).await;
        for (caller, may) in [
            (&far, false),
            (&auditor, false),
            (&joe, may_joe),
            (&head, may_head),
            (admin, true),
        ] {
            let who = &caller.user.id;
            let seen = app.preview_bulk_release(caller, hold).await;
            if may {
                assert_eq!(seen.unwrap().total, 2, "{who}");
                continue;
            }
            let started = app.start_bulk_release(caller, hold).await;
            assert!(matches!(seen, Err(Error::Forbidden(_))), "{who}: {seen:?}");
            assert!(
                matches!(started, Err(Error::Forbidden(_))),
                "{who}: {started:?}"
            );
        }
        released(&engine, hold).await;
        assert_eq!(statuses(&engine, &all).await, ["active"; 2]);
    }
    let of_far = AuditFilter {
        actor: Some(far.user.id.clone()),
        ..AuditFilter::default()
    };
    let trail = app.audit_trail(admin, of_far, 10).await.unwrap();
    let told: Vec<_> = trail
        .iter()
        .map(|entry| (entry.action.as_str(), entry.outcome))
        .collect();
    let each = [
        ("revocation.release", Outcome::Refused),
        ("revocation.preview", Outcome::Refused),
    ];
    assert_eq!(told, each.repeat(3));
}

#[tokio::test]
async fn a_release_stops_when_the_right_by_which_it_goes_on_ends() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let operator = engine.user("operator", "d1", Role::Operator).await;
    let all = issued(&engine, &joe, 3).await;
    let hold = held(&engine, of(&joe), None).await;
    let release = app
        .start_bulk_release(&operator, hold)
        .await
        .unwrap()
        .number;
    app.take_on(release, 1).await.unwrap().unwrap();
    let demoted = UserChange {
        roles: Some(vec![Role::Auditor]),
        ..UserChange::default()
    };
    app.change_user(admin, &operator.user.id, demoted)
        .await
        .unwrap();
    app.see_through(release).await;
    let stopped = app.bulk_revocation(admin, release).await.unwrap();
    assert_eq!((stopped.state, stopped.moved), (BulkState::Stopped, 1));
    assert!(stopped.stopped_because.unwrap().contains("may no longer"));
    app.resume_bulk_revocation(admin, release).await.unwrap();
    app.see_through(release).await;
    assert_eq!(statuses(&engine, &all).await, ["active"; 3]);
}
