//! Redis, alone, with a password, over TLS, and as a cluster.

mod outage;
mod settings;

#[cfg(feature = "redis-cluster")]
mod cluster;
mod rows;

use std::sync::Arc;

use privyseal_stores::conformance::{self, Expiry, Waking};
use privyseal_stores::redis::{RedisOptions, RedisStore};
use privyseal_testkit::servers::redis::RedisServer;

/// A store on the shared server, under keys of its own.
async fn store(prefix: &str) -> Arc<RedisStore> {
    let options = RedisOptions::default().with_prefix(prefix);
    let url = RedisServer::shared().url();
    Arc::new(RedisStore::connect_with(&url, options).await.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_redis_store_keeps_the_contract() {
    conformance::store(&store("rows:").await, Expiry::ByItself).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_redis_log_keeps_the_contract() {
    conformance::revocation_log(&store("log:").await, Waking::Pushes).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_redis_store_keeps_the_contract_over_a_socket() {
    let url = RedisServer::shared().socket_url();
    let store = Arc::new(RedisStore::connect(&url).await.unwrap());
    conformance::store(&store, Expiry::ByItself).await;
}
