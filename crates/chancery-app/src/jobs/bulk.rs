//! Bulk revocations at work. Each goes on in short commits that hold the certificates' moves, an audit entry for each of
//! them, and how far it is: a crash loses none and repeats none, and other writers get their turn in between. What is to
//! be done next is read from the database before each commit, so stopping one holds at once. So is the user by whose right
//! it goes on: one whose user is disabled or may no longer do it stops.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use chancery_core::certificate::{Action, Circumstances, Origin};
use tokio::task::JoinSet;

use super::{AGAIN, EVERY};
use crate::act::audit_word;
use crate::audit::NewAuditEntry;
use crate::bulk_revocation::{BulkAction, BulkRevocation, BulkState, may_change_all};
use crate::store::accounts::{StoredUser, UserKey};
use crate::store::bulk::{BulkStep, Movable, MovableSearch};
use crate::store::{Step, StoreError};
use crate::{App, Error};

/// How long a commit should take. Others wait that long at the most.
const AIM: Duration = Duration::from_millis(25);
/// Fewest and most certificates of a commit.
const FEWEST: usize = 32;
const MOST: usize = 1024;
/// Stretches without a certificate to move that are passed over before that is written down.
const STRETCHES: usize = 50;
/// Rest when so many writes wait that no more are taken.
const REST: Duration = Duration::from_millis(200);

impl App {
    /// Sees bulk revocations through for ever, side by side: those that a former process left, then each as it is
    /// started or resumed.
    pub(super) async fn keep_revoking(self) {
        let mut in_hand = HashSet::new();
        let mut at_work = JoinSet::new();
        loop {
            let mut pause = EVERY;
            match self.store().running_bulk_revocations().await {
                Ok(running) => {
                    for number in running {
                        if in_hand.insert(number) {
                            let app = self.clone();
                            at_work.spawn(async move {
                                app.see_through(number).await;
                                number
                            });
                        }
                    }
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "bulk revocations wait"
                    );
                    pause = AGAIN;
                }
            }
            // One that stops and is resumed at once is looked for again as soon as its task has ended.
            tokio::select! {
                () = self.0.bulk.started.notified() => {}
                () = tokio::time::sleep(pause) => {}
                Some(ended) = at_work.join_next() => match ended {
                    Ok(number) => { in_hand.remove(&number); }
                    Err(fault) => {
                        tracing::error!(%fault, "a bulk revocation broke off: the next start takes it on");
                    }
                },
            }
        }
    }

    /// Takes a bulk revocation on until it runs no more.
    pub(crate) async fn see_through(&self, number: i64) {
        let mut most = FEWEST;
        loop {
            match self.take_on(number, most).await {
                Ok(Some(took)) => {
                    most = paced(most, took);
                    // Others write too: a commit of this size at a stretch would leave them a part of the disk only.
                    tokio::time::sleep(took / 2).await;
                }
                Ok(None) => return,
                Err(Error::Changed) => most = FEWEST,
                Err(Error::Busy) => tokio::time::sleep(REST).await,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        revocation = number,
                        "a bulk revocation waits"
                    );
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Moves the next certificates of a bulk revocation, at most `most`, and tells how long the commit took; none if it
    /// does not run.
    ///
    /// # Errors
    /// [`Error::Changed`] if somebody moved one of them, or stopped it, meanwhile: nothing was done, decide anew.
    pub(crate) async fn take_on(
        &self,
        number: i64,
        most: usize,
    ) -> Result<Option<Duration>, Error> {
        let job = self.stored_bulk_revocation(number).await?;
        if job.state != BulkState::Running {
            return Ok(None);
        }
        let user = match self.responsible(&job).await? {
            Ok(user) => user,
            Err(because) => {
                self.stop_because(&job, because).await?;
                return Ok(None);
            }
        };
        let mut search = MovableSearch {
            filter: job.filter.clone(),
            action: job.action,
            now: self.now(),
            after: job.cursor,
            up_to: job.up_to,
        };
        let mut found = Vec::new();
        for _ in 0..STRETCHES {
            (found, search.after) = self.next_movable(&search, most).await?;
            if !found.is_empty() || search.after >= search.up_to {
                break;
            }
        }
        let steps = self.advance(&job, &user, &search, &found)?;
        let begun = Instant::now();
        match self.store().commit(steps).await {
            Ok(_) => Ok(Some(begun.elapsed())),
            // Missing is the user, if it was removed just now.
            Err(StoreError::Stale | StoreError::Missing) => Err(Error::Changed),
            Err(error) => Err(error.into()),
        }
    }

    /// The user by whose right a bulk revocation goes on, or why it must not any more.
    async fn responsible(
        &self,
        job: &BulkRevocation,
    ) -> Result<Result<StoredUser, &'static str>, Error> {
        let key = UserKey::Id(job.responsible.clone());
        let Some(stored) = self.store().user(key).await? else {
            return Ok(Err("the user by whose right it went on is gone"));
        };
        match self.may_log_in(&stored.user).await {
            Ok(()) if may_change_all(&stored.user, &job.filter) => Ok(Ok(stored)),
            Ok(()) => Ok(Err(
                "the user by whose right it went on may no longer change all that it reaches",
            )),
            Err(Error::UserDisabled) => Ok(Err(
                "the user by whose right it went on, or its domain, is disabled, or its account has ended",
            )),
            Err(error) => Err(error),
        }
    }

    async fn stop_because(&self, job: &BulkRevocation, because: &'static str) -> Result<(), Error> {
        let entry = NewAuditEntry {
            object: Some(job.number.to_string()),
            detail: format!("{{\"v\":1,\"because\":\"{because}\"}}"),
            ..self.audit_entry(None, "revocation.stop")
        };
        let switch = BulkStep::Switch {
            number: job.number,
            from: BulkState::Running,
            to: BulkState::Stopped,
            at: entry.at,
            responsible: None,
            because: Some(because),
        };
        tracing::warn!(
            revocation = job.number,
            because,
            "a bulk revocation stopped"
        );
        let steps = vec![Step::Bulk(switch), Step::Audit(entry)];
        match self.store().commit(steps).await {
            Ok(_) => Ok(()),
            Err(StoreError::Stale) => Err(Error::Changed),
            Err(error) => Err(error.into()),
        }
    }

    /// The steps that move those certificates, and take the bulk revocation on to where the search stands.
    pub(crate) fn advance(
        &self,
        job: &BulkRevocation,
        user: &StoredUser,
        search: &MovableSearch,
        found: &[Movable],
    ) -> Result<Vec<Step>, Error> {
        let mut moves = Vec::with_capacity(3 * found.len() + 3);
        for one in found {
            moves.extend(self.movement_of(job, user, one, search)?);
        }
        let moved = found.len() as u64;
        let ended = search.after >= search.up_to;
        let on = BulkStep::Advance {
            number: job.number,
            from: job.cursor,
            to: search.after,
            moved,
            at: search.now,
            ended,
        };
        // First, so that one that was stopped meanwhile, or whose user may be another one by now, is noticed before anything
        // else is done.
        let mut steps = vec![Step::Bulk(on), Step::ExpectUser(user.clone())];
        steps.append(&mut moves);
        if ended {
            let done = match job.action {
                BulkAction::Revoke(_) => "revoked",
                BulkAction::Release(_) => "released",
            };
            steps.push(Step::Audit(NewAuditEntry {
                object: Some(job.number.to_string()),
                detail: format!("{{\"v\":1,\"{done}\":{}}}", job.moved + moved),
                ..self.entry_for(user, "revocation.finish")
            }));
        }
        Ok(steps)
    }

    fn movement_of(
        &self,
        job: &BulkRevocation,
        user: &StoredUser,
        one: &Movable,
        search: &MovableSearch,
    ) -> Result<Vec<Step>, Error> {
        let circumstances = Circumstances {
            ours: one.origin == Origin::Issued,
            expired: one.not_after < search.now,
        };
        let (action, of) = match job.action {
            BulkAction::Revoke(reason) => {
                (Action::Revoke(reason), format!("\"reason\":\"{reason}\""))
            }
            BulkAction::Release(number) => (Action::Release, format!("\"releases\":{number}")),
        };
        let entry = NewAuditEntry {
            certificate: Some(one.id),
            detail: format!("{{\"v\":1,{of},\"revocation\":{}}}", job.number),
            ..self.entry_for(user, audit_word(action))
        };
        let step = Step::Move {
            certificate: one.number,
            from: one.state,
            to: one.state.after(action, circumstances)?,
            at: search.now,
        };
        let mut steps = Vec::with_capacity(3);
        if job.action.releases().is_some() {
            // Released and held anew by somebody since it was read, it would look the same.
            steps.push(Step::Bulk(BulkStep::ExpectNoHoldSince {
                certificate: one.id,
                entry: one.trail,
            }));
        }
        steps.extend([step, Step::Audit(entry)]);
        Ok(steps)
    }

    /// An audit entry about what the server does by that user's right.
    fn entry_for(&self, stored: &StoredUser, action: &'static str) -> NewAuditEntry {
        NewAuditEntry {
            actor: Some(stored.user.id.clone()),
            domain: Some(stored.user.domain.clone()),
            ..self.audit_entry(None, action)
        }
    }
}

/// How many certificates the next commit takes, after one of `most` took that long.
fn paced(most: usize, took: Duration) -> usize {
    let next = if took > AIM { most / 2 } else { most * 5 / 4 };
    next.clamp(FEWEST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_stay_short_and_never_stop() {
        let check = |most, millis, want| {
            assert_eq!(
                paced(most, Duration::from_millis(millis)),
                want,
                "{most} {millis}"
            );
        };
        check(FEWEST, 1, 40);
        check(MOST, 1, MOST);
        check(MOST, 26, MOST / 2);
        check(FEWEST, 1000, FEWEST);
    }
}
