//! The six operations of the source document.

use axum::extract::State;
use axum::http::StatusCode;
use chancery_app::{App, Error, LARGEST_PAGE, Order};
use chancery_core::certificate::{Certificate, State as Standing};

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Query, Spoken, Which};
use super::super::map::certificate::{certificate, created, exported, imported};
use super::super::map::listing::{self, Listing};
use super::super::map::request::{self, Claim};
use super::super::map::wanted_status;
use super::super::wire::Document;
use super::super::wire::certificate::{AskedMany, AskedOne, Certificates};
use crate::shared::Shared;

/// Get user certificates.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let now = shared.app.now();
    let asked = listing::certificates(&query, caller.who.user(), now)?;
    let write = if asked.export { exported } else { certificate };
    let page = page(&shared.app, &caller, asked).await?;
    Ok(Answer::ok(Document::Certificates(Certificates::new(
        page.iter().map(|one| write(one, now)).collect(),
    ))))
}

/// Import user certificates: all or none.
pub(crate) async fn import(
    State(shared): State<Shared>,
    caller: Caller,
    Spoken(asked): Spoken<AskedMany>,
) -> Result<Answer, Fault> {
    let import = request::import(asked.certificates)?;
    check_claims(&shared.app, &caller, &import.claims).await?;
    let done = shared.app.import(&caller.who, import.items).await?;
    let now = shared.app.now();
    let list = done
        .into_iter()
        .zip(import.data)
        .map(|(one, data)| imported(&one.certificate, data, now));
    Ok(Answer::ok(Document::Certificates(Certificates::new(
        list.collect(),
    ))))
}

/// Create a user certificate.
pub(crate) async fn create(
    State(shared): State<Shared>,
    caller: Caller,
    Spoken(asked): Spoken<AskedOne>,
) -> Result<Answer, Fault> {
    let creation = request::creation(&asked.certificate, &shared.config.keystone)?;
    check_claims(&shared.app, &caller, &[creation.claim]).await?;
    let issued = shared.app.issue(&caller.who, creation.request).await?;
    let key = issued.private_key.as_ref().map(|key| key.pkcs8());
    let document = Document::certificate(created(&issued.certificate, key, shared.app.now()));
    Ok(Answer::with_status(StatusCode::CREATED, document))
}

/// Get user certificate. What was deleted is gone here; lists with its status still show it.
pub(crate) async fn show(
    State(shared): State<Shared>,
    caller: Caller,
    Which(which): Which,
    query: Query,
) -> Result<Answer, Fault> {
    let export = listing::export(&query)?;
    let found = shared.app.certificate(&caller.who, &which).await?;
    if matches!(found.state, Standing::Deleted(_) | Standing::Purged(_)) {
        return Err(Error::NotFound("certificate").into());
    }
    let write = if export { exported } else { certificate };
    Ok(Answer::ok(Document::certificate(write(
        &found,
        shared.app.now(),
    ))))
}

/// Update user certificate: its status, and nothing else.
pub(crate) async fn update(
    State(shared): State<Shared>,
    caller: Caller,
    Which(which): Which,
    Spoken(asked): Spoken<AskedOne>,
) -> Result<Answer, Fault> {
    let wanted = wanted_status(asked.certificate.status.as_deref())?;
    let updated = shared.app.set_status(&caller.who, &which, wanted).await?;
    Ok(Answer::ok(Document::certificate(certificate(
        &updated,
        shared.app.now(),
    ))))
}

/// Delete user certificate.
pub(crate) async fn delete(
    State(shared): State<Shared>,
    caller: Caller,
    Which(which): Which,
) -> Result<Answer, Fault> {
    shared.app.delete(&caller.who, &which).await?;
    Ok(Answer::nothing())
}

/// A page, made longer by what shares its last certificate's key: the marker names keys, so the next page starts behind
/// all of these.
async fn page(app: &App, caller: &Caller, asked: Listing) -> Result<Vec<Certificate>, Error> {
    let mut page = app
        .certificates(&caller.who, asked.filter.clone(), asked.limit)
        .await?;
    let Some(last) = page.last().filter(|_| page.len() == asked.limit) else {
        return Ok(page);
    };
    let mut rest = asked.filter;
    rest.subject_key_id = Some(last.subject_key_id);
    rest.order = Order::SubjectKeyId(Some((last.subject_key_id, Some(last.number))));
    page.extend(app.certificates(&caller.who, rest, LARGEST_PAGE).await?);
    Ok(page)
}

/// Does each user belong to the domain that the request says?
async fn check_claims(app: &App, caller: &Caller, claims: &[Claim]) -> Result<(), Fault> {
    let mut checked: Vec<&Claim> = Vec::new();
    for claim in claims {
        let Some(domain) = &claim.domain else {
            continue;
        };
        if checked.contains(&claim) {
            continue;
        }
        if app.user(&caller.who, &claim.user).await?.domain != *domain {
            return Err(Fault::bad(format!(
                "user {} does not belong to domain {domain}",
                claim.user
            )));
        }
        checked.push(claim);
    }
    Ok(())
}
