//! Java's old key store, JKS: one private key with its certificates under a password.
//!
//! Laid out as `sun.security.provider.JavaKeyStore` reads it: big-endian numbers, texts with their length in two octets,
//! at the end a SHA-1 over all. The key is protected by a stream of SHA-1 values: weak, and the format knows nothing
//! else. Written only for clients that ask for it; never read.

use chancery_core::digest::sha1;
use chancery_core::time::Time;
use chancery_core::x509;
use zeroize::Zeroizing;

use super::PrivateKey;
use crate::error::Error;
use crate::random;

const MAGIC: u32 = 0xfeed_feed;
const VERSION: u32 = 2;
/// The kind of an entry that holds a private key.
const PRIVATE_KEY: u32 = 1;
/// What is hashed between the password and the file.
const WHITENER: &[u8] = b"Mighty Aphrodite";
/// Octets of the salt, and of a SHA-1 value.
const SALT: usize = 20;

/// A file of a key and its certificates (whole DER each, its own first). The alias is in lower case, as Java keeps it.
pub(crate) fn export(
    key: &PrivateKey,
    certificates: &[&[u8]],
    alias: &str,
    password: &str,
    now: Time,
) -> Result<Vec<u8>, Error> {
    let password = Zeroizing::new(
        password
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect::<Vec<u8>>(),
    );
    let protected = protected(key.pkcs8(), &password, random::octets()?);
    let protected = x509::write_sun_protected_key(&protected).map_err(Error::internal)?;
    let mut file = Vec::new();
    for number in [MAGIC, VERSION, 1, PRIVATE_KEY] {
        file.extend(number.to_be_bytes());
    }
    push_text(&mut file, &alias_of(alias))?;
    file.extend(now.unix().saturating_mul(1000).to_be_bytes());
    push_octets(&mut file, &protected)?;
    push_length(&mut file, certificates.len())?;
    for certificate in certificates {
        push_text(&mut file, "X.509")?;
        push_octets(&mut file, certificate)?;
    }
    let check = sha1(&[&password, WHITENER, &file]);
    file.extend(check);
    Ok(file)
}

/// Salt, the key under a stream of hashes, and the hash that tells a wrong password.
fn protected(key: &[u8], password: &[u8], salt: [u8; SALT]) -> Vec<u8> {
    let mut protected = salt.to_vec();
    let mut last = salt;
    for block in key.chunks(SALT) {
        last = sha1(&[password, &last]);
        protected.extend(block.iter().zip(last).map(|(octet, mask)| octet ^ mask));
    }
    protected.extend(sha1(&[password, key]));
    protected
}

/// Java's modified UTF-8 differs from UTF-8 in U+0000 and beyond U+FFFF, which no alias needs.
fn alias_of(name: &str) -> String {
    name.to_lowercase()
        .replace(|letter| letter == '\0' || u32::from(letter) > 0xffff, "?")
}

fn push_text(file: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    file.extend(
        u16::try_from(text.len())
            .map_err(Error::internal)?
            .to_be_bytes(),
    );
    file.extend(text.as_bytes());
    Ok(())
}

fn push_octets(file: &mut Vec<u8>, octets: &[u8]) -> Result<(), Error> {
    push_length(file, octets.len())?;
    file.extend(octets);
    Ok(())
}

fn push_length(file: &mut Vec<u8>, length: usize) -> Result<(), Error> {
    file.extend(
        u32::try_from(length)
            .map_err(Error::internal)?
            .to_be_bytes(),
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Salt 00..13, key 00..1d, password "password": computed by Python's hashlib from the description of the format.
    #[test]
    fn keys_are_protected_as_java_does_it() {
        let salt: [u8; SALT] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let key: Vec<u8> = (0..30).collect();
        let password: Vec<u8> = "password"
            .encode_utf16()
            .flat_map(u16::to_be_bytes)
            .collect();
        assert_eq!(
            hex::encode(protected(&key, &password, salt)),
            "000102030405060708090a0b0c0d0e0f10111213fd7494e484078b19edb17059492c8d857699e1eb78ec3583aab56487a8dcd5cadc9e47645b06dd14922ebbd92342c84ab9c6"
        );
    }

    #[test]
    fn aliases_are_what_java_keeps() {
        assert_eq!(alias_of("Web-\u{1f511}.Example"), "web-?.example");
    }
}
