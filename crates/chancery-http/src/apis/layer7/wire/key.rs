//! Private keys, and what is sent to take one out or in.

use secrecy::SecretString;
use zeroize::Zeroizing;

use super::certificate::{base64_text, certificate_data};
use super::property::{self, Properties};
use crate::kit::node::Node;
use crate::kit::xml::{Element, Readable};

/// A private key as it is answered: its certificates, never itself.
#[derive(Clone, Debug)]
pub(crate) struct Key<'k> {
    pub(crate) id: &'k str,
    pub(crate) keystore: &'k str,
    pub(crate) alias: &'k str,
    pub(crate) chain: &'k [Vec<u8>],
    pub(crate) properties: Properties,
}

/// A PKCS#12 file to take in. It holds a key, so it has no `Debug`.
pub(crate) struct AskedImport {
    pub(crate) data: Zeroizing<Vec<u8>>,
    pub(crate) password: SecretString,
}

/// The password under which a key is to be given out.
#[derive(Debug)]
pub(crate) struct AskedExport {
    pub(crate) password: SecretString,
}

impl Readable for AskedImport {
    const ROOT: &'static str = "PrivateKeyImportContext";

    fn read(root: Element<'_>) -> Result<AskedImport, String> {
        Ok(AskedImport {
            data: Zeroizing::new(base64_text(root, "Pkcs12Data")?),
            password: password(root)?,
        })
    }
}

impl Readable for AskedExport {
    const ROOT: &'static str = "PrivateKeyExportContext";

    fn read(root: Element<'_>) -> Result<AskedExport, String> {
        Ok(AskedExport {
            password: password(root)?,
        })
    }
}

/// It may be empty, and white space may be part of it.
fn password(root: Element<'_>) -> Result<SecretString, String> {
    let text = root.child_text("Password")?;
    Ok(text.unwrap_or_default().into())
}

impl Key<'_> {
    /// The element.
    pub(crate) fn node(&self) -> Node {
        let chain = self.chain.iter().map(|der| certificate_data(der));
        Node::new("PrivateKey")
            .with("alias", self.alias)
            .with("id", self.id)
            .with("keystoreId", self.keystore)
            .holding(Node::new("CertificateChain").holding_all(chain))
            .holding(property::node(&self.properties))
    }
}
