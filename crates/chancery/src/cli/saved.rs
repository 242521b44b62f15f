//! What `chancery login` leaves for later commands: one login in `$XDG_CONFIG_HOME/chancery/credentials.json`, readable
//! by its owner alone. Must not know how it is used.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::environment::Environment;
use super::failure::{Failure, Kind};
use super::file;
use super::secret::Secret;

/// A login that holds until it expires or is revoked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct SavedLogin {
    /// The server that gave the token, and the only one that may see it.
    pub(crate) url: String,
    /// Whose token it is.
    pub(crate) user: String,
    /// The token.
    pub(crate) token: Secret,
    /// When it lapses (RFC 3339).
    pub(crate) expires: String,
    /// The certificates that were trusted when it was given.
    pub(crate) ca: Option<PathBuf>,
}

impl SavedLogin {
    /// Where it lies; none if neither `XDG_CONFIG_HOME` nor `HOME` is set.
    pub(crate) fn path(environment: &Environment) -> Option<PathBuf> {
        let home = environment.config_home.as_ref()?;
        Some(home.join("chancery").join("credentials.json"))
    }

    /// Reads it; none if there is none.
    pub(crate) fn read(path: &Path) -> Result<Option<SavedLogin>, Failure> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::file(path, "read", &error)),
        };
        let unreadable = |_| {
            let detail = format!("{} holds no login of this program", path.display());
            Failure::new(Kind::Refused, detail).hint("run `chancery login` to write it anew")
        };
        serde_json::from_slice(&text).map(Some).map_err(unreadable)
    }

    /// Writes it, in place of what was there.
    pub(crate) fn write(&self, path: &Path) -> Result<(), Failure> {
        let failed = |error: &io::Error| Failure::file(path, "written", error);
        if let Some(folder) = path.parent() {
            let mut builder = fs::DirBuilder::new();
            let made = builder.recursive(true).mode(0o700).create(folder);
            made.map_err(|error| failed(&error))?;
        }
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| failed(&io::Error::other(error)))?;
        file::write(path, &text, file::Readers::Owner)
    }

    /// Removes it; that there is none is no failure.
    pub(crate) fn remove(path: &Path) -> Result<(), Failure> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(Failure::file(path, "removed", &error))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_login_is_kept_for_its_owner_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let environment = Environment {
            config_home: Some(folder.path().join("config")),
            ..Environment::default()
        };
        let path = SavedLogin::path(&environment).expect("a path");
        assert_eq!(SavedLogin::read(&path), Ok(None));
        let login = SavedLogin {
            url: "https://ca".into(),
            user: "joe".into(),
            token: Secret::new("token"),
            expires: "2026-11-22T11:34:00Z".into(),
            ca: None,
        };
        login.write(&path).expect("written");
        login.write(&path).expect("written again");
        assert_eq!(SavedLogin::read(&path), Ok(Some(login)));
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().expect("a folder")), 0o700);
        SavedLogin::remove(&path).expect("removed");
        SavedLogin::remove(&path).expect("nothing to remove");
        assert_eq!(SavedLogin::read(&path), Ok(None));
    }

    #[test]
    fn a_broken_file_is_said_with_its_remedy() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("credentials.json");
        fs::write(&path, "{}").expect("a file");
        let failure = SavedLogin::read(&path).expect_err("no login");
        assert!(failure.hint.is_some_and(|hint| hint.contains("login")));
    }
}
