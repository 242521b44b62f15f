//! Profiles, the audit trail and problems on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct Profile {
    pub(crate) name: String,
    /// Days of validity when a request names none.
    pub(crate) default_days: u32,
    /// Most days that a request can ask for.
    pub(crate) max_days: u32,
    /// The kinds of keys that it certifies, of those that can be asked for.
    pub(crate) keys: Vec<&'static str>,
    /// Key usage in the words of RFC 5280.
    pub(crate) key_usage: Vec<String>,
    /// Extended key usage: words, or dotted identifiers.
    pub(crate) extended_key_usage: Vec<String>,
    /// Is the extended key usage critical?
    pub(crate) extended_key_usage_critical: bool,
    /// Forms of alternative names that are allowed.
    pub(crate) names: Vec<&'static str>,
    /// Must there be an alternative name?
    pub(crate) name_required: bool,
    /// May the subject be empty?
    pub(crate) subject_may_be_empty: bool,
    /// Attribute types that the subject must hold: keywords, or dotted identifiers.
    pub(crate) subject_attributes_required: Vec<String>,
    /// Attribute types that the subject may hold; null: every one.
    pub(crate) subject_attributes_allowed: Option<Vec<String>>,
    /// Is it an authority's? Then it needs the right to change authorities.
    pub(crate) authority: bool,
    /// How many authorities may follow under such an authority; null: any number.
    pub(crate) path_length: Option<u8>,
    /// Is it an OCSP responder's, whose own status is not asked for?
    pub(crate) ocsp_nocheck: bool,
    /// May users ask for it who may issue for themselves alone?
    pub(crate) self_service: bool,
}

/// Every profile.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileList {
    pub(crate) profiles: Vec<Profile>,
}

/// An entry of the audit trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditEntry {
    /// In the order of writing.
    pub(crate) id: i64,
    /// RFC 3339.
    pub(crate) at: String,
    /// The user who did it; null for the server itself.
    pub(crate) actor: Option<String>,
    pub(crate) domain: Option<String>,
    /// Through which API.
    pub(crate) api: String,
    /// What was done.
    #[schema(example = "certificate.revoke")]
    pub(crate) action: String,
    /// To which certificate.
    pub(crate) certificate: Option<String>,
    /// To what else.
    pub(crate) object: Option<String>,
    /// `done`, or `refused` for lack of right.
    pub(crate) outcome: &'static str,
    /// More about it; `v` is its version.
    pub(crate) detail: serde_json::Value,
}

/// A page of the audit trail, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct Audit {
    pub(crate) entries: Vec<AuditEntry>,
    /// Give it as `before` for the next page; null on the last.
    pub(crate) next: Option<i64>,
}

/// Which entries to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// A user's id.
    pub(crate) actor: Option<String>,
    /// A certificate's id.
    pub(crate) certificate: Option<String>,
    /// Most entries of the page: 1 to 1000, 50 if left out.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) before: Option<i64>,
}

/// A problem (RFC 9457).
#[derive(Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:chancery:problem:` and the kind.
    #[serde(rename = "type")]
    #[schema(example = "urn:chancery:problem:refused")]
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) status: u16,
    /// What was wrong, and what to do.
    pub(crate) detail: String,
}
