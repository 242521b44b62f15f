//! `revocation`: revoking many certificates at once, with a look and a question before, and following it to its end.

mod follow;

use std::io::{self, IsTerminal};

use chancery_core::revocation::Reason;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use clap::{ArgGroup, Args, Subcommand};
use indicatif::HumanCount;
use serde_json::{Value, json};

use super::Context;
use super::address::Resource;
use super::client::Client;
use super::failure::{Failure, Kind};
use super::list::{Column, Extent, List};
use super::object::{self, text};
use super::table::{self, Table};
use super::{input::Input, output};

pub(crate) const EXAMPLES: &str = "\
All conditions hold together. First it is told how many certificates that is and what they
look like; then a question is asked, which --yes answers beforehand; then exactly those are
revoked, however many are issued meanwhile. The server goes on by itself, after a restart
too: Ctrl-C only ends the watching, `chancery revocation stop` ends the revoking.

Revocation is for good. Where in doubt, give the reason certificate-hold, look, and then
revoke those --on-hold for the true reason: they count as revoked since the hold.

Examples:
  chancery revocation start --domain gates --reason key-compromise --dry-run
  chancery revocation start --authority issuing --profile tls-client --reason superseded
  chancery revocation start --subject OU=Gate --issued-after 2026-11-01T00:00:00Z --reason key-compromise --yes
  chancery revocation list
  chancery revocation stop 3
  chancery revocation resume 3
  chancery revocation follow 3";

/// What can be done about revoking many certificates.
#[derive(Subcommand, Debug)]
pub(crate) enum RevocationCommand {
    /// Revoke every certificate that meets all conditions
    #[command(after_help = EXAMPLES)]
    Start(Box<StartArgs>),
    /// List revocations of many certificates, newest first
    List(Extent),
    /// Show how far one is
    Show(Number),
    /// Watch one until it is done
    Follow(Number),
    /// Stop one; what it has revoked stays so
    Stop(Number),
    /// Let one go on that was stopped
    Resume(Number),
}

/// Which revocation.
#[derive(Args, Debug)]
pub(crate) struct Number {
    /// The revocation's number
    number: u64,
}

/// Which certificates to revoke, and how.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("condition").required(true).multiple(true))]
pub(crate) struct StartArgs {
    /// Only those that this authority signed
    #[arg(long, group = "condition", value_name = "AUTHORITY", value_parser = NonEmptyStringValueParser::new())]
    authority: Option<String>,

    /// Only those issued by this profile
    #[arg(long, group = "condition", value_name = "PROFILE", value_parser = NonEmptyStringValueParser::new())]
    profile: Option<String>,

    /// Only those of this user, by id
    #[arg(long, group = "condition", value_name = "USER", value_parser = NonEmptyStringValueParser::new())]
    owner: Option<String>,

    /// Only those of this domain, by id
    #[arg(long, group = "condition", value_name = "DOMAIN", value_parser = NonEmptyStringValueParser::new())]
    domain: Option<String>,

    /// Only those with this text in their subject, written as /C=US/CN=Joe, whatever its case
    #[arg(long, group = "condition", value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    subject: Option<String>,

    /// Only those that came to the server at this time or later, as 2026-11-22T11:34:00Z
    #[arg(long, group = "condition", value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    issued_after: Option<String>,

    /// Only those that came to the server before this time
    #[arg(long, group = "condition", value_name = "TIME", value_parser = NonEmptyStringValueParser::new())]
    issued_before: Option<String>,

    /// Only those on hold
    #[arg(long, group = "condition")]
    on_hold: bool,

    /// Why; certificate-hold puts them on hold
    #[arg(long, value_name = "WORD", value_parser = PossibleValuesParser::new(Reason::ALL.map(Reason::word)))]
    reason: String,

    /// Tell what would be revoked, and revoke nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(long)]
    yes: bool,

    /// Start it and do not watch
    #[arg(long)]
    no_wait: bool,
}

impl Number {
    fn resource(&self) -> Resource {
        Resource::new(&["revocations", &self.number.to_string()])
    }

    fn part(&self, part: &str) -> Resource {
        Resource::new(&["revocations", &self.number.to_string(), part])
    }
}

/// Does it.
pub(crate) fn run(command: RevocationCommand, context: &Context) -> Result<(), Failure> {
    match command {
        RevocationCommand::Start(args) => start(&args, context),
        RevocationCommand::List(extent) => list(extent, context),
        RevocationCommand::Show(which) => {
            print(&context.client()?.read(&which.resource())?, context)
        }
        RevocationCommand::Follow(which) => {
            let client = context.client()?;
            let watch = follow::Watch::begin()?;
            let now = client.read(&which.resource())?;
            follow_to_the_end(&client, &watch, &now, context)
        }
        RevocationCommand::Stop(which) => {
            let stopped = context.client()?.post(&which.part("stop"), &json!({}))?;
            print(&stopped, context)
        }
        RevocationCommand::Resume(which) => {
            let resumed = context.client()?.post(&which.part("resume"), &json!({}))?;
            print(&resumed, context)
        }
    }
}

fn start(args: &StartArgs, context: &Context) -> Result<(), Failure> {
    let client = context.client()?;
    let revocations = Resource::new(&["revocations"]);
    let mut request = asked(args);
    let seen = client.post(&revocations, &with(&request, "dry_run", json!(true)))?;
    if args.dry_run && context.json() {
        return output::json(&seen);
    }
    let total = seen.get("total").and_then(Value::as_u64).unwrap_or(0);
    if total == 0 {
        let failure = Failure::new(
            Kind::Refused,
            "no certificate that could be revoked meets these conditions",
        );
        return Err(failure.hint("`chancery cert list` shows what there is"));
    }
    if args.dry_run {
        return output::bytes(told(&seen, total, args, context.width()).as_bytes());
    }
    output::note(told(&seen, total, args, None).trim_end());
    if !args.yes {
        confirm(total, context.input())?;
    }
    // From here on Ctrl-C must not leave in the dark what was begun.
    let watch = follow::Watch::begin()?;
    request = with(
        &request,
        "up_to",
        seen.get("up_to").cloned().unwrap_or_default(),
    );
    let started = client.post(&revocations, &request)?;
    if args.no_wait {
        return print(&started, context);
    }
    follow_to_the_end(&client, &watch, &started, context)
}

/// The request in earnest, for whatever is there.
fn asked(args: &StartArgs) -> Value {
    let given = |value: &Option<String>| value.as_ref().map(|text| json!(text));
    object::of([
        ("reason", Some(json!(args.reason))),
        ("authority", given(&args.authority)),
        ("profile", given(&args.profile)),
        ("owner", given(&args.owner)),
        ("domain", given(&args.domain)),
        ("subject", given(&args.subject)),
        ("issued_after", given(&args.issued_after)),
        ("issued_before", given(&args.issued_before)),
        ("on_hold", args.on_hold.then_some(json!(true))),
    ])
}

fn with(request: &Value, member: &str, value: Value) -> Value {
    let mut request = request.clone();
    if let Some(members) = request.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
    request
}

/// What would be revoked, for people.
fn told(seen: &Value, total: u64, args: &StartArgs, width: Option<usize>) -> String {
    let entries = seen.get("first").and_then(Value::as_array);
    let entries = entries.map(Vec::as_slice).unwrap_or_default();
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|one| EXAMPLE.map(|(_, member)| text(one, member)).to_vec())
        .collect();
    let mut table = Table::new(&EXAMPLE.map(|(title, _)| title), 3, width).page(&rows);
    let left = total.saturating_sub(entries.len() as u64);
    if left > 0 {
        table.push_str(&format!("... and {} more\n", HumanCount(left)));
    }
    let on_hold = seen.get("on_hold").and_then(Value::as_u64).unwrap_or(0);
    let on_hold = match on_hold {
        0 => String::new(),
        some => format!(", {} of them on hold now", HumanCount(some)),
    };
    format!(
        "{table}{} to {}{on_hold}\n",
        certificates(total),
        done_to_them(&args.reason)
    )
}

/// The columns of an example: title, and member of a certificate.
const EXAMPLE: [(&str, &str); 5] = [
    ("NUMBER", "number"),
    ("STATUS", "status"),
    ("OWNER", "owner"),
    ("SUBJECT", "subject"),
    ("AUTHORITY", "authority"),
];

fn certificates(count: u64) -> String {
    let noun = if count == 1 {
        "certificate"
    } else {
        "certificates"
    };
    format!("{} {noun}", HumanCount(count))
}

fn done_to_them(reason: &str) -> String {
    if reason == Reason::CertificateHold.word() {
        return "put on hold".to_owned();
    }
    format!("revoke for good, reason {reason}")
}

/// Asks for the number of certificates: a `y` is typed too easily.
fn confirm(total: u64, input: &Input) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let failure = Failure::usage("nobody is there to confirm it");
        return Err(failure.hint("look with --dry-run, and give --yes"));
    }
    let question = format!("type the number of certificates ({total}) to go on: ");
    let answer = input.answer(&question)?.unwrap_or_default();
    if answer.trim().replace([',', '_'], "") == total.to_string() {
        return Ok(());
    }
    Err(Failure::new(Kind::Refused, "nothing was revoked"))
}

fn follow_to_the_end(
    client: &Client,
    watch: &follow::Watch,
    begun: &Value,
    context: &Context,
) -> Result<(), Failure> {
    let ended = watch.to_the_end(client, begun)?;
    print(&ended, context)?;
    if text(&ended, "state") == "stopped" {
        let number = text(&ended, "number");
        let because = text(&ended, "stopped_because");
        let why = if because.is_empty() { "" } else { ": " };
        let detail = format!("it was stopped before its end{why}{because}");
        let failure = Failure::new(Kind::Refused, detail);
        return Err(failure.hint(format!("`chancery revocation resume {number}` goes on")));
    }
    Ok(())
}

const COLUMNS: &[Column] = &[
    ("NUMBER", |one| text(one, "number")),
    ("STATE", |one| text(one, "state")),
    ("REVOKED", |one| text(one, "revoked")),
    ("TOTAL", |one| text(one, "total")),
    ("REASON", |one| text(one, "reason")),
    ("ASKED", |one| text(one, "asked")),
    ("BY", |one| text(one, "asked_by")),
    ("CONDITIONS", conditions),
];

/// The conditions of a revocation, as they are given to `start`.
fn conditions(one: &Value) -> String {
    let given = [
        "authority",
        "profile",
        "owner",
        "domain",
        "subject",
        "issued_after",
        "issued_before",
    ]
    .into_iter()
    .map(|member| (member, text(one, member)))
    .filter(|(_, value)| !value.is_empty())
    .map(|(member, value)| format!("--{} {value}", member.replace('_', "-")));
    let on_hold = one.get("on_hold").and_then(Value::as_bool) == Some(true);
    given
        .chain(on_hold.then(|| "--on-hold".to_owned()))
        .collect::<Vec<_>>()
        .join(" ")
}

fn list(extent: Extent, context: &Context) -> Result<(), Failure> {
    let list = List {
        segments: &["revocations"],
        query: Vec::new(),
        member: "revocations",
        cursor: "before",
        columns: COLUMNS,
        elastic: 7,
    };
    list.print(context, Some(extent))
}

/// Prints a revocation.
fn print(one: &Value, context: &Context) -> Result<(), Failure> {
    if context.json() {
        return output::json(one);
    }
    let plain = |member| (member, text(one, member));
    let fields = [
        plain("number"),
        plain("state"),
        plain("reason"),
        ("conditions", conditions(one)),
        plain("total"),
        plain("revoked"),
        plain("skipped"),
        plain("asked_by"),
        plain("asked"),
        plain("changed"),
        plain("responsible"),
        plain("stopped_because"),
    ];
    output::bytes(table::fields(&fields).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_as_they_are_given() {
        let one = json!({"authority": "issuing", "profile": null, "subject": "OU=Gate", "issued_after": "x",
            "on_hold": true});
        assert_eq!(
            conditions(&one),
            "--authority issuing --subject OU=Gate --issued-after x --on-hold"
        );
        assert_eq!(conditions(&json!({"on_hold": false})), "");
    }

    #[test]
    fn counts_are_told_in_words() {
        assert_eq!(certificates(1), "1 certificate");
        assert_eq!(certificates(200_000), "200,000 certificates");
    }
}
