//! `authority`: the authorities that sign.

use clap::Subcommand;
use clap::builder::NonEmptyStringValueParser;

use super::Context;
use super::address::Resource;
use super::failure::Failure;
use super::list::{Column, List};
use super::object::{day, text};
use super::{output, table};

const SHOW: &str = "\
Examples:
  chancery authority show issuing
  chancery authority show root --pem > root.pem";

/// What can be done with authorities.
#[derive(Subcommand, Debug)]
pub(crate) enum AuthorityCommand {
    /// List the authorities
    List,
    /// Show an authority, or print its certificate
    #[command(after_help = SHOW)]
    Show {
        /// Its name: `root`, `issuing`
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        name: String,
        /// Print its certificate in PEM, and nothing else
        #[arg(long, conflicts_with = "json")]
        pem: bool,
    },
}

const COLUMNS: &[Column] = &[
    ("NAME", |authority| text(authority, "name")),
    ("PARENT", |authority| text(authority, "parent")),
    ("KEY", |authority| text(authority, "key")),
    ("EXPIRES", |authority| day(authority, "not_after")),
    ("SUBJECT", |authority| text(authority, "subject")),
];

/// Does it.
pub(crate) fn run(command: AuthorityCommand, context: &Context) -> Result<(), Failure> {
    match command {
        AuthorityCommand::List => {
            let list = List {
                segments: &["authorities"],
                query: Vec::new(),
                member: "authorities",
                cursor: "after",
                columns: COLUMNS,
                elastic: 4,
            };
            list.print(context, None)
        }
        AuthorityCommand::Show { name, pem } => show(&name, pem, context),
    }
}

fn show(name: &str, pem: bool, context: &Context) -> Result<(), Failure> {
    let authority = context
        .client()?
        .read(&Resource::new(&["authorities", name]))?;
    if pem {
        return output::bytes(text(&authority, "certificate").as_bytes());
    }
    if context.json() {
        return output::json(&authority);
    }
    let member = |member| text(&authority, member);
    let fields = table::fields(&[
        ("name", member("name")),
        ("subject", member("subject")),
        ("parent", member("parent")),
        ("key", member("key")),
        ("valid from", member("not_before")),
        ("valid until", member("not_after")),
        ("subject key id", member("subject_key_id")),
        ("CRL", member("crl_url")),
        ("certificate", member("certificate_url")),
    ]);
    output::bytes(fields.as_bytes())
}
