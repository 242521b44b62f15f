//! Samples of what a profile would issue: by the core's own plan, with keys and authorities that are made for the moment,
//! have the configured authorities' names, and are thrown away. Must not touch the store or a key of ours.

use chancery_core::authority::Authority;
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::{Name, NameError, Oid, attribute};
use chancery_core::plan::{self, Addresses, Issuer, Planned, Request};
use chancery_core::profile::{NameRules, Profile, SubjectRules};
use chancery_core::san::GeneralName;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use chancery_core::x509::eku;

use crate::addresses::PublicUrl;
use crate::authority::first_authorities;
use crate::config::AppConfig;
use crate::keys::software::{self, SoftwareKey};
use crate::keys::{PrivateKey, Signer};
use crate::{Clock, Error, random};

/// Makes samples.
pub struct Sampler {
    root: Throwaway,
    issuing: Throwaway,
    /// One of each kind, made when first asked for.
    keys: Vec<(KeyAlgorithm, PrivateKey)>,
    now: Time,
}

/// What a profile would issue to one kind of key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProfileSample {
    /// The kind of key.
    pub key: KeyAlgorithm,
    /// A certificate, DER; else why nothing is issued.
    pub issued: Result<Vec<u8>, plan::Refusal>,
}

/// An authority for the moment.
struct Throwaway {
    authority: Authority,
    addresses: Addresses,
    key: SoftwareKey,
}

/// The kinds of keys that are sampled; of RSA the smallest that the profile certifies.
const KINDS: [&[KeyAlgorithm]; 5] = [
    &[
        KeyAlgorithm::Rsa(2048),
        KeyAlgorithm::Rsa(3072),
        KeyAlgorithm::Rsa(4096),
    ],
    &[KeyAlgorithm::P256],
    &[KeyAlgorithm::P384],
    &[KeyAlgorithm::P521],
    &[KeyAlgorithm::Ed25519],
];

/// What samples are named: hosts and addresses that are kept for examples (RFC 2606, RFC 5737).
const HOST: &str = "host.example.com";
const AUTHORITY: &str = "Example Authority";
const PERSON: &str = "Joe Example";
const MAIL: &str = "joe@example.com";
const ADDRESS: &str = "192.0.2.1";
const URI: &str = "https://host.example.com/";

impl Sampler {
    /// Throw-away authorities like those of the configuration. `public_url` is what certificates name, without a slash
    /// at its end. RSA authorities take seconds to make.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the configuration was not checked, else [`Error::Internal`].
    pub fn new(config: &AppConfig, public_url: &str, clock: &Clock) -> Result<Sampler, Error> {
        let now = clock.now();
        let url = PublicUrl::new(public_url, &config.crl);
        let [root, issuing] = first_authorities(config, &url, now)?;
        let root = Throwaway {
            addresses: url.addresses(&root.authority.name, true),
            key: SoftwareKey::from_pkcs8(&root.key)?,
            authority: root.authority,
        };
        let issuing = Throwaway {
            addresses: Addresses {
                ocsp: vec![url.ocsp()],
                ..url.addresses(&issuing.authority.name, false)
            },
            key: SoftwareKey::from_pkcs8(&issuing.key)?,
            authority: issuing.authority,
        };
        Ok(Sampler {
            root,
            issuing,
            keys: Vec::new(),
            now,
        })
    }

    /// What this profile would issue to each kind of key that it certifies, by the issuing authority, and by the root to
    /// authorities.
    ///
    /// # Errors
    /// [`Error::Internal`] if a key cannot be made. What the profile refuses is told in the samples.
    pub fn samples(&mut self, profile: &Profile) -> Result<Vec<ProfileSample>, Error> {
        let certified = |kind: &&[KeyAlgorithm]| {
            let mut sizes = kind.iter().copied();
            sizes.find(|key| profile.keys.allow(*key))
        };
        let kinds = KINDS.iter().filter_map(certified);
        kinds.map(|key| self.sample(profile, key)).collect()
    }

    fn sample(&mut self, profile: &Profile, key: KeyAlgorithm) -> Result<ProfileSample, Error> {
        let request = self.request(profile, key)?;
        let by = match profile.is_authoritys() {
            true => &self.root,
            false => &self.issuing,
        };
        let issued = match plan::plan(request, profile, by.issuer(), serial()?, self.now) {
            Ok(planned) => Ok(signed(&planned, &by.key)?),
            Err(refusal) => Err(refusal),
        };
        Ok(ProfileSample { key, issued })
    }

    fn request(&mut self, profile: &Profile, key: KeyAlgorithm) -> Result<Request, Error> {
        if !self.keys.iter().any(|(kind, _)| *kind == key) {
            self.keys.push((key, software::generate(key)?));
        }
        let made = self.keys.iter().find(|(kind, _)| *kind == key);
        let (_, made) = made.ok_or_else(|| Error::internal("no key was made"))?;
        Ok(Request {
            subject: subject(profile).map_err(Error::internal)?,
            names: names(profile.names),
            public_key: software::public_key_of(made)?,
            not_before: None,
            not_after: None,
        })
    }
}

impl std::fmt::Debug for Sampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sampler")
    }
}

impl Throwaway {
    fn issuer(&self) -> Issuer<'_> {
        Issuer::Authority(&self.authority, &self.addresses)
    }
}

fn signed(planned: &Planned, key: &SoftwareKey) -> Result<Vec<u8>, Error> {
    planned.finish(&key.sign(planned)?).map_err(Error::internal)
}

fn serial() -> Result<Serial, Error> {
    Ok(Serial::from_random(random::octets()?))
}

/// A subject that the rules take: what they require, and a common name where they allow one.
fn subject(profile: &Profile) -> Result<Name, NameError> {
    let SubjectRules {
        required, allowed, ..
    } = &profile.subject;
    let may_hold = |oid: &Oid| allowed.as_ref().is_none_or(|allowed| allowed.contains(oid));
    let mut attributes = required.clone();
    if !attributes.contains(&attribute::COMMON_NAME) && may_hold(&attribute::COMMON_NAME) {
        attributes.push(attribute::COMMON_NAME);
    }
    if attributes.is_empty() && !profile.subject.may_be_empty {
        attributes.extend(allowed.iter().flatten().next());
    }
    let is_server = profile.names.dns && profile.extended_key_usage.contains(&eku::SERVER_AUTH);
    let common_name = match profile.is_authoritys() {
        true => AUTHORITY,
        false if is_server => HOST,
        false => PERSON,
    };
    let build = attributes.into_iter().fold(Name::build(), |name, oid| {
        name.push(oid, value(&oid, common_name))
    });
    build.finish()
}

/// A value that fits the attribute type.
fn value<'a>(oid: &Oid, common_name: &'a str) -> &'a str {
    match *oid {
        attribute::COMMON_NAME => common_name,
        attribute::COUNTRY | attribute::JURISDICTION_COUNTRY => "DE",
        attribute::EMAIL_ADDRESS | attribute::MAIL => MAIL,
        attribute::DOMAIN_COMPONENT => "example",
        attribute::SERIAL_NUMBER | attribute::DN_QUALIFIER | attribute::USER_ID => "7",
        _ => "Example",
    }
}

/// One name of each form that the rules allow.
fn names(rules: NameRules) -> Vec<GeneralName> {
    let forms = [
        (rules.dns, GeneralName::dns(HOST)),
        (rules.ip, GeneralName::ip(ADDRESS)),
        (rules.email, GeneralName::email(MAIL)),
        (rules.uri, GeneralName::uri(URI)),
    ];
    let allowed = forms.into_iter().filter(|(allowed, _)| *allowed);
    allowed.filter_map(|(_, name)| name.ok()).collect()
}

#[cfg(test)]
mod tests {
    use chancery_core::x509;

    use super::*;
    use crate::profiles::ProfileConfig;

    fn sampler() -> Sampler {
        Sampler::new(&AppConfig::default(), "http://ca.example", &Clock::System).unwrap()
    }

    #[test]
    fn every_built_in_profile_has_a_sample_for_each_kind_of_key() {
        let mut sampler = sampler();
        for profile in Profile::built_in() {
            let samples = sampler.samples(&profile).unwrap();
            let kinds = match profile.name.as_str() {
                // The controller has no other keys.
                "sbc" => 3,
                _ => 5,
            };
            assert_eq!(samples.len(), kinds, "{}", profile.name);
            for sample in samples {
                let der = sample.issued.unwrap();
                let facts = x509::read_certificate(&der).unwrap();
                let by = match profile.is_authoritys() {
                    true => &sampler.root,
                    false => &sampler.issuing,
                };
                assert_eq!(facts.public_key.algorithm(), sample.key);
                assert_eq!(&facts.issuer, by.authority.subject());
                assert_eq!(facts.is_authority, profile.is_authoritys());
                assert_eq!(
                    facts.key_usage,
                    Some(profile.key_usage_for(sample.key)),
                    "{}",
                    profile.name
                );
                let signer = by.key.public_key();
                assert!(x509::verify_certificate(&der, signer));
            }
        }
    }

    /// The rules of a profile, and what becomes of its samples: the subject, or the refusal.
    #[test]
    fn samples_keep_to_the_rules() {
        let base = ProfileConfig {
            subject_attributes_allowed: None,
            ..ProfileConfig::of(&Profile::end_entity("x", 1, 1))
        };
        let words = |list: &[&str]| {
            list.iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        for (required, allowed, names, want) in [
            (&[][..], None, &[][..], Ok("CN=Joe Example")),
            (&["C", "O"], None, &[], Ok("CN=Joe Example,O=Example,C=DE")),
            (&[], Some(&["O", "OU"][..]), &[], Ok("O=Example")),
            (
                &["emailAddress"],
                None,
                &["email"],
                Ok("CN=Joe Example,emailAddress=joe@example.com"),
            ),
            (
                &["emailAddress"],
                None,
                &[],
                Err(plan::Refusal::SubjectMailNotAllowed),
            ),
        ] {
            let config = ProfileConfig {
                subject_required: true,
                subject_attributes_required: words(required),
                subject_attributes_allowed: allowed.map(words),
                names: words(names),
                ..base.clone()
            };
            let profile = config.to_profile().unwrap();
            let mut sampler = sampler();
            for sample in sampler.samples(&profile).unwrap() {
                let subject = sample.issued.map(|der| {
                    let facts = x509::read_certificate(&der).unwrap();
                    facts.subject.to_rfc4514()
                });
                assert_eq!(subject, want.clone().map(str::to_owned), "{required:?}");
            }
        }
    }
}
