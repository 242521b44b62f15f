//! Bringing in a certificate with its private key, out of a PKCS#12 file.

use std::fmt;

use chancery_core::certificate::{Certificate, State};
use chancery_core::identity::UserId;
use chancery_core::x509;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

use crate::import::{IMPORT, ImportItem, Imported};
use crate::issue::off_the_async_threads;
use crate::keys::pkcs12;
use crate::store::certificates::IssuerKey;
use crate::{App, Caller, Error};

/// A PKCS#12 file to bring in.
pub struct Pkcs12File {
    /// The file's octets, at most 64 KiB.
    pub data: Zeroizing<Vec<u8>>,
    /// The password that opens it; may be empty.
    pub password: SecretString,
    /// The certificate's unique readable name; made from the subject if left out.
    pub name: Option<String>,
    /// The user to whom it will belong; the caller if left out.
    pub owner: Option<UserId>,
}

impl fmt::Debug for Pkcs12File {
    /// Without the octets, which need not be encrypted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs12File")
            .field("owner", &self.owner)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// Whose turn it is to have a file opened: it may ask for seconds of work and much memory, so one is at a time.
static TURN: Semaphore = Semaphore::const_new(1);

impl App {
    /// Imports the one certificate of a PKCS#12 file whose private key is in it, with that key; certificates above it are
    /// let be. All else as in [`App::import`].
    ///
    /// # Errors
    /// [`Error::Invalid`] for one that is there already under another name than the one that is asked for.
    pub async fn import_pkcs12(
        &self,
        caller: &Caller,
        file: Pkcs12File,
    ) -> Result<Imported, Error> {
        let Pkcs12File {
            data,
            password,
            name,
            owner,
        } = file;
        let (owner, _) = self.owner_of_new(caller, owner, IMPORT).await?;
        let turn = TURN.acquire().await.map_err(Error::internal)?;
        let content = off_the_async_threads(move || {
            // Held to the end of the work, even if the caller has gone meanwhile.
            let _turn = turn;
            Ok(pkcs12::read(&data, password.expose_secret())?)
        })
        .await?;
        let asked = name.clone();
        if let Some(there) = self.there(&content.certificate, &owner).await? {
            has_that_name(&there, asked.as_deref())?;
        }
        let item = ImportItem {
            owner: Some(owner),
            private_key: Some(content.private_key),
            name,
            ..ImportItem::new(content.certificate)
        };
        match self.import(caller, vec![item]).await {
            Ok(imported) => {
                let one = imported.into_iter().next();
                let one = one.ok_or_else(|| Error::internal("an import without a certificate"))?;
                // Somebody else may have brought it in meanwhile.
                has_that_name(&one.certificate, asked.as_deref())?;
                Ok(one)
            }
            Err(Error::InvalidItems(items)) => Err(Error::Invalid(
                items.into_iter().map(|(_, text)| text).collect(),
            )),
            Err(error) => Err(error),
        }
    }

    /// The certificate of that DER as far as the owner has it already. What cannot be read the import itself refuses.
    async fn there(&self, der: &[u8], owner: &UserId) -> Result<Option<Certificate>, Error> {
        let Ok(facts) = x509::read_certificate(der) else {
            return Ok(None);
        };
        let key = (IssuerKey::of(&facts.issuer), facts.serial);
        let there = self.issued(key).await?;
        let gone = |one: &Certificate| matches!(one.state, State::Deleted(_) | State::Purged(_));
        Ok(there.filter(|one| one.owner == *owner && !gone(one)))
    }
}

/// Whoever brings a certificate in under a name finds it by that name afterwards, or is told that it has another one.
fn has_that_name(there: &Certificate, asked: Option<&str>) -> Result<(), Error> {
    if asked.is_none_or(|name| name == there.name) {
        return Ok(());
    }
    Err(Error::Invalid(format!(
        "this certificate is there already by the name {}: bring its key in under that name",
        there.name
    )))
}
