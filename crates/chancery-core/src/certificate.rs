//! A certificate as the engine knows it, its states, and every move between them.

use std::fmt;

use crate::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use crate::key::KeyId;
use crate::name::Name;
use crate::revocation::Reason;
use crate::serial::Serial;
use crate::time::Time;

/// What is stored of a certificate's life. Expiry is not a state: it follows from the validity and the time of asking.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// Asked for, not signed yet: a work order is open.
    Pending,
    /// Good.
    Active,
    /// Revoked for now; the one state that leads back to [`State::Active`].
    OnHold,
    /// Revoked for good.
    Revoked(Reason),
    /// Removed from sight. The reason is there when it was, or has thereby been, revoked.
    Deleted(Option<Reason>),
    /// Removed, with its DER and key wiped. The facts of revocation stay.
    Purged(Option<Reason>),
}

/// Something done to a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Action {
    /// Its work order is done: it is signed now.
    Activate,
    /// Revoke for now. `Revoke(CertificateHold)` is the same.
    Hold,
    /// Take off hold.
    Release,
    /// Revoke for good.
    Revoke(Reason),
    /// Remove from sight.
    Delete,
    /// Wipe what a deletion left.
    Purge,
}

/// Why an action cannot be done in a state.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// It is not signed yet.
    Pending,
    /// It is active already: nothing to activate or release.
    Active,
    /// It is on hold already.
    OnHold,
    /// It is revoked for good.
    Revoked(Reason),
    /// It has expired: its revocation would tell nobody anything.
    Expired,
    /// It was deleted.
    Deleted,
    /// It was purged.
    Purged,
    /// Only what was deleted can be purged.
    NotDeleted,
}

/// What else a move depends on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Circumstances {
    /// Was it issued by an authority of ours, so that a CRL and OCSP speak for it?
    pub ours: bool,
    /// Is its validity over?
    pub expired: bool,
}

impl State {
    /// The state after `action`, or why it cannot be done: the whole table of legal moves.
    ///
    /// Deleting a live certificate of ours revokes it too (cessation of operation), so that nothing unexpired vanishes
    /// from revocation data; what was revoked keeps its reason.
    pub fn after(self, action: Action, circumstances: Circumstances) -> Result<State, Refusal> {
        let Circumstances { ours, expired } = circumstances;
        let deleted_live =
            State::Deleted((ours && !expired).then_some(Reason::CessationOfOperation));
        match (self, action) {
            (State::Pending, Action::Activate) => Ok(State::Active),
            (State::Pending, Action::Delete) => Ok(State::Deleted(None)),
            (State::Pending, Action::Hold | Action::Release | Action::Revoke(_)) => {
                Err(Refusal::Pending)
            }

            (State::Active, Action::Delete) | (State::OnHold, Action::Delete) => Ok(deleted_live),
            (State::Active | State::OnHold, Action::Hold | Action::Release | Action::Revoke(_))
                if expired =>
            {
                Err(Refusal::Expired)
            }

            (State::Active, Action::Activate | Action::Release) => Err(Refusal::Active),
            (State::Active, Action::Hold | Action::Revoke(Reason::CertificateHold)) => {
                Ok(State::OnHold)
            }
            (State::Active, Action::Revoke(reason)) => Ok(State::Revoked(reason)),

            (State::OnHold, Action::Release) => Ok(State::Active),
            (
                State::OnHold,
                Action::Activate | Action::Hold | Action::Revoke(Reason::CertificateHold),
            ) => Err(Refusal::OnHold),
            (State::OnHold, Action::Revoke(reason)) => Ok(State::Revoked(reason)),

            (State::Revoked(reason), Action::Delete) => Ok(State::Deleted(Some(reason))),
            (
                State::Revoked(reason),
                Action::Activate | Action::Hold | Action::Release | Action::Revoke(_),
            ) => Err(Refusal::Revoked(reason)),

            (State::Deleted(reason), Action::Purge) => Ok(State::Purged(reason)),
            (
                State::Deleted(_),
                Action::Activate
                | Action::Hold
                | Action::Release
                | Action::Revoke(_)
                | Action::Delete,
            ) => Err(Refusal::Deleted),

            (State::Purged(_), _) => Err(Refusal::Purged),

            (State::Pending | State::Active | State::OnHold | State::Revoked(_), Action::Purge) => {
                Err(Refusal::NotDeleted)
            }
        }
    }

    /// Why relying parties must not trust it, if so: what CRL and OCSP say.
    pub const fn revocation(self) -> Option<Reason> {
        match self {
            State::Pending | State::Active => None,
            State::OnHold => Some(Reason::CertificateHold),
            State::Revoked(reason) => Some(reason),
            State::Deleted(reason) | State::Purged(reason) => reason,
        }
    }
}

/// A certificate's standing at a moment, as the APIs tell it: [`State`] with expiry seen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Status {
    /// Asked for, not signed yet.
    Pending,
    /// Good.
    Active,
    /// Revoked for now.
    OnHold,
    /// Revoked for good. Stays so after expiry.
    Revoked(Reason),
    /// Over; it was active or on hold to the end.
    Expired,
    /// Removed from sight.
    Deleted,
    /// Removed and wiped.
    Purged,
}

impl Status {
    /// The word of command line and native API: `on-hold`.
    pub const fn word(self) -> &'static str {
        match self {
            Status::Pending => "pending",
            Status::Active => "active",
            Status::OnHold => "on-hold",
            Status::Revoked(_) => "revoked",
            Status::Expired => "expired",
            Status::Deleted => "deleted",
            Status::Purged => "purged",
        }
    }
}

/// Where a certificate comes from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Origin {
    /// Signed by an authority of ours.
    Issued,
    /// Signed with its own key, which we made; no CRL or OCSP speaks for it, only our registry.
    SelfSigned,
    /// Brought in from elsewhere; our registry alone keeps its status.
    Imported,
}

impl Origin {
    /// The word of command line and native API.
    pub const fn word(self) -> &'static str {
        match self {
            Origin::Issued => "issued",
            Origin::SelfSigned => "self-signed",
            Origin::Imported => "imported",
        }
    }
}

/// One certificate with all that the engine knows of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// Its number, in the order of making.
    pub number: CertificateNumber,
    /// Its 96-bit id.
    pub id: CertificateId,
    /// Its unique readable name.
    pub name: String,
    /// Where it comes from.
    pub origin: Origin,
    /// The name of the authority of ours that signed it, for [`Origin::Issued`].
    pub authority: Option<String>,
    /// Its original DER; none while pending and after a purge.
    pub der: Option<Vec<u8>>,
    /// Who signed it.
    pub issuer: Name,
    /// Whom it names.
    pub subject: Name,
    /// Its serial number.
    pub serial: Serial,
    /// SHA-1 of its public key, whatever its extension says; all zeros while it is pending and the key is not made yet.
    pub subject_key_id: KeyId,
    /// Start of validity.
    pub not_before: Time,
    /// Last second of validity.
    pub not_after: Time,
    /// The user to whom it belongs.
    pub owner: UserId,
    /// The domain of that user when it was made.
    pub domain: DomainId,
    /// The profile by which it was issued.
    pub profile: Option<String>,
    /// What is stored of its life.
    pub state: State,
    /// Since when.
    pub state_since: Time,
    /// When it came to us.
    pub created: Time,
    /// Do we hold its private key (sealed)?
    pub has_private_key: bool,
    /// The certificate that it replaced.
    pub replaces: Option<CertificateId>,
    /// The certificate that replaced it.
    pub replaced_by: Option<CertificateId>,
}

impl Certificate {
    /// Is its validity over at `now`?
    pub fn is_expired(&self, now: Time) -> bool {
        self.not_after < now
    }

    /// Its key's id, once there is a key.
    pub fn key_id(&self) -> Option<KeyId> {
        let made = self.subject_key_id != KeyId::default();
        (made || self.state != State::Pending).then_some(self.subject_key_id)
    }

    /// Its standing at `now`.
    pub fn status(&self, now: Time) -> Status {
        match self.state {
            State::Pending => Status::Pending,
            State::Active | State::OnHold if self.is_expired(now) => Status::Expired,
            State::Active => Status::Active,
            State::OnHold => Status::OnHold,
            State::Revoked(reason) => Status::Revoked(reason),
            State::Deleted(_) => Status::Deleted,
            State::Purged(_) => Status::Purged,
        }
    }

    /// What a move of it depends on at `now`.
    pub fn circumstances(&self, now: Time) -> Circumstances {
        Circumstances {
            ours: self.origin == Origin::Issued,
            expired: self.is_expired(now),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Pending => f.write_str("the certificate is not signed yet"),
            Refusal::Active => f.write_str("the certificate is active, not on hold"),
            Refusal::OnHold => f.write_str("the certificate is on hold"),
            Refusal::Revoked(reason) => write!(f, "the certificate is revoked ({reason}) for good"),
            Refusal::Expired => f.write_str("the certificate has expired"),
            Refusal::Deleted => f.write_str("the certificate was deleted"),
            Refusal::Purged => f.write_str("the certificate was purged"),
            Refusal::NotDeleted => {
                f.write_str("only a deleted certificate can be purged: delete it first")
            }
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE_OURS: Circumstances = Circumstances {
        ours: true,
        expired: false,
    };
    const LIVE_FOREIGN: Circumstances = Circumstances {
        ours: false,
        expired: false,
    };
    const EXPIRED: Circumstances = Circumstances {
        ours: true,
        expired: true,
    };

    /// Every move of a live certificate of ours, state by state: activate, hold, release, revoke, revoke as hold, delete,
    /// purge.
    #[test]
    fn every_move_is_in_the_table() {
        use Reason::{CertificateHold, CessationOfOperation, KeyCompromise, Superseded};
        let actions = [
            Action::Activate,
            Action::Hold,
            Action::Release,
            Action::Revoke(KeyCompromise),
            Action::Revoke(CertificateHold),
            Action::Delete,
            Action::Purge,
        ];
        let ended = Some(CessationOfOperation);
        let revoked = Refusal::Revoked(Superseded);
        let table = [
            (
                State::Pending,
                [
                    Ok(State::Active),
                    Err(Refusal::Pending),
                    Err(Refusal::Pending),
                    Err(Refusal::Pending),
                    Err(Refusal::Pending),
                    Ok(State::Deleted(None)),
                    Err(Refusal::NotDeleted),
                ],
            ),
            (
                State::Active,
                [
                    Err(Refusal::Active),
                    Ok(State::OnHold),
                    Err(Refusal::Active),
                    Ok(State::Revoked(KeyCompromise)),
                    Ok(State::OnHold),
                    Ok(State::Deleted(ended)),
                    Err(Refusal::NotDeleted),
                ],
            ),
            (
                State::OnHold,
                [
                    Err(Refusal::OnHold),
                    Err(Refusal::OnHold),
                    Ok(State::Active),
                    Ok(State::Revoked(KeyCompromise)),
                    Err(Refusal::OnHold),
                    Ok(State::Deleted(ended)),
                    Err(Refusal::NotDeleted),
                ],
            ),
            (
                State::Revoked(Superseded),
                [
                    Err(revoked),
                    Err(revoked),
                    Err(revoked),
                    Err(revoked),
                    Err(revoked),
                    Ok(State::Deleted(Some(Superseded))),
                    Err(Refusal::NotDeleted),
                ],
            ),
            (
                State::Deleted(Some(Superseded)),
                [
                    Err(Refusal::Deleted),
                    Err(Refusal::Deleted),
                    Err(Refusal::Deleted),
                    Err(Refusal::Deleted),
                    Err(Refusal::Deleted),
                    Err(Refusal::Deleted),
                    Ok(State::Purged(Some(Superseded))),
                ],
            ),
            (State::Purged(None), [Err(Refusal::Purged); 7]),
        ];
        for (state, wants) in table {
            for (action, want) in actions.into_iter().zip(wants) {
                assert_eq!(state.after(action, LIVE_OURS), want, "{state:?} {action:?}");
            }
        }
    }

    #[test]
    fn expired_certificates_can_only_be_deleted() {
        for state in [State::Active, State::OnHold] {
            for action in [
                Action::Hold,
                Action::Release,
                Action::Revoke(Reason::KeyCompromise),
            ] {
                assert_eq!(
                    state.after(action, EXPIRED),
                    Err(Refusal::Expired),
                    "{state:?} {action:?}"
                );
            }
            assert_eq!(
                state.after(Action::Delete, EXPIRED),
                Ok(State::Deleted(None))
            );
        }
    }

    #[test]
    fn deleting_what_is_not_ours_revokes_nothing() {
        assert_eq!(
            State::Active.after(Action::Delete, LIVE_FOREIGN),
            Ok(State::Deleted(None))
        );
        assert_eq!(
            State::OnHold.after(Action::Delete, LIVE_FOREIGN),
            Ok(State::Deleted(None))
        );
    }

    #[test]
    fn nothing_revoked_for_good_ever_reads_as_good_again() {
        let actions = [
            Action::Activate,
            Action::Hold,
            Action::Release,
            Action::Revoke(Reason::CertificateHold),
            Action::Revoke(Reason::Superseded),
            Action::Delete,
            Action::Purge,
        ];
        for reason in Reason::ALL
            .into_iter()
            .filter(|r| *r != Reason::CertificateHold)
        {
            let states = [
                State::Revoked(reason),
                State::Deleted(Some(reason)),
                State::Purged(Some(reason)),
            ];
            for state in states {
                for action in actions {
                    for circumstances in [LIVE_OURS, LIVE_FOREIGN, EXPIRED] {
                        let after = state.after(action, circumstances).unwrap_or(state);
                        assert_eq!(after.revocation(), Some(reason), "{state:?} {action:?}");
                    }
                }
            }
        }
    }
}
