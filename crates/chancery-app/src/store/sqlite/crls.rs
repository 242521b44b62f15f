//! What CRLs are made from: their numbers, their entries by pages, what changed since a base, and the bases.
//!
//! A list may have ten million entries, so it is read by pages, each true at its own moment: no snapshot is held that
//! would keep the write-ahead log from being checkpointed.

use std::ops::RangeInclusive;

use chancery_core::crl::{CrlEntry, CrlRemoval, Scope, Shard, Shards, push_entry, push_removal};
use chancery_core::identity::CertificateNumber;
use chancery_core::revocation::Reason;
use chancery_core::serial::Serial;
use chancery_core::time::Time;
use rusqlite::{Connection, OptionalExtension, params};

use super::columns::Columns;
use super::query::Query;
use crate::store::StoreError;
use crate::store::crls::{CrlBase, CrlPage, NewCrlBase};

/// Changes that one command forgets: other writes wait for it.
const FORGOTTEN_AT_ONCE: i64 = 5_000;

/// Takes the next CRL number of an authority.
pub(super) fn next_number(connection: &Connection, authority: i64) -> Result<u64, StoreError> {
    let number: Option<i64> = connection
        .prepare_cached(
            "UPDATE authorities SET crl_number = crl_number + 1 WHERE number = ?1 RETURNING crl_number",
        )?
        .query_row([authority], |row| row.get(0))
        .optional()?;
    unsigned(number.ok_or(StoreError::Missing)?)
}

/// Takes the next CRL number of an authority for a complete list on which deltas may build.
pub(super) fn add_base(
    connection: &Connection,
    authority: i64,
    base: &NewCrlBase,
) -> Result<u64, StoreError> {
    let number = next_number(connection, authority)?;
    let (shards, shard) = scope_columns(base.scope);
    let stood_for = connection
        .prepare_cached(
            "UPDATE crl_bases SET next_update = max(next_update, ?6)
             WHERE authority = ?1 AND shards = ?2 AND shard = ?3 AND this_update BETWEEN ?4 AND ?5
                 AND number = (SELECT max(number) FROM crl_bases WHERE authority = ?1 AND shards = ?2 AND shard = ?3)",
        )?
        .execute(params![
            authority,
            shards,
            shard,
            base.unless_since.unix(),
            base.this_update.unix(),
            base.next_update.unix(),
        ])?;
    if stood_for == 0 {
        connection
            .prepare_cached(
                "INSERT INTO crl_bases (authority, shards, shard, number, generation, this_update, next_update)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                authority,
                shards,
                shard,
                signed(number)?,
                signed(base.generation)?,
                base.this_update.unix(),
                base.next_update.unix(),
            ])?;
    }
    Ok(number)
}

/// The oldest complete list of a scope that is still valid at that time, or that stands for one that is, and since which
/// every change is remembered.
pub(super) fn base(
    connection: &Connection,
    authority: i64,
    scope: Scope,
    at: Time,
) -> Result<Option<CrlBase>, StoreError> {
    let (shards, shard) = scope_columns(scope);
    let mut found = Query::new("SELECT number, generation FROM crl_bases")
        .with("WHERE authority = ?", authority)
        .with("AND shards = ?", shards)
        .with("AND shard = ?", shard)
        .with("AND next_update > ?", at.unix())
        .with(
            "AND generation >= coalesce(
                (SELECT generation - 1 FROM revocation_changes WHERE authority = ? ORDER BY generation LIMIT 1),",
            authority,
        )
        .with("(SELECT revocations FROM authorities WHERE number = ?))", authority)
        .text("ORDER BY number LIMIT 1")
        .rows(connection, |row| {
            Ok(CrlBase {
                number: unsigned(row.get(0)?)?,
                generation: unsigned(row.get(1)?)?,
            })
        })?;
    Ok(found.pop())
}

/// Entries of the revoked and held certificates of an authority in these buckets that have not expired before
/// `unexpired_at`: `limit` or a few more, as a bucket is never cut.
pub(super) fn entries(
    connection: &Connection,
    authority: i64,
    buckets: &RangeInclusive<u16>,
    unexpired_at: Time,
    limit: usize,
) -> Result<CrlPage, StoreError> {
    let mut page = CrlPage {
        entries: Vec::new(),
        next: None,
    };
    let mut count = 0;
    let mut last = *buckets.start();
    entries_query(authority, buckets, unexpired_at).each(connection, |row| {
        let mut columns = Columns::of(row);
        let entry = CrlEntry {
            serial: columns.parse(|octets: Vec<u8>| Serial::from_content(&octets).ok())?,
            revoked: Time::from_unix(columns.next()?),
            reason: columns.parse(Reason::from_code)?,
        };
        let bucket = Shard::of_serial(Shards::MOST, &entry.serial).index();
        if count >= limit && bucket != last {
            page.next = Some(bucket);
            return Ok(false);
        }
        last = bucket;
        count += 1;
        push_entry(&mut page.entries, &entry).map_err(broken)?;
        Ok(true)
    })?;
    Ok(page)
}

/// The certificates of an authority in these buckets whose revocation changed after a generation, each once, by number.
pub(super) fn changed_since(
    connection: &Connection,
    authority: i64,
    buckets: &RangeInclusive<u16>,
    generation: u64,
) -> Result<Vec<CertificateNumber>, StoreError> {
    let mut numbers = changes_query(authority, buckets, signed(generation)?)
        .rows(connection, |row| Ok(row.get::<_, CertificateNumber>(0)?))?;
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Entries of a delta about these certificates: revoked, or not any more.
pub(super) fn delta_entries(
    connection: &Connection,
    certificates: &[CertificateNumber],
) -> Result<Vec<u8>, StoreError> {
    let mut entries = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT serial, state_since, revoked, reason FROM certificates WHERE number = ?1",
    )?;
    for number in certificates {
        let mut rows = statement.query([number])?;
        let row = rows.next()?.ok_or(StoreError::Missing)?;
        let mut columns = Columns::of(row);
        let serial = columns.parse(|octets: Vec<u8>| Serial::from_content(&octets).ok())?;
        let removed = Time::from_unix(columns.next()?);
        let revoked =
            columns.parse_pair(
                |since: Option<i64>, reason: Option<u8>| match (since, reason) {
                    (None, None) => Some(None),
                    (Some(since), Some(reason)) => {
                        Some(Some((Time::from_unix(since), Reason::from_code(reason)?)))
                    }
                    _ => None,
                },
            )?;
        match revoked {
            Some((revoked, reason)) => push_entry(
                &mut entries,
                &CrlEntry {
                    serial,
                    revoked,
                    reason,
                },
            ),
            None => push_removal(&mut entries, &CrlRemoval { serial, removed }),
        }
        .map_err(broken)?;
    }
    Ok(entries)
}

/// Forgets bases for which no list stands any more at that time, and changes that no base needs: as much as one command
/// may. True if there may be more. Of an authority without any base nothing is forgotten.
pub(super) fn forget(connection: &Connection, at: Time) -> Result<bool, StoreError> {
    connection
        .prepare_cached("DELETE FROM crl_bases WHERE next_update <= ?1")?
        .execute([at.unix()])?;
    let bounds = Query::new("SELECT authority, min(generation) FROM crl_bases GROUP BY authority")
        .rows(connection, |row| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?))
        })?;
    let mut forgotten = 0;
    for (authority, bound) in bounds {
        forgotten += connection
            .prepare_cached(
                "DELETE FROM revocation_changes WHERE authority = ?1 AND generation <= min(?2, ?3 +
                    (SELECT generation FROM revocation_changes WHERE authority = ?1 ORDER BY generation LIMIT 1))",
            )?
            .execute([authority, bound, FORGOTTEN_AT_ONCE])?;
    }
    Ok(forgotten > 0)
}

/// Remembers a layout that certificates will name from now on, and gives all that ever were.
pub(super) fn layouts(
    connection: &Connection,
    configured: Shards,
) -> Result<Vec<Shards>, StoreError> {
    connection
        .prepare_cached("INSERT INTO crl_layouts (shards) VALUES (?1) ON CONFLICT DO NOTHING")?
        .execute([configured.count()])?;
    Query::new("SELECT shards FROM crl_layouts ORDER BY shards")
        .rows(connection, |row| Columns::of(row).parse(Shards::new))
}

fn entries_query(authority: i64, buckets: &RangeInclusive<u16>, unexpired_at: Time) -> Query {
    Query::new("SELECT serial, revoked, reason FROM certificates INDEXED BY certificates_revoked")
        .with("WHERE authority = ? AND reason IS NOT NULL", authority)
        .with(
            "AND substr('00' || hex(serial), -4) >= ?",
            bucket_column(*buckets.start()),
        )
        .with(
            "AND substr('00' || hex(serial), -4) <= ?",
            bucket_column(*buckets.end()),
        )
        .with("AND not_after >= ?", unexpired_at.unix())
        .text("ORDER BY substr('00' || hex(serial), -4), not_after, serial")
}

fn changes_query(authority: i64, buckets: &RangeInclusive<u16>, generation: i64) -> Query {
    Query::new("SELECT certificate FROM revocation_changes")
        .with("WHERE authority = ?", authority)
        .with("AND generation > ?", generation)
        .with("AND bucket >= ?", bucket_column(*buckets.start()))
        .with("AND bucket <= ?", bucket_column(*buckets.end()))
}

/// A bucket as the index has it.
fn bucket_column(bucket: u16) -> String {
    format!("{bucket:04X}")
}

/// How many shards there are, and which one it is.
fn scope_columns(scope: Scope) -> (i64, i64) {
    match scope {
        // No certificate names the only shard of its kind.
        Scope::Whole => (0, 0),
        Scope::Shard(shard) => (shard.of().count().into(), shard.index().into()),
    }
}

fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(broken)
}

fn signed(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(broken)
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Broken(error.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::schema;
    use crate::store::tests::NOW;

    #[test]
    fn lists_are_read_by_their_indexes_alone() {
        let directory = tempfile::tempdir().unwrap();
        let connection =
            schema::open_writer(&directory.path().join("a.db"), &StoreConfig::default()).unwrap();
        assert_eq!(
            entries_query(1, &(0..=7), NOW).plan(&connection),
            [
                "SEARCH certificates USING COVERING INDEX certificates_revoked (authority=? AND <expr>>? AND <expr><?)"
            ]
        );
        assert_eq!(
            changes_query(1, &(0..=7), 5).plan(&connection),
            ["SEARCH revocation_changes USING PRIMARY KEY (authority=? AND generation>?)"]
        );
    }
}
