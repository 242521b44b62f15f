//! When lists are made: after changes, before they are over, and when the clock is put back.

use super::*;

fn looks_slow(slot: &Slot, age: Option<std::time::Duration>) {
    slot.pretend(|list| {
        list.facts.took = std::time::Duration::from_millis(500);
        list.facts.length = 2 << 20;
        list.made = age.and_then(|age| list.made?.checked_sub(age));
    });
}

#[tokio::test]
async fn a_quick_list_shows_every_change_at_once_and_is_not_made_without_one() {
    let engine = Engine::start().await;
    let one = engine.certificate().await;
    for kind in [Complete, Delta] {
        let before = engine.list(Scope::Whole, kind).await;
        engine.at(10);
        assert_eq!(engine.list(Scope::Whole, kind).await, before);
        engine.hold(&one).await;
        let after = engine.list(Scope::Whole, kind).await;
        assert!(after.number > before.number);
        assert_eq!(revoked(&after).len(), 1);
        engine.release(&one).await;
        let released = engine.list(Scope::Whole, kind).await;
        assert!(released.number > after.number);
        assert_eq!(released.removed.len(), usize::from(kind == Delta));
        assert!(revoked(&released).is_empty());
    }
}

#[tokio::test]
async fn a_list_is_made_anew_at_half_of_its_life() {
    let engine = Engine::start().await;
    for (kind, life) in [(Complete, DAY), (Delta, HOUR)] {
        engine.at(100 * DAY);
        let first = engine.list(Scope::Whole, kind).await;
        engine.at(100 * DAY + life / 2 - 1);
        assert_eq!(engine.list(Scope::Whole, kind).await, first);
        engine.at(100 * DAY + life / 2);
        assert!(engine.list(Scope::Whole, kind).await.number > first.number);
        engine.at(50 * DAY);
    }
}

/// A clock that jumps back never shows an older number, nor a list of the future.
#[tokio::test]
async fn a_clock_put_back_makes_a_new_list_with_a_greater_number() {
    let engine = Engine::start().await;
    let one = engine.certificate().await;
    engine.at(5 * DAY);
    let future = engine.whole().await;
    let future_delta = engine.list(Scope::Whole, Delta).await;
    engine.at(0);
    let now = engine.whole().await;
    assert!(now.number > future_delta.number && future_delta.number > future.number);
    assert_eq!(now.this_update, Time::from_unix(START));
    engine.hold(&one).await;
    let delta = engine.list(Scope::Whole, Delta).await;
    assert_eq!(delta.this_update, Time::from_unix(START));
    assert_eq!(combined(&now, &delta), Some(revoked(&engine.whole().await)));
}

/// A slow list is served until another is there, which is made beside requests and not too often; its delta tells at once.
#[tokio::test]
async fn a_slow_list_is_made_beside_requests() {
    let engine = Engine::start().await;
    let one = engine.certificate().await;
    let slot = engine.slot(Scope::Whole, Complete);
    let first = engine.whole().await;
    looks_slow(&slot, Some(std::time::Duration::ZERO));
    engine.hold(&one).await;
    assert_eq!(engine.whole().await, first);
    let delta = engine.list(Scope::Whole, Delta).await;
    assert_eq!(revoked(&delta).len(), 1);
    assert_eq!(combined(&first, &delta), Some(revoked(&delta)));
    // It was made a moment ago: it rests.
    engine.app.look_after_crls().await;
    assert_eq!(engine.whole().await, first);
    looks_slow(&slot, Some(std::time::Duration::from_secs(11)));
    engine.app.look_after_crls().await;
    let second = engine.whole().await;
    assert!(second.number > delta.number);
    assert_eq!(revoked(&second).len(), 1);
    // Over is over, however slow it is.
    looks_slow(&slot, Some(std::time::Duration::ZERO));
    engine.at(DAY);
    let third = engine.whole().await;
    assert!(third.number > second.number);
    // At half of its life it does not wait.
    looks_slow(&slot, Some(std::time::Duration::ZERO));
    engine.at(DAY + DAY / 2);
    assert_eq!(engine.whole().await, third);
    engine.app.look_after_crls().await;
    assert!(engine.whole().await.number > third.number);
}

/// Whoever asks while a list is made ahead gets that one.
#[tokio::test]
async fn a_list_is_not_made_twice_at_once() {
    let engine = Engine::start().await;
    let (first, _, second) = tokio::join!(
        engine.whole(),
        engine.app.look_after_crls(),
        engine.app.crl("root", Scope::Whole, Complete)
    );
    assert_eq!(engine.whole().await, first);
    let root = engine
        .app
        .crl("root", Scope::Whole, Complete)
        .await
        .unwrap();
    assert_eq!(root.number, second.unwrap().number);
}

/// While things go on changing, whoever waits gets the list that was made for those who waited before: it tells of all that
/// had changed when it was asked for, and a crowd does not cost a list for each.
#[tokio::test]
async fn a_crowd_shares_one_list_though_things_go_on_changing() {
    let engine = Arc::new(Engine::start().await);
    let (one, other) = (engine.certificate().await, engine.certificate().await);
    engine.whole().await;
    engine.hold(&one).await;
    let making = engine.slot(Scope::Whole, Complete).making().await;
    let crowd: Vec<_> = (0..10)
        .map(|_| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move { engine.whole().await })
        })
        .collect();
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    drop(making);
    let changing = Arc::clone(&engine);
    let change = tokio::spawn(async move {
        loop {
            changing.hold(&other).await;
            changing.release(&other).await;
        }
    });
    let mut numbers = BTreeSet::new();
    for asked in crowd {
        let list = asked.await.unwrap();
        assert!(revoked(&list).contains_key(one.serial.content()));
        numbers.insert(list.number);
    }
    change.abort();
    assert_eq!(numbers.len(), 1);
}

/// A complete list that was being made while something changed may get a greater number than the delta that tells of the
/// change: clients that hold it pass over that delta (RFC 5280, section 5.2.4), so there must be another.
#[tokio::test]
async fn a_delta_that_a_complete_list_overtook_is_made_anew() {
    let engine = Engine::start().await;
    let one = engine.certificate().await;
    let before = engine.whole().await;
    engine.hold(&one).await;
    let delta = engine.list(Scope::Whole, Delta).await;
    let loaded = engine.app.authority_named("issuing").unwrap();
    let number = engine.app.store().next_crl_number(loaded.authority.id);
    let number = number.await.unwrap();
    let slot = engine.slot(Scope::Whole, Complete);
    looks_slow(&slot, Some(std::time::Duration::ZERO));
    slot.pretend(|list| list.facts.number = number);
    let late = CrlFacts {
        number: Some(number),
        ..before
    };
    assert_eq!(combined(&late, &delta), None);
    let another = engine.list(Scope::Whole, Delta).await;
    assert_eq!(combined(&late, &another), Some(revoked(&delta)));
    assert_eq!(engine.list(Scope::Whole, Delta).await, another);
}

/// Two makers of one list would write into the same file: where one holds a list's place, no second place is made for it.
#[tokio::test]
async fn a_place_that_somebody_holds_is_not_swept_away() {
    let engine = Engine::start_with(in_four_shards).await;
    engine.list(shard(4, 1), Complete).await;
    engine.at(3 * DAY);
    let held = engine.slot(shard(4, 1), Complete);
    engine.app.sweep_crls().await.unwrap();
    assert!(Arc::ptr_eq(&held, &engine.slot(shard(4, 1), Complete)));
    drop(held);
    engine.app.sweep_crls().await.unwrap();
    assert!(engine.slot(shard(4, 1), Complete).list().is_none());
}

/// Whole lists are there before anybody asks; others go on for as long as somebody does.
#[tokio::test]
async fn lists_are_looked_after() {
    let engine = Engine::start_with(in_four_shards).await;
    engine.app.look_after_crls().await;
    let made = |scope, kind| {
        let list = engine.slot(scope, kind).list();
        list.map(|list| list.facts.number)
    };
    let whole = made(Scope::Whole, Complete).unwrap();
    assert_eq!(engine.whole().await.number, Some(whole));
    assert_eq!(made(shard(4, 0), Complete), None);
    let asked = engine.list(shard(4, 1), Complete).await.number;
    engine.list(shard(4, 2), Complete).await;
    engine.list(shard(4, 1), Complete).await;
    engine.at(DAY / 2);
    engine.app.look_after_crls().await;
    assert!(made(Scope::Whole, Complete).unwrap() > whole);
    assert!(made(shard(4, 1), Complete) > asked);
    let again = made(shard(4, 1), Complete);
    engine.at(DAY);
    engine.app.look_after_crls().await;
    assert_eq!(made(shard(4, 1), Complete), again, "nobody asked since");
    engine.at(3 * DAY);
    engine.app.sweep_crls().await.unwrap();
    assert_eq!(made(shard(4, 1), Complete), None);
    assert!(engine.list(shard(4, 1), Complete).await.number > again);
}

/// The list that is asked for after a change shows it, though others change and ask at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_next_list_shows_a_change_whatever_goes_on() {
    let engine = Arc::new(Engine::start().await);
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let one = engine.certificate().await;
        let engine = Arc::clone(&engine);
        tasks.push(tokio::spawn(async move {
            let serial = one.serial.content();
            let mut last = 0;
            for _ in 0..8 {
                engine.hold(&one).await;
                let whole = engine.whole().await;
                assert!(revoked(&whole).contains_key(serial));
                engine.release(&one).await;
                let delta = engine.list(Scope::Whole, Delta).await;
                assert!(!revoked(&delta).contains_key(serial));
                let whole = engine.whole().await;
                assert!(!revoked(&whole).contains_key(serial));
                assert!(whole.number > Some(last));
                last = whole.number.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// However the clock jumps and however often the process begins anew: what is served is the truth, with numbers that only
/// grow, and no delta makes of a complete list anything else than the truth.
#[tokio::test]
async fn neither_a_jumping_clock_nor_restarts_make_lists_lie() {
    let mut engine = Engine::start().await;
    let certificates = [engine.certificate().await, engine.certificate().await];
    let mut truth = BTreeMap::new();
    let mut lists: Vec<CrlFacts> = Vec::new();
    let (mut seconds, mut dice, mut fitted) = (0_i64, 3_u64, 0);
    for step in 0..150 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let roll = (dice >> 33) as usize;
        let one = &certificates[roll % 2];
        let serial = one.serial.content().to_vec();
        if truth.remove(&serial).is_some() {
            engine.release(one).await;
        } else {
            engine.hold(one).await;
            truth.insert(serial, Reason::CertificateHold);
        }
        let jump = (roll % 40_000) as i64;
        seconds = (seconds + jump - 19_000).clamp(0, 6 * DAY);
        engine.at(seconds);
        match roll % 9 {
            0 => engine.app.sweep_crls().await.unwrap(),
            1 => {
                engine.app.look_after_crls().await;
            }
            2 => engine = engine.restarted_with(|config| config.crl.hours = 12).await,
            3 => engine = engine.restarted().await,
            _ => {}
        }
        engine.at(seconds);
        if roll.is_multiple_of(2) {
            let list = engine.whole().await;
            assert_eq!(revoked(&list), truth, "step {step}");
            assert!(
                lists.last().is_none_or(|last| last.number < list.number),
                "step {step}"
            );
            lists.push(list);
        }
        let delta = engine.list(Scope::Whole, Delta).await;
        let now = Time::from_unix(START + seconds);
        assert!(delta.this_update <= now && now < delta.next_update.unwrap());
        for list in &lists {
            if list.this_update <= now && now < list.next_update.unwrap() {
                let known = combined(list, &delta);
                assert!(
                    known.is_none_or(|known| known == truth),
                    "step {step}: {list:?}, {delta:?}"
                );
                fitted += usize::from(combined(list, &delta).is_some());
            }
        }
    }
    assert!(fitted > 100, "{fitted}");
}
