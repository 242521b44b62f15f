//! Identity providers.

use chancery_app::{IdentityProvider, ProviderText};

use super::super::wire::Item;
use super::super::wire::provider::{AskedProvider, Provider};
use super::segment;

/// An identity provider in its envelope.
pub(crate) fn item(found: &IdentityProvider) -> Item {
    let shown = Provider {
        id: &found.id,
        version: found.version,
        name: &found.name,
        kind: &found.kind,
        properties: &found.properties,
        certificates: &found.certificates,
    };
    Item {
        name: found.name.clone(),
        id: Some(found.id.clone()),
        kind: "ID_PROVIDER_CONFIG",
        path: format!("identityProviders/{}", segment(&found.id)),
        resource: shown.node(),
    }
}

/// What a client wants it to be.
pub(crate) fn text(asked: AskedProvider) -> ProviderText {
    ProviderText {
        name: asked.name,
        kind: asked.kind,
        properties: asked.properties,
        certificates: asked.certificates,
        version: asked.version,
    }
}
