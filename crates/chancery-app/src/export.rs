//! Giving certificates out with what belongs to them: chains, private keys, PKCS#12.

use chancery_core::certificate::Certificate;
use chancery_core::role::Right;
use secrecy::{ExposeSecret, SecretString};

use crate::audit::NewAuditEntry;
use crate::issue::{EXPORT, off_the_async_threads};
use crate::keys::{PrivateKey, encrypted, jks, pkcs12};
use crate::search::CertificateRef;
use crate::store::Step;
use crate::user_change::outranks;
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
        let owner = self.stored_user(&certificate.owner).await?;
        if certificate.owner != caller.user.id && outranks(caller, &owner.user.roles) {
            self.refuse(caller, EXPORT, Some(certificate.id), None)
                .await?;
        }
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
        needed(&password)?;
        let exported = self.export_private_key(caller, which).await?;
        let der = exported
            .certificate
            .der
            .clone()
            .ok_or(Error::NoCertificate)?;
        let chain = self.chain(&exported.certificate);
        let name = friendly_name.unwrap_or(exported.certificate.name);
        let key = exported.private_key;
        off_the_async_threads(move || {
            Ok(pkcs12::export(
                &key,
                &der,
                &chain,
                &name,
                password.expose_secret(),
            )?)
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
        needed(&password)?;
        let exported = self.export_private_key(caller, which).await?;
        let der = exported
            .certificate
            .der
            .as_ref()
            .ok_or(Error::NoCertificate)?;
        let chain = self.chain(&exported.certificate);
        let certificates: Vec<&[u8]> = std::iter::once(der)
            .chain(&chain)
            .map(Vec::as_slice)
            .collect();
        jks::export(
            &exported.private_key,
            &certificates,
            &exported.certificate.name,
            password.expose_secret(),
            self.now(),
        )
    }
}

fn needed(password: &SecretString) -> Result<(), Error> {
    if password.expose_secret().is_empty() {
        return Err(Error::Invalid(
            "a password is needed to protect the private key".to_owned(),
        ));
    }
    Ok(())
}
