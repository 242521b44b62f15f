//! What the server is, for smoke tests.

use axum::extract::State;
use chancery_app::CertificateFilter;

use super::super::answer::Answer;
use super::super::errors::Fault;
use super::super::extract::Caller;
use super::super::map::schema::{self, Resource};
use super::super::wire::{SystemInfo, object, response};
use crate::shared::Shared;

/// Name and version of the program.
const FIRMWARE: &str = concat!("Chancery v", env!("CARGO_PKG_VERSION"));

/// Serial number, version, name, age and counts.
pub(crate) async fn show(State(shared): State<Shared>, caller: Caller) -> Result<Answer, Fault> {
    let now = shared.app.now();
    let authorities = shared.app.authorities(&caller.0).await?;
    let root = authorities
        .iter()
        .map(|view| &view.authority)
        .find(|authority| authority.parent.is_none());
    let certificates = shared
        .app
        .certificate_window(&caller.0, CertificateFilter::all(now), 0, 0)
        .await?;
    let names = &shared.config.server.names;
    Ok(Answer::ok(object(&SystemInfo {
        authorities_count: u64::try_from(authorities.len()).unwrap_or(u64::MAX),
        firmware: FIRMWARE,
        ha_sn: None,
        hostname: names.first().cloned().unwrap_or_default(),
        sn: root
            .map(|root| hex::encode_upper(root.facts.serial.magnitude()))
            .unwrap_or_default(),
        uptime: now.unix().saturating_sub(shared.started.unix()),
        usercerts_count: certificates.total,
    })))
}

/// What the resource is.
pub(crate) async fn schema(_caller: Caller) -> Answer {
    Answer::ok(response(&schema::schema(Resource::SystemInfo)))
}
