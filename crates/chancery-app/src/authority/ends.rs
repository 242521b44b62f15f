//! What is told of authorities and imported CRLs before they are over, while there is time to do something.

use chancery_core::time::{DAY, Time};

use super::{AuthorityState, Loaded};
use crate::App;

/// Something that is over, or nearly.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Ending {
    /// The name of the authority.
    pub(crate) authority: String,
    /// What ends.
    pub(crate) what: Ends,
    /// When.
    pub(crate) at: Time,
}

/// What ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ends {
    /// An authority that nobody retired or succeeded.
    Authority,
    /// The CRL that was imported for one.
    Crl,
}

impl App {
    /// Every authority in the last tenth of its life or after it, unless it was retired or succeeded; and the CRLs of
    /// which the same is true, of authorities that live.
    pub(crate) fn endings(&self) -> Vec<Ending> {
        let now = self.now();
        let all = self.loaded();
        all.iter()
            .flat_map(|loaded| endings_of(loaded, now))
            .collect()
    }

    /// Writes them to the log.
    pub(crate) fn warn_of_endings(&self) {
        for Ending {
            authority,
            what,
            at,
        } in self.endings()
        {
            let days_left = (at.unix() - self.now().unix()).div_euclid(DAY);
            match what {
                Ends::Authority => tracing::warn!(
                    authority,
                    days_left,
                    "an authority ends: make a successor with `chancery authority rollover`, or retire it"
                ),
                Ends::Crl => tracing::warn!(
                    authority,
                    days_left,
                    "an imported CRL ends: carry the next one here with `chancery authority import-crl`"
                ),
            }
        }
    }
}

fn endings_of(loaded: &Loaded, now: Time) -> Vec<Ending> {
    let facts = &loaded.authority.facts;
    let state = loaded.state(now);
    let is_left = loaded.retired || loaded.successor.is_some() || state == AuthorityState::Revoked;
    let authority = (Ends::Authority, facts.not_before, facts.not_after);
    let list = loaded.published.as_ref();
    let list = list.map(|list| (Ends::Crl, list.this_update, list.next_update));
    let authority = (!is_left).then_some(authority);
    let list = list.filter(|_| now <= facts.not_after);
    let ends = |(what, from, at): (Ends, Time, Time)| {
        let tenth = (at.unix() - from.unix()) / 10;
        (now >= at.plus_seconds(-tenth)).then(|| Ending {
            authority: loaded.name().to_owned(),
            what,
            at,
        })
    };
    authority.into_iter().chain(list).filter_map(ends).collect()
}
