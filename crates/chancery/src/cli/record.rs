//! `record`: certificate records, and having their requests signed.

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::Context;
use super::address::Resource;
use super::cert::ResultArgs;
use super::failure::Failure;
use super::list::{Column, Extent, List};
use super::object::{self, pairs, text};
use super::{output, table};

pub(crate) const EXAMPLES: &str = "\
A certificate record is a named place for one key, its certificate signing request and its
certificate. It is made and edited through the API of a device; here it is looked at, and its
request is signed. The certificate is then imported into the record like any other.

Examples:
  chancery record list
  chancery record show rest-server --csr | openssl req -noout -text
  chancery record sign rest-server --profile tls-server --out rest-server.pem";

/// What can be done with certificate records.
#[derive(Subcommand, Debug)]
pub(crate) enum RecordCommand {
    /// List certificate records by name
    #[command(after_help = EXAMPLES)]
    List {
        #[command(flatten)]
        extent: Extent,
    },
    /// Show a certificate record, or print its request or certificate
    #[command(after_help = EXAMPLES)]
    Show {
        #[command(flatten)]
        record: Name,
        /// Print its certificate signing request in PEM, and nothing else
        #[arg(long, conflicts_with_all = ["json", "pem"])]
        csr: bool,
        /// Print its certificate in PEM, and nothing else
        #[arg(long, conflicts_with = "json")]
        pem: bool,
    },
    /// Sign a record's certificate signing request
    #[command(after_help = EXAMPLES)]
    Sign(SignArgs),
}

/// Which record.
#[derive(Args, Debug)]
pub(crate) struct Name {
    /// The record's name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: String,
}

/// How to sign.
#[derive(Args, Debug)]
pub(crate) struct SignArgs {
    #[command(flatten)]
    record: Name,

    /// Days that the certificate is valid [default: the profile's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,

    /// What kind of certificate [default: the server's]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// Who signs [default: the server's]
    #[arg(long, value_name = "AUTHORITY")]
    authority: Option<String>,

    /// What the certificate is called here; must be unique [default: made from the subject]
    #[arg(long, value_name = "NAME")]
    label: Option<String>,

    #[command(flatten)]
    result: ResultArgs,
}

const COLUMNS: &[Column] = &[
    ("NAME", |record| text(record, "name")),
    ("KEY", |record| text(record, "key")),
    ("CERTIFICATE", |record| text(record, "certificate")),
    ("SAVED", |record| text(record, "saved")),
    ("RUNNING", |record| text(record, "running")),
];

/// Does it.
pub(crate) fn run(command: RecordCommand, context: &Context) -> Result<(), Failure> {
    match command {
        RecordCommand::List { extent } => {
            let list = List {
                segments: &["records"],
                query: Vec::new(),
                member: "records",
                cursor: "after",
                columns: COLUMNS,
                elastic: 0,
            };
            list.print(context, Some(extent))
        }
        RecordCommand::Show { record, csr, pem } => {
            let shown = context.client()?.read(&record.resource(&[]))?;
            match (csr, pem) {
                (true, _) => output::bytes(text(&shown, "csr").as_bytes()),
                (_, true) => output::bytes(text(&shown, "pem").as_bytes()),
                _ => print(&shown, context),
            }
        }
        RecordCommand::Sign(args) => sign(args, context),
    }
}

impl Name {
    fn resource(&self, parts: &[&str]) -> Resource {
        let mut segments = vec!["records", self.name.as_str()];
        segments.extend(parts);
        Resource::new(&segments)
    }
}

fn sign(args: SignArgs, context: &Context) -> Result<(), Failure> {
    let asked = object::of([
        ("days", args.days.map(Value::from)),
        ("profile", args.profile.map(Value::from)),
        ("authority", args.authority.map(Value::from)),
        ("name", args.label.map(Value::from)),
    ]);
    let issued = context
        .client()?
        .post(&args.record.resource(&["sign"]), &asked)?;
    args.result.hand_over(&issued, context)
}

fn print(record: &Value, context: &Context) -> Result<(), Failure> {
    if context.json() {
        return output::json(record);
    }
    let member = |member| text(record, member);
    let fields = table::fields(&[
        ("name", member("name")),
        ("attributes", pairs(record, "attributes")),
        ("key", member("key")),
        ("certificate", member("certificate")),
        ("saved", member("saved")),
        ("running", member("running")),
    ]);
    output::bytes(fields.as_bytes())
}
