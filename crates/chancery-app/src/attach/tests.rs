//! Attaching and detaching, through the whole engine on a real database.

use chancery_core::certificate::State;
use chancery_core::role::{Reach, Role};

use super::*;
use crate::testing::{Engine, foreign};
use crate::{AuditFilter, IssueBy, UserChange};

const YEARS: i64 = 60 * 366 * 24 * 3600;

/// An engine with joe and ann, who serve themselves in a domain `d1`.
async fn engine() -> (Engine, Caller, Caller) {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let ann = engine.user("ann", "d1", Role::SelfService).await;
    (engine, joe, ann)
}

impl Engine {
    async fn attach(&self, user: &Caller, der: &[u8]) -> Result<(User, Certificate), Error> {
        self.app
            .attach_certificate(&self.admin, &user.user.id, der.to_vec())
            .await
    }

    async fn detach(&self, user: &Caller) -> Result<User, Error> {
        self.app
            .detach_certificate(&self.admin, &user.user.id)
            .await
    }

    /// The certificate that is attached, as two use cases tell it.
    async fn attached(&self, user: &Caller) -> Option<Certificate> {
        let id = &user.user.id;
        let (told, certificate) = self
            .app
            .attached_certificate(&self.admin, id)
            .await
            .unwrap();
        let user = self.app.user(&self.admin, id).await.unwrap();
        assert_eq!(told, user);
        assert_eq!(user.certificate, certificate.as_ref().map(|one| one.id));
        certificate
    }

    async fn actions(&self, certificate: &Certificate) -> Vec<String> {
        let filter = AuditFilter {
            actor: None,
            certificate: Some(certificate.id),
            before: None,
        };
        let entries = self.app.store().audit(filter, 100).await.unwrap();
        entries
            .into_iter()
            .rev()
            .map(|entry| entry.action)
            .collect()
    }
}

fn der(certificate: &Certificate) -> &[u8] {
    certificate.der.as_deref().unwrap()
}

#[tokio::test]
async fn one_certificate_is_attached_until_it_is_detached() {
    let (engine, joe, _) = engine().await;
    let id = &joe.user.id;
    assert_eq!(engine.attached(&joe).await, None);
    assert!(matches!(
        engine.detach(&joe).await,
        Err(Error::NotFound("certificate"))
    ));

    let first = engine.issued(id, IssueBy::Default).await;
    let (user, certificate) = engine.attach(&joe, der(&first)).await.unwrap();
    assert_eq!(user.certificate, Some(first.id));
    assert_eq!(certificate, first);
    assert_eq!(engine.attached(&joe).await.as_ref(), Some(&first));

    let second = engine.issued(id, IssueBy::Default).await;
    for again in [&first, &second] {
        match engine.attach(&joe, der(again)).await {
            Err(Error::CertificateAttached(told)) => assert_eq!(*told, user),
            other => panic!("{other:?}"),
        }
    }
    // What a user is told to be does not touch what is attached to it.
    let change = UserChange {
        name: Some("joseph".to_owned()),
        ..UserChange::default()
    };
    let renamed = engine
        .app
        .change_user(&engine.admin, id, change)
        .await
        .unwrap();
    assert_eq!(renamed.certificate, Some(first.id));
    assert_eq!(engine.attached(&joe).await.as_ref(), Some(&first));

    assert_eq!(engine.detach(&joe).await.unwrap().certificate, None);
    assert_eq!(engine.attached(&joe).await, None);
    assert_eq!(
        engine.actions(&first).await,
        [
            "certificate.issue",
            "certificate.attach",
            "certificate.revoke",
            "certificate.detach"
        ]
    );
    engine.attach(&joe, der(&second)).await.unwrap();
    assert_eq!(engine.attached(&joe).await, Some(second));
}

#[tokio::test]
async fn what_comes_from_elsewhere_is_imported_for_the_user() {
    let (engine, joe, _) = engine().await;
    let octets = foreign(engine.directory.path(), "elsewhere");
    let (_, certificate) = engine.attach(&joe, &octets).await.unwrap();
    assert_eq!(certificate.origin, Origin::Imported);
    assert_eq!(
        (&certificate.owner, &certificate.domain),
        (&joe.user.id, &joe.user.domain)
    );
    assert!(certificate.number > 0 && certificate.name.starts_with("elsewhere-"));
    engine.detach(&joe).await.unwrap();
    let after = engine.now(&certificate).await;
    assert_eq!(after.state, State::Active);
    // It is known now, and can be attached again.
    let (_, again) = engine.attach(&joe, &octets).await.unwrap();
    assert_eq!(again.id, certificate.id);
    assert_eq!(
        engine.actions(&certificate).await,
        [
            "certificate.import",
            "certificate.attach",
            "certificate.detach",
            "certificate.attach"
        ]
    );
}

#[tokio::test]
async fn what_is_not_good_or_not_the_users_is_refused() {
    let (engine, joe, ann) = engine().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let new = async || engine.issued(&joe.user.id, IssueBy::Default).await;
    let [held, revoked, deleted, expired] = [new().await, new().await, new().await, new().await];
    let which = |one: &Certificate| CertificateRef::Id(one.id);
    app.hold(admin, &which(&held)).await.unwrap();
    app.revoke(admin, &which(&revoked), Reason::KeyCompromise)
        .await
        .unwrap();
    app.delete(admin, &which(&deleted)).await.unwrap();
    let hers = engine.issued(&ann.user.id, IssueBy::Default).await;
    let authority = app.chain(&held).remove(0);
    let octets = foreign(engine.directory.path(), "elsewhere");

    let refused = async |octets: &[u8], want: Refusal| match engine.attach(&joe, octets).await {
        Err(Error::Refused(why)) => assert_eq!(why, want),
        other => panic!("{want:?}: {other:?}"),
    };
    refused(der(&held), Refusal::OnHold).await;
    refused(der(&revoked), Refusal::Revoked(Reason::KeyCompromise)).await;
    for conflicting in [&deleted, &hers] {
        let outcome = engine.attach(&joe, der(conflicting)).await;
        assert!(
            matches!(outcome, Err(Error::Conflict(Conflict::Certificate))),
            "{outcome:?}"
        );
    }
    for unfit in [b"no certificate".as_slice(), &authority, &octets[1..]] {
        assert!(matches!(
            engine.attach(&joe, unfit).await,
            Err(Error::Invalid(_))
        ));
    }
    engine.at(YEARS);
    refused(der(&expired), Refusal::Expired).await;
    refused(&octets, Refusal::Expired).await;
    assert_eq!(engine.attached(&joe).await, None);
    assert!(matches!(
        app.attach_certificate(admin, &UserId::parse("nobody").unwrap(), octets)
            .await,
        Err(Error::NotFound("user"))
    ));
}

/// What a detachment makes of a certificate, by where it comes from and how it stood.
#[tokio::test]
async fn detaching_ends_what_is_live_and_ours() {
    #[derive(Clone, Copy, Debug)]
    enum Before {
        Active,
        Held,
        Superseded,
        Expired,
    }
    let (engine, joe, _) = engine().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let ended = Status::Revoked(Reason::CessationOfOperation);
    let superseded = Status::Revoked(Reason::Superseded);
    for (origin, before, after) in [
        (Origin::Issued, Before::Active, ended),
        (Origin::Issued, Before::Held, ended),
        (Origin::Issued, Before::Superseded, superseded),
        (Origin::Issued, Before::Expired, Status::Expired),
        (Origin::SelfSigned, Before::Active, ended),
        (Origin::SelfSigned, Before::Held, ended),
        (Origin::SelfSigned, Before::Superseded, superseded),
        (Origin::SelfSigned, Before::Expired, Status::Expired),
        (Origin::Imported, Before::Active, Status::Active),
        (Origin::Imported, Before::Held, Status::OnHold),
        (Origin::Imported, Before::Superseded, superseded),
        (Origin::Imported, Before::Expired, Status::Expired),
    ] {
        engine.at(0);
        let octets = match origin {
            Origin::Issued => engine
                .issued(&joe.user.id, IssueBy::Default)
                .await
                .der
                .unwrap(),
            Origin::SelfSigned => engine
                .issued(&joe.user.id, IssueBy::Itself)
                .await
                .der
                .unwrap(),
            Origin::Imported => foreign(engine.directory.path(), "elsewhere"),
        };
        let (_, certificate) = engine.attach(&joe, &octets).await.unwrap();
        assert_eq!(certificate.origin, origin);
        let which = CertificateRef::Id(certificate.id);
        match before {
            Before::Active => {}
            Before::Held => drop(app.hold(admin, &which).await.unwrap()),
            Before::Superseded => {
                drop(app.revoke(admin, &which, Reason::Superseded).await.unwrap());
            }
            Before::Expired => engine.at(YEARS),
        }
        assert!(
            engine.attached(&joe).await.is_some(),
            "{origin:?} {before:?}"
        );
        engine.detach(&joe).await.unwrap();
        assert_eq!(engine.attached(&joe).await, None);
        let status = engine.now(&certificate).await.status(app.now());
        assert_eq!(status, after, "{origin:?} {before:?}");
    }
}

#[tokio::test]
async fn a_deletion_detaches() {
    let (engine, joe, _) = engine().await;
    let (app, admin) = (&engine.app, &engine.admin);
    for purged in [false, true] {
        let certificate = engine.issued(&joe.user.id, IssueBy::Default).await;
        engine.attach(&joe, der(&certificate)).await.unwrap();
        let which = CertificateRef::Id(certificate.id);
        app.delete(admin, &which).await.unwrap();
        if purged {
            app.purge(admin, &which).await.unwrap();
        }
        assert_eq!(engine.attached(&joe).await, None);
        assert!(matches!(
            engine.detach(&joe).await,
            Err(Error::NotFound("certificate"))
        ));
    }
    let next = engine.issued(&joe.user.id, IssueBy::Default).await;
    engine.attach(&joe, der(&next)).await.unwrap();
    assert_eq!(engine.attached(&joe).await, Some(next));
}

/// Of several who attach at once exactly one has its way, with different certificates, known or not, as with the same.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_attach_at_once_one_wins() {
    let (engine, joe, _) = engine().await;
    let folder = engine.directory.path();
    let new = async || {
        engine
            .issued(&joe.user.id, IssueBy::Default)
            .await
            .der
            .unwrap()
    };
    let same = foreign(folder, "same");
    for pair in [
        [new().await, new().await],
        [foreign(folder, "one"), foreign(folder, "two")],
        [same.clone(), same],
        [new().await, foreign(folder, "other")],
    ] {
        let attempts = pair.map(|octets| {
            let (app, admin, id) = (
                engine.app.clone(),
                engine.admin.clone(),
                joe.user.id.clone(),
            );
            tokio::spawn(async move { app.attach_certificate(&admin, &id, octets).await })
        });
        let mut won = Vec::new();
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok((user, certificate)) => {
                    assert_eq!(user.certificate, Some(certificate.id));
                    won.push(certificate.id);
                }
                Err(Error::CertificateAttached(user)) => assert!(user.certificate.is_some()),
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(won.len(), 1);
        let attached = engine.attached(&joe).await.unwrap();
        assert_eq!(attached.id, won[0]);
        engine.detach(&joe).await.unwrap();
    }
}

#[tokio::test]
async fn rights_are_those_of_the_users_certificates() {
    let (engine, joe, ann) = engine().await;
    let app = &engine.app;
    let mut callers = Vec::new();
    for (name, domain, role) in [
        ("operator", "d2", Role::Operator),
        ("auditor", "d2", Role::Auditor),
        ("chief", "d1", Role::DomainAdministrator),
        ("stranger", "d2", Role::DomainAdministrator),
    ] {
        callers.push(engine.user(name, domain, role).await);
    }
    callers.extend([joe.clone(), ann]);
    let octets = foreign(engine.directory.path(), "elsewhere");
    let nobody = UserId::parse("nobody").unwrap();
    // Who may look, and who may attach and detach.
    for (caller, looks, changes) in callers
        .iter()
        .zip([
            (true, true),
            (true, false),
            (true, true),
            (false, false),
            (true, true),
            (false, false),
        ])
        .map(|(caller, (looks, changes))| (caller, looks, changes))
    {
        let name = &caller.user.name;
        let looked = app.attached_certificate(caller, &joe.user.id).await;
        let attached = app
            .attach_certificate(caller, &joe.user.id, octets.clone())
            .await;
        let detached = app.detach_certificate(caller, &joe.user.id).await;
        for (done, may) in [
            (looked.map(drop), looks),
            (attached.map(drop), changes),
            (detached.map(drop), changes),
        ] {
            match may {
                true => done.unwrap(),
                false => assert!(matches!(done, Err(Error::Forbidden(_))), "{name}: {done:?}"),
            }
        }
        // Who could do nothing for a user does not learn whether it is there.
        let asked = app.attached_certificate(caller, &nobody).await;
        let learns = matches!(asked, Err(Error::NotFound("user")));
        assert_eq!(
            learns,
            caller.reach(Right::ReadCertificates) > Reach::Own,
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_servers_own_user_gets_no_certificate() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let server = UserId::parse(SERVER_USER).unwrap();
    let octets = foreign(engine.directory.path(), "elsewhere");
    for outcome in [
        app.attach_certificate(admin, &server, octets)
            .await
            .map(drop),
        app.attached_certificate(admin, &server).await.map(drop),
        app.detach_certificate(admin, &server).await.map(drop),
    ] {
        assert!(
            matches!(outcome, Err(Error::NotFound("user"))),
            "{outcome:?}"
        );
    }
}
