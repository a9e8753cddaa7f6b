//! A cluster, through the client's own connection to all of its nodes.

use redis::cluster::{ClusterClient, ClusterClientBuilder};
use redis::cluster_async::ClusterConnection;
use redis::{Cmd, ConnectionInfo, ErrorKind, RedisError, ServerErrorKind, Value};

use super::Repeat;
use crate::redis::options::RedisOptions;

/// The connection finds out by itself which node has a key, and connects anew.
pub(in crate::redis) struct Cluster(ClusterConnection);

impl Cluster {
    /// Connects to the nodes that these ones know of.
    pub(in crate::redis) async fn connect(
        nodes: Vec<ConnectionInfo>,
        options: &RedisOptions,
    ) -> Result<Self, RedisError> {
        let client = builder(nodes, options).build()?;
        Ok(Self(client.get_async_connection().await?))
    }

    pub(super) async fn send(&self, command: &Cmd, repeat: Repeat) -> Result<Value, RedisError> {
        let mut connection = self.0.clone();
        let mut tries_left = MAX_TRIES;
        loop {
            tries_left -= 1;
            match command.query_async(&mut connection).await {
                Err(error) if tries_left > 0 && may_be_repeated(&error, repeat) => {}
                answer => return answer,
            }
        }
    }
}

fn builder(nodes: Vec<ConnectionInfo>, options: &RedisOptions) -> ClusterClientBuilder {
    let timeout = options.timeout;
    let builder = ClusterClient::builder(nodes)
        // The client would repeat writes of which it does not know whether they were executed.
        .retries(0)
        .connection_timeout(timeout)
        .response_timeout(timeout)
        .overall_response_timeout(Some(timeout));
    #[cfg(feature = "redis-tls")]
    let builder = match options.certificates() {
        Some(certificates) => builder.certs(certificates),
        None => builder,
    };
    builder
}

/// After a redirection the client asks for the new places of the keys before it sends anything.
fn may_be_repeated(error: &RedisError, repeat: Repeat) -> bool {
    let not_executed = matches!(
        error.kind(),
        ErrorKind::ClusterConnectionNotFound | ErrorKind::Server(ServerErrorKind::Moved)
    );
    let broken = error.is_io_error() && !error.is_timeout();
    not_executed || error.is_connection_refusal() || (broken && repeat == Repeat::Always)
}

/// One more than a node that moved and a connection that broke.
const MAX_TRIES: usize = 3;
