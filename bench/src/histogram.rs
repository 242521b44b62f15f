//! Latencies, counted in buckets that are exact to one part in 128, so that a million of them take 60 KB and no sorting.
//! Must not know what was measured.

use std::time::Duration;

/// Buckets in each doubling.
const STEPS: u64 = 128;
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Every `u64` of nanoseconds has its bucket.
const BUCKETS: usize = (STEPS * (65 - STEP_BITS as u64)) as usize;

/// Latencies seen so far. Mean and maximum are exact; a percentile is at most 1/128 above the truth.
#[derive(Clone)]
pub(crate) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    sum: u128,
    max: u64,
}

impl Histogram {
    /// One that has seen nothing.
    pub(crate) fn new() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
            count: 0,
            sum: 0,
            max: 0,
        }
    }

    /// Counts one latency.
    pub(crate) fn add(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        if let Some(bucket) = self.buckets.get_mut(bucket_of(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.sum += u128::from(nanos);
        self.max = self.max.max(nanos);
    }

    /// Counts all that `other` has seen.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.count += other.count;
        self.sum += other.sum;
        self.max = self.max.max(other.max);
    }

    /// How many latencies it has seen.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Their mean; zero if there are none.
    pub(crate) fn mean(&self) -> Duration {
        let mean = self.sum.checked_div(u128::from(self.count)).unwrap_or(0);
        Duration::from_nanos(u64::try_from(mean).unwrap_or(u64::MAX))
    }

    /// The longest; zero if there are none.
    pub(crate) fn max(&self) -> Duration {
        Duration::from_nanos(self.max)
    }

    /// The latency that `percent` (0 to 100) of all do not exceed; zero if there are none.
    pub(crate) fn percentile(&self, percent: f64) -> Duration {
        let rank = (self.count as f64 * percent / 100.0).ceil().max(1.0) as u64;
        let mut seen = 0;
        for (index, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return Duration::from_nanos(last_of(index).min(self.max));
            }
        }
        self.max()
    }
}

/// Below `STEPS` each nanosecond has a bucket of its own; above, the leading `STEP_BITS + 1` bits of the number name it.
fn bucket_of(nanos: u64) -> usize {
    let shift = (u64::BITS - nanos.leading_zeros()).saturating_sub(STEP_BITS + 1);
    (u64::from(shift) * STEPS + (nanos >> shift)) as usize
}

/// The largest number of a bucket.
fn last_of(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let shift = (bucket / STEPS).saturating_sub(1);
    let leading = bucket - shift * STEPS;
    let above = u128::from(leading + 1) << shift;
    u64::try_from(above - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(nanos: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::new();
        for one in nanos {
            histogram.add(Duration::from_nanos(one));
        }
        histogram
    }

    #[test]
    fn buckets_hold_what_they_say() {
        let edges = (0..64).flat_map(|bit| [1_u64 << bit, (1 << bit) - 1, (1 << bit) + 1]);
        for nanos in edges.chain(0..100_000).chain([u64::MAX]) {
            let bucket = bucket_of(nanos);
            assert!(bucket < BUCKETS, "{nanos}");
            assert!(last_of(bucket) >= nanos, "{nanos}");
            assert!(last_of(bucket) - nanos <= nanos / STEPS, "{nanos}");
            assert!(bucket == 0 || last_of(bucket - 1) < nanos, "{nanos}");
        }
    }

    #[test]
    fn percentiles_of_an_even_spread() {
        let histogram = of((1..=10_000).map(|step| step * 1_000));
        for (percent, truth) in [(50.0, 5e6), (90.0, 9e6), (99.0, 9.9e6), (100.0, 1e7)] {
            let found = histogram.percentile(percent).as_nanos() as f64;
            assert!(
                found >= truth && found <= truth * (1.0 + 1.0 / 128.0),
                "p{percent}: {found}"
            );
        }
        assert_eq!(histogram.mean(), Duration::from_nanos(5_000_500));
        assert_eq!(histogram.max(), Duration::from_millis(10));
    }

    #[test]
    fn merging_counts_both() {
        let mut left = of([10, 20]);
        left.merge(&of([30]));
        assert_eq!((left.count(), left.mean().as_nanos()), (3, 20));
        assert_eq!(left.percentile(100.0).as_nanos(), 30);
        assert_eq!(left.percentile(50.0).as_nanos(), 20);
    }

    #[test]
    fn nothing_seen_is_zero() {
        let empty = of([]);
        assert_eq!(
            (empty.count(), empty.mean(), empty.max()),
            (0, Duration::ZERO, Duration::ZERO)
        );
        assert_eq!(empty.percentile(99.0), Duration::ZERO);
    }
}
