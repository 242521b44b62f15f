//! The numbers that stand for words in columns. Each pair of functions is the whole mapping of one type, both ways; a
//! number once released keeps its meaning.

use chancery_core::certificate::{Origin, State};
use chancery_core::revocation::Reason;
use chancery_core::role::Role;
use chancery_core::workorder::{OrderKind, OrderState};

use crate::audit::Outcome;
use crate::search::StatusFilter;

/// A certificate's state, and the code of the reason for which relying parties must not trust it.
pub(super) const fn state_code(state: State) -> (i64, Option<u8>) {
    let code = match state {
        State::Pending => 0,
        State::Active => 1,
        State::OnHold => 2,
        State::Revoked(_) => 3,
        State::Deleted(_) => 4,
        State::Purged(_) => 5,
    };
    let reason = match state.revocation() {
        Some(reason) => Some(reason.code()),
        None => None,
    };
    (code, reason)
}

/// The state with those numbers.
pub(super) fn state_of(code: i64, reason: Option<u8>) -> Option<State> {
    let reason = match reason {
        Some(code) => Some(Reason::from_code(code)?),
        None => None,
    };
    match (code, reason) {
        (0, None) => Some(State::Pending),
        (1, None) => Some(State::Active),
        (2, Some(Reason::CertificateHold)) => Some(State::OnHold),
        (3, Some(reason)) => Some(State::Revoked(reason)),
        (4, reason) => Some(State::Deleted(reason)),
        (5, reason) => Some(State::Purged(reason)),
        _ => None,
    }
}

/// The numbers of the states among which certificates of a standing are found.
pub(super) const fn listed_states(status: Option<StatusFilter>) -> &'static [i64] {
    match status {
        None => &[0, 1, 2, 3],
        Some(StatusFilter::Pending) => &[0],
        Some(StatusFilter::Active) => &[1],
        Some(StatusFilter::OnHold) => &[2],
        Some(StatusFilter::Revoked) => &[3],
        Some(StatusFilter::Expired) => &[1, 2],
        Some(StatusFilter::Deleted) => &[4],
        Some(StatusFilter::Purged) => &[5],
        Some(StatusFilter::Signed) => &[1, 2, 3],
        Some(StatusFilter::Any) => &[0, 1, 2, 3, 4, 5],
    }
}

/// Must a certificate of a standing have expired, or must it not? None if it does not matter.
pub(super) const fn wanted_expiry(status: Option<StatusFilter>) -> Option<bool> {
    match status {
        Some(StatusFilter::Active | StatusFilter::OnHold) => Some(false),
        Some(StatusFilter::Expired) => Some(true),
        None
        | Some(
            StatusFilter::Pending
            | StatusFilter::Revoked
            | StatusFilter::Deleted
            | StatusFilter::Purged
            | StatusFilter::Signed
            | StatusFilter::Any,
        ) => None,
    }
}

/// Where a certificate comes from.
pub(super) const fn origin_code(origin: Origin) -> i64 {
    match origin {
        Origin::Issued => 1,
        Origin::SelfSigned => 2,
        Origin::Imported => 3,
    }
}

/// The origin with that number.
pub(super) const fn origin_of(code: i64) -> Option<Origin> {
    match code {
        1 => Some(Origin::Issued),
        2 => Some(Origin::SelfSigned),
        3 => Some(Origin::Imported),
        _ => None,
    }
}

/// What a work order is to do, and the code of the reason for which it revokes.
pub(super) const fn order_kind_code(kind: OrderKind) -> (i64, Option<u8>) {
    match kind {
        OrderKind::Renew => (1, None),
        OrderKind::Regenerate => (2, None),
        OrderKind::Reissue => (3, None),
        OrderKind::Create => (4, None),
        OrderKind::Revoke(reason) => (5, Some(reason.code())),
        OrderKind::Suspend => (6, None),
        OrderKind::Reinstate => (7, None),
    }
}

/// The kind with those numbers.
pub(super) fn order_kind_of(code: i64, reason: Option<u8>) -> Option<OrderKind> {
    match (code, reason) {
        (1, None) => Some(OrderKind::Renew),
        (2, None) => Some(OrderKind::Regenerate),
        (3, None) => Some(OrderKind::Reissue),
        (4, None) => Some(OrderKind::Create),
        (5, Some(code)) => Reason::from_code(code).map(OrderKind::Revoke),
        (6, None) => Some(OrderKind::Suspend),
        (7, None) => Some(OrderKind::Reinstate),
        _ => None,
    }
}

/// How far a work order is.
pub(super) const fn order_state_code(state: OrderState) -> i64 {
    match state {
        OrderState::Requested => 0,
        OrderState::Approved => 1,
        OrderState::Implementing => 2,
        OrderState::Done => 3,
        OrderState::Rejected => 4,
        OrderState::Failed => 5,
    }
}

/// The state with that number.
pub(super) fn order_state_of(code: i64) -> Option<OrderState> {
    OrderState::ALL
        .into_iter()
        .find(|state| order_state_code(*state) == code)
}

/// Whether something was done.
pub(super) const fn outcome_code(outcome: Outcome) -> i64 {
    match outcome {
        Outcome::Done => 1,
        Outcome::Refused => 2,
    }
}

/// The outcome with that number.
pub(super) const fn outcome_of(code: i64) -> Option<Outcome> {
    match code {
        1 => Some(Outcome::Done),
        2 => Some(Outcome::Refused),
        _ => None,
    }
}

/// A set of roles, one bit each.
pub(super) fn roles_code(roles: &[Role]) -> i64 {
    roles.iter().fold(0, |set, role| set | role_bit(*role))
}

/// The roles of that set, sorted; none if a bit is unknown.
pub(super) fn roles_of(set: i64) -> Option<Vec<Role>> {
    let roles: Vec<Role> = Role::ALL
        .into_iter()
        .filter(|role| set & role_bit(*role) != 0)
        .collect();
    (roles_code(&roles) == set).then_some(roles)
}

const fn role_bit(role: Role) -> i64 {
    match role {
        Role::Administrator => 1,
        Role::Operator => 1 << 1,
        Role::Approver => 1 << 2,
        Role::Auditor => 1 << 3,
        Role::DomainAdministrator => 1 << 4,
        Role::SelfService => 1 << 5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_reads_back() {
        let mut states = vec![
            State::Pending,
            State::Active,
            State::OnHold,
            State::Deleted(None),
            State::Purged(None),
        ];
        for reason in Reason::ALL {
            states.extend([
                State::Revoked(reason),
                State::Deleted(Some(reason)),
                State::Purged(Some(reason)),
            ]);
        }
        for state in states {
            let (code, reason) = state_code(state);
            assert_eq!(state_of(code, reason), Some(state));
        }
        for (code, reason) in [
            (0, Some(1)),
            (1, Some(1)),
            (2, None),
            (2, Some(1)),
            (3, None),
            (3, Some(7)),
            (6, None),
        ] {
            assert_eq!(state_of(code, reason), None, "{code} {reason:?}");
        }
    }

    #[test]
    fn every_origin_and_outcome_reads_back() {
        for origin in [Origin::Issued, Origin::SelfSigned, Origin::Imported] {
            assert_eq!(origin_of(origin_code(origin)), Some(origin));
        }
        for outcome in [Outcome::Done, Outcome::Refused] {
            assert_eq!(outcome_of(outcome_code(outcome)), Some(outcome));
        }
        assert_eq!(origin_of(0), None);
        assert_eq!(outcome_of(0), None);
    }

    #[test]
    fn every_kind_and_state_of_an_order_reads_back() {
        let mut kinds = vec![
            OrderKind::Renew,
            OrderKind::Regenerate,
            OrderKind::Reissue,
            OrderKind::Create,
            OrderKind::Suspend,
            OrderKind::Reinstate,
        ];
        kinds.extend(Reason::ALL.map(OrderKind::Revoke));
        for kind in kinds {
            let (code, reason) = order_kind_code(kind);
            assert_eq!(order_kind_of(code, reason), Some(kind));
        }
        for state in OrderState::ALL {
            assert_eq!(order_state_of(order_state_code(state)), Some(state));
        }
        for (code, reason) in [(0, None), (1, Some(1)), (5, None), (5, Some(7)), (8, None)] {
            assert_eq!(order_kind_of(code, reason), None, "{code} {reason:?}");
        }
        assert_eq!(order_state_of(6), None);
    }

    #[test]
    fn every_set_of_roles_reads_back() {
        for set in 0..64 {
            assert_eq!(roles_code(&roles_of(set).unwrap()), set);
        }
        assert_eq!(roles_of(64), None);
        assert_eq!(roles_of(-1), None);
    }
}
