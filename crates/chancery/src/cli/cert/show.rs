//! Finding certificates and showing them.

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use serde_json::Value;

use super::Id;
use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::cli::list::{Column, Extent, List};
use crate::cli::object::{day, lines, text};
use crate::cli::{output, table};

pub(super) const LIST_EXAMPLES: &str = "\
Examples:
  chancery cert list --subject joe --status active
  chancery cert list --domain 000000001001 --order oldest --limit 10
  chancery cert list --issuer 'CN=Issuing,O=Example' --serial 4a0f93c2
  chancery cert list --all --json | jq -r '.[] | select(.owner == null) | .id'";

pub(super) const EXAMPLES: &str = "\
Examples:
  chancery cert show joe-7a7e3d52
  chancery cert show 17 --json | jq -r .not_after";

const STATUSES: [&str; 9] = [
    "pending", "active", "on-hold", "revoked", "expired", "deleted", "purged", "signed", "any",
];

/// Which certificates.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only those whose subject holds this text
    #[arg(long, value_name = "TEXT")]
    subject: Option<String>,

    /// Only those in this state [default: all but deleted and purged ones]
    #[arg(long, value_name = "WORD", value_parser = PossibleValuesParser::new(STATUSES))]
    status: Option<String>,

    /// Only those that belong to this user; by id
    #[arg(long, value_name = "USER")]
    owner: Option<String>,

    /// Only those of this domain; by id
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,

    /// Only those of this issuer, by its whole name
    #[arg(long, value_name = "DN")]
    issuer: Option<String>,

    /// Only the one with this serial number, in hexadecimal; needs --issuer
    #[arg(long, value_name = "HEX", requires = "issuer")]
    serial: Option<String>,

    /// Only those with this subject key identifier, in hexadecimal
    #[arg(long, value_name = "HEX")]
    subject_key_id: Option<String>,

    /// Which come first
    #[arg(long, value_enum, default_value_t = Order::Newest)]
    order: Order,

    #[command(flatten)]
    extent: Extent,
}

/// In which order.
#[derive(ValueEnum, Clone, Copy, Debug)]
enum Order {
    Newest,
    Oldest,
}

impl Order {
    const fn word(self) -> &'static str {
        match self {
            Order::Newest => "newest",
            Order::Oldest => "oldest",
        }
    }
}

const COLUMNS: &[Column] = &[
    ("ID", |certificate| text(certificate, "id")),
    ("STATUS", |certificate| text(certificate, "status")),
    ("EXPIRES", |certificate| day(certificate, "not_after")),
    ("OWNER", |certificate| text(certificate, "owner")),
    ("NAME", |certificate| text(certificate, "name")),
    ("SUBJECT", |certificate| text(certificate, "subject")),
];

/// Lists what is found.
pub(super) fn list(args: ListArgs, context: &Context) -> Result<(), Failure> {
    let filters = [
        ("subject", args.subject),
        ("status", args.status),
        ("owner", args.owner),
        ("domain", args.domain),
        ("issuer", args.issuer),
        ("serial", args.serial),
        ("subject_key_id", args.subject_key_id),
        ("order", Some(args.order.word().to_owned())),
    ];
    let list = List {
        segments: &["certificates"],
        query: filters
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        member: "certificates",
        cursor: "after",
        columns: COLUMNS,
        elastic: 5,
    };
    list.print(context, Some(args.extent))
}

/// Shows one.
pub(super) fn show(id: &Id, context: &Context) -> Result<(), Failure> {
    let certificate = context.client()?.read(&id.resource())?;
    if context.json() {
        return output::json(&certificate);
    }
    output::bytes(fields(&certificate).as_bytes())
}

/// All that is known of a certificate, for people.
pub(super) fn fields(certificate: &Value) -> String {
    let member = |member| text(certificate, member);
    let mut status = member("status");
    let reason = member("reason");
    if !reason.is_empty() {
        status = format!("{status} ({reason})");
    }
    let private_key = match member("private_key").as_str() {
        "yes" => "held by the server".to_owned(),
        _ => String::new(),
    };
    table::fields(&[
        ("id", member("id")),
        ("number", member("number")),
        ("name", member("name")),
        ("status", status),
        ("subject", member("subject")),
        ("names", lines(certificate, "names")),
        ("issuer", member("issuer")),
        ("serial", member("serial")),
        ("valid from", member("not_before")),
        ("valid until", member("not_after")),
        ("key", member("key")),
        ("private key", private_key),
        ("signature", member("signature")),
        ("subject key id", member("subject_key_id")),
        ("fingerprint", member("fingerprint")),
        ("origin", member("origin")),
        ("authority", member("authority")),
        ("profile", member("profile")),
        ("owner", member("owner")),
        ("domain", member("domain")),
        ("replaces", member("replaces")),
        ("replaced by", member("replaced_by")),
        ("created", member("created")),
        ("changed", member("changed")),
    ])
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_certificate_reads_well() {
        let text = fields(&json!({
            "id": "7a7e3d52c01b4f6688aa0917", "status": "revoked", "reason": "key-compromise",
            "names": ["dns:a.example", "dns:b.example"], "private_key": false, "replaces": null,
        }));
        let want = "\
id      7a7e3d52c01b4f6688aa0917
status  revoked (key-compromise)
names   dns:a.example
        dns:b.example
";
        assert_eq!(text, want);
    }
}
