//! Work orders between this API's words and the core's. Pure.

use chancery_app::{CertificateRef, OrderFilter, OrderRequest};
use chancery_core::identity::CertificateId;
use chancery_core::revocation::Reason;
use chancery_core::workorder::{OrderKind, OrderState, WorkOrder};

use super::request_der;
use crate::apis::native::errors::Fault;
use crate::apis::native::wire;
use crate::kit::time::rfc3339;

/// The word for every state that is open.
const OPEN: &str = "open";

/// A work order.
pub(in crate::apis::native) fn order(order: &WorkOrder) -> wire::Order {
    wire::Order {
        number: order.number,
        kind: order.kind.word(),
        revocation: revocation(order.kind).map(Reason::word),
        state: order.state.word(),
        certificate: order.certificate.map(|id| id.to_string()),
        made: order.made.map(|id| id.to_string()),
        reason: order.reason.clone(),
        asked_by: order.asked_by.to_string(),
        domain: order.domain.to_string(),
        asked: rfc3339(order.asked_at),
        decided_by: order.decided_by.as_ref().map(ToString::to_string),
        decided: order.decided_at.map(rfc3339),
        ended: order.ended_at.map(rfc3339),
        outcome: order.outcome.clone(),
    }
}

const fn revocation(kind: OrderKind) -> Option<Reason> {
    match kind {
        OrderKind::Revoke(reason) => Some(reason),
        OrderKind::Renew
        | OrderKind::Regenerate
        | OrderKind::Reissue
        | OrderKind::Create
        | OrderKind::Suspend
        | OrderKind::Reinstate => None,
    }
}

/// A request to regenerate a certificate.
pub(in crate::apis::native) fn regenerate(
    certificate: CertificateRef,
    body: wire::Regenerate,
) -> Result<OrderRequest, Fault> {
    Ok(OrderRequest {
        csr: body.csr.map(|text| request_der(&text)).transpose()?,
        days: body.days,
        auto_approve: body.auto_approve,
        ..OrderRequest::about(OrderKind::Regenerate, certificate, body.reason)
    })
}

/// A listing's filter.
pub(in crate::apis::native) fn order_filter(
    query: &wire::OrderQuery,
) -> Result<OrderFilter, Fault> {
    let certificate = |text: &String| {
        CertificateId::parse(text)
            .map_err(|_| Fault::invalid("certificate: give its id of 24 hexadecimal digits"))
    };
    Ok(OrderFilter {
        certificate: query.certificate.as_ref().map(certificate).transpose()?,
        states: states(query.state.as_deref())?,
        before: query.before,
    })
}

fn states(word: Option<&str>) -> Result<Vec<OrderState>, Fault> {
    let Some(word) = word else {
        return Ok(Vec::new());
    };
    let mut states = OrderState::ALL.to_vec();
    states.retain(|state| state.word() == word || (word == OPEN && state.is_open()));
    if states.is_empty() {
        let words = OrderState::ALL.map(OrderState::word);
        return Err(Fault::invalid(format!(
            "state: take one of {OPEN}, {}",
            words.join(", ")
        )));
    }
    Ok(states)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read() {
        use OrderState::{Approved, Implementing, Rejected, Requested};
        for (word, want) in [
            (None, &[][..]),
            (Some("open"), &[Requested, Approved, Implementing]),
            (Some("rejected"), &[Rejected]),
        ] {
            assert_eq!(states(word).unwrap(), want, "{word:?}");
        }
        for word in ["", "Open", "pending"] {
            assert!(states(Some(word)).is_err(), "{word}");
        }
    }
}
