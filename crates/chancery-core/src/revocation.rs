//! Why a certificate is revoked: the reasons of RFC 5280, section 5.3.1.

use std::fmt;

/// A revocation reason. `removeFromCRL` is no reason of a certificate, only of a delta CRL's entry, so it is not here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Reason {
    /// No reason given (0). Left out of CRL entries, as RFC 5280 asks.
    Unspecified,
    /// The subject's private key is known or suspected to be compromised (1).
    KeyCompromise,
    /// The issuing authority's key is known or suspected to be compromised (2).
    CaCompromise,
    /// The subject's name or other facts changed (3).
    AffiliationChanged,
    /// Replaced by another certificate (4).
    Superseded,
    /// No longer needed for what it was issued for (5).
    CessationOfOperation,
    /// On hold: the one reversible reason (6).
    CertificateHold,
    /// A privilege in the certificate was withdrawn (9).
    PrivilegeWithdrawn,
    /// An attribute authority is compromised (10).
    AaCompromise,
}

impl Reason {
    /// Every reason, in the order of their codes.
    pub const ALL: [Reason; 9] = [
        Reason::Unspecified,
        Reason::KeyCompromise,
        Reason::CaCompromise,
        Reason::AffiliationChanged,
        Reason::Superseded,
        Reason::CessationOfOperation,
        Reason::CertificateHold,
        Reason::PrivilegeWithdrawn,
        Reason::AaCompromise,
    ];

    /// The CRLReason code.
    pub const fn code(self) -> u8 {
        match self {
            Reason::Unspecified => 0,
            Reason::KeyCompromise => 1,
            Reason::CaCompromise => 2,
            Reason::AffiliationChanged => 3,
            Reason::Superseded => 4,
            Reason::CessationOfOperation => 5,
            Reason::CertificateHold => 6,
            Reason::PrivilegeWithdrawn => 9,
            Reason::AaCompromise => 10,
        }
    }

    /// The reason with that CRLReason code.
    pub fn from_code(code: u8) -> Option<Reason> {
        Reason::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// The word for configuration, command line and native API: `key-compromise`.
    pub const fn word(self) -> &'static str {
        match self {
            Reason::Unspecified => "unspecified",
            Reason::KeyCompromise => "key-compromise",
            Reason::CaCompromise => "ca-compromise",
            Reason::AffiliationChanged => "affiliation-changed",
            Reason::Superseded => "superseded",
            Reason::CessationOfOperation => "cessation-of-operation",
            Reason::CertificateHold => "certificate-hold",
            Reason::PrivilegeWithdrawn => "privilege-withdrawn",
            Reason::AaCompromise => "aa-compromise",
        }
    }

    /// Reads a reason however a product spells it: `key-compromise`, `keyCompromise`, `Key Compromise`, `KEY_COMPROMISE`.
    pub fn parse(text: &str) -> Option<Reason> {
        let squeeze = |s: &str| {
            s.chars()
                .filter(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect::<String>()
        };
        let wanted = squeeze(text);
        Reason::ALL
            .into_iter()
            .find(|reason| squeeze(reason.word()) == wanted)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_code_and_word() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert_eq!(Reason::parse(reason.word()), Some(reason));
        }
        for code in [7, 8, 11, 255] {
            assert_eq!(Reason::from_code(code), None);
        }
    }

    #[test]
    fn spellings_of_products_are_read() {
        for (text, want) in [
            ("Key Compromise", Reason::KeyCompromise),
            ("keyCompromise", Reason::KeyCompromise),
            ("CA_COMPROMISE", Reason::CaCompromise),
            ("Cessation Of Operation", Reason::CessationOfOperation),
            ("Certificate Hold", Reason::CertificateHold),
        ] {
            assert_eq!(Reason::parse(text), Some(want), "{text}");
        }
        assert_eq!(Reason::parse("because"), None);
        assert_eq!(Reason::parse(""), None);
    }
}
