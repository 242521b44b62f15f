//! Certificate records on the wire.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A certificate record: a named place for one key, its request and its certificate.
#[derive(Serialize, ToSchema)]
pub(crate) struct Record {
    pub(crate) name: String,
    /// What is said of it in the API through which it was made, each attribute with its values.
    pub(crate) attributes: BTreeMap<String, Vec<String>>,
    /// The kind of its key; null while no request was made for it. The key itself leaves through no API.
    #[schema(example = "rsa-2048")]
    pub(crate) key: Option<String>,
    /// The id of the key's certificate; null while none was imported.
    pub(crate) certificate: Option<String>,
    /// Is it like this in the saved configuration?
    pub(crate) saved: bool,
    /// Is it like this in the running configuration?
    pub(crate) running: bool,
    /// The request made with the key, PEM PKCS#10; only where one record is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) csr: Option<String>,
    /// The certificate that it holds, of its key or of somebody who is trusted, PEM; only where one record is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pem: Option<String>,
}

/// A page of certificate records, by name.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecordList {
    pub(crate) records: Vec<Record>,
    /// Give it as `after` for the next page; null on the last.
    pub(crate) next: Option<String>,
}

/// How to sign a record's request.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignRecord {
    /// The profile; the configured one if left out.
    pub(crate) profile: Option<String>,
    /// The authority; the configured one if left out.
    pub(crate) authority: Option<String>,
    /// Days of validity.
    pub(crate) days: Option<u32>,
    /// The certificate's unique readable name; made from the subject if left out.
    pub(crate) name: Option<String>,
}
