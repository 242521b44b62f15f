//! The profiles at work: the built-in ones and those of the configuration, which may replace them.

mod configured;
mod sample;

use chancery_core::profile::Profile;
use chancery_core::x509::eku;

use crate::authority::SUB_AUTHORITY;
use crate::config::AppConfig;
use crate::{App, Caller, Error};

pub use configured::ProfileConfig;
pub use sample::{ProfileSample, Sampler};

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

impl AppConfig {
    /// Every profile by this configuration: the built-in ones, with those of the file added or put in their place.
    ///
    /// # Errors
    /// A line that names the bad profile and the bad key.
    pub fn profiles(&self) -> Result<Vec<Profile>, String> {
        let mut profiles = Profile::built_in();
        for (at, config) in self.profile.iter().enumerate() {
            let name = &config.name;
            let named = |error: String| format!("profile {name:?}: {error}");
            if self
                .profile
                .iter()
                .take(at)
                .any(|other| other.name == *name)
            {
                return Err(named("there are two of that name".to_owned()));
            }
            let profile = config.to_profile().map_err(named)?;
            keeps_its_meaning(&profile).map_err(named)?;
            match profiles.iter_mut().find(|there| there.name == *name) {
                Some(there) => *there = profile,
                None => profiles.push(profile),
            }
        }
        Ok(profiles)
    }
}

/// The server itself issues by some profiles, and relies on what they are.
fn keeps_its_meaning(profile: &Profile) -> Result<(), String> {
    let purposes = &profile.extended_key_usage;
    let lacking = match profile.name.as_str() {
        SUB_AUTHORITY if !profile.is_authoritys() => "authority = true",
        "ocsp-responder" if !purposes.contains(&eku::OCSP_SIGNING) => "OCSPSigning",
        "tls-server" if !purposes.contains(&eku::SERVER_AUTH) => "serverAuth",
        _ => return Ok(()),
    };
    Err(format!(
        "the server itself issues by it, and needs {lacking}: take another name for another kind of certificate"
    ))
}
