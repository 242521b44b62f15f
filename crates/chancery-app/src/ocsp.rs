//! Answering OCSP requests: whose certificates are asked about, what is known of them, and who signs that.
//!
//! Open to everybody. An answer is never older than the last change of what it tells of: what the store tells of changes
//! is asked before the statuses are read, and an answer is given again only if nothing changed since.

mod kept;
mod responder;
#[cfg(test)]
mod tests;

use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use chancery_core::ocsp::{
    CertId, CertStatus, OcspContents, OcspError, OcspRequest, SingleAnswer, plan_ocsp_response,
    read_request,
};
use chancery_core::time::Time;

use crate::authority::Loaded;
use crate::config::OcspUnknown;
use crate::issue::off_the_async_threads;
use crate::{App, Error};

pub(crate) use kept::KeptAnswers;
pub(crate) use responder::Responders;

use kept::{Kept, Question};
use responder::Responder;

/// An answer as it is sent.
#[derive(Clone, Debug)]
pub struct OcspAnswer {
    /// Its DER.
    pub der: Bytes,
    /// How long it holds; none for what answers one client only: one with a nonce, and one that says what went wrong.
    pub freshness: Option<Freshness>,
}

/// How long an answer holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Freshness {
    /// When it was made.
    pub this_update: Time,
    /// Until when clients may rely on it.
    pub next_update: Time,
    /// Seconds for which caches may give it without asking here.
    pub max_age: u32,
}

impl App {
    /// Answers a request of [`chancery_core::ocsp::LARGEST_REQUEST`] octets at most. What cannot be understood, and what
    /// asks about authorities that are not ours or about two at once, is answered in the protocol's own words.
    ///
    /// # Errors
    /// Only what went wrong here: [`Error::Busy`] and [`Error::Internal`].
    pub async fn ocsp(&self, request: &[u8]) -> Result<OcspAnswer, Error> {
        let Ok(asked) = read_request(request) else {
            return Ok(OcspAnswer::refusal(OcspError::MalformedRequest));
        };
        let now = self.now();
        let Some(loaded) = self.issuer_of(&asked.certificates, now) else {
            return Ok(OcspAnswer::refusal(OcspError::Unauthorized));
        };
        let (authority, changes) = (loaded.authority.id, self.store().revocations());
        let kept = &self.0.ocsp_kept;
        let question = Question::of(&asked, authority);
        if let Some(question) = &question
            && let Some(answer) = kept.find(changes, question, now)
        {
            return Ok(answer);
        }
        // Read before the statuses are: a change in between makes this answer look old, never new.
        let generation = changes.generation(authority);
        let statuses = self.statuses(&loaded, &asked.certificates).await?;
        let responder = self.responder(&loaded).await?;
        // Serial numbers that nobody issued are without end, and may be issued tomorrow.
        let question = question.filter(|_| statuses.iter().all(|status| status.is_issued()));
        // Held until the answer is kept.
        let turn = match &question {
            Some(question) if !responder.is_quick()? => kept.turn(question).await,
            _ => None,
        };
        if let (Some(_), Some(question)) = (&turn, &question)
            && let Some(answer) = kept.find(changes, question, self.now())
        {
            return Ok(answer);
        }
        let by = responder.serial().cloned();
        let answer = self.sign_answer(responder, asked, statuses, now).await?;
        if let Some(question) = question {
            let answer = Kept {
                answer: answer.clone(),
                generation,
                responder: by,
            };
            kept.keep(question, answer);
        }
        Ok(answer)
    }

    /// The one authority of ours, still valid and with its key here, that all of these name as their issuer.
    fn issuer_of(&self, certificates: &[CertId], now: Time) -> Option<Arc<Loaded>> {
        let all = self.0.authorities.read();
        let all = all.unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|loaded| {
            certificates.iter().all(|id| loaded.hashes.names(id))
                && loaded.signer().is_ok()
                && now < loaded.authority.not_after()
        });
        found.cloned()
    }

    /// What is known of each certificate.
    async fn statuses(
        &self,
        loaded: &Loaded,
        certificates: &[CertId],
    ) -> Result<Vec<CertStatus>, Error> {
        let serials = certificates.iter().map(|id| id.serial.clone()).collect();
        let mut statuses = self
            .store()
            .certificate_statuses(loaded.authority.id, loaded.issuer_key, serials)
            .await?;
        for status in &mut statuses {
            if *status == CertStatus::Unknown {
                *status = self.status_elsewhere();
            }
        }
        Ok(statuses)
    }

    /// What is said of a certificate that is not in the store.
    fn status_elsewhere(&self) -> CertStatus {
        match self.0.config.ocsp.unknown {
            OcspUnknown::Unknown => CertStatus::Unknown,
            OcspUnknown::Revoked => CertStatus::NotIssued,
        }
    }

    async fn sign_answer(
        &self,
        responder: Responder,
        asked: OcspRequest,
        statuses: Vec<CertStatus>,
        now: Time,
    ) -> Result<OcspAnswer, Error> {
        let config = &self.0.config.ocsp;
        let life = i64::from(config.valid_hours) * 3600;
        let next_update = now.plus_seconds(life).min(responder.not_after());
        // It is given again for half of that: caches that take it last must not have it for longer than it holds.
        let half = next_update.unix().saturating_sub(now.unix()) / 2;
        let freshness = Freshness {
            this_update: now,
            next_update,
            max_age: u32::try_from(half)
                .map_or(config.cache_seconds, |half| half.min(config.cache_seconds)),
        };
        // What takes some tens of microseconds takes longer to hand to another thread.
        if responder.is_quick()? {
            signed(&responder, &asked, statuses, freshness)
        } else {
            off_the_async_threads(move || signed(&responder, &asked, statuses, freshness)).await
        }
    }
}

/// The answer, signed.
fn signed(
    responder: &Responder,
    asked: &OcspRequest,
    statuses: Vec<CertStatus>,
    freshness: Freshness,
) -> Result<OcspAnswer, Error> {
    let pairs = asked.certificates.iter().zip(statuses);
    let planned = plan_ocsp_response(OcspContents {
        responder: responder.key_id(),
        signature_algorithm: responder.signs_with()?,
        produced_at: freshness.this_update,
        next_update: freshness.next_update,
        answers: pairs
            .map(|(id, status)| SingleAnswer { id, status })
            .collect(),
        nonce: asked.nonce.as_deref(),
        certificate: responder.certificate(),
    })
    .map_err(Error::internal)?;
    let signature = responder.sign(&planned)?;
    let der = planned.finish(&signature).map_err(Error::internal)?;
    Ok(OcspAnswer {
        der: Bytes::from(der),
        freshness: asked.nonce.is_none().then_some(freshness),
    })
}

impl OcspAnswer {
    /// An answer that only says what went wrong.
    pub fn refusal(error: OcspError) -> OcspAnswer {
        OcspAnswer {
            der: Bytes::from(error.to_der()),
            freshness: None,
        }
    }
}
