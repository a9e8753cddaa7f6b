//! The store in PostgreSQL, on a real server.

mod outages;
mod round_trips;
mod starts;

use std::sync::Arc;

use privyseal_stores::PostgresStore;
use privyseal_stores::conformance::{self, Expiry, Waking};
use privyseal_testkit::servers::postgres::PostgresServer;

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_the_contract() {
    let url = PostgresServer::shared().database().unwrap();
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    conformance::store(&store, Expiry::Swept).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_the_contract_over_a_unix_socket() {
    let server = PostgresServer::shared();
    let url = server.socket_url(&server.database().unwrap());
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    conformance::store(&store, Expiry::Swept).await;
}

/// Some databases are set up like this for all of their applications.
#[tokio::test(flavor = "multi_thread")]
async fn the_store_keeps_the_contract_where_transactions_are_serializable_by_default() {
    let url = PostgresServer::shared().database().unwrap();
    let url = format!("{url}?options=-cdefault_transaction_isolation%3Dserializable");
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    conformance::store(&store, Expiry::Swept).await;
    conformance::revocation_log(&store, Waking::Pushes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_of_revocations_keeps_the_contract() {
    let url = PostgresServer::shared().database().unwrap();
    let store = Arc::new(PostgresStore::connect(&url).await.unwrap());
    conformance::revocation_log(&store, Waking::Pushes).await;
}
