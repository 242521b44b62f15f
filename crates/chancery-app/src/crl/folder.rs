//! The folder `crl` of the data directory: large lists, each in a file that says what it is, so that the next start finds
//! them. What it did not write itself it leaves alone.
//!
//! A file begins with a line of JSON; the list's DER stands further on, its entries always at the same place, because
//! they are written before it is known what stands before them.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chancery_core::crl::{CrlKind, Scope, Shard, Shards};
use chancery_core::time::Time;
use serde::{Deserialize, Serialize};

use super::draft::Draft;
use super::slots::Facts;

/// Where the entries begin: after the header, and after as long a name of an issuer as a certificate can hold. What is not
/// written costs no disk.
pub(super) const ENTRIES_AT: u64 = 128 << 10;
/// Octets of the header, filled up with spaces.
const HEADER: usize = 1024;
/// The header's version.
const VERSION: u32 = 1;
const FINISHED: &str = ".list";
const DRAFT: &str = ".new";

/// The folder.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
}

/// A list that a former process left.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Found {
    /// The name of the authority.
    pub(super) authority: String,
    pub(super) scope: Scope,
    pub(super) kind: CrlKind,
    pub(super) facts: Facts,
}

/// What a file says of itself.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    v: u32,
    number: u64,
    generation: u64,
    this_update: i64,
    next_update: i64,
    took_ms: u64,
    made_for: String,
    /// Where the DER begins.
    pub(super) start: u64,
    length: u64,
}

impl Folder {
    /// The folder in a data directory, made if it is not there.
    pub(super) fn open(data: &Path) -> io::Result<Folder> {
        let path = data.join("crl");
        if !path.exists() {
            DirBuilder::new().mode(0o700).create(&path)?;
        }
        Ok(Folder { path })
    }

    /// The lists of a former process. What it did not finish is removed.
    pub(super) fn found(&self) -> Vec<Found> {
        let names = self.names();
        for draft in names.iter().filter(|name| parts(name, DRAFT).is_some()) {
            if let Err(error) = fs::remove_file(self.path.join(draft)) {
                tracing::warn!(%error, draft, "an unfinished CRL was not removed");
            }
        }
        let found = names.iter().filter_map(|name| {
            let (authority, scope, kind) = parts(name, FINISHED)?;
            let (_, _, facts) = self.open_list(name)?;
            Some(Found {
                authority,
                scope,
                kind,
                facts,
            })
        });
        found.collect()
    }

    /// A list to be made, by the name of its file.
    pub(super) fn draft(&self, name: &str) -> Draft {
        let stem = name.strip_suffix(FINISHED).unwrap_or(name);
        Draft::new(
            self.path.join(format!("{stem}{DRAFT}")),
            self.path.join(name),
        )
    }

    /// A list's file, where its DER begins in it, and what it says of itself. None if it is not there or not whole.
    pub(super) fn open_list(&self, name: &str) -> Option<(File, u64, Facts)> {
        let file = File::open(self.path.join(name)).ok()?;
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, 0).ok()?;
        let header: Header = serde_json::from_slice(&header).ok()?;
        let facts = header.facts()?;
        let about = file.metadata().ok()?;
        let is_whole = header.v == VERSION
            && about.is_file()
            && header.start.checked_add(header.length) == Some(about.len());
        is_whole.then_some((file, header.start, facts))
    }

    /// Removes lists that are over.
    pub(super) fn sweep(&self, now: Time) {
        for name in self.names() {
            let is_over = parts(&name, FINISHED).is_some()
                && self
                    .open_list(&name)
                    .is_some_and(|(_, _, facts)| now >= facts.next_update);
            if is_over && let Err(error) = fs::remove_file(self.path.join(&name)) {
                tracing::warn!(%error, name, "a CRL that is over was not removed");
            }
        }
    }

    /// The names of everything in the folder.
    fn names(&self) -> Vec<String> {
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) => {
                tracing::warn!(%error, "the folder of CRLs cannot be read");
                return Vec::new();
            }
        };
        entries
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .collect()
    }
}

impl Header {
    /// For a list of which so many octets stand before the entries.
    pub(super) fn of(facts: &Facts, front: u64) -> io::Result<Header> {
        let start = ENTRIES_AT
            .checked_sub(front)
            .filter(|start| *start >= HEADER as u64)
            .ok_or_else(|| io::Error::other("the issuer's name is too long for a CRL's file"))?;
        Ok(Header {
            v: VERSION,
            number: facts.number,
            generation: facts.generation,
            this_update: facts.this_update.unix(),
            next_update: facts.next_update.unix(),
            took_ms: u64::try_from(facts.took.as_millis()).unwrap_or(u64::MAX),
            made_for: hex::encode(facts.made_for),
            start,
            length: facts.length,
        })
    }

    pub(super) fn octets(&self) -> io::Result<Vec<u8>> {
        let mut octets = serde_json::to_vec(self)?;
        octets.resize(HEADER - 1, b' ');
        octets.push(b'\n');
        Ok(octets)
    }

    fn facts(&self) -> Option<Facts> {
        Some(Facts {
            number: self.number,
            generation: self.generation,
            this_update: Time::from_unix(self.this_update),
            next_update: Time::from_unix(self.next_update),
            took: Duration::from_millis(self.took_ms),
            made_for: hex::decode(&self.made_for).ok()?.try_into().ok()?,
            length: self.length,
        })
    }
}

/// The name of a list's file: `NAME.list`, `NAME.COUNT.INDEX.list`, with `.delta` before the ending. An authority's name
/// has no dot.
pub(super) fn file_name(authority: &str, scope: Scope, kind: CrlKind) -> String {
    let shard = match scope {
        Scope::Whole => String::new(),
        Scope::Shard(shard) => format!(".{}.{}", shard.of().count(), shard.index()),
    };
    let kind = match kind {
        CrlKind::Complete => "",
        CrlKind::Delta => ".delta",
    };
    format!("{authority}{shard}{kind}{FINISHED}")
}

/// What the name of a file says: authority, scope and kind. None for what is not ours.
fn parts(name: &str, ending: &str) -> Option<(String, Scope, CrlKind)> {
    let stem = name.strip_suffix(ending)?;
    let mut words: Vec<&str> = stem.split('.').collect();
    let mut kind = CrlKind::Complete;
    if words.len() > 1 && words.last() == Some(&"delta") {
        words.pop();
        kind = CrlKind::Delta;
    }
    let (authority, scope) = match words[..] {
        [authority] => (authority, Scope::Whole),
        [authority, count, index] => {
            let shards = Shards::new(count.parse().ok()?)?;
            let shard = Shard::new(shards, index.parse().ok()?)?;
            (authority, Scope::Shard(shard))
        }
        _ => return None,
    };
    let is_ours = file_name(authority, scope, kind).strip_suffix(FINISHED) == Some(stem);
    is_ours.then(|| (authority.to_owned(), scope, kind))
}

/// Makes what happened to a file's name durable.
pub(super) fn sync(file: &Path) -> io::Result<()> {
    file.parent()
        .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_read_back_and_no_others_taken() {
        let shard = Shard::new(Shards::new(64).unwrap(), 5).unwrap();
        for (scope, kind, want) in [
            (Scope::Whole, CrlKind::Complete, "issuing.list"),
            (Scope::Whole, CrlKind::Delta, "issuing.delta.list"),
            (Scope::Shard(shard), CrlKind::Complete, "issuing.64.5.list"),
            (
                Scope::Shard(shard),
                CrlKind::Delta,
                "issuing.64.5.delta.list",
            ),
        ] {
            assert_eq!(file_name("issuing", scope, kind), want);
            assert_eq!(
                parts(want, FINISHED),
                Some(("issuing".to_owned(), scope, kind))
            );
        }
        for name in [
            "issuing.crl",
            "issuing.64.list",
            "issuing.63.5.list",
            "issuing.64.64.list",
            "issuing.064.5.list",
            "issuing.64.+5.list",
            "issuing.delta.delta.list",
            "issuing.64.5.6.list",
            "a.b.c.list",
        ] {
            assert_eq!(parts(name, FINISHED), None, "{name}");
        }
    }
}
