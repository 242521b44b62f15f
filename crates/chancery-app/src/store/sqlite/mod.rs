//! The embedded database: SQLite with one writing and a few reading threads.

mod accounts;
mod audit;
mod authorities;
mod bulk;
mod certificates;
mod changes;
mod codes;
mod columns;
mod conflict;
mod counting;
mod crls;
mod held_keys;
mod lines;
mod listing;
mod movable;
mod orders;
mod query;
mod readers;
mod records;
mod schema;
mod statuses;
mod steps;
mod subjects;
mod trust;
mod users;
mod walks;
mod writer;

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chancery_core::certificate::Certificate;
use chancery_core::crl::{Scope, Shards};
use chancery_core::identity::{CertificateNumber, DomainId, UserId};
use chancery_core::ocsp::CertStatus;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use chancery_core::workorder::WorkOrder;
use rusqlite::Connection;

use self::counting::Totals;
use self::readers::Readers;
use self::writer::Writer;
use super::accounts::{StoredToken, StoredUser, UserKey};
use super::authorities::{AuthorityRequest, StoredAuthority};
use super::bulk::{BulkReach, Movable, MovableSearch};
use super::certificates::{CertificateKey, IssuerKey};
use super::crls::{CrlBase, CrlPage, NewCrlBase};
use super::orders::StoredOrder;
use super::records::{ElementFilter, StoredElement};
use super::revocations::RevocationWatch;
use super::{Step, Store, StoreError, WriterStats};
use crate::audit::{AuditEntry, AuditFilter};
use crate::bulk_revocation::BulkRevocation;
use crate::config::StoreConfig;
use crate::identity_providers::IdentityProvider;
use crate::orders::OrderFilter;
use crate::property::TrustFilter;
use crate::records::Operation;
use crate::search::{CertificateFilter, Window};
use crate::trusted_certificates::TrustedCertificate;
use crate::users::{Domain, User, UserFilter};

/// A SQLite database. Dropping it finishes every write that waits, checkpoints, and blocks until that is done.
pub(crate) struct SqliteStore {
    // Readers end first, so that the writer closes the last connection and the write-ahead log goes with it.
    readers: Readers,
    writer: Writer,
    totals: Arc<Totals>,
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
        Ok(SqliteStore {
            readers,
            writer,
            totals: Arc::default(),
        })
    }
}

/// Runs SQL on the database as another process might, so that tests see what comes of it.
#[cfg(test)]
pub(crate) fn interfere(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
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
            .write(move |connection| crls::next_number(connection, authority))
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

    async fn window(
        &self,
        filter: CertificateFilter,
        offset: u64,
        limit: usize,
    ) -> Result<Window, StoreError> {
        let totals = Arc::clone(&self.totals);
        self.readers
            .read(move |connection| totals.window(connection, &filter, offset, limit))
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

    async fn add_crl_base(&self, authority: i64, base: NewCrlBase) -> Result<u64, StoreError> {
        self.writer
            .write(move |connection| crls::add_base(connection, authority, &base))
            .await
    }

    async fn crl_base(
        &self,
        authority: i64,
        scope: Scope,
        at: Time,
    ) -> Result<Option<CrlBase>, StoreError> {
        self.readers
            .read(move |connection| crls::base(connection, authority, scope, at))
            .await
    }

    async fn crl_entries(
        &self,
        authority: i64,
        buckets: RangeInclusive<u16>,
        unexpired_at: Time,
        limit: usize,
    ) -> Result<CrlPage, StoreError> {
        self.readers
            .read(move |connection| {
                crls::entries(connection, authority, &buckets, unexpired_at, limit)
            })
            .await
    }

    async fn changed_since(
        &self,
        authority: i64,
        buckets: RangeInclusive<u16>,
        generation: u64,
    ) -> Result<Vec<CertificateNumber>, StoreError> {
        self.readers
            .read(move |connection| {
                crls::changed_since(connection, authority, &buckets, generation)
            })
            .await
    }

    async fn delta_entries(
        &self,
        certificates: Vec<CertificateNumber>,
    ) -> Result<Vec<u8>, StoreError> {
        self.readers
            .read(move |connection| crls::delta_entries(connection, &certificates))
            .await
    }

    async fn forget_crl_bases(&self, at: Time) -> Result<bool, StoreError> {
        self.writer
            .write(move |connection| crls::forget(connection, at))
            .await
    }

    async fn crl_layouts(&self, configured: Shards) -> Result<Vec<Shards>, StoreError> {
        self.writer
            .write(move |connection| crls::layouts(connection, configured))
            .await
    }

    async fn certificate_statuses(
        &self,
        authority: i64,
        issuer: IssuerKey,
        serials: Vec<Serial>,
    ) -> Result<Vec<CertStatus>, StoreError> {
        let is_one = serials.len() == 1;
        let read = move |connection: &Connection| {
            let of = |serial| statuses::status(connection, authority, issuer, serial);
            serials.iter().map(of).collect()
        };
        match is_one {
            true => self.readers.read_point(read).await,
            false => self.readers.read(read).await,
        }
    }

    async fn revocation_generation(&self, authority: i64) -> Result<u64, StoreError> {
        Ok(self.revocations().generation(authority))
    }

    fn revocations(&self) -> &RevocationWatch {
        self.writer.revocations()
    }

    async fn authority_requests(&self) -> Result<Vec<AuthorityRequest>, StoreError> {
        self.readers.read(authorities::requests).await
    }

    async fn authorities(&self) -> Result<Vec<StoredAuthority>, StoreError> {
        self.readers.read(authorities::all).await
    }

    async fn user(&self, key: UserKey) -> Result<Option<StoredUser>, StoreError> {
        self.readers
            .read(move |connection| users::user(connection, &key))
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
                users::users(connection, domain.as_ref(), after.as_ref(), limit)
            })
            .await
    }

    async fn users_matching(
        &self,
        filter: UserFilter,
        only: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError> {
        self.readers
            .read(move |connection| {
                users::users_matching(connection, &filter, only.as_ref(), limit)
            })
            .await
    }

    async fn held_keys(
        &self,
        names: Vec<String>,
        owner: Option<UserId>,
        domain: Option<DomainId>,
        limit: usize,
    ) -> Result<Vec<Certificate>, StoreError> {
        self.readers
            .read(move |connection| {
                held_keys::list(connection, &names, owner.as_ref(), domain.as_ref(), limit)
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

    async fn identity_provider(&self, id: String) -> Result<Option<IdentityProvider>, StoreError> {
        self.readers
            .read(move |connection| trust::provider(connection, &id))
            .await
    }

    async fn identity_providers(
        &self,
        filter: TrustFilter,
    ) -> Result<Vec<IdentityProvider>, StoreError> {
        self.readers
            .read(move |connection| trust::providers(connection, &filter))
            .await
    }

    async fn trusted_certificate(
        &self,
        id: String,
    ) -> Result<Option<TrustedCertificate>, StoreError> {
        self.readers
            .read(move |connection| trust::certificate(connection, &id))
            .await
    }

    async fn trusted_certificates(
        &self,
        filter: TrustFilter,
    ) -> Result<Vec<TrustedCertificate>, StoreError> {
        self.readers
            .read(move |connection| trust::certificates(connection, &filter))
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

    async fn lock_holder(&self, at: Time) -> Result<Option<[u8; 32]>, StoreError> {
        self.readers
            .read(move |connection| records::holder(connection, at))
            .await
    }

    async fn elements(
        &self,
        filter: ElementFilter,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<StoredElement>, StoreError> {
        self.readers
            .read(move |connection| records::elements(connection, &filter, offset, limit))
            .await
    }

    async fn operation(&self, id: String) -> Result<Option<Operation>, StoreError> {
        self.readers
            .read(move |connection| records::operation(connection, &id))
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

    async fn order(&self, number: i64) -> Result<Option<StoredOrder>, StoreError> {
        self.readers
            .read(move |connection| orders::find(connection, number))
            .await
    }

    async fn orders(
        &self,
        filter: OrderFilter,
        owner: Option<UserId>,
        domain: Option<DomainId>,
        limit: usize,
    ) -> Result<Vec<WorkOrder>, StoreError> {
        self.readers
            .read(move |connection| {
                orders::page(connection, &filter, owner.as_ref(), domain.as_ref(), limit)
            })
            .await
    }

    async fn open_order(&self, certificate: CertificateNumber) -> Result<Option<i64>, StoreError> {
        self.readers
            .read(move |connection| orders::open_of(connection, certificate))
            .await
    }

    async fn orders_to_do(&self, after: i64, limit: usize) -> Result<Vec<i64>, StoreError> {
        self.readers
            .read(move |connection| orders::to_do(connection, after, limit))
            .await
    }

    async fn movable(
        &self,
        search: MovableSearch,
        limit: usize,
    ) -> Result<Vec<Movable>, StoreError> {
        self.readers
            .read(move |connection| movable::movable(connection, &search, limit))
            .await
    }

    async fn newest_certificate(&self) -> Result<CertificateNumber, StoreError> {
        self.readers.read(movable::newest).await
    }

    async fn bulk_revocation(&self, number: i64) -> Result<Option<BulkRevocation>, StoreError> {
        self.readers
            .read(move |connection| bulk::find(connection, number))
            .await
    }

    async fn bulk_revocations(
        &self,
        reach: BulkReach,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<BulkRevocation>, StoreError> {
        self.readers
            .read(move |connection| bulk::page(connection, &reach, before, limit))
            .await
    }

    async fn running_bulk_revocations(&self) -> Result<Vec<i64>, StoreError> {
        self.readers.read(bulk::running).await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.readers.read(schema::is_readable).await
    }

    fn stats(&self) -> WriterStats {
        self.writer.stats()
    }
}
