//! Many edits of one element at the same moment, by the lock's own holder: each is done.

use chancery_core::csr::Csr;
use tokio::task::JoinSet;

use super::*;

/// Edits at the same moment.
const MANY: usize = 50;

/// Has each of them done at the same moment, and gives the errors.
async fn at_once<F>(
    engine: &Engine,
    client: &Client<'_>,
    edit: impl Fn(usize, App, Caller, SecretString) -> F,
) -> Vec<Error>
where
    F: Future<Output = Result<(), Error>> + Send + 'static,
{
    let mut edits = JoinSet::new();
    for nth in 0..MANY {
        let (app, admin, token) = (
            engine.app.clone(),
            engine.admin.clone(),
            client.token.clone(),
        );
        edits.spawn(edit(nth, app, admin, token));
    }
    let outcomes = edits.join_all().await;
    outcomes.into_iter().filter_map(Result::err).collect()
}

fn numbered(nth: usize) -> Element {
    element(CERTIFICATE_RECORD, "r", &[(&format!("a{nth}"), &["1"])])
}

async fn changed(app: App, by: Caller, token: SecretString, nth: usize) -> Result<(), Error> {
    let changed = app.put_element(&by, &token, numbered(nth)).await?;
    assert!(changed.attributes.contains(&numbered(nth).attributes[0]));
    Ok(())
}

async fn requested(
    app: App,
    by: Caller,
    token: SecretString,
    regenerate: bool,
) -> Result<(), Error> {
    let requested = app.generate_record_request(&by, &token, "r", regenerate, read);
    requested.await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_one_element_at_once_are_all_done() {
    let engine = Engine::start().await;
    let client = engine.editor().await;
    client.add(record("r")).await.unwrap();
    let refused = at_once(&engine, &client, |nth, app, admin, token| {
        changed(app, admin, token, nth)
    });
    assert_eq!(format!("{:?}", refused.await), "[]");
    let mut found = engine.shown("r").await.attributes;
    let mut wanted: Vec<_> = (0..MANY).flat_map(|nth| numbered(nth).attributes).collect();
    wanted.extend(record("r").attributes);
    found.sort();
    wanted.sort();
    assert_eq!(found, wanted);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_imports_and_changes_of_one_record_at_once_are_all_done() {
    let engine = Engine::start().await;
    let client = engine.editor().await;
    client.requested("r").await;
    let der = engine.signed("r").await.der.unwrap();
    let refused = at_once(&engine, &client, |nth, app, admin, token| {
        let der = der.clone();
        async move {
            match nth % 3 {
                0 => changed(app, admin, token, nth).await,
                1 => requested(app, admin, token, false).await,
                _ => {
                    let imported = app.import_into_record(&admin, &token, "r", vec![der], true);
                    imported.await
                }
            }
        }
    });
    assert_eq!(format!("{:?}", refused.await), "[]");
    let held = engine.shown("r").await;
    assert_eq!(held.attributes.len(), 1 + MANY.div_ceil(3));
    assert_eq!(held.der, Some(der));

    let renewed = at_once(&engine, &client, |nth, app, admin, token| async move {
        match nth % 2 {
            0 => changed(app, admin, token, nth).await,
            _ => requested(app, admin, token, true).await,
        }
    });
    assert_eq!(format!("{:?}", renewed.await), "[]");
    let held = engine.shown("r").await;
    assert_eq!(held.der, None);
    // The key that it holds is the one of its request, or nothing could be imported for it.
    Csr::read(&held.csr.unwrap()).unwrap();
    let signed = engine.signed("r").await.der.unwrap();
    client.import("r", &[&signed], false).await.unwrap();
}

#[tokio::test]
async fn who_does_not_hold_the_lock_waits_for_no_turn() {
    let engine = Engine::start().await;
    let client = engine.editor().await;
    client.add(record("r")).await.unwrap();
    let thing = format!("{CERTIFICATE_RECORD}/r");
    let _turn = engine.app.0.turns.take("element", &thing).await;
    let other = engine.client().await;
    assert_eq!(kind(other.put(numbered(1)).await), "Locked");
    assert_eq!(kind(other.generate("r", false).await), "Locked");
    assert_eq!(kind(other.remove(CERTIFICATE_RECORD, "r").await), "Locked");
}
