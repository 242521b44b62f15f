//! The lock, and the three configurations.

use super::*;
use crate::{DomainChange, UserChange};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_clients_racing_for_the_lock_exactly_one_wins() {
    let engine = Engine::start().await;
    for round in 0..20 {
        let mut races = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let (app, admin) = (engine.app.clone(), engine.admin.clone());
            let token = engine.client().await.token;
            races.spawn(async move {
                let outcome = app.lock_configuration(&admin, &token).await;
                (token, outcome)
            });
        }
        let mut winners = Vec::new();
        while let Some(race) = races.join_next().await {
            match race.unwrap() {
                (token, Ok(())) => winners.push(token),
                (_, outcome) => assert_eq!(kind(outcome), "Locked"),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        let client = Client {
            engine: &engine,
            token: winners.pop().unwrap(),
        };
        client.unlock().await.unwrap();
    }
}

#[tokio::test]
async fn the_lock_is_its_tokens_alone() {
    let engine = Engine::start().await;
    let (one, two) = (engine.client().await, engine.client().await);
    assert_eq!(kind(one.unlock().await), "NotLocked");
    assert_eq!(kind(one.add(record("a")).await), "NotLocked");
    one.lock().await.unwrap();
    one.lock().await.unwrap();
    assert_eq!(kind(two.lock().await), "Locked");
    assert_eq!(kind(two.unlock().await), "Locked");
    one.add(record("a")).await.unwrap();
    // Taking it again loses nothing.
    one.lock().await.unwrap();
    assert_eq!(engine.record_names().await.0, "a");
    let locked = [
        kind(two.add(record("b")).await),
        kind(two.put(record("a")).await),
        kind(two.remove(CERTIFICATE_RECORD, "a").await),
        kind(two.remove(CERTIFICATE_RECORD, "no such").await),
        kind(two.generate("a", false).await),
        kind(two.generate("no such", false).await),
        kind(two.import("a", &[], false).await),
        kind(two.save().await),
        kind(two.activate().await),
        kind(two.restore(RestoreSource::Saved).await),
    ];
    assert!(locked.iter().all(|kind| kind == "Locked"), "{locked:?}");
    assert_eq!(engine.record_names().await.0, "a");
}

#[tokio::test]
async fn unlocking_drops_what_was_not_saved() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.add(record("a")).await.unwrap();
    one.add(record("b")).await.unwrap();
    one.save().await.unwrap();
    one.add(record("c")).await.unwrap();
    one.remove(CERTIFICATE_RECORD, "a").await.unwrap();
    let edit = element(CERTIFICATE_RECORD, "b", &[("common-name", &["other"])]);
    one.put(edit).await.unwrap();
    one.generate("b", false).await.unwrap();
    assert_eq!(engine.record_names().await.0, "b c");
    assert!(engine.shown("b").await.csr.is_some());
    one.unlock().await.unwrap();
    assert_eq!(
        engine.record_names().await,
        ("a b".to_owned(), String::new())
    );
    let b = engine.shown("b").await;
    assert_eq!((b.attributes, b.csr), (record("b").attributes, None));
    assert!(b.saved && !b.running);
    let two = engine.editor().await;
    assert_eq!(engine.record_names().await.0, "a b");
    two.activate().await.unwrap();
    assert_eq!(engine.record_names().await.1, "a b");
    assert!(engine.shown("b").await.running);
}

#[tokio::test]
async fn the_lock_ends_with_its_token() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.add(record("a")).await.unwrap();
    one.save().await.unwrap();
    one.add(record("b")).await.unwrap();
    engine.at(600);
    assert_eq!(engine.record_names().await.0, "a b");
    let two = engine.client().await;
    assert_eq!(kind(two.lock().await), "Locked");
    engine.at(601);
    assert_eq!(
        engine.record_names().await.0,
        "a",
        "what is edited counts no longer"
    );
    assert_eq!(kind(one.lock().await), "Unauthenticated");
    assert_eq!(kind(one.save().await), "NotLocked");
    assert_eq!(kind(one.unlock().await), "NotLocked");
    two.lock().await.unwrap();
    assert_eq!(engine.record_names().await.0, "a");
    two.add(record("c")).await.unwrap();
    assert_eq!(kind(one.save().await), "Locked");
    // Ended by its owner, a token takes the lock with it at once.
    let app = &engine.app;
    app.revoke_token(&engine.admin, &two.token).await.unwrap();
    assert_eq!(engine.record_names().await.0, "a");
    assert_eq!(kind(two.save().await), "NotLocked");
    engine.editor().await.unlock().await.unwrap();
    assert_eq!(engine.record_names().await.0, "a");
}

/// Whoever can no longer use a token holds nothing with it, and blocks nobody.
#[tokio::test]
async fn the_lock_ends_when_its_holder_is_barred() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let disabled = |disabled| UserChange {
        disabled: Some(disabled),
        ..UserChange::default()
    };
    let ends = |end| UserChange {
        expires: Some(end),
        ..UserChange::default()
    };
    let over = Some(app.now().plus_seconds(-1));
    for (name, barred, back) in [
        ("disabled", disabled(true), disabled(false)),
        ("ended", ends(over), ends(None)),
    ] {
        let other = engine.user(name, "default", Role::Operator).await;
        let token = app.new_token(&other, STYLE, None).await.unwrap().text;
        app.lock_configuration(&other, &token).await.unwrap();
        app.add_element(&other, &token, record(name)).await.unwrap();
        assert_eq!(engine.record_names().await.0, name);
        app.change_user(admin, &other.user.id, barred)
            .await
            .unwrap();
        assert_eq!(engine.record_names().await.0, "", "{name}");
        let one = engine.editor().await;
        app.change_user(admin, &other.user.id, back).await.unwrap();
        let save = app.save_configuration(&other, &token).await;
        assert_eq!(kind(save), "Locked", "{name}");
        one.unlock().await.unwrap();
    }
    let other = engine.user("elsewhere", "other", Role::Operator).await;
    let token = app.new_token(&other, STYLE, None).await.unwrap().text;
    app.lock_configuration(&other, &token).await.unwrap();
    let change = DomainChange {
        disabled: Some(true),
        ..DomainChange::default()
    };
    app.change_domain(admin, &other.user.domain, change)
        .await
        .unwrap();
    engine.editor().await;
}

#[tokio::test]
async fn sweeping_tokens_wipes_abandoned_edits_and_no_others() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.add(record("a")).await.unwrap();
    engine.app.sweep_tokens().await.unwrap();
    assert_eq!(engine.record_names().await.0, "a");
    engine.at(601);
    engine.app.sweep_tokens().await.unwrap();
    engine.at(0);
    let two = engine.editor().await;
    two.save().await.unwrap();
    assert_eq!(engine.record_names().await.0, "");
}

/// Whose edits were wiped while it was barred must not find itself with the lock and without them.
#[tokio::test]
async fn a_lock_whose_edits_were_wiped_does_not_come_back() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let other = engine.user("other", "default", Role::Operator).await;
    let token = app.new_token(&other, STYLE, None).await.unwrap().text;
    app.lock_configuration(&other, &token).await.unwrap();
    app.add_element(&other, &token, record("a")).await.unwrap();
    for disabled in [true, false] {
        let change = UserChange {
            disabled: Some(disabled),
            ..UserChange::default()
        };
        app.change_user(admin, &other.user.id, change)
            .await
            .unwrap();
        app.sweep_tokens().await.unwrap();
    }
    let save = app.save_configuration(&other, &token).await;
    assert_eq!(kind(save), "NotLocked");
}

/// Who may not configure any more loses the lock with the token, instead of holding it for ever.
#[tokio::test]
async fn renewing_does_not_keep_the_lock_for_who_lost_the_right_to_it() {
    let engine = Engine::start().await;
    let app = &engine.app;
    let mut other = engine.user("other", "default", Role::Operator).await;
    let token = app.new_token(&other, STYLE, None).await.unwrap().text;
    app.lock_configuration(&other, &token).await.unwrap();
    std::sync::Arc::make_mut(&mut other.user).roles = vec![Role::Auditor];
    app.renew_lock_token(&other, &token, STYLE).await.unwrap();
    engine.editor().await;
}

#[tokio::test]
async fn a_renewed_token_keeps_the_lock() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let one = engine.editor().await;
    one.add(record("a")).await.unwrap();
    engine.at(500);
    let renewed = app
        .renew_lock_token(admin, &one.token, STYLE)
        .await
        .unwrap();
    assert_eq!(renewed.expires, engine.app.now().plus_seconds(600));
    let one_again = Client {
        engine: &engine,
        token: renewed.text,
    };
    engine.at(1000);
    assert_eq!(engine.record_names().await.0, "a");
    assert_eq!(kind(engine.client().await.lock().await), "Locked");
    assert_eq!(kind(one.save().await), "Locked");
    one_again.save().await.unwrap();
    // The old token is gone, whoever shows it.
    for old in [&one.token, &SecretString::from("no token")] {
        let refused = app.renew_lock_token(admin, old, STYLE).await;
        assert_eq!(kind(refused), "Unauthenticated");
    }
    // A token without the lock is renewed to one without it.
    let other = engine.client().await;
    let renewed = app.renew_lock_token(admin, &other.token, STYLE).await;
    let renewed = renewed.unwrap().text;
    let refused = app.lock_configuration(admin, &renewed).await;
    assert_eq!(kind(refused), "Locked");
    engine.at(1101);
    let late = app.renew_lock_token(admin, &one_again.token, STYLE).await;
    assert_eq!(kind(late), "Unauthenticated");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_renewals_at_once_one_keeps_the_lock() {
    let engine = Engine::start().await;
    for _ in 0..20 {
        let one = engine.editor().await;
        let renew = || {
            let (app, admin) = (engine.app.clone(), engine.admin.clone());
            let old = one.token.clone();
            tokio::spawn(async move { app.renew_lock_token(&admin, &old, STYLE).await })
        };
        let (a, b) = tokio::join!(renew(), renew());
        let renewed: Vec<_> = [a.unwrap(), b.unwrap()].into_iter().flatten().collect();
        assert_eq!(renewed.len(), 1);
        for token in renewed {
            let token = token.text;
            Client {
                engine: &engine,
                token,
            }
            .unlock()
            .await
            .unwrap();
        }
    }
}

#[tokio::test]
async fn tokens_of_others_hold_nothing_here() {
    let engine = Engine::start().await;
    let operator = engine.user("op", "d1", Role::Operator).await;
    let theirs = engine.app.new_token(&operator, STYLE, None).await.unwrap();
    let app = &engine.app;
    let admin = &engine.admin;
    let refused = [
        kind(app.lock_configuration(admin, &theirs.text).await),
        kind(app.renew_lock_token(admin, &theirs.text, STYLE).await),
    ];
    assert_eq!(refused, ["Unauthenticated", "Unauthenticated"]);
    app.lock_configuration(&operator, &theirs.text)
        .await
        .unwrap();
    assert_eq!(kind(engine.client().await.lock().await), "Locked");
}

/// The lock, what was edited under it and what was done outlive the process, as the token does.
#[tokio::test]
async fn a_restart_loses_nothing() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.add(record("a")).await.unwrap();
    let saved = one.save().await.unwrap();
    one.add(record("b")).await.unwrap();
    let before = one.generate("b", false).await.unwrap();
    let token = one.token.clone();
    drop(one);
    let engine = engine.restarted().await;
    assert_eq!(engine.record_names().await.0, "a b");
    let found = engine.app.operation(&engine.admin, &saved.id).await;
    assert_eq!(found.unwrap(), saved);
    assert_eq!(kind(engine.client().await.lock().await), "Locked");
    let one = Client {
        engine: &engine,
        token,
    };
    assert_eq!(one.generate("b", false).await.unwrap(), before);
    one.save().await.unwrap();
    one.unlock().await.unwrap();
    assert_eq!(engine.record_names().await.0, "a b");
}

#[tokio::test]
async fn elements_are_added_changed_listed_and_removed() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    let profile = element(
        "tls-profile",
        "main",
        &[
            ("name", &["main"]),
            ("ciphers", &["A", "", "B"]),
            ("options", &[]),
            ("empty", &[""]),
        ],
    );
    assert_eq!(one.add(profile.clone()).await.unwrap(), profile);
    let again = one.add(profile.clone()).await;
    assert!(matches!(again, Err(Error::Conflict(Conflict::Element))));
    for name in ["c", "a", "b"] {
        one.add(record(name)).await.unwrap();
    }
    let app = &engine.app;
    let page = async |kind: &str, key: Option<&str>, offset, limit| {
        let edited = Configuration::Edited;
        let found = app.elements(&engine.admin, edited, kind, key, offset, limit);
        found.await.unwrap()
    };
    let found = page("tls-profile", None, 0, 9).await;
    assert_eq!(found, std::slice::from_ref(&profile));
    let found = page(CERTIFICATE_RECORD, None, 1, 1).await;
    assert_eq!(found, [record("b")]);
    let found = page(CERTIFICATE_RECORD, Some("c"), 0, 9).await;
    assert_eq!(found, [record("c")]);
    assert!(page(CERTIFICATE_RECORD, Some("C"), 0, 9).await.is_empty());
    assert!(page(CERTIFICATE_RECORD, None, 3, 9).await.is_empty());
    assert!(page(CERTIFICATE_RECORD, None, 0, 0).await.is_empty());

    let change: &[(&str, &[&str])] = &[("ciphers", &["C"]), ("new", &["x", "y"])];
    let changed = one
        .put(element("tls-profile", "main", change))
        .await
        .unwrap();
    let want = element(
        "tls-profile",
        "main",
        &[
            ("name", &["main"]),
            ("ciphers", &["C"]),
            ("options", &[]),
            ("empty", &[""]),
            ("new", &["x", "y"]),
        ],
    );
    assert_eq!(changed, want);
    assert_eq!(page("tls-profile", None, 0, 9).await, [want]);
    let absent = one.put(record("z")).await;
    assert!(matches!(absent, Err(Error::NotFound("element"))));

    one.remove("tls-profile", "main").await.unwrap();
    let absent = one.remove("tls-profile", "main").await;
    assert!(matches!(absent, Err(Error::NotFound("element"))));
    assert!(page("tls-profile", None, 0, 9).await.is_empty());
    one.add(profile).await.unwrap();

    let long = "x".repeat(4097);
    for unfit in [
        element("", "k", &[]),
        element("k", "", &[]),
        element("k", &"x".repeat(129), &[]),
        element("k", "k", &[("", &[])]),
        element("k", "k", &[("a", &["\u{1}"])]),
        element("k", "k", &[("a", &[&long])]),
        element("k", "k", &[("a", &["1"]), ("a", &["2"])]),
        element("k", "k", &[("a", &["x"; 1001])]),
    ] {
        assert_eq!(kind(one.add(unfit).await), "Invalid");
    }
}

#[tokio::test]
async fn saving_activating_and_restoring_move_between_three_configurations() {
    let engine = Engine::start().await;
    let one = engine.editor().await;
    let check = async |step: &str, edited: &str, running: &str| {
        let want = (edited.to_owned(), running.to_owned());
        assert_eq!(engine.record_names().await, want, "{step}");
    };
    one.add(record("a")).await.unwrap();
    one.activate().await.unwrap();
    check("nothing was saved", "a", "").await;
    one.save().await.unwrap();
    check("saved", "a", "").await;
    one.activate().await.unwrap();
    check("activated", "a", "a").await;
    one.add(record("b")).await.unwrap();
    one.remove(CERTIFICATE_RECORD, "a").await.unwrap();
    check("edited", "b", "a").await;
    one.restore(RestoreSource::Saved).await.unwrap();
    check("restored from what is saved", "a", "a").await;
    one.remove(CERTIFICATE_RECORD, "a").await.unwrap();
    one.add(record("c")).await.unwrap();
    one.save().await.unwrap();
    check("saved without activating", "c", "a").await;
    one.restore(RestoreSource::Running).await.unwrap();
    check("restored from what runs", "a", "a").await;
    one.restore(RestoreSource::Saved).await.unwrap();
    check("what is saved was not touched", "c", "a").await;
    one.activate().await.unwrap();
    check("activated again", "c", "c").await;
    // Removed and added again, it is another one.
    one.remove(CERTIFICATE_RECORD, "c").await.unwrap();
    one.add(record("c")).await.unwrap();
    let c = engine.shown("c").await;
    assert!(!c.saved && !c.running);

    let done = one.save().await.unwrap();
    let found = engine.app.operation(&engine.admin, &done.id).await.unwrap();
    assert_eq!(found, done);
    assert_eq!(
        (done.action, done.at),
        (ConfigurationAction::Save, engine.app.now())
    );
    for id in ["", "x", "00000000000000000000000000000000"] {
        let found = engine.app.operation(&engine.admin, id).await;
        assert_eq!(kind(found), "NotFound", "{id:?}");
    }
}

#[tokio::test]
async fn verifying_tells_what_is_wrong_and_changes_nothing() {
    const REFERENCES: [Reference; 1] = [Reference {
        from: "tls-profile",
        attribute: "end-entity-certificate",
        to: CERTIFICATE_RECORD,
    }];
    let engine = Engine::start().await;
    let one = engine.editor().await;
    one.add(record("sbc")).await.unwrap();
    for (key, refers) in [("good", "sbc"), ("none", ""), ("bad", "absent")] {
        let profile = element("tls-profile", key, &[("end-entity-certificate", &[refers])]);
        one.add(profile).await.unwrap();
    }
    let dangling = "tls-profile \"bad\": end-entity-certificate refers to the certificate-record \"absent\", \
                    which is not there";
    assert_eq!(one.verify(&REFERENCES).await, [dangling]);
    assert!(one.verify(&[]).await.is_empty());
    one.generate("sbc", false).await.unwrap();
    let certificate = engine.signed("sbc").await;
    let der = certificate.der.clone().unwrap();
    one.import("sbc", &[&der], false).await.unwrap();
    assert!(one.verify(&[]).await.is_empty());
    let which = CertificateRef::Id(certificate.id);
    let hold = engine.app.hold(&engine.admin, &which).await;
    hold.unwrap();
    let on_hold = "certificate-record \"sbc\": the certificate is on hold";
    assert_eq!(one.verify(&REFERENCES).await, [dangling, on_hold]);
}

#[tokio::test]
async fn only_who_may_issue_everywhere_configures() {
    let engine = Engine::start().await;
    let app = &engine.app;
    engine.editor().await.add(record("a")).await.unwrap();
    for (role, reads, edits) in [
        (Role::Operator, true, true),
        (Role::Auditor, true, false),
        (Role::Approver, true, false),
        (Role::DomainAdministrator, false, false),
        (Role::SelfService, false, false),
    ] {
        let caller = engine.user(role.word(), "d1", role).await;
        let token = app.new_token(&caller, STYLE, None).await.unwrap().text;
        let edited = Configuration::Edited;
        let allowed = [
            app.elements(&caller, edited, "k", None, 0, 1).await.is_ok(),
            app.certificate_records(&caller, None, 1).await.is_ok(),
            app.certificate_record(&caller, "a").await.is_ok(),
        ];
        assert_eq!(allowed, [reads; 3], "{role}");
        // The lock is another's: whoever may not take it is not told even that.
        let want = if edits { "Locked" } else { "Forbidden" };
        let refused = [
            kind(app.lock_configuration(&caller, &token).await),
            kind(app.unlock_configuration(&caller, &token).await),
            kind(app.add_element(&caller, &token, record("b")).await),
            kind(app.save_configuration(&caller, &token).await),
            kind(app.verify_configuration(&caller, &token, &[]).await),
            kind(
                app.generate_record_request(&caller, &token, "a", false, read)
                    .await,
            ),
            kind(
                app.import_into_record(&caller, &token, "a", Vec::new(), false)
                    .await,
            ),
        ];
        assert!(
            refused.iter().all(|kind| kind == want),
            "{role} {refused:?}"
        );
    }
}
