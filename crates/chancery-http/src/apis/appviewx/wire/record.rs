//! What a search asks for, and the records that it finds, with the JSON types that clients' own structures have.

use serde::Serialize;
use serde_json::{Map, Value};

use super::optional;
use crate::kit::json::Members;

/// What is looked for.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Search {
    pub(crate) category: Option<String>,
    pub(crate) resource_id: Option<String>,
    pub(crate) common_name: Option<String>,
    pub(crate) serial_number: Option<String>,
    pub(crate) free_text: Option<String>,
    /// `keywordSearch`: keyword and text.
    pub(crate) keywords: Vec<(String, String)>,
    pub(crate) start: Option<String>,
    pub(crate) max: Option<String>,
    pub(crate) sort_column: Option<String>,
    pub(crate) sort_order: Option<String>,
}

impl Search {
    pub(crate) fn read(body: &Value) -> Result<Search, String> {
        let members = Members::of(body)?;
        let mut search = Search::default();
        if let Some(input) = members.object("input")? {
            search.category = optional(input, "category")?;
            search.resource_id = optional(input, "resourceId")?;
            search.common_name = optional(input, "commonName")?;
            search.serial_number = optional(input, "serialNumber")?;
            search.free_text = optional(input, "freeSearch")?;
            if let Some(keywords) = input.object("keywordSearch")? {
                search.keywords = keywords.texts()?;
            }
        }
        if let Some(filter) = members.object("filter")? {
            search.start = filter.text_or_number("start")?;
            search.max = filter.text_or_number("max")?;
            search.sort_column = optional(filter, "sortColumn")?;
            search.sort_order = optional(filter, "sortOrder")?;
        }
        Ok(search)
    }
}

/// What a search answers inside its envelope: an envelope again, nearly.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    pub(crate) http_status_code: u16,
    pub(crate) response: Page,
    pub(crate) message: &'static str,
    pub(crate) app_status_code: Option<()>,
    pub(crate) tags: Option<()>,
}

/// A page of records.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    pub(crate) objects: Vec<Record>,
    pub(crate) total_records: u64,
    pub(crate) obtained_records: u64,
    pub(crate) obtained_record_range: Range,
}

/// From which record to which, counted from 1; 0 to 0 if there is none.
#[derive(Serialize)]
pub(crate) struct Range {
    pub(crate) start: u64,
    pub(crate) end: u64,
}

/// The parts of a name.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct NameParts {
    pub(crate) organization: String,
    pub(crate) organization_unit: String,
    pub(crate) locality: String,
    pub(crate) state: String,
    pub(crate) country: String,
}

/// A certificate. Times are in milliseconds since 1970.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    pub(crate) resource_id: String,
    pub(crate) uuid: String,
    pub(crate) common_name: String,
    pub(crate) serial_number: String,
    pub(crate) issuer_common_name: String,
    pub(crate) issuer_serial_number: String,
    pub(crate) status: &'static str,
    pub(crate) avx_status: &'static str,
    pub(crate) subject: NameParts,
    pub(crate) issuer: NameParts,
    pub(crate) valid_from: i64,
    pub(crate) valid_to: i64,
    pub(crate) valid_for: String,
    pub(crate) group: String,
    pub(crate) compliance_status: &'static str,
    pub(crate) expiry_status: &'static str,
    pub(crate) permission: &'static str,
    pub(crate) category: &'static str,
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    pub(crate) certificate_authority: String,
    pub(crate) csr_generation_source: &'static str,
    pub(crate) mail_address: String,
    pub(crate) street_address: String,
    pub(crate) postal_code: String,
    pub(crate) first_discovery_date: i64,
    pub(crate) last_before_discovery_date: i64,
    pub(crate) last_discovery_date: i64,
    pub(crate) suspended_certificate: bool,
    pub(crate) issued_by_root_certificate: bool,
    /// Spelled so by the product.
    #[serde(rename = "privatekeyAvaliable")]
    pub(crate) private_key_available: bool,
    pub(crate) request_ids: Vec<String>,
    #[serde(flatten)]
    pub(crate) content: Content,
    #[serde(flatten)]
    pub(crate) unknown: Unknown,
}

/// What the signed certificate says; empty while there is none.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Content {
    pub(crate) version: String,
    pub(crate) key_algorithm_and_size: String,
    pub(crate) signature_algorithm: String,
    pub(crate) signature_hash_algorithm: &'static str,
    pub(crate) key_usage: String,
    pub(crate) extended_key_usage: String,
    pub(crate) basic_constraints: &'static str,
    pub(crate) authority_key_identifier: String,
    pub(crate) subject_key_identifier: String,
    pub(crate) thumbprint_algorithm: &'static str,
    pub(crate) thumb_print: String,
    pub(crate) public_key: String,
    pub(crate) cumulative_san_count: u64,
    pub(crate) subject_alternative_names: Vec<String>,
    pub(crate) authority_info_access: Vec<String>,
    pub(crate) crl_distribution_points: Vec<String>,
}

/// Of what we know nothing.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Unknown {
    auto_renew_date: &'static str,
    missing_params_for_auto_renew: &'static str,
    order_id: &'static str,
    chain_priority: u64,
    cvss: f64,
    csr_available: bool,
    associated_objects: [(); 0],
    discovery_sources: [(); 0],
    applications: [(); 0],
    policy_identifiers: [(); 0],
    certificate_policies: [(); 0],
    new_connectors: [(); 0],
    #[serde(rename = "certificateHSMDetails")]
    certificate_hsm_details: HsmDetails,
    device_details: Map<String, Value>,
}

/// What is told of the hardware that holds a key.
#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct HsmDetails {
    auto_filled: bool,
}
