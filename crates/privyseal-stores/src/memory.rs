//! Sessions in the memory of this process.

mod log;
mod rows;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{Page, Revocation, RevocationLog};
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

use crate::bell::Bell;

/// Keeps sessions and revocations in memory, for tests and for a single process that may forget
/// them when it ends.
///
/// It has room for a fixed number of rows, tombstones among them, and for as many revocations.
/// When it is full, a new session first takes the place of rows that expired; if there are none,
/// it is refused with [`StoreError::Full`]. The bytes of a row are not counted: a row has at most
/// [`MAX_DATA_LEN`](privyseal_session::store::MAX_DATA_LEN) of them, and the engine is told how
/// few of those it may use.
///
/// # Examples
/// ```
/// use privyseal::Timestamp;
/// use privyseal::sealed::SessionId;
/// use privyseal_session::store::{Found, NewRow, Store};
/// use privyseal_stores::MemoryStore;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let store = MemoryStore::new(100_000);
/// let id = SessionId::from_bytes([7; 16]); // a random one
/// let now = Timestamp::from_unix_seconds(1_800_000_000);
/// let row = NewRow {
///     subject: None,
///     last_seen: now,
///     expires_at: now.plus_seconds(3600),
///     ends_at: now.plus_seconds(86_400),
///     data: b"the cart",
/// };
/// assert!(store.create(id, &row).await?);
/// assert!(store.end(id).await?);
/// assert_eq!(store.load(id).await?, Found::Ended);
/// # Ok::<(), privyseal_session::store::StoreError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct MemoryStore {
    rows: Mutex<rows::Rows>,
    log: Mutex<log::Log>,
    bell: Bell,
}

impl MemoryStore {
    /// An empty store with room for this many rows.
    pub fn new(max_rows: usize) -> Self {
        Self {
            rows: Mutex::new(rows::Rows::new(max_rows)),
            log: Mutex::new(log::Log::new(max_rows)),
            bell: Bell::default(),
        }
    }
}

impl Store for MemoryStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        // Copied before the lock is taken, like all data that goes in or out.
        let row = Arc::new(row.to_row(1));
        locked(&self.rows).create(id, row)
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        let slot = locked(&self.rows).find(id);
        Ok(match slot {
            Some(rows::Slot::Live(row)) => Found::Live(Row::clone(&row)),
            Some(rows::Slot::Ended { .. }) => Found::Ended,
            None => Found::Unknown,
        })
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        let row = Arc::new(row.to_row(expected.saturating_add(1)));
        let conflict = match locked(&self.rows).update(id, expected, row) {
            rows::Replaced::Done => return Ok(Updated::Done),
            rows::Replaced::Gone => return Ok(Updated::Gone),
            rows::Replaced::Conflict(current) => current,
        };
        Ok(Updated::Conflict(Row::clone(&conflict)))
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        locked(&self.rows).touch(id, expected, last_seen, expires_at);
        Ok(())
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        Ok(locked(&self.rows).end(id))
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let found = locked(&self.rows).list(subject, limit);
        let copied = found.iter().map(|(id, row)| (*id, Row::clone(row)));
        Ok(copied.collect())
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        Ok(locked(&self.rows).end_all(subject, except))
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        Ok(locked(&self.rows).delete_expired(now, limit))
    }
}

impl RevocationLog for MemoryStore {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        locked(&self.log).append(*entry)?;
        self.bell.ring();
        Ok(())
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        Ok(locked(&self.log).since(position, limit))
    }

    async fn changed(&self) {
        self.bell.heard().await;
    }

    async fn prune(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        Ok(locked(&self.log).prune(now, limit))
    }
}

/// No call leaves a lock half-way through a change, so what a panicking thread left is whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
