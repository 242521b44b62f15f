//! Certificate records and the configuration in which they stand: elements that devices' clients edit under a lock, save
//! and activate.
//!
//! An element is a kind, a key and attributes that are text; what they mean is the device's API's business. Alone the
//! records among them ([`CERTIFICATE_RECORD`]) hold more: a key made here, the request made with it, its certificate.

mod configuration;
mod lock;
mod request;
#[cfg(test)]
mod tests;
mod verify;

use chancery_core::identity::CertificateId;
use chancery_core::key::{KeyAlgorithm, PublicKey};
use chancery_core::role::Right;
use chancery_core::time::Time;

use crate::store::records::{ElementFilter, StoredElement};
use crate::{App, Caller, Error, IssueBy, IssueRequest, Issued, KeySource};

pub use configuration::LARGEST_ELEMENT_PAGE;
pub use verify::Reference;

/// The kind of the elements that are certificate records.
pub const CERTIFICATE_RECORD: &str = "certificate-record";

/// What [`Error::NotFound`] calls a record.
const RECORD: &str = "certificate record";
/// What the audit trail calls reading records and other elements.
const READ: &str = "configuration.read";

/// One thing that is configured.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Element {
    /// Its kind: `certificate-record`, `tls-profile`.
    pub kind: String,
    /// What tells it from others of its kind.
    pub key: String,
    /// What is said of it, in the order given; each attribute has any number of values.
    pub attributes: Vec<(String, Vec<String>)>,
}

/// Which state of the configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Configuration {
    /// As edited by whoever holds the lock; as saved while nobody does.
    Edited,
    /// As activated.
    Running,
}

/// Something done with the configuration as a whole. It was done when this is given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Operation {
    /// Its id: 32 lower-case hexadecimal digits.
    pub id: String,
    /// What was done.
    pub action: ConfigurationAction,
    /// When.
    pub at: Time,
    /// What a verification found wrong, a line each; none of any other action.
    pub findings: Vec<String>,
}

/// What can be done with the configuration as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ConfigurationAction {
    /// What was edited was saved.
    Save,
    /// What was saved was made the running configuration.
    Activate,
    /// What was edited was looked at.
    Verify,
    /// What was edited was replaced by another configuration.
    Restore,
}

/// What the edited configuration is replaced by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RestoreSource {
    /// The saved configuration.
    Saved,
    /// The running configuration.
    Running,
}

/// A certificate record as seen by people.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    /// Its name.
    pub name: String,
    /// What is said of it.
    pub attributes: Vec<(String, Vec<String>)>,
    /// The kind of its key, if it has one.
    pub key: Option<KeyAlgorithm>,
    /// The request made with that key, PKCS#10 DER.
    pub csr: Option<Vec<u8>>,
    /// The key's certificate in the registry.
    pub certificate: Option<CertificateId>,
    /// That certificate, or the one that the record holds without a key, DER.
    pub der: Option<Vec<u8>>,
    /// Is it like this in the saved configuration?
    pub saved: bool,
    /// Is it like this in the running configuration?
    pub running: bool,
}

/// How a record's request is signed; what is left out comes from the configuration.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct RecordSigning {
    /// The profile's name.
    pub profile: Option<String>,
    /// The authority's name.
    pub authority: Option<String>,
    /// Days of validity.
    pub days: Option<u32>,
    /// The certificate's unique readable name.
    pub name: Option<String>,
}

impl ConfigurationAction {
    const ALL: [ConfigurationAction; 4] = [
        ConfigurationAction::Save,
        ConfigurationAction::Activate,
        ConfigurationAction::Verify,
        ConfigurationAction::Restore,
    ];

    /// Its word: `save`.
    pub const fn word(self) -> &'static str {
        match self {
            ConfigurationAction::Save => "save",
            ConfigurationAction::Activate => "activate",
            ConfigurationAction::Verify => "verify",
            ConfigurationAction::Restore => "restore",
        }
    }

    /// The action with that word.
    pub(crate) fn parse(word: &str) -> Option<ConfigurationAction> {
        ConfigurationAction::ALL
            .into_iter()
            .find(|action| action.word() == word)
    }
}

impl App {
    /// Certificate records as edited (as saved while nobody holds the lock), by name, after the name `after`, at most
    /// `limit` (and [`LARGEST_ELEMENT_PAGE`] and one more).
    pub async fn certificate_records(
        &self,
        caller: &Caller,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<Record>, Error> {
        self.require_everywhere(caller, Right::ReadCertificates, READ)
            .await?;
        let filter = ElementFilter {
            after,
            ..self.edited(CERTIFICATE_RECORD, None)
        };
        let limit = limit.clamp(1, LARGEST_ELEMENT_PAGE + 1);
        let stored = self.store().elements(filter, 0, limit).await?;
        Ok(stored.into_iter().map(shown).collect())
    }

    /// One certificate record, as edited (as saved while nobody holds the lock).
    pub async fn certificate_record(&self, caller: &Caller, name: &str) -> Result<Record, Error> {
        self.require_everywhere(caller, Right::ReadCertificates, READ)
            .await?;
        Ok(shown(self.stored_record(name).await?))
    }

    /// Has an authority here certify the key of a record, by the request that was made for it. The record stays as it is:
    /// the certificate is imported into it like any other. Rights and rules are those of [`App::issue`].
    ///
    /// # Errors
    /// [`Error::NotFound`] of a record, or of a request while none was made for it.
    pub async fn sign_record_request(
        &self,
        caller: &Caller,
        record: &str,
        signing: RecordSigning,
    ) -> Result<Issued, Error> {
        let record = self.certificate_record(caller, record).await?;
        let csr = record
            .csr
            .ok_or(Error::NotFound("certification request of the record"))?;
        let request = IssueRequest {
            profile: signing.profile,
            issuer: signing
                .authority
                .map_or(IssueBy::Default, IssueBy::Authority),
            days: signing.days,
            name: signing.name,
            ..IssueRequest::new(KeySource::Csr(csr))
        };
        self.issue(caller, request).await
    }

    /// The element of a record in the edited configuration.
    async fn stored_record(&self, name: &str) -> Result<StoredElement, Error> {
        let filter = self.edited(CERTIFICATE_RECORD, Some(name));
        let found = self.store().elements(filter, 0, 1).await?.pop();
        found.ok_or(Error::NotFound(RECORD))
    }

    fn edited(&self, kind: &str, key: Option<&str>) -> ElementFilter {
        ElementFilter {
            configuration: Configuration::Edited,
            kind: Some(kind.to_owned()),
            key: key.map(str::to_owned),
            after: None,
            at: self.now(),
        }
    }

    /// Refuses a caller who may not change the configuration: it belongs to the server as a whole, so the right to issue
    /// must reach everywhere.
    async fn may_configure(&self, caller: &Caller, action: &'static str) -> Result<(), Error> {
        self.require_everywhere(caller, Right::IssueCertificates, action)
            .await
    }
}

fn shown(stored: StoredElement) -> Record {
    let (public, csr) = match stored.key {
        Some(key) => (Some(key.public), Some(key.csr)),
        None => (None, None),
    };
    Record {
        name: stored.element.key,
        attributes: stored.element.attributes,
        key: public
            .and_then(|spki| PublicKey::from_spki_der(&spki).ok())
            .map(|key| key.algorithm()),
        csr,
        certificate: stored.certificate,
        der: stored.der,
        saved: stored.saved,
        running: stored.running,
    }
}
