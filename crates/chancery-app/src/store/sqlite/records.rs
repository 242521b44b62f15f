//! The configuration: its elements with their versions, its lock, and what was done with it.

mod lock;

use chancery_core::identity::CertificateId;
use chancery_core::time::Time;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::columns::Columns;
use super::query::Query;
use crate::property::MOST_OF_A_KIND;
use crate::records::{Configuration, ConfigurationAction, Element, Operation};
use crate::store::records::{
    ElementFilter, Holding, LockHolder, NewRecordKey, RecordKey, RecordStep, StoredElement,
    StoredRecordKey,
};
use crate::store::{Conflict, StoreError};

pub(super) use lock::holder;

/// Operations that are remembered.
const MOST_OPERATIONS: i64 = 5_000;

/// Does one change of the configuration.
pub(super) fn perform(connection: &Connection, step: &RecordStep) -> Result<(), StoreError> {
    match step {
        RecordStep::TakeLock(by) => lock::take(connection, *by),
        RecordStep::ExpectLock(by) => lock::expect(connection, *by),
        RecordStep::ReleaseLock(by) => lock::release(connection, *by),
        RecordStep::PassLock(by, to) => lock::pass(connection, *by, to),
        RecordStep::DropAbandoned(at) => lock::drop_abandoned(connection, *at),
        RecordStep::AddElement(element) => add(connection, element),
        RecordStep::ChangeElement {
            from,
            element,
            holds,
        } => change(connection, *from, element, holds),
        RecordStep::RemoveElement(kind, key) => remove(connection, kind, key),
        RecordStep::Save => replace(connection, &SAVE),
        RecordStep::Activate => replace(connection, &ACTIVATE),
        RecordStep::RestoreSaved => replace(connection, &RESTORE_SAVED),
        RecordStep::RestoreRunning => replace(connection, &RESTORE_RUNNING),
        RecordStep::AddOperation(operation) => add_operation(connection, operation),
    }
}

fn add(connection: &Connection, element: &Element) -> Result<(), StoreError> {
    let there: u32 = connection
        .prepare_cached("SELECT count(*) FROM elements")?
        .query_row([], |row| row.get(0))?;
    if there >= MOST_OF_A_KIND {
        return Err(StoreError::Full(MOST_OF_A_KIND));
    }
    let version = add_version(connection, element, None, &Holding::Same)?;
    let added = connection
        .prepare_cached(
            "INSERT INTO elements (kind, key, edited) VALUES (?1, ?2, ?3)
             ON CONFLICT (kind, key) DO UPDATE SET edited = excluded.edited WHERE edited IS NULL",
        )?
        .execute(params![element.kind, element.key, version])?;
    match added {
        0 => Err(StoreError::Conflict(Conflict::Element)),
        _ => Ok(()),
    }
}

fn change(
    connection: &Connection,
    from: i64,
    element: &Element,
    holds: &Holding,
) -> Result<(), StoreError> {
    let version = add_version(connection, element, Some(from), holds)?;
    let changed = connection
        .prepare_cached(
            "UPDATE elements SET edited = ?4 WHERE kind = ?1 AND key = ?2 AND edited = ?3",
        )?
        .execute(params![element.kind, element.key, from, version])?;
    if changed == 0 {
        return Err(StoreError::Stale);
    }
    drop_unused(connection, from)
}

fn remove(connection: &Connection, kind: &str, key: &str) -> Result<(), StoreError> {
    let version: Option<i64> = connection
        .prepare_cached(
            "SELECT edited FROM elements WHERE kind = ?1 AND key = ?2 AND edited IS NOT NULL",
        )?
        .query_row([kind, key], |row| row.get(0))
        .optional()?;
    let version = version.ok_or(StoreError::Missing)?;
    connection
        .prepare_cached("UPDATE elements SET edited = NULL WHERE kind = ?1 AND key = ?2")?
        .execute([kind, key])?;
    drop_empty(connection)?;
    drop_unused(connection, version)
}

/// Stores a version; what it holds comes from the version `from` as far as `holds` says so.
fn add_version(
    connection: &Connection,
    element: &Element,
    from: Option<i64>,
    holds: &Holding,
) -> Result<i64, StoreError> {
    let added = match holds {
        Holding::Same => connection
            .prepare_cached(
                "INSERT INTO element_versions (record_key, csr, certificate, der)
                 SELECT v.record_key, v.csr, v.certificate, v.der
                 FROM (SELECT 1) LEFT JOIN element_versions AS v ON v.number = ?1",
            )?
            .execute([from])?,
        Holding::Request(RecordKey::Kept, csr) => connection
            .prepare_cached(
                "INSERT INTO element_versions (record_key, csr, certificate)
                 SELECT record_key, ?2, certificate FROM element_versions WHERE number = ?1",
            )?
            .execute(params![from, csr])?,
        Holding::Request(RecordKey::New(key), csr) => {
            let number = add_key(connection, key)?;
            connection
                .prepare_cached("INSERT INTO element_versions (record_key, csr) VALUES (?1, ?2)")?
                .execute(params![number, csr])?
        }
        Holding::Certificate(id) => connection
            .prepare_cached(
                "INSERT INTO element_versions (record_key, csr, certificate)
                 SELECT v.record_key, v.csr, c.number FROM element_versions AS v JOIN certificates AS c
                 WHERE v.number = ?1 AND c.id = ?2",
            )?
            .execute(params![from, id.octets()])?,
        Holding::Trusted(der) => connection
            .prepare_cached("INSERT INTO element_versions (der) VALUES (?1)")?
            .execute([der])?,
    };
    if added == 0 {
        // Somebody else changed the element, and the version from which this one goes on is gone.
        return Err(StoreError::Stale);
    }
    let version = connection.last_insert_rowid();
    let mut add = connection.prepare_cached(
        "INSERT INTO element_attributes (version, place, nth, name, value) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for (place, (name, values)) in (0_i64..).zip(&element.attributes) {
        if values.is_empty() {
            add.execute(params![version, place, 0, name, None::<String>])?;
        }
        for (nth, value) in (0_i64..).zip(values) {
            add.execute(params![version, place, nth, name, value])?;
        }
    }
    Ok(version)
}

fn add_key(connection: &Connection, key: &NewRecordKey) -> Result<i64, StoreError> {
    connection
        .prepare_cached("INSERT INTO record_keys (id, public, sealed) VALUES (?1, ?2, ?3)")?
        .execute(params![key.id, key.public, key.sealed])?;
    Ok(connection.last_insert_rowid())
}

/// One configuration put in the place of another: the versions that go, and how.
struct Replacement {
    going: &'static str,
    replace: &'static str,
}

const SAVE: Replacement = Replacement {
    going: "SELECT saved FROM elements WHERE edited IS NOT saved AND saved IS NOT NULL",
    replace: "UPDATE elements SET saved = edited WHERE edited IS NOT saved",
};

const ACTIVATE: Replacement = Replacement {
    going: "SELECT running FROM elements WHERE saved IS NOT running AND running IS NOT NULL",
    replace: "UPDATE elements SET running = saved WHERE saved IS NOT running",
};

const RESTORE_SAVED: Replacement = Replacement {
    going: "SELECT edited FROM elements WHERE edited IS NOT saved AND edited IS NOT NULL",
    replace: "UPDATE elements SET edited = saved WHERE edited IS NOT saved",
};

const RESTORE_RUNNING: Replacement = Replacement {
    going: "SELECT edited FROM elements WHERE edited IS NOT running AND edited IS NOT NULL",
    replace: "UPDATE elements SET edited = running WHERE edited IS NOT running",
};

/// Puts one configuration in the place of another, and forgets the versions that stand nowhere any more.
fn replace(connection: &Connection, how: &Replacement) -> Result<(), StoreError> {
    let going = Query::new(how.going).rows(connection, |row| Ok(row.get(0)?))?;
    connection.prepare_cached(how.replace)?.execute([])?;
    drop_empty(connection)?;
    going
        .into_iter()
        .try_for_each(|version| drop_unused(connection, version))
}

/// Forgets elements that stand in no configuration.
fn drop_empty(connection: &Connection) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM elements WHERE edited IS NULL AND saved IS NULL AND running IS NULL",
        )?
        .execute([])?;
    Ok(())
}

/// Forgets a version that stands in no configuration, and its key if no other version has that.
fn drop_unused(connection: &Connection, version: i64) -> Result<(), StoreError> {
    let key: Option<Option<i64>> = connection
        .prepare_cached(
            "DELETE FROM element_versions AS v WHERE number = ?1
             AND NOT EXISTS (SELECT 1 FROM elements WHERE edited = v.number)
             AND NOT EXISTS (SELECT 1 FROM elements WHERE saved = v.number)
             AND NOT EXISTS (SELECT 1 FROM elements WHERE running = v.number)
             RETURNING record_key",
        )?
        .query_row([version], |row| row.get(0))
        .optional()?;
    if let Some(Some(key)) = key {
        connection
            .prepare_cached(
                "DELETE FROM record_keys AS k WHERE number = ?1
                 AND NOT EXISTS (SELECT 1 FROM element_versions WHERE record_key = k.number)",
            )?
            .execute([key])?;
    }
    Ok(())
}

/// Elements that pass `filter`, by kind and key.
pub(super) fn elements(
    connection: &Connection,
    filter: &ElementFilter,
    offset: u64,
    limit: usize,
) -> Result<Vec<StoredElement>, StoreError> {
    let edits_hold =
        || -> Result<bool, StoreError> { Ok(holder(connection, filter.at)?.is_some()) };
    let select = match filter.configuration {
        Configuration::Running => "WHERE v.number = e.running",
        Configuration::Edited if edits_hold()? => "WHERE v.number = e.edited",
        Configuration::Edited => "WHERE v.number = e.saved",
    };
    Query::new(
        "SELECT v.number, e.kind, e.key, v.number IS e.saved, v.number IS e.running, v.csr, k.id, k.public, k.sealed,
             c.id, coalesce(c.der, v.der)
         FROM elements AS e CROSS JOIN element_versions AS v
             LEFT JOIN record_keys AS k ON k.number = v.record_key
             LEFT JOIN certificates AS c ON c.number = v.certificate AND c.state < 4",
    )
    .text(select)
    .with_some("AND e.kind = ?", filter.kind.clone())
    .with_some("AND e.key = ?", filter.key.clone())
    .with_some("AND e.key > ?", filter.after.clone())
    .text("ORDER BY e.kind, e.key")
    .stretch(offset, u64::try_from(limit).unwrap_or(u64::MAX))
    .rows(connection, |row| read_element(connection, row))
}

fn read_element(connection: &Connection, row: &Row<'_>) -> Result<StoredElement, StoreError> {
    let mut columns = Columns::of(row);
    let version = columns.next()?;
    let element = Element {
        kind: columns.next()?,
        key: columns.next()?,
        attributes: attributes(connection, version)?,
    };
    let (saved, running) = (columns.next()?, columns.next()?);
    let csr: Option<Vec<u8>> = columns.next()?;
    let key = match csr {
        Some(csr) => Some(StoredRecordKey {
            id: columns.next()?,
            public: columns.next()?,
            sealed: columns.next()?,
            csr,
        }),
        None => {
            columns.skip(3);
            None
        }
    };
    Ok(StoredElement {
        version,
        element,
        key,
        certificate: columns.parse(|id: Option<Vec<u8>>| {
            id.map(|id| CertificateId::from_octets(&id))
                .transpose()
                .ok()
        })?,
        der: columns.next()?,
        saved,
        running,
    })
}

fn attributes(
    connection: &Connection,
    version: i64,
) -> Result<Vec<(String, Vec<String>)>, StoreError> {
    let mut attributes: Vec<(String, Vec<String>)> = Vec::new();
    Query::new("SELECT nth, name, value FROM element_attributes")
        .with("WHERE version = ? ORDER BY place, nth", version)
        .each(connection, |row| {
            let mut columns = Columns::of(row);
            let nth: i64 = columns.next()?;
            let name: String = columns.next()?;
            let value: Option<String> = columns.next()?;
            match attributes.last_mut().filter(|_| nth > 0) {
                Some((_, values)) => values.extend(value),
                None => attributes.push((name, value.into_iter().collect())),
            }
            Ok(true)
        })?;
    Ok(attributes)
}

fn add_operation(connection: &Connection, operation: &Operation) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO configuration_operations (id, action, at, findings) VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![
            operation.id,
            operation.action.word(),
            operation.at.unix(),
            operation.findings.join("\n")
        ])?;
    connection
        .prepare_cached("DELETE FROM configuration_operations WHERE number <= ?1")?
        .execute([connection.last_insert_rowid() - MOST_OPERATIONS])?;
    Ok(())
}

/// What was done, by its id.
pub(super) fn operation(
    connection: &Connection,
    id: &str,
) -> Result<Option<Operation>, StoreError> {
    let query = Query::new("SELECT id, action, at, findings FROM configuration_operations");
    let mut found = query
        .with("WHERE id = ?", id.to_owned())
        .rows(connection, |row| {
            let mut columns = Columns::of(row);
            Ok(Operation {
                id: columns.next()?,
                action: columns.parse(|word: String| ConfigurationAction::parse(&word))?,
                at: Time::from_unix(columns.next()?),
                findings: columns
                    .parse(|text: String| Some(text.lines().map(str::to_owned).collect()))?,
            })
        })?;
    Ok(found.pop())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;

    fn open() -> (tempfile::TempDir, Connection) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = schema::open_writer(&path, &StoreConfig::default()).unwrap();
        (directory, connection)
    }

    fn element(key: &str) -> Element {
        Element {
            kind: "k".to_owned(),
            key: key.to_owned(),
            attributes: vec![("a".to_owned(), vec!["1".to_owned(), "2".to_owned()])],
        }
    }

    fn request(id: u8) -> Holding {
        let key = NewRecordKey {
            id: [id; 12],
            public: vec![id],
            sealed: vec![id],
        };
        Holding::Request(RecordKey::New(key), vec![id])
    }

    /// Puts something into the element `x` as it is now.
    fn hold(connection: &Connection, holds: Holding) {
        let edited = "SELECT edited FROM elements WHERE key = 'x'";
        let from = connection.query_row(edited, [], |row| row.get(0)).unwrap();
        change(connection, from, &element("x"), &holds).unwrap();
    }

    /// What is left: elements, their versions, attributes' values, keys.
    #[track_caller]
    fn check(connection: &Connection, steps: &[RecordStep], want: [i64; 4]) {
        for step in steps {
            perform(connection, step).unwrap();
        }
        let left = [
            "elements",
            "element_versions",
            "element_attributes",
            "record_keys",
        ]
        .map(|table| {
            let count = format!("SELECT count(*) FROM {table}");
            connection
                .query_row(&count, [], |row| row.get::<_, i64>(0))
                .unwrap()
        });
        assert_eq!(left, want, "{steps:?}");
    }

    #[test]
    fn nothing_is_kept_that_stands_in_no_configuration() {
        use RecordStep::{Activate, AddElement, RemoveElement, RestoreRunning, RestoreSaved, Save};
        let (_directory, connection) = open();
        let gone = || RemoveElement("k".to_owned(), "x".to_owned());
        check(&connection, &[AddElement(element("x"))], [1, 1, 2, 0]);
        hold(&connection, request(1));
        check(&connection, &[], [1, 1, 2, 1]);
        hold(&connection, Holding::Same);
        hold(&connection, Holding::Request(RecordKey::Kept, vec![9]));
        check(&connection, &[], [1, 1, 2, 1]);
        hold(&connection, request(2));
        check(&connection, &[], [1, 1, 2, 1]);
        check(&connection, &[RestoreSaved], [0, 0, 0, 0]);
        check(&connection, &[AddElement(element("x"))], [1, 1, 2, 0]);
        hold(&connection, request(3));
        check(&connection, &[Save, Activate, gone()], [1, 1, 2, 1]);
        check(&connection, &[Save], [1, 1, 2, 1]);
        check(&connection, &[RestoreRunning], [1, 1, 2, 1]);
        hold(&connection, request(4));
        check(&connection, &[], [1, 2, 4, 2]);
        check(&connection, &[Save], [1, 2, 4, 2]);
        check(&connection, &[Activate], [1, 1, 2, 1]);
        check(&connection, &[gone(), Save, Activate], [0, 0, 0, 0]);
    }

    #[test]
    fn there_are_only_so_many_elements() {
        let (_directory, connection) = open();
        connection
            .execute_batch(
                "CREATE TEMP TABLE n AS
                    WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 9999) SELECT n FROM n;
                 INSERT INTO element_versions (number) VALUES (1);
                 INSERT INTO elements (kind, key, edited, saved, running) SELECT 'k', n, 1, 1, 1 FROM n;",
            )
            .unwrap();
        add(&connection, &element("x")).unwrap();
        let refused = add(&connection, &element("y"));
        assert!(
            matches!(refused, Err(StoreError::Full(10_000))),
            "{refused:?}"
        );
    }

    #[test]
    fn the_oldest_operations_are_forgotten() {
        let (_directory, connection) = open();
        let done = |n: i64| Operation {
            id: n.to_string(),
            action: ConfigurationAction::Verify,
            at: Time::from_unix(n),
            findings: vec!["a".to_owned(), "b c".to_owned()],
        };
        for n in 1..=MOST_OPERATIONS + 1 {
            add_operation(&connection, &done(n)).unwrap();
        }
        assert_eq!(operation(&connection, "1").unwrap(), None);
        assert_eq!(operation(&connection, "2").unwrap(), Some(done(2)));
    }
}
