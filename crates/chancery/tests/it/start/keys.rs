//! The key-encryption key: without the right one nothing starts, and the refusal says what is missing.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Started, refusal};

/// Starts it, and ends it; or holds its refusal against what it must say.
#[track_caller]
fn check(
    directory: &Path,
    configuration: &str,
    environment: &[(&str, &str)],
    want: Result<(), &str>,
) {
    match want {
        Ok(()) => {
            Started::on(directory, configuration, environment).end();
        }
        Err(want) => {
            let said = refusal(directory, configuration, environment);
            assert!(said.contains(want), "{want:?}: {said}");
        }
    }
}

const WRONG: Result<(), &str> = Err("does not open this data directory's keys");

#[test]
fn the_file_must_be_there_private_and_right() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let file = data.join("key-encryption-key");
    let chmod = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap()
    };
    let check = |want| check(directory.path(), "", &[], want);
    check(Ok(()));
    let key = std::fs::read_to_string(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    check(Err("key-encryption-key is missing"));
    assert!(!file.exists(), "no other key is made in its place");
    for (text, mode, want) in [
        (key.as_str(), 0o644, Err("can be read by others (mode 644)")),
        (
            "0000000000000000000000000000000000000000000000000000000000000000",
            0o600,
            WRONG,
        ),
        ("", 0o600, Err("64 hexadecimal digits")),
        (&key[..63], 0o600, Err("64 hexadecimal digits")),
        (key.trim_end(), 0o400, Ok(())),
    ] {
        chmod(&data, 0o700);
        let _ = std::fs::remove_file(&file);
        std::fs::write(&file, text).unwrap();
        chmod(&file, mode);
        check(want);
    }
    chmod(&data, 0o750);
    check(Err("others can look into it (mode 750)"));
}

#[test]
fn the_environment_can_hold_it() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = "[keys]\nsource = \"environment\"\n";
    let check = |environment: &[(&str, &str)], want| {
        check(directory.path(), configuration, environment, want)
    };
    let (key, other) = ("a5".repeat(32), "5a".repeat(32));
    check(&[], Err("CHANCERY_KEY_ENCRYPTION_KEY is not set"));
    check(
        &[("CHANCERY_KEY_ENCRYPTION_KEY", "short")],
        Err("64 hexadecimal digits"),
    );
    check(&[("CHANCERY_KEY_ENCRYPTION_KEY", &key)], Ok(()));
    assert!(!directory.path().join("data/key-encryption-key").exists());
    check(&[("CHANCERY_KEY_ENCRYPTION_KEY", &other)], WRONG);
    check(&[], Err("CHANCERY_KEY_ENCRYPTION_KEY is not set"));
    check(&[("CHANCERY_KEY_ENCRYPTION_KEY", &key)], Ok(()));
    let renamed = "[keys]\nsource = \"environment\"\nvariable = \"OUR_KEY\"\n";
    super::keys::check(directory.path(), renamed, &[("OUR_KEY", &key)], Ok(()));
    super::keys::check(
        directory.path(),
        "",
        &[("OUR_KEY", &key)],
        Err("key-encryption-key is missing"),
    );
}

#[test]
fn a_passphrase_can_stand_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = "[keys]\nsource = \"passphrase\"\n";
    let check = |environment: &[(&str, &str)], want| {
        check(directory.path(), configuration, environment, want)
    };
    check(&[], Err("CHANCERY_PASSPHRASE is not set"));
    check(&[("CHANCERY_PASSPHRASE", "too short")], Err("too short"));
    check(&[("CHANCERY_PASSPHRASE", "correct horse battery")], Ok(()));
    assert!(!directory.path().join("data/key-encryption-key").exists());
    check(&[("CHANCERY_PASSPHRASE", "correct horse batterx")], WRONG);
    check(&[("CHANCERY_PASSPHRASE", "correct horse battery")], Ok(()));
    std::fs::remove_file(directory.path().join("data/key-encryption-salt")).unwrap();
    check(
        &[("CHANCERY_PASSPHRASE", "correct horse battery")],
        Err("key-encryption-salt is missing"),
    );
}
