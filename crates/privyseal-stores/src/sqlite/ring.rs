//! Key rings in an SQLite database.

use std::path::{Path, PathBuf};

use privyseal_keys::repository::{
    KEPT_GENERATIONS, Repository, RepositoryError, RingName, Stored, Swap,
};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::readers::Readers;
use super::writer::{Durability, Writer};
use super::{blocking, open};
use crate::connect::ConnectError;
use crate::ring::{GONE, error, stored};

/// Keeps a key ring in a file, for all processes of one machine.
///
/// A write is acknowledged when it is committed, and survives the loss of power. Processes that
/// share the file wait for each other for two seconds, then a call says
/// [`Unavailable`](RepositoryError::Unavailable). The file may be that of a
/// [`SqliteStore`](super::SqliteStore) as well.
///
/// # Security
/// The files are made for their owner alone (0600), and a symbolic link in the place of the file is
/// refused. A generation that has left the history is overwritten with zeros in the database.
///
/// # Examples
/// ```
/// use privyseal_keys::repository::{Repository, RingName};
/// use privyseal_stores::SqliteRepository;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("ring.sqlite");
/// let repository = SqliteRepository::open(path, RingName::default()).await?;
/// assert_eq!(repository.read().await?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct SqliteRepository {
    readers: Readers,
    writer: Writer,
    name: RingName,
}

impl SqliteRepository {
    /// Opens the database at this path, makes it if there is none, and brings its tables up to
    /// date. The directory must exist.
    ///
    /// # Errors
    /// As [`SqliteStore::open`](super::SqliteStore::open).
    pub async fn open(path: impl AsRef<Path>, name: RingName) -> Result<Self, ConnectError> {
        let path: PathBuf = path.as_ref().to_owned();
        let (readers, writer) = blocking(move || open(&path)).await?;
        Ok(Self {
            readers,
            writer,
            name,
        })
    }
}

impl Repository for SqliteRepository {
    async fn read(&self) -> Result<Option<Stored>, RepositoryError> {
        let name = self.name.clone();
        let read = move |connection: &Connection| look(connection, &name);
        self.readers.patiently(read).await.map_err(error)?.stored()
    }

    async fn compare_and_swap(
        &self,
        expected: Option<u64>,
        new: &Stored,
    ) -> Result<Swap, RepositoryError> {
        new.may_follow(expected)?;
        let (name, new) = (self.name.clone(), new.clone());
        let swap = move |connection: &Connection| {
            let found = look(connection, &name)?;
            if found.generation() == expected && !matches!(found, Found::Gone) {
                write(connection, &name, &new)?;
                return Ok(None);
            }
            Ok(Some(found))
        };
        match self
            .writer
            .run(Durability::Power, swap)
            .await
            .map_err(error)?
        {
            None => Ok(Swap::Done),
            Some(found) => found.stored().map(|_| Swap::Conflict),
        }
    }

    async fn history(&self, limit: usize) -> Result<Vec<Stored>, RepositoryError> {
        let name = self.name.clone();
        let limit = limit.min(KEPT_GENERATIONS);
        let read = move |connection: &Connection| {
            let found = look(connection, &name)?;
            let mut past = connection.prepare_cached(PAST)?;
            let past = past.query_map((name.as_str(), limit), row)?;
            Ok((found, past.collect::<Result<Vec<_>, _>>()?))
        };
        let (found, past) = self.readers.patiently(read).await.map_err(error)?;
        if found.stored()?.is_none() {
            return Ok(Vec::new());
        }
        let past = past.into_iter();
        past.map(|(generation, bytes)| stored(generation, bytes))
            .collect()
    }
}

/// What is in the database.
enum Found {
    Ring(u64, Vec<u8>),
    Gone,
    Nothing,
}

impl Found {
    fn generation(&self) -> Option<u64> {
        match self {
            Self::Ring(generation, _) => Some(*generation),
            Self::Gone | Self::Nothing => None,
        }
    }

    fn stored(self) -> Result<Option<Stored>, RepositoryError> {
        match self {
            Self::Ring(generation, bytes) => stored(generation, bytes).map(Some),
            Self::Gone => Err(GONE),
            Self::Nothing => Ok(None),
        }
    }
}

fn look(connection: &Connection, name: &RingName) -> rusqlite::Result<Found> {
    let mut read = connection.prepare_cached(READ)?;
    let found = read.query_row([name.as_str()], |found| {
        if found.get::<_, Option<u64>>(0)?.is_none() {
            return Ok(Found::Gone);
        }
        let (generation, bytes) = row(found)?;
        Ok(Found::Ring(generation, bytes))
    });
    Ok(found.optional()?.unwrap_or(Found::Nothing))
}

fn write(connection: &Connection, name: &RingName, new: &Stored) -> rusqlite::Result<()> {
    let oldest = new.generation.saturating_sub(KEPT_GENERATIONS as u64);
    for table in [PRESENT, KEEP] {
        let mut statement = connection.prepare_cached(table)?;
        statement.execute((name.as_str(), new.generation, &new.bytes))?;
    }
    let mut forget = connection.prepare_cached(FORGET)?;
    forget.execute((name.as_str(), oldest)).map(drop)
}

fn row(row: &Row<'_>) -> rusqlite::Result<(u64, Vec<u8>)> {
    Ok((row.get(0)?, row.get(1)?))
}

/// Answers with a row of nulls when the ring is gone, and with none when there never was one.
const READ: &str = "SELECT generation, document FROM rings WHERE name = ?1 \
     UNION ALL SELECT NULL, NULL FROM (\
         SELECT 1 FROM past_rings WHERE name = ?1 \
         AND NOT EXISTS (SELECT 1 FROM rings WHERE name = ?1) LIMIT 1\
     )";

const PRESENT: &str = "INSERT OR REPLACE INTO rings (name, generation, document) VALUES (?, ?, ?)";

const KEEP: &str =
    "INSERT OR REPLACE INTO past_rings (name, generation, document) VALUES (?, ?, ?)";

const FORGET: &str = "DELETE FROM past_rings WHERE name = ? AND generation <= ?";

/// The present ring is among them.
const PAST: &str = "SELECT generation, document FROM past_rings WHERE name = ? \
     ORDER BY generation DESC LIMIT ?";
