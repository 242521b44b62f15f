//! The clock: the only place that asks what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use chancery_core::time::Time;

/// Where the time comes from.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system.
    System,
    /// A value that tests set, in seconds since 1970.
    Fixed(Arc<AtomicI64>),
}

impl Clock {
    /// The time now.
    pub fn now(&self) -> Time {
        match self {
            Clock::System => system_now(),
            Clock::Fixed(seconds) => Time::from_unix(seconds.load(Ordering::SeqCst)),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the clock"
)]
fn system_now() -> Time {
    let seconds = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs());
    Time::from_unix(i64::try_from(seconds).unwrap_or(i64::MAX))
}
