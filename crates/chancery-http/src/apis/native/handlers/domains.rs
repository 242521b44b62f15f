//! Domains.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use chancery_app::{DomainChange, NewDomain};

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Id, Json, Query};
use crate::apis::native::{answer, map, wire};
use crate::shared::Shared;

#[utoipa::path(get, path = "/chancery/v1/domains", tag = "domains", params(wire::ListQuery),
    responses((status = 200, description = "Done", body = wire::DomainList)))]
/// List domains, page by page.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Query(query): Query<wire::ListQuery>,
) -> Result<axum::Json<wire::DomainList>, Fault> {
    let limit = map::page_size(query.limit)?;
    let after = query.after.map(|text| map::domain_id(&text)).transpose()?;
    let mut page = shared.app.domains(&caller, after, limit + 1).await?;
    Ok(axum::Json(wire::DomainList {
        next: map::cut(&mut page, limit, |last| last.id.to_string()),
        domains: page.iter().map(map::domain).collect(),
    }))
}

#[utoipa::path(post, path = "/chancery/v1/domains", tag = "domains", request_body = wire::NewDomain,
    responses((status = 201, description = "Done", body = wire::Domain)))]
/// Make a domain.
pub(crate) async fn add(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Json(body): Json<wire::NewDomain>,
) -> Result<Response, Fault> {
    let new = NewDomain {
        id: map::domain_id(&body.id)?,
        name: body.name,
    };
    let domain = shared.app.add_domain(&caller, new).await?;
    let address = format!("/chancery/v1/domains/{}", domain.id);
    Ok(answer::made(address, map::domain(&domain)))
}

#[utoipa::path(get, path = "/chancery/v1/domains/{id}", tag = "domains", params(("id" = String, Path)),
    responses((status = 200, description = "Done", body = wire::Domain)))]
/// Show a domain.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
) -> Result<axum::Json<wire::Domain>, Fault> {
    let id = map::domain_id(&id)?;
    Ok(axum::Json(map::domain(
        &shared.app.domain(&caller, &id).await?,
    )))
}

#[utoipa::path(patch, path = "/chancery/v1/domains/{id}", tag = "domains", params(("id" = String, Path)),
    request_body = wire::DomainChange,
    responses((status = 200, description = "Done", body = wire::Domain)))]
/// Change a domain.
pub(crate) async fn change(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
    Json(body): Json<wire::DomainChange>,
) -> Result<axum::Json<wire::Domain>, Fault> {
    let id = map::domain_id(&id)?;
    let change = DomainChange {
        name: body.name,
        disabled: body.disabled,
    };
    Ok(axum::Json(map::domain(
        &shared.app.change_domain(&caller, &id, change).await?,
    )))
}

#[utoipa::path(delete, path = "/chancery/v1/domains/{id}", tag = "domains", params(("id" = String, Path)),
    responses((status = 204, description = "Done")))]
/// Remove a domain that has no users.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
) -> Result<StatusCode, Fault> {
    shared
        .app
        .remove_domain(&caller, &map::domain_id(&id)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
