//! Revoking many certificates at once: looking first at what would be revoked, starting, and following. The doing is
//! [`crate::jobs`]'s, which also goes on after a restart.

mod release;
mod search;
mod stop;
#[cfg(test)]
mod tests;

use chancery_core::certificate::Certificate;
use chancery_core::identity::{CertificateNumber, DomainId, UserId};
use chancery_core::revocation::Reason;
use chancery_core::role::{Reach, Right};
use chancery_core::time::Time;
use tokio::sync::Notify;

pub(crate) use self::search::may_change_all;
use crate::audit::NewAuditEntry;
use crate::store::Step;
use crate::store::bulk::{BulkReach, BulkStep, MovableSearch, NewBulkRevocation};
use crate::store::certificates::CertificateKey;
use crate::{App, Caller, Error};

/// Which certificates to revoke. All conditions hold together, and at least one must be there.
///
/// Certificates of authorities are never among them, and the server's own ones (TLS, OCSP responders) only if their owner
/// is named: whoever revokes all that an authority signed does not mean to silence its OCSP responder.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct BulkFilter {
    /// Only those that this authority of ours signed.
    pub authority: Option<String>,
    /// Only those issued by this profile.
    pub profile: Option<String>,
    /// Only those of this owner.
    pub owner: Option<UserId>,
    /// Only those of this domain.
    pub domain: Option<DomainId>,
    /// Only those whose subject as OpenSSL's one line (`/C=US/CN=Joe`) holds this text, whatever the case of
    /// ASCII letters.
    pub subject: Option<String>,
    /// Only those that came to us at this time or later.
    pub issued_after: Option<Time>,
    /// Only those that came to us before this time.
    pub issued_before: Option<Time>,
    /// Only those on hold.
    pub on_hold: bool,
}

/// What is asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BulkRequest {
    /// Which certificates.
    pub filter: BulkFilter,
    /// Why; `CertificateHold` puts them on hold.
    pub reason: Reason,
    /// Leave those with greater numbers alone: [`BulkPreview::up_to`], so that exactly what was looked at is revoked.
    /// All that are there now if left out.
    pub up_to: Option<CertificateNumber>,
}

/// What would be revoked or released now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BulkPreview {
    /// How many certificates.
    pub total: u64,
    /// How many of them are on hold.
    pub on_hold: u64,
    /// The greatest number of any certificate at that moment.
    pub up_to: CertificateNumber,
    /// The oldest of them, at most [`MOST_SHOWN`].
    pub first: Vec<Certificate>,
}

/// A bulk revocation, or the release of one: what was asked for, and how far it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BulkRevocation {
    /// In the order of asking.
    pub number: i64,
    /// Which certificates, held to what whoever asked may change.
    pub filter: BulkFilter,
    /// What is done to them.
    pub action: BulkAction,
    /// Certificates with greater numbers are left alone.
    pub up_to: CertificateNumber,
    /// How many there were to move at the start.
    pub total: u64,
    /// Who asked.
    pub asked_by: UserId,
    /// When.
    pub asked_at: Time,
    /// Whether it goes on.
    pub state: BulkState,
    /// Certificates up to this number have been looked at.
    pub cursor: CertificateNumber,
    /// How many it has moved: revoked, put on hold, or released.
    pub moved: u64,
    /// When it last went on, stopped or ended.
    pub changed_at: Time,
    /// By whose right it goes on: who asked, or who resumed it last. It stops when that right ends.
    pub responsible: UserId,
    /// Why the server stopped it, if it did.
    pub stopped_because: Option<String>,
}

/// What a bulk revocation does to each certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BulkAction {
    /// Revokes it for that reason; `CertificateHold` puts it on hold.
    Revoke(Reason),
    /// Releases it, provided that the bulk revocation with that number put it on hold and nobody has moved it since.
    Release(i64),
}

/// Whether a bulk revocation goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BulkState {
    /// The server is at it, or will be as soon as it runs again.
    Running,
    /// Somebody stopped it, or the server did because the right by which it went on had ended.
    Stopped,
    /// It is at its end.
    Done,
}

/// Most certificates that a preview shows.
pub const MOST_SHOWN: usize = 10;

/// Most bulk revocations of one page. One more is given, so that whoever pages can tell whether there is another page.
pub const LARGEST_BULK_PAGE: usize = 1000;

/// Where the job is told that there is something to do.
#[derive(Default)]
pub(crate) struct BulkDesk {
    pub(crate) started: Notify,
}

impl BulkAction {
    /// The word of command line and native API.
    pub const fn word(self) -> &'static str {
        match self {
            BulkAction::Revoke(Reason::CertificateHold) => "hold",
            BulkAction::Revoke(_) => "revoke",
            BulkAction::Release(_) => "release",
        }
    }

    /// Why it revokes; none for a release.
    pub const fn reason(self) -> Option<Reason> {
        match self {
            BulkAction::Revoke(reason) => Some(reason),
            BulkAction::Release(_) => None,
        }
    }

    /// The number of the bulk revocation whose hold it releases, if it is a release.
    pub const fn releases(self) -> Option<i64> {
        match self {
            BulkAction::Revoke(_) => None,
            BulkAction::Release(number) => Some(number),
        }
    }
}

impl BulkState {
    /// Every state.
    pub const ALL: [BulkState; 3] = [BulkState::Running, BulkState::Stopped, BulkState::Done];

    /// The word of command line and native API.
    pub const fn word(self) -> &'static str {
        match self {
            BulkState::Running => "running",
            BulkState::Stopped => "stopped",
            BulkState::Done => "done",
        }
    }
}

impl BulkRevocation {
    /// How many of those that were there at the start it did not move, because they were moved otherwise meanwhile, or
    /// expired. Known once it is done.
    pub fn skipped(&self) -> Option<u64> {
        (self.state == BulkState::Done).then(|| self.total.saturating_sub(self.moved))
    }

    /// The number of the one that it releases, or its own: of a family at most one runs.
    pub(crate) fn family(&self) -> i64 {
        self.action.releases().unwrap_or(self.number)
    }
}

impl App {
    /// What [`App::start_bulk_revocation`] would revoke now. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Invalid`] without any condition, or with one that cannot be met; [`Error::NotFound`] if authority, owner
    /// or domain are not there; [`Error::Forbidden`] if it reaches for what the caller may not change.
    pub async fn preview_bulk_revocation(
        &self,
        caller: &Caller,
        asked: BulkRequest,
    ) -> Result<BulkPreview, Error> {
        let search = self.search(caller, asked, "revocation.preview").await?;
        self.preview(&search).await
    }

    /// Starts to revoke every certificate that is there now, that passes the filter and that the caller may change; a
    /// filter that names more is refused or held to that. It goes on by itself, after a restart too.
    ///
    /// # Errors
    /// As [`App::preview_bulk_revocation`], and [`Error::Invalid`] if there is nothing to revoke.
    pub async fn start_bulk_revocation(
        &self,
        caller: &Caller,
        asked: BulkRequest,
    ) -> Result<BulkRevocation, Error> {
        const ACTION: &str = "revocation.start";
        let reason = asked.reason;
        let search = self.search(caller, asked, ACTION).await?;
        let total = self.count_movable(&search).await?.total;
        if total == 0 {
            return Err(Error::Invalid(
                "no certificate that could be revoked passes the filter: look at its conditions again".to_owned(),
            ));
        }
        let told = NewAuditEntry {
            detail: format!("{{\"v\":1,\"reason\":\"{reason}\",\"total\":{total}}}"),
            ..self.audit_entry(Some(caller), ACTION)
        };
        self.begin(caller, search, total, told).await
    }

    /// One bulk revocation; needs the right to read certificates everywhere, or in the domain that it is held to, unless
    /// the caller asked for it.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Forbidden`].
    pub async fn bulk_revocation(
        &self,
        caller: &Caller,
        number: i64,
    ) -> Result<BulkRevocation, Error> {
        let found = self.stored_bulk_revocation(number).await?;
        let seen = match visible_to(caller) {
            BulkReach::All => true,
            BulkReach::DomainOr(domain, user) => {
                found.filter.domain == Some(domain) || found.asked_by == user
            }
            BulkReach::AskedBy(user) => found.asked_by == user,
        };
        if !seen {
            self.refuse(caller, "revocation.read", None, Some(number.to_string()))
                .await?;
        }
        Ok(found)
    }

    /// A page of the bulk revocations that the caller may see, newest first, at most `limit` (and
    /// [`LARGEST_BULK_PAGE`]), older than `before`.
    pub async fn bulk_revocations(
        &self,
        caller: &Caller,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<BulkRevocation>, Error> {
        let limit = limit.clamp(1, LARGEST_BULK_PAGE + 1);
        Ok(self
            .store()
            .bulk_revocations(visible_to(caller), before, limit)
            .await?)
    }

    /// What would be moved now.
    async fn preview(&self, search: &MovableSearch) -> Result<BulkPreview, Error> {
        let counted = self.count_movable(search).await?;
        let mut first = Vec::with_capacity(counted.first.len());
        for number in counted.first {
            let key = CertificateKey::Number(number);
            first.extend(self.store().certificate(key).await?);
        }
        Ok(BulkPreview {
            total: counted.total,
            on_hold: counted.on_hold,
            up_to: search.up_to,
            first,
        })
    }

    /// Stores one that runs from now on, by the caller's right.
    async fn begin(
        &self,
        caller: &Caller,
        search: MovableSearch,
        total: u64,
        told: NewAuditEntry,
    ) -> Result<BulkRevocation, Error> {
        let new = NewBulkRevocation {
            filter: search.filter,
            action: search.action,
            up_to: search.up_to,
            total,
            asked_by: caller.user.id.clone(),
            asked_at: told.at,
            told,
        };
        let step = Step::Bulk(BulkStep::Add(Box::new(new)));
        let added = self.store().commit(vec![step]).await?;
        self.0.bulk.started.notify_one();
        let number = added.first().copied();
        let number = number.ok_or_else(|| Error::internal("no number for a bulk revocation"))?;
        self.stored_bulk_revocation(number).await
    }

    /// One bulk revocation, whoever asks.
    pub(crate) async fn stored_bulk_revocation(
        &self,
        number: i64,
    ) -> Result<BulkRevocation, Error> {
        self.store()
            .bulk_revocation(number)
            .await?
            .ok_or(Error::NotFound("revocation"))
    }
}

/// Whose bulk revocations a caller sees.
fn visible_to(caller: &Caller) -> BulkReach {
    let user = caller.user();
    match caller.reach(Right::ReadCertificates) {
        Reach::Everywhere => BulkReach::All,
        Reach::Domain => BulkReach::DomainOr(user.domain.clone(), user.id.clone()),
        Reach::Own | Reach::Nothing => BulkReach::AskedBy(user.id.clone()),
    }
}
