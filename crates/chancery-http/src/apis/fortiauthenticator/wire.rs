//! The words of this API, spelled as the document and Tastypie spell them. Members stand in alphabetical order, in which
//! Tastypie writes them. Must not know what they mean.

pub(super) mod schema;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::layout::Document;
use crate::kit::json::{Members, Strict};

/// A user certificate.
#[derive(Serialize)]
pub(crate) struct UserCert {
    pub(crate) cert_id: String,
    pub(crate) expiry: String,
    pub(crate) id: i64,
    pub(crate) issuer: String,
    pub(crate) revocation_reason: Option<&'static str>,
    pub(crate) serial: String,
    pub(crate) status: &'static str,
    pub(crate) subject: String,
}

/// A user certificate as PEM; null where nothing is signed yet.
#[derive(Serialize)]
pub(crate) struct PemCert {
    pub(crate) cert_id: String,
    pub(crate) certificate: Option<String>,
}

/// Where a page stands in its list.
#[derive(Serialize, Clone, PartialEq, Eq, Debug)]
pub(crate) struct Meta {
    pub(crate) limit: u64,
    pub(crate) next: Option<String>,
    pub(crate) offset: u64,
    pub(crate) previous: Option<String>,
    pub(crate) total_count: u64,
}

/// A page of a list.
#[derive(Serialize)]
pub(crate) struct List<T> {
    pub(crate) meta: Meta,
    pub(crate) objects: Vec<T>,
}

/// What the directory says of a resource.
#[derive(Serialize)]
pub(crate) struct Endpoint {
    pub(crate) list_endpoint: &'static str,
    pub(crate) schema: &'static str,
}

/// What is told of the server.
#[derive(Serialize)]
pub(crate) struct SystemInfo {
    pub(crate) authorities_count: u64,
    pub(crate) firmware: &'static str,
    pub(crate) ha_sn: Option<String>,
    pub(crate) hostname: String,
    pub(crate) sn: String,
    pub(crate) uptime: i64,
    pub(crate) usercerts_count: u64,
}

/// What a PATCH asks for. Other members of a certificate may stand beside these and change nothing.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Change {
    pub(crate) status: Option<String>,
    pub(crate) revocation_reason: Option<String>,
}

impl Change {
    /// Reads a body, which is JSON whatever it calls itself.
    ///
    /// # Errors
    /// What was wrong, in Tastypie's words where it has some.
    pub(crate) fn read(body: &[u8]) -> Result<Change, String> {
        let Ok(Strict(value)) = serde_json::from_slice(body) else {
            return Err("Request is not valid JSON.".to_owned());
        };
        let members = Members::of(&value)?;
        Ok(Change {
            status: members.text("status")?,
            revocation_reason: members.text("revocation_reason")?,
        })
    }
}

/// An object by itself.
pub(crate) fn object(value: &impl Serialize) -> Document {
    Document::Object(plain(value))
}

/// A list, or whatever else is no object of a resource.
pub(crate) fn response(value: &impl Serialize) -> Document {
    Document::Response(plain(value))
}

/// A map with one text: how errors are told.
pub(crate) fn single(name: &'static str, text: &str) -> Document {
    response(&BTreeMap::from([(name, text)]))
}

fn plain(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_else(|error| {
        // Structs of strings and numbers serialise.
        tracing::error!(error = %error, "an answer could not be written");
        Value::Null
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read() {
        let read = |text: &str| Change::read(text.as_bytes());
        let change = read(r#" {"status":"revoked", "revocation_reason":"Certificate Hold"}"#);
        assert_eq!(
            change,
            Ok(Change {
                status: Some("revoked".to_owned()),
                revocation_reason: Some("Certificate Hold".to_owned())
            })
        );
        let whole = r#"{"id":1,"cert_id":"x","status":null,"revocation_reason":null,"new":[{}]}"#;
        assert_eq!(read(whole), Ok(Change::default()));
        for text in [
            "",
            "{",
            "status=active",
            "<object/>",
            "{}{}",
            r#"{"status":"active","status":"revoked"}"#,
        ] {
            assert_eq!(
                read(text),
                Err("Request is not valid JSON.".to_owned()),
                "{text}"
            );
        }
        assert!(Change::read(b"{\"status\":\"\xff\"}").is_err());
        for text in ["[]", "null", r#"{"status":1}"#, r#"{"status":["active"]}"#] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
