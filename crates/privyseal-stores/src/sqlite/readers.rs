//! Connections that only read: they wait for no writer.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use privyseal_session::store::StoreError;
use rusqlite::Connection;

use super::{blocking, failure, file};

/// As many connections as there ever were readers at once.
#[derive(Clone)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Result<Self, StoreError> {
        let first = connect(&path).map_err(failure::of)?;
        Ok(Self {
            path: Arc::new(path),
            idle: Arc::new(Mutex::new(vec![first])),
        })
    }

    /// Reads on the thread of the caller, and is busy rather than wait.
    ///
    /// One row by its key takes 4 to 10 microseconds, as a rule from memory. A thread that did it
    /// would have to be woken, and to wake the caller: a write, which pays for both, takes 37.
    pub(super) fn now<T>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let connection = self.take()?;
        let result = read(&connection);
        self.give_back(connection);
        result
    }

    /// Reads on a thread of its own: what is more than a row, or has to wait.
    pub(super) async fn patiently<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let readers = self.clone();
        blocking(move || {
            let mut connection = readers.take().map_err(failure::of)?;
            file::wait(&mut connection).map_err(failure::of)?;
            let result = read(&connection);
            // A connection that cannot be told not to wait is closed instead of kept.
            if file::wait_no_longer(&mut connection).is_ok() {
                readers.give_back(connection);
            }
            result.map_err(failure::of)
        })
        .await
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        match idle {
            Some(connection) => Ok(connection),
            None => connect(&self.path),
        }
    }

    fn give_back(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(connection);
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn connect(path: &std::path::Path) -> rusqlite::Result<Connection> {
    let connection = file::connect(path)?;
    connection.pragma_update(None, "query_only", true)?;
    Ok(connection)
}
