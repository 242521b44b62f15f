//! What is taken as an order, and what is refused before anybody decides on it.

use super::*;

#[tokio::test]
async fn one_order_about_a_certificate_is_open_at_a_time() {
    let at = Setting::new().await;
    let order = at.asked(OrderKind::Regenerate, "").await;
    for kind in [
        OrderKind::Regenerate,
        OrderKind::Renew,
        OrderKind::Revoke(Reason::Superseded),
        OrderKind::Reinstate,
    ] {
        let second = at.place(at.asking(kind, "")).await;
        assert!(
            matches!(second, Err(Error::OrderOpen(open)) if open == order.number),
            "{second:?}"
        );
    }
    // Nor can anything be asked of what it is still making.
    let made = OrderRequest::about(
        OrderKind::Suspend,
        CertificateRef::Id(order.made.unwrap()),
        String::new(),
    );
    let early = at.place(made).await;
    assert!(matches!(early, Err(Error::OrderOpen(open)) if open == order.number));
    // Once it has ended, however, the next may come.
    at.engine
        .app
        .decide_order(
            &at.approver,
            order.number,
            OrderDecision::Reject("not now".to_owned()),
        )
        .await
        .unwrap();
    at.asked(OrderKind::Regenerate, "").await;
}

#[tokio::test]
async fn two_orders_at_once_are_one() {
    let at = Setting::new().await;
    let placing = (0..8).map(|_| at.place(at.asking(OrderKind::Regenerate, "")));
    let outcomes = futures_util::future::join_all(placing).await;
    let open = outcomes
        .iter()
        .filter(|outcome| matches!(outcome, Err(Error::OrderOpen(1))))
        .count();
    assert_eq!(
        (outcomes.iter().filter(|one| one.is_ok()).count(), open),
        (1, 7),
        "{outcomes:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_certified_is_refused_when_it_is_asked_for() {
    let at = Setting::new().await;
    for (subject, days) in [("C=D,CN=joe", 30), ("CN=joe", 99_999)] {
        let issue = IssueRequest {
            subject: Some(Name::parse(subject).unwrap()),
            days: Some(days),
            ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P256))
        };
        let request = OrderRequest {
            certificate: None,
            issue: Some(issue),
            ..at.asking(OrderKind::Create, "")
        };
        assert!(matches!(at.place(request).await, Err(Error::Policy(_))));
    }
}

#[tokio::test]
async fn what_is_only_watched_is_not_managed() {
    let at = Setting::new().await;
    let der = foreign(at.engine.directory.path(), "elsewhere");
    let item = vec![ImportItem::new(der)];
    let imported = at.engine.app.import(&at.engine.admin, item).await;
    let id = imported.unwrap().remove(0).certificate.id;
    let joe = at.engine.user("joe", "default", Role::SelfService).await;
    for (caller, managed) in [
        (&at.engine.admin, true),
        (&at.approver, true),
        (&joe, false),
    ] {
        let which = CertificateRef::Id(id);
        let request = OrderRequest::about(OrderKind::Regenerate, which, String::new());
        let refused = at.engine.app.place_order(caller, request).await;
        match refused {
            Err(Error::NotManaged) => assert!(managed),
            Err(Error::Forbidden(_)) => assert!(!managed),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_refusal_is_written_down_once() {
    let at = Setting::new().await;
    let joe = at.engine.user("joe", "default", Role::SelfService).await;
    let app = &at.engine.app;
    let create = |subject: &str, owner: Option<&Caller>, profile: Option<&str>| OrderRequest {
        kind: OrderKind::Create,
        certificate: None,
        csr: None,
        issue: Some(IssueRequest {
            subject: Some(Name::parse(subject).unwrap()),
            owner: owner.map(|owner| owner.user.id.clone()),
            profile: profile.map(str::to_owned),
            ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P256))
        }),
        days: None,
        reason: String::new(),
        auto_approve: true,
    };
    let about = CertificateRef::Id(at.certificate.id);
    let requests = [
        OrderRequest::about(OrderKind::Regenerate, about, String::new()),
        create("CN=joe", Some(&at.engine.admin), None),
        create("CN=joe", None, Some("general")),
        // The server's own name.
        create("CN=localhost", None, None),
    ];
    let wanted = requests.len();
    for request in requests {
        let refused = app.place_order(&joe, request).await;
        assert_eq!(kind(refused), "Forbidden");
    }
    let filter = AuditFilter {
        actor: Some(joe.user.id.clone()),
        ..AuditFilter::default()
    };
    let entries = app.audit_trail(&at.engine.admin, filter, 100).await;
    assert_eq!(entries.unwrap().len(), wanted);
    assert!(app.store().orders_to_do(0, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn pending_records_are_pending_to_everything_else() {
    let at = Setting::new().await;
    let order = at.asked(OrderKind::Regenerate, "").await;
    let (app, admin) = (&at.engine.app, &at.engine.admin);
    let which = CertificateRef::Id(order.made.unwrap());
    let record = at.made(&order).await;
    at.engine.at(100 * 365 * 86_400);
    assert_eq!(record.status(app.now()), Status::Pending);
    at.engine.at(0);
    for outcome in [
        app.hold(admin, &which).await.err(),
        app.release(admin, &which).await.err(),
        app.revoke(admin, &which, Reason::Superseded).await.err(),
        app.renew(admin, &which, RenewRequest::default())
            .await
            .err(),
    ] {
        assert!(
            matches!(outcome, Some(Error::Refused(Refusal::Pending))),
            "{outcome:?}"
        );
    }
    let key = app.export_private_key(admin, &which).await;
    assert!(matches!(key, Err(Error::NoPrivateKey)), "{key:?}");
    // By issuer and serial number it is not there, whatever is to be done with it.
    let promised = CertificateRef::Issued(record.issuer.clone(), record.serial.clone());
    for outcome in [
        app.certificate(admin, &promised).await.err(),
        app.hold(admin, &promised).await.err(),
        app.delete(admin, &promised).await.err(),
    ] {
        assert!(
            matches!(outcome, Some(Error::NotFound("certificate"))),
            "{outcome:?}"
        );
    }
    assert_eq!(at.made(&order).await, record);
}
