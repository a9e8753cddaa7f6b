//! Any of the five stores, by its URL.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{Page, Revocation, RevocationLog};
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};
use privyseal_stores::{
    MemoryStore, MySqlStore, PostgresStore, RedisOptions, RedisStore, SqliteStore,
};

/// A store, chosen while the program runs. A clone is the same store.
#[derive(Clone, Debug)]
pub struct AnyStore(Arc<Inner>);

#[derive(Debug)]
enum Inner {
    Memory(MemoryStore),
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
    MySql(MySqlStore),
    Redis(RedisStore),
}

impl AnyStore {
    /// Opens the store of a URL: `memory:`, `sqlite:PATH`, `postgres:`, `mysql:` or `redis:`, the
    /// last with a prefix for its keys as the fragment.
    ///
    /// # Errors
    /// When there is no such store.
    pub async fn open(url: &str) -> Result<Self> {
        let (scheme, rest) = url.split_once(':').context("a URL has a scheme")?;
        let store = match scheme {
            "memory" => Inner::Memory(MemoryStore::new(10_000)),
            "sqlite" => Inner::Sqlite(SqliteStore::open(Path::new(rest)).await?),
            "postgres" => Inner::Postgres(PostgresStore::connect(url).await?),
            "mysql" => Inner::MySql(MySqlStore::connect(url).await?),
            "redis" => {
                let (url, prefix) = url.split_once('#').unwrap_or((url, "privyseal:"));
                let options = RedisOptions::default().with_prefix(prefix);
                Inner::Redis(RedisStore::connect_with(url, options).await?)
            }
            _ => anyhow::bail!("there is no store for {scheme}:"),
        };
        Ok(Self(Arc::new(store)))
    }
}

/// Calls the store that it is.
macro_rules! forward {
    ($any:ident, $store:ident => $call:expr) => {
        match &*$any.0 {
            Inner::Memory($store) => $call.await,
            Inner::Sqlite($store) => $call.await,
            Inner::Postgres($store) => $call.await,
            Inner::MySql($store) => $call.await,
            Inner::Redis($store) => $call.await,
        }
    };
}

impl Store for AnyStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        forward!(self, store => store.create(id, row))
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        forward!(self, store => store.load(id))
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        forward!(self, store => store.update(id, expected, row))
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        forward!(self, store => store.touch(id, expected, last_seen, expires_at))
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        forward!(self, store => store.end(id))
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        forward!(self, store => store.list(subject, limit))
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        forward!(self, store => store.end_all(subject, except))
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        forward!(self, store => store.delete_expired(now, limit))
    }
}

impl RevocationLog for AnyStore {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        forward!(self, store => store.append(entry))
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        forward!(self, store => store.since(position, limit))
    }

    async fn changed(&self) {
        forward!(self, store => store.changed());
    }

    async fn prune(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        forward!(self, store => store.prune(now, limit))
    }
}
