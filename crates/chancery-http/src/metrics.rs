//! Counters for operators, in Prometheus' text form at `/metrics`.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use chancery_app::WriterStats;

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: Family<ApiLabel, Histogram, fn() -> Histogram>,
    commits: Gauge,
    writes: Gauge,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct RequestLabels {
    api: &'static str,
    status: u16,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug, EncodeLabelSet)]
struct ApiLabel {
    api: &'static str,
}

fn buckets() -> Histogram {
    Histogram::new([
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
    ])
}

impl Metrics {
    pub(crate) fn new() -> Metrics {
        let mut registry = Registry::with_prefix("chancery");
        let requests = Family::default();
        registry.register(
            "http_requests",
            "Requests answered, by API and status",
            requests.clone(),
        );
        let seconds = Family::new_with_constructor(buckets as fn() -> Histogram);
        registry.register(
            "http_request_seconds",
            "Time to answer, by API",
            seconds.clone(),
        );
        let (commits, writes) = (Gauge::default(), Gauge::default());
        registry.register(
            "store_commits",
            "Durable commits since the start",
            commits.clone(),
        );
        registry.register(
            "store_writes",
            "Writes that shared those commits",
            writes.clone(),
        );
        Metrics {
            registry,
            requests,
            seconds,
            commits,
            writes,
        }
    }

    /// Counts one answered request.
    pub(crate) fn answered(&self, api: &'static str, status: u16, took: Duration) {
        self.requests
            .get_or_create(&RequestLabels { api, status })
            .inc();
        self.seconds
            .get_or_create(&ApiLabel { api })
            .observe(took.as_secs_f64());
    }

    /// Everything as text.
    pub(crate) fn text(&self, store: WriterStats) -> String {
        self.commits
            .set(i64::try_from(store.commits).unwrap_or(i64::MAX));
        self.writes
            .set(i64::try_from(store.commands).unwrap_or(i64::MAX));
        let mut text = String::new();
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}
