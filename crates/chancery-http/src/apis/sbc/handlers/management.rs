//! What is done with the configuration as a whole: done at once, and answered by a link as on the device.

use axum::extract::State;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Here, OperationId, Query};
use super::super::map::kinds;
use super::super::map::operation::{self, Wanted};
use crate::shared::Shared;

/// Save, activate, verify or restore.
pub(crate) async fn act(
    State(shared): State<Shared>,
    Caller { who, token }: Caller,
    Here(here): Here,
    query: Query,
) -> Result<Answer, Fault> {
    let wanted = operation::wanted(query.value("action")?, query.value("source")?);
    let app = &shared.app;
    let done = match wanted.map_err(Fault::bad)? {
        Wanted::Save => app.save_configuration(&who, &token).await?,
        Wanted::Activate => app.activate_configuration(&who, &token).await?,
        Wanted::Verify => {
            app.verify_configuration(&who, &token, &kinds::references())
                .await?
        }
        Wanted::Restore(source) => app.restore_configuration(&who, &token, source).await?,
    };
    let link = format!("{here}/configuration/management/operations/{}", done.id);
    Ok(Answer::accepted(link))
}

/// How an operation ended.
pub(crate) async fn state(
    State(shared): State<Shared>,
    Caller { who, .. }: Caller,
    OperationId(id): OperationId,
) -> Result<Answer, Fault> {
    let done = shared.app.operation(&who, &id).await?;
    Ok(Answer::envelope(operation::state(&done)))
}
