//! Domains: making, reading, changing and removing them.

use chancery_core::identity::DomainId;
use chancery_core::role::{Reach, Right};

use crate::audit::NewAuditEntry;
use crate::store::Step;
use crate::users::{Domain, DomainChange, NewDomain};
use crate::{App, Caller, Error};

/// Most domains of one page. One more is given, so that whoever pages can tell whether there is another page.
const LARGEST_PAGE: usize = 1000;

impl App {
    /// One domain: the caller's, or any for who may read users everywhere.
    pub async fn domain(&self, caller: &Caller, id: &DomainId) -> Result<Domain, Error> {
        if *id != caller.user.domain {
            self.require_everywhere(caller, Right::ReadUsers, "domain.read")
                .await?;
        }
        self.store()
            .domain(id.clone())
            .await?
            .ok_or(Error::NotFound("domain"))
    }

    /// Domains in the order of their ids: all of them for who may read users everywhere, else the caller's.
    pub async fn domains(
        &self,
        caller: &Caller,
        after: Option<DomainId>,
        limit: usize,
    ) -> Result<Vec<Domain>, Error> {
        if caller.reach(Right::ReadUsers) == Reach::Everywhere {
            return Ok(self
                .store()
                .domains(after, limit.clamp(1, LARGEST_PAGE + 1))
                .await?);
        }
        let own = self.domain(caller, &caller.user.domain).await?;
        Ok(if after.is_some() {
            Vec::new()
        } else {
            vec![own]
        })
    }

    /// Makes a domain.
    pub async fn add_domain(&self, caller: &Caller, new: NewDomain) -> Result<Domain, Error> {
        self.require_everywhere(caller, Right::ChangeDomains, "domain.add")
            .await?;
        let name = checked_domain_name(new.name.unwrap_or_else(|| new.id.to_string()))?;
        let domain = Domain {
            id: new.id,
            name,
            disabled: false,
            created: self.now(),
        };
        let steps = vec![Step::AddDomain(domain.clone())];
        self.commit_domain(caller, steps, &domain.id, "domain.add")
            .await?;
        Ok(domain)
    }

    /// Changes a domain. Nobody can disable their own, nor that of the last administrator who can log in for ever.
    pub async fn change_domain(
        &self,
        caller: &Caller,
        id: &DomainId,
        change: DomainChange,
    ) -> Result<Domain, Error> {
        self.require_everywhere(caller, Right::ChangeDomains, "domain.change")
            .await?;
        let mut domain = self.domain(caller, id).await?;
        let was_disabled = domain.disabled;
        if let Some(name) = change.name {
            domain.name = checked_domain_name(name)?;
        }
        if let Some(disabled) = change.disabled {
            if disabled && *id == caller.user.domain {
                return Err(Error::Invalid(
                    "nobody can disable their own domain".to_owned(),
                ));
            }
            domain.disabled = disabled;
        }
        let mut steps = vec![Step::ChangeDomain(domain.clone())];
        if domain.disabled && !was_disabled {
            steps.push(Step::ExpectAdministrator);
        }
        self.commit_domain(caller, steps, id, "domain.change")
            .await?;
        Ok(domain)
    }

    /// Removes a domain that has no users.
    pub async fn remove_domain(&self, caller: &Caller, id: &DomainId) -> Result<(), Error> {
        self.require_everywhere(caller, Right::ChangeDomains, "domain.remove")
            .await?;
        self.domain(caller, id).await?;
        let steps = vec![Step::RemoveDomain(id.clone())];
        self.commit_domain(caller, steps, id, "domain.remove").await
    }

    /// The steps that make a domain which is not there yet, for a caller who may make domains; none otherwise.
    pub(crate) async fn missing_domain(
        &self,
        caller: &Caller,
        id: &DomainId,
    ) -> Result<Vec<Step>, Error> {
        let may = caller.reach(Right::ChangeDomains) == Reach::Everywhere;
        if !may || self.store().domain(id.clone()).await?.is_some() {
            return Ok(Vec::new());
        }
        let domain = Domain {
            id: id.clone(),
            name: id.to_string(),
            disabled: false,
            created: self.now(),
        };
        let entry = NewAuditEntry {
            object: Some(id.to_string()),
            ..self.audit_entry(Some(caller), "domain.add")
        };
        Ok(vec![Step::AddDomain(domain), Step::Audit(entry)])
    }

    async fn commit_domain(
        &self,
        caller: &Caller,
        mut steps: Vec<Step>,
        id: &DomainId,
        action: &'static str,
    ) -> Result<(), Error> {
        let entry = NewAuditEntry {
            object: Some(id.to_string()),
            ..self.audit_entry(Some(caller), action)
        };
        steps.push(Step::Audit(entry));
        Ok(self.commit_accounts(steps).await?)
    }
}

fn checked_domain_name(name: String) -> Result<String, Error> {
    let fits = (1..=128).contains(&name.len()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name)
    } else {
        Err(Error::Invalid(
            "a domain's name has 1 to 128 visible characters".to_owned(),
        ))
    }
}
