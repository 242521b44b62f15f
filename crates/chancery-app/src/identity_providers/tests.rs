//! Identity providers and trusted certificates through the whole engine, on a real database.

use std::sync::Arc;

use chancery_core::identity::UserId;
use chancery_core::role::Role;

use super::*;
use crate::TrustedCertificateText;
use crate::audit::{AuditFilter, Outcome};
use crate::store::Conflict;
use crate::testing::Engine;
use crate::users::{NewUser, Person, User};

const ID: &str = "00000000000000000000000000000001";
const OTHER_ID: &str = "00000000000000000000000000000002";

fn with_roles(caller: &Caller, roles: &[Role]) -> Caller {
    let mut user = User::clone(&caller.user);
    user.roles = roles.to_vec();
    Caller {
        user: Arc::new(user),
        ..caller.clone()
    }
}

fn text(name: &str) -> ProviderText {
    ProviderText {
        name: name.to_owned(),
        kind: "Federated".to_owned(),
        properties: vec![("a".to_owned(), PropertyValue::Flag(true))],
        certificates: Vec::new(),
        version: None,
    }
}

fn certificate_text(app: &App, name: &str) -> TrustedCertificateText {
    TrustedCertificateText {
        name: name.to_owned(),
        der: app.loaded()[0].authority.certificate.clone(),
        properties: Vec::new(),
        version: None,
    }
}

fn new_user(name: &str, domain: &DomainId) -> NewUser {
    NewUser {
        id: Some(UserId::parse(name).unwrap()),
        name: name.to_owned(),
        domain: Some(domain.clone()),
        roles: vec![Role::SelfService],
        password: None,
        person: Person::default(),
        expires: None,
    }
}

/// What the trail says was done, oldest first, without what the first start did.
async fn trail(app: &App, admin: &Caller) -> Vec<String> {
    let entries = app
        .audit_trail(admin, AuditFilter::default(), 1000)
        .await
        .unwrap();
    let mut done: Vec<String> = entries
        .into_iter()
        .filter(|entry| entry.actor.is_some())
        .map(|entry| {
            let refused = if entry.outcome == Outcome::Done {
                ""
            } else {
                " refused"
            };
            format!(
                "{} {}{refused}",
                entry.action,
                entry.object.unwrap_or_default()
            )
        })
        .collect();
    done.reverse();
    done
}

#[tokio::test]
async fn the_life_of_a_provider_and_its_certificate() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    let trusted = app
        .add_trusted_certificate(&admin, certificate_text(&app, "partner"))
        .await
        .unwrap();
    let mut wanted = text("Partner");
    wanted.certificates = vec![trusted.id.clone()];
    let (made, new) = app
        .put_identity_provider(&admin, ID, wanted.clone())
        .await
        .unwrap();
    assert!(new && made.version == 0 && made.created == app.now());
    assert_eq!(app.identity_provider(&admin, ID).await.unwrap(), made);
    let (changed, new) = app.put_identity_provider(&admin, ID, wanted).await.unwrap();
    assert!(!new && changed.version == 1);
    let (renamed, new) = app
        .put_trusted_certificate(&admin, &trusted.id, certificate_text(&app, "renamed"))
        .await
        .unwrap();
    assert!(!new && renamed.version == 1);
    assert_eq!(
        app.trusted_certificates(&admin, TrustFilter::default())
            .await
            .unwrap(),
        [renamed]
    );

    let in_use = app.remove_trusted_certificate(&admin, &trusted.id).await;
    assert!(matches!(
        in_use,
        Err(Error::Conflict(Conflict::TrustedCertificateInUse))
    ));
    let domain = made.domain().unwrap();
    let user = app
        .add_user(&admin, new_user("eve", &domain))
        .await
        .unwrap();
    let in_use = app.remove_identity_provider(&admin, ID).await;
    assert!(matches!(
        in_use,
        Err(Error::Conflict(Conflict::DomainHasUsers))
    ));
    app.remove_user(&admin, &user.id).await.unwrap();
    app.remove_identity_provider(&admin, ID).await.unwrap();
    app.remove_trusted_certificate(&admin, &trusted.id)
        .await
        .unwrap();
    for gone in [
        app.identity_provider(&admin, ID).await.map(|_| ()),
        app.remove_identity_provider(&admin, ID).await,
        app.trusted_certificate(&admin, &trusted.id)
            .await
            .map(|_| ()),
        app.remove_trusted_certificate(&admin, &trusted.id).await,
    ] {
        assert!(matches!(gone, Err(Error::NotFound(_))), "{gone:?}");
    }
    assert_eq!(
        trail(&app, &admin).await,
        [
            format!("trusted-certificate.add {}", trusted.id),
            format!("identity-provider.add {ID}"),
            format!("identity-provider.change {ID}"),
            format!("trusted-certificate.change {}", trusted.id),
            "user.add eve".to_owned(),
            "user.remove eve".to_owned(),
            format!("identity-provider.remove {ID}"),
            format!("trusted-certificate.remove {}", trusted.id),
        ]
    );
}

#[tokio::test]
async fn the_internal_provider_is_always_there() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    for (id, name) in [(ID, "A"), (OTHER_ID, "Z")] {
        app.put_identity_provider(&admin, id, text(name))
            .await
            .unwrap();
    }
    let check = async |names: &[&str], kinds: &[&str], descending, want: &[&str]| {
        let strings = |all: &[&str]| all.iter().copied().map(str::to_owned).collect();
        let filter = TrustFilter {
            names: strings(names),
            kinds: strings(kinds),
            descending,
        };
        let found = app.identity_providers(&admin, filter).await.unwrap();
        let ids: Vec<_> = found.iter().map(|it| it.id.as_str()).collect();
        assert_eq!(ids, want);
    };
    check(&[], &[], false, &[ID, INTERNAL_PROVIDER, OTHER_ID]).await;
    check(&[], &[], true, &[OTHER_ID, INTERNAL_PROVIDER, ID]).await;
    check(&[], &["Internal"], false, &[INTERNAL_PROVIDER]).await;
    check(&["A"], &[], false, &[ID]).await;
    check(&["A"], &["Internal"], false, &[]).await;
    let internal = app
        .identity_provider(&admin, INTERNAL_PROVIDER)
        .await
        .unwrap();
    assert_eq!(
        (internal.kind.as_str(), internal.domain()),
        ("Internal", None)
    );
    for refused in [
        app.remove_identity_provider(&admin, INTERNAL_PROVIDER)
            .await,
        app.put_identity_provider(&admin, INTERNAL_PROVIDER, text("Mine"))
            .await
            .map(|_| ()),
    ] {
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn an_older_version_is_not_put_over_a_newer_one() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    let check = async |version, want: Option<u32>| {
        let provider = ProviderText {
            version,
            ..text("Partner")
        };
        let certificate = TrustedCertificateText {
            version,
            ..certificate_text(&app, "partner")
        };
        let put = app.put_identity_provider(&admin, ID, provider).await;
        let kept = app.put_trusted_certificate(&admin, ID, certificate).await;
        let Some(want) = want else {
            assert!(matches!(put, Err(Error::Changed)), "{put:?}");
            assert!(matches!(kept, Err(Error::Changed)), "{kept:?}");
            return;
        };
        assert_eq!(
            (put.unwrap().0.version, kept.unwrap().0.version),
            (want, want)
        );
    };
    check(Some(5), Some(0)).await;
    check(Some(0), Some(1)).await;
    check(Some(0), None).await;
    check(None, Some(2)).await;
    check(Some(7), Some(3)).await;
    check(Some(2), None).await;
}

/// Of two that make the same at once, one makes it and the other changes it; of two that change the same version, one
/// is told that it changed meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn racing_puts_come_one_after_the_other() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    for round in 0..20 {
        let id = format!("{round:032x}");
        let put = |version: Option<u32>| {
            let (app, admin, id) = (app.clone(), admin.clone(), id.clone());
            tokio::spawn(async move {
                let certificate = TrustedCertificateText {
                    version,
                    ..certificate_text(&app, "partner")
                };
                let kept = app
                    .put_trusted_certificate(&admin, &id, certificate)
                    .await
                    .map(|(it, new)| (it.version, new));
                let provider = ProviderText {
                    version,
                    ..text("Partner")
                };
                let put = app
                    .put_identity_provider(&admin, &id, provider)
                    .await
                    .map(|(it, new)| (it.version, new));
                [kept, put]
            })
        };
        let mut outcomes = [Vec::new(), Vec::new()];
        for racer in [put(None), put(None)] {
            for (outcome, of_kind) in racer.await.unwrap().into_iter().zip(&mut outcomes) {
                of_kind.push(outcome.unwrap());
            }
        }
        for mut of_kind in outcomes {
            of_kind.sort_unstable();
            assert_eq!(of_kind, [(0, true), (1, false)]);
        }
        let mut won = [0, 0];
        for racer in [put(Some(1)), put(Some(1))] {
            for (outcome, of_kind) in racer.await.unwrap().into_iter().zip(&mut won) {
                match outcome {
                    Ok(what) => {
                        assert_eq!(what, (2, false));
                        *of_kind += 1;
                    }
                    Err(error) => assert!(matches!(error, Error::Changed), "{error:?}"),
                }
            }
        }
        assert_eq!(won, [1, 1]);
    }
}

/// Whichever comes first, no provider ever refers to a certificate that is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_certificate_is_not_removed_while_a_provider_begins_to_refer_to_it() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    for _ in 0..20 {
        let trusted = app
            .add_trusted_certificate(&admin, certificate_text(&app, "partner"))
            .await
            .unwrap();
        let mut wanted = text("Partner");
        wanted.certificates = vec![trusted.id.clone()];
        let adding = tokio::spawn({
            let (app, admin) = (app.clone(), admin.clone());
            async move { app.add_identity_provider(&admin, wanted).await }
        });
        let removed = app.remove_trusted_certificate(&admin, &trusted.id).await;
        match (adding.await.unwrap(), removed) {
            (Ok(provider), Err(Error::Conflict(Conflict::TrustedCertificateInUse))) => {
                let there = app.identity_provider(&admin, &provider.id).await.unwrap();
                assert_eq!(there.certificates, [trusted.id]);
            }
            (Err(Error::Conflict(Conflict::NoSuchTrustedCertificate)), Ok(())) => {}
            both => panic!("{both:?}"),
        }
    }
}

#[tokio::test]
async fn rights_are_asked_before_anything_else() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    let trusted = certificate_text(&app, "partner");
    let check = async |roles: &[Role], reads: bool, changes: bool| {
        let caller = with_roles(&admin, roles);
        let filter = TrustFilter::default;
        for (outcome, allowed) in [
            (app.identity_providers(&caller, filter()).await.err(), reads),
            (app.identity_provider(&caller, "?").await.err(), reads),
            (
                app.trusted_certificates(&caller, filter()).await.err(),
                reads,
            ),
            (app.trusted_certificate(&caller, "?").await.err(), reads),
            (
                app.put_identity_provider(&caller, "?", text(""))
                    .await
                    .err(),
                changes,
            ),
            (
                app.add_identity_provider(&caller, text("")).await.err(),
                changes,
            ),
            (
                app.remove_identity_provider(&caller, "?").await.err(),
                changes,
            ),
            (
                app.put_trusted_certificate(&caller, "?", trusted.clone())
                    .await
                    .err(),
                changes,
            ),
            (
                app.remove_trusted_certificate(&caller, "?").await.err(),
                changes,
            ),
        ] {
            let refused = matches!(outcome, Some(Error::Forbidden(_)));
            assert_eq!(refused, !allowed, "{roles:?} {outcome:?}");
        }
    };
    check(&[], false, false).await;
    check(&[Role::SelfService], true, false).await;
    check(&[Role::DomainAdministrator], true, false).await;
    check(&[Role::Operator], true, false).await;
    check(&[Role::Administrator], true, true).await;
    let trail = trail(&app, &admin).await;
    assert_eq!(trail.len(), 9 + 3 * 5);
    assert!(
        trail.iter().all(|entry| entry.ends_with(" refused")),
        "{trail:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_kept_is_refused() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    let ids = |count: u32| (0..count).map(|n| format!("{n:032x}")).collect();
    for (id, bad) in [
        ("../../etc", text("a")),
        (ID, text("")),
        (
            ID,
            ProviderText {
                kind: "a\n".to_owned(),
                ..text("a")
            },
        ),
        (
            ID,
            ProviderText {
                properties: vec![(String::new(), PropertyValue::Number(1))],
                ..text("a")
            },
        ),
        (
            ID,
            ProviderText {
                certificates: ids(101),
                ..text("a")
            },
        ),
        (
            ID,
            ProviderText {
                certificates: vec![OTHER_ID.to_owned(); 2],
                ..text("a")
            },
        ),
    ] {
        let refused = app.put_identity_provider(&admin, id, bad).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let good = certificate_text(&app, "a");
    let mut broken = good.clone();
    broken.der.pop();
    let mut longer = good.clone();
    longer.der.push(0);
    let mut nameless = good.clone();
    nameless.name = String::new();
    for (id, bad) in [(ID, broken), (ID, longer), (ID, nameless), ("A", good)] {
        let refused = app.put_trusted_certificate(&admin, id, bad).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    assert_eq!(trail(&app, &admin).await, [""; 0]);
}

#[tokio::test]
async fn the_servers_own_user_comes_from_no_provider() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    let server = UserId::parse(SERVER_USER).unwrap();
    for through in [None, Some(INTERNAL_PROVIDER)] {
        let found = app.provided_user(&admin, &server, through).await;
        assert!(matches!(found, Err(Error::NotFound("user"))), "{found:?}");
    }
    let users = app
        .provided_users(&admin, INTERNAL_PROVIDER, UserFilter::default(), 10)
        .await
        .unwrap();
    let names: Vec<_> = users.iter().map(|user| user.name.as_str()).collect();
    assert_eq!(names, ["admin"]);
}

#[tokio::test]
async fn a_user_is_made_in_the_provider_that_is_named_or_not_at_all() {
    let engine = Engine::start().await;
    let (app, admin) = (engine.app.clone(), engine.admin.clone());
    app.put_identity_provider(&admin, ID, text("Partner"))
        .await
        .unwrap();
    let partner = DomainId::parse(ID).unwrap();
    let mut chief = with_roles(&admin, &[Role::DomainAdministrator]);
    Arc::make_mut(&mut chief.user).domain = partner.clone();
    let add = async |caller: &Caller, name: &str, through| {
        let new = new_user(name, &partner);
        let made = app.add_provided_user(caller, through, new).await;
        made.map(|(user, provider)| (user.domain.to_string(), provider))
    };
    let default = ("default".to_owned(), INTERNAL_PROVIDER.to_owned());
    let partners = (ID.to_owned(), ID.to_owned());
    assert_eq!(add(&admin, "a", None).await.unwrap(), default);
    assert_eq!(
        add(&admin, "b", Some(INTERNAL_PROVIDER)).await.unwrap(),
        default
    );
    assert_eq!(add(&admin, "c", Some(ID)).await.unwrap(), partners);
    assert_eq!(add(&chief, "d", None).await.unwrap(), partners);
    assert_eq!(add(&chief, "e", Some(ID)).await.unwrap(), partners);
    let elsewhere = add(&chief, "f", Some(INTERNAL_PROVIDER)).await;
    assert!(matches!(elsewhere, Err(Error::Invalid(_))), "{elsewhere:?}");
    let nowhere = add(&admin, "g", Some(OTHER_ID)).await;
    assert!(matches!(nowhere, Err(Error::NotFound(_))), "{nowhere:?}");
}
