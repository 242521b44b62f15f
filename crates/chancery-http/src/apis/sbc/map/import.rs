//! The certificates that an import brings.

use chancery_core::x509::{pem, pkcs7};

use super::super::wire::import::{Format, Import};

/// Their DER; at least one.
///
/// # Errors
/// Says what was wrong.
pub(crate) fn certificates(import: &Import) -> Result<Vec<Vec<u8>>, String> {
    let text = import.text.as_bytes();
    let wrong = |error: &dyn std::fmt::Display| format!("certificateRequest: {error}");
    match import.format {
        Format::X509 => pem::certificates_der(text).map_err(|error| wrong(&error)),
        Format::Pkcs7 => {
            let der = pem::pkcs7_der(text).map_err(|error| wrong(&error))?;
            pkcs7::certificates(&der).map_err(|error| wrong(&error))
        }
    }
}
