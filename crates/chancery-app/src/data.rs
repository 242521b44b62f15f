//! The data directory: made private, held by one process at a time.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::Error;

/// The directory, locked until dropped.
#[derive(Debug)]
pub(crate) struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory (mode 0700) if it is not there, and locks it.
    ///
    /// # Errors
    /// A clear line if another process holds it, or if it cannot be written.
    pub(crate) fn open(path: &Path) -> Result<DataDirectory, Error> {
        let told = |what: &str, error: std::io::Error| {
            Error::Invalid(format!(
                "data directory {}: {what}: {error}",
                path.display()
            ))
        };
        if !path.exists() {
            fs::DirBuilder::new()
                .recursive(true)
                .mode(0o700)
                .create(path)
                .map_err(|error| told("cannot be made", error))?;
        }
        let mode = fs::metadata(path)
            .map_err(|error| told("cannot be read", error))?
            .permissions()
            .mode();
        if mode & 0o077 != 0 {
            return Err(Error::Invalid(format!(
                "data directory {}: others can look into it (mode {:03o}): run chmod 700 on it",
                path.display(),
                mode & 0o777
            )));
        }
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(|error| told("cannot be locked", error))?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDirectory {
                path: path.to_owned(),
                _lock: lock,
            }),
            Err(TryLockError::WouldBlock) => Err(Error::Invalid(format!(
                "data directory {}: another chancery process is running on it",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(told("cannot be locked", error)),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file in it whole or not at all, with that mode, in place of what was there.
    pub(crate) fn write(&self, name: &str, content: &[u8], mode: u32) -> Result<(), Error> {
        let target = self.path.join(name);
        if let Some(parent) = target.parent()
            && !parent.exists()
        {
            fs::DirBuilder::new()
                .mode(0o700)
                .create(parent)
                .map_err(Error::internal)?;
        }
        let draft = target.with_extension("new");
        let written = (|| {
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .mode(mode)
                .open(&draft)?;
            file.write_all(content)?;
            file.sync_all()?;
            fs::rename(&draft, &target)?;
            target
                .parent()
                .map_or(Ok(()), |folder| File::open(folder)?.sync_all())
        })();
        written.map_err(Error::internal)
    }
}
