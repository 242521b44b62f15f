//! Trusted certificates: those of others that other products trust and keep with us. They are no part of the registry:
//! nothing here issues, renews or revokes them.

use chancery_core::role::Right;
use chancery_core::time::Time;
use chancery_core::x509::read_certificate;

use crate::property::{
    PropertyValue, TrustFilter, check_id, check_name, check_properties, new_id, next_version,
};
use crate::store::trust::TrustStep;
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::{App, Caller, Error};

/// A trusted certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedCertificate {
    /// Its id: 32 lower-case hexadecimal digits.
    pub id: String,
    /// Its name, for people.
    pub name: String,
    /// 0 when it came; each change adds one.
    pub version: u32,
    /// The certificate.
    pub der: Vec<u8>,
    /// What it is trusted for and whatever else is known of it, in the order given.
    pub properties: Vec<(String, PropertyValue)>,
    /// When it came.
    pub created: Time,
}

/// A trusted certificate as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TrustedCertificateText {
    /// Its name: 1 to 128 characters.
    pub name: String,
    /// The certificate, DER.
    pub der: Vec<u8>,
    /// Its properties: at most 64, no key twice, keys of 1 to 128 characters.
    pub properties: Vec<(String, PropertyValue)>,
    /// The version from which this was made. Where a newer one is stored it is refused; left out, it is not looked at.
    pub version: Option<u32>,
}

/// What [`Error::NotFound`] calls it.
const CERTIFICATE: &str = "trusted certificate";

impl App {
    /// Trusted certificates that pass `filter`, by name; needs the right to read certificates in some measure.
    pub async fn trusted_certificates(
        &self,
        caller: &Caller,
        filter: TrustFilter,
    ) -> Result<Vec<TrustedCertificate>, Error> {
        let right = Right::ReadCertificates;
        self.require_somewhere(caller, right, "trusted-certificate.list", None)
            .await?;
        Ok(self.store().trusted_certificates(filter).await?)
    }

    /// One trusted certificate.
    pub async fn trusted_certificate(
        &self,
        caller: &Caller,
        id: &str,
    ) -> Result<TrustedCertificate, Error> {
        let right = Right::ReadCertificates;
        self.require_somewhere(caller, right, "trusted-certificate.read", Some(id))
            .await?;
        let found = self.store().trusted_certificate(id.to_owned()).await?;
        found.ok_or(Error::NotFound(CERTIFICATE))
    }

    /// Keeps a trusted certificate with a random id.
    pub async fn add_trusted_certificate(
        &self,
        caller: &Caller,
        text: TrustedCertificateText,
    ) -> Result<TrustedCertificate, Error> {
        let made = self
            .put_trusted_certificate(caller, &new_id()?, text)
            .await?;
        Ok(made.0)
    }

    /// Replaces a trusted certificate, or keeps it as a new one with that id; also says whether it is new.
    ///
    /// # Errors
    /// [`Error::Changed`] if a newer version than the text's is stored.
    pub async fn put_trusted_certificate(
        &self,
        caller: &Caller,
        id: &str,
        text: TrustedCertificateText,
    ) -> Result<(TrustedCertificate, bool), Error> {
        self.require_everywhere(
            caller,
            Right::ChangeAuthorities,
            "trusted-certificate.change",
        )
        .await?;
        check_id(id)?;
        check_name("a trusted certificate's name", &text.name)?;
        check_properties(&text.properties)?;
        read_certificate(&text.der)
            .map_err(|error| Error::Invalid(format!("the certificate cannot be read: {error}")))?;
        let _turn = self.0.turns.take("trusted certificate", id).await;
        for _ in 0..ATTEMPTS {
            let stored = self.store().trusted_certificate(id.to_owned()).await?;
            let certificate = TrustedCertificate {
                id: id.to_owned(),
                name: text.name.clone(),
                version: next_version(stored.as_ref().map(|it| it.version), text.version)?,
                der: text.der.clone(),
                properties: text.properties.clone(),
                created: stored.as_ref().map_or_else(|| self.now(), |it| it.created),
            };
            let (made, action) = match stored {
                None => (true, "trusted-certificate.add"),
                Some(_) => (false, "trusted-certificate.change"),
            };
            let step = Step::Trust(TrustStep::PutCertificate(certificate.clone()));
            match self.commit_kept(caller, step, id, action).await {
                Ok(()) => return Ok((certificate, made)),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// Forgets a trusted certificate that no identity provider refers to.
    pub async fn remove_trusted_certificate(&self, caller: &Caller, id: &str) -> Result<(), Error> {
        const ACTION: &str = "trusted-certificate.remove";
        self.require_everywhere(caller, Right::ChangeAuthorities, ACTION)
            .await?;
        let step = Step::Trust(TrustStep::RemoveCertificate(id.to_owned()));
        match self.commit_kept(caller, step, id, ACTION).await {
            Err(StoreError::Missing) => Err(Error::NotFound(CERTIFICATE)),
            done => Ok(done?),
        }
    }
}
