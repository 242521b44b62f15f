//! The document's words into the engine's, and back. Pure: the time comes as an argument.

pub(super) mod certificate;
mod filter;
pub(super) mod listing;
pub(super) mod renewal;
pub(super) mod schema;

use chancery_core::revocation::Reason;

use super::errors::Fault;
use super::wire::Change;

/// What a PATCH does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Move {
    /// Revoke for that reason; for `Certificate Hold`, until it is released.
    Revoke(Reason),
    /// Take off hold.
    Release,
}

/// The reasons of the document, as it spells them.
const REASONS: [(Reason, &str); 7] = [
    (Reason::Unspecified, "Unspecified"),
    (Reason::KeyCompromise, "Key Compromise"),
    (Reason::CaCompromise, "CA Compromise"),
    (Reason::AffiliationChanged, "Affiliation Changed"),
    (Reason::Superseded, "Superseded"),
    (Reason::CessationOfOperation, "Cessation Of Operation"),
    (Reason::CertificateHold, "Certificate Hold"),
];

/// What is asked for. Letter case does not matter. With `active`, a reason says nothing: clients send objects back whole.
pub(super) fn wanted(change: &Change) -> Result<Move, Fault> {
    let Some(status) = &change.status else {
        return Err(Fault::bad(
            "status is required: revoked, with a revocation_reason, or active",
        ));
    };
    match status.trim().to_ascii_lowercase().as_str() {
        "active" => Ok(Move::Release),
        "revoked" => reason(change.revocation_reason.as_deref()).map(Move::Revoke),
        "pending" | "expired" => Err(Fault::bad(format!(
            "no certificate can be made {status}: status must be revoked or active"
        ))),
        _ => Err(Fault::bad("status must be revoked or active")),
    }
}

fn reason(text: Option<&str>) -> Result<Reason, Fault> {
    let Some(text) = text else {
        return Err(Fault::bad(format!(
            "revocation_reason is required to revoke: one of {}",
            reasons()
        )));
    };
    let found = REASONS
        .iter()
        .find(|(_, words)| words.eq_ignore_ascii_case(text.trim()));
    found
        .map(|(reason, _)| *reason)
        .ok_or_else(|| Fault::bad(format!("revocation_reason must be one of {}", reasons())))
}

fn reasons() -> String {
    REASONS.map(|(_, words)| words).join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(status: Option<&str>, reason: Option<&str>) -> Change {
        Change {
            status: status.map(str::to_owned),
            revocation_reason: reason.map(str::to_owned),
        }
    }

    #[test]
    fn moves_are_read_whatever_their_letters() {
        for (reason, words) in REASONS {
            for words in [words.to_owned(), words.to_lowercase(), words.to_uppercase()] {
                let asked = change(Some("Revoked"), Some(&words));
                assert_eq!(wanted(&asked), Ok(Move::Revoke(reason)), "{words}");
            }
        }
        for (status, reason) in [
            ("active", None),
            ("Active", Some("Certificate Hold")),
            (" ACTIVE ", Some("because")),
        ] {
            assert_eq!(wanted(&change(Some(status), reason)), Ok(Move::Release));
        }
    }

    #[test]
    fn what_no_certificate_is_told_is_refused() {
        for (status, reason) in [
            (None, None),
            (None, Some("Superseded")),
            (Some(""), None),
            (Some("pending"), None),
            (Some("Expired"), None),
            (Some("on hold"), None),
            (Some("revoked"), None),
            (Some("revoked"), Some("")),
            (Some("revoked"), Some("KeyCompromise")),
            (Some("revoked"), Some("Privilege Withdrawn")),
            (Some("revoked"), Some("because")),
        ] {
            assert!(
                wanted(&change(status, reason)).is_err(),
                "{status:?} {reason:?}"
            );
        }
    }
}
