//! The thread that writes: what waits together is committed together.

use std::fmt;
use std::sync::Arc;

use privyseal_session::store::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::{failure, file};

/// Hands writes to the thread, which ends when this is dropped.
pub(super) struct Writer {
    queue: mpsc::Sender<Box<dyn Job>>,
}

impl Writer {
    pub(super) fn start(mut connection: Connection) -> Result<Self, StoreError> {
        prepare(&mut connection).map_err(failure::of)?;
        let (queue, jobs) = mpsc::channel(QUEUE);
        std::thread::Builder::new()
            .name("sqlite-sessions".into())
            .spawn(move || write(connection, jobs))
            .map_err(StoreError::unavailable)?;
        Ok(Self { queue })
    }

    /// Runs this in a transaction; answers when that is committed.
    ///
    /// A caller who no longer waits changes nothing: a logout is not lost with its connection.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        durability: Durability,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Call {
            durability,
            state: State::Waiting(work),
            reply,
        });
        let ended = || StoreError::unavailable("the thread that writes has ended");
        self.queue.send(job).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Writer(..)")
    }
}

/// How much a write has to survive once it is acknowledged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// The end of the process.
    Process,
    /// The loss of power. It waits for the disk.
    Power,
}

/// A write that somebody waits for.
trait Job: Send {
    fn durability(&self) -> Durability;

    /// Does its part of a transaction.
    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()>;

    /// Tells the caller what became of the transaction.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Call<T, F> {
    durability: Durability,
    state: State<T, F>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

enum State<T, F> {
    Waiting(F),
    Failed,
    Ran(T),
}

impl<T: Send, F: FnOnce(&Connection) -> rusqlite::Result<T> + Send> Job for Call<T, F> {
    fn durability(&self) -> Durability {
        self.durability
    }

    fn run(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        if let State::Waiting(work) = std::mem::replace(&mut self.state, State::Failed) {
            self.state = State::Ran(work(connection)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.state) {
            (Err(error), _) => Err(error),
            (Ok(()), State::Ran(result)) => Ok(result),
            (Ok(()), State::Waiting(_) | State::Failed) => {
                Err(StoreError::unavailable("the write was not done"))
            }
        };
        // Nobody may be waiting any more.
        let _ = self.reply.send(answer);
    }
}

/// The life of the thread.
fn write(mut connection: Connection, mut queue: mpsc::Receiver<Box<dyn Job>>) {
    let mut jobs = Vec::new();
    while queue.blocking_recv_many(&mut jobs, BATCH) > 0 {
        let outcome = commit(&mut connection, &mut jobs).map_err(Arc::new);
        for job in jobs.drain(..) {
            job.answer(outcome.clone().map_err(failure::of));
        }
    }
}

/// All of them or none: what makes one fail, such as a full disk, is nothing of its own.
fn commit(connection: &mut Connection, jobs: &mut [Box<dyn Job>]) -> rusqlite::Result<()> {
    let lasting = jobs.iter().any(|job| job.durability() == Durability::Power);
    let synchronous = if lasting { "FULL" } else { "NORMAL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for job in jobs {
        job.run(&transaction)?;
    }
    transaction.commit()
}

fn prepare(connection: &mut Connection) -> rusqlite::Result<()> {
    file::wait(connection)?;
    // What was removed is overwritten. It costs nothing in a page that is written anyway, and one
    // more written page for each 4 KiB of data that a row has beyond its first page.
    connection.pragma_update(None, "secure_delete", true)?;
    // A log that grew in a rush gives its room on the disk back.
    connection.pragma_update(None, "journal_size_limit", 16 * 1024 * 1024)
}

/// How many writes may wait before their callers do.
const QUEUE: usize = 1024;

/// How many writes are committed together at most.
const BATCH: usize = 256;
