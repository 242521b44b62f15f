//! Who is calling, and the one gate through which every right is asked.

use std::sync::Arc;

use chancery_core::certificate::Certificate;
use chancery_core::identity::{CertificateId, DomainId, UserId};
use chancery_core::role::{self, Reach, Right, Role};
use chancery_core::time::Time;

use crate::audit::{NewAuditEntry, Outcome};
use crate::authority::SUB_AUTHORITY;
use crate::bootstrap::SERVER_USER;
use crate::search::CertificateFilter;
use crate::store::Step;
use crate::store::accounts::UserKey;
use crate::users::User;
use crate::{App, Error};

/// Somebody who proved who it is. Only [`App::authenticate`] makes one.
#[derive(Clone, Debug)]
pub struct Caller {
    pub(crate) user: Arc<User>,
    pub(crate) api: &'static str,
    /// If a token proved it: when that ends.
    pub(crate) by_token: Option<Time>,
}

impl Caller {
    /// The user.
    pub fn user(&self) -> &User {
        &self.user
    }

    /// How far the caller's roles take `right`.
    pub fn reach(&self, right: Right) -> Reach {
        role::reach(&self.user.roles, right)
    }

    /// May the caller have certificates issued for itself alone? Then only by the profiles that are meant for that.
    pub(crate) fn issues_for_itself_alone(&self) -> bool {
        self.reach(Right::IssueCertificates) == Reach::Own
    }

    /// May the caller use `right` on what belongs to `owner` in `domain`?
    pub fn may(&self, right: Right, owner: &UserId, domain: &DomainId) -> bool {
        if owner.as_str() == SERVER_USER {
            // The server's own certificates, TLS among them, are no domain's; their keys are nobody's to take.
            return right != Right::ExportPrivateKeys && self.reach(right) == Reach::Everywhere;
        }
        match self.reach(right) {
            Reach::Nothing => false,
            Reach::Own => *owner == self.user.id,
            Reach::Domain => *domain == self.user.domain,
            Reach::Everywhere => true,
        }
    }

    /// Is an account with these roles above the caller? One that reaches beyond its domain is above everybody but
    /// administrators; one that may do more in its domain than the caller may there is so too.
    pub(crate) fn is_below(&self, roles: &[Role]) -> bool {
        let farther = |right: &Right| {
            let theirs = role::reach(roles, *right);
            theirs == Reach::Everywhere || (theirs == Reach::Domain && self.reach(*right) < theirs)
        };
        self.reach(Right::ChangeDomains) != Reach::Everywhere && Right::ALL.iter().any(farther)
    }
}

impl App {
    /// Refuses, and writes the refusal down, unless `caller` may use `right` on what belongs to `owner` in `domain`.
    pub(crate) async fn require(
        &self,
        caller: &Caller,
        right: Right,
        action: &'static str,
        owner: &UserId,
        domain: &DomainId,
    ) -> Result<(), Error> {
        if caller.may(right, owner, domain) && !self.reaches_above(caller, right, owner).await? {
            return Ok(());
        }
        self.refuse(caller, action, None, Some(owner.to_string()))
            .await
    }

    /// Would the caller come by this to what an account above it proves itself with? Who looks after a domain makes no
    /// certificate for such an account and takes no key of it. The right to issue everywhere is given to do just that.
    pub(crate) async fn reaches_above(
        &self,
        caller: &Caller,
        right: Right,
        owner: &UserId,
    ) -> Result<bool, Error> {
        let proves = matches!(right, Right::IssueCertificates | Right::ExportPrivateKeys);
        if !proves || *owner == caller.user.id || caller.reach(right) != Reach::Domain {
            return Ok(false);
        }
        let owner = self.store().user(UserKey::Id(owner.clone())).await?;
        Ok(owner.is_some_and(|owner| caller.is_below(&owner.user.roles)))
    }

    /// [`App::require`] for what belongs to a certificate's owner.
    pub(crate) async fn require_for(
        &self,
        caller: &Caller,
        right: Right,
        action: &'static str,
        certificate: &Certificate,
    ) -> Result<(), Error> {
        // What is done to an authority's certificate is done to the authority.
        let right = match (right, certificate.profile.as_deref()) {
            (Right::ReadCertificates, _) => right,
            (_, Some(SUB_AUTHORITY)) => Right::ChangeAuthorities,
            _ => right,
        };
        let (owner, domain) = (&certificate.owner, &certificate.domain);
        if caller.may(right, owner, domain) && !self.reaches_above(caller, right, owner).await? {
            return Ok(());
        }
        self.refuse(caller, action, Some(certificate.id), None)
            .await
    }

    /// Refuses unless `caller` may use `right` everywhere.
    pub(crate) async fn require_everywhere(
        &self,
        caller: &Caller,
        right: Right,
        action: &'static str,
    ) -> Result<(), Error> {
        if caller.reach(right) == Reach::Everywhere {
            return Ok(());
        }
        self.refuse(caller, action, None, None).await
    }

    /// Refuses unless `caller` may use `right` on something at least; `object` is what the refusal is about.
    pub(crate) async fn require_somewhere(
        &self,
        caller: &Caller,
        right: Right,
        action: &'static str,
        object: Option<&str>,
    ) -> Result<(), Error> {
        if caller.reach(right) != Reach::Nothing {
            return Ok(());
        }
        self.refuse(caller, action, None, object.map(str::to_owned))
            .await
    }

    /// Holds a listing to what the caller reaches: a condition that reaches farther is refused, a missing one is set.
    pub(crate) async fn narrow_to_reach(
        &self,
        caller: &Caller,
        filter: &mut CertificateFilter,
    ) -> Result<(), Error> {
        let user = caller.user();
        let allowed = match caller.reach(Right::ReadCertificates) {
            Reach::Everywhere => true,
            Reach::Domain => {
                *filter.domain.get_or_insert_with(|| user.domain.clone()) == user.domain
            }
            Reach::Own => *filter.owner.get_or_insert_with(|| user.id.clone()) == user.id,
            Reach::Nothing => false,
        };
        if allowed {
            Ok(())
        } else {
            self.refuse(caller, "certificate.list", None, None).await
        }
    }

    /// The owner and the domain to which a listing is held, each if it is, by how far the caller may read certificates.
    pub(crate) async fn certificates_in_reach(
        &self,
        caller: &Caller,
        action: &'static str,
    ) -> Result<(Option<UserId>, Option<DomainId>), Error> {
        let user = caller.user();
        match caller.reach(Right::ReadCertificates) {
            Reach::Everywhere => Ok((None, None)),
            Reach::Domain => Ok((None, Some(user.domain.clone()))),
            Reach::Own => Ok((Some(user.id.clone()), None)),
            Reach::Nothing => {
                self.refuse(caller, action, None, None).await?;
                Err(Error::Forbidden(action))
            }
        }
    }

    /// The outcome of work that knows no audit trail: a refusal for lack of right in it is written down.
    pub(crate) async fn audited<T>(
        &self,
        caller: &Caller,
        action: &'static str,
        outcome: Result<T, Error>,
    ) -> Result<T, Error> {
        if let Err(Error::Forbidden(_)) = outcome {
            self.refuse(caller, action, None, None).await?;
        }
        outcome
    }

    /// Writes a refusal for lack of right down, and gives it as the error.
    pub(crate) async fn refuse(
        &self,
        caller: &Caller,
        action: &'static str,
        certificate: Option<CertificateId>,
        object: Option<String>,
    ) -> Result<(), Error> {
        let entry = NewAuditEntry {
            certificate,
            object,
            outcome: Outcome::Refused,
            ..self.audit_entry(Some(caller), action)
        };
        self.store().commit(vec![Step::Audit(entry)]).await?;
        Err(Error::Forbidden(action))
    }

    /// An entry of the audit trail about something done now, to be filled in; none for the server itself.
    pub(crate) fn audit_entry(
        &self,
        caller: Option<&Caller>,
        action: &'static str,
    ) -> NewAuditEntry {
        NewAuditEntry {
            at: self.now(),
            actor: caller.map(|caller| caller.user.id.clone()),
            domain: caller.map(|caller| caller.user.domain.clone()),
            api: caller.map_or("server", |caller| caller.api),
            action,
            certificate: None,
            object: None,
            outcome: Outcome::Done,
            detail: "{\"v\":1}".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
