//! What CRLs are made from: entries by pages, what changed since a base, bases, and layouts.

use chancery_core::certificate::State;
use chancery_core::crl::{
    CrlEntry, CrlFacts, CrlHead, CrlLinks, CrlStream, Scope, Shard, Shards, read_crl,
};
use chancery_core::key::SignatureAlgorithm;
use chancery_core::revocation::Reason;

use super::*;
use crate::store::crls::{CrlBase, NewCrlBase};

const REVOKED: State = State::Revoked(Reason::Superseded);

/// Encoded entries as a list would say them.
fn read_entries(entries: &[u8]) -> CrlFacts {
    let head = CrlHead {
        issuer: &issuer(),
        signature_algorithm: SignatureAlgorithm::EcdsaSha256,
        this_update: NOW,
        next_update: NOW.plus_days(1),
        number: 2,
        authority_key_id: &[1; 20],
        scope_names: &[],
        links: CrlLinks::Delta { base: 1 },
    };
    let mut stream = CrlStream::begin(&head, entries.len() as u64).unwrap();
    stream.update(entries);
    let signed = stream.end().unwrap().finish(&[0]).unwrap();
    read_crl(&[&signed.front, entries, &signed.tail].concat()).unwrap()
}

/// All that the complete list of an authority says, by serial number; read by pages as small as can be.
pub(in crate::store) async fn listed(
    store: &dyn Store,
    authority: i64,
    unexpired_at: Time,
) -> Vec<CrlEntry> {
    let mut all = Vec::new();
    let mut next = 0;
    loop {
        let page = store
            .crl_entries(authority, next..=u16::MAX, unexpired_at, 1)
            .await
            .unwrap();
        all.extend(read_entries(&page.entries).revoked);
        let Some(bucket) = page.next else { break };
        assert!(bucket > next || all.len() == 1, "{bucket} after {next}");
        next = bucket;
    }
    all.sort_by(|a, b| a.serial.content().cmp(b.serial.content()));
    all
}

fn shard(of: u32, index: u32) -> Scope {
    Scope::Shard(Shard::new(Shards::new(of).unwrap(), index).unwrap())
}

/// Every certificate is on exactly the lists that cover it, whatever the length of its serial number and however many
/// share a bucket.
#[tokio::test]
async fn pages_and_shards_hold_each_certificate_once() {
    on_every_store(async |store| {
        settle(store).await;
        let serials: [&[u8]; 8] = [
            &[5],
            &[0x7f],
            &[1, 5],
            &[1, 0, 5],
            &[2, 0, 5],
            &[9, 0x7f, 0xff],
            &[9, 0x80, 0x00],
            &[9, 0xff, 0xff],
        ];
        let serials = serials.map(|octets| Serial::from_content(octets).unwrap());
        for (n, serial) in (1..).zip(&serials) {
            let new = NewCertificate {
                serial: serial.clone(),
                ..certificate(n)
            };
            let number = stored(store, new).await;
            moved(store, number, State::Active, REVOKED, NOW)
                .await
                .unwrap();
        }
        let in_scope = async |scope: Scope, limit| -> Vec<Serial> {
            let (mut next, last) = scope.buckets().into_inner();
            let mut found = Vec::new();
            loop {
                let page = store.crl_entries(1, next..=last, NOW, limit).await.unwrap();
                let entries = read_entries(&page.entries).revoked;
                found.extend(entries.into_iter().map(|entry| entry.serial));
                let Some(bucket) = page.next else { break found };
                assert!((next..=last).contains(&bucket));
                next = bucket;
            }
        };
        let sorted = |mut serials: Vec<Serial>| {
            serials.sort_by(|a, b| a.content().cmp(b.content()));
            serials
        };
        for limit in [1, 2, 3, 100] {
            let whole = in_scope(Scope::Whole, limit).await;
            assert_eq!(sorted(whole), sorted(serials.to_vec()), "{limit}");
            for count in [1, 2, 256, 65_536] {
                let shards = Shards::new(count).unwrap();
                for serial in &serials {
                    let scope = Scope::Shard(Shard::of_serial(shards, serial));
                    let want = serials.iter().filter(|one| scope.covers(one)).cloned();
                    let found = in_scope(scope, limit).await;
                    assert_eq!(sorted(found), sorted(want.collect()), "{scope:?}");
                }
            }
        }
    })
    .await;
}

/// Each growth of the generation leaves what changed; a certificate that changed often is told once, as it is now.
#[tokio::test]
async fn changes_since_a_generation_are_told_once() {
    on_every_store(async |store| {
        settle(store).await;
        let mut numbers = Vec::new();
        for n in 1..=4 {
            numbers.push(stored(store, certificate(n)).await);
        }
        let imported = NewCertificate {
            authority: None,
            ..certificate(5)
        };
        let imported = stored(store, imported).await;
        for (number, from, to) in [
            (numbers[0], State::Active, State::OnHold),        // 1
            (numbers[1], State::Active, State::OnHold),        // 2
            (numbers[0], State::OnHold, State::Active),        // 3
            (numbers[2], State::Active, REVOKED),              // 4
            (imported, State::Active, REVOKED),                // not ours
            (numbers[0], State::Active, State::OnHold),        // 5
            (numbers[1], State::OnHold, State::Active),        // 6
            (numbers[3], State::Active, State::Deleted(None)), // not revoked
        ] {
            moved(store, number, from, to, NOW).await.unwrap();
        }
        let all = Scope::Whole.buckets();
        for (since, want) in [
            (0, vec![numbers[0], numbers[1], numbers[2]]),
            (2, vec![numbers[0], numbers[1], numbers[2]]),
            (3, vec![numbers[0], numbers[1], numbers[2]]),
            (4, vec![numbers[0], numbers[1]]),
            (5, vec![numbers[1]]),
            (6, vec![]),
        ] {
            assert_eq!(
                store.changed_since(1, all.clone(), since).await.unwrap(),
                want,
                "{since}"
            );
        }
        let of_another = store.changed_since(2, all.clone(), 0).await;
        assert!(of_another.unwrap().is_empty());
        let changed = store.changed_since(1, all.clone(), 0).await.unwrap();
        let entries = store.delta_entries(changed).await.unwrap();
        let facts = read_entries(&entries);
        let reasons: Vec<_> = facts.revoked.iter().map(|entry| entry.reason).collect();
        assert_eq!(reasons, [Reason::CertificateHold, Reason::Superseded]);
        let removed: Vec<_> = facts.removed.iter().map(|entry| &entry.serial).collect();
        assert_eq!(removed, [&serial(2)]);
        assert!(store.delta_entries(vec![99]).await.is_err());
    })
    .await;
}

/// After a bulk revocation the delta of one shard must not look at every certificate of the others.
#[tokio::test]
async fn changes_in_other_shards_are_not_among_those_of_a_shard() {
    on_every_store(async |store| {
        settle(store).await;
        let mut numbers = Vec::new();
        for (n, octets) in [(1, &[7][..]), (2, &[1, 0x7f, 0xff]), (3, &[1, 0x80, 0x00])] {
            let new = NewCertificate {
                serial: Serial::from_content(octets).unwrap(),
                ..certificate(n)
            };
            let number = stored(store, new).await;
            moved(store, number, State::Active, REVOKED, NOW)
                .await
                .unwrap();
            numbers.push(number);
        }
        for (scope, want) in [
            (shard(2, 0), &numbers[..2]),
            (shard(2, 1), &numbers[2..]),
            (shard(65_536, 7), &numbers[..1]),
            (shard(65_536, 8), &[]),
            (shard(65_536, 0x7fff), &numbers[1..2]),
        ] {
            let changed = store.changed_since(1, scope.buckets(), 0).await;
            assert_eq!(changed.unwrap(), want, "{scope:?}");
        }
    })
    .await;
}

fn base_at(days: i64, generation: u64, scope: Scope) -> NewCrlBase {
    NewCrlBase {
        scope,
        generation,
        this_update: NOW.plus_days(days),
        next_update: NOW.plus_days(days + 10),
        unless_since: NOW.plus_days(days - 2),
    }
}

/// A delta builds on the oldest list that is still valid, or on one before it that stands for it; bases of other scopes
/// and authorities are none.
#[tokio::test]
async fn deltas_build_on_the_oldest_valid_list() {
    on_every_store(async |store| {
        settle(store).await;
        let other = add_authority("other", None);
        store.commit(vec![other]).await.unwrap();
        let base = async |days| {
            store
                .crl_base(1, Scope::Whole, NOW.plus_days(days))
                .await
                .unwrap()
                .map(|base| base.number)
        };
        assert_eq!(base(0).await, None);
        for (days, scope, want) in [
            (0, Scope::Whole, 1),
            (1, Scope::Whole, 2), // 1 stands for it, so until day 11
            (5, Scope::Whole, 3),
            (5, shard(4, 0), 4),
            (4, Scope::Whole, 5), // a clock that went back
        ] {
            let number = store.add_crl_base(1, base_at(days, 0, scope)).await;
            assert_eq!(number.unwrap(), want);
        }
        assert_eq!(
            store
                .add_crl_base(2, base_at(0, 0, Scope::Whole))
                .await
                .unwrap(),
            1
        );
        assert_eq!(store.next_crl_number(1).await.unwrap(), 6);
        for (days, want) in [
            (0, Some(1)),
            (10, Some(1)),
            (11, Some(3)),
            (14, Some(3)),
            (15, None),
        ] {
            assert_eq!(base(days).await, want, "day {days}");
        }
        let of_shard = store.crl_base(1, shard(4, 0), NOW).await.unwrap();
        assert_eq!(
            of_shard,
            Some(CrlBase {
                number: 4,
                generation: 0
            })
        );
        for scope in [shard(4, 1), shard(8, 0), shard(1, 0)] {
            assert_eq!(
                store.crl_base(1, scope, NOW).await.unwrap(),
                None,
                "{scope:?}"
            );
        }
        assert!(
            store
                .add_crl_base(3, base_at(0, 0, Scope::Whole))
                .await
                .is_err()
        );
    })
    .await;
}

/// What is forgotten is what no valid base needs; a list since which something was forgotten is no base any more.
#[tokio::test]
async fn what_no_base_needs_is_forgotten() {
    on_every_store(async |store| {
        settle(store).await;
        for n in 1..=3 {
            let number = stored(store, certificate(n)).await;
            moved(store, number, State::Active, REVOKED, NOW)
                .await
                .unwrap();
        }
        let forget = async |days| {
            while store.forget_crl_bases(NOW.plus_days(days)).await.unwrap() {}
            let changed = store.changed_since(1, Scope::Whole.buckets(), 0).await;
            changed.unwrap().len()
        };
        assert_eq!(forget(0).await, 3, "without a base nothing is forgotten");
        store
            .add_crl_base(1, base_at(0, 1, Scope::Whole))
            .await
            .unwrap();
        store
            .add_crl_base(1, base_at(5, 2, shard(4, 0)))
            .await
            .unwrap();
        assert_eq!(forget(9).await, 2);
        assert_eq!(forget(10).await, 1, "the older base is over");
        // One that was begun before that, and is there only now.
        store
            .add_crl_base(1, base_at(9, 1, Scope::Whole))
            .await
            .unwrap();
        let base = store.crl_base(1, Scope::Whole, NOW.plus_days(10)).await;
        assert_eq!(base.unwrap(), None);
        let base = store.crl_base(1, shard(4, 0), NOW.plus_days(10)).await;
        assert!(base.unwrap().is_some());
    })
    .await;
}

#[tokio::test]
async fn layouts_are_remembered() {
    on_every_store(async |store| {
        for (configured, want) in [
            (1, vec![1]),
            (64, vec![1, 64]),
            (64, vec![1, 64]),
            (4, vec![1, 4, 64]),
        ] {
            let layouts = store.crl_layouts(Shards::new(configured).unwrap()).await;
            let counts: Vec<u32> = layouts.unwrap().into_iter().map(Shards::count).collect();
            assert_eq!(counts, want);
        }
    })
    .await;
}
