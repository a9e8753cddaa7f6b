//! Sessions in PostgreSQL.

mod changes;
mod client;
mod error;
mod revocations;
mod ring;
mod rows;
mod schema;
mod tls;

use std::fmt;
use std::num::NonZeroUsize;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

use crate::connect::ConnectError;
use crate::repeat::Repeat;
use changes::Changes;
use client::Client;
use rows::{Private, bounded, seconds};

pub use ring::PostgresRepository;

/// Keeps sessions and revocations in PostgreSQL 13 or later.
///
/// Every call is one statement and one round trip, from the second time on that a connection runs
/// it; an update that is in conflict takes a second one to read the row. The tables, whose names
/// all begin with `privyseal_`, are made and brought up to date on the way in, however many
/// processes start at once; they are looked for as the connection's `search_path` says, which
/// `?options=-csearch_path%3Dsessions` sets.
///
/// It may sit behind a pooler that knows prepared statements (`PgBouncer` from 1.21 on). One that
/// works by transactions delivers no notifications; revocations then spread by polling alone.
///
/// # Examples
/// ```no_run
/// use privyseal_stores::PostgresStore;
///
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// let store = PostgresStore::connect("postgres://app:secret@db.internal/app").await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore {
    client: Client,
    changes: Changes,
}

impl PostgresStore {
    /// Connects by a URL, with at most 16 connections, and makes the tables if they are not there.
    ///
    /// # Errors
    /// When the URL makes no sense, the database cannot be reached, or its tables are newer than
    /// this program.
    ///
    /// # Security
    /// Without `sslmode=require` in the URL the connection may be in the clear; with it, the
    /// feature `postgres-tls` is needed. A server that offers TLS then needs a certificate that the
    /// operating system trusts, or `sslmode=disable`, since TLS with just anybody is none.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::connect_with(url, DEFAULT_CONNECTIONS).await
    }

    /// Connects as [`connect`](Self::connect) does, with at most so many connections, one of them
    /// per call that is under way, and one more for notifications of revocations.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(url: &str, connections: NonZeroUsize) -> Result<Self, ConnectError> {
        let connector = tls::Connector::new(url)?;
        let client = Client::new(&connector, connections);
        schema::migrate(&client).await?;
        Ok(Self {
            client,
            changes: Changes::new(connector, revocations::CHANNEL),
        })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// How many sessions there are at this time, of all users and applications.
    ///
    /// # Errors
    /// When the store cannot be asked.
    pub async fn live_sessions(&self, now: Timestamp) -> Result<u64, StoreError> {
        let now = seconds(now);
        let counted = self.client.rows(Repeat::Always, LIVE, &[&now]).await?;
        rows::counted(&counted)
    }
}

impl Store for PostgresStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        let subject = row.subject.map(Private::from);
        let created = self
            .client
            .rows(
                Repeat::IfUndone,
                CREATE,
                &[
                    &Private::from(&id),
                    &subject,
                    &seconds(row.last_seen),
                    &seconds(row.expires_at),
                    &seconds(row.ends_at),
                    &Private(row.data),
                ],
            )
            .await?;
        Ok(!created.is_empty())
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        let id = Private::from(&id);
        let found = self.client.rows(Repeat::Always, LOAD, &[&id]).await?;
        match found.first() {
            Some(row) => Ok(rows::live(row)?.map_or(Found::Ended, Found::Live)),
            None => Ok(Found::Unknown),
        }
    }

    async fn update(
        &self,
        id: SessionId,
        expected: u64,
        row: &NewRow<'_>,
    ) -> Result<Updated, StoreError> {
        let subject = row.subject.map(Private::from);
        let updated = self
            .client
            .rows(
                Repeat::IfUndone,
                UPDATE,
                &[
                    &Private::from(&id),
                    &bounded(expected),
                    &subject,
                    &seconds(row.last_seen),
                    &seconds(row.expires_at),
                    &seconds(row.ends_at),
                    &Private(row.data),
                ],
            )
            .await?;
        if !updated.is_empty() {
            return Ok(Updated::Done);
        }
        // Looked at by a statement of its own, which sees what is there now: a subquery would see
        // the table as of the beginning of the update, also when that had to wait for another one.
        Ok(match self.load(id).await? {
            Found::Live(row) => Updated::Conflict(row),
            Found::Ended | Found::Unknown => Updated::Gone,
        })
    }

    async fn touch(
        &self,
        id: SessionId,
        expected: u64,
        last_seen: Timestamp,
        expires_at: Timestamp,
    ) -> Result<(), StoreError> {
        let (last_seen, expires_at) = (seconds(last_seen), seconds(expires_at));
        let id = Private::from(&id);
        self.client
            .rows(
                Repeat::Always,
                TOUCH,
                &[&id, &bounded(expected), &last_seen, &expires_at],
            )
            .await?;
        Ok(())
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        let id = Private::from(&id);
        let ended = self.client.rows(Repeat::IfUndone, END, &[&id]).await?;
        Ok(!ended.is_empty())
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let (subject, limit) = (Private::from(subject), bounded(limit));
        let listed = self
            .client
            .rows(Repeat::Always, LIST, &[&subject, &limit])
            .await?;
        listed.iter().map(rows::listed).collect()
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        let (subject, except) = (Private::from(subject), except.as_ref().map(Private::from));
        let ended = self
            .client
            .rows(Repeat::IfUndone, END_ALL, &[&subject, &except])
            .await?;
        Ok(rows::count(&ended))
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let (now, limit) = (seconds(now), bounded(limit));
        let deleted = self
            .client
            .rows(Repeat::IfUndone, DELETE_EXPIRED, &[&now, &limit])
            .await?;
        Ok(rows::count(&deleted))
    }
}

const DEFAULT_CONNECTIONS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

const CREATE: &str = "INSERT INTO privyseal_sessions \
     (id, version, subject, last_seen, expires_at, ends_at, data) \
     VALUES ($1, 1, $2, $3, $4, $5, $6) ON CONFLICT (id) DO NOTHING RETURNING 1";

const LIVE: &str = "SELECT count(*) FROM privyseal_sessions \
     WHERE expires_at >= $1 AND data IS NOT NULL";

const LOAD: &str = "SELECT version, subject, last_seen, expires_at, ends_at, data \
     FROM privyseal_sessions WHERE id = $1";

const UPDATE: &str = "UPDATE privyseal_sessions SET version = version + 1, subject = $3, \
     last_seen = $4, expires_at = $5, ends_at = $6, data = $7 \
     WHERE id = $1 AND version = $2 AND data IS NOT NULL RETURNING 1";

const TOUCH: &str = "UPDATE privyseal_sessions SET last_seen = $3, expires_at = $4 \
     WHERE id = $1 AND version = $2 AND data IS NOT NULL";

/// A tombstone has no data and no subject, and expires when the session would have ended at last.
const END: &str = "UPDATE privyseal_sessions \
     SET data = NULL, subject = NULL, expires_at = ends_at \
     WHERE id = $1 AND data IS NOT NULL RETURNING 1";

const LIST: &str = "SELECT version, subject, last_seen, expires_at, ends_at, data, id \
     FROM privyseal_sessions WHERE subject = $1 AND data IS NOT NULL LIMIT $2";

/// Locks the rows in the order of their ids, so that two of these never wait for each other.
const END_ALL: &str = "UPDATE privyseal_sessions \
     SET data = NULL, subject = NULL, expires_at = ends_at \
     WHERE id = ANY (ARRAY(\
         SELECT id FROM privyseal_sessions \
         WHERE subject = $1 AND data IS NOT NULL AND id IS DISTINCT FROM $2 \
         ORDER BY id FOR UPDATE\
     )) RETURNING 1";

/// Passes over rows that others hold: they are being used, so not expired, or deleted already.
///
/// An array and not a join: a plan that does not know the limit takes a tenth of the table for
/// expired, and joins by reading all of it.
const DELETE_EXPIRED: &str = "DELETE FROM privyseal_sessions WHERE id = ANY (ARRAY(\
         SELECT id FROM privyseal_sessions WHERE expires_at < $1 \
         ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED\
     )) RETURNING 1";
