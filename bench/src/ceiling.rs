//! What this machine could do at best, measured just before the load: the cryptography of one request on one core, and
//! durable inserts into a database that does nothing else. A share of them means the same on every machine; a rate does not.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair,
    UnparsedPublicKey,
};
use clap::Args;
use rusqlite::{Connection, params};

use crate::Error;
use crate::output::{self, Report, rounded};
use crate::random::Random;
use crate::scratch::Scratch;

const SIGNING_TIME: Duration = Duration::from_secs(1);
const INSERTING_TIME: Duration = Duration::from_secs(2);
/// What a certificate's row takes, its DER being most of it.
const ROW_BYTES: usize = 1_500;
/// What is signed: as much as a certificate without its signature.
const SIGNED_BYTES: usize = 700;

/// Whether to measure the ceilings.
#[derive(Args)]
pub(crate) struct Options {
    /// Measure the machine's ceilings first, and print the load as a share of them
    #[arg(long, requires = "data")]
    ceiling: bool,
    /// Folder on the disk of the server's data, or the server's data folder itself: a database is put there for a moment
    #[arg(long, value_name = "DIRECTORY")]
    data: Option<PathBuf>,
}

/// What the machine could do at best.
pub(crate) struct Ceilings {
    /// P-256 verifications with as many signatures, a second, on one core.
    signing: f64,
    /// Durable rows a second.
    store: f64,
}

/// Measures if asked to; `connections` is how many certificates can wait for one commit.
///
/// # Errors
/// The database cannot be made or written.
pub(crate) async fn measure(
    options: &Options,
    connections: u64,
) -> Result<Option<Ceilings>, Error> {
    let Some(data) = options.data.clone().filter(|_| options.ceiling) else {
        return Ok(None);
    };
    output::note("measuring the ceilings");
    let measured = tokio::task::spawn_blocking(move || {
        Ok::<_, Error>(Ceilings {
            signing: signing(SIGNING_TIME)?,
            store: inserting(&data, connections, INSERTING_TIME)?,
        })
    });
    Ok(Some(measured.await??))
}

impl Ceilings {
    /// Adds the ceilings, and `rate` certificates a second as a share of each.
    pub(crate) fn report(&self, rate: f64, report: &mut Report) {
        let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        report.add("verify_and_sign_per_core_second", rounded(self.signing, 0));
        report.add("cores", cores as u64);
        report.add("store_inserts_per_second", rounded(self.store, 0));
        let all_cores = self.signing * cores as f64;
        report.add("share_of_signing_ceiling", rounded(rate / all_cores, 3));
        report.add("share_of_store_ceiling", rounded(rate / self.store, 3));
    }
}

/// Pairs a second of checking one signature, as of a request, and making one, as of a certificate.
fn signing(time: Duration) -> Result<f64, Error> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING)?;
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.public_key().as_ref());
    let message = [0x5a; SIGNED_BYTES];
    let random = SystemRandom::new();
    let mut signature = key.sign(&random, &message)?;
    let (start, mut pairs) = (Instant::now(), 0_u32);
    while start.elapsed() < time {
        public.verify(&message, signature.as_ref())?;
        signature = key.sign(&random, &message)?;
        pairs += 1;
    }
    Ok(f64::from(pairs) / start.elapsed().as_secs_f64())
}

/// Rows a second, `batch` of them in each durable transaction.
fn inserting(data: &Path, batch: u64, time: Duration) -> Result<f64, Error> {
    let folder = Scratch::inside(data)?;
    let mut database = Connection::open(folder.path().join("ceiling.db"))?;
    database.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 20000; PRAGMA cache_size = -262144;
         CREATE TABLE row (number INTEGER PRIMARY KEY, id BLOB, name TEXT, issuer BLOB, serial BLOB, key BLOB, der BLOB);
         CREATE UNIQUE INDEX row_id ON row (id);
         CREATE UNIQUE INDEX row_name ON row (name);
         CREATE UNIQUE INDEX row_serial ON row (issuer, serial);
         CREATE INDEX row_key ON row (key);",
    )?;
    let mut random = Random::begin()?;
    let der = vec![0x5a_u8; ROW_BYTES];
    let (start, mut rows) = (Instant::now(), 0_u64);
    while start.elapsed() < time {
        let transaction = database.transaction()?;
        for _ in 0..batch {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO row (id, name, issuer, serial, key, der) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?;
            let [id, serial, key] = [random.next(), random.next(), random.next()];
            let name = format!("bench-{rows:07}-{id:08x}");
            insert.execute(params![
                [id; 2].map(u64::to_be_bytes).concat(),
                name,
                [7_u8; 16],
                [serial; 2].map(u64::to_be_bytes).concat(),
                [key; 2].map(u64::to_be_bytes).concat(),
                der,
            ])?;
            rows += 1;
        }
        transaction.commit()?;
    }
    Ok(rows as f64 / start.elapsed().as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ceilings_are_found_and_nothing_is_left_behind() {
        let data = Scratch::inside(&std::env::temp_dir()).unwrap();
        let moment = Duration::from_millis(50);
        assert!(signing(moment).unwrap() > 10.0);
        assert!(inserting(data.path(), 16, moment).unwrap() > 10.0);
        assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
    }
}
