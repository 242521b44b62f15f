//! What SQLite's refusals mean to those who asked, told by the columns of the constraint; and what it means that it
//! changed nothing.

use rusqlite::ffi;

use crate::store::{Conflict, StoreError};

/// Columns of a uniqueness, as SQLite names them after the colon of its message, and what a second row means.
const UNIQUE: [(&str, Conflict); 7] = [
    (
        "certificates.issuer_key, certificates.serial",
        Conflict::Certificate,
    ),
    ("certificates.id", Conflict::CertificateName),
    ("certificates.name", Conflict::CertificateName),
    ("users.id", Conflict::UserId),
    ("users.name", Conflict::UserName),
    ("domains.id", Conflict::Domain),
    ("authorities.name", Conflict::Authority),
];

/// Fails like this unless a row was there to be changed.
pub(super) fn changed_one(changed: usize, otherwise: StoreError) -> Result<(), StoreError> {
    if changed == 0 { Err(otherwise) } else { Ok(()) }
}

impl From<rusqlite::Error> for StoreError {
    /// References are stored as `(SELECT number FROM users WHERE id = ?)`, so what they refer to is missing where a
    /// column may not be NULL.
    fn from(error: rusqlite::Error) -> StoreError {
        let rusqlite::Error::SqliteFailure(ffi::Error { extended_code, .. }, Some(message)) =
            &error
        else {
            return StoreError::Broken(error.into());
        };
        let columns = message.split_once(": ").map_or("", |(_, columns)| columns);
        match (*extended_code, columns) {
            (ffi::SQLITE_CONSTRAINT_UNIQUE, columns) => {
                match UNIQUE.iter().find(|row| row.0 == columns) {
                    Some((_, conflict)) => StoreError::Conflict(conflict.clone()),
                    None => StoreError::Broken(error.into()),
                }
            }
            (ffi::SQLITE_CONSTRAINT_NOTNULL, "users.domain") => {
                StoreError::Conflict(Conflict::NoSuchDomain)
            }
            (ffi::SQLITE_CONSTRAINT_NOTNULL, "identity_provider_certificates.certificate") => {
                StoreError::Conflict(Conflict::NoSuchTrustedCertificate)
            }
            (
                ffi::SQLITE_CONSTRAINT_NOTNULL,
                "certificates.owner" | "certificates.domain" | "tokens.user",
            ) => StoreError::Missing,
            _ => StoreError::Broken(error.into()),
        }
    }
}
