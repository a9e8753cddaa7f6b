//! Statements over pooled connections.

use std::num::NonZeroUsize;
use std::ops::Deref;

use deadpool_postgres::{
    Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod, Runtime,
};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::error::{self, Failure};
use super::tls::{CONNECT_TIMEOUT, Connector};
use crate::repeat::Repeat;

/// Runs statements, each on a connection of the pool and in one round trip.
pub(super) struct Client {
    pool: Pool,
}

impl Client {
    pub(super) fn new(connector: &Connector, connections: NonZeroUsize) -> Self {
        let configuration = ManagerConfig {
            // A look at our own end of the connection. A ping would be a second round trip, and
            // could not promise that the connection is there a moment later.
            recycling_method: RecyclingMethod::Fast,
        };
        let (config, tls) = connector.parts();
        let manager = Manager::from_config(config, tls, configuration);
        let pool = Pool::builder(manager)
            .max_size(connections.get())
            // The one that was used last: its process in the server is warm, and so are its caches.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .create_timeout(Some(CONNECT_TIMEOUT))
            .build();
        #[expect(
            clippy::expect_used,
            reason = "it fails for timeouts without a runtime only"
        )]
        let pool = pool.expect("a runtime was given");
        Self { pool }
    }

    /// Runs a statement and collects its rows.
    ///
    /// They are complete only when the server has committed, so what was written is acknowledged.
    pub(super) async fn rows(
        &self,
        repeat: Repeat,
        statement: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let (mut conflicts, mut losses) = (0, 0);
        loop {
            let failure = match self.attempt(statement, parameters).await {
                Ok(rows) => return Ok(rows),
                Err(failure) => failure,
            };
            if failure.is_conflict() && conflicts < MAX_CONFLICTS {
                conflicts += 1;
            } else if failure.is_loss() && losses == 0 && failure.may_repeat(repeat) {
                losses += 1;
            } else {
                return Err(failure);
            }
        }
    }

    async fn attempt(
        &self,
        statement: &'static str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Failure> {
        let client = InFlight(Some(self.connection().await?));
        let prepared = match client.prepare_cached(statement).await {
            Ok(prepared) => prepared,
            Err(error) => return Err(client.failed(Failure::before(error))),
        };
        match client.query(&prepared, parameters).await {
            Ok(rows) => {
                client.answered();
                Ok(rows)
            }
            Err(error) => Err(client.failed(Failure::under_way(error))),
        }
    }

    pub(super) async fn connection(&self) -> Result<Object, Failure> {
        self.pool.get().await.map_err(error::of_pool)
    }
}

/// A connection that owes an answer. When the caller gives up waiting, it is closed instead of
/// being handed to the next one, who would wait behind the same answer.
struct InFlight(Option<Object>);

impl InFlight {
    fn answered(mut self) {
        self.0.take();
    }

    fn failed(mut self, failure: Failure) -> Failure {
        // A server that became a replica, or is on its way out, will not take the next write
        // either; a new connection may lead to the one that does.
        if !failure.spoils_connection() {
            self.0.take();
        }
        failure
    }
}

impl Deref for InFlight {
    type Target = Object;

    #[expect(clippy::expect_used, reason = "it is taken only by what consumes us")]
    fn deref(&self) -> &Object {
        self.0.as_ref().expect("there is one until the answer")
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Object::take(client));
        }
    }
}

/// How often the server may undo a statement because of others: seldom, unless the database makes
/// all transactions serializable. The callers' deadline comes first.
const MAX_CONFLICTS: u32 = 64;
