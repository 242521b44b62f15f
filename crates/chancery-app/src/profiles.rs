//! The profiles at work: the built-in ones and those of the configuration, which may replace them.

use chancery_core::profile::{BasicConstraints, NameRules, Profile, SubjectRules};
use chancery_core::x509::{KeyUsage, eku};

use crate::config::ProfileConfig;
use crate::{App, Caller, Error};

impl App {
    /// Every profile. Any caller may know what can be asked for.
    pub fn profiles(&self, _caller: &Caller) -> &[Profile] {
        &self.0.profiles
    }

    /// The profile of that name.
    pub(crate) fn profile(&self, name: &str) -> Result<&Profile, Error> {
        let profiles = &self.0.profiles;
        profiles
            .iter()
            .find(|profile| profile.name == name)
            .ok_or_else(|| {
                let names: Vec<&str> = profiles
                    .iter()
                    .map(|profile| profile.name.as_str())
                    .collect();
                Error::Invalid(format!(
                    "there is no such profile: take one of {}",
                    names.join(", ")
                ))
            })
    }
}

/// The built-in profiles, with those of the configuration added or put in their place. The error names the bad one.
pub(crate) fn all(configured: &[ProfileConfig]) -> Result<Vec<Profile>, String> {
    let mut profiles = Profile::built_in();
    for config in configured {
        let profile =
            from_config(config).map_err(|error| format!("profile {:?}: {error}", config.name))?;
        profiles.retain(|there| there.name != profile.name);
        profiles.push(profile);
    }
    Ok(profiles)
}

fn from_config(config: &ProfileConfig) -> Result<Profile, String> {
    if !chancery_core::authority::is_plain_name(&config.name) {
        return Err("a name has lower-case letters, digits and hyphens".to_owned());
    }
    if config.default_days == 0 || config.default_days > config.max_days {
        return Err("default_days must lie between 1 and max_days".to_owned());
    }
    let mut key_usage = KeyUsage::default();
    for word in &config.key_usage {
        let usage = KeyUsage::parse(word).ok_or_else(|| format!("key_usage: {word:?} is none"))?;
        key_usage = key_usage.union(usage);
    }
    let authoritys =
        key_usage.contains(KeyUsage::KEY_CERT_SIGN) || key_usage.contains(KeyUsage::CRL_SIGN);
    if authoritys || key_usage.is_empty() {
        return Err(
            "key_usage: name at least one that is neither keyCertSign nor cRLSign".to_owned(),
        );
    }
    let mut extended_key_usage = Vec::new();
    for word in &config.extended_key_usage {
        extended_key_usage
            .push(eku::parse(word).ok_or_else(|| format!("extended_key_usage: {word:?} is none"))?);
    }
    let has = |kind: &str| config.names.iter().any(|name| name == kind);
    if let Some(other) = config
        .names
        .iter()
        .find(|n| !matches!(n.as_str(), "dns" | "email" | "ip" | "uri"))
    {
        return Err(format!("names: {other:?} is none of dns, email, ip, uri"));
    }
    Ok(Profile {
        key_usage,
        extended_key_usage,
        extended_key_usage_critical: config.extended_key_usage_critical,
        names: NameRules {
            dns: has("dns"),
            email: has("email"),
            ip: has("ip"),
            uri: has("uri"),
            required: config.name_required,
        },
        subject: if config.subject_required {
            SubjectRules::not_empty()
        } else {
            SubjectRules::any()
        },
        basic_constraints: BasicConstraints::Absent,
        self_service: config.self_service,
        ..Profile::end_entity(&config.name, config.default_days, config.max_days)
    })
}
