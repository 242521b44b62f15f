//! What every handler reaches: the engine, the configuration, the counters and the time of the start.

use std::sync::Arc;

use chancery_app::App;
use chancery_core::time::Time;

use crate::config::HttpConfig;
use crate::metrics::Metrics;

/// The state of every router. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) app: App,
    pub(crate) config: Arc<HttpConfig>,
    pub(crate) metrics: Arc<Metrics>,
    /// When the server started.
    pub(crate) started: Time,
}

impl Shared {
    /// Most octets of a request's body.
    pub(crate) fn largest_body(&self) -> usize {
        usize::try_from(self.config.server.max_body).unwrap_or(usize::MAX)
    }
}
