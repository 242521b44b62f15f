//! What the open transaction changes in revocation data, for those who are told of it.

use chancery_core::serial::Serial;
use rusqlite::{Connection, params};

use crate::store::StoreError;
use crate::store::revocations::{RevocationChange, RevocationWatch};

/// Most certificates of an authority that a change names.
const MOST_NAMED: u64 = 4096;

/// A watch over what is committed already.
pub(super) fn watch(connection: &Connection) -> Result<RevocationWatch, StoreError> {
    Ok(RevocationWatch::new(generations(connection)?))
}

/// What was done since the changes of which the watch knows.
pub(super) fn since(
    watch: &RevocationWatch,
    connection: &Connection,
) -> Result<Vec<RevocationChange>, StoreError> {
    let mut changes = Vec::new();
    for (authority, generation) in generations(connection)? {
        let known = watch.generation(authority);
        if generation > known {
            changes.push(RevocationChange {
                authority,
                generation,
                serials: changed(connection, authority, known, generation - known)?,
            });
        }
    }
    Ok(changes)
}

/// The revocation generation of each authority. Their DER stands last in their rows, so that this reads little.
fn generations(connection: &Connection) -> Result<Vec<(i64, u64)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT number, revocations FROM authorities")?;
    let found = statement.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?)))?;
    found
        .map(|row| {
            let (number, generation) = row?;
            let generation =
                u64::try_from(generation).map_err(|error| StoreError::Broken(error.into()))?;
            Ok((number, generation))
        })
        .collect()
}

/// The certificates that changed after a generation, if there is one noted for each of the `growth` since; they may come
/// more than once.
fn changed(
    connection: &Connection,
    authority: i64,
    after: u64,
    growth: u64,
) -> Result<Option<Vec<Serial>>, StoreError> {
    if growth > MOST_NAMED {
        return Ok(None);
    }
    let mut statement = connection.prepare_cached(
        "SELECT c.serial FROM revocation_changes AS r CROSS JOIN certificates AS c ON c.number = r.certificate
         WHERE r.authority = ?1 AND r.generation > ?2",
    )?;
    let after = i64::try_from(after).map_err(|error| StoreError::Broken(error.into()))?;
    let found = statement.query_map(params![authority, after], |row| row.get::<_, Vec<u8>>(0))?;
    let mut serials = Vec::new();
    for serial in found {
        let serial = Serial::from_content(&serial?)
            .map_err(|_| StoreError::Broken("the database is damaged: a serial number".into()))?;
        serials.push(serial);
    }
    let all_are_noted = u64::try_from(serials.len()) == Ok(growth);
    Ok(all_are_noted.then_some(serials))
}

#[cfg(test)]
mod tests {
    use chancery_core::certificate::State;

    use crate::config::StoreConfig;
    use crate::store::Store;
    use crate::store::sqlite::{SqliteStore, interfere};
    use crate::store::tests::{NOW, certificate, moved, settle, stored};

    /// Which of the first two certificates have not changed since.
    fn unchanged(store: &SqliteStore, since: u64) -> [bool; 2] {
        [1, 2].map(|number| {
            let serial = certificate(number).serial;
            let watch = store.revocations();
            let serials = std::iter::once(&serial);
            watch.unchanged_since(since, 1, serials).is_some()
        })
    }

    #[tokio::test]
    async fn the_watch_knows_what_a_commit_changed() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let open = || SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        let store = open();
        settle(&store).await;
        for number in 1..=2 {
            stored(&store, certificate(number)).await;
        }
        assert_eq!(unchanged(&store, 0), [true, true]);
        let hold = (State::Active, State::OnHold);
        moved(&store, 1, hold.0, hold.1, NOW).await.unwrap();
        assert_eq!(store.revocations().generation(1), 1);
        assert_eq!(unchanged(&store, 0), [false, true]);
        assert_eq!(unchanged(&store, 1), [true, true]);
        // What fails changes nothing.
        moved(&store, 1, hold.0, hold.1, NOW).await.unwrap_err();
        assert_eq!(unchanged(&store, 1), [true, true]);
        // A growth that names no certificate may be of any.
        interfere(
            &path,
            "UPDATE authorities SET revocations = revocations + 1",
        );
        moved(&store, 2, hold.0, hold.1, NOW).await.unwrap();
        assert_eq!(unchanged(&store, 1), [false, false]);
        assert_eq!(unchanged(&store, 3), [true, true]);
        // A new process knows the generation, and nothing of what was before.
        drop(store);
        let store = open();
        assert_eq!(store.revocations().generation(1), 3);
        assert_eq!(unchanged(&store, 2), [false, false]);
        assert_eq!(unchanged(&store, 3), [true, true]);
    }
}
