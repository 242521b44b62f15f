//! The audit trail.

use super::*;
use crate::audit::{AuditEntry, AuditFilter, NewAuditEntry, Outcome};

fn entry(action: &'static str, actor: Option<&str>, n: Option<u32>) -> NewAuditEntry {
    NewAuditEntry {
        at: NOW,
        actor: actor.map(user_id),
        domain: actor.map(|_| domain_id("d1")),
        api: "native",
        action,
        certificate: n.map(certificate_id),
        object: n.is_none().then(|| "u7".to_owned()),
        outcome: if n.is_some() {
            Outcome::Done
        } else {
            Outcome::Refused
        },
        detail: "{\"v\":1}".to_owned(),
    }
}

#[tokio::test]
async fn entries_are_read_newest_first_by_actor_and_certificate() {
    on_every_store(async |store| {
        let entries = [
            entry("certificate.issue", Some("u1"), Some(1)),
            entry("certificate.issue", Some("u2"), Some(2)),
            entry("user.change", Some("u1"), None),
            entry("certificate.revoke", Some("u2"), Some(1)),
            entry("server.start", None, None),
        ];
        store.commit(entries.map(Step::Audit).into()).await.unwrap();
        let ids = async |actor: Option<&str>, n: Option<u32>, before, limit| -> Vec<i64> {
            let filter = AuditFilter {
                actor: actor.map(user_id),
                certificate: n.map(certificate_id),
                before,
            };
            store
                .audit(filter, limit)
                .await
                .unwrap()
                .into_iter()
                .map(|entry| entry.id)
                .collect()
        };
        assert_eq!(ids(None, None, None, 9).await, [5, 4, 3, 2, 1]);
        assert_eq!(ids(None, None, None, 2).await, [5, 4]);
        assert_eq!(ids(None, None, Some(4), 2).await, [3, 2]);
        assert_eq!(ids(Some("u1"), None, None, 9).await, [3, 1]);
        assert_eq!(ids(Some("u1"), None, Some(3), 9).await, [1]);
        assert_eq!(ids(None, Some(1), None, 9).await, [4, 1]);
        assert_eq!(ids(Some("u2"), Some(1), None, 9).await, [4]);
        assert_eq!(ids(Some("u9"), None, None, 9).await, [0; 0]);
    })
    .await;
}

#[tokio::test]
async fn entries_are_read_back_whole() {
    on_every_store(async |store| {
        let new = [
            entry("certificate.issue", Some("u1"), Some(1)),
            entry("server.start", None, None),
        ];
        store
            .commit(new.clone().map(Step::Audit).into())
            .await
            .unwrap();
        let read = store.audit(AuditFilter::default(), 9).await.unwrap();
        for (number, (read, new)) in read.into_iter().rev().zip(new).enumerate() {
            let want = AuditEntry {
                id: i64::try_from(number).unwrap() + 1,
                at: new.at,
                actor: new.actor,
                domain: new.domain,
                api: new.api.to_owned(),
                action: new.action.to_owned(),
                certificate: new.certificate,
                object: new.object,
                outcome: new.outcome,
                detail: new.detail,
            };
            assert_eq!(read, want);
        }
    })
    .await;
}

#[tokio::test]
async fn an_entry_stands_or_falls_with_what_it_tells_of() {
    on_every_store(async |store| {
        settle(store).await;
        stored(store, certificate(1)).await;
        let steps = vec![
            Step::Audit(entry("certificate.issue", Some("u1"), Some(1))),
            add(certificate(1)),
        ];
        store.commit(steps).await.unwrap_err();
        assert_eq!(store.audit(AuditFilter::default(), 9).await.unwrap(), []);
    })
    .await;
}
