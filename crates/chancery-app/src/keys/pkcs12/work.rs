//! How much work a file may ask for, looked at before it is done: whoever wrote it chose the rounds of each key
//! derivation, and how many there are.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use chancery_core::x509::{Pbes2, Sealed, pkcs12_work, pkcs12_work_inside};
use p12_keystore::error::Error;
use zeroize::Zeroizing;

use super::super::encrypted::decrypt;
use super::Pkcs12Error;

/// Most rounds of all key derivations of a file: some seconds. OpenSSL writes files of 6,144, Java of 30,000.
const MOST_ROUNDS: u64 = 10_000_000;
/// Most octets of parts into which nothing can look before the work is done, which are those of the old encryption: eight
/// certificates and more.
const MOST_UNSEEN: usize = 16 * 1024;

/// Refuses a file that asks for too much work, or for some that nobody can foresee.
pub(super) fn check(file: &[u8], password: &str) -> Result<(), Pkcs12Error> {
    let work = pkcs12_work(file).ok_or(Pkcs12Error::Unreadable(Error::InvalidParameters))?;
    let (mut rounds, mut unseen) = (work.rounds, 0);
    for sealed in &work.sealed {
        if rounds > MOST_ROUNDS {
            break;
        }
        match Opening::of(sealed) {
            Some(opening) => {
                let inside = opening.open(sealed.content, password);
                // What opens by accident, with a wrong password, holds no bags.
                let inside = inside.and_then(|bags| pkcs12_work_inside(&bags));
                rounds = rounds.saturating_add(inside.ok_or(Pkcs12Error::WrongPassword)?);
            }
            None => unseen += sealed.content.len(),
        }
    }
    if rounds > MOST_ROUNDS || unseen > MOST_UNSEEN {
        return Err(Pkcs12Error::TooLarge);
    }
    Ok(())
}

/// How a part is opened, if that can be done here.
struct Opening<'a> {
    by: &'a Pbes2<'a>,
    function: pbkdf2::Algorithm,
    rounds: NonZeroU32,
    key_length: usize,
    initial: [u8; 16],
}

impl<'a> Opening<'a> {
    fn of(sealed: &'a Sealed<'a>) -> Option<Opening<'a>> {
        let by = sealed.by.as_ref()?;
        Some(Opening {
            by,
            // 1.2.840.113549.2.7 and following.
            function: match by.function {
                None | Some([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 7]) => pbkdf2::PBKDF2_HMAC_SHA1,
                Some([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9]) => pbkdf2::PBKDF2_HMAC_SHA256,
                Some([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 10]) => pbkdf2::PBKDF2_HMAC_SHA384,
                Some([0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 11]) => pbkdf2::PBKDF2_HMAC_SHA512,
                Some(_) => return None,
            },
            rounds: NonZeroU32::new(u32::try_from(by.rounds).ok()?)?,
            // AES in CBC mode, 2.16.840.1.101.3.4.1.2, 22 and 42.
            key_length: match by.cipher {
                [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2] => 16,
                [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 22] => 24,
                [0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42] => 32,
                _ => return None,
            },
            initial: by.initial.try_into().ok()?,
        })
    }

    fn open(&self, content: &[u8], password: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut secret = Zeroizing::new(vec![0; self.key_length]);
        pbkdf2::derive(
            self.function,
            self.rounds,
            self.by.salt,
            password.as_bytes(),
            &mut secret,
        );
        decrypt(&secret, self.initial, content)
    }
}

#[cfg(test)]
mod tests;
