//! What we do: the use cases of the certificate lifecycle, over a store and keys that nobody else can reach.
//!
//! [`App`] is the only door in, and [`Caller`] the only proof of who comes through it: both are made here alone. No HTTP,
//! no API's words.

mod accounts;
mod act;
mod addresses;
mod attach;
mod audit;
mod authority;
mod bootstrap;
mod bulk_revocation;
mod caller;
mod clock;
mod config;
mod crl;
mod data;
mod delete;
mod domains;
mod error;
mod export;
mod held_keys;
mod identity_providers;
mod import;
mod import_pkcs12;
mod issue;
mod jobs;
mod keys;
mod ocsp;
mod orders;
mod profiles;
mod property;
mod public;
mod random;
mod records;
mod renew;
mod revoke;
mod search;
mod serial_number;
mod server_certificate;
mod store;
#[cfg(test)]
mod testing;
mod trusted_certificates;
mod turns;
mod user_change;
mod users;

use std::path::PathBuf;
use std::sync::{Arc, RwLock};

use chancery_core::profile::Profile;
use chancery_core::san::GeneralName;

pub use accounts::{Credential, NewToken, TokenStyle, Via};
pub use audit::{AuditEntry, AuditFilter, LARGEST_AUDIT_PAGE, Outcome};
pub use authority::{
    AuthorityEntry, AuthorityState, AuthorityView, AwaitedAuthority, NewAuthority, Rollover,
    SignedBy,
};
pub use bootstrap::Administrator;
pub use bulk_revocation::{
    BulkAction, BulkFilter, BulkPreview, BulkRequest, BulkRevocation, BulkState, LARGEST_BULK_PAGE,
    MOST_SHOWN,
};
pub use caller::Caller;
pub use clock::Clock;
pub use config::{
    AccountsConfig, AppConfig, AuthorityConfig, CrlConfig, IssueConfig, KekSource, KeyPoolConfig,
    KeysConfig, OcspConfig, OcspSigner, OcspUnknown, OldCertificate, OrdersConfig, StoreConfig,
};
pub use crl::Crl;
pub use error::{Conflict, Error};
pub use export::ExportedKey;
pub use held_keys::HeldKeyRequest;
pub use identity_providers::{INTERNAL_PROVIDER, IdentityProvider, ProviderText};
pub use import::{ImportItem, Imported, ImportedStatus};
pub use import_pkcs12::Pkcs12File;
pub use issue::{IssueBy, IssueRequest, Issued, KeySource};
pub use keys::PrivateKey;
pub use ocsp::{Freshness, OcspAnswer};
pub use orders::{LARGEST_ORDER_PAGE, OrderDecision, OrderFilter, OrderRequest};
pub use profiles::{ProfileConfig, ProfileSample, Sampler};
pub use property::{PropertyValue, TrustFilter};
pub use records::{
    CERTIFICATE_RECORD, Configuration, ConfigurationAction, Element, LARGEST_ELEMENT_PAGE,
    Operation, Record, RecordSigning, Reference, RestoreSource,
};
pub use renew::RenewRequest;
pub use search::{
    CertificateFilter, CertificateRef, LARGEST_PAGE, MOST_TEXTS, Order, StatusFilter,
    SubjectCondition, Window,
};
pub use server_certificate::ServerCertificate;
pub use store::WriterStats;
pub use trusted_certificates::{TrustedCertificate, TrustedCertificateText};
pub use users::{
    Domain, DomainChange, NewDomain, NewUser, Person, PersonChange, User, UserChange, UserFilter,
    UserOrder,
};

/// The engine. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct App(Arc<Inner>);

/// What an [`App`] is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The data directory, made if it is not there.
    pub data: PathBuf,
    /// This crate's part of the configuration.
    pub config: AppConfig,
    /// Where the time comes from.
    pub clock: Clock,
    /// The server's own names (DNS or IP): those of its TLS certificate, kept from users who may not issue everywhere.
    pub server_names: Vec<String>,
    /// The address under which relying parties reach CRLs and authorities' certificates, without a slash at its end
    /// (`http://ca.example:8080`): it is written into certificates.
    pub public_url: String,
}

struct Inner {
    config: AppConfig,
    clock: Clock,
    public_url: addresses::PublicUrl,
    server_names: Vec<GeneralName>,
    store: Arc<dyn store::Store>,
    sealer: keys::seal::Sealer,
    pool: keys::pool::KeyPool,
    profiles: Vec<Profile>,
    authorities: RwLock<Vec<Arc<authority::Loaded>>>,
    /// Held by who reads the authorities anew: one at a time.
    authorities_anew: tokio::sync::Mutex<()>,
    accounts: accounts::Accounts,
    crls: crl::Crls,
    orders: orders::Desk,
    bulk: bulk_revocation::BulkDesk,
    turns: turns::Turns,
    ocsp_kept: ocsp::KeptAnswers,
    responders: ocsp::Responders,
    // Last, so that the directory stays locked until the database is closed.
    data: data::DataDirectory,
}

impl App {
    /// The time by this engine's clock.
    pub fn now(&self) -> chancery_core::time::Time {
        self.0.clock.now()
    }

    /// Can it serve at this moment?
    pub async fn ready(&self) -> Result<(), Error> {
        Ok(self.store().ready().await?)
    }

    /// How many writes shared how many commits, for metrics.
    pub fn writer_stats(&self) -> WriterStats {
        self.store().stats()
    }

    fn store(&self) -> &dyn store::Store {
        self.0.store.as_ref()
    }
}
