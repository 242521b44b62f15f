//! Certificates on the wire.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A certificate.
#[derive(Serialize, ToSchema)]
pub(crate) struct Certificate {
    /// 24 hexadecimal digits.
    pub(crate) id: String,
    /// Its number, in the order of making.
    pub(crate) number: i64,
    /// Its unique readable name.
    pub(crate) name: String,
    /// `pending`, `active`, `on-hold`, `revoked`, `expired`, `deleted` or `purged`.
    #[schema(example = "active")]
    pub(crate) status: &'static str,
    /// The reason of a revocation, a deletion's included.
    pub(crate) reason: Option<&'static str>,
    /// `issued`, `self-signed` or `imported`.
    pub(crate) origin: &'static str,
    /// The authority of ours that signed it.
    pub(crate) authority: Option<String>,
    /// The profile by which it was issued.
    pub(crate) profile: Option<String>,
    /// RFC 4514.
    #[schema(example = "CN=joe,O=Example")]
    pub(crate) subject: String,
    /// RFC 4514.
    pub(crate) issuer: String,
    /// Lower-case hexadecimal.
    pub(crate) serial: String,
    /// SHA-1 of the public key, 40 hexadecimal digits; null while pending and the key is not made yet.
    pub(crate) subject_key_id: Option<String>,
    /// Subject alternative names: `dns:`, `email:`, `ip:`, `uri:`.
    pub(crate) names: Vec<String>,
    /// The public key's kind and size.
    #[schema(example = "ec-p256")]
    pub(crate) key: Option<String>,
    /// How it was signed.
    #[schema(example = "SHA256withECDSA")]
    pub(crate) signature: Option<String>,
    /// RFC 3339.
    pub(crate) not_before: String,
    /// RFC 3339; the last second of validity.
    pub(crate) not_after: String,
    /// The user to whom it belongs.
    pub(crate) owner: String,
    /// That user's domain when it was made.
    pub(crate) domain: String,
    /// When it came to the server, RFC 3339.
    pub(crate) created: String,
    /// Since when it is in its state, RFC 3339.
    pub(crate) changed: String,
    /// Does the server hold its private key?
    pub(crate) private_key: bool,
    /// The id of the certificate that it replaced.
    pub(crate) replaces: Option<String>,
    /// The id of the certificate that replaced it.
    pub(crate) replaced_by: Option<String>,
    /// SHA-256 of the DER, hexadecimal; none once purged.
    pub(crate) fingerprint: Option<String>,
    /// The certificate as PEM; only where one certificate is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) certificate: Option<String>,
    /// The authorities above it as PEM, the issuing one first, the root last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) chain: Option<Vec<String>>,
}

/// A page of certificates.
#[derive(Serialize, ToSchema)]
pub(crate) struct CertificateList {
    pub(crate) certificates: Vec<Certificate>,
    /// Give it as `after` for the next page; null on the last.
    pub(crate) next: Option<String>,
}

/// Which certificates to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CertificateQuery {
    /// Text that the subject holds, whatever its case.
    pub(crate) subject: Option<String>,
    /// `pending`, `active`, `on-hold`, `revoked`, `expired`, `deleted`, `purged`, `signed` (neither pending
    /// nor deleted) or `any`; all but deleted and purged ones if left out.
    pub(crate) status: Option<String>,
    /// A user's id.
    pub(crate) owner: Option<String>,
    /// A domain's id.
    pub(crate) domain: Option<String>,
    /// The issuer's name in any style.
    pub(crate) issuer: Option<String>,
    /// The serial number in hexadecimal; needs `issuer`.
    pub(crate) serial: Option<String>,
    /// 40 hexadecimal digits.
    pub(crate) subject_key_id: Option<String>,
    /// Most certificates of the page: 1 to 1000, 50 if left out.
    pub(crate) limit: Option<u32>,
    /// `next` of the page before.
    pub(crate) after: Option<String>,
    /// `newest` (first, the default) or `oldest`.
    pub(crate) order: Option<String>,
}

/// A certificate to issue: with `csr`, or with `key` to have the key made and kept by the server.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Issue {
    /// PKCS#10 as PEM, or base64 of its DER.
    pub(crate) csr: Option<String>,
    /// The kind of key to make: `ec-p256`, `ec-p384`, `ec-p521`, `rsa-2048`, `rsa-3072`, `rsa-4096`, `ed25519`.
    pub(crate) key: Option<String>,
    /// The profile; the configured one if left out.
    pub(crate) profile: Option<String>,
    /// The authority; the configured one if left out.
    pub(crate) authority: Option<String>,
    /// The subject in any style; the CSR's if left out.
    pub(crate) subject: Option<String>,
    /// Subject alternative names (`dns:`, `email:`, `ip:`, `uri:`); the CSR's if left out.
    pub(crate) names: Option<Vec<String>>,
    /// Days of validity.
    pub(crate) days: Option<u32>,
    /// Start of validity, RFC 3339.
    pub(crate) not_before: Option<String>,
    /// End of validity, RFC 3339, instead of days.
    pub(crate) not_after: Option<String>,
    /// A unique readable name; made from the subject if left out.
    pub(crate) name: Option<String>,
    /// The id of the user to whom it will belong; the caller if left out.
    pub(crate) owner: Option<String>,
}

/// Certificates to bring in, all or none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Import {
    /// One or more certificates as PEM, or base64 of one DER.
    pub(crate) certificates: String,
    /// The id of the user to whom they will belong; the caller if left out.
    pub(crate) owner: Option<String>,
    /// The private key of the one certificate, PEM PKCS#8, to be kept sealed.
    pub(crate) private_key: Option<String>,
}

/// What was brought in.
#[derive(Serialize, ToSchema)]
pub(crate) struct ImportAnswer {
    pub(crate) certificates: Vec<Certificate>,
    /// How many are new.
    pub(crate) imported: usize,
    /// How many were there already.
    pub(crate) known: usize,
}

/// How to renew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Renew {
    /// PKCS#10 with the new key, PEM or base64 DER; the key that the server holds is used again if left out.
    pub(crate) csr: Option<String>,
    /// Days of validity.
    pub(crate) days: Option<u32>,
    /// Revoke the old one (superseded) at once?
    #[serde(default)]
    pub(crate) revoke_old: bool,
    /// The new certificate's readable name.
    pub(crate) name: Option<String>,
}

/// Why to revoke.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Revoke {
    /// A reason of RFC 5280: `unspecified`, `key-compromise`, `ca-compromise`, `affiliation-changed`, `superseded`,
    /// `cessation-of-operation`, `certificate-hold`, `privilege-withdrawn`, `aa-compromise`.
    pub(crate) reason: String,
}

/// How to protect a PKCS#12 file.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pkcs12 {
    /// The file's password.
    pub(crate) password: String,
    /// The friendly name of what is in it; the certificate's name if left out.
    pub(crate) name: Option<String>,
}

/// An empty body.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}
