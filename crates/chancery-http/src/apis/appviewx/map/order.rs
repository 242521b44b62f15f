//! Decisions on work orders, and what the log of a request tells of them.

use chancery_app::OrderDecision;
use chancery_core::time::Time;
use chancery_core::workorder::{OrderKind, OrderState, WorkOrder};

use super::super::errors::{Fault, Kind};
use super::super::wire::ask::Decision;
use super::super::wire::said::{Decided, RequestLog, Task, TaskLog};
use super::resource;

/// What `task_action` and `task_id` ask for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Approve or reject.
    Decide(OrderDecision),
    /// Implement: the server does that by itself, as soon as an order is approved.
    Implement,
}

/// Which order, and what shall become of it. 1 approves, or implements if the task is called so; 2 rejects.
pub(crate) fn decision(asked: &Decision) -> Result<(i64, Step), Fault> {
    let request_id = asked.request_id.as_deref();
    let request_id = request_id.ok_or(Fault::new(Kind::Missing("request_id")))?;
    let action = asked.task_action.as_deref();
    let step = match action.ok_or(Fault::new(Kind::Missing("task_action")))? {
        "1" if implements(asked.task_id.as_deref()) => Step::Implement,
        "1" => Step::Decide(OrderDecision::Approve),
        "2" => Step::Decide(OrderDecision::Reject(
            asked.comments.clone().unwrap_or_default(),
        )),
        other => {
            return Err(Fault::invalid(format!(
                "task_action: {other:?} is neither 1 (approve, implement) nor 2 (reject)"
            )));
        }
    };
    Ok((number(request_id)?, step))
}

/// A request's number, perhaps with the R that some places print before it. What is no number is no request of ours.
pub(crate) fn number(text: &str) -> Result<i64, Fault> {
    let text = text.trim();
    let digits = text.strip_prefix(['R', 'r']).unwrap_or(text);
    digits.parse().map_err(|_| Fault::new(Kind::NoRecords))
}

fn implements(task: Option<&str>) -> bool {
    task.is_some_and(|task| task.to_ascii_lowercase().contains("implement"))
}

/// What is answered to a decision.
pub(crate) fn decided(order: &WorkOrder, step: &Step) -> Decided {
    Decided {
        request_id: order.number.to_string(),
        status: "Success",
        message: match step {
            Step::Decide(OrderDecision::Approve) => "Request has been approved successfully",
            Step::Decide(OrderDecision::Reject(_)) => "Request has been rejected successfully",
            Step::Implement => "Request has been implemented successfully",
        },
    }
}

/// How far an order is: the word and the number of a request's status.
const fn standing(state: OrderState) -> (&'static str, u8) {
    match state {
        OrderState::Requested | OrderState::Approved | OrderState::Implementing => {
            ("In Progress", 0)
        }
        OrderState::Done => ("Success", 1),
        OrderState::Failed => ("Failed", 2),
        OrderState::Rejected => ("Failed", 3),
    }
}

/// The name of what an order does.
const fn workflow(kind: OrderKind) -> (&'static str, &'static str) {
    match kind {
        OrderKind::Create => ("Create Certificate", "Trigger Certificate Creation"),
        OrderKind::Renew => ("Renew Certificate", "Trigger Certificate Renewal"),
        OrderKind::Regenerate => ("Regenerate Certificate", "Trigger Certificate Regeneration"),
        OrderKind::Reissue => ("Reissue Certificate", "Trigger Certificate Reissue"),
        OrderKind::Revoke(_) => ("Revoke Certificate", "Trigger Certificate Revocation"),
        OrderKind::Suspend => ("Suspend Certificate", "Trigger Certificate Suspension"),
        OrderKind::Reinstate => ("Reinstate Certificate", "Trigger Certificate Reinstatement"),
    }
}

/// What the log tells of an order: who asked, who decided, how it ended.
pub(crate) fn log(order: &WorkOrder) -> RequestLog {
    let (status, status_code) = standing(order.state);
    let (name, trigger) = workflow(order.kind);
    let asked_by = order.asked_by.to_string();
    let asked = format!("\"resourceId\": \"{}\"", resource(order));
    let mut tasks = vec![task(
        trigger,
        "Success",
        1,
        &asked_by,
        asked,
        order.asked_at,
    )];
    let decider = order.decided_by.as_ref();
    match (decider, order.decided_at, order.state) {
        (Some(who), Some(at), OrderState::Rejected) => {
            let why = order.outcome.clone().unwrap_or_default();
            tasks.push(task("Review", "Failed", 3, who.as_str(), why, at));
        }
        (Some(who), Some(at), _) => {
            let words = "Approved".to_owned();
            tasks.push(task("Review", "Success", 1, who.as_str(), words, at));
        }
        (None, ..) | (Some(_), None, _) => {}
    }
    if let (Some(at), OrderState::Done | OrderState::Failed) = (order.ended_at, order.state) {
        let words = order.outcome.clone().unwrap_or_else(|| "Done".to_owned());
        tasks.push(task("Implement", status, status_code, "system", words, at));
    }
    RequestLog {
        request_id: order.number.to_string(),
        workflow_name: name,
        workflow_version: "1",
        message: order.outcome.clone().unwrap_or_default(),
        status,
        status_code,
        request_type: order.kind.word(),
        created_by: asked_by,
        created_time: milliseconds(order.asked_at),
        tool_tip: order.reason.clone(),
        tasks,
    }
}

fn task(
    task_name: &'static str,
    task_status: &'static str,
    state: u8,
    user: &str,
    message: String,
    at: Time,
) -> Task {
    Task {
        task_name,
        task_status,
        state,
        logs: vec![TaskLog {
            user: user.to_owned(),
            message,
            time: milliseconds(at),
        }],
    }
}

/// Milliseconds since 1970.
pub(crate) const fn milliseconds(time: Time) -> i64 {
    time.unix().saturating_mul(1000)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(body: &Value) -> Result<(i64, Step), Fault> {
        decision(&Decision::read(body).unwrap())
    }

    #[test]
    fn decisions_are_read() {
        let approve = Step::Decide(OrderDecision::Approve);
        let reject = |why: &str| Step::Decide(OrderDecision::Reject(why.to_owned()));
        for (data, task, want) in [
            (json!({"task_action": 1}), "review_1", approve.clone()),
            (json!({"task_action": "1"}), "", approve),
            (json!({"task_action": 1}), "Implement_1", Step::Implement),
            (json!({"task_action": 2}), "review_1", reject("")),
            (
                json!({"task_action": 2, "comments": "no"}),
                "implement_1",
                reject("no"),
            ),
        ] {
            let header = json!({"request_id": "R237", "workorder_id": "0", "task_id": task});
            assert_eq!(
                read(&json!({"data": data, "header": header})),
                Ok((237, want))
            );
        }
        let header = json!({"request_id": 237});
        for action in [
            json!(0),
            json!(3),
            json!(-1),
            json!(1.5),
            json!("x"),
            json!(18_446_744_073_709_551_615_u64),
        ] {
            let refused = read(&json!({"data": {"task_action": action}, "header": header}));
            assert_eq!(
                refused.map_err(|fault| fault.kind),
                Err(Kind::Invalid),
                "{action}"
            );
        }
        let kind = |body: &Value| read(body).map_err(|fault| fault.kind);
        assert_eq!(
            kind(&json!({"data": {"task_action": 1}})),
            Err(Kind::Missing("request_id"))
        );
        assert_eq!(
            kind(&json!({"header": header})),
            Err(Kind::Missing("task_action"))
        );
        for id in ["x", "", "R", "99999999999999999999"] {
            let header = json!({"request_id": id});
            assert_eq!(
                kind(&json!({"data": {"task_action": 1}, "header": header})),
                Err(Kind::NoRecords),
                "{id}"
            );
        }
    }
}
