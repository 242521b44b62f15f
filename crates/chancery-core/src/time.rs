//! Points in time, as certificates hold them: whole seconds of UTC.

use std::time::Duration;

/// A point in time in whole seconds since 1970-01-01T00:00:00Z; may lie before it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Time(i64);

/// Seconds in a day of validity, as RFC 5280 counts it (no leap seconds).
pub const DAY: i64 = 86_400;

impl Time {
    /// The last moment a certificate can name: 9999-12-31T23:59:59Z (RFC 5280, section 4.1.2.5).
    pub const MAX: Time = Time(253_402_300_799);

    /// From seconds since the epoch; no limits are checked here, encoding checks them.
    pub const fn from_unix(seconds: i64) -> Time {
        Time(seconds)
    }

    /// Seconds since the epoch.
    pub const fn unix(self) -> i64 {
        self.0
    }

    /// This time moved by whole days, held at [`Time::MAX`].
    #[must_use]
    pub const fn plus_days(self, days: i64) -> Time {
        self.plus_seconds(days.saturating_mul(DAY))
    }

    /// This time moved by seconds (negative moves back), held at [`Time::MAX`].
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Time {
        let moved = self.0.saturating_add(seconds);
        if moved > Time::MAX.0 {
            Time::MAX
        } else {
            Time(moved)
        }
    }

    /// How long from `earlier` to this time; zero if it lies ahead.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_secs(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}
