//! From the address of a ring to its repository.

use std::path::{Path, PathBuf};
use std::time::Duration;

use privyseal_keys::repository::{
    DynRepository, FileRepository, Repository, RepositoryError, RingName, SharedFileRepository,
    Stored, Swap,
};
use privyseal_stores::{ConnectError, SqliteRepository};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use super::cloud::CloudRing;
use super::{Place, RingUrl};
use crate::store::{Address, ServerKind};

/// The repository at this address. Nothing is connected to yet, and no file made: a node can start
/// while its repository is away, and follow the ring as soon as it is back.
pub fn open_repository(url: &RingUrl) -> DynRepository {
    match &url.0 {
        Place::Directory {
            path,
            is_shared: false,
        } => DynRepository::new(FileRepository::new(path)),
        Place::Directory {
            path,
            is_shared: true,
        } => DynRepository::new(SharedFileRepository::new(path)),
        Place::Database { store, name } => DynRepository::new(OnDemand::new(Remote::Database(
            store.0.clone(),
            name.clone(),
        ))),
        Place::Cloud(ring) => DynRepository::new(OnDemand::new(Remote::Cloud(ring.clone()))),
    }
}

/// A ring that is connected to.
enum Remote {
    Database(Address, RingName),
    Cloud(CloudRing),
}

/// The same, when it is first needed.
struct OnDemand {
    remote: Remote,
    /// Of those who connect at once, one does.
    turn: Mutex<()>,
    connected: watch::Sender<Option<DynRepository>>,
}

impl OnDemand {
    fn new(remote: Remote) -> Self {
        Self {
            remote,
            turn: Mutex::new(()),
            connected: watch::Sender::new(None),
        }
    }

    async fn connected(&self) -> Result<DynRepository, RepositoryError> {
        let _turn = self.turn.lock().await;
        let known = self.connected.borrow().clone();
        if let Some(repository) = known {
            return Ok(repository);
        }
        let repository = match timeout(PATIENCE, self.remote.connect()).await {
            Ok(repository) => repository?,
            Err(_) => return Err(RepositoryError::unavailable("it did not answer in time")),
        };
        self.connected.send_replace(Some(repository.clone()));
        Ok(repository)
    }

    /// Whether there is no file in which a ring could be. To look for one makes none.
    fn is_missing(&self) -> bool {
        self.remote
            .sqlite_path()
            .is_some_and(|path| matches!(path.try_exists(), Ok(false)))
    }
}

impl Repository for OnDemand {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        if self.is_missing() {
            return Ok(None);
        }
        self.connected().await?.read().await
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        let repository = self.connected().await?;
        repository.compare_and_swap(expected, new).await
    }

    async fn changed(&self) {
        let mut connected = self.connected.subscribe();
        let repository = match connected.wait_for(Option::is_some).await {
            Ok(connected) => connected.clone(),
            Err(_) => None,
        };
        match repository {
            Some(repository) => repository.changed().await,
            None => std::future::pending().await,
        }
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        if self.is_missing() {
            return Ok(Vec::new());
        }
        self.connected().await?.history(limit).await
    }
}

impl Remote {
    async fn connect(&self) -> Result<DynRepository, RepositoryError> {
        match self {
            Self::Database(address, name) => connect(address, name.clone()).await,
            Self::Cloud(ring) => ring.connect().await,
        }
    }

    fn sqlite_path(&self) -> Option<&Path> {
        match self {
            Self::Database(Address::Sqlite(path), _) => Some(path),
            _ => None,
        }
    }
}

async fn connect(address: &Address, name: RingName) -> Result<DynRepository, RepositoryError> {
    match address {
        // An address of a ring is never that of a memory.
        Address::Memory => Err(RepositoryError::Refused("a ring is not kept in memory")),
        Address::Sqlite(path) => open_sqlite(path, name).await,
        Address::Server { kind, url, .. } => connect_to_server(*kind, url, name).await,
    }
}

async fn open_sqlite(path: &PathBuf, name: RingName) -> Result<DynRepository, RepositoryError> {
    let opened = SqliteRepository::open(path, name).await;
    Ok(DynRepository::new(opened.map_err(refusal)?))
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
    kind: ServerKind,
    url: &str,
    name: RingName,
) -> Result<DynRepository, RepositoryError> {
    match kind {
        #[cfg(feature = "mysql")]
        ServerKind::MySql => {
            let connected = privyseal_stores::MySqlRepository::connect(url, name).await;
            Ok(DynRepository::new(connected.map_err(refusal)?))
        }
        #[cfg(feature = "postgres")]
        ServerKind::Postgres => {
            let connected = privyseal_stores::PostgresRepository::connect(url, name).await;
            Ok(DynRepository::new(connected.map_err(refusal)?))
        }
        #[cfg(feature = "redis")]
        ServerKind::Redis => {
            let connected = privyseal_stores::RedisRepository::connect(url, name).await;
            Ok(DynRepository::new(connected.map_err(refusal)?))
        }
        #[cfg(not(all(feature = "mysql", feature = "postgres", feature = "redis")))]
        _ => Err(RepositoryError::denied(crate::store::NOT_BUILT_IN)),
    }
}

/// What a connection that was not made says about the ring: nothing, and whether to try again.
fn refusal(error: ConnectError) -> RepositoryError {
    match error {
        ConnectError::Store(_) => RepositoryError::unavailable(error),
        ConnectError::Foreign | ConnectError::NewerTables { .. } => {
            RepositoryError::unreadable(error)
        }
        _ => RepositoryError::denied(error),
    }
}

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn to_look_for_a_ring_makes_no_database() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ring.db");
        let url: RingUrl = format!("sqlite:{}", path.display()).parse().unwrap();
        let repository = open_repository(&url);
        assert_eq!(repository.read().await.unwrap(), None);
        assert_eq!(repository.history(9).await.unwrap(), []);
        assert!(!path.exists());

        let first = Stored {
            generation: 1,
            bytes: b"a ring".to_vec(),
        };
        let made = repository.compare_and_swap(None, &first).await.unwrap();
        assert_eq!(made, Swap::Done);
        assert_eq!(open_repository(&url).read().await.unwrap(), Some(first));
    }

    #[tokio::test]
    async fn rings_of_one_database_are_told_apart_by_name() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("ring.db");
        let [shop, blog] = ["shop", "blog"].map(|name| {
            let url = format!("sqlite:{}#{name}", path.display());
            open_repository(&url.parse().unwrap())
        });
        let first = Stored {
            generation: 1,
            bytes: b"a ring".to_vec(),
        };
        let made = shop.compare_and_swap(None, &first).await.unwrap();
        assert_eq!(made, Swap::Done);
        assert_eq!(blog.read().await.unwrap(), None);
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_unavailable_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let url = format!("redis+unix://{}/none.sock", place.path().display());
        let read = open_repository(&url.parse().unwrap()).read().await;
        let error = read.unwrap_err();
        assert_eq!(error.is_unavailable(), cfg!(feature = "redis"), "{error}");
    }
}
