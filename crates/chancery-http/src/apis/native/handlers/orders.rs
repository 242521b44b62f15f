//! Work orders: asking for a regeneration, looking at orders, and deciding on them.

use axum::extract::State;
use axum::response::Response;
use chancery_app::OrderDecision;

use crate::apis::native::errors::Fault;
use crate::apis::native::extract::{Caller, Id, Json, Query, Which};
use crate::apis::native::{answer, map, wire};
use crate::shared::Shared;

type Shown = Result<axum::Json<wire::Order>, Fault>;

/// Whose number stands in a path.
const WHOSE: &str = "the work order's";

#[utoipa::path(post, path = "/chancery/v1/certificates/{id}/regenerate", tag = "orders", request_body = wire::Regenerate,
    params(("id" = String, Path, description = "id, number or name")),
    responses((status = 202, description = "Asked for: the work order", body = wire::Order)))]
/// Ask for a new certificate with a new key in the place of this one.
pub(crate) async fn regenerate(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Which(which): Which,
    Json(body): Json<wire::Regenerate>,
) -> Result<Response, Fault> {
    let request = map::regenerate(which, body)?;
    let order = shared.app.place_order(&caller, request).await?;
    let address = format!("/chancery/v1/orders/{}", order.number);
    Ok(answer::begun(address, map::order(&order)))
}

#[utoipa::path(get, path = "/chancery/v1/orders", tag = "orders", params(wire::OrderQuery),
    responses((status = 200, description = "Done", body = wire::OrderList)))]
/// List work orders, newest first, page by page.
pub(crate) async fn list(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Query(query): Query<wire::OrderQuery>,
) -> Result<axum::Json<wire::OrderList>, Fault> {
    let limit = map::page_size(query.limit)?;
    let filter = map::order_filter(&query)?;
    let mut page = shared.app.orders(&caller, filter, limit + 1).await?;
    Ok(axum::Json(wire::OrderList {
        next: map::cut(&mut page, limit, |last| last.number),
        orders: page.iter().map(map::order).collect(),
    }))
}

#[utoipa::path(get, path = "/chancery/v1/orders/{number}", tag = "orders",
    params(("number" = i64, Path, description = "the order's number")),
    responses((status = 200, description = "Done", body = wire::Order)))]
/// Show a work order.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(number): Id,
) -> Shown {
    let number = map::number(&number, WHOSE)?;
    let order = shared.app.order(&caller, number).await?;
    Ok(axum::Json(map::order(&order)))
}

#[utoipa::path(post, path = "/chancery/v1/orders/{number}/approve", tag = "orders", request_body = wire::Nothing,
    params(("number" = i64, Path, description = "the order's number")),
    responses((status = 200, description = "Done", body = wire::Order)))]
/// Approve what somebody else asked for; it is done soon.
pub(crate) async fn approve(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(number): Id,
    Json(wire::Nothing {}): Json<wire::Nothing>,
) -> Shown {
    decide(&shared, &caller, &number, OrderDecision::Approve).await
}

#[utoipa::path(post, path = "/chancery/v1/orders/{number}/reject", tag = "orders", request_body = wire::Reject,
    params(("number" = i64, Path, description = "the order's number")),
    responses((status = 200, description = "Done", body = wire::Order)))]
/// Reject what was asked for; its pending certificate goes.
pub(crate) async fn reject(
    State(shared): State<Shared>,
    Caller(caller): Caller,
    Id(number): Id,
    Json(body): Json<wire::Reject>,
) -> Shown {
    decide(
        &shared,
        &caller,
        &number,
        OrderDecision::Reject(body.reason),
    )
    .await
}

async fn decide(
    shared: &Shared,
    caller: &chancery_app::Caller,
    number: &str,
    decision: OrderDecision,
) -> Shown {
    let number = map::number(number, WHOSE)?;
    let order = shared.app.decide_order(caller, number, decision).await?;
    Ok(axum::Json(map::order(&order)))
}
