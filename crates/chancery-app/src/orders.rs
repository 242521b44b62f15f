//! Work orders: asking for something to be done with a certificate, deciding on what others asked, and looking at it.
//! The doing is [`crate::jobs`]'s.

mod place;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chancery_core::certificate::{Action, Certificate, State};
use chancery_core::identity::CertificateId;
use chancery_core::role::Right;
use chancery_core::workorder::{OrderAction, OrderKind, OrderRefusal, OrderState, WorkOrder};
use tokio::sync::{Notify, broadcast};

use crate::audit::{NewAuditEntry, Outcome};
use crate::issue::IssueRequest;
use crate::search::CertificateRef;
use crate::store::orders::{OrderStep, StoredOrder};
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::{App, Caller, Error};

pub(crate) use place::movement_of;

/// What is asked to be done.
#[derive(Debug)]
pub struct OrderRequest {
    /// What.
    pub kind: OrderKind,
    /// The certificate that it is about; none to create one.
    pub certificate: Option<CertificateRef>,
    /// A PKCS#10 request, DER, whose key a renewed, regenerated or reissued certificate is to have.
    pub csr: Option<Vec<u8>>,
    /// What to create.
    pub issue: Option<IssueRequest>,
    /// Days of validity; the profile's default if left out. What is created says it in `issue`.
    pub days: Option<u32>,
    /// Why, in the words of who asks.
    pub reason: String,
    /// Is it to be done at once, without anybody's approval?
    pub auto_approve: bool,
}

/// What somebody decides.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OrderDecision {
    /// It shall be done.
    Approve,
    /// It shall not, for that reason.
    Reject(String),
}

/// Which work orders to list. All conditions hold together.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct OrderFilter {
    /// Only those about this certificate, or that make it.
    pub certificate: Option<CertificateId>,
    /// Only those in one of these states; any if empty.
    pub states: Vec<OrderState>,
    /// Only those with a smaller number: the last one of the page before.
    pub before: Option<i64>,
}

/// Most work orders of one page. One more is given, so that whoever pages can tell whether there is another page.
pub const LARGEST_ORDER_PAGE: usize = 1000;

/// Longest reason of an order or a rejection, in octets.
const LONGEST_REASON: usize = 1024;
/// Ended orders that a waiting caller may fall behind before it looks into the database again.
const ENDED_KEPT: usize = 256;

/// Who waits for whom: the job for orders to do, callers for orders to end.
pub(crate) struct Desk {
    /// Something was approved.
    pub(crate) approved: Notify,
    /// The numbers of orders as they end.
    ended: broadcast::Sender<i64>,
}

impl Default for Desk {
    fn default() -> Desk {
        Desk {
            approved: Notify::new(),
            ended: broadcast::Sender::new(ENDED_KEPT),
        }
    }
}

impl Desk {
    /// Tells those who wait that an order has ended.
    pub(crate) fn ended(&self, number: i64) {
        // It fails when nobody listens.
        let _ = self.ended.send(number);
    }
}

impl OrderRequest {
    /// An order of that kind about a certificate, to be approved by somebody else.
    pub fn about(kind: OrderKind, certificate: CertificateRef, reason: String) -> OrderRequest {
        OrderRequest {
            kind,
            certificate: Some(certificate),
            csr: None,
            issue: None,
            days: None,
            reason,
            auto_approve: false,
        }
    }
}

impl App {
    /// Decides on a work order; needs the right to approve for the certificate's owner. Of decisions at the same moment
    /// exactly one holds. An approved order is done soon: see [`App::wait_for_order`].
    ///
    /// # Errors
    /// [`Error::OrderRefused`] if it was decided or has ended already, or if the caller asked for it itself and
    /// `orders.self_approval` is off.
    pub async fn decide_order(
        &self,
        caller: &Caller,
        number: i64,
        decision: OrderDecision,
    ) -> Result<WorkOrder, Error> {
        let action = match decision {
            OrderDecision::Approve => "order.approve",
            OrderDecision::Reject(_) => "order.reject",
        };
        if let OrderDecision::Reject(reason) = &decision {
            checked_reason(reason)?;
        }
        for _ in 0..ATTEMPTS {
            let (stored, certificate) = self.stored_order(number).await?;
            self.require_for(caller, Right::Approve, action, &certificate)
                .await?;
            let steps = match &decision {
                OrderDecision::Approve => self.approval(caller, &stored.order, action).await?,
                OrderDecision::Reject(why) => self.rejection(caller, &stored.order, why).await?,
            };
            match self.store().commit(steps).await {
                Ok(_) => {
                    match &decision {
                        OrderDecision::Approve => self.0.orders.approved.notify_one(),
                        OrderDecision::Reject(_) => self.0.orders.ended(number),
                    }
                    return Ok(self.stored_order(number).await?.0.order);
                }
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// One work order; needs the right to read the certificate that it is about, unless the caller asked for it.
    pub async fn order(&self, caller: &Caller, number: i64) -> Result<WorkOrder, Error> {
        let (stored, certificate) = self.stored_order(number).await?;
        if stored.order.asked_by != caller.user.id {
            self.require_for(caller, Right::ReadCertificates, "order.read", &certificate)
                .await?;
        }
        Ok(stored.order)
    }

    /// A page of work orders, newest first, at most `limit` (and [`LARGEST_ORDER_PAGE`]). A caller whose right does not
    /// reach everywhere gets those about certificates that it reaches.
    pub async fn orders(
        &self,
        caller: &Caller,
        filter: OrderFilter,
        limit: usize,
    ) -> Result<Vec<WorkOrder>, Error> {
        let (owner, domain) = self.certificates_in_reach(caller, "order.list").await?;
        let limit = limit.clamp(1, LARGEST_ORDER_PAGE + 1);
        Ok(self.store().orders(filter, owner, domain, limit).await?)
    }

    /// A work order once it has ended, or as it is after `at_most`; rights are those of [`App::order`]. Looks into the
    /// database at the beginning and at the end alone.
    pub async fn wait_for_order(
        &self,
        caller: &Caller,
        number: i64,
        at_most: Duration,
    ) -> Result<WorkOrder, Error> {
        // Listens before it looks, so that no end comes in between.
        let mut ended = self.0.orders.ended.subscribe();
        let order = self.order(caller, number).await?;
        if !order.state.is_open() {
            return Ok(order);
        }
        let this_one = async {
            loop {
                match ended.recv().await {
                    Ok(other) if other != number => {}
                    // The sender lives as long as the engine; who fell behind looks again.
                    Ok(_) | Err(broadcast::error::RecvError::Closed) => return,
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        let open = self.store().order(number).await;
                        if !matches!(open, Ok(Some(stored)) if stored.order.state.is_open()) {
                            return;
                        }
                    }
                }
            }
        };
        // Whether it ended or the time is over: what it is now is the answer.
        let _ = tokio::time::timeout(at_most, this_one).await;
        self.order(caller, number).await
    }

    /// An order with the certificate that says to whom it belongs: the one that it is about, else the one that it makes.
    pub(crate) async fn stored_order(
        &self,
        number: i64,
    ) -> Result<(StoredOrder, Certificate), Error> {
        let stored = self
            .store()
            .order(number)
            .await?
            .ok_or(Error::NotFound("work order"))?;
        let id = stored.order.certificate.or(stored.order.made);
        let id = id.ok_or_else(|| Error::internal("a work order is about no certificate"))?;
        let certificate = self.find(&CertificateRef::Id(id)).await?;
        Ok((stored, certificate))
    }

    async fn approval(
        &self,
        caller: &Caller,
        order: &WorkOrder,
        action: &'static str,
    ) -> Result<Vec<Step>, Error> {
        let self_approval = self.0.config.orders.self_approval;
        let to = match order.may_be_approved_by(&caller.user.id, self_approval) {
            Ok(to) => to,
            Err(refusal) => {
                if refusal == OrderRefusal::SelfApproval {
                    let entry = NewAuditEntry {
                        outcome: Outcome::Refused,
                        ..self.order_entry(Some(caller), order, action)
                    };
                    self.store().commit(vec![Step::Audit(entry)]).await?;
                }
                return Err(Error::OrderRefused(refusal));
            }
        };
        Ok(vec![
            self.order_step(order, to, Some(caller), None),
            Step::Audit(self.order_entry(Some(caller), order, action)),
        ])
    }

    async fn rejection(
        &self,
        caller: &Caller,
        order: &WorkOrder,
        why: &str,
    ) -> Result<Vec<Step>, Error> {
        let rejected = self.rejected(caller, order, why)?;
        let mut steps = self.without_record(Some(caller), order).await?;
        steps.extend(rejected);
        Ok(steps)
    }

    /// The steps that reject an order, and leave its pending record.
    pub(crate) fn rejected(
        &self,
        caller: &Caller,
        order: &WorkOrder,
        why: &str,
    ) -> Result<[Step; 2], Error> {
        let to = order
            .state
            .after(OrderAction::Reject)
            .map_err(Error::OrderRefused)?;
        Ok([
            self.order_step(order, to, Some(caller), Some(why.to_owned())),
            Step::Audit(self.order_entry(Some(caller), order, "order.reject")),
        ])
    }

    /// The order that is to make this pending record, if it still waits for a decision. The server does one that is
    /// approved at once, and finds out itself when the record is gone.
    pub(crate) async fn undecided_order(
        &self,
        record: &Certificate,
    ) -> Result<Option<WorkOrder>, Error> {
        if record.state != State::Pending {
            return Ok(None);
        }
        let Some(number) = self.store().open_order(record.number).await? else {
            return Ok(None);
        };
        let order = self.stored_order(number).await?.0.order;
        Ok((order.state == OrderState::Requested).then_some(order))
    }

    /// The steps that take an order's pending record away; none if it makes none, or if that is gone already.
    pub(crate) async fn without_record(
        &self,
        caller: Option<&Caller>,
        order: &WorkOrder,
    ) -> Result<Vec<Step>, Error> {
        let Some(id) = order.made else {
            return Ok(Vec::new());
        };
        let record = self.find(&CertificateRef::Id(id)).await?;
        match record
            .state
            .after(Action::Activate, record.circumstances(self.now()))
        {
            Ok(_) => Ok(self.movement(caller, &record, Action::Delete)?.1),
            // No longer pending.
            Err(_) => Ok(Vec::new()),
        }
    }

    /// The step that moves an order, decided by `caller` if there is one.
    pub(crate) fn order_step(
        &self,
        order: &WorkOrder,
        to: OrderState,
        caller: Option<&Caller>,
        outcome: Option<String>,
    ) -> Step {
        Step::Order(OrderStep::Move {
            order: order.number,
            from: order.state,
            to,
            by: caller.map(|caller| caller.user.id.clone()),
            at: self.now(),
            outcome,
        })
    }

    /// An entry of the audit trail about an order and its certificate.
    pub(crate) fn order_entry(
        &self,
        caller: Option<&Caller>,
        order: &WorkOrder,
        action: &'static str,
    ) -> NewAuditEntry {
        NewAuditEntry {
            certificate: order.certificate.or(order.made),
            object: Some(order.number.to_string()),
            detail: format!("{{\"v\":1,\"kind\":\"{}\"}}", order.kind.word()),
            ..self.audit_entry(caller, action)
        }
    }
}

/// A reason that is short enough to keep.
fn checked_reason(reason: &str) -> Result<(), Error> {
    if reason.len() <= LONGEST_REASON {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "a reason has at most {LONGEST_REASON} octets"
    )))
}
