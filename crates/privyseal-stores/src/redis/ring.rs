//! Key rings in Redis or Valkey.

use std::fmt;
use std::sync::OnceLock;

use privyseal_keys::repository::{
    KEPT_GENERATIONS, Repository, RepositoryError, RingName, Stored, Swap,
};
use privyseal_session::store::StoreError;

use super::error::{Unreadable, is_denied};
use super::listener::Listener;
use super::script::{RING_HISTORY, RING_READ, RING_SWAP, Script};
use super::{RedisOptions, RedisStore};
use crate::connect::ConnectError;
use crate::ring::{self, GONE, stored};

/// Keeps a key ring in Redis or Valkey, under the keys `PREFIX{ring:NAME}` and
/// `PREFIX{ring:NAME}:history`.
///
/// A write is one script, and readers are told of it (`PUBLISH`). What the server acknowledged is
/// there after a restart only if it writes it to a file before it answers (`appendonly yes`,
/// `appendfsync always`); a failover to a replica can lose the last write in any case. `connect`
/// warns, through `tracing`, of settings under which rings get lost. Where you have the choice, a
/// database or a file is the better place for the only copy of a ring.
///
/// # Security
/// Whoever can write to the server can put an old ring in the place of the present one: give the
/// ring a server, or at least a user and a prefix, of its own (`~PREFIX*`, `&PREFIX*`), and never
/// the space of a cache. A full server still takes a new generation, so that a key can be revoked.
///
/// # Examples
/// ```no_run
/// use privyseal_keys::repository::{Repository, RingName};
/// use privyseal_stores::RedisRepository;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "redis://ring:password@127.0.0.1:6379/0";
/// let repository = RedisRepository::connect(url, RingName::default()).await?;
/// let ring = repository.read().await?;
/// # Ok(())
/// # }
/// ```
pub struct RedisRepository {
    server: RedisStore,
    name: RingName,
    listener: OnceLock<Listener>,
}

impl RedisRepository {
    /// Connects to a server.
    ///
    /// # Errors
    /// As [`RedisStore::connect`].
    pub async fn connect(url: &str, name: RingName) -> Result<Self, ConnectError> {
        Self::connect_with(url, name, RedisOptions::default()).await
    }

    /// Connects to a server with other settings than the default.
    ///
    /// # Errors
    /// As [`RedisStore::connect`].
    pub async fn connect_with(
        url: &str,
        name: RingName,
        options: RedisOptions,
    ) -> Result<Self, ConnectError> {
        let server = RedisStore::connect_with(url, options).await?;
        Ok(Self::new(server, name))
    }

    /// Connects to a cluster, through any of these nodes.
    ///
    /// # Errors
    /// As [`RedisStore::connect_cluster_with`].
    #[cfg(feature = "redis-cluster")]
    pub async fn connect_cluster_with<'a>(
        urls: impl IntoIterator<Item = &'a str>,
        name: RingName,
        options: RedisOptions,
    ) -> Result<Self, ConnectError> {
        let server = RedisStore::connect_cluster_with(urls, options).await?;
        Ok(Self::new(server, name))
    }

    fn new(server: RedisStore, name: RingName) -> Self {
        Self {
            server,
            name,
            listener: OnceLock::new(),
        }
    }

    /// The key of the ring, which is its channel as well; and that of its history, in the same
    /// place of a cluster.
    fn keys(&self) -> [String; 2] {
        let ring = format!("{}{{ring:{}}}", self.server.options.prefix, self.name);
        let history = format!("{ring}:history");
        [ring, history]
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &Script,
        arguments: &[&[u8]],
    ) -> Result<T, RepositoryError> {
        let answer = self.server.link.run(script, &self.keys(), arguments).await;
        answer.map_err(error)
    }
}

impl fmt::Debug for RedisRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisRepository")
            .field("server", &self.server)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Repository for RedisRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        let found: (Option<u64>, Option<Vec<u8>>, u8) = self.run(&RING_READ, &[]).await?;
        match found {
            (Some(generation), Some(bytes), _) => stored(generation, bytes).map(Some),
            (None, None, 0) => Ok(None),
            (None, None, _) => Err(GONE),
            _ => Err(unreadable()),
        }
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        new.may_follow(expected)?;
        let expected = expected.map_or_else(String::new, |expected| expected.to_string());
        let generation = new.generation.to_string();
        let [channel, _] = self.keys();
        let kept = KEPT_GENERATIONS.to_string();
        let arguments = [
            expected.as_bytes(),
            generation.as_bytes(),
            &new.bytes,
            channel.as_bytes(),
            kept.as_bytes(),
        ];
        match self.run(&RING_SWAP, &arguments).await? {
            1_u8 => Ok(Swap::Done),
            // A ring that is gone is no conflict.
            _ => self.read().await.map(|_| Swap::Conflict),
        }
    }

    async fn changed(&self) {
        let start = || {
            let (servers, options) = (self.server.servers.clone(), self.server.options.clone());
            let [channel, _] = self.keys();
            Listener::start(servers, channel, options)
        };
        self.listener.get_or_init(start).changed().await;
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        if self.read().await?.is_none() {
            return Ok(Vec::new());
        }
        let past: Vec<Vec<u8>> = self.run(&RING_HISTORY, &[]).await?;
        let past = past.iter().rev().take(limit);
        past.map(|entry| read_entry(entry)).collect()
    }
}

/// A generation, a space, and the ring.
fn read_entry(entry: &[u8]) -> Result<Stored, RepositoryError> {
    let space = entry.iter().position(|byte| *byte == b' ');
    let (generation, rest) = space
        .and_then(|space| entry.split_at_checked(space))
        .ok_or_else(unreadable)?;
    let generation = str::from_utf8(generation)
        .ok()
        .and_then(|text| text.parse().ok());
    let bytes = rest.get(1..).unwrap_or_default().to_vec();
    stored(generation.ok_or_else(unreadable)?, bytes)
}

fn error(error: StoreError) -> RepositoryError {
    if is_denied(&error) {
        RepositoryError::denied(error)
    } else {
        ring::error(error)
    }
}

fn unreadable() -> RepositoryError {
    RepositoryError::unreadable(Unreadable(
        "the ring is not one that this version has written",
    ))
}
