//! How much work a PKCS#12 file asks of whoever opens it (RFC 7292): the rounds of its key derivations, read before any is
//! done. No cryptography here; nothing is judged.

use super::tlv::{
    INTEGER, Malformed, OBJECT_IDENTIFIER, OCTET_STRING, Reader, SEQUENCE, context,
    context_constructed,
};

/// The work that can be seen from outside.
#[derive(Debug)]
pub struct Pkcs12Work<'a> {
    /// Rounds of all derivations that can be seen, that of the MAC among them.
    pub rounds: u64,
    /// The parts that are encrypted as a whole: more may be asked for inside.
    pub sealed: Vec<Sealed<'a>>,
}

/// A part that is encrypted as a whole.
#[derive(Debug)]
pub struct Sealed<'a> {
    /// How.
    pub by: Scheme<'a>,
    /// The ciphertext.
    pub content: &'a [u8],
}

/// How something is encrypted under a password.
#[derive(Debug)]
pub enum Scheme<'a> {
    /// PBES2 with PBKDF2.
    Pbes2(Pbes2<'a>),
    /// A scheme with the parameters of those of PKCS#12 itself (RFC 7292, appendix C).
    Old(Old<'a>),
}

/// Parameters of an old scheme.
#[derive(Debug)]
pub struct Old<'a> {
    /// The content octets of its identifier's DER.
    pub kind: &'a [u8],
    /// The salt.
    pub salt: &'a [u8],
    /// Rounds.
    pub rounds: u64,
}

/// Parameters of PBES2 with PBKDF2 (RFC 8018, appendix A). Identifiers are the content octets of their DER.
#[derive(Debug)]
pub struct Pbes2<'a> {
    /// The salt.
    pub salt: &'a [u8],
    /// Rounds.
    pub rounds: u64,
    /// The identifier of the function; HMAC with SHA-1 if left out.
    pub function: Option<&'a [u8]>,
    /// The identifier of the cipher.
    pub cipher: &'a [u8],
    /// The initialisation vector.
    pub initial: &'a [u8],
}

/// 1.2.840.113549.1.7.6, encryptedData.
const ENCRYPTED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6];
/// 1.2.840.113549.1.5.13.
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d];
/// 1.2.840.113549.1.5.12.
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0c];
/// 1.2.840.113549.1.12.10.1.2, a PKCS#8 key that is encrypted.
const SHROUDED_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 0x0c, 0x0a, 1, 2];
/// 1.2.840.113549.1.12.10.1.5, whatever secret, encrypted in the same way.
const SECRET: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 0x0c, 0x0a, 1, 5];

/// The work that a file (DER) asks for; none if it is no such file, or asks for work of a kind that is not known here.
pub fn pkcs12_work(file: &[u8]) -> Option<Pkcs12Work<'_>> {
    read_file(file).ok()
}

/// Rounds of all derivations that the bags of a part (its SafeContents, DER) ask for; none if these are no such bags.
pub fn pkcs12_work_inside(bags: &[u8]) -> Option<u64> {
    read_bags(bags).ok()
}

fn read_file(file: &[u8]) -> Result<Pkcs12Work<'_>, Malformed> {
    let mut file = Reader::inside(file, SEQUENCE)?;
    file.expect(INTEGER)?;
    let mut content = file.nested(SEQUENCE)?;
    content.expect(OBJECT_IDENTIFIER)?;
    let parts = content
        .nested(context_constructed(0))?
        .expect(OCTET_STRING)?;
    let mut work = Pkcs12Work {
        rounds: 0,
        sealed: Vec::new(),
    };
    if let Some(mac) = file.optional(SEQUENCE) {
        let mut mac = Reader::new(mac.content);
        mac.expect(SEQUENCE)?;
        mac.expect(OCTET_STRING)?;
        let rounds = mac.optional(INTEGER);
        work.rounds = rounds.map_or(Ok(1), |rounds| number(rounds.content))?;
    }
    file.finish()?;
    let mut parts = Reader::inside(parts.content, SEQUENCE)?;
    while !parts.is_finished() {
        let mut part = parts.nested(SEQUENCE)?;
        let kind = part.expect(OBJECT_IDENTIFIER)?.content;
        let mut content = part.nested(context_constructed(0))?;
        let rounds = if kind == ENCRYPTED_DATA {
            let (sealed, rounds) = read_sealed(content.nested(SEQUENCE)?)?;
            work.sealed.extend(sealed);
            rounds
        } else {
            read_bags(content.expect(OCTET_STRING)?.content)?
        };
        work.rounds = work.rounds.saturating_add(rounds);
    }
    Ok(work)
}

/// EncryptedData (RFC 5652, section 8), which may have no content.
fn read_sealed(mut data: Reader<'_>) -> Result<(Option<Sealed<'_>>, u64), Malformed> {
    data.expect(INTEGER)?;
    let mut content = data.nested(SEQUENCE)?;
    content.expect(OBJECT_IDENTIFIER)?;
    let (by, rounds) = read_scheme(content.nested(SEQUENCE)?)?;
    let sealed = content.optional(context(0)).map(|content| Sealed {
        by,
        content: content.content,
    });
    content.finish()?;
    Ok((sealed, rounds))
}

fn read_bags(bags: &[u8]) -> Result<u64, Malformed> {
    let mut bags = Reader::inside(bags, SEQUENCE)?;
    let mut sum: u64 = 0;
    while !bags.is_finished() {
        let mut bag = bags.nested(SEQUENCE)?;
        let kind = bag.expect(OBJECT_IDENTIFIER)?.content;
        let mut value = bag.nested(context_constructed(0))?;
        let mut encrypted = match kind {
            SHROUDED_KEY => value.nested(SEQUENCE)?,
            SECRET => {
                let mut secret = value.nested(SEQUENCE)?;
                secret.expect(OBJECT_IDENTIFIER)?;
                let key = secret
                    .nested(context_constructed(0))?
                    .expect(OCTET_STRING)?;
                Reader::inside(key.content, SEQUENCE)?
            }
            _ => continue,
        };
        sum = sum.saturating_add(read_scheme(encrypted.nested(SEQUENCE)?)?.1);
    }
    Ok(sum)
}

/// How something is encrypted, and in how many rounds its key is derived: PBES2, or any scheme with the parameters of
/// those of PKCS#12.
fn read_scheme(mut scheme: Reader<'_>) -> Result<(Scheme<'_>, u64), Malformed> {
    let kind = scheme.expect(OBJECT_IDENTIFIER)?.content;
    let mut parameters = scheme.nested(SEQUENCE)?;
    scheme.finish()?;
    if kind != PBES2 {
        let salt = parameters.expect(OCTET_STRING)?.content;
        let rounds = number(parameters.expect(INTEGER)?.content)?;
        return Ok((Scheme::Old(Old { kind, salt, rounds }), rounds));
    }
    let mut derivation = parameters.nested(SEQUENCE)?;
    if derivation.expect(OBJECT_IDENTIFIER)?.content != PBKDF2 {
        return Err(Malformed);
    }
    let mut derivation = derivation.nested(SEQUENCE)?;
    let salt = derivation.expect(OCTET_STRING)?.content;
    let rounds = number(derivation.expect(INTEGER)?.content)?;
    derivation.optional(INTEGER);
    let function = match derivation.optional(SEQUENCE) {
        Some(function) => Some(
            Reader::new(function.content)
                .expect(OBJECT_IDENTIFIER)?
                .content,
        ),
        None => None,
    };
    let mut encryption = parameters.nested(SEQUENCE)?;
    let by = Pbes2 {
        salt,
        rounds,
        function,
        cipher: encryption.expect(OBJECT_IDENTIFIER)?.content,
        initial: encryption.expect(OCTET_STRING)?.content,
    };
    Ok((Scheme::Pbes2(by), rounds))
}

/// A number that is not negative and has at most eight octets.
fn number(content: &[u8]) -> Result<u64, Malformed> {
    match content {
        [first, ..] if content.len() <= 8 && *first < 0x80 => Ok(content
            .iter()
            .fold(0, |number, octet| number << 8 | u64::from(*octet))),
        _ => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of files as OpenSSL writes them: `-iter N` is N rounds for the MAC, the key and the certificates each.
    #[test]
    fn all_rounds_are_added_up() {
        let check = |file: &[u8], rounds, sealed| {
            let work = pkcs12_work(file).unwrap();
            assert_eq!((work.rounds, work.sealed.len()), (rounds, sealed));
            assert!(pkcs12_work(&file[1..]).is_none());
        };
        check(
            include_bytes!("../../../../fuzz/seeds/pkcs12/pbes2.p12"),
            3 + 3 + 3,
            1,
        );
        check(
            include_bytes!("../../../../fuzz/seeds/pkcs12/old.p12"),
            3 + 3 + 3,
            1,
        );
        check(
            include_bytes!("../../../../fuzz/seeds/pkcs12/only-key.p12"),
            4 + 4,
            0,
        );
        check(
            include_bytes!("../../../../fuzz/seeds/pkcs12/open.p12"),
            0,
            0,
        );
    }
}
