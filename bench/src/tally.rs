//! What came of many requests: latencies of those that succeeded, counts and first words of those that did not.
//! Must not know what was asked.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::histogram::Histogram;
use crate::output::{self, Report, rounded};

/// What came of some requests.
pub(crate) struct Tally {
    /// Of those that succeeded.
    pub(crate) latencies: Histogram,
    /// Bodies of those that succeeded.
    pub(crate) bytes: u64,
    /// How often what went wrong.
    errors: BTreeMap<String, u64>,
    /// What the server said when it went wrong first.
    first_error: Option<String>,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            latencies: Histogram::new(),
            bytes: 0,
            errors: BTreeMap::new(),
            first_error: None,
        }
    }

    /// Counts what went wrong; the words are kept of the first.
    pub(crate) fn error(&mut self, kind: String, words: impl FnOnce() -> String) {
        self.first_error
            .get_or_insert_with(|| format!("{kind}: {}", words()));
        *self.errors.entry(kind).or_default() += 1;
    }

    /// How many went wrong.
    pub(crate) fn errors(&self) -> u64 {
        self.errors.values().sum()
    }

    /// Tells on standard error what went wrong.
    pub(crate) fn note_errors(&self) {
        for (kind, count) in &self.errors {
            output::note(format_args!("{count} times {kind}"));
        }
        if let Some(words) = &self.first_error {
            output::note(format_args!("first error: {words}"));
        }
    }

    /// Counts all that `other` has seen.
    pub(crate) fn merge(&mut self, other: Self) {
        self.latencies.merge(&other.latencies);
        self.bytes += other.bytes;
        for (kind, count) in other.errors {
            *self.errors.entry(kind).or_default() += count;
        }
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

/// A finished run.
pub(crate) struct Outcome {
    /// What came of it.
    pub(crate) tally: Tally,
    /// From the first request to the last answer.
    pub(crate) elapsed: Duration,
}

impl Outcome {
    /// Successful requests in a second.
    pub(crate) fn rate(&self) -> f64 {
        self.tally.latencies.count() as f64 / self.elapsed.as_secs_f64()
    }

    /// All of it as figures; what went wrong is also told on standard error.
    pub(crate) fn report(&self, connections: u64) -> Report {
        let Tally {
            latencies,
            bytes,
            errors,
            ..
        } = &self.tally;
        let mut report = Report::default();
        report.add("requests_per_second", rounded(self.rate(), 1));
        report.add("requests", latencies.count());
        report.add("seconds", rounded(self.elapsed.as_secs_f64(), 3));
        report.add("connections", connections);
        report.add_time("mean_ms", latencies.mean());
        report.add_time("p50_ms", latencies.percentile(50.0));
        report.add_time("p90_ms", latencies.percentile(90.0));
        report.add_time("p99_ms", latencies.percentile(99.0));
        report.add_time("max_ms", latencies.max());
        report.add("body_bytes", *bytes);
        report.add("errors", self.tally.errors());
        self.tally.note_errors();
        report.add("errors_by_kind", serde_json::json!(errors));
        report
    }
}
