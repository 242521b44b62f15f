//! Digests of octets, as arrays. Which one serves what is decided where it is used.

use aws_lc_rs::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

/// SHA-256 (FIPS 180-4, section 6.2) of all parts one after another: its first `N` octets, of which there are 32.
pub fn sha256<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    const { assert!(N <= 32) };
    first(&SHA256, parts)
}

/// SHA-1 (FIPS 180-4, section 6.1) of all parts one after another, for formats that demand it.
pub fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    first(&SHA1_FOR_LEGACY_USE_ONLY, parts)
}

fn first<const N: usize>(algorithm: &'static Algorithm, parts: &[&[u8]]) -> [u8; N] {
    let mut context = Context::new(algorithm);
    for part in parts {
        context.update(part);
    }
    let mut first = [0; N];
    for (to, from) in first.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of FIPS 180 for the message `abc`.
    #[test]
    fn published_examples() {
        let whole: [u8; 32] = sha256(&[b"abc"]);
        assert_eq!(
            hex::encode(whole),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(sha256::<16>(&[b"a", b"", b"bc"]), whole[..16]);
        assert_eq!(
            hex::encode(sha1(&[b"ab", b"c"])),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
    }
}
