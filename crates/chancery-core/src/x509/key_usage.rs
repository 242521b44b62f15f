//! What a key may do: the key usage bits of RFC 5280, section 4.2.1.3.

use std::fmt;

/// A set of key usages.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Default)]
pub struct KeyUsage(u16);

/// Every usage with its word, in the order of RFC 5280, which is the order of the bits.
const WORDS: [(KeyUsage, &str); 9] = [
    (KeyUsage::DIGITAL_SIGNATURE, "digitalSignature"),
    (KeyUsage::CONTENT_COMMITMENT, "contentCommitment"),
    (KeyUsage::KEY_ENCIPHERMENT, "keyEncipherment"),
    (KeyUsage::DATA_ENCIPHERMENT, "dataEncipherment"),
    (KeyUsage::KEY_AGREEMENT, "keyAgreement"),
    (KeyUsage::KEY_CERT_SIGN, "keyCertSign"),
    (KeyUsage::CRL_SIGN, "cRLSign"),
    (KeyUsage::ENCIPHER_ONLY, "encipherOnly"),
    (KeyUsage::DECIPHER_ONLY, "decipherOnly"),
];

impl KeyUsage {
    /// Checking signatures other than those on certificates and CRLs.
    pub const DIGITAL_SIGNATURE: KeyUsage = KeyUsage(1);
    /// Checking signatures that commit their signer (once called nonRepudiation).
    pub const CONTENT_COMMITMENT: KeyUsage = KeyUsage(1 << 1);
    /// Enciphering keys.
    pub const KEY_ENCIPHERMENT: KeyUsage = KeyUsage(1 << 2);
    /// Enciphering data without a key in between.
    pub const DATA_ENCIPHERMENT: KeyUsage = KeyUsage(1 << 3);
    /// Agreeing on keys.
    pub const KEY_AGREEMENT: KeyUsage = KeyUsage(1 << 4);
    /// Checking signatures on certificates.
    pub const KEY_CERT_SIGN: KeyUsage = KeyUsage(1 << 5);
    /// Checking signatures on CRLs.
    pub const CRL_SIGN: KeyUsage = KeyUsage(1 << 6);
    /// Enciphering only, while agreeing on keys.
    pub const ENCIPHER_ONLY: KeyUsage = KeyUsage(1 << 7);
    /// Deciphering only, while agreeing on keys.
    pub const DECIPHER_ONLY: KeyUsage = KeyUsage(1 << 8);

    /// The usages of both.
    #[must_use]
    pub const fn union(self, other: KeyUsage) -> KeyUsage {
        KeyUsage(self.0 | other.0)
    }

    /// The usages of this one that are not in `other`.
    #[must_use]
    pub const fn without(self, other: KeyUsage) -> KeyUsage {
        KeyUsage(self.0 & !other.0)
    }

    /// Are all usages of `other` in this one?
    pub const fn contains(self, other: KeyUsage) -> bool {
        self.0 & other.0 == other.0
    }

    /// Is there no usage in it?
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its usages one by one, in the order of RFC 5280.
    pub fn iter(self) -> impl Iterator<Item = KeyUsage> {
        WORDS
            .into_iter()
            .map(|(usage, _)| usage)
            .filter(move |usage| self.contains(*usage))
    }

    /// The word of RFC 5280 for a single usage, `digitalSignature`; for several, their words with commas between.
    pub fn word(self) -> String {
        let words: Vec<&str> = WORDS
            .iter()
            .filter(|(usage, _)| self.contains(*usage))
            .map(|(_, word)| *word)
            .collect();
        words.join(",")
    }

    /// Reads a single usage by its word in RFC 5280, letter case aside; `nonRepudiation` too.
    pub fn parse(word: &str) -> Option<KeyUsage> {
        let word = if word.eq_ignore_ascii_case("nonRepudiation") {
            "contentCommitment"
        } else {
            word
        };
        WORDS
            .iter()
            .find(|(_, known)| known.eq_ignore_ascii_case(word))
            .map(|(usage, _)| *usage)
    }

    /// From the octets of a BIT STRING, whose first bit is the first usage. Bits that RFC 5280 does not name are dropped.
    pub(crate) fn from_bits(octets: &[u8]) -> KeyUsage {
        let octet = |at| octets.get(at).copied().unwrap_or(0);
        KeyUsage(u16::from_be_bytes([octet(0), octet(1)]).reverse_bits() & 0x1ff)
    }

    /// The octets of a BIT STRING, and how many bits of the last one are unused (X.690, section 11.2.2).
    pub(crate) fn to_bits(self) -> (Vec<u8>, u8) {
        let mut octets = self.0.reverse_bits().to_be_bytes().to_vec();
        while octets.last() == Some(&0) {
            octets.pop();
        }
        // At most 7: a last octet of zero was dropped.
        let unused = octets.last().map_or(0, |last| last.trailing_zeros() as u8);
        (octets, unused)
    }
}

impl fmt::Debug for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyUsage({})", self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usage_has_its_word_and_bit() {
        for (at, (usage, word)) in WORDS.into_iter().enumerate() {
            assert_eq!(usage.word(), word);
            assert_eq!(KeyUsage::parse(word), Some(usage));
            let (octets, unused) = usage.to_bits();
            assert_eq!(octets.len() * 8 - usize::from(unused), at + 1, "{word}");
            assert_eq!(KeyUsage::from_bits(&octets), usage);
        }
        assert_eq!(
            KeyUsage::parse("NONREPUDIATION"),
            Some(KeyUsage::CONTENT_COMMITMENT)
        );
        assert_eq!(KeyUsage::parse(""), None);
        assert_eq!(KeyUsage::parse("serverAuth"), None);
    }

    #[test]
    fn sets_behave_as_sets() {
        let both = KeyUsage::DECIPHER_ONLY.union(KeyUsage::KEY_AGREEMENT);
        assert!(both.contains(KeyUsage::KEY_AGREEMENT) && !both.contains(KeyUsage::CRL_SIGN));
        assert_eq!(
            both.without(KeyUsage::KEY_AGREEMENT),
            KeyUsage::DECIPHER_ONLY
        );
        assert!(KeyUsage::default().is_empty() && !both.is_empty());
        assert_eq!(
            both.iter().collect::<Vec<_>>(),
            [KeyUsage::KEY_AGREEMENT, KeyUsage::DECIPHER_ONLY]
        );
        assert_eq!(both.word(), "keyAgreement,decipherOnly");
        assert_eq!(both.to_bits(), (vec![0x08, 0x80], 7));
        assert_eq!(KeyUsage::default().to_bits(), (vec![], 0));
        assert_eq!(KeyUsage::from_bits(&[0xff, 0xff, 0xff]).iter().count(), 9);
    }
}
