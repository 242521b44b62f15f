//! Opening the database file: whose it is, its schema's version, and how its connections are set.

use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use crate::config::StoreConfig;
use crate::store::StoreError;

/// `CHNC`: what the file's header says about whose it is.
const APPLICATION_ID: i64 = 0x4348_4e43;

/// Every version's step from the one before. Never changed once released: a change is a new file.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_first.sql"),
    include_str!("migrations/0002_search.sql"),
    include_str!("migrations/0003_people.sql"),
    include_str!("migrations/0004_trust.sql"),
    include_str!("migrations/0005_orders.sql"),
    include_str!("migrations/0006_records.sql"),
    include_str!("migrations/0007_crls.sql"),
    include_str!("migrations/0008_bulk_revocation.sql"),
    include_str!("migrations/0009_authorities.sql"),
    include_str!("migrations/0010_bulk_release.sql"),
];

/// How long a connection waits for another process that has locked the file (a backup, a shell).
const PATIENCE: Duration = Duration::from_secs(10);

/// Prepared statements that a connection keeps: more than are in use within a short time.
const STATEMENTS: usize = 128;

/// MiB of pages that a reading connection keeps beside those of the system.
const READER_CACHE_MIB: i64 = 16;

/// The connection that writes. Makes the file if it is not there, and brings its schema up to date.
///
/// # Errors
/// A file that is no database of ours, or one that a newer version has written.
pub(super) fn open_writer(path: &Path, config: &StoreConfig) -> Result<Connection, StoreError> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|file| file.set_permissions(Permissions::from_mode(0o600)))
        .map_err(|error| {
            StoreError::Broken(format!("database file {}: {error}", path.display()).into())
        })?;
    let mut connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let version = version_of(&connection).map_err(|problem| {
        StoreError::Broken(format!("database file {}: {problem}", path.display()).into())
    })?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.pragma_update(None, "wal_autocheckpoint", config.checkpoint_pages)?;
    connection.pragma_update(None, "cache_size", -1024 * i64::from(config.cache_mib))?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // So that INSERT OR REPLACE, too, meets the triggers that keep rows.
    connection.pragma_update(None, "recursive_triggers", true)?;
    // Savepoints keep what they may have to restore in memory, not in a temporary file.
    connection.pragma_update(None, "temp_store", "memory")?;
    // Purged keys are overwritten where they stood.
    connection.pragma_update(None, "secure_delete", "fast")?;
    migrate(&mut connection, version)?;
    Ok(connection)
}

/// A connection that can only read. The file must have been opened by [`open_writer`].
pub(super) fn open_reader(path: &Path) -> Result<Connection, StoreError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.pragma_update(None, "cache_size", -1024 * READER_CACHE_MIB)?;
    Ok(connection)
}

/// Can this connection read the schema?
pub(super) fn is_readable(connection: &Connection) -> Result<(), StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM sqlite_schema")?
        .query_row([], |_| Ok(()))?)
}

fn connect(path: &Path, access: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, access | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

/// The version of the file's schema; 0 for a new file. Nothing is written before this has answered.
fn version_of(connection: &Connection) -> Result<usize, String> {
    let read = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = read("PRAGMA application_id").map_err(|error| error.to_string())?;
    let version = read("PRAGMA user_version").map_err(|error| error.to_string())?;
    let objects = read("SELECT count(*) FROM sqlite_schema").map_err(|error| error.to_string())?;
    if application == 0 && version == 0 && objects == 0 {
        return Ok(0);
    }
    if application != APPLICATION_ID {
        return Err("it belongs to another program: name another file".to_owned());
    }
    match usize::try_from(version) {
        Ok(version) if (1..=MIGRATIONS.len()).contains(&version) => Ok(version),
        _ => Err(format!(
            "it was written by a newer version (schema {version}, this program knows {}): upgrade this program",
            MIGRATIONS.len()
        )),
    }
}

fn migrate(connection: &mut Connection, version: usize) -> Result<(), StoreError> {
    for (before, migration) in MIGRATIONS.iter().enumerate().skip(version) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(
            None,
            "user_version",
            i64::try_from(before + 1).unwrap_or(i64::MAX),
        )?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use chancery_core::certificate::State;
    use chancery_core::crl::Scope;
    use chancery_core::revocation::Reason;
    use rusqlite::types::Value;

    use super::*;
    use crate::bulk_revocation::{BulkAction, BulkState};
    use crate::search::CertificateFilter;
    use crate::store::accounts::UserKey;
    use crate::store::bulk::BulkReach;
    use crate::store::certificates::NewCertificate;
    use crate::store::crls::NewCrlBase;
    use crate::store::tests::crls::listed;
    use crate::store::tests::{
        NOW, certificate, certificate_id, der, moved, read, settle, stored, user, user_id,
    };
    use crate::store::{Step, Store};

    fn open(path: &Path) -> Result<Connection, StoreError> {
        open_writer(path, &StoreConfig::default())
    }

    fn refusal(path: &Path) -> String {
        match open(path).unwrap_err() {
            StoreError::Broken(cause) => cause.to_string(),
            error => panic!("{error:?}"),
        }
    }

    #[test]
    fn the_file_is_ours_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        std::fs::write(&path, "").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let connection = open(&path).unwrap();
        connection
            .execute_batch("INSERT INTO secrets (name, sealed) VALUES ('a', x'00')")
            .unwrap();
        for name in ["a.db", "a.db-wal", "a.db-shm"] {
            let mode = std::fs::metadata(directory.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn every_connection_is_set_for_durability() {
        let directory = tempfile::tempdir().unwrap();
        let config = StoreConfig {
            checkpoint_pages: 777,
            ..StoreConfig::default()
        };
        let connection = open_writer(&directory.path().join("a.db"), &config).unwrap();
        for (pragma, want) in [
            ("journal_mode", "wal"),
            ("synchronous", "2"),
            ("foreign_keys", "1"),
            ("recursive_triggers", "1"),
            ("secure_delete", "2"),
            ("wal_autocheckpoint", "777"),
            ("application_id", "1128812099"),
            ("user_version", &MIGRATIONS.len().to_string()),
        ] {
            let got = connection
                .pragma_query_value(None, pragma, |row| row.get::<_, Value>(0))
                .unwrap();
            let want = want
                .parse()
                .map_or_else(|_| Value::Text(want.to_owned()), Value::Integer);
            assert_eq!(got, want, "{pragma}");
        }
        let reader = open_reader(&directory.path().join("a.db")).unwrap();
        assert!(reader.execute_batch("DELETE FROM secrets").is_err());
    }

    #[test]
    fn files_of_others_are_refused_and_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("other.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (a)")
            .unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(refusal(&path).contains("belongs to another program"));
        assert_eq!(std::fs::read(&path).unwrap(), before);

        let path = directory.path().join("text.db");
        std::fs::write(
            &path,
            "not a database, but long enough to be taken for one by its length: ".repeat(20),
        )
        .unwrap();
        assert!(refusal(&path).contains("not a database"));
    }

    #[test]
    fn files_of_newer_versions_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let newer = i64::try_from(MIGRATIONS.len()).unwrap() + 1;
        open(&path)
            .unwrap()
            .pragma_update(None, "user_version", newer)
            .unwrap();
        let refusal = refusal(&path);
        assert!(
            refusal.contains(&format!("schema {newer}")) && refusal.contains("upgrade"),
            "{refusal}"
        );
    }

    /// What the first version wrote is read by this one, with nothing told of what it did not know.
    #[tokio::test]
    async fn a_database_of_the_first_version_keeps_its_data() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let first = Connection::open(&path).unwrap();
        first.execute_batch(MIGRATIONS[0]).unwrap();
        first
            .execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA user_version = 1;
                 INSERT INTO domains (id, name, disabled, created) VALUES ('d1', 'Domain d1', 0, 1800000000);
                 INSERT INTO users (id, name, domain, roles, disabled, password, api_key, created)
                 VALUES ('u1', 'joe', 1, 32, 0, NULL, NULL, 1800000000);
                 INSERT INTO authorities (name, created, sealed_key, der)
                 VALUES ('issuing', 1800000000, x'010203', x'{der}');
                 INSERT INTO certificates (id, name, origin, authority, issuer_key, serial, subject_line,
                     subject_key_id, not_before, not_after, owner, domain, profile, state, reason, revoked, state_since,
                     created, der)
                 VALUES (x'{id}', 'certificate-1', 1, 1, x'00112233445566778899aabbccddeeff', x'05', '/CN=joe',
                     x'0000000000000000000000000000000000000001', 1790000000, 1810000000, 1, 1, 'general', 3, 4,
                     1800000000, 1800000000, 1800000000, x'{der}');
                 INSERT INTO private_keys (certificate, sealed) VALUES (1, x'07')",
                der = hex::encode(der()),
                id = hex::encode(certificate_id(1).octets()),
            ))
            .unwrap();
        drop(first);
        let store = super::super::SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        let key = UserKey::Id(user_id("u1"));
        assert_eq!(
            store.user(key).await.unwrap(),
            Some(user("u1", "joe", "d1"))
        );
        let certificate = read(&store, 1).await;
        assert_eq!(
            (certificate.state, certificate.has_private_key),
            (State::Revoked(Reason::Superseded), true)
        );
        assert_eq!(certificate.der, Some(der()));
        let filter = CertificateFilter::all(NOW);
        assert_eq!(store.certificates(filter, 9).await.unwrap(), [certificate]);
        let attach = Step::Attach {
            user: user_id("u1"),
            certificate: certificate_id(1),
        };
        store.commit(vec![attach]).await.unwrap();
        drop(store);
        open(&path).unwrap();
    }

    /// Those of older versions release nothing, in whatever state they are, and no change makes a release of one.
    #[tokio::test]
    async fn a_database_from_before_bulk_releases_keeps_its_bulk_revocations() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let former = Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..9] {
            former.execute_batch(migration).unwrap();
        }
        former
            .execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA user_version = 9;
                 WITH states (state, why) AS (VALUES (2, NULL), (1, 'gone'), (0, NULL))
                 INSERT INTO bulk_revocations (reason, owner, on_hold, up_to, total, asked_by, asked_at, state, cursor,
                     revoked, changed_at, responsible, stopped_because)
                 SELECT 6, 'u1', 0, 9, 5, 'u1', 1800000000, state, 7, 3, 1800000001, 'u1', why FROM states"
            ))
            .unwrap();
        drop(former);
        let store = super::super::SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        let page = store.bulk_revocations(BulkReach::All, None, 9).await;
        let hold = BulkAction::Revoke(Reason::CertificateHold);
        let read = page.unwrap().into_iter();
        let read: Vec<_> = read.map(|one| (one.state, one.action, one.moved)).collect();
        let states = [BulkState::Running, BulkState::Stopped, BulkState::Done];
        assert_eq!(read, states.map(|state| (state, hold, 3)));
        drop(store);
        let connection = open(&path).unwrap();
        let change = "UPDATE bulk_revocations SET releases = 1 WHERE number = 2";
        let refused = connection.execute_batch(change).unwrap_err();
        assert!(refused.to_string().contains("never changes"), "{refused}");
    }

    /// What was revoked before delta CRLs is on complete lists; deltas begin with the first list made after.
    #[tokio::test]
    async fn a_database_from_before_delta_crls_keeps_its_revocations() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let former = Connection::open(&path).unwrap();
        for migration in &MIGRATIONS[..6] {
            former.execute_batch(migration).unwrap();
        }
        former
            .execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID};
                 PRAGMA user_version = 6;
                 INSERT INTO domains (id, name, disabled, created) VALUES ('d1', 'Domain d1', 0, 1800000000);
                 INSERT INTO users (id, name, domain, roles, disabled, created)
                 VALUES ('u1', 'joe', 1, 32, 0, 1800000000);
                 INSERT INTO authorities (name, created, sealed_key, der, crl_number, revocations)
                 VALUES ('issuing', 1800000000, x'010203', x'{der}', 41, 57);
                 WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 500)
                 INSERT INTO certificates (id, name, origin, authority, issuer_key, serial, subject_line,
                     subject_key_id, not_before, not_after, owner, domain, state, reason, revoked, state_since, created,
                     der)
                 SELECT randomblob(12), 'certificate-' || n, 1, 1, x'00112233445566778899aabbccddeeff',
                     unhex('01' || hex(randomblob(15))), '/CN=joe', randomblob(20), 1790000000, 1810000000, 1, 1,
                     iif(n % 5, 3, 1), iif(n % 5, 4, NULL), iif(n % 5, 1800000000, NULL), 1800000000, 1800000000, x'{der}'
                 FROM n",
                der = hex::encode(der()),
            ))
            .unwrap();
        drop(former);
        let store = super::super::SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        assert_eq!(listed(&store, 1, NOW).await.len(), 400);
        assert_eq!(store.crl_base(1, Scope::Whole, NOW).await.unwrap(), None);
        let base = NewCrlBase {
            scope: Scope::Whole,
            generation: store.revocation_generation(1).await.unwrap(),
            this_update: NOW,
            next_update: NOW.plus_days(1),
            unless_since: NOW,
        };
        assert_eq!(store.add_crl_base(1, base).await.unwrap(), 42);
        moved(&store, 5, State::Active, State::OnHold, NOW)
            .await
            .unwrap();
        let base = store.crl_base(1, Scope::Whole, NOW).await.unwrap().unwrap();
        assert_eq!((base.number, base.generation), (42, 57));
        let changed = store.changed_since(1, Scope::Whole.buckets(), base.generation);
        assert_eq!(changed.await.unwrap(), [5]);
    }

    /// A database with four certificates: 1 active, 2 on hold, 3 revoked, 4 purged after revocation.
    async fn with_certificates(path: &Path) -> Connection {
        let store = super::super::SqliteStore::open(path, &StoreConfig::default()).unwrap();
        settle(&store).await;
        for n in 1..=4 {
            stored(
                &store,
                NewCertificate {
                    sealed_key: Some(vec![7]),
                    ..certificate(n)
                },
            )
            .await;
        }
        let reason = Reason::KeyCompromise;
        moved(&store, 2, State::Active, State::OnHold, NOW)
            .await
            .unwrap();
        for number in [3, 4] {
            moved(&store, number, State::Active, State::Revoked(reason), NOW)
                .await
                .unwrap();
        }
        moved(
            &store,
            4,
            State::Revoked(reason),
            State::Deleted(Some(reason)),
            NOW,
        )
        .await
        .unwrap();
        moved(
            &store,
            4,
            State::Deleted(Some(reason)),
            State::Purged(Some(reason)),
            NOW,
        )
        .await
        .unwrap();
        store.next_crl_number(1).await.unwrap();
        assert_eq!(read(&store, 4).await.der, None);
        drop(store);
        open(path).unwrap()
    }

    #[tokio::test]
    async fn the_database_itself_keeps_revocation_data() {
        let directory = tempfile::tempdir().unwrap();
        let connection = with_certificates(&directory.path().join("a.db")).await;
        for sql in [
            // Nothing disappears.
            "DELETE FROM certificates WHERE number = 1",
            "DELETE FROM certificates",
            "INSERT OR REPLACE INTO certificates SELECT * FROM certificates WHERE number = 3",
            "UPDATE certificates SET number = 99 WHERE number = 3",
            "DELETE FROM authorities",
            "UPDATE authorities SET number = 99",
            // What is revoked stays so, for the same reason and since the same time.
            "UPDATE certificates SET state = 1, reason = NULL, revoked = NULL WHERE number = 3",
            "UPDATE certificates SET state = 2, reason = 6 WHERE number = 3",
            "UPDATE certificates SET reason = 4 WHERE number = 3",
            "UPDATE certificates SET reason = NULL, revoked = NULL WHERE number = 3",
            "UPDATE certificates SET revoked = revoked + 1 WHERE number = 3",
            "UPDATE certificates SET state = 4, reason = NULL, revoked = NULL WHERE number = 3",
            "UPDATE certificates SET state = 5, reason = NULL, revoked = NULL WHERE number = 4",
            "UPDATE certificates SET state = 3 WHERE number = 4",
            // A hold of ours that is not over cannot be lost by deletion.
            "UPDATE certificates SET state = 4, reason = NULL, revoked = NULL WHERE number = 2",
            "UPDATE certificates SET state = 0, reason = NULL, revoked = NULL WHERE number = 2",
            // What is signed is not changed, so that it cannot leave a CRL by looking like something else.
            "UPDATE certificates SET serial = x'01' WHERE number = 3",
            "UPDATE certificates SET issuer_key = x'01' WHERE number = 3",
            "UPDATE certificates SET authority = NULL WHERE number = 3",
            "UPDATE certificates SET not_after = 0 WHERE number = 3",
            "UPDATE certificates SET der = x'01' WHERE number = 1",
            "UPDATE certificates SET der = NULL, issuer_name = x'01', subject_name = x'01' WHERE number = 1",
            "UPDATE certificates SET der = x'01' WHERE number = 4",
            // Counters only grow.
            "UPDATE authorities SET crl_number = 0",
            "UPDATE authorities SET revocations = 0",
            // The trail is only added to.
            "INSERT INTO audit (at, api, action, outcome, detail) VALUES (1, 'a', 'b', 1, '{}'); DELETE FROM audit",
            "UPDATE audit SET at = 2",
        ] {
            let error = connection.execute_batch(sql).expect_err(sql);
            assert_eq!(
                error.sqlite_error_code(),
                Some(rusqlite::ErrorCode::ConstraintViolation),
                "{sql}: {error}"
            );
        }
        // And what the core allows is allowed.
        for sql in [
            "UPDATE certificates SET state = 1, reason = NULL, revoked = NULL WHERE number = 2",
            "UPDATE certificates SET state = 2, reason = 6, revoked = 5 WHERE number = 2",
            "UPDATE certificates SET state = 4, reason = NULL, revoked = NULL, state_since = not_after + 1
             WHERE number = 2",
            "UPDATE certificates SET state = 4 WHERE number = 3",
            "UPDATE certificates SET state = 5, der = NULL, issuer_name = x'01', subject_name = x'01' WHERE number = 3",
        ] {
            connection.execute_batch(sql).expect(sql);
        }
    }

    #[tokio::test]
    async fn states_and_reasons_that_contradict_each_other_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let connection = with_certificates(&directory.path().join("a.db")).await;
        for sql in [
            "UPDATE certificates SET state = 6 WHERE number = 1",
            "UPDATE certificates SET state = 3 WHERE number = 1",
            "UPDATE certificates SET state = 2, reason = 1, revoked = 1 WHERE number = 1",
            "UPDATE certificates SET reason = 1, revoked = 1 WHERE number = 1",
            "UPDATE certificates SET state = 3, reason = 1 WHERE number = 1",
            "UPDATE certificates SET state = 5, der = NULL WHERE number = 1",
        ] {
            let error = connection.execute_batch(sql).expect_err(sql);
            assert!(error.to_string().contains("CHECK"), "{sql}: {error}");
        }
    }

    #[tokio::test]
    async fn a_purge_leaves_no_trace_of_der_and_key_in_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let sealed = b"a sealed key that must not be found again".to_vec();
        let store = super::super::SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        settle(&store).await;
        let mut other = der();
        other.truncate(other.len() - 1);
        other.push(0xaa);
        stored(
            &store,
            NewCertificate {
                sealed_key: Some(sealed.clone()),
                der: Some(other.clone()),
                ..certificate(1)
            },
        )
        .await;
        let holds = |what: &[u8]| {
            let bytes = std::fs::read(&path).unwrap();
            bytes.windows(what.len()).any(|window| window == what)
        };
        drop(store);
        assert!(holds(&sealed) && holds(&other));
        let store = super::super::SqliteStore::open(&path, &StoreConfig::default()).unwrap();
        moved(&store, 1, State::Active, State::Deleted(None), NOW)
            .await
            .unwrap();
        moved(&store, 1, State::Deleted(None), State::Purged(None), NOW)
            .await
            .unwrap();
        drop(store);
        assert!(!holds(&sealed) && !holds(&other));
        assert!(!path.with_extension("db-wal").exists());
    }
}
