//! Templates: how a thing looks that a client is about to send.

use chancery_app::{INTERNAL_PROVIDER, PropertyValue};

use super::super::wire::provider::Provider;
use super::super::wire::{Item, group, user};
use super::under;
use crate::kit::node::Node;

/// What a trusted certificate can be trusted for, and how.
const TRUST: [&str; 8] = [
    "revocationCheckingEnabled",
    "trustAnchor",
    "trustedAsSamlAttestingEntity",
    "trustedAsSamlIssuer",
    "trustedForSigningClientCerts",
    "trustedForSigningServerCerts",
    "trustedForSsl",
    "verifyHostname",
];

/// A user to be made.
pub(crate) fn user(through: Option<&str>) -> Item {
    let shown = user::User {
        id: "",
        provider: through.unwrap_or(INTERNAL_PROVIDER),
        login: "Login",
        first_name: Some("First name"),
        last_name: Some("Last name"),
        email: Some("user@example.com"),
        subject_dn: Some("CN=Login"),
        properties: vec![
            (
                user::NAME.to_owned(),
                PropertyValue::Text("Display name".to_owned()),
            ),
            (user::ENABLED.to_owned(), PropertyValue::Flag(true)),
            (user::EXPIRATION.to_owned(), PropertyValue::Number(-1)),
        ],
    };
    template("USER", under(through, "users"), shown.node())
}

/// A group, though none can be made.
pub(crate) fn group(through: Option<&str>) -> Item {
    let shown = group::Group {
        id: "",
        provider: through.unwrap_or(INTERNAL_PROVIDER),
        name: "Name",
        description: "Description",
    };
    template("GROUP", under(through, "groups"), shown.node())
}

/// An identity provider to be made.
pub(crate) fn provider() -> Item {
    let flag = |key: &str| (key.to_owned(), PropertyValue::Flag(true));
    let shown = Provider {
        id: "",
        version: 0,
        name: "Name",
        kind: "Federated",
        properties: &vec![
            flag("enableCredentialType.saml"),
            flag("enableCredentialType.x509"),
        ],
        certificates: &["0".repeat(32)],
    };
    template(
        "ID_PROVIDER_CONFIG",
        "identityProviders".to_owned(),
        shown.node(),
    )
}

/// A trusted certificate to be made.
pub(crate) fn trusted() -> Item {
    let properties = TRUST.iter().map(|key| {
        Node::new("Property")
            .with("key", *key)
            .holding(Node::text("BooleanValue", "false"))
    });
    let node = Node::new("TrustedCertificate")
        .holding(Node::text("Name", "Name"))
        .holding(
            Node::new("CertificateData")
                .holding(Node::text("Encoded", "The certificate in base64")),
        )
        .holding(Node::new("Properties").holding_all(properties));
    template("TRUSTED_CERT", "trustedCertificates".to_owned(), node)
}

/// What a PKCS#12 file is taken in with.
pub(crate) fn import() -> Item {
    let node = Node::new("PrivateKeyImportContext")
        .holding(Node::text("Pkcs12Data", "The PKCS#12 file in base64"))
        .holding(Node::text("Password", "Its password"));
    key("privatekeyimportcontext", node)
}

/// What a PKCS#12 file is taken out with.
pub(crate) fn export() -> Item {
    let node = Node::new("PrivateKeyExportContext")
        .holding(Node::text("Password", "The password to protect it with"));
    key("privatekeyexportcontext", node)
}

fn template(kind: &'static str, things: String, resource: Node) -> Item {
    Item {
        name: format!("{kind} Template"),
        id: None,
        kind,
        path: format!("{things}/template"),
        resource,
    }
}

fn key(name: &str, resource: Node) -> Item {
    Item {
        path: format!("privateKeys/template/{name}"),
        ..template("SSG_KEY_ENTRY", String::new(), resource)
    }
}
