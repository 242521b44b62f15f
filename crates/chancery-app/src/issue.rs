//! Issuing: from somebody's CSR, or with a key made here.

use std::sync::Arc;

use chancery_core::certificate::{Certificate, Origin, State};
use chancery_core::csr::Csr;
use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::key::KeyAlgorithm;
use chancery_core::name::{Name, attribute};
use chancery_core::plan::{self, Issuer, Planned, Request};
use chancery_core::profile::Profile;
use chancery_core::role::{Reach, Right};
use chancery_core::san::GeneralName;
use chancery_core::serial::Serial;
use chancery_core::time::Time;

use crate::audit::NewAuditEntry;
use crate::authority::Loaded;
use crate::keys::software::{self, SoftwareKey};
use crate::keys::{PrivateKey, Signer};
use crate::store::Step;
use crate::store::authorities::AuthorityStep;
use crate::store::certificates::{IssuerKey, NewCertificate, PendingNames};
use crate::{App, Caller, Error, random};

/// What is asked to be issued. What is left out comes from the CSR, the profile or the configuration.
#[derive(Debug)]
pub struct IssueRequest {
    /// Whose key.
    pub key: KeySource,
    /// Whom to name; the CSR's subject if left out.
    pub subject: Option<Name>,
    /// Alternative names; the CSR's if left out.
    pub names: Option<Vec<GeneralName>>,
    /// The profile's name; the configured one if left out.
    pub profile: Option<String>,
    /// Who signs.
    pub issuer: IssueBy,
    /// Start of validity, if not now.
    pub not_before: Option<Time>,
    /// End of validity, if not the profile's default.
    pub not_after: Option<Time>,
    /// Days of validity instead of an end.
    pub days: Option<u32>,
    /// The certificate's unique readable name; made from the subject if left out.
    pub name: Option<String>,
    /// The user to whom it will belong; the caller if left out.
    pub owner: Option<UserId>,
    /// Is it to start on hold?
    pub on_hold: bool,
    /// Does the caller want the private key that is made here? It is given to who may export it, which the audit trail
    /// then says.
    pub wants_private_key: bool,
}

/// Where the certified key comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeySource {
    /// The holder proves it with a PKCS#10 request, DER.
    Csr(Vec<u8>),
    /// Made here, and kept here sealed.
    Make(KeyAlgorithm),
}

/// Who signs a certificate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IssueBy {
    /// The configured authority.
    Default,
    /// The authority of that name.
    Authority(String),
    /// Its own key. Needs a key made here.
    Itself,
}

/// A certificate just issued.
#[derive(Debug)]
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Its private key, if it was made here.
    pub private_key: Option<PrivateKey>,
}

/// What a new certificate is to be, beside what is signed.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) owner: UserId,
    pub(crate) domain: DomainId,
    pub(crate) name: Option<String>,
    /// The certificate that it replaces, and the name of that one.
    pub(crate) replaces: Option<Certificate>,
    /// Is it to start on hold?
    pub(crate) on_hold: bool,
}

/// A certificate signed and about to be committed.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) planned: Planned,
    pub(crate) der: Vec<u8>,
    pub(crate) origin: Origin,
    pub(crate) authority: Option<(i64, String)>,
    /// The step without which it must not be committed, if any.
    pub(crate) expectation: Option<Step>,
    pub(crate) profile: String,
    pub(crate) private_key: Option<PrivateKey>,
}

impl IssueRequest {
    /// A request with that key and nothing else said.
    pub fn new(key: KeySource) -> IssueRequest {
        IssueRequest {
            key,
            subject: None,
            names: None,
            profile: None,
            issuer: IssueBy::Default,
            not_before: None,
            not_after: None,
            days: None,
            name: None,
            owner: None,
            on_hold: false,
            wants_private_key: false,
        }
    }
}

impl App {
    /// Issues a certificate. The caller needs the right to issue for its owner. The answer is given once the
    /// certificate is durably stored.
    pub async fn issue(&self, caller: &Caller, request: IssueRequest) -> Result<Issued, Error> {
        let owner = request.owner.clone();
        let (owner, domain) = self
            .owner_of_new(caller, owner, "certificate.issue")
            .await?;
        let request = self.within_reach(caller, request).await?;
        let mut more = Vec::new();
        let export = Right::ExportPrivateKeys;
        let gives_key = request.wants_private_key
            && caller.may(export, &owner, &domain)
            && !self.reaches_above(caller, export, &owner).await?;
        if gives_key {
            more.push(EXPORT);
        }
        let placement = Placement {
            owner,
            domain,
            name: request.name.clone().map(checked_name).transpose()?,
            replaces: None,
            on_hold: request.on_hold,
        };
        let signed = self.sign_new(request, self.kept_names(caller)).await;
        let signed = self.audited(caller, "certificate.issue", signed).await?;
        let mut issued = self
            .place(
                Some(caller),
                signed,
                placement,
                "certificate.issue",
                &more,
                Vec::new(),
            )
            .await?;
        if !gives_key {
            issued.private_key = None;
        }
        Ok(issued)
    }

    /// The request, if profile and authority are the caller's to ask for: users who may issue for themselves alone are
    /// held to the profiles meant for them; what could speak for an authority, and another authority than the configured one is for who may change
    /// authorities.
    pub(crate) async fn within_reach(
        &self,
        caller: &Caller,
        mut request: IssueRequest,
    ) -> Result<IssueRequest, Error> {
        let usual = self.usual_profile(caller);
        let profile = request.profile.get_or_insert_with(|| usual.to_owned());
        if caller.issues_for_itself_alone() && !self.profile(profile)?.self_service {
            self.refuse(caller, "certificate.issue", None, None).await?;
        }
        if self.profile(profile)?.speaks_for_its_authority() {
            self.require_everywhere(caller, Right::ChangeAuthorities, "certificate.issue")
                .await?;
        }
        if let IssueBy::Authority(name) = &request.issuer
            && !self.issues_the_same(name, &self.0.config.issue.authority)
        {
            self.require_everywhere(caller, Right::ChangeAuthorities, "certificate.issue")
                .await?;
        }
        Ok(request)
    }

    /// The name of the profile that the caller gets without asking for one.
    pub(crate) fn usual_profile(&self, caller: &Caller) -> &str {
        let config = &self.0.config.issue;
        if caller.issues_for_itself_alone() {
            &config.self_service_profile
        } else {
            &config.profile
        }
    }

    /// The server's own names, which nobody else may have certified but who may issue everywhere.
    pub(crate) fn kept_names(&self, caller: &Caller) -> Vec<GeneralName> {
        match caller.reach(Right::IssueCertificates) {
            Reach::Everywhere => Vec::new(),
            Reach::Domain | Reach::Own | Reach::Nothing => self.0.server_names.clone(),
        }
    }

    /// The owner of something new, and its domain: the caller itself if none is named, or a user for whom it may issue.
    pub(crate) async fn owner_of_new(
        &self,
        caller: &Caller,
        owner: Option<UserId>,
        action: &'static str,
    ) -> Result<(UserId, DomainId), Error> {
        let (right, own) = (Right::IssueCertificates, caller.user());
        match owner.filter(|owner| *owner != own.id) {
            Some(owner) => {
                let owner = self
                    .user_in_reach(caller, &owner, right, action)
                    .await?
                    .user;
                Ok((owner.id, owner.domain))
            }
            None => {
                self.require(caller, right, action, &own.id, &own.domain)
                    .await?;
                Ok((own.id.clone(), own.domain.clone()))
            }
        }
    }

    /// Plans and signs, off the async threads. Nothing is stored yet, so nothing of it may leave yet.
    /// Names that are kept from the request are refused as [`Error::Forbidden`].
    pub(crate) async fn sign_new(
        &self,
        request: IssueRequest,
        kept_names: Vec<GeneralName>,
    ) -> Result<Signed, Error> {
        let issuer = match &request.issuer {
            IssueBy::Itself => None,
            IssueBy::Default => Some(
                self.issuing_authority(&self.0.config.issue.authority)
                    .await?,
            ),
            IssueBy::Authority(name) => Some(self.issuing_authority(name).await?),
        };
        self.sign_by(request, issuer, kept_names).await
    }

    /// [`App::sign_new`] by just this authority, whoever issues in its place; by the request's own key without one.
    pub(crate) async fn sign_by(
        &self,
        request: IssueRequest,
        issuer: Option<Arc<Loaded>>,
        kept_names: Vec<GeneralName>,
    ) -> Result<Signed, Error> {
        let profile_name = request
            .profile
            .as_deref()
            .unwrap_or(&self.0.config.issue.profile);
        let profile = self.profile(profile_name)?.clone();
        let made = match &request.key {
            KeySource::Make(algorithm) if profile.keys.allow(*algorithm) => {
                Some(self.0.pool.take(*algorithm).await?)
            }
            KeySource::Make(algorithm) => {
                return Err(plan::Refusal::KeyNotAllowed(*algorithm).into());
            }
            KeySource::Csr(_) => None,
        };
        let now = self.now();
        let serial = Serial::from_random(random::octets()?);
        off_the_async_threads(move || {
            let asked = asked(request, &profile, made.as_ref(), now)?;
            if holds(&asked.subject, &asked.names, &kept_names) {
                return Err(Error::Forbidden("certificate.issue"));
            }
            sign(asked, &profile, issuer.as_deref(), made, serial, now)
        })
        .await
    }

    /// Commits a signed certificate with an audit entry for `action`, for all that was done `also`, and with `more` steps;
    /// gives it back.
    pub(crate) async fn place(
        &self,
        caller: Option<&Caller>,
        signed: Signed,
        placement: Placement,
        action: &'static str,
        also: &[&'static str],
        more: Vec<Step>,
    ) -> Result<Issued, Error> {
        let now = self.now();
        let id = CertificateId::new(now, random::octets()?);
        let name = match placement.name {
            Some(name) => name,
            None => readable_name(&signed.planned.subject, placement.replaces.as_ref(), &id),
        };
        let sealed_key = match &signed.private_key {
            Some(key) => Some(self.0.sealer.seal(&sealing_purpose(&id), key.pkcs8())?),
            None => None,
        };
        let planned = signed.planned;
        let mut certificate = Certificate {
            number: 0,
            id,
            name,
            origin: signed.origin,
            authority: signed.authority.as_ref().map(|(_, name)| name.clone()),
            der: Some(signed.der),
            issuer: planned.issuer,
            subject: planned.subject,
            serial: planned.serial,
            subject_key_id: planned.public_key.key_id(),
            not_before: planned.not_before,
            not_after: planned.not_after,
            owner: placement.owner,
            domain: placement.domain,
            profile: Some(signed.profile),
            state: match placement.on_hold {
                true => State::OnHold,
                false => State::Active,
            },
            state_since: now,
            created: now,
            has_private_key: sealed_key.is_some(),
            replaces: placement.replaces.as_ref().map(|old| old.id),
            replaced_by: None,
        };
        let authority = signed.authority.map(|(id, _)| id);
        let replaces = placement.replaces.map(|old| old.number);
        let mut steps = vec![
            Step::ExpectSoundKey(certificate.subject_key_id),
            new_step(&certificate, authority, sealed_key, replaces),
        ];
        steps.extend(signed.expectation);
        steps.extend(std::iter::once(&action).chain(also).map(|action| {
            Step::Audit(NewAuditEntry {
                certificate: Some(id),
                ..self.audit_entry(caller, action)
            })
        }));
        steps.extend(more);
        let numbers = self.store().commit(steps).await?;
        certificate.number = numbers.first().copied().unwrap_or_default();
        Ok(Issued {
            certificate,
            private_key: signed.private_key,
        })
    }
}

/// What the audit trail calls giving a private key away.
pub(crate) const EXPORT: &str = "certificate.export-private-key";

/// What a certificate's sealed private key is bound to.
pub(crate) fn sealing_purpose(id: &CertificateId) -> String {
    format!("certificate:{id}")
}

/// The step that stores a certificate which is not there yet.
pub(crate) fn new_step(
    certificate: &Certificate,
    authority: Option<i64>,
    sealed_key: Option<Vec<u8>>,
    replaces: Option<i64>,
) -> Step {
    Step::AddCertificate(Box::new(NewCertificate {
        id: certificate.id,
        name: certificate.name.clone(),
        origin: certificate.origin,
        authority,
        der: certificate.der.clone(),
        names: certificate.der.is_none().then(|| PendingNames {
            issuer: certificate.issuer.clone(),
            subject: certificate.subject.clone(),
        }),
        issuer_key: IssuerKey::of(&certificate.issuer),
        serial: certificate.serial.clone(),
        subject_line: certificate.subject.to_openssl_oneline(),
        subject_key_id: certificate.subject_key_id,
        not_before: certificate.not_before,
        not_after: certificate.not_after,
        owner: certificate.owner.clone(),
        domain: certificate.domain.clone(),
        profile: certificate.profile.clone(),
        state: certificate.state,
        created: certificate.created,
        sealed_key,
        replaces,
    }))
}

/// Runs CPU-bound work on the blocking threads.
pub(crate) async fn off_the_async_threads<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(Error::internal)?
}

/// Plans and signs: with an authority's key, or with the key that was made here.
pub(crate) fn sign(
    asked: Request,
    profile: &Profile,
    issuer: Option<&Loaded>,
    made: Option<PrivateKey>,
    serial: Serial,
    now: Time,
) -> Result<Signed, Error> {
    let (planned, signature, authority) = match (issuer, &made) {
        (Some(loaded), _) => {
            let by = Issuer::Authority(&loaded.authority, &loaded.addresses);
            let planned = plan::plan(asked, profile, by, serial, now)?;
            let signature = loaded.signer()?.sign(&planned)?;
            (
                planned,
                signature,
                Some((loaded.authority.id, loaded.authority.name.clone())),
            )
        }
        (None, Some(key)) => {
            let planned = plan::plan(asked, profile, Issuer::Itself, serial, now)?;
            let signature = SoftwareKey::from_pkcs8(key)?.sign(&planned)?;
            (planned, signature, None)
        }
        (None, None) => {
            return Err(Error::Invalid(
                "only a key made here can sign its own certificate".to_owned(),
            ));
        }
    };
    let der = planned.finish(&signature).map_err(Error::internal)?;
    let origin = if authority.is_some() {
        Origin::Issued
    } else {
        Origin::SelfSigned
    };
    // The authority may be stopped meanwhile. Its OCSP responder's certificate is made all the same, as `plan` says.
    let expectation = match &authority {
        Some((id, _)) if !profile.ocsp_nocheck => {
            Some(Step::Authority(AuthorityStep::ExpectSigning(*id)))
        }
        _ => None,
    };
    Ok(Signed {
        planned,
        der,
        origin,
        authority,
        expectation,
        profile: profile.name.clone(),
        private_key: made,
    })
}

/// The end of a validity of that many days, from the start that the profile gives if none is asked.
pub(crate) fn end_after(profile: &Profile, start: Option<Time>, days: u32, now: Time) -> Time {
    let backdated = now.plus_seconds(-i64::from(profile.lifetime.backdate_seconds));
    start.unwrap_or(backdated).plus_days(i64::from(days))
}

/// Would this name one of these hosts, by an alternative name or by any of its common names?
pub(crate) fn holds(subject: &Name, names: &[GeneralName], kept: &[GeneralName]) -> bool {
    let common_names: Vec<GeneralName> = subject
        .attributes()
        .filter(|attribute| *attribute.oid() == attribute::COMMON_NAME)
        .filter_map(|attribute| GeneralName::parse(attribute.text()?).ok())
        .collect();
    let mut names = names.iter().chain(&common_names);
    names.any(|name| kept.iter().any(|kept| covers(name, kept)))
}

/// Does a certificate with this name serve that host too? A wildcard stands for one whole label (RFC 6125, 6.4.3).
fn covers(name: &GeneralName, host: &GeneralName) -> bool {
    let (GeneralName::Dns(name), GeneralName::Dns(host)) = (name, host) else {
        return name == host;
    };
    let parents = name.strip_prefix("*.").zip(host.split_once('.'));
    name.eq_ignore_ascii_case(host)
        || parents.is_some_and(|(any, (_, parent))| any.eq_ignore_ascii_case(parent))
}

/// What the core is asked to plan: the request's words, with the CSR's where it has none.
fn asked(
    request: IssueRequest,
    profile: &Profile,
    made: Option<&PrivateKey>,
    now: Time,
) -> Result<Request, Error> {
    let (public_key, csr_subject, csr_names) = match (&request.key, made) {
        (KeySource::Csr(der), _) => {
            let csr =
                Csr::read(der).map_err(|error| Error::Invalid(format!("the CSR: {error}")))?;
            if csr.is_authority && !profile.is_authoritys() {
                return Err(plan::Refusal::AsksToBeAnAuthority.into());
            }
            (csr.public_key, Some(issuable(csr.subject)), csr.names)
        }
        (KeySource::Make(_), Some(key)) => (software::public_key_of(key)?, None, Vec::new()),
        (KeySource::Make(_), None) => return Err(Error::internal("no key was made")),
    };
    let not_after = match (request.not_after, request.days) {
        (Some(_), Some(_)) => {
            return Err(Error::Invalid(
                "give an end of validity or days, not both".to_owned(),
            ));
        }
        (end, None) => end,
        (None, Some(days)) => Some(end_after(profile, request.not_before, days, now)),
    };
    let Some(subject) = request.subject.or(csr_subject) else {
        return Err(Error::Invalid(
            "a subject is needed with a key made here".to_owned(),
        ));
    };
    let names = request.names.unwrap_or(csr_names);
    Ok(Request {
        subject,
        names,
        public_key,
        not_before: request.not_before,
        not_after,
    })
}

/// A CSR's subject as it is, or with its values in string types that are issued, if that is all that is wrong with it.
pub(crate) fn issuable(subject: Name) -> Name {
    if subject.check_issuable().is_ok() {
        return subject;
    }
    subject.reencoded().unwrap_or(subject)
}

/// Longest readable name, in octets.
const LONGEST_NAME: usize = 128;

/// A readable name that a caller gave: 1 to 128 visible characters without white space or slashes, and nothing that
/// could be mistaken for a number or an id.
pub(crate) fn checked_name(name: String) -> Result<String, Error> {
    let fits = (1..=LONGEST_NAME).contains(&name.len())
        && !name
            .chars()
            .any(|c| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\'));
    let mistakable =
        name.bytes().all(|b| b.is_ascii_digit()) || CertificateId::parse(&name).is_ok();
    if fits && !mistakable {
        return Ok(name);
    }
    Err(Error::Invalid(
        "a certificate's name has 1 to 128 characters without spaces and slashes, and is no number or id".to_owned(),
    ))
}

/// A readable name that never collides: what names the subject (or what the replaced certificate was called), and the
/// random part of the id.
pub(crate) fn readable_name(
    subject: &Name,
    replaces: Option<&Certificate>,
    id: &CertificateId,
) -> String {
    let tail: String = id.to_string().chars().skip(8).collect();
    let head = match replaces {
        Some(old) => match old.name.rsplit_once('-') {
            Some((head, made)) if is_tail(made) => head.to_owned(),
            _ => old.name.clone(),
        },
        None => subject
            .common_name()
            .map_or_else(|| "certificate".to_owned(), slug),
    };
    format!("{head}-{tail}")
}

/// Is it what a made name ends in, and not a word that somebody chose?
fn is_tail(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|octet| octet.is_ascii_hexdigit())
}

/// Lower-case letters, digits, dots and hyphens out of a name; at most 48 of them.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() || c == '.' {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
        if slug.len() >= 48 {
            break;
        }
    }
    let trimmed = slug.trim_matches('-');
    if trimmed.is_empty() {
        "certificate".to_owned()
    } else {
        trimmed.to_owned()
    }
}
