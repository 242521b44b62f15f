//! A profile as the configuration spells it, `[[profile]]`, and the way from there to the core's rules and back.

use chancery_core::authority::is_plain_name;
use chancery_core::name::{Oid, attribute};
use chancery_core::profile::{
    BasicConstraints, KeyRules, Lifetime, NameRules, Profile, SubjectRules,
};
use chancery_core::x509::{KeyUsage, eku};
use serde::{Deserialize, Serialize};

/// A profile in the configuration: every rule that a built-in one has.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileConfig {
    /// Its name; that of a built-in profile replaces it.
    pub name: String,
    /// Days of validity when a request names none.
    pub default_days: u32,
    /// Most days of validity that a request can ask for.
    pub max_days: u32,
    /// Seconds by which the validity starts before the moment of issuing, for clocks that are behind.
    #[serde(default = "usual_backdate")]
    pub backdate_seconds: u32,
    /// Kinds of keys that are certified: `rsa`, `ec-p256`, `ec-p384`, `ec-p521`, `ed25519`.
    #[serde(default = "every_kind")]
    pub keys: Vec<String>,
    /// Fewest and most bits of an RSA key; 2048 and 4096 if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rsa_bits: Option<(u32, u32)>,
    /// Key usage in the words of RFC 5280: `digitalSignature`, `keyEncipherment`, ...
    pub key_usage: Vec<String>,
    /// Extended key usage: `serverAuth`, `clientAuth`, `emailProtection`, `codeSigning`, or dotted identifiers.
    #[serde(default)]
    pub extended_key_usage: Vec<String>,
    /// Is the extended key usage critical?
    #[serde(default)]
    pub extended_key_usage_critical: bool,
    /// Must the subject not be empty?
    #[serde(default)]
    pub subject_required: bool,
    /// Attribute types that the subject must hold, by keyword or dotted identifier: `CN`, `O`, `2.5.4.97`.
    #[serde(default)]
    pub subject_attributes_required: Vec<String>,
    /// Attribute types that the subject may hold; left out, every one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_attributes_allowed: Option<Vec<String>>,
    /// Forms of alternative names that are allowed: `dns`, `email`, `ip`, `uri`.
    #[serde(default)]
    pub names: Vec<String>,
    /// Must there be an alternative name?
    #[serde(default)]
    pub name_required: bool,
    /// Is it an authority's? Only who may change authorities gets such a certificate.
    #[serde(default)]
    pub authority: bool,
    /// How many authorities may follow under such an authority; left out, any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path_length: Option<u8>,
    /// Is it an OCSP responder's, whose own status is not asked for?
    #[serde(default)]
    pub ocsp_nocheck: bool,
    /// May users ask for it who may issue for themselves alone?
    #[serde(default)]
    pub self_service: bool,
}

/// Most days that anything is valid: a hundred years.
const MOST_DAYS: u32 = 36_500;
/// Most seconds of backdating: a day.
const MOST_BACKDATE: u32 = 86_400;
/// The RSA keys that can be certified at all, in bits.
const RSA_BITS: (u32, u32) = (2048, 8192);
/// The RSA keys that are certified if nothing is said, in bits.
const USUAL_RSA_BITS: (u32, u32) = (2048, 4096);
const RSA: &str = "rsa";

fn usual_backdate() -> u32 {
    60
}

fn every_kind() -> Vec<String> {
    words(kinds(&KeyRules::MODERN))
}

/// The kinds of keys by their words, and whether these rules certify them.
fn kinds(rules: &KeyRules) -> [(&'static str, bool); 5] {
    [
        (RSA, rules.rsa_bits.is_some()),
        ("ec-p256", rules.p256),
        ("ec-p384", rules.p384),
        ("ec-p521", rules.p521),
        ("ed25519", rules.ed25519),
    ]
}

/// The forms of names by their words, and whether these rules allow them.
fn forms(rules: &NameRules) -> [(&'static str, bool); 4] {
    [
        ("dns", rules.dns),
        ("email", rules.email),
        ("ip", rules.ip),
        ("uri", rules.uri),
    ]
}

fn words<const N: usize>(table: [(&'static str, bool); N]) -> Vec<String> {
    let chosen = table.into_iter().filter(|(_, chosen)| *chosen);
    chosen.map(|(word, _)| word.to_owned()).collect()
}

impl ProfileConfig {
    /// A profile spelled as the configuration would spell it.
    pub fn of(profile: &Profile) -> ProfileConfig {
        let subject = &profile.subject;
        let keywords = |list: &Vec<_>| list.iter().map(attribute_word).collect();
        ProfileConfig {
            name: profile.name.clone(),
            default_days: profile.lifetime.default_days,
            max_days: profile.lifetime.max_days,
            backdate_seconds: profile.lifetime.backdate_seconds,
            keys: words(kinds(&profile.keys)),
            rsa_bits: profile.keys.rsa_bits,
            key_usage: profile.key_usage.iter().map(KeyUsage::word).collect(),
            extended_key_usage: profile.extended_key_usage.iter().map(eku::word).collect(),
            extended_key_usage_critical: profile.extended_key_usage_critical,
            subject_required: !subject.may_be_empty,
            subject_attributes_required: keywords(&subject.required),
            subject_attributes_allowed: subject.allowed.as_ref().map(keywords),
            names: words(forms(&profile.names)),
            name_required: profile.names.required,
            authority: profile.is_authoritys(),
            path_length: profile.path_length(),
            ocsp_nocheck: profile.ocsp_nocheck,
            self_service: profile.self_service,
        }
    }

    /// The rules that it spells. Refuses what cannot be spelled, what contradicts itself, and what nothing could be
    /// issued by; what is merely unwise is for [`Profile::findings`].
    ///
    /// # Errors
    /// A line that starts with the bad key.
    pub(crate) fn to_profile(&self) -> Result<Profile, String> {
        if !is_plain_name(&self.name) {
            return Err("name: take lower-case letters, digits and hyphens".to_owned());
        }
        let profile = Profile {
            name: self.name.clone(),
            keys: self.key_rules()?,
            lifetime: self.lifetime()?,
            subject: self.subject_rules()?,
            names: self.name_rules()?,
            key_usage: self.key_usage()?,
            extended_key_usage: self.extended_key_usage()?,
            extended_key_usage_critical: self.extended_key_usage_critical,
            basic_constraints: self.basic_constraints()?,
            ocsp_nocheck: self.ocsp_nocheck,
            self_service: self.self_service,
        };
        if profile.self_service && profile.speaks_for_its_authority() {
            return Err(
                "self_service: who holds such a certificate speaks for an authority: leave it out"
                    .to_owned(),
            );
        }
        Ok(profile)
    }

    fn key_rules(&self) -> Result<KeyRules, String> {
        let known = kinds(&KeyRules::MODERN).map(|(word, _)| word);
        known_words("keys", &self.keys, &known)?;
        if self.keys.is_empty() {
            return Err(format!("keys: name at least one of {}", known.join(", ")));
        }
        let has = |word: &str| self.keys.iter().any(|key| key == word);
        if self.rsa_bits.is_some() && !has(RSA) {
            return Err("rsa_bits: RSA keys are not certified: name rsa in keys".to_owned());
        }
        let (least, most) = self.rsa_bits.unwrap_or(USUAL_RSA_BITS);
        if least < RSA_BITS.0 || most > RSA_BITS.1 || least > most {
            return Err(format!(
                "rsa_bits: take [least, most] between {} and {}",
                RSA_BITS.0, RSA_BITS.1
            ));
        }
        Ok(KeyRules {
            rsa_bits: has(RSA).then_some((least, most)),
            p256: has("ec-p256"),
            p384: has("ec-p384"),
            p521: has("ec-p521"),
            ed25519: has("ed25519"),
        })
    }

    fn lifetime(&self) -> Result<Lifetime, String> {
        if !(1..=MOST_DAYS).contains(&self.max_days) {
            return Err(format!("max_days: take 1 to {MOST_DAYS}"));
        }
        if !(1..=self.max_days).contains(&self.default_days) {
            return Err("default_days must lie between 1 and max_days".to_owned());
        }
        if self.backdate_seconds > MOST_BACKDATE {
            return Err(format!("backdate_seconds: take 0 to {MOST_BACKDATE}"));
        }
        Ok(Lifetime {
            default_days: self.default_days,
            max_days: self.max_days,
            backdate_seconds: self.backdate_seconds,
        })
    }

    fn subject_rules(&self) -> Result<SubjectRules, String> {
        let required = attributes(
            "subject_attributes_required",
            &self.subject_attributes_required,
        )?;
        let allowed = match &self.subject_attributes_allowed {
            Some(list) => Some(attributes("subject_attributes_allowed", list)?),
            None => None,
        };
        let outside = |oid: &&_| matches!(&allowed, Some(allowed) if !allowed.contains(oid));
        if let Some(oid) = required.iter().find(outside) {
            return Err(format!(
                "subject_attributes_required: {} is not among subject_attributes_allowed",
                attribute_word(oid)
            ));
        }
        if !required.is_empty() && !self.subject_required {
            return Err(
                "subject_required: attributes are required, so the subject is too: make it true"
                    .to_owned(),
            );
        }
        Ok(SubjectRules {
            may_be_empty: !self.subject_required,
            required,
            allowed,
        })
    }

    fn name_rules(&self) -> Result<NameRules, String> {
        let known = forms(&NameRules::ANY).map(|(word, _)| word);
        known_words("names", &self.names, &known)?;
        if self.name_required && self.names.is_empty() {
            return Err("name_required: no form of names is allowed: name one in names".to_owned());
        }
        let has = |word: &str| self.names.iter().any(|name| name == word);
        Ok(NameRules {
            dns: has("dns"),
            email: has("email"),
            ip: has("ip"),
            uri: has("uri"),
            required: self.name_required,
        })
    }

    fn key_usage(&self) -> Result<KeyUsage, String> {
        let mut all = KeyUsage::default();
        for word in &self.key_usage {
            let usage = KeyUsage::parse(word).ok_or_else(|| {
                format!("key_usage: {word:?} is none: take digitalSignature, keyEncipherment, ...")
            })?;
            all = all.union(usage);
        }
        if all.is_empty() {
            return Err("key_usage: name at least one".to_owned());
        }
        // RFC 5280, section 4.2.1.3: who signs certificates is an authority, and the other way round.
        if all.contains(KeyUsage::KEY_CERT_SIGN) != self.authority {
            return Err(
                "key_usage: keyCertSign is for authorities, and all of them: set authority too, or neither"
                    .to_owned(),
            );
        }
        if all.contains(KeyUsage::CRL_SIGN) && !self.authority {
            return Err("key_usage: cRLSign is for authorities: leave it out".to_owned());
        }
        Ok(all)
    }

    fn extended_key_usage(&self) -> Result<Vec<Oid>, String> {
        let mut all = Vec::new();
        for word in &self.extended_key_usage {
            let purpose = eku::parse(word).ok_or_else(|| {
                format!(
                    "extended_key_usage: {word:?} is none: take serverAuth, clientAuth, ... or a dotted identifier"
                )
            })?;
            if all.contains(&purpose) {
                return Err(format!("extended_key_usage: {word:?} stands there twice"));
            }
            all.push(purpose);
        }
        if all.is_empty() && self.extended_key_usage_critical {
            return Err(
                "extended_key_usage_critical: there is no extended_key_usage: name one".to_owned(),
            );
        }
        Ok(all)
    }

    fn basic_constraints(&self) -> Result<BasicConstraints, String> {
        match (self.authority, self.path_length) {
            (true, path_length) => Ok(BasicConstraints::Authority(path_length)),
            (false, None) => Ok(BasicConstraints::Absent),
            (false, Some(_)) => {
                Err("path_length: it is for authorities: set authority too, or neither".to_owned())
            }
        }
    }
}

/// Refuses a list that holds an unknown word, or one twice.
fn known_words(key: &str, list: &[String], known: &[&str]) -> Result<(), String> {
    for (at, word) in list.iter().enumerate() {
        if !known.contains(&word.as_str()) {
            return Err(format!("{key}: {word:?} is none of {}", known.join(", ")));
        }
        if list.iter().take(at).any(|other| other == word) {
            return Err(format!("{key}: {word:?} stands there twice"));
        }
    }
    Ok(())
}

fn attributes(key: &str, list: &[String]) -> Result<Vec<Oid>, String> {
    let read = |word: &String| {
        attribute::from_keyword(word)
            .ok_or_else(|| format!("{key}: {word:?} is no attribute type: take CN, O, OU, C, ..."))
    };
    list.iter().map(read).collect()
}

fn attribute_word(oid: &Oid) -> String {
    attribute::keyword(oid).map_or_else(|| oid.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_profile_comes_back_from_its_spelling() {
        for profile in Profile::built_in() {
            let spelled = ProfileConfig::of(&profile);
            assert_eq!(spelled.to_profile().as_ref(), Ok(&profile), "{spelled:?}");
        }
    }

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|word| (*word).to_owned()).collect()
    }

    /// What a change to a good profile is refused with: the beginning of the line.
    #[track_caller]
    fn check(change: impl FnOnce(&mut ProfileConfig), want: &str) {
        let mut config = ProfileConfig::of(&Profile::end_entity("vpn", 30, 90));
        change(&mut config);
        let error = config.to_profile().unwrap_err();
        assert!(error.starts_with(want), "{error}");
    }

    #[test]
    fn what_contradicts_itself_is_refused_by_its_key() {
        check(|one| one.name = "V P N".to_owned(), "name: ");
        check(|one| one.max_days = 0, "max_days: ");
        check(|one| one.max_days = 36_501, "max_days: ");
        check(|one| one.default_days = 91, "default_days ");
        check(|one| one.default_days = 0, "default_days ");
        check(|one| one.backdate_seconds = 86_401, "backdate_seconds: ");
        check(|one| one.keys = Vec::new(), "keys: name at least one");
        check(|one| one.keys = words(&["dsa"]), "keys: \"dsa\" is none of");
        check(
            |one| one.keys = words(&["rsa", "rsa"]),
            "keys: \"rsa\" stands there twice",
        );
        for bits in [(1024, 4096), (2048, 16_384), (4096, 2048)] {
            check(|one| one.rsa_bits = Some(bits), "rsa_bits: ");
        }
        check(|one| one.keys = words(&["ed25519"]), "rsa_bits: ");
        check(
            |one| one.key_usage = Vec::new(),
            "key_usage: name at least one",
        );
        check(|one| one.key_usage = words(&["serverAuth"]), "key_usage: ");
        check(
            |one| one.key_usage.push("keyCertSign".to_owned()),
            "key_usage: keyCertSign",
        );
        check(
            |one| one.key_usage.push("cRLSign".to_owned()),
            "key_usage: cRLSign",
        );
        check(|one| one.authority = true, "key_usage: keyCertSign");
        check(|one| one.path_length = Some(0), "path_length: ");
        check(
            |one| one.extended_key_usage = words(&["x"]),
            "extended_key_usage: ",
        );
        let twice = words(&["clientAuth", "1.3.6.1.5.5.7.3.2"]);
        check(|one| one.extended_key_usage = twice, "extended_key_usage: ");
        check(
            |one| one.extended_key_usage_critical = true,
            "extended_key_usage_critical: ",
        );
        check(
            |one| one.names = words(&["host"]),
            "names: \"host\" is none of",
        );
        check(
            |one| {
                one.names = Vec::new();
                one.name_required = true;
            },
            "name_required: ",
        );
        check(
            |one| one.subject_attributes_required = words(&["XY"]),
            "subject_attributes_required: ",
        );
        check(
            |one| one.subject_attributes_required = words(&["CN"]),
            "subject_required: ",
        );
        check(
            |one| {
                one.subject_attributes_required = words(&["CN"]);
                one.subject_attributes_allowed = Some(words(&["O"]));
            },
            "subject_attributes_required: CN is not among",
        );
        check(
            |one| {
                one.extended_key_usage = words(&["OCSPSigning"]);
                one.self_service = true;
            },
            "self_service: ",
        );
    }

    /// One profile by a name, in the place of the built-in one.
    #[test]
    fn a_configured_profile_takes_the_place_of_a_built_in_one() {
        let mut config = crate::AppConfig::default();
        let mut tls = ProfileConfig {
            extended_key_usage: words(&["serverAuth"]),
            ..ProfileConfig::of(&Profile::end_entity("tls-server", 7, 7))
        };
        config.profile.push(tls.clone());
        let profiles = config.profiles().unwrap();
        assert_eq!(profiles.len(), Profile::built_in().len());
        let found = profiles
            .iter()
            .find(|one| one.name == "tls-server")
            .unwrap();
        assert_eq!(found.lifetime.max_days, 7);

        tls.default_days = 1;
        config.profile.push(tls);
        let error = config.profiles().unwrap_err();
        assert_eq!(error, "profile \"tls-server\": there are two of that name");

        for (name, lacking) in [
            ("tls-server", "serverAuth"),
            ("ocsp-responder", "OCSPSigning"),
            ("sub-authority", "authority = true"),
        ] {
            let other = ProfileConfig::of(&Profile::end_entity(name, 7, 7));
            config.profile = vec![other];
            let error = config.profiles().unwrap_err();
            assert!(error.contains(lacking), "{error}");
        }
    }
}
