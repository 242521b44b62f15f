//! Giving certificates out with what belongs to them: chains, private keys, PKCS#12.

use chancery_core::certificate::Certificate;
use chancery_core::role::Right;
use secrecy::{ExposeSecret, SecretString};

use crate::audit::NewAuditEntry;
use crate::issue::{EXPORT, off_the_async_threads};
use crate::keys::{PrivateKey, encrypted, jks, pkcs12};
use crate::search::CertificateRef;
use crate::store::Step;
use crate::{App, Caller, Error};

/// A certificate with its private key.
#[derive(Debug)]
pub struct ExportedKey {
    /// The certificate.
    pub certificate: Certificate,
    /// Its private key.
    pub private_key: PrivateKey,
}

impl App {
    /// The certificates of the authorities above a certificate of ours, from its issuer up to the root, DER. Empty for
    /// what was signed by nobody here.
    pub fn chain(&self, certificate: &Certificate) -> Vec<Vec<u8>> {
        let Some(name) = &certificate.authority else {
            return Vec::new();
        };
        self.authority_named(name)
            .map(|loaded| loaded.chain.clone())
            .unwrap_or_default()
    }

    /// A certificate's private key, if we hold it. Needs the right to it, and is written down.
    pub async fn export_private_key(
        &self,
        caller: &Caller,
        which: &CertificateRef,
    ) -> Result<ExportedKey, Error> {
        let certificate = self.find(which).await?;
        self.require_for(caller, Right::ExportPrivateKeys, EXPORT, &certificate)
            .await?;
        let private_key = self.open_private_key(&certificate).await?;
        let entry = NewAuditEntry {
            certificate: Some(certificate.id),
            ..self.audit_entry(Some(caller), EXPORT)
        };
        self.store().commit(vec![Step::Audit(entry)]).await?;
        Ok(ExportedKey {
            certificate,
            private_key,
        })
    }

    /// A certificate with private key and chain as PKCS#12, encrypted under `password`; the key is called by its
    /// certificate's readable name unless another is given.
    pub async fn export_pkcs12(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        password: SecretString,
        friendly_name: Option<String>,
    ) -> Result<Vec<u8>, Error> {
        let Bundle {
            key,
            name,
            der,
            chain,
        } = self.bundle(caller, which, &password).await?;
        let name = friendly_name.unwrap_or(name);
        off_the_async_threads(move || {
            let password = password.expose_secret();
            Ok(pkcs12::export(&key, &der, &chain, &name, password)?)
        })
        .await
    }

    /// A certificate's private key as encrypted PKCS#8 (DER) under `password`. Rights are those of
    /// [`App::export_private_key`].
    pub async fn export_encrypted_key(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        password: SecretString,
    ) -> Result<Vec<u8>, Error> {
        needed(&password)?;
        let key = self.export_private_key(caller, which).await?.private_key;
        off_the_async_threads(move || encrypted::export(&key, password.expose_secret())).await
    }

    /// A certificate with private key and chain as Java's old key store, JKS, under `password`. It protects the key
    /// weakly: PKCS#12 is better wherever it will do. Rights are those of [`App::export_private_key`].
    pub async fn export_jks(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        password: SecretString,
    ) -> Result<Vec<u8>, Error> {
        let bundle = self.bundle(caller, which, &password).await?;
        let certificates: Vec<&[u8]> = std::iter::once(&bundle.der)
            .chain(&bundle.chain)
            .map(Vec::as_slice)
            .collect();
        let (key, password) = (&bundle.key, password.expose_secret());
        jks::export(key, &certificates, &bundle.name, password, self.now())
    }

    /// What goes into a key store under a password, by the rights of [`App::export_private_key`].
    async fn bundle(
        &self,
        caller: &Caller,
        which: &CertificateRef,
        password: &SecretString,
    ) -> Result<Bundle, Error> {
        needed(password)?;
        let exported = self.export_private_key(caller, which).await?;
        let chain = self.chain(&exported.certificate);
        Ok(Bundle {
            key: exported.private_key,
            name: exported.certificate.name,
            der: exported.certificate.der.ok_or(Error::NoCertificate)?,
            chain,
        })
    }
}

/// A private key with its certificate, that one's name, and the certificates above it.
struct Bundle {
    key: PrivateKey,
    name: String,
    der: Vec<u8>,
    chain: Vec<Vec<u8>>,
}

fn needed(password: &SecretString) -> Result<(), Error> {
    if password.expose_secret().is_empty() {
        return Err(Error::Invalid(
            "a password is needed to protect the private key".to_owned(),
        ));
    }
    Ok(())
}
