//! Recurring work: each job a function of the engine and the time, run by one loop that survives their failures.

use std::time::Duration;

use crate::store::Step;
use crate::{App, Error};

/// How often the loop looks.
const EVERY: Duration = Duration::from_secs(3600);

impl App {
    /// Starts what runs beside requests: keeping RSA keys ready, and the recurring jobs. Ends with the runtime.
    pub fn start_background_work(&self) {
        self.0.pool.warm();
        let app = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                if let Err(error) = app.sweep_tokens().await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "expired tokens were not swept"
                    );
                }
                if let Err(error) = app.renew_responders().await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "OCSP responders were not looked after"
                    );
                }
            }
        });
    }

    /// Forgets tokens that have ended.
    pub(crate) async fn sweep_tokens(&self) -> Result<(), Error> {
        self.store()
            .commit(vec![Step::RemoveTokensExpiredBefore(self.now())])
            .await?;
        Ok(())
    }
}
