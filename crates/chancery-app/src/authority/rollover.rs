//! Key rollover: an authority with a new key in the place of one that goes on to answer for what it signed.

use std::sync::Arc;

use chancery_core::authority::next_generation;
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::plan::Refusal;
use chancery_core::role::Right;

use super::{AuthorityEntry, Loaded, NewAuthority, SignedBy, newest, next_free};
use crate::error::Conflict;
use crate::store::authorities::AuthorityRequest;
use crate::{App, Caller, Error};

/// What the audit trail calls it.
const ACTION: &str = "authority.rollover";

/// How an authority is succeeded. What is left out is as with the one before.
#[derive(Clone, Default, Debug)]
pub struct Rollover {
    /// The successor's name; `NAME-2`, `NAME-3` if left out.
    pub name: Option<String>,
    /// The successor's subject; the old one with ` G2`, ` G3` at the end of its common name if left out, since two keys
    /// under one name confuse relying parties that look CRLs up by it.
    pub subject: Option<Name>,
    /// The kind of the new key.
    pub key: Option<KeyAlgorithm>,
    /// Days that the successor lives.
    pub days: Option<u32>,
    /// Is its certificate to be signed elsewhere, though the one above it is here?
    pub elsewhere: bool,
}

impl App {
    /// Makes a successor of an authority, or of its newest successor: under the same authority if that can sign here, by
    /// itself if it is a root, and otherwise as a request. Once the successor has its certificate, whoever asks for the
    /// old name gets what the successor signs. Needs the right to change authorities.
    ///
    /// # Errors
    /// [`Conflict::AuthorityAwaited`] if a successor is awaited already; [`Conflict::AuthoritySucceeded`] if somebody who
    /// asked at the same time made one; [`Error::Policy`] if the key of a root is elsewhere; else as [`App::add_authority`].
    pub async fn roll_authority_over(
        &self,
        caller: &Caller,
        name: &str,
        how: Rollover,
    ) -> Result<AuthorityEntry, Error> {
        self.require_everywhere(caller, Right::ChangeAuthorities, ACTION)
            .await?;
        // Whom it succeeds is settled before others have their turn: of all who ask at once one has its way. The store
        // decides who; what is known here already spares a key.
        self.certified(name).await?;
        let old = newest(&self.loaded(), name)?;
        let turn = self.authority_turn().await;
        let old = self.authority_named(old.name())?;
        if let Some(successor) = &old.successor {
            let conflict = Conflict::AuthoritySucceeded(successor.clone());
            return Err(Error::Conflict(conflict));
        }
        let requests = self.store().authority_requests().await?;
        let mut awaited = requests.iter();
        if let Some(request) =
            awaited.find(|request| request.predecessor.as_deref() == Some(old.name()))
        {
            let conflict = Conflict::AuthorityAwaited(request.name.clone());
            return Err(Error::Conflict(conflict));
        }
        let signed_by = self.signer_of_successor(&old, how.elsewhere).await?;
        let (next_name, next_subject) = self.next_names(name, &old, &requests)?;
        let key = old.authority.facts.public_key.algorithm();
        let made_here = KeyAlgorithm::parse(&key.word()).unwrap_or(KeyAlgorithm::P256);
        let new = NewAuthority {
            name: how.name.unwrap_or(next_name),
            subject: how.subject.unwrap_or(next_subject),
            key: how.key.unwrap_or(made_here),
            days: how.days,
            path_length: old.authority.facts.path_length,
            signed_by,
        };
        self.make_authority(caller, new, Some(old.name()), ACTION, turn)
            .await
    }

    async fn signer_of_successor(&self, old: &Loaded, elsewhere: bool) -> Result<SignedBy, Error> {
        let Some(parent) = &old.authority.parent else {
            // Who keeps a root's key elsewhere makes its successor there.
            if old.signer.is_none() {
                return Err(Refusal::AuthorityKeyElsewhere.into());
            }
            return Ok(match elsewhere {
                true => SignedBy::Elsewhere,
                false => SignedBy::Itself,
            });
        };
        let parent = self.issuing_authority(parent).await?;
        let signs = parent.authority.check_signing(self.now()).is_ok();
        Ok(match signs && !elsewhere {
            true => SignedBy::Authority(parent.name().to_owned()),
            false => SignedBy::Elsewhere,
        })
    }

    /// The first of `NAME-2`, `NAME-3` and so on that is free, and the first subject that no authority has.
    fn next_names(
        &self,
        name: &str,
        old: &Loaded,
        requests: &[AuthorityRequest],
    ) -> Result<(String, Name), Error> {
        let all = self.loaded();
        let base = first_of_succession(&all, name);
        let taken = |name: &str| {
            all.iter().any(|there| there.name() == name)
                || requests.iter().any(|request| request.name == name)
        };
        let name = next_free(base, taken);
        let subject_of = |generation: u32| {
            next_generation(old.authority.subject(), generation)
                .map_err(|error| Error::Invalid(format!("subject: {error}: give one")))
        };
        let mut generation = 2;
        let mut subject = subject_of(generation)?;
        while all
            .iter()
            .any(|there| there.authority.subject().matches(&subject))
        {
            generation += 1;
            subject = subject_of(generation)?;
        }
        Ok((name, subject))
    }
}

/// The name of the authority with which the succession began that leads to this one.
fn first_of_succession<'a>(all: &'a [Arc<Loaded>], name: &'a str) -> &'a str {
    let mut first = name;
    // No succession is longer than there are authorities, so a circle would end too.
    for _ in all {
        let before = all
            .iter()
            .find(|before| before.successor.as_deref() == Some(first));
        match before {
            Some(before) => first = before.name(),
            None => break,
        }
    }
    first
}
