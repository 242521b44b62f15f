//! The configuration lock and elements, as every database must keep them.

use super::*;
use crate::records::{Configuration, Element};
use crate::store::Conflict;
use crate::store::accounts::StoredToken;
use crate::store::records::{ElementFilter, Holding, LockHolder, RecordStep};

fn token(n: u8, life: i64) -> Step {
    Step::AddToken(StoredToken {
        hash: [n; 32],
        user: user_id("u1"),
        scope: None,
        expires: NOW.plus_seconds(life),
    })
}

fn by(n: u8, at: i64) -> LockHolder {
    LockHolder {
        token: [n; 32],
        at: NOW.plus_seconds(at),
    }
}

async fn done(store: &dyn Store, step: RecordStep) -> String {
    match store.commit(vec![Step::Records(step)]).await {
        Ok(_) => "done".to_owned(),
        Err(error) => format!("{error:?}"),
    }
}

#[tokio::test]
async fn the_lock_is_one_row_that_goes_with_its_token() {
    use RecordStep::{ExpectLock, PassLock, ReleaseLock, TakeLock};
    on_every_store(async |store| {
        settle(store).await;
        let steps = vec![token(1, 10), token(2, 20), token(3, 30)];
        store.commit(steps).await.unwrap();
        for (step, want) in [
            (ExpectLock(by(1, 0)), "NotLocked"),
            (ReleaseLock(by(1, 0)), "NotLocked"),
            (PassLock(by(1, 0), [2; 32]), "done"),
            (ExpectLock(by(2, 0)), "NotLocked"),
            (TakeLock(by(1, 0)), "done"),
            (TakeLock(by(1, 1)), "done"),
            (TakeLock(by(2, 10)), "Locked"),
            (ExpectLock(by(1, 10)), "done"),
            (ExpectLock(by(2, 10)), "Locked"),
            (ReleaseLock(by(2, 10)), "Locked"),
            (ExpectLock(by(1, 11)), "NotLocked"),
            (PassLock(by(1, 11), [2; 32]), "done"),
            (TakeLock(by(2, 11)), "done"),
            (ExpectLock(by(1, 11)), "Locked"),
            (PassLock(by(2, 12), [3; 32]), "done"),
            (ExpectLock(by(3, 12)), "done"),
            (ReleaseLock(by(3, 12)), "done"),
            (ExpectLock(by(3, 12)), "NotLocked"),
            (TakeLock(by(3, 12)), "done"),
        ] {
            let what = format!("{step:?}");
            assert_eq!(done(store, step).await, want, "{what}");
        }
        assert_eq!(store.lock_holder(NOW).await.unwrap(), Some([3; 32]));
        let steps = vec![Step::RemoveTokensOf(user_id("u1"))];
        store.commit(steps).await.unwrap();
        assert_eq!(store.lock_holder(NOW).await.unwrap(), None);
        // A token that nobody remembers takes nothing.
        assert!(done(store, TakeLock(by(9, 0))).await.starts_with("Broken"));
    })
    .await;
}

#[tokio::test]
async fn a_version_is_changed_once() {
    on_every_store(async |store| {
        settle(store).await;
        store.commit(vec![token(1, 10)]).await.unwrap();
        assert_eq!(done(store, RecordStep::TakeLock(by(1, 0))).await, "done");
        let element = Element {
            kind: "k".to_owned(),
            key: "x".to_owned(),
            attributes: Vec::new(),
        };
        let add = || RecordStep::AddElement(element.clone());
        assert_eq!(done(store, add()).await, "done");
        let there = format!("Conflict({:?})", Conflict::Element);
        assert_eq!(done(store, add()).await, there);
        let filter = ElementFilter {
            configuration: Configuration::Edited,
            kind: None,
            key: None,
            after: None,
            at: NOW,
        };
        let found = store.elements(filter.clone(), 0, 9).await.unwrap();
        let from = found.first().unwrap().version;
        let change = || RecordStep::ChangeElement {
            from,
            element: element.clone(),
            holds: Holding::Same,
        };
        assert_eq!(done(store, change()).await, "done");
        assert_eq!(done(store, change()).await, "Stale");
        let absent = RecordStep::RemoveElement("k".to_owned(), "y".to_owned());
        assert_eq!(done(store, absent).await, "Missing");
        let later = ElementFilter {
            at: NOW.plus_seconds(11),
            ..filter
        };
        assert!(store.elements(later, 0, 9).await.unwrap().is_empty());
    })
    .await;
}
