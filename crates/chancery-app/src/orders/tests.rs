//! Work orders as use cases: with a real database and a clock that is set by hand. The background job does not run here:
//! each test does what is approved when it wants it done.

use std::time::Duration;

use chancery_core::certificate::{Certificate, Refusal, State, Status};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::revocation::Reason;
use chancery_core::role::Role;
use chancery_core::san::GeneralName;
use chancery_core::workorder::{OrderKind, OrderRefusal, OrderState, WorkOrder};
use chancery_core::x509;

use super::{OrderDecision, OrderFilter, OrderRequest};
use crate::config::OldCertificate;
use crate::search::CertificateRef;
use crate::testing::{Engine, START, foreign};
use crate::{
    AuditFilter, Caller, Error, ImportItem, ImportedStatus, IssueBy, IssueRequest, KeySource,
};

/// An engine with a certificate of the administrator's, and an approver.
struct Setting {
    engine: Engine,
    approver: Caller,
    certificate: Certificate,
}

impl Setting {
    async fn new() -> Setting {
        let engine = Engine::start().await;
        let approver = engine.user("ann", "default", Role::Approver).await;
        let owner = engine.admin.user.id.clone();
        let certificate = engine.issued(&owner, IssueBy::Default).await;
        Setting {
            engine,
            approver,
            certificate,
        }
    }

    fn asking(&self, kind: OrderKind, reason: &str) -> OrderRequest {
        let which = CertificateRef::Id(self.certificate.id);
        OrderRequest::about(kind, which, reason.to_owned())
    }

    async fn place(&self, request: OrderRequest) -> Result<WorkOrder, Error> {
        let engine = &self.engine;
        engine.app.place_order(&engine.admin, request).await
    }

    async fn approve(&self, order: &WorkOrder) -> Result<WorkOrder, Error> {
        let app = &self.engine.app;
        app.decide_order(&self.approver, order.number, OrderDecision::Approve)
            .await
    }

    /// Places it, has it approved and done; the order as it ends.
    async fn done(&self, request: OrderRequest) -> WorkOrder {
        let order = self.place(request).await.unwrap();
        self.approve(&order).await.unwrap();
        self.engine.app.implement_orders().await.unwrap();
        self.now(&order).await
    }

    async fn now(&self, order: &WorkOrder) -> WorkOrder {
        let engine = &self.engine;
        engine.app.order(&engine.admin, order.number).await.unwrap()
    }

    async fn old(&self) -> Certificate {
        self.engine.now(&self.certificate).await
    }

    async fn made(&self, order: &WorkOrder) -> Certificate {
        let which = CertificateRef::Id(order.made.unwrap());
        self.engine.app.find(&which).await.unwrap()
    }

    /// What the audit trail says of an order, oldest first.
    async fn trail(&self, order: &WorkOrder) -> Vec<String> {
        let engine = &self.engine;
        let filter = AuditFilter::default();
        let entries = engine.app.audit_trail(&engine.admin, filter, 1000).await;
        let number = Some(order.number.to_string());
        let mut trail: Vec<String> = entries
            .unwrap()
            .into_iter()
            .filter(|entry| entry.object == number && entry.action.starts_with("order."))
            .map(|entry| {
                let actor = entry.actor.map_or("server".to_owned(), |id| id.to_string());
                format!("{} {actor} {}", entry.action, entry.outcome.word())
            })
            .collect();
        trail.reverse();
        trail
    }
}

#[tokio::test]
async fn a_regeneration_waits_for_a_second_person_and_is_then_done_once() {
    let at = Setting::new().await;
    let order = at
        .place(at.asking(OrderKind::Regenerate, "new server"))
        .await
        .unwrap();
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
async fn whoever_asked_does_not_approve_unless_configured() {
    let at = Setting::new().await;
    let order = at
        .place(at.asking(OrderKind::Regenerate, ""))
        .await
        .unwrap();
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
async fn one_order_about_a_certificate_is_open_at_a_time() {
    let at = Setting::new().await;
    let order = at
        .place(at.asking(OrderKind::Regenerate, ""))
        .await
        .unwrap();
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
    at.place(at.asking(OrderKind::Regenerate, ""))
        .await
        .unwrap();
}

#[tokio::test]
async fn two_orders_at_once_are_one() {
    let at = Setting::new().await;
    let placing = (0..8).map(|_| at.place(at.asking(OrderKind::Regenerate, "")));
    let outcomes = join_all(placing).await;
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
async fn of_decisions_at_once_one_holds() {
    let at = Setting::new().await;
    for _ in 0..8 {
        let order = at
            .place(at.asking(OrderKind::Regenerate, ""))
            .await
            .unwrap();
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

#[tokio::test]
async fn a_failing_implementation_ends_in_failed_with_the_reason() {
    let at = Setting::new().await;
    let asked = at.asking(OrderKind::Regenerate, "Superseded");
    let order = at.place(asked).await.unwrap();
    at.approve(&order).await.unwrap();
    // The authority is no longer valid by then.
    at.engine.at(4000 * 86_400);
    at.engine.app.implement_orders().await.unwrap();
    let order = at.now(&order).await;
    assert_eq!(order.state, OrderState::Failed);
    let outcome = order.outcome.clone().unwrap();
    assert!(outcome.contains("authority"), "{outcome}");
    assert_eq!(at.made(&order).await.state, State::Deleted(None));
    assert_eq!(at.old().await.state, State::Active);
    assert_eq!(
        at.trail(&order).await.last().map(String::as_str),
        Some("order.fail server done")
    );
}

#[tokio::test]
async fn what_was_revoked_meanwhile_is_not_regenerated() {
    let at = Setting::new().await;
    let order = at
        .place(at.asking(OrderKind::Regenerate, ""))
        .await
        .unwrap();
    at.approve(&order).await.unwrap();
    let (app, which) = (&at.engine.app, CertificateRef::Id(at.certificate.id));
    app.revoke(&at.engine.admin, &which, Reason::CaCompromise)
        .await
        .unwrap();
    app.implement_orders().await.unwrap();
    let order = at.now(&order).await;
    assert_eq!(order.state, OrderState::Failed);
    let why = Refusal::Revoked(Reason::CaCompromise).to_string();
    assert_eq!(order.outcome, Some(why));
    assert_eq!(at.made(&order).await.state, State::Deleted(None));
}

#[tokio::test]
async fn a_record_deleted_meanwhile_is_not_filled() {
    let at = Setting::new().await;
    let order = at.place(at.asking(OrderKind::Renew, "")).await.unwrap();
    let (app, which) = (&at.engine.app, CertificateRef::Id(order.made.unwrap()));
    at.approve(&order).await.unwrap();
    app.delete(&at.engine.admin, &which).await.unwrap();
    app.implement_orders().await.unwrap();
    let order = at.now(&order).await;
    assert_eq!(order.state, OrderState::Failed);
    assert_eq!(order.outcome, Some(Refusal::Deleted.to_string()));
    let record = at.made(&order).await;
    assert_eq!((record.state, record.der), (State::Deleted(None), None));
    app.purge(&at.engine.admin, &which).await.unwrap();
}

/// Otherwise the order would stay open for ever, and no other be taken about the old certificate.
#[tokio::test]
async fn an_undecided_order_ends_with_its_pending_record() {
    let at = Setting::new().await;
    let order = at.place(at.asking(OrderKind::Renew, "")).await.unwrap();
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
    at.place(at.asking(OrderKind::Renew, "")).await.unwrap();
}

/// As a crash after the claim leaves it: the next start does it, once.
#[tokio::test]
async fn what_was_begun_is_done_anew() {
    let at = Setting::new().await;
    let order = at
        .place(at.asking(OrderKind::Regenerate, ""))
        .await
        .unwrap();
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
    let item = ImportItem {
        der,
        owner: None,
        status: ImportedStatus::Active,
        private_key: None,
        name: None,
    };
    let imported = at.engine.app.import(&at.engine.admin, vec![item]).await;
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
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
    }
    let order = app.place_order(&joe, ask(&own)).await.unwrap();
    let operator = at.engine.user("op", "default", Role::Operator).await;
    for caller in [&joe, &operator] {
        for decision in [OrderDecision::Approve, OrderDecision::Reject(String::new())] {
            let refused = app.decide_order(caller, order.number, decision).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        }
    }
    let others = at
        .place(at.asking(OrderKind::Regenerate, ""))
        .await
        .unwrap();
    let refused = app.order(&joe, others.number).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
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
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
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
async fn who_waits_hears_of_the_end_and_of_no_other() {
    let at = Setting::new().await;
    let order = at
        .place(at.asking(OrderKind::Regenerate, ""))
        .await
        .unwrap();
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

#[tokio::test]
async fn a_compromised_key_is_not_certified_by_an_order_either() {
    let at = Setting::new().await;
    let order = at.place(at.asking(OrderKind::Renew, "")).await.unwrap();
    at.approve(&order).await.unwrap();
    // Another certificate with the same key is revoked because of it, after the approval.
    let twin = at
        .engine
        .app
        .renew(
            &at.engine.admin,
            &CertificateRef::Id(at.certificate.id),
            crate::RenewRequest::default(),
        )
        .await
        .unwrap();
    let twin = CertificateRef::Id(twin.certificate.id);
    at.engine
        .app
        .revoke(&at.engine.admin, &twin, Reason::KeyCompromise)
        .await
        .unwrap();
    at.engine.app.implement_orders().await.unwrap();
    let order = at.now(&order).await;
    assert_eq!(order.state, OrderState::Failed);
    assert!(order.outcome.unwrap().contains("compromised"));
}

#[tokio::test]
async fn pending_records_are_pending_to_everything_else() {
    let at = Setting::new().await;
    let order = at
        .place(at.asking(OrderKind::Regenerate, ""))
        .await
        .unwrap();
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
        app.renew(admin, &which, crate::RenewRequest::default())
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

/// Waits for all of them, in the order in which they were given.
async fn join_all<T>(futures: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = futures.map(Box::pin).collect();
    let mut done: Vec<Option<T>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, outcome) in waiting.iter_mut().zip(&mut done) {
            if outcome.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *outcome = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
