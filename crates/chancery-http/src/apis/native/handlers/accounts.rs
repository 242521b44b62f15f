//! The caller's own: tokens, and who it is.

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chancery_app::TokenStyle;
use secrecy::{ExposeSecret, SecretString};

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Json};
use crate::apis::native::{map, wire};
use crate::kit::authorization::{self, Authorization};
use crate::kit::time::rfc3339;
use crate::shared::Shared;

/// Tokens of this API: 256 random bits, good for twelve hours.
const STYLE: TokenStyle = TokenStyle {
    prefix: "chancery_",
    octets: 32,
    life: 12 * 3600,
};

#[utoipa::path(post, path = "/chancery/v1/tokens", tag = "accounts", request_body = wire::Nothing,
    responses((status = 201, description = "Done", body = wire::Token)))]
/// Make a bearer token for the caller.
pub(crate) async fn new_token(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Result<Response, Fault> {
    let token = shared.app.new_token(&caller, STYLE, None).await?;
    let body = wire::Token {
        token: token.text.expose_secret().to_owned(),
        expires: rfc3339(token.expires),
    };
    Ok((StatusCode::CREATED, axum::Json(body)).into_response())
}

#[utoipa::path(delete, path = "/chancery/v1/tokens/current", tag = "accounts",
    responses((status = 204, description = "Done")))]
/// Make the bearer token of this request worthless.
pub(crate) async fn revoke_token(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    headers: HeaderMap,
) -> Result<StatusCode, Fault> {
    let Some(Authorization::Bearer(token)) = authorization::read(&headers) else {
        return Err(Fault::invalid(
            "call this with the bearer token that should end",
        ));
    };
    shared
        .app
        .revoke_token(&caller, &SecretString::from(token))
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

#[utoipa::path(get, path = "/chancery/v1/whoami", tag = "accounts",
    responses((status = 200, description = "Done", body = wire::WhoAmI)))]
/// Who is calling.
pub(crate) async fn whoami(
    State(shared): State<Shared>,
    Caller(caller): Caller,
) -> Result<axum::Json<wire::WhoAmI>, Fault> {
    // As it is now: the caller is remembered as it was proved a moment ago.
    let user = shared.app.user(&caller, &caller.user().id).await?;
    Ok(axum::Json(wire::WhoAmI {
        user: map::user(&user),
    }))
}
