//! Users: storing, changing and finding them, and the certificates attached to them.

use chancery_core::identity::{CertificateId, CertificateNumber, DomainId, UserId};
use chancery_core::role::Role;
use chancery_core::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::certificates::optional_id;
use super::codes::{roles_code, roles_of};
use super::columns::Columns;
use super::conflict::changed_one;
use super::query::Query;
use crate::store::accounts::{StoredUser, UserKey};
use crate::store::{Conflict, StoreError};
use crate::users::{Person, User, UserFilter, UserOrder};

/// Adds a user.
pub(super) fn add_user(connection: &Connection, stored: &StoredUser) -> Result<(), StoreError> {
    put_user(
        connection,
        stored,
        "INSERT INTO users (id, name, domain, roles, disabled, password, api_key, created, display_name, first_name,
             last_name, email, subject_dn, expires)
         VALUES (?1, ?2, (SELECT number FROM domains WHERE id = ?3), ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )
}

/// Fails unless exactly this is stored of a user.
pub(super) fn expect_user(
    connection: &Connection,
    expected: &StoredUser,
) -> Result<(), StoreError> {
    let key = UserKey::Id(expected.user.id.clone());
    match user(connection, &key)? {
        Some(stored) if stored == *expected => Ok(()),
        Some(_) => Err(StoreError::Stale),
        None => Err(StoreError::Missing),
    }
}

/// Replaces all that is stored of a user but its id and its attached certificate.
pub(super) fn change_user(connection: &Connection, stored: &StoredUser) -> Result<(), StoreError> {
    put_user(
        connection,
        stored,
        "UPDATE users
         SET name = ?2, domain = (SELECT number FROM domains WHERE id = ?3), roles = ?4, disabled = ?5, password = ?6,
             api_key = ?7, created = ?8, display_name = ?9, first_name = ?10, last_name = ?11, email = ?12,
             subject_dn = ?13, expires = ?14
         WHERE id = ?1",
    )
}

fn put_user(
    connection: &Connection,
    stored: &StoredUser,
    sql: &'static str,
) -> Result<(), StoreError> {
    let user = &stored.user;
    expect_unmistakable(connection, &user.id, &user.name)?;
    let changed = connection.prepare_cached(sql)?.execute(params![
        user.id.as_str(),
        user.name,
        user.domain.as_str(),
        roles_code(&user.roles),
        user.disabled,
        stored.password,
        stored.api_key,
        user.created.unix(),
        user.person.display_name,
        user.person.first_name,
        user.person.last_name,
        user.person.email,
        user.person.subject_dn,
        user.expires.map(Time::unix),
    ])?;
    changed_one(changed, StoreError::Missing)
}

/// Refuses a name that is another user's id, and an id that is another's name: who logs in by either is one user.
fn expect_unmistakable(connection: &Connection, id: &UserId, name: &str) -> Result<(), StoreError> {
    let mistakable = [
        (
            "SELECT 1 FROM users WHERE id = ?1 AND id <> ?2",
            name,
            Conflict::UserName,
        ),
        (
            "SELECT 1 FROM users WHERE name = ?1 AND id <> ?2",
            id.as_str(),
            Conflict::UserId,
        ),
    ];
    for (sql, other, conflict) in mistakable {
        if connection
            .prepare_cached(sql)?
            .exists([other, id.as_str()])?
        {
            return Err(StoreError::Conflict(conflict));
        }
    }
    Ok(())
}

/// Attaches a certificate to a user to whom none is attached.
pub(super) fn attach(
    connection: &Connection,
    user: &UserId,
    certificate: &CertificateId,
) -> Result<(), StoreError> {
    let number: CertificateNumber = connection
        .prepare_cached("SELECT number FROM certificates WHERE id = ?1")?
        .query_row([certificate.octets()], |row| row.get(0))
        .optional()?
        .ok_or(StoreError::Missing)?;
    let changed = connection
        .prepare_cached(
            "UPDATE users SET certificate = ?2
             WHERE id = ?1
                 AND NOT EXISTS (SELECT 1 FROM certificates WHERE number = users.certificate AND state < 4)",
        )?
        .execute(params![user.as_str(), number])?;
    let there = changed == 1
        || connection
            .prepare_cached("SELECT 1 FROM users WHERE id = ?1")?
            .exists([user.as_str()])?;
    match (changed, there) {
        (0, true) => Err(StoreError::Stale),
        (0, false) => Err(StoreError::Missing),
        _ => Ok(()),
    }
}

/// Detaches a certificate from a user to whom it is attached.
pub(super) fn detach(
    connection: &Connection,
    user: &UserId,
    certificate: &CertificateId,
) -> Result<(), StoreError> {
    let changed = connection
        .prepare_cached(
            "UPDATE users SET certificate = NULL
             WHERE id = ?1 AND certificate = (SELECT number FROM certificates WHERE id = ?2)",
        )?
        .execute(params![user.as_str(), certificate.octets()])?;
    changed_one(changed, StoreError::Stale)
}

/// Fails unless there is an administrator who can log in, now and for ever.
pub(super) fn expect_administrator(connection: &Connection) -> Result<(), StoreError> {
    let there = connection
        .prepare_cached(
            "SELECT 1 FROM users AS u
             WHERE u.roles & ?1 <> 0 AND u.disabled = 0 AND u.expires IS NULL
                 AND (u.password IS NOT NULL OR u.api_key IS NOT NULL)
                 AND (SELECT disabled FROM domains WHERE number = u.domain) = 0
             LIMIT 1",
        )?
        .exists([roles_code(&[Role::Administrator])])?;
    if there {
        Ok(())
    } else {
        Err(StoreError::Conflict(Conflict::LastAdministrator))
    }
}

/// Removes a user without certificates, and its tokens.
pub(super) fn remove_user(connection: &Connection, id: &UserId) -> Result<(), StoreError> {
    let mut owns = connection.prepare_cached(
        "SELECT 1 FROM certificates WHERE owner = (SELECT number FROM users WHERE id = ?1) LIMIT 1",
    )?;
    if owns.exists([id.as_str()])? {
        return Err(StoreError::Conflict(Conflict::UserHasCertificates));
    }
    let removed = connection
        .prepare_cached("DELETE FROM users WHERE id = ?1")?
        .execute([id.as_str()])?;
    changed_one(removed, StoreError::Missing)
}

/// One user.
pub(super) fn user(
    connection: &Connection,
    key: &UserKey,
) -> Result<Option<StoredUser>, StoreError> {
    let select = Query::new(SELECT_USER);
    let query = match key {
        UserKey::Id(id) => select.with("WHERE u.id = ?", id.as_str().to_owned()),
        UserKey::Name(name) => select.with("WHERE u.name = ?", name.clone()),
    };
    Ok(query.rows(connection, read_user)?.pop())
}

/// Users in the order of their ids.
pub(super) fn users(
    connection: &Connection,
    domain: Option<&DomainId>,
    after: Option<&UserId>,
    limit: usize,
) -> Result<Vec<User>, StoreError> {
    Query::new(SELECT_USER)
        .with(
            "WHERE u.id > ?",
            after.map_or("", UserId::as_str).to_owned(),
        )
        .with_some(
            "AND u.domain = (SELECT number FROM domains WHERE id = ?)",
            domain.map(|id| id.as_str().to_owned()),
        )
        .text("ORDER BY u.id")
        .limit(limit)
        .rows(connection, |row| Ok(read_user(row)?.user))
}

/// Users that pass a filter, in its order; that one alone if `only` names one.
pub(super) fn users_matching(
    connection: &Connection,
    filter: &UserFilter,
    only: Option<&UserId>,
    limit: usize,
) -> Result<Vec<User>, StoreError> {
    let mut query = Query::new(SELECT_USER)
        .text("WHERE TRUE")
        .with_some("AND u.id = ?", only.map(|id| id.as_str().to_owned()))
        .with_some(
            "AND u.domain = (SELECT number FROM domains WHERE id = ?)",
            filter.domain.as_ref().map(|id| id.as_str().to_owned()),
        )
        .with_some(
            "AND u.name IN (SELECT value FROM json_each(?))",
            json_list(&filter.names),
        );
    if filter.not_of_providers {
        query = query.text("AND u.domain NOT IN (SELECT domain FROM identity_providers)");
    }
    query
        .text(match filter.order {
            UserOrder::Id => "ORDER BY u.id",
            UserOrder::Name => "ORDER BY u.name",
            UserOrder::NameDescending => "ORDER BY u.name DESC",
        })
        .limit(limit)
        .rows(connection, |row| Ok(read_user(row)?.user))
}

/// Texts as JSON for `json_each`, so that any number of them is one parameter; none if there are none.
pub(super) fn json_list(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| serde_json::Value::from(texts).to_string())
}

const SELECT_USER: &str = "
    SELECT u.id, u.name, (SELECT id FROM domains WHERE number = u.domain), u.roles, u.disabled, u.password, u.api_key,
        u.created, u.display_name, u.first_name, u.last_name, u.email, u.subject_dn, u.expires,
        (SELECT id FROM certificates WHERE number = u.certificate AND state < 4)
    FROM users AS u";

fn read_user(row: &Row<'_>) -> Result<StoredUser, StoreError> {
    let mut columns = Columns::of(row);
    let id = columns.parse(|id: String| UserId::parse(&id).ok())?;
    let name = columns.next()?;
    let domain = columns.parse(|id: String| DomainId::parse(&id).ok())?;
    let roles = columns.parse(roles_of)?;
    let disabled = columns.next()?;
    let password: Option<String> = columns.next()?;
    let api_key: Option<[u8; 32]> = columns.next()?;
    let created = Time::from_unix(columns.next()?);
    let person = Person {
        display_name: columns.next()?,
        first_name: columns.next()?,
        last_name: columns.next()?,
        email: columns.next()?,
        subject_dn: columns.next()?,
    };
    let expires = columns.next::<Option<i64>>()?.map(Time::from_unix);
    let certificate = columns.parse(optional_id)?;
    let (has_password, has_api_key) = (password.is_some(), api_key.is_some());
    let user = User {
        id,
        name,
        domain,
        roles,
        disabled,
        has_password,
        has_api_key,
        created,
        person,
        expires,
        certificate,
    };
    Ok(StoredUser {
        user,
        password,
        api_key,
    })
}
