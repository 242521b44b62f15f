//! This crate's part of the configuration. Every key has a usable default.

use chancery_core::authority::is_plain_name;
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::workorder::AfterRegenerate;
use serde::Deserialize;

use crate::profiles::ProfileConfig;

/// Everything that the engine reads from the configuration.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AppConfig {
    /// The authorities made at the first start.
    pub authority: AuthorityConfig,
    /// How certificates are issued when a request does not say.
    pub issue: IssueConfig,
    /// How private keys are kept.
    pub keys: KeysConfig,
    /// The embedded database.
    pub store: StoreConfig,
    /// CRLs.
    pub crl: CrlConfig,
    /// OCSP answers.
    pub ocsp: OcspConfig,
    /// Log-in.
    pub accounts: AccountsConfig,
    /// Keys made by the server.
    pub key_pool: KeyPoolConfig,
    /// Work orders.
    pub orders: OrdersConfig,
    /// Profiles beside the built-in ones, or in their place.
    pub profile: Vec<ProfileConfig>,
}

/// The authorities made at the first start. Later changes here do not touch what is there.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthorityConfig {
    /// The root's subject.
    pub root_subject: String,
    /// The root's key: `ec-p256`, `ec-p384`, `ec-p521`, `rsa-2048`, `rsa-3072`, `rsa-4096` or `ed25519`.
    pub root_key: String,
    /// Days that the root lives.
    pub root_days: u32,
    /// The issuing authority's subject.
    pub issuing_subject: String,
    /// The issuing authority's key.
    pub issuing_key: String,
    /// Days that the issuing authority lives.
    pub issuing_days: u32,
}

/// How certificates are issued when a request does not say.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IssueConfig {
    /// The profile.
    pub profile: String,
    /// The profile for users who may issue for themselves alone.
    pub self_service_profile: String,
    /// The authority.
    pub authority: String,
}

/// How private keys are kept.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysConfig {
    /// Where the key-encryption key comes from: `file` (the default), `environment` or `passphrase`.
    pub source: KekSource,
    /// For `file`: the file with 64 hexadecimal digits, made at the first start; relative to the data directory.
    pub file: Option<String>,
    /// For `environment` and `passphrase`: the variable that holds the 64 hexadecimal digits, or the passphrase.
    pub variable: Option<String>,
}

/// Where the key-encryption key comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KekSource {
    /// A file of 64 hexadecimal digits, mode 0600.
    #[default]
    File,
    /// An environment variable with 64 hexadecimal digits.
    Environment,
    /// A passphrase in an environment variable, stretched by argon2id.
    Passphrase,
}

/// The embedded database.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreConfig {
    /// Most MiB of pages that the writing connection keeps in memory.
    pub cache_mib: u32,
    /// Pages in the write-ahead log after which it is checkpointed.
    pub checkpoint_pages: u32,
    /// Connections that read.
    pub readers: u32,
    /// Most writes that may wait for the next commit; more are told that the server is busy.
    pub queue: u32,
}

/// CRLs.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CrlConfig {
    /// Hours for which a complete CRL is valid.
    pub hours: u32,
    /// Hours for which a delta CRL is valid.
    pub delta_hours: u32,
    /// Into how many parts each authority's CRL is cut: a power of two. Certificates issued from now on name their part.
    pub shards: u32,
    /// Addresses under which this server was reached, as older certificates name them, without a slash at their ends.
    pub former_public_urls: Vec<String>,
}

/// OCSP answers.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OcspConfig {
    /// Who signs them: `delegated` (the default) or `authority`. A root always signs its own.
    pub signer: OcspSigner,
    /// Hours for which an answer is valid.
    pub valid_hours: u32,
    /// Seconds for which caches may give an answer without asking again; half of its time at most.
    pub cache_seconds: u32,
    /// What is said of certificates that were never issued: `unknown` (the default) or `revoked`.
    pub unknown: OcspUnknown,
    /// MiB of memory for answers that are given again.
    pub keep_mib: u32,
}

/// What is said of certificates that were never issued.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OcspUnknown {
    /// That they are unknown: clients may ask elsewhere, or take the answer for none.
    #[default]
    Unknown,
    /// That they are revoked, with the extension that says that this may be so (RFC 6960, sections 2.2 and 4.4.8).
    Revoked,
}

/// Who signs OCSP answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OcspSigner {
    /// A responder with a short-lived certificate of its own, which renews itself.
    #[default]
    Delegated,
    /// The authority's own key.
    Authority,
}

/// Log-in.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountsConfig {
    /// Seconds for which a verified password or key is remembered, so that Basic authentication is quick.
    pub remember_seconds: u32,
    /// Wrong attempts of one user or from one address before answers are slowed.
    pub free_attempts: u32,
    /// Longest time, in milliseconds, by which an answer is slowed.
    pub slowest_ms: u32,
}

/// Keys made by the server.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyPoolConfig {
    /// RSA-2048 keys kept ready.
    pub ready: u32,
    /// Threads that make RSA keys.
    pub threads: u32,
    /// Most requests that may wait for an RSA key; more are told that the server is busy.
    pub queue: u32,
}

/// Work orders.
#[derive(Clone, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OrdersConfig {
    /// May whoever asked for something approve it too?
    pub self_approval: bool,
    /// What becomes of the old certificate once a regenerated one is there.
    pub after_regenerate: OldCertificate,
}

/// What becomes of the old certificate: see [`AfterRegenerate`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OldCertificate {
    /// Revoked if the order's reason says that it is superseded or compromised, else kept.
    #[default]
    RevokeWhenSuperseded,
    /// Kept.
    Keep,
    /// Revoked.
    Revoke,
}

impl From<OldCertificate> for AfterRegenerate {
    fn from(configured: OldCertificate) -> AfterRegenerate {
        match configured {
            OldCertificate::RevokeWhenSuperseded => AfterRegenerate::RevokeWhenSuperseded,
            OldCertificate::Keep => AfterRegenerate::Keep,
            OldCertificate::Revoke => AfterRegenerate::Revoke,
        }
    }
}

impl Default for AuthorityConfig {
    fn default() -> AuthorityConfig {
        AuthorityConfig {
            root_subject: "CN=Chancery Root,O=Chancery".to_owned(),
            root_key: "ec-p384".to_owned(),
            root_days: 7300,
            issuing_subject: "CN=Chancery Issuing,O=Chancery".to_owned(),
            issuing_key: "ec-p256".to_owned(),
            issuing_days: 3650,
        }
    }
}

impl Default for IssueConfig {
    fn default() -> IssueConfig {
        IssueConfig {
            profile: "general".to_owned(),
            self_service_profile: "user".to_owned(),
            authority: "issuing".to_owned(),
        }
    }
}

impl Default for StoreConfig {
    fn default() -> StoreConfig {
        StoreConfig {
            cache_mib: 256,
            checkpoint_pages: 20_000,
            readers: 2,
            queue: 4096,
        }
    }
}

impl Default for CrlConfig {
    fn default() -> CrlConfig {
        CrlConfig {
            hours: 24,
            delta_hours: 1,
            shards: 1,
            former_public_urls: Vec::new(),
        }
    }
}

impl CrlConfig {
    /// Checks what [`AppConfig::check`]'s table of numbers cannot say.
    fn check(&self) -> Result<(), String> {
        if !self.shards.is_power_of_two() {
            return Err(format!(
                "crl.shards: {} is no power of two: take 1, 2, 4, ... 65536",
                self.shards
            ));
        }
        for url in &self.former_public_urls {
            let rest = url
                .strip_prefix("http://")
                .or_else(|| url.strip_prefix("https://"));
            let plain = rest.is_some_and(|rest| {
                !rest.is_empty()
                    && !rest.ends_with('/')
                    && rest.bytes().all(|octet| octet.is_ascii_graphic())
            });
            if !plain {
                return Err(format!(
                    "crl.former_public_urls: {url:?} is no address: take http://HOST or https://HOST, without a slash \
                     at its end"
                ));
            }
        }
        Ok(())
    }
}

impl Default for OcspConfig {
    fn default() -> OcspConfig {
        OcspConfig {
            signer: OcspSigner::Delegated,
            valid_hours: 24,
            cache_seconds: 60,
            unknown: OcspUnknown::Unknown,
            keep_mib: 64,
        }
    }
}

impl Default for AccountsConfig {
    fn default() -> AccountsConfig {
        AccountsConfig {
            remember_seconds: 60,
            free_attempts: 5,
            slowest_ms: 2000,
        }
    }
}

impl Default for KeyPoolConfig {
    fn default() -> KeyPoolConfig {
        KeyPoolConfig {
            ready: 8,
            threads: 1,
            queue: 256,
        }
    }
}

impl AppConfig {
    /// Checks what a type cannot say. The error starts with the path of the bad key.
    pub fn check(&self) -> Result<(), String> {
        let authority = &self.authority;
        for (key, word) in [
            ("authority.root_key", &authority.root_key),
            ("authority.issuing_key", &authority.issuing_key),
        ] {
            if KeyAlgorithm::parse(word).is_none() {
                return Err(format!(
                    "{key}: {word:?} is no key: take ec-p256, ec-p384, ec-p521, rsa-2048, rsa-3072, rsa-4096 or ed25519"
                ));
            }
        }
        for (key, subject) in [
            ("authority.root_subject", &authority.root_subject),
            ("authority.issuing_subject", &authority.issuing_subject),
        ] {
            let name = Name::parse(subject).map_err(|error| format!("{key}: {error}"))?;
            name.check_issuable()
                .map_err(|error| format!("{key}: {error}"))?;
        }
        for (key, name) in [
            ("issue.profile", &self.issue.profile),
            (
                "issue.self_service_profile",
                &self.issue.self_service_profile,
            ),
            ("issue.authority", &self.issue.authority),
        ] {
            if !is_plain_name(name) {
                return Err(format!(
                    "{key}: {name:?} is no name: take lower-case letters, digits and hyphens"
                ));
            }
        }
        self.check_numbers()?;
        self.crl.check()?;
        if self.issue.authority == "root" {
            return Err(
                "issue.authority: the root signs authorities only: take another name".to_owned(),
            );
        }
        self.profiles().map(|_| ())
    }

    fn check_numbers(&self) -> Result<(), String> {
        let authority = &self.authority;
        let numbers = [
            ("authority.root_days", authority.root_days, 1, 36_500),
            (
                "authority.issuing_days",
                authority.issuing_days,
                1,
                authority.root_days,
            ),
            ("crl.hours", self.crl.hours, 1, 8760),
            ("crl.delta_hours", self.crl.delta_hours, 1, self.crl.hours),
            ("crl.shards", self.crl.shards, 1, 65_536),
            ("store.cache_mib", self.store.cache_mib, 1, 65_536),
            (
                "store.checkpoint_pages",
                self.store.checkpoint_pages,
                100,
                1_000_000,
            ),
            ("store.readers", self.store.readers, 1, 64),
            ("store.queue", self.store.queue, 1, 1_000_000),
            ("ocsp.valid_hours", self.ocsp.valid_hours, 1, 168),
            ("ocsp.cache_seconds", self.ocsp.cache_seconds, 0, 86_400),
            ("ocsp.keep_mib", self.ocsp.keep_mib, 0, 65_536),
            (
                "accounts.remember_seconds",
                self.accounts.remember_seconds,
                0,
                3600,
            ),
            (
                "accounts.free_attempts",
                self.accounts.free_attempts,
                1,
                1000,
            ),
            ("accounts.slowest_ms", self.accounts.slowest_ms, 0, 60_000),
            ("key_pool.ready", self.key_pool.ready, 0, 1000),
            ("key_pool.threads", self.key_pool.threads, 1, 64),
            ("key_pool.queue", self.key_pool.queue, 1, 100_000),
        ];
        for (key, value, least, most) in numbers {
            if !(least..=most).contains(&value) {
                return Err(format!(
                    "{key}: {value} is out of range: take {least} to {most}"
                ));
            }
        }
        Ok(())
    }
}
