//! What a resource tells of itself at `schema/`, in Tastypie's form.

use std::collections::BTreeMap;

use serde::Serialize;

/// A resource's methods, fields, filters and orders.
#[derive(Serialize)]
pub(crate) struct Schema {
    pub(crate) allowed_detail_http_methods: &'static [&'static str],
    pub(crate) allowed_list_http_methods: &'static [&'static str],
    pub(crate) default_format: &'static str,
    pub(crate) default_limit: u64,
    pub(crate) fields: BTreeMap<&'static str, Field>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) filtering: BTreeMap<&'static str, &'static [&'static str]>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) ordering: &'static [&'static str],
}

/// A field of a resource.
#[derive(Serialize)]
pub(crate) struct Field {
    blank: bool,
    default: &'static str,
    help_text: &'static str,
    nullable: bool,
    primary_key: bool,
    readonly: bool,
    #[serde(rename = "type")]
    kind: &'static str,
    unique: bool,
    verbose_name: String,
}

/// What the document calls `string`, `integer` and the like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// Text.
    Text,
    /// A whole number.
    Integer,
    /// A point in time.
    Time,
}

impl Field {
    /// A field that nobody can set.
    pub(crate) fn new(name: &str, kind: Kind, help_text: &'static str) -> Field {
        Field {
            blank: false,
            default: "No default provided.",
            help_text,
            nullable: false,
            primary_key: name == "id",
            readonly: true,
            kind: match kind {
                Kind::Text => "string",
                Kind::Integer => "integer",
                Kind::Time => "datetime",
            },
            unique: matches!(name, "id" | "cert_id"),
            verbose_name: name.replace('_', " "),
        }
    }

    /// The same, and a PATCH sets it.
    pub(crate) fn writable(self) -> Field {
        Field {
            readonly: false,
            ..self
        }
    }

    /// The same, and it may be null.
    pub(crate) fn nullable(self) -> Field {
        Field {
            nullable: true,
            ..self
        }
    }
}
