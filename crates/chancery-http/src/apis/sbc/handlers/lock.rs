//! The configuration lock.

use axum::extract::State;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::Caller;
use crate::shared::Shared;

/// Take it; who holds it already keeps it.
pub(crate) async fn take(State(shared): State<Shared>, caller: Caller) -> Result<Answer, Fault> {
    let Caller { who, token } = caller;
    shared.app.lock_configuration(&who, &token).await?;
    Ok(Answer::nothing())
}

/// Give it back. What was edited and not saved is dropped.
pub(crate) async fn release(State(shared): State<Shared>, caller: Caller) -> Result<Answer, Fault> {
    let Caller { who, token } = caller;
    shared.app.unlock_configuration(&who, &token).await?;
    Ok(Answer::nothing())
}
