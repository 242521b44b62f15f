//! The ids by which certificates, users and domains are known to every API.

use std::fmt;

/// A certificate's id: 96 bits, printed as 24 lower-case hexadecimal digits. The first 32 bits are the second of its
/// making, so that ids sort roughly by age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CertificateId([u8; 12]);

/// A certificate's number: 1 and up, in the order of their making, never given twice.
pub type CertificateNumber = i64;

/// A user's id: a free string, unique everywhere (`000000003002`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct UserId(String);

/// A domain's id: a free string, unique everywhere (`000000001001`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct DomainId(String);

/// Why text is no id.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct IdError;

/// Longest user or domain id, in octets.
const LONGEST: usize = 128;

impl CertificateId {
    /// From the second of its making and eight random octets.
    pub fn new(now: crate::time::Time, random: [u8; 8]) -> CertificateId {
        let seconds = u32::try_from(now.unix()).unwrap_or(0).to_be_bytes();
        let mut id = [0; 12];
        for (to, from) in id.iter_mut().zip(seconds.iter().chain(&random)) {
            *to = *from;
        }
        CertificateId(id)
    }

    /// From its 12 octets.
    pub fn from_octets(octets: &[u8]) -> Result<CertificateId, IdError> {
        octets.try_into().map(CertificateId).map_err(|_| IdError)
    }

    /// Its 12 octets.
    pub fn octets(&self) -> &[u8; 12] {
        &self.0
    }

    /// Reads 24 hexadecimal digits.
    pub fn parse(text: &str) -> Result<CertificateId, IdError> {
        let octets = hex::decode(text).map_err(|_| IdError)?;
        CertificateId::from_octets(&octets)
    }
}

impl fmt::Display for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for CertificateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateId({self})")
    }
}

fn checked(text: &str) -> Result<String, IdError> {
    let fits = !text.is_empty() && text.len() <= LONGEST;
    if fits && !text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        Ok(text.to_owned())
    } else {
        Err(IdError)
    }
}

impl UserId {
    /// Reads an id: 1 to 128 octets without white space or control characters.
    pub fn parse(text: &str) -> Result<UserId, IdError> {
        checked(text).map(UserId)
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl DomainId {
    /// Reads an id: 1 to 128 octets without white space or control characters.
    pub fn parse(text: &str) -> Result<DomainId, IdError> {
        checked(text).map(DomainId)
    }

    /// The id's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for DomainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for IdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an id: give 1 to 128 characters without spaces (certificates: 24 hexadecimal digits)")
    }
}

impl std::error::Error for IdError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn certificate_ids_print_and_read_back() {
        let id = CertificateId::new(
            Time::from_unix(0x5f56_41a7),
            [0xe7, 0x4e, 0x18, 0x7a, 0x7e, 0x3d, 0x52, 0x66],
        );
        assert_eq!(id.to_string(), "5f5641a7e74e187a7e3d5266");
        assert_eq!(CertificateId::parse("5f5641a7e74e187a7e3d5266"), Ok(id));
        for text in [
            "",
            "5f",
            "5f5641a7e74e187a7e3d52660",
            "5f5641a7e74e187a7e3d526g",
        ] {
            assert_eq!(CertificateId::parse(text), Err(IdError), "{text}");
        }
    }

    #[test]
    fn user_ids_are_free_strings_without_white_space() {
        for text in ["000000003002", "joe@hp.com", "Jörg"] {
            assert_eq!(UserId::parse(text).unwrap().as_str(), text);
        }
        for text in ["", "a b", "a\0", "\n", &"x".repeat(129)] {
            assert_eq!(UserId::parse(text), Err(IdError), "{text:?}");
        }
    }
}
