//! A store whose type is not known.

use std::future::Future;
use std::pin::Pin;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;

use crate::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

/// What an erased method returns.
pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// [`Store`] with boxed futures, so that an engine need not carry the type of its store through
/// every signature. Every store is one; the methods are documented there.
pub(super) trait ErasedStore: Send + Sync + 'static {
    fn create<'a>(&'a self, id: SessionId, row: &'a NewRow<'_>) -> Answer<'a, bool>;
    fn load(&self, id: SessionId) -> Answer<'_, Found>;
    fn update<'a>(
        &'a self,
        id: SessionId,
        expected: u64,
        row: &'a NewRow<'_>,
    ) -> Answer<'a, Updated>;
    fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Answer<'_, ()>;
    fn end(&self, id: SessionId) -> Answer<'_, bool>;
    fn list<'a>(&'a self, subject: &'a Subject, limit: usize) -> Answer<'a, Vec<(SessionId, Row)>>;
    fn end_all<'a>(&'a self, subject: &'a Subject, except: Option<SessionId>) -> Answer<'a, u64>;
    fn delete_expired(&self, now: Timestamp, limit: usize) -> Answer<'_, u64>;
}

impl<S: Store> ErasedStore for S {
    fn create<'a>(&'a self, id: SessionId, row: &'a NewRow<'_>) -> Answer<'a, bool> {
        Box::pin(Store::create(self, id, row))
    }

    fn load(&self, id: SessionId) -> Answer<'_, Found> {
        Box::pin(Store::load(self, id))
    }

    fn update<'a>(
        &'a self,
        id: SessionId,
        expected: u64,
        row: &'a NewRow<'_>,
    ) -> Answer<'a, Updated> {
        Box::pin(Store::update(self, id, expected, row))
    }

    fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Answer<'_, ()> {
        Box::pin(Store::touch(self, id, expected, last_seen, expires_at))
    }

    fn end(&self, id: SessionId) -> Answer<'_, bool> {
        Box::pin(Store::end(self, id))
    }

    fn list<'a>(&'a self, subject: &'a Subject, limit: usize) -> Answer<'a, Vec<(SessionId, Row)>> {
        Box::pin(Store::list(self, subject, limit))
    }

    fn end_all<'a>(&'a self, subject: &'a Subject, except: Option<SessionId>) -> Answer<'a, u64> {
        Box::pin(Store::end_all(self, subject, except))
    }

    fn delete_expired(&self, now: Timestamp, limit: usize) -> Answer<'_, u64> {
        Box::pin(Store::delete_expired(self, now, limit))
    }
}
