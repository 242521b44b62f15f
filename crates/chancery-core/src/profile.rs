//! Profiles: the rules by which a kind of certificate is issued, and what it then says.

mod built_in;
mod findings;

pub use findings::{Finding, Severity};

use der::oid::ObjectIdentifier;

use crate::key::KeyAlgorithm;
use crate::x509::{KeyUsage, eku};

/// The rules of one kind of certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Profile {
    /// Its unique name: lower-case letters, digits and hyphens.
    pub name: String,
    /// What keys are certified.
    pub keys: KeyRules,
    /// How long certificates live.
    pub lifetime: Lifetime,
    /// What subjects may hold.
    pub subject: SubjectRules,
    /// What alternative names may hold.
    pub names: NameRules,
    /// Key usage, written critical. What an algorithm cannot do (key encipherment with EC keys, key agreement with RSA
    /// keys) is left out of the certificate by itself (RFC 3279, section 2.3.1; RFC 5480, section 3; RFC 8410, section 5).
    pub key_usage: KeyUsage,
    /// Extended key usage; none leaves the extension out.
    pub extended_key_usage: Vec<ObjectIdentifier>,
    /// Is the extended key usage critical?
    pub extended_key_usage_critical: bool,
    /// Whether the certificate is an authority's.
    pub basic_constraints: BasicConstraints,
    /// Is it an OCSP responder's, whose own status is not asked for (RFC 6960, section 4.2.2.2.1)? It then names neither
    /// CRL nor OCSP responder, and lives shortly instead.
    pub ocsp_nocheck: bool,
    /// May users ask for it who may issue for themselves alone? Servers' and code signers' certificates vouch for more
    /// than a user, so those of the built-in profiles are not theirs to make.
    pub self_service: bool,
}

/// What keys a profile certifies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyRules {
    /// Smallest and largest RSA modulus in bits; none refuses RSA.
    pub rsa_bits: Option<(u32, u32)>,
    /// Are ECDSA keys on P-256 certified?
    pub p256: bool,
    /// Are ECDSA keys on P-384 certified?
    pub p384: bool,
    /// Are ECDSA keys on P-521 certified?
    pub p521: bool,
    /// Are Ed25519 keys certified?
    pub ed25519: bool,
}

/// How long certificates of a profile live.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lifetime {
    /// Days, if the request names no end.
    pub default_days: u32,
    /// Most days that a request can ask for.
    pub max_days: u32,
    /// Seconds by which the start lies before the time of issuing, for clocks that are behind.
    pub backdate_seconds: u32,
}

/// What subjects may hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SubjectRules {
    /// May it be empty? Then there must be an alternative name, which becomes critical (RFC 5280, section 4.1.2.6).
    pub may_be_empty: bool,
    /// Attribute types that must be there.
    pub required: Vec<ObjectIdentifier>,
    /// Attribute types that may be there; none allows every one.
    pub allowed: Option<Vec<ObjectIdentifier>>,
}

/// What alternative names may hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NameRules {
    /// DNS names?
    pub dns: bool,
    /// Mail addresses?
    pub email: bool,
    /// IP addresses?
    pub ip: bool,
    /// URIs?
    pub uri: bool,
    /// Must there be one?
    pub required: bool,
}

/// Whether a certificate is an authority's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BasicConstraints {
    /// An end entity; the extension is left out, as RFC 5280 lets it be.
    Absent,
    /// An authority, with how many authorities may follow under it.
    Authority(Option<u8>),
}

impl KeyRules {
    /// RSA of 2048 to 4096 bits, the three curves and Ed25519.
    pub const MODERN: KeyRules = KeyRules {
        rsa_bits: Some((2048, 4096)),
        ..KeyRules::ANY
    };
    /// Every key of a known kind, whatever its size.
    pub const ANY: KeyRules = KeyRules {
        rsa_bits: Some((0, u32::MAX)),
        p256: true,
        p384: true,
        p521: true,
        ed25519: true,
    };

    /// Is such a key certified?
    pub fn allow(&self, key: KeyAlgorithm) -> bool {
        match key {
            KeyAlgorithm::Rsa(bits) => self
                .rsa_bits
                .is_some_and(|(least, most)| (least..=most).contains(&bits)),
            KeyAlgorithm::P256 => self.p256,
            KeyAlgorithm::P384 => self.p384,
            KeyAlgorithm::P521 => self.p521,
            KeyAlgorithm::Ed25519 => self.ed25519,
            KeyAlgorithm::Other(_) => false,
        }
    }
}

impl NameRules {
    /// Every form, none required.
    pub const ANY: NameRules = NameRules {
        dns: true,
        email: true,
        ip: true,
        uri: true,
        required: false,
    };
    /// None at all.
    pub const NONE: NameRules = NameRules {
        dns: false,
        email: false,
        ip: false,
        uri: false,
        required: false,
    };
}

impl SubjectRules {
    /// Anything but an empty name.
    pub const fn not_empty() -> SubjectRules {
        SubjectRules {
            may_be_empty: false,
            required: Vec::new(),
            allowed: None,
        }
    }

    /// Anything.
    pub const fn any() -> SubjectRules {
        SubjectRules {
            may_be_empty: true,
            required: Vec::new(),
            allowed: None,
        }
    }
}

impl Profile {
    /// An end entity's profile with modern keys and any subject and names: where the built-in ones start from.
    pub fn end_entity(name: &str, default_days: u32, max_days: u32) -> Profile {
        Profile {
            name: name.to_owned(),
            keys: KeyRules::MODERN,
            lifetime: Lifetime {
                default_days,
                max_days,
                backdate_seconds: 60,
            },
            subject: SubjectRules::any(),
            names: NameRules::ANY,
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            extended_key_usage: Vec::new(),
            extended_key_usage_critical: false,
            basic_constraints: BasicConstraints::Absent,
            ocsp_nocheck: false,
            self_service: false,
        }
    }

    /// An authority's profile.
    pub fn authority(name: &str, days: u32, path_length: Option<u8>) -> Profile {
        Profile {
            subject: SubjectRules::not_empty(),
            names: NameRules::NONE,
            key_usage: KeyUsage::KEY_CERT_SIGN.union(KeyUsage::CRL_SIGN),
            basic_constraints: BasicConstraints::Authority(path_length),
            ..Profile::end_entity(name, days, days)
        }
    }

    /// Could who holds such a certificate speak for the authority that signed it: by OCSP answers, or by certificates?
    pub fn speaks_for_its_authority(&self) -> bool {
        self.extended_key_usage.contains(&eku::OCSP_SIGNING) || self.is_authoritys()
    }

    /// Is it an authority's?
    pub fn is_authoritys(&self) -> bool {
        matches!(self.basic_constraints, BasicConstraints::Authority(_))
    }

    /// How many authorities may follow under such an authority, if there is a limit.
    pub fn path_length(&self) -> Option<u8> {
        match self.basic_constraints {
            BasicConstraints::Authority(path_length) => path_length,
            BasicConstraints::Absent => None,
        }
    }

    /// The key usage that a certificate with such a key carries: RSA keys agree on nothing, the others encipher nothing,
    /// and Ed25519 keys only sign.
    pub fn key_usage_for(&self, key: KeyAlgorithm) -> KeyUsage {
        let enciphering = KeyUsage::KEY_ENCIPHERMENT.union(KeyUsage::DATA_ENCIPHERMENT);
        let agreeing = KeyUsage::KEY_AGREEMENT
            .union(KeyUsage::ENCIPHER_ONLY)
            .union(KeyUsage::DECIPHER_ONLY);
        let impossible = match key {
            KeyAlgorithm::Rsa(_) => agreeing,
            KeyAlgorithm::Ed25519 => enciphering.union(agreeing),
            KeyAlgorithm::P256
            | KeyAlgorithm::P384
            | KeyAlgorithm::P521
            | KeyAlgorithm::Other(_) => enciphering,
        };
        self.key_usage.without(impossible)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_never_encipher_keys() {
        let general = &Profile::built_in()[0];
        assert!(
            general
                .key_usage_for(KeyAlgorithm::Rsa(2048))
                .contains(KeyUsage::KEY_ENCIPHERMENT)
        );
        assert_eq!(
            general.key_usage_for(KeyAlgorithm::P256),
            KeyUsage::DIGITAL_SIGNATURE
        );
    }

    #[test]
    fn mail_is_enciphered_as_the_key_can() {
        let smime = Profile::built_in()
            .into_iter()
            .find(|profile| profile.name == "smime")
            .unwrap();
        let signing = KeyUsage::DIGITAL_SIGNATURE;
        for (key, want) in [
            (
                KeyAlgorithm::Rsa(2048),
                signing.union(KeyUsage::KEY_ENCIPHERMENT),
            ),
            (KeyAlgorithm::P256, signing.union(KeyUsage::KEY_AGREEMENT)),
            (KeyAlgorithm::Ed25519, signing),
        ] {
            assert_eq!(smime.key_usage_for(key), want, "{key}");
        }
    }

    #[test]
    fn weak_and_unknown_keys_are_refused_by_modern_rules() {
        for (key, want) in [
            (KeyAlgorithm::Rsa(1024), false),
            (KeyAlgorithm::Rsa(2047), false),
            (KeyAlgorithm::Rsa(2048), true),
            (KeyAlgorithm::Rsa(4096), true),
            (KeyAlgorithm::Rsa(8192), false),
            (KeyAlgorithm::P521, true),
            (KeyAlgorithm::Ed25519, true),
            (KeyAlgorithm::Other(eku::ANY), false),
        ] {
            assert_eq!(KeyRules::MODERN.allow(key), want, "{key}");
        }
    }
}
