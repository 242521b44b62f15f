//! The system's random source: the only one in the program.

use aws_lc_rs::rand;

use crate::App;
use crate::error::Error;

impl App {
    /// A new random id of 32 lower-case hexadecimal digits, for APIs that make ids of that form.
    pub fn new_id(&self) -> Result<String, Error> {
        crate::property::new_id()
    }
}

/// `N` random octets.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that draws random octets"
)]
pub(crate) fn octets<const N: usize>() -> Result<[u8; N], Error> {
    let mut octets = [0; N];
    rand::fill(&mut octets).map_err(|_| Error::internal("the system's random source failed"))?;
    Ok(octets)
}

/// `N` random characters out of letters and digits: about 5.95 bits each.
pub(crate) fn text(length: usize) -> Result<String, Error> {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for octet in octets::<64>()? {
            // 248 is the largest multiple of 62 in an octet: what lies above would favour some characters.
            if octet < 248
                && text.len() < length
                && let Some(character) = ALPHABET.get(usize::from(octet % 62))
            {
                text.push(char::from(*character));
            }
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_has_the_asked_length_and_differs() {
        let (a, b) = (super::text(40).unwrap(), super::text(40).unwrap());
        assert_eq!((a.len(), b.len()), (40, 40));
        assert_ne!(a, b);
        assert!(a.bytes().all(|c| c.is_ascii_alphanumeric()));
    }
}
