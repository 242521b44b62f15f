//! The elements of the configuration, and what is told of their kinds.

use axum::extract::State;
use chancery_app::{Configuration, Error, LARGEST_ELEMENT_PAGE};

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Query, Sent};
use super::super::map::element;
use super::super::map::kinds::{KEY, Kind};
use super::super::wire;
use crate::shared::Shared;

/// List the elements of a kind, or show one.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller { who, .. }: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let kind = kind(&query)?;
    let key = query.value(KEY)?;
    let configuration = if query.flag("running")? {
        Configuration::Running
    } else {
        Configuration::Edited
    };
    let (offset, most) = match key {
        Some(_) => (0, 1),
        None => page(&query)?,
    };
    let found = shared
        .app
        .elements(&who, configuration, kind.name, key, offset, most)
        .await?;
    if key.is_some() && found.is_empty() {
        return Err(Error::NotFound("element").into());
    }
    Ok(Answer::ok(found.iter().map(element::shown)))
}

/// Add an element.
pub(crate) async fn add(
    State(shared): State<Shared>,
    Caller { who, token }: Caller,
    Sent(sent): Sent<wire::element::Sent>,
) -> Result<Answer, Fault> {
    let new = element::whole(sent).map_err(Fault::bad)?;
    let added = shared.app.add_element(&who, &token, new).await?;
    Ok(Answer::ok([element::shown(&added)]))
}

/// Change the attributes that are named; the others stay.
pub(crate) async fn change(
    State(shared): State<Shared>,
    Caller { who, token }: Caller,
    Sent(sent): Sent<wire::element::Sent>,
) -> Result<Answer, Fault> {
    let change = element::change(sent).map_err(Fault::bad)?;
    let changed = shared.app.put_element(&who, &token, change).await?;
    Ok(Answer::ok([element::shown(&changed)]))
}

/// Remove an element.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Caller { who, token }: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let (kind, key) = (kind(&query)?, query.required(KEY)?);
    shared
        .app
        .remove_element(&who, &token, kind.name, key)
        .await?;
    Ok(Answer::nothing())
}

/// An element with defaults alone.
pub(crate) async fn template(_caller: Caller, query: Query) -> Result<Answer, Fault> {
    Ok(Answer::ok([element::template(kind(&query)?)]))
}

/// The attributes of a kind, and which of them is the key.
pub(crate) async fn metadata(_caller: Caller, query: Query) -> Result<Answer, Fault> {
    Ok(Answer::ok(element::metadata(kind(&query)?)))
}

/// How many are passed over, and how many are answered at most.
fn page(query: &Query) -> Result<(u64, usize), Fault> {
    let offset = query.number("offset")?.unwrap_or(0);
    let most = query.number("maxElements")?.map(usize::try_from);
    let most = most.and_then(Result::ok).unwrap_or(LARGEST_ELEMENT_PAGE);
    Ok((offset.into(), most.min(LARGEST_ELEMENT_PAGE)))
}

fn kind(query: &Query) -> Result<&'static Kind, Fault> {
    element::kind(query.required("elementType")?).map_err(Fault::bad)
}
