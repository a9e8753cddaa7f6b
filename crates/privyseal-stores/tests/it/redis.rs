//! Redis, alone, with a password, over TLS, and as a cluster.

#[cfg(feature = "redis-cluster")]
mod cluster;
mod outage;
mod rows;
mod settings;
#[cfg(feature = "redis-tls")]
mod tls;

use std::sync::Arc;
use std::time::Duration;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{Revocation, RevocationName};
use privyseal_session::store::{NewRow, Subject};
use privyseal_stores::conformance::{self, Expiry, Waking};
use privyseal_stores::{RedisOptions, RedisStore};
use privyseal_testkit::servers::redis::RedisServer;

use crate::row::subject;

/// A store on the shared server, under keys of its own.
async fn store(prefix: &str) -> Arc<RedisStore> {
    connect_with(&RedisServer::shared().url(), patient().with_prefix(prefix)).await
}

/// A store that has a server to itself.
async fn connect(server: &RedisServer) -> Arc<RedisStore> {
    connect_with(&server.url(), patient()).await
}

async fn connect_with(url: &str, options: RedisOptions) -> Arc<RedisStore> {
    Arc::new(RedisStore::connect_with(url, options).await.unwrap())
}

/// Waits for a server on a machine that has much else to do.
fn patient() -> RedisOptions {
    RedisOptions::default().with_timeout(Duration::from_mins(1))
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
    let store = connect_with(&RedisServer::shared().socket_url(), patient()).await;
    conformance::store(&store, Expiry::ByItself).await;
}

/// A session of this subject that lives for a day, and an hour if it is not used.
fn row<'a>(subject: Option<&'a Subject>, data: &'a [u8]) -> NewRow<'a> {
    NewRow {
        subject,
        ..crate::row::row(data)
    }
}

fn revocation() -> Revocation {
    Revocation {
        name: RevocationName::from_bytes([7; 16]),
        began_until: NOW,
        forget_at: NOW.plus_seconds(3600),
    }
}

fn id(byte: u8) -> SessionId {
    SessionId::from_bytes([byte; 16])
}

/// A connection of the test's own.
fn raw(url: &str) -> ::redis::Connection {
    let client = ::redis::Client::open(url).unwrap();
    client.get_connection().unwrap()
}

/// Runs a command, given as words.
fn ask<T: ::redis::FromRedisValue>(url: &str, command: &str) -> T {
    let mut words = command.split(' ');
    let mut call = ::redis::cmd(words.next().unwrap());
    call.arg(words.collect::<Vec<_>>())
        .query(&mut raw(url))
        .unwrap()
}

const NOW: Timestamp = Timestamp::from_unix_seconds(1_800_000_000);
