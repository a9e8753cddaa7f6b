//! Sessions in MySQL or MariaDB.

mod client;
mod error;
mod revocations;
mod ring;
mod rows;
mod schema;

use std::fmt;
use std::num::NonZeroUsize;

use mysql_async::Value;
use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Store, StoreError, Subject, Updated};

use crate::connect::ConnectError;
use crate::repeat::Repeat;
use client::Client;
use rows::{bytes, limit as limit_of, seconds, subject as subject_of};

pub use ring::MySqlRepository;

/// Keeps sessions and revocations in MySQL 8.0 or MariaDB 10.6, or later.
///
/// Every call is one statement and one round trip, from the second time on that a connection runs
/// it; an update that is in conflict takes a second one to read the row. Revocations spread by
/// polling. The tables, whose names all begin with `privyseal_`, are
/// made and brought up to date on the way in, however many processes start at once.
///
/// # Examples
/// ```no_run
/// use privyseal_stores::MySqlStore;
///
/// # async fn connect() -> Result<(), Box<dyn std::error::Error>> {
/// let store = MySqlStore::connect("mysql://app:secret@db.internal/app").await?;
/// # Ok(())
/// # }
/// ```
pub struct MySqlStore {
    client: Client,
}

impl MySqlStore {
    /// Connects by a URL, with at most 16 connections, and makes the tables if they are not there.
    ///
    /// # Errors
    /// When the URL makes no sense, the database cannot be reached, takes packets that are too
    /// small, or its tables are newer than this program.
    ///
    /// # Security
    /// Without `require_ssl=true` in the URL the connection is in the clear. With it, which takes
    /// the feature `mysql-tls`, the server needs a certificate that the operating system trusts.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::connect_with(url, DEFAULT_CONNECTIONS).await
    }

    /// Connects as [`connect`](Self::connect) does, with at most so many connections, one of them
    /// per call that is under way.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(url: &str, connections: NonZeroUsize) -> Result<Self, ConnectError> {
        let client = Client::new(url, connections)?;
        schema::migrate(&client).await?;
        Ok(Self { client })
    }
}

impl fmt::Debug for MySqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlStore").finish_non_exhaustive()
    }
}

impl Store for MySqlStore {
    async fn create(&self, id: SessionId, row: &NewRow<'_>) -> Result<bool, StoreError> {
        let values = || {
            let mut values = written(row);
            values.push(bytes(id.as_bytes()));
            values
        };
        // `INSERT IGNORE` would ignore more than a taken id: values that do not fit, for one.
        match self.client.run(Repeat::IfUndone, CREATE, values).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_duplicate() => Ok(false),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn load(&self, id: SessionId) -> Result<Found, StoreError> {
        let values = || vec![bytes(id.as_bytes())];
        let answer = self.client.run(Repeat::Always, LOAD, values).await?;
        match answer.rows.first() {
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
        let values = || {
            let mut values = written(row);
            values.extend([bytes(id.as_bytes()), Value::UInt(expected)]);
            values
        };
        let answer = self.client.run(Repeat::IfUndone, UPDATE, values).await?;
        if answer.affected > 0 {
            return Ok(Updated::Done);
        }
        // Versions only grow and an end is final, so whatever is read now was in the way.
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
        let values = || {
            vec![
                seconds(last_seen),
                seconds(expires_at),
                bytes(id.as_bytes()),
                Value::UInt(expected),
            ]
        };
        self.client.run(Repeat::Always, TOUCH, values).await?;
        Ok(())
    }

    async fn end(&self, id: SessionId) -> Result<bool, StoreError> {
        let values = || vec![bytes(id.as_bytes())];
        let answer = self.client.run(Repeat::IfUndone, END, values).await?;
        Ok(answer.affected > 0)
    }

    async fn list(
        &self,
        subject: &Subject,
        limit: usize,
    ) -> Result<Vec<(SessionId, Row)>, StoreError> {
        let values = || vec![subject_of(subject), limit_of(limit)];
        let answer = self.client.run(Repeat::Always, LIST, values).await?;
        answer.rows.iter().map(rows::listed).collect()
    }

    async fn end_all(
        &self,
        subject: &Subject,
        except: Option<SessionId>,
    ) -> Result<u64, StoreError> {
        // No id is empty.
        let spared = except.as_ref().map_or(&[][..], |id| id.as_bytes());
        let values = || vec![subject_of(subject), bytes(spared)];
        let answer = self.client.run(Repeat::IfUndone, END_ALL, values).await?;
        Ok(answer.affected)
    }

    async fn delete_expired(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let values = || vec![seconds(now), limit_of(limit)];
        let deleted = self
            .client
            .run(Repeat::IfUndone, DELETE_EXPIRED, values)
            .await?;
        Ok(deleted.affected)
    }
}

/// The values of a row in the order in which `CREATE` and `UPDATE` have them.
fn written(row: &NewRow<'_>) -> Vec<Value> {
    vec![
        row.subject.map_or(Value::NULL, subject_of),
        seconds(row.last_seen),
        seconds(row.expires_at),
        seconds(row.ends_at),
        bytes(row.data),
    ]
}

const DEFAULT_CONNECTIONS: NonZeroUsize = NonZeroUsize::new(16).unwrap();

const CREATE: &str = "INSERT INTO privyseal_sessions \
     (version, subject, last_seen, expires_at, ends_at, data, id) VALUES (1, ?, ?, ?, ?, ?, ?)";

const LOAD: &str = "SELECT version, subject, last_seen, expires_at, ends_at, data \
     FROM privyseal_sessions WHERE id = ?";

/// The version always changes, so a row that was found is a row that is counted.
const UPDATE: &str = "UPDATE privyseal_sessions SET version = version + 1, subject = ?, \
     last_seen = ?, expires_at = ?, ends_at = ?, data = ? \
     WHERE id = ? AND version = ? AND data IS NOT NULL";

const TOUCH: &str = "UPDATE privyseal_sessions SET last_seen = ?, expires_at = ? \
     WHERE id = ? AND version = ? AND data IS NOT NULL";

/// A tombstone has no data and no subject, and expires when the session would have ended at last.
const END: &str = "UPDATE privyseal_sessions \
     SET data = NULL, subject = NULL, expires_at = ends_at WHERE id = ? AND data IS NOT NULL";

const LIST: &str = "SELECT version, subject, last_seen, expires_at, ends_at, data, id \
     FROM privyseal_sessions WHERE subject = ? AND data IS NOT NULL LIMIT ?";

const END_ALL: &str = "UPDATE privyseal_sessions \
     SET data = NULL, subject = NULL, expires_at = ends_at \
     WHERE subject = ? AND data IS NOT NULL AND id <> ?";

const DELETE_EXPIRED: &str =
    "DELETE FROM privyseal_sessions WHERE expires_at < ? ORDER BY expires_at LIMIT ?";
