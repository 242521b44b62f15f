//! Certificate serial numbers (RFC 5280, section 4.1.2.2) and the ways products print them.

use std::fmt;

/// A serial number: the content octets of its DER INTEGER, big-endian two's complement, exactly as the certificate has
/// them. Foreign certificates may hold negative, zero or over-long numbers; ours are 16 positive octets.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Serial(Vec<u8>);

/// Why text or octets are no serial number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SerialError;

/// Octets of a serial number that we make.
pub const SERIAL_LEN: usize = 16;
/// Longest serial number that is read from foreign material, in octets.
const LONGEST: usize = 64;

impl Serial {
    /// A new serial number from 16 octets of the system's random source: positive, never shorter than 16 octets, with
    /// about 126 bits left to chance.
    pub fn from_random(mut random: [u8; SERIAL_LEN]) -> Serial {
        if let Some(first) = random.first_mut() {
            *first = (*first & 0x7f) | 0x40;
        }
        Serial(random.to_vec())
    }

    /// From the content octets of a DER INTEGER.
    pub fn from_content(octets: &[u8]) -> Result<Serial, SerialError> {
        if octets.is_empty() || octets.len() > LONGEST {
            Err(SerialError)
        } else {
            Ok(Serial(octets.to_vec()))
        }
    }

    /// Reads hexadecimal as people and products write it: upper or lower case, with or without `0x`, colons or spaces,
    /// with or without leading zeros. The number is positive.
    pub fn parse_hex(text: &str) -> Result<Serial, SerialError> {
        let text = text.trim();
        let text = text
            .strip_prefix("0x")
            .or_else(|| text.strip_prefix("0X"))
            .unwrap_or(text);
        let digits: String = text.chars().filter(|c| !matches!(c, ':' | ' ')).collect();
        if digits.is_empty() || digits.len() > 2 * LONGEST {
            return Err(SerialError);
        }
        let even = if digits.len() % 2 == 1 {
            format!("0{digits}")
        } else {
            digits
        };
        let octets = hex::decode(even).map_err(|_| SerialError)?;
        // The sign octet counts too.
        Serial::from_content(Serial::from_magnitude(&octets).content())
    }

    /// From an unsigned big-endian number of any length; leading zeros do not matter.
    pub fn from_magnitude(octets: &[u8]) -> Serial {
        let start = octets.iter().position(|o| *o != 0).unwrap_or(octets.len());
        let mut content = octets.get(start..).unwrap_or_default().to_vec();
        if content.first().is_none_or(|first| *first >= 0x80) {
            content.insert(0, 0);
        }
        Serial(content)
    }

    /// The content octets of the DER INTEGER.
    pub fn content(&self) -> &[u8] {
        &self.0
    }

    /// Greater than zero?
    pub fn is_positive(&self) -> bool {
        self.0.first().is_some_and(|first| *first < 0x80) && self.0.iter().any(|o| *o != 0)
    }

    /// Lower-case hexadecimal of the content octets, sign octet included: `00ad2b9551de0fff5f` (Keystone).
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }

    /// The number's magnitude without sign octet.
    pub fn magnitude(&self) -> &[u8] {
        match self.0.as_slice() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        }
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({})", self.to_hex())
    }
}

impl fmt::Display for SerialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a serial number: give it in hexadecimal, at most 64 octets")
    }
}

impl std::error::Error for SerialError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_however_it_is_written() {
        for (text, want) in [
            ("16c13be6", "16c13be6"),
            ("0a5b1864", "0a5b1864"),
            ("A5B1864", "0a5b1864"),
            ("ad2b9551de0fff5f", "00ad2b9551de0fff5f"),
            ("00ad2b9551de0fff5f", "00ad2b9551de0fff5f"),
            ("0x0122A3", "0122a3"),
            ("08:BD:54:35", "08bd5435"),
            ("0", "00"),
        ] {
            assert_eq!(
                Serial::parse_hex(text).map(|s| s.to_hex()),
                Ok(want.to_owned()),
                "{text}"
            );
        }
        for text in ["", "0x", "xyz", "12g4", &"f".repeat(200)] {
            assert_eq!(Serial::parse_hex(text), Err(SerialError), "{text}");
        }
    }

    /// Found by fuzzing: such a number was read, and its own hexadecimal was not.
    #[test]
    fn a_sign_octet_does_not_stretch_the_limit() {
        let longest = format!("7{}", "f".repeat(127));
        assert_eq!(
            Serial::parse_hex(&longest).map(|s| s.to_hex()),
            Ok(longest.clone())
        );
        assert_eq!(Serial::parse_hex(&"f".repeat(128)), Err(SerialError));
    }

    #[test]
    fn made_serials_are_16_positive_octets() {
        for fill in [0x00, 0x7f, 0x80, 0xff] {
            let serial = Serial::from_random([fill; SERIAL_LEN]);
            assert_eq!(serial.content().len(), SERIAL_LEN);
            assert!(serial.is_positive());
        }
    }

    #[test]
    fn sign_octet_is_kept_in_content_and_left_out_of_magnitude() {
        let serial = Serial::from_content(&[0x00, 0xad, 0x2b]).unwrap();
        assert_eq!(serial.to_hex(), "00ad2b");
        assert_eq!(serial.magnitude(), [0xad, 0x2b]);
        assert!(!Serial::from_content(&[0xad]).unwrap().is_positive());
        assert!(!Serial::from_content(&[0]).unwrap().is_positive());
    }
}
