//! What is remembered: the one trait behind which a database stands, spoken in the words of the use cases.
//!
//! Private to this crate. All SQL and nothing but SQL lives below this module; nothing above it knows which database
//! it is. Row layouts are private to each implementation.

pub(crate) mod sqlite;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use async_trait::async_trait;
use chancery_core::certificate::{Certificate, Origin, State};
use chancery_core::crl::CrlEntry;
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::key::KeyId;
use chancery_core::name::Name;
use chancery_core::ocsp::CertStatus;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use crate::audit::{AuditEntry, AuditFilter, NewAuditEntry};
use crate::search::CertificateFilter;
use crate::users::{Domain, User};

/// A database. Every write is durable when its future resolves; every read sees what was committed before it began.
#[async_trait]
pub(crate) trait Store: Send + Sync + 'static {
    /// Does all `steps` or none, in one durable transaction that other waiting commits may share. Gives the numbers of
    /// the certificates that it added, in the order of their steps.
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

    /// The sealed private key of a certificate.
    async fn private_key(
        &self,
        certificate: CertificateNumber,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Every revoked or held certificate of an authority that has not expired before `unexpired_at`, in the order of
    /// their numbers.
    async fn revoked(
        &self,
        authority: i64,
        unexpired_at: Time,
    ) -> Result<Vec<CrlEntry>, StoreError>;

    /// What is known of the certificates with these serial numbers that an authority has signed under that name, in
    /// their order; deleted and purged ones too.
    async fn certificate_statuses(
        &self,
        authority: i64,
        issuer: IssuerKey,
        serials: Vec<Serial>,
    ) -> Result<Vec<CertStatus>, StoreError>;

    /// A counter that grows whenever the revocation data of an authority change.
    async fn revocation_generation(&self, authority: i64) -> Result<u64, StoreError>;

    /// Every authority, in the order of making.
    async fn authorities(&self) -> Result<Vec<StoredAuthority>, StoreError>;

    /// One user, by id or by log-in name.
    async fn user(&self, key: UserKey) -> Result<Option<StoredUser>, StoreError>;

    /// Users in the order of their ids, at most `limit`, of one domain if given, after the id `after`.
    async fn users(
        &self,
        domain: Option<DomainId>,
        after: Option<UserId>,
        limit: usize,
    ) -> Result<Vec<User>, StoreError>;

    /// One domain.
    async fn domain(&self, id: DomainId) -> Result<Option<Domain>, StoreError>;

    /// Domains in the order of their ids, at most `limit`, after the id `after`.
    async fn domains(
        &self,
        after: Option<DomainId>,
        limit: usize,
    ) -> Result<Vec<Domain>, StoreError>;

    /// A token, by the hash of its text; expired ones too.
    async fn token(&self, hash: [u8; 32]) -> Result<Option<StoredToken>, StoreError>;

    /// A sealed secret of the server itself, by its name.
    async fn secret(&self, name: Cow<'static, str>) -> Result<Option<Vec<u8>>, StoreError>;

    /// Audit entries that pass `filter`, newest first, at most `limit`, older than the filter's cursor.
    async fn audit(&self, filter: AuditFilter, limit: usize)
    -> Result<Vec<AuditEntry>, StoreError>;

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
    /// Adds a user. Fails with [`Conflict`] if its id or name is there.
    AddUser(StoredUser),
    /// Fails with [`StoreError::Stale`] unless exactly this is stored of a user.
    ExpectUser(StoredUser),
    /// Fails with [`Conflict::KeyCompromised`] if a certificate with that key was revoked because the key is compromised.
    ExpectSoundKey(KeyId),
    /// Fails with [`StoreError::Stale`] unless a certificate is in that state.
    ExpectState(CertificateNumber, State),
    /// Replaces what is stored of a user, found by id; fails with [`StoreError::Missing`] if it is not there.
    ChangeUser(StoredUser),
    /// Removes a user; fails with [`Conflict::UserHasCertificates`] while certificates belong to it.
    RemoveUser(UserId),
    /// Adds a domain.
    AddDomain(Domain),
    /// Replaces what is stored of a domain, found by id.
    ChangeDomain(Domain),
    /// Removes a domain; fails with [`Conflict::DomainHasUsers`] or [`Conflict::DomainHasCertificates`] while anything
    /// belongs to it.
    RemoveDomain(DomainId),
    /// Remembers a token.
    AddToken(StoredToken),
    /// Forgets a token, if it is there.
    RemoveToken([u8; 32]),
    /// Forgets every token of a user.
    RemoveTokensOf(UserId),
    /// Forgets every token that expired before.
    RemoveTokensExpiredBefore(Time),
    /// Keeps a sealed secret under a name, in place of what was there.
    KeepSecret(Cow<'static, str>, Vec<u8>),
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
    pub(crate) der: Vec<u8>,
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

/// An authority as stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredAuthority {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) parent: Option<String>,
    pub(crate) certificate: Vec<u8>,
    pub(crate) sealed_key: Option<Vec<u8>>,
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
    /// So many commits wait already that this one was not taken.
    Busy,
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
    /// An authority with that name.
    Authority,
    /// The user still owns certificates.
    UserHasCertificates,
    /// The domain still has users.
    DomainHasUsers,
    /// The domain still has certificates, though their owners may have left it.
    DomainHasCertificates,
    /// No domain with that id, to which a user should belong.
    NoSuchDomain,
}

impl IssuerKey {
    /// The key of a name.
    pub(crate) fn of(name: &Name) -> IssuerKey {
        let hash =
            aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.match_key().as_bytes());
        let mut key = [0; 16];
        for (to, from) in key.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        IssuerKey(key)
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
            StoreError::Busy => f.write_str("too many writes are waiting"),
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
            | StoreError::Busy => None,
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
            Conflict::UserHasCertificates => "the user still owns certificates: disable it instead",
            Conflict::DomainHasUsers => "the domain still has users",
            Conflict::DomainHasCertificates => {
                "the domain still has certificates: disable it instead"
            }
            Conflict::NoSuchDomain => "there is no such domain: add it first",
        })
    }
}
