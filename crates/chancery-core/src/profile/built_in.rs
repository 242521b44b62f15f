//! The profiles that are there without configuration. It must not know how they are used.

use super::{KeyRules, Lifetime, NameRules, Profile, SubjectRules};
use crate::name::attribute;
use crate::x509::{KeyUsage, eku};

impl Profile {
    /// The profiles that are there without configuration:
    /// `general` (servers and clients), `tls-server`, `tls-client`, `user` (log-in and mail), `smime`, `code-signing`,
    /// `keystone-user` (exactly what the HP Keystone document shows), `sbc` (session border controllers), `ocsp-responder`
    /// and `sub-authority`.
    pub fn built_in() -> Vec<Profile> {
        let exchange = KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT);
        let dns_or_ip = NameRules {
            email: false,
            uri: false,
            required: true,
            ..NameRules::ANY
        };
        let mail = NameRules {
            email: true,
            required: true,
            ..NameRules::NONE
        };
        vec![
            Profile {
                key_usage: exchange,
                extended_key_usage: vec![eku::SERVER_AUTH, eku::CLIENT_AUTH],
                ..Profile::end_entity("general", 365, 825)
            },
            Profile {
                key_usage: exchange,
                extended_key_usage: vec![eku::SERVER_AUTH],
                names: dns_or_ip,
                ..Profile::end_entity("tls-server", 90, 397)
            },
            Profile {
                extended_key_usage: vec![eku::CLIENT_AUTH],
                self_service: true,
                ..Profile::end_entity("tls-client", 365, 825)
            },
            Profile {
                key_usage: exchange,
                extended_key_usage: vec![eku::CLIENT_AUTH, eku::EMAIL_PROTECTION],
                subject: SubjectRules::not_empty(),
                names: NameRules {
                    dns: false,
                    ip: false,
                    ..NameRules::ANY
                },
                self_service: true,
                ..Profile::end_entity("user", 365, 1096)
            },
            Profile {
                key_usage: exchange.union(KeyUsage::KEY_AGREEMENT),
                extended_key_usage: vec![eku::EMAIL_PROTECTION],
                names: mail,
                self_service: true,
                ..Profile::end_entity("smime", 365, 825)
            },
            Profile {
                extended_key_usage: vec![eku::CODE_SIGNING],
                subject: SubjectRules::not_empty(),
                names: NameRules::NONE,
                ..Profile::end_entity("code-signing", 365, 1096)
            },
            Profile::keystone_user(),
            Profile::sbc(),
            Profile::ocsp_responder(),
            Profile::sub_authority(),
        ]
    }

    /// An Oracle session border controller's: it is server and client of the same peers at once, and has the keys and the
    /// names that its `certificate-record` can have. That has no alternative name by default, so none is asked for: peers then look at
    /// the common name (RFC 5922, section 7.1).
    fn sbc() -> Profile {
        Profile {
            keys: KeyRules {
                p521: false,
                ed25519: false,
                ..KeyRules::MODERN
            },
            subject: SubjectRules {
                required: vec![attribute::COMMON_NAME],
                allowed: Some(vec![
                    attribute::COUNTRY,
                    attribute::STATE_OR_PROVINCE,
                    attribute::LOCALITY,
                    attribute::ORGANIZATION,
                    attribute::ORGANIZATIONAL_UNIT,
                    attribute::COMMON_NAME,
                ]),
                ..SubjectRules::not_empty()
            },
            key_usage: KeyUsage::DIGITAL_SIGNATURE.union(KeyUsage::KEY_ENCIPHERMENT),
            extended_key_usage: vec![eku::SERVER_AUTH, eku::CLIENT_AUTH],
            ..Profile::end_entity("sbc", 365, 397)
        }
    }

    /// An authority's under another one, which signs no further authorities. Only who may change authorities gets one.
    fn sub_authority() -> Profile {
        let profile = Profile::authority("sub-authority", 3650, Some(0));
        Profile {
            lifetime: Lifetime {
                max_days: 7300,
                ..profile.lifetime
            },
            ..profile
        }
    }

    /// A delegated OCSP responder's (RFC 6960, section 4.2.2.2).
    fn ocsp_responder() -> Profile {
        Profile {
            subject: SubjectRules::not_empty(),
            names: NameRules::NONE,
            extended_key_usage: vec![eku::OCSP_SIGNING],
            ocsp_nocheck: true,
            ..Profile::end_entity("ocsp-responder", 30, 90)
        }
    }

    /// The HP Keystone document's created certificate: 3650 days from the moment, digital signature and client
    /// authentication, both critical.
    fn keystone_user() -> Profile {
        Profile {
            lifetime: Lifetime {
                default_days: 3650,
                max_days: 3650,
                backdate_seconds: 0,
            },
            subject: SubjectRules::not_empty(),
            extended_key_usage: vec![eku::CLIENT_AUTH],
            extended_key_usage_critical: true,
            self_service: true,
            ..Profile::end_entity("keystone-user", 3650, 3650)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_profiles_have_unique_plain_names_and_sane_lifetimes() {
        let profiles = Profile::built_in();
        for (at, profile) in profiles.iter().enumerate() {
            assert!(
                crate::authority::is_plain_name(&profile.name),
                "{}",
                profile.name
            );
            assert!(
                profile.lifetime.default_days <= profile.lifetime.max_days,
                "{}",
                profile.name
            );
            assert!(
                !profiles[..at].iter().any(|p| p.name == profile.name),
                "{} twice",
                profile.name
            );
        }
    }
}
