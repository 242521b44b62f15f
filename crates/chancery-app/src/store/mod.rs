//! What is remembered: the one trait behind which a database stands, spoken in the words of the use cases.
//!
//! Private to this crate. All SQL and nothing but SQL lives below this module; nothing above it knows which database
//! it is. Row layouts are private to each implementation.

pub(crate) mod authorities;
pub(crate) mod bulk;
pub(crate) mod crls;
pub(crate) mod records;
pub(crate) mod revocations;
pub(crate) mod sqlite;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use async_trait::async_trait;
use chancery_core::certificate::{Certificate, Origin, State};
use chancery_core::crl::{Scope, Shards};
use chancery_core::digest;
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::key::{KeyAlgorithm, KeyId};
use chancery_core::name::Name;
use chancery_core::ocsp::CertStatus;
use chancery_core::san::GeneralName;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use chancery_core::workorder::{OrderKind, OrderState, WorkOrder};

use crate::audit::{AuditEntry, AuditFilter, NewAuditEntry};
use crate::bulk_revocation::BulkRevocation;
use crate::identity_providers::IdentityProvider;
use crate::orders::OrderFilter;
use crate::property::TrustFilter;
use crate::records::Operation;
use crate::search::{CertificateFilter, Window};
use crate::trusted_certificates::TrustedCertificate;
use crate::users::{Domain, User, UserFilter};

use self::authorities::{AuthorityRequest, AuthorityStep, StoredAuthority};
use self::bulk::{BulkReach, BulkStep, Revocable, RevocableSearch};
use self::crls::{CrlBase, CrlPage, NewCrlBase};
use self::records::{ElementFilter, RecordStep, StoredElement};
use self::revocations::RevocationWatch;

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

    /// Certificates that a bulk revocation reaches and that can be revoked, in the order of their numbers, at most
    /// `limit`.
    async fn revocable(
        &self,
        search: RevocableSearch,
        limit: usize,
    ) -> Result<Vec<Revocable>, StoreError>;

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
    /// Adds an authority.
    AddAuthority(NewAuthority),
    /// Changes an authority, or a request for one.
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
    /// Stores an identity provider in the place of the version before, or at version 0 as a new one together with its
    /// domain. Fails with [`StoreError::Stale`] if another version is stored, or any before version 0.
    PutIdentityProvider(IdentityProvider),
    /// Removes an identity provider with its domain; fails as [`Step::RemoveDomain`] does.
    RemoveIdentityProvider(String),
    /// Stores a trusted certificate in the place of the version before, or at version 0 as a new one. Fails as
    /// [`Step::PutIdentityProvider`] does.
    PutTrustedCertificate(TrustedCertificate),
    /// Removes a trusted certificate; fails with [`Conflict::TrustedCertificateInUse`] while a provider refers to it.
    RemoveTrustedCertificate(String),
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
    /// Stores a work order. Fails with [`StoreError::OrderOpen`] while another about the same certificate is open, or
    /// that certificate is pending itself.
    AddOrder(Box<NewOrder>),
    /// Moves a work order from one state to another; fails with [`StoreError::Stale`] if it is not in `from`.
    MoveOrder {
        /// Which.
        order: i64,
        /// The state in which it must be.
        from: OrderState,
        /// The state in which it will be.
        to: OrderState,
        /// Who decided, if this is a decision.
        by: Option<UserId>,
        /// When.
        at: Time,
        /// Why it ended so.
        outcome: Option<String>,
    },
    /// Fills a pending certificate and makes it active; fails with [`StoreError::Stale`] if it is not pending.
    FillCertificate(Box<Filling>),
    /// Changes the configuration or its lock.
    Records(RecordStep),
    /// Starts, stops or takes on a bulk revocation.
    Bulk(BulkStep),
    /// Adds an entry to the audit trail.
    Audit(NewAuditEntry),
}

/// How a certificate is found.
#[derive(Clone, Debug)]
pub(crate) enum CertificateKey {
    /// By its number.
    Number(CertificateNumber),
    /// By its id.
    Id(CertificateId),
    /// By its name.
    Name(String),
    /// By issuer and serial number.
    Issued(IssuerKey, Serial),
}

/// An issuer's name as an index key: the first 16 octets of SHA-256 over [`Name::match_key`], so that every spelling of
/// a name finds its certificates.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct IssuerKey(pub(crate) [u8; 16]);

/// A certificate about to be stored.
#[derive(Debug)]
pub(crate) struct NewCertificate {
    pub(crate) id: CertificateId,
    pub(crate) name: String,
    pub(crate) origin: Origin,
    /// The authority of ours that signed it.
    pub(crate) authority: Option<i64>,
    /// None if it is pending.
    pub(crate) der: Option<Vec<u8>>,
    /// Whose it will be, while there is no DER that says it.
    pub(crate) names: Option<PendingNames>,
    pub(crate) issuer_key: IssuerKey,
    pub(crate) serial: Serial,
    /// The subject as OpenSSL's one line, for search.
    pub(crate) subject_line: String,
    pub(crate) subject_key_id: KeyId,
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    pub(crate) owner: UserId,
    pub(crate) domain: DomainId,
    pub(crate) profile: Option<String>,
    pub(crate) state: State,
    pub(crate) created: Time,
    /// Its private key, sealed, if we hold it.
    pub(crate) sealed_key: Option<Vec<u8>>,
    /// The certificate that it replaces, which will name this one in turn (the newest, if it is replaced again).
    pub(crate) replaces: Option<CertificateNumber>,
}

/// The names of a certificate that is not signed yet.
#[derive(Clone, Debug)]
pub(crate) struct PendingNames {
    pub(crate) issuer: Name,
    pub(crate) subject: Name,
}

/// What makes a pending certificate a signed one.
#[derive(Debug)]
pub(crate) struct Filling {
    pub(crate) certificate: CertificateNumber,
    pub(crate) der: Vec<u8>,
    pub(crate) subject_key_id: KeyId,
    pub(crate) not_before: Time,
    pub(crate) not_after: Time,
    /// When it was signed.
    pub(crate) at: Time,
    /// Its private key, sealed, if we hold it.
    pub(crate) sealed_key: Option<Vec<u8>>,
    /// The certificate that it replaces, which will name this one in turn.
    pub(crate) replaces: Option<CertificateNumber>,
}

/// A work order about to be stored.
#[derive(Debug)]
pub(crate) struct NewOrder {
    pub(crate) kind: OrderKind,
    pub(crate) state: OrderState,
    pub(crate) certificate: Option<CertificateId>,
    /// The pending certificate, which the same commit may have added.
    pub(crate) made: Option<CertificateId>,
    pub(crate) reason: String,
    pub(crate) asked_by: UserId,
    pub(crate) asked_at: Time,
    pub(crate) decided_at: Option<Time>,
    pub(crate) task: OrderTask,
    /// The audit entry that tells of it, about the object with the number that it gets.
    pub(crate) told: NewAuditEntry,
}

/// What it takes to make a work order's certificate, beside what its pending record says.
#[derive(Clone, Default, Debug)]
pub(crate) struct OrderTask {
    /// The holder's PKCS#10 request, DER.
    pub(crate) csr: Option<Vec<u8>>,
    /// The kind of key to make. With neither it is the old certificate's key.
    pub(crate) key: Option<KeyAlgorithm>,
    pub(crate) not_before: Option<Time>,
    pub(crate) not_after: Option<Time>,
    pub(crate) days: Option<u32>,
    /// Is the certificate to start on hold?
    pub(crate) on_hold: bool,
    /// Alternative names, where no old certificate has them.
    pub(crate) names: Vec<GeneralName>,
}

/// A work order as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredOrder {
    pub(crate) order: WorkOrder,
    pub(crate) task: OrderTask,
}

/// An authority about to be stored.
#[derive(Debug)]
pub(crate) struct NewAuthority {
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    pub(crate) certificate: Vec<u8>,
    /// Its private key, sealed; none if it is kept elsewhere.
    pub(crate) sealed_key: Option<Vec<u8>>,
    pub(crate) created: Time,
}

/// How a user is found.
#[derive(Clone, Debug)]
pub(crate) enum UserKey {
    /// By id.
    Id(UserId),
    /// By log-in name.
    Name(String),
}

/// A user with what proves it. Secrets are hashes only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct StoredUser {
    pub(crate) user: User,
    /// PHC string of argon2id.
    pub(crate) password: Option<String>,
    /// SHA-256 of the API key, which is random.
    pub(crate) api_key: Option<[u8; 32]>,
}

/// A token as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredToken {
    /// SHA-256 of its text, which is random.
    pub(crate) hash: [u8; 32],
    pub(crate) user: UserId,
    /// The tenant (domain) that it is scoped to, in APIs that scope.
    pub(crate) scope: Option<DomainId>,
    pub(crate) expires: Time,
}

/// Why the store did not do what it was asked.
#[derive(Debug)]
pub(crate) enum StoreError {
    /// Something is there already, or still in use.
    Conflict(Conflict),
    /// A certificate or user is no longer as it was read: read it again and decide again.
    Stale,
    /// What should be changed is not there.
    Missing,
    /// A work order about the certificate is open: its number.
    OrderOpen(i64),
    /// So many commits wait already that this one was not taken.
    Busy,
    /// There are so many of a kind that no more are taken: that many.
    Full(u32),
    /// Another token holds the configuration lock.
    Locked,
    /// Nobody holds the configuration lock.
    NotLocked,
    /// The database failed.
    Broken(Box<dyn std::error::Error + Send + Sync>),
}

/// What is there already, or still in use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conflict {
    /// A certificate with that issuer and serial number.
    Certificate,
    /// A certificate with that id or name.
    CertificateName,
    /// A certificate with the same key was revoked because the key is compromised.
    KeyCompromised,
    /// A user with that id.
    UserId,
    /// A user with that log-in name.
    UserName,
    /// A domain with that id.
    Domain,
    /// An authority with that name, or a request for one.
    Authority,
    /// The authority is retired.
    AuthorityRetired,
    /// The authority issues under its own name.
    AuthorityActive,
    /// The certificate of the authority, or of its successor, is awaited.
    AuthorityAwaited,
    /// The user still owns certificates.
    UserHasCertificates,
    /// The domain still has users.
    DomainHasUsers,
    /// The domain still has certificates, though their owners may have left it.
    DomainHasCertificates,
    /// No domain with that id, to which a user should belong.
    NoSuchDomain,
    /// Nobody would be left to administer the server.
    LastAdministrator,
    /// The domain is an identity provider's.
    DomainHasProvider,
    /// No trusted certificate with that id, to which an identity provider should refer.
    NoSuchTrustedCertificate,
    /// An identity provider still refers to the trusted certificate.
    TrustedCertificateInUse,
    /// An element of the configuration with that kind and key.
    Element,
    /// The record holds a certificate, which is replaced only if that is asked for.
    RecordHasCertificate,
}

impl IssuerKey {
    /// The key of a name.
    pub(crate) fn of(name: &Name) -> IssuerKey {
        IssuerKey(digest::sha256(&[name.match_key().as_bytes()]))
    }
}

impl std::fmt::Debug for StoredUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.user.fmt(f)
    }
}

impl std::fmt::Display for StoreError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StoreError::Conflict(conflict) => conflict.fmt(f),
            StoreError::Stale => f.write_str("it changed meanwhile"),
            StoreError::Missing => f.write_str("not found"),
            StoreError::OrderOpen(number) => write!(f, "work order {number} is open"),
            StoreError::Busy => f.write_str("too many writes are waiting"),
            StoreError::Full(most) => write!(f, "{most} are kept at most: remove some first"),
            StoreError::Locked => f.write_str("another token holds the configuration lock"),
            StoreError::NotLocked => f.write_str("nobody holds the configuration lock"),
            StoreError::Broken(_) => f.write_str("the database failed"),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StoreError::Broken(cause) => Some(cause.as_ref()),
            StoreError::Conflict(_)
            | StoreError::Stale
            | StoreError::Missing
            | StoreError::OrderOpen(_)
            | StoreError::Busy
            | StoreError::Full(_)
            | StoreError::Locked
            | StoreError::NotLocked => None,
        }
    }
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Conflict::Certificate => {
                "a certificate with that issuer and serial number is there already"
            }
            Conflict::CertificateName => "a certificate with that name is there already",
            Conflict::KeyCompromised => {
                "a certificate with this key was revoked as compromised: make a new key"
            }
            Conflict::UserId => "a user with that id is there already",
            Conflict::UserName => "a user with that name is there already",
            Conflict::Domain => "a domain with that id is there already",
            Conflict::Authority => "an authority with that name is there already",
            Conflict::AuthorityRetired => "the authority is retired already",
            Conflict::AuthorityActive => "the authority is neither retired nor superseded",
            Conflict::AuthorityAwaited => {
                "the certificate of this authority, or of its successor, is awaited: import it, or withdraw the request"
            }
            Conflict::UserHasCertificates => "the user still owns certificates: disable it instead",
            Conflict::DomainHasUsers => "the domain still has users",
            Conflict::DomainHasCertificates => {
                "the domain still has certificates: disable it instead"
            }
            Conflict::NoSuchDomain => "there is no such domain: add it first",
            Conflict::LastAdministrator => {
                "no administrator would be left who can log in, now and for ever: make another one first"
            }
            Conflict::DomainHasProvider => {
                "the domain belongs to an identity provider: remove that instead"
            }
            Conflict::NoSuchTrustedCertificate => {
                "there is no such trusted certificate: add it first"
            }
            Conflict::TrustedCertificateInUse => {
                "an identity provider still refers to the trusted certificate"
            }
            Conflict::Element => "an element with that key is there already",
            Conflict::RecordHasCertificate => {
                "the certificate record holds a certificate already: ask to overwrite it"
            }
        })
    }
}
