//! How much work a file may ask for, looked at before it is done: whoever wrote it chose the rounds of each key
//! derivation, and how many there are.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockCipherDecrypt, BlockModeDecrypt, KeyInit, KeyIvInit};
use chancery_core::x509::{Old, Pbes2, Scheme, pkcs12_work, pkcs12_work_inside};
use des::TdesEde3;
use p12_keystore::error::Error;
use pkcs12::kdf::{Pkcs12KeyType, derive_key_utf8};
use rc2::Rc2;
use sha1::Sha1;
use zeroize::Zeroizing;

use super::super::encrypted::decrypt;
use super::Pkcs12Error;

/// Most rounds of all key derivations of a file: some seconds. OpenSSL writes files of 6,144, Java of 30,000.
const MOST_ROUNDS: u64 = 10_000_000;
/// 3DES with SHA-1, 1.2.840.113549.1.12.1.3.
const TRIPLE_DES: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 0x0c, 1, 3];
/// 40-bit RC2 with SHA-1, 1.2.840.113549.1.12.1.6.
const RC2_40: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 0x0c, 1, 6];

/// Refuses a file that asks for too much work, or for some that cannot be foreseen.
pub(super) fn check(file: &[u8], password: &str) -> Result<(), Pkcs12Error> {
    let unreadable = || Pkcs12Error::Unreadable(Error::UnsupportedEncryptionScheme);
    let work = pkcs12_work(file).ok_or_else(unreadable)?;
    let mut rounds = work.rounds;
    for sealed in &work.sealed {
        if rounds > MOST_ROUNDS {
            break;
        }
        let inside = match &sealed.by {
            Scheme::Pbes2(by) => {
                let opening = Opening::of(by).ok_or_else(unreadable)?;
                opening.open(sealed.content, password)
            }
            Scheme::Old(old) => {
                let open = match old.kind {
                    TRIPLE_DES => open_old::<TdesEde3>,
                    RC2_40 => open_old::<Rc2>,
                    _ => return Err(unreadable()),
                };
                let key_length = if old.kind == TRIPLE_DES { 24 } else { 5 };
                open(old, key_length, sealed.content, password)
            }
        };
        // What opens by accident, with a wrong password, holds no bags.
        let inside = inside.and_then(|bags| pkcs12_work_inside(&bags));
        rounds = rounds.saturating_add(inside.ok_or(Pkcs12Error::WrongPassword)?);
    }
    if rounds > MOST_ROUNDS {
        return Err(Pkcs12Error::TooLarge);
    }
    Ok(())
}

/// Opens a part that is encrypted in an old way (RFC 7292, appendices B and C); none if it was under another password.
fn open_old<C: BlockCipherDecrypt + KeyInit>(
    by: &Old<'_>,
    key_length: usize,
    content: &[u8],
    password: &str,
) -> Option<Zeroizing<Vec<u8>>> {
    let rounds = i32::try_from(by.rounds).ok()?;
    let derive = |what, length| derive_key_utf8::<Sha1>(password, by.salt, what, rounds, length);
    let key = Zeroizing::new(derive(Pkcs12KeyType::EncryptionKey, key_length).ok()?);
    let initial = derive(Pkcs12KeyType::Iv, 8).ok()?;
    let cipher = Decryptor::<C>::new_from_slices(&key, &initial).ok()?;
    let plain = cipher.decrypt_padded_vec::<Pkcs7>(content).ok()?;
    Some(Zeroizing::new(plain))
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
    fn of(by: &'a Pbes2<'a>) -> Option<Opening<'a>> {
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
