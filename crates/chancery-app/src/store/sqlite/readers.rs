//! The threads that read, each with its own connection, so that no async thread waits for a disk; and a few connections
//! more for reads that are over sooner than another thread would begin with them.

use std::num::NonZero;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::schema;
use crate::store::StoreError;

/// The way to the reading threads. Dropping it finishes what waits and ends them.
pub(super) struct Readers {
    questions: Option<SyncSender<Question>>,
    threads: Vec<JoinHandle<()>>,
    in_place: Vec<Mutex<Connection>>,
}

/// Most connections for reads in place, each with its cache.
const MOST_IN_PLACE: usize = 8;

type Question = Box<dyn FnOnce(&Connection) + Send>;

impl Readers {
    /// Starts `count` threads on a database that has been opened for writing; at most `queue` questions wait for them.
    pub(super) fn start(path: &Path, count: u32, queue: usize) -> Result<Readers, StoreError> {
        let (questions, waiting) = sync_channel(queue);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut readers = Readers {
            questions: Some(questions),
            threads: Vec::new(),
            in_place: Vec::new(),
        };
        // One core at least goes on while the disk holds up the others.
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        for _ in 0..cores.saturating_sub(1).clamp(1, MOST_IN_PLACE) {
            let connection = schema::open_reader(path)?;
            connection.busy_timeout(Duration::ZERO)?;
            readers.in_place.push(Mutex::new(connection));
        }
        for number in 0..count {
            let connection = schema::open_reader(path)?;
            let waiting = Arc::clone(&waiting);
            let thread = thread::Builder::new()
                .name(format!("store-reader-{number}"))
                .spawn(move || answer_all(&connection, &waiting))
                .map_err(|error| StoreError::Broken(error.into()))?;
            readers.threads.push(thread);
        }
        Ok(readers)
    }

    /// Answers `question` from one snapshot of all that was committed before.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let question: Question = Box::new(move |connection| {
            // Who asked may have gone: then there is nothing to read for.
            if !reply.is_closed() {
                let _ = reply.send(in_snapshot(connection, question));
            }
        });
        let Some(questions) = &self.questions else {
            return Err(stopped());
        };
        questions.try_send(question).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Busy,
            TrySendError::Disconnected(_) => stopped(),
        })?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// Answers a question of one statement that reads a row or two: on the caller's own thread, where that takes some ten
    /// microseconds and no hop between threads. If that cannot be done at once, a reading thread answers.
    pub(super) async fn read_point<T: Send + 'static>(
        &self,
        question: impl Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        match self.in_place(&question) {
            Some(answer) => Ok(answer),
            None => self.read(question).await,
        }
    }

    fn in_place<T>(&self, question: impl Fn(&Connection) -> Result<T, StoreError>) -> Option<T> {
        let mut all = self.in_place.iter();
        let connection = all.find_map(|connection| connection.try_lock().ok())?;
        question(&connection).ok()
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.questions = None;
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a reader of the store has panicked");
            }
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Broken("the store's readers have stopped".into())
}

fn answer_all(connection: &Connection, waiting: &Mutex<Receiver<Question>>) {
    loop {
        // Held while waiting: one thread waits for the next question, the others for their turn to wait.
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        let Ok(question) = next else { return };
        question(connection);
    }
}

fn in_snapshot<T>(
    connection: &Connection,
    question: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let result = question(connection);
    connection.prepare_cached("ROLLBACK")?.execute([])?;
    result
}
