//! Whose turn it is to change a thing: of those who change one thing at the same moment each decides on what the one before
//! left, so that nobody has to give up because others were faster.
//!
//! A turn is an order of coming and no guard: what others must not have changed meanwhile is expected by the commit, in its
//! transaction, wherever they changed it from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// How often it is decided anew because somebody was faster who waited for no turn.
pub(crate) const ATTEMPTS: usize = 8;

/// The turns of all things that are changed at this moment.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<(&'static str, String), Weak<Queue>>>);

/// Those who wait for one thing, in the order of their coming.
type Queue = tokio::sync::Mutex<()>;

/// A turn; it ends when this is dropped.
pub(crate) type Turn = OwnedMutexGuard<()>;

impl Turns {
    /// Waits until everybody is done who came earlier for that thing of its kind. Whoever has a turn takes no second one.
    pub(crate) async fn take(&self, kind: &'static str, thing: &str) -> Turn {
        self.queue(kind, thing).lock_owned().await
    }

    fn queue(&self, kind: &'static str, thing: &str) -> Arc<Queue> {
        let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queues.retain(|_, queue| queue.strong_count() > 0);
        let queue = queues.entry((kind, thing.to_owned())).or_default();
        queue.upgrade().unwrap_or_else(|| {
            let made = Arc::default();
            *queue = Arc::downgrade(&made);
            made
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn a_thing_is_one_callers_at_a_time_and_nothing_of_it_stays() {
        let turns = Turns::default();
        let first = turns.take("user", "joe").await;
        let second = turns.take("user", "joe");
        assert!(timeout(Duration::from_millis(20), second).await.is_err());
        let others = (
            turns.take("user", "ann").await,
            turns.take("element", "joe").await,
        );
        drop((first, others));
        drop(turns.take("user", "joe").await);
        assert_eq!(turns.0.lock().unwrap().len(), 1);
        drop(turns.take("user", "eve").await);
        assert_eq!(turns.0.lock().unwrap().len(), 1);
    }
}
