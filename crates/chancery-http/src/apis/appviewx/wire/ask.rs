//! What requests ask for.
//!
//! A field that the document calls mandatory counts as missing when it has another type, for that is its word for both
//! ("missing or invalid"); any other field of another type makes the payload invalid.

use serde_json::Value;

use super::{optional, text};
use crate::kit::json::Members;

/// The certificate that is meant.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Named {
    pub(crate) resource_id: Option<String>,
    pub(crate) common_name: Option<String>,
    pub(crate) serial_number: Option<String>,
}

/// An action on a certificate.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Action {
    pub(crate) named: Named,
    pub(crate) action: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) comments: Option<String>,
    /// The CSR of `uploadCsrDetails`.
    pub(crate) csr: Option<String>,
    pub(crate) file: Format,
}

/// A file to be made.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Format {
    pub(crate) format: Option<String>,
    pub(crate) password: Option<String>,
}

/// A file to be downloaded.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Download {
    pub(crate) named: Named,
    pub(crate) file: Format,
    pub(crate) chain: bool,
    pub(crate) encrypt_key: bool,
}

/// A private key to be downloaded.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct KeyDownload {
    pub(crate) uuid: Option<String>,
    pub(crate) password: Option<String>,
}

/// A decision on a work order.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Decision {
    pub(crate) task_action: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) task_id: Option<String>,
    pub(crate) comments: Option<String>,
}

impl std::fmt::Debug for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Format({:?})", self.format)
    }
}

impl Named {
    pub(crate) fn read(members: Members<'_>) -> Named {
        Named {
            resource_id: text(members, "resourceId"),
            common_name: text(members, "commonName"),
            serial_number: text(members, "serialNumber"),
        }
    }
}

impl Action {
    pub(crate) fn read(body: &Value) -> Result<Action, String> {
        let members = Members::of(body)?;
        let csr = match members.object("uploadCsrDetails")? {
            Some(details) => optional(details, "csrContent")?,
            None => None,
        };
        Ok(Action {
            named: Named::read(members),
            action: text(members, "action"),
            reason: text(members, "reason"),
            comments: optional(members, "comments")?,
            csr,
            file: Format::read(members)?,
        })
    }
}

impl Format {
    /// In `certificateFormat`, or beside everything else.
    pub(crate) fn read(members: Members<'_>) -> Result<Format, String> {
        let within = members.object("certificateFormat")?.unwrap_or(members);
        Ok(Format {
            format: optional(within, "format")?,
            password: optional(within, "password")?,
        })
    }
}

impl Download {
    pub(crate) fn read(body: &Value) -> Result<Download, String> {
        let members = Members::of(body)?;
        Ok(Download {
            named: Named::read(members),
            file: Format {
                format: text(members, "format"),
                password: text(members, "password"),
            },
            chain: members.flag("isChainRequired")?.unwrap_or(false),
            encrypt_key: members.flag("isKeyEncryptionRequired")?.unwrap_or(false),
        })
    }
}

impl KeyDownload {
    pub(crate) fn read(body: &Value) -> Result<KeyDownload, String> {
        let members = Members::of(body)?;
        let uuid = text(members, "uuId").or_else(|| text(members, "uuid"));
        Ok(KeyDownload {
            uuid: uuid.or_else(|| text(members, "resourceId")),
            password: text(members, "password"),
        })
    }
}

impl Decision {
    pub(crate) fn read(body: &Value) -> Result<Decision, String> {
        let members = Members::of(body)?;
        let (data, header) = (members.object("data")?, members.object("header")?);
        let within = |part: Option<Members<'_>>, name: &str| match part {
            Some(part) => part.text_or_number(name),
            None => Ok(None),
        };
        Ok(Decision {
            task_action: within(data, "task_action")?,
            request_id: within(header, "request_id")?,
            task_id: within(header, "task_id")?,
            comments: match data {
                Some(data) => optional(data, "comments")?,
                None => None,
            },
        })
    }
}
