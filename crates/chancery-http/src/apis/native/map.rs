//! Between this API's words and the core's. Pure.

mod authority;
mod order;
mod record;
mod revocation;

use chancery_app::{
    AuditEntry, AuditFilter, CertificateFilter, CertificateRef, Domain, ImportItem, ImportedStatus,
    IssueBy, IssueRequest, KeySource, NewUser, Order, Person, PersonChange, RenewRequest,
    StatusFilter, SubjectCondition, User, UserChange,
};
use chancery_core::certificate::Certificate;
use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::{Name, Oid, attribute};
use chancery_core::profile::Profile;
use chancery_core::revocation::Reason;
use chancery_core::role::Role;
use chancery_core::san::GeneralName;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use chancery_core::x509::{self, eku, pem};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::errors::Fault;
use super::wire;
use crate::kit::time::{parse_rfc3339, rfc3339};

pub(super) use authority::{authority, certificates, crl, new_authority, request_pem, rollover};
pub(super) use order::{order, order_filter, regenerate};
pub(super) use record::{record, signing, whole_record};
pub(super) use revocation::{new_revocation, preview, revocation};

/// The kinds of keys that can be asked for, by their words.
const KEYS: [&str; 7] = [
    "ec-p256", "ec-p384", "ec-p521", "rsa-2048", "rsa-3072", "rsa-4096", "ed25519",
];
/// Items of a page when the query does not say.
const DEFAULT_PAGE: u32 = 50;

/// A certificate as a list shows it.
pub(super) fn certificate(certificate: &Certificate, now: Time) -> wire::Certificate {
    let facts = certificate
        .der
        .as_ref()
        .and_then(|der| x509::read_certificate(der).ok());
    wire::Certificate {
        id: certificate.id.to_string(),
        number: certificate.number,
        name: certificate.name.clone(),
        status: certificate.status(now).word(),
        reason: certificate.state.revocation().map(Reason::word),
        origin: certificate.origin.word(),
        authority: certificate.authority.clone(),
        profile: certificate.profile.clone(),
        subject: certificate.subject.to_rfc4514(),
        issuer: certificate.issuer.to_rfc4514(),
        serial: certificate.serial.to_hex(),
        subject_key_id: certificate.key_id().map(hex::encode),
        names: facts
            .iter()
            .flat_map(|facts| &facts.names)
            .map(GeneralName::to_string)
            .collect(),
        key: facts
            .as_ref()
            .map(|facts| facts.public_key.algorithm().word()),
        signature: facts
            .as_ref()
            .map(|facts| facts.signature_algorithm.java_name()),
        not_before: rfc3339(certificate.not_before),
        not_after: rfc3339(certificate.not_after),
        owner: certificate.owner.to_string(),
        domain: certificate.domain.to_string(),
        created: rfc3339(certificate.created),
        changed: rfc3339(certificate.state_since),
        private_key: certificate.has_private_key,
        replaces: certificate.replaces.map(|id| id.to_string()),
        replaced_by: certificate.replaced_by.map(|id| id.to_string()),
        fingerprint: certificate
            .der
            .as_ref()
            .map(|der| hex::encode(x509::fingerprint(der))),
        certificate: None,
        chain: None,
    }
}

/// A certificate as it is shown alone: with its PEM and the chain above it.
pub(super) fn whole(one: &Certificate, chain: &[Vec<u8>], now: Time) -> wire::Certificate {
    wire::Certificate {
        certificate: one.der.as_ref().map(|der| certificate_pem(der)),
        chain: Some(chain.iter().map(|der| certificate_pem(der)).collect()),
        ..certificate(one, now)
    }
}

/// A certificate as PEM.
pub(super) fn certificate_pem(der: &[u8]) -> String {
    pem::encode("CERTIFICATE", der)
}

/// A number out of a path; `whose` it is, such as "the revocation's".
pub(super) fn number(text: &str, whose: &str) -> Result<i64, Fault> {
    text.parse()
        .map_err(|_| Fault::invalid(format!("the number: give {whose}, of digits alone")))
}

/// How a path names a certificate: 24 hexadecimal digits are an id, other digits a number, all else a name.
pub(super) fn reference(text: &str) -> CertificateRef {
    if let Ok(id) = CertificateId::parse(text) {
        return CertificateRef::Id(id);
    }
    // A sign makes no number: a certificate may be named `+5`.
    let digits = text.bytes().all(|octet| octet.is_ascii_digit());
    match text.parse() {
        Ok(number) if digits => CertificateRef::Number(number),
        _ => CertificateRef::Name(text.to_owned()),
    }
}

/// A request to issue.
pub(super) fn issue(body: wire::Issue) -> Result<IssueRequest, Fault> {
    let key = match (body.csr, body.key) {
        (Some(csr), None) => KeySource::Csr(request_der(&csr)?),
        (None, Some(word)) => KeySource::Make(key(&word)?),
        (Some(_), Some(_)) => return Err(Fault::invalid("give a csr or a key to make, not both")),
        (None, None) => {
            return Err(Fault::invalid(
                "give a csr, or the kind of key to make (ec-p256, rsa-2048, ...)",
            ));
        }
    };
    Ok(IssueRequest {
        subject: body
            .subject
            .map(|text| name("subject", &text))
            .transpose()?,
        names: body
            .names
            .map(|names| names.iter().map(|text| general_name(text)).collect())
            .transpose()?,
        profile: body.profile,
        issuer: body.authority.map_or(IssueBy::Default, IssueBy::Authority),
        not_before: body
            .not_before
            .map(|text| time("not_before", &text))
            .transpose()?,
        not_after: body
            .not_after
            .map(|text| time("not_after", &text))
            .transpose()?,
        days: body.days,
        name: body.name,
        owner: body.owner.map(|text| user_id(&text)).transpose()?,
        ..IssueRequest::new(key)
    })
}

/// A request to import.
pub(super) fn import(body: wire::Import) -> Result<Vec<ImportItem>, Fault> {
    let ders = pem::certificates_der(body.certificates.as_bytes())
        .map_err(|error| Fault::invalid(format!("certificates: {error}")))?;
    let owner = body.owner.map(|text| user_id(&text)).transpose()?;
    let mut private_key = match body.private_key.map(Zeroizing::new) {
        Some(_) if ders.len() != 1 => {
            return Err(Fault::invalid(
                "private_key: give it with one certificate alone",
            ));
        }
        Some(text) => Some(private_key_der(&text)?),
        None => None,
    };
    Ok(ders
        .into_iter()
        .map(|der| ImportItem {
            der,
            owner: owner.clone(),
            status: ImportedStatus::Active,
            private_key: private_key.take(),
            name: None,
        })
        .collect())
}

fn private_key_der(text: &str) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let blocks =
        pem::decode_all(text).map_err(|error| Fault::invalid(format!("private_key: {error}")))?;
    let key = blocks
        .into_iter()
        .find(|block| block.label == "PRIVATE KEY");
    key.map(|block| Zeroizing::new(block.der)).ok_or_else(|| {
        Fault::invalid("private_key: give unencrypted PKCS#8 PEM (BEGIN PRIVATE KEY)")
    })
}

/// A request to renew.
pub(super) fn renew(body: wire::Renew) -> Result<RenewRequest, Fault> {
    Ok(RenewRequest {
        csr: body.csr.map(|text| request_der(&text)).transpose()?,
        days: body.days,
        revoke_old: body.revoke_old,
        name: body.name,
    })
}

/// A listing's filter and page size.
pub(super) fn filter(
    query: wire::CertificateQuery,
    now: Time,
) -> Result<(CertificateFilter, usize), Fault> {
    let after = match &query.after {
        Some(text) => Some(
            text.parse()
                .map_err(|_| Fault::invalid("after: give the next of the page before"))?,
        ),
        None => None,
    };
    let order = match query.order.as_deref() {
        None | Some("newest") => Order::NumberDescending(after),
        Some("oldest") => Order::Number(after),
        Some(_) => return Err(Fault::invalid("order: take newest or oldest")),
    };
    let status = |text: String| {
        StatusFilter::parse(&text).ok_or_else(|| {
            let words: Vec<&str> = StatusFilter::ALL
                .into_iter()
                .map(StatusFilter::word)
                .collect();
            Fault::invalid(format!("status: take one of {}", words.join(", ")))
        })
    };
    let filter = CertificateFilter {
        owner: query.owner.map(|text| user_id(&text)).transpose()?,
        domain: query.domain.map(|text| domain_id(&text)).transpose()?,
        issuer: query.issuer.map(|text| name("issuer", &text)).transpose()?,
        serial: query.serial.map(|text| serial(&text)).transpose()?,
        subject_key_id: query.subject_key_id.map(|text| key_id(&text)).transpose()?,
        subject: query
            .subject
            .map(|text| SubjectCondition::ContainsIgnoringCase(Name::openssl_oneline_part(&text))),
        status: query.status.map(status).transpose()?,
        order,
        ..CertificateFilter::all(now)
    };
    if filter.serial.is_some() && filter.issuer.is_none() {
        return Err(Fault::invalid(
            "serial: give the issuer too, as serial numbers are its alone",
        ));
    }
    Ok((filter, page_size(query.limit)?))
}

/// A page's size: 50 unless said.
pub(super) fn page_size(limit: Option<u32>) -> Result<usize, Fault> {
    match limit.unwrap_or(DEFAULT_PAGE) {
        limit @ 1..=1000 => Ok(usize::try_from(limit).unwrap_or(1000)),
        _ => Err(Fault::invalid("limit: take 1 to 1000")),
    }
}

/// Cuts what was read, one more than `limit` at most, to a page: the next page's cursor is there if there is a next page.
pub(super) fn cut<T, C>(read: &mut Vec<T>, limit: usize, cursor: impl Fn(&T) -> C) -> Option<C> {
    if read.len() <= limit {
        return None;
    }
    read.truncate(limit);
    read.last().map(cursor)
}

/// A user.
pub(super) fn user(user: &User) -> wire::User {
    wire::User {
        id: user.id.to_string(),
        name: user.name.clone(),
        domain: user.domain.to_string(),
        roles: user.roles.iter().map(|role| role.word()).collect(),
        disabled: user.disabled,
        has_password: user.has_password,
        has_api_key: user.has_api_key,
        created: rfc3339(user.created),
        display_name: user.person.display_name.clone(),
        first_name: user.person.first_name.clone(),
        last_name: user.person.last_name.clone(),
        email: user.person.email.clone(),
        subject_dn: user.person.subject_dn.clone(),
        expires: user.expires.map(rfc3339),
        certificate: user.certificate.map(|id| id.to_string()),
    }
}

/// A user to make.
pub(super) fn new_user(body: wire::NewUser) -> Result<NewUser, Fault> {
    Ok(NewUser {
        id: body.id.map(|text| user_id(&text)).transpose()?,
        name: body.name,
        domain: body.domain.map(|text| domain_id(&text)).transpose()?,
        roles: body
            .roles
            .map_or(Ok(vec![Role::SelfService]), |words| roles(&words))?,
        password: body.password.map(SecretString::from),
        person: Person {
            display_name: body.display_name,
            first_name: body.first_name,
            last_name: body.last_name,
            email: body.email,
            subject_dn: body.subject_dn,
        },
        expires: body
            .expires
            .map(|text| time("expires", &text))
            .transpose()?,
    })
}

/// What to change of a user.
pub(super) fn user_change(body: wire::UserChange) -> Result<UserChange, Fault> {
    let end = |end: Option<String>| end.map(|text| time("expires", &text)).transpose();
    Ok(UserChange {
        name: body.name,
        roles: body.roles.map(|words| roles(&words)).transpose()?,
        disabled: body.disabled,
        password: body.password.map(SecretString::from),
        domain: body.domain.map(|text| domain_id(&text)).transpose()?,
        person: None,
        person_members: PersonChange {
            display_name: body.display_name,
            first_name: body.first_name,
            last_name: body.last_name,
            email: body.email,
            subject_dn: body.subject_dn,
        },
        expires: body.expires.map(end).transpose()?,
    })
}

/// Roles by their words.
fn roles(words: &[String]) -> Result<Vec<Role>, Fault> {
    let role = |word: &String| {
        Role::parse(word).ok_or_else(|| {
            let words: Vec<&str> = Role::ALL.into_iter().map(Role::word).collect();
            Fault::invalid(format!("roles: take of {}", words.join(", ")))
        })
    };
    words.iter().map(role).collect()
}

/// A domain.
pub(super) fn domain(domain: &Domain) -> wire::Domain {
    wire::Domain {
        id: domain.id.to_string(),
        name: domain.name.clone(),
        disabled: domain.disabled,
        created: rfc3339(domain.created),
    }
}

/// A profile.
pub(super) fn profile(profile: &Profile) -> wire::Profile {
    let names = profile.names;
    let forms = [
        ("dns", names.dns),
        ("email", names.email),
        ("ip", names.ip),
        ("uri", names.uri),
    ];
    let certified = |word: &str| {
        KeyAlgorithm::parse(word).is_some_and(|algorithm| profile.keys.allow(algorithm))
    };
    wire::Profile {
        name: profile.name.clone(),
        default_days: profile.lifetime.default_days,
        max_days: profile.lifetime.max_days,
        keys: KEYS.into_iter().filter(|word| certified(word)).collect(),
        key_usage: profile
            .key_usage
            .iter()
            .map(|usage| usage.word().to_owned())
            .collect(),
        extended_key_usage: profile.extended_key_usage.iter().map(eku::word).collect(),
        extended_key_usage_critical: profile.extended_key_usage_critical,
        names: forms
            .into_iter()
            .filter(|form| form.1)
            .map(|form| form.0)
            .collect(),
        name_required: names.required,
        subject_may_be_empty: profile.subject.may_be_empty,
        subject_attributes_required: keywords(&profile.subject.required),
        subject_attributes_allowed: profile.subject.allowed.as_deref().map(keywords),
        authority: profile.is_authoritys(),
        path_length: profile.path_length(),
        ocsp_nocheck: profile.ocsp_nocheck,
        self_service: profile.self_service,
    }
}

/// Attribute types as people write them.
fn keywords(types: &[Oid]) -> Vec<String> {
    let word = |oid: &Oid| attribute::keyword(oid).map_or_else(|| oid.to_string(), str::to_owned);
    types.iter().map(word).collect()
}

/// A filter of the audit trail.
pub(super) fn audit_filter(query: &wire::AuditQuery) -> Result<AuditFilter, Fault> {
    let certificate = |text: &String| {
        CertificateId::parse(text)
            .map_err(|_| Fault::invalid("certificate: give its id of 24 hexadecimal digits"))
    };
    Ok(AuditFilter {
        actor: query.actor.as_ref().map(|text| user_id(text)).transpose()?,
        certificate: query.certificate.as_ref().map(certificate).transpose()?,
        before: query.before,
    })
}

/// An entry of the audit trail.
pub(super) fn audit_entry(entry: &AuditEntry) -> wire::AuditEntry {
    wire::AuditEntry {
        id: entry.id,
        at: rfc3339(entry.at),
        actor: entry.actor.as_ref().map(UserId::to_string),
        domain: entry.domain.as_ref().map(DomainId::to_string),
        api: entry.api.clone(),
        action: entry.action.clone(),
        certificate: entry.certificate.map(|id| id.to_string()),
        object: entry.object.clone(),
        outcome: entry.outcome.word(),
        detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
    }
}

/// A reason by its word.
pub(super) fn reason(text: &str) -> Result<Reason, Fault> {
    Reason::parse(text).ok_or_else(|| {
        let words: Vec<&str> = Reason::ALL.into_iter().map(Reason::word).collect();
        Fault::invalid(format!("reason: take one of {}", words.join(", ")))
    })
}

/// A user's id.
pub(super) fn user_id(text: &str) -> Result<UserId, Fault> {
    UserId::parse(text).map_err(|error| Fault::invalid(format!("user: {error}")))
}

/// A domain's id.
pub(super) fn domain_id(text: &str) -> Result<DomainId, Fault> {
    DomainId::parse(text).map_err(|error| Fault::invalid(format!("domain: {error}")))
}

fn request_der(text: &str) -> Result<Vec<u8>, Fault> {
    pem::request_der(text.as_bytes()).map_err(|error| Fault::invalid(format!("csr: {error}")))
}

fn key(word: &str) -> Result<KeyAlgorithm, Fault> {
    KeyAlgorithm::parse(word)
        .ok_or_else(|| Fault::invalid(format!("key: take one of {}", KEYS.join(", "))))
}

fn name(member: &str, text: &str) -> Result<Name, Fault> {
    Name::parse(text).map_err(|error| Fault::invalid(format!("{member}: {error}")))
}

fn general_name(text: &str) -> Result<GeneralName, Fault> {
    GeneralName::parse(text).map_err(|error| Fault::invalid(format!("names: {error}")))
}

fn time(member: &str, text: &str) -> Result<Time, Fault> {
    parse_rfc3339(text)
        .ok_or_else(|| Fault::invalid(format!("{member}: write RFC 3339, as 2026-11-22T11:34:00Z")))
}

fn serial(text: &str) -> Result<Serial, Fault> {
    Serial::parse_hex(text).map_err(|error| Fault::invalid(format!("serial: {error}")))
}

fn key_id(text: &str) -> Result<[u8; 20], Fault> {
    let octets = hex::decode(text)
        .ok()
        .and_then(|octets| octets.try_into().ok());
    octets.ok_or_else(|| Fault::invalid("subject_key_id: give 40 hexadecimal digits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_certificates_in_three_ways() {
        let id = "5f5641a7e74e187a7e3d5266";
        assert_eq!(
            reference(id),
            CertificateRef::Id(CertificateId::parse(id).unwrap())
        );
        assert_eq!(reference("42"), CertificateRef::Number(42));
        for name in ["+5", "-5", "5a"] {
            assert_eq!(reference(name), CertificateRef::Name(name.to_owned()));
        }
        assert_eq!(
            reference("joe-7a7e3d52"),
            CertificateRef::Name("joe-7a7e3d52".to_owned())
        );
    }

    #[test]
    fn page_sizes_have_limits() {
        assert_eq!(page_size(None).unwrap(), 50);
        assert_eq!(page_size(Some(1000)).unwrap(), 1000);
        for limit in [0, 1001, u32::MAX] {
            assert!(page_size(Some(limit)).is_err(), "{limit}");
        }
    }

    #[test]
    fn only_a_page_that_more_follows_has_a_cursor() {
        for (count, page, next) in [
            (0, 0, None),
            (2, 2, None),
            (3, 3, None),
            (4, 3, Some("3".to_owned())),
        ] {
            let mut read: Vec<u32> = (1..=count).collect();
            assert_eq!(cut(&mut read, 3, ToString::to_string), next, "{count}");
            assert_eq!(read.len(), page, "{count}");
        }
    }
}
