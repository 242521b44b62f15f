//! Users as people, the end of accounts, and the last administrator, through the whole engine on a real database.

use secrecy::SecretString;

use super::*;
use crate::testing::Engine;
use crate::{Conflict, Credential, ProviderText, TokenStyle, Via};

const VIA: Via = Via {
    api: "test",
    address: None,
};

fn new(name: &str, roles: &[Role]) -> NewUser {
    NewUser {
        id: Some(UserId::parse(name).unwrap()),
        name: name.to_owned(),
        domain: None,
        roles: roles.to_vec(),
        password: None,
        person: Person::default(),
        expires: None,
    }
}

fn given(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[tokio::test]
async fn members_of_a_person_have_limits() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let change = async |change: UserChange| {
        engine
            .app
            .change_user(&engine.admin, &joe.user.id, change)
            .await
    };
    let whole = |person: Person| UserChange {
        person: Some(person),
        ..UserChange::default()
    };
    for (text, fits) in [
        ("Joe", true),
        (&"ü".repeat(128), true),
        (&"x".repeat(129), false),
        ("a\nb", false),
        ("a\0", false),
        ("\u{85}", false),
    ] {
        let members: [fn(&mut Person, String); 5] = [
            |person, text| person.display_name = Some(text),
            |person, text| person.first_name = Some(text),
            |person, text| person.last_name = Some(text),
            |person, text| person.email = Some(text),
            |person, text| person.subject_dn = Some(text),
        ];
        for (place, member) in members.into_iter().enumerate() {
            let mut person = Person::default();
            member(&mut person, text.to_owned());
            let changed = change(whole(person.clone())).await;
            match fits {
                true => assert_eq!(changed.unwrap().person, person, "{place}: {text}"),
                false => assert!(matches!(changed, Err(Error::Invalid(_))), "{place}: {text}"),
            }
            let made = engine
                .app
                .add_user(
                    &engine.admin,
                    NewUser {
                        id: None,
                        name: format!("{place}-{}", text.len()),
                        person,
                        ..new("x", &[])
                    },
                )
                .await;
            assert_eq!(made.is_ok(), fits, "{place}: {text}");
        }
    }
}

#[tokio::test]
async fn a_person_is_replaced_whole_or_changed_in_parts() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let change = async |person: Option<Person>, person_members: PersonChange| {
        let change = UserChange {
            person,
            person_members,
            ..UserChange::default()
        };
        let changed = engine
            .app
            .change_user(&engine.admin, &joe.user.id, change)
            .await;
        changed.unwrap().person
    };
    let first = Person {
        first_name: given("Joe"),
        last_name: given("Test"),
        ..Person::default()
    };
    assert_eq!(
        change(Some(first.clone()), PersonChange::default()).await,
        first
    );
    assert_eq!(change(None, PersonChange::default()).await, first);
    let members = PersonChange {
        first_name: Some(None),
        email: Some(given("joe@example.com")),
        display_name: Some(given("")),
        ..PersonChange::default()
    };
    let want = Person {
        last_name: given("Test"),
        email: given("joe@example.com"),
        ..Person::default()
    };
    assert_eq!(change(None, members).await, want);
    assert_eq!(
        change(Some(Person::default()), PersonChange::default()).await,
        Person::default()
    );
    // It is not one's own to change.
    let own = UserChange {
        person: Some(Person::default()),
        ..UserChange::default()
    };
    let outcome = engine.app.change_user(&joe, &joe.user.id, own).await;
    assert!(matches!(outcome, Err(Error::Forbidden(_))), "{outcome:?}");
}

#[tokio::test]
async fn an_account_ends_for_every_credential_remembered_ones_too() {
    let engine = Engine::start().await;
    let app = &engine.app;
    let end = app.now().plus_seconds(600);
    let joe = NewUser {
        password: Some(SecretString::from("a password")),
        expires: Some(end),
        ..new("joe", &[Role::SelfService])
    };
    let id = app.add_user(&engine.admin, joe).await.unwrap().id;
    let api_key = app.new_api_key(&engine.admin, &id).await.unwrap();
    let password = || Credential::Password("joe".to_owned(), SecretString::from("a password"));
    let style = TokenStyle {
        prefix: "",
        octets: 32,
        life: 86_400,
    };
    let caller = app.authenticate(password(), VIA).await.unwrap();
    let token = app.new_token(&caller, style, None).await.unwrap().text;
    let credentials = || {
        [
            password(),
            Credential::ApiKey("joe".to_owned(), api_key.clone()),
            Credential::PasswordOrApiKey("joe".to_owned(), api_key.clone()),
            Credential::Token(token.clone()),
        ]
    };
    // Remembered after the first time; once more after everything was forgotten.
    for seconds in [0, 600, 601, 700, 10] {
        engine.at(seconds);
        for forgotten in [false, true] {
            if forgotten {
                app.0.accounts.forget_verified();
            }
            for credential in credentials() {
                let told = format!("{credential:?} after {seconds} s");
                match app.authenticate(credential, VIA).await {
                    Ok(_) => assert!(seconds <= 600, "{told}"),
                    Err(Error::UserDisabled) => assert!(seconds > 600, "{told}"),
                    Err(error) => panic!("{told}: {error}"),
                }
            }
        }
        let good = app.inspect_token(&engine.admin, &token).await;
        assert_eq!(good.is_ok(), seconds <= 600);
    }
    // A wrong secret learns nothing of it.
    engine.at(700);
    let wrong = Credential::Password("joe".to_owned(), SecretString::from("wrong"));
    assert!(matches!(
        app.authenticate(wrong, VIA).await,
        Err(Error::Unauthenticated)
    ));
    let longer = UserChange {
        expires: Some(None),
        ..UserChange::default()
    };
    app.change_user(&engine.admin, &id, longer).await.unwrap();
    app.authenticate(password(), VIA).await.unwrap();
}

#[tokio::test]
async fn listings_keep_to_what_the_caller_reads() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let chief = engine.user("chief", "d1", Role::DomainAdministrator).await;
    let provider = ProviderText {
        name: "Partners".to_owned(),
        kind: "Federated".to_owned(),
        properties: Vec::new(),
        certificates: Vec::new(),
        version: None,
    };
    let provider = engine
        .app
        .add_identity_provider(&engine.admin, provider)
        .await
        .unwrap();
    engine
        .user("partner", &provider.id, Role::SelfService)
        .await;
    let names = async |caller: &Caller, filter: UserFilter| {
        let users = engine.app.users_matching(caller, filter, 99).await;
        users.map(|users| users.into_iter().map(|user| user.name).collect::<Vec<_>>())
    };
    let all = || UserFilter {
        order: UserOrder::NameDescending,
        ..UserFilter::default()
    };
    let not_of_providers = || UserFilter {
        not_of_providers: true,
        ..all()
    };
    let of = |domain: &str| UserFilter {
        domain: Some(DomainId::parse(domain).unwrap()),
        ..all()
    };
    let everybody = ["partner", "joe", "chief", "chancery-server", "admin"];
    assert_eq!(names(&engine.admin, all()).await.unwrap(), everybody);
    assert_eq!(
        names(&engine.admin, not_of_providers()).await.unwrap(),
        everybody[1..]
    );
    assert_eq!(
        names(&engine.admin, of(&provider.id)).await.unwrap(),
        ["partner"]
    );
    assert_eq!(names(&chief, all()).await.unwrap(), ["joe", "chief"]);
    assert_eq!(names(&joe, of("d1")).await.unwrap(), ["joe"]);
    for (caller, domain) in [(&chief, "default"), (&joe, "default")] {
        assert!(matches!(
            names(caller, of(domain)).await,
            Err(Error::Forbidden(_))
        ));
    }
}

#[tokio::test]
async fn the_last_administrator_stays() {
    let engine = Engine::start().await;
    let (app, admin) = (&engine.app, &engine.admin);
    let id = &admin.user.id;
    let roles = |roles: &[Role]| UserChange {
        roles: Some(roles.to_vec()),
        ..UserChange::default()
    };
    let ends = |end| UserChange {
        expires: Some(end),
        ..UserChange::default()
    };
    let far = app.now().plus_days(10_000);
    let last = |outcome: Result<User, Error>| {
        assert!(
            matches!(outcome, Err(Error::Conflict(Conflict::LastAdministrator))),
            "{outcome:?}"
        );
    };
    last(app.change_user(admin, id, roles(&[Role::Operator])).await);
    last(app.change_user(admin, id, ends(Some(far))).await);
    // Another one who cannot log in, or only for a while, is none.
    let other = engine.user("other", "default", Role::Administrator).await;
    let other_id = &other.user.id;
    last(app.change_user(admin, id, roles(&[])).await);
    let remove = app.remove_user(&other, id).await;
    assert!(
        matches!(remove, Err(Error::Conflict(Conflict::LastAdministrator))),
        "{remove:?}"
    );
    app.new_api_key(admin, other_id).await.unwrap();
    app.change_user(admin, other_id, ends(Some(far)))
        .await
        .unwrap();
    last(app.change_user(admin, id, roles(&[])).await);
    app.change_user(admin, other_id, ends(None)).await.unwrap();
    app.change_user(admin, id, roles(&[Role::Auditor]))
        .await
        .unwrap();
    last(app.remove_api_key(&other, other_id).await);
    last(app.change_user(&other, other_id, roles(&[])).await);
    // All else may be changed of the last one.
    let renamed = UserChange {
        name: Some("boss".to_owned()),
        roles: Some(vec![Role::Administrator, Role::Auditor]),
        ..UserChange::default()
    };
    app.change_user(&other, other_id, renamed).await.unwrap();
}

/// A domain that is disabled takes its administrators with it.
#[tokio::test]
async fn the_last_administrators_domain_stays_enabled() {
    let engine = Engine::start().await;
    let (app, domain) = (&engine.app, &engine.admin.user.domain);
    let other = engine.user("other", "elsewhere", Role::Administrator).await;
    let change = |disabled| DomainChange {
        disabled: Some(disabled),
        ..DomainChange::default()
    };
    let last = app.change_domain(&other, domain, change(true)).await;
    assert!(
        matches!(last, Err(Error::Conflict(Conflict::LastAdministrator))),
        "{last:?}"
    );
    assert!(!app.domain(&other, domain).await.unwrap().disabled);
    app.new_api_key(&engine.admin, &other.user.id)
        .await
        .unwrap();
    for disabled in [true, false] {
        let changed = app.change_domain(&other, domain, change(disabled)).await;
        assert_eq!(changed.unwrap().disabled, disabled);
    }
}

/// Each of two administrators takes the other's role away at the same time: one of them stays.
#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_cannot_depose_each_other() {
    let engine = Engine::start().await;
    let other = engine.user("other", "default", Role::Administrator).await;
    engine
        .app
        .new_api_key(&engine.admin, &other.user.id)
        .await
        .unwrap();
    let attempts = [(&engine.admin, &other), (&other, &engine.admin)].map(|(by, whom)| {
        let (app, by, id) = (engine.app.clone(), by.clone(), whom.user.id.clone());
        tokio::spawn(async move {
            let change = UserChange {
                roles: Some(vec![Role::Auditor]),
                ..UserChange::default()
            };
            app.change_user(&by, &id, change).await
        })
    });
    let mut done = 0;
    for attempt in attempts {
        match attempt.await.unwrap() {
            Ok(_) => done += 1,
            Err(Error::Conflict(Conflict::LastAdministrator)) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(done, 1);
}

/// Two users are made at once, the one with the other's id as its name: one of them is.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_would_be_mistaken_are_not_both_made() {
    let engine = Engine::start().await;
    for round in 0..10 {
        let (one, two) = (format!("one-{round}"), format!("two-{round}"));
        let mistakable = [(one.clone(), two.clone()), (two, one)];
        let attempts = mistakable.map(|(id, name)| {
            let (app, admin) = (engine.app.clone(), engine.admin.clone());
            let user = NewUser {
                name,
                ..new(&id, &[])
            };
            tokio::spawn(async move { app.add_user(&admin, user).await })
        });
        let mut made = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(_) => made += 1,
                Err(Error::Conflict(Conflict::UserName | Conflict::UserId)) => {}
                Err(error) => panic!("{error:?}"),
            }
        }
        assert_eq!(made, 1);
    }
}

/// Changes of one user at the same moment: each of them is done, whoever makes it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_one_user_at_once_are_all_done() {
    let engine = Engine::start().await;
    let joe = engine.user("joe", "d1", Role::SelfService).await;
    let mut changes = tokio::task::JoinSet::new();
    for nth in 0..50 {
        let (app, admin, id) = (
            engine.app.clone(),
            engine.admin.clone(),
            joe.user.id.clone(),
        );
        let person_members = PersonChange {
            display_name: (nth % 2 == 0).then(|| Some("Joe".to_owned())),
            last_name: (nth % 2 == 1).then(|| Some(format!("{nth}"))),
            ..PersonChange::default()
        };
        let change = UserChange {
            person_members,
            ..UserChange::default()
        };
        changes.spawn(async move { app.change_user(&admin, &id, change).await });
    }
    for changed in changes.join_all().await {
        changed.unwrap();
    }
    let joe = engine.app.user(&engine.admin, &joe.user.id).await.unwrap();
    assert_eq!(joe.person.display_name.as_deref(), Some("Joe"));
    assert!(joe.person.last_name.is_some());
}

/// A user is removed by who looks after its domain while it is made an administrator: only one of the two is done.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_is_removed_by_whom_it_has_risen_above_meanwhile() {
    let engine = Engine::start().await;
    let by = engine.user("by", "d1", Role::DomainAdministrator).await;
    for nth in 0..50 {
        let joe = engine
            .user(&format!("joe-{nth}"), "d1", Role::SelfService)
            .await;
        let (app, admin, id) = (
            engine.app.clone(),
            engine.admin.clone(),
            joe.user.id.clone(),
        );
        let raised = tokio::spawn(async move {
            let change = UserChange {
                roles: Some(vec![Role::Administrator]),
                ..UserChange::default()
            };
            app.change_user(&admin, &id, change).await
        });
        let (app, by, id) = (engine.app.clone(), by.clone(), joe.user.id.clone());
        let removed = tokio::spawn(async move { app.remove_user(&by, &id).await });
        let (raised, removed) = (raised.await.unwrap(), removed.await.unwrap());
        assert_ne!(raised.is_ok(), removed.is_ok(), "{raised:?} {removed:?}");
    }
}
