//! `revocation`: revoking many certificates at once and releasing them again, and following that to its end.

mod begin;
mod follow;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::address::Resource;
use super::client::Client;
use super::failure::{Failure, Kind};
use super::list::{Column, Extent, List};
use super::object::text;
use super::{output, table};

pub(crate) const EXAMPLES: &str = "\
All conditions hold together. First it is told how many certificates that is and what they
look like; then a question is asked, which --yes answers beforehand; then exactly those are
revoked, however many are issued meanwhile. The server goes on by itself, after a restart
too: Ctrl-C only ends the watching, `chancery revocation stop` ends the revoking.

Revocation is for good. Where in doubt, give the reason certificate-hold, look, and then
revoke those --on-hold for the true reason: they count as revoked since the hold. Or
release what that revocation put on hold: what others hold stays on hold.

Examples:
  chancery revocation start --domain gates --reason key-compromise --dry-run
  chancery revocation start --authority issuing --profile tls-client --reason superseded
  chancery revocation start --subject OU=Gate --issued-after 2026-11-01T00:00:00Z --reason key-compromise --yes
  chancery revocation list
  chancery revocation stop 3
  chancery revocation release 3 --dry-run
  chancery revocation resume 3
  chancery revocation follow 3";

/// What can be done about revoking many certificates.
#[derive(Subcommand, Debug)]
pub(crate) enum RevocationCommand {
    /// Revoke every certificate that meets all conditions
    #[command(after_help = EXAMPLES)]
    Start(Box<begin::StartArgs>),
    /// List revocations of many certificates, newest first
    List(Extent),
    /// Show how far one is
    Show(Number),
    /// Watch one until it is done
    Follow(Number),
    /// Stop one; what it has done stays so
    Stop(Number),
    /// Let one go on that was stopped
    Resume(Number),
    /// Release what one put on hold and nobody has changed since
    Release(begin::ReleaseArgs),
}

/// Which revocation.
#[derive(Args, Debug)]
pub(crate) struct Number {
    /// The revocation's number
    number: u64,
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
        RevocationCommand::Start(args) => begin::start(&args, context),
        RevocationCommand::Release(args) => begin::release(&args, context),
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
    ("ACTION", action),
    ("DONE", |one| text(one, counted(one))),
    ("TOTAL", |one| text(one, "total")),
    ("REASON", |one| text(one, "reason")),
    ("ASKED", |one| text(one, "asked")),
    ("BY", |one| text(one, "asked_by")),
    ("CONDITIONS", conditions),
];

/// What it does, and whose hold it releases.
fn action(one: &Value) -> String {
    let words = [text(one, "action"), text(one, "releases")];
    words.join(" ").trim_end().to_owned()
}

/// The member that counts what it has done.
fn counted(one: &Value) -> &'static str {
    match text(one, "action").as_str() {
        "release" => "released",
        _ => "revoked",
    }
}

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
        elastic: 8,
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
        ("action", action(one)),
        plain("reason"),
        ("conditions", conditions(one)),
        plain("total"),
        plain(counted(one)),
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
}
