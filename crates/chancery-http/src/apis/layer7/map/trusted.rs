//! Trusted certificates.

use chancery_app::{TrustedCertificate, TrustedCertificateText};

use super::super::wire::Item;
use super::super::wire::trusted::{AskedTrusted, Trusted};
use super::segment;

/// A trusted certificate in its envelope.
pub(crate) fn item(found: &TrustedCertificate) -> Item {
    let shown = Trusted {
        id: &found.id,
        version: found.version,
        name: &found.name,
        der: &found.der,
        properties: &found.properties,
    };
    Item {
        name: found.name.clone(),
        id: Some(found.id.clone()),
        kind: "TRUSTED_CERT",
        path: format!("trustedCertificates/{}", segment(&found.id)),
        resource: shown.node(),
    }
}

/// What a client wants it to be.
pub(crate) fn text(asked: AskedTrusted) -> TrustedCertificateText {
    TrustedCertificateText {
        name: asked.name,
        der: asked.der,
        properties: asked.properties,
        version: asked.version,
    }
}
