//! Recurring work: each job a function of the engine and the time, run by one loop that survives their failures.

mod bulk;
mod crls;
mod implement;

use std::time::Duration;

use crate::store::Step;
use crate::store::records::RecordStep;
use crate::{App, Error};

/// How often the loop looks.
const EVERY: Duration = Duration::from_secs(3600);
/// How often the log says what ends soon.
const DAILY: Duration = Duration::from_secs(86_400);
/// When orders are looked at again that could neither be done nor given up.
const AGAIN: Duration = Duration::from_secs(5);

impl App {
    /// Starts what runs beside requests: keeping RSA keys and CRLs ready, doing approved orders, going on with bulk
    /// revocations, warning of what ends, and the recurring jobs. Ends with the runtime.
    pub fn start_background_work(&self) {
        self.0.pool.warm();
        tokio::spawn(self.clone().keep_implementing());
        tokio::spawn(self.clone().keep_revoking());
        tokio::spawn(self.clone().keep_crls());
        tokio::spawn(self.clone().keep_warning());
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
                if let Err(error) = app.sweep_crls().await {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "CRLs that are over were not swept"
                    );
                }
            }
        });
    }

    /// Says in the log what ends soon, at the start and each day, for ever.
    async fn keep_warning(self) {
        loop {
            self.warn_of_endings();
            tokio::time::sleep(DAILY).await;
        }
    }

    /// Does approved orders for ever: those that a former process left, then each as soon as it is approved.
    async fn keep_implementing(self) {
        loop {
            let pause = match self.implement_orders().await {
                Ok(()) => EVERY,
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "an approved order waits"
                    );
                    AGAIN
                }
            };
            // An order that was approved meanwhile has left a permit, which ends the wait at once.
            let _ = tokio::time::timeout(pause, self.0.orders.approved.notified()).await;
        }
    }

    /// Forgets tokens that have ended, and what was edited under a lock that ended with one.
    pub(crate) async fn sweep_tokens(&self) -> Result<(), Error> {
        let now = self.now();
        self.store()
            .commit(vec![
                Step::RemoveTokensExpiredBefore(now),
                Step::Records(RecordStep::DropAbandoned(now)),
            ])
            .await?;
        Ok(())
    }
}
