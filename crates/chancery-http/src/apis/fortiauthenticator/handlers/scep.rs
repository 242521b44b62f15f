//! Requests that came by SCEP: there are none, as nothing here speaks SCEP. The list is there for clients that look.

use axum::extract::{Path, State};

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Query, number};
use super::super::map::listing::listing;
use super::super::map::schema::{self, Resource};
use super::super::wire::{List, UserCert, response};
use crate::shared::Shared;

/// The requests.
pub(crate) async fn list(
    State(shared): State<Shared>,
    _caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let asked = listing(&query.0, Resource::ScepReqs, shared.app.now())?;
    Ok(Answer::ok(response(&List::<UserCert> {
        meta: asked.meta("/api/v1/scepreqs/", &query.0, 0),
        objects: Vec::new(),
    })))
}

/// What the resource is.
pub(crate) async fn schema(_caller: Caller) -> Answer {
    Answer::ok(response(&schema::schema(Resource::ScepReqs)))
}

/// One request, to read or to delete: there is none.
pub(crate) async fn one(_caller: Caller, Path(id): Path<String>) -> Fault {
    number(&id).map_or_else(|fault| fault, |_| Fault::not_found())
}
