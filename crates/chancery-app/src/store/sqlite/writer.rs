//! The one thread that writes. Many waiting commands share one transaction and so one fsync, yet each stands or falls
//! alone. What a command does is none of its business, but that revocation data changed: the watch is told of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::changes;
use super::subjects::SubjectIndex;
use crate::store::revocations::RevocationWatch;
use crate::store::{StoreError, WriterStats};

/// Most commands that share a transaction: beyond it the fsync is spread thin enough, and the first one waits too long.
const LARGEST_BATCH: usize = 512;

/// How long nothing must have happened before the subject index is worked on.
const IDLE: Duration = Duration::from_millis(50);

/// The way to the writing thread. Dropping it finishes what waits, checkpoints and ends the thread.
pub(super) struct Writer {
    commands: Option<SyncSender<Box<dyn Command>>>,
    thread: Option<JoinHandle<()>>,
    counts: Arc<Counts>,
    revocations: Arc<RevocationWatch>,
}

/// Something that waits to be written.
trait Command: Send {
    /// Does it inside the open transaction; false if it failed, which may leave it half done. Can be done anew.
    fn perform(&mut self, connection: &Connection) -> bool;
    /// Says how it went, given how the transaction ended.
    fn answer(self: Box<Self>, durable: &Result<(), StoreError>);
}

/// A command that has a result.
struct Write<T, W> {
    work: W,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

#[derive(Default)]
struct Counts {
    commits: AtomicU64,
    commands: AtomicU64,
}

impl Writer {
    /// Starts the thread on a connection that can write; at most `queue` commands wait for it.
    pub(super) fn start(connection: Connection, queue: usize) -> Result<Writer, StoreError> {
        let index = SubjectIndex::open(&connection)?;
        let (commands, waiting) = sync_channel(queue);
        let counts = Arc::new(Counts::default());
        let revocations = Arc::new(changes::watch(&connection)?);
        let work = Work {
            connection,
            waiting,
            index,
            counts: Arc::clone(&counts),
            revocations: Arc::clone(&revocations),
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work.run())
            .map_err(|error| StoreError::Broken(error.into()))?;
        Ok(Writer {
            commands: Some(commands),
            thread: Some(thread),
            counts,
            revocations,
        })
    }

    /// Does `work` in a transaction and answers once that is durable. If `work` fails, nothing of it stays. It may be
    /// done a second time, from the same start.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let Some(commands) = &self.commands else {
            return Err(stopped());
        };
        commands
            .try_send(Box::new(Write {
                work,
                result: None,
                reply,
            }))
            .map_err(|error| match error {
                TrySendError::Full(_) => StoreError::Busy,
                TrySendError::Disconnected(_) => stopped(),
            })?;
        answer.await.unwrap_or_else(|_| Err(stopped()))
    }

    /// What changed of late in revocation data.
    pub(super) fn revocations(&self) -> &RevocationWatch {
        &self.revocations
    }

    /// How many commands shared how many commits.
    pub(super) fn stats(&self) -> WriterStats {
        WriterStats {
            commits: self.counts.commits.load(Ordering::Relaxed),
            commands: self.counts.commands.load(Ordering::Relaxed),
        }
    }
}

impl<T: Send, W: FnMut(&Connection) -> Result<T, StoreError> + Send> Command for Write<T, W> {
    fn perform(&mut self, connection: &Connection) -> bool {
        self.result.insert((self.work)(connection)).is_ok()
    }

    fn answer(self: Box<Self>, durable: &Result<(), StoreError>) {
        let outcome = match (durable, self.result) {
            (Ok(()), Some(result)) => result,
            (Ok(()), None) => Err(StoreError::Broken("the command was passed over".into())),
            (Err(StoreError::Broken(cause)), _) => {
                Err(StoreError::Broken(format!("transaction: {cause}").into()))
            }
            (Err(error), _) => Err(StoreError::Broken(format!("transaction: {error}").into())),
        };
        // Who asked may have gone; the write stands all the same.
        let _ = self.reply.send(outcome);
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer has panicked");
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Broken("the store's writer has stopped".into())
}

/// What the thread owns.
struct Work {
    connection: Connection,
    waiting: Receiver<Box<dyn Command>>,
    index: SubjectIndex,
    counts: Arc<Counts>,
    revocations: Arc<RevocationWatch>,
}

impl Work {
    fn run(mut self) {
        loop {
            match self.next() {
                Ok(first) => self.commit_with_all_that_wait(first),
                Err(RecvTimeoutError::Timeout) => self.index_subjects(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if self.index.is_far_behind() {
                self.index_subjects();
            }
        }
        if let Err(error) = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        {
            tracing::warn!(%error, "the write-ahead log was not checkpointed: the next start will do it");
        }
    }

    fn next(&self) -> Result<Box<dyn Command>, RecvTimeoutError> {
        if self.index.is_behind() {
            self.waiting.recv_timeout(IDLE)
        } else {
            self.waiting
                .recv()
                .map_err(|_| RecvTimeoutError::Disconnected)
        }
    }

    /// One transaction for `first` and every command that waits with it. Nobody hears before it is durable.
    fn commit_with_all_that_wait(&mut self, first: Box<dyn Command>) {
        let begun = run(&self.connection, "BEGIN IMMEDIATE");
        let more = self.waiting.try_iter().take(LARGEST_BATCH - 1);
        let mut batch: Vec<Box<dyn Command>> = std::iter::once(first).chain(more).collect();
        let durable = begun
            .and_then(|()| self.perform(&mut batch))
            .map_err(StoreError::from)
            .and_then(|()| self.commit());
        match &durable {
            Ok(()) => {
                self.counts.commits.fetch_add(1, Ordering::Relaxed);
                self.counts
                    .commands
                    .fetch_add(batch.len() as u64, Ordering::Relaxed);
                self.index.saw_commit(&self.connection);
            }
            Err(error) => {
                tracing::error!(
                    error = error as &dyn std::error::Error,
                    "a transaction failed, and every write in it"
                );
                if let Err(error) = roll_back(&self.connection) {
                    tracing::error!(%error, "and it could not be rolled back yet");
                }
            }
        }
        for command in batch {
            command.answer(&durable);
        }
    }

    /// Makes the open transaction durable. Others may see what it did before it is known to be done, so the watch is told
    /// before and after.
    fn commit(&self) -> Result<(), StoreError> {
        let changes = changes::since(&self.revocations, &self.connection)?;
        self.revocations.begins(&changes);
        let durable = run(&self.connection, "COMMIT");
        self.revocations.ended(changes, durable.is_ok());
        Ok(durable?)
    }

    /// Does every command, or all but those that fail.
    ///
    /// Savepoints would cost a fifth of the writer's time, and hardly any command fails. So all are done without first,
    /// and only if one of them fails, all are done anew with a savepoint each.
    fn perform(&self, batch: &mut [Box<dyn Command>]) -> rusqlite::Result<()> {
        if batch
            .iter_mut()
            .all(|command| command.perform(&self.connection))
        {
            return Ok(());
        }
        roll_back(&self.connection)?;
        run(&self.connection, "BEGIN IMMEDIATE")?;
        for command in batch {
            run(&self.connection, "SAVEPOINT command")?;
            if !command.perform(&self.connection) {
                // If SQLite has rolled back everything by itself, as with a full disk, this fails, and so do all.
                run(&self.connection, "ROLLBACK TO command")?;
            }
            run(&self.connection, "RELEASE command")?;
        }
        Ok(())
    }

    fn index_subjects(&mut self) {
        if let Err(error) = self.index.catch_up(&self.connection) {
            tracing::error!(%error, "subjects were not indexed: searches scan them");
        }
    }
}

/// Ends a transaction without a trace, if one is open.
fn roll_back(connection: &Connection) -> rusqlite::Result<()> {
    if connection.is_autocommit() {
        Ok(())
    } else {
        run(connection, "ROLLBACK")
    }
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

#[cfg(test)]
mod tests {
    use std::future::Future;
    use std::path::Path;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;
    use crate::config::StoreConfig;
    use crate::store::sqlite::{readers, schema};

    fn start(path: &Path, queue: usize) -> Writer {
        Writer::start(
            schema::open_writer(path, &StoreConfig::default()).unwrap(),
            queue,
        )
        .unwrap()
    }

    fn keep(name: &'static str) -> impl FnMut(&Connection) -> Result<(), StoreError> + Send {
        move |connection| {
            connection.execute(
                "INSERT INTO secrets (name, sealed) VALUES (?1, x'00')",
                [name],
            )?;
            Ok(())
        }
    }

    async fn kept(path: &Path) -> Vec<String> {
        let readers = readers::Readers::start(path, 1, 8).unwrap();
        readers
            .read(|connection| {
                let mut statement = connection.prepare("SELECT name FROM secrets ORDER BY name")?;
                Ok(statement
                    .query_map([], |row| row.get(0))?
                    .collect::<rusqlite::Result<Vec<String>>>()?)
            })
            .await
            .unwrap()
    }

    /// Sends a command without waiting for its answer.
    fn send<T>(future: impl Future<Output = T>) {
        assert!(
            pin!(future)
                .poll(&mut Context::from_waker(Waker::noop()))
                .is_pending()
        );
    }

    /// Holds the database from outside so that the writer waits in its next transaction.
    fn blocked(path: &Path) -> Connection {
        let other = Connection::open(path).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        other
    }

    #[tokio::test]
    async fn dropping_the_writer_finishes_what_waits() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let writer = start(&path, 8);
        let lock = blocked(&path);
        send(writer.write(keep("a")));
        send(writer.write(keep("b")));
        lock.execute_batch("ROLLBACK").unwrap();
        drop(lock);
        drop(writer);
        assert!(!directory.path().join("a.db-wal").exists());
        assert_eq!(kept(&path).await, ["a", "b"]);
    }

    #[tokio::test]
    async fn a_full_queue_is_busy() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let writer = start(&path, 2);
        let lock = blocked(&path);
        // The thread takes one at some moment, so that three fit at the most.
        let mut taken = 0;
        let refused = loop {
            let mut write = pin!(writer.write(keep("a")));
            match write.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                std::task::Poll::Pending => taken += 1,
                std::task::Poll::Ready(result) => break result,
            }
        };
        assert!(matches!(refused, Err(StoreError::Busy)));
        assert!((2..=3).contains(&taken), "{taken}");
        lock.execute_batch("ROLLBACK").unwrap();
    }

    #[tokio::test]
    async fn commands_of_one_transaction_fail_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let writer = start(&path, 8);
        let lock = blocked(&path);
        let half = |connection: &Connection| -> Result<(), StoreError> {
            keep("half")(connection)?;
            Err(StoreError::Stale)
        };
        let (a, b, c) = (
            writer.write(keep("a")),
            writer.write(half),
            writer.write(keep("c")),
        );
        let release = async { lock.execute_batch("ROLLBACK").unwrap() };
        let (a, b, c, ()) = tokio::join!(a, b, c, release);
        assert!(a.is_ok() && matches!(b, Err(StoreError::Stale)) && c.is_ok());
        assert_eq!(kept(&path).await, ["a", "c"]);
        assert_eq!(
            writer.stats(),
            WriterStats {
                commits: 1,
                commands: 3
            }
        );
    }

    #[tokio::test]
    async fn nobody_is_told_of_success_when_the_commit_fails() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let writer = start(&path, 8);
        let orphan = |connection: &Connection| -> Result<(), StoreError> {
            connection.execute_batch("PRAGMA defer_foreign_keys = on")?;
            connection.execute_batch(
                "INSERT INTO private_keys (certificate, sealed) VALUES (99, x'00')",
            )?;
            Ok(())
        };
        let lock = blocked(&path);
        let (a, b) = (writer.write(keep("a")), writer.write(orphan));
        let release = async { lock.execute_batch("ROLLBACK").unwrap() };
        let (a, b, ()) = tokio::join!(a, b, release);
        assert!(
            matches!(a, Err(StoreError::Broken(_))) && matches!(b, Err(StoreError::Broken(_))),
            "{a:?} {b:?}"
        );
        writer.write(keep("c")).await.unwrap();
        assert_eq!(kept(&path).await, ["c"]);
    }

    #[tokio::test]
    async fn nobody_is_told_of_success_when_the_transaction_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let writer = start(&path, 8);
        // As SQLite does by itself when the disk is full.
        let lose = |connection: &Connection| -> Result<(), StoreError> {
            connection.execute_batch("ROLLBACK")?;
            Err(StoreError::Missing)
        };
        let lock = blocked(&path);
        let (a, b, c) = (
            writer.write(keep("a")),
            writer.write(lose),
            writer.write(keep("c")),
        );
        let release = async { lock.execute_batch("ROLLBACK").unwrap() };
        let (a, b, c, ()) = tokio::join!(a, b, c, release);
        for outcome in [a, b, c] {
            assert!(matches!(outcome, Err(StoreError::Broken(_))), "{outcome:?}");
        }
        writer.write(keep("d")).await.unwrap();
        assert_eq!(kept(&path).await, ["d"]);
    }
}
