//! Searching, creating and deleting certificates.

use axum::extract::State;
use axum::http::StatusCode;
use chancery_app::{KeySource, LARGEST_PAGE, Order, OrderFilter, OrderRequest};
use chancery_core::certificate::Certificate;
use chancery_core::identity::DomainId;
use chancery_core::role::Right;
use chancery_core::workorder::OrderKind;

use super::super::answer::Answer;
use super::super::errors::{Fault, Kind};
use super::super::extract::{Caller, Json, Query};
use super::super::map::creation::creation;
use super::super::map::record::{Around, DEFAULT_GROUP, record};
use super::super::map::search::{Wanted, wanted};
use super::super::map::{Which, by_id, triggered, which};
use super::super::wire::Envelope;
use super::super::wire::ask::Named;
use super::super::wire::record::{Found, Page, Range, Record, Search};
use super::super::wire::said::Removed;
use super::{actions, downloads, find};
use crate::shared::Shared;

/// Most certificates that one search looks at beyond what the store looks for.
const MOST_LOOKED_AT: usize = 10_000;

/// Find certificates.
pub(crate) async fn search(
    State(shared): State<Shared>,
    caller: Caller,
    Json(body): Json,
) -> Result<Answer, Fault> {
    let asked = Search::read(&body).map_err(Fault::payload)?;
    let wanted = wanted(&asked, shared.app.now())?;
    let (found, total) = window(&shared, &caller, &wanted).await?;
    let mut objects = Vec::with_capacity(found.len());
    for certificate in &found {
        objects.push(shown(&shared, &caller, certificate).await?);
    }
    let obtained = u64::try_from(objects.len()).unwrap_or(u64::MAX);
    let (start, end) = match obtained {
        0 => (0, 0),
        _ => (
            wanted.offset.saturating_add(1),
            wanted.offset.saturating_add(obtained),
        ),
    };
    let message = match obtained {
        0 => "No matching records found for the given input.",
        _ => "Matching results found for the given input.",
    };
    let found = Found {
        http_status_code: 200,
        response: Page {
            objects,
            total_records: total,
            obtained_records: obtained,
            obtained_record_range: Range { start, end },
        },
        message,
        app_status_code: None,
        tags: None,
    };
    Answer::ok(found, None)
}

/// The certificates of a page, and how many there are in all.
async fn window(
    shared: &Shared,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<(Vec<Certificate>, u64), Fault> {
    let limit = usize::try_from(wanted.limit).unwrap_or(LARGEST_PAGE);
    let all = if wanted.id.is_some() || wanted.serial.is_some() {
        the_one(shared, caller, wanted).await?
    } else if wanted.is_simple() {
        let filter = wanted.filter.clone();
        let app = &shared.app;
        let window = app
            .certificate_window(&caller.0, filter, wanted.offset, limit)
            .await?;
        return Ok((window.certificates, window.total));
    } else {
        looked_through(shared, caller, wanted).await?
    };
    let total = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let offset = usize::try_from(wanted.offset).unwrap_or(usize::MAX);
    Ok((all.into_iter().skip(offset).take(limit).collect(), total))
}

/// The certificate with an id or a serial number, if there is one and the rest holds of it.
async fn the_one(
    shared: &Shared,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<Vec<Certificate>, Fault> {
    let which = Which {
        id: wanted.id,
        serial: wanted.serial.clone(),
        common_name: wanted.common_name.clone(),
    };
    match find(shared, caller, &which).await {
        Ok(found) => Ok(Some(found)
            .filter(|found| wanted.holds(found))
            .into_iter()
            .collect()),
        Err(fault) if fault.kind == Kind::NoRecords => Ok(Vec::new()),
        Err(fault) => Err(fault),
    }
}

/// What holds of the certificates that the store finds, page by page.
async fn looked_through(
    shared: &Shared,
    caller: &Caller,
    wanted: &Wanted,
) -> Result<Vec<Certificate>, Fault> {
    let (mut found, mut filter) = (Vec::new(), wanted.filter.clone());
    for _ in 0..MOST_LOOKED_AT / LARGEST_PAGE {
        let page = shared
            .app
            .certificates(&caller.0, filter.clone(), LARGEST_PAGE)
            .await?;
        let Some(last) = page.last().map(|last| last.number) else {
            break;
        };
        let is_last = page.len() < LARGEST_PAGE;
        found.extend(page.into_iter().filter(|one| wanted.holds(one)));
        if is_last {
            break;
        }
        filter.order = match filter.order {
            Order::Number(_) => Order::Number(Some(last)),
            Order::NumberDescending(_) | Order::SubjectKeyId(_) => {
                Order::NumberDescending(Some(last))
            }
        };
    }
    Ok(found)
}

/// A record with what stands around its certificate.
async fn shown(
    shared: &Shared,
    caller: &Caller,
    certificate: &Certificate,
) -> Result<Record, Fault> {
    let app = &shared.app;
    let about = OrderFilter {
        certificate: Some(certificate.id),
        ..OrderFilter::default()
    };
    let orders = app.orders(&caller.0, about, LARGEST_PAGE).await?;
    let (owner, domain) = (&certificate.owner, &certificate.domain);
    let around = Around {
        issuer: app.chain(certificate).into_iter().next(),
        writable: caller.0.may(Right::ChangeCertificates, owner, domain),
        orders: orders.iter().map(|order| order.number).collect(),
    };
    Ok(record(certificate, &around, app.now()))
}

/// Create a certificate.
pub(crate) async fn create(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
    Json(body): Json,
) -> Result<Answer, Fault> {
    let asked = creation(&body)?;
    let auto_approve = query.flag("autoApproval", true)?;
    let waiting = actions::waiting(&shared, &query)?;
    if waiting.sync {
        let makes_key = matches!(asked.issue.key, KeySource::Make(_));
        downloads::check(&caller, &asked.file, makes_key)?;
    }
    in_group(&shared, &caller, asked.group.as_deref()).await?;
    let order = OrderRequest {
        kind: OrderKind::Create,
        certificate: None,
        csr: None,
        issue: Some(asked.issue),
        days: None,
        reason: String::new(),
        auto_approve,
    };
    let placed = shared.app.place_order(&caller.0, order).await;
    let order = placed.map_err(|error| {
        Fault::of(&error)
            .instead(Kind::NoRecords, Kind::NoAuthority)
            .instead(Kind::ReadGroup, Kind::CreateReadGroup)
            .instead(Kind::Unsupported, Kind::Invalid)
    })?;
    let order = actions::wait(&shared, &caller, &order, &waiting).await?;
    if waiting.sync && !order.state.is_open() {
        return actions::made(&shared, &caller, &order, &asked.file).await;
    }
    let words = "Certificate submission";
    let message = format!("{words} has been triggered successfully");
    let envelope = Envelope::said(triggered(&order, words), Some(message));
    Answer::new(StatusCode::ACCEPTED, &envelope)
}

/// What is created belongs to the caller, and so to the caller's domain; that is the one group in which it can lie.
async fn in_group(shared: &Shared, caller: &Caller, group: Option<&str>) -> Result<(), Fault> {
    let own = &caller.0.user().domain;
    let Some(group) = group.filter(|group| !group.eq_ignore_ascii_case(DEFAULT_GROUP)) else {
        return Ok(());
    };
    if group == own.as_str() {
        return Ok(());
    }
    let nowhere = Fault::new(Kind::NoGroup);
    let Ok(domain) = DomainId::parse(group) else {
        return Err(nowhere);
    };
    match shared.app.domain(&caller.0, &domain).await {
        Ok(_) => Err(Fault::new(Kind::CreateReadGroup)),
        // Whether there is such a domain is not told to who may not know.
        Err(chancery_app::Error::NotFound(_) | chancery_app::Error::Forbidden(_)) => Err(nowhere),
        Err(error) => Err(error.into()),
    }
}

/// Delete a certificate.
pub(crate) async fn remove(
    State(shared): State<Shared>,
    caller: Caller,
    query: Query,
) -> Result<Answer, Fault> {
    let named = Named {
        resource_id: query.text("resourceId")?,
        common_name: query.text("commonName")?,
        serial_number: query.text("serialNumber")?,
    };
    let found = find(&shared, &caller, &which(&named)?).await?;
    let which = by_id(found.id);
    let gone = shared.app.delete(&caller.0, &which).await?;
    let removed = Removed {
        resource_id: gone.id.to_string(),
        status: "Success",
    };
    let message = "Certificate has been deleted successfully".to_owned();
    Answer::ok(removed, Some(message))
}
