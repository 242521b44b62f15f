//! `cert`: certificates through their whole life. Here are the grammar and the changes of state; what needs more has a
//! file of its own.

mod bundle;
mod export;
mod import;
mod issue;
mod show;

use chancery_core::revocation::Reason;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Context;
use super::address::Resource;
use super::failure::Failure;
use super::object::text;
use super::{order, output};

pub(crate) use issue::ResultArgs;

pub(super) const EXAMPLES: &str = "\
A certificate is named by its id, its number or its name. It is active until it expires, is
put on hold (and released again), or is revoked for good; deleting takes it out of sight.

Examples:
  chancery cert issue --csr server.csr --pem > server.pem
  chancery cert list --status active --subject joe
  chancery cert export 7a7e3d52c01b4f6688aa0917 --format chain --out fullchain.pem
  chancery cert hold joe-7a7e3d52
  chancery cert revoke 17 --reason key-compromise";

const REGENERATE: &str = "\
Somebody else approves it (`chancery order approve`) unless it is to be done at once; the new
certificate is pending until then. The old one is revoked if the reason says that it was
superseded or that its key is compromised; the server's configuration may say otherwise.

Examples:
  chancery cert regenerate joe-7a7e3d52 --reason key-compromise
  chancery cert regenerate 17 --reason superseded --auto-approve";

const HOLD: &str = "\
A certificate on hold is revoked for now (reason certificate-hold): relying parties refuse
it until it is released. Only certificates that are active can be put on hold.

Examples:
  chancery cert hold 7a7e3d52c01b4f6688aa0917
  chancery cert release 7a7e3d52c01b4f6688aa0917";

const REVOKE: &str = "\
Revocation is for good; `chancery cert hold` can be taken back. The reasons are those of
RFC 5280, section 5.3.1.

Examples:
  chancery cert revoke 7a7e3d52c01b4f6688aa0917 --reason key-compromise
  chancery cert revoke joe-7a7e3d52 --reason superseded";

const DELETE: &str = "\
A deleted certificate is gone from sight. If it was good and issued here, it is revoked
too (cessation of operation); what was revoked stays in the CRL. `chancery cert purge`
then wipes what is kept.

Examples:
  chancery cert delete 7a7e3d52c01b4f6688aa0917
  chancery cert purge 7a7e3d52c01b4f6688aa0917";

/// What can be done with certificates.
#[derive(Subcommand, Debug)]
pub(crate) enum CertCommand {
    /// Issue a certificate, for a CSR or with a key that the server makes
    #[command(after_help = issue::EXAMPLES)]
    Issue(Box<issue::IssueArgs>),
    /// Take in certificates that were issued elsewhere: files, folders, bundles
    #[command(after_help = import::EXAMPLES)]
    Import(import::ImportArgs),
    /// List certificates, newest first
    #[command(after_help = show::LIST_EXAMPLES)]
    List(show::ListArgs),
    /// Show all that is known of a certificate
    #[command(after_help = show::EXAMPLES)]
    Show(Id),
    /// Get a certificate as PEM, DER, PEM chain or PKCS#12
    #[command(after_help = export::EXAMPLES)]
    Export(export::ExportArgs),
    /// Issue a certificate anew, with the same names
    #[command(after_help = issue::RENEW_EXAMPLES)]
    Renew(issue::RenewArgs),
    /// Ask for a new certificate with a new key in the place of this one
    #[command(after_help = REGENERATE)]
    Regenerate {
        #[command(flatten)]
        certificate: Id,
        /// Why; `superseded` and `key compromise` also decide what becomes of the old one
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Do it at once, without anybody's approval
        #[arg(long)]
        auto_approve: bool,
    },
    /// Revoke a certificate for now
    #[command(after_help = HOLD)]
    Hold(Id),
    /// Take a certificate off hold
    #[command(after_help = HOLD)]
    Release(Id),
    /// Revoke a certificate for good
    #[command(after_help = REVOKE)]
    Revoke {
        #[command(flatten)]
        certificate: Id,
        /// Why
        #[arg(long, value_name = "WORD", value_parser = PossibleValuesParser::new(Reason::ALL.map(Reason::word)))]
        reason: String,
    },
    /// Remove a certificate from sight
    #[command(after_help = DELETE)]
    Delete(Id),
    /// Wipe a deleted certificate and its key for good
    #[command(after_help = DELETE)]
    Purge(Id),
}

/// Which certificate.
#[derive(Args, Debug)]
pub(crate) struct Id {
    /// The certificate's id (24 hexadecimal digits), number or name
    #[arg(value_parser = NonEmptyStringValueParser::new())]
    id: String,
}

impl Id {
    fn resource(&self) -> Resource {
        Resource::new(&["certificates", &self.id])
    }

    /// Something under the certificate.
    fn part(&self, part: &str) -> Resource {
        Resource::new(&["certificates", &self.id, part])
    }
}

/// Does it.
pub(crate) fn run(command: CertCommand, context: &Context) -> Result<(), Failure> {
    match command {
        CertCommand::Issue(args) => issue::issue(*args, context),
        CertCommand::Import(args) => import::run(args, context),
        CertCommand::List(args) => show::list(args, context),
        CertCommand::Show(id) => show::show(&id, context),
        CertCommand::Export(args) => export::run(args, context),
        CertCommand::Renew(args) => issue::renew(args, context),
        CertCommand::Regenerate {
            certificate,
            reason,
            auto_approve,
        } => {
            let asked = json!({ "reason": reason, "auto_approve": auto_approve });
            let order = context
                .client()?
                .post(&certificate.part("regenerate"), &asked)?;
            order::print(&order, context)
        }
        CertCommand::Hold(id) => change(&id, "hold", &json!({}), context),
        CertCommand::Release(id) => change(&id, "release", &json!({}), context),
        CertCommand::Revoke {
            certificate,
            reason,
        } => change(
            &certificate,
            "revoke",
            &json!({ "reason": reason }),
            context,
        ),
        CertCommand::Delete(id) => context.client()?.delete(&id.resource()),
        CertCommand::Purge(id) => change(&id, "purge", &json!({}), context),
    }
}

/// Changes a certificate's state and says what it is now, where the server says it.
fn change(id: &Id, action: &str, asked: &Value, context: &Context) -> Result<(), Failure> {
    let changed = context.client()?.post(&id.part(action), asked)?;
    if changed.is_null() {
        return Ok(());
    }
    if context.json() {
        return output::json(&changed);
    }
    let member = |member| text(&changed, member);
    output::line(&format!(
        "{}  {}  {}",
        member("id"),
        member("status"),
        member("subject")
    ))
}
