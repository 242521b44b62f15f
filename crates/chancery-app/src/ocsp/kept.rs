//! Answers that are signed once and given again: those about one certificate, without a nonce, until that certificate or
//! the one of who signed them changes, or they have lived half their time.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use chancery_core::ocsp::{HashAlgorithm, OcspRequest};
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use super::OcspAnswer;
use crate::store::revocations::RevocationWatch;

/// Octets that an answer takes beside its DER, roughly.
const OVERHEAD: usize = 400;
/// How many questions can have their turn at once; a few more share them.
const TURNS: usize = 64;

/// The answers that are kept, of every authority.
pub(crate) struct KeptAnswers {
    halves: Mutex<Halves>,
    /// Octets at which the younger half is full.
    half: usize,
    /// Held by who has the answer to a question signed, while others who ask the same wait for it.
    turns: [tokio::sync::Mutex<()>; TURNS],
    /// Nobody else can tell which questions share a turn.
    shares: RandomState,
}

/// When the younger half is full, the elder goes, and the younger takes its place. What is asked for again is young.
#[derive(Default)]
struct Halves {
    young: HashMap<Question, Kept>,
    octets: usize,
    old: HashMap<Question, Kept>,
}

/// An answer, and what it depends on.
pub(super) struct Kept {
    pub(super) answer: OcspAnswer,
    /// The revocation generation of its authority in which it was true.
    pub(super) generation: u64,
    /// The delegated responder's certificate: while it is good, the answer is.
    pub(super) responder: Option<Serial>,
}

/// What makes two requests have the same answer. It repeats how the client named the issuer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Question {
    authority: i64,
    hash: HashAlgorithm,
    null_parameters: bool,
    serial: Serial,
}

impl Question {
    /// What an authority is asked. None if nobody else will ask it: with a nonce, or about several certificates.
    pub(super) fn of(asked: &OcspRequest, authority: i64) -> Option<Question> {
        let ([id], None) = (asked.certificates.as_slice(), &asked.nonce) else {
            return None;
        };
        Some(Question {
            authority,
            hash: id.hash,
            null_parameters: id.null_parameters,
            serial: id.serial.clone(),
        })
    }
}

impl KeptAnswers {
    /// Room for answers in about that many MiB.
    pub(crate) fn in_memory_of(mib: u32) -> KeptAnswers {
        let octets = usize::try_from(mib)
            .unwrap_or(usize::MAX)
            .saturating_mul(1 << 20);
        KeptAnswers {
            halves: Mutex::default(),
            half: octets / 2,
            turns: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            shares: RandomState::new(),
        }
    }

    /// The question's turn to be answered: of many who ask the same at once, the first has it signed and kept, and the
    /// others find it then. None where nothing is kept.
    pub(super) async fn turn(
        &self,
        question: &Question,
    ) -> Option<tokio::sync::MutexGuard<'_, ()>> {
        let hash = usize::try_from(self.shares.hash_one(question) % TURNS as u64).ok()?;
        let turn = self.turns.get(hash).filter(|_| self.half > 0)?;
        Some(turn.lock().await)
    }

    /// The answer, if it is there, nothing that it tells of has changed since, and it is young enough.
    pub(super) fn find(
        &self,
        changes: &RevocationWatch,
        question: &Question,
        now: Time,
    ) -> Option<OcspAnswer> {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = halves.old.remove(question) {
            halves.keep(question.clone(), kept, self.half);
        }
        let kept = halves.young.get_mut(question)?;
        let tells_of = std::iter::once(&question.serial).chain(&kept.responder);
        // What is true now need not be compared with older changes again.
        kept.generation = changes.unchanged_since(kept.generation, question.authority, tells_of)?;
        is_young(&kept.answer, now).then(|| kept.answer.clone())
    }

    /// Keeps an answer, in place of an older one. That it may be overtaken by a change already does no harm:
    /// its generation tells.
    pub(super) fn keep(&self, question: Question, kept: Kept) {
        let mut halves = self.halves.lock().unwrap_or_else(PoisonError::into_inner);
        let newer = |there: &Kept| there.generation > kept.generation;
        if !halves.young.get(&question).is_some_and(newer) {
            halves.keep(question, kept, self.half);
        }
    }
}

impl Halves {
    fn keep(&mut self, question: Question, kept: Kept, half: usize) {
        let weight = |kept: &Kept| kept.answer.der.len() + OVERHEAD;
        let more = weight(&kept);
        if more > half {
            return;
        }
        if self.octets + more > half {
            self.old = std::mem::take(&mut self.young);
            self.octets = 0;
        }
        self.octets += more;
        if let Some(former) = self.young.insert(question, kept) {
            self.octets -= weight(&former);
        }
    }
}

/// In the first half of its time? A clock that went back makes answers too young, which is no better.
fn is_young(answer: &OcspAnswer, now: Time) -> bool {
    answer.freshness.is_some_and(|freshness| {
        let (made, end) = (freshness.this_update, freshness.next_update);
        let half = made.plus_seconds(end.unix().saturating_sub(made.unix()) / 2);
        made <= now && now < half
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::ocsp::Freshness;
    use crate::store::revocations::RevocationChange;

    const MADE: i64 = 1000;

    fn question(authority: i64, serial: u8) -> Question {
        Question {
            authority,
            hash: HashAlgorithm::Sha1,
            null_parameters: true,
            serial: number(serial),
        }
    }

    fn number(serial: u8) -> Serial {
        Serial::from_content(&[serial]).unwrap()
    }

    fn kept(generation: u64, responder: Option<u8>) -> Kept {
        Kept {
            answer: OcspAnswer {
                der: Bytes::from(vec![7; 1000]),
                freshness: Some(Freshness {
                    this_update: Time::from_unix(MADE),
                    next_update: Time::from_unix(MADE + 100),
                    max_age: 1,
                }),
            },
            generation,
            responder: responder.map(number),
        }
    }

    fn change(changes: &RevocationWatch, generation: u64, serial: u8) {
        let change = RevocationChange {
            authority: 1,
            generation,
            serials: Some(vec![number(serial)]),
        };
        changes.begins(std::slice::from_ref(&change));
        changes.ended(vec![change], true);
    }

    fn check(
        answers: &KeptAnswers,
        changes: &RevocationWatch,
        (authority, serial): (i64, u8),
        now: i64,
        want: bool,
    ) {
        let question = question(authority, serial);
        let found = answers.find(changes, &question, Time::from_unix(now));
        assert_eq!(found.is_some(), want, "{question:?} at {now}");
    }

    #[test]
    fn what_is_kept_goes_with_its_own_change_and_with_age() {
        let answers = KeptAnswers::in_memory_of(1);
        let changes = RevocationWatch::new([(1, 7), (2, 7)]);
        for serial in [1, 2] {
            answers.keep(question(1, serial), kept(7, None));
        }
        for (which, now, want) in [
            ((1, 1), MADE, true),
            ((1, 1), MADE + 49, true),
            ((1, 1), MADE + 50, false),
            ((1, 1), MADE - 1, false),
            ((2, 1), MADE, false),
            ((1, 3), MADE, false),
        ] {
            check(&answers, &changes, which, now, want);
        }
        change(&changes, 8, 1);
        check(&answers, &changes, (1, 1), MADE, false);
        check(&answers, &changes, (1, 2), MADE, true);
        // What was signed before a change comes too late, and does not drive out what was signed after it.
        answers.keep(question(1, 1), kept(7, None));
        check(&answers, &changes, (1, 1), MADE, false);
        answers.keep(question(1, 1), kept(8, None));
        answers.keep(question(1, 1), kept(7, None));
        check(&answers, &changes, (1, 1), MADE, true);
    }

    #[test]
    fn what_a_revoked_responder_signed_is_not_given_again() {
        let answers = KeptAnswers::in_memory_of(1);
        let changes = RevocationWatch::new([(1, 7)]);
        answers.keep(question(1, 1), kept(7, Some(9)));
        answers.keep(question(1, 2), kept(7, Some(8)));
        change(&changes, 8, 9);
        check(&answers, &changes, (1, 1), MADE, false);
        check(&answers, &changes, (1, 2), MADE, true);
    }

    #[test]
    fn memory_has_an_end_and_what_is_asked_for_stays_longest() {
        let answers = KeptAnswers::in_memory_of(1);
        let changes = RevocationWatch::default();
        for authority in 0..10_000 {
            answers.keep(question(authority, 1), kept(0, None));
            check(&answers, &changes, (0, 1), MADE, true);
        }
        let halves = answers.halves.lock().unwrap();
        let held = halves.young.len() + halves.old.len();
        assert!(held * 1400 <= 1 << 20, "{held}");
        assert!(held > 300, "{held}");
        drop(halves);
        check(&answers, &changes, (1, 1), MADE, false);
        // Without memory nothing is kept.
        let none = KeptAnswers::in_memory_of(0);
        none.keep(question(1, 1), kept(0, None));
        check(&none, &changes, (1, 1), MADE, false);
    }
}
