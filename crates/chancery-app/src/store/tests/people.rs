//! Users as people: what is told of them, when they end, who is listed; certificates attached to them; private keys that
//! are kept; the last administrator.

use super::*;
use crate::store::Conflict;
use crate::store::accounts::UserKey;
use crate::users::{UserFilter, UserOrder};

async fn found(store: &dyn Store, id: &str) -> StoredUser {
    store.user(UserKey::Id(user_id(id))).await.unwrap().unwrap()
}

fn attach(user: &str, certificate: u32) -> Vec<Step> {
    vec![Step::Attach {
        user: user_id(user),
        certificate: certificate_id(certificate),
    }]
}

fn detach(user: &str, certificate: u32) -> Vec<Step> {
    vec![Step::Detach {
        user: user_id(user),
        certificate: certificate_id(certificate),
    }]
}

#[tokio::test]
async fn what_is_told_of_a_person_is_read_back() {
    on_every_store(async |store| {
        settle(store).await;
        let mut eve = user("u3", "eve", "d1");
        eve.user.person = Person {
            display_name: Some("Eve".to_owned()),
            first_name: Some("Evelyn".to_owned()),
            last_name: Some("Éclair".to_owned()),
            email: Some("eve@example.com".to_owned()),
            subject_dn: Some("cn=eve".to_owned()),
        };
        eve.user.expires = Some(NOW);
        store
            .commit(vec![Step::AddUser(eve.clone())])
            .await
            .unwrap();
        assert_eq!(found(store, "u3").await, eve);
        eve.user.person.email = None;
        eve.user.expires = None;
        store
            .commit(vec![Step::ChangeUser(eve.clone())])
            .await
            .unwrap();
        assert_eq!(found(store, "u3").await, eve);
    })
    .await;
}

/// Who logs in by name or by id is one user, however its name came about.
#[tokio::test]
async fn nobody_is_called_what_another_is_known_by() {
    on_every_store(async |store| {
        settle(store).await;
        let add = async |id, name| {
            store
                .commit(vec![Step::AddUser(user(id, name, "d1"))])
                .await
        };
        check_conflict(add("u3", "u1").await, Conflict::UserName);
        check_conflict(add("ann", "new").await, Conflict::UserId);
        add("u3", "u3").await.unwrap();
        let rename = async |id, name| {
            store
                .commit(vec![Step::ChangeUser(user(id, name, "d1"))])
                .await
        };
        check_conflict(rename("u1", "u3").await, Conflict::UserName);
        rename("u1", "u1").await.unwrap();
        rename("u3", "u3").await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn one_certificate_is_attached_at_a_time() {
    on_every_store(async |store| {
        settle(store).await;
        for n in 1..=2 {
            stored(store, certificate(n)).await;
        }
        let attached = async || found(store, "u1").await.user.certificate;
        let is_stale = |outcome| assert!(matches!(outcome, Err(StoreError::Stale)));
        let is_missing = |outcome| assert!(matches!(outcome, Err(StoreError::Missing)));
        assert_eq!(attached().await, None);
        is_missing(store.commit(attach("u9", 1)).await);
        is_missing(store.commit(attach("u1", 9)).await);
        is_stale(store.commit(detach("u1", 1)).await);
        store.commit(attach("u1", 1)).await.unwrap();
        assert_eq!(attached().await, Some(certificate_id(1)));
        for n in 1..=2 {
            is_stale(store.commit(attach("u1", n)).await);
        }
        is_stale(store.commit(detach("u1", 2)).await);
        is_stale(store.commit(detach("u2", 1)).await);

        // Another change of the user leaves it; nobody takes part of a commit that fails.
        store
            .commit(vec![Step::ChangeUser(user("u1", "joseph", "d1"))])
            .await
            .unwrap();
        assert_eq!(attached().await, Some(certificate_id(1)));
        let mut steps = detach("u1", 1);
        steps.extend(attach("u1", 9));
        is_missing(store.commit(steps).await);
        assert_eq!(attached().await, Some(certificate_id(1)));

        store.commit(detach("u1", 1)).await.unwrap();
        assert_eq!(attached().await, None);
        // In one commit with its import.
        let mut steps = vec![add(certificate(3))];
        steps.extend(attach("u1", 3));
        store.commit(steps).await.unwrap();
        assert_eq!(attached().await, Some(certificate_id(3)));
    })
    .await;
}

#[tokio::test]
async fn what_is_deleted_is_attached_no_longer() {
    on_every_store(async |store| {
        settle(store).await;
        let revoked = State::Revoked(chancery_core::revocation::Reason::Superseded);
        for (n, to, stays) in [
            (1, State::OnHold, true),
            (2, revoked, true),
            (3, State::Deleted(None), false),
        ] {
            let number = stored(store, certificate(n)).await;
            store.commit(attach("u1", n)).await.unwrap();
            moved(store, number, State::Active, to, NOW).await.unwrap();
            let attached = found(store, "u1").await.user.certificate;
            assert_eq!(attached, stays.then_some(certificate_id(n)), "{to:?}");
            if stays {
                store.commit(detach("u1", n)).await.unwrap();
            }
        }
        let number = stored(store, certificate(4)).await;
        store.commit(attach("u1", 4)).await.unwrap();
        let deleted = State::Deleted(None);
        moved(store, number, State::Active, deleted, NOW)
            .await
            .unwrap();
        moved(store, number, deleted, State::Purged(None), NOW)
            .await
            .unwrap();
        assert_eq!(found(store, "u1").await.user.certificate, None);
    })
    .await;
}

#[tokio::test]
async fn users_are_found_by_name_and_domain() {
    on_every_store(async |store| {
        settle(store).await;
        for (id, name, domain) in [("a", "zoe", "d1"), ("b", "Bob", "d2"), ("c", "b\"o", "d1")] {
            store
                .commit(vec![Step::AddUser(user(id, name, domain))])
                .await
                .unwrap();
        }
        let ids = async |filter: UserFilter, only: Option<&str>, limit| -> Vec<String> {
            let users = store
                .users_matching(filter, only.map(user_id), limit)
                .await
                .unwrap();
            users.into_iter().map(|user| user.id.to_string()).collect()
        };
        let all = UserFilter::default;
        let named = |names: &[&str]| UserFilter {
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            ..all()
        };
        let ordered = |order| UserFilter { order, ..all() };
        let of = |domain| UserFilter {
            domain: Some(domain_id(domain)),
            ..all()
        };
        let of_none = UserFilter {
            not_of_providers: true,
            ..all()
        };
        assert_eq!(ids(all(), None, 9).await, ["a", "b", "c", "u1", "u2"]);
        assert_eq!(ids(of_none, None, 9).await, ["a", "b", "c", "u1", "u2"]);
        assert_eq!(
            ids(ordered(UserOrder::Name), None, 9).await,
            ["b", "u2", "c", "u1", "a"]
        );
        assert_eq!(
            ids(ordered(UserOrder::NameDescending), None, 2).await,
            ["a", "u1"]
        );
        assert_eq!(ids(of("d1"), None, 9).await, ["a", "c", "u1"]);
        assert_eq!(ids(of("d9"), None, 9).await, [""; 0]);
        assert_eq!(
            ids(named(&["zoe", "b\"o", "nobody"]), None, 9).await,
            ["a", "c"]
        );
        assert_eq!(ids(named(&["bob"]), None, 9).await, [""; 0], "as written");
        assert_eq!(ids(all(), Some("u1"), 9).await, ["u1"]);
        assert_eq!(ids(named(&["zoe"]), Some("u1"), 9).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn an_administrator_who_stays_is_told() {
    on_every_store(async |store| {
        settle(store).await;
        let expect = async || store.commit(vec![Step::ExpectAdministrator]).await;
        check_conflict(expect().await, Conflict::LastAdministrator);
        let mut root = user("u1", "joe", "d1");
        root.user.roles = vec![Role::Administrator, Role::Auditor];
        root.api_key = Some([1; 32]);
        root.user.has_api_key = true;
        let put = async |stored: &StoredUser| {
            store
                .commit(vec![Step::ChangeUser(stored.clone())])
                .await
                .unwrap();
        };
        put(&root).await;
        expect().await.unwrap();
        let edits: [fn(&mut StoredUser); 4] = [
            |stored| stored.user.roles = vec![Role::Operator],
            |stored| stored.user.disabled = true,
            |stored| stored.user.expires = Some(NOW.plus_days(999)),
            |stored| stored.api_key = None,
        ];
        for edit in edits {
            let mut changed = root.clone();
            edit(&mut changed);
            put(&changed).await;
            check_conflict(expect().await, Conflict::LastAdministrator);
            put(&root).await;
            expect().await.unwrap();
        }
        let disabled = Domain {
            disabled: true,
            ..domain("d1")
        };
        store
            .commit(vec![Step::ChangeDomain(disabled)])
            .await
            .unwrap();
        check_conflict(expect().await, Conflict::LastAdministrator);
    })
    .await;
}

#[tokio::test]
async fn held_keys_are_kept_once_and_listed_by_name() {
    on_every_store(async |store| {
        settle(store).await;
        for n in 1..=4 {
            let new = NewCertificate {
                name: format!("key-{}", 9 - n),
                sealed_key: (n != 1).then(|| vec![7]),
                owner: user_id(if n == 3 { "u2" } else { "u1" }),
                domain: domain_id(if n == 3 { "d2" } else { "d1" }),
                ..certificate(n)
            };
            stored(store, new).await;
        }
        let names = async |names: &[&str], owner: Option<&str>, domain: Option<&str>, limit| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let held = store
                .held_keys(names, owner.map(user_id), domain.map(domain_id), limit)
                .await
                .unwrap();
            held.into_iter().map(|one| one.name).collect::<Vec<_>>()
        };
        assert_eq!(names(&[], None, None, 9).await, ["key-5", "key-6", "key-7"]);
        let keep = async |n| store.commit(vec![Step::KeepPrivateKey(n, vec![1])]).await;
        keep(1).await.unwrap();
        for n in 1..=2 {
            assert!(matches!(keep(n).await, Err(StoreError::Stale)));
        }
        assert_eq!(store.private_key(1).await.unwrap(), Some(vec![1]));
        assert_eq!(store.private_key(2).await.unwrap(), Some(vec![7]));
        moved(store, 2, State::Active, State::Deleted(None), NOW)
            .await
            .unwrap();
        assert_eq!(names(&[], None, None, 9).await, ["key-5", "key-6", "key-8"]);
        assert_eq!(names(&[], None, None, 1).await, ["key-5"]);
        assert_eq!(names(&[], Some("u1"), None, 9).await, ["key-5", "key-8"]);
        assert_eq!(names(&[], None, Some("d2"), 9).await, ["key-6"]);
        assert_eq!(
            names(&["key-8", "key-6", "key-7"], None, None, 9).await,
            ["key-6", "key-8"]
        );
    })
    .await;
}
