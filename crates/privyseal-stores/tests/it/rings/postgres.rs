//! Key rings in PostgreSQL.

use privyseal_keys::repository::RingName;
use privyseal_keys::repository::conformance::{self, History, Waking};
use privyseal_stores::PostgresRepository;
use privyseal_testkit::rings::{Order, eight_processes_lose_nothing, servers_come_back};
use privyseal_testkit::servers::postgres::PostgresServer;

use super::*;

async fn connect(url: &str) -> PostgresRepository {
    PostgresRepository::connect(url, RingName::default())
        .await
        .unwrap()
}

async fn keeps_the_contract(url: &str) {
    let mut number = 0;
    let fresh = async || {
        number += 1;
        let name = name(&format!("ring-{number}"));
        let connect = || PostgresRepository::connect(url, name.clone());
        [connect().await.unwrap(), connect().await.unwrap()]
    };
    conformance::repository(fresh, Waking::Pushes, History::Kept).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract() {
    keeps_the_contract(&PostgresServer::shared().database().unwrap()).await;
}

/// Some databases are set up like this for all of their applications.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_ring_keeps_the_contract_where_transactions_are_serializable_by_default() {
    let url = PostgresServer::shared().database().unwrap();
    let url = format!("{url}?options=-cdefault_transaction_isolation%3Dserializable");
    keeps_the_contract(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_processes_rotate_at_once_and_lose_nothing() {
    let server = PostgresServer::shared();
    let urls = [server.database().unwrap(), server.database().unwrap()];
    let test = "rings::postgres::a_process_writes_a_ring";
    eight_processes_lose_nothing(test, urls.each_ref().map(String::as_str), connect).await;
}

/// One of the eight, or alone.
#[tokio::test]
async fn a_process_writes_a_ring() {
    let alone = || Order::alone(PostgresServer::shared().database().unwrap());
    let order = Order::told().unwrap_or_else(alone);
    order.obey(connect(&order.place).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_killed_or_stopped_comes_back_with_the_ring() {
    let mut server = PostgresServer::start().unwrap();
    let repository = connect(&server.url()).await;
    servers_come_back(repository, &mut server).await;
}

#[tokio::test]
async fn rings_of_one_database_are_apart() {
    let url = PostgresServer::shared().database().unwrap();
    let one = connect(&url).await;
    let other = PostgresRepository::connect(&url, name("other")).await;
    rings_are_apart(&one, &other.unwrap()).await;
}

#[tokio::test]
async fn a_ring_that_was_removed_is_gone_and_not_absent() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    let repository = connect(&url).await;
    write(&repository, None).await;
    let database = url.rsplit('/').next().unwrap();
    server
        .execute(database, "DELETE FROM privyseal_rings")
        .unwrap();
    is_gone_and_not_absent(&repository).await;
}

#[tokio::test]
async fn a_user_who_may_only_read_is_told_so() {
    let server = PostgresServer::shared();
    let url = server.database().unwrap();
    write(&connect(&url).await, None).await;
    let database = url.rsplit('/').next().unwrap();
    let role = format!(
        "CREATE ROLE ring_{database} LOGIN; \
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO ring_{database}"
    );
    server.execute(database, &role).unwrap();
    let url = url.replace("postgres@", &format!("ring_{database}@"));
    may_only_read(&connect(&url).await).await;
}
