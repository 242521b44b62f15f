//! `audit`: who did what, newest first.

use clap::Args;

use super::Context;
use super::failure::Failure;
use super::list::{Column, Extent, List};
use super::object::{pairs, text};

const EXAMPLES: &str = "\
Examples:
  chancery audit --actor joe
  chancery audit --certificate 7a7e3d52c01b4f6688aa0917
  chancery audit --all --json > audit.json";

/// Which entries.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct AuditArgs {
    /// Only what this user did; by id
    #[arg(long, value_name = "USER")]
    actor: Option<String>,

    /// Only what was done to this certificate; by id
    #[arg(long, value_name = "ID")]
    certificate: Option<String>,

    #[command(flatten)]
    extent: Extent,
}

const COLUMNS: &[Column] = &[
    ("AT", |entry| text(entry, "at")),
    ("ACTOR", |entry| text(entry, "actor")),
    ("API", |entry| text(entry, "api")),
    ("ACTION", |entry| text(entry, "action")),
    ("OUTCOME", |entry| text(entry, "outcome")),
    ("CERTIFICATE", |entry| text(entry, "certificate")),
    ("OBJECT", |entry| text(entry, "object")),
    ("DETAIL", |entry| pairs(entry, "detail")),
];

/// Lists them.
pub(crate) fn run(args: AuditArgs, context: &Context) -> Result<(), Failure> {
    let filters = [("actor", args.actor), ("certificate", args.certificate)];
    let list = List {
        segments: &["audit"],
        query: filters
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        member: "entries",
        cursor: "before",
        columns: COLUMNS,
        elastic: 7,
    };
    list.print(context, Some(args.extent))
}
