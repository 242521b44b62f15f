//! CRLs through the whole engine on a real database, as a relying party reads them.

mod files;
mod timing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chancery_core::certificate::Certificate;
use chancery_core::crl::CrlKind::{Complete, Delta};
use chancery_core::crl::{CrlFacts, Scope, Shard, Shards, read_crl, verify_crl};
use chancery_core::revocation::Reason;
use chancery_core::time::Time;

use super::slots::{Key, Slot};
use super::*;
use crate::search::CertificateRef;
use crate::testing::{Engine, START};
use crate::{IssueBy, config::AppConfig};

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// What a list says, read through small pieces, its signature checked.
async fn facts_of(engine: &Engine, crl: &Crl) -> CrlFacts {
    let mut der = Vec::new();
    while (der.len() as u64) < crl.length {
        der.extend(crl.read_at(der.len() as u64, 50_000).await.unwrap());
    }
    if let Some(small) = crl.small() {
        assert_eq!(small, der);
    }
    let authority = engine.app.authority_named("issuing").unwrap();
    assert!(verify_crl(&der, &authority.authority.facts.public_key));
    let facts = read_crl(&der).unwrap();
    assert_eq!(facts.number, Some(crl.number));
    assert_eq!(facts.this_update, crl.this_update);
    assert_eq!(facts.next_update, Some(crl.next_update));
    facts
}

impl Engine {
    async fn list(&self, scope: Scope, kind: CrlKind) -> CrlFacts {
        let crl = self.app.crl("issuing", scope, kind).await.unwrap();
        facts_of(self, &crl).await
    }

    async fn whole(&self) -> CrlFacts {
        self.list(Scope::Whole, Complete).await
    }

    fn slot(&self, scope: Scope, kind: CrlKind) -> Arc<Slot> {
        let loaded = self.app.authority_named("issuing").unwrap();
        self.app.0.crls.slot(Key {
            authority: loaded.authority.id,
            scope,
            kind,
        })
    }

    async fn certificate(&self) -> Certificate {
        self.issued(&self.admin.user.id, IssueBy::Default).await
    }

    async fn hold(&self, certificate: &Certificate) {
        let which = CertificateRef::Id(certificate.id);
        self.app.hold(&self.admin, &which).await.unwrap();
    }

    async fn release(&self, certificate: &Certificate) {
        let which = CertificateRef::Id(certificate.id);
        self.app.release(&self.admin, &which).await.unwrap();
    }

    async fn revoke(&self, certificate: &Certificate, reason: Reason) {
        let which = CertificateRef::Id(certificate.id);
        self.app.revoke(&self.admin, &which, reason).await.unwrap();
    }
}

fn shard(of: u32, index: u32) -> Scope {
    Scope::Shard(Shard::new(Shards::new(of).unwrap(), index).unwrap())
}

fn in_four_shards(config: &mut AppConfig) {
    config.crl.shards = 4;
}

/// What a list says is revoked, with reasons, by serial number.
fn revoked(facts: &CrlFacts) -> BTreeMap<Vec<u8>, Reason> {
    let entries = facts.revoked.iter();
    entries
        .map(|entry| (entry.serial.content().to_vec(), entry.reason))
        .collect()
}

/// A complete list with a delta on top (RFC 5280, section 5.2.4); none where they do not fit.
fn combined(complete: &CrlFacts, delta: &CrlFacts) -> Option<BTreeMap<Vec<u8>, Reason>> {
    let (base, number) = (delta.delta_base?, complete.number?);
    if base > number || number >= delta.number? || complete.issuing_point != delta.issuing_point {
        return None;
    }
    let mut all = revoked(complete);
    all.extend(revoked(delta));
    for removal in &delta.removed {
        all.remove(removal.serial.content());
    }
    Some(all)
}

#[tokio::test]
async fn lists_say_what_they_are() {
    let engine = Engine::start_with(|config| {
        config.crl.former_public_urls = vec!["http://old.example".to_owned()];
        in_four_shards(config);
    })
    .await;
    let whole = engine.whole().await;
    assert_eq!(whole.issuing_point, None);
    assert_eq!(whole.freshest, ["http://localhost/crl/issuing/delta.crl"]);
    assert_eq!(whole.delta_base, None);
    let delta = engine.list(Scope::Whole, Delta).await;
    assert_eq!(delta.delta_base, whole.number);
    assert!(delta.number > whole.number && delta.freshest.is_empty());
    assert_eq!(delta.next_update, Some(Time::from_unix(START + HOUR)));
    for kind in [Complete, Delta] {
        let part = engine.list(shard(4, 3), kind).await;
        let point = part.issuing_point.unwrap();
        assert_eq!(
            point.names,
            [
                "http://localhost/crl/issuing/4/3.crl",
                "http://old.example/crl/issuing/4/3.crl"
            ]
        );
        assert!(part.is_understood);
    }
    let part = engine.list(shard(4, 3), Complete).await;
    assert_eq!(
        part.freshest,
        ["http://localhost/crl/issuing/4/3-delta.crl"]
    );
}

/// What a certificate names as its list is served, and says that it is about it; whatever else is asked for is not there.
#[tokio::test]
async fn certificates_name_their_shard() {
    let engine = Engine::start_with(in_four_shards).await;
    for _ in 0..4 {
        let certificate = engine.certificate().await;
        let der = certificate.der.clone().unwrap();
        let facts = chancery_core::x509::read_certificate(&der).unwrap();
        let four = Shards::new(4).unwrap();
        let own = Scope::Shard(Shard::of_serial(four, &certificate.serial));
        engine.revoke(&certificate, Reason::KeyCompromise).await;
        let list = engine.list(own, Complete).await;
        assert_eq!(list.issuing_point.unwrap().names, facts.crl_addresses);
        for index in 0..4 {
            let listed = revoked(&engine.list(shard(4, index), Complete).await);
            let is_there = listed.contains_key(certificate.serial.content());
            assert_eq!(is_there, shard(4, index) == own, "{index}");
        }
        assert!(revoked(&engine.whole().await).contains_key(certificate.serial.content()));
    }
    for scope in [shard(1, 0), shard(2, 0), shard(65_536, 9)] {
        for kind in [Complete, Delta] {
            let refused = engine.app.crl("issuing", scope, kind).await;
            assert!(matches!(refused, Err(Error::NotFound(_))), "{scope:?}");
        }
    }
    let engine = engine.restarted().await;
    engine.list(shard(4, 3), Complete).await;
    let nobody = engine.app.crl("nobody", Scope::Whole, Complete).await;
    assert!(matches!(nobody, Err(Error::NotFound(_))));
}

/// The promise of deltas: whoever holds any complete list that is still valid, and the newest delta, knows the truth. Tried
/// on many lists through a long run of holds, releases, revocations and hours, for the whole and for shards.
#[tokio::test]
async fn every_valid_complete_list_with_the_newest_delta_is_the_truth() {
    let engine = Engine::start_with(in_four_shards).await;
    let mut certificates = Vec::new();
    for _ in 0..6 {
        certificates.push(engine.certificate().await);
    }
    let scopes = [
        Scope::Whole,
        shard(4, 0),
        shard(4, 1),
        shard(4, 2),
        shard(4, 3),
    ];
    let mut truth = BTreeMap::new();
    let mut held: Vec<(Scope, CrlFacts)> = Vec::new();
    let (mut seconds, mut dice, mut fitted) = (0, 7_u64, 0);
    for step in 0..120 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let roll = (dice >> 33) as usize;
        let one = &certificates[roll % certificates.len()];
        let serial = one.serial.content().to_vec();
        match truth.get(&serial) {
            None => {
                engine.hold(one).await;
                truth.insert(serial, Reason::CertificateHold);
            }
            Some(Reason::CertificateHold) if roll.is_multiple_of(11) => {
                engine.revoke(one, Reason::Superseded).await;
                truth.insert(serial, Reason::Superseded);
            }
            Some(Reason::CertificateHold) => {
                engine.release(one).await;
                truth.remove(&serial);
            }
            Some(_) => {}
        }
        seconds += (roll % 5000) as i64;
        engine.at(seconds);
        let now = Time::from_unix(START + seconds);
        let scope = scopes[roll % scopes.len()];
        if roll.is_multiple_of(3) {
            held.push((scope, engine.list(scope, Complete).await));
        }
        if roll.is_multiple_of(17) {
            engine.app.sweep_crls().await.unwrap();
        }
        let delta = engine.list(scope, Delta).await;
        let in_scope: BTreeMap<_, _> = truth
            .iter()
            .filter(|(serial, _)| {
                let serial = chancery_core::serial::Serial::from_content(serial).unwrap();
                scope.covers(&serial)
            })
            .map(|(serial, reason)| (serial.clone(), *reason))
            .collect();
        for (_, complete) in held.iter().filter(|(of, _)| *of == scope) {
            if complete.next_update.unwrap() > now {
                let known = combined(complete, &delta)
                    .unwrap_or_else(|| panic!("step {step}: {complete:?} and {delta:?}"));
                assert_eq!(known, in_scope, "step {step}");
                fitted += 1;
            }
        }
    }
    assert!(fitted > 100, "{fitted}");
}

/// Numbers of one authority never repeat, whatever list bears them.
#[tokio::test]
async fn each_number_is_given_once() {
    let engine = Engine::start_with(in_four_shards).await;
    let one = engine.certificate().await;
    let mut numbers = BTreeMap::new();
    let mut count = 0;
    for _ in 0..3 {
        engine.hold(&one).await;
        let mut asked = Vec::new();
        for scope in [Scope::Whole, shard(4, 0), shard(4, 1)] {
            for kind in [Complete, Delta] {
                for _ in 0..4 {
                    let app = engine.app.clone();
                    asked.push(tokio::spawn(async move {
                        let list = app.crl("issuing", scope, kind).await.unwrap();
                        (list.number, scope, kind)
                    }));
                }
                count += 1;
            }
        }
        for asked in asked {
            let (number, scope, kind) = asked.await.unwrap();
            let other = numbers.insert(number, (scope, kind));
            assert!(other.is_none_or(|other| other == (scope, kind)), "{number}");
        }
        engine.release(&one).await;
    }
    // Whoever asks at the same time gets the same list, or a delta that was overtaken by a complete one meanwhile.
    assert!(
        (count..=count + count / 2).contains(&numbers.len()),
        "{numbers:?}"
    );
}

/// What has expired stays on one list more (RFC 5280, section 3.3), and then goes.
#[tokio::test]
async fn what_has_expired_leaves_after_one_more_list() {
    let engine = Engine::start().await;
    let one = engine.certificate().await;
    engine.revoke(&one, Reason::KeyCompromise).await;
    let serial = one.serial.content();
    let end = one.not_after.unix() - START;
    engine.at(end - 1);
    assert!(revoked(&engine.whole().await).contains_key(serial));
    engine.at(end + 12 * HOUR);
    assert!(revoked(&engine.whole().await).contains_key(serial));
    engine.at(end + DAY + 1);
    assert!(!revoked(&engine.whole().await).contains_key(serial));
}
