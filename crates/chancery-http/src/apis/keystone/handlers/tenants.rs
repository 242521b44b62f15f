//! Tenants, which are our domains.

use axum::extract::State;
use chancery_app::{App, Domain, Error};
use chancery_core::identity::DomainId;

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::extract::{Caller, Query};
use super::super::map::access::{Scope, tenant};
use super::super::map::listing;
use super::super::wire::Document;
use crate::shared::Shared;

/// Domains that are looked through at once for a name.
const PAGE: usize = 1000;

/// Get a list of tenants: the caller's domain, or every one for who may read users everywhere.
pub(crate) async fn list(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let (marker, limit) = listing::tenants(&query)?;
    let domains = match query.value("name")? {
        Some(name) => named(&shared.app, &caller.who, name)
            .await?
            .into_iter()
            .collect(),
        None => shared.app.domains(&caller.who, marker, limit).await?,
    };
    Ok(Answer::ok(Document::Tenants(
        domains.iter().map(tenant).collect(),
    )))
}

/// The tenant for which a token is asked. One that is not there, and one that is not the caller's, are the same to it.
pub(super) async fn wanted_tenant(
    app: &App,
    who: &chancery_app::Caller,
    scope: Scope,
) -> Result<Option<Domain>, Fault> {
    let found = match scope {
        Scope::Unscoped => return Ok(None),
        Scope::Name(name) => named(app, who, &name).await?,
        Scope::Id(id) => match DomainId::parse(&id) {
            Err(_) => None,
            Ok(id) => match app.domain(who, &id).await {
                Ok(domain) => Some(domain),
                Err(Error::NotFound(_) | Error::Forbidden(_)) => None,
                Err(error) => return Err(error.into()),
            },
        },
    };
    let none = || {
        Fault::new(
            Kind::Unauthorized,
            "there is no such tenant, or it is not yours",
        )
    };
    found.map(Some).ok_or_else(none)
}

/// The first domain of that name among those that the caller reaches.
async fn named(app: &App, who: &chancery_app::Caller, name: &str) -> Result<Option<Domain>, Error> {
    let mut after = None;
    loop {
        let page = app.domains(who, after, PAGE).await?;
        let next = page
            .last()
            .filter(|_| page.len() == PAGE)
            .map(|last| last.id.clone());
        if let Some(found) = page.into_iter().find(|domain| domain.name == name) {
            return Ok(Some(found));
        }
        match next {
            Some(last) => after = Some(last),
            None => return Ok(None),
        }
    }
}
