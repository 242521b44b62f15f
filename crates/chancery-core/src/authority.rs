//! An authority of ours: a named certificate whose private key can sign others.

mod chain;
mod request;

use crate::key::SignatureAlgorithm;
use crate::name::Name;
use crate::plan::Refusal;
use crate::revocation::Reason;
use crate::time::Time;
use crate::x509::{self, Facts, KeyUsage};

pub use chain::{BrokenChain, chain_to_root};
pub use request::{next_generation, plan_authority_request};

/// An authority as [`crate::plan::plan`] needs it. Its private key is elsewhere.
#[derive(Clone, Debug)]
pub struct Authority {
    /// Its number in the store.
    pub id: i64,
    /// Its unique name: letters, digits and hyphens (`issuing`).
    pub name: String,
    /// Its certificate's DER.
    pub certificate: Vec<u8>,
    /// The authority that signed it; none for a root.
    pub parent: Option<String>,
    /// What its certificate says.
    pub facts: Facts,
    /// May it sign certificates?
    pub standing: Standing,
    signs_with: SignatureAlgorithm,
}

/// May an authority sign certificates? Whatever keeps it from that, it goes on to sign CRLs, OCSP answers and the
/// certificate of its OCSP responder if its key is here: relying parties ask for what it signed before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// It may.
    Active,
    /// Its key is kept elsewhere (an offline root).
    KeyElsewhere,
    /// It was retired.
    Retired,
    /// Its own certificate is revoked or on hold, or that of an authority above it.
    Revoked(Reason),
}

/// Why a certificate is no authority's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotAnAuthority(pub String);

impl Authority {
    /// From its certificate, which must be one of an authority (RFC 5280, sections 4.2.1.3 and 4.2.1.9).
    pub fn new(
        id: i64,
        name: String,
        certificate: Vec<u8>,
        parent: Option<String>,
    ) -> Result<Authority, NotAnAuthority> {
        let facts = x509::read_certificate(&certificate)
            .map_err(|error| NotAnAuthority(error.to_string()))?;
        if !facts.is_authority {
            return Err(NotAnAuthority(
                "its certificate is not an authority's (basicConstraints)".to_owned(),
            ));
        }
        let may_sign = |usage: KeyUsage| usage.contains(KeyUsage::KEY_CERT_SIGN);
        if !facts.key_usage.is_none_or(may_sign) {
            return Err(NotAnAuthority(
                "its key usage does not allow signing certificates".to_owned(),
            ));
        }
        let Some(signs_with) = facts.public_key.algorithm().signs_with() else {
            return Err(NotAnAuthority(
                "its key is of a kind that does not sign here".to_owned(),
            ));
        };
        Ok(Authority {
            id,
            name,
            certificate,
            parent,
            facts,
            standing: Standing::Active,
            signs_with,
        })
    }

    /// The name under which it signs.
    pub fn subject(&self) -> &Name {
        &self.facts.subject
    }

    /// The key id that its certificates carry as authority key id: its own subject key id extension, else the SHA-1.
    pub fn key_id(&self) -> Vec<u8> {
        self.facts
            .subject_key_id
            .clone()
            .unwrap_or_else(|| self.facts.public_key.key_id().to_vec())
    }

    /// How it signs.
    pub fn signs_with(&self) -> SignatureAlgorithm {
        self.signs_with
    }

    /// The last second at which what it signed can be valid.
    pub fn not_after(&self) -> Time {
        self.facts.not_after
    }

    /// May it sign certificates at that time?
    ///
    /// # Errors
    /// What keeps it from that.
    pub fn check_signing(&self, now: Time) -> Result<(), Refusal> {
        match self.standing {
            Standing::Active if now > self.not_after() => Err(Refusal::AuthorityExpired),
            Standing::Active => Ok(()),
            Standing::KeyElsewhere => Err(Refusal::AuthorityKeyElsewhere),
            Standing::Retired => Err(Refusal::AuthorityRetired),
            Standing::Revoked(_) => Err(Refusal::AuthorityRevoked),
        }
    }

    /// May it sign the certificate of an authority under which so many others may follow?
    pub fn may_sign_authority(&self, path_length: Option<u8>) -> bool {
        match (self.facts.path_length, path_length) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(own), Some(below)) => below < own,
        }
    }

    /// May it sign certificates of other authorities?
    pub fn may_sign_authorities(&self) -> bool {
        self.facts.path_length != Some(0)
    }
}

/// Is `name` fit to name an authority or a profile? It stands in URLs and file names: 1 to 64 lower-case letters,
/// digits and hyphens, a letter or digit first.
pub fn is_plain_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !name.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::is_plain_name;

    #[test]
    fn plain_names_are_safe_in_urls_and_file_names() {
        for name in ["issuing", "root-2", "2026"] {
            assert!(is_plain_name(name), "{name}");
        }
        for name in ["", "-a", "A", "a/b", "..", "a b", "\u{e4}", &"x".repeat(65)] {
            assert!(!is_plain_name(name), "{name}");
        }
    }
}
