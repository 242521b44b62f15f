//! Each handler: read, one call of the engine where one will do, answer. Clients name certificates in several ways, so
//! most look the certificate up before.

pub(super) mod actions;
pub(super) mod certificates;
pub(super) mod downloads;
pub(super) mod login;
pub(super) mod orders;

use chancery_app::CertificateRef;
use chancery_core::certificate::Certificate;

use super::errors::{Fault, Kind};
use super::extract::Caller;
use super::map::Which;
use super::map::search::is_record;
use crate::shared::Shared;

/// Any other address of this API.
pub(super) async fn unknown() -> Fault {
    Fault::new(Kind::Nowhere)
}

/// A method that an address does not have.
pub(super) async fn wrong_method() -> Fault {
    Fault::new(Kind::Method)
}

/// The certificate that is meant, if the caller may see it; what was deleted is gone.
async fn find(shared: &Shared, caller: &Caller, which: &Which) -> Result<Certificate, Fault> {
    let name = which.common_name.as_deref();
    let found = match (which.id, &which.serial) {
        (Some(id), _) => {
            let which = CertificateRef::Id(id);
            shared.app.certificate(&caller.0, &which).await
        }
        (None, Some(serial)) => {
            let app = &shared.app;
            app.certificate_by_serial(&caller.0, serial, name).await
        }
        (None, None) => return Err(Fault::new(Kind::NoIdentifier)),
    };
    // Whether there is one is nobody's business who may not see it.
    let found =
        found.map_err(|error| Fault::of(&error).instead(Kind::ReadGroup, Kind::NoRecords))?;
    let serial = which.serial.as_ref();
    let agrees = serial.is_none_or(|serial| found.serial.magnitude() == serial.magnitude())
        && name.is_none_or(|name| found.subject.common_name() == Some(name));
    if agrees && is_record(&found, shared.app.now()) {
        Ok(found)
    } else {
        Err(Fault::new(Kind::NoRecords))
    }
}
