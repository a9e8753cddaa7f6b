//! Key rings in PostgreSQL.

use std::fmt;
use std::num::NonZeroUsize;

use privyseal_keys::repository::{
    KEPT_GENERATIONS, Repository, RepositoryError, RingName, Stored, Swap,
};

use super::changes::Changes;
use super::client::Client;
use super::rows::{self, Private, bounded};
use super::{schema, tls};
use crate::connect::ConnectError;
use crate::repeat::Repeat;
use crate::ring::{GONE, error, stored};

/// Keeps a key ring in PostgreSQL 13 or later, in the tables `privyseal_rings` and
/// `privyseal_past_rings`.
///
/// A write is acknowledged when it is committed. Readers are told of it in the same transaction
/// (`NOTIFY`). Connect to the primary server: a replica refuses to write, and may be behind.
///
/// # Security
/// Whoever may write to these tables can put an old ring in the place of the present one: give no
/// other application the right to, and its sessions another user or database where you can.
///
/// # Examples
/// ```no_run
/// use privyseal_keys::repository::{Repository, RingName};
/// use privyseal_stores::PostgresRepository;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "postgres://app:secret@db.internal/app";
/// let repository = PostgresRepository::connect(url, RingName::default()).await?;
/// let ring = repository.read().await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresRepository {
    client: Client,
    changes: Changes,
    name: RingName,
}

impl PostgresRepository {
    /// Connects by a URL, and makes the tables if they are not there.
    ///
    /// # Errors
    /// As [`PostgresStore::connect`](super::PostgresStore::connect).
    pub async fn connect(url: &str, name: RingName) -> Result<Self, ConnectError> {
        let connector = tls::Connector::new(url)?;
        let client = Client::new(&connector, CONNECTIONS);
        schema::migrate(&client).await?;
        Ok(Self {
            client,
            changes: Changes::new(connector, "privyseal_rings"),
            name,
        })
    }
}

impl fmt::Debug for PostgresRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresRepository")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Repository for PostgresRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        let name = self.name.as_str();
        let found = self.client.rows(Repeat::Always, READ, &[&name]).await?;
        let Some(row) = found.first() else {
            return Ok(None);
        };
        match rows::column::<Option<i64>>(row, 0).map_err(error)? {
            Some(_) => read_row(row).map(Some),
            None => Err(GONE),
        }
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        new.may_follow(expected)?;
        let (name, document) = (self.name.as_str(), Private(&new.bytes));
        let generation = bounded(new.generation);
        let done = match expected.map(bounded) {
            None => {
                self.client
                    .rows(Repeat::IfUndone, MAKE, &[&name, &generation, &document])
                    .await?
            }
            Some(expected) => {
                let oldest = generation.saturating_sub(bounded(KEPT_GENERATIONS));
                self.client
                    .rows(
                        Repeat::IfUndone,
                        SWAP,
                        &[&name, &expected, &generation, &document, &oldest],
                    )
                    .await?
            }
        };
        if !done.is_empty() {
            return Ok(Swap::Done);
        }
        // A ring that is gone is no conflict.
        self.read().await.map(|_| Swap::Conflict)
    }

    async fn changed(&self) {
        self.changes.heard().await;
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        let Some(present) = self.read().await? else {
            return Ok(Vec::new());
        };
        let (name, newest) = (self.name.as_str(), bounded(present.generation));
        let before = bounded(limit.min(KEPT_GENERATIONS).saturating_sub(1));
        let past = self
            .client
            .rows(Repeat::Always, PAST, &[&name, &newest, &before])
            .await?;
        let past = past.iter().map(read_row);
        let history = std::iter::once(Ok(present)).chain(past);
        history.take(limit).collect()
    }
}

fn read_row(row: &tokio_postgres::Row) -> Result<Stored, RepositoryError> {
    let generation = rows::number(row, 0).map_err(error)?;
    stored(generation, rows::column(row, 1).map_err(error)?)
}

/// One that reads and one that writes; rings change once in a while.
const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// Answers with a row of nulls when the ring is gone, and with none when there never was one.
const READ: &str = "SELECT generation, document FROM privyseal_rings WHERE name = $1 \
     UNION ALL SELECT NULL::bigint, NULL::bytea FROM (\
         SELECT 1 FROM privyseal_past_rings WHERE name = $1 \
         AND NOT EXISTS (SELECT FROM privyseal_rings WHERE name = $1) LIMIT 1\
     ) AS gone";

/// Answers with a row when it was done. Of two at once, the second waits for the first at the key.
const MAKE: &str = "WITH made AS (\
         INSERT INTO privyseal_rings (name, generation, document) \
         SELECT $1::text, $2::bigint, $3::bytea \
         WHERE NOT EXISTS (SELECT FROM privyseal_past_rings WHERE name = $1) \
         ON CONFLICT (name) DO NOTHING RETURNING 1\
     ), kept AS (\
         INSERT INTO privyseal_past_rings (name, generation, document) \
         SELECT $1::text, $2::bigint, $3::bytea FROM made\
     ) \
     SELECT pg_notify('privyseal_rings', '')::text FROM made";

/// Answers with a row when it was done. Of two at once, the second waits for the first at the row,
/// and then finds another generation.
const SWAP: &str = "WITH swapped AS (\
         UPDATE privyseal_rings SET generation = $3, document = $4 \
         WHERE name = $1 AND generation = $2 RETURNING 1\
     ), kept AS (\
         INSERT INTO privyseal_past_rings (name, generation, document) \
         SELECT $1::text, $3::bigint, $4::bytea FROM swapped \
         ON CONFLICT (name, generation) DO UPDATE SET document = excluded.document\
     ), forgotten AS (\
         DELETE FROM privyseal_past_rings WHERE name = $1 AND generation <= $5 \
         AND EXISTS (SELECT FROM swapped)\
     ) \
     SELECT pg_notify('privyseal_rings', '')::text FROM swapped";

const PAST: &str = "SELECT generation, document FROM privyseal_past_rings \
     WHERE name = $1 AND generation < $2 ORDER BY generation DESC LIMIT $3";
