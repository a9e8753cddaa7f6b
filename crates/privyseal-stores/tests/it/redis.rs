//! Redis, alone, with a password, over TLS, and as a cluster.

#![expect(clippy::unwrap_used, reason = "a test fails when its helpers do")]

#[cfg(feature = "redis-cluster")]
mod cluster;
mod outage;
mod rows;
mod settings;
#[cfg(feature = "redis-tls")]
mod tls;

use std::sync::Arc;

use privyseal::Timestamp;
use privyseal::sealed::SessionId;
use privyseal_session::revocation::{Revocation, RevocationName};
use privyseal_session::store::{NewRow, Subject};
use privyseal_stores::conformance::{self, Expiry, Waking};
use privyseal_stores::{RedisOptions, RedisStore};
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

/// A session of this subject that lives for a day, and an hour if it is not used.
fn row<'a>(subject: Option<&'a Subject>, data: &'a [u8]) -> NewRow<'a> {
    NewRow {
        subject,
        last_seen: NOW,
        expires_at: NOW.plus_seconds(3600),
        ends_at: NOW.plus_seconds(86_400),
        data,
    }
}

fn revocation() -> Revocation {
    Revocation {
        name: RevocationName::from_bytes([7; 16]),
        began_until: NOW,
        forget_at: NOW.plus_seconds(3600),
    }
}

fn subject(name: &str) -> Subject {
    Subject::new(name).unwrap()
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
