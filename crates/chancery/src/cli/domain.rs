//! `domain`: domains hold users and their certificates apart.

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Subcommand};
use serde_json::Value;

use super::Context;
use super::address::Resource;
use super::failure::Failure;
use super::list::{Column, Extent, List};
use super::object::{self, day, text};
use super::{output, table};

const ADD: &str = "\
Examples:
  chancery domain add example
  chancery domain add 000000001001 --name example-corporation";

const CHANGE: &str = "\
Examples:
  chancery domain change 000000001001 --name example-north
  chancery domain change 000000001001 --disable";

/// What can be done with domains.
#[derive(Subcommand, Debug)]
pub(crate) enum DomainCommand {
    /// Add a domain
    #[command(after_help = ADD)]
    Add {
        /// Its id: a free string without spaces
        #[arg(value_parser = NonEmptyStringValueParser::new())]
        id: String,
        /// Its name for people, if that is not the id
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// List the domains
    List(Extent),
    /// Show a domain
    Show(Id),
    /// Rename, disable or enable a domain
    #[command(after_help = CHANGE, group = ArgGroup::new("change").required(true).multiple(true))]
    Change {
        #[command(flatten)]
        domain: Id,
        /// Its new name
        #[arg(long, group = "change", value_name = "NAME")]
        name: Option<String>,
        /// Let none of its users in any more
        #[arg(long, group = "change", conflicts_with = "enable")]
        disable: bool,
        /// Let its users in again
        #[arg(long, group = "change")]
        enable: bool,
    },
    /// Remove a domain that is empty
    Remove(Id),
}

/// Which domain.
#[derive(Args, Debug)]
pub(crate) struct Id {
    /// The domain's id
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    id: String,
}

impl Id {
    fn resource(&self) -> Resource {
        Resource::new(&["domains", &self.id])
    }
}

const COLUMNS: &[Column] = &[
    ("ID", |domain| text(domain, "id")),
    ("DISABLED", |domain| text(domain, "disabled")),
    ("CREATED", |domain| day(domain, "created")),
    ("NAME", |domain| text(domain, "name")),
];

/// Does it.
pub(crate) fn run(command: DomainCommand, context: &Context) -> Result<(), Failure> {
    match command {
        DomainCommand::Add { id, name } => {
            let asked = object::of([("id", Some(id.into())), ("name", name.map(Value::from))]);
            let added = context
                .client()?
                .post(&Resource::new(&["domains"]), &asked)?;
            print(&added, context)
        }
        DomainCommand::List(extent) => {
            let list = List {
                segments: &["domains"],
                query: Vec::new(),
                member: "domains",
                cursor: "after",
                columns: COLUMNS,
                elastic: 3,
            };
            list.print(context, Some(extent))
        }
        DomainCommand::Show(id) => print(&context.client()?.read(&id.resource())?, context),
        DomainCommand::Change {
            domain,
            name,
            disable,
            enable,
        } => {
            let disabled = (disable || enable).then_some(disable);
            let asked = object::of([
                ("name", name.map(Value::from)),
                ("disabled", disabled.map(Value::from)),
            ]);
            print(
                &context.client()?.change(&domain.resource(), &asked)?,
                context,
            )
        }
        DomainCommand::Remove(id) => context.client()?.delete(&id.resource()),
    }
}

fn print(domain: &Value, context: &Context) -> Result<(), Failure> {
    if context.json() {
        return output::json(domain);
    }
    let member = |member| text(domain, member);
    let fields = table::fields(&[
        ("id", member("id")),
        ("name", member("name")),
        ("disabled", member("disabled")),
        ("created", member("created")),
    ]);
    output::bytes(fields.as_bytes())
}
