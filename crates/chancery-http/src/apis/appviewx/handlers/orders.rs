//! Deciding on work orders, and looking at what became of them.

use axum::extract::State;
use chancery_app::Error;
use chancery_core::workorder::{OrderRefusal, OrderState, WorkOrder};

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::extract::{Caller, Json, Query};
use super::super::map::order::{Step, decided, decision, log, number};
use super::super::wire::ask::Decision;
use super::super::wire::said::RequestLogs;
use crate::shared::Shared;

/// Most requests of one look.
const MOST: usize = 100;

/// Approve, implement or reject.
pub(crate) async fn update(
    State(shared): State<Shared>,
    caller: Caller,
    Json(body): Json,
) -> Result<Answer, Fault> {
    let asked = Decision::read(&body).map_err(Fault::payload)?;
    let (number, step) = decision(&asked)?;
    let before = visible(&shared, &caller, number).await?;
    let order = match &step {
        Step::Decide(decision) => {
            let decision = decision.clone();
            shared.app.decide_order(&caller.0, number, decision).await?
        }
        Step::Implement => {
            implementable(before.state)?;
            before
        }
    };
    let said = decided(&order, &step);
    let message = said.message.to_owned();
    Answer::ok(said, Some(message))
}

/// A request; whether there is one is nobody's business who may not see it.
async fn visible(shared: &Shared, caller: &Caller, number: i64) -> Result<WorkOrder, Fault> {
    let order = shared.app.order(&caller.0, number).await;
    order.map_err(|error| Fault::of(&error).instead(Kind::ReadGroup, Kind::NoRecords))
}

/// Nothing is to be done for an order that is approved: the server is at it, or has done it.
fn implementable(state: OrderState) -> Result<(), Fault> {
    let refusal = match state {
        OrderState::Approved | OrderState::Implementing | OrderState::Done => return Ok(()),
        OrderState::Requested => OrderRefusal::NotApproved,
        OrderState::Rejected | OrderState::Failed => OrderRefusal::Ended(state),
    };
    Err(Error::OrderRefused(refusal).into())
}

/// What became of requests. Those that are not there, or not the caller's to see, are left out.
pub(crate) async fn request_logs(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let ids = query.text("ids")?.ok_or(Fault::new(Kind::Missing("ids")))?;
    let mut request_list = Vec::new();
    for id in ids.split(',').take(MOST) {
        match shared.app.order(&caller.0, number(id)?).await {
            Ok(order) => request_list.push(log(&order)),
            Err(Error::NotFound(_) | Error::Forbidden(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if request_list.is_empty() {
        return Err(Fault::new(Kind::NoRecords));
    }
    Answer::ok(RequestLogs { request_list }, None)
}
