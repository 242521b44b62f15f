//! What a bulk revocation finds: a request understood and held to what the caller may change, and the certificates that
//! pass it, stretch by stretch. Changes nothing.

use chancery_core::certificate::State;
use chancery_core::identity::CertificateNumber;
use chancery_core::revocation::Reason;
use chancery_core::role::{self, Reach, Right};

use super::{BulkAction, BulkFilter, BulkRequest, MOST_SHOWN};
use crate::authority::SUB_AUTHORITY;
use crate::bootstrap::SERVER_USER;
use crate::store::accounts::UserKey;
use crate::store::bulk::{Movable, MovableSearch};
use crate::users::User;
use crate::{App, Caller, Error};

/// Numbers that are looked through at a time: few enough that a reading thread is soon free again.
const WINDOW: CertificateNumber = 20_000;
/// The same for a release, which looks into the audit trail for each certificate on hold.
const RELEASE_WINDOW: CertificateNumber = 4_000;

/// Longest text to look for in subjects, in octets.
const LONGEST_TEXT: usize = 1024;

/// What a search finds.
#[derive(Default)]
pub(super) struct Counted {
    pub(super) total: u64,
    pub(super) on_hold: u64,
    /// The oldest of them, at most [`MOST_SHOWN`].
    pub(super) first: Vec<CertificateNumber>,
}

impl App {
    /// The next certificates that can be moved, at most `limit`, and the number up to which that was looked through.
    pub(crate) async fn next_movable(
        &self,
        search: &MovableSearch,
        limit: usize,
    ) -> Result<(Vec<Movable>, CertificateNumber), Error> {
        let numbers = match search.action {
            BulkAction::Revoke(_) => WINDOW,
            BulkAction::Release(_) => RELEASE_WINDOW,
        };
        let end = search.after.saturating_add(numbers).min(search.up_to);
        let window = MovableSearch {
            up_to: end,
            ..search.clone()
        };
        let found = self.store().movable(window, limit).await?;
        let reached = match found.last() {
            Some(last) if found.len() >= limit => last.number,
            _ => end,
        };
        Ok((found, reached))
    }

    /// The search that a request stands for: understood, and held to what the caller may change.
    pub(super) async fn search(
        &self,
        caller: &Caller,
        asked: BulkRequest,
        action: &'static str,
    ) -> Result<MovableSearch, Error> {
        let mut filter = asked.filter;
        sensible(&filter, asked.reason)?;
        self.narrow_to_change(caller, &mut filter, action).await?;
        self.all_there(caller, &filter).await?;
        let newest = self.store().newest_certificate().await?;
        Ok(MovableSearch {
            filter,
            action: BulkAction::Revoke(asked.reason),
            now: self.now(),
            after: 0,
            up_to: asked.up_to.map_or(newest, |up_to| up_to.min(newest)),
        })
    }

    /// Holds a filter to what the caller may change: a condition that reaches farther is refused, a missing one is set.
    async fn narrow_to_change(
        &self,
        caller: &Caller,
        filter: &mut BulkFilter,
        action: &'static str,
    ) -> Result<(), Error> {
        let user = caller.user();
        match caller.reach(Right::ChangeCertificates) {
            Reach::Domain => {
                filter.domain.get_or_insert_with(|| user.domain.clone());
            }
            Reach::Own => {
                filter.owner.get_or_insert_with(|| user.id.clone());
            }
            Reach::Everywhere | Reach::Nothing => {}
        }
        if may_change_all(&caller.user, filter) {
            return Ok(());
        }
        self.refuse(caller, action, None, None).await
    }

    /// Are authority, owner and domain there? A misspelt one should not look as if nothing were left to revoke. Who may
    /// not look everywhere is not told.
    async fn all_there(&self, caller: &Caller, filter: &BulkFilter) -> Result<(), Error> {
        if let Some(name) = &filter.authority {
            self.authority_named(name)?;
        }
        if caller.reach(Right::ReadUsers) != Reach::Everywhere {
            return Ok(());
        }
        if let Some(id) = &filter.owner {
            let owner = self.store().user(UserKey::Id(id.clone())).await?;
            owner.ok_or(Error::NotFound("user"))?;
        }
        if let Some(id) = &filter.domain {
            let domain = self.store().domain(id.clone()).await?;
            domain.ok_or(Error::NotFound("domain"))?;
        }
        Ok(())
    }

    pub(super) async fn count_movable(&self, search: &MovableSearch) -> Result<Counted, Error> {
        let mut counted = Counted::default();
        let mut search = search.clone();
        while search.after < search.up_to {
            let (found, reached) = self.next_movable(&search, usize::MAX).await?;
            for one in &found {
                counted.total += 1;
                counted.on_hold += u64::from(one.state == State::OnHold);
            }
            let room = MOST_SHOWN.saturating_sub(counted.first.len());
            counted
                .first
                .extend(found.iter().take(room).map(|one| one.number));
            search.after = reached;
        }
        Ok(counted)
    }
}

/// May a user change everything that passes a filter?
pub(crate) fn may_change_all(user: &User, filter: &BulkFilter) -> bool {
    let the_servers = filter
        .owner
        .as_ref()
        .is_some_and(|owner| owner.as_str() == SERVER_USER);
    match role::reach(&user.roles, Right::ChangeCertificates) {
        Reach::Everywhere => true,
        Reach::Domain => filter.domain.as_ref() == Some(&user.domain) && !the_servers,
        Reach::Own => filter.owner.as_ref() == Some(&user.id) && !the_servers,
        Reach::Nothing => false,
    }
}

/// Does a filter say something, and nothing that contradicts itself?
fn sensible(filter: &BulkFilter, reason: Reason) -> Result<(), Error> {
    let text_of = |text: &Option<String>, fits: fn(usize) -> bool| {
        text.as_ref().is_none_or(|text| fits(text.len()))
    };
    let wrong = if *filter == BulkFilter::default() {
        "name at least one of authority, profile, owner, domain, subject, issued_after, issued_before, on_hold"
    } else if !text_of(&filter.subject, |length| {
        (1..=LONGEST_TEXT).contains(&length)
    }) {
        "subject: give a text of 1 to 1024 octets to look for"
    } else if !text_of(&filter.profile, |length| {
        (1..=LONGEST_TEXT).contains(&length)
    }) {
        "profile: give its name"
    } else if filter.profile.as_deref() == Some(SUB_AUTHORITY) {
        "profile: the certificates of authorities are revoked one by one"
    } else if matches!((filter.issued_after, filter.issued_before), (Some(after), Some(before)) if after >= before)
    {
        "issued_after: give a time before issued_before"
    } else if filter.on_hold && reason == Reason::CertificateHold {
        "on_hold: what is on hold already cannot be held again; name another reason"
    } else {
        return Ok(());
    };
    Err(Error::Invalid(wrong.to_owned()))
}
