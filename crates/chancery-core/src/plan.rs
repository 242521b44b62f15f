//! The one decision before a signature: may this be certified, and what exactly will be signed?
//!
//! Only what comes out of [`plan`] (or [`crate::crl::CrlStream`], [`crate::ocsp::plan_ocsp_response`],
//! [`crate::csr::plan_request`], [`crate::record::plan_record_request`], [`crate::authority::plan_authority_request`])
//! can reach a signing key: [`ToBeSigned`] is sealed.

use std::fmt;

use aws_lc_rs::digest::Digest;

use crate::authority::Authority;
use crate::crl::CrlAddress;
use crate::key::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use crate::key_weakness::{self, Weakness};
use crate::lint;
use crate::name::{Name, NameError, attribute};
use crate::profile::{BasicConstraints, NameRules, Profile};
use crate::san::GeneralName;
use crate::serial::Serial;
use crate::time::{DAY, Time};
use crate::x509::{self, Contents, Extension, KeyUsage, WriteError, eku};

/// Something that a signing key may sign. Implemented only by what this crate has checked.
pub trait ToBeSigned: sealed::Sealed {
    /// What to sign.
    fn message(&self) -> Message<'_>;
    /// How.
    fn algorithm(&self) -> SignatureAlgorithm;
}

/// What goes into a signature.
#[derive(Clone, Copy, Debug)]
pub enum Message<'a> {
    /// All the octets.
    Octets(&'a [u8]),
    /// Their digest by the hash of the planned algorithm, where they are too many to be held.
    Digest(&'a Digest),
}

pub(crate) mod sealed {
    /// Keeps [`super::ToBeSigned`] inside this crate.
    pub trait Sealed {}
}

/// What is asked to be certified. The key's holder has proved possession (a verified CSR, or a key made here).
#[derive(Clone, Debug)]
pub struct Request {
    /// Whom to name.
    pub subject: Name,
    /// Alternative names.
    pub names: Vec<GeneralName>,
    /// The key.
    pub public_key: PublicKey,
    /// Start of validity, if not now.
    pub not_before: Option<Time>,
    /// End of validity, if not the profile's default.
    pub not_after: Option<Time>,
}

/// Who signs.
#[derive(Clone, Copy, Debug)]
pub enum Issuer<'a> {
    /// An authority of ours, and where relying parties find what belongs to it.
    Authority(&'a Authority, &'a Addresses),
    /// The request's own key (roots, and users' self-signed certificates).
    Itself,
}

/// Where relying parties find an authority's CRL, certificate and OCSP responder. Empty ones are left out.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Addresses {
    /// CRL distribution points.
    pub crl: Vec<CrlAddress>,
    /// The authority's certificate (AIA caIssuers).
    pub certificate: Vec<String>,
    /// OCSP responders.
    pub ocsp: Vec<String>,
}

/// A certificate decided and encoded, waiting for its signature.
#[derive(Clone, Debug)]
pub struct Planned {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
    /// Its serial number.
    pub serial: Serial,
    /// Who will have signed it.
    pub issuer: Name,
    /// Whom it names.
    pub subject: Name,
    /// Start of validity.
    pub not_before: Time,
    /// Last second of validity.
    pub not_after: Time,
    /// The certified key.
    pub public_key: PublicKey,
}

impl sealed::Sealed for Planned {}

impl ToBeSigned for Planned {
    fn message(&self) -> Message<'_> {
        Message::Octets(&self.tbs)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

impl Planned {
    /// The certificate's DER, with the signature that a signer made over [`ToBeSigned::message`].
    pub fn finish(&self, signature: &[u8]) -> Result<Vec<u8>, WriteError> {
        x509::seal_with_signature(&self.tbs, self.algorithm, signature)
    }
}

/// Why something is not certified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The profile does not certify such keys.
    KeyNotAllowed(KeyAlgorithm),
    /// The key is weak.
    WeakKey(Weakness),
    /// The subject cannot be issued.
    Subject(NameError),
    /// The subject is empty, and the profile or the lack of an alternative name does not let it be.
    SubjectEmpty,
    /// The profile asks for an attribute that the subject lacks.
    SubjectLacks(String),
    /// The profile does not allow an attribute of the subject.
    SubjectHolds(String),
    /// An emailAddress of the subject is no mail address.
    SubjectMailMalformed,
    /// The subject has an emailAddress, which must then be an alternative name too (RFC 5280, section 4.1.2.6), and the
    /// profile allows none.
    SubjectMailNotAllowed,
    /// The profile does not allow an alternative name.
    NameNotAllowed(String),
    /// The profile asks for an alternative name.
    NameMissing,
    /// More alternative names than [`MOST_NAMES`].
    TooManyNames,
    /// The end of validity does not lie after its start.
    EndsBeforeStart,
    /// The validity starts too far in the past or the future.
    StartOutOfRange,
    /// The validity is longer than the profile's most days.
    TooLong {
        /// The profile's most days.
        max_days: u32,
    },
    /// The validity does not lie inside that of the authority, which ends then.
    OutlivesIssuer(Time),
    /// The validity is over already.
    EndsInThePast,
    /// The authority may not sign other authorities, or none below which so many may follow (path length).
    PathLength,
    /// The authority was retired.
    AuthorityRetired,
    /// The authority's own certificate is revoked or on hold, or that of an authority above it.
    AuthorityRevoked,
    /// The authority has expired.
    AuthorityExpired,
    /// The authority's key is kept elsewhere.
    AuthorityKeyElsewhere,
    /// The subject is that of the authority, or of the one above it: it would be taken for an authority.
    SubjectIsTheAuthoritys,
    /// A server's common name stands in none of its alternative names, which alone are looked at (RFC 9525).
    CommonNameNotAmongNames,
    /// The CSR asks to be an authority, which the profile does not issue.
    AsksToBeAnAuthority,
    /// The public key is not encoded as its algorithm asks (RFC 3279, RFC 5480, RFC 8410).
    KeyMalformed,
    /// The certificate would be larger than any that is read.
    TooLarge,
    /// What would be signed breaks a rule of RFC 5280. A fault of ours: the text names the rule.
    Lint(String),
}

/// Most alternative names in one certificate.
pub const MOST_NAMES: usize = 100;
/// Octets that a signature and its frame may add to what is signed: RSA-4096 and some to spare.
const ROOM_FOR_SIGNATURE: usize = 1024;
/// How far before now a request may set the start of validity.
const EARLIEST_START: i64 = DAY;
/// How far after now a request may set the start of validity.
const LATEST_START: i64 = 366 * DAY;

/// Decides whether `request` is certified by `issuer` under `profile`, and encodes what is to be signed.
///
/// `serial` comes from the system's random source, `now` from the clock. Checks the profile's rules, then lints the
/// encoded TBSCertificate against RFC 5280.
pub fn plan(
    mut request: Request,
    profile: &Profile,
    issuer: Issuer<'_>,
    serial: Serial,
    now: Time,
) -> Result<Planned, Refusal> {
    // What it signed before is still asked about, and its responder's certificate is how it answers.
    if let (Issuer::Authority(authority, _), false) = (issuer, profile.ocsp_nocheck) {
        authority.check_signing(now)?;
    }
    check_key(&request.public_key, profile)?;
    check_subject(&request, profile)?;
    name_mail(&mut request, profile.names)?;
    check_names(&request.names, profile.names)?;
    check_host(&request, profile)?;
    if let Issuer::Authority(authority, _) = issuer {
        let names = [authority.subject(), &authority.facts.issuer];
        if names.iter().any(|name| request.subject.matches(name)) {
            return Err(Refusal::SubjectIsTheAuthoritys);
        }
    }
    if let (BasicConstraints::Authority(below), Issuer::Authority(authority, _)) =
        (profile.basic_constraints, issuer)
        && !authority.may_sign_authority(below)
    {
        return Err(Refusal::PathLength);
    }
    let (not_before, not_after) = validity(&request, profile, issuer, now)?;
    let (algorithm, issuer_name) = match issuer {
        Issuer::Authority(authority, _) => (authority.signs_with(), authority.subject().clone()),
        Issuer::Itself => {
            let key = request.public_key.algorithm();
            (
                key.signs_with().ok_or(Refusal::KeyNotAllowed(key))?,
                request.subject.clone(),
            )
        }
    };
    let contents = Contents {
        serial: &serial,
        signature_algorithm: algorithm,
        issuer: &issuer_name,
        not_before,
        not_after,
        subject: &request.subject,
        public_key: &request.public_key,
        extensions: extensions(&request, profile, issuer, &serial).map_err(broken)?,
    };
    let tbs = x509::write_tbs(&contents).map_err(broken)?;
    if tbs.len() + ROOM_FOR_SIGNATURE > x509::LARGEST {
        return Err(Refusal::TooLarge);
    }
    lint::check_tbs(&tbs, issuer).map_err(Refusal::Lint)?;
    Ok(Planned {
        tbs,
        algorithm,
        serial,
        issuer: issuer_name,
        subject: request.subject,
        not_before,
        not_after,
        public_key: request.public_key,
    })
}

fn broken(error: WriteError) -> Refusal {
    Refusal::Lint(error.to_string())
}

fn check_key(key: &PublicKey, profile: &Profile) -> Result<(), Refusal> {
    if !profile.keys.allow(key.algorithm()) {
        return Err(Refusal::KeyNotAllowed(key.algorithm()));
    }
    if !key.is_well_encoded() {
        return Err(Refusal::KeyMalformed);
    }
    key_weakness::weakness(key).map_or(Ok(()), |weakness| Err(Refusal::WeakKey(weakness)))
}

fn check_subject(request: &Request, profile: &Profile) -> Result<(), Refusal> {
    let subject = &request.subject;
    if subject.is_empty() {
        let named = profile.subject.may_be_empty && !request.names.is_empty();
        return if named {
            Ok(())
        } else {
            Err(Refusal::SubjectEmpty)
        };
    }
    subject.check_issuable().map_err(Refusal::Subject)?;
    let rules = &profile.subject;
    if let Some(lacking) = rules
        .required
        .iter()
        .find(|oid| subject.first(oid).is_none())
    {
        return Err(Refusal::SubjectLacks(lacking.to_string()));
    }
    let Some(allowed) = &rules.allowed else {
        return Ok(());
    };
    let held = subject
        .rdns()
        .iter()
        .flat_map(|rdn| rdn.attributes())
        .find(|a| !allowed.contains(a.oid()));
    held.map_or(Ok(()), |attribute| {
        Err(Refusal::SubjectHolds(attribute.oid().to_string()))
    })
}

/// Adds the mail addresses of the subject to the alternative names, where they must stand (RFC 5280, section 4.1.2.6).
fn name_mail(request: &mut Request, rules: NameRules) -> Result<(), Refusal> {
    let attributes = request
        .subject
        .rdns()
        .iter()
        .flat_map(|rdn| rdn.attributes());
    let addresses = attributes
        .filter(|attribute| *attribute.oid() == attribute::EMAIL_ADDRESS)
        .filter_map(|attribute| attribute.text());
    let mut missing: Vec<GeneralName> = Vec::new();
    for address in addresses {
        let Ok(name) = GeneralName::email(address) else {
            return Err(Refusal::SubjectMailMalformed);
        };
        if !rules.email {
            return Err(Refusal::SubjectMailNotAllowed);
        }
        let named = |known: &GeneralName| match known {
            GeneralName::Email(known) => known.eq_ignore_ascii_case(address),
            _ => false,
        };
        if !request.names.iter().chain(&missing).any(named) {
            missing.push(name);
        }
    }
    request.names.extend(missing);
    Ok(())
}

/// Refuses alternative names that the rules do not allow, or that are not well formed.
pub(crate) fn check_names(names: &[GeneralName], rules: NameRules) -> Result<(), Refusal> {
    if names.len() > MOST_NAMES {
        return Err(Refusal::TooManyNames);
    }
    if rules.required && names.is_empty() {
        return Err(Refusal::NameMissing);
    }
    // Names out of a CSR were read, not judged: what is issued must be well formed too.
    let allowed = |name: &GeneralName| match name {
        GeneralName::Dns(text) => rules.dns && GeneralName::dns(text).is_ok(),
        GeneralName::Email(text) => rules.email && GeneralName::email(text).is_ok(),
        GeneralName::Ip(_) => rules.ip,
        GeneralName::Uri(text) => rules.uri && GeneralName::uri(text).is_ok(),
        GeneralName::Directory(_) | GeneralName::Other(_) => false,
    };
    let refused = names.iter().find(|name| !allowed(name));
    refused.map_or(Ok(()), |name| {
        Err(Refusal::NameNotAllowed(name.to_string()))
    })
}

/// Where a server must be named by an alternative name, a common name that is a host must be one of them.
fn check_host(request: &Request, profile: &Profile) -> Result<(), Refusal> {
    let names_servers =
        profile.names.required && profile.extended_key_usage.contains(&eku::SERVER_AUTH);
    let Some(host) = request.subject.common_name().filter(|_| names_servers) else {
        return Ok(());
    };
    let (Ok(host), true) = (GeneralName::parse(host), host.contains('.')) else {
        return Ok(());
    };
    let named = request.names.iter().any(|name| match (name, &host) {
        (GeneralName::Dns(a), GeneralName::Dns(b)) => a.eq_ignore_ascii_case(b),
        (a, b) => a == b,
    });
    if named {
        Ok(())
    } else {
        Err(Refusal::CommonNameNotAmongNames)
    }
}

/// Start and end of validity: the request's where the profile allows, inside the issuer's always.
fn validity(
    request: &Request,
    profile: &Profile,
    issuer: Issuer<'_>,
    now: Time,
) -> Result<(Time, Time), Refusal> {
    let lifetime = profile.lifetime;
    let mut start = match request.not_before {
        Some(asked)
            if asked < now.plus_seconds(-EARLIEST_START)
                || asked > now.plus_seconds(LATEST_START) =>
        {
            return Err(Refusal::StartOutOfRange);
        }
        Some(asked) => asked,
        None => now.plus_seconds(-i64::from(lifetime.backdate_seconds)),
    };
    let mut end = request
        .not_after
        .unwrap_or_else(|| start.plus_days(i64::from(lifetime.default_days)));
    if end <= start {
        return Err(Refusal::EndsBeforeStart);
    }
    if end > start.plus_days(i64::from(lifetime.max_days)) {
        return Err(Refusal::TooLong {
            max_days: lifetime.max_days,
        });
    }
    if end <= now {
        return Err(Refusal::EndsInThePast);
    }
    if let Issuer::Authority(authority, _) = issuer {
        if authority.not_after() <= now {
            return Err(Refusal::OutlivesIssuer(authority.not_after()));
        }
        start = start.max(authority.facts.not_before);
        if end > authority.not_after() {
            if request.not_after.is_some() {
                return Err(Refusal::OutlivesIssuer(authority.not_after()));
            }
            end = authority.not_after();
        }
        if end <= start {
            return Err(Refusal::OutlivesIssuer(authority.not_after()));
        }
    }
    Ok((start, end))
}

/// The extensions in the order of the HP Keystone document (subject key id, extended key usage, key usage), then the rest.
fn extensions(
    request: &Request,
    profile: &Profile,
    issuer: Issuer<'_>,
    serial: &Serial,
) -> Result<Vec<Extension>, WriteError> {
    let mut list = vec![Extension::subject_key_id(&request.public_key.key_id())?];
    if let Issuer::Authority(authority, _) = issuer {
        list.push(Extension::authority_key_id(&authority.key_id())?);
    }
    if !profile.extended_key_usage.is_empty() {
        list.push(Extension::extended_key_usage(
            &profile.extended_key_usage,
            profile.extended_key_usage_critical,
        )?);
    }
    let usage = profile.key_usage_for(request.public_key.algorithm());
    if usage != KeyUsage::default() {
        list.push(Extension::key_usage(usage)?);
    }
    if let BasicConstraints::Authority(path_length) = profile.basic_constraints {
        list.push(Extension::basic_constraints(true, path_length)?);
    }
    if !request.names.is_empty() {
        list.push(Extension::subject_alternative_name(
            &request.names,
            request.subject.is_empty(),
        )?);
    }
    if profile.ocsp_nocheck {
        list.push(Extension::ocsp_nocheck()?);
    }
    if let Issuer::Authority(_, addresses) = issuer {
        // Whose status nobody is to ask does not say where.
        let (crl, ocsp): (&[CrlAddress], &[String]) = match profile.ocsp_nocheck {
            true => (&[], &[]),
            false => (&addresses.crl, &addresses.ocsp),
        };
        if !crl.is_empty() {
            let crl: Vec<String> = crl.iter().map(|address| address.of(serial)).collect();
            list.push(Extension::crl_distribution_points(&crl)?);
        }
        if !addresses.certificate.is_empty() || !ocsp.is_empty() {
            list.push(Extension::authority_info_access(
                &addresses.certificate,
                ocsp,
            )?);
        }
    }
    Ok(list)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::KeyNotAllowed(key) => write!(f, "the profile does not certify {key} keys"),
            Refusal::WeakKey(weakness) => write!(f, "the key is weak: {weakness}"),
            Refusal::Subject(error) => write!(f, "the subject cannot be issued: {error}"),
            Refusal::SubjectEmpty => {
                f.write_str("the subject is empty: name somebody, or give an alternative name")
            }
            Refusal::SubjectLacks(oid) => {
                write!(f, "the profile asks for the attribute {oid} in the subject")
            }
            Refusal::SubjectHolds(oid) => write!(
                f,
                "the profile does not allow the attribute {oid} in the subject"
            ),
            Refusal::SubjectMailMalformed => f.write_str(
                "the subject's emailAddress is not a mail address: write NAME@HOST or leave it out",
            ),
            Refusal::SubjectMailNotAllowed => f.write_str(
                "the profile does not allow mail addresses: leave emailAddress out of the subject",
            ),
            Refusal::NameNotAllowed(name) => {
                write!(f, "the profile does not allow the alternative name {name}")
            }
            Refusal::NameMissing => f.write_str("the profile asks for an alternative name"),
            Refusal::TooManyNames => write!(f, "more than {MOST_NAMES} alternative names"),
            Refusal::EndsBeforeStart => f.write_str("the validity ends before it starts"),
            Refusal::StartOutOfRange => {
                f.write_str("the validity starts more than a day ago or more than a year ahead")
            }
            Refusal::TooLong { max_days } => {
                write!(f, "the profile allows at most {max_days} days of validity")
            }
            Refusal::OutlivesIssuer(end) => {
                write!(
                    f,
                    "the validity would outlive the authority's, which ends at {} (Unix time)",
                    end.unix()
                )
            }
            Refusal::EndsInThePast => f.write_str("the validity is over already"),
            Refusal::SubjectIsTheAuthoritys => {
                f.write_str("the subject is an authority's own: name somebody else")
            }
            Refusal::CommonNameNotAmongNames => f.write_str(
                "the common name stands in none of the alternative names, which alone are looked at: add dns:NAME",
            ),
            Refusal::AsksToBeAnAuthority => {
                f.write_str("the CSR asks to be an authority, which the profile does not issue")
            }
            Refusal::KeyMalformed => {
                f.write_str("the public key is not encoded as its algorithm asks: make the request anew")
            }
            Refusal::TooLarge => f.write_str("the certificate would be too large: ask for fewer or shorter names"),
            Refusal::PathLength => {
                f.write_str("the authority may not sign this authority below it (path length)")
            }
            Refusal::AuthorityRetired => {
                f.write_str("the authority is retired and issues no more: take another one")
            }
            Refusal::AuthorityRevoked => f.write_str(
                "the authority is revoked, or one above it is, and issues no more: take another one",
            ),
            Refusal::AuthorityExpired => {
                f.write_str("the authority has expired and issues no more: take another one")
            }
            Refusal::AuthorityKeyElsewhere => f.write_str(
                "the authority's key is kept elsewhere: it signs there, and what it signed is imported",
            ),
            Refusal::Lint(rule) => write!(f, "what would be signed breaks RFC 5280: {rule}"),
        }
    }
}

impl std::error::Error for Refusal {}
