//! Media types that more than one API answers with.

/// RFC 8259.
pub(crate) const JSON: &str = "application/json";
/// RFC 7303.
pub(crate) const XML: &str = "application/xml";
/// Anything in PEM (RFC 7468).
pub(crate) const PEM: &str = "application/x-pem-file";
/// One certificate in DER (RFC 2585).
pub(crate) const CERTIFICATE: &str = "application/pkix-cert";
