//! What only the server's database tells without asking the server: serial numbers to ask about, from all over the table.
//! Reads the table of certificates, and nothing else.

use std::collections::BTreeSet;
use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use crate::Error;
use crate::random::Random;

/// The database file in a data directory.
pub(crate) const FILE: &str = "chancery.sqlite";

/// Serial numbers (content octets of the INTEGER) of certificates that this authority has issued and that are not
/// revoked, at random places of the table: `count` of them, or fewer if there are no more. The server may be running.
///
/// # Errors
/// The database cannot be read.
pub(crate) fn serials(data: &Path, authority: &str, count: usize) -> Result<Vec<Vec<u8>>, Error> {
    let database = open(data)?;
    let last: Option<i64> =
        database.query_row("SELECT max(number) FROM certificates", [], |row| row.get(0))?;
    let last = u64::try_from(last.unwrap_or(0))?;
    let mut random = Random::begin()?;
    let mut statement = database.prepare(
        "SELECT serial FROM certificates
         WHERE number >= ?1 AND state = 1 AND authority = (SELECT number FROM authorities WHERE name = ?2)
         ORDER BY number LIMIT 1",
    )?;
    let mut found = BTreeSet::new();
    // Some are met twice: so more tries than are wanted, but no more than this.
    for _ in 0..4 * count {
        if found.len() == count {
            break;
        }
        let from = i64::try_from(random.below(last + 1))?;
        let serial: Option<Vec<u8>> = statement
            .query_row(params![from, authority], |row| row.get(0))
            .optional()?;
        found.extend(serial);
    }
    Ok(found.into_iter().collect())
}

/// How many certificates of this authority are revoked or on hold, or how many are active.
///
/// # Errors
/// The database cannot be read.
pub(crate) fn count(data: &Path, authority: &str, revoked: bool) -> Result<u64, Error> {
    let which = match revoked {
        true => "reason IS NOT NULL",
        false => "state = 1",
    };
    let sql = format!(
        "SELECT count(*) FROM certificates
         WHERE {which} AND authority = (SELECT number FROM authorities WHERE name = ?1)"
    );
    let count: i64 = open(data)?.query_row(&sql, [authority], |row| row.get(0))?;
    Ok(u64::try_from(count)?)
}

fn open(data: &Path) -> Result<Connection, Error> {
    let file = data.join(FILE);
    let database = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(database)
}
