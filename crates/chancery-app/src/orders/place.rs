//! Placing a work order: everything that can be refused at once is, and the record of the certificate to come is made.

use std::sync::Arc;

use chancery_core::certificate::{Action, Certificate, Origin, State};
use chancery_core::csr::Csr;
use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::key::{KeyAlgorithm, KeyId, PublicKey};
use chancery_core::name::Name;
use chancery_core::plan::{self, Issuer};
use chancery_core::profile::{KeyRules, Profile};
use chancery_core::revocation::Reason;
use chancery_core::role::Right;
use chancery_core::san::GeneralName;
use chancery_core::serial::Serial;
use chancery_core::workorder::{OrderKind, OrderState, WorkOrder};
use chancery_core::x509;

use super::{OrderRequest, checked_reason};
use crate::audit::NewAuditEntry;
use crate::authority::Loaded;
use crate::issue::{
    IssueBy, IssueRequest, KeySource, checked_name, end_after, holds, issuable, new_step,
    off_the_async_threads, readable_name,
};
use crate::renew::{check_csr, renewable};
use crate::search::CertificateRef;
use crate::store::orders::{NewOrder, OrderStep, OrderTask};
use crate::store::{Step, StoreError};
use crate::turns::ATTEMPTS;
use crate::{App, Caller, Error, random};

/// What the audit trail calls it.
const ACTION: &str = "order.place";

/// The certificate to come, and what it takes to make it.
struct Making {
    record: Certificate,
    authority: i64,
    task: OrderTask,
}

/// What is known of a certificate to come, before its record is made.
struct Wish<'a> {
    subject: Name,
    profile: &'a Profile,
    authority: &'a Loaded,
    /// The key that it will have, if that is there already.
    key: Option<KeyId>,
    name: Option<String>,
    owner: UserId,
    domain: DomainId,
    replaces: Option<&'a Certificate>,
    task: OrderTask,
}

/// Who asks for what, of every kind of order.
struct Asking<'a> {
    caller: &'a Caller,
    kind: OrderKind,
    reason: &'a str,
    auto_approve: bool,
}

impl App {
    /// Places a work order. Needs the right that doing it at once would need; with `auto_approve` it is approved thereby,
    /// else by somebody else who has the right to. The answer does not wait until it is done.
    ///
    /// # Errors
    /// In this order: [`Error::NotFound`]; [`Error::NotManaged`] for a certificate that is only watched;
    /// [`Error::Forbidden`]; [`Error::OrderOpen`] while another order about it is open; then whatever the certificate's
    /// state, the CSR or the profile refuse.
    pub async fn place_order(
        &self,
        caller: &Caller,
        request: OrderRequest,
    ) -> Result<WorkOrder, Error> {
        checked_reason(&request.reason)?;
        let asking = Asking {
            caller,
            kind: request.kind,
            reason: &request.reason,
            auto_approve: request.auto_approve,
        };
        let number = match (request.kind, &request.certificate, request.issue) {
            (OrderKind::Create, None, Some(issue)) if request.csr.is_none() => {
                self.place_creation(&asking, issue).await?
            }
            (OrderKind::Create, ..) | (_, None, _) | (_, _, Some(_)) => {
                return Err(Error::Invalid(
                    "an order to create says what to issue; any other names a certificate"
                        .to_owned(),
                ));
            }
            (_, Some(which), None) => {
                self.place_about(&asking, which, request.csr.as_deref(), request.days)
                    .await?
            }
        };
        if request.auto_approve {
            self.0.orders.approved.notify_one();
        }
        Ok(self.stored_order(number).await?.0.order)
    }

    /// Places an order about a certificate that is there; its number.
    async fn place_about(
        &self,
        asking: &Asking<'_>,
        which: &CertificateRef,
        csr: Option<&[u8]>,
        days: Option<u32>,
    ) -> Result<i64, Error> {
        for _ in 0..ATTEMPTS {
            let certificate = self.find(which).await?;
            self.require_managed(asking, &certificate).await?;
            if let Some(open) = self.store().open_order(certificate.number).await? {
                return Err(Error::OrderOpen(open));
            }
            let making = match movement_of(asking.kind) {
                None => Some(
                    self.renewal(asking.caller, asking.kind, &certificate, csr, days)
                        .await?,
                ),
                Some(action) => {
                    let circumstances = certificate.circumstances(self.now());
                    certificate.state.after(action, circumstances)?;
                    None
                }
            };
            let expected = Step::ExpectState(certificate.number, certificate.state);
            let mut steps = vec![expected];
            steps.extend(self.placing(asking, Some(&certificate), making));
            match self.store().commit(steps).await {
                Ok(numbers) => return Ok(numbers.last().copied().unwrap_or_default()),
                Err(StoreError::OrderOpen(open)) => return Err(Error::OrderOpen(open)),
                Err(StoreError::Stale) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Busy)
    }

    /// Places an order for a certificate that replaces none; its number.
    async fn place_creation(&self, asking: &Asking<'_>, issue: IssueRequest) -> Result<i64, Error> {
        let making = self.creation(asking.caller, issue).await?;
        let steps = self.placing(asking, None, Some(making));
        let numbers = self.store().commit(steps).await?;
        Ok(numbers.last().copied().unwrap_or_default())
    }

    /// Refuses what is only watched to who may see it, and everything to who may not do it.
    async fn require_managed(
        &self,
        asking: &Asking<'_>,
        certificate: &Certificate,
    ) -> Result<(), Error> {
        let right = if asking.kind.makes_a_certificate() {
            Right::IssueCertificates
        } else {
            Right::ChangeCertificates
        };
        let (owner, domain) = (&certificate.owner, &certificate.domain);
        let watched = certificate.origin == Origin::Imported && !certificate.has_private_key;
        if watched && asking.caller.may(Right::ReadCertificates, owner, domain) {
            return Err(Error::NotManaged);
        }
        self.require_for(asking.caller, right, ACTION, certificate)
            .await
    }

    /// The certificate that renews another: with the CSR's key, with the old one, or with one of the old one's kind.
    async fn renewal(
        &self,
        caller: &Caller,
        kind: OrderKind,
        old: &Certificate,
        csr: Option<&[u8]>,
        days: Option<u32>,
    ) -> Result<Making, Error> {
        renewable(old.state)?;
        let profile = self.profile_of_renewal(caller, old).await?;
        let authority = self.authority_of_renewal(old).await?;
        let der = old.der.as_ref().ok_or(Error::NoCertificate)?;
        let facts = x509::read_certificate(der).map_err(Error::internal)?;
        if holds(&old.subject, &facts.names, &self.kept_names(caller)) {
            self.refuse(caller, ACTION, Some(old.id), None).await?;
        }
        let mut task = OrderTask {
            days,
            ..OrderTask::default()
        };
        // The old key stands in for one that is still to be made: it is of the same kind.
        let (key, stands_in) = match (csr, kind) {
            (Some(der), _) => {
                let csr = read_csr(der).await?;
                check_csr(&csr, &old.subject, &facts.names)?;
                task.csr = Some(der.to_vec());
                (Some(csr.public_key.key_id()), csr.public_key)
            }
            (None, OrderKind::Renew) if old.has_private_key => {
                (Some(old.subject_key_id), facts.public_key)
            }
            (None, OrderKind::Renew) => return Err(Error::NoPrivateKey),
            (None, _) => {
                let algorithm = facts.public_key.algorithm();
                task.key = Some(made_here(algorithm, &profile)?);
                (None, facts.public_key)
            }
        };
        let making = self.record(Wish {
            subject: old.subject.clone(),
            profile: &profile,
            authority: &authority,
            key,
            name: None,
            owner: old.owner.clone(),
            domain: old.domain.clone(),
            replaces: Some(old),
            task,
        })?;
        self.check_certifiable(&making, stands_in, facts.names, profile, authority)
            .await?;
        Ok(making)
    }

    /// A certificate that replaces none.
    async fn creation(&self, caller: &Caller, request: IssueRequest) -> Result<Making, Error> {
        let owner = request.owner.clone();
        let (owner, domain) = self.owner_of_new(caller, owner, ACTION).await?;
        let request = self.within_reach(caller, request).await?;
        let profile = self.profile(
            request
                .profile
                .as_deref()
                .unwrap_or(&self.0.config.issue.profile),
        )?;
        let authority = self
            .issuing_authority(match &request.issuer {
                IssueBy::Default => &self.0.config.issue.authority,
                IssueBy::Authority(name) => name,
                IssueBy::Itself => {
                    return Err(Error::Invalid(
                        "an order is for a certificate that an authority signs".to_owned(),
                    ));
                }
            })
            .await?;
        if request.not_after.is_some() && request.days.is_some() {
            return Err(Error::Invalid(
                "give an end of validity or days, not both".to_owned(),
            ));
        }
        let asked = AskedKey::read(request.key, profile).await?;
        let Some(subject) = request.subject.or(asked.subject) else {
            return Err(Error::Invalid(
                "a subject is needed with a key made here".to_owned(),
            ));
        };
        let names = request.names.unwrap_or(asked.names);
        writable(&names)?;
        if holds(&subject, &names, &self.kept_names(caller)) {
            self.refuse(caller, ACTION, None, None).await?;
        }
        let making = self.record(Wish {
            subject,
            profile,
            authority: &authority,
            key: asked.key.as_ref().map(PublicKey::key_id),
            name: request.name.map(checked_name).transpose()?,
            owner,
            domain,
            replaces: None,
            task: OrderTask {
                csr: asked.csr,
                key: asked.made,
                not_before: request.not_before,
                not_after: request.not_after,
                days: request.days,
                on_hold: request.on_hold,
                names: names.clone(),
            },
        })?;
        // That such keys are certified was asked before, so any key can stand in for one that is still to be made.
        let (key, profile) = match asked.key {
            Some(key) => (key, profile.clone()),
            None => {
                let keys = KeyRules::ANY;
                let key = authority.authority.facts.public_key.clone();
                let profile = profile.clone();
                (key, Profile { keys, ..profile })
            }
        };
        self.check_certifiable(&making, key, names, profile, authority)
            .await?;
        Ok(making)
    }

    /// Refuses now what would be refused when the order is done, by the same decision, so that nobody is asked to approve
    /// what cannot be. What is settled later is decided anew then.
    async fn check_certifiable(
        &self,
        making: &Making,
        public_key: PublicKey,
        names: Vec<GeneralName>,
        profile: Profile,
        authority: Arc<Loaded>,
    ) -> Result<(), Error> {
        let (now, task) = (self.now(), &making.task);
        let by_days = task
            .days
            .map(|days| end_after(&profile, task.not_before, days, now));
        let asked = plan::Request {
            subject: making.record.subject.clone(),
            names,
            public_key,
            not_before: task.not_before,
            not_after: task.not_after.or(by_days),
        };
        let serial = making.record.serial.clone();
        off_the_async_threads(move || {
            let by = Issuer::Authority(&authority.authority, &authority.addresses);
            plan::plan(asked, &profile, by, serial, now)?;
            Ok(())
        })
        .await
    }

    /// The pending record of a certificate to come. Its id, name and serial number are final; its validity is what it
    /// would be if it were signed now.
    fn record(&self, wish: Wish<'_>) -> Result<Making, Error> {
        let now = self.now();
        let id = CertificateId::new(now, random::octets()?);
        let name = match wish.name {
            Some(name) => name,
            None => readable_name(&wish.subject, wish.replaces, &id),
        };
        let task = wish.task;
        let days = task.days.unwrap_or(wish.profile.lifetime.default_days);
        let record = Certificate {
            number: 0,
            id,
            name,
            origin: Origin::Issued,
            authority: Some(wish.authority.authority.name.clone()),
            der: None,
            issuer: wish.authority.authority.subject().clone(),
            subject: wish.subject,
            serial: Serial::from_random(random::octets()?),
            subject_key_id: wish.key.unwrap_or_default(),
            not_before: task.not_before.unwrap_or(now),
            not_after: task
                .not_after
                .unwrap_or_else(|| end_after(wish.profile, task.not_before, days, now)),
            owner: wish.owner,
            domain: wish.domain,
            profile: Some(wish.profile.name.clone()),
            state: State::Pending,
            state_since: now,
            created: now,
            has_private_key: false,
            replaces: None,
            replaced_by: None,
        };
        Ok(Making {
            record,
            authority: wish.authority.authority.id,
            task,
        })
    }

    /// The steps that place an order, with the record that it makes if it makes one.
    fn placing(
        &self,
        asking: &Asking<'_>,
        certificate: Option<&Certificate>,
        making: Option<Making>,
    ) -> Vec<Step> {
        let made = making.as_ref().map(|making| making.record.id);
        let mut steps = Vec::new();
        let mut task = OrderTask::default();
        if let Some(making) = making {
            steps.push(new_step(&making.record, Some(making.authority), None, None));
            task = making.task;
        }
        let now = self.now();
        let state = if asking.auto_approve {
            OrderState::Approved
        } else {
            OrderState::Requested
        };
        let told = NewAuditEntry {
            certificate: certificate.map(|certificate| certificate.id).or(made),
            detail: format!(
                "{{\"v\":1,\"kind\":\"{}\",\"auto_approve\":{}}}",
                asking.kind.word(),
                asking.auto_approve
            ),
            ..self.audit_entry(Some(asking.caller), ACTION)
        };
        steps.push(Step::Order(OrderStep::Add(Box::new(NewOrder {
            kind: asking.kind,
            state,
            certificate: certificate.map(|certificate| certificate.id),
            made,
            reason: asking.reason.to_owned(),
            asked_by: asking.caller.user.id.clone(),
            asked_at: now,
            decided_at: asking.auto_approve.then_some(now),
            task,
            told,
        }))));
        steps
    }
}

/// What a request to create says of the key, and what its CSR says beside.
struct AskedKey {
    key: Option<PublicKey>,
    csr: Option<Vec<u8>>,
    made: Option<KeyAlgorithm>,
    subject: Option<Name>,
    names: Vec<GeneralName>,
}

impl AskedKey {
    async fn read(source: KeySource, profile: &Profile) -> Result<AskedKey, Error> {
        match source {
            KeySource::Csr(der) => {
                let csr = read_csr(&der).await?;
                if csr.is_authority {
                    return Err(plan::Refusal::AsksToBeAnAuthority.into());
                }
                Ok(AskedKey {
                    key: Some(csr.public_key),
                    csr: Some(der),
                    made: None,
                    subject: Some(issuable(csr.subject)),
                    names: csr.names,
                })
            }
            KeySource::Make(algorithm) => Ok(AskedKey {
                key: None,
                csr: None,
                made: Some(made_here(algorithm, profile)?),
                subject: None,
                names: Vec::new(),
            }),
        }
    }
}

/// The move that an order makes; none if it makes a certificate.
pub(crate) const fn movement_of(kind: OrderKind) -> Option<Action> {
    match kind {
        OrderKind::Renew | OrderKind::Regenerate | OrderKind::Reissue | OrderKind::Create => None,
        OrderKind::Revoke(Reason::CertificateHold) | OrderKind::Suspend => Some(Action::Hold),
        OrderKind::Revoke(reason) => Some(Action::Revoke(reason)),
        OrderKind::Reinstate => Some(Action::Release),
    }
}

/// The kind of key, if such keys are made here and the profile certifies them.
fn made_here(algorithm: KeyAlgorithm, profile: &Profile) -> Result<KeyAlgorithm, Error> {
    if KeyAlgorithm::parse(&algorithm.word()).is_some() && profile.keys.allow(algorithm) {
        return Ok(algorithm);
    }
    Err(plan::Refusal::KeyNotAllowed(algorithm).into())
}

/// Refuses names that nobody is issued and that could not be written down.
fn writable(names: &[GeneralName]) -> Result<(), Error> {
    let refused = names
        .iter()
        .find(|name| GeneralName::parse(&name.to_string()).is_err());
    refused.map_or(Ok(()), |name| {
        Err(plan::Refusal::NameNotAllowed(name.to_string()).into())
    })
}

/// Reads a CSR and checks its signature, which takes a while.
async fn read_csr(der: &[u8]) -> Result<Csr, Error> {
    let der = der.to_vec();
    off_the_async_threads(move || {
        Csr::read(&der).map_err(|error| Error::Invalid(format!("the CSR: {error}")))
    })
    .await
}
