//! The six actions, and those of them that have an address of their own, on which a client can wait.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chancery_app::OrderRequest;
use chancery_core::revocation::Reason;
use chancery_core::workorder::{OrderKind, OrderState, WorkOrder};

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::extract::{Caller, Json, Query};
use super::super::map::{self, Wanted, by_id, resource, triggered};
use super::super::wire::Envelope;
use super::super::wire::ask::{Action, Format};
use super::super::wire::said::{Made, Revoked};
use super::{downloads, find};
use crate::shared::Shared;

/// Seconds that a client waits which names no number of them.
const USUAL_WAIT: u64 = 300;
/// What revoking says where all else says nothing.
const SUCCESS: &str = "SUCCESS";

/// How a client that waits is answered.
pub(super) struct Waiting {
    pub(super) sync: bool,
    pub(super) at_most: Duration,
}

/// Any of the six actions.
pub(crate) async fn action(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
    Json(body): Json,
) -> Result<Answer, Fault> {
    let asked = Action::read(&body).map_err(Fault::payload)?;
    let wanted = map::wanted(&asked)?;
    let order = place(&shared, &caller, &query, &asked, wanted).await?;
    let words = format!("{} action", wanted.word());
    let message = format!("{words} has been triggered successfully");
    let envelope = Envelope::said(triggered(&order, &words), Some(message));
    Answer::new(StatusCode::ACCEPTED, &envelope)
}

/// Renew a certificate.
pub(crate) async fn renew(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
    Json(body): Json,
) -> Result<Answer, Fault> {
    single(&shared, &caller, &query, &body, Wanted::Renew).await
}

/// Renew a certificate with a new key.
pub(crate) async fn regenerate(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
    Json(body): Json,
) -> Result<Answer, Fault> {
    single(&shared, &caller, &query, &body, Wanted::Regenerate).await
}

/// The same by another name.
pub(crate) async fn reissue(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
    Json(body): Json,
) -> Result<Answer, Fault> {
    single(&shared, &caller, &query, &body, Wanted::Reissue).await
}

/// Revoke a certificate.
pub(crate) async fn revoke(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
    Json(body): Json,
) -> Result<Answer, Fault> {
    single(&shared, &caller, &query, &body, Wanted::Revoke).await
}

async fn single(
    shared: &Shared,
    caller: &Caller,
    query: &Query,
    body: &serde_json::Value,
    wanted: Wanted,
) -> Result<Answer, Fault> {
    let asked = Action::read(body).map_err(Fault::payload)?;
    let waiting = waiting(shared, query)?;
    // A file that cannot be made is refused before anything is set going.
    if waiting.sync && wanted != Wanted::Revoke {
        downloads::check(caller, &asked.file, asked.csr.is_none())?;
    }
    let order = place(shared, caller, query, &asked, wanted).await?;
    let order = wait(shared, caller, &order, &waiting).await?;
    let words = format!("{} action", wanted.word());
    let message = format!("{words} has been triggered successfully");
    if !waiting.sync || order.state.is_open() {
        let envelope = Envelope::said(triggered(&order, &words), Some(message));
        return Answer::new(StatusCode::ACCEPTED, &coded(envelope, wanted));
    }
    if wanted == Wanted::Revoke {
        let word = match order.kind {
            OrderKind::Revoke(Reason::CertificateHold) => "Suspended",
            _ => "Revoked",
        };
        let revoked = Revoked {
            resource_id: resource(&order),
            cert_status: word,
            request_id: order.number.to_string(),
        };
        let message = Some(format!(
            "Certificate has been {} successfully",
            word.to_ascii_lowercase()
        ));
        let envelope = coded(Envelope::said(revoked, message), wanted);
        return Answer::new(StatusCode::OK, &envelope);
    }
    made(shared, caller, &order, &asked.file).await
}

fn coded<T>(envelope: Envelope<T>, wanted: Wanted) -> Envelope<T> {
    match wanted {
        Wanted::Revoke => envelope.with_code(SUCCESS),
        Wanted::Renew
        | Wanted::Regenerate
        | Wanted::Reissue
        | Wanted::Suspend
        | Wanted::Reinstate => envelope,
    }
}

async fn place(
    shared: &Shared,
    caller: &Caller,
    query: &Query,
    asked: &Action,
    wanted: Wanted,
) -> Result<WorkOrder, Fault> {
    let auto_approve = query.flag("autoApproval", true)?;
    let (which, order) = map::action(asked, wanted, auto_approve)?;
    let certificate = find(shared, caller, &which).await?;
    let order = OrderRequest {
        certificate: Some(by_id(certificate.id)),
        ..order
    };
    Ok(shared.app.place_order(&caller.0, order).await?)
}

/// How long the client waits, if it does: never so long that the server gives up first.
pub(super) fn waiting(shared: &Shared, query: &Query) -> Result<Waiting, Fault> {
    let longest = u64::from(shared.config.server.request_seconds).saturating_sub(5);
    let ttl = query.number("ttl", USUAL_WAIT)?;
    Ok(Waiting {
        sync: query.flag("isSync", false)?,
        at_most: Duration::from_secs(ttl.min(longest.max(1))),
    })
}

/// The order as it is when the client has waited, if it wants to.
///
/// # Errors
/// 406 with its reason for one that could not be done, 417 for one that was rejected meanwhile.
pub(super) async fn wait(
    shared: &Shared,
    caller: &Caller,
    order: &WorkOrder,
    waiting: &Waiting,
) -> Result<WorkOrder, Fault> {
    if !waiting.sync {
        return Ok(order.clone());
    }
    let app = &shared.app;
    let order = app
        .wait_for_order(&caller.0, order.number, waiting.at_most)
        .await?;
    let why = || order.outcome.clone().unwrap_or_default();
    match order.state {
        OrderState::Failed => Err(Fault::because(Kind::Unsupported, why())),
        OrderState::Rejected => Err(Fault::because(Kind::Order, why())),
        OrderState::Requested
        | OrderState::Approved
        | OrderState::Implementing
        | OrderState::Done => Ok(order),
    }
}

/// What is answered to a client that waited for a certificate.
pub(super) async fn made(
    shared: &Shared,
    caller: &Caller,
    order: &WorkOrder,
    file: &Format,
) -> Result<Answer, Fault> {
    let id = order.made.ok_or(Fault::new(Kind::NoCertificate))?;
    let certificate = shared.app.certificate(&caller.0, &by_id(id)).await?;
    let content = downloads::file(shared, caller, &certificate, file).await?;
    let made = Made {
        encoded_format: "BASE64",
        resource_id: id.to_string(),
        certificate_content: STANDARD.encode(content),
        request_id: order.number.to_string(),
        certificate_name: certificate.name,
    };
    Answer::ok(made, None)
}
