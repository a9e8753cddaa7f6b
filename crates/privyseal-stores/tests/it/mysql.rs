//! The store in MySQL, tested with MariaDB, on a real server.

mod outages;
mod round_trips;
mod starts;

use std::sync::Arc;

use privyseal_stores::MySqlStore;
use privyseal_stores::conformance::{self, Expiry, Waking};
use privyseal_testkit::servers::mariadb::MariadbServer;

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_the_contract() {
    let url = MariadbServer::shared().database().unwrap();
    let store = Arc::new(MySqlStore::connect(&url).await.unwrap());
    conformance::store(&store, Expiry::Swept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_the_contract_over_a_unix_socket() {
    let server = MariadbServer::shared();
    let url = server.socket_url(&server.database().unwrap());
    let store = Arc::new(MySqlStore::connect(&url).await.unwrap());
    conformance::store(&store, Expiry::Swept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_revocations_keeps_the_contract() {
    let url = MariadbServer::shared().database().unwrap();
    let store = Arc::new(MySqlStore::connect(&url).await.unwrap());
    conformance::revocation_log(&store, Waking::Polled).await;
}
