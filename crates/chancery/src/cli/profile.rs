//! `profile`: what each kind of certificate may be.

use clap::Subcommand;

use super::Context;
use super::failure::Failure;
use super::list::{Column, List};
use super::object::text;

/// What can be done with profiles.
#[derive(Subcommand, Debug)]
pub(crate) enum ProfileCommand {
    /// List the profiles, with the days, keys and uses that each allows
    List,
}

const COLUMNS: &[Column] = &[
    ("NAME", |profile| text(profile, "name")),
    ("DAYS", |profile| text(profile, "default_days")),
    ("MOST DAYS", |profile| text(profile, "max_days")),
    ("USES", |profile| text(profile, "extended_key_usage")),
    ("KEYS", |profile| text(profile, "keys")),
];

/// Does it.
pub(crate) fn run(command: ProfileCommand, context: &Context) -> Result<(), Failure> {
    let ProfileCommand::List = command;
    let list = List {
        segments: &["profiles"],
        query: Vec::new(),
        member: "profiles",
        cursor: "after",
        columns: COLUMNS,
        elastic: 4,
    };
    list.print(context, None)
}
