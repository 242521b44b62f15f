//! CRLs at work: those that should be there before anybody asks, and the slow ones after changes.

use std::time::Duration;

use crate::App;

/// How often lists are looked after when nothing calls for it.
const EVERY: Duration = Duration::from_secs(60);
/// After work, so many times its length belong to others.
const REST: u32 = 4;
/// Rest at the least: whoever asks for a slow list that is due calls for it each time.
const SHORTEST: Duration = Duration::from_secs(1);

impl App {
    /// Looks after CRLs for ever: at the start, from time to time, and when a slow one is due.
    pub(super) async fn keep_crls(self) {
        loop {
            let busy = self.look_after_crls().await;
            tokio::time::sleep(SHORTEST.max(busy * REST)).await;
            // Whoever asked meanwhile has left a permit, which ends the wait at once.
            let _ = tokio::time::timeout(EVERY, self.0.crls.due.notified()).await;
        }
    }
}
