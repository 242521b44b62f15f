//! Authorities on the wire.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An authority, or one whose certificate is awaited: then all that the certificate would tell is null.
#[derive(Serialize, ToSchema)]
pub(crate) struct Authority {
    pub(crate) name: String,
    /// `active`, `retired` (issues no more), `superseded` (another one issues in its place), `revoked` (its certificate is
    /// revoked or on hold, or that of one above it), `expired`, or `awaiting` its certificate.
    pub(crate) state: &'static str,
    /// Is its private key here? If not, it signs elsewhere (an offline root).
    pub(crate) key_here: bool,
    /// The authority that issues in its place.
    pub(crate) successor: Option<String>,
    /// Of an awaited one: the authority that it will succeed.
    pub(crate) predecessor: Option<String>,
    /// RFC 4514.
    pub(crate) subject: String,
    /// The authority that signed it; null for a root.
    pub(crate) parent: Option<String>,
    /// Its key's kind and size.
    pub(crate) key: String,
    /// RFC 3339.
    pub(crate) not_before: Option<String>,
    /// RFC 3339.
    pub(crate) not_after: Option<String>,
    /// Hexadecimal; the authority key id of what it signs.
    pub(crate) subject_key_id: Option<String>,
    /// The id of its own certificate among the certificates, by which it is revoked; null for a root.
    pub(crate) certificate_id: Option<String>,
    /// Where its CRL is.
    pub(crate) crl_url: Option<String>,
    /// Where its certificate is.
    pub(crate) certificate_url: Option<String>,
    /// PEM.
    pub(crate) certificate: Option<String>,
    /// The authorities above it as PEM, the root last.
    pub(crate) chain: Vec<String>,
    /// Of an awaited one: its PKCS#10 request as PEM.
    pub(crate) csr: Option<String>,
}

/// Every authority.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuthorityList {
    pub(crate) authorities: Vec<Authority>,
}

/// An authority to be made: signed by one here (`parent`), by itself (`self_signed`), or elsewhere (`offline`).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAuthority {
    /// Lower-case letters, digits and hyphens.
    pub(crate) name: String,
    /// RFC 4514, or OpenSSL's one line.
    #[schema(example = "CN=Example Issuing,O=Example")]
    pub(crate) subject: String,
    /// `ec-p256`, `ec-p384`, `ec-p521`, `rsa-2048`, `rsa-3072`, `rsa-4096` or `ed25519`; `ec-p256` if left out.
    pub(crate) key: Option<String>,
    /// The authority here that signs it.
    pub(crate) parent: Option<String>,
    /// Is it to be a root?
    #[serde(default)]
    pub(crate) self_signed: bool,
    /// Is it to be signed elsewhere? Then its request is made.
    #[serde(default)]
    pub(crate) offline: bool,
    /// Days that it lives.
    pub(crate) days: Option<u32>,
    /// How many authorities may follow under it.
    pub(crate) path_length: Option<u8>,
}

/// How to succeed an authority; what is left out is as with the one before.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rollover {
    /// The successor's name; `NAME-2`, `NAME-3` if left out.
    pub(crate) name: Option<String>,
    /// The successor's subject; with ` G2`, ` G3` at the end of the common name if left out.
    pub(crate) subject: Option<String>,
    /// The kind of the new key.
    pub(crate) key: Option<String>,
    /// Days that it lives.
    pub(crate) days: Option<u32>,
    /// Is it to be signed elsewhere, though the authority above it is here?
    #[serde(default)]
    pub(crate) offline: bool,
}

/// What was signed elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportAuthority {
    /// The certificate and those of the authorities above it up to the root, as PEM in any order; those of authorities
    /// that are here may be left out.
    pub(crate) certificates: String,
}

/// The CRL of an authority that signs elsewhere.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ImportCrl {
    /// PEM or base64 DER.
    pub(crate) crl: String,
}
