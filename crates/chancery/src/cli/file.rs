//! Files in and out: bounded reading, and writing that leaves the old file or the whole new one. Must not know contents.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::failure::{Failure, Kind};

/// The most that is read of a file that is sent as one request: far more than any request or key, far less than memory.
pub(crate) const LIMIT: u64 = 1024 * 1024;

/// Who may read a file that is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Readers {
    /// Its owner alone: it holds a secret.
    Owner,
    /// Whoever the umask lets.
    Anyone,
}

/// Reads a whole file of at most [`LIMIT`] octets.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: io::Error| Failure::file(path, "read", &error);
    let file = File::open(path).map_err(failed)?;
    bounded(file, &path.display().to_string())
}

/// Reads all of `from`, at most [`LIMIT`] octets.
pub(crate) fn bounded(from: impl Read, name: &str) -> Result<Vec<u8>, Failure> {
    let mut content = Vec::new();
    let read = from.take(LIMIT + 1).read_to_end(&mut content);
    read.map_err(|error| {
        Failure::new(Kind::Refused, format!("{name} could not be read: {error}"))
    })?;
    if content.len() as u64 > LIMIT {
        let detail = format!("{name} is larger than {LIMIT} octets");
        return Err(Failure::new(Kind::Refused, detail));
    }
    Ok(content)
}

/// Writes a file, through a new one beside it that takes its place when complete. What is there and no regular file,
/// such as a device or a pipe, is written to directly.
pub(crate) fn write(path: &Path, content: &[u8], readers: Readers) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::file(path, "written", &error);
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        let mut target = OpenOptions::new().write(true).open(path).map_err(failed)?;
        return target.write_all(content).map_err(failed);
    }
    // What a link leads to is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let fresh = beside(&target);
    let written = write_new(&fresh, content, readers).and_then(|()| fs::rename(&fresh, &target));
    written.map_err(|error| {
        // Perhaps it was never made; the failure that matters is the first.
        let _ = fs::remove_file(&fresh);
        failed(error)
    })
}

fn write_new(path: &Path, content: &[u8], readers: Readers) -> io::Result<()> {
    let mode = match readers {
        Readers::Owner => 0o600,
        Readers::Anyone => 0o666,
    };
    let mut options = OpenOptions::new();
    let mut file = options.write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_file_replaces_an_open_one_and_leaves_nothing_beside_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("joe.p12");
        write(&path, b"open", Readers::Anyone).expect("written");
        write(&path, b"secret", Readers::Owner).expect("written");
        assert_eq!(read(&path).expect("there"), b"secret");
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }

    #[test]
    fn a_link_stays_a_link() {
        let folder = tempfile::tempdir().expect("a folder");
        let (path, link) = (
            folder.path().join("real.pem"),
            folder.path().join("link.pem"),
        );
        write(&path, b"old", Readers::Anyone).expect("written");
        std::os::unix::fs::symlink("real.pem", &link).expect("a link");
        write(&link, b"new", Readers::Anyone).expect("written");
        assert_eq!(read(&path).expect("there"), b"new");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
    }

    #[test]
    fn devices_are_written_to_and_not_replaced() {
        write(Path::new("/dev/null"), b"x", Readers::Owner).expect("written");
        assert!(!fs::metadata("/dev/null").expect("there").is_file());
    }

    #[test]
    fn missing_folders_and_great_files_are_failures() {
        let folder = tempfile::tempdir().expect("a folder");
        let nowhere = folder.path().join("no/such/file");
        assert_eq!(read(&nowhere).map_err(|f| f.kind), Err(Kind::Refused));
        let written = write(&nowhere, b"x", Readers::Owner);
        assert_eq!(written.map_err(|f| f.kind), Err(Kind::Refused));
        let great = vec![b'x'; LIMIT as usize + 1];
        assert!(bounded(&great[..], "it").is_err());
        assert!(bounded(&great[1..], "it").is_ok());
    }
}
