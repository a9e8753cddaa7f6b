//! The server goes away and comes back.

use std::sync::Arc;

use privyseal_stores::PostgresStore;
use privyseal_stores::conformance::{self, Power};
use privyseal_testkit::servers::postgres::PostgresServer;

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
