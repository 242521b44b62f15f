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
use crate::testing::{Engine, START, foreign, kind};
use crate::{
    AuditFilter, Caller, Error, ImportItem, IssueBy, IssueRequest, KeySource, RenewRequest,
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

    /// An order that is taken.
    async fn asked(&self, kind: OrderKind, reason: &str) -> WorkOrder {
        self.place(self.asking(kind, reason)).await.unwrap()
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

mod deciding;
mod doing;
mod failing;
mod placing;
