//! Work orders: what a database must refuse by itself, and what it gives back.

use chancery_core::certificate::State;
use chancery_core::key::KeyAlgorithm;
use chancery_core::revocation::Reason;
use chancery_core::san::GeneralName;
use chancery_core::workorder::{OrderKind, OrderState, WorkOrder};

use super::*;
use crate::audit::{AuditFilter, NewAuditEntry, Outcome};
use crate::orders::OrderFilter;
use crate::store::certificates::PendingNames;
use crate::store::orders::{Filling, NewOrder, OrderStep, OrderTask};

fn pending(n: u32) -> NewCertificate {
    NewCertificate {
        der: None,
        names: Some(PendingNames {
            issuer: issuer(),
            subject: Name::parse("CN=joe").unwrap(),
        }),
        state: State::Pending,
        subject_key_id: [0; 20],
        ..certificate(n)
    }
}

fn order(about: Option<u32>, makes: Option<u32>) -> NewOrder {
    NewOrder {
        kind: match about {
            Some(_) => OrderKind::Regenerate,
            None => OrderKind::Create,
        },
        state: OrderState::Requested,
        certificate: about.map(certificate_id),
        made: makes.map(certificate_id),
        reason: "because".to_owned(),
        asked_by: user_id("u1"),
        asked_at: NOW,
        decided_at: None,
        task: OrderTask::default(),
        told: NewAuditEntry {
            at: NOW,
            actor: Some(user_id("u1")),
            domain: None,
            api: "test",
            action: "order.place",
            certificate: about.or(makes).map(certificate_id),
            object: None,
            outcome: Outcome::Done,
            detail: "{\"v\":1}".to_owned(),
        },
    }
}

fn place(order: NewOrder) -> Step {
    Step::Order(OrderStep::Add(Box::new(order)))
}

fn go(order: i64, from: OrderState, to: OrderState) -> Vec<Step> {
    vec![Step::Order(OrderStep::Move {
        order,
        from,
        to,
        by: None,
        at: NOW,
        outcome: None,
    })]
}

fn filling(certificate: CertificateNumber, replaces: Option<CertificateNumber>) -> Step {
    Step::Order(OrderStep::Fill(Box::new(Filling {
        certificate,
        der: der(),
        subject_key_id: [9; 20],
        not_before: NOW,
        not_after: NOW.plus_days(9),
        at: NOW.plus_seconds(5),
        sealed_key: Some(vec![4, 5]),
        replaces,
    })))
}

async fn numbers(store: &dyn Store, filter: OrderFilter) -> Vec<i64> {
    let found = store.orders(filter, None, None, 10).await.unwrap();
    found.iter().map(|order| order.number).collect()
}

#[tokio::test]
async fn an_order_reads_back_whole() {
    on_every_store(async |store| {
        settle(store).await;
        let names = vec![
            GeneralName::dns("a.example").unwrap(),
            GeneralName::email("Joe@a.example").unwrap(),
            GeneralName::ip("2001:db8::1").unwrap(),
            GeneralName::uri("https://a.example/x").unwrap(),
        ];
        let task = OrderTask {
            csr: None,
            key: Some(KeyAlgorithm::Rsa(3072)),
            not_before: Some(NOW),
            not_after: Some(NOW.plus_days(1)),
            days: Some(7),
            on_hold: true,
            names,
        };
        let new = NewOrder {
            task: task.clone(),
            decided_at: Some(NOW.plus_seconds(1)),
            state: OrderState::Approved,
            ..order(None, Some(1))
        };
        let steps = vec![add(pending(1)), place(new)];
        assert_eq!(store.commit(steps).await.unwrap(), [1, 1]);
        let read = store.order(1).await.unwrap().unwrap();
        let want = WorkOrder {
            number: 1,
            kind: OrderKind::Create,
            state: OrderState::Approved,
            certificate: None,
            made: Some(certificate_id(1)),
            reason: "because".to_owned(),
            asked_by: user_id("u1"),
            domain: domain_id("d1"),
            asked_at: NOW,
            decided_by: None,
            decided_at: Some(NOW.plus_seconds(1)),
            ended_at: None,
            outcome: None,
        };
        assert_eq!(read.order, want);
        assert_eq!(format!("{:?}", read.task), format!("{task:?}"));
        assert!(store.order(2).await.unwrap().is_none());
        // The entry of the trail has the number that the order got.
        let trail = store.audit(AuditFilter::default(), 1).await.unwrap();
        assert_eq!(trail[0].object.as_deref(), Some("1"));
    })
    .await;
}

#[tokio::test]
async fn one_order_about_a_certificate_is_open() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        let steps = vec![add(pending(2)), place(order(Some(1), Some(2)))];
        store.commit(steps).await.unwrap();
        for (about, makes) in [(1, 3), (2, 3)] {
            let steps = vec![add(pending(makes)), place(order(Some(about), Some(makes)))];
            let second = store.commit(steps).await;
            assert!(
                matches!(second, Err(StoreError::OrderOpen(1))),
                "{second:?}"
            );
        }
        assert_eq!(store.open_order(1).await.unwrap(), Some(1));
        assert_eq!(store.open_order(2).await.unwrap(), Some(1));
        let reject = go(1, OrderState::Requested, OrderState::Rejected);
        store.commit(reject).await.unwrap();
        assert_eq!(store.open_order(1).await.unwrap(), None);
        let steps = vec![add(pending(3)), place(order(Some(1), Some(3)))];
        store.commit(steps).await.unwrap();
        assert_eq!(numbers(store, OrderFilter::default()).await, [2, 1]);
        let of_made = OrderFilter {
            certificate: Some(certificate_id(3)),
            ..OrderFilter::default()
        };
        assert_eq!(numbers(store, of_made).await, [2]);
    })
    .await;
}

#[tokio::test]
async fn a_move_needs_the_state_that_it_was_decided_on() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        let new = NewOrder {
            kind: OrderKind::Revoke(Reason::Superseded),
            ..order(Some(1), None)
        };
        store.commit(vec![place(new)]).await.unwrap();
        use OrderState::{Approved, Done, Implementing, Requested};
        for (from, to, done) in [
            (Approved, Implementing, false),
            (Requested, Approved, true),
            (Requested, Approved, false),
            (Approved, Implementing, true),
            (Implementing, Done, true),
            (Implementing, Done, false),
        ] {
            let moved = store.commit(go(1, from, to)).await;
            match moved {
                Ok(_) => assert!(done, "{from} {to}"),
                Err(StoreError::Stale) => assert!(!done, "{from} {to}"),
                Err(other) => panic!("{other}"),
            }
        }
        let read = store.order(1).await.unwrap().unwrap().order;
        assert_eq!(read.kind, OrderKind::Revoke(Reason::Superseded));
        assert_eq!((read.state, read.ended_at), (Done, Some(NOW)));
        // What no table of the core allows, the database refuses too.
        for (from, to) in [(Done, Requested), (Done, Implementing)] {
            assert!(matches!(
                store.commit(go(1, from, to)).await,
                Err(StoreError::Broken(_))
            ));
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_skips_its_approval() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        let steps = vec![add(pending(2)), place(order(Some(1), Some(2)))];
        store.commit(steps).await.unwrap();
        for to in [
            OrderState::Implementing,
            OrderState::Done,
            OrderState::Failed,
        ] {
            let skipped = store.commit(go(1, OrderState::Requested, to)).await;
            assert!(matches!(skipped, Err(StoreError::Broken(_))), "{to}");
        }
        assert!(store.orders_to_do(0, 9).await.unwrap().is_empty());
        let approve = go(1, OrderState::Requested, OrderState::Approved);
        store.commit(approve).await.unwrap();
        assert_eq!(store.orders_to_do(0, 9).await.unwrap(), [1]);
        assert!(store.orders_to_do(1, 9).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_pending_certificate_is_filled_once() {
    on_every_store(async |store| {
        settle(store).await;
        let old = stored(store, certificate(1)).await;
        let new = stored(store, pending(2)).await;
        let find = async |number| {
            let key = CertificateKey::Number(number);
            store.certificate(key).await.unwrap().unwrap()
        };
        let record = find(new).await;
        assert_eq!((record.der, record.state), (None, State::Pending));
        assert_eq!(record.subject, Name::parse("CN=joe").unwrap());
        assert_eq!(record.issuer, issuer());
        store.commit(vec![filling(new, Some(old))]).await.unwrap();
        let filled = find(new).await;
        assert_eq!((filled.der, filled.state), (Some(der()), State::Active));
        assert_eq!(filled.subject_key_id, [9; 20]);
        assert_eq!(filled.not_after, NOW.plus_days(9));
        assert_eq!(filled.state_since, NOW.plus_seconds(5));
        assert_eq!(filled.replaces, Some(certificate_id(1)));
        assert!(filled.has_private_key);
        assert_eq!(find(old).await.replaced_by, Some(certificate_id(2)));
        for number in [new, old] {
            let again = store.commit(vec![filling(number, None)]).await;
            assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn orders_are_those_of_their_certificates_owners() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        let of_ann = NewCertificate {
            owner: user_id("u2"),
            domain: domain_id("d2"),
            ..certificate(2)
        };
        stored(store, of_ann).await;
        let suspend = |n| NewOrder {
            kind: OrderKind::Suspend,
            ..order(Some(n), None)
        };
        let steps = vec![place(suspend(1)), place(suspend(2))];
        assert_eq!(store.commit(steps).await.unwrap(), [1, 2]);
        let of = async |owner: Option<&str>, domain: Option<&str>| {
            let (owner, domain) = (owner.map(user_id), domain.map(domain_id));
            let found = store.orders(OrderFilter::default(), owner, domain, 9).await;
            let found = found.unwrap();
            found.iter().map(|order| order.number).collect::<Vec<_>>()
        };
        assert_eq!(of(Some("u2"), None).await, [2]);
        assert_eq!(of(None, Some("d1")).await, [1]);
        assert!(of(Some("u1"), Some("d2")).await.is_empty());
        let missing = store.commit(vec![place(suspend(3))]).await;
        assert!(matches!(missing, Err(StoreError::Missing)), "{missing:?}");
    })
    .await;
}
