//! Passwords: hashing them for the store, and checking them, slowly on purpose and never on the async threads.
//!
//! Argon2id (RFC 9106) with 19 MiB and two passes, which is OWASP's least, kept as text in the usual form
//! `$argon2id$v=19$m=19456,t=2,p=1$salt$hash`. One takes about 60 ms of a CPU: a few run at a time, some wait, and
//! more are told that the server is busy.

use std::fmt;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Semaphore;

use crate::error::Error;
use crate::random;

/// Hashes and checks passwords, a few at a time.
pub(crate) struct Passwords {
    /// Who runs.
    running: Arc<Semaphore>,
    /// Who runs or waits.
    admitted: Arc<Semaphore>,
    /// What is computed for users that there are not.
    decoy: String,
}

/// Why a password was neither hashed nor checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum PasswordError {
    /// As many wait as may.
    Busy,
    /// It cannot be a password: empty, or longer than [`LONGEST`].
    Length,
    /// A fault of ours; the text is for the log.
    Fault(&'static str),
}

/// Most octets of a password.
const LONGEST: usize = 1024;
const RUNNING: usize = 2;
/// About two seconds' worth.
const WAITING: usize = 64;

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LENGTH: usize = 16;
const HASH_LENGTH: usize = 32;
/// Costs above these are not from here: a doctored database shall not exhaust the memory.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;
const MOST_LANES: u32 = 16;

impl Passwords {
    /// Ready to work. Takes as long as one hash.
    pub(crate) fn new() -> Result<Passwords, PasswordError> {
        Ok(Passwords {
            running: Arc::new(Semaphore::new(RUNNING)),
            admitted: Arc::new(Semaphore::new(RUNNING + WAITING)),
            decoy: hash("decoy")?,
        })
    }

    /// The text to be kept of a password.
    pub(crate) async fn hash(&self, password: &SecretString) -> Result<String, PasswordError> {
        if !is_possible(password.expose_secret()) {
            return Err(PasswordError::Length);
        }
        let password = password.clone();
        self.run(move || hash(password.expose_secret())).await
    }

    /// Is it the password of which `kept` was kept? With none kept (no such user, or one without a password) the answer
    /// is no, after the same time: who asks does not learn who exists.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        kept: Option<String>,
    ) -> Result<bool, PasswordError> {
        if !is_possible(password.expose_secret()) {
            return Ok(false);
        }
        let password = password.clone();
        let is_there = kept.is_some();
        let kept = kept.unwrap_or_else(|| self.decoy.clone());
        let holds = self
            .run(move || verify(password.expose_secret(), &kept))
            .await?;
        Ok(holds && is_there)
    }

    /// Runs `work` on a blocking thread, when its turn has come. Both permits are given back when it has ended, also
    /// when nobody waits for its answer any more.
    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
    ) -> Result<T, PasswordError> {
        let admitted = Arc::clone(&self.admitted)
            .try_acquire_owned()
            .map_err(|_| PasswordError::Busy)?;
        let running = Arc::clone(&self.running)
            .acquire_owned()
            .await
            .map_err(|_| PasswordError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop((running, admitted));
            done
        });
        done.await
            .map_err(|_| PasswordError::Fault("the thread that hashed a password failed"))?
    }
}

fn is_possible(password: &str) -> bool {
    (1..=LONGEST).contains(&password.len())
}

/// The text to be kept of a password. Takes about 60 ms of CPU.
fn hash(password: &str) -> Result<String, PasswordError> {
    let salt = random::octets::<SALT_LENGTH>()
        .map_err(|_| PasswordError::Fault("no random salt could be drawn"))?;
    let kept = Kept {
        memory_kib: MEMORY_KIB,
        passes: PASSES,
        lanes: LANES,
        salt: salt.to_vec(),
        hash: Vec::new(),
    };
    let hash = kept.compute(password, HASH_LENGTH)?;
    Ok(Kept { hash, ..kept }.to_string())
}

/// Is it the password of which `kept` was kept?
fn verify(password: &str, kept: &str) -> Result<bool, PasswordError> {
    let kept =
        Kept::parse(kept).ok_or(PasswordError::Fault("a kept password hash is malformed"))?;
    let hash = kept.compute(password, kept.hash.len())?;
    Ok(verify_slices_are_equal(&hash, &kept.hash).is_ok())
}

/// What is kept of a password, in the PHC string format.
struct Kept {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: Vec<u8>,
    hash: Vec<u8>,
}

impl Kept {
    fn parse(text: &str) -> Option<Kept> {
        let mut fields = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let mut costs = fields.next()?.split(',');
        let mut cost = |name: &str, most: u32| {
            let value = costs
                .next()?
                .strip_prefix(name)?
                .strip_prefix('=')?
                .parse()
                .ok()?;
            (1..=most).contains(&value).then_some(value)
        };
        let memory_kib = cost("m", MOST_MEMORY_KIB)?;
        let passes = cost("t", MOST_PASSES)?;
        let lanes = cost("p", MOST_LANES)?;
        let salt = STANDARD_NO_PAD.decode(fields.next()?).ok()?;
        let hash = STANDARD_NO_PAD.decode(fields.next()?).ok()?;
        // Short hashes would be easy to meet by chance.
        let whole =
            costs.next().is_none() && fields.next().is_none() && (16..=64).contains(&hash.len());
        whole.then_some(Kept {
            memory_kib,
            passes,
            lanes,
            salt,
            hash,
        })
    }

    fn compute(&self, password: &str, length: usize) -> Result<Vec<u8>, PasswordError> {
        let mut hash = vec![0; length];
        Params::new(self.memory_kib, self.passes, self.lanes, Some(length))
            .map(|params| Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
            .and_then(|argon2| {
                argon2.hash_password_into(password.as_bytes(), &self.salt, &mut hash)
            })
            .map_err(|_| {
                PasswordError::Fault("a password could not be hashed: is there enough memory?")
            })?;
        Ok(hash)
    }
}

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (salt, hash) = (
            STANDARD_NO_PAD.encode(&self.salt),
            STANDARD_NO_PAD.encode(&self.hash),
        );
        write!(
            f,
            "$argon2id$v=19$m={},t={},p={}${salt}${hash}",
            self.memory_kib, self.passes, self.lanes
        )
    }
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordError::Busy => f.write_str("too many passwords are being checked: try again"),
            PasswordError::Length => write!(f, "a password has 1 to {LONGEST} octets"),
            PasswordError::Fault(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for PasswordError {}

impl From<PasswordError> for Error {
    fn from(error: PasswordError) -> Error {
        match error {
            PasswordError::Busy => Error::Busy,
            PasswordError::Length => Error::Invalid(error.to_string()),
            PasswordError::Fault(_) => Error::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[tokio::test]
    async fn a_password_is_known_again() {
        let passwords = Passwords::new().unwrap();
        for text in [
            "x",
            "correct horse battery staple",
            "pässwörd \u{1f511}",
            &"l".repeat(LONGEST),
        ] {
            let kept = passwords.hash(&secret(text)).await.unwrap();
            assert!(
                kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
                "{kept}"
            );
            assert!(
                passwords
                    .verify(&secret(text), Some(kept.clone()))
                    .await
                    .unwrap(),
                "{text}"
            );
            assert_eq!(
                passwords.verify(&secret("wrong"), Some(kept)).await,
                Ok(false)
            );
        }
        let [first, second] = [
            passwords.hash(&secret("same")).await,
            passwords.hash(&secret("same")).await,
        ];
        assert_ne!(first, second, "the salt repeats");
    }

    #[tokio::test]
    async fn what_cannot_be_a_password_is_none() {
        let passwords = Passwords::new().unwrap();
        for text in ["", &"l".repeat(LONGEST + 1)] {
            assert_eq!(
                passwords.hash(&secret(text)).await,
                Err(PasswordError::Length)
            );
            assert_eq!(passwords.verify(&secret(text), None).await, Ok(false));
            assert_eq!(
                passwords
                    .verify(&secret(text), Some(passwords.decoy.clone()))
                    .await,
                Ok(false)
            );
        }
    }

    #[tokio::test]
    async fn who_does_not_exist_costs_as_much_and_has_no_password() {
        let passwords = Passwords::new().unwrap();
        assert_eq!(passwords.verify(&secret("decoy"), None).await, Ok(false));
        let kept = passwords.hash(&secret("real")).await.unwrap();
        let costs = |text: &str| {
            let kept = Kept::parse(text).unwrap();
            (kept.memory_kib, kept.passes, kept.lanes, kept.hash.len())
        };
        assert_eq!(costs(&passwords.decoy), costs(&kept));
        // Both stand in the same line.
        let all = u32::try_from(RUNNING + WAITING).unwrap();
        let _taken = passwords.admitted.try_acquire_many(all).unwrap();
        for kept in [Some(kept), None] {
            let answer = passwords.verify(&secret("x"), kept).await;
            assert_eq!(answer, Err(PasswordError::Busy));
        }
    }

    /// Oracles: the reference implementation's test vector (phc-winner-argon2, `src/test.c`), and hashes that Python's
    /// `cryptography` made.
    #[test]
    fn hashes_of_others_are_read() {
        for (password, kept) in [
            (
                "password",
                "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
            ),
            (
                "pässwörd",
                "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$yxo0u725ht/u+ArqyyL37VGxPOyFMvsz2eBUq2J6aH8",
            ),
            (
                "another one",
                "$argon2id$v=19$m=8192,t=3,p=4$c2FsdHNhbHRzYWx0$iXTr7IfA/AAVlr7US9Fl4SCg5A3A9qG2",
            ),
        ] {
            assert_eq!(verify(password, kept), Ok(true), "{kept}");
            assert_eq!(verify("Password", kept), Ok(false), "{kept}");
            assert_eq!(Kept::parse(kept).unwrap().to_string(), kept);
        }
    }

    #[test]
    fn malformed_hashes_are_a_fault() {
        let good = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
        assert!(Kept::parse(good).is_some());
        for (old, new) in [
            ("$argon2id", "argon2id"),
            ("argon2id", "argon2i"),
            ("v=19", "v=16"),
            ("m=19456", "m=4294967295"),
            ("m=19456", "m=0"),
            ("t=2", "t=1000000"),
            ("p=1", "p=255"),
            ("m=19456,t=2", "t=2,m=19456"),
            ("p=1", "p=1,keyid=x"),
            ("c29tZXNhbHRzb21lc2FsdA", "?"),
            ("$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", ""),
            ("CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc", "CTE"),
            (
                "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
                "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc=",
            ),
            ("PPc", "PPc$more"),
        ] {
            let bad = good.replace(old, new);
            assert_ne!(bad, good);
            assert!(
                matches!(verify("password", &bad), Err(PasswordError::Fault(_))),
                "{bad}"
            );
        }
    }

    #[tokio::test]
    async fn a_few_run_some_wait_and_more_are_refused() {
        let passwords = Arc::new(Passwords::new().unwrap());
        let verify =
            |passwords: Arc<Passwords>| async move { passwords.verify(&secret("x"), None).await };
        let all = RUNNING + WAITING + 10;
        let asked: Vec<_> = (0..all)
            .map(|_| tokio::spawn(verify(Arc::clone(&passwords))))
            .collect();
        let mut refused = 0;
        for one in asked {
            match one.await.unwrap() {
                Ok(false) => {}
                other => {
                    assert_eq!(other, Err(PasswordError::Busy));
                    refused += 1;
                }
            }
        }
        assert!((1..=10).contains(&refused), "{refused} refused");
        assert_eq!(verify(passwords).await, Ok(false));
    }

    #[tokio::test]
    async fn who_gives_up_gives_its_place_back() {
        let passwords = Arc::new(Passwords::new().unwrap());
        for _ in 0..3 {
            let one = Arc::clone(&passwords);
            let asked = tokio::spawn(async move { one.verify(&secret("x"), None).await });
            tokio::task::yield_now().await;
            asked.abort();
        }
        let all = u32::try_from(RUNNING + WAITING).unwrap();
        let start = Instant::now();
        while passwords.admitted.try_acquire_many(all).is_err() {
            assert!(start.elapsed() < Duration::from_secs(10), "a place is lost");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}
