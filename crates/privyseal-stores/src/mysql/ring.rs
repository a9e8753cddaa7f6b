//! Key rings in MySQL or MariaDB.

use std::fmt;
use std::num::NonZeroUsize;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Params, Transaction, TxOpts, Value};
use privyseal_keys::repository::{
    KEPT_GENERATIONS, Repository, RepositoryError, RingName, Stored, Swap,
};

use super::client::Client;
use super::error::Failure;
use super::rows::{self, bytes};
use super::schema;
use crate::connect::ConnectError;
use crate::repeat::Repeat;
use crate::ring::{GONE, error, stored};

/// Keeps a key ring in MySQL 8.0 or MariaDB 10.6, or later, in the tables `privyseal_rings` and
/// `privyseal_past_rings`.
///
/// A write is acknowledged when it is committed. Readers ask every now and then. Connect to the
/// primary server: a replica refuses to write, and may be behind.
///
/// # Security
/// Whoever may write to these tables can put an old ring in the place of the present one: give no
/// other application the right to, and its sessions another user or database where you can.
///
/// # Examples
/// ```no_run
/// use privyseal_keys::repository::{Repository, RingName};
/// use privyseal_stores::MySqlRepository;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let url = "mysql://app:secret@db.internal/app";
/// let repository = MySqlRepository::connect(url, RingName::default()).await?;
/// let ring = repository.read().await?;
/// # Ok(())
/// # }
/// ```
pub struct MySqlRepository {
    client: Client,
    name: RingName,
}

impl MySqlRepository {
    /// Connects by a URL, and makes the tables if they are not there.
    ///
    /// # Errors
    /// As [`MySqlStore::connect`](super::MySqlStore::connect).
    pub async fn connect(url: &str, name: RingName) -> Result<Self, ConnectError> {
        let client = Client::new(url, CONNECTIONS)?;
        schema::migrate(&client).await?;
        Ok(Self { client, name })
    }

    fn name(&self) -> Value {
        bytes(self.name.as_str().as_bytes())
    }

    /// Whether it was done.
    async fn attempt(&self, expected: Option<u64>, new: &Stored) -> Result<bool, Failure> {
        let mut connection = self.live_connection().await?;
        // When it is dropped without a commit, the pool undoes it.
        let begun = connection.start_transaction(TxOpts::default()).await;
        let mut transaction = begun.map_err(Failure::under_way)?;
        let done = self.write(&mut transaction, expected, new).await?;
        let ended = if done {
            transaction.commit().await
        } else {
            transaction.rollback().await
        };
        ended.map_err(Failure::under_way)?;
        Ok(done)
    }

    /// A connection that was not closed while nobody used it: a transaction that breaks is not
    /// begun again, as nothing would be known of it.
    async fn live_connection(&self) -> Result<Conn, Failure> {
        let mut tries_left = CONNECTIONS.get();
        loop {
            let mut connection = self.client.connection().await?;
            match connection.ping().await {
                Ok(()) => return Ok(connection),
                Err(error) if tries_left == 0 => return Err(Failure::before(error)),
                Err(_) => tries_left -= 1,
            }
        }
    }

    async fn write(
        &self,
        transaction: &mut Transaction<'_>,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<bool, Failure> {
        let written = match expected {
            Some(expected) => self.swap(transaction, expected, new).await?,
            None => self.make(transaction, new).await?,
        };
        if !written {
            return Ok(false);
        }
        execute(transaction, KEEP, self.row(new)).await?;
        let oldest = new.generation.saturating_sub(KEPT_GENERATIONS as u64);
        execute(transaction, FORGET, vec![self.name(), Value::UInt(oldest)]).await?;
        Ok(true)
    }

    /// Of two at once, the second waits for the first at the row, and then finds another
    /// generation.
    async fn swap(
        &self,
        transaction: &mut Transaction<'_>,
        expected: u64,
        new: &Stored,
    ) -> Result<bool, Failure> {
        let generation = Value::UInt(new.generation);
        let values = vec![
            generation,
            bytes(&new.bytes),
            self.name(),
            Value::UInt(expected),
        ];
        Ok(execute(transaction, SWAP, values).await? > 0)
    }

    /// Of two at once, the second waits for the first at the key.
    async fn make(&self, transaction: &mut Transaction<'_>, new: &Stored) -> Result<bool, Failure> {
        match execute(transaction, MAKE, self.row(new)).await {
            Ok(_) => {}
            Err(failure) if failure.is_duplicate() => return Ok(false),
            Err(failure) => return Err(failure),
        }
        // A ring that is gone is not made anew.
        let past = transaction.exec_first(ANY_PAST, vec![self.name()]).await;
        let past: Option<u64> = past.map_err(Failure::under_way)?;
        Ok(past.is_none())
    }

    fn row(&self, new: &Stored) -> Vec<Value> {
        vec![self.name(), Value::UInt(new.generation), bytes(&new.bytes)]
    }
}

impl fmt::Debug for MySqlRepository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MySqlRepository")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Repository for MySqlRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        let values = || vec![self.name(), self.name(), self.name()];
        let found = self.client.run(Repeat::Always, READ, values).await?;
        let Some(row) = found.rows.first() else {
            return Ok(None);
        };
        match rows::column::<Option<u64>>(row, 0).map_err(error)? {
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
        let mut conflicts_left = MAX_DEADLOCKS;
        loop {
            match self.attempt(expected, new).await {
                Ok(true) => return Ok(Swap::Done),
                // A ring that is gone is no conflict.
                Ok(false) => return self.read().await.map(|_| Swap::Conflict),
                Err(failure) if failure.is_conflict() && conflicts_left > 0 => conflicts_left -= 1,
                Err(failure) => return Err(failure.into()),
            }
        }
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        let Some(present) = self.read().await? else {
            return Ok(Vec::new());
        };
        let before = limit.min(KEPT_GENERATIONS).saturating_sub(1);
        let newest = Value::UInt(present.generation);
        let values = || vec![self.name(), newest.clone(), rows::limit(before)];
        let past = self.client.run(Repeat::Always, PAST, values).await?;
        let past = past.rows.iter().map(read_row);
        let history = std::iter::once(Ok(present)).chain(past);
        history.take(limit).collect()
    }
}

/// Runs a statement; how many rows it has changed.
async fn execute(
    transaction: &mut Transaction<'_>,
    statement: &str,
    values: Vec<Value>,
) -> Result<u64, Failure> {
    let done = transaction
        .exec_drop(statement, Params::Positional(values))
        .await;
    done.map_err(Failure::under_way)?;
    Ok(transaction.affected_rows())
}

fn read_row(row: &mysql_async::Row) -> Result<Stored, RepositoryError> {
    let generation = rows::column(row, 0).map_err(error)?;
    stored(generation, rows::column(row, 1).map_err(error)?)
}

/// One that reads and one that writes; rings change once in a while.
const CONNECTIONS: NonZeroUsize = NonZeroUsize::new(2).unwrap();

/// How often the server may undo a write because of others.
const MAX_DEADLOCKS: u32 = 64;

/// Answers with a row of nulls when the ring is gone, and with none when there never was one.
const READ: &str = "SELECT generation, document FROM privyseal_rings WHERE name = ? \
     UNION ALL (SELECT NULL, NULL FROM privyseal_past_rings WHERE name = ? \
     AND NOT EXISTS (SELECT 1 FROM privyseal_rings WHERE name = ?) LIMIT 1)";

const MAKE: &str = "INSERT INTO privyseal_rings (name, generation, document) VALUES (?, ?, ?)";

const ANY_PAST: &str = "SELECT generation FROM privyseal_past_rings WHERE name = ? LIMIT 1";

/// The generation always changes, so a row that was found is a row that is counted.
const SWAP: &str = "UPDATE privyseal_rings SET generation = ?, document = ? \
     WHERE name = ? AND generation = ?";

const KEEP: &str =
    "REPLACE INTO privyseal_past_rings (name, generation, document) VALUES (?, ?, ?)";

const FORGET: &str = "DELETE FROM privyseal_past_rings WHERE name = ? AND generation <= ?";

const PAST: &str = "SELECT generation, document FROM privyseal_past_rings \
     WHERE name = ? AND generation < ? ORDER BY generation DESC LIMIT ?";
