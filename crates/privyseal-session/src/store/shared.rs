//! A store with several owners.

use std::sync::Arc;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;

use super::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

/// What is shared is a store as well, so that one database serves several engines, and is the log
/// of revocations beside.
impl<S: Store> Store for Arc<S> {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        S::create(self, id, row).await
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        S::load(self, id).await
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        S::update(self, id, expected, row).await
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        S::touch(self, id, expected, last_seen, expires_at).await
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        S::end(self, id).await
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        S::list(self, subject, limit).await
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        S::end_all(self, subject, except).await
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        S::delete_expired(self, now, limit).await
    }
}
