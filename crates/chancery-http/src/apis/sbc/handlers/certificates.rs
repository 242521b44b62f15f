//! The request of a record, and the certificate that comes back: what the source document is about.

use axum::extract::State;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::{Caller, Query, Sent};
use super::super::map::{import, request};
use super::super::wire::import::{Import, certificate_request, record_name};
use crate::shared::Shared;

/// Generate the certificate signing request of a record; its key is made here and stays.
pub(crate) async fn generate_request(
    State(shared): State<Shared>,
    Caller { who, token }: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let record = query.required("recordName")?;
    let anew = query.flag("reGenerate")?;
    let pem = shared
        .app
        .generate_record_request(&who, &token, record, anew, request::of_record)
        .await?;
    Ok(Answer::ok([certificate_request(record, &pem)]))
}

/// Import the certificate that was issued for a record's request, or one to be trusted into a record without one.
pub(crate) async fn import(
    State(shared): State<Shared>,
    Caller { who, token }: Caller,
    Sent(asked): Sent<Import>,
) -> Result<Answer, Fault> {
    let certificates = import::certificates(&asked).map_err(Fault::bad)?;
    shared
        .app
        .import_into_record(&who, &token, &asked.record, certificates, asked.overwrite)
        .await?;
    Ok(Answer::ok([record_name(&asked.record)]))
}
