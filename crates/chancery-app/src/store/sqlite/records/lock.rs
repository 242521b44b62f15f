//! The configuration lock: one row, which belongs to a token and counts as long as the token proves its user.

use chancery_core::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::{LockHolder, RESTORE_SAVED, replace};
use crate::store::StoreError;

/// Does the token of the lock prove its user at the time `?1`?
const HOLDS: &str = "EXISTS (
    SELECT 1 FROM tokens AS t JOIN users AS u ON u.number = t.user JOIN domains AS d ON d.number = u.domain
    WHERE t.hash = configuration_lock.token AND t.expires >= ?1
        AND NOT u.disabled AND NOT d.disabled AND coalesce(u.expires, ?1) >= ?1)";

/// The hash of the token that holds the lock at that time.
pub(in super::super) fn holder(
    connection: &Connection,
    at: Time,
) -> Result<Option<[u8; 32]>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT token FROM configuration_lock WHERE {HOLDS}"
        ))?
        .query_row([at.unix()], |row| row.get(0))
        .optional()?)
}

/// Gives the lock to a token. The row itself refuses a second holder, wherever both come from.
pub(super) fn take(connection: &Connection, by: LockHolder) -> Result<(), StoreError> {
    drop_abandoned(connection, by.at)?;
    let taken = connection
        .prepare_cached(&format!(
            "INSERT INTO configuration_lock (only, token) VALUES (1, ?2)
             ON CONFLICT (only) DO UPDATE SET token = excluded.token
             WHERE token = excluded.token OR NOT {HOLDS}"
        ))?
        .execute(params![by.at.unix(), by.token])?;
    match taken {
        0 => Err(StoreError::Locked),
        _ => Ok(()),
    }
}

/// Fails unless that token holds the lock.
pub(super) fn expect(connection: &Connection, by: LockHolder) -> Result<(), StoreError> {
    match holder(connection, by.at)? {
        Some(token) if token == by.token => Ok(()),
        Some(_) => Err(StoreError::Locked),
        None => Err(StoreError::NotLocked),
    }
}

/// Takes the lock from its holder, and what was not saved with it.
pub(super) fn release(connection: &Connection, by: LockHolder) -> Result<(), StoreError> {
    expect(connection, by)?;
    connection
        .prepare_cached("DELETE FROM configuration_lock")?
        .execute([])?;
    replace(connection, &RESTORE_SAVED)
}

/// Gives the lock, if that token holds it, to another one, and what was not saved with it.
pub(super) fn pass(
    connection: &Connection,
    by: LockHolder,
    to: &[u8; 32],
) -> Result<(), StoreError> {
    if holder(connection, by.at)? == Some(by.token) {
        connection
            .prepare_cached("UPDATE configuration_lock SET token = ?1")?
            .execute([to])?;
    }
    Ok(())
}

/// Drops what was edited and not saved, if nobody holds the lock any more; whose it was does not get it back.
pub(super) fn drop_abandoned(connection: &Connection, at: Time) -> Result<(), StoreError> {
    match holder(connection, at)? {
        Some(_) => Ok(()),
        None => {
            connection
                .prepare_cached("DELETE FROM configuration_lock")?
                .execute([])?;
            replace(connection, &RESTORE_SAVED)
        }
    }
}
