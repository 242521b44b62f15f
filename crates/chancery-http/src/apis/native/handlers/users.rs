//! Users.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Id, Json, Query};
use crate::apis::native::{answer, map, wire};
use crate::shared::Shared;

#[utoipa::path(get, path = "/chancery/v1/users", tag = "users", params(wire::UserQuery),
    responses((status = 200, description = "Done", body = wire::UserList)))]
/// List users, page by page.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Query(query): Query<wire::UserQuery>,
) -> Result<axum::Json<wire::UserList>, Fault> {
    let limit = map::page_size(query.limit)?;
    let domain = query.domain.map(|text| map::domain_id(&text)).transpose()?;
    let after = query.after.map(|text| map::user_id(&text)).transpose()?;
    let mut page = shared.app.users(&caller, domain, after, limit + 1).await?;
    Ok(axum::Json(wire::UserList {
        next: map::cut(&mut page, limit, |last| last.id.to_string()),
        users: page.iter().map(map::user).collect(),
    }))
}

#[utoipa::path(post, path = "/chancery/v1/users", tag = "users", request_body = wire::NewUser,
    responses((status = 201, description = "Done", body = wire::User)))]
/// Make a user.
pub(crate) async fn add(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Json(body): Json<wire::NewUser>,
) -> Result<Response, Fault> {
    let new = map::new_user(body)?;
    let user = shared.app.add_user(&caller, new).await?;
    let address = format!("/chancery/v1/users/{}", user.id);
    Ok(answer::made(address, map::user(&user)))
}

#[utoipa::path(get, path = "/chancery/v1/users/{id}", tag = "users", params(("id" = String, Path)),
    responses((status = 200, description = "Done", body = wire::User)))]
/// Show a user.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
) -> Result<axum::Json<wire::User>, Fault> {
    let id = map::user_id(&id)?;
    Ok(axum::Json(map::user(&shared.app.user(&caller, &id).await?)))
}

#[utoipa::path(patch, path = "/chancery/v1/users/{id}", tag = "users", params(("id" = String, Path)),
    request_body = wire::UserChange,
    responses((status = 200, description = "Done", body = wire::User)))]
/// Change a user. Anybody may change their own password.
pub(crate) async fn change(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
    Json(body): Json<wire::UserChange>,
) -> Result<axum::Json<wire::User>, Fault> {
    let id = map::user_id(&id)?;
    let change = map::user_change(body)?;
    Ok(axum::Json(map::user(
        &shared.app.change_user(&caller, &id, change).await?,
    )))
}

#[utoipa::path(delete, path = "/chancery/v1/users/{id}", tag = "users", params(("id" = String, Path)),
    responses((status = 204, description = "Done")))]
/// Remove a user to whom no certificate belongs.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
) -> Result<StatusCode, Fault> {
    shared.app.remove_user(&caller, &map::user_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(post, path = "/chancery/v1/users/{id}/api-key", tag = "users", params(("id" = String, Path)),
    responses((status = 201, description = "Done", body = wire::ApiKey)))]
/// Give a user a new API key, in the place of the old one.
pub(crate) async fn new_api_key(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
) -> Result<Response, Fault> {
    let key = shared.app.new_api_key(&caller, &map::user_id(&id)?).await?;
    let body = wire::ApiKey {
        api_key: key.expose_secret().to_owned(),
    };
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

#[utoipa::path(delete, path = "/chancery/v1/users/{id}/api-key", tag = "users", params(("id" = String, Path)),
    responses((status = 204, description = "Done")))]
/// Take a user's API key away.
pub(crate) async fn remove_api_key(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(id): Id,
) -> Result<StatusCode, Fault> {
    shared
        .app
        .remove_api_key(&caller, &map::user_id(&id)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
