//! Statements over pooled connections.

use std::num::NonZeroUsize;
use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Opts, OptsBuilder, Params, Pool, PoolConstraints, PoolOpts, Row, Value};

use super::error::Failure;
use crate::connect::ConnectError;

/// Whether a statement may run a second time when its connection was lost under way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Repeat {
    /// It changes nothing, or the same again.
    Always,
    /// Its answer would be another one. Only a statement that certainly did nothing is repeated.
    IfUndone,
}

/// What a statement gave back.
pub(super) struct Answer {
    pub(super) rows: Vec<Row>,
    pub(super) affected: u64,
}

/// Runs statements, each on a connection of the pool and in one round trip.
pub(super) struct Client {
    pool: Pool,
}

impl Client {
    pub(super) fn new(url: &str, connections: NonZeroUsize) -> Result<Self, ConnectError> {
        // The client's error may quote what it takes for an option: part of the password, if that
        // has a question mark in it.
        let given = Opts::from_url(url).map_err(|_| ConnectError::Url(URL))?;
        if given.db_name().is_none_or(str::is_empty) {
            return Err(ConnectError::Url(URL));
        }
        let constraints = PoolConstraints::new(connections.get(), connections.get());
        let pool = PoolOpts::default()
            .with_constraints(constraints.unwrap_or_default())
            // It would cost a round trip per call, and forget the prepared statements. We leave
            // nothing behind on a connection that it could reset.
            .with_reset_connection(false);
        let builder = OptsBuilder::from_opts(given)
            .pool_opts(pool)
            .stmt_cache_size(STATEMENTS)
            .client_found_rows(false)
            .setup(SETUP.to_vec());
        Ok(Self {
            pool: Pool::new(with_trust(builder)?),
        })
    }

    /// Runs a statement; `values` makes its parameters anew for each try.
    pub(super) async fn run(
        &self,
        repeat: Repeat,
        statement: &'static str,
        values: impl Fn() -> Vec<Value> + Send + Sync,
    ) -> Result<Answer, Failure> {
        let (mut conflicts, mut losses) = (0, 0);
        loop {
            let failure = match self.attempt(statement, values()).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            if failure.is_conflict() && conflicts < MAX_CONFLICTS {
                conflicts += 1;
            } else if failure.was_not_sent() && losses < MAX_LOSSES {
                losses += 1;
            } else if failure.is_loss() && repeat == Repeat::Always && losses == 0 {
                losses = MAX_LOSSES;
            } else {
                return Err(failure);
            }
        }
    }

    async fn attempt(
        &self,
        statement: &'static str,
        values: Vec<Value>,
    ) -> Result<Answer, Failure> {
        let mut connection = self.connection().await?;
        let answered = answer(&mut connection, statement, values).await;
        if answered.as_ref().is_err_and(Failure::spoils_connection) {
            // A server that became a replica, or is on its way out, will not take the next write
            // either; a new connection may lead to the one that does.
            let _ = connection.disconnect().await;
        }
        answered
    }

    pub(super) async fn connection(&self) -> Result<Conn, Failure> {
        let connection = tokio::time::timeout(CONNECT_TIMEOUT, self.pool.get_conn()).await;
        match connection {
            Ok(connection) => connection.map_err(Failure::before),
            Err(_) => Err(Failure::late()),
        }
    }
}

async fn answer(
    connection: &mut Conn,
    statement: &'static str,
    values: Vec<Value>,
) -> Result<Answer, Failure> {
    let prepared = connection.prep(statement).await;
    let prepared = prepared.map_err(Failure::under_way)?;
    let result = connection.exec_iter(&prepared, Params::Positional(values));
    let mut result = result.await.map_err(Failure::under_way)?;
    let affected = result.affected_rows();
    let rows = result.collect().await.map_err(Failure::under_way)?;
    Ok(Answer { rows, affected })
}

#[cfg(not(feature = "mysql-tls"))]
#[expect(
    clippy::unnecessary_wraps,
    reason = "with TLS there may be no certificates"
)]
fn with_trust(builder: OptsBuilder) -> Result<OptsBuilder, ConnectError> {
    Ok(builder)
}

/// Trusts whom the operating system trusts, if the URL asks for TLS.
#[cfg(feature = "mysql-tls")]
fn with_trust(builder: OptsBuilder) -> Result<OptsBuilder, ConnectError> {
    let options = Opts::from(builder.clone());
    let Some(tls) = options.ssl_opts() else {
        return Ok(builder);
    };
    let certificates = rustls_native_certs::load_native_certs().certs;
    if certificates.is_empty() {
        return Err(ConnectError::NoCertificates);
    }
    let roots = certificates
        .iter()
        .map(|certificate| certificate.to_vec().into())
        .collect();
    // The client takes the default of the process, and panics where there are two and no default.
    // If another thread has set one meanwhile, so much the better.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = tls.clone().with_disable_built_in_roots(true);
    Ok(builder.ssl_opts(tls.with_root_certs(roots)))
}

/// Locks on the gaps between rows, which the default isolation takes, would make sessions of
/// different users wait for each other. The rest is what a server may have changed for others.
const SETUP: [&str; 1] = ["SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
     SET SESSION autocommit = 1, innodb_lock_wait_timeout = 10"];

/// More than we have.
const STATEMENTS: usize = 32;

/// How long it may take to get a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// How often the server may undo a statement because of others. The callers' deadline comes first.
const MAX_CONFLICTS: u32 = 64;

/// How many connections may turn out to be closed, one after the other, as all are after a restart
/// of the server.
const MAX_LOSSES: u32 = 64;

const URL: &str =
    "mysql://user:password@host:3306/database; require_ssl takes the feature mysql-tls";
