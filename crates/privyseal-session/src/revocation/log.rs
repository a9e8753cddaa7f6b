//! A log of any type behind one pointer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use privyseal::Timestamp;

use super::{Page, Revocation, RevocationLog};
use crate::store::StoreError;

/// What an object-safe method of a log returns.
pub(super) type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// [`RevocationLog`] with boxed futures, so that the engine needs no type parameter.
pub(super) trait AnyLog: Send + Sync {
    fn append<'a>(&'a self, entry: &'a Revocation) -> Answer<'a, Result<(), StoreError>>;
    fn since(&self, position: u64, limit: usize) -> Answer<'_, Result<Page, StoreError>>;
    fn changed(&self) -> Answer<'_, ()>;
    fn prune(&self, now: Timestamp, limit: usize) -> Answer<'_, Result<u64, StoreError>>;
}

impl<L: RevocationLog> AnyLog for L {
    fn append<'a>(&'a self, entry: &'a Revocation) -> Answer<'a, Result<(), StoreError>> {
        Box::pin(RevocationLog::append(self, entry))
    }

    fn since(&self, position: u64, limit: usize) -> Answer<'_, Result<Page, StoreError>> {
        Box::pin(RevocationLog::since(self, position, limit))
    }

    fn changed(&self) -> Answer<'_, ()> {
        Box::pin(RevocationLog::changed(self))
    }

    fn prune(&self, now: Timestamp, limit: usize) -> Answer<'_, Result<u64, StoreError>> {
        Box::pin(RevocationLog::prune(self, now, limit))
    }
}

/// What is shared is a log as well, so that a database that keeps sessions is also the log.
impl<L: RevocationLog> RevocationLog for Arc<L> {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        L::append(self, entry).await
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        L::since(self, position, limit).await
    }

    async fn changed(&self) {
        L::changed(self).await;
    }

    async fn prune(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        L::prune(self, now, limit).await
    }
}
