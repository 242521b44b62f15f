//! Large lists in their files: through restarts, beside what others left in the folder, and while they are read.

use std::path::PathBuf;

use chancery_core::certificate::{Origin, State};
use chancery_core::identity::CertificateId;
use chancery_core::serial::Serial;

use super::*;
use crate::random;
use crate::store::Step;
use crate::store::certificates::{IssuerKey, NewCertificate};

/// So many revoked certificates that their list does not stay in memory.
const MANY: usize = 6_000;

impl Engine {
    /// Stores revoked certificates of the issuing authority.
    async fn fill(&self, count: usize) {
        let pattern = self.certificate().await;
        let loaded = self.app.authority_named("issuing").unwrap();
        let steps: Vec<Step> = (0..count)
            .map(|_| {
                let serial = Serial::from_random(random::octets().unwrap());
                Step::AddCertificate(Box::new(NewCertificate {
                    id: CertificateId::from_octets(&random::octets::<12>().unwrap()).unwrap(),
                    name: hex::encode(serial.content()),
                    origin: Origin::Issued,
                    authority: Some(loaded.authority.id),
                    der: pattern.der.clone(),
                    names: None,
                    issuer_key: IssuerKey::of(loaded.authority.subject()),
                    serial,
                    subject_line: "/CN=joe".to_owned(),
                    subject_key_id: pattern.subject_key_id,
                    not_before: pattern.not_before,
                    not_after: pattern.not_after,
                    owner: pattern.owner.clone(),
                    domain: pattern.domain.clone(),
                    profile: None,
                    state: State::Revoked(Reason::Superseded),
                    created: pattern.created,
                    sealed_key: None,
                    replaces: None,
                }))
            })
            .collect();
        self.app.store().commit(steps).await.unwrap();
    }

    fn folder(&self) -> PathBuf {
        self.directory.path().join("data/crl")
    }

    fn files(&self) -> BTreeSet<String> {
        let files = std::fs::read_dir(self.folder()).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

fn names<const N: usize>(names: [&str; N]) -> BTreeSet<String> {
    names.into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_large_list_outlives_the_process() {
    let engine = Engine::start().await;
    engine.fill(MANY).await;
    let before = engine.whole().await;
    assert_eq!(before.revoked.len(), MANY);
    assert_eq!(engine.files(), names(["issuing.list"]));
    // The delta of so many changes is as large, and finds its base again.
    let delta = engine.list(Scope::Whole, Delta).await;
    assert_eq!(delta.delta_base, before.number);
    // What a crash left, and what is not ours or not whole.
    let folder = engine.folder();
    for (name, content) in [
        ("issuing.new", "half"),
        ("issuing.4.1.new", "half"),
        ("notes.txt", "mine"),
        ("backup.new.old", "mine"),
        ("root.list", "not a list"),
        ("nobody.list", "not a list"),
    ] {
        std::fs::write(folder.join(name), content).unwrap();
    }
    std::fs::create_dir(folder.join("issuing.delta.list")).unwrap();

    let engine = engine.restarted().await;
    assert_eq!(
        engine.files(),
        names([
            "issuing.list",
            "notes.txt",
            "backup.new.old",
            "root.list",
            "nobody.list",
            "issuing.delta.list"
        ])
    );
    assert_eq!(engine.whole().await, before, "not made anew");
    let root = engine
        .app
        .crl("root", Scope::Whole, Complete)
        .await
        .unwrap();
    assert!(root.small().is_some());
    // Where a foreign thing bars the way there is no list, until it is gone.
    let barred = engine.app.crl("issuing", Scope::Whole, Delta).await;
    assert!(matches!(barred, Err(Error::Internal(_))));
    std::fs::remove_dir(engine.folder().join("issuing.delta.list")).unwrap();
    assert!(engine.list(Scope::Whole, Delta).await.number > delta.number);
    let one = engine.certificate().await;
    engine.hold(&one).await;
    let after = engine.whole().await;
    assert!(after.number > before.number);
    assert_eq!(after.revoked.len(), MANY + 1);
}

#[tokio::test]
async fn a_list_in_a_file_stays_the_same_while_it_is_read() {
    let engine = Engine::start().await;
    engine.fill(MANY).await;
    let reading = engine
        .app
        .crl("issuing", Scope::Whole, Complete)
        .await
        .unwrap();
    assert!(reading.small().is_none());
    let end = reading.read_at(reading.length - 3, 100).await.unwrap();
    assert_eq!(end.len(), 3);
    assert!(reading.read_at(reading.length, 1).await.unwrap().is_empty());
    engine.hold(&engine.certificate().await).await;
    assert_eq!(engine.whole().await.revoked.len(), MANY + 1);
    assert_eq!(facts_of(&engine, &reading).await.revoked.len(), MANY);
}

/// A list whose file was taken away, cut or spoilt is made anew, with a greater number.
#[tokio::test]
async fn a_file_that_is_gone_or_cut_is_made_anew() {
    let engine = Engine::start().await;
    engine.fill(MANY).await;
    let mut last = engine.whole().await.number;
    let file = engine.folder().join("issuing.list");
    let whole = std::fs::read(&file).unwrap();
    for spoilt in [None, Some(&whole[..whole.len() - 1]), Some(&whole[..100])] {
        match spoilt {
            None => std::fs::remove_file(&file).unwrap(),
            Some(part) => std::fs::write(&file, part).unwrap(),
        }
        let anew = engine.whole().await;
        assert!(anew.number > last);
        assert_eq!(anew.revoked.len(), MANY);
        last = anew.number;
    }
}

/// Where no list can be written, the last one is served for as long as it is valid, and not longer.
#[tokio::test]
async fn a_disk_that_fails_leaves_the_last_list() {
    let engine = Engine::start().await;
    engine.fill(MANY).await;
    let last = engine.whole().await;
    let bar = engine.folder().join("issuing.new");
    std::fs::create_dir(&bar).unwrap();
    engine.hold(&engine.certificate().await).await;
    assert_eq!(engine.whole().await, last);
    engine.at(DAY);
    assert!(
        engine
            .app
            .crl("issuing", Scope::Whole, Complete)
            .await
            .is_err()
    );
    std::fs::remove_dir(bar).unwrap();
    assert_eq!(engine.whole().await.revoked.len(), MANY + 1);
}

/// Another configuration makes another list, also of one that is in its file.
#[tokio::test]
async fn another_configuration_makes_another_list() {
    let engine = Engine::start_with(in_four_shards).await;
    engine.fill(4 * MANY).await;
    let before = engine.list(shard(4, 2), Complete).await;
    assert!(engine.files().contains("issuing.4.2.list"));
    let moved = |config: &mut AppConfig| {
        config.crl.former_public_urls = vec!["http://old.example".to_owned()];
    };
    let engine = engine.restarted_with(moved).await;
    engine.list(shard(4, 2), Delta).await;
    let after = engine.list(shard(4, 2), Complete).await;
    assert!(after.number > before.number);
    assert_eq!(after.issuing_point.as_ref().unwrap().names.len(), 2);
    assert_eq!(after.revoked.len(), before.revoked.len());
    // Lists of two scopes are not put together (RFC 5280, section 6.3.3): that of before must be fetched again.
    let delta = engine.list(shard(4, 2), Delta).await;
    assert_eq!(combined(&after, &delta), Some(revoked(&after)));
    assert_eq!(combined(&before, &delta), None);
}

#[tokio::test]
async fn lists_that_are_over_leave_the_folder() {
    let engine = Engine::start().await;
    engine.fill(MANY).await;
    engine.whole().await;
    engine.at(DAY - 1);
    engine.app.sweep_crls().await.unwrap();
    assert_eq!(engine.files(), names(["issuing.list"]));
    // A small list leaves no large one behind.
    engine.at(9 * DAY);
    assert!(engine.whole().await.revoked.is_empty());
    assert!(engine.files().is_empty());
    std::fs::write(engine.folder().join("notes.txt"), "mine").unwrap();
    engine.fill(0).await;
    engine.at(12 * DAY);
    engine.app.sweep_crls().await.unwrap();
    assert_eq!(engine.files(), names(["notes.txt"]));
}
