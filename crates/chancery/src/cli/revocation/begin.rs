//! Beginning a revocation of many certificates, or the release of one: a look and a question first, then exactly that, and
//! following it.

use std::io::{self, IsTerminal};

use chancery_core::revocation::Reason;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use clap::{ArgGroup, Args};
use indicatif::HumanCount;
use serde_json::{Value, json};

use super::{Number, follow, follow_to_the_end, print};
use crate::cli::Context;
use crate::cli::address::Resource;
use crate::cli::failure::{Failure, Kind};
use crate::cli::input::Input;
use crate::cli::object::{self, text};
use crate::cli::output;
use crate::cli::table::Table;

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

    #[command(flatten)]
    how: How,
}

/// Which revocation to release, and how.
#[derive(Args, Debug)]
pub(crate) struct ReleaseArgs {
    #[command(flatten)]
    which: Number,

    #[command(flatten)]
    how: How,
}

/// How it is begun.
#[derive(Args, Debug)]
struct How {
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,

    /// Do not ask
    #[arg(long)]
    yes: bool,

    /// Start it and do not watch
    #[arg(long)]
    no_wait: bool,
}

/// What is done to certificates.
enum Deed<'a> {
    /// Revoking for that reason.
    Revoke(&'a str),
    /// Releasing what the revocation with that number put on hold.
    Release(u64),
}

/// Revokes what meets all conditions.
pub(super) fn start(args: &StartArgs, context: &Context) -> Result<(), Failure> {
    let revocations = Resource::new(&["revocations"]);
    let deed = Deed::Revoke(&args.reason);
    begin(&revocations, &asked(args), &deed, &args.how, context)
}

/// Releases what a revocation put on hold.
pub(super) fn release(args: &ReleaseArgs, context: &Context) -> Result<(), Failure> {
    let deed = Deed::Release(args.which.number);
    let resource = args.which.part("release");
    begin(&resource, &json!({}), &deed, &args.how, context)
}

fn begin(
    resource: &Resource,
    request: &Value,
    deed: &Deed<'_>,
    how: &How,
    context: &Context,
) -> Result<(), Failure> {
    let client = context.client()?;
    let seen = client.post(resource, &with(request, "dry_run", json!(true)))?;
    if how.dry_run && context.json() {
        return output::json(&seen);
    }
    let total = seen.get("total").and_then(Value::as_u64).unwrap_or(0);
    if total == 0 {
        return Err(deed.on_nothing());
    }
    if how.dry_run {
        return output::bytes(told(&seen, total, deed, context.width()).as_bytes());
    }
    output::note(told(&seen, total, deed, None).trim_end());
    if !how.yes {
        confirm(total, deed, context.input())?;
    }
    // From here on Ctrl-C must not leave in the dark what was begun.
    let watch = follow::Watch::begin()?;
    let started = match deed {
        Deed::Revoke(_) => {
            let up_to = seen.get("up_to").cloned().unwrap_or_default();
            client.post(resource, &with(request, "up_to", up_to))?
        }
        Deed::Release(_) => client.post(resource, request)?,
    };
    if how.no_wait {
        return print(&started, context);
    }
    follow_to_the_end(&client, &watch, &started, context)
}

impl Deed<'_> {
    /// What is done, after a number of certificates.
    fn words(&self) -> String {
        match self {
            Deed::Revoke(reason) if *reason == Reason::CertificateHold.word() => {
                "put on hold".to_owned()
            }
            Deed::Revoke(reason) => format!("revoke for good, reason {reason}"),
            Deed::Release(number) => format!("release from the hold of revocation {number}"),
        }
    }

    fn on_nothing(&self) -> Failure {
        match self {
            Deed::Revoke(_) => Failure::new(
                Kind::Refused,
                "no certificate that could be revoked meets these conditions",
            )
            .hint("`chancery cert list` shows what there is"),
            Deed::Release(number) => {
                let detail = format!("nothing is left on hold by revocation {number}");
                let hint = "`chancery cert list --status on-hold` shows what others hold";
                Failure::new(Kind::Refused, detail).hint(hint)
            }
        }
    }
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

/// What would be done, for people.
fn told(seen: &Value, total: u64, deed: &Deed<'_>, width: Option<usize>) -> String {
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
    let on_hold = match (deed, on_hold) {
        (_, 0) | (Deed::Release(_), _) => String::new(),
        (Deed::Revoke(_), some) => format!(", {} of them on hold now", HumanCount(some)),
    };
    format!(
        "{table}{} to {}{on_hold}\n",
        certificates(total),
        deed.words()
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

/// Asks for the number of certificates: a `y` is typed too easily.
fn confirm(total: u64, deed: &Deed<'_>, input: &Input) -> Result<(), Failure> {
    if !io::stdin().is_terminal() {
        let failure = Failure::usage("nobody is there to confirm it");
        return Err(failure.hint("look with --dry-run, and give --yes"));
    }
    let question = format!("type the number of certificates ({total}) to go on: ");
    let answer = input.answer(&question)?.unwrap_or_default();
    if answer.trim().replace([',', '_'], "") == total.to_string() {
        return Ok(());
    }
    let nothing = match deed {
        Deed::Revoke(_) => "nothing was revoked",
        Deed::Release(_) => "nothing was released",
    };
    Err(Failure::new(Kind::Refused, nothing))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_told_in_words() {
        assert_eq!(certificates(1), "1 certificate");
        assert_eq!(certificates(200_000), "200,000 certificates");
    }
}
