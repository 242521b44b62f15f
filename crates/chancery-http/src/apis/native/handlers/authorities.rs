//! Authorities and profiles.

use axum::extract::State;

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Id};
use crate::apis::native::{map, wire};
use crate::shared::Shared;

#[utoipa::path(get, path = "/chancery/v1/authorities", tag = "authorities",
    responses((status = 200, description = "Done", body = wire::AuthorityList), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// List the authorities.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
) -> Result<axum::Json<wire::AuthorityList>, Fault> {
    let all = shared.app.authorities(&caller).await?;
    Ok(axum::Json(wire::AuthorityList {
        authorities: all.iter().map(map::authority).collect(),
    }))
}

#[utoipa::path(get, path = "/chancery/v1/authorities/{name}", tag = "authorities", params(("name" = String, Path)),
    responses((status = 200, description = "Done", body = wire::Authority), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// Show an authority.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(name): Id,
) -> Result<axum::Json<wire::Authority>, Fault> {
    Ok(axum::Json(map::authority(
        &shared.app.authority(&caller, &name).await?,
    )))
}

#[utoipa::path(get, path = "/chancery/v1/profiles", tag = "authorities",
    responses((status = 200, description = "Done", body = wire::ProfileList), (status = "4XX", description = "Refused: a problem", body = wire::Problem)))]
/// List the profiles by which certificates are issued.
pub(crate) async fn profiles(
    State(shared): State<Shared>,
    Caller(caller): Caller,
) -> Result<axum::Json<wire::ProfileList>, Fault> {
    let all = shared.app.profiles(&caller);
    Ok(axum::Json(wire::ProfileList {
        profiles: all.iter().map(map::profile).collect(),
    }))
}
