//! The log of revocations; MySQL has no way to say that it grew.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Params, TxOpts, Value};
use privyseal::Timestamp;
use privyseal_session::revocation::{Page, Revocation, RevocationLog, RevocationName};
use privyseal_session::store::StoreError;

use super::MySqlStore;
use super::client::Repeat;
use super::error::Failure;
use super::rows::{self, bytes, limit as limit_of, seconds};

impl RevocationLog for MySqlStore {
    async fn append(&self, entry: &Revocation) -> Result<(), StoreError> {
        let mut connection = self.client.connection().await?;
        let appended = async {
            let mut transaction = connection.start_transaction(TxOpts::default()).await?;
            transaction.query_drop(NEXT_POSITION).await?;
            let values = vec![
                bytes(entry.name.as_bytes()),
                seconds(entry.began_until),
                seconds(entry.forget_at),
            ];
            transaction
                .exec_drop(APPEND, Params::Positional(values))
                .await?;
            // Without the commit, the pool rolls it back.
            transaction.commit().await
        };
        appended
            .await
            .map_err(|error| Failure::under_way(error).into())
    }

    async fn since(&self, position: u64, limit: usize) -> Result<Page, StoreError> {
        let values = || vec![Value::UInt(position), limit_of(limit)];
        let found = self.client.run(Repeat::Always, SINCE, values).await?.rows;
        let Some(first) = found.first() else {
            return Err(StoreError::unreadable("the position of the log is missing"));
        };
        let mut page = Page {
            position: rows::column(first, 0)?,
            entries: Vec::new(),
        };
        for row in &found {
            if let Some(position) = rows::column::<Option<u64>>(row, 1)? {
                page.position = position;
                page.entries.push(Revocation {
                    name: RevocationName::from_bytes(rows::sixteen(row, 2)?),
                    began_until: rows::time(row, 3)?,
                    forget_at: rows::time(row, 4)?,
                });
            }
        }
        Ok(page)
    }

    async fn prune(&self, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
        let values = || vec![seconds(now), limit_of(limit)];
        let pruned = self.client.run(Repeat::IfUndone, PRUNE, values).await?;
        Ok(pruned.affected)
    }
}

/// The row of the counter is locked until the commit, so that positions appear in their order; an
/// automatic one would be handed out in the order of the calls. All that append lock this row
/// first, so none of them waits for another in a circle.
const NEXT_POSITION: &str =
    "UPDATE privyseal_schema SET value = LAST_INSERT_ID(value + 1) WHERE name = 'revocations'";

const APPEND: &str = "INSERT INTO privyseal_revocations (position, name, began_until, forget_at) \
     VALUES (LAST_INSERT_ID(), ?, ?, ?)";

/// The counter and the entries as of one moment.
const SINCE: &str = "SELECT head.value, entry.position, entry.name, entry.began_until, \
     entry.forget_at FROM privyseal_schema AS head LEFT JOIN (\
         SELECT position, name, began_until, forget_at FROM privyseal_revocations \
         WHERE position > ? ORDER BY position LIMIT ?\
     ) AS entry ON TRUE WHERE head.name = 'revocations' ORDER BY entry.position";

const PRUNE: &str =
    "DELETE FROM privyseal_revocations WHERE forget_at <= ? ORDER BY forget_at LIMIT ?";
