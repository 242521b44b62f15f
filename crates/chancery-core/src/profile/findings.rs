//! What a reader of the standards would say about a profile's rules, before anything is issued by them.
//!
//! One rule, one function. An error is what RFC 5280 and its kin forbid, or what nobody could use; a warning is what they
//! discourage, or what some relying parties refuse. Must not know what a configuration file looks like.

use std::fmt;

use der::oid::ObjectIdentifier;

use super::{BasicConstraints, Profile};
use crate::key::KeyAlgorithm;
use crate::x509::{KeyUsage, eku};

/// Something that is wrong or doubtful about a profile.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What is found; lower-case, without a full stop.
    pub text: String,
    /// Where it is written that this is so: `RFC 5280, 4.2.1.12`.
    pub source: &'static str,
}

/// How bad a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Discouraged, or refused by some.
    Warning,
    /// Forbidden, or of no use.
    Error,
}

impl Severity {
    /// `warning` or `error`.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Error => "error",
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {} ({})",
            self.severity.word(),
            self.text,
            self.source
        )
    }
}

/// A purpose, and the key usages that fit it: at least one must be there, and those of no purpose are of no use.
type Fit = (ObjectIdentifier, KeyUsage, &'static str);

const AGREE_OR_ENCIPHER: KeyUsage = KeyUsage::KEY_ENCIPHERMENT.union(KeyUsage::KEY_AGREEMENT);
const SIGN: KeyUsage = KeyUsage::DIGITAL_SIGNATURE;
const SIGN_OR_COMMIT: KeyUsage = SIGN.union(KeyUsage::CONTENT_COMMITMENT);
const EXTENDED: &str = "RFC 5280, 4.2.1.12";

/// The table of RFC 5280, section 4.2.1.12.
const FITS: [Fit; 6] = [
    (
        eku::SERVER_AUTH,
        SIGN.union(AGREE_OR_ENCIPHER),
        "serverAuth",
    ),
    (
        eku::CLIENT_AUTH,
        SIGN.union(KeyUsage::KEY_AGREEMENT),
        "clientAuth",
    ),
    (eku::CODE_SIGNING, SIGN, "codeSigning"),
    (
        eku::EMAIL_PROTECTION,
        SIGN_OR_COMMIT.union(AGREE_OR_ENCIPHER),
        "emailProtection",
    ),
    (eku::TIME_STAMPING, SIGN_OR_COMMIT, "timeStamping"),
    (eku::OCSP_SIGNING, SIGN_OR_COMMIT, "OCSPSigning"),
];

/// Most days of a server's certificate that public authorities may give (Baseline Requirements, section 6.3.2).
const PUBLIC_SERVER_DAYS: u32 = 398;
/// Most days that Apple's platforms take of any server's certificate, from whatever authority.
const SERVER_DAYS: u32 = 825;
/// Most days of a certificate whose status nobody can ask for.
const UNASKED_DAYS: u32 = 90;

type Rule = fn(&Profile, &mut Vec<Finding>);

const RULES: [Rule; 9] = [
    purposes_are_named,
    usages_fit_the_purposes,
    servers_are_named,
    servers_live_shortly,
    mail_is_addressed,
    criticality_fits_the_purposes,
    responders_are_whole,
    key_agreement_is_there_to_be_limited,
    authorities_are_whole,
];

impl Profile {
    /// All that is wrong or doubtful about it, errors first.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for rule in RULES {
            rule(self, &mut found);
        }
        found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        found
    }

    fn is_for(&self, purpose: &ObjectIdentifier) -> bool {
        self.extended_key_usage.contains(purpose)
    }
}

fn error(text: impl Into<String>, source: &'static str) -> Finding {
    Finding {
        severity: Severity::Error,
        text: text.into(),
        source,
    }
}

fn warning(text: impl Into<String>, source: &'static str) -> Finding {
    Finding {
        severity: Severity::Warning,
        text: text.into(),
        source,
    }
}

fn purposes_are_named(profile: &Profile, found: &mut Vec<Finding>) {
    if profile.extended_key_usage.is_empty() && !profile.is_authoritys() {
        found.push(warning(
            "no extended key usage: the certificate is good for every purpose",
            EXTENDED,
        ));
    }
    if profile.is_for(&eku::ANY) {
        found.push(warning(
            "anyExtendedKeyUsage makes the certificate good for every purpose",
            EXTENDED,
        ));
    }
}

fn usages_fit_the_purposes(profile: &Profile, found: &mut Vec<Finding>) {
    // An authority's purposes limit what is below it, not its own key.
    if profile.is_authoritys() {
        return;
    }
    let named = || FITS.iter().filter(|(oid, ..)| profile.is_for(oid));
    for (_, fitting, purpose) in named() {
        for key in KINDS.into_iter().filter(|key| profile.keys.allow(*key)) {
            let usage = profile.key_usage_for(key);
            if !usage.is_empty() && usage.without(*fitting) == usage {
                found.push(error(
                    format!(
                        "{purpose} with {} keys needs one of {}, and there is only {}",
                        key.family(),
                        fitting.word(),
                        usage.word()
                    ),
                    EXTENDED,
                ));
            }
        }
    }
    let all_known = named().count() == profile.extended_key_usage.len();
    if all_known && named().count() > 0 {
        let fitting = named().fold(KeyUsage::default(), |all, fit| all.union(fit.1));
        let idle = profile.key_usage.without(fitting);
        if !idle.is_empty() {
            found.push(warning(
                format!("{} fits none of the extended key usages", idle.word()),
                EXTENDED,
            ));
        }
    }
}

/// One key of each kind that is used differently.
const KINDS: [KeyAlgorithm; 3] = [
    KeyAlgorithm::Rsa(2048),
    KeyAlgorithm::P256,
    KeyAlgorithm::Ed25519,
];

fn servers_are_named(profile: &Profile, found: &mut Vec<Finding>) {
    let names = profile.names;
    if !profile.is_for(&eku::SERVER_AUTH) || profile.is_authoritys() {
        return;
    }
    if !names.dns && !names.ip {
        found.push(error(
            "serverAuth, but neither dns nor ip names are allowed: no client could tell whose server it is",
            "RFC 9525, 6.3",
        ));
    } else if !names.required {
        found.push(warning(
            "serverAuth, but no alternative name is asked for: clients do not look at the common name",
            "RFC 9525, 6.3",
        ));
    }
}

fn servers_live_shortly(profile: &Profile, found: &mut Vec<Finding>) {
    let days = profile.lifetime.max_days;
    if !profile.is_for(&eku::SERVER_AUTH) || profile.is_authoritys() {
        return;
    }
    if days > SERVER_DAYS {
        found.push(warning(
            format!("serverAuth for up to {days} days: Apple's platforms refuse more than {SERVER_DAYS} from any authority"),
            "Apple HT210176",
        ));
    } else if days > PUBLIC_SERVER_DAYS {
        found.push(warning(
            format!("serverAuth for up to {days} days: public authorities may give {PUBLIC_SERVER_DAYS} at most"),
            "Baseline Requirements, 6.3.2",
        ));
    }
}

fn mail_is_addressed(profile: &Profile, found: &mut Vec<Finding>) {
    let names = profile.names;
    if !profile.is_for(&eku::EMAIL_PROTECTION) || profile.is_authoritys() {
        return;
    }
    if !names.email {
        found.push(error(
            "emailProtection, but email names are not allowed: no mail program could tell whose it is",
            "RFC 8550, 3",
        ));
    } else if !names.required || names.dns || names.ip || names.uri {
        found.push(warning(
            "emailProtection, but a request without a mail address is taken too",
            "RFC 8550, 3",
        ));
    }
}

fn criticality_fits_the_purposes(profile: &Profile, found: &mut Vec<Finding>) {
    let critical = profile.extended_key_usage_critical;
    if profile.is_for(&eku::TIME_STAMPING) {
        if !critical || profile.extended_key_usage.len() != 1 {
            found.push(error(
                "timeStamping must be the only extended key usage, and critical",
                "RFC 3161, 2.3",
            ));
        }
    } else if critical && profile.is_for(&eku::ANY) {
        found.push(error(
            "anyExtendedKeyUsage should not be in a critical extended key usage",
            EXTENDED,
        ));
    } else if critical {
        found.push(warning(
            "a critical extended key usage: who does not know a purpose refuses the certificate",
            EXTENDED,
        ));
    }
}

fn responders_are_whole(profile: &Profile, found: &mut Vec<Finding>) {
    let responder = profile.is_for(&eku::OCSP_SIGNING);
    if profile.ocsp_nocheck && !responder {
        found.push(error(
            "ocsp_nocheck is for OCSP responders, and OCSPSigning is not among the extended key usages",
            "RFC 6960, 4.2.2.2.1",
        ));
    }
    if responder && !profile.ocsp_nocheck {
        found.push(warning(
            "OCSPSigning without ocsp_nocheck: clients must ask for the status of who answers them",
            "RFC 6960, 4.2.2.2.1",
        ));
    }
    if profile.ocsp_nocheck && profile.lifetime.max_days > UNASKED_DAYS {
        found.push(warning(
            format!("ocsp_nocheck for more than {UNASKED_DAYS} days: such a certificate cannot be revoked"),
            "RFC 6960, 4.2.2.2.1",
        ));
    }
}

fn key_agreement_is_there_to_be_limited(profile: &Profile, found: &mut Vec<Finding>) {
    let limits = KeyUsage::ENCIPHER_ONLY.union(KeyUsage::DECIPHER_ONLY);
    let limited = profile.key_usage.without(limits) != profile.key_usage;
    if limited && !profile.key_usage.contains(KeyUsage::KEY_AGREEMENT) {
        found.push(error(
            "encipherOnly and decipherOnly mean nothing without keyAgreement",
            "RFC 5280, 4.2.1.3",
        ));
    }
}

fn authorities_are_whole(profile: &Profile, found: &mut Vec<Finding>) {
    let signs = |usage| profile.key_usage.contains(usage);
    let BasicConstraints::Authority(path_length) = profile.basic_constraints else {
        if signs(KeyUsage::KEY_CERT_SIGN) {
            found.push(error(
                "keyCertSign, but the certificate is no authority's",
                "RFC 5280, 4.2.1.9",
            ));
        }
        return;
    };
    if !signs(KeyUsage::KEY_CERT_SIGN) {
        found.push(error(
            "an authority's certificate needs keyCertSign",
            "RFC 5280, 4.2.1.3",
        ));
    }
    if !signs(KeyUsage::CRL_SIGN) {
        found.push(warning(
            "an authority without cRLSign cannot sign its own CRL",
            "RFC 5280, 4.2.1.3",
        ));
    }
    if profile.subject.may_be_empty {
        found.push(error(
            "an authority's subject must not be empty",
            "RFC 5280, 4.1.2.6",
        ));
    }
    if path_length.is_none() {
        found.push(warning(
            "no path length: the authority may make authorities without end",
            "RFC 5280, 4.2.1.9",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Lifetime, NameRules, SubjectRules};

    /// What is said of a profile: a word of each finding, in order, an error's with an exclamation mark before it.
    #[track_caller]
    fn check(profile: &Profile, want: &[&str]) {
        let found = profile.findings();
        let fits = |(finding, want): (&Finding, &&str)| match want.strip_prefix('!') {
            Some(want) => finding.severity == Severity::Error && finding.text.contains(want),
            None => finding.severity == Severity::Warning && finding.text.contains(want),
        };
        let all = found.len() == want.len() && found.iter().zip(want).all(fits);
        assert!(all, "{} has {found:#?}, not {want:?}", profile.name);
    }

    /// None is an error; docs/profiles.md says why each warning is accepted.
    #[test]
    fn built_in_profiles_are_sound() {
        for profile in Profile::built_in() {
            let want: &[&str] = match profile.name.as_str() {
                "general" => &["no alternative name", "up to 825 days"],
                "user" => &["without a mail address"],
                "keystone-user" => &["critical"],
                "sbc" => &["no alternative name"],
                _ => &[],
            };
            check(&profile, want);
        }
    }

    /// A client's profile with other purposes and usages.
    fn with(purposes: &[ObjectIdentifier], usage: KeyUsage) -> Profile {
        Profile {
            extended_key_usage: purposes.to_vec(),
            key_usage: usage,
            ..Profile::end_entity("x", 30, 30)
        }
    }

    #[test]
    fn purposes_and_usages_must_fit() {
        let encipher = KeyUsage::KEY_ENCIPHERMENT;
        check(&with(&[], SIGN), &["good for every purpose"]);
        check(&with(&[eku::ANY], SIGN), &["anyExtendedKeyUsage"]);
        check(&with(&[eku::CLIENT_AUTH], SIGN), &[]);
        check(
            &with(&[eku::CLIENT_AUTH], encipher),
            &["!clientAuth with RSA keys", "keyEncipherment fits none"],
        );
        check(
            &with(&[eku::CODE_SIGNING], SIGN_OR_COMMIT),
            &["contentCommitment fits none"],
        );
        // Only RSA keys keep the usage, so only they are spoken of.
        check(
            &with(&[eku::CLIENT_AUTH], encipher.union(KeyUsage::KEY_AGREEMENT)),
            &["!clientAuth with RSA keys", "keyEncipherment fits none"],
        );
        // What an unknown purpose needs is not known.
        let unknown = ObjectIdentifier::new_unwrap("1.2.3.4");
        check(&with(&[unknown], KeyUsage::DATA_ENCIPHERMENT), &[]);
        check(
            &with(&[eku::CLIENT_AUTH], SIGN.union(KeyUsage::ENCIPHER_ONLY)),
            &["!encipherOnly", "encipherOnly fits none"],
        );
        check(
            &with(&[eku::CLIENT_AUTH], SIGN.union(KeyUsage::KEY_CERT_SIGN)),
            &["!no authority's", "keyCertSign fits none"],
        );
    }

    #[test]
    fn servers_must_be_told_apart() {
        let server = with(&[eku::SERVER_AUTH], SIGN);
        let named = NameRules {
            required: true,
            ..NameRules::ANY
        };
        let lifetime = |max_days| Lifetime {
            max_days,
            ..server.lifetime
        };
        for (names, max_days, want) in [
            (named, 398, &[][..]),
            (named, 399, &["up to 399 days: public"]),
            (named, 826, &["up to 826 days: Apple"]),
            (NameRules::ANY, 90, &["no alternative name is asked for"]),
            (NameRules::NONE, 90, &["!neither dns nor ip"]),
        ] {
            let profile = Profile {
                names,
                lifetime: lifetime(max_days),
                ..server.clone()
            };
            check(&profile, want);
        }
    }

    #[test]
    fn mail_must_be_addressed() {
        let mail = with(&[eku::EMAIL_PROTECTION], SIGN);
        let only = NameRules {
            email: true,
            required: true,
            ..NameRules::NONE
        };
        for (names, want) in [
            (only, &[][..]),
            (NameRules::ANY, &["without a mail address"]),
            (NameRules { dns: true, ..only }, &["without a mail address"]),
            (NameRules::NONE, &["!email names are not allowed"]),
        ] {
            let profile = Profile {
                names,
                ..mail.clone()
            };
            check(&profile, want);
        }
    }

    #[test]
    fn criticality_must_fit() {
        let critical = |purposes: &[ObjectIdentifier]| Profile {
            extended_key_usage_critical: true,
            ..with(purposes, SIGN)
        };
        check(&critical(&[eku::TIME_STAMPING]), &[]);
        check(&with(&[eku::TIME_STAMPING], SIGN), &["!timeStamping"]);
        check(
            &critical(&[eku::TIME_STAMPING, eku::CLIENT_AUTH]),
            &["!timeStamping"],
        );
        check(&critical(&[eku::CLIENT_AUTH]), &["a critical extended"]);
        check(
            &critical(&[eku::ANY]),
            &["!anyExtendedKeyUsage", "every purpose"],
        );
    }

    #[test]
    fn responders_must_be_whole() {
        let responder = |ocsp_nocheck, max_days| Profile {
            ocsp_nocheck,
            lifetime: Lifetime {
                max_days,
                ..Profile::end_entity("x", 30, 30).lifetime
            },
            ..with(&[eku::OCSP_SIGNING], SIGN)
        };
        check(&responder(true, 90), &[]);
        check(&responder(true, 91), &["more than 90 days"]);
        check(&responder(false, 365), &["without ocsp_nocheck"]);
        let client = Profile {
            ocsp_nocheck: true,
            ..with(&[eku::CLIENT_AUTH], SIGN)
        };
        check(&client, &["!ocsp_nocheck is for OCSP responders"]);
    }

    #[test]
    fn authorities_must_be_whole() {
        let whole = Profile::authority("x", 30, Some(0));
        check(&whole, &[]);
        check(&Profile::authority("x", 30, None), &["no path length"]);
        let usage = |key_usage| Profile {
            key_usage,
            ..whole.clone()
        };
        check(&usage(KeyUsage::KEY_CERT_SIGN), &["without cRLSign"]);
        check(&usage(KeyUsage::CRL_SIGN), &["!needs keyCertSign"]);
        let nobody = Profile {
            subject: SubjectRules::any(),
            ..whole.clone()
        };
        check(&nobody, &["!must not be empty"]);
        // Purposes of an authority limit what is below it, and are not its own.
        let limited = Profile {
            extended_key_usage: vec![eku::SERVER_AUTH],
            ..whole
        };
        check(&limited, &[]);
    }
}
