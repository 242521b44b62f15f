//! Identity providers with their domains, and trusted certificates.

use chancery_core::time::Time;
use rusqlite::{Connection, Row, ToSql, params};

use super::accounts;
use super::columns::Columns;
use super::conflict::changed_one;
use super::query::Query;
use crate::identity_providers::IdentityProvider;
use crate::property::{MOST_OF_A_KIND, PropertyValue, TrustFilter};
use crate::store::trust::TrustStep;
use crate::store::{Conflict, StoreError};
use crate::trusted_certificates::TrustedCertificate;
use crate::users::Domain;

/// A table of properties, by what it does for the thing with a number.
struct Properties {
    add: &'static str,
    remove: &'static str,
    read: &'static str,
}

const OF_PROVIDERS: Properties = Properties {
    add: "INSERT INTO identity_provider_properties (provider, place, key, text, flag, number)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    remove: "DELETE FROM identity_provider_properties WHERE provider = ?1",
    read: "SELECT key, text, flag, number FROM identity_provider_properties",
};

const OF_CERTIFICATES: Properties = Properties {
    add: "INSERT INTO trusted_certificate_properties (certificate, place, key, text, flag, number)
          VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    remove: "DELETE FROM trusted_certificate_properties WHERE certificate = ?1",
    read: "SELECT key, text, flag, number FROM trusted_certificate_properties",
};

/// Does one step.
pub(super) fn perform(connection: &Connection, step: &TrustStep) -> Result<(), StoreError> {
    match step {
        TrustStep::PutProvider(provider) => put_provider(connection, provider),
        TrustStep::RemoveProvider(id) => remove_provider(connection, id),
        TrustStep::PutCertificate(certificate) => put_certificate(connection, certificate),
        TrustStep::RemoveCertificate(id) => remove_certificate(connection, id),
    }
}

/// Stores an identity provider in the place of the version before, or at version 0 as a new one with its domain.
fn put_provider(connection: &Connection, provider: &IdentityProvider) -> Result<(), StoreError> {
    if provider.version == 0 {
        add_provider(connection, provider)?;
    } else {
        let changed = connection
            .prepare_cached(
                "UPDATE identity_providers SET name = ?2, kind = ?3, version = ?4 WHERE id = ?1 AND version = ?4 - 1",
            )?
            .execute(params![provider.id, provider.name, provider.kind, provider.version])?;
        changed_one(changed, StoreError::Stale)?;
        connection
            .prepare_cached("UPDATE domains SET name = ?2 WHERE id = ?1")?
            .execute([&provider.id, &provider.name])?;
    }
    let number = number_of(
        connection,
        "SELECT number FROM identity_providers WHERE id = ?1",
        &provider.id,
    )?;
    put_properties(connection, &OF_PROVIDERS, number, &provider.properties)?;
    connection
        .prepare_cached("DELETE FROM identity_provider_certificates WHERE provider = ?1")?
        .execute([number])?;
    let mut add = connection.prepare_cached(
        "INSERT INTO identity_provider_certificates (provider, place, certificate)
         VALUES (?1, ?2, (SELECT number FROM trusted_certificates WHERE id = ?3))",
    )?;
    for (place, certificate) in (0_i64..).zip(&provider.certificates) {
        add.execute(params![number, place, certificate])?;
    }
    Ok(())
}

fn add_provider(connection: &Connection, provider: &IdentityProvider) -> Result<(), StoreError> {
    // The internal one is never stored.
    let id = provider.domain().ok_or(StoreError::Missing)?;
    expect_none(
        connection,
        "SELECT 1 FROM identity_providers WHERE id = ?1",
        &provider.id,
    )?;
    expect_room(connection, "SELECT count(*) FROM identity_providers")?;
    let domain = Domain {
        id,
        name: provider.name.clone(),
        disabled: false,
        created: provider.created,
    };
    accounts::add_domain(connection, &domain)?;
    connection
        .prepare_cached(
            "INSERT INTO identity_providers (id, domain, name, kind, version, created)
             VALUES (?1, (SELECT number FROM domains WHERE id = ?1), ?2, ?3, 0, ?4)",
        )?
        .execute(params![
            provider.id,
            provider.name,
            provider.kind,
            provider.created.unix()
        ])?;
    Ok(())
}

/// Removes an identity provider and its domain, to which nothing may belong.
fn remove_provider(connection: &Connection, id: &str) -> Result<(), StoreError> {
    let Some(provider) = provider(connection, id)? else {
        return Err(StoreError::Missing);
    };
    connection
        .prepare_cached("DELETE FROM identity_providers WHERE id = ?1")?
        .execute([id])?;
    let domain = provider.domain().ok_or(StoreError::Missing)?;
    accounts::remove_domain(connection, &domain)
}

/// One identity provider.
pub(super) fn provider(
    connection: &Connection,
    id: &str,
) -> Result<Option<IdentityProvider>, StoreError> {
    let query = Query::new(SELECT_PROVIDER).with("WHERE id = ?", id.to_owned());
    Ok(read_providers(connection, query)?.pop())
}

/// Identity providers that pass `filter`, by name.
pub(super) fn providers(
    connection: &Connection,
    filter: &TrustFilter,
) -> Result<Vec<IdentityProvider>, StoreError> {
    let mut query = Query::new(SELECT_PROVIDER).text("WHERE TRUE");
    query = one_of(query, "AND name IN (NULL", &filter.names);
    query = one_of(query, "AND kind IN (NULL", &filter.kinds);
    read_providers(connection, by_name(query, filter))
}

const SELECT_PROVIDER: &str =
    "SELECT number, id, name, kind, version, created FROM identity_providers";

fn read_providers(
    connection: &Connection,
    query: Query,
) -> Result<Vec<IdentityProvider>, StoreError> {
    query.rows(connection, |row| {
        let mut columns = Columns::of(row);
        let number: i64 = columns.next()?;
        Ok(IdentityProvider {
            id: columns.next()?,
            name: columns.next()?,
            kind: columns.next()?,
            version: columns.next()?,
            created: Time::from_unix(columns.next()?),
            properties: Query::new(OF_PROVIDERS.read)
                .with("WHERE provider = ? ORDER BY place", number)
                .rows(connection, read_property)?,
            certificates: Query::new(
                "SELECT t.id FROM identity_provider_certificates AS c
                 JOIN trusted_certificates AS t ON t.number = c.certificate",
            )
            .with("WHERE c.provider = ? ORDER BY c.place", number)
            .rows(connection, |row| Ok(row.get(0)?))?,
        })
    })
}

/// Stores a trusted certificate in the place of the version before, or at version 0 as a new one.
fn put_certificate(
    connection: &Connection,
    certificate: &TrustedCertificate,
) -> Result<(), StoreError> {
    let TrustedCertificate {
        id,
        name,
        version,
        der,
        properties,
        created,
    } = certificate;
    if *version == 0 {
        expect_none(
            connection,
            "SELECT 1 FROM trusted_certificates WHERE id = ?1",
            id,
        )?;
        expect_room(connection, "SELECT count(*) FROM trusted_certificates")?;
        connection
            .prepare_cached(
                "INSERT INTO trusted_certificates (id, name, version, created, der) VALUES (?1, ?2, 0, ?3, ?4)",
            )?
            .execute(params![id, name, created.unix(), der])?;
    } else {
        let changed = connection
            .prepare_cached(
                "UPDATE trusted_certificates SET name = ?2, version = ?3, der = ?4 WHERE id = ?1 AND version = ?3 - 1",
            )?
            .execute(params![id, name, version, der])?;
        changed_one(changed, StoreError::Stale)?;
    }
    let number = number_of(
        connection,
        "SELECT number FROM trusted_certificates WHERE id = ?1",
        id,
    )?;
    put_properties(connection, &OF_CERTIFICATES, number, properties)
}

/// Removes a trusted certificate to which no identity provider refers.
fn remove_certificate(connection: &Connection, id: &str) -> Result<(), StoreError> {
    let mut in_use = connection.prepare_cached(
        "SELECT 1 FROM identity_provider_certificates
         WHERE certificate = (SELECT number FROM trusted_certificates WHERE id = ?1) LIMIT 1",
    )?;
    if in_use.exists([id])? {
        return Err(StoreError::Conflict(Conflict::TrustedCertificateInUse));
    }
    let removed = connection
        .prepare_cached("DELETE FROM trusted_certificates WHERE id = ?1")?
        .execute([id])?;
    changed_one(removed, StoreError::Missing)
}

/// One trusted certificate.
pub(super) fn certificate(
    connection: &Connection,
    id: &str,
) -> Result<Option<TrustedCertificate>, StoreError> {
    let query = Query::new(SELECT_CERTIFICATE).with("WHERE id = ?", id.to_owned());
    Ok(read_certificates(connection, query)?.pop())
}

/// Trusted certificates that pass `filter`, by name.
pub(super) fn certificates(
    connection: &Connection,
    filter: &TrustFilter,
) -> Result<Vec<TrustedCertificate>, StoreError> {
    let query = Query::new(SELECT_CERTIFICATE).text("WHERE TRUE");
    let query = one_of(query, "AND name IN (NULL", &filter.names);
    read_certificates(connection, by_name(query, filter))
}

const SELECT_CERTIFICATE: &str =
    "SELECT number, id, name, version, created, der FROM trusted_certificates";

fn read_certificates(
    connection: &Connection,
    query: Query,
) -> Result<Vec<TrustedCertificate>, StoreError> {
    query.rows(connection, |row| {
        let mut columns = Columns::of(row);
        let number: i64 = columns.next()?;
        Ok(TrustedCertificate {
            id: columns.next()?,
            name: columns.next()?,
            version: columns.next()?,
            created: Time::from_unix(columns.next()?),
            der: columns.next()?,
            properties: Query::new(OF_CERTIFICATES.read)
                .with("WHERE certificate = ? ORDER BY place", number)
                .rows(connection, read_property)?,
        })
    })
}

fn put_properties(
    connection: &Connection,
    table: &Properties,
    of: i64,
    properties: &[(String, PropertyValue)],
) -> Result<(), StoreError> {
    connection.prepare_cached(table.remove)?.execute([of])?;
    let mut add = connection.prepare_cached(table.add)?;
    for (place, (key, value)) in (0_i64..).zip(properties) {
        let (text, flag, number) = match value {
            PropertyValue::Text(text) => (Some(text), None, None),
            PropertyValue::Flag(flag) => (None, Some(flag), None),
            PropertyValue::Number(number) => (None, None, Some(number)),
        };
        add.execute(params![of, place, key, text, flag, number])?;
    }
    Ok(())
}

fn read_property(row: &Row<'_>) -> Result<(String, PropertyValue), StoreError> {
    let mut columns = Columns::of(row);
    let key = columns.next()?;
    let text: Option<String> = columns.next()?;
    let flag: Option<bool> = columns.next()?;
    let value = columns.parse(|number: Option<i64>| {
        text.map(PropertyValue::Text)
            .or(flag.map(PropertyValue::Flag))
            .or(number.map(PropertyValue::Number))
    })?;
    Ok((key, value))
}

/// Adds a condition that a column is one of some values; `begun` opens the list with a value that nothing equals.
fn one_of(mut query: Query, begun: &'static str, values: &[String]) -> Query {
    if values.is_empty() {
        return query;
    }
    query = query.text(begun);
    for value in values {
        query = query.with(", ?", value.clone());
    }
    query.text(")")
}

fn by_name(query: Query, filter: &TrustFilter) -> Query {
    query.text(if filter.descending {
        "ORDER BY name DESC, id DESC"
    } else {
        "ORDER BY name, id"
    })
}

/// Fails if there is one already: whoever wanted to add it decided before that was so.
fn expect_none(connection: &Connection, sql: &'static str, id: &str) -> Result<(), StoreError> {
    if connection.prepare_cached(sql)?.exists([id])? {
        return Err(StoreError::Stale);
    }
    Ok(())
}

fn expect_room(connection: &Connection, count: &'static str) -> Result<(), StoreError> {
    let there: u32 = connection
        .prepare_cached(count)?
        .query_row([], |row| row.get(0))?;
    if there >= MOST_OF_A_KIND {
        return Err(StoreError::Full(MOST_OF_A_KIND));
    }
    Ok(())
}

fn number_of(
    connection: &Connection,
    sql: &'static str,
    id: impl ToSql,
) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached(sql)?
        .query_row([id], |row| row.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;
    use crate::store::tests::trust::{provider as a_provider, trusted};

    #[test]
    fn of_each_kind_there_are_only_so_many() {
        let directory = tempfile::tempdir().unwrap();
        let connection =
            schema::open_writer(&directory.path().join("a.db"), &StoreConfig::default()).unwrap();
        connection
            .execute_batch(
                "CREATE TEMP TABLE n AS
                    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9999) SELECT n FROM n;
                 INSERT INTO domains (number, id, name, disabled, created) SELECT n, n, n, 0, 0 FROM n;
                 INSERT INTO identity_providers (id, domain, name, kind, version, created)
                    SELECT n, n, n, 'LDAP', 0, 0 FROM n;
                 INSERT INTO trusted_certificates (id, name, version, created, der) SELECT n, n, 0, 0, x'00' FROM n;",
            )
            .unwrap();
        put_provider(&connection, &a_provider(1)).unwrap();
        put_certificate(&connection, &trusted(1)).unwrap();
        let provider = put_provider(&connection, &a_provider(2));
        let certificate = put_certificate(&connection, &trusted(2));
        for refused in [provider, certificate] {
            assert!(
                matches!(refused, Err(StoreError::Full(10_000))),
                "{refused:?}"
            );
        }
        let mut next = a_provider(1);
        next.version = 1;
        put_provider(&connection, &next).unwrap();
    }
}
