//! Rows in and out of MySQL.

use mysql_async::Value;
use mysql_async::prelude::FromValue;
use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Row, StoreError, Subject};

pub(super) fn bytes(bytes: &[u8]) -> Value {
    Value::Bytes(bytes.to_vec())
}

pub(super) fn subject(subject: &Subject) -> Value {
    bytes(subject.as_str().as_bytes())
}

pub(super) fn seconds(time: Timestamp) -> Value {
    Value::UInt(time.unix_seconds())
}

pub(super) fn limit(limit: usize) -> Value {
    Value::UInt(u64::try_from(limit).unwrap_or(u64::MAX))
}

/// The session in the first six columns, unless its data is null.
pub(super) fn live(row: &mysql_async::Row) -> Result<Option<Row>, StoreError> {
    let Some(data) = column::<Option<Vec<u8>>>(row, 5)? else {
        return Ok(None);
    };
    let subject = column::<Option<Vec<u8>>>(row, 1)?;
    Ok(Some(Row {
        version: column(row, 0)?,
        subject: subject.map(read_subject).transpose()?,
        last_seen: time(row, 2)?,
        expires_at: time(row, 3)?,
        ends_at: time(row, 4)?,
        data,
    }))
}

/// The same, and its id in the seventh column.
pub(super) fn listed(row: &mysql_async::Row) -> Result<(SessionId, Row), StoreError> {
    let id = SessionId::from_bytes(sixteen(row, 6)?);
    let row = live(row)?.ok_or_else(|| unreadable("a listed session without data"))?;
    Ok((id, row))
}

pub(super) fn sixteen(row: &mysql_async::Row, index: usize) -> Result<[u8; 16], StoreError> {
    let bytes = column::<Vec<u8>>(row, index)?;
    bytes
        .try_into()
        .map_err(|_| unreadable("an id that is not 16 bytes long"))
}

pub(super) fn time(row: &mysql_async::Row, index: usize) -> Result<Timestamp, StoreError> {
    column(row, index).map(Timestamp::from_unix_seconds)
}

pub(super) fn column<T: FromValue>(row: &mysql_async::Row, index: usize) -> Result<T, StoreError> {
    match row.get_opt(index) {
        Some(Ok(value)) => Ok(value),
        // The client's own error has the value in it.
        Some(Err(_)) | None => Err(unreadable("a column of another type")),
    }
}

fn read_subject(bytes: Vec<u8>) -> Result<Subject, StoreError> {
    let text = String::from_utf8(bytes).map_err(|_| unreadable("a subject that is no text"))?;
    Subject::new(text).map_err(StoreError::unreadable)
}

fn unreadable(what: &'static str) -> StoreError {
    StoreError::unreadable(what)
}
