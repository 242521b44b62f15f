//! Finding certificates: one by any of its ids, many by a filter, page by page along an index.

use chancery_core::certificate::Certificate;
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::key::KeyId;
use chancery_core::name::Name;
use chancery_core::role::Right;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use crate::store::{CertificateKey, IssuerKey};
use crate::{App, Caller, Error};

/// How a certificate is named by a caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CertificateRef {
    /// By its number.
    Number(CertificateNumber),
    /// By its 96-bit id.
    Id(CertificateId),
    /// By its readable name.
    Name(String),
    /// By issuer and serial number.
    Issued(Name, Serial),
}

/// Which certificates to list, and in what order. All conditions hold together.
#[derive(Clone, Debug)]
pub struct CertificateFilter {
    /// Only those of this owner.
    pub owner: Option<UserId>,
    /// Only those of this domain.
    pub domain: Option<DomainId>,
    /// Only those with this issuer, in whatever spelling.
    pub issuer: Option<Name>,
    /// Only the one with this serial number; needs the issuer.
    pub serial: Option<Serial>,
    /// Only those with this key.
    pub subject_key_id: Option<KeyId>,
    /// Only those whose subject, as OpenSSL's one line (`/C=US/CN=Joe`), holds this text, whatever its case.
    pub subject_contains: Option<String>,
    /// Only those with this standing at `now`. None lists everything but deleted and purged ones.
    pub status: Option<StatusFilter>,
    /// The moment at which expiry is judged.
    pub now: Time,
    /// The order, with the place after which the page starts.
    pub order: Order,
}

/// A standing to filter by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StatusFilter {
    /// Not signed yet.
    Pending,
    /// Good and not expired.
    Active,
    /// On hold and not expired.
    OnHold,
    /// Revoked for good.
    Revoked,
    /// Over, having been active or on hold.
    Expired,
    /// Deleted, not purged.
    Deleted,
    /// Purged.
    Purged,
    /// Every one, deleted and purged ones too.
    Any,
}

/// The order of a listing, with the last item of the page before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Order {
    /// Oldest first, after that number.
    Number(Option<CertificateNumber>),
    /// Newest first, before that number.
    NumberDescending(Option<CertificateNumber>),
    /// By subject key id, then number; after the given key id, and number if several certificates share the key.
    SubjectKeyId(Option<(KeyId, Option<CertificateNumber>)>),
}

/// Most certificates of one page. One more is given, so that whoever pages can tell whether there is another page.
pub const LARGEST_PAGE: usize = 1000;

impl CertificateFilter {
    /// Everything that is not deleted, newest first, as of `now`.
    pub fn all(now: Time) -> CertificateFilter {
        CertificateFilter {
            owner: None,
            domain: None,
            issuer: None,
            serial: None,
            subject_key_id: None,
            subject_contains: None,
            status: None,
            now,
            order: Order::NumberDescending(None),
        }
    }
}

impl StatusFilter {
    /// Every status to filter by.
    pub const ALL: [StatusFilter; 8] = [
        StatusFilter::Pending,
        StatusFilter::Active,
        StatusFilter::OnHold,
        StatusFilter::Revoked,
        StatusFilter::Expired,
        StatusFilter::Deleted,
        StatusFilter::Purged,
        StatusFilter::Any,
    ];

    /// The word of command line and native API.
    pub const fn word(self) -> &'static str {
        match self {
            StatusFilter::Pending => "pending",
            StatusFilter::Active => "active",
            StatusFilter::OnHold => "on-hold",
            StatusFilter::Revoked => "revoked",
            StatusFilter::Expired => "expired",
            StatusFilter::Deleted => "deleted",
            StatusFilter::Purged => "purged",
            StatusFilter::Any => "any",
        }
    }

    /// The filter with that word.
    pub fn parse(word: &str) -> Option<StatusFilter> {
        StatusFilter::ALL
            .into_iter()
            .find(|status| status.word() == word)
    }
}

impl App {
    /// One certificate; needs the right to read it. Deleted and purged ones are found too.
    pub async fn certificate(
        &self,
        caller: &Caller,
        which: &CertificateRef,
    ) -> Result<Certificate, Error> {
        let certificate = self.find(which).await?;
        self.require_for(
            caller,
            Right::ReadCertificates,
            "certificate.read",
            &certificate,
        )
        .await?;
        Ok(certificate)
    }

    /// A page of certificates, at most `limit` (and [`LARGEST_PAGE`]). A caller whose right does not reach everywhere
    /// must ask for what it reaches: its own user or domain. Without such a condition it gets what it reaches.
    pub async fn certificates(
        &self,
        caller: &Caller,
        mut filter: CertificateFilter,
        limit: usize,
    ) -> Result<Vec<Certificate>, Error> {
        self.narrow_to_reach(caller, &mut filter).await?;
        Ok(self
            .store()
            .certificates(filter, limit.clamp(1, LARGEST_PAGE + 1))
            .await?)
    }

    /// One certificate, whoever asks.
    pub(crate) async fn find(&self, which: &CertificateRef) -> Result<Certificate, Error> {
        let key = match which {
            CertificateRef::Number(number) => CertificateKey::Number(*number),
            CertificateRef::Id(id) => CertificateKey::Id(*id),
            CertificateRef::Name(name) => CertificateKey::Name(name.clone()),
            CertificateRef::Issued(issuer, serial) => {
                CertificateKey::Issued(IssuerKey::of(issuer), serial.clone())
            }
        };
        self.store()
            .certificate(key)
            .await?
            .ok_or(Error::NotFound("certificate"))
    }
}
