//! The audit trail: who did what, through which API, to which certificate, with what outcome.

use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::role::Right;
use chancery_core::time::Time;

use crate::{App, Caller, Error};

/// One entry of the trail, as read back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AuditEntry {
    /// Its number: 1 and up, in the order of writing.
    pub id: i64,
    /// When.
    pub at: Time,
    /// Who; none for the server itself.
    pub actor: Option<UserId>,
    /// The actor's domain.
    pub domain: Option<DomainId>,
    /// Through which API (`native`, `keystone`, `server`).
    pub api: String,
    /// What, as a noun and a verb: `certificate.issue`.
    pub action: String,
    /// Which certificate.
    pub certificate: Option<CertificateId>,
    /// What else it was done to: a user's, domain's or authority's id.
    pub object: Option<String>,
    /// Whether it was done or refused for lack of right.
    pub outcome: Outcome,
    /// More about it, as JSON with a version (`{"v":1,"reason":"superseded"}`); never a secret.
    pub detail: String,
}

/// An entry about to be written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct NewAuditEntry {
    /// When.
    pub(crate) at: Time,
    /// Who; none for the server itself.
    pub(crate) actor: Option<UserId>,
    /// The actor's domain.
    pub(crate) domain: Option<DomainId>,
    /// Through which API.
    pub(crate) api: &'static str,
    /// What.
    pub(crate) action: &'static str,
    /// Which certificate.
    pub(crate) certificate: Option<CertificateId>,
    /// What else it was done to.
    pub(crate) object: Option<String>,
    /// Whether it was done.
    pub(crate) outcome: Outcome,
    /// More about it, as JSON with a version.
    pub(crate) detail: String,
}

/// Whether something was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Done, in the same transaction as this entry.
    Done,
    /// Refused for lack of right.
    Refused,
}

/// Which entries to read, newest first.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct AuditFilter {
    /// Only those of this actor.
    pub actor: Option<UserId>,
    /// Only those about this certificate.
    pub certificate: Option<CertificateId>,
    /// Only those with a smaller number: the last one of the page before.
    pub before: Option<i64>,
}

/// What an entry says was done when a certificate was put on hold, by whomever: the newest such entry tells who holds it.
pub(crate) const HOLD: &str = "certificate.hold";

/// Most entries of one page. One more is given, so that whoever pages can tell whether there is another page.
pub const LARGEST_AUDIT_PAGE: usize = 1000;

impl Outcome {
    /// The word of command line and native API.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Refused => "refused",
        }
    }
}

impl App {
    /// A page of the audit trail, newest first; needs the right to read it everywhere.
    pub async fn audit_trail(
        &self,
        caller: &Caller,
        filter: AuditFilter,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, Error> {
        self.require_everywhere(caller, Right::ReadAudit, "audit.read")
            .await?;
        Ok(self
            .store()
            .audit(filter, limit.clamp(1, LARGEST_AUDIT_PAGE + 1))
            .await?)
    }
}
