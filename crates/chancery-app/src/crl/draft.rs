//! A list being made: its entries in memory while they are few, then in a file, and the whole in its place at the end.
//! All of it blocks on the disk.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::PathBuf;

use bytes::Bytes;
use chancery_core::crl::SignedCrl;

use super::folder::{ENTRIES_AT, Header, sync};
use super::slots::{Facts, Place};
use crate::Error;

/// Octets of entries that stay in memory: with what stands around them, 256 KiB.
const MOST_IN_MEMORY: usize = (256 << 10) - (4 << 10);
/// Octets that are read at once.
const CHUNK: usize = 64 << 10;

/// A list being made. Dropped unfinished, it leaves nothing behind.
pub(super) struct Draft {
    entries: Entries,
    /// Where it is written, and where it is put.
    draft: PathBuf,
    target: PathBuf,
}

enum Entries {
    Memory(Vec<u8>),
    File { file: File, length: u64 },
}

impl Draft {
    pub(super) fn new(draft: PathBuf, target: PathBuf) -> Draft {
        Draft {
            entries: Entries::Memory(Vec::new()),
            draft,
            target,
        }
    }

    /// Octets of all entries so far.
    pub(super) fn length(&self) -> u64 {
        match &self.entries {
            Entries::Memory(entries) => entries.len() as u64,
            Entries::File { length, .. } => *length,
        }
    }

    /// With some entries more.
    pub(super) fn push(mut self, more: Vec<u8>) -> Result<Draft, Error> {
        if let Entries::Memory(entries) = &mut self.entries
            && entries.len() + more.len() <= MOST_IN_MEMORY
        {
            entries.extend(more);
            return Ok(self);
        }
        self.spill().map_err(Error::internal)?;
        if let Entries::File { file, length } = &mut self.entries {
            file.write_all_at(&more, ENTRIES_AT + *length)
                .map_err(Error::internal)?;
            *length += more.len() as u64;
        }
        Ok(self)
    }

    /// Shows all entries, in their order.
    pub(super) fn each(&self, mut see: impl FnMut(&[u8])) -> Result<(), Error> {
        let (file, length) = match &self.entries {
            Entries::Memory(entries) => {
                see(entries);
                return Ok(());
            }
            Entries::File { file, length } => (file, *length),
        };
        let mut chunk = vec![0; CHUNK];
        let mut seen = 0;
        while seen < length {
            let octets = usize::try_from(length - seen).map_or(CHUNK, |left| left.min(CHUNK));
            chunk.truncate(octets);
            file.read_exact_at(&mut chunk, ENTRIES_AT + seen)
                .map_err(Error::internal)?;
            see(&chunk);
            seen += octets as u64;
        }
        Ok(())
    }

    /// Puts the signed list in its place: into memory if it is small and there is room, else into its file, which is whole
    /// or not there whenever the machine stops.
    pub(super) fn finish(
        mut self,
        signed: &SignedCrl,
        facts: &Facts,
        has_room: bool,
    ) -> Result<Place, Error> {
        if let Entries::Memory(entries) = &self.entries
            && has_room
        {
            let der = [&signed.front, entries, &signed.tail]
                .map(Vec::as_slice)
                .concat();
            self.remove_file_before().map_err(Error::internal)?;
            return Ok(Place::Memory(Bytes::from(der)));
        }
        self.spill().map_err(Error::internal)?;
        self.write(signed, facts).map_err(Error::internal)?;
        Ok(Place::File)
    }

    /// Moves the entries into the file.
    fn spill(&mut self) -> io::Result<()> {
        if let Entries::Memory(entries) = &self.entries {
            let file = OpenOptions::new()
                .create(true)
                .truncate(true)
                .read(true)
                .write(true)
                .mode(0o600)
                .open(&self.draft)?;
            file.write_all_at(entries, ENTRIES_AT)?;
            let length = entries.len() as u64;
            self.entries = Entries::File { file, length };
        }
        Ok(())
    }

    fn write(&mut self, signed: &SignedCrl, facts: &Facts) -> io::Result<()> {
        let Entries::File { file, length } = &self.entries else {
            return Err(io::Error::other("the entries are not in the file"));
        };
        let header = Header::of(facts, signed.front.len() as u64)?;
        file.write_all_at(&signed.tail, ENTRIES_AT + length)?;
        file.write_all_at(&signed.front, header.start)?;
        file.write_all_at(&header.octets()?, 0)?;
        file.sync_all()?;
        fs::rename(&self.draft, &self.target)?;
        sync(&self.target)
    }

    /// A list in memory leaves no older one behind that the next start would find.
    fn remove_file_before(&self) -> io::Result<()> {
        match fs::remove_file(&self.target) {
            Ok(()) => sync(&self.target),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Once it is in its place it is not there any more under this name.
        if matches!(self.entries, Entries::File { .. }) {
            let _ = fs::remove_file(&self.draft);
        }
    }
}
