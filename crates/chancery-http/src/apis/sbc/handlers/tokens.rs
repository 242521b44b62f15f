//! Tokens: ten minutes for name and password, and once more for those with a token that still holds.

use axum::extract::State;
use axum::http::Method;
use chancery_app::TokenStyle;
use secrecy::ExposeSecret;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Knocking, OldToken};
use super::wrong_method;
use crate::kit::node::Node;
use crate::shared::Shared;

/// 64 digits, good for ten minutes.
const STYLE: TokenStyle = TokenStyle {
    prefix: "",
    octets: 32,
    life: 600,
};

/// Get a token; with the current one in a form, one in its place that holds the lock if that did.
pub(crate) async fn create(
    State(shared): State<Shared>,
    Knocking(who): Knocking,
    OldToken(old): OldToken,
) -> Result<Answer, Fault> {
    let token = match old {
        Some(old) => shared.app.renew_lock_token(&who, &old, STYLE).await?,
        None => shared.app.new_token(&who, STYLE, None).await?,
    };
    let text = token.text.expose_secret();
    Ok(Answer::ok([Node::text("accessToken", text)]))
}

/// Not possible; but whoever does not say who it is hears that first.
pub(crate) async fn look(_who: Knocking, method: Method) -> Fault {
    wrong_method(method).await
}
