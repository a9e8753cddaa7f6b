//! A store of tower-sessions whose calls are counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use tower_sessions::SessionStore;
use tower_sessions::session::{Id, Record};
use tower_sessions::session_store::Result;

#[derive(Clone, Debug)]
pub(crate) struct Counted<S> {
    pub(crate) store: S,
    pub(crate) calls: Arc<AtomicU64>,
}

impl<S> Counted<S> {
    fn count(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl<S: SessionStore> SessionStore for Counted<S> {
    async fn create(&self, record: &mut Record) -> Result<()> {
        self.count();
        self.store.create(record).await
    }

    async fn save(&self, record: &Record) -> Result<()> {
        self.count();
        self.store.save(record).await
    }

    async fn load(&self, id: &Id) -> Result<Option<Record>> {
        self.count();
        self.store.load(id).await
    }

    async fn delete(&self, id: &Id) -> Result<()> {
        self.count();
        self.store.delete(id).await
    }
}
