//! The authorities of a first start, by the configuration: a root, and one under it that issues. Must not touch the store.

use chancery_core::authority::Authority;
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::plan::{Issuer, Planned, Request, plan};
use chancery_core::profile::Profile;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use crate::addresses::PublicUrl;
use crate::config::AppConfig;
use crate::keys::software::{self, SoftwareKey};
use crate::keys::{PrivateKey, Signer};
use crate::{Error, random};

const ROOT: &str = "root";

/// An authority with its key, not stored yet.
pub(crate) struct FirstAuthority {
    pub(crate) authority: Authority,
    pub(crate) key: PrivateKey,
}

/// The root, and the authority that it has signed. RSA keys take seconds to make.
///
/// # Errors
/// [`Error::Invalid`] if the configuration was not checked, else [`Error::Internal`].
pub(crate) fn first_authorities(
    config: &AppConfig,
    url: &PublicUrl,
    now: Time,
) -> Result<[FirstAuthority; 2], Error> {
    let wanted = &config.authority;
    let key = new_key(&wanted.root_key)?;
    let signer = SoftwareKey::from_pkcs8(&key)?;
    let profile = Profile::authority(ROOT, wanted.root_days, None);
    let asked = request(&wanted.root_subject, &key)?;
    let planned = plan(asked, &profile, Issuer::Itself, serial()?, now)?;
    let root = FirstAuthority {
        authority: signed(ROOT, None, &planned, &signer)?,
        key,
    };

    let name = &config.issue.authority;
    let key = new_key(&wanted.issuing_key)?;
    let profile = Profile::authority(name, wanted.issuing_days, Some(0));
    let asked = request(&wanted.issuing_subject, &key)?;
    let addresses = url.addresses(ROOT, true);
    let by = Issuer::Authority(&root.authority, &addresses);
    let planned = plan(asked, &profile, by, serial()?, now)?;
    let issuing = FirstAuthority {
        authority: signed(name, Some(ROOT), &planned, &signer)?,
        key,
    };
    Ok([root, issuing])
}

fn new_key(word: &str) -> Result<PrivateKey, Error> {
    let algorithm =
        KeyAlgorithm::parse(word).ok_or_else(|| Error::Invalid(format!("{word:?} is no key")))?;
    Ok(software::generate(algorithm)?)
}

fn request(subject: &str, key: &PrivateKey) -> Result<Request, Error> {
    Ok(Request {
        subject: Name::parse(subject).map_err(|error| Error::Invalid(error.to_string()))?,
        names: Vec::new(),
        public_key: software::public_key_of(key)?,
        not_before: None,
        not_after: None,
    })
}

fn serial() -> Result<Serial, Error> {
    Ok(Serial::from_random(random::octets()?))
}

fn signed(
    name: &str,
    parent: Option<&str>,
    planned: &Planned,
    signer: &SoftwareKey,
) -> Result<Authority, Error> {
    let der = planned.finish(&signer.sign(planned)?);
    let der = der.map_err(Error::internal)?;
    Authority::new(0, name.to_owned(), der, parent.map(str::to_owned))
        .map_err(|error| Error::internal(error.0))
}
