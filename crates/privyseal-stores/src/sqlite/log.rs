//! The statements about revocations.

use privyseal::Timestamp;
use privyseal_session::revocation::{Page, Revocation, RevocationName};
use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::rows::{at_most, integer, seconds};

/// One writes at a time, so positions are handed out in the order in which they are committed.
pub(super) fn append(connection: &Connection, entry: &Revocation) -> Result<()> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO revocations (name, began_until, forget_at) VALUES (?1, ?2, ?3)",
    )?;
    insert.execute(params![
        entry.name.as_bytes(),
        seconds(entry.began_until),
        seconds(entry.forget_at)
    ])?;
    Ok(())
}

pub(super) fn since(connection: &Connection, position: u64, limit: usize) -> Result<Page> {
    // One view of the log: an entry between two would be passed over.
    let transaction = connection.unchecked_transaction()?;
    let mut select = transaction.prepare_cached(
        "SELECT position, name, began_until, forget_at FROM revocations
         WHERE position > ?1 ORDER BY position LIMIT ?2",
    )?;
    let mut page = Page::default();
    let mut rows = select.query(params![integer(position), at_most(limit)])?;
    while let Some(columns) = rows.next()? {
        page.position = columns.get(0)?;
        page.entries.push(Revocation {
            name: RevocationName::from_bytes(columns.get(1)?),
            began_until: Timestamp::from_unix_seconds(columns.get(2)?),
            forget_at: Timestamp::from_unix_seconds(columns.get(3)?),
        });
    }
    if page.entries.is_empty() {
        page.position = last_position(&transaction)?;
    }
    Ok(page)
}

/// SQLite remembers it for a table with AUTOINCREMENT, also when the entry is gone.
fn last_position(connection: &Connection) -> Result<u64> {
    let mut select =
        connection.prepare_cached("SELECT seq FROM sqlite_sequence WHERE name = 'revocations'")?;
    let position = select.query_row([], |columns| columns.get(0)).optional()?;
    Ok(position.unwrap_or(0))
}

pub(super) fn prune(connection: &Connection, now: Timestamp, limit: usize) -> Result<u64> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM revocations WHERE position IN
             (SELECT position FROM revocations WHERE forget_at <= ?1 ORDER BY forget_at LIMIT ?2)",
    )?;
    Ok(delete.execute(params![seconds(now), at_most(limit)])? as u64)
}
