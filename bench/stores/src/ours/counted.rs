//! A store whose calls are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

pub(super) struct Counted<S> {
    store: Arc<S>,
    calls: Arc<AtomicU64>,
}

impl<S> Clone for Counted<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            calls: Arc::clone(&self.calls),
        }
    }
}

impl<S> Counted<S> {
    pub(super) fn new(store: S, calls: Arc<AtomicU64>) -> Self {
        Self {
            store: Arc::new(store),
            calls,
        }
    }

    fn counted(&self) -> &S {
        self.calls.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

impl<S: Store> Store for Counted<S> {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        self.counted().create(id, row).await
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        self.counted().load(id).await
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        self.counted().update(id, expected, row).await
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.counted()
            .touch(id, expected, last_seen, expires_at)
            .await
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        self.counted().end(id).await
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        self.counted().list(subject, limit).await
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        self.counted().end_all(subject, except).await
    }

    /// Not counted: no request waits for it.
    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        self.store.delete_expired(now, limit).await
    }
}
