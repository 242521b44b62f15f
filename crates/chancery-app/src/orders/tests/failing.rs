//! Orders that cannot be done any more when their time comes: each ends as failed, with the reason.

use super::*;

/// What comes between the approval and the doing.
#[derive(Clone, Copy, Debug)]
enum Between {
    /// The authority expires.
    Authority,
    /// The old certificate is revoked.
    Revoked,
    /// The pending record is deleted.
    Deleted,
    /// Another certificate with the same key is revoked since the key is compromised.
    Compromised,
}

async fn check(kind: OrderKind, between: Between, want: &str) {
    let at = Setting::new().await;
    let order = at.asked(kind, "Superseded").await;
    at.approve(&order).await.unwrap();
    let (app, admin) = (&at.engine.app, &at.engine.admin);
    let old = CertificateRef::Id(at.certificate.id);
    let record = CertificateRef::Id(order.made.unwrap());
    match between {
        Between::Authority => at.engine.at(4000 * 86_400),
        Between::Revoked => {
            let revoked = app.revoke(admin, &old, Reason::CaCompromise).await;
            revoked.unwrap();
        }
        Between::Deleted => {
            app.delete(admin, &record).await.unwrap();
        }
        Between::Compromised => {
            let twin = app.renew(admin, &old, RenewRequest::default()).await;
            let twin = CertificateRef::Id(twin.unwrap().certificate.id);
            let revoked = app.revoke(admin, &twin, Reason::KeyCompromise).await;
            revoked.unwrap();
        }
    }
    let before = at.old().await;
    app.implement_orders().await.unwrap();
    let order = at.now(&order).await;
    assert_eq!(order.state, OrderState::Failed, "{between:?}");
    let outcome = order.outcome.clone().unwrap();
    assert!(outcome.contains(want), "{between:?}: {outcome}");
    let made = at.made(&order).await;
    assert_eq!(
        (made.state, made.der),
        (State::Deleted(None), None),
        "{between:?}"
    );
    assert_eq!(at.old().await, before, "{between:?}");
    let trail = at.trail(&order).await;
    assert_eq!(
        trail.last().unwrap(),
        "order.fail server done",
        "{between:?}"
    );
    app.purge(admin, &record).await.unwrap();
}

#[tokio::test]
async fn what_can_no_longer_be_done_fails_with_the_reason() {
    let revoked = Refusal::Revoked(Reason::CaCompromise).to_string();
    let deleted = Refusal::Deleted.to_string();
    for (kind, between, want) in [
        (OrderKind::Regenerate, Between::Authority, "authority"),
        (OrderKind::Regenerate, Between::Revoked, &revoked),
        (OrderKind::Renew, Between::Deleted, &deleted),
        (OrderKind::Renew, Between::Compromised, "compromised"),
    ] {
        check(kind, between, want).await;
    }
}
