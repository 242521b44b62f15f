//! `user`: people and programs that may call, their roles and their API keys.

use chancery_core::role::Role;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::address::Resource;
use super::failure::Failure;
use super::list::{Column, Extent, List};
use super::object::{self, day, text};
use super::{output, table};

pub(super) const EXAMPLES: &str = "\
Examples:
  chancery user add joe --role self-service
  chancery user list --domain 000000001001
  chancery user disable 000000003002
  chancery user remove 000000003002";

const ADD: &str = "\
Examples:
  chancery user add joe
  pass show joe | chancery user add joe --password-stdin
  chancery user add joe --id 000000003002 --domain 000000001001 --role self-service
  chancery user add robot --role operator --json | jq -r .id

A user needs a password or an API key to call: see `chancery user api-key --help`.";

const CHANGE: &str = "\
Examples:
  chancery user change 000000003002 --role operator --role auditor
  chancery user change 000000003002 --password-stdin < new-password";

const API_KEY: &str = "\
The key is shown once: the server keeps no more than its digest. A new key takes the
place of the old one, which holds no more.

Examples:
  chancery user api-key 000000003002
  chancery user api-key 000000003002 --remove";

/// What can be done with users.
#[derive(Subcommand, Debug)]
pub(crate) enum UserCommand {
    /// Add a user
    #[command(after_help = ADD)]
    Add(AddArgs),
    /// List users
    List {
        /// Only those of this domain; by id
        #[arg(long, value_name = "DOMAIN")]
        domain: Option<String>,
        #[command(flatten)]
        extent: Extent,
    },
    /// Show a user
    Show(Id),
    /// Change a user's name, domain, roles or password
    #[command(after_help = CHANGE, group = ArgGroup::new("change").required(true).multiple(true))]
    Change(ChangeArgs),
    /// Remove a user
    Remove(Id),
    /// Make a new API key for a user, or remove it
    #[command(after_help = API_KEY)]
    ApiKey {
        #[command(flatten)]
        user: Id,
        /// Remove the key instead
        #[arg(long)]
        remove: bool,
    },
    /// Let a disabled user in again
    Enable(Id),
    /// Let a user in no more, but keep all that is theirs
    Disable(Id),
}

/// A new user.
#[derive(Args, Debug)]
pub(crate) struct AddArgs {
    /// Their name, by which they log in
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: String,

    /// Their id, if the server should not choose one
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// The domain they belong to, by id [default: default]
    #[arg(long, value_name = "DOMAIN")]
    domain: Option<String>,

    /// What they may do; may be given several times [default: self-service]
    #[arg(long = "role", value_name = "ROLE", value_parser = roles())]
    roles: Vec<String>,

    /// Read their password from standard input
    #[arg(long)]
    password_stdin: bool,
}

/// What changes; what is not named stays.
#[derive(Args, Debug)]
pub(crate) struct ChangeArgs {
    #[command(flatten)]
    user: Id,

    /// Their new name
    #[arg(long, group = "change", value_name = "NAME")]
    name: Option<String>,

    /// Their new domain, by id
    #[arg(long, group = "change", value_name = "DOMAIN")]
    domain: Option<String>,

    /// All that they may do from now on; may be given several times
    #[arg(long = "role", group = "change", value_name = "ROLE", value_parser = roles())]
    roles: Vec<String>,

    /// Read their new password from standard input
    #[arg(long, group = "change")]
    password_stdin: bool,
}

/// Which user.
#[derive(Args, Debug)]
pub(crate) struct Id {
    /// The user's id
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    id: String,
}

impl Id {
    fn resource(&self) -> Resource {
        Resource::new(&["users", &self.id])
    }

    fn api_key(&self) -> Resource {
        Resource::new(&["users", &self.id, "api-key"])
    }
}

const COLUMNS: &[Column] = &[
    ("ID", |user| text(user, "id")),
    ("DOMAIN", |user| text(user, "domain")),
    ("ROLES", |user| text(user, "roles")),
    ("DISABLED", |user| text(user, "disabled")),
    ("CREATED", |user| day(user, "created")),
    ("NAME", |user| text(user, "name")),
];

/// Does it.
pub(crate) fn run(command: UserCommand, context: &Context) -> Result<(), Failure> {
    match command {
        UserCommand::Add(args) => add(args, context),
        UserCommand::List { domain, extent } => list(domain, extent, context),
        UserCommand::Show(id) => print(&context.client()?.read(&id.resource())?, context),
        UserCommand::Change(args) => change(args, context),
        UserCommand::Remove(id) => context.client()?.delete(&id.resource()),
        UserCommand::ApiKey { user, remove: true } => context.client()?.delete(&user.api_key()),
        UserCommand::ApiKey {
            user,
            remove: false,
        } => new_api_key(&user, context),
        UserCommand::Enable(id) => disable(&id, false, context),
        UserCommand::Disable(id) => disable(&id, true, context),
    }
}

/// Prints a user.
pub(crate) fn print(user: &Value, context: &Context) -> Result<(), Failure> {
    if context.json() {
        return output::json(user);
    }
    let member = |member| text(user, member);
    let fields = table::fields(&[
        ("id", member("id")),
        ("name", member("name")),
        ("domain", member("domain")),
        ("roles", member("roles")),
        ("disabled", member("disabled")),
        ("password", member("has_password")),
        ("API key", member("has_api_key")),
        ("created", member("created")),
    ]);
    output::bytes(fields.as_bytes())
}

fn add(args: AddArgs, context: &Context) -> Result<(), Failure> {
    let asked = object::of([
        ("name", Some(args.name.into())),
        ("id", args.id.map(Value::from)),
        ("domain", args.domain.map(Value::from)),
        ("roles", given(args.roles)),
        ("password", password(args.password_stdin, context)?),
    ]);
    let added = context.client()?.post(&Resource::new(&["users"]), &asked)?;
    print(&added, context)
}

fn list(domain: Option<String>, extent: Extent, context: &Context) -> Result<(), Failure> {
    let list = List {
        segments: &["users"],
        query: domain
            .map(|domain| ("domain", domain))
            .into_iter()
            .collect(),
        member: "users",
        cursor: "after",
        columns: COLUMNS,
        elastic: 5,
    };
    list.print(context, Some(extent))
}

fn change(args: ChangeArgs, context: &Context) -> Result<(), Failure> {
    let asked = object::of([
        ("name", args.name.map(Value::from)),
        ("domain", args.domain.map(Value::from)),
        ("roles", given(args.roles)),
        ("password", password(args.password_stdin, context)?),
    ]);
    print(
        &context.client()?.change(&args.user.resource(), &asked)?,
        context,
    )
}

fn disable(id: &Id, disabled: bool, context: &Context) -> Result<(), Failure> {
    let asked = json!({ "disabled": disabled });
    print(&context.client()?.change(&id.resource(), &asked)?, context)
}

fn new_api_key(user: &Id, context: &Context) -> Result<(), Failure> {
    let made = context.client()?.post(&user.api_key(), &json!({}))?;
    if context.json() {
        return output::json(&made);
    }
    output::line(&text(&made, "api_key"))
}

fn roles() -> PossibleValuesParser {
    PossibleValuesParser::new(Role::ALL.map(Role::word))
}

fn given(roles: Vec<String>) -> Option<Value> {
    (!roles.is_empty()).then(|| roles.into())
}

fn password(from_input: bool, context: &Context) -> Result<Option<Value>, Failure> {
    let read = || context.input().secret("--password-stdin");
    let password = from_input.then(read).transpose()?;
    Ok(password.map(|password| password.expose().into()))
}
