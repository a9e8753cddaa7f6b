//! The server goes away and comes back.

use std::sync::Arc;

use privyseal_session::store::{Found, Store as _, StoreError};
use privyseal_stores::PostgresStore;
use privyseal_stores::conformance::{self, Power};
use privyseal_testkit::servers::postgres::PostgresServer;

use crate::row::{random_id, row};

/// Killed, shut down in order, and killed with connections over its Unix socket.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_the_server_and_what_was_ended_stays_ended() {
    let mut server = PostgresServer::start().unwrap();
    let url = server.database().unwrap();
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    conformance::restart(&store, async |power| match power {
        Power::Off => server.kill(),
        Power::On => server.restart().unwrap(),
    })
    .await;
    conformance::restart(&store, async |power| match power {
        Power::Off => server.stop(),
        Power::On => server.restart().unwrap(),
    })
    .await;
    let url = server.socket_url(&url);
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    conformance::restart(&store, async |power| match power {
        Power::Off => server.kill(),
        Power::On => server.restart().unwrap(),
    })
    .await;
    server.kill();
    let error = PostgresStore::connect(&url).await.unwrap_err();
    assert_eq!(error.to_string(), "the session store is unavailable");
}

#[tokio::test]
async fn a_server_that_became_a_replica_is_unavailable_to_writes_only() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    drop(PostgresStore::connect(&url).await.unwrap());
    let url = format!("{url}?options=-cdefault_transaction_read_only%3Don");
    let store = PostgresStore::connect(&url).await.unwrap();
    let id = random_id();
    let error = store.create(id, &row(b"data")).await.unwrap_err();
    assert!(error.is_unavailable(), "{error:?}");
    assert_eq!(store.load(id).await.unwrap(), Found::Unknown);
}

#[tokio::test]
async fn tables_that_are_not_ours_are_unreadable() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    let store = PostgresStore::connect(&url).await.unwrap();
    let change = "ALTER TABLE privyseal_sessions RENAME data TO other";
    let database = url.rsplit('/').next().unwrap();
    server.execute(database, change).unwrap();
    let error = store.load(random_id()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable(_)), "{error:?}");
}
