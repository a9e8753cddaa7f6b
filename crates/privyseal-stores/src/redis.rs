//! Redis and Valkey: one server, or a cluster.

mod checks;
mod error;
mod link;
mod listener;
mod log;
mod options;
mod row;
mod script;

use std::fmt;
use std::sync::OnceLock;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};
use redis::{Client, Value};
use sha2::{Digest as _, Sha256};

use error::{Unreadable, store_error};
use link::{Link, Single};
use listener::Listener;
use row::Parts;
use script::{ADD, CREATE, END, TOUCH, UPDATE};

pub use options::RedisOptions;

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
/// [`end_all`](Store::end_all) ends every session of the subject whose `create` or `update`
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
/// # async fn example() -> Result<(), privyseal_session::store::StoreError> {
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
    /// When the address is none, or there is no connection.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(url, RedisOptions::default()).await
    }

    /// Connects to a server with other settings than the default.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(url: &str, options: RedisOptions) -> Result<Self, StoreError> {
        let client = options.client(options::address(url)?)?;
        let single = Single::connect(client.clone(), options.clone()).await;
        let link = Link::Single(Box::new(single.map_err(|error| store_error(&error))?));
        Self::checked(link, vec![client], options).await
    }

    /// Connects to a cluster, through any of these nodes; it tells of the others.
    ///
    /// # Errors
    /// When an address is none, or no node can be reached.
    #[cfg(feature = "redis-cluster")]
    pub async fn connect_cluster<'a>(
        urls: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, StoreError> {
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
    ) -> Result<Self, StoreError> {
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
    ) -> Result<Self, StoreError> {
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

    fn row_key(&self, id: SessionId) -> String {
        format!("{}{{{id}}}", self.options.prefix)
    }

    /// A hash, because a subject may hold any character, and names a person.
    fn index_key(&self, subject: &Subject) -> String {
        let hash = Sha256::digest(subject.as_str());
        let (start, _) = hash.split_at(SessionId::LEN);
        format!("{}{{{}}}:sessions", self.options.prefix, row::hex(start))
    }

    async fn add_to_index(
        &self,
        subject: &Subject,
        id: SessionId,
        life: &[u8],
    ) -> Result<(), StoreError> {
        let arguments = [id.as_bytes(), life];
        let _: i64 = self
            .link
            .run(&ADD, &[self.index_key(subject)], &arguments)
            .await?;
        Ok(())
    }

    /// All ids in the index of a subject; some may be of sessions that are gone or another's.
    async fn indexed(&self, subject: &Subject) -> Result<Vec<SessionId>, StoreError> {
        let mut command = redis::cmd("ZRANGE");
        command.arg(self.index_key(subject)).arg(0).arg(-1);
        let members: Vec<Vec<u8>> = self.link.read(&command).await?;
        let id = |member: Vec<u8>| Some(SessionId::from_bytes(member.try_into().ok()?));
        Ok(members.into_iter().filter_map(id).collect())
    }

    /// Tombstones only: a session that is not there, or another's, may be about to be written.
    async fn remove_from_index(
        &self,
        subject: &Subject,
        ended: &[SessionId],
    ) -> Result<(), StoreError> {
        if ended.is_empty() {
            return Ok(());
        }
        let mut command = redis::cmd("ZREM");
        command.arg(self.index_key(subject));
        for id in ended {
            command.arg(id.as_bytes());
        }
        let _: i64 = self.link.write(&command).await?;
        Ok(())
    }

    async fn create_alone(
        &self,
        id: SessionId,
        parts: &Parts,
        data: &[u8],
    ) -> Result<bool, StoreError> {
        let mut command = redis::cmd("SET");
        command.arg(self.row_key(id)).arg(parts.value(data));
        command.arg("NX").arg("PX").arg(parts.ttl);
        match self.link.write(&command).await? {
            Value::Okay => Ok(true),
            Value::Nil => Ok(false),
            _ => Err(Unreadable("an answer to SET is none").into()),
        }
    }

    async fn run_end(&self, ids: &[SessionId], subject: &[u8]) -> Result<Vec<u8>, StoreError> {
        let keys: Vec<_> = ids.iter().map(|id| self.row_key(*id)).collect();
        let answers: Vec<u8> = self.link.run(&END, &keys, &[subject]).await?;
        if answers.len() != ids.len() {
            return Err(Unreadable("a script answered for other rows than asked").into());
        }
        Ok(answers)
    }
}

impl Store for RedisStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        let parts = Parts::new(1, row);
        let Some(subject) = row.subject else {
            return self.create_alone(id, &parts, row.data).await;
        };
        let life = index_life(&parts);
        if !self.link.is_whole() {
            self.add_to_index(subject, id, life.as_bytes()).await?;
            return self.create_alone(id, &parts, row.data).await;
        }
        let keys = [self.row_key(id), self.index_key(subject)];
        let (value, ttl) = (parts.value(row.data), parts.ttl.to_string());
        let arguments: [&[u8]; 4] = [&value, ttl.as_bytes(), id.as_bytes(), life.as_bytes()];
        let created: i64 = self.link.run(&CREATE, &keys, &arguments).await?;
        Ok(created == 1)
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        let mut command = redis::cmd("GET");
        row::read(self.link.read(command.arg(self.row_key(id))).await?)
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        let parts = Parts::new(expected.saturating_add(1), row);
        let mut keys = vec![self.row_key(id)];
        if self.link.is_whole() {
            keys.extend(row.subject.map(|subject| self.index_key(subject)));
        }
        let (ttl, life) = (parts.ttl.to_string(), parts.life.to_string());
        let (expected, index_life) = (row::expected(expected), index_life(&parts));
        let mut indexed = row.subject.is_none();
        loop {
            let arguments: [&[u8]; 9] = [
                &expected,
                &parts.head,
                &parts.fixed,
                row.data,
                ttl.as_bytes(),
                life.as_bytes(),
                id.as_bytes(),
                index_life.as_bytes(),
                if indexed { b"1" } else { b"0" },
            ];
            match (
                self.link.run(&UPDATE, &keys, &arguments).await?,
                row.subject,
            ) {
                (Value::Int(1), _) => return Ok(Updated::Done),
                (Value::Int(0), Some(subject)) if !indexed => {
                    self.add_to_index(subject, id, index_life.as_bytes())
                        .await?;
                    indexed = true;
                }
                (Value::Nil, _) => return Ok(Updated::Gone),
                (Value::BulkString(value), _) => return conflict(value),
                _ => return Err(Unreadable("a script gave an answer that it has not").into()),
            }
        }
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let ttl = row::milliseconds(last_seen, expires_at).to_string();
        let (start, times) = (row::expected(expected), row::times(last_seen, expires_at));
        let arguments: [&[u8]; 3] = [&start, &times, ttl.as_bytes()];
        let _: i64 = self
            .link
            .run(&TOUCH, &[self.row_key(id)], &arguments)
            .await?;
        Ok(())
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        Ok(self.run_end(&[id], b"").await? == [ENDED_NOW])
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let (mut listed, mut ended) = (Vec::new(), Vec::new());
        for ids in self.indexed(subject).await?.chunks(AT_ONCE) {
            if listed.len() >= limit {
                break;
            }
            let mut command = redis::cmd("MGET");
            for id in ids {
                command.arg(self.row_key(*id));
            }
            let values: Vec<Option<Vec<u8>>> = self.link.read(&command).await?;
            for (id, value) in ids.iter().zip(values) {
                match row::read(value)? {
                    Found::Live(row) if row.subject.as_ref() == Some(subject) => {
                        listed.push((*id, row));
                    }
                    Found::Ended => ended.push(*id),
                    Found::Live(_) | Found::Unknown => {}
                }
            }
        }
        self.remove_from_index(subject, &ended).await?;
        listed.truncate(limit);
        Ok(listed)
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        let filter = row::subject_field(Some(subject));
        let mut ids = self.indexed(subject).await?;
        ids.retain(|id| Some(*id) != except);
        let at_once = if self.link.is_whole() { AT_ONCE } else { 1 };
        let (mut live, mut ended) = (0, Vec::new());
        for ids in ids.chunks(at_once) {
            for (id, answer) in ids.iter().zip(self.run_end(ids, &filter).await?) {
                live += u64::from(answer == ENDED_NOW);
                ended.extend((answer == ENDED_NOW || answer == ENDED_BEFORE).then_some(*id));
            }
        }
        self.remove_from_index(subject, &ended).await?;
        Ok(live)
    }

    /// Nothing: the server does it.
    async fn delete_expired(&self, _now: Timestamp, _limit: usize) -> Result<u64, StoreError> {
        Ok(0)
    }
}

/// The row that an update found in its way.
fn conflict(value: Vec<u8>) -> Result<Updated, StoreError> {
    match row::read(Some(value))? {
        Found::Live(row) => Ok(Updated::Conflict(row)),
        Found::Ended | Found::Unknown => Ok(Updated::Gone),
    }
}

/// How long the index knows of a session: longer than the session can live, although the index is
/// written a little before it, and perhaps on another machine.
fn index_life(parts: &Parts) -> String {
    const HOUR: u64 = 3_600_000;
    (parts.life + HOUR).to_string()
}

/// What the script says of a row that it has ended.
const ENDED_NOW: u8 = 1;
/// What it says of one that was a tombstone already.
const ENDED_BEFORE: u8 = 2;

/// How many rows are read or ended at once: everybody else waits meanwhile.
const AT_ONCE: usize = 64;
