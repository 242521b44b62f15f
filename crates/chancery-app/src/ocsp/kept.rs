//! Answers that are signed once and given again: those about one certificate, without a nonce, until the authority's
//! revocation data change or they have lived half their time.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chancery_core::ocsp::{HashAlgorithm, OcspRequest};
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use super::OcspAnswer;

/// Most answers that are kept of one authority: at 1 to 2 KiB each, some tens of MiB.
const MOST_KEPT: usize = 20_000;

/// The answers that are kept, of every authority.
#[derive(Default)]
pub(crate) struct KeptAnswers(Mutex<HashMap<i64, OfOne>>);

/// Those of one authority.
#[derive(Default)]
struct OfOne {
    generation: u64,
    answers: HashMap<Question, OcspAnswer>,
}

/// What makes two requests to an authority have the same answer. It repeats how the client named the issuer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(super) struct Question {
    hash: HashAlgorithm,
    null_parameters: bool,
    serial: Serial,
}

impl Question {
    /// None if nobody else will ask it: with a nonce, or about several certificates.
    pub(super) fn of(asked: &OcspRequest) -> Option<Question> {
        let ([id], None) = (asked.certificates.as_slice(), &asked.nonce) else {
            return None;
        };
        Some(Question {
            hash: id.hash,
            null_parameters: id.null_parameters,
            serial: id.serial.clone(),
        })
    }
}

impl KeptAnswers {
    /// The answer, if it is there, of that generation, and young enough.
    pub(super) fn find(
        &self,
        authority: i64,
        generation: u64,
        question: &Question,
        now: Time,
    ) -> Option<OcspAnswer> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let those = all
            .get(&authority)
            .filter(|those| those.generation == generation)?;
        those
            .answers
            .get(question)
            .filter(|answer| is_young(answer, now))
            .cloned()
    }

    /// Keeps an answer. Those of older generations go; one that is older itself is not kept.
    pub(super) fn keep(
        &self,
        authority: i64,
        generation: u64,
        question: Question,
        answer: OcspAnswer,
    ) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let those = all.entry(authority).or_default();
        if those.generation > generation {
            return;
        }
        if those.generation < generation || those.answers.len() >= MOST_KEPT {
            those.answers.clear();
        }
        those.generation = generation;
        those.answers.insert(question, answer);
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

    fn question(serial: u8) -> Question {
        Question {
            hash: HashAlgorithm::Sha1,
            null_parameters: true,
            serial: Serial::from_content(&[serial]).unwrap(),
        }
    }

    fn answer(made: i64) -> OcspAnswer {
        OcspAnswer {
            der: Bytes::from_static(b"answer"),
            freshness: Some(Freshness {
                this_update: Time::from_unix(made),
                next_update: Time::from_unix(made + 100),
                max_age: 1,
            }),
        }
    }

    #[test]
    fn what_is_kept_goes_with_a_change_and_with_age() {
        let kept = KeptAnswers::default();
        kept.keep(1, 7, question(1), answer(1000));
        for (authority, generation, serial, now, want) in [
            (1, 7, 1, 1000, true),
            (1, 7, 1, 1049, true),
            (1, 7, 1, 1050, false),
            (1, 7, 1, 999, false),
            (1, 8, 1, 1000, false),
            (2, 7, 1, 1000, false),
            (1, 7, 2, 1000, false),
        ] {
            let found = kept.find(
                authority,
                generation,
                &question(serial),
                Time::from_unix(now),
            );
            let case = (authority, generation, serial, now);
            assert_eq!(found.is_some(), want, "{case:?}");
        }
        // What was signed before a change comes too late to be kept.
        kept.keep(1, 8, question(2), answer(1000));
        kept.keep(1, 7, question(1), answer(1000));
        let now = Time::from_unix(1000);
        assert!(kept.find(1, 8, &question(2), now).is_some());
        assert!(kept.find(1, 8, &question(1), now).is_none());
    }

    #[test]
    fn memory_has_an_end() {
        let kept = KeptAnswers::default();
        for number in 0..=MOST_KEPT {
            let serial = Serial::from_magnitude(&number.to_be_bytes());
            let question = Question {
                serial,
                ..question(0)
            };
            kept.keep(1, 0, question, answer(1000));
        }
        assert_eq!(kept.0.lock().unwrap()[&1].answers.len(), 1);
    }
}
