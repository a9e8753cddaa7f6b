//! A store that fails as long as the test wants it to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

/// Whether the store is down. A clone is the same outage.
#[derive(Clone, Default)]
pub(super) struct Outage(Arc<AtomicBool>);

impl Outage {
    /// The same store, which is down as long as this lasts.
    pub(super) fn befalling<S: Store>(&self, store: S) -> impl Store + use<S> {
        Befallen {
            outage: self.clone(),
            store,
        }
    }

    pub(super) fn begins(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(super) fn ends(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.0.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("the test took it down"));
        }
        Ok(())
    }
}

struct Befallen<S> {
    outage: Outage,
    store: S,
}

impl<S: Store> Store for Befallen<S> {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        self.outage.check()?;
        self.store.create(id, row).await
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        self.outage.check()?;
        self.store.load(id).await
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        self.outage.check()?;
        self.store.update(id, expected, row).await
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.outage.check()?;
        self.store.touch(id, expected, last_seen, expires_at).await
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        self.outage.check()?;
        self.store.end(id).await
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        self.outage.check()?;
        self.store.list(subject, limit).await
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        self.outage.check()?;
        self.store.end_all(subject, except).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.outage.check()?;
        self.store.delete_expired(now, limit).await
    }
}
