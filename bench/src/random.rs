//! Dice: which page is asked for next, when a server is killed. Good enough to spread choices, and for nothing else.

use crate::Error;

/// A stream of numbers (SplitMix64, Steele and others 2014), begun anywhere.
pub(crate) struct Random(u64);

impl Random {
    /// A stream that begins where nobody can foresee.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(crate) fn begin() -> Result<Self, Error> {
        let mut seed = [0; 8];
        #[expect(
            clippy::disallowed_methods,
            reason = "a measuring program has no application around it to draw from"
        )]
        aws_lc_rs::rand::fill(&mut seed).map_err(|_| "the system gives no random bytes")?;
        Ok(Self(u64::from_le_bytes(seed)))
    }

    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; zero if `end` is.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or(0)
    }
}
