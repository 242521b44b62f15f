//! `order`: work orders, and deciding on what others asked for.

use chancery_core::workorder::OrderState;
use clap::builder::PossibleValuesParser;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::address::Resource;
use super::failure::Failure;
use super::list::{Column, Extent, List};
use super::object::text;
use super::{output, table};

pub(crate) const EXAMPLES: &str = "\
Examples:
  chancery cert regenerate joe-7a7e3d52 --reason key-compromise
  chancery order list --state open
  chancery order approve 7
  chancery order reject 8 --reason unfounded";

/// What can be done with work orders.
#[derive(Subcommand, Debug)]
pub(crate) enum OrderCommand {
    /// List work orders, newest first
    #[command(after_help = EXAMPLES)]
    List(ListArgs),
    /// Show a work order
    Show(Number),
    /// Approve what somebody else asked for; the server then does it
    #[command(after_help = EXAMPLES)]
    Approve(Number),
    /// Reject what was asked for
    #[command(after_help = EXAMPLES)]
    Reject {
        #[command(flatten)]
        order: Number,
        /// Why, for who asked
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
}

/// Which work order.
#[derive(Args, Debug)]
pub(crate) struct Number {
    /// The order's number
    number: u64,
}

/// Which work orders.
#[derive(Args, Debug)]
pub(crate) struct ListArgs {
    /// Only those that are so far; `open` for all that have not ended
    #[arg(long, value_name = "WORD", value_parser = PossibleValuesParser::new(states()))]
    state: Option<String>,

    /// Only those about this certificate, or that make it; by id
    #[arg(long, value_name = "ID")]
    certificate: Option<String>,

    #[command(flatten)]
    extent: Extent,
}

fn states() -> Vec<&'static str> {
    std::iter::once("open")
        .chain(OrderState::ALL.map(OrderState::word))
        .collect()
}

const COLUMNS: &[Column] = &[
    ("NUMBER", |order| text(order, "number")),
    ("KIND", |order| text(order, "kind")),
    ("STATE", |order| text(order, "state")),
    ("ASKED", |order| text(order, "asked")),
    ("BY", |order| text(order, "asked_by")),
    ("CERTIFICATE", |order| text(order, "certificate")),
    ("MAKES", |order| text(order, "made")),
    ("REASON", |order| text(order, "reason")),
];

impl Number {
    fn resource(&self) -> Resource {
        Resource::new(&["orders", &self.number.to_string()])
    }

    fn part(&self, part: &str) -> Resource {
        Resource::new(&["orders", &self.number.to_string(), part])
    }
}

/// Does it.
pub(crate) fn run(command: OrderCommand, context: &Context) -> Result<(), Failure> {
    match command {
        OrderCommand::List(args) => list(args, context),
        OrderCommand::Show(order) => print(&context.client()?.read(&order.resource())?, context),
        OrderCommand::Approve(order) => {
            let approved = context.client()?.post(&order.part("approve"), &json!({}))?;
            print(&approved, context)
        }
        OrderCommand::Reject { order, reason } => {
            let asked = json!({ "reason": reason });
            let rejected = context.client()?.post(&order.part("reject"), &asked)?;
            print(&rejected, context)
        }
    }
}

fn list(args: ListArgs, context: &Context) -> Result<(), Failure> {
    let filters = [("state", args.state), ("certificate", args.certificate)];
    let list = List {
        segments: &["orders"],
        query: filters
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect(),
        member: "orders",
        cursor: "before",
        columns: COLUMNS,
        elastic: 7,
    };
    list.print(context, Some(args.extent))
}

/// Prints a work order.
pub(crate) fn print(order: &Value, context: &Context) -> Result<(), Failure> {
    if context.json() {
        return output::json(order);
    }
    let fields = [
        "number",
        "kind",
        "revocation",
        "state",
        "certificate",
        "made",
        "reason",
        "asked_by",
        "domain",
        "asked",
        "decided_by",
        "decided",
        "ended",
        "outcome",
    ]
    .map(|member| (member, text(order, member)));
    output::bytes(table::fields(&fields).as_bytes())
}
