//! Work orders on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A work order.
#[derive(Serialize, ToSchema)]
pub(crate) struct Order {
    /// In the order of asking.
    pub(crate) number: i64,
    /// `renew`, `regenerate`, `reissue`, `create`, `revoke`, `suspend` or `reinstate`.
    pub(crate) kind: &'static str,
    /// For a `revoke`: the reason of RFC 5280.
    pub(crate) revocation: Option<&'static str>,
    /// `requested`, `approved`, `implementing`; then `done`, `rejected` or `failed`.
    pub(crate) state: &'static str,
    /// The id of the certificate that it is about; null to create one.
    pub(crate) certificate: Option<String>,
    /// The id of the certificate that it makes: pending until it is done, deleted if it is not.
    pub(crate) made: Option<String>,
    /// Why it was asked for.
    pub(crate) reason: String,
    /// The id of the user who asked.
    pub(crate) asked_by: String,
    pub(crate) domain: String,
    /// RFC 3339.
    pub(crate) asked: String,
    /// The id of the user who approved or rejected it; null while nobody did.
    pub(crate) decided_by: Option<String>,
    /// RFC 3339.
    pub(crate) decided: Option<String>,
    /// RFC 3339.
    pub(crate) ended: Option<String>,
    /// Why it was rejected or could not be done.
    pub(crate) outcome: Option<String>,
}

/// A page of work orders, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrderList {
    pub(crate) orders: Vec<Order>,
    /// Give it as `before` for the next page; null on the last.
    pub(crate) next: Option<i64>,
}

/// Which work orders to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderQuery {
    /// The id of a certificate that they are about, or make.
    pub(crate) certificate: Option<String>,
    /// A state, or `open` for all that have not ended.
    pub(crate) state: Option<String>,
    /// Most orders of the page: 1 to 1000, 50 if left out.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) before: Option<i64>,
}

/// How to ask for a regeneration.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Regenerate {
    /// Why; `superseded` and `key compromise` also say what becomes of the old certificate.
    #[serde(default)]
    pub(crate) reason: String,
    /// Do it at once, without anybody's approval?
    #[serde(default)]
    pub(crate) auto_approve: bool,
    /// PKCS#10 with the new key, PEM or base64 DER; the server makes and keeps one if left out.
    pub(crate) csr: Option<String>,
    /// Days of validity.
    pub(crate) days: Option<u32>,
}

/// Why to reject.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reject {
    /// For who asked.
    #[serde(default)]
    pub(crate) reason: String,
}
