//! Finding certificates: one by any of its ids, many by a filter, page by page along an index or by place and total.

use chancery_core::certificate::{Certificate, State};
use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::key::KeyId;
use chancery_core::name::Name;
use chancery_core::role::Right;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use crate::store::certificates::{CertificateKey, IssuerKey};
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
    /// By issuer and serial number, as the certificate itself says them: what is not signed yet is not found so.
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
    /// Only those whose subject is like this.
    pub subject: Option<SubjectCondition>,
    /// Only those with this standing at `now`. None lists everything but deleted and purged ones.
    pub status: Option<StatusFilter>,
    /// The moment at which expiry is judged.
    pub now: Time,
    /// The order, with the place after which the page starts.
    pub order: Order,
}

/// What must hold of a subject as OpenSSL's one line (`/C=US/CN=Joe`, see [`Name::to_openssl_oneline`]). Texts are taken
/// literally: there are no wildcards. Case is that of ASCII letters, for the line has no others.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SubjectCondition {
    /// It holds this text, as written.
    Contains(String),
    /// It holds this text, whatever its case.
    ContainsIgnoringCase(String),
    /// It is exactly one of these, at most [`MOST_TEXTS`]; with none of them nothing is found.
    IsOneOf(Vec<String>),
    /// It is this, whatever its case.
    IsIgnoringCase(String),
}

/// A stretch of a listing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// The certificates, in the filter's order.
    pub certificates: Vec<Certificate>,
    /// How many pass the filter in all, at the very moment at which the certificates were read.
    pub total: u64,
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
    /// Whatever is listed but is not pending: what relying parties could ever have seen.
    Signed,
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

/// Most texts of a [`SubjectCondition::IsOneOf`].
pub const MOST_TEXTS: usize = 100;

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
            subject: None,
            status: None,
            now,
            order: Order::NumberDescending(None),
        }
    }
}

impl SubjectCondition {
    /// Does it hold of this line?
    pub fn holds(&self, line: &str) -> bool {
        match self {
            SubjectCondition::Contains(text) => line.contains(text),
            SubjectCondition::ContainsIgnoringCase(text) => line
                .to_ascii_lowercase()
                .contains(&text.to_ascii_lowercase()),
            SubjectCondition::IsOneOf(texts) => texts.iter().any(|text| text == line),
            SubjectCondition::IsIgnoringCase(text) => line.eq_ignore_ascii_case(text),
        }
    }

    /// Its texts: what must be in the line, or be it, at least one of them.
    pub(crate) fn texts(&self) -> &[String] {
        match self {
            SubjectCondition::IsOneOf(texts) => texts,
            SubjectCondition::Contains(text)
            | SubjectCondition::ContainsIgnoringCase(text)
            | SubjectCondition::IsIgnoringCase(text) => std::slice::from_ref(text),
        }
    }
}

impl StatusFilter {
    /// Every status to filter by.
    pub const ALL: [StatusFilter; 9] = [
        StatusFilter::Pending,
        StatusFilter::Active,
        StatusFilter::OnHold,
        StatusFilter::Revoked,
        StatusFilter::Expired,
        StatusFilter::Deleted,
        StatusFilter::Purged,
        StatusFilter::Signed,
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
            StatusFilter::Signed => "signed",
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
        few_texts(&filter)?;
        self.narrow_to_reach(caller, &mut filter).await?;
        Ok(self
            .store()
            .certificates(filter, limit.clamp(1, LARGEST_PAGE + 1))
            .await?)
    }

    /// The certificates that follow the first `offset` of a listing, at most `limit` (and [`LARGEST_PAGE`]; 0 asks for
    /// the total alone), with the number of all that pass the filter. Both are read at one moment. The offset counts from
    /// the place at which the filter's order starts; the total does not depend on it. Reach is as in [`App::certificates`].
    ///
    /// # Errors
    /// [`Error::Invalid`] with more than [`MOST_TEXTS`] texts.
    pub async fn certificate_window(
        &self,
        caller: &Caller,
        mut filter: CertificateFilter,
        offset: u64,
        limit: usize,
    ) -> Result<Window, Error> {
        few_texts(&filter)?;
        self.narrow_to_reach(caller, &mut filter).await?;
        Ok(self
            .store()
            .window(filter, offset, limit.min(LARGEST_PAGE))
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
        let found = self.store().certificate(key).await?;
        let by_its_own_words = matches!(which, CertificateRef::Issued(..));
        found
            .filter(|found| !by_its_own_words || found.state != State::Pending)
            .ok_or(Error::NotFound("certificate"))
    }
}

fn few_texts(filter: &CertificateFilter) -> Result<(), Error> {
    match &filter.subject {
        Some(SubjectCondition::IsOneOf(texts)) if texts.len() > MOST_TEXTS => {
            Err(Error::Invalid(format!(
                "{} subjects are too many to look for at once: name at most {MOST_TEXTS}",
                texts.len()
            )))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_of_lines() {
        use SubjectCondition::{Contains, ContainsIgnoringCase, IsIgnoringCase, IsOneOf};
        let line = "/C=US/CN=Joe 100%";
        let some = |text: &str| text.to_owned();
        for (condition, want) in [
            (Contains(some("Joe")), true),
            (Contains(some("joe")), false),
            (Contains(some("")), true),
            (Contains(some("Joe _00%")), false),
            (ContainsIgnoringCase(some("cn=jOE")), true),
            (ContainsIgnoringCase(some("j%e")), false),
            (IsOneOf(vec![]), false),
            (IsOneOf(vec![some("x"), some(line)]), true),
            (IsOneOf(vec![some("/c=us/cn=joe 100%")]), false),
            (IsIgnoringCase(some("/c=us/cn=joe 100%")), true),
            (IsIgnoringCase(some("/c=us/cn=joe")), false),
        ] {
            assert_eq!(condition.holds(line), want, "{condition:?}");
        }
    }

    #[test]
    fn so_many_texts_are_looked_for_and_no_more() {
        let filter = |count| CertificateFilter {
            subject: Some(SubjectCondition::IsOneOf(vec![String::new(); count])),
            ..CertificateFilter::all(Time::from_unix(0))
        };
        few_texts(&CertificateFilter::all(Time::from_unix(0))).unwrap();
        few_texts(&filter(0)).unwrap();
        few_texts(&filter(MOST_TEXTS)).unwrap();
        let Err(Error::Invalid(words)) = few_texts(&filter(MOST_TEXTS + 1)) else {
            panic!("too many were taken");
        };
        assert!(words.contains("at most 100"), "{words}");
    }
}
