//! Empty places for sessions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::Result;
use privyseal_testkit::behaviour::run;
use privyseal_testkit::servers::mariadb::MariadbServer;
use privyseal_testkit::servers::postgres::PostgresServer;
use privyseal_testkit::servers::redis::RedisServer;
use tempfile::TempDir;

use crate::AnyStore;

/// Which store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// In this process.
    Memory,
    /// In a file.
    Sqlite,
    /// On a server.
    Postgres,
    /// On a server, which is MariaDB.
    MySql,
    /// On a server.
    Redis,
}

impl Kind {
    /// The stores that several processes can share.
    pub const SHARED: [Self; 4] = [Self::Sqlite, Self::Postgres, Self::MySql, Self::Redis];

    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Memory,
        Self::Sqlite,
        Self::Postgres,
        Self::MySql,
        Self::Redis,
    ];
}

/// A database of its own, or what comes to the same, on the server that all tests share.
#[derive(Clone, Debug)]
pub struct Place {
    /// For [`AnyStore::open`].
    pub url: String,
    _directory: Option<Arc<TempDir>>,
}

impl Place {
    /// An empty place. The first on a server waits until that has started.
    ///
    /// # Errors
    /// When there is no such server.
    pub fn new(kind: Kind) -> Result<Self> {
        static PREFIXES: AtomicU32 = AtomicU32::new(0);
        let mut directory = None;
        let url = match kind {
            Kind::Memory => "memory:".to_owned(),
            Kind::Sqlite => {
                let directory = directory.insert(Arc::new(TempDir::new()?));
                let file = directory.path().join("sessions.sqlite");
                format!("sqlite:{}", file.display())
            }
            Kind::Postgres => PostgresServer::shared().database()?,
            Kind::MySql => MariadbServer::shared().database()?,
            Kind::Redis => {
                let prefix = PREFIXES.fetch_add(1, Ordering::Relaxed);
                format!("{}#test{prefix}:", RedisServer::shared().url())
            }
        };
        Ok(Self {
            url,
            _directory: directory,
        })
    }

    /// Opens a store in it.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn open(&self) -> Result<AnyStore> {
        run(AnyStore::open(&self.url))
    }
}
