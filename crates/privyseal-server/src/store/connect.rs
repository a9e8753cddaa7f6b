//! From an address to sessions.

use std::sync::Arc;
use std::time::Duration;

use privyseal::{KeyRing, Timestamp};
use privyseal_session::revocation::{RevocationLog, Revocations};
use privyseal_session::store::Store;
use privyseal_session::{Engine, LiveKeyRing};
use privyseal_stores::{MemoryStore, SqliteStore};
use tokio::time::timeout;

use super::{Address, ServerKind, StoreUrl};
use crate::ServeError;

/// The sessions that a store keeps, and the log in it of those that were ended elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Sessions {
    /// Keeps its sessions in the store, and ends those of a user in every mode.
    pub(crate) stored: Engine,
    pub(crate) revocations: Revocations,
}

impl Sessions {
    pub(crate) async fn connect(keys: &LiveKeyRing, url: &StoreUrl) -> Result<Self, ServeError> {
        let connected = match timeout(PATIENCE, connect(keys, &url.0)).await {
            Ok(connected) => connected,
            Err(_) => Err("it did not answer in time".into()),
        };
        connected.map_err(|source| ServeError::Store {
            store: url.clone(),
            source,
        })
    }

    fn of(keys: &LiveKeyRing, store: impl Store + RevocationLog) -> Self {
        let store = Arc::new(store);
        let revocations = Revocations::new(Arc::clone(&store));
        let stored = Engine::stored(keys.clone(), store)
            .with_revocations(revocations.clone())
            .with_store_deadline(DEADLINE);
        Self {
            stored,
            revocations,
        }
    }
}

/// An engine that lists and ends the sessions of a store. It opens none, for it has no keys, and
/// leaves the expired ones to those who serve.
///
/// # Errors
/// When the store cannot be used, or does not answer within ten seconds.
pub async fn sessions_in(store: &StoreUrl) -> Result<Engine, ServeError> {
    let no_keys = KeyRing::verify_only([]);
    let sessions = Sessions::connect(&no_keys.into(), store).await?;
    Ok(sessions.stored.with_cleanup(None))
}

/// How many sessions a store has at this time; none is told of stores that cannot count them at
/// once, which are those of MySQL, Redis and memory.
///
/// # Errors
/// When the store cannot be used, or does not answer within ten seconds.
pub async fn count_sessions(store: &StoreUrl, now: Timestamp) -> Result<Option<u64>, ServeError> {
    let counted = match timeout(PATIENCE, count(&store.0, now)).await {
        Ok(counted) => counted,
        Err(_) => Err("it did not answer in time".into()),
    };
    counted.map_err(|source| ServeError::Store {
        store: store.clone(),
        source,
    })
}

async fn count(address: &Address, now: Timestamp) -> Result<Option<u64>, Source> {
    match address {
        // To count what is not there makes no file.
        Address::Sqlite(path) if matches!(path.try_exists(), Ok(false)) => {
            Err("there is no such file".into())
        }
        Address::Sqlite(path) => {
            let store = SqliteStore::open(path).await?;
            Ok(Some(store.live_sessions(now).await?))
        }
        #[cfg(feature = "postgres")]
        Address::Server {
            kind: ServerKind::Postgres,
            url,
            ..
        } => {
            let store = privyseal_stores::PostgresStore::connect(url).await?;
            Ok(Some(store.live_sessions(now).await?))
        }
        _ => Ok(None),
    }
}

type Source = Box<dyn std::error::Error + Send + Sync>;

async fn connect(keys: &LiveKeyRing, address: &Address) -> Result<Sessions, Source> {
    match address {
        Address::Memory => Ok(Sessions::of(keys, MemoryStore::new(MAX_ROWS_IN_MEMORY))),
        Address::Sqlite(path) => Ok(Sessions::of(keys, SqliteStore::open(path).await?)),
        Address::Server { kind, url, .. } => connect_to_server(keys, *kind, url).await,
    }
}

#[cfg_attr(
    not(any(feature = "mysql", feature = "postgres", feature = "redis")),
    expect(
        unused_variables,
        clippy::unused_async,
        reason = "no kind of server was built in"
    )
)]
async fn connect_to_server(
    keys: &LiveKeyRing,
    kind: ServerKind,
    url: &str,
) -> Result<Sessions, Source> {
    match kind {
        #[cfg(feature = "mysql")]
        ServerKind::MySql => {
            let store = privyseal_stores::MySqlStore::connect(url).await?;
            Ok(Sessions::of(keys, store))
        }
        #[cfg(feature = "postgres")]
        ServerKind::Postgres => {
            let store = privyseal_stores::PostgresStore::connect(url).await?;
            Ok(Sessions::of(keys, store))
        }
        #[cfg(feature = "redis")]
        ServerKind::Redis => {
            let store = privyseal_stores::RedisStore::connect(url).await?;
            Ok(Sessions::of(keys, store))
        }
        #[cfg(not(all(feature = "mysql", feature = "postgres", feature = "redis")))]
        _ => Err(NOT_BUILT_IN.into()),
    }
}

#[cfg(not(all(feature = "mysql", feature = "postgres", feature = "redis")))]
pub(crate) const NOT_BUILT_IN: &str = "this program was built without this kind of store\n\
                            hint: build it with the features `mysql`, `postgres` and `redis`";

/// How long a start waits for its store.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longer than the engine's own: the disk of a machine on which somebody tries this out may be
/// busy, and no other machine could answer instead.
const DEADLINE: Duration = Duration::from_secs(2);

const MAX_ROWS_IN_MEMORY: usize = 100_000;
