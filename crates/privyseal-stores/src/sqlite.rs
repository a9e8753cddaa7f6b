//! Sessions in an SQLite database.

mod failure;
mod file;
mod log;
mod migrations;
mod readers;
mod ring;
mod rows;
mod writer;

use std::path::{Path, PathBuf};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{Page, Revocation, RevocationLog};
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

use crate::bell::Bell;
use crate::connect::ConnectError;
use readers::Readers;
use rows::OwnedRow;
use writer::{Durability, Writer};

pub use ring::SqliteRepository;

/// Keeps sessions and revocations in a file, for all processes of one machine.
///
/// A write is acknowledged when it is committed, and survives the end of the process, however
/// sudden. That a session was ended, and a revocation, survive the loss of power too; what else
/// was written in the moment before it may be lost then, and nothing is damaged.
///
/// Writes of all callers go through one thread, which commits those that wait together. Processes
/// that share the file wait for each other for two seconds, then a call says
/// [`Unavailable`](StoreError::Unavailable). Dropping the store ends its thread.
///
/// [`changed`](RevocationLog::changed) tells of appends in this process; those of others are found
/// by asking.
///
/// # Security
/// The files are made for their owner alone (0600), and a symbolic link in the place of the file
/// is refused. The data of an ended or removed session is overwritten with zeros in the database;
/// the `-wal` file beside it holds earlier pages until it is written over, at the latest when the
/// last process closes the database.
///
/// # Examples
/// ```
/// use privyseal_stores::SqliteStore;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let directory = tempfile::tempdir()?;
/// let store = SqliteStore::open(directory.path().join("sessions.sqlite")).await?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteStore {
    readers: Readers,
    writer: Writer,
    bell: Bell,
}

impl SqliteStore {
    /// Opens the database at this path, makes it if there is none, and brings its tables up to
    /// date. Any number of processes may do so at once. The directory must exist.
    ///
    /// # Errors
    /// When the file cannot be opened, belongs to something else, or was written by a newer version
    /// of this program.
    pub async fn open(path: impl AsRef<Path>) -> Result<Self, ConnectError> {
        let path: PathBuf = path.as_ref().to_owned();
        let (readers, writer) = blocking(move || open(&path)).await?;
        Ok(Self {
            readers,
            writer,
            bell: Bell::default(),
        })
    }

    /// How many sessions there are at this time, of all users and applications.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn live_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.readers
            .patiently(move |connection| rows::live(connection, now))
            .await
    }
}

impl Store for SqliteStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        let row = OwnedRow::from(row);
        self.writer
            .run(Durability::Process, move |connection| {
                rows::create(connection, id, &row)
            })
            .await
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        let load = move |connection: &rusqlite::Connection| rows::load(connection, id);
        match self.readers.now(load) {
            Err(error) if failure::is_busy(&error) => self.readers.patiently(load).await,
            loaded => loaded.map_err(failure::of),
        }
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        let row = OwnedRow::from(row);
        self.writer
            .run(Durability::Process, move |connection| {
                rows::update(connection, id, expected, &row)
            })
            .await
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.writer
            .run(Durability::Process, move |connection| {
                rows::touch(connection, id, expected, last_seen, expires_at)
            })
            .await
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        self.writer
            .run(Durability::Power, move |connection| {
                rows::end(connection, id)
            })
            .await
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let subject = subject.clone();
        self.readers
            .patiently(move |connection| rows::list(connection, &subject, limit))
            .await
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        let subject = subject.clone();
        self.writer
            .run(Durability::Power, move |connection| {
                rows::end_all(connection, &subject, except)
            })
            .await
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.writer
            .run(Durability::Process, move |connection| {
                rows::delete_expired(connection, now, limit)
            })
            .await
    }
}

impl RevocationLog for SqliteStore {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        let entry = *entry;
        self.writer
            .run(Durability::Power, move |connection| {
                log::append(connection, &entry)
            })
            .await?;
        self.bell.ring();
        Ok(())
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        self.readers
            .patiently(move |connection| log::since(connection, position, limit))
            .await
    }

    async fn changed(&self) {
        self.bell.heard().await;
    }

    async fn prune(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.writer
            .run(Durability::Process, move |connection| {
                log::prune(connection, now, limit)
            })
            .await
    }
}

/// Opens the database, with tables that are up to date.
fn open(path: &Path) -> Result<(Readers, Writer), ConnectError> {
    let path = file::create(path)?;
    let mut connection = file::connect(&path).map_err(failure::of)?;
    migrations::run(&mut connection)?;
    Ok((Readers::new(path)?, Writer::start(connection)?))
}

/// Runs what may wait for a disk or for another process on a thread where that hurts nobody.
async fn blocking<T: Send + 'static, E: From<StoreError> + Send + 'static>(
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(StoreError::unavailable(error).into()),
    }
}

#[cfg(test)]
mod tests;
