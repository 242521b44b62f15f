//! Work orders: something asked to be done with a certificate, perhaps approved by a second person, and then done once.
//!
//! The states, every move between them, and who may make one. Pure: it knows no store, no clock and no API.

use std::fmt;

use crate::identity::{CertificateId, DomainId, UserId};
use crate::revocation::Reason;
use crate::time::Time;

/// How far a work order is. The first three are open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum OrderState {
    /// Waits for somebody's decision.
    Requested,
    /// Waits to be done.
    Approved,
    /// Is being done, or was when the process ended: then it is done anew.
    Implementing,
    /// Done.
    Done,
    /// Somebody decided against it.
    Rejected,
    /// It could not be done.
    Failed,
}

/// Something that happens to a work order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderAction {
    /// Somebody decides for it.
    Approve,
    /// The server takes it in hand.
    Claim,
    /// It is done.
    Finish,
    /// Somebody decides against it.
    Reject,
    /// It cannot be done.
    Fail,
}

/// Why an action cannot happen to a work order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderRefusal {
    /// Nobody has approved it yet.
    NotApproved,
    /// It was approved before.
    AlreadyApproved,
    /// It is approved, but nothing has begun on it yet.
    NotBegun,
    /// It has ended so.
    Ended(OrderState),
    /// Whoever asked for it is not the one to approve it.
    SelfApproval,
}

/// What a work order is to do.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum OrderKind {
    /// A new certificate for the same key, or for that of a CSR.
    Renew,
    /// A new certificate for a new key.
    Regenerate,
    /// A new certificate for a new key, by the name that some products give it.
    Reissue,
    /// A certificate that replaces none.
    Create,
    /// Revoke for good.
    Revoke(Reason),
    /// Revoke for now.
    Suspend,
    /// Take off hold.
    Reinstate,
}

/// What becomes of the old certificate once a new one for a new key stands in its place.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub enum AfterRegenerate {
    /// Revoked if the order's reason says that it was superseded or that its key is compromised; else left.
    #[default]
    RevokeWhenSuperseded,
    /// Left as it is.
    Keep,
    /// Revoked, superseded unless the order's reason says that its key is compromised.
    Revoke,
}

/// A work order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkOrder {
    /// Its number: 1 and up, in the order of asking.
    pub number: i64,
    /// What it is to do.
    pub kind: OrderKind,
    /// How far it is.
    pub state: OrderState,
    /// The certificate that it is about; none for [`OrderKind::Create`].
    pub certificate: Option<CertificateId>,
    /// The certificate that it makes: pending at once, filled when the order is done, deleted if it is not.
    pub made: Option<CertificateId>,
    /// Why it was asked for, in the words of who asked; may be empty.
    pub reason: String,
    /// Who asked.
    pub asked_by: UserId,
    /// The domain of the certificate.
    pub domain: DomainId,
    /// When it was asked for.
    pub asked_at: Time,
    /// Who approved or rejected it; none while nobody did, and where the configuration alone approved.
    pub decided_by: Option<UserId>,
    /// When it was approved or rejected.
    pub decided_at: Option<Time>,
    /// When it was done, rejected or given up.
    pub ended_at: Option<Time>,
    /// Why it was rejected or could not be done.
    pub outcome: Option<String>,
}

impl OrderState {
    /// Every state.
    pub const ALL: [OrderState; 6] = [
        OrderState::Requested,
        OrderState::Approved,
        OrderState::Implementing,
        OrderState::Done,
        OrderState::Rejected,
        OrderState::Failed,
    ];

    /// The state after `action`, or why it cannot be: the whole table. Claiming what is being done already is how a
    /// restarted server takes it in hand again.
    pub fn after(self, action: OrderAction) -> Result<OrderState, OrderRefusal> {
        match (self, action) {
            (OrderState::Requested, OrderAction::Approve) => Ok(OrderState::Approved),
            (OrderState::Requested, OrderAction::Reject) => Ok(OrderState::Rejected),
            (
                OrderState::Requested,
                OrderAction::Claim | OrderAction::Finish | OrderAction::Fail,
            ) => Err(OrderRefusal::NotApproved),

            (OrderState::Approved | OrderState::Implementing, OrderAction::Claim) => {
                Ok(OrderState::Implementing)
            }
            (
                OrderState::Approved | OrderState::Implementing,
                OrderAction::Approve | OrderAction::Reject,
            ) => Err(OrderRefusal::AlreadyApproved),
            (OrderState::Approved, OrderAction::Finish | OrderAction::Fail) => {
                Err(OrderRefusal::NotBegun)
            }

            (OrderState::Implementing, OrderAction::Finish) => Ok(OrderState::Done),
            (OrderState::Implementing, OrderAction::Fail) => Ok(OrderState::Failed),

            (
                ended @ (OrderState::Done | OrderState::Rejected | OrderState::Failed),
                OrderAction::Approve
                | OrderAction::Claim
                | OrderAction::Finish
                | OrderAction::Reject
                | OrderAction::Fail,
            ) => Err(OrderRefusal::Ended(ended)),
        }
    }

    /// Is there still something to come? At most one order about a certificate is open.
    pub const fn is_open(self) -> bool {
        match self {
            OrderState::Requested | OrderState::Approved | OrderState::Implementing => true,
            OrderState::Done | OrderState::Rejected | OrderState::Failed => false,
        }
    }

    /// The word of command line and native API.
    pub const fn word(self) -> &'static str {
        match self {
            OrderState::Requested => "requested",
            OrderState::Approved => "approved",
            OrderState::Implementing => "implementing",
            OrderState::Done => "done",
            OrderState::Rejected => "rejected",
            OrderState::Failed => "failed",
        }
    }

    /// The state with that word.
    pub fn parse(word: &str) -> Option<OrderState> {
        OrderState::ALL
            .into_iter()
            .find(|state| state.word() == word)
    }
}

impl OrderKind {
    /// The word of command line and native API.
    pub const fn word(self) -> &'static str {
        match self {
            OrderKind::Renew => "renew",
            OrderKind::Regenerate => "regenerate",
            OrderKind::Reissue => "reissue",
            OrderKind::Create => "create",
            OrderKind::Revoke(_) => "revoke",
            OrderKind::Suspend => "suspend",
            OrderKind::Reinstate => "reinstate",
        }
    }

    /// Does it end in a certificate that was not there before?
    pub const fn makes_a_certificate(self) -> bool {
        match self {
            OrderKind::Renew | OrderKind::Regenerate | OrderKind::Reissue | OrderKind::Create => {
                true
            }
            OrderKind::Revoke(_) | OrderKind::Suspend | OrderKind::Reinstate => false,
        }
    }
}

impl WorkOrder {
    /// May `user` approve it? Its state must let it be approved, and whoever asked for it may not, unless
    /// `self_approval` is configured.
    pub fn may_be_approved_by(
        &self,
        user: &UserId,
        self_approval: bool,
    ) -> Result<OrderState, OrderRefusal> {
        let approved = self.state.after(OrderAction::Approve)?;
        if *user == self.asked_by && !self_approval {
            return Err(OrderRefusal::SelfApproval);
        }
        Ok(approved)
    }
}

impl AfterRegenerate {
    /// For what the old certificate is revoked once the new one is there, given what the order's reason says; none: it is
    /// left as it is.
    pub fn revocation(self, reason: &str) -> Option<Reason> {
        let said = said_in(reason);
        match self {
            AfterRegenerate::RevokeWhenSuperseded => said,
            AfterRegenerate::Keep => None,
            AfterRegenerate::Revoke => Some(said.unwrap_or(Reason::Superseded)),
        }
    }
}

/// Does free text say that a certificate was superseded, or that its key is compromised? Any form of the words, in any
/// case: `Superseded`, `supersede`, `Key compromised`, `keyCompromise`, `KEY_COMPROMISE`.
fn said_in(text: &str) -> Option<Reason> {
    let letters: String = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_lowercase())
        .collect();
    if letters.contains("keycompromis") || letters.contains("compromisedkey") {
        return Some(Reason::KeyCompromise);
    }
    letters.contains("supersed").then_some(Reason::Superseded)
}

impl fmt::Display for OrderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for OrderRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OrderRefusal::NotApproved => f.write_str("nobody has approved the work order yet"),
            OrderRefusal::AlreadyApproved => f.write_str("the work order was approved already"),
            OrderRefusal::NotBegun => f.write_str("the work order has not been begun"),
            OrderRefusal::Ended(state) => write!(f, "the work order is {state} already"),
            OrderRefusal::SelfApproval => f.write_str(
                "whoever asked for a work order may not approve it: ask somebody else to",
            ),
        }
    }
}

impl std::error::Error for OrderRefusal {}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTIONS: [OrderAction; 5] = [
        OrderAction::Approve,
        OrderAction::Claim,
        OrderAction::Finish,
        OrderAction::Reject,
        OrderAction::Fail,
    ];

    fn order(state: OrderState) -> WorkOrder {
        WorkOrder {
            number: 1,
            kind: OrderKind::Regenerate,
            state,
            certificate: None,
            made: None,
            reason: String::new(),
            asked_by: UserId::parse("joe").unwrap(),
            domain: DomainId::parse("default").unwrap(),
            asked_at: Time::from_unix(0),
            decided_by: None,
            decided_at: None,
            ended_at: None,
            outcome: None,
        }
    }

    #[test]
    fn every_move_is_in_the_table() {
        use OrderRefusal::{AlreadyApproved, Ended, NotApproved, NotBegun};
        use OrderState::{Approved, Done, Failed, Implementing, Rejected, Requested};
        // Approve, claim, finish, reject, fail.
        let table = [
            (
                Requested,
                [
                    Ok(Approved),
                    Err(NotApproved),
                    Err(NotApproved),
                    Ok(Rejected),
                    Err(NotApproved),
                ],
            ),
            (
                Approved,
                [
                    Err(AlreadyApproved),
                    Ok(Implementing),
                    Err(NotBegun),
                    Err(AlreadyApproved),
                    Err(NotBegun),
                ],
            ),
            (
                Implementing,
                [
                    Err(AlreadyApproved),
                    Ok(Implementing),
                    Ok(Done),
                    Err(AlreadyApproved),
                    Ok(Failed),
                ],
            ),
            (Done, [Err(Ended(Done)); 5]),
            (Rejected, [Err(Ended(Rejected)); 5]),
            (Failed, [Err(Ended(Failed)); 5]),
        ];
        assert_eq!(table.map(|row| row.0), OrderState::ALL);
        for (state, wants) in table {
            for (action, want) in ACTIONS.into_iter().zip(wants) {
                assert_eq!(state.after(action), want, "{state} {action:?}");
            }
        }
    }

    #[test]
    fn what_has_ended_stays_ended_and_what_is_open_can_end() {
        for state in OrderState::ALL {
            let moves = ACTIONS.map(|action| state.after(action));
            if state.is_open() {
                assert!(moves.iter().any(Result::is_ok), "{state}");
            } else {
                assert_eq!(moves, [Err(OrderRefusal::Ended(state)); 5]);
            }
        }
    }

    #[test]
    fn nothing_is_done_that_was_not_approved() {
        // All that can be reached without an approval, from the start.
        let mut reached = vec![OrderState::Requested];
        let mut at = 0;
        while let Some(state) = reached.get(at).copied() {
            at += 1;
            for action in ACTIONS {
                if let (true, Ok(next)) = (action != OrderAction::Approve, state.after(action))
                    && !reached.contains(&next)
                {
                    reached.push(next);
                }
            }
        }
        assert_eq!(reached, [OrderState::Requested, OrderState::Rejected]);
    }

    #[test]
    fn whoever_asked_may_not_approve() {
        let (joe, ann) = (UserId::parse("joe").unwrap(), UserId::parse("ann").unwrap());
        let asked = order(OrderState::Requested);
        let approved = Ok(OrderState::Approved);
        assert_eq!(asked.may_be_approved_by(&ann, false), approved);
        assert_eq!(
            asked.may_be_approved_by(&joe, false),
            Err(OrderRefusal::SelfApproval)
        );
        assert_eq!(asked.may_be_approved_by(&joe, true), approved);
        // A replay is told as one, whoever tries.
        for user in [&joe, &ann] {
            assert_eq!(
                order(OrderState::Approved).may_be_approved_by(user, false),
                Err(OrderRefusal::AlreadyApproved)
            );
            assert_eq!(
                order(OrderState::Done).may_be_approved_by(user, true),
                Err(OrderRefusal::Ended(OrderState::Done))
            );
        }
    }

    #[test]
    fn reasons_tell_the_fate_of_the_old_certificate() {
        use AfterRegenerate::{Keep, Revoke, RevokeWhenSuperseded};
        let (superseded, compromised) = (Some(Reason::Superseded), Some(Reason::KeyCompromise));
        for (text, when_said, always) in [
            ("Superseded", superseded, superseded),
            ("is SUPERSEDED by a new one", superseded, superseded),
            ("Key compromised", compromised, compromised),
            ("keyCompromise", compromised, compromised),
            ("KEY_COMPROMISE", compromised, compromised),
            ("superseded: key compromise", compromised, compromised),
            ("the compromised key", compromised, compromised),
            ("a compromise between us", None, superseded),
            ("new server", None, superseded),
            ("", None, superseded),
        ] {
            assert_eq!(RevokeWhenSuperseded.revocation(text), when_said, "{text}");
            assert_eq!(Revoke.revocation(text), always, "{text}");
            assert_eq!(Keep.revocation(text), None, "{text}");
        }
    }

    #[test]
    fn words_read_back() {
        for state in OrderState::ALL {
            assert_eq!(OrderState::parse(state.word()), Some(state));
        }
        assert_eq!(OrderState::parse("open"), None);
    }
}
