//! What each role may do to an account, and to what belongs to one, by the roles of that account.

use chancery_core::key::KeyAlgorithm;
use chancery_core::name::Name;
use chancery_core::role::Role;
use chancery_core::workorder::OrderKind;

use super::*;
use crate::search::CertificateRef;
use crate::testing::{Engine, foreign};
use crate::{
    HeldKeyRequest, ImportItem, IssueBy, IssueRequest, KeySource, OrderRequest, RenewRequest,
    UserChange,
};

/// Something done to an account or to its certificate.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Rename,
    NewApiKey,
    Attach,
    Detach,
    Issue,
    Import,
    Order,
    Renew,
    Request,
    ExportKey,
    Hold,
    Disable,
    Remove,
}

impl Deed {
    /// Every deed, in an order in which none stands in the way of the next.
    const ALL: [Deed; 13] = [
        Deed::Rename,
        Deed::NewApiKey,
        Deed::Attach,
        Deed::Detach,
        Deed::Issue,
        Deed::Import,
        Deed::Order,
        Deed::Renew,
        Deed::Request,
        Deed::ExportKey,
        Deed::Hold,
        Deed::Disable,
        Deed::Remove,
    ];
}

/// An account, with what there is to do things to.
struct Account {
    caller: Caller,
    certificate: Certificate,
    foreign: Vec<u8>,
}

impl Account {
    /// A certificate of the account, to be issued or ordered for it.
    fn wish(&self) -> IssueRequest {
        IssueRequest {
            subject: Some(Name::parse("CN=joe").unwrap()),
            owner: Some(self.caller.user.id.clone()),
            profile: Some("tls-client".to_owned()),
            ..IssueRequest::new(KeySource::Make(KeyAlgorithm::P256))
        }
    }

    fn order(&self) -> OrderRequest {
        OrderRequest {
            kind: OrderKind::Create,
            certificate: None,
            issue: Some(self.wish()),
            csr: None,
            days: None,
            reason: "a test".to_owned(),
            auto_approve: false,
        }
    }

    fn import(&self) -> ImportItem {
        ImportItem {
            owner: Some(self.caller.user.id.clone()),
            ..ImportItem::new(self.foreign.clone())
        }
    }

    fn rename(&self) -> UserChange {
        UserChange {
            name: Some(format!("{}-renamed", self.caller.user.id)),
            ..UserChange::default()
        }
    }

    fn disable() -> UserChange {
        UserChange {
            disabled: Some(true),
            ..UserChange::default()
        }
    }
}

impl Engine {
    async fn account(&self, nth: usize, role: Role) -> Account {
        let caller = self.user(&format!("{role}-{nth}"), "d1", role).await;
        Account {
            certificate: self.issued(&caller.user.id, IssueBy::Default).await,
            foreign: foreign(self.directory.path(), &format!("f{nth}")),
            caller,
        }
    }

    async fn done(&self, deed: Deed, by: &Caller, on: &Account) -> Result<(), Error> {
        let (app, id) = (&self.app, &on.caller.user.id);
        let which = &CertificateRef::Id(on.certificate.id);
        match deed {
            Deed::Rename => app.change_user(by, id, on.rename()).await.map(drop),
            Deed::NewApiKey => app.new_api_key(by, id).await.map(drop),
            Deed::Attach => {
                let attached = app.attach_certificate(by, id, on.foreign.clone());
                attached.await.map(drop)
            }
            Deed::Detach => app.detach_certificate(by, id).await.map(drop),
            Deed::Issue => app.issue(by, on.wish()).await.map(drop),
            Deed::Import => app.import(by, vec![on.import()]).await.map(drop),
            Deed::Order => app.place_order(by, on.order()).await.map(drop),
            Deed::Renew => {
                let renewed = app.renew(by, which, RenewRequest::default());
                renewed.await.map(drop)
            }
            Deed::Request => {
                let asked = app.request_with_held_key(by, which, HeldKeyRequest::default());
                asked.await.map(drop)
            }
            Deed::ExportKey => app.export_private_key(by, which).await.map(drop),
            Deed::Hold => app.hold(by, which).await.map(drop),
            Deed::Disable => app.change_user(by, id, Account::disable()).await.map(drop),
            Deed::Remove => app.remove_user(by, id).await,
        }
    }
}

/// May somebody with the role `by` do it to an account with the role `on` of the same domain?
fn allowed(deed: Deed, by: Role, on: Role) -> bool {
    let within_a_domain = matches!(on, Role::DomainAdministrator | Role::SelfService);
    match (by, deed) {
        (Role::Administrator, _) => true,
        (Role::Operator, Deed::Issue | Deed::Import | Deed::Order) => true,
        (Role::Operator, Deed::Renew | Deed::Request | Deed::Hold) => true,
        (Role::Operator, Deed::Attach | Deed::Detach) => on == Role::SelfService,
        (Role::DomainAdministrator, Deed::Hold) => true,
        (Role::DomainAdministrator, _) => within_a_domain,
        (Role::Operator | Role::Approver | Role::Auditor | Role::SelfService, _) => false,
    }
}

/// Whoever lacks a right does nothing to an account that has it, and comes by nothing that proves it.
#[tokio::test]
async fn nobody_acts_on_an_account_above_the_own() {
    let engine = Engine::start().await;
    let mut nth = 0;
    for on in Role::ALL {
        for by in Role::ALL {
            nth += 1;
            let account = engine.account(nth, on).await;
            let by = engine.user(&format!("by-{nth}"), "d1", by).await;
            let role = by.user.roles[0];
            for deed in Deed::ALL {
                let outcome = engine.done(deed, &by, &account).await;
                let refused = matches!(outcome, Err(Error::Forbidden(_)));
                let want = !allowed(deed, role, on);
                assert_eq!(refused, want, "{deed:?} by {role} on {on}: {outcome:?}");
            }
        }
    }
}

/// Whoever may not issue for a user hears the same of one that is not there, and so does the trail.
#[tokio::test]
async fn whether_a_user_is_there_shows_in_no_refusal() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let there = engine.account(1, Role::SelfService).await;
    let mut absent = engine.account(2, Role::SelfService).await;
    let mut user = User::clone(absent.caller.user());
    user.id = UserId::parse("nobody").unwrap();
    absent.caller.user = Arc::new(user);
    for deed in [
        Deed::Issue,
        Deed::Import,
        Deed::Order,
        Deed::Attach,
        Deed::Rename,
    ] {
        let one = engine.done(deed, &joe, &there).await.unwrap_err();
        let other = engine.done(deed, &joe, &absent).await.unwrap_err();
        assert!(matches!(one, Error::Forbidden(_)), "{deed:?}: {one}");
        assert_eq!(one.to_string(), other.to_string(), "{deed:?}");
    }
}

/// Whoever may issue for everybody and have the keys of its domain has none of the accounts above it thereby.
#[tokio::test]
async fn a_key_made_for_an_account_above_is_not_given_away() {
    let engine = Engine::start().await;
    let by = engine.user("by", "d1", Role::Operator).await;
    let user = User {
        roles: vec![Role::Operator, Role::DomainAdministrator],
        ..User::clone(by.user())
    };
    let by = Caller {
        user: Arc::new(user),
        ..by
    };
    for (nth, role, given) in [(1, Role::Auditor, false), (2, Role::SelfService, true)] {
        let account = engine.account(nth, role).await;
        let wish = IssueRequest {
            wants_private_key: true,
            ..account.wish()
        };
        let issued = engine.app.issue(&by, wish).await.unwrap();
        assert!(issued.certificate.has_private_key);
        assert_eq!(issued.private_key.is_some(), given, "{role}");
        let which = CertificateRef::Id(issued.certificate.id);
        let exported = engine.app.export_private_key(&by, &which).await;
        assert_eq!(exported.is_ok(), given, "{role}");
        let renewed = engine.app.renew(&by, &which, RenewRequest::default()).await;
        assert!(renewed.unwrap().private_key.is_none(), "{role}");
    }
}

/// Roles add up: who is more than an administrator of its domain acts on those whom it thereby reaches as far as.
#[tokio::test]
async fn the_farthest_of_all_rights_counts() {
    use Role::{Administrator, Approver, Auditor, DomainAdministrator, Operator, SelfService};
    let engine = Engine::start().await;
    let below = |caller: &[Role], account: &[Role]| {
        let user = User {
            roles: caller.to_vec(),
            ..User::clone(engine.admin.user())
        };
        let caller = Caller {
            user: Arc::new(user),
            api: "test",
            by_token: None,
        };
        caller.is_below(account)
    };
    let own = [DomainAdministrator];
    let both = [Operator, DomainAdministrator];
    for (caller, account, want) in [
        (&[Administrator][..], &[Administrator][..], false),
        (&[Administrator], &Role::ALL, false),
        (&own, &[], false),
        (&own, &[SelfService, DomainAdministrator], false),
        (&own, &[SelfService, Auditor], true),
        (&both, &[Operator], true),
        (&both, &own, false),
        (&[Operator], &own, true),
        (&[Operator], &[Approver], true),
        (&[], &[SelfService], false),
        (&[], &own, true),
    ] {
        assert_eq!(below(caller, account), want, "{caller:?} on {account:?}");
    }
}
