//! Orders that are done: what becomes of the certificates, once.

use super::*;

#[tokio::test]
async fn a_regeneration_waits_for_a_second_person_and_is_then_done_once() {
    let at = Setting::new().await;
    let order = at.asked(OrderKind::Regenerate, "new server").await;
    assert_eq!(order.state, OrderState::Requested);
    assert_eq!(order.certificate, Some(at.certificate.id));
    let pending = at.made(&order).await;
    assert_eq!((pending.state, &pending.der), (State::Pending, &None));
    assert_eq!(pending.subject, at.certificate.subject);
    assert_eq!(pending.issuer, at.certificate.issuer);
    assert!(!pending.has_private_key && pending.replaces.is_none());

    // Nothing is done that nobody approved.
    at.engine.app.implement_orders().await.unwrap();
    assert_eq!(at.now(&order).await, order);

    at.engine.at(60);
    let approved = at.approve(&order).await.unwrap();
    assert_eq!(approved.state, OrderState::Approved);
    assert_eq!(approved.decided_by, Some(at.approver.user.id.clone()));
    at.engine.at(120);
    at.engine.app.implement_orders().await.unwrap();
    let done = at.now(&order).await;
    assert_eq!(done.state, OrderState::Done);
    assert_eq!(done.ended_at.unwrap().unix(), START + 120);

    let made = at.made(&order).await;
    assert_eq!(made.state, State::Active);
    assert_eq!(
        (made.number, made.id, &made.name, &made.serial),
        (pending.number, pending.id, &pending.name, &pending.serial)
    );
    let facts = x509::read_certificate(made.der.as_ref().unwrap()).unwrap();
    assert_eq!(
        (facts.subject, facts.serial),
        (made.subject.clone(), made.serial.clone())
    );
    assert_ne!(made.subject_key_id, at.certificate.subject_key_id);
    assert!(made.has_private_key);
    assert_eq!(made.replaces, Some(at.certificate.id));
    let old = at.old().await;
    assert_eq!((old.state, old.replaced_by), (State::Active, Some(made.id)));
    let key = at.engine.app.open_private_key(&made).await.unwrap();
    let public = crate::keys::software::public_key_of(&key).unwrap();
    assert_eq!(public.key_id(), made.subject_key_id);

    // What is done stays done.
    at.engine.app.implement_orders().await.unwrap();
    assert_eq!(at.now(&order).await, done);
    assert_eq!(
        at.trail(&order).await,
        [
            "order.place admin done",
            "order.approve ann done",
            "order.claim server done",
            "order.finish server done",
        ]
    );
}

#[tokio::test]
async fn the_reason_tells_the_fate_of_the_old_one() {
    for (reason, configured, want) in [
        ("new server", OldCertificate::RevokeWhenSuperseded, None),
        (
            "Superseded",
            OldCertificate::RevokeWhenSuperseded,
            Some(Reason::Superseded),
        ),
        (
            "Key compromised",
            OldCertificate::RevokeWhenSuperseded,
            Some(Reason::KeyCompromise),
        ),
        ("Superseded", OldCertificate::Keep, None),
        ("", OldCertificate::Revoke, Some(Reason::Superseded)),
    ] {
        let engine = Engine::start_with(|config| config.orders.after_regenerate = configured).await;
        let owner = engine.admin.user.id.clone();
        let certificate = engine.issued(&owner, IssueBy::Default).await;
        let which = CertificateRef::Id(certificate.id);
        let request = OrderRequest {
            auto_approve: true,
            ..OrderRequest::about(OrderKind::Regenerate, which, reason.to_owned())
        };
        let order = engine
            .app
            .place_order(&engine.admin, request)
            .await
            .unwrap();
        assert_eq!(order.state, OrderState::Approved);
        assert_eq!(order.decided_by, None);
        // The old one is good until the new one is there.
        assert_eq!(engine.now(&certificate).await.state, State::Active);
        engine.app.implement_orders().await.unwrap();
        let state = engine.now(&certificate).await.state;
        let wanted = want.map_or(State::Active, State::Revoked);
        assert_eq!(state, wanted, "{reason} {configured:?}");
    }
}

/// As a crash after the claim leaves it: the next start does it, once.
#[tokio::test]
async fn what_was_begun_is_done_anew() {
    let at = Setting::new().await;
    let order = at.asked(OrderKind::Regenerate, "").await;
    let approved = at.approve(&order).await.unwrap();
    let claim = at
        .engine
        .app
        .order_step(&approved, OrderState::Implementing, None, None);
    at.engine.app.store().commit(vec![claim]).await.unwrap();
    // Several at once, as if two processes had started.
    let app = &at.engine.app;
    let (a, b) = tokio::join!(app.implement_orders(), app.implement_orders());
    a.unwrap();
    b.unwrap();
    assert_eq!(at.now(&order).await.state, OrderState::Done);
    assert_eq!(at.made(&order).await.state, State::Active);
    let finished = at.trail(&order).await;
    let count = finished
        .iter()
        .filter(|entry| entry.starts_with("order.finish"))
        .count();
    assert_eq!(count, 1, "{finished:?}");
}

#[tokio::test]
async fn renewals_keep_the_key_and_moves_are_made() {
    let at = Setting::new().await;
    let renewed = at.done(at.asking(OrderKind::Renew, "Superseded")).await;
    let made = at.made(&renewed).await;
    assert_eq!(made.subject_key_id, at.certificate.subject_key_id);
    assert!(made.has_private_key);
    // Only a new key ends the old one.
    assert_eq!(at.old().await.state, State::Active);
    for (kind, want) in [
        (OrderKind::Suspend, State::OnHold),
        (OrderKind::Reinstate, State::Active),
        (
            OrderKind::Revoke(Reason::Superseded),
            State::Revoked(Reason::Superseded),
        ),
    ] {
        let order = at.done(at.asking(kind, "because")).await;
        assert_eq!((order.state, order.made), (OrderState::Done, None));
        assert_eq!(at.old().await.state, want);
    }
    let late = at.place(at.asking(OrderKind::Suspend, "")).await;
    assert!(matches!(late, Err(Error::Refused(Refusal::Revoked(_)))));
}

#[tokio::test]
async fn a_creation_is_what_was_asked_for() {
    let at = Setting::new().await;
    let names = vec![
        GeneralName::dns("www.example.com").unwrap(),
        GeneralName::ip("192.0.2.1").unwrap(),
    ];
    let issue = IssueRequest {
        subject: Some(Name::parse("CN=www.example.com").unwrap()),
        names: Some(names.clone()),
        name: Some("web".to_owned()),
        days: Some(3),
        on_hold: true,
        ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P384))
    };
    let request = OrderRequest {
        kind: OrderKind::Create,
        certificate: None,
        csr: None,
        issue: Some(issue),
        days: None,
        reason: String::new(),
        auto_approve: false,
    };
    let order = at.done(request).await;
    assert_eq!(order.certificate, None);
    let made = at.made(&order).await;
    assert_eq!((made.name.as_str(), made.state), ("web", State::OnHold));
    let facts = x509::read_certificate(made.der.as_ref().unwrap()).unwrap();
    assert_eq!(facts.names, names);
    assert_eq!(facts.public_key.algorithm(), KeyAlgorithm::P384);
    let lifetime = made.not_after.unix() - made.not_before.unix();
    assert_eq!(lifetime, 3 * 86_400);
}
