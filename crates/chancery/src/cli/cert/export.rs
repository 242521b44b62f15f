//! Getting certificates out: PEM, DER, PEM chain, PKCS#12.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::Id;
use crate::cli::Context;
use crate::cli::failure::Failure;
use crate::cli::file::{self, Readers};
use crate::cli::object;
use crate::cli::output;

pub(super) const EXAMPLES: &str = "\
PKCS#12 holds the private key too, if the server made it and keeps it; a file of it is
made readable by you alone. `chain` is the certificate and the authorities above it, as
most servers want it.

Examples:
  chancery cert export 7a7e3d52c01b4f6688aa0917 --format pem
  chancery cert export joe-7a7e3d52 --format chain --out fullchain.pem
  chancery cert export joe-7a7e3d52 --format der | openssl x509 -inform der -text
  chancery cert export joe-7a7e3d52 --format pkcs12 --out joe.p12
  pass show joe.p12 | chancery cert export 17 --format pkcs12 --password-stdin --out joe.p12";

/// What to get, in which form, and where it goes.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    certificate: Id,

    /// The form
    #[arg(long, value_enum)]
    format: Format,

    /// Write it to this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// Read the password that is to protect the PKCS#12 from standard input instead of asking for it
    #[arg(long)]
    password_stdin: bool,

    /// The friendly name in the PKCS#12 [default: the certificate's name]
    #[arg(long, value_name = "NAME")]
    label: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum Format {
    /// The certificate in PEM (RFC 7468)
    Pem,
    /// The certificate in DER
    Der,
    /// The certificate and its authorities in PEM, one after the other
    Chain,
    /// Certificate, authorities and private key in PKCS#12 (RFC 7292)
    Pkcs12,
}

impl Format {
    const fn word(self) -> &'static str {
        match self {
            Format::Pem => "pem",
            Format::Der => "der",
            Format::Chain => "chain",
            Format::Pkcs12 => "pkcs12",
        }
    }

    const fn is_text(self) -> bool {
        matches!(self, Format::Pem | Format::Chain)
    }
}

/// Gets it.
pub(super) fn run(args: ExportArgs, context: &Context) -> Result<(), Failure> {
    let (format, word) = (args.format, args.format.word());
    if format != Format::Pkcs12 && (args.password_stdin || args.label.is_some()) {
        let detail = "--password-stdin and --label go with --format pkcs12";
        return Err(Failure::usage(detail));
    }
    if args.out.is_none() && !format.is_text() && output::is_terminal() {
        return Err(
            Failure::usage(format!("{word} is binary and would garble the terminal"))
                .hint("give --out FILE, or pipe it on"),
        );
    }
    let resource = args.certificate.part(word);
    let content = if format == Format::Pkcs12 {
        let input = context.input();
        let password = input.password(args.password_stdin, "password for the PKCS#12: ", true)?;
        let asked = object::of([
            ("password", Some(password.expose().into())),
            ("name", args.label.map(Value::from)),
        ]);
        context.client()?.post_for_bytes(&resource, &asked)?
    } else {
        context.client()?.read_bytes(&resource)?
    };
    let readers = if format == Format::Pkcs12 {
        Readers::Owner
    } else {
        Readers::Anyone
    };
    match args.out {
        Some(path) => file::write(&path, &content, readers),
        None => output::bytes(&content),
    }
}
