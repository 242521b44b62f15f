//! The document's words into the engine's, and back. Pure: the time comes as an argument.

pub(super) mod access;
pub(super) mod certificate;
pub(super) mod listing;
pub(super) mod request;

use chancery_app::CertificateRef;
use chancery_core::certificate::Status;
use chancery_core::identity::{DomainId, UserId};
use chancery_core::key::KeyId;
use chancery_core::name::Name;
use chancery_core::revocation::Reason;
use chancery_core::serial::Serial;

use super::errors::Fault;

/// The certificate that issuer and serial number name.
pub(super) fn issued(issuer: &str, serial_number: &str) -> Result<CertificateRef, Fault> {
    Ok(CertificateRef::Issued(
        name("issuerName", issuer)?,
        serial(serial_number)?,
    ))
}

/// The standing that an update asks for. What the engine does not let be set, it refuses itself.
pub(super) fn wanted_status(status: Option<&str>) -> Result<Status, Fault> {
    match status {
        Some("active") => Ok(Status::Active),
        Some("inactive") => Ok(Status::OnHold),
        Some("revoked") => Ok(Status::Revoked(Reason::Unspecified)),
        Some("expired") => Ok(Status::Expired),
        Some("deleted") => Ok(Status::Deleted),
        Some("purged") => Ok(Status::Purged),
        Some(_) => Err(Fault::bad(
            "status must be one of active, inactive, revoked, deleted, purged",
        )),
        None => Err(Fault::bad("status is required")),
    }
}

/// A distinguished name in any style; not the empty one.
fn name(what: &str, text: &str) -> Result<Name, Fault> {
    let name = Name::parse(text).map_err(|error| Fault::bad(format!("{what}: {error}")))?;
    if name.is_empty() {
        Err(Fault::bad(format!("{what} is empty")))
    } else {
        Ok(name)
    }
}

fn serial(text: &str) -> Result<Serial, Fault> {
    Serial::parse_hex(text).map_err(|error| Fault::bad(format!("serialNumber: {error}")))
}

fn user_id(text: &str) -> Result<UserId, Fault> {
    UserId::parse(text).map_err(|error| Fault::bad(format!("userId: {error}")))
}

fn domain_id(text: &str) -> Result<DomainId, Fault> {
    DomainId::parse(text).map_err(|error| Fault::bad(format!("domainId: {error}")))
}

fn key_id(what: &str, text: &str) -> Result<KeyId, Fault> {
    let mut id = KeyId::default();
    match hex::decode_to_slice(text, &mut id) {
        Ok(()) => Ok(id),
        Err(_) => Err(Fault::bad(format!(
            "{what} must be a subjectKeyId: 40 hexadecimal digits"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_read_in_every_style() {
        let java = "EMAILADDRESS=joe@hp.com, CN=Joe, O=\"H, P\", C=US";
        let want = Name::parse(java).unwrap();
        for text in [
            java,
            "emailAddress=joe@hp.com,CN=Joe,O=H\\, P,C=US",
            "1.2.840.113549.1.9.1=joe@hp.com, cn=joe,o=h\\2C p, c=us",
            "/C=US/O=H, P/CN=Joe/emailAddress=joe@hp.com",
        ] {
            let Ok(CertificateRef::Issued(name, serial)) = issued(text, "AD2B9551DE0FFF5F") else {
                panic!("{text}")
            };
            assert!(name.matches(&want), "{text}");
            assert_eq!(serial.to_hex(), "00ad2b9551de0fff5f");
        }
        for (issuer, serial) in [
            ("", "01"),
            (" ", "01"),
            ("Joe", "01"),
            ("CN=Joe", ""),
            ("CN=Joe", "xyz"),
        ] {
            assert!(issued(issuer, serial).is_err(), "{issuer} {serial}");
        }
    }

    #[test]
    fn statuses_are_read() {
        assert_eq!(wanted_status(Some("inactive")), Ok(Status::OnHold));
        for text in [None, Some(""), Some("foo"), Some("Active"), Some("pending")] {
            assert!(wanted_status(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn key_ids_are_forty_digits() {
        assert!(key_id("marker", "326dd2ab79ddc98cf4620b7df0f557501fdd3dd4").is_ok());
        for text in [
            "",
            "326d",
            "326dd2ab79ddc98cf4620b7df0f557501fdd3dd",
            "g26dd2ab79ddc98cf4620b7df0f557501fdd3dd4",
        ] {
            assert!(key_id("marker", text).is_err(), "{text}");
        }
    }
}
