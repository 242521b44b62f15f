//! The key-encryption key: where it comes from, and whether it is the right one.
//!
//! From a file in the data directory (made at the first start), from an environment variable, or stretched from a
//! passphrase. What it opens is `seal`'s matter. Whoever loses it loses every private key: nothing here can bring it back.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use super::KeyFault;
use super::seal::Sealer;
use crate::config::{KekSource, KeysConfig};
use crate::random;

/// Why there is no key-encryption key. The text says what to do, and holds nothing secret.
#[derive(Debug)]
pub(crate) enum KekError {
    /// A file without which no private key can be opened is not there.
    FileMissing(PathBuf),
    /// The file of the key can be read by others; with its permission bits.
    FileExposed(PathBuf, u32),
    /// The file could not be read or written.
    File(PathBuf, io::Error),
    /// The environment variable is not set.
    VariableMissing(String),
    /// What stands there (a file or a variable) is not 64 hexadecimal digits.
    NotHexadecimal(String),
    /// The passphrase in that variable is shorter than [`SHORTEST_PASSPHRASE`].
    PassphraseShort(String),
    /// The file of the passphrase's salt does not hold what was written at the first start.
    SaltMalformed(PathBuf),
    /// It is not the key under which this data directory's keys were sealed.
    Wrong,
    /// A fault of the system's.
    Fault(&'static str),
}

/// Fewest octets of a passphrase: what it protects can be guessed at elsewhere, at leisure.
const SHORTEST_PASSPHRASE: usize = 12;
const KEY_FILE: &str = "key-encryption-key";
const SALT_FILE: &str = "key-encryption-salt";
const KEY_VARIABLE: &str = "CHANCERY_KEY_ENCRYPTION_KEY";
const PASSPHRASE_VARIABLE: &str = "CHANCERY_PASSPHRASE";
/// The file of the key or salt is longer than this only by mistake.
const LONGEST_FILE: u64 = 1024;
const CHECK_PURPOSE: &str = "key-encryption-key:check";
const CHECK_TEXT: &[u8] = b"chancery";

type Key = Zeroizing<[u8; 32]>;

/// The key-encryption key that the configuration names, for the data directory `data`.
///
/// At the first start a missing key or salt file is made, readable by its owner alone; later it must be there. Takes
/// about 0.2 s for a passphrase.
pub(crate) fn load(config: &KeysConfig, data: &Path, first_start: bool) -> Result<Key, KekError> {
    let variable = |default: &str| {
        config
            .variable
            .clone()
            .unwrap_or_else(|| default.to_owned())
    };
    match config.source {
        KekSource::File => {
            let path = data.join(config.file.as_deref().unwrap_or(KEY_FILE));
            let text = read_or_make(&path, first_start, random_key)?;
            hexadecimal(&text, || path.display().to_string())
        }
        KekSource::Environment => {
            let name = variable(KEY_VARIABLE);
            let text = environment(&name)?;
            hexadecimal(&text, || format!("the environment variable {name}"))
        }
        KekSource::Passphrase => {
            let name = variable(PASSPHRASE_VARIABLE);
            let passphrase = environment(&name)?;
            if passphrase.len() < SHORTEST_PASSPHRASE {
                return Err(KekError::PassphraseShort(name));
            }
            let path = data.join(SALT_FILE);
            let text = read_or_make(&path, first_start, || {
                Stretching::new().map(|made| Zeroizing::new(made.to_string()))
            })?;
            let stretching = Stretching::parse(&text).ok_or(KekError::SaltMalformed(path))?;
            stretching.stretch(&passphrase)
        }
    }
}

/// A value to be kept with the sealed keys, by which [`verify`] later tells a wrong key from the right one.
pub(crate) fn check_value(sealer: &Sealer) -> Result<Vec<u8>, KeyFault> {
    sealer.seal(CHECK_PURPOSE, CHECK_TEXT)
}

/// Is the sealer's key the one that made this [`check_value`]?
pub(crate) fn verify(sealer: &Sealer, value: &[u8]) -> Result<(), KekError> {
    let opened = sealer
        .open(CHECK_PURPOSE, value)
        .map_err(|_| KekError::Wrong)?;
    if opened.as_slice() == CHECK_TEXT {
        Ok(())
    } else {
        Err(KekError::Wrong)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the key of all keys shall not stand in a configuration file"
)]
fn environment(name: &str) -> Result<Zeroizing<Vec<u8>>, KekError> {
    let value = std::env::var_os(name)
        .map(OsString::into_vec)
        .filter(|value| !value.is_empty());
    value
        .map(Zeroizing::new)
        .ok_or_else(|| KekError::VariableMissing(name.to_owned()))
}

fn random_octets<const N: usize>() -> Result<[u8; N], KekError> {
    random::octets().map_err(|_| KekError::Fault("the system's random source failed"))
}

fn random_key() -> Result<Zeroizing<String>, KekError> {
    let key: Key = Zeroizing::new(random_octets()?);
    Ok(Zeroizing::new(hex::encode(key.as_slice())))
}

fn hexadecimal(text: &[u8], place: impl Fn() -> String) -> Result<Key, KekError> {
    let mut key = Key::default();
    hex::decode_to_slice(text.trim_ascii_end(), &mut *key)
        .map_err(|_| KekError::NotHexadecimal(place()))?;
    Ok(key)
}

/// The file's content. At the first start, if it is not there, it is made of `content` and a newline.
fn read_or_make(
    path: &Path,
    first_start: bool,
    content: impl FnOnce() -> Result<Zeroizing<String>, KekError>,
) -> Result<Zeroizing<Vec<u8>>, KekError> {
    let failed = |error| KekError::File(path.to_owned(), error);
    match read(path) {
        Err(KekError::File(_, error)) if error.kind() == io::ErrorKind::NotFound => {
            if !first_start {
                return Err(KekError::FileMissing(path.to_owned()));
            }
            let content = content()?;
            write(path, &content).map_err(failed)?;
            Ok(Zeroizing::new(content.as_bytes().to_vec()))
        }
        read => read,
    }
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, KekError> {
    let failed = |error| KekError::File(path.to_owned(), error);
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(KekError::FileExposed(path.to_owned(), mode));
    }
    // With all the room at once: growing would leave copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(LONGEST_FILE as usize));
    file.take(LONGEST_FILE)
        .read_to_end(&mut content)
        .map_err(failed)?;
    Ok(content)
}

/// Writes a new file that only its owner can read, and waits until it is on the disk: keys will be sealed under it.
fn write(path: &Path, content: &str) -> io::Result<()> {
    // Under another name first: a file that is there is always whole.
    let draft = path.with_extension("new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)?;
    file.write_all(content.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::hard_link(&draft, path)?;
    fs::remove_file(&draft)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// How a passphrase becomes a key: argon2id's cost and salt, chosen at the first start and kept since.
#[derive(PartialEq, Eq, Debug)]
struct Stretching {
    memory_kib: u32,
    passes: u32,
    salt: [u8; 16],
}

impl Stretching {
    fn new() -> Result<Stretching, KekError> {
        Ok(Stretching {
            memory_kib: 64 * 1024,
            passes: 3,
            salt: random_octets()?,
        })
    }

    /// Reads what [`Stretching`] prints. Costs that no version of this program has written are refused.
    fn parse(text: &[u8]) -> Option<Stretching> {
        let mut words = std::str::from_utf8(text).ok()?.trim_end().split(' ');
        let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        let memory_kib = value("argon2id-memory-kib")?.parse().ok()?;
        let passes = value("passes")?.parse().ok()?;
        let mut salt = [0; 16];
        hex::decode_to_slice(value("salt")?, &mut salt).ok()?;
        let sane = (8 * 1024..=1024 * 1024).contains(&memory_kib) && (1..=100).contains(&passes);
        (sane && words.next().is_none()).then_some(Stretching {
            memory_kib,
            passes,
            salt,
        })
    }

    fn stretch(&self, passphrase: &[u8]) -> Result<Key, KekError> {
        let mut key = Key::default();
        let params = Params::new(self.memory_kib, self.passes, 1, Some(key.len()));
        params
            .map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
            .and_then(|argon2| argon2.hash_password_into(passphrase, &self.salt, &mut *key))
            .map_err(|_| {
                KekError::Fault("the passphrase could not be stretched: is there enough memory?")
            })?;
        Ok(key)
    }
}

impl fmt::Display for Stretching {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let salt = hex::encode(self.salt);
        write!(
            f,
            "argon2id-memory-kib={} passes={} salt={salt}",
            self.memory_kib, self.passes
        )
    }
}

impl fmt::Display for KekError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KekError::FileMissing(path) => write!(
                f,
                "{} is missing: without it no private key of this data directory can be opened; put it back from a backup",
                path.display()
            ),
            KekError::FileExposed(path, mode) => write!(
                f,
                "{path} can be read by others (mode {mode:03o}): run chmod 600 {path}",
                path = path.display()
            ),
            KekError::File(path, error) => write!(f, "{}: {error}", path.display()),
            KekError::VariableMissing(name) => {
                write!(f, "the environment variable {name} is not set: it must hold what opens the private keys")
            }
            KekError::NotHexadecimal(place) => {
                write!(f, "{place} must hold the key-encryption key as 64 hexadecimal digits, and does not")
            }
            KekError::PassphraseShort(name) => write!(
                f,
                "the passphrase in the environment variable {name} is too short: take {SHORTEST_PASSPHRASE} characters or more"
            ),
            KekError::SaltMalformed(path) => write!(
                f,
                "{} is not as it was written at the first start: without it the passphrase opens nothing; put it back from a backup",
                path.display()
            ),
            KekError::Wrong => f.write_str(
                "the key-encryption key does not open this data directory's keys: check that the key's source and the data directory belong together",
            ),
            KekError::Fault(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for KekError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            KekError::File(_, error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn config(source: KekSource, variable: Option<&str>) -> KeysConfig {
        KeysConfig {
            source,
            file: None,
            variable: variable.map(str::to_owned),
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn place(path: &Path, content: &str, mode: u32) {
        fs::write(path, content).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn the_file_is_made_once_and_read_ever_after() {
        let data = tempfile::tempdir().unwrap();
        let config = KeysConfig::default();
        let path = data.path().join("key-encryption-key");
        let missing = load(&config, data.path(), false).unwrap_err();
        assert!(matches!(&missing, KekError::FileMissing(at) if *at == path));
        assert!(!path.exists());

        let made = load(&config, data.path(), true).unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            format!("{}\n", hex::encode(made.as_slice()))
        );
        assert_eq!(mode(&path), 0o600);
        for first_start in [true, false] {
            assert_eq!(load(&config, data.path(), first_start).unwrap(), made);
        }
        let elsewhere = tempfile::tempdir().unwrap();
        assert_ne!(load(&config, elsewhere.path(), true).unwrap(), made);
    }

    #[test]
    fn the_file_may_lie_elsewhere() {
        let (data, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = elsewhere.path().join("kek");
        place(&path, &"0F".repeat(32), 0o400);
        let config = KeysConfig {
            file: Some(path.display().to_string()),
            ..KeysConfig::default()
        };
        assert_eq!(*load(&config, data.path(), false).unwrap(), [0x0f; 32]);
    }

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("key-encryption-key");
        for bits in [0o644, 0o640, 0o604, 0o660, 0o601] {
            place(&path, &"00".repeat(32), bits);
            let error = load(&KeysConfig::default(), data.path(), false).unwrap_err();
            assert!(
                matches!(error, KekError::FileExposed(_, found) if found == bits),
                "{error}"
            );
            assert!(
                error
                    .to_string()
                    .ends_with(&format!("run chmod 600 {}", path.display())),
                "{error}"
            );
        }
    }

    #[test]
    fn a_file_that_holds_no_key_is_refused_and_left_alone() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("key-encryption-key");
        let secret = "ab".repeat(31);
        for content in [
            String::new(),
            secret.clone(),
            format!("{secret}xy"),
            format!("{secret}abab"),
            "a".repeat(9999),
        ] {
            place(&path, &content, 0o600);
            for first_start in [true, false] {
                let error = load(&KeysConfig::default(), data.path(), first_start).unwrap_err();
                assert!(matches!(error, KekError::NotHexadecimal(_)), "{error}");
                assert!(!error.to_string().contains("abab"), "{error}");
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
    }

    #[test]
    fn variables_are_read() {
        let data = tempfile::tempdir().unwrap();
        for source in [KekSource::Environment, KekSource::Passphrase] {
            let error =
                load(&config(source, Some("NO_SUCH_VARIABLE")), data.path(), true).unwrap_err();
            assert!(
                matches!(&error, KekError::VariableMissing(name) if name == "NO_SUCH_VARIABLE"),
                "{error}"
            );
        }
        // Cargo sets these for tests: a path, and a digit or more.
        let error = load(
            &config(KekSource::Environment, Some("CARGO_MANIFEST_DIR")),
            data.path(),
            true,
        )
        .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable CARGO_MANIFEST_DIR must hold the key-encryption key as 64 hexadecimal digits, and does not"
        );
        let short = config(KekSource::Passphrase, Some("CARGO_PKG_VERSION_MAJOR"));
        let error = load(&short, data.path(), true).unwrap_err();
        assert!(matches!(error, KekError::PassphraseShort(_)), "{error}");
        assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_passphrase_is_stretched_with_the_salt_of_the_first_start() {
        let data = tempfile::tempdir().unwrap();
        let config = config(KekSource::Passphrase, Some("CARGO_MANIFEST_DIR"));
        let path = data.path().join("key-encryption-salt");
        assert!(
            matches!(load(&config, data.path(), false), Err(KekError::FileMissing(at)) if at == path)
        );
        let first = load(&config, data.path(), true).unwrap();
        assert_eq!(mode(&path), 0o600);
        assert_eq!(load(&config, data.path(), false).unwrap(), first);

        place(
            &path,
            "argon2id-memory-kib=65536 passes=3 salt=00112233445566778899aabbccddeeff\n",
            0o600,
        );
        assert_ne!(
            load(&config, data.path(), false).unwrap(),
            first,
            "the salt does not matter"
        );
        place(
            &path,
            "argon2id-memory-kib=65536 passes=3 salt=0011\n",
            0o600,
        );
        assert!(
            matches!(load(&config, data.path(), false), Err(KekError::SaltMalformed(at)) if at == path)
        );
    }

    #[test]
    fn the_stretching_is_written_and_read_alike() {
        let made = Stretching::new().unwrap();
        assert_eq!((made.memory_kib, made.passes), (65_536, 3));
        assert_eq!(
            Stretching::parse(format!("{made}\n").as_bytes()),
            Some(made)
        );
        let salt = "salt=00112233445566778899aabbccddeeff";
        for text in [
            String::new(),
            salt.to_owned(),
            format!("argon2id-memory-kib=4294967295 passes=3 {salt}"),
            format!("argon2id-memory-kib=8 passes=3 {salt}"),
            format!("argon2id-memory-kib=65536 passes=0 {salt}"),
            format!("argon2id-memory-kib=65536 passes=3 {salt} more"),
            format!("passes=3 argon2id-memory-kib=65536 {salt}"),
        ] {
            assert_eq!(Stretching::parse(text.as_bytes()), None, "{text}");
        }
    }

    /// Oracle: computed by Python's `cryptography` (Argon2id), which rests on OpenSSL.
    #[test]
    fn the_stretching_is_argon2id() {
        let stretching = Stretching {
            memory_kib: 65_536,
            passes: 3,
            salt: *b"0123456789abcdef",
        };
        let key = stretching.stretch(b"correct horse battery staple").unwrap();
        assert_eq!(
            hex::encode(key.as_slice()),
            "94c86f541abdb3d9aabfea59aa03963549483e9c0b1a79336e76b54cee6c917e"
        );
    }

    #[test]
    fn a_wrong_key_is_told() {
        let sealer = |octet| Sealer::new(Zeroizing::new([octet; 32]));
        let value = check_value(&sealer(1)).unwrap();
        verify(&sealer(1), &value).unwrap();
        let error = verify(&sealer(2), &value).unwrap_err();
        assert!(matches!(error, KekError::Wrong));
        assert!(
            error
                .to_string()
                .starts_with("the key-encryption key does not open this data directory's keys: ")
        );
        assert!(matches!(verify(&sealer(1), b""), Err(KekError::Wrong)));
        let other = sealer(1).seal("authority:root", CHECK_TEXT).unwrap();
        assert!(matches!(verify(&sealer(1), &other), Err(KekError::Wrong)));
    }
}
