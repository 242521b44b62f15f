//! Domains, and what proves who somebody is.

use chancery_core::identity::{DomainId, UserId};
use chancery_core::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::Columns;
use super::conflict::changed_one;
use super::query::Query;
use crate::store::accounts::StoredToken;
use crate::store::{Conflict, StoreError};
use crate::users::Domain;

/// Adds a domain.
pub(super) fn add_domain(connection: &Connection, domain: &Domain) -> Result<(), StoreError> {
    put_domain(
        connection,
        domain,
        "INSERT INTO domains (id, name, disabled, created) VALUES (?1, ?2, ?3, ?4)",
    )
}

/// Replaces all that is stored of a domain but its id.
pub(super) fn change_domain(connection: &Connection, domain: &Domain) -> Result<(), StoreError> {
    put_domain(
        connection,
        domain,
        "UPDATE domains SET name = ?2, disabled = ?3, created = ?4 WHERE id = ?1",
    )
}

fn put_domain(
    connection: &Connection,
    domain: &Domain,
    sql: &'static str,
) -> Result<(), StoreError> {
    let changed = connection.prepare_cached(sql)?.execute(params![
        domain.id.as_str(),
        domain.name,
        domain.disabled,
        domain.created.unix()
    ])?;
    changed_one(changed, StoreError::Missing)
}

/// Removes a domain to which nothing belongs, and the tokens that are scoped to it.
pub(super) fn remove_domain(connection: &Connection, id: &DomainId) -> Result<(), StoreError> {
    let belongings = [
        (
            "SELECT 1 FROM users WHERE domain = (SELECT number FROM domains WHERE id = ?1) LIMIT 1",
            Conflict::DomainHasUsers,
        ),
        (
            "SELECT 1 FROM certificates WHERE domain = (SELECT number FROM domains WHERE id = ?1) LIMIT 1",
            Conflict::DomainHasCertificates,
        ),
        (
            "SELECT 1 FROM identity_providers WHERE id = ?1",
            Conflict::DomainHasProvider,
        ),
    ];
    for (sql, conflict) in belongings {
        if connection.prepare_cached(sql)?.exists([id.as_str()])? {
            return Err(StoreError::Conflict(conflict));
        }
    }
    let removed = connection
        .prepare_cached("DELETE FROM domains WHERE id = ?1")?
        .execute([id.as_str()])?;
    changed_one(removed, StoreError::Missing)
}

/// One domain.
pub(super) fn domain(connection: &Connection, id: &DomainId) -> Result<Option<Domain>, StoreError> {
    let query = Query::new(SELECT_DOMAIN).with("WHERE id = ?", id.as_str().to_owned());
    Ok(query.rows(connection, read_domain)?.pop())
}

/// Domains in the order of their ids.
pub(super) fn domains(
    connection: &Connection,
    after: Option<&DomainId>,
    limit: usize,
) -> Result<Vec<Domain>, StoreError> {
    Query::new(SELECT_DOMAIN)
        .with(
            "WHERE id > ?",
            after.map_or("", DomainId::as_str).to_owned(),
        )
        .text("ORDER BY id")
        .limit(limit)
        .rows(connection, read_domain)
}

const SELECT_DOMAIN: &str = "SELECT id, name, disabled, created FROM domains";

fn read_domain(row: &Row<'_>) -> Result<Domain, StoreError> {
    let mut columns = Columns::of(row);
    Ok(Domain {
        id: columns.parse(|id: String| DomainId::parse(&id).ok())?,
        name: columns.next()?,
        disabled: columns.next()?,
        created: Time::from_unix(columns.next()?),
    })
}

/// Remembers a token of a user that is there.
pub(super) fn add_token(connection: &Connection, token: &StoredToken) -> Result<(), StoreError> {
    let scope: Option<i64> = match &token.scope {
        Some(id) => {
            let mut statement =
                connection.prepare_cached("SELECT number FROM domains WHERE id = ?1")?;
            Some(
                statement
                    .query_row([id.as_str()], |row| row.get(0))
                    .optional()?
                    .ok_or(StoreError::Missing)?,
            )
        }
        None => None,
    };
    connection
        .prepare_cached(
            "INSERT INTO tokens (hash, user, scope, expires)
             VALUES (?1, (SELECT number FROM users WHERE id = ?2), ?3, ?4)",
        )?
        .execute(params![
            token.hash,
            token.user.as_str(),
            scope,
            token.expires.unix()
        ])?;
    Ok(())
}

/// Fails unless that token is remembered.
pub(super) fn expect_token(connection: &Connection, hash: &[u8; 32]) -> Result<(), StoreError> {
    let there = connection
        .prepare_cached("SELECT 1 FROM tokens WHERE hash = ?1")?
        .exists([hash])?;
    changed_one(usize::from(there), StoreError::Missing)
}

/// Forgets a token, if it is there.
pub(super) fn remove_token(connection: &Connection, hash: &[u8; 32]) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM tokens WHERE hash = ?1")?
        .execute([hash])?;
    Ok(())
}

/// Forgets every token of a user.
pub(super) fn remove_tokens_of(connection: &Connection, user: &UserId) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM tokens WHERE user = (SELECT number FROM users WHERE id = ?1)")?
        .execute([user.as_str()])?;
    Ok(())
}

/// Forgets every token that expired before.
pub(super) fn remove_tokens_expired_before(
    connection: &Connection,
    time: Time,
) -> Result<(), StoreError> {
    connection
        .prepare_cached("DELETE FROM tokens WHERE expires < ?1")?
        .execute([time.unix()])?;
    Ok(())
}

/// A token, by the hash of its text.
pub(super) fn token(
    connection: &Connection,
    hash: &[u8; 32],
) -> Result<Option<StoredToken>, StoreError> {
    let query = Query::new(
        "SELECT t.hash, u.id, (SELECT id FROM domains WHERE number = t.scope), t.expires
         FROM tokens AS t JOIN users AS u ON u.number = t.user",
    );
    let mut found = query
        .with("WHERE t.hash = ?", hash.to_vec())
        .rows(connection, |row| {
            let mut columns = Columns::of(row);
            Ok(StoredToken {
                hash: columns.next()?,
                user: columns.parse(|id: String| UserId::parse(&id).ok())?,
                scope: columns.parse(|id: Option<String>| {
                    id.map(|id| DomainId::parse(&id)).transpose().ok()
                })?,
                expires: Time::from_unix(columns.next()?),
            })
        })?;
    Ok(found.pop())
}

/// Keeps a sealed secret, in place of the one with that name.
pub(super) fn keep_secret(
    connection: &Connection,
    name: &str,
    sealed: &[u8],
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO secrets (name, sealed) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed",
        )?
        .execute(params![name, sealed])?;
    Ok(())
}

/// A sealed secret.
pub(super) fn secret(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT sealed FROM secrets WHERE name = ?1")?;
    Ok(statement.query_row([name], |row| row.get(0)).optional()?)
}
