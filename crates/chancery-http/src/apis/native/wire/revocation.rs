//! Revocations of many certificates on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Certificate;

/// Which certificates to revoke, and why. All conditions hold together; at least one must be there.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRevocation {
    /// A reason of RFC 5280: `key-compromise`, `superseded`, ...; `certificate-hold` puts them on hold.
    pub(crate) reason: String,
    /// Tell what would be revoked, and revoke nothing?
    #[serde(default)]
    pub(crate) dry_run: bool,
    /// Leave certificates with greater numbers alone: `up_to` of a dry run, so that exactly what it told is revoked.
    pub(crate) up_to: Option<i64>,
    /// Only those that this authority signed.
    pub(crate) authority: Option<String>,
    /// Only those issued by this profile.
    pub(crate) profile: Option<String>,
    /// Only those of this user, by id.
    pub(crate) owner: Option<String>,
    /// Only those of this domain, by id.
    pub(crate) domain: Option<String>,
    /// Only those whose subject as OpenSSL's one line (`/C=US/CN=Joe`) holds this text, whatever its case.
    pub(crate) subject: Option<String>,
    /// Only those that came to us then or later. RFC 3339.
    pub(crate) issued_after: Option<String>,
    /// Only those that came to us earlier. RFC 3339.
    pub(crate) issued_before: Option<String>,
    /// Only those on hold?
    #[serde(default)]
    pub(crate) on_hold: bool,
}

/// Release what a revocation put on hold.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRelease {
    /// Tell what would be released, and release nothing?
    #[serde(default)]
    pub(crate) dry_run: bool,
}

/// What would be revoked or released now.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevocationPreview {
    /// How many certificates.
    pub(crate) total: u64,
    /// How many of them are on hold.
    pub(crate) on_hold: u64,
    /// Give it with the revocation that is meant in earnest; a release does not take it.
    pub(crate) up_to: i64,
    /// The oldest of them, ten at most.
    pub(crate) first: Vec<Certificate>,
}

/// A revocation of many certificates, or the release of one: what was asked for, and how far it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Revocation {
    /// In the order of asking.
    pub(crate) number: i64,
    /// `running`, `stopped` or `done`.
    pub(crate) state: &'static str,
    /// What it does to each certificate: `revoke`, `hold` or `release`.
    pub(crate) action: &'static str,
    /// Why it revokes; null for a release.
    pub(crate) reason: Option<&'static str>,
    /// The number of the revocation whose hold it releases; null unless it is a release.
    pub(crate) releases: Option<i64>,
    /// How many there were to revoke or release at the start.
    pub(crate) total: u64,
    /// How many it has revoked or put on hold.
    pub(crate) revoked: u64,
    /// How many it has released.
    pub(crate) released: u64,
    /// How many of the total were revoked, released or deleted otherwise meanwhile, or expired; null until it is done.
    pub(crate) skipped: Option<u64>,
    /// The id of the user who asked.
    pub(crate) asked_by: String,
    /// RFC 3339.
    pub(crate) asked: String,
    /// When it last went on, stopped or ended. RFC 3339.
    pub(crate) changed: String,
    /// The id of the user by whose right it goes on: who asked, or who resumed it last. It stops when that right ends.
    pub(crate) responsible: String,
    /// Why the server stopped it; null unless it did.
    pub(crate) stopped_because: Option<String>,
    /// Certificates with greater numbers are left alone.
    pub(crate) up_to: i64,
    pub(crate) authority: Option<String>,
    pub(crate) profile: Option<String>,
    /// As asked, or that of who asked if its right goes no farther.
    pub(crate) owner: Option<String>,
    /// As asked, or that of who asked if its right goes no farther.
    pub(crate) domain: Option<String>,
    pub(crate) subject: Option<String>,
    /// RFC 3339.
    pub(crate) issued_after: Option<String>,
    /// RFC 3339.
    pub(crate) issued_before: Option<String>,
    pub(crate) on_hold: bool,
}

/// A page of revocations, newest first.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevocationList {
    pub(crate) revocations: Vec<Revocation>,
    /// Give it as `before` for the next page; null on the last.
    pub(crate) next: Option<i64>,
}

/// Which revocations to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevocationQuery {
    /// Most revocations of the page: 1 to 1000, 50 if left out.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) before: Option<i64>,
}
