//! A temporary folder that goes when it is dropped.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::random::Random;

/// The folder. Removing it may fail silently: then the operator finds it by its name, `chancery-bench-...`.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    /// A new, empty folder inside `parent`.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn inside(parent: &Path) -> Result<Self, Error> {
        let path = parent.join(format!("chancery-bench-{:016x}", Random::begin()?.next()));
        fs::create_dir(&path)
            .map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _left_behind = fs::remove_dir_all(&self.0);
    }
}
