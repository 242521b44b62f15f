//! Domains, users, tokens and secrets.

use super::*;
use crate::store::Conflict;
use crate::store::accounts::{StoredToken, UserKey};

#[tokio::test]
async fn users_are_read_back_and_changed() {
    on_every_store(async |store| {
        settle(store).await;
        let mut stored = user("u3", "eve@example", "d1");
        stored.user.roles = vec![Role::Administrator, Role::Auditor];
        stored.user.has_password = true;
        stored.user.has_api_key = true;
        stored.password = Some("$argon2id$x".to_owned());
        stored.api_key = Some([5; 32]);
        store
            .commit(vec![Step::AddUser(stored.clone())])
            .await
            .unwrap();
        for key in [
            UserKey::Id(user_id("u3")),
            UserKey::Name("eve@example".to_owned()),
        ] {
            let found = store.user(key).await.unwrap().unwrap();
            assert_eq!(
                (&found.user, &found.password, &found.api_key),
                (&stored.user, &stored.password, &stored.api_key)
            );
        }
        stored = user("u3", "eva", "d2");
        stored.user.disabled = true;
        store
            .commit(vec![Step::ChangeUser(stored.clone())])
            .await
            .unwrap();
        let found = store
            .user(UserKey::Name("eva".to_owned()))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (found.user, found.password, found.api_key),
            (stored.user, None, None)
        );
        assert!(
            store
                .user(UserKey::Name("eve@example".to_owned()))
                .await
                .unwrap()
                .is_none()
        );
    })
    .await;
}

#[tokio::test]
async fn users_are_refused_by_what_is_the_same_or_missing() {
    on_every_store(async |store| {
        settle(store).await;
        check_conflict(
            store
                .commit(vec![Step::AddUser(user("u1", "new", "d1"))])
                .await,
            Conflict::UserId,
        );
        check_conflict(
            store
                .commit(vec![Step::AddUser(user("u3", "joe", "d1"))])
                .await,
            Conflict::UserName,
        );
        check_conflict(
            store
                .commit(vec![Step::AddUser(user("u3", "new", "d9"))])
                .await,
            Conflict::NoSuchDomain,
        );
        check_conflict(
            store
                .commit(vec![Step::ChangeUser(user("u1", "ann", "d1"))])
                .await,
            Conflict::UserName,
        );
        check_conflict(
            store
                .commit(vec![Step::ChangeUser(user("u1", "joe", "d9"))])
                .await,
            Conflict::NoSuchDomain,
        );
        let missing = store
            .commit(vec![Step::ChangeUser(user("u9", "new", "d1"))])
            .await;
        assert!(matches!(missing, Err(StoreError::Missing)));
        assert!(matches!(
            store.commit(vec![Step::RemoveUser(user_id("u9"))]).await,
            Err(StoreError::Missing)
        ));
    })
    .await;
}

#[tokio::test]
async fn a_commit_can_expect_a_user_as_it_was_read() {
    on_every_store(async |store| {
        settle(store).await;
        let before = store
            .user(UserKey::Id(user_id("u1")))
            .await
            .unwrap()
            .unwrap();
        let mut after = before.clone();
        after.password = Some("$argon2id$x".to_owned());
        after.user.has_password = true;
        let change = || {
            store.commit(vec![
                Step::ExpectUser(before.clone()),
                Step::ChangeUser(after.clone()),
            ])
        };
        change().await.unwrap();
        assert!(matches!(change().await, Err(StoreError::Stale)));
        store
            .commit(vec![Step::RemoveUser(user_id("u1"))])
            .await
            .unwrap();
        assert!(matches!(change().await, Err(StoreError::Missing)));
    })
    .await;
}

#[tokio::test]
async fn users_with_certificates_stay() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        check_conflict(
            store.commit(vec![Step::RemoveUser(user_id("u1"))]).await,
            Conflict::UserHasCertificates,
        );
        store
            .commit(vec![Step::AddToken(token(1, "u2", 60))])
            .await
            .unwrap();
        store
            .commit(vec![Step::RemoveUser(user_id("u2"))])
            .await
            .unwrap();
        assert!(
            store
                .user(UserKey::Id(user_id("u2")))
                .await
                .unwrap()
                .is_none()
        );
        assert!(store.token([1; 32]).await.unwrap().is_none());
    })
    .await;
}

#[tokio::test]
async fn users_are_listed_by_id_page_by_page() {
    on_every_store(async |store| {
        settle(store).await;
        for (id, domain) in [("a", "d1"), ("b", "d2"), ("c", "d1"), ("d", "d1")] {
            store
                .commit(vec![Step::AddUser(user(id, id, domain))])
                .await
                .unwrap();
        }
        let ids = async |domain: Option<&str>, after: Option<&str>, limit| -> Vec<String> {
            let users = store
                .users(domain.map(domain_id), after.map(user_id), limit)
                .await
                .unwrap();
            users.into_iter().map(|user| user.id.to_string()).collect()
        };
        assert_eq!(ids(None, None, 9).await, ["a", "b", "c", "d", "u1", "u2"]);
        assert_eq!(ids(None, Some("b"), 2).await, ["c", "d"]);
        assert_eq!(ids(Some("d1"), None, 2).await, ["a", "c"]);
        assert_eq!(ids(Some("d1"), Some("c"), 2).await, ["d", "u1"]);
        assert_eq!(ids(Some("d9"), None, 2).await, [""; 0]);
    })
    .await;
}

#[tokio::test]
async fn domains_are_kept_changed_listed_and_removed() {
    on_every_store(async |store| {
        settle(store).await;
        store
            .commit(vec![Step::AddDomain(domain("d3"))])
            .await
            .unwrap();
        let changed = Domain {
            name: "Another".to_owned(),
            disabled: true,
            ..domain("d3")
        };
        store
            .commit(vec![Step::ChangeDomain(changed.clone())])
            .await
            .unwrap();
        assert_eq!(
            store.domain(domain_id("d3")).await.unwrap(),
            Some(changed.clone())
        );
        assert_eq!(
            store.domains(None, 2).await.unwrap(),
            [domain("d1"), domain("d2")]
        );
        assert_eq!(
            store.domains(Some(domain_id("d1")), 9).await.unwrap(),
            [domain("d2"), changed]
        );
        check_conflict(
            store.commit(vec![Step::AddDomain(domain("d3"))]).await,
            Conflict::Domain,
        );
        store
            .commit(vec![Step::RemoveDomain(domain_id("d3"))])
            .await
            .unwrap();
        assert_eq!(store.domain(domain_id("d3")).await.unwrap(), None);
        for step in [
            Step::ChangeDomain(domain("d3")),
            Step::RemoveDomain(domain_id("d3")),
        ] {
            assert!(matches!(
                store.commit(vec![step]).await,
                Err(StoreError::Missing)
            ));
        }
    })
    .await;
}

#[tokio::test]
async fn domains_with_users_or_certificates_stay() {
    on_every_store(async |store| {
        settle(store).await;
        check_conflict(
            store
                .commit(vec![Step::RemoveDomain(domain_id("d1"))])
                .await,
            Conflict::DomainHasUsers,
        );
        stored(store, certificate(1)).await;
        store
            .commit(vec![Step::ChangeUser(user("u1", "joe", "d2"))])
            .await
            .unwrap();
        check_conflict(
            store
                .commit(vec![Step::RemoveDomain(domain_id("d1"))])
                .await,
            Conflict::DomainHasCertificates,
        );
    })
    .await;
}

fn token(n: u8, user: &str, seconds: i64) -> StoredToken {
    StoredToken {
        hash: [n; 32],
        user: user_id(user),
        scope: None,
        expires: NOW.plus_seconds(seconds),
    }
}

#[tokio::test]
async fn tokens_are_found_until_they_are_removed() {
    on_every_store(async |store| {
        settle(store).await;
        let scoped = StoredToken {
            scope: Some(domain_id("d2")),
            ..token(1, "u1", 60)
        };
        let others = [token(2, "u1", 120), token(3, "u2", 60), token(4, "u2", 120)];
        let steps = std::iter::once(scoped)
            .chain(others)
            .map(Step::AddToken)
            .collect();
        store.commit(steps).await.unwrap();
        let found = store.token([1; 32]).await.unwrap().unwrap();
        assert_eq!(
            (found.hash, found.user, found.scope),
            ([1; 32], user_id("u1"), Some(domain_id("d2")))
        );
        assert_eq!(found.expires, NOW.plus_seconds(60));
        let there = async || -> Vec<u8> {
            let mut there = Vec::new();
            for n in 1..=4 {
                there.extend(store.token([n; 32]).await.unwrap().map(|_| n));
            }
            there
        };
        store
            .commit(vec![Step::RemoveToken([2; 32]), Step::RemoveToken([2; 32])])
            .await
            .unwrap();
        assert_eq!(there().await, [1, 3, 4]);
        store
            .commit(vec![Step::RemoveTokensExpiredBefore(NOW.plus_seconds(60))])
            .await
            .unwrap();
        assert_eq!(there().await, [1, 3, 4]);
        store
            .commit(vec![Step::RemoveTokensExpiredBefore(NOW.plus_seconds(61))])
            .await
            .unwrap();
        assert_eq!(there().await, [4]);
        store
            .commit(vec![Step::RemoveTokensOf(user_id("u2"))])
            .await
            .unwrap();
        assert_eq!(there().await, [0; 0]);
        for wrong in [
            token(5, "u9", 1),
            StoredToken {
                scope: Some(domain_id("d9")),
                ..token(5, "u1", 1)
            },
        ] {
            assert!(matches!(
                store.commit(vec![Step::AddToken(wrong)]).await,
                Err(StoreError::Missing)
            ));
        }
    })
    .await;
}

#[tokio::test]
async fn secrets_are_kept_in_place_of_what_was_there() {
    on_every_store(async |store| {
        assert_eq!(store.secret("kek-check".into()).await.unwrap(), None);
        for sealed in [vec![1, 2], vec![3]] {
            store
                .commit(vec![Step::KeepSecret("kek-check".into(), sealed.clone())])
                .await
                .unwrap();
            assert_eq!(
                store.secret("kek-check".into()).await.unwrap(),
                Some(sealed)
            );
        }
        store.ready().await.unwrap();
    })
    .await;
}
