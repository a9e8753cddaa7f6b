//! Rows in and out of PostgreSQL.

use std::error::Error;
use std::fmt;

use bytes::BytesMut;
use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::store::{Row, StoreError, Subject};
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::columns::{self, unreadable};

/// Bytes for a statement that are nobody's business: the client writes parameters to its log, as
/// their `Debug` has them.
#[derive(Clone, Copy)]
pub(super) struct Private<'a>(pub(super) &'a [u8]);

impl fmt::Debug for Private<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Private(..)")
    }
}

impl<'a> From<&'a SessionId> for Private<'a> {
    fn from(id: &'a SessionId) -> Self {
        Self(id.as_bytes())
    }
}

impl<'a> From<&'a Subject> for Private<'a> {
    fn from(subject: &'a Subject) -> Self {
        Self(subject.as_str().as_bytes())
    }
}

impl ToSql for Private<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        self.0.to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        <&[u8] as ToSql>::accepts(ty)
    }

    to_sql_checked!();
}

/// A time as PostgreSQL counts; one that is too late is the latest it has.
pub(super) fn seconds(time: Timestamp) -> i64 {
    bounded(time.unix_seconds())
}

/// A number as PostgreSQL has it; one that is too large is the largest.
pub(super) fn bounded(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// How many rows came back.
pub(super) fn count(rows: &[tokio_postgres::Row]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// The number in the first column of the only row.
pub(super) fn counted(rows: &[tokio_postgres::Row]) -> Result<u64, StoreError> {
    let row = rows.first().ok_or_else(|| unreadable("no count"))?;
    number(row, 0)
}

/// The session in the first six columns, unless its data is null.
pub(super) fn live(row: &tokio_postgres::Row) -> Result<Option<Row>, StoreError> {
    let Some(data) = column::<Option<Vec<u8>>>(row, 5)? else {
        return Ok(None);
    };
    let subject = column::<Option<Vec<u8>>>(row, 1)?
        .map(columns::subject)
        .transpose()?;
    Ok(Some(Row {
        version: number(row, 0)?,
        subject,
        last_seen: time(row, 2)?,
        expires_at: time(row, 3)?,
        ends_at: time(row, 4)?,
        data,
    }))
}

/// The same, and its id in the seventh column.
pub(super) fn listed(row: &tokio_postgres::Row) -> Result<(SessionId, Row), StoreError> {
    let id = SessionId::from_bytes(sixteen(row, 6)?);
    let row = live(row)?.ok_or_else(|| unreadable("a listed session without data"))?;
    Ok((id, row))
}

pub(super) fn sixteen(row: &tokio_postgres::Row, index: usize) -> Result<[u8; 16], StoreError> {
    columns::sixteen(column::<&[u8]>(row, index)?)
}

pub(super) fn time(row: &tokio_postgres::Row, index: usize) -> Result<Timestamp, StoreError> {
    number(row, index).map(Timestamp::from_unix_seconds)
}

pub(super) fn number(row: &tokio_postgres::Row, index: usize) -> Result<u64, StoreError> {
    u64::try_from(column::<i64>(row, index)?).map_err(|_| unreadable("a number below zero"))
}

pub(super) fn column<'a, T: FromSql<'a>>(
    row: &'a tokio_postgres::Row,
    index: usize,
) -> Result<T, StoreError> {
    row.try_get(index)
        .map_err(|_| unreadable("a column of another type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_does_not_show_a_parameter() {
        let subject = Subject::new("ada").unwrap();
        let parameters: [&(dyn ToSql + Sync); 2] =
            [&Private(b"secret"), &Some(Private::from(&subject))];
        assert_eq!(
            format!("{parameters:?}"),
            "[Private(..), Some(Private(..))]"
        );
    }

    #[test]
    fn numbers_beyond_the_largest_are_the_largest() {
        assert_eq!(bounded(u64::MAX), i64::MAX);
        assert_eq!(bounded(usize::MAX), i64::MAX);
        assert_eq!(seconds(Timestamp::from_unix_seconds(7)), 7);
    }
}
