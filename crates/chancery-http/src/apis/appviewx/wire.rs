//! The words of this API, spelled as the documents spell them. Must not know what they mean.

pub(super) mod ask;
pub(super) mod create;
pub(super) mod record;
pub(super) mod said;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::kit::json::{Members, Strict};

/// What every answer but a file is wrapped in.
#[derive(Serialize, Debug)]
#[serde(rename_all = "camelCase")]
pub(super) struct Envelope<T> {
    response: Option<T>,
    message: Option<String>,
    app_status_code: Option<&'static str>,
    /// Texts by their names, for clients read it as a map of texts.
    tags: BTreeMap<&'static str, String>,
    headers: Option<()>,
}

impl<T> Envelope<T> {
    /// Something that went well.
    pub(super) fn said(response: T, message: Option<String>) -> Envelope<T> {
        Envelope {
            response: Some(response),
            message,
            app_status_code: None,
            tags: BTreeMap::new(),
            headers: None,
        }
    }

    /// The same with a code: revoking says `SUCCESS` where all else says nothing.
    pub(super) fn with_code(self, code: &'static str) -> Envelope<T> {
        Envelope {
            app_status_code: Some(code),
            ..self
        }
    }
}

impl Envelope<()> {
    /// Something that did not.
    pub(super) fn failed(code: &'static str, message: String, why: Option<String>) -> Self {
        Envelope {
            response: None,
            message: Some(message),
            app_status_code: Some(code),
            tags: why.map(|why| ("reason", why)).into_iter().collect(),
            headers: None,
        }
    }
}

/// A body as JSON, whatever its Content-Type; no member may stand there twice.
pub(super) fn read(body: &[u8]) -> Result<Value, String> {
    match serde_json::from_slice(body) {
        Ok(Strict(value)) if value.is_object() => Ok(value),
        Ok(_) => Err("the JSON is no object".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// A text that is there: neither empty, nor white space alone, nor of another type.
fn text(members: Members<'_>, name: &str) -> Option<String> {
    let text = members.text(name).ok().flatten()?;
    (!text.trim().is_empty()).then_some(text)
}

/// A text that may be left out or empty, and must not be of another type.
fn optional(members: Members<'_>, name: &str) -> Result<Option<String>, String> {
    Ok(members.text(name)?.filter(|text| !text.trim().is_empty()))
}
