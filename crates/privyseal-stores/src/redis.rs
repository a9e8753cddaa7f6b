//! Redis and Valkey: one server, or a cluster.

mod checks;
mod error;
mod index;
mod link;
mod listener;
mod log;
mod options;
mod ring;
mod row;
mod script;
mod sessions;

use std::fmt;
use std::sync::OnceLock;

use redis::Client;

use crate::connect::ConnectError;
use error::store_error;
use link::{Link, Single};
use listener::Listener;

pub use options::RedisOptions;
pub use ring::RedisRepository;

/// Sessions and revocations in Redis or Valkey: one server, or a cluster.
///
/// A session is one string under one key, read by one plain `GET`; every write is one script, or
/// one command, and one round trip. Valkey has the same commands; the tests run against Redis 7.0.
/// The server has to know version 3 of the protocol, which came with Redis 6.
///
/// # Keys
/// | key | holds |
/// |---|---|
/// | `PREFIX{id}` | the session, or its tombstone |
/// | `PREFIX{hash of the subject}:sessions` | the ids of a subject's sessions |
/// | `PREFIX{revocations}:...` | the log of revocations |
///
/// The server expires them by itself, by its own clock, counted from the times that came with the
/// call: clocks of ours that go wrong, or step, change nothing but what they say of each other.
/// A session that was touched by a clock that is behind still ends when it was to end.
///
/// # Subjects
/// On one server a session and its place in the index are written by one script. In a cluster they
/// are in different places, and the index is written first: whatever happens in between, it may
/// name a session that is not there, or not the subject's, but it never misses a live one. A
/// session's own row decides whose it is.
///
/// [`end_all`](privyseal_session::store::Store::end_all) ends every session of the subject whose `create` or `update`
/// returned before the call, and each of them at once and for good: an update that races with it
/// finds the session gone. A session that is created, or signed in, during the call is ended or
/// not, as if it came after it; to keep a user out, stop signing that user in first.
///
/// # Outages
/// No call is repeated of which it is not known whether the server executed it. A server that is
/// back is found by the next call. What the server acknowledged is there after a restart only if
/// it writes it to a file before it answers (`appendonly yes`, `appendfsync always`); with
/// `everysec` a crash loses up to a second, sign-outs included. So does the failover to a replica.
/// While slots of a cluster move from one node to another, sessions in them may be unavailable.
///
/// # Security
/// Whoever can write to the server can sign in as anybody: give it a password, or better a user
/// per application (`~PREFIX*`, `&PREFIX*`), and TLS outside of one machine. Its memory has to
/// have room for all sessions, and `maxmemory-policy noeviction`; a full server still takes
/// sign-outs. `connect` warns, through `tracing`, of settings under which sessions get lost.
///
/// # Examples
/// ```no_run
/// use privyseal_stores::RedisStore;
///
/// # async fn example() -> Result<(), privyseal_stores::ConnectError> {
/// let store = RedisStore::connect("redis://app:password@127.0.0.1:6379/0").await?;
/// # Ok(())
/// # }
/// ```
pub struct RedisStore {
    link: Link,
    options: RedisOptions,
    /// For the connections that are no part of the link.
    servers: Vec<Client>,
    listener: OnceLock<Listener>,
}

impl fmt::Debug for RedisStore {
    /// The address stays out: it may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

impl RedisStore {
    /// Connects to a server: `redis://user:password@host:port/database`, `rediss://` for TLS, or
    /// `redis+unix:///path/of/socket?user=...&pass=...&db=...`.
    ///
    /// # Errors
    /// When the URL makes no sense, or there is no connection.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::connect_with(url, RedisOptions::default()).await
    }

    /// Connects to a server with other settings than the default.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(url: &str, options: RedisOptions) -> Result<Self, ConnectError> {
        let client = options.client(options::address(url)?)?;
        let single = Single::connect(client.clone(), options.clone()).await;
        let link = Link::Single(Box::new(single.map_err(|error| store_error(&error))?));
        Self::checked(link, vec![client], options).await
    }

    /// Connects to a cluster, through any of these nodes; it tells of the others.
    ///
    /// # Errors
    /// When a URL makes no sense, or no node can be reached.
    #[cfg(feature = "redis-cluster")]
    pub async fn connect_cluster<'a>(
        urls: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, ConnectError> {
        Self::connect_cluster_with(urls, RedisOptions::default()).await
    }

    /// Connects to a cluster with other settings than the default.
    ///
    /// # Errors
    /// As [`connect_cluster`](Self::connect_cluster).
    #[cfg(feature = "redis-cluster")]
    pub async fn connect_cluster_with<'a>(
        urls: impl IntoIterator<Item = &'a str>,
        options: RedisOptions,
    ) -> Result<Self, ConnectError> {
        let nodes: Vec<_> = urls
            .into_iter()
            .map(options::address)
            .collect::<Result<_, _>>()?;
        let servers = nodes.iter().map(|node| options.client(node.clone()));
        let servers = servers.collect::<Result<_, _>>()?;
        let cluster = link::Cluster::connect(nodes, &options).await;
        let link = Link::Cluster(cluster.map_err(|error| store_error(&error))?);
        Self::checked(link, servers, options).await
    }

    async fn checked(
        link: Link,
        servers: Vec<Client>,
        options: RedisOptions,
    ) -> Result<Self, ConnectError> {
        for server in &servers {
            // Of a cluster, one node is enough, and the first may be away.
            if checks::warn_of_settings(server, &options).await.is_ok() {
                break;
            }
        }
        Ok(Self {
            link,
            options,
            servers,
            listener: OnceLock::new(),
        })
    }
}
