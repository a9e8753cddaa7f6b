//! The statements about sessions.

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Found, NewRow, Row, Subject, Updated};
use rusqlite::types::Type;
use rusqlite::{Connection, Error, OptionalExtension as _, Result, named_params, params};

/// A row to be written, on its way to the thread that writes.
pub(super) struct OwnedRow {
    subject: Option<Subject>,
    last_seen: i64,
    expires_at: i64,
    ends_at: i64,
    data: Vec<u8>,
}

impl From<&NewRow<'_>> for OwnedRow {
    fn from(row: &NewRow<'_>) -> Self {
        Self {
            subject: row.subject.cloned(),
            last_seen: seconds(row.last_seen),
            expires_at: seconds(row.expires_at),
            ends_at: seconds(row.ends_at),
            data: row.data.to_vec(),
        }
    }
}

pub(super) fn create(connection: &Connection, id: SessionId, row: &OwnedRow) -> Result<bool> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO sessions (id, version, subject, last_seen, expires_at, ends_at, data)
         VALUES (:id, 1, :subject, :last_seen, :expires_at, :ends_at, :data)
         ON CONFLICT (id) DO NOTHING",
    )?;
    let inserted = insert.execute(named_params! {
        ":id": id.as_bytes(),
        ":subject": row.subject.as_ref().map(Subject::as_str),
        ":last_seen": row.last_seen,
        ":expires_at": row.expires_at,
        ":ends_at": row.ends_at,
        ":data": row.data,
    })?;
    Ok(inserted == 1)
}

pub(super) fn load(connection: &Connection, id: SessionId) -> Result<Found> {
    let mut select = connection.prepare_cached(
        "SELECT version, subject, last_seen, expires_at, ends_at, data FROM sessions WHERE id = ?1",
    )?;
    let found = select.query_row(params![id.as_bytes()], found);
    Ok(found.optional()?.unwrap_or(Found::Unknown))
}

pub(super) fn update(
    connection: &Connection,
    id: SessionId,
    expected: u64,
    row: &OwnedRow,
) -> Result<Updated> {
    let mut update = connection.prepare_cached(
        "UPDATE sessions SET version = version + 1, subject = :subject, last_seen = :last_seen,
             expires_at = :expires_at, ends_at = :ends_at, data = :data
         WHERE id = :id AND version = :expected AND data IS NOT NULL",
    )?;
    let updated = update.execute(named_params! {
        ":id": id.as_bytes(),
        ":expected": integer(expected),
        ":subject": row.subject.as_ref().map(Subject::as_str),
        ":last_seen": row.last_seen,
        ":expires_at": row.expires_at,
        ":ends_at": row.ends_at,
        ":data": row.data,
    })?;
    if updated == 1 {
        return Ok(Updated::Done);
    }
    // In the same transaction: nobody was in between.
    Ok(match load(connection, id)? {
        Found::Live(row) => Updated::Conflict(row),
        Found::Ended | Found::Unknown => Updated::Gone,
    })
}

pub(super) fn touch(
    connection: &Connection,
    id: SessionId,
    expected: u64,
    last_seen: Timestamp,
    expires_at: Timestamp,
) -> Result<()> {
    let mut update = connection.prepare_cached(
        "UPDATE sessions SET last_seen = :last_seen, expires_at = :expires_at
         WHERE id = :id AND version = :expected AND data IS NOT NULL",
    )?;
    update.execute(named_params! {
        ":id": id.as_bytes(),
        ":expected": integer(expected),
        ":last_seen": seconds(last_seen),
        ":expires_at": seconds(expires_at),
    })?;
    Ok(())
}

pub(super) fn end(connection: &Connection, id: SessionId) -> Result<bool> {
    let mut update = connection.prepare_cached(
        "UPDATE sessions SET subject = NULL, data = NULL, expires_at = ends_at
         WHERE id = ?1 AND data IS NOT NULL",
    )?;
    Ok(update.execute(params![id.as_bytes()])? == 1)
}

pub(super) fn list(
    connection: &Connection,
    subject: &Subject,
    limit: usize,
) -> Result<Vec<(SessionId, Row)>> {
    let mut select = connection.prepare_cached(
        "SELECT version, subject, last_seen, expires_at, ends_at, data, id FROM sessions
         WHERE subject = ?1 AND data IS NOT NULL LIMIT ?2",
    )?;
    let rows = select.query_map(params![subject.as_str(), at_most(limit)], |columns| {
        let id = SessionId::from_bytes(columns.get("id")?);
        Ok(match found(columns)? {
            Found::Live(row) => Some((id, row)),
            Found::Ended | Found::Unknown => None,
        })
    })?;
    rows.filter_map(Result::transpose).collect()
}

pub(super) fn end_all(
    connection: &Connection,
    subject: &Subject,
    except: Option<SessionId>,
) -> Result<u64> {
    let mut update = connection.prepare_cached(
        "UPDATE sessions SET subject = NULL, data = NULL, expires_at = ends_at
         WHERE subject = ?1 AND id IS NOT ?2",
    )?;
    let except = except.as_ref().map(SessionId::as_bytes);
    Ok(update.execute(params![subject.as_str(), except])? as u64)
}

pub(super) fn delete_expired(connection: &Connection, now: Timestamp, limit: usize) -> Result<u64> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM sessions WHERE rowid IN
             (SELECT rowid FROM sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)",
    )?;
    Ok(delete.execute(params![seconds(now), at_most(limit)])? as u64)
}

pub(super) fn live(connection: &Connection, now: Timestamp) -> Result<u64> {
    let mut select = connection.prepare_cached(
        "SELECT count(*) FROM sessions WHERE expires_at >= ?1 AND data IS NOT NULL",
    )?;
    select.query_row(params![seconds(now)], |columns| columns.get(0))
}

/// The columns of a row, in the order in which all statements select them.
fn found(columns: &rusqlite::Row<'_>) -> Result<Found> {
    let Some(data) = columns.get(5)? else {
        return Ok(Found::Ended);
    };
    let subject: Option<String> = columns.get(1)?;
    Ok(Found::Live(Row {
        version: columns.get(0)?,
        subject: subject
            .map(Subject::new)
            .transpose()
            .map_err(|error| Error::FromSqlConversionFailure(1, Type::Text, Box::new(error)))?,
        last_seen: Timestamp::from_unix_seconds(columns.get(2)?),
        expires_at: Timestamp::from_unix_seconds(columns.get(3)?),
        ends_at: Timestamp::from_unix_seconds(columns.get(4)?),
        data,
    }))
}

/// A time as SQLite counts; what it cannot count is far enough in the future.
pub(super) fn seconds(time: Timestamp) -> i64 {
    integer(time.unix_seconds())
}

pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn at_most(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
