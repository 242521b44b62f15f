//! `authority`: the authorities that sign, and how they come and go.

use std::path::{Path, PathBuf};

use chancery_core::x509::pem;
use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::address::Resource;
use super::failure::Failure;
use super::list::{Column, List};
use super::object::{self, day, text};
use super::{output, table};

pub(super) const EXAMPLES: &str = "\
Examples:
  chancery authority list
  chancery authority add devices --subject 'CN=Example Devices,O=Example' --parent root
  chancery authority request sub --subject 'CN=Example Sub,O=Example' > sub.csr
  chancery authority import sub --certificates sub.pem --certificates offline-root.pem
  chancery authority rollover issuing
  chancery authority retire issuing";

const SHOW: &str = "\
Examples:
  chancery authority show issuing
  chancery authority show root --pem > root.pem
  chancery authority show sub --csr > sub.csr";

const ADD: &str = "\
The key is made and kept by the server. To have the certificate signed by a root that is
kept elsewhere, see `chancery authority request --help`.

Examples:
  chancery authority add devices --subject 'CN=Example Devices,O=Example' --parent root
  chancery authority add lab --subject 'CN=Lab Root' --self-signed --key ec-p384 --days 3650";

const REQUEST: &str = "\
Prints the PKCS#10 request. Carry it to the root, sign it there, and import the certificate
with `chancery authority import`. `chancery authority show NAME --csr` prints it again.

Examples:
  chancery authority request sub --subject 'CN=Example Sub,O=Example' > sub.csr
  chancery authority import sub --certificates sub.pem --certificates offline-root.pem";

const ROLLOVER: &str = "\
The successor is signed by the same authority, if its key is here; otherwise its request is
made, and it takes over once its certificate is imported. The old authority goes on to answer
on CRL and OCSP for what it signed; `chancery authority reinstate` lets it issue again.

Examples:
  chancery authority rollover issuing
  chancery authority rollover issuing --key ec-p384 --days 1825";

const IMPORT_CRL: &str = "\
Examples:
  chancery authority import-crl offline-root --crl root.crl";

/// What can be done with authorities.
#[derive(Subcommand, Debug)]
pub(crate) enum AuthorityCommand {
    /// List the authorities
    List,
    /// Show an authority, or print its certificate or request
    #[command(after_help = SHOW)]
    Show {
        #[command(flatten)]
        authority: Name,
        /// Print its certificate in PEM, and nothing else
        #[arg(long, conflicts_with = "json")]
        pem: bool,
        /// Print its request in PEM while its certificate is awaited, and nothing else
        #[arg(long, conflicts_with_all = ["json", "pem"])]
        csr: bool,
    },
    /// Make an authority that is signed here
    #[command(after_help = ADD, group = ArgGroup::new("signer").required(true))]
    Add {
        #[command(flatten)]
        new: New,
        /// The authority here that signs it
        #[arg(long, group = "signer", value_name = "AUTHORITY")]
        parent: Option<String>,
        /// Make it a root
        #[arg(long, group = "signer")]
        self_signed: bool,
        /// Days that it lives [default: the server's]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        days: Option<u32>,
    },
    /// Make the key of an authority, and print the request for a root that is kept elsewhere
    #[command(after_help = REQUEST)]
    Request(New),
    /// Import the certificate that was signed elsewhere for a request
    Import {
        #[command(flatten)]
        authority: Name,
        /// Files with the certificate and those of the authorities above it, PEM or DER; `-` for standard input
        #[arg(long, required = true, value_name = "FILE")]
        certificates: Vec<PathBuf>,
    },
    /// Take back a request whose certificate is awaited; its key is gone
    Withdraw(Name),
    /// Let an authority issue no more; its CRL and OCSP answers go on
    Retire(Name),
    /// Let a retired or superseded authority issue again
    Reinstate(Name),
    /// Make a successor with a new key
    #[command(after_help = ROLLOVER)]
    Rollover(RolloverArgs),
    /// Import the CRL of an authority whose key is elsewhere; the server serves it
    #[command(after_help = IMPORT_CRL)]
    ImportCrl {
        #[command(flatten)]
        authority: Name,
        /// The CRL, PEM or DER; `-` for standard input
        #[arg(long, value_name = "FILE")]
        crl: PathBuf,
    },
}

/// Which authority.
#[derive(Args, Debug)]
pub(crate) struct Name {
    /// Its name: `root`, `issuing`
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    name: String,
}

/// A new authority.
#[derive(Args, Debug)]
pub(crate) struct New {
    #[command(flatten)]
    authority: Name,

    /// Its subject: RFC 4514, or OpenSSL's one line
    #[arg(long, value_name = "SUBJECT")]
    subject: String,

    /// Its key: ec-p256, ec-p384, ec-p521, rsa-2048, rsa-3072, rsa-4096 or ed25519 [default: ec-p256]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// How many authorities may follow under it
    #[arg(long, value_name = "N")]
    path_length: Option<u8>,
}

/// A successor.
#[derive(Args, Debug)]
pub(crate) struct RolloverArgs {
    #[command(flatten)]
    authority: Name,

    /// What the successor is called [default: the old name and -2, -3, ...]
    #[arg(long = "as", value_name = "NAME")]
    successor: Option<String>,

    /// The successor's subject [default: the old one with G2, G3, ... at the end of its common name]
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<String>,

    /// The kind of the new key [default: that of the old one]
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Days that it lives [default: the server's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    days: Option<u32>,

    /// Have it signed elsewhere, though the authority above it is here
    #[arg(long)]
    offline: bool,
}

const COLUMNS: &[Column] = &[
    ("NAME", |authority| text(authority, "name")),
    ("STATE", |authority| text(authority, "state")),
    ("PARENT", |authority| text(authority, "parent")),
    ("SUCCESSOR", |authority| text(authority, "successor")),
    ("KEY", |authority| text(authority, "key")),
    ("HERE", |authority| text(authority, "key_here")),
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
                elastic: 7,
            };
            list.print(context, None)
        }
        AuthorityCommand::Show {
            authority,
            pem,
            csr,
        } => show(&authority, pem, csr, context),
        AuthorityCommand::Add {
            new,
            parent,
            self_signed,
            days,
        } => {
            let signer = match parent {
                Some(parent) => ("parent", parent.into()),
                None => ("self_signed", self_signed.into()),
            };
            print(&add(&new.asked(signer, days), context)?, context)
        }
        AuthorityCommand::Request(new) => {
            let made = add(&new.asked(("offline", true.into()), None), context)?;
            match context.json() {
                true => output::json(&made),
                false => output::bytes(text(&made, "csr").as_bytes()),
            }
        }
        AuthorityCommand::Import {
            authority,
            certificates,
        } => {
            let mut bundle = String::new();
            for path in &certificates {
                let blocks = given(path, "--certificates", context, pem::certificates_der)?;
                bundle.extend(blocks.iter().map(|der| pem::encode("CERTIFICATE", der)));
            }
            let asked = json!({ "certificates": bundle });
            done(&authority, "certificate", &asked, context)
        }
        AuthorityCommand::Withdraw(authority) => context.client()?.delete(&authority.resource(&[])),
        AuthorityCommand::Retire(authority) => done(&authority, "retire", &json!({}), context),
        AuthorityCommand::Reinstate(authority) => {
            done(&authority, "reinstate", &json!({}), context)
        }
        AuthorityCommand::Rollover(args) => {
            let asked = object::of([
                ("name", args.successor.map(Value::from)),
                ("subject", args.subject.map(Value::from)),
                ("key", args.key.map(Value::from)),
                ("days", args.days.map(Value::from)),
                ("offline", args.offline.then_some(true.into())),
            ]);
            done(&args.authority, "rollover", &asked, context)
        }
        AuthorityCommand::ImportCrl { authority, crl } => {
            let der = given(&crl, "--crl", context, pem::crl_der)?;
            let asked = json!({ "crl": pem::encode("X509 CRL", &der) });
            done(&authority, "crl", &asked, context)
        }
    }
}

impl Name {
    fn resource(&self, parts: &[&str]) -> Resource {
        let mut segments = vec!["authorities", self.name.as_str()];
        segments.extend(parts);
        Resource::new(&segments)
    }
}

impl New {
    fn asked(self, signer: (&str, Value), days: Option<u32>) -> Value {
        object::of([
            (signer.0, Some(signer.1)),
            ("days", days.map(Value::from)),
            ("name", Some(self.authority.name.into())),
            ("subject", Some(self.subject.into())),
            ("key", self.key.map(Value::from)),
            ("path_length", self.path_length.map(Value::from)),
        ])
    }
}

fn add(asked: &Value, context: &Context) -> Result<Value, Failure> {
    context
        .client()?
        .post(&Resource::new(&["authorities"]), asked)
}

/// Asks for something to be done with an authority, and prints what it is then.
fn done(authority: &Name, verb: &str, asked: &Value, context: &Context) -> Result<(), Failure> {
    let shown = context
        .client()?
        .post(&authority.resource(&[verb]), asked)?;
    print(&shown, context)
}

/// What is in a file, as `read` understands it.
fn given<T>(
    path: &Path,
    purpose: &'static str,
    context: &Context,
    read: fn(&[u8]) -> Result<T, pem::PemError>,
) -> Result<T, Failure> {
    let content = context.input().file(path, purpose)?;
    read(&content).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

fn show(name: &Name, pem: bool, csr: bool, context: &Context) -> Result<(), Failure> {
    if csr {
        let request = context.client()?.read_bytes(&name.resource(&["csr"]))?;
        return output::bytes(&request);
    }
    let authority = context.client()?.read(&name.resource(&[]))?;
    if pem {
        return output::bytes(text(&authority, "certificate").as_bytes());
    }
    print(&authority, context)
}

fn print(authority: &Value, context: &Context) -> Result<(), Failure> {
    if context.json() {
        return output::json(authority);
    }
    let member = |member| text(authority, member);
    let fields = table::fields(&[
        ("name", member("name")),
        ("state", member("state")),
        ("subject", member("subject")),
        ("parent", member("parent")),
        ("successor", member("successor")),
        ("key", member("key")),
        ("key is here", member("key_here")),
        ("valid from", member("not_before")),
        ("valid until", member("not_after")),
        ("subject key id", member("subject_key_id")),
        ("certificate id", member("certificate_id")),
        ("CRL", member("crl_url")),
        ("certificate", member("certificate_url")),
    ]);
    output::bytes(fields.as_bytes())
}
