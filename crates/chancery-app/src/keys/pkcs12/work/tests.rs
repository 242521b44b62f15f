//! Files that were made to cost time, as no program writes them.

use cbc::Encryptor;
use cbc::cipher::{BlockCipherEncrypt, BlockModeEncrypt};

use super::super::super::encrypted::encrypt;
use super::*;

const PASSWORD: &str = "secret";
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
const SHROUDED_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 0x0c, 0x0a, 1, 2];
const SECRET: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 0x0c, 0x0a, 1, 5];
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d];
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0c];
const SCRYPT: &[u8] = &[0x2b, 6, 1, 4, 1, 0xda, 0x47, 4, 0x0b];
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9];
const HMAC_SHA224: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 8];
const AES_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42];
const SALT: &[u8] = b"saltsalt";
const INITIAL: [u8; 16] = [7; 16];

/// One element: tag, length in four octets, content.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, &content].concat()
}

fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    der(0x30, parts)
}

fn number(number: u32) -> Vec<u8> {
    der(2, &[&[0], &number.to_be_bytes()])
}

/// The algorithm of PBES2 with so many rounds of a derivation.
fn pbes2(derivation: &[u8], function: &[u8], rounds: u32) -> Vec<u8> {
    let function = sequence(&[&der(6, &[function]), &[5, 0]]);
    let parameters = sequence(&[&der(4, &[SALT]), &number(rounds), &function]);
    let derivation = sequence(&[&der(6, &[derivation]), &parameters]);
    let cipher = sequence(&[&der(6, &[AES_256]), &der(4, &[&INITIAL])]);
    sequence(&[&der(6, &[PBES2]), &sequence(&[&derivation, &cipher])])
}

fn old(rounds: u32) -> Vec<u8> {
    old_of(TRIPLE_DES, rounds)
}

fn old_of(kind: &[u8], rounds: u32) -> Vec<u8> {
    sequence(&[
        &der(6, &[kind]),
        &sequence(&[&der(4, &[SALT]), &number(rounds)]),
    ])
}

/// A key that is encrypted by an algorithm.
fn key(algorithm: &[u8]) -> Vec<u8> {
    let encrypted = sequence(&[algorithm, &der(4, &[&[0; 16]])]);
    sequence(&[&der(6, &[SHROUDED_KEY]), &der(0xa0, &[&encrypted])])
}

/// A secret that is encrypted by an algorithm.
fn secret(algorithm: &[u8]) -> Vec<u8> {
    let encrypted = sequence(&[algorithm, &der(4, &[&[0; 16]])]);
    let secret = der(0xa0, &[&der(4, &[&encrypted])]);
    let secret = sequence(&[&der(6, &[SHROUDED_KEY]), &secret]);
    sequence(&[&der(6, &[SECRET]), &der(0xa0, &[&secret])])
}

/// A part as it is, with these bags.
fn plain(bags: &[&[u8]]) -> Vec<u8> {
    let content = der(4, &[&sequence(bags)]);
    sequence(&[&der(6, &[DATA]), &der(0xa0, &[&content])])
}

/// A part that is encrypted by an algorithm, whatever is in it.
fn sealed(algorithm: &[u8], content: &[u8]) -> Vec<u8> {
    let content = sequence(&[&der(6, &[DATA]), algorithm, &der(0x80, &[content])]);
    let content = sequence(&[&der(2, &[&[0]]), &content]);
    sequence(&[&der(6, &[ENCRYPTED_DATA]), &der(0xa0, &[&content])])
}

/// A part that is encrypted in one round, with these bags.
fn encrypted(bags: &[&[u8]]) -> Vec<u8> {
    let mut key = [0; 32];
    let (function, one) = (pbkdf2::PBKDF2_HMAC_SHA256, NonZeroU32::MIN);
    pbkdf2::derive(function, one, SALT, PASSWORD.as_bytes(), &mut key);
    let mut content = sequence(bags);
    encrypt(&key, INITIAL, &mut content).unwrap();
    sealed(&pbes2(PBKDF2, HMAC_SHA256, 1), &content)
}

/// The same in an old way.
fn encrypted_of_old<C: BlockCipherEncrypt + KeyInit>(
    kind: &[u8],
    key_length: usize,
    bags: &[&[u8]],
) -> Vec<u8> {
    let derive = |what, length| derive_key_utf8::<Sha1>(PASSWORD, SALT, what, 1, length).unwrap();
    let key = derive(Pkcs12KeyType::EncryptionKey, key_length);
    let initial = derive(Pkcs12KeyType::Iv, 8);
    let cipher = Encryptor::<C>::new_from_slices(&key, &initial).unwrap();
    let content = cipher.encrypt_padded_vec::<Pkcs7>(&sequence(bags));
    sealed(&old_of(kind, 1), &content)
}

/// A file of these parts, with a MAC of so many rounds.
fn file(parts: &[&[u8]], rounds: u32) -> Vec<u8> {
    let content = der(4, &[&sequence(parts)]);
    let content = sequence(&[&der(6, &[DATA]), &der(0xa0, &[&content])]);
    let mac = sequence(&[&sequence(&[]), &der(4, &[SALT]), &number(rounds)]);
    sequence(&[&der(2, &[&[3]]), &content, &mac])
}

fn check(what: &str, file: &[u8], want: &str) {
    let said = match super::check(file, PASSWORD) {
        Ok(()) => "taken",
        Err(Pkcs12Error::TooLarge) => "too large",
        Err(Pkcs12Error::WrongPassword) => "wrong password",
        Err(Pkcs12Error::Unreadable(_)) => "unreadable",
        Err(other) => panic!("{what}: {other}"),
    };
    assert_eq!(said, want, "{what}");
}

#[test]
fn the_rounds_of_a_file_are_added_up_before_any_is_done() {
    let million = pbes2(PBKDF2, HMAC_SHA256, 1_000_000);
    let one_less = pbes2(PBKDF2, HMAC_SHA256, 999_999);
    let (key_of_a_million, key_of_less) = (key(&million), key(&one_less));
    let nine = [key_of_a_million.as_slice(); 9];
    let ten = [key_of_a_million.as_slice(); 10];
    check(
        "ten million in keys and MAC",
        &file(&[&plain(&nine)], 1_000_000),
        "taken",
    );
    check("one round more", &file(&[&plain(&ten)], 1), "too large");
    check("by the MAC alone", &file(&[], 10_000_001), "too large");
    check("none", &file(&[], 0), "taken");
    let secrets = [secret(&million), secret(&old(9_000_001))];
    let secrets = plain(&[&secrets[0], &secrets[1]]);
    check("in secrets", &file(&[&secrets], 0), "too large");
    check(
        "by the old encryption",
        &file(&[&plain(&[&key(&old(u32::MAX))])], 1),
        "too large",
    );
    // One round is that of the part itself.
    let hidden = [&nine[..], &[&key_of_less]].concat();
    check(
        "hidden in a part",
        &file(&[&encrypted(&hidden)], 0),
        "taken",
    );
    check(
        "hidden, and one more",
        &file(&[&encrypted(&hidden)], 1),
        "too large",
    );
    check(
        "hidden in two parts",
        &file(&[&encrypted(&nine), &encrypted(&nine)], 0),
        "too large",
    );
    for hide in [
        |bags: &[&[u8]]| encrypted_of_old::<TdesEde3>(TRIPLE_DES, 24, bags),
        |bags: &[&[u8]]| encrypted_of_old::<Rc2>(RC2_40, 5, bags),
    ] {
        check("hidden of old", &file(&[&hide(&hidden)], 0), "taken");
        check("and one more", &file(&[&hide(&hidden)], 1), "too large");
    }
    check(
        "a part itself",
        &file(&[&sealed(&million, &[0; 16])], 9_000_001),
        "too large",
    );
}

#[test]
fn what_cannot_be_foreseen_is_refused() {
    let unknown = pbes2(PBKDF2, HMAC_SHA224, 1);
    for unseen in [unknown, old_of(SHROUDED_KEY, 1)] {
        let file = file(&[&sealed(&unseen, &[0; 16])], 1);
        check("unknown", &file, "unreadable");
    }
    let nonsense = file(&[&sealed(&old(1), &[0; 16])], 1);
    check("nonsense of old", &nonsense, "wrong password");
    let scrypt = pbes2(SCRYPT, HMAC_SHA256, 1);
    check(
        "scrypt",
        &file(&[&plain(&[&key(&scrypt)])], 1),
        "unreadable",
    );
    check(
        "scrypt of a part",
        &file(&[&sealed(&scrypt, &[0; 16])], 1),
        "unreadable",
    );
    check(
        "scrypt, hidden",
        &file(&[&encrypted(&[&key(&scrypt)])], 1),
        "wrong password",
    );
    let by_another = encrypted(&[]);
    let by_another = by_another
        .strip_suffix(&[by_another[by_another.len() - 1]])
        .unwrap();
    check("cut off", &file(&[by_another], 1), "unreadable");
    let nonsense = sealed(&pbes2(PBKDF2, HMAC_SHA256, 1), &[0; 32]);
    check("nonsense", &file(&[&nonsense], 1), "wrong password");
    check("no file", b"", "unreadable");
}
