//! The embedded database: SQLite with one writing and a few reading threads.

mod accounts;
mod audit;
mod authorities;
mod certificates;
mod codes;
mod columns;
mod conflict;
mod listing;
mod query;
mod readers;
mod schema;
mod steps;
mod subjects;
mod writer;

use std::borrow::Cow;
use std::path::Path;

use async_trait::async_trait;
use chancery_core::certificate::Certificate;
use chancery_core::crl::CrlEntry;
use chancery_core::identity::{CertificateNumber, DomainId, UserId};
use chancery_core::ocsp::CertStatus;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use self::readers::Readers;
use self::writer::Writer;
use super::{
    CertificateKey, IssuerKey, Step, Store, StoreError, StoredAuthority, StoredToken, StoredUser,
    UserKey, WriterStats,
};
use crate::audit::{AuditEntry, AuditFilter};
use crate::config::StoreConfig;
use crate::search::CertificateFilter;
use crate::users::{Domain, User};

/// A SQLite database. Dropping it finishes every write that waits, checkpoints, and blocks until that is done.
pub(crate) struct SqliteStore {
    // Readers end first, so that the writer closes the last connection and the write-ahead log goes with it.
    readers: Readers,
    writer: Writer,
}

impl SqliteStore {
    /// Opens the database file, makes it if it is not there, and brings its schema up to date. Takes milliseconds
    /// whatever the file's size.
    ///
    /// # Errors
    /// A file that is no database of ours, one that a newer version has written, or whatever the system refuses.
    pub(crate) fn open(path: &Path, config: &StoreConfig) -> Result<SqliteStore, StoreError> {
        let queue = usize::try_from(config.queue).unwrap_or(usize::MAX);
        let connection = schema::open_writer(path, config)?;
        let readers = Readers::start(path, config.readers, queue)?;
        let writer = Writer::start(connection, queue)?;
        Ok(SqliteStore { readers, writer })
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, steps: Vec<Step>) -> Result<Vec<CertificateNumber>, StoreError> {
        self.writer
            .write(move |connection| steps::perform(connection, &steps))
            .await
    }

    async fn next_crl_number(&self, authority: i64) -> Result<u64, StoreError> {
        self.writer
            .write(move |connection| authorities::next_crl_number(connection, authority))
            .await
    }

    async fn certificate(&self, key: CertificateKey) -> Result<Option<Certificate>, StoreError> {
        self.readers
            .read(move |connection| certificates::find(connection, &key))
            .await
    }

    async fn certificates(
        &self,
        filter: CertificateFilter,
        limit: usize,
    ) -> Result<Vec<Certificate>, StoreError> {
        self.readers
            .read(move |connection| listing::page(connection, &filter, limit))
            .await
    }

    async fn private_key(
        &self,
        certificate: CertificateNumber,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers
            .read(move |connection| certificates::private_key(connection, certificate))
            .await
    }

    async fn revoked(
        &self,
        authority: i64,
        unexpired_at: Time,
    ) -> Result<Vec<CrlEntry>, StoreError> {
        self.readers
            .read(move |connection| authorities::revoked(connection, authority, unexpired_at))
            .await
    }

    async fn certificate_statuses(
        &self,
        authority: i64,
        issuer: IssuerKey,
        serials: Vec<Serial>,
    ) -> Result<Vec<CertStatus>, StoreError> {
        self.readers
            .read(move |connection| {
                let mut statuses = Vec::with_capacity(serials.len());
                for serial in &serials {
                    let status = authorities::status(connection, authority, issuer, serial)?;
                    statuses.push(status);
                }
                Ok(statuses)
            })
            .await
    }

    async fn revocation_generation(&self, authority: i64) -> Result<u64, StoreError> {
        self.readers
            .read(move |connection| authorities::revocation_generation(connection, authority))
            .await
    }

    async fn authorities(&self) -> Result<Vec<StoredAuthority>, StoreError> {
        self.readers.read(authorities::all).await
    }

    async fn user(&self, key: UserKey) -> Result<Option<StoredUser>, StoreError> {
        self.readers
            .read(move |connection| accounts::user(connection, &key))
            .await
    }

    async fn users(
        &self,
        domain: Option<DomainId>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        self.readers
            .read(move |connection| {
                accounts::users(connection, domain.as_ref(), after.as_ref(), limit)
            })
            .await
    }

    async fn domain(&self, id: DomainId) -> Result<Option<Domain>, StoreError> {
        self.readers
            .read(move |connection| accounts::domain(connection, &id))
            .await
    }

    async fn domains(
        &self,
        after: Option<DomainId>,
        limit: usize,
    ) -> Result<Vec<Domain>, StoreError> {
        self.readers
            .read(move |connection| accounts::domains(connection, after.as_ref(), limit))
            .await
    }

    async fn token(&self, hash: [u8; 32]) -> Result<Option<StoredToken>, StoreError> {
        self.readers
            .read(move |connection| accounts::token(connection, &hash))
            .await
    }

    async fn secret(&self, name: Cow<'static, str>) -> Result<Option<Vec<u8>>, StoreError> {
        self.readers
            .read(move |connection| accounts::secret(connection, &name))
            .await
    }

    async fn audit(
        &self,
        filter: AuditFilter,
        limit: usize,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.readers
            .read(move |connection| audit::page(connection, &filter, limit))
            .await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.readers.read(schema::is_readable).await
    }

    fn stats(&self) -> WriterStats {
        self.writer.stats()
    }
}
