//! Who decides on an order, who sees it, and who waits for it.

use super::*;

#[tokio::test]
async fn whoever_asked_does_not_approve_unless_configured() {
    let at = Setting::new().await;
    let order = at.asked(OrderKind::Regenerate, "").await;
    let engine = &at.engine;
    let own = engine
        .app
        .decide_order(&engine.admin, order.number, OrderDecision::Approve)
        .await;
    assert!(
        matches!(own, Err(Error::OrderRefused(OrderRefusal::SelfApproval))),
        "{own:?}"
    );
    assert_eq!(at.now(&order).await.state, OrderState::Requested);
    assert_eq!(
        at.trail(&order).await,
        ["order.place admin done", "order.approve admin refused"]
    );

    let lenient = Engine::start_with(|config| config.orders.self_approval = true).await;
    let owner = lenient.admin.user.id.clone();
    let certificate = lenient.issued(&owner, IssueBy::Default).await;
    let which = CertificateRef::Id(certificate.id);
    let request = OrderRequest::about(OrderKind::Renew, which, String::new());
    let order = lenient.app.place_order(&lenient.admin, request).await;
    let number = order.unwrap().number;
    let approved = lenient
        .app
        .decide_order(&lenient.admin, number, OrderDecision::Approve)
        .await;
    assert_eq!(approved.unwrap().state, OrderState::Approved);
}

#[tokio::test]
async fn of_decisions_at_once_one_holds() {
    let at = Setting::new().await;
    for _ in 0..8 {
        let order = at.asked(OrderKind::Regenerate, "").await;
        let app = &at.engine.app;
        let reject = OrderDecision::Reject("no".to_owned());
        let (yes, no) = tokio::join!(
            app.decide_order(&at.approver, order.number, OrderDecision::Approve),
            app.decide_order(&at.approver, order.number, reject),
        );
        let state = at.now(&order).await.state;
        match (yes, no) {
            (Ok(_), Err(Error::OrderRefused(OrderRefusal::AlreadyApproved))) => {
                assert_eq!(state, OrderState::Approved);
                app.implement_orders().await.unwrap();
            }
            (Err(Error::OrderRefused(OrderRefusal::Ended(OrderState::Rejected))), Ok(rejected)) => {
                assert_eq!(rejected.outcome.as_deref(), Some("no"));
                assert_eq!(state, OrderState::Rejected);
                assert_eq!(at.made(&order).await.state, State::Deleted(None));
            }
            other => panic!("{other:?}"),
        }
    }
}

/// Otherwise the order would stay open for ever, and no other be taken about the old certificate.
#[tokio::test]
async fn an_undecided_order_ends_with_its_pending_record() {
    let at = Setting::new().await;
    let order = at.asked(OrderKind::Renew, "").await;
    let (app, admin) = (&at.engine.app, &at.engine.admin);
    let which = CertificateRef::Id(order.made.unwrap());
    let waiting = app.wait_for_order(admin, order.number, Duration::from_secs(60));
    let (ended, deleted) = tokio::join!(waiting, app.delete(admin, &which));
    assert_eq!(deleted.unwrap().state, State::Deleted(None));
    let ended = ended.unwrap();
    assert_eq!(ended.state, OrderState::Rejected);
    assert_eq!(ended.decided_by, Some(admin.user.id.clone()));
    assert_eq!(
        ended.outcome.as_deref(),
        Some("its pending record was deleted")
    );
    assert_eq!(
        at.trail(&order).await,
        ["order.place admin done", "order.reject admin done"]
    );
    let approval = at.approve(&order).await;
    assert!(
        matches!(
            approval,
            Err(Error::OrderRefused(OrderRefusal::Ended(
                OrderState::Rejected
            )))
        ),
        "{approval:?}"
    );
    at.asked(OrderKind::Renew, "").await;
}

#[tokio::test]
async fn rights_are_asked_at_every_step() {
    let at = Setting::new().await;
    let joe = at.engine.user("joe", "default", Role::SelfService).await;
    let own = at.engine.issued(&joe.user.id, IssueBy::Default).await;
    let app = &at.engine.app;
    let ask = |certificate: &Certificate| {
        OrderRequest::about(
            OrderKind::Regenerate,
            CertificateRef::Id(certificate.id),
            String::new(),
        )
    };
    // Whoever could not do it may not ask for it, and who may only read neither.
    for caller in [&joe, &at.approver] {
        let refused = app.place_order(caller, ask(&at.certificate)).await;
        assert_eq!(kind(refused), "Forbidden");
    }
    let order = app.place_order(&joe, ask(&own)).await.unwrap();
    let operator = at.engine.user("op", "default", Role::Operator).await;
    for caller in [&joe, &operator] {
        for decision in [OrderDecision::Approve, OrderDecision::Reject(String::new())] {
            let refused = app.decide_order(caller, order.number, decision).await;
            assert_eq!(kind(refused), "Forbidden");
        }
    }
    let others = at.asked(OrderKind::Regenerate, "").await;
    let refused = app.order(&joe, others.number).await;
    assert_eq!(kind(refused), "Forbidden");
    let numbers = async |caller: &Caller, filter: OrderFilter| {
        let orders = app.orders(caller, filter, 10).await.unwrap();
        orders.iter().map(|order| order.number).collect::<Vec<_>>()
    };
    let all = [others.number, order.number];
    assert_eq!(numbers(&at.approver, OrderFilter::default()).await, all);
    assert_eq!(numbers(&joe, OrderFilter::default()).await, [order.number]);
    for (filter, want) in [
        (
            OrderFilter {
                certificate: Some(own.id),
                ..OrderFilter::default()
            },
            &[order.number][..],
        ),
        (
            OrderFilter {
                certificate: others.made,
                ..OrderFilter::default()
            },
            &[others.number],
        ),
        (
            OrderFilter {
                states: vec![OrderState::Done],
                ..OrderFilter::default()
            },
            &[],
        ),
        (
            OrderFilter {
                before: Some(others.number),
                ..OrderFilter::default()
            },
            &[order.number],
        ),
    ] {
        assert_eq!(
            numbers(&at.approver, filter.clone()).await,
            want,
            "{filter:?}"
        );
    }
    let missing = app.order(&at.approver, 99).await;
    assert!(matches!(missing, Err(Error::NotFound("work order"))));
}

#[tokio::test]
async fn who_waits_hears_of_the_end_and_of_no_other() {
    let at = Setting::new().await;
    let order = at.asked(OrderKind::Regenerate, "").await;
    let (app, admin) = (&at.engine.app, &at.engine.admin);
    let still = app
        .wait_for_order(admin, order.number, Duration::from_millis(5))
        .await
        .unwrap();
    assert_eq!(still.state, OrderState::Requested);
    let waiting = app.wait_for_order(admin, order.number, Duration::from_secs(60));
    let ending = async {
        app.0.orders.ended(order.number + 1);
        at.approve(&order).await.unwrap();
        app.implement_orders().await.unwrap();
    };
    let (ended, ()) = tokio::join!(waiting, ending);
    assert_eq!(ended.unwrap().state, OrderState::Done);
    let at_once = app
        .wait_for_order(admin, order.number, Duration::ZERO)
        .await;
    assert_eq!(at_once.unwrap().state, OrderState::Done);
}
