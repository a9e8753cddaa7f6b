//! The server goes away and comes back.

use std::sync::Arc;

use privyseal_session::store::{Store as _, StoreError};
use privyseal_stores::conformance::{self, Power};
use privyseal_stores::{ConnectError, MySqlStore};
use privyseal_testkit::servers::mariadb::MariadbServer;

use crate::row::random_id;

/// Killed, shut down in order, and killed with connections over its Unix socket.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_survives_the_server_and_what_was_ended_stays_ended() {
    let mut server = MariadbServer::start().unwrap();
    let url = server.database().unwrap();
    let store = Arc::new(MySqlStore::connect(&url).await.unwrap());
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
    let store = Arc::new(MySqlStore::connect(&url).await.unwrap());
    conformance::restart(&store, async |power| match power {
        Power::Off => server.kill(),
        Power::On => server.restart().unwrap(),
    })
    .await;
    server.kill();
    let error = MySqlStore::connect(&url).await.unwrap_err();
    assert_eq!(error.to_string(), "the session store is unavailable");
}

#[tokio::test]
async fn tables_that_are_not_ours_are_unreadable() {
    let server = MariadbServer::shared();
    let url = server.database().unwrap();
    let store = MySqlStore::connect(&url).await.unwrap();
    let change = "ALTER TABLE privyseal_sessions CHANGE data other MEDIUMBLOB";
    let database = url.split(['/', '?']).nth(3).unwrap();
    server.execute(database, change).unwrap();
    let error = store.load(random_id()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable(_)), "{error:?}");
}

/// Other tests would meet the setting on a shared server.
#[tokio::test]
async fn a_server_that_would_refuse_the_longest_session_is_refused_at_the_start() {
    let server = MariadbServer::start().unwrap();
    let url = server.database().unwrap();
    let limit = "SET GLOBAL max_allowed_packet = 1048576";
    server.execute("mysql", limit).unwrap();
    let error = MySqlStore::connect(&url).await.unwrap_err();
    let refused = matches!(
        error,
        ConnectError::PacketsTooSmall {
            found: 1_048_576,
            ..
        }
    );
    assert!(refused, "{error:?}");
}
