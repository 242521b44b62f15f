//! What is remembered: the one trait behind which a database stands, spoken in the words of the use cases.
//!
//! Private to this crate. All SQL and nothing but SQL lives below this module; nothing above it knows which database
//! it is. Row layouts are private to each implementation.

pub(crate) mod accounts;
pub(crate) mod authorities;
pub(crate) mod bulk;
pub(crate) mod certificates;
pub(crate) mod crls;
mod error;
pub(crate) mod orders;
pub(crate) mod records;
pub(crate) mod revocations;
pub(crate) mod sqlite;
#[cfg(test)]
mod tests;
pub(crate) mod trust;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use chancery_core::certificate::{Certificate, State};
use chancery_core::crl::{Scope, Shards};
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::key::KeyId;
use chancery_core::ocsp::CertStatus;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use chancery_core::workorder::WorkOrder;

use crate::audit::{AuditEntry, AuditFilter, NewAuditEntry};
use crate::bulk_revocation::BulkRevocation;
use crate::identity_providers::IdentityProvider;
use crate::orders::OrderFilter;
use crate::property::TrustFilter;
use crate::records::Operation;
use crate::search::{CertificateFilter, Window};
use crate::trusted_certificates::TrustedCertificate;
use crate::users::{Domain, User, UserFilter};

use self::accounts::{StoredToken, StoredUser, UserKey};
use self::authorities::{AuthorityRequest, AuthorityStep, StoredAuthority};
use self::bulk::{BulkReach, BulkStep, Movable, MovableSearch};
use self::certificates::{CertificateKey, IssuerKey, NewCertificate};
use self::crls::{CrlBase, CrlPage, NewCrlBase};
use self::orders::{OrderStep, StoredOrder};
use self::records::{ElementFilter, RecordStep, StoredElement};
use self::revocations::RevocationWatch;
use self::trust::TrustStep;

pub use error::Conflict;
pub(crate) use error::StoreError;

/// A database. Every write is durable when its future resolves; every read sees what was committed before it began.
#[async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// Does all `steps` or none, in one durable transaction that other waiting commits may share. Gives the numbers of
    /// the certificates, work orders and bulk revocations that it added, in the order of their steps.
    async fn commit(&self, steps: Vec<Step>) -> Result<Vec<CertificateNumber>, StoreError>;

    /// The next CRL number of an authority: greater than every one given before, durably.
    async fn next_crl_number(&self, authority: i64) -> Result<u64, StoreError>;

    /// One certificate, deleted and purged ones too.
    async fn certificate(&self, key: CertificateKey) -> Result<Option<Certificate>, StoreError>;

    /// Certificates that pass `filter`, in the filter's order, at most `limit`, after the filter's cursor.
    async fn certificates(
        &self,
        filter: CertificateFilter,
        limit: usize,
    ) -> Result<Vec<Certificate>, StoreError>;

    /// The certificates that [`Store::certificates`] would give after the first `offset`, with the number of all that
    /// pass, wherever the filter's cursor stands; both of one moment.
    async fn window(
        &self,
        filter: CertificateFilter,
        offset: u64,
        limit: usize,
    ) -> Result<Window, StoreError>;

    /// The sealed private key of a certificate.
    async fn private_key(
        &self,
        certificate: CertificateNumber,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Takes the next CRL number, as [`Store::next_crl_number`] does, for a complete list on which deltas may build.
    async fn add_crl_base(&self, authority: i64, base: NewCrlBase) -> Result<u64, StoreError>;

    /// What a delta CRL of a scope made at that time builds on: the oldest complete list that anybody may still hold as
    /// valid, or one before it. None if no complete list is known.
    async fn crl_base(
        &self,
        authority: i64,
        scope: Scope,
        at: Time,
    ) -> Result<Option<CrlBase>, StoreError>;

    /// Entries of the revoked and held certificates of an authority in these buckets that have not expired before
    /// `unexpired_at`, some `limit` of them, from the first bucket on.
    async fn crl_entries(
        &self,
        authority: i64,
        buckets: RangeInclusive<u16>,
        unexpired_at: Time,
        limit: usize,
    ) -> Result<CrlPage, StoreError>;

    /// The certificates of an authority in these buckets whose revocation changed after that generation, each once, by
    /// number.
    async fn changed_since(
        &self,
        authority: i64,
        buckets: RangeInclusive<u16>,
        generation: u64,
    ) -> Result<Vec<CertificateNumber>, StoreError>;

    /// Entries of a delta CRL, encoded, about these certificates.
    async fn delta_entries(
        &self,
        certificates: Vec<CertificateNumber>,
    ) -> Result<Vec<u8>, StoreError>;

    /// Forgets what no delta CRL needs after that time: a part of it. False once nothing is left to forget.
    async fn forget_crl_bases(&self, at: Time) -> Result<bool, StoreError>;

    /// Remembers into how many shards CRLs are cut for certificates issued from now on, and gives every such number of
    /// before, too.
    async fn crl_layouts(&self, configured: Shards) -> Result<Vec<Shards>, StoreError>;

    /// What is known of the certificates with these serial numbers that an authority has signed under that name, in
    /// their order; deleted and purged ones too.
    async fn certificate_statuses(
        &self,
        authority: i64,
        issuer: IssuerKey,
        serials: Vec<Serial>,
    ) -> Result<Vec<CertStatus>, StoreError>;

    /// A counter that grows whenever the revocation data of an authority change: that of [`Store::revocations`].
    async fn revocation_generation(&self, authority: i64) -> Result<u64, StoreError>;

    /// What changed of late in revocation data. It knows of a change before the commit that makes it is answered.
    fn revocations(&self) -> &RevocationWatch;

    /// Every authority, in the order of making.
    async fn authorities(&self) -> Result<Vec<StoredAuthority>, StoreError>;

    /// Every request for an authority's certificate, by name.
    async fn authority_requests(&self) -> Result<Vec<AuthorityRequest>, StoreError>;

    /// One user, by id or by log-in name.
    async fn user(&self, key: UserKey) -> Result<Option<StoredUser>, StoreError>;

    /// Users in the order of their ids, at most `limit`, of one domain if given, after the id `after`.
    async fn users(
        &self,
        domain: Option<DomainId>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError>;

    /// Users that pass `filter`, in the filter's order, at most `limit`; that one alone if `only` names one.
    async fn users_matching(
        &self,
        filter: UserFilter,
        only: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError>;

    /// Certificates that are neither deleted nor purged and whose private keys are kept, in the order of their names, at
    /// most `limit`; only those with one of `names` unless that is empty, and only those that belong to `owner` or
    /// `domain` if given.
    async fn held_keys(
        &self,
        names: Vec<String>,
        owner: Option<UserId>,
        domain: Option<DomainId>,
        limit: usize,
    ) -> Result<Vec<Certificate>, StoreError>;

    /// One domain.
    async fn domain(&self, id: DomainId) -> Result<Option<Domain>, StoreError>;

    /// Domains in the order of their ids, at most `limit`, after the id `after`.
    async fn domains(
        &self,
        after: Option<DomainId>,
        limit: usize,
    ) -> Result<Vec<Domain>, StoreError>;

    /// One identity provider, by its id.
    async fn identity_provider(&self, id: String) -> Result<Option<IdentityProvider>, StoreError>;

    /// Identity providers that pass `filter`, by name.
    async fn identity_providers(
        &self,
        filter: TrustFilter,
    ) -> Result<Vec<IdentityProvider>, StoreError>;

    /// One trusted certificate, by its id.
    async fn trusted_certificate(
        &self,
        id: String,
    ) -> Result<Option<TrustedCertificate>, StoreError>;

    /// Trusted certificates that pass `filter`, by name.
    async fn trusted_certificates(
        &self,
        filter: TrustFilter,
    ) -> Result<Vec<TrustedCertificate>, StoreError>;

    /// A token, by the hash of its text; expired ones too.
    async fn token(&self, hash: [u8; 32]) -> Result<Option<StoredToken>, StoreError>;

    /// A sealed secret of the server itself, by its name.
    async fn secret(&self, name: Cow<'static, str>) -> Result<Option<Vec<u8>>, StoreError>;

    /// The hash of the token that holds the configuration lock at that time.
    async fn lock_holder(&self, at: Time) -> Result<Option<[u8; 32]>, StoreError>;

    /// Elements of a configuration that pass `filter`, by kind and key, at most `limit` after the first `offset`.
    async fn elements(
        &self,
        filter: ElementFilter,
        offset: u64,
        limit: usize,
    ) -> Result<Vec<StoredElement>, StoreError>;

    /// What was done with the configuration, by its id.
    async fn operation(&self, id: String) -> Result<Option<Operation>, StoreError>;

    /// Audit entries that pass `filter`, newest first, at most `limit`, older than the filter's cursor.
    async fn audit(&self, filter: AuditFilter, limit: usize)
    -> Result<Vec<AuditEntry>, StoreError>;

    /// One work order, with what it takes to do it.
    async fn order(&self, number: i64) -> Result<Option<StoredOrder>, StoreError>;

    /// Work orders that pass `filter`, newest first, at most `limit`; only those about certificates that belong to
    /// `owner` or `domain` if given.
    async fn orders(
        &self,
        filter: OrderFilter,
        owner: Option<UserId>,
        domain: Option<DomainId>,
        limit: usize,
    ) -> Result<Vec<WorkOrder>, StoreError>;

    /// The number of the open work order about a certificate, or of the one that is to make it.
    async fn open_order(&self, certificate: CertificateNumber) -> Result<Option<i64>, StoreError>;

    /// The numbers of work orders that are approved and not done yet, oldest first, at most `limit`, after `after`.
    async fn orders_to_do(&self, after: i64, limit: usize) -> Result<Vec<i64>, StoreError>;

    /// Certificates that a bulk revocation reaches and can move, in the order of their numbers, at most `limit`.
    async fn movable(
        &self,
        search: MovableSearch,
        limit: usize,
    ) -> Result<Vec<Movable>, StoreError>;

    /// The greatest number that a certificate has; 0 if there is none.
    async fn newest_certificate(&self) -> Result<CertificateNumber, StoreError>;

    /// One bulk revocation.
    async fn bulk_revocation(&self, number: i64) -> Result<Option<BulkRevocation>, StoreError>;

    /// Bulk revocations within `reach`, newest first, at most `limit`, with numbers below `before`.
    async fn bulk_revocations(
        &self,
        reach: BulkReach,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<BulkRevocation>, StoreError>;

    /// The numbers of the bulk revocations that run, oldest first.
    async fn running_bulk_revocations(&self) -> Result<Vec<i64>, StoreError>;

    /// Can it read at this moment? For the readiness probe.
    async fn ready(&self) -> Result<(), StoreError>;

    /// How many writes shared how many transactions since the start.
    fn stats(&self) -> WriterStats;
}

/// How well waiting writes share transactions: both only grow, from 0 at the start.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct WriterStats {
    /// Durable transactions.
    pub commits: u64,
    /// Writes in them, also those that were refused on their own.
    pub commands: u64,
}

/// One part of a commit.
#[derive(Debug)]
pub(crate) enum Step {
    /// Stores a certificate. Fails with [`Conflict`] if its id, name, or issuer with serial number is there.
    AddCertificate(Box<NewCertificate>),
    /// Moves a certificate from one state to another; fails with [`StoreError::Stale`] if it is not in `from`. A move
    /// to `Purged` wipes DER and private key and keeps the facts.
    Move {
        /// Which.
        certificate: CertificateNumber,
        /// The state in which it must be.
        from: State,
        /// The state in which it will be.
        to: State,
        /// When.
        at: Time,
    },
    /// Adds or changes an authority, or a request for one.
    Authority(AuthorityStep),
    /// Adds a user. Fails with [`Conflict`] if its id or name is there, as id or name of another.
    AddUser(StoredUser),
    /// Fails with [`StoreError::Stale`] unless exactly this is stored of a user.
    ExpectUser(StoredUser),
    /// Fails with [`Conflict::KeyCompromised`] if a certificate with that key was revoked because the key is compromised.
    ExpectSoundKey(KeyId),
    /// Fails with [`StoreError::Stale`] unless a certificate is in that state.
    ExpectState(CertificateNumber, State),
    /// Replaces what is stored of a user but its attached certificate, found by id; fails with [`StoreError::Missing`]
    /// if it is not there, and with [`Conflict`] if its name is there, as id or name of another.
    ChangeUser(StoredUser),
    /// Attaches a certificate to a user; fails with [`StoreError::Stale`] while one is attached that is neither deleted
    /// nor purged, and with [`StoreError::Missing`] if user or certificate are not there.
    Attach {
        /// To whom.
        user: UserId,
        /// Which; the same commit may have added it.
        certificate: CertificateId,
    },
    /// Detaches a certificate from a user; fails with [`StoreError::Stale`] unless it is attached.
    Detach {
        /// From whom.
        user: UserId,
        /// Which.
        certificate: CertificateId,
    },
    /// Fails with [`Conflict::LastAdministrator`] unless there is an administrator who can log in, now and for ever.
    ExpectAdministrator,
    /// Keeps the sealed private key of a certificate of which none is kept; fails with [`StoreError::Stale`] if one is.
    KeepPrivateKey(CertificateNumber, Vec<u8>),
    /// Removes a user; fails with [`Conflict::UserHasCertificates`] while certificates belong to it.
    RemoveUser(UserId),
    /// Adds a domain.
    AddDomain(Domain),
    /// Replaces what is stored of a domain, found by id.
    ChangeDomain(Domain),
    /// Removes a domain; fails with [`Conflict::DomainHasUsers`] or [`Conflict::DomainHasCertificates`] while anything
    /// belongs to it.
    RemoveDomain(DomainId),
    /// Changes an identity provider or a trusted certificate.
    Trust(TrustStep),
    /// Remembers a token.
    AddToken(StoredToken),
    /// Fails with [`StoreError::Missing`] unless a token is remembered.
    ExpectToken([u8; 32]),
    /// Forgets a token, if it is there.
    RemoveToken([u8; 32]),
    /// Forgets every token of a user.
    RemoveTokensOf(UserId),
    /// Forgets every token that expired before.
    RemoveTokensExpiredBefore(Time),
    /// Keeps a sealed secret under a name, in place of what was there.
    KeepSecret(Cow<'static, str>, Vec<u8>),
    /// Places, moves or ends a work order.
    Order(OrderStep),
    /// Changes the configuration or its lock.
    Records(RecordStep),
    /// Starts, stops or takes on a bulk revocation.
    Bulk(BulkStep),
    /// Adds an entry to the audit trail.
    Audit(NewAuditEntry),
}
