//! The log of revocations.

use privyseal::Timestamp;
use privyseal_session::revocation::{Page, Revocation, RevocationLog, RevocationName};
use privyseal_session::store::StoreError;

use super::PostgresStore;
use super::rows::{self, Private, bounded, seconds};
use crate::repeat::Repeat;

impl RevocationLog for PostgresStore {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        let name = Private(entry.name.as_bytes());
        let (began_until, forget_at) = (seconds(entry.began_until), seconds(entry.forget_at));
        self.client
            .rows(Repeat::IfUndone, APPEND, &[&name, &began_until, &forget_at])
            .await?;
        Ok(())
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        let (after, limit) = (bounded(position), bounded(limit));
        let found = self
            .client
            .rows(Repeat::Always, SINCE, &[&after, &limit])
            .await?;
        let mut page = Page::default();
        let Some(first) = found.first() else {
            return Err(StoreError::unreadable("the position of the log is missing"));
        };
        page.position = rows::number(first, 0)?;
        for row in &found {
            if rows::column::<Option<i64>>(row, 1)?.is_some() {
                page.position = rows::number(row, 1)?;
                page.entries.push(Revocation {
                    name: RevocationName::from_bytes(rows::sixteen(row, 2)?),
                    began_until: rows::time(row, 3)?,
                    forget_at: rows::time(row, 4)?,
                });
            }
        }
        Ok(page)
    }

    async fn changed(&self) {
        self.changes.heard().await;
    }

    async fn prune(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let (now, limit) = (seconds(now), bounded(limit));
        let pruned = self
            .client
            .rows(Repeat::IfUndone, PRUNE, &[&now, &limit])
            .await?;
        Ok(rows::count(&pruned))
    }
}

/// The channel of [`APPEND`].
pub(super) const CHANNEL: &str = "privyseal_revocations";

/// The row of the counter is locked until the commit, so that positions appear in their order; a
/// sequence would hand them out in the order of the calls.
const APPEND: &str = "WITH next AS (\
         UPDATE privyseal_schema SET value = value + 1 WHERE name = 'revocations' RETURNING value\
     ), appended AS (\
         INSERT INTO privyseal_revocations (position, name, began_until, forget_at) \
         SELECT value, $1, $2, $3 FROM next RETURNING 1\
     ) \
     SELECT pg_notify('privyseal_revocations', '')::text FROM appended";

/// The counter and the entries as of one moment.
const SINCE: &str = "SELECT head.value, entry.position, entry.name, entry.began_until, \
     entry.forget_at FROM privyseal_schema AS head LEFT JOIN (\
         SELECT position, name, began_until, forget_at FROM privyseal_revocations \
         WHERE position > $1 ORDER BY position LIMIT $2\
     ) AS entry ON true WHERE head.name = 'revocations' ORDER BY entry.position";

const PRUNE: &str = "DELETE FROM privyseal_revocations WHERE position = ANY (ARRAY(\
         SELECT position FROM privyseal_revocations WHERE forget_at <= $1 \
         ORDER BY forget_at LIMIT $2 FOR UPDATE SKIP LOCKED\
     )) RETURNING 1";
