//! Sessions of people and tokens of service accounts. A service account is a user; its secret is the API key.

use axum::extract::State;
use chancery_app::{Credential, Error, TokenStyle};
use secrecy::ExposeSecret;

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::extract::{Stranger, client, name_and_password, session_of_token};
use super::super::wire::said::Session;
use crate::shared::Shared;

/// 32 digits, which a session's id needs to look like a UUID.
const OCTETS: usize = 16;
/// Seconds that a service account's token is good for.
const SERVICE_TOKEN_LIFE: u32 = 3600;

/// Log in by name and password.
pub(crate) async fn log_in(
    State(shared): State<Shared>,
    stranger: Stranger,
) -> Result<Answer, Fault> {
    let (name, password) =
        name_and_password(&stranger.headers).ok_or(Fault::new(Kind::EmptyCredentials))?;
    let credential = Credential::PasswordOrApiKey(name, password);
    let style = TokenStyle {
        prefix: "",
        octets: OCTETS,
        life: shared.config.appviewx.session_minutes.saturating_mul(60),
    };
    let token = token(&shared, credential, &stranger, style)
        .await
        .map_err(|fault| fault.instead(Kind::InvalidCredentials, Kind::LogIn))?;
    let session = Session {
        status: "SUCCESS",
        app_status_code: None,
        status_description: None,
        session_id: session_of_token(&token),
        available_login_attempt_count: None,
    };
    Answer::ok(session, None)
}

/// A token for a service account.
pub(crate) async fn service_token(
    State(shared): State<Shared>,
    stranger: Stranger,
) -> Result<Answer, Fault> {
    let (id, secret) = client(&stranger.headers).ok_or(Fault::new(Kind::Client))?;
    let style = TokenStyle {
        prefix: "avx_",
        octets: 32,
        life: SERVICE_TOKEN_LIFE,
    };
    let credential = Credential::ApiKey(id, secret);
    let token = token(&shared, credential, &stranger, style)
        .await
        .map_err(|fault| fault.instead(Kind::InvalidCredentials, Kind::Client))?;
    Answer::ok(token, None)
}

async fn token(
    shared: &Shared,
    credential: Credential,
    stranger: &Stranger,
    style: TokenStyle,
) -> Result<String, Fault> {
    let issue = async {
        let caller = shared.app.authenticate(credential, stranger.via).await?;
        shared.app.new_token(&caller, style, None).await
    };
    let token = issue.await.map_err(|error: Error| Fault::of(&error))?;
    Ok(token.text.expose_secret().to_owned())
}
