//! Answering OCSP requests: whose certificates are asked about, what is known of them, and who signs that.
//!
//! Open to everybody, like [`crate::public`]. An answer is never older than the last change: the authority's revocation
//! generation is read first, and what is kept from before it moved is dropped.

mod kept;
mod responder;

use std::sync::Arc;

use bytes::Bytes;
use chancery_core::ocsp::{
    CertId, CertStatus, OcspContents, OcspError, OcspRequest, SingleAnswer, plan_ocsp_response,
    read_request,
};
use chancery_core::time::Time;

use crate::authority::Loaded;
use crate::issue::off_the_async_threads;
use crate::store::IssuerKey;
use crate::{App, Error};

pub(crate) use kept::KeptAnswers;
pub(crate) use responder::Responders;

use kept::Question;
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
        // Read before the statuses are: a change in between makes this answer look old, never new.
        let authority = loaded.authority.id;
        let generation = self.store().revocation_generation(authority).await?;
        let question = Question::of(&asked);
        if let Some(question) = &question
            && let Some(answer) = self.0.ocsp_kept.find(authority, generation, question, now)
        {
            return Ok(answer);
        }
        let statuses = self.statuses(&loaded, &asked.certificates).await?;
        let responder = self.responder(&loaded, generation).await?;
        // Serial numbers that nobody issued are without end, and may be issued tomorrow.
        let question = question.filter(|_| !statuses.contains(&CertStatus::Unknown));
        let answer = self.sign_answer(responder, asked, statuses, now).await?;
        if let Some(question) = question {
            let kept = &self.0.ocsp_kept;
            kept.keep(authority, generation, question, answer.clone());
        }
        Ok(answer)
    }

    /// The one authority of ours, still valid and with its key here, that all of these name as their issuer.
    fn issuer_of(&self, certificates: &[CertId], now: Time) -> Option<Arc<Loaded>> {
        self.loaded().into_iter().find(|loaded| {
            loaded.signer().is_ok()
                && now < loaded.authority.not_after()
                && certificates.iter().all(|id| loaded.hashes.names(id))
        })
    }

    /// What is known of each certificate: those in the store, and those of authorities below.
    async fn statuses(
        &self,
        loaded: &Loaded,
        certificates: &[CertId],
    ) -> Result<Vec<CertStatus>, Error> {
        let serials = certificates.iter().map(|id| id.serial.clone()).collect();
        let issuer = IssuerKey::of(loaded.authority.subject());
        let mut statuses = self
            .store()
            .certificate_statuses(loaded.authority.id, issuer, serials)
            .await?;
        let all = self.loaded();
        for (status, id) in statuses.iter_mut().zip(certificates) {
            let is_below = |below: &Arc<Loaded>| {
                below.authority.parent.as_ref() == Some(&loaded.authority.name)
                    && below.authority.facts.serial == id.serial
            };
            if *status == CertStatus::Unknown && all.iter().any(is_below) {
                *status = CertStatus::Good;
            }
        }
        Ok(statuses)
    }

    async fn sign_answer(
        &self,
        responder: Responder,
        asked: OcspRequest,
        statuses: Vec<CertStatus>,
        now: Time,
    ) -> Result<OcspAnswer, Error> {
        let config = self.0.config.ocsp.clone();
        let life = i64::from(config.valid_hours) * 3600;
        let next_update = now.plus_seconds(life).min(responder.not_after());
        off_the_async_threads(move || {
            let pairs = asked.certificates.iter().zip(statuses);
            let planned = plan_ocsp_response(OcspContents {
                responder: responder.key_id(),
                signature_algorithm: responder.signs_with()?,
                produced_at: now,
                next_update,
                answers: pairs
                    .map(|(id, status)| SingleAnswer { id, status })
                    .collect(),
                nonce: asked.nonce.as_deref(),
                certificates: responder.certificates(),
            })
            .map_err(Error::internal)?;
            let signature = responder.sign(&planned)?;
            let der = planned.finish(&signature).map_err(Error::internal)?;
            let freshness = Freshness {
                this_update: now,
                next_update,
                max_age: config.cache_seconds,
            };
            Ok(OcspAnswer {
                der: Bytes::from(der),
                freshness: asked.nonce.is_none().then_some(freshness),
            })
        })
        .await
    }
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
