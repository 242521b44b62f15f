//! Issuing and renewing: what is asked of the server, and where the new certificate goes.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::builder::PossibleValuesParser;
use clap::{ArgGroup, Args};
use serde_json::Value;

use super::{Id, show};
use crate::cli::Context;
use crate::cli::address::Resource;
use crate::cli::failure::{Failure, Kind};
use crate::cli::file::{self, Readers};
use crate::cli::object::{self, text};
use crate::cli::output;

pub(super) const EXAMPLES: &str = "\
With --csr the key stays with you and never reaches the server: the usual way. With --key
the server makes the key and keeps it sealed, and `chancery cert export --format pkcs12`
gets it. Subject and names are the CSR's where none are given; what may be asked for is up
to the profile (`chancery profile list`).

Examples:
  chancery cert issue --csr server.csr --out server.pem
  openssl req -new -key key.pem -subj /CN=joe | chancery cert issue --csr - --pem
  chancery cert issue --csr web.csr --name dns:a.example --name dns:b.example --days 90
  chancery cert issue --key ec-p256 --subject 'CN=joe' --profile general
  chancery cert issue --csr joe.csr --owner 000000003002 --json | jq -r .id";

pub(super) const RENEW_EXAMPLES: &str = "\
The new certificate has the names of the old one. With --csr it has a new key; without, the
server uses the key that it made and holds. The old certificate stays good until it expires
or is revoked, at once with --revoke-old (reason superseded).

Examples:
  chancery cert renew 7a7e3d52c01b4f6688aa0917 --csr new.csr --pem > server.pem
  chancery cert renew joe-7a7e3d52 --days 365 --revoke-old";

/// The keys that the server makes.
const KEYS: [&str; 7] = [
    "ec-p256", "ec-p384", "ec-p521", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519",
];

/// The certificate to issue.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("whose_key").required(true))]
pub(crate) struct IssueArgs {
    /// The certificate signing request (PKCS#10), PEM or DER; `-` reads standard input
    #[arg(long, group = "whose_key", value_name = "FILE")]
    csr: Option<PathBuf>,

    /// Let the server make a key of this kind
    #[arg(long, group = "whose_key", value_name = "KIND", value_parser = PossibleValuesParser::new(KEYS))]
    key: Option<String>,

    /// The subject, as in RFC 4514: `CN=joe,O=Example`
    #[arg(long, value_name = "DN")]
    subject: Option<String>,

    /// An alternative name, `dns:`, `email:`, `ip:` or `uri:` before it; may be given several times
    #[arg(long = "name", value_name = "NAME")]
    names: Vec<String>,

    /// Days that it is valid [default: the profile's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,

    /// What kind of certificate [default: the server's]
    #[arg(long, value_name = "PROFILE")]
    profile: Option<String>,

    /// Who signs [default: the server's]
    #[arg(long, value_name = "AUTHORITY")]
    authority: Option<String>,

    /// Whose it is, by user id [default: you]
    #[arg(long, value_name = "USER")]
    owner: Option<String>,

    /// What it is called here; must be unique [default: made from the subject]
    #[arg(long, value_name = "NAME")]
    label: Option<String>,

    #[command(flatten)]
    result: ResultArgs,
}

/// Renewal of a certificate.
#[derive(Args, Debug)]
pub(crate) struct RenewArgs {
    #[command(flatten)]
    certificate: Id,

    /// A certificate signing request with the new key, PEM or DER; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    csr: Option<PathBuf>,

    /// Days that the new one is valid [default: the profile's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,

    /// Revoke the old one as superseded
    #[arg(long)]
    revoke_old: bool,

    #[command(flatten)]
    result: ResultArgs,
}

/// Where the new certificate goes.
#[derive(Args, Debug)]
pub(crate) struct ResultArgs {
    /// Print the certificate in PEM, and nothing else
    #[arg(long, conflicts_with = "json")]
    pem: bool,

    /// Write the certificate in PEM to this file
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Issues one.
pub(super) fn issue(args: IssueArgs, context: &Context) -> Result<(), Failure> {
    let names = (!args.names.is_empty()).then(|| Value::from(args.names));
    let asked = object::of([
        ("csr", csr(args.csr.as_deref(), context)?),
        ("key", args.key.map(Value::from)),
        ("subject", args.subject.map(Value::from)),
        ("names", names),
        ("days", args.days.map(Value::from)),
        ("profile", args.profile.map(Value::from)),
        ("authority", args.authority.map(Value::from)),
        ("owner", args.owner.map(Value::from)),
        ("name", args.label.map(Value::from)),
    ]);
    let issued = context
        .client()?
        .post(&Resource::new(&["certificates"]), &asked)?;
    args.result.hand_over(&issued, context)
}

/// Renews one.
pub(super) fn renew(args: RenewArgs, context: &Context) -> Result<(), Failure> {
    let asked = object::of([
        ("csr", csr(args.csr.as_deref(), context)?),
        ("days", args.days.map(Value::from)),
        ("revoke_old", args.revoke_old.then(|| true.into())),
    ]);
    let issued = context
        .client()?
        .post(&args.certificate.part("renew"), &asked)?;
    args.result.hand_over(&issued, context)
}

impl ResultArgs {
    /// Writes it, prints it, or both.
    pub(crate) fn hand_over(&self, issued: &Value, context: &Context) -> Result<(), Failure> {
        let pem = text(issued, "certificate");
        if let Some(path) = &self.out {
            write(path, &pem, issued)?;
        }
        if self.pem {
            return output::bytes(pem.as_bytes());
        }
        if context.json() {
            return output::json(issued);
        }
        output::bytes(show::fields(issued).as_bytes())?;
        if self.out.is_some() {
            Ok(())
        } else {
            output::bytes(format!("\n{pem}").as_bytes())
        }
    }
}

/// The certificate exists by now: a file that cannot be written must not hide it.
fn write(path: &Path, pem: &str, issued: &Value) -> Result<(), Failure> {
    file::write(path, pem.as_bytes(), Readers::Anyone).map_err(|failure| {
        let id = text(issued, "id");
        failure.hint(format!(
            "it was issued all the same: chancery cert export {id} --format pem"
        ))
    })
}

/// The CSR as the server takes it: PEM as it is, anything else in base64.
fn csr(path: Option<&Path>, context: &Context) -> Result<Option<Value>, Failure> {
    let Some(path) = path else {
        return Ok(None);
    };
    let content = context.input().file(path, "--csr -")?;
    if content.is_empty() {
        let detail = format!("{} is empty", path.display());
        return Err(Failure::new(Kind::Refused, detail));
    }
    Ok(Some(wire_form(content).into()))
}

fn wire_form(csr: Vec<u8>) -> String {
    match String::from_utf8(csr) {
        Ok(text) if text.contains("-----BEGIN ") => text,
        Ok(text) => STANDARD.encode(text),
        Err(other) => STANDARD.encode(other.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use chancery_core::key::KeyAlgorithm;

    use super::*;

    #[test]
    fn the_keys_are_those_that_the_server_makes() {
        for word in KEYS {
            assert!(KeyAlgorithm::parse(word).is_some(), "{word}");
        }
    }

    #[test]
    fn requests_travel_as_pem_or_base64() {
        let pem = "-----BEGIN CERTIFICATE REQUEST-----\nMA==\n-----END CERTIFICATE REQUEST-----\n";
        for (content, want) in [
            (pem.as_bytes(), pem),
            (b"\x30\x82\xff", "MIL/"),
            (b"\x30\x03\x02\x01\x00", "MAMCAQA="),
        ] {
            assert_eq!(wire_form(content.to_vec()), want);
        }
    }
}
