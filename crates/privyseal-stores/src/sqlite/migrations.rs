//! The tables, and how those of earlier versions become those of today.

use std::time::{Duration, Instant};

use rusqlite::{Connection, Error, TransactionBehavior};

use super::failure;
use crate::connect::ConnectError;

/// Brings the database up to date, while other processes may be at it as well.
pub(super) fn run(connection: &mut Connection) -> Result<(), ConnectError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match attempt(connection) {
            // SQLite does not wait where two that wait for each other would never end, as in the
            // change to a write-ahead log; so we begin again.
            Err(Refused::Sqlite(error))
                if failure::is_busy(&error) && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(Refused::Sqlite(error)) if failure::is_foreign(&error) => {
                return Err(ConnectError::Foreign);
            }
            Err(Refused::Sqlite(error)) => return Err(failure::of(error).into()),
            Err(Refused::Finally(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
    }
}

enum Refused {
    Sqlite(Error),
    /// Not a database of ours, or not yet.
    Finally(ConnectError),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

fn attempt(connection: &mut Connection) -> Result<(), Refused> {
    // Before anything is changed: the file may belong to somebody else. In a transaction, or it
    // would seem to, when another process makes the tables between two of the questions.
    let transaction = connection.transaction()?;
    version(&transaction)?;
    transaction.finish()?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    // Again, now that nobody else can change it.
    let version = version(&transaction)?;
    for step in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()?;
    Ok(())
}

/// How many of the migrations were run.
fn version(connection: &Connection) -> Result<usize, Refused> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |r| r.get(0))?;
    let version: usize = connection.pragma_query_value(None, "user_version", |r| r.get(0))?;
    let tables: usize =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |r| r.get(0))?;
    let empty = (application, version, tables) == (0, 0, 0);
    if application != APPLICATION_ID && !empty {
        return Err(Refused::Finally(ConnectError::Foreign));
    }
    if version > MIGRATIONS.len() {
        return Err(Refused::Finally(ConnectError::NewerTables {
            found: version as u64,
            known: MIGRATIONS.len() as u64,
        }));
    }
    Ok(version)
}

/// Each is run once, in this order; what was released is never changed.
const MIGRATIONS: &[&str] = &[
    // A tombstone has neither data nor subject, and its `expires_at` is its `ends_at`, so that one
    // index serves the sweep.
    "CREATE TABLE sessions (
         id BLOB PRIMARY KEY NOT NULL,
         version INTEGER NOT NULL,
         subject TEXT,
         last_seen INTEGER NOT NULL,
         expires_at INTEGER NOT NULL,
         ends_at INTEGER NOT NULL,
         data BLOB
     ) STRICT;
     CREATE INDEX sessions_by_subject ON sessions (subject) WHERE subject IS NOT NULL;
     CREATE INDEX sessions_by_expiry ON sessions (expires_at);
     CREATE TABLE revocations (
         position INTEGER PRIMARY KEY AUTOINCREMENT,
         name BLOB NOT NULL,
         began_until INTEGER NOT NULL,
         forget_at INTEGER NOT NULL
     ) STRICT;
     CREATE INDEX revocations_by_end ON revocations (forget_at);",
    // The present ring is among the past ones, so that a ring that is missing is missed.
    "CREATE TABLE rings (
         name TEXT PRIMARY KEY NOT NULL,
         generation INTEGER NOT NULL,
         document BLOB NOT NULL
     ) STRICT;
     CREATE TABLE past_rings (
         name TEXT NOT NULL,
         generation INTEGER NOT NULL,
         document BLOB NOT NULL,
         PRIMARY KEY (name, generation)
     ) STRICT;",
];

/// `PvSs`: what tells our databases from those of others.
const APPLICATION_ID: i32 = 0x5076_5373;

/// How long to wait for others who open the database.
const PATIENCE: Duration = Duration::from_secs(30);
